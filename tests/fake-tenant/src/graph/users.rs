//! `/users`: accounts, what they belong to, and the way to their calendars.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::delta::{self, Followed};
use super::query::{Entity, Form, Paging};
use super::{GraphCall, GraphError, GraphResult, calendars, members};
use crate::access::supposition::Supposition;
use crate::address::linked_id;
use crate::calendar::windows_zones;
use crate::recipient::{Recipient, RecipientId, RecipientKind};
use crate::request::Response;
use crate::world::World;

pub(crate) const DEFAULTS: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];
pub(crate) const ENTITY: Entity = Entity {
    name: "User",
    defaults: DEFAULTS,
    sortable: &["displayName", "userPrincipalName"],
    unsortable: &["proxyAddresses", "businessPhones"],
};
const PAGES: Paging = Paging::Token { default: 100, max: 999 };
// GUESS: the permissions to set a manager are from memory; wrong if Microsoft's page names others.
const WRITE: &[&str] = &["User.ReadWrite.All", "Directory.ReadWrite.All"];

pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    let Some((id, below)) = rest.split_first() else {
        call.only_get()?;
        need(call)?;
        let accounts: Vec<&Recipient> = world.directory.iter().filter(|account| is_account(account)).collect();
        return call.directory_list("users", accounts, PAGES, ENTITY, |account| row(account));
    };
    // A cast to what it is anyway.
    let below = match below {
        [cast, below @ ..] if cast.eq_ignore_ascii_case("microsoft.graph.user") => below,
        below => below,
    };
    let what = below.first().map(|segment| segment.to_ascii_lowercase());
    match (id.to_ascii_lowercase().as_str(), what.as_deref(), below.len()) {
        ("delta", None, _) => {
            call.only_get()?;
            call.need(&["User.Read.All", "Directory.Read.All"])?;
            follow(world, call)
        }
        (_, None, _) => {
            call.only_get()?;
            need(call)?;
            let account = find(world, id).ok_or_else(|| GraphError::not_found(id))?;
            let mut shown = call.query.selected_or(&row(account), DEFAULTS);
            expand(world, call, account.id, &mut shown)?;
            Ok(call.entity("users/$entity", &shown))
        }
        (_, Some("manager" | "directreports"), _) => manager(world, call, id, below),
        (_, Some("memberof" | "transitivememberof"), _) => {
            call.only_get()?;
            call.need(&["Directory.Read.All", "User.Read.All", "GroupMember.Read.All", "Group.Read.All"])?;
            let account = find(world, id).map(|account| account.id).ok_or_else(|| GraphError::not_found(id))?;
            members::groups_of(world, call, account, what.as_deref() == Some("transitivememberof"), &below[1..])
        }
        (_, Some(check), 1) if members::is_check(check) => {
            let account = find(world, id).map(|account| account.id).ok_or_else(|| GraphError::not_found(id))?;
            members::check(world, call, account, check)
        }
        (_, Some("outlook"), 2) if below[1].to_ascii_lowercase().starts_with("supportedtimezones") => {
            call.only_get()?;
            call.need(&["User.Read.All"])?;
            find(world, id).ok_or_else(|| GraphError::not_found(id))?;
            time_zones(call, below[1])
        }
        _ => calendars::answer(world, call, id, below),
    }
}

/// The time zones that the tenant understands, by their Windows names or, where those are asked for, by their IANA names.
///
/// GUESS: the display name is the name; wrong for who shows it, since the service gives the offset and places.
fn time_zones(call: &GraphCall<'_>, asked: &str) -> GraphResult {
    let row = |name: String| json!({"alias": name, "displayName": name});
    let rows: Vec<Value> = if asked.to_ascii_lowercase().contains("iana") {
        jiff::tz::db().available().map(|name| row(name.to_string())).collect()
    } else {
        windows_zones().map(|name| row(name.to_owned())).collect()
    };
    let paging = Paging::Skip { default: 1_000, max: 1_000 };
    call.list("Collection(microsoft.graph.timeZoneInformation)", rows, paging, Value::clone)
}

/// Who is above somebody, and who is below.
fn manager(world: &mut World, call: &GraphCall<'_>, id: &str, below: &[&str]) -> GraphResult {
    let account = find(world, id).map(|account| account.id).ok_or_else(|| GraphError::not_found(id))?;
    let lower: Vec<String> = below.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    match (call.method(), &lower.iter().map(String::as_str).collect::<Vec<_>>()[..]) {
        ("GET", ["manager"]) => {
            need(call)?;
            let above = world.links.managers.get(&account).and_then(|above| world.directory.get(*above));
            let above = above.ok_or_else(|| GraphError::not_found("manager"))?;
            if call.query.form == Form::References {
                let mut reference = call.reference(&row(above));
                reference["@odata.context"] = json!(call.context("$ref"));
                return Ok(Response::of_json(200, &reference));
            }
            Ok(call.entity("directoryObjects/$entity", &members::shown(call, above)))
        }
        ("PUT", ["manager", "$ref"]) => {
            call.need(WRITE)?;
            let named = call.field("@odata.id").map(linked_id).unwrap_or_default();
            let above = find(world, &named).map(|above| above.id).ok_or_else(|| GraphError::not_found(&named))?;
            world.links.managers.insert(account, above);
            Ok(Response::new(204))
        }
        ("DELETE", ["manager", "$ref"]) => {
            call.need(WRITE)?;
            let had = world.links.managers.remove(&account);
            had.map(|_| Response::new(204)).ok_or_else(|| GraphError::not_found("manager"))
        }
        ("GET", ["directreports", ..]) => {
            need(call)?;
            let mut reports: Vec<RecipientId> = world
                .links
                .managers
                .iter()
                .filter(|(_, above)| **above == account)
                .map(|(report, _)| *report)
                .collect();
            reports.sort_unstable();
            members::list(world, call, &reports, &below[1..])
        }
        ("GET", _) => Err(GraphError::unknown_segment(below.last().unwrap_or(&id))),
        _ => Err(GraphError::wrong_method()),
    }
}

/// The relations of one account that `$expand` asks for.
fn expand(world: &World, call: &GraphCall<'_>, account: RecipientId, shown: &mut Value) -> Result<(), GraphError> {
    let reports = || world.links.managers.iter().filter(|(_, above)| **above == account).map(|(report, _)| *report);
    for expansion in call.query.expansions()? {
        let show =
            |id: RecipientId| world.directory.get(id).map(|object| expansion.shown(members::shown(call, object)));
        let many = |ids: Vec<RecipientId>| Some(ids.into_iter().filter_map(show).collect());
        let (name, related) = match &*expansion.name.to_ascii_lowercase() {
            "manager" => ("manager", world.links.managers.get(&account).copied().and_then(show)),
            "memberof" => ("memberOf", many(members::parents(world, account, false))),
            "transitivememberof" => ("transitiveMemberOf", many(members::parents(world, account, true))),
            "directreports" => ("directReports", many(reports().collect())),
            _ => return Err(GraphError::not_modelled()),
        };
        // Nobody above is no property, rather than an empty one.
        if let Some(related) = related {
            shown[name] = related;
        }
    }
    Ok(())
}

fn need(call: &GraphCall<'_>) -> Result<(), GraphError> {
    call.need(&["User.ReadBasic.All", "User.Read.All", "Directory.Read.All"])
}

fn is_account(recipient: &Recipient) -> bool {
    !recipient.kind.is_group()
        && !matches!(recipient.kind, RecipientKind::DiscoveryMailbox | RecipientKind::DynamicDistributionGroup)
}

/// By object id or user principal name; the directory does not know accounts by their other addresses.
pub(crate) fn find<'w>(world: &'w World, id: &str) -> Option<&'w Recipient> {
    let mut accounts = world.directory.find(id).filter(|account| is_account(account));
    accounts.find(|account| is_named(account, id))
}

/// The account whose mailbox a call means. Exchange takes addresses too, though a sign-in name comes first.
pub(crate) fn find_mailbox<'w>(world: &'w World, id: &str) -> Option<&'w Recipient> {
    let by_address = || {
        let mut accounts = world.directory.find(id).filter(|account| is_account(account));
        accounts.find(|account| account.has_address(id))
    };
    let addressed = world.access.current.supposes(Supposition::AddressesFindMailboxes);
    find(world, id).or_else(|| by_address().filter(|_| addressed))
}

fn is_named(account: &Recipient, id: &str) -> bool {
    account.object_id_text().eq_ignore_ascii_case(id)
        || account.user_principal_name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(id))
}

/// The object id of an account, as text.
pub(crate) fn id_of(world: &World, id: RecipientId) -> String {
    world.directory.get(id).map(Recipient::object_id_text).unwrap_or_default()
}

/// An account by its object id alone.
pub(crate) fn by_object_id(world: &World, id: &str) -> Option<RecipientId> {
    find(world, id).filter(|account| account.object_id_text().eq_ignore_ascii_case(id)).map(|account| account.id)
}

fn follow(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    let rows: BTreeMap<String, Value> = world
        .directory
        .iter()
        .filter(|account| is_account(account))
        .map(|account| (account.object_id_text(), row(account)))
        .collect();
    let query = call.query.clone();
    let shown = Box::new(move |row: &Value| delta::with_id(query.selected_or(row, DEFAULTS), row));
    delta::answer(world, call, Followed { shown, ..Followed::of_rows(call, "users", rows) })
}

/// Everything that is known of an account; without `$select` only some of it is shown.
pub(crate) fn row(account: &Recipient) -> Value {
    let (given, family) =
        account.display_name.split_once(' ').filter(|_| account.kind == RecipientKind::UserMailbox).unzip();
    json!({
        "businessPhones": [],
        "displayName": account.display_name,
        "givenName": given,
        "id": account.object_id_text(),
        "jobTitle": null,
        "mail": account.addresses.first(),
        "mobilePhone": null,
        "officeLocation": (!account.office.is_empty()).then_some(&account.office),
        "preferredLanguage": null,
        "surname": family,
        "userPrincipalName": account.user_principal_name,
        "accountEnabled": account.account_enabled,
        "city": null,
        "companyName": null,
        "country": null,
        "createdDateTime": crate::clock::graph_date_time(account.created),
        "department": null,
        "mailNickname": account.alias,
        "onPremisesSyncEnabled": account.dir_synced.then_some(true),
        "otherMails": [],
        "proxyAddresses": account.proxy_addresses().collect::<Vec<_>>(),
        "usageLocation": null,
        "userType": "Member",
    })
}

/// What a list of members shows of an account.
pub(crate) fn shown(call: &GraphCall<'_>, account: &Recipient) -> Value {
    call.query.selected_or(&row(account), DEFAULTS)
}
