//! Who else can widen the access of the application.

use serde::{Deserialize, Serialize};

use super::AccessModel;
use super::facts::{GroupType, Joining};
use super::members::{MemberKind, member_kind};
use super::uses::Uses;
use crate::text::plain;

/// Somebody other than the application who can widen its access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WhoElse {
    /// The person, group or application.
    pub who: String,
    /// The right by which they can.
    pub by: String,
}

impl AccessModel<'_> {
    pub(super) fn who_else(&self, uses: &Uses<'_>) -> Vec<WhoElse> {
        let mut list = Vec::new();
        let mut add = |who: &str, by: String| {
            let entry = WhoElse { who: plain(who), by: plain(&by) };
            if !list.contains(&entry) {
                list.push(entry);
            }
        };
        for group in uses.groups() {
            let label = group.label();
            if group.owners.missing().is_some() {
                add("Owners who were not read", format!("owners of the group {label}"));
            }
            for owner in group.owners.entries() {
                add(&owner.name, format!("owner of the group {label}"));
                if member_kind(owner.kind.as_deref()) == MemberKind::Group {
                    add(&format!("Every member of {}", owner.name), format!("owner of the group {label}"));
                }
            }
            match group.joining {
                Some(Joining::Open) => {
                    add("Every user, for their own mailbox", format!("the group {label} is open to join"));
                }
                Some(Joining::ByOwner) => {}
                None => add("Perhaps every user", format!("who may join the group {label} was not read")),
            }
            if group.kind == Some(GroupType::Microsoft365) {
                add(
                    "Groups Administrators, and applications with Group.ReadWrite.All or GroupMember.ReadWrite.All",
                    format!("they write the members of the Microsoft 365 group {label}"),
                );
            }
        }
        for (unit, _) in &uses.units {
            let name = unit.name.clone().unwrap_or_else(|| unit.id.to_string());
            add("Administrators of the unit", format!("they write the members of the administrative unit {name}"));
        }
        for (attribute, _) in &uses.attributes {
            add(
                "Whoever writes the attribute, such as the synchronisation of HR",
                format!("a filter reads {attribute}"),
            );
        }
        add("Global Administrators and Exchange Administrators", "they change every restriction".into());
        add(
            "Holders of Role Management, Organization Configuration, or Distribution Groups with Security Group Creation \
             and Membership",
            "they change role assignments and scopes, access policies, or members of the groups".into(),
        );
        for owner in self.facts.owners.entries() {
            add(&owner.name, "owner of the application: adds a credential and acts as it".into());
        }
        if self.facts.owners.missing().is_some() {
            add("Owners who were not read", "owners of the application".into());
        }
        for application in self.facts.other_applications.entries() {
            if application.client_id != self.facts.client_id && application.can_widen.known() == Some(&true) {
                let by = format!("the application {} has permissions that widen access", application.client_id);
                add(&application.name, by);
            }
        }
        list
    }
}
