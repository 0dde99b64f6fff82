//! `Get-`, `Add-`, `Remove-` and `Update-DistributionGroupMember`.

use std::collections::HashSet;

use super::errors::Failure;
use super::groups::changeable;
use super::parameters::Arguments;
use super::recipients::recipient_row;
use super::{Invocation, Outcome, Output};
use crate::access::Change;
use crate::recipient::{Recipient, RecipientId, RecipientKind};

/// More than this is refused (Microsoft documentation).
const MOST: usize = 10_000;

/// Direct members. Of a Microsoft 365 group there are none to be seen, and that is no error (observed).
pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let ids = if let Some(identity) = arguments.text("Identity") {
        let id = call.resolve(
            identity,
            |recipient| recipient.kind.is_group() && recipient.kind.is_known_to_exchange(),
            Failure::not_found,
        )?;
        let shows_members = call.world.directory.get(id).is_some_and(|group| group.kind.is_distribution_group());
        if shows_members { call.visible_members(id) } else { Vec::new() }
    } else {
        // No identity is every group.
        let groups: Vec<RecipientId> = call
            .world
            .directory
            .iter()
            .filter(|group| group.kind.is_distribution_group())
            .map(|group| group.id)
            .collect();
        groups.into_iter().flat_map(|group| call.visible_members(group)).collect()
    };
    Ok(Output::Recipients { ids, row: recipient_row })
}

/// Whoever passes the filter of a dynamic distribution group.
pub(super) fn get_dynamic(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let dynamic = |recipient: &Recipient| recipient.kind == RecipientKind::DynamicDistributionGroup;
    let groups = match arguments.text("Identity") {
        Some(identity) => vec![call.resolve(identity, dynamic, Failure::not_found)?],
        None => call.world.directory.iter().filter(|group| dynamic(group)).map(|group| group.id).collect(),
    };
    let ids = groups.into_iter().flat_map(|group| call.world.dynamic_members(group)).collect();
    Ok(Output::Recipients { ids, row: recipient_row })
}

pub(super) fn add(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let group = changeable(call, arguments)?;
    let written = arguments.text("Member").unwrap_or_default();
    let member = resolve(call, written)?;
    if call.world.access.current.is_direct_member(group, member) {
        let (member, group) = (name(call, member), name(call, group));
        return Err(Failure::already_member(&member, &group));
    }
    call.join(group, member);
    Ok(Output::Nothing)
}

pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let group = changeable(call, arguments)?;
    let written = arguments.text("Member").unwrap_or_default();
    let member = resolve(call, written)?;
    if !call.world.access.current.is_direct_member(group, member) {
        let (member, group) = (name(call, member), name(call, group));
        return Err(Failure::not_member(&member, &group));
    }
    call.world.change(Change::RemoveMember { group, member });
    Ok(Output::Nothing)
}

/// Replaces all members. One that cannot be found fails the whole command.
pub(super) fn update(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let group = changeable(call, arguments)?;
    let Some(written) = arguments.list("Members") else {
        return Err(Failure::not_convertible(
            "Members",
            "Exchange.GenericHashTable",
            "Microsoft.Exchange.Data.MultiValuedProperty",
        ));
    };
    let wanted: HashSet<RecipientId> = resolve_all(call, written)?.into_iter().collect();
    for member in call.world.members(group) {
        if !wanted.contains(&member) {
            call.world.change(Change::RemoveMember { group, member });
        }
    }
    for member in wanted {
        if !call.world.access.current.is_direct_member(group, member) {
            call.join(group, member);
        }
    }
    Ok(Output::Nothing)
}

/// Every recipient of a list, which must not name anyone twice, by whatever names.
pub(super) fn resolve_all(call: &mut Invocation<'_>, written: &[String]) -> Result<Vec<RecipientId>, Failure> {
    if written.len() > MOST {
        return Err(Failure::invalid(format!(
            "The parameter \"Members\" contains {} entries. The maximum number of entries is {MOST}.",
            written.len()
        )));
    }
    let mut seen = HashSet::with_capacity(written.len());
    let mut members = Vec::with_capacity(written.len());
    for identity in written {
        let id = resolve(call, identity)?;
        if !seen.insert(id) {
            return Err(Failure::duplicated("Members", identity));
        }
        members.push(id);
    }
    Ok(members)
}

fn resolve(call: &mut Invocation<'_>, identity: &str) -> Result<RecipientId, Failure> {
    let can_join = |recipient: &Recipient| {
        !matches!(
            recipient.kind,
            RecipientKind::User
                | RecipientKind::CloudSecurityGroup
                | RecipientKind::DynamicDistributionGroup
                | RecipientKind::DiscoveryMailbox
                | RecipientKind::Microsoft365Group
        )
    };
    call.resolve(identity, can_join, Failure::recipient_not_found)
}

/// Names in these sentences are directory names, which for accounts are object ids.
fn name(call: &Invocation<'_>, id: RecipientId) -> String {
    call.world.directory.get(id).map_or_else(String::new, |recipient| recipient.name.clone())
}
