//! A restricted group as one of Microsoft's own configuration monitors, and what such a monitor reports.
//!
//! Microsoft compares a tenant with a baseline every six hours. That supplements a scheduled verification and does not take
//! its place: it sees named objects alone, so that nothing that is *added* beside them is a drift, and whether access works
//! or is refused it does not see at all. [`MonitorExport::not_watched`] says what is left out.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use graph_client::graph::{
    BaselineResource, ConfigurationBaseline, ConfigurationDrift, ConfigurationMonitor, DriftStatus as MicrosoftsStatus,
    DriftedProperty, MonitorStatus, MonitorUpdate, MonitoringResult, NewMonitor, OpenObject, RefusedKind, RunStatus,
    Timestamp,
};
use graph_client::printable;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use serde_with::skip_serializing_none;

use crate::change::{Change, Step};
use crate::document::Origin;
use crate::drift::{DriftDifference, DriftEffect, DriftKind};
use crate::error::{Error, Result};
use crate::finding::{Actor, Advice, Finding, FindingKind, Severity, Subject};
use crate::groups::ExchangeGroups;
use crate::names::named;
use crate::observe::{Observation, found};
use crate::plan::Plan;
use crate::restriction;
use crate::spec::{RestrictedCalendarGroup, Restriction};
use crate::text::count;

/// The names of the objects in the baseline: drifts come back by them.
const GROUP: &str = "Group of the mailboxes";
const ROLE: &str = "Role of the application";
const POLICY: &str = "Policy of the application";
const DOMAIN: &str = "Domain of the group";

/// Runs are six hours apart, and a run needs some time.
const NEWEST_RUN_IS_NO_OLDER: Duration = Duration::from_secs(9 * 60 * 60);

/// What a monitor of the restricted group would watch, what not, and what its export does to a monitor that is there.
///
/// Made from the tenant as it is and not from the spec: export after a plan is applied and verified.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MonitorExport {
    /// In which tenant, when and by what it was made.
    pub origin: Origin,
    /// The monitor's name: 8 to 32 letters, digits and spaces.
    pub name: String,
    /// What is compared.
    pub baseline: ConfigurationBaseline,
    /// What is not watched, and why.
    pub not_watched: Vec<String>,
    /// The monitor of this name that is there, and what the export does to it.
    pub existing: Option<ExistingMonitor>,
    /// Who has to make what ready for Microsoft's reader.
    pub reader: Vec<Advice>,
}

/// A monitor that is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExistingMonitor {
    /// Its id.
    pub id: String,
    /// Whether its baseline differs from the one of the export.
    pub differs: bool,
    /// The drifts that a new baseline deletes: keep them as evidence.
    pub drifts: Vec<ConfigurationDrift>,
    /// How many runs it deletes.
    pub runs: usize,
}

/// An export that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExportedMonitor {
    /// The monitor's id.
    pub id: String,
    /// Whether anything was changed.
    pub changed: bool,
    /// The kinds that the service refused, and that were left out.
    pub refused: Vec<RefusedKind>,
}

named! {
    /// What a monitor shows.
    #[non_exhaustive]
    pub enum MonitorVerdict as "monitor verdict" {
        /// The newest run was successful, began after the last change of the monitor, and no drift lasts.
        NoDrift = "no_drift",
        /// A drift lasts.
        Drifted = "drifted",
        /// No run shows it: that is no pass.
        CouldNotTell = "could_not_tell",
    }
}

/// What a monitor reports, as ours.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MonitorReading {
    /// In which tenant, when and by what it was made.
    pub origin: Origin,
    /// What it shows.
    pub verdict: MonitorVerdict,
    /// Why, where it could not be told.
    pub because: Option<String>,
    /// The newest run.
    pub newest_run: Option<MonitoringResult>,
    /// What differs, with who owns it and the steps that mend it.
    pub differences: Vec<DriftDifference>,
    /// The drifts as they came, for evidence.
    pub drifts: Vec<ConfigurationDrift>,
}

fn object(properties: Value) -> OpenObject {
    match properties {
        Value::Object(properties) => properties.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => OpenObject::new(),
    }
}

/// The name of the monitor of a group, the same in every run.
fn name_of(spec: &RestrictedCalendarGroup) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { ' ' };
    let named: String = spec.name.as_str().chars().map(plain).collect();
    let name = format!("Group {}", named.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut name: String = name.chars().take(32).collect();
    name.truncate(name.trim_end().len());
    if name.len() < 8 { format!("{name} of rooms") } else { name }
}

impl MonitorExport {
    /// What a monitor of the group would watch, by an observation. Pure.
    fn of(spec: &RestrictedCalendarGroup, seen: &Observation) -> Self {
        let mut resources = Vec::new();
        let mut not_watched = vec![
            "Members, roles, policies and permissions that are added beside those that are named: take drift or a \
             verification for them"
                .to_owned(),
            "What the application holds in Entra: the service keys applications by a name that several may have"
                .to_owned(),
            "Management scopes, the registration of the application in Exchange, its secrets and certificates"
                .to_owned(),
            "Whether access works or is refused: only a read with the application's own token shows that".to_owned(),
        ];
        if let Some(observed) = &seen.group {
            let group = &observed.group;
            let addresses = observed.members.iter().filter_map(|member| member.primary_smtp_address.as_ref());
            let mut members: Vec<String> = addresses.map(ToString::to_string).collect();
            members.sort();
            if members.len() < observed.members.len() {
                let nameless = observed.members.len() - members.len();
                not_watched.push(format!("{} without an address", count(nameless, "member")));
            }
            let properties = json!({
                "Identity": group.primary_smtp_address.as_ref().unwrap_or(&spec.address),
                "Name": group.name,
                "PrimarySmtpAddress": group.primary_smtp_address,
                "Type": "Security",
                "Members": members,
                "MemberJoinRestriction": group.member_join_restriction,
                "MemberDepartRestriction": group.member_depart_restriction,
                "HiddenFromAddressListsEnabled": group.hidden_from_address_lists_enabled,
                "Ensure": "Present",
            });
            resources.push(BaselineResource::new(GROUP, "microsoft.exchange.distributiongroup", object(properties)));
        }
        let ids = seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
        match spec.restriction {
            Restriction::Rbac => {
                let pointer = seen.facts.exchange_principal.known().copied().flatten().and_then(|it| it.object_id);
                if let Some(role) = restriction::right_roles(spec, &seen.facts, ids.as_ref()).first() {
                    let properties = json!({
                        "Name": role.name,
                        "Role": role.role,
                        "App": pointer.map(|id| id.to_string()),
                        "Ensure": "Present",
                    });
                    let kind = "microsoft.exchange.managementroleassignment";
                    resources.push(BaselineResource::new(ROLE, kind, object(properties)));
                }
            }
            Restriction::Policy => {
                let model = crate::access::AccessModel::new(&seen.facts);
                let over = ids.as_ref().map_or_else(Vec::new, |ids| model.policies_over(ids));
                let own = crate::access::PolicyApplication::One(*spec.application.as_uuid());
                let ours = over
                    .iter()
                    .find(|policy| policy.application == own && policy.right == crate::access::PolicyRight::Restrict);
                if let Some(policy) = ours {
                    let properties = json!({
                        "Identity": policy.identity,
                        "AccessRight": "RestrictAccess",
                        "AppID": [spec.application.to_string()],
                        "Ensure": "Present",
                    });
                    let kind = "microsoft.exchange.applicationaccesspolicy";
                    resources.push(BaselineResource::new(POLICY, kind, object(properties)));
                }
            }
        }
        let properties = json!({ "Identity": spec.address.domain(), "Ensure": "Present" });
        resources.push(BaselineResource::new(DOMAIN, "microsoft.exchange.accepteddomain", object(properties)));
        let name = name_of(spec);
        Self {
            origin: Origin::now(&seen.origin.tenant),
            baseline: ConfigurationBaseline::new(name.clone(), resources),
            name,
            not_watched,
            existing: None,
            reader: vec![
                Advice::entra(
                    "Make the service principal of Unified Tenant Configuration Management (client id \
                     03b07b79-c5bc-4b5e-9bfa-13acf4a99998) and grant it Exchange.ManageAsApp. Without it runs fail.",
                ),
                Advice::exchange(
                    "Give it View-Only Configuration and View-Only Recipients in Exchange, and nothing that writes.",
                )
                .with_danger("With Exchange Administrator it could change the very group that it watches."),
            ],
        }
    }

    /// The body of the monitor as a file: for somebody who makes it by other means.
    #[must_use]
    pub fn body(&self) -> Value {
        self.new_monitor().body()
    }

    fn new_monitor(&self) -> NewMonitor {
        NewMonitor::new(self.name.clone(), self.baseline.clone())
            .description("The group that an application's calendar access is restricted to")
    }
}

impl fmt::Display for MonitorExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Monitor \"{}\" in {}", printable(&self.name), printable(&self.origin.tenant))?;
        for resource in &self.baseline.resources {
            let names: Vec<&str> = resource.properties.keys().map(String::as_str).collect();
            writeln!(f, "  watches  {} ({}): {}", resource.display_name, resource.resource_type, names.join(", "))?;
        }
        for part in &self.not_watched {
            writeln!(f, "  not      {}", printable(part))?;
        }
        match &self.existing {
            Some(existing) if existing.differs => writeln!(
                f,
                "  CAUTION  a monitor of this name is there with another baseline: a new one deletes {} and {}",
                count(existing.drifts.len(), "drift"),
                count(existing.runs, "run")
            )?,
            Some(_) => writeln!(f, "  it is there already, with the same baseline")?,
            None => {}
        }
        for advice in &self.reader {
            writeln!(f, "  first    {advice} ({})", advice.actor)?;
        }
        Ok(())
    }
}

/// What differs, by the drift of one object.
fn differences(drift: &ConfigurationDrift, plan: &Plan) -> Vec<DriftDifference> {
    let resource = drift.baseline_resource_display_name.as_deref().unwrap_or_default();
    let difference = |kind, effect, message: String, steps: Vec<Step>| {
        let advice = if steps.is_empty() {
            Advice::operator("Look at it in the tenant, and plan: what the spec decides is mended by a plan.")
        } else {
            Advice::operator("Plan and apply: the steps mend it.")
        };
        DriftDifference { kind, effect, message, subject: Subject::default(), advice, steps }
    };
    let steps = |is_meant: &dyn Fn(&Change) -> bool| -> Vec<Step> {
        plan.steps.iter().filter(|step| is_meant(&step.change)).cloned().collect()
    };
    let Some(properties) = &drift.drifted_properties else {
        let message = format!("{resource} has drifted, and the service does not say in what");
        return vec![difference(DriftKind::Unreadable, DriftEffect::Unknown, message, Vec::new())];
    };
    let gone =
        |it: &&DriftedProperty| it.property_name == "Ensure" && text(&it.current_value).eq_ignore_ascii_case("Absent");
    if properties.iter().find(gone).is_some() {
        let (kind, effect, steps) = match resource {
            GROUP => (
                DriftKind::GroupDeleted,
                DriftEffect::Outage,
                steps(&|change| matches!(change, Change::CreateGroup(_) | Change::FillGroup(_))),
            ),
            ROLE => (
                DriftKind::AssignmentRemoved,
                DriftEffect::Outage,
                steps(&|change| matches!(change, Change::AssignRole(_) | Change::AlterRole(_))),
            ),
            // Without the policy a permission that is held reaches everything.
            POLICY => (
                DriftKind::PolicyRemoved,
                DriftEffect::Wider,
                steps(&|change| matches!(change, Change::RestrictApplication(_))),
            ),
            DOMAIN => (DriftKind::DomainRemoved, DriftEffect::Outage, Vec::new()),
            _ => (DriftKind::OtherChange, DriftEffect::Unknown, Vec::new()),
        };
        return vec![difference(kind, effect, format!("{resource} is gone"), steps)];
    }
    let mut found = Vec::new();
    for property in properties {
        let name = &property.property_name;
        let changed = || {
            format!(
                "{name} of {resource} is {}, and was {}",
                text(&property.current_value),
                text(&property.desired_value)
            )
        };
        match (resource, name.as_str()) {
            (GROUP, "Members") => {
                let (now, wanted) = (list(&property.current_value), list(&property.desired_value));
                for address in now.difference(&wanted) {
                    let steps = steps(&|change| matches!(change, Change::RemoveMember(_)) && is_about(change, address));
                    let message = format!("{address} has become a member of the group");
                    found.push(difference(DriftKind::MemberAdded, DriftEffect::Wider, message, steps));
                }
                for address in wanted.difference(&now) {
                    let steps = steps(&|change| {
                        matches!(change, Change::FillGroup(_))
                            || (matches!(change, Change::AddMember(_)) && is_about(change, address))
                    });
                    let message = format!("{address} is no member of the group any more");
                    found.push(difference(DriftKind::MemberRemoved, DriftEffect::Outage, message, steps));
                }
            }
            (GROUP, "MemberJoinRestriction") => {
                found.push(difference(DriftKind::JoiningOpened, DriftEffect::Wider, changed(), Vec::new()));
            }
            (GROUP, "Type") => {
                found.push(difference(DriftKind::GroupTypeChanged, DriftEffect::Unknown, changed(), Vec::new()));
            }
            (GROUP, "PrimarySmtpAddress") => {
                found.push(difference(DriftKind::GroupAddressChanged, DriftEffect::Neither, changed(), Vec::new()));
            }
            (GROUP, _) => {
                let steps = steps(&|change| matches!(change, Change::AlterGroup(_)));
                found.push(difference(DriftKind::GroupPropertyChanged, DriftEffect::Neither, changed(), steps));
            }
            (ROLE, _) => {
                let steps = steps(&|change| matches!(change, Change::AssignRole(_) | Change::AlterRole(_)));
                found.push(difference(DriftKind::AssignmentChanged, DriftEffect::Unknown, changed(), steps));
            }
            (POLICY, _) => {
                found.push(difference(DriftKind::PolicyChanged, DriftEffect::Unknown, changed(), Vec::new()));
            }
            _ => found.push(difference(DriftKind::OtherChange, DriftEffect::Unknown, changed(), Vec::new())),
        }
    }
    found
}

/// A value for people. Numbers and truth values often come as text.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The texts of a list, in lower case: order and case of addresses say nothing.
fn list(value: &Value) -> BTreeSet<String> {
    let texts = match value {
        Value::Array(values) => values.iter().map(text).collect(),
        // GUESS: a list may come as one text with commas, as other values come as text; wrong if an address has one.
        Value::String(text) => {
            text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
        }
        _ => Vec::new(),
    };
    texts.into_iter().map(|text| text.to_lowercase()).collect()
}

fn is_about(change: &Change, address: &str) -> bool {
    change.to_string().to_lowercase().contains(address)
}

/// What the runs and drifts of a monitor show, at one moment. Pure.
fn judge(
    monitor: &ConfigurationMonitor,
    newest: Option<&MonitoringResult>,
    drifts: &[ConfigurationDrift],
    now: SystemTime,
) -> (MonitorVerdict, Option<String>) {
    let unknown = |why: String| (MonitorVerdict::CouldNotTell, Some(why));
    if drifts.iter().any(|drift| drift.status.as_ref() != Some(&MicrosoftsStatus::Fixed)) {
        return (MonitorVerdict::Drifted, None);
    }
    if monitor.status != Some(MonitorStatus::Active) {
        return unknown("the monitor is not active".into());
    }
    let Some(newest) = newest else {
        return unknown("it has not run yet: runs are at 0, 6, 12 and 18 o'clock GMT".into());
    };
    let time = |time: &Option<Timestamp>| time.as_ref().and_then(Timestamp::to_system_time);
    if newest.run_status != Some(RunStatus::Successful) {
        let status = newest.run_status.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        return unknown(format!("the newest run ended as {status}, and counts no drifts then"));
    }
    if newest.drifts_count != Some(0) {
        return unknown("the newest run counts drifts that are not listed".into());
    }
    match (time(&newest.run_initiation_date_time), time(&monitor.last_modified_date_time)) {
        (Some(began), Some(changed)) if began < changed => {
            unknown("the newest run is from before the last change of the monitor".into())
        }
        (Some(began), Some(_)) if began.checked_add(NEWEST_RUN_IS_NO_OLDER).is_none_or(|until| now > until) => {
            unknown("the newest run is older than the next one should be".into())
        }
        (Some(_), Some(_)) => (MonitorVerdict::NoDrift, None),
        _ => unknown("the times of the run and of the monitor are not shown".into()),
    }
}

/// Whether two baselines compare the same, whatever the order.
fn is_same(one: &ConfigurationBaseline, other: &ConfigurationBaseline) -> bool {
    let sorted = |baseline: &ConfigurationBaseline| {
        let mut resources: Vec<_> = baseline
            .resources
            .iter()
            .map(|it| {
                (
                    it.display_name.clone(),
                    it.resource_type.to_lowercase(),
                    Value::Object(it.properties.clone()).to_string(),
                )
            })
            .collect();
        resources.sort();
        resources
    };
    sorted(one) == sorted(other)
}

fn without(baseline: &ConfigurationBaseline, refused: &[RefusedKind]) -> ConfigurationBaseline {
    let is_refused = |kind: &str| refused.iter().any(|it| it.resource_type.eq_ignore_ascii_case(kind));
    let mut left = baseline.clone();
    left.resources.retain(|resource| !is_refused(&resource.resource_type));
    left
}

impl ExchangeGroups {
    async fn monitor_named(&self, name: &str) -> Result<Option<ConfigurationMonitor>> {
        let monitors = self.client.configuration_monitors().list().into_stream().try_collect::<Vec<_>>().await;
        let monitors = monitors.map_err(Error::during("list the configuration monitors"))?;
        Ok(monitors.into_iter().find(|monitor| monitor.display_name.as_deref() == Some(name)))
    }

    /// What a monitor of Microsoft's would watch of the group as it is now, and what an export would do. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// As [`observe`](Self::observe), and `ConfigurationMonitoring.Read.All` on Graph.
    ///
    /// # Errors
    ///
    /// As [`observe`](Self::observe); an error of Graph when the monitors cannot be read.
    pub async fn preview_monitor(&self, spec: &RestrictedCalendarGroup) -> Result<MonitorExport> {
        let seen = self.observe(spec).await?;
        let mut export = MonitorExport::of(spec, &seen);
        if let Some(monitor) = self.monitor_named(&export.name).await? {
            let baseline = self.client.configuration_monitors().baseline(&monitor.id).await;
            let baseline = baseline.map_err(Error::during("read the baseline of the monitor"))?;
            let drifts = self.client.configuration_drifts().of_monitor(&monitor.id);
            let drifts = drifts.into_stream().try_collect::<Vec<_>>().await;
            let runs = self.client.configuration_monitoring_results().of_monitor(&monitor.id);
            let runs = runs.into_stream().try_collect::<Vec<_>>().await;
            export.existing = Some(ExistingMonitor {
                // A kind that the service refused is not in it.
                differs: !is_same(&baseline, &export.baseline)
                    && !is_same(&baseline, &accepted(&export.baseline, &baseline)),
                id: monitor.id,
                drifts: drifts.map_err(Error::during("list the drifts of the monitor"))?,
                runs: runs.map_err(Error::during("list the runs of the monitor"))?.len(),
            });
        }
        Ok(export)
    }

    /// Makes the monitor of an export. A kind that the service refuses is left out and named, and the rest is sent again. A
    /// monitor that is there with the same baseline is left alone, for a change would delete its history.
    ///
    /// `replace` allows a monitor of the same name to get another baseline, which deletes its earlier runs and drifts: they
    /// are in [`MonitorExport::existing`].
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.ReadWrite.All` on Graph.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Blocked`](crate::ErrorKind::Blocked) when a monitor would be replaced without `replace`; an error of Graph
    /// otherwise.
    pub async fn export_monitor(&self, export: &MonitorExport, replace: bool) -> Result<ExportedMonitor> {
        if let Some(existing) = &export.existing {
            if !existing.differs {
                return Ok(ExportedMonitor { id: existing.id.clone(), changed: false, refused: Vec::new() });
            }
            if !replace {
                return Err(Error::blocked(vec![would_delete(export, existing)]));
            }
        }
        let mut export = export.clone();
        let mut refused: Vec<RefusedKind> = Vec::new();
        loop {
            let monitors = self.client.configuration_monitors();
            let made = match &export.existing {
                Some(existing) => {
                    let update = MonitorUpdate::new().baseline(export.baseline.clone());
                    monitors.update(&existing.id, &update).await.map(|()| existing.id.clone())
                }
                None => monitors.create(&export.new_monitor()).await.map(|monitor| monitor.id),
            };
            match made {
                Ok(id) => return Ok(ExportedMonitor { id, changed: true, refused }),
                Err(error) => {
                    let kinds = RefusedKind::of(&error);
                    let left = without(&export.baseline, &kinds);
                    if kinds.is_empty() || left.resources.is_empty() || left == export.baseline {
                        return Err(Error::of_service("make the configuration monitor", error));
                    }
                    export.baseline = left;
                    refused.extend(kinds);
                }
            }
        }
    }

    /// What the monitor of a group reports, with who owns each difference and the steps that mend it.
    ///
    /// # Permissions
    ///
    /// As [`preview_monitor`](Self::preview_monitor).
    ///
    /// # Errors
    ///
    /// As [`preview_monitor`](Self::preview_monitor). A monitor that is not there is no error: it could not be told then.
    pub async fn read_monitor(&self, spec: &RestrictedCalendarGroup) -> Result<MonitorReading> {
        let seen = self.observe(spec).await?;
        let origin = Origin::now(&seen.origin.tenant);
        let Some(monitor) = self.monitor_named(&name_of(spec)).await? else {
            return Ok(MonitorReading {
                origin,
                verdict: MonitorVerdict::CouldNotTell,
                because: Some("there is no such monitor: export one".into()),
                newest_run: None,
                differences: Vec::new(),
                drifts: Vec::new(),
            });
        };
        let drifts = self.client.configuration_drifts().of_monitor(&monitor.id);
        let drifts = drifts.into_stream().try_collect::<Vec<_>>().await;
        let mut drifts = drifts.map_err(Error::during("list the drifts of the monitor"))?;
        let runs = self.client.configuration_monitoring_results().of_monitor(&monitor.id);
        let runs = found(runs.into_stream().try_collect::<Vec<_>>().await);
        let runs = runs.map_err(Error::during("list the runs of the monitor"))?.unwrap_or_default();
        // What is about another monitor was not asked for, whatever the filter did.
        drifts.retain(|drift| drift.monitor_id.as_ref() == Some(&monitor.id));
        let runs = runs.into_iter().filter(|run| run.monitor_id.as_ref() == Some(&monitor.id));
        let time = |time: &Option<Timestamp>| time.as_ref().and_then(Timestamp::to_system_time);
        let newest = runs.max_by_key(|run| time(&run.run_completion_date_time));
        let (verdict, because) = judge(&monitor, newest.as_ref(), &drifts, SystemTime::now());
        let plan = Plan::new(spec, &seen);
        let lasting = drifts.iter().filter(|drift| drift.status.as_ref() != Some(&MicrosoftsStatus::Fixed));
        let differences = lasting.flat_map(|drift| differences(drift, &plan)).collect();
        Ok(MonitorReading { origin, verdict, because, newest_run: newest, differences, drifts })
    }
}

/// The part of a baseline whose kinds are in another one: what was refused when that was made is in none.
fn accepted(wanted: &ConfigurationBaseline, there: &ConfigurationBaseline) -> ConfigurationBaseline {
    let mut left = wanted.clone();
    left.resources
        .retain(|it| there.resources.iter().any(|other| other.resource_type.eq_ignore_ascii_case(&it.resource_type)));
    left
}

fn would_delete(export: &MonitorExport, existing: &ExistingMonitor) -> Finding {
    let message = format!(
        "A monitor named \"{}\" is there with another baseline: a new one deletes {} and {}",
        export.name,
        count(existing.drifts.len(), "drift"),
        count(existing.runs, "run")
    );
    let advice = Advice::new(
        Actor::Operator,
        "Keep the drifts of the preview as evidence, then export with replace; or delete the monitor later and make another.",
    );
    Finding::new(Severity::Blocking, FindingKind::Drift, message, advice)
}
