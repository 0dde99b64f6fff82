//! The Exchange administration end point: `InvokeCommand`, its `$batch`, and the list of cmdlets.

mod access_policies;
mod batch;
mod calendar_processing;
mod client_access;
mod cmdlets;
mod errors;
mod folder_permissions;
mod groups;
mod mailbox_permissions;
mod members;
mod organization;
mod pages;
mod parameters;
mod places;
mod recipients;
mod rights;
mod role_assignments;
mod role_groups;
mod scopes;
mod service_principals;
mod v2;

use std::sync::Arc;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::cmdlets::Cmdlet;
pub use self::cmdlets::{AcceptedCmdlet, AcceptedParameter, cmdlets};
pub(crate) use self::errors::cmdlet_error_body;
use self::errors::{CONTENT_TYPE, Failure};
pub(crate) use self::groups::row as distribution_group_row;
pub(crate) use self::pages::{MORE_RESULTS, Pages};
use self::pages::{Page, Rows};
use self::parameters::Arguments;
pub use self::parameters::ParameterType;
pub(crate) use self::recipients::object;
pub(crate) use self::rights::BUILT_IN as BUILT_IN_ROLE_GROUPS;
use self::rights::Rights;
pub(crate) use self::role_assignments::built_in as built_in_assignments;
use crate::faults::{When, nul_body_403};
use crate::recipient::{Recipient, RecipientId};
use crate::replication::{ObjectKind, membership};
use crate::request::Response;
use crate::roles::Resource;
use crate::sign_in::Token;
use crate::state::{Incoming, State};
use crate::world::World;

/// A cmdlet that runs.
pub(crate) struct Invocation<'a> {
    world: &'a mut World,
    cmdlet: &'static Cmdlet,
    /// The object id of the application that runs it.
    caller: Uuid,
    /// Which application roles the caller may hand on.
    delegates: Delegates,
}

/// The application roles that a caller may hand on, change and take away.
#[derive(Clone, Debug)]
enum Delegates {
    /// All: the tenant itself.
    Everything,
    /// Those of which one of these role groups has a delegating assignment.
    RoleGroups(Vec<String>),
}

type Outcome = Result<Output, Failure>;
type RowOf = fn(&World, &Recipient) -> Value;

enum Output {
    Nothing,
    Objects { rows: Vec<Value>, warnings: Vec<String> },
    Recipients { ids: Vec<RecipientId>, row: RowOf },
}

impl Output {
    fn one(row: Value) -> Self {
        Self::all(vec![row])
    }

    fn all(rows: Vec<Value>) -> Self {
        Self::Objects { rows, warnings: Vec::new() }
    }
}

impl Invocation<'_> {
    /// The one recipient of a kind that goes by an identity: its name, alias, address, distinguished or
    /// canonical name, guid, object id or sign-in name, and no display name.
    fn resolve(
        &mut self,
        identity: &str,
        wanted: impl Fn(&Recipient) -> bool,
        missing: fn(&str) -> Failure,
    ) -> Result<RecipientId, Failure> {
        let key = crate::directory::key(identity);
        self.only(identity, |recipient| wanted(recipient) && recipient.identities().contains(&key), missing)
    }

    /// The one recipient that is wanted, among all that go by an identity in any way.
    fn only(
        &mut self,
        identity: &str,
        wanted: impl Fn(&Recipient) -> bool,
        missing: fn(&str) -> Failure,
    ) -> Result<RecipientId, Failure> {
        let mut found = self
            .world
            .directory
            .find(identity)
            .filter(|recipient| wanted(recipient))
            .map(|recipient| (recipient.id, recipient.guid));
        let first = found.next();
        if found.next().is_some() {
            return Err(Failure::several(self.world.exchange.ambiguity, identity));
        }
        match first {
            Some((id, guid)) if self.world.visibility.sees(guid) => Ok(id),
            _ => Err(missing(identity)),
        }
    }

    /// Whether a read may see an object by now.
    fn sees(&mut self, id: Uuid) -> bool {
        self.world.visibility.sees(id)
    }

    fn created(&mut self, kind: ObjectKind, id: Uuid) {
        self.world.visibility.created(kind, id);
    }

    /// Puts a member into a group, where reads may find it later only.
    fn join(&mut self, group: RecipientId, member: RecipientId) {
        self.world.add_member(group, member);
        let guid = |id| self.world.directory.get(id).map(|recipient| recipient.guid);
        if let (Some(group), Some(member)) = (guid(group), guid(member)) {
            self.created(ObjectKind::Member, membership(group, member));
        }
    }

    /// The members of a group that a read may see by now.
    fn visible_members(&mut self, group: RecipientId) -> Vec<RecipientId> {
        let mut members = self.world.members(group);
        let guid = self.world.directory.get(group).map(|group| group.guid);
        let Some(guid) = guid.filter(|_| !self.world.visibility.is_complete()) else {
            return members;
        };
        members.retain(|id| {
            let member = self.world.directory.get(*id).map(|member| member.guid);
            member.is_none_or(|member| self.world.visibility.sees(membership(guid, member)))
        });
        members
    }
}

/// Whether a cmdlet by that name leaves everything as it is; that is told by its verb.
pub(crate) fn only_reads(cmdlet: &str) -> bool {
    let verb = cmdlet.split('-').next().unwrap_or_default();
    verb.eq_ignore_ascii_case("get") || verb.eq_ignore_ascii_case("test")
}

pub(crate) fn answer(state: &mut State, call: &Incoming<'_>) -> Response {
    let path = call.path();
    let [_, version, tenant, operation] = path[..] else {
        return Response::new(404);
    };
    let method = call.request.method();
    let post = method == "POST";
    match (version, operation) {
        ("beta", "InvokeCommand" | "$batch") if post => {}
        ("beta" | "v1.0", "EXOModuleFile") if method == "GET" => {}
        ("v1.0", "InvokeCommand") => return Response::new(405).with_header("Allow", "GET"),
        ("v2.0", end_point) if v2::is_end_point(end_point) => {
            if !post {
                return Response::new(405).with_header("Allow", "POST");
            }
        }
        ("beta", "InvokeCommand" | "$batch") => {
            return Response::new(405).with_header("Allow", "POST");
        }
        _ => return Response::new(404),
    }
    let now = state.world.now();
    let token = match state.tokens.check(call.request, Resource::Exchange, now) {
        Ok(token) if state.world.organization.is_named(tenant) => token.clone(),
        // Expiry, a token for another service and missing rights all look alike.
        _ => return unauthorized(),
    };
    match operation {
        "$batch" => batch::answer(state, call),
        "EXOModuleFile" => module_file(&state.world, &token),
        _ => invoke(state, call, &token),
    }
}

fn unauthorized() -> Response {
    Response::new(401).with_header(
        "WWW-Authenticate",
        "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", trusted_issuers=\"00000001-0000-0000-c000-000000000000@*\", token_types=\"app_asserted_user_v1 service_asserted_app_v1\"",
    )
}

/// The rights that the token and the role groups give, or the refusal. Version 2.0 wants permissions of
/// its own, which the older end point does not know.
fn rights(world: &World, token: &Token, version: &str) -> Result<(Rights, Rights), Response> {
    let (role, scope) = match version {
        "v2.0" => ("Exchange.ManageAsAppV2", "Exchange.ManageV2"),
        _ => ("Exchange.ManageAsApp", "Exchange.Manage"),
    };
    if let Some(user) = &token.user {
        if !user.scopes.iter().any(|held| held == scope) {
            // Bodyless and without a reason (observed).
            return Err(if user.scopes.is_empty() { unauthorized() } else { Response::new(403) });
        }
        let id = world.directory.iter().find(|account| account.object_id == Some(user.object_id));
        let groups: Vec<&str> = world
            .role_groups
            .iter()
            .filter(|group| id.is_some_and(|account| group.members.contains(&account.id)))
            .map(|group| group.name.as_str())
            .collect();
        let held = Rights::of(token.directory_roles.iter().copied(), groups.iter().copied(), &world.role_groups);
        let current = world.user_directory_roles(user.object_id);
        let fresh = Rights::of(current.iter().copied(), groups.iter().copied(), &world.role_groups);
        return Ok((held, fresh));
    }
    if !token.roles.iter().any(|held| held == role) {
        return Err(unauthorized());
    }
    let app = world.app(&token.client_id.to_string());
    let groups = || app.into_iter().flat_map(|app| app.role_groups.iter().map(String::as_str));
    let held = Rights::of(token.directory_roles.iter().copied(), groups(), &world.role_groups);
    let current = app.into_iter().flat_map(|app| app.directory_roles.iter().copied());
    let fresh = Rights::of(current, groups(), &world.role_groups);
    Ok((held, fresh))
}

/// The reason for refusing somebody who may do nothing here. A directory role that Exchange does not
/// honour is told apart from none (sentence observed).
fn no_rights(token: &Token, fresh: &Rights) -> Response {
    if fresh.is_empty() && !token.directory_roles.is_empty() {
        return forbidden(
            false,
            &format!(
                "The role assigned to application {} isn't supported in this scenario. Please check online documentation for assigning correct Directory Roles to Azure AD Application for EXO App-Only Authentication.",
                token.client_id
            ),
        );
    }
    forbidden(!fresh.is_empty(), "The user isn't assigned to any management roles.")
}

/// A real denial tells its reason; one that a new token would cure does not.
fn forbidden(cured_by_new_token: bool, reason: &str) -> Response {
    let reason = format!("2000003;reason=\"{reason}\"");
    nul_body_403((!cured_by_new_token).then_some(&*reason))
}

fn module_file(world: &World, token: &Token) -> Response {
    let (held, fresh) = match rights(world, token, "v1.0") {
        Ok(rights) => rights,
        Err(refusal) => return refusal,
    };
    if held.is_empty() {
        return no_rights(token, &fresh);
    }
    let names: Vec<&str> =
        cmdlets::ALL.iter().filter(|cmdlet| held.may_run(cmdlet)).map(|cmdlet| cmdlet.name).collect();
    Response::new(200).with_body(CONTENT_TYPE, json!({"value": [{"ExportedCmdlets": names.join(",")}]}).to_string())
}

/// A retired cmdlet says so instead of not being there (sentence observed).
const RETIRED: &[&str] = &["Get-MessageTrace", "Get-MessageTraceDetail"];

fn invoke(state: &mut State, call: &Incoming<'_>, token: &Token) -> Response {
    let path = call.path();
    let (version, end_point) = (path[1], path[3]);
    service_principals::follow_directory(&mut state.world);
    let (held, fresh) = match rights(&state.world, token, version) {
        Ok(rights) => rights,
        Err(refusal) => return refusal,
    };
    if held.is_empty() {
        return no_rights(token, &fresh);
    }
    let Some(input) = call.json.as_ref().and_then(|body| body.get("CmdletInput")) else {
        return Failure::bare("The request body has no CmdletInput.").response("");
    };
    let name = input.get("CmdletName").and_then(Value::as_str).unwrap_or_default();
    if version == "v2.0" {
        let parameters = input.get("Parameters").and_then(Value::as_object);
        if !v2::allows(end_point, name, parameters.into_iter().flat_map(Map::keys)) {
            return v2::refused();
        }
    } else if let Some(retired) = RETIRED.iter().find(|retired| retired.eq_ignore_ascii_case(name)) {
        return Failure::other(
            "Microsoft.Exchange.Management.Tasks.ValidationException",
            format!("{retired} will start deprecating on September 1st, 2025. Please use {retired}V2 instead."),
        )
        .response(retired);
    }
    let Some(cmdlet) = cmdlets::find(name) else {
        return forbidden(false, "The cmdlet isn't available.")
            .with_header("X-ExceptionType", "CmdletAccessDeniedException");
    };
    if !held.may_run(cmdlet) {
        return forbidden(fresh.may_run(cmdlet), &format!("The user doesn't have access to the cmdlet {name}."));
    }
    let empty = Map::new();
    let parameters = match input.get("Parameters") {
        None => &empty,
        Some(Value::Object(parameters)) => parameters,
        Some(_) => return Failure::bare("Parameters has to be an object.").response(name),
    };
    let select = call
        .request
        .url()
        .query_pairs()
        .find(|(key, _)| key.eq_ignore_ascii_case("$select"))
        .map(|(_, names)| names.into_owned());
    let size = pages::size(call.request);
    let answer = match pages::continuation(call.request) {
        Some(link) => state.pages.take(&link, input, state.world.now()).map(|page| (page, Vec::new())),
        None => parameters::bind(cmdlet, parameters, |parameter| held.may_use(parameter)).and_then(|arguments| {
            if arguments.is_set("Confirm") && !cmdlet.reads() {
                return rehearse(state, cmdlet, token, &held, &arguments, true);
            }
            if arguments.is_set("WhatIf") && !cmdlet.reads() {
                return rehearse(state, cmdlet, token, &held, &arguments, false);
            }
            let refused = refusal_of_anchor(&state.world, call, cmdlet, token);
            if refused == Some(When::BeforeEffect) {
                return Err(Failure::target_dc());
            }
            let delegates = Delegates::RoleGroups(held.role_groups().map(str::to_owned).collect());
            let output = run(&mut state.world, cmdlet, token, delegates, &arguments)?;
            if refused.is_some() {
                return Err(Failure::target_dc());
            }
            let (rows, warnings) = match output {
                Output::Nothing => (Rows::Values(Arc::from([])), Vec::new()),
                Output::Objects { rows, warnings } => (Rows::Values(rows.into()), warnings),
                Output::Recipients { ids, row } => (Rows::Recipients(ids.into(), row), Vec::new()),
            };
            let page = Page::first(rows, pages::result_size(cmdlet, &arguments), input, select);
            Ok((Reply::Page(page), warnings))
        }),
    };
    match answer {
        Ok((Reply::Page(page), warnings)) => {
            let body = state.pages.body(&mut state.world, call, page, size, warnings);
            Response::new(200).with_body(CONTENT_TYPE, body.to_string()).with_header("OData-Version", "4.0")
        }
        Ok((Reply::Rehearsed(message), _)) => {
            let mut body = pages::envelope(call);
            if let Some(message) = message {
                body["@adminapi.confirmationmessage"] = json!(message);
            }
            body["value"] = json!([]);
            Response::new(200).with_body(CONTENT_TYPE, body.to_string())
        }
        Err(failure) => failure.response(cmdlet.name),
    }
}

enum Reply {
    Page(Page),
    Rehearsed(Option<String>),
}

fn run(
    world: &mut World,
    cmdlet: &'static Cmdlet,
    token: &Token,
    delegates: Delegates,
    arguments: &Arguments,
) -> Outcome {
    let caller = token.user.as_ref().map_or(token.object_id, |user| user.object_id);
    (cmdlet.run)(&mut Invocation { world, cmdlet, caller, delegates }, arguments)
}

/// Whether a write is refused because its anchor mailbox names the organisation by something else than its
/// initial domain, and whether that is before it took effect. Only applications were seen to be refused.
fn refusal_of_anchor(world: &World, call: &Incoming<'_>, cmdlet: &Cmdlet, token: &Token) -> Option<When> {
    // GUESS: without the header nothing is refused; wrong if writes fail without one, too.
    let anchor = call.request.header_value("X-AnchorMailbox")?;
    let organization = anchor.rsplit_once('@').map_or(anchor, |(_, organization)| organization);
    let named = organization.eq_ignore_ascii_case(&world.organization.initial_domain);
    world.exchange.anchor_rule.filter(|_| !named && !cmdlet.reads() && token.user.is_none())
}

/// Runs a cmdlet as nobody in particular, who may do everything.
pub(crate) fn run_as_the_tenant(world: &mut World, name: &str, parameters: &Value) -> Result<Vec<Value>, String> {
    let cmdlet = cmdlets::find(name).ok_or("the tenant has no such cmdlet")?;
    let parameters = parameters.as_object().ok_or("parameters have to be an object")?;
    let mut arguments =
        parameters::bind(cmdlet, parameters, |_| true).map_err(|failure| failure.sentence().to_owned())?;
    if cmdlet.takes(BYPASS) {
        arguments.set(BYPASS);
    }
    let now = world.now();
    world.visibility.begin_request(now);
    let mut invocation = Invocation { world, cmdlet, caller: Uuid::nil(), delegates: Delegates::Everything };
    let output = (cmdlet.run)(&mut invocation, &arguments).map_err(|failure| failure.sentence().to_owned())?;
    Ok(match output {
        Output::Nothing => Vec::new(),
        Output::Objects { rows, .. } => rows,
        Output::Recipients { ids, row } => {
            ids.iter().filter_map(|id| world.directory.get(*id)).map(|recipient| row(world, recipient)).collect()
        }
    })
}

const BYPASS: &str = "BypassSecurityGroupManagerCheck";

/// `Confirm: true` and `WhatIf: true`: everything is checked and nothing is done.
fn rehearse(
    state: &State,
    cmdlet: &'static Cmdlet,
    token: &Token,
    held: &Rights,
    arguments: &Arguments,
    ask: bool,
) -> Result<(Reply, Vec<String>), Failure> {
    let mut copy = state.world.clone();
    let identity = ["Identity", "Name", "AppId"].into_iter().find_map(|name| arguments.text(name)).unwrap_or_default();
    let shown = copy.directory.find(identity).next().map_or_else(|| identity.to_owned(), |object| object.name.clone());
    let action = match cmdlet.name {
        "Remove-DistributionGroup" => "Removing distribution group".to_owned(),
        name => format!("Running {name} on"),
    };
    let delegates = Delegates::RoleGroups(held.role_groups().map(str::to_owned).collect());
    run(&mut copy, cmdlet, token, delegates, arguments)?;
    let message = format!("Are you sure you want to perform this action? {action} Identity:\"{shown}\".");
    Ok((Reply::Rehearsed(ask.then_some(message)), Vec::new()))
}
