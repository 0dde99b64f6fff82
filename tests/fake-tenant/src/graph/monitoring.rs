//! `/admin/configurationManagement`: Microsoft's own monitors of the tenant's configuration.
//!
//! Runs are made when their hour has come by the tenant's clock, and look at the tenant as it is then; what the tenant was
//! at an hour that nobody asked in is not kept.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, error};
use crate::FakeTenant;
use crate::monitoring::{Drift, Job, KEPT, Monitor, Run, last_slot};
use crate::recipient::RecipientKind;
use crate::request::Response;
use crate::world::World;

const PAGES: Paging = Paging::Token { default: 100, max: 999 };
const READ: [&str; 2] = ["ConfigurationMonitoring.Read.All", "ConfigurationMonitoring.ReadWrite.All"];
const WRITE: [&str; 1] = ["ConfigurationMonitoring.ReadWrite.All"];
/// Invented: no source says what a tenant answers to the 31st.
const MOST_MONITORS: usize = 30;
const MOST_JOBS: usize = 12;

/// A caller without the permission is refused with an empty message (observed).
fn need(call: &GraphCall<'_>, roles: &[&str]) -> Result<(), GraphError> {
    if call.holds_any(roles) { Ok(()) } else { Err(error(403, "UnknownError", "")) }
}

fn not_found() -> GraphError {
    error(404, "NotFound", "The requested resource was not found.")
}

pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    let Some((first, rest)) = rest.split_first() else { return Err(GraphError::unknown_segment("")) };
    if !first.eq_ignore_ascii_case("configurationManagement") {
        return Err(GraphError::unknown_segment(first));
    }
    let Some((kind, rest)) = rest.split_first() else { return Err(GraphError::unknown_segment("")) };
    let is_read = call.method() == "GET";
    need(call, if is_read { &READ } else { &WRITE })?;
    run_due(world);
    match (&*kind.to_ascii_lowercase(), rest) {
        ("configurationmonitors", rest) => monitors(world, call, rest),
        ("configurationdrifts", []) if is_read => {
            let tenant = world.organization.id;
            let drifts = world.monitoring.drifts.clone();
            call.list("admin/configurationManagement/configurationDrifts", drifts, PAGES, |drift| {
                drift_row(drift, tenant)
            })
        }
        ("configurationdrifts", [id]) if is_read => {
            let tenant = world.organization.id;
            let drift = world.monitoring.drifts.iter().find(|drift| is(drift.id, id)).ok_or_else(not_found)?;
            let row = drift_row(drift, tenant);
            Ok(call.entity("admin/configurationManagement/configurationDrifts/$entity", &row))
        }
        ("configurationmonitoringresults", []) if is_read => {
            let tenant = world.organization.id;
            let runs = world.monitoring.runs.clone();
            let context = "admin/configurationManagement/configurationMonitoringResults";
            call.list(context, runs, PAGES, |run| run_row(run, tenant))
        }
        ("configurationmonitoringresults", [id]) if is_read => {
            let tenant = world.organization.id;
            let run = world.monitoring.runs.iter().find(|run| is(run.id, id)).ok_or_else(not_found)?;
            Ok(single(world, call, "configurationMonitoringResults", &run_row(run, tenant)))
        }
        ("configurationsnapshots", [action]) if action.eq_ignore_ascii_case("createSnapshot") => {
            if is_read {
                return Err(GraphError::wrong_method());
            }
            create_snapshot(world, call)
        }
        ("configurationsnapshots", [id]) if is_read => {
            let job = world.monitoring.jobs.iter().find(|job| is(job.content, id)).ok_or_else(not_found)?;
            let row = content(world, job);
            Ok(call.entity("admin/configurationManagement/configurationSnapshots/$entity", &row))
        }
        ("configurationsnapshotjobs", []) if is_read => {
            let (tenant, root, now) = (world.organization.id, call.root(), world.now());
            let jobs = world.monitoring.jobs.clone();
            let context = "admin/configurationManagement/configurationSnapshotJobs";
            call.list(context, jobs, PAGES, |job| job_row(job, tenant, &root, now))
        }
        ("configurationsnapshotjobs", [id]) => {
            let at = world.monitoring.jobs.iter().position(|job| is(job.id, id)).ok_or_else(not_found)?;
            match call.method() {
                "GET" => {
                    let row = job_row(&world.monitoring.jobs[at], world.organization.id, &call.root(), world.now());
                    Ok(call.entity("admin/configurationManagement/configurationSnapshotJobs/$entity", &row))
                }
                "DELETE" => {
                    world.monitoring.jobs.remove(at);
                    Ok(Response::new(204))
                }
                _ => Err(GraphError::wrong_method()),
            }
        }
        (_, [] | [_]) => Err(GraphError::unknown_segment(kind)),
        (_, [_, unknown, ..]) => Err(GraphError::unknown_segment(unknown)),
    }
}

fn is(id: Uuid, text: &str) -> bool {
    id.to_string().eq_ignore_ascii_case(text.trim_matches(['\'', '(', ')']))
}

/// The documented samples of a monitor and of a run wrap the object, others do not.
fn single(world: &World, call: &GraphCall<'_>, what: &str, row: &Value) -> Response {
    let context = format!("admin/configurationManagement/{what}/$entity");
    if world.monitoring.wraps {
        return Response::of_json(200, &json!({ "@odata.context": call.context(&context), "value": row }));
    }
    call.entity(&context, row)
}

fn monitors(world: &mut World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    let find = |world: &World, id: &str| {
        world.monitoring.monitors.iter().position(|monitor| is(monitor.id, id)).ok_or_else(not_found)
    };
    match (call.method(), rest) {
        ("GET", []) => {
            let tenant = world.organization.id;
            let monitors = world.monitoring.monitors.clone();
            let context = "admin/configurationManagement/configurationMonitors";
            call.list(context, monitors, PAGES, |monitor| monitor_row(monitor, tenant))
        }
        ("POST", []) => create(world, call),
        ("GET", [id]) => {
            let row = monitor_row(&world.monitoring.monitors[find(world, id)?], world.organization.id);
            Ok(single(world, call, "configurationMonitors", &row))
        }
        ("GET", [id, baseline]) if baseline.eq_ignore_ascii_case("baseline") => {
            let monitor = &world.monitoring.monitors[find(world, id)?];
            let mut row = monitor.baseline.clone();
            row.insert("id".to_owned(), json!(monitor.id));
            Ok(call.entity("admin/configurationManagement/configurationMonitors/baseline/$entity", &Value::Object(row)))
        }
        ("PATCH", [id]) => {
            let at = find(world, id)?;
            update(world, call, at)
        }
        ("DELETE", [id]) => {
            let monitor = world.monitoring.monitors.remove(find(world, id)?);
            forget(world, monitor.id);
            Ok(Response::new(204))
        }
        ("GET", [_, unknown, ..]) => Err(GraphError::unknown_segment(unknown)),
        _ => Err(GraphError::wrong_method()),
    }
}

fn forget(world: &mut World, monitor: Uuid) {
    world.monitoring.runs.retain(|run| run.monitor != monitor);
    world.monitoring.drifts.retain(|drift| drift.monitor != monitor);
}

fn create(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    let body = call.body()?;
    if let Some(unknown) =
        body.keys().find(|name| !["displayName", "description", "baseline", "parameters"].contains(&name.as_str()))
    {
        return Err(error(
            400,
            "BadRequest",
            format!("The property '{unknown}' does not exist on type 'configurationMonitor'."),
        ));
    }
    let name =
        call.field("displayName").ok_or_else(|| error(400, "BadRequest", "The DisplayName field is required."))?;
    check_name(name)?;
    if let Some(refusal) = check_baseline(world, body.get("baseline"))? {
        return Ok(refusal);
    }
    if world.monitoring.monitors.len() >= MOST_MONITORS {
        return Err(error(
            400,
            "BadRequest",
            "fake-tenant: a tenant has at most 30 monitors; what the service answers is not known.",
        ));
    }
    let now = world.now();
    let baseline = body.get("baseline").and_then(Value::as_object).cloned().unwrap_or_default();
    let monitor = Monitor {
        id: world.fresh_id("monitor"),
        name: name.to_owned(),
        description: call.field("description").map(str::to_owned),
        active: true,
        baseline,
        created: now,
        modified: now,
        creator: call.token.client_id,
    };
    let row = monitor_row(&monitor, world.organization.id);
    world.monitoring.monitors.push(monitor);
    Ok(call.created("admin/configurationManagement/configurationMonitors/$entity", &row))
}

fn update(world: &mut World, call: &GraphCall<'_>, at: usize) -> GraphResult {
    let body = call.body()?;
    let known = ["displayName", "description", "baseline", "parameters", "status"];
    if let Some(unknown) = body.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(error(
            400,
            "BadRequest",
            format!("The property '{unknown}' does not exist on type 'configurationMonitor'."),
        ));
    }
    if let Some(name) = call.field("displayName") {
        check_name(name)?;
    }
    let active = match call.field("status") {
        None => None,
        Some("active") => Some(true),
        Some("inactive") => Some(false),
        Some(other) => {
            return Err(error(
                400,
                "BadRequest",
                format!("Cannot convert the literal '{other}' to the expected type."),
            ));
        }
    };
    let baseline = body.get("baseline");
    if baseline.is_some()
        && let Some(refusal) = check_baseline(world, baseline)?
    {
        return Ok(refusal);
    }
    let now = world.now();
    let monitor = &mut world.monitoring.monitors[at];
    if let Some(name) = call.field("displayName") {
        name.clone_into(&mut monitor.name);
    }
    if let Some(description) = body.get("description") {
        monitor.description = description.as_str().map(str::to_owned);
    }
    monitor.active = active.unwrap_or(monitor.active);
    monitor.modified = now;
    let id = monitor.id;
    if let Some(baseline) = baseline.and_then(Value::as_object) {
        monitor.baseline.clone_from(baseline);
        // Documented: the results and drifts of before are deleted.
        forget(world, id);
    }
    Ok(Response::new(204))
}

/// 8 to 32 letters, digits and spaces (observed by several).
fn check_name(name: &str) -> Result<(), GraphError> {
    let is_plain = name.chars().all(|it| it.is_ascii_alphanumeric() || it == ' ');
    if is_plain && (8..=32).contains(&name.len()) {
        return Ok(());
    }
    Err(error(400, "BadRequest", "The field DisplayName must be a string of 8 to 32 letters, digits and spaces."))
}

/// The kinds that the tenant compares in truth, and the properties of each.
fn known(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind.strip_prefix("microsoft.")? {
        "exchange.distributiongroup" => &[
            "Identity",
            "Name",
            "Alias",
            "DisplayName",
            "PrimarySmtpAddress",
            "Type",
            "Members",
            "MemberJoinRestriction",
            "MemberDepartRestriction",
            "HiddenFromAddressListsEnabled",
            "Ensure",
        ],
        "exchange.accepteddomain" => &["Identity", "DomainType", "Ensure"],
        _ => return None,
    })
}

/// A refusal with a detail for each kind or object that is wrong.
fn check_baseline(world: &World, baseline: Option<&Value>) -> Result<Option<Response>, GraphError> {
    let baseline = baseline
        .and_then(Value::as_object)
        .ok_or_else(|| error(400, "BadRequest", "The Baseline field is required."))?;
    if baseline.get("displayName").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(error(400, "BadRequest", "The DisplayName field is required."));
    }
    let resources = baseline.get("resources").and_then(Value::as_array).filter(|it| !it.is_empty());
    let resources = resources.ok_or_else(|| error(400, "BadRequest", "The Resources field is required."))?;
    let mut details = Vec::new();
    for resource in resources {
        let kind = resource["resourceType"].as_str().unwrap_or_default();
        let mut detail =
            |message: String| details.push(json!({ "code": "BadRequest", "target": kind, "message": message }));
        if kind.is_empty() || world.monitoring.refused.contains(kind) {
            detail(format!("The resource type '{kind}' is not supported."));
        } else if resource["properties"].as_object().is_none_or(Map::is_empty) {
            detail("The properties cannot be empty.".to_owned());
        } else {
            let Some(properties) = known(kind) else {
                let message = format!("fake-tenant: the kind {kind} is not modelled.");
                return Err(error(501, "NotImplemented", message));
            };
            for name in resource["properties"].as_object().into_iter().flat_map(Map::keys) {
                if !properties.contains(&name.as_str()) {
                    let message = format!("fake-tenant: the property {name} of {kind} is not modelled.");
                    return Err(error(501, "NotImplemented", message));
                }
            }
        }
    }
    Ok((!details.is_empty()).then(|| {
        let body = json!({ "error": {
            "code": "BadRequest",
            "message": "One or more validation errors occurred.",
            "details": details,
        } });
        Response::of_json(400, &body)
    }))
}

/// Makes the runs whose hour has come.
fn run_due(world: &mut World) {
    let now = world.now();
    world.monitoring.drifts.retain(|drift| drift.fixed.is_none_or(|fixed| now.duration_since(fixed) < KEPT));
    let slot = last_slot(now);
    for monitor in world.monitoring.monitors.clone() {
        let has_run = world.monitoring.runs.iter().any(|run| run.monitor == monitor.id && run.began >= slot);
        // A monitor that is new or changed waits for the next hour.
        if monitor.active && monitor.modified <= slot && !has_run {
            run(world, &monitor, slot);
        }
    }
}

fn run(world: &mut World, monitor: &Monitor, slot: Timestamp) {
    let began = slot.checked_add(SignedDuration::from_secs(41)).unwrap_or(slot);
    let ended = began.checked_add(SignedDuration::from_secs(151)).unwrap_or(began);
    let id = world.fresh_id("run");
    if !world.monitoring.reader {
        // A failed run counts no drifts (observed).
        let errors =
            vec![("Insufficient privileges to complete the operation.".to_owned(), String::new(), String::new())];
        world.monitoring.runs.push(Run { id, monitor: monitor.id, began, ended, status: "failed", drifts: 0, errors });
        return;
    }
    let mut active = 0;
    for resource in monitor.baseline.get("resources").and_then(Value::as_array).cloned().unwrap_or_default() {
        let (name, kind) = (
            resource["displayName"].as_str().unwrap_or_default(),
            resource["resourceType"].as_str().unwrap_or_default(),
        );
        let wanted = resource["properties"].as_object().cloned().unwrap_or_default();
        let properties = differences(world, kind, &wanted);
        let same = |drift: &&mut Drift| drift.monitor == monitor.id && drift.resource == name && drift.fixed.is_none();
        let known = world.monitoring.drifts.iter_mut().find(same);
        match (known, properties.is_empty()) {
            (Some(drift), true) => drift.fixed = Some(ended),
            (Some(drift), false) => {
                drift.properties = properties;
                active += 1;
            }
            (None, true) => {}
            (None, false) => {
                let identifier = wanted.iter().filter(|(key, _)| *key == "Identity");
                let identifier = identifier.map(|(key, value)| (key.clone(), value.clone())).collect();
                let drift = Drift {
                    id: world.fresh_id("drift"),
                    monitor: monitor.id,
                    kind: kind.to_owned(),
                    resource: name.to_owned(),
                    reported: ended,
                    fixed: None,
                    identifier,
                    properties,
                };
                world.monitoring.drifts.push(drift);
                active += 1;
            }
        }
    }
    let run = Run { id, monitor: monitor.id, began, ended, status: "successful", drifts: active, errors: Vec::new() };
    world.monitoring.runs.push(run);
}

/// What an object is, by the properties of its kind. `None` when it is not there.
fn actual(world: &World, kind: &str, wanted: &Map<String, Value>) -> Option<Map<String, Value>> {
    let identity = wanted.get("Identity").and_then(Value::as_str).unwrap_or_default();
    let mut found = Map::new();
    if kind == "microsoft.exchange.accepteddomain" {
        if !world.organization.accepts(identity) {
            return None;
        }
        found.insert("DomainType".to_owned(), json!("Authoritative"));
    } else {
        let address = wanted.get("PrimarySmtpAddress").and_then(Value::as_str).unwrap_or(identity);
        let group = world.directory.by_address(address).filter(|group| group.kind.is_group())?;
        let row = crate::exchange::distribution_group_row(world, group);
        for name in known(kind).into_iter().flatten() {
            if let Some(value) = row.get(*name) {
                found.insert((*name).to_owned(), value.clone());
            }
        }
        let is_security = group.kind == RecipientKind::SecurityGroup;
        found.insert("Type".to_owned(), json!(if is_security { "Security" } else { "Distribution" }));
        let members = crate::inspect::member_addresses(world, group.id);
        found.insert("Members".to_owned(), json!(members));
    }
    found.insert("Identity".to_owned(), json!(identity));
    found.insert("Ensure".to_owned(), json!("Present"));
    Some(found)
}

fn differences(world: &World, kind: &str, wanted: &Map<String, Value>) -> Vec<(String, Value, Value)> {
    let Some(actual) = actual(world, kind, wanted) else {
        return vec![("Ensure".to_owned(), json!("Absent"), json!("Present"))];
    };
    // Truth values and numbers come as text in the documented samples.
    let shown = |value: &Value| match value {
        Value::Bool(true) => json!("True"),
        Value::Bool(false) => json!("False"),
        other => other.clone(),
    };
    let differs = |one: &Value, other: &Value| match (one.as_array(), other.as_array()) {
        (Some(one), Some(other)) => {
            let sorted = |list: &[Value]| {
                let mut list: Vec<String> =
                    list.iter().map(|it| it.as_str().unwrap_or_default().to_lowercase()).collect();
                list.sort();
                list
            };
            sorted(one) != sorted(other)
        }
        _ => shown(one) != shown(other),
    };
    wanted
        .iter()
        .filter_map(|(name, desired)| {
            let current = actual.get(name).cloned().unwrap_or(Value::Null);
            differs(&current, desired).then(|| (name.clone(), shown(&current), shown(desired)))
        })
        .collect()
}

fn monitor_row(monitor: &Monitor, tenant: Uuid) -> Value {
    let by = json!({ "user": null, "application": { "id": monitor.creator, "displayName": null } });
    json!({
        "@odata.type": "#microsoft.graph.configurationMonitor",
        "id": monitor.id,
        "displayName": monitor.name,
        "description": monitor.description,
        "tenantId": tenant,
        "status": if monitor.active { "active" } else { "inactive" },
        "inactivationReason": null,
        "mode": "monitorOnly",
        "monitorRunFrequencyInHours": 6,
        "createdDateTime": monitor.created.to_string(),
        "lastModifiedDateTime": monitor.modified.to_string(),
        "createdBy": by,
        "lastModifiedBy": by,
        "parameters": {},
    })
}

fn drift_row(drift: &Drift, tenant: Uuid) -> Value {
    let properties: Vec<Value> = drift
        .properties
        .iter()
        .map(|(name, current, desired)| json!({ "propertyName": name, "currentValue": current, "desiredValue": desired }))
        .collect();
    json!({
        "id": drift.id,
        "monitorId": drift.monitor,
        "tenantId": tenant,
        "resourceType": drift.kind,
        "baselineResourceDisplayName": drift.resource,
        "firstReportedDateTime": drift.reported.to_string(),
        "status": if drift.fixed.is_some() { "fixed" } else { "active" },
        "resourceInstanceIdentifier": drift.identifier,
        "driftedProperties": properties,
    })
}

fn run_row(run: &Run, tenant: Uuid) -> Value {
    let errors: Vec<Value> = run
        .errors
        .iter()
        .map(|(message, kind, name)| json!({ "errorMessage": message, "resourceType": kind, "resourceInstanceName": name }))
        .collect();
    json!({
        "id": run.id,
        "monitorId": run.monitor,
        "tenantId": tenant,
        "runInitiationDateTime": run.began.to_string(),
        "runCompletionDateTime": run.ended.to_string(),
        "runStatus": run.status,
        "driftsCount": run.drifts,
        "errorDetails": errors,
    })
}

fn create_snapshot(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    let name =
        call.field("displayName").ok_or_else(|| error(400, "BadRequest", "The DisplayName field is required."))?;
    check_name(name)?;
    let kinds = call.body()?.get("resources").and_then(Value::as_array).cloned().unwrap_or_default();
    let kinds: Vec<String> = kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if kinds.is_empty() {
        return Err(error(400, "BadRequest", "The Resources field is required."));
    }
    if let Some(kind) = kinds.iter().find(|kind| world.monitoring.refused.contains(*kind)) {
        return Err(error(400, "BadRequest", format!("The resource type '{kind}' is not supported.")));
    }
    if let Some(kind) = kinds.iter().find(|kind| known(kind).is_none()) {
        return Err(error(501, "NotImplemented", format!("fake-tenant: the kind {kind} is not modelled.")));
    }
    if world.monitoring.jobs.iter().any(|job| job.name == name) {
        return Err(error(409, "Conflict", "A snapshot of this name exists already."));
    }
    if world.monitoring.jobs.len() >= MOST_JOBS {
        return Err(error(
            400,
            "BadRequest",
            "fake-tenant: twelve jobs are visible; what the service answers to more is not known.",
        ));
    }
    let job = Job {
        id: world.fresh_id("snapshot job"),
        name: name.to_owned(),
        kinds,
        created: world.now(),
        content: world.fresh_id("snapshot"),
    };
    let row = job_row(&job, world.organization.id, &call.root(), world.now());
    world.monitoring.jobs.push(job);
    // Neither 201 nor 202.
    Ok(call.entity("admin/configurationManagement/configurationSnapshotJobs/$entity", &row))
}

/// A job takes ten seconds by the tenant's clock.
fn job_row(job: &Job, tenant: Uuid, root: &str, now: Timestamp) -> Value {
    let ended = job.created.checked_add(SignedDuration::from_secs(10)).unwrap_or(job.created);
    let has_ended = now >= ended;
    let location = format!("{root}/admin/configurationManagement/configurationSnapshots/{}", job.content);
    json!({
        "id": job.id,
        "displayName": job.name,
        "description": null,
        "tenantId": tenant,
        "status": if has_ended { "succeeded" } else { "running" },
        "resources": job.kinds,
        "createdDateTime": job.created.to_string(),
        "completedDateTime": if has_ended { ended.to_string() } else { "0001-01-01T00:00:00Z".to_owned() },
        "resourceLocation": if has_ended { location } else { String::new() },
        "createdBy": { "user": null, "application": null },
        "errorDetails": [],
    })
}

fn content(world: &World, job: &Job) -> Value {
    let mut resources = Vec::new();
    for kind in &job.kinds {
        if kind == "microsoft.exchange.accepteddomain" {
            for domain in &world.organization.domains {
                let wanted = Map::from_iter([("Identity".to_owned(), json!(domain))]);
                let properties = actual(world, kind, &wanted).unwrap_or_default();
                resources.push(json!({ "displayName": format!("AcceptedDomain-{domain}"), "resourceType": kind, "properties": properties }));
            }
            continue;
        }
        let kinds = [RecipientKind::SecurityGroup, RecipientKind::DistributionList, RecipientKind::RoomList];
        let groups = world.directory.iter().filter(|it| kinds.contains(&it.kind));
        for group in groups {
            let address = group.primary().to_owned();
            let wanted = Map::from_iter([("Identity".to_owned(), json!(address))]);
            let properties = actual(world, kind, &wanted).unwrap_or_default();
            let name = format!("DistributionGroup-{address}");
            resources.push(json!({ "displayName": name, "resourceType": kind, "properties": properties }));
        }
    }
    json!({ "id": job.content, "displayName": job.name, "description": null, "parameters": [], "resources": resources })
}

impl FakeTenant {
    /// Sets whether Microsoft's reader (*Unified Tenant Configuration Management*) may read the tenant. Without that, runs
    /// fail and count no drifts.
    pub fn set_configuration_reader(&self, may_read: bool) {
        self.state().world.monitoring.reader = may_read;
    }

    /// Lets the service monitor a kind, or refuses it. Some are refused from the start, as was observed.
    pub fn set_monitored_kind(&self, kind: &str, is_accepted: bool) {
        let refused = &mut self.state().world.monitoring.refused;
        if is_accepted {
            refused.remove(kind);
        } else {
            refused.insert(kind.to_owned());
        }
    }

    /// Sets whether single monitors and runs come wrapped in `value`, as documented samples have it.
    pub fn set_wrapped_monitoring_objects(&self, wraps: bool) {
        self.state().world.monitoring.wraps = wraps;
    }
}
