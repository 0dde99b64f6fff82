//! Differences of the group, its members and the rooms.

use std::collections::{BTreeMap, BTreeSet};

use graph_client::exchange::{DistributionGroup, ExchangeMailbox, ExchangeRecipient};
use graph_client::{SmtpAddress, Uuid};

use super::difference::{DriftEffect as Effect, DriftKind as Kind};
use super::search::Search;
use crate::change::Change;
use crate::finding::{Advice, Subject};
use crate::membership::{Difference, MailboxRef};
use crate::observe::{Observation, is_group};

/// The id of a record: the object id in Entra, else the GUID.
type Id = Option<Uuid>;

fn id_of_group(group: &DistributionGroup) -> Id {
    group.external_directory_object_id.or(group.guid)
}

fn id_of_member(member: &ExchangeRecipient) -> Id {
    member.external_directory_object_id.or(member.guid)
}

fn id_of_room(room: &ExchangeMailbox) -> Id {
    room.external_directory_object_id.or(room.exchange_guid)
}

fn rooms_of(seen: &Observation) -> BTreeMap<Uuid, &ExchangeMailbox> {
    seen.rooms.iter().filter_map(|room| Some((id_of_room(room)?, room))).collect()
}

fn members_of(seen: &Observation) -> BTreeMap<Uuid, &ExchangeRecipient> {
    let members = seen.group.iter().flat_map(|group| &group.members);
    members.filter_map(|member| Some((id_of_member(member)?, member))).collect()
}

fn shown(address: Option<&SmtpAddress>, name: Option<&str>) -> String {
    address
        .map(ToString::to_string)
        .or_else(|| name.map(str::to_owned))
        .unwrap_or_else(|| "an object without a name".into())
}

fn room_subject(room: &ExchangeMailbox) -> Subject {
    Subject {
        address: room.primary_smtp_address.clone(),
        id: id_of_room(room).map(|id| id.to_string()),
        kind: room.recipient_type_details.clone(),
    }
}

/// Whether a change is about this member.
fn is_about(change: &Change, id: Option<&str>, address: Option<&SmtpAddress>) -> bool {
    let member = match change {
        Change::AddMember(cmdlet) => cmdlet.member(),
        Change::RemoveMember(cmdlet) => cmdlet.member(),
        _ => return false,
    };
    let is_id = id.is_some_and(|id| member.as_str().eq_ignore_ascii_case(id));
    is_id || address.is_some_and(|address| member.as_str().eq_ignore_ascii_case(address.as_str()))
}

impl Search<'_> {
    pub(super) fn group(&mut self) {
        let (now, before) = (self.now, self.before);
        let then = before.and_then(|before| before.group.as_ref());
        let both = [Effect::Wider, Effect::Outage];
        match (&now.group, then) {
            (None, Some(then)) => {
                let effect = self.judge.effect(&both);
                let message = format!("The group {} is not there any more", self.spec.address);
                let subject = subject_of(&then.group);
                let advice = Advice::exchange(
                    "Make the group again: it has a new id, so every scope and policy is made anew too",
                );
                let makes = |change: &Change| matches!(change, Change::CreateGroup(_) | Change::FillGroup(_));
                self.add_mended(Kind::GroupDeleted, effect, message, subject, advice, makes);
            }
            (Some(now), Some(then)) => {
                if id_of_group(&now.group) == id_of_group(&then.group) {
                    self.one_group(&now.group, &then.group);
                } else {
                    let effect = self.judge.effect(&both);
                    let message = "Another group has taken the address of the one in the snapshot: scopes and policies that \
                                   named the old one do not hold for it";
                    let advice = Advice::exchange("Find out who made it and why, then plan and apply");
                    self.add(Kind::GroupReplaced, effect, message, subject_of(&now.group), advice);
                }
            }
            _ => {}
        }
        if let Some(group) = &now.group {
            let is_new = then.is_none_or(|then| then.group.is_dir_synced != Some(true));
            if group.group.is_dir_synced == Some(true) && is_new {
                let message = "The group is synchronised from on-premises Active Directory: changes here are refused";
                let advice =
                    Advice::exchange("Change the group on-premises, or make a group of the cloud and plan for it");
                self.add(Kind::GroupSynchronised, Effect::Neither, message, subject_of(&group.group), advice);
            }
        }
    }

    fn one_group(&mut self, now: &DistributionGroup, then: &DistributionGroup) {
        let both = [Effect::Wider, Effect::Outage];
        let differs =
            |one: Option<&str>, other: Option<&str>| one.unwrap_or_default().trim() != other.unwrap_or_default().trim();
        if differs(now.name.as_deref(), then.name.as_deref())
            || differs(now.display_name.as_deref(), then.display_name.as_deref())
        {
            let effect = self.judge.effect(&both);
            let name = |group: &DistributionGroup| {
                group.display_name.clone().or_else(|| group.name.clone()).unwrap_or_default()
            };
            let message = format!("The group was renamed from \"{}\" to \"{}\"", name(then), name(now));
            let advice = Advice::exchange(
                "Test the role assignment or policy: whether its scope follows a new name is not documented",
            );
            let renames = |change: &Change| matches!(change, Change::AlterGroup(_));
            self.add_mended(Kind::GroupRenamed, effect, message, subject_of(now), advice, renames);
        }
        if now.primary_smtp_address != then.primary_smtp_address {
            let address = |group: &DistributionGroup| shown(group.primary_smtp_address.as_ref(), None);
            let message = format!("The address of the group was changed from {} to {}", address(then), address(now));
            let advice =
                Advice::spec("Set the new address in the spec, or the old one on the group: scopes go by its id");
            self.add(Kind::GroupAddressChanged, Effect::Neither, message, subject_of(now), advice);
        }
        if now.recipient_type_details != then.recipient_type_details {
            let effect = self.judge.effect(&both);
            let kind = now.recipient_type_details.as_deref().unwrap_or("an unknown type");
            let advice = Advice::exchange("Make a mail-enabled security group: no other is a scope");
            self.add(Kind::GroupTypeChanged, effect, format!("The group is now a {kind}"), subject_of(now), advice);
        }
        self.owners(now, then);
        if now.member_join_restriction != then.member_join_restriction {
            let is_closed = now.member_join_restriction.as_deref().is_some_and(|it| it.eq_ignore_ascii_case("Closed"));
            let how = now.member_join_restriction.as_deref().unwrap_or("unknown");
            let effect = self.judge.effect(&[Effect::Wider]);
            let kind = if is_closed { Kind::GroupPropertyChanged } else { Kind::JoiningOpened };
            let advice = Advice::exchange("Close joining, unless it was opened on purpose").with_command(format!(
                "Set-DistributionGroup -Identity '{}' -MemberJoinRestriction Closed -BypassSecurityGroupManagerCheck",
                id_of_group(now).map(|id| id.to_string()).unwrap_or_default()
            ));
            self.add(kind, effect, format!("Joining the group is now {how}"), subject_of(now), advice);
        }
        let others = |group: &DistributionGroup| {
            (
                group.alias.clone(),
                group.description.clone(),
                group.hidden_from_address_lists_enabled,
                group.require_sender_authentication_enabled,
                group.member_depart_restriction.clone(),
                group.email_addresses.clone(),
            )
        };
        if others(now) != others(then) && !self.has(Kind::GroupAddressChanged) {
            let advice = Advice::exchange("Look whether it is meant");
            let alters = |change: &Change| matches!(change, Change::AlterGroup(_));
            let message = "Properties of the group differ from the snapshot, none of which decides over access";
            self.add_mended(Kind::GroupPropertyChanged, Effect::Neither, message, subject_of(now), advice, alters);
        }
    }

    fn owners(&mut self, now: &DistributionGroup, then: &DistributionGroup) {
        let has =
            |group: &DistributionGroup, owner: &str| group.managed_by.iter().any(|it| it.eq_ignore_ascii_case(owner));
        let principal = self.now.application.as_ref().map(|application| application.id.to_string());
        for owner in now.managed_by.iter().filter(|owner| !has(then, owner)) {
            let is_application = principal.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(owner));
            let subject = Subject { id: Some(owner.clone()), ..subject_of(now) };
            let advice =
                Advice::exchange("Remove the owner, unless it is an administrator who is meant to own the group");
            if is_application {
                let message = "The application owns the group, and so can put any mailbox into it";
                self.add(Kind::ApplicationOwnsGroup, Effect::Wider, message, subject, advice);
            } else {
                // An owner can widen the reach of the application; whether one has, the members show.
                let message = format!("{owner} now owns the group, and can add members");
                self.add(Kind::OwnerAdded, Effect::Neither, message, subject, advice);
            }
        }
        for owner in then.managed_by.iter().filter(|owner| !has(now, owner)) {
            let subject = Subject { id: Some(owner.clone()), ..subject_of(now) };
            let advice = Advice::exchange("Look whether it is meant");
            let alters = |change: &Change| matches!(change, Change::AlterGroup(_));
            let message = format!("{owner} does not own the group any more");
            self.add_mended(Kind::OwnerRemoved, Effect::Neither, message, subject, advice, alters);
        }
    }

    pub(super) fn members(&mut self) {
        let (now, plan) = (self.now, self.plan);
        let Some(group) = &now.group else { return };
        let before = self.before.map(members_of);
        let rooms_before = self.before.map(rooms_of).unwrap_or_default();
        let difference = Difference::of(&plan.members, &plan.must_not_reach, self.spec.other_members, &group.members);
        let was_member = |id: Id| id.is_some_and(|id| before.as_ref().is_some_and(|before| before.contains_key(&id)));
        let unwanted = difference.denied.iter().chain(&difference.unexpected).map(|member| (*member, true));
        let kept = difference.kept.iter().map(|member| (*member, false));
        for (member, differs_from_spec) in unwanted.chain(kept) {
            let id = id_of_member(member);
            let name = shown(member.primary_smtp_address.as_ref(), member.display_name.as_deref());
            let kind_of_mailbox = member.recipient_type_details.as_deref().unwrap_or("of an unknown kind");
            let was_room = id.is_some_and(|id| rooms_before.contains_key(&id));
            let is_room = kind_of_mailbox.eq_ignore_ascii_case("RoomMailbox");
            // Whom the spec keeps is kept, also where a person has taken over what was a room.
            let is_kept_as_before = self.before.is_none() || (was_member(id) && (!was_room || is_room));
            if !differs_from_spec && is_kept_as_before {
                continue;
            }
            let (kind, effect, message) = if is_group(member) {
                let effect = self.judge.effect(&[Effect::Wider, Effect::Outage]);
                (
                    Kind::NestedGroupAdded,
                    effect,
                    format!("The group {name} is a member: a policy counts its members, a role does not"),
                )
            } else if was_room && !is_room {
                let message = format!("{name} was a room and is now a {kind_of_mailbox}, and still a member");
                (Kind::KindChanged, self.judge.of_unwanted(member), message)
            } else if !differs_from_spec {
                let message = format!("{name} ({kind_of_mailbox}) is a new member, which the spec keeps");
                (Kind::MemberAdded, self.judge.of_unwanted(member), message)
            } else {
                let message = format!("{name} ({kind_of_mailbox}) is a member, and the spec does not name it");
                (Kind::MemberAdded, self.judge.of_unwanted(member), message)
            };
            let advice = Advice::exchange("Ask who added it; remove it, or name it in the spec");
            let (address, id) = (member.primary_smtp_address.as_ref(), id.map(|id| id.to_string()));
            self.add_mended(kind, effect, message, member, advice, |change| {
                matches!(change, Change::RemoveMember(_)) && is_about(change, id.as_deref(), address)
            });
        }
        let missing: Vec<MailboxRef> = difference.missing.iter().map(|mailbox| (*mailbox).clone()).collect();
        for mailbox in missing {
            let is_new = mailbox.id.is_some_and(|id| self.before.is_some() && !rooms_before.contains_key(&id))
                && !was_member(mailbox.id)
                && now.rooms.iter().any(|room| id_of_room(room) == mailbox.id);
            let effect = self.judge.of_wanted(&mailbox);
            let subject =
                Subject { address: Some(mailbox.address.clone()), id: mailbox.id.map(|id| id.to_string()), kind: None };
            let (kind, message) = if is_new {
                (Kind::RoomAdded, format!("The room {} is new, and no member yet", mailbox.address))
            } else {
                (Kind::MemberRemoved, format!("{} is to be a member, and is none", mailbox.address))
            };
            let advice = Advice::exchange("Plan and apply");
            let id = mailbox.id.map(|id| id.to_string());
            self.add_mended(kind, effect, message, subject, advice, |change| {
                matches!(change, Change::AddMember(_)) && is_about(change, id.as_deref(), Some(&mailbox.address))
            });
        }
        // Members that are gone and that the spec does not ask for are noted, so that nobody wonders.
        let (Some(before), now_members) = (before, members_of(now)) else { return };
        let rooms_now = rooms_of(now);
        let told: BTreeSet<String> = self.found.iter().filter_map(|it| it.subject.id.clone()).collect();
        for (id, member) in before.iter().filter(|(id, _)| !now_members.contains_key(*id)) {
            let is_told = told.contains(&id.to_string());
            // Whoever is no room any more is told of with the rooms, and whom the spec names with what the spec lacks.
            let is_deleted_room = rooms_before.contains_key(id) && !rooms_now.contains_key(id);
            let named = self.spec.mailboxes.iter().chain(self.spec.rooms.addresses.iter().flatten());
            let is_named = named.into_iter().any(|address| {
                member.email_addresses.iter().chain(&member.primary_smtp_address).any(|known| known == address)
            });
            if !is_told && !is_deleted_room && !is_named {
                let name = shown(member.primary_smtp_address.as_ref(), member.display_name.as_deref());
                let message = format!("{name} is no member any more, which the spec does not ask for either");
                self.add(
                    Kind::MemberRemoved,
                    Effect::Neither,
                    message,
                    *member,
                    Advice::nobody("Nothing is to be done"),
                );
            }
        }
    }

    pub(super) fn rooms(&mut self) {
        let Some(before) = self.before else { return };
        let (now, then) = (rooms_of(self.now), rooms_of(before));
        let told: BTreeSet<String> = self.found.iter().filter_map(|it| it.subject.id.clone()).collect();
        for (id, room) in &now {
            let name = shown(room.primary_smtp_address.as_ref(), room.display_name.as_deref());
            let Some(old) = then.get(id) else {
                if !told.contains(&id.to_string()) {
                    let effect = match self.plan.members.iter().find(|mailbox| mailbox.id == Some(*id)) {
                        Some(mailbox) => self.judge.of_wanted(mailbox),
                        None => self.judge.effect(&[Effect::Wider]),
                    };
                    let advice =
                        Advice::nobody("Nothing is to be done: it is a member, or the spec does not select it");
                    self.add(Kind::RoomAdded, effect, format!("The room {name} is new"), room_subject(room), advice);
                }
                continue;
            };
            if room.primary_smtp_address != old.primary_smtp_address {
                let message = format!(
                    "The address of room {} was changed to {name}: the room is still a member, and whoever knows it by its old \
                     address does not find it",
                    shown(old.primary_smtp_address.as_ref(), None)
                );
                let advice = Advice::operator("Set the new address of the room in the product");
                self.add(Kind::RoomAddressChanged, Effect::Outage, message, room_subject(room), advice);
            }
            if room.display_name != old.display_name {
                let old_name = old.display_name.as_deref().unwrap_or_default();
                let message = format!("The room {name} was called \"{old_name}\"");
                let advice = Advice::nobody("Nothing is to be done: a name identifies nothing");
                self.add(Kind::RoomRenamed, Effect::Neither, message, room_subject(room), advice);
            }
            if room.hidden_from_address_lists_enabled == Some(true)
                && old.hidden_from_address_lists_enabled != Some(true)
            {
                let message =
                    format!("The room {name} was hidden from address lists, and so is missing in lists of places");
                let advice = Advice::exchange("Show it again, if the product takes its rooms from places");
                self.add(Kind::RoomHidden, Effect::Neither, message, room_subject(room), advice);
            }
        }
        for (id, room) in then.iter().filter(|(id, _)| !now.contains_key(*id)) {
            if told.contains(&id.to_string()) {
                continue;
            }
            let name = shown(room.primary_smtp_address.as_ref(), room.display_name.as_deref());
            let message = format!("The room {name} is gone, or no room any more");
            let advice = Advice::operator("Remove the room from the product; nothing is to be done in Exchange");
            self.add(Kind::RoomDeleted, Effect::Neither, message, room_subject(room), advice);
        }
    }
}

fn subject_of(group: &DistributionGroup) -> Subject {
    Subject {
        address: group.primary_smtp_address.clone(),
        id: id_of_group(group).map(|id| id.to_string()),
        kind: group.recipient_type_details.clone(),
    }
}
