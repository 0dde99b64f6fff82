//! `/users`: accounts, what they belong to, and the way to their calendars.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::delta::{self, Followed};
use super::query::{Entity, Paging};
use super::{GraphCall, GraphError, GraphResult, calendars, members};
use crate::access::supposition::Supposition;
use crate::recipient::{Recipient, RecipientId, RecipientKind};
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
        ("$count", None, _) => {
            call.only_get()?;
            need(call)?;
            let accounts: Vec<&Recipient> = world.directory.iter().filter(|account| is_account(account)).collect();
            call.count_of(&accounts, |account| row(account))
        }
        ("delta", None, _) => {
            call.only_get()?;
            call.need(&["User.Read.All", "Directory.Read.All"])?;
            follow(world, call)
        }
        (_, None, _) => {
            call.only_get()?;
            need(call)?;
            let account = find(world, id).ok_or_else(|| GraphError::not_found(id))?;
            let defaults = call.query.selected_or(&row(account), DEFAULTS);
            Ok(call.entity("users/$entity", &defaults))
        }
        (_, Some("memberof" | "transitivememberof"), _) => {
            call.only_get()?;
            call.need(&["Directory.Read.All", "User.Read.All", "GroupMember.Read.All", "Group.Read.All"])?;
            let account = find(world, id).map(|account| account.id).ok_or_else(|| GraphError::not_found(id))?;
            members::groups_of(world, call, account, what.as_deref() == Some("transitivememberof"), &below[1..])
        }
        (_, Some("checkmembergroups" | "getmembergroups" | "checkmemberobjects"), 1) => {
            let account = find(world, id).map(|account| account.id).ok_or_else(|| GraphError::not_found(id))?;
            members::check(world, call, account, what.as_deref().unwrap_or_default())
        }
        _ => calendars::answer(world, call, id, below),
    }
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
    let page = call.query.top().unwrap_or(100);
    delta::answer(
        world,
        call,
        Followed {
            context: "users".to_owned(),
            of: "users".to_owned(),
            rows,
            members: BTreeMap::new(),
            page,
            expired: "resyncRequired",
            shown: Box::new(move |row| with_id(&query.selected_or(row, DEFAULTS), row)),
        },
    )
}

/// Delta tells the id whatever was selected.
pub(crate) fn with_id(shown: &Value, row: &Value) -> Value {
    let mut shown = shown.clone();
    shown["id"] = row["id"].clone();
    shown
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
