//! `/users`: accounts, and the way to their calendars.

use serde_json::{Value, json};

use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, calendars};
use crate::recipient::{Recipient, RecipientKind};
use crate::world::World;

pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    call.only_get()?;
    match rest {
        [] => {
            need(call)?;
            let accounts: Vec<&Recipient> = world.directory.iter().filter(|account| is_account(account)).collect();
            call.list("users", accounts, Paging::Token { default: 100, max: 999 }, |account| row(call, account))
        }
        [id] => {
            need(call)?;
            let account = find(world, id).ok_or_else(|| GraphError::not_found(id))?;
            Ok(call.entity("users/$entity", &row(call, account)))
        }
        [id, view] if view.eq_ignore_ascii_case("calendarView") => calendars::view(world, call, id),
        [id, calendar, view]
            if calendar.eq_ignore_ascii_case("calendar") && view.eq_ignore_ascii_case("calendarView") =>
        {
            calendars::view(world, call, id)
        }
        [id, calendar] if calendar.eq_ignore_ascii_case("calendar") => calendars::calendar(world, call, id),
        [_, .., unknown] => Err(GraphError::unknown_segment(unknown)),
    }
}

fn need(call: &GraphCall<'_>) -> Result<(), GraphError> {
    call.need(&["User.ReadBasic.All", "User.Read.All", "Directory.Read.All"])
}

fn is_account(recipient: &Recipient) -> bool {
    !recipient.kind.is_group()
        && !matches!(recipient.kind, RecipientKind::DiscoveryMailbox | RecipientKind::DynamicDistributionGroup)
}

/// By object id, user principal name or address.
pub(crate) fn find<'w>(world: &'w World, id: &str) -> Option<&'w Recipient> {
    world.directory.find(id).find(|account| {
        is_account(account)
            && (account.has_address(id)
                || account.object_id_text().eq_ignore_ascii_case(id)
                || account.user_principal_name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(id)))
    })
}

/// The properties that come without being asked for, and the ones that need `$select` (or are needed
/// to judge a filter).
pub(crate) fn row(call: &GraphCall<'_>, account: &Recipient) -> Value {
    let (given, family) =
        account.display_name.split_once(' ').filter(|_| account.kind == RecipientKind::UserMailbox).unzip();
    let mut row = json!({
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
    });
    let wanted = |name: &str| call.query.is_selected(name) || call.query.filter().is_some();
    if wanted("accountEnabled") {
        row["accountEnabled"] = json!(account.account_enabled);
    }
    if wanted("mailNickname") {
        row["mailNickname"] = json!(account.alias);
    }
    if wanted("proxyAddresses") {
        row["proxyAddresses"] = json!(account.proxy_addresses().collect::<Vec<_>>());
    }
    if wanted("userType") {
        row["userType"] = json!("Member");
    }
    row
}
