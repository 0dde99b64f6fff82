//! The findings about the objects that a spec names. Those about what the application reaches are in
//! `access_findings.rs`.

use std::collections::BTreeSet;

use graph_client::exchange::{
    AtAddress, Cmdlet, ExchangeRecipient, Identity, NewManagementRoleAssignment, NewServicePrincipal,
    RemoveApplicationAccessPolicy, RemoveDistributionGroupMember, SetManagementScope, UpdateDistributionGroupMember,
};
use graph_client::{SmtpAddress, Uuid};

use super::forecast;
use crate::access::{
    Access, AccessModel, AccessPolicy, Fact, Level, ManagementScope, PolicyApplication, PolicyRight, Truth,
};
use crate::change::{Change, Step};
use crate::finding::{Advice, Finding, FindingKind as Kind, Severity, Subject};
use crate::membership::{Difference, MailboxRef, MailboxSet, ids_of_recipient};
use crate::observe::{Mailboxes, Observation};
use crate::observe::{Unread, UnreadPart, is_group};
use crate::restriction;
use crate::select::{Selection, Undecided, Unmatched};
use crate::spec::{OtherMembers, RestrictedCalendarGroup, Restriction, Scope};
use crate::text::{capitalised, count, some_of, thousands, with_article};
use Severity::{Blocking, Note, Warning};

pub(super) fn findings(
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    selection: &Selection,
    must_not_reach: &[MailboxRef],
    steps: &[Step],
) -> Vec<Finding> {
    let mut findings = Findings { spec, seen, found: Vec::new() };
    if spec.scope.is_group() {
        findings.group();
        findings.owners();
        findings.denying_policy();
    } else {
        findings.scope();
    }
    findings.rooms(selection);
    findings.mailboxes(selection);
    if spec.scope.is_group() {
        findings.members(selection, must_not_reach);
    }
    findings.must_not_reach(selection);
    findings.application();
    findings.other_applications(selection, must_not_reach);
    findings.namesakes();
    findings.organization(steps);
    findings.rights(steps);
    findings.unread();
    findings.found
}

struct Findings<'a> {
    spec: &'a RestrictedCalendarGroup,
    seen: &'a Observation,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, finding: Finding) {
        self.found.push(finding);
    }

    /// The scope of the role, where it is not the group.
    fn scope(&mut self) {
        let (message, advice) = match &self.spec.scope {
            Scope::AdministrativeUnit(unit) if self.seen.scope.as_ref().is_some_and(|it| it.exists == Some(false)) => (
                format!("No administrative unit has the object id {unit}"),
                Advice::spec("Give the object id of an administrative unit of this tenant, or use another scope."),
            ),
            Scope::Filter(filter) => {
                let name = restriction::scope_name(self.spec);
                let is_ours = |scope: &&ManagementScope| scope.name.eq_ignore_ascii_case(name.as_str());
                let has_it = restriction::scope_of_filter(self.spec, &self.seen.facts, filter).is_some();
                let Some(ours) = self.seen.facts.scopes.entries().iter().find(is_ours).filter(|_| !has_it) else {
                    return;
                };
                let condition = ours.filter.known().map_or("which was not read", String::as_str);
                (
                    format!("The management scope {name} has another condition than the spec: {condition}"),
                    Advice::exchange(
                        "If no other assignment uses the scope, set its condition to that of the spec; else remove its \
                         assignments first, and then the scope. Then plan again.",
                    )
                    .with_change(Change::AlterScope(SetManagementScope::filter(Identity::from(&name), filter.clone())))
                    .with_danger("A scope is changed for every role assignment that uses it, at once."),
                )
            }
            _ => return,
        };
        self.add(Finding::new(Blocking, Kind::BrokenScope, message, advice).at("scope"));
    }

    fn group(&mut self) {
        let address = &self.spec.address;
        if !self.seen.accepted_domains.iter().any(|domain| domain.eq_ignore_ascii_case(address.domain())) {
            let message = format!("The domain of {address} is not an accepted domain of this organisation");
            let advice = Advice::spec(format!("Use one of {}.", self.seen.accepted_domains.join(", ")));
            self.add(Finding::new(Blocking, Kind::DomainNotAccepted, message, advice).about(address).at("address"));
        }
        let Some(existing) = &self.seen.group else { return self.new_group() };
        let group = &existing.group;
        let subject = || Subject {
            address: Some(address.clone()),
            id: group.external_directory_object_id.or(group.guid).map(|id: Uuid| id.to_string()),
            kind: group.recipient_type_details.clone(),
        };
        if !group.is_security_group() {
            let kind = group.recipient_type_details.as_deref().unwrap_or("group of an unknown kind");
            let message = format!("{address} is {}, and not a mail-enabled security group", with_article(kind));
            let advice = Advice::spec(
                "Choose another address: Exchange cannot turn this group into a mail-enabled security group.",
            );
            self.add(Finding::new(Blocking, Kind::WrongGroupType, message, advice).about(subject()).at("address"));
        }
        if group.is_dir_synced == Some(true) {
            let message = format!("The group {address} is synchronised from on-premises Active Directory");
            let advice =
                Advice::spec("Choose another address: only groups that are managed in the cloud can be changed here.");
            self.add(Finding::new(Blocking, Kind::DirectorySynced, message, advice).about(subject()).at("address"));
        }
    }

    fn new_group(&mut self) {
        let address = &self.spec.address;
        match &self.seen.address_holder {
            None | Some(AtAddress::Nothing) => {}
            Some(AtAddress::One(holder)) => {
                let message = format!("{address} belongs to {}", describe(holder));
                let advice = Advice::spec("Choose another address.");
                self.add(Finding::new(Blocking, Kind::AddressTaken, message, advice).about(holder).at("address"));
            }
            Some(AtAddress::OnlyByName(others)) => {
                let who = some_of(others.iter().map(describe), 3);
                let message = format!("{address} is the name or alias of another object: {who}");
                let advice = Advice::spec(
                    "Choose another address: a command that names this one could act on that object, which is not ours.",
                );
                let subject = others.first().map_or_else(|| Subject::from(address), Subject::from);
                self.add(Finding::new(Blocking, Kind::AddressIsAName, message, advice).about(subject).at("address"));
            }
            Some(AtAddress::Several(holders)) => {
                let who = some_of(holders.iter().map(describe), 3);
                let message = format!("Several recipients have the address {address}: {who}");
                let advice =
                    Advice::spec("Choose another address, or have it removed from the recipients that are not meant.");
                self.add(Finding::new(Blocking, Kind::AmbiguousAddress, message, advice).about(address).at("address"));
            }
        }
        if let Some(other) = &self.seen.name_holder {
            let at = other.primary_smtp_address.as_ref().map(|address| format!(" at {address}")).unwrap_or_default();
            let message = format!("Another group{at} is called \"{}\"", self.spec.name);
            let advice = Advice::spec("Choose another name, or set address to that group's address to use the group.")
                .with_danger(
                    "A group that is used loses the members that the spec does not name, unless other_members is keep.",
                );
            let subject = Subject {
                address: other.primary_smtp_address.clone(),
                id: other.external_directory_object_id.or(other.guid).map(|id: Uuid| id.to_string()),
                kind: other.recipient_type_details.clone(),
            };
            self.add(Finding::new(Blocking, Kind::NameTaken, message, advice).about(subject).at("name"));
        }
        if let Some(policy) = self.seen.organization.distribution_group_naming_policy.as_deref()
            && !policy.trim().is_empty()
            && !policy.trim().eq_ignore_ascii_case("<GroupName>")
        {
            let message = format!("The organisation's naming policy \"{policy}\" applies to the new group");
            let advice = Advice::nobody("Its name will differ from the spec; its address will not.");
            self.add(Finding::new(Note, Kind::NamingPolicy, message, advice).at("name"));
        }
    }

    /// Exchange knows a policy by its application and its group: beside one that denies, one that restricts cannot be made.
    fn denying_policy(&mut self) {
        let Some(group) = self.seen.group.as_ref().filter(|_| self.spec.restriction == Restriction::Policy) else {
            return;
        };
        for policy in restriction::denying_policies(self.spec, &self.seen.facts, &restriction::ids_of(&group.group)) {
            let message = format!(
                "The access policy {} denies the members of the group, and the policy that restricts the application to them \
                 cannot be made beside it",
                policy.identity
            );
            let mut advice = Advice::exchange("Remove the policy, then plan again.").with_danger(
                "From then on the tenant-wide permission reaches whoever is in the group: remove members who are not meant \
                 only after a policy over another group denies them.",
            );
            if let Ok(identity) = policy.identity.parse() {
                advice = advice.with_change(Change::RemovePolicy(RemoveApplicationAccessPolicy::new(identity)));
            }
            let subject = Subject { id: Some(policy.identity.clone()), ..Subject::default() };
            self.add(Finding::new(Blocking, Kind::DenyPolicy, message, advice).about(subject).at("restriction"));
        }
    }

    fn owners(&mut self) {
        for (index, owner) in self.spec.owners.iter().enumerate() {
            let path = format!("owners[{index}]");
            match self.seen.recipient(owner) {
                None => {
                    let advice = Advice::spec("Name an existing mailbox, mail user or mail-enabled security group.");
                    self.nobody(Blocking, Kind::UnknownOwner, "The owner", owner, &path, advice);
                }
                Some(recipient) if !may_own(recipient) => {
                    let message = format!("The owner {owner} is {}", describe(recipient));
                    let advice = Advice::spec("Name a mailbox, a mail user or a mail-enabled security group.");
                    self.add(Finding::new(Blocking, Kind::UnfitOwner, message, advice).about(recipient).at(path));
                }
                Some(_) => {}
            }
        }
    }

    /// A finding about an address that does not lead to exactly one fitting recipient.
    fn nobody(
        &mut self,
        severity: Severity,
        kind: Kind,
        role: &str,
        address: &SmtpAddress,
        path: &str,
        advice: Advice,
    ) {
        let (kind, message, subject) = match self.seen.recipients.get(address) {
            Some(AtAddress::Several(several)) => (
                Kind::AmbiguousAddress,
                format!(
                    "{role} {address} is ambiguous, because several recipients have the address: {}",
                    some_of(several.iter().map(describe), 3)
                ),
                Subject::from(address),
            ),
            Some(AtAddress::OnlyByName(others)) => (
                kind,
                format!(
                    "{role} {address} does not exist in Exchange; it is the name or alias of {}",
                    some_of(others.iter().map(describe), 3)
                ),
                Subject::from(address),
            ),
            Some(AtAddress::One(recipient)) => {
                (kind, format!("{role} {address} is {}", describe(recipient)), Subject::from(recipient))
            }
            Some(AtAddress::Nothing) | None => {
                (kind, format!("{role} {address} does not exist in Exchange"), Subject::from(address))
            }
        };
        let advice = if kind == Kind::AmbiguousAddress {
            Advice::spec(
                "Name the one that is meant by an address that it alone has, or have the others lose this one.",
            )
        } else {
            advice
        };
        self.add(Finding::new(severity, kind, message, advice).about(subject).at(path));
    }

    fn rooms(&mut self, selection: &Selection) {
        for (list, (path, _)) in self.seen.room_lists.iter().zip(self.spec.rooms.lists()) {
            let address = &list.address;
            let kind = list.group.as_ref().and_then(|group| group.recipient_type_details.as_deref());
            if kind != Some("RoomList") {
                let what =
                    kind.map_or_else(|| "does not exist".to_owned(), |kind| format!("is {}", with_article(kind)));
                let message = format!("The room list {address} {what}");
                let advice = Advice::spec("Name the address of a room list, or name the rooms themselves.");
                let finding = Finding::new(Blocking, Kind::NotARoomList, message, advice);
                self.add(finding.about(address).at(&path));
            }
            if !list.nested.is_empty() {
                let lists = some_of(&list.nested, 5);
                let message = format!("The room list {address} has room lists in it: {lists}");
                let advice = Advice::nobody("Their rooms are selected too.");
                let finding = Finding::new(Note, Kind::NestedRoomList, message, advice);
                self.add(finding.about(address).at(path));
            }
        }
        for room in &selection.unmatched_rooms {
            self.unmatched_room(room);
        }
        for (path, member) in &selection.other_list_members {
            let message = format!("A member of the room list is no room of Exchange Online: {}", describe(member));
            let advice = Advice::nobody(
                "It is left out: only room mailboxes of Exchange Online can be reached. Remove it from the room list if it \
                 does not belong there.",
            );
            let finding = Finding::new(Warning, Kind::NotARoom, message, advice);
            self.add(finding.about(member).at(path));
        }
        for Unmatched { address, path } in &selection.unmatched_exclusions {
            let message = format!("The room {address} is excluded, and is not among the rooms");
            let advice = Advice::spec(
                "Correct the address, or remove the exclusion: with a mistake in it the room is not excluded.",
            );
            self.add(Finding::new(Note, Kind::UnmatchedExclusion, message, advice).about(address).at(path));
        }
        self.places(selection);
        if selection.rooms == 0 {
            let rooms = count(self.seen.rooms.len(), "room");
            let finding = if selection.undecided.is_empty() {
                let message = format!("The spec selects none of the {rooms} of the tenant{}", self.what_exists());
                let advice = Advice::spec(
                    "Correct which rooms it selects: a group is not emptied by a search that found nothing.",
                );
                Finding::new(Blocking, Kind::NoRooms, message, advice)
            } else {
                let message = format!(
                    "None of the {rooms} of the tenant is known to match the spec; of {} it is unknown",
                    selection.undecided.len()
                );
                let advice = Advice::operator(
                    "Plan again when their places are known: a group is not emptied by a search that found nothing.",
                );
                Finding::new(Blocking, Kind::NoRooms, message, advice)
            };
            self.add(finding.at("rooms"));
        }
    }

    /// Where Exchange's mailboxes and its places disagree about what the filter asks for.
    fn places(&mut self, selection: &Selection) {
        // Where no place could be read one finding says so, and not one for every room.
        let are_known = self.seen.places.as_ref().is_some_and(|places| places.known().is_some());
        for Undecided { room, is_member } in selection.undecided.iter().filter(|_| are_known) {
            let what = if *is_member { "It stays a member" } else { "It is not added" };
            let message = format!(
                "Whether the room {} matches the filter is unknown: Exchange has the mailbox, and Get-Place does not list it",
                room.address
            );
            let advice = Advice::operator(format!(
                "{what}. Plan again in up to 48 hours: places follow new mailboxes with a delay."
            ));
            self.add(
                Finding::new(Warning, Kind::UndecidedRoom, message, advice).about(&room.address).at("rooms.filter"),
            );
        }
        for place in &selection.places_without_room {
            let shown = place.identity.as_deref().or(place.display_name.as_deref()).unwrap_or("without an address");
            let message = format!("The place {shown} matches the filter, and Exchange Online has no such room mailbox");
            let advice = Advice::nobody(
                "It is left out: a mailbox that is on-premises or deleted cannot be reached by the application.",
            );
            let subject = Subject { address: shown.parse().ok(), id: None, kind: place.kind.clone() };
            let finding = Finding::new(Note, Kind::PlaceWithoutRoom, message, advice);
            self.add(finding.about(subject).at("rooms.filter"));
        }
    }

    /// The buildings and floors that exist, where the filter asks for one that does not.
    fn what_exists(&self) -> String {
        let Some(filter) = &self.spec.rooms.filter else { return String::new() };
        let places = self.seen.places.as_ref().map_or(&[][..], Fact::entries);
        let distinct = |values: &mut dyn Iterator<Item = String>| -> BTreeSet<String> {
            values.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
        };
        let buildings = distinct(&mut places.iter().filter_map(|place| place.building.clone()));
        let floors =
            distinct(&mut places.iter().flat_map(|place| {
                place.floor.map(|floor| floor.to_string()).into_iter().chain(place.floor_label.clone())
            }));
        let mut exist = String::new();
        for (what, wanted, found) in [("buildings", &filter.building, buildings), ("floors", &filter.floor, floors)] {
            let is_there = |wanted: &String| found.iter().any(|it| it.to_lowercase() == wanted.trim().to_lowercase());
            if wanted.as_ref().is_some_and(|wanted| !is_there(wanted)) && !found.is_empty() {
                exist.extend(["; the ", what, " are ", &some_of(found, 20)]);
            }
        }
        exist
    }

    fn unmatched_room(&mut self, Unmatched { address, path }: &Unmatched) {
        let advice = match self.seen.recipient(address) {
            Some(recipient) if recipient.is_mailbox() => {
                Advice::spec("Name it under mailboxes if the application is to reach it, or leave it out.")
            }
            _ => Advice::spec(
                "Correct the address or leave it out: only room mailboxes of Exchange Online count. To go on without \
                 such rooms, set skip_unmatched_rooms.",
            ),
        };
        let (severity, kind) =
            if self.spec.skip_unmatched_rooms { (Warning, Kind::SkippedRoom) } else { (Blocking, Kind::UnmatchedRoom) };
        self.nobody(severity, kind, "The room", address, path, advice);
    }

    fn mailboxes(&mut self, selection: &Selection) {
        for Unmatched { address, path } in &selection.unmatched_mailboxes {
            let advice = Advice::spec("Name a mailbox of Exchange Online.");
            self.nobody(Blocking, Kind::UnknownMailbox, "The mailbox", address, path, advice);
        }
    }

    fn members(&mut self, selection: &Selection, must_not_reach: &[MailboxRef]) {
        let members = selection.members.len();
        if members > UpdateDistributionGroupMember::MAX_MEMBERS {
            let message = format!(
                "The group would have {}, and Exchange takes {}",
                count(members, "member"),
                thousands(UpdateDistributionGroupMember::MAX_MEMBERS)
            );
            let advice = Advice::spec(
                "Divide the rooms over several groups with one spec each, and name the other groups in other_groups of \
                 each.",
            );
            self.add(Finding::new(Blocking, Kind::TooManyMembers, message, advice).at("rooms"));
        }
        let Some(existing) = &self.seen.group else { return };
        let present = &existing.members;
        let difference = Difference::of(&selection.members, must_not_reach, self.spec.other_members, present);
        let removed = difference.removals().count();
        if removed > 5 && removed * 2 > present.len() && !self.spec.allow_large_removal {
            let message = format!("The plan removes {removed} of {}", count(present.len(), "member"));
            let advice = Advice::spec("Correct the spec; if the removal is meant, set allow_large_removal.");
            self.add(Finding::new(Blocking, Kind::LargeRemoval, message, advice).at("rooms"));
        }
        self.opened_by_removal(&difference, selection, must_not_reach);
        for member in difference.removals().filter(|member| member.identity().is_none()) {
            let message = format!("A member of the group has neither an id nor an address: {}", describe(member));
            let advice = Advice::exchange("Remove it in the Exchange admin center: no command can name it.");
            self.add(Finding::new(Warning, Kind::UnidentifiedMember, message, advice).about(member));
        }
        if !difference.kept.is_empty() {
            let some = some_of(difference.kept.iter().map(|member| describe(member)), 5);
            let message =
                format!("{} stay that the spec does not name: {some}", count(difference.kept.len(), "member"));
            let advice = Advice::spec("The application reaches them. Set other_members to remove if it is not to.");
            self.add(Finding::new(Note, Kind::KeptMembers, message, advice).at("other_members"));
        }
        if self.spec.other_members == OtherMembers::Keep {
            for group in difference.kept.iter().filter(|member| is_group(member)) {
                let (effect, severity) = match self.spec.restriction {
                    Restriction::Policy => ("by Microsoft's page the policy counts its members too", Warning),
                    Restriction::Rbac => ("the role does not reach its members", Note),
                };
                let message = format!("The group has a group as a member: {}; {effect}", describe(group));
                let mut advice = Advice::exchange(
                    "Remove the group from the members. Whoever writes the spec names the mailboxes that are meant under \
                     mailboxes.",
                );
                if let (Some(ours), Some(member)) = (existing.group.identity(), group.identity()) {
                    let ours = ours.shown_as(&self.spec.address);
                    advice = advice.with_change(Change::RemoveMember(
                        RemoveDistributionGroupMember::new(ours, member).bypass_manager_check(true),
                    ));
                }
                self.add(Finding::new(severity, Kind::NestedGroup, message, advice).about(*group).at("other_members"));
            }
        }
    }

    /// A member that leaves a group whose members a policy denies is denied no more, while a tenant-wide permission still
    /// reaches it.
    fn opened_by_removal(&mut self, difference: &Difference<'_>, selection: &Selection, must_not_reach: &[MailboxRef]) {
        let own = |policy: &AccessPolicy| {
            policy.right == PolicyRight::Deny
                && match policy.application {
                    PolicyApplication::Every => true,
                    PolicyApplication::One(id) => id == *self.spec.application.as_uuid(),
                }
        };
        if difference.removals().next().is_none() || !self.seen.facts.policies.entries().iter().any(own) {
            return;
        }
        let after = forecast::facts_between(self.spec, self.seen, &selection.members, must_not_reach);
        let (before, after) = (AccessModel::new(&self.seen.facts), AccessModel::new(&after));
        let is_opened = |member: &&ExchangeRecipient| {
            let Some(mailbox) = MailboxRef::of_recipient(member) else { return false };
            let facts = Mailboxes::of(self.seen).facts(&mailbox);
            let access = |model: &AccessModel<'_>| model.reach(&facts, Level::Events).verdict;
            access(&before) != Access::Allowed && access(&after) != Access::Denied
        };
        let opened: Vec<String> = difference.removals().filter(is_opened).map(describe).collect();
        if opened.is_empty() {
            return;
        }
        let message = format!(
            "An access policy denies the members of the group to the application, and a tenant-wide permission reaches \
             everybody else: removing these members would open their mailboxes: {}",
            some_of(&opened, 5)
        );
        let advice = Advice::exchange(
            "Keep them denied by another group first: create a mail-enabled security group with these members, and a \
             DenyAccess policy of the application over it (New-ApplicationAccessPolicy). Then plan again. Once the \
             tenant-wide permission is revoked, the policies have no effect and can go.",
        )
        .with_danger("Apply the plan only once the new policy has propagated.");
        self.add(Finding::new(Blocking, Kind::RemovalWidens, message, advice).at("rooms"));
    }

    fn must_not_reach(&mut self, selection: &Selection) {
        if self.spec.must_not_reach.is_empty() {
            let message = "The spec names no mailbox that must not be reached";
            let advice = Advice::spec(
                "Name at least one, such as a manager's mailbox, and not only administrators': without one nothing shows \
                 that the restriction restricts.",
            );
            self.add(Finding::new(Warning, Kind::NoDeniedMailbox, message, advice).at("must_not_reach"));
        }
        let members = MailboxSet::of_refs(&selection.members);
        for (index, address) in self.spec.must_not_reach.iter().enumerate() {
            let path = format!("must_not_reach[{index}]");
            let recipient = self.seen.recipient(address);
            let keys = [(None, Some(address))].into_iter().chain(recipient.map(ids_of_recipient));
            if keys.into_iter().any(|key| members.has(key)) {
                let message = format!("{address} must not be reached, and the spec makes it a member of the group");
                let advice = Advice::spec("Exclude it from the rooms and mailboxes, or remove it from must_not_reach.");
                self.add(Finding::new(Blocking, Kind::DeniedMailboxIsMember, message, advice).about(address).at(path));
            } else if !recipient.is_some_and(ExchangeRecipient::is_mailbox) {
                let advice = Advice::spec(
                    "Name an existing mailbox: only a mailbox that could be reached shows anything by being refused.",
                );
                self.nobody(Blocking, Kind::UnknownDeniedMailbox, "The mailbox", address, &path, advice);
            }
        }
    }

    fn application(&mut self) {
        let app = self.spec.application;
        let facts = &self.seen.facts;
        if facts.service_principal == Fact::Read(None) {
            let message = format!("The application {app} has no service principal in this tenant");
            let advice = Advice::spec(
                "Set application to the client id (not an object id, not a secret's id). If it is right, an administrator \
                 of Entra grants the application admin consent in this tenant.",
            );
            self.add(Finding::new(Blocking, Kind::UnknownApplication, message, advice).at("application"));
        }
        if let Fact::Read(crate::access::SignIn::Disabled { .. }) = facts.sign_in {
            let message = format!("Sign-in of the application {app} is disabled in Entra");
            let mut advice = Advice::entra(
                "Once the restriction is in place, enable it under Enterprise applications > the application > Properties, \
                 and verify: until then it gets no token to verify with. Tokens that it has live on for up to 24 hours.",
            )
            .with_danger("Enabled before the restriction has propagated, it reaches whatever its tenant-wide permissions reach.");
            if let Some(application) = &self.seen.application {
                advice = advice.with_command(format!(
                    "Update-MgServicePrincipal -ServicePrincipalId '{}' -AccountEnabled:$true",
                    application.id
                ));
            }
            self.add(Finding::new(Warning, Kind::ApplicationDisabled, message, advice).at("application"));
        }
        if let (Some(entra), Fact::Read(Some(exchange))) = (&self.seen.application, &facts.exchange_principal)
            && exchange.object_id != Some(entra.id)
        {
            let message = format!(
                "Exchange has registered the application {app} under an object id that is not its service principal's"
            );
            let mut advice = Advice::exchange(
                "Remove that registration, and plan again: a role that is assigned to it reaches nothing.",
            );
            if let Some(id) = exchange.object_id {
                advice = advice.with_change(Change::UnregisterApplication(
                    graph_client::exchange::RemoveServicePrincipal::new(id),
                ));
            }
            self.add(Finding::new(Blocking, Kind::ApplicationMismatch, message, advice).at("application"));
        }
        for (index, address) in self.spec.other_groups.iter().enumerate() {
            if matches!(self.seen.other_groups.get(address), None | Some(None)) {
                let message = format!("The other group {address} does not exist");
                let advice = Advice::operator("Apply the spec of that group too, or remove it from other_groups.");
                let finding = Finding::new(Warning, Kind::UnknownOtherGroup, message, advice);
                self.add(finding.about(address).at(format!("other_groups[{index}]")));
            }
        }
    }

    /// The other applications that reach the members of the group, and the members that they gain by this plan.
    fn other_applications(&mut self, selection: &Selection, must_not_reach: &[MailboxRef]) {
        let others = &self.seen.other_applications;
        let Some(existing) = self.seen.group.as_ref().filter(|_| !others.is_empty()) else { return };
        let who = some_of(others.iter().map(|other| format!("{} by {}", other.application, other.by)), 5);
        let difference = Difference::of(&selection.members, must_not_reach, self.spec.other_members, &existing.members);
        let gained = match difference.missing.len() {
            0 => String::new(),
            comes => {
                let some = some_of(difference.missing.iter().map(|mailbox| &mailbox.address), 3);
                format!(". They gain the {} that this plan adds: {some}", count(comes, "mailbox"))
            }
        };
        let message = format!("Other applications reach the members of the group as well: {who}{gained}");
        let advice = Advice::exchange(
            "If that is not meant, restrict them to a group of their own, or choose another address for this one: whoever \
             becomes a member is reached by them too.",
        );
        self.add(Finding::new(Warning, Kind::OtherApplications, message, advice).about(&self.spec.address));
    }

    /// The product may use another registration than the one that is restricted: its own flow of consent makes a new one.
    fn namesakes(&mut self) {
        for other in self.seen.namesakes.entries() {
            let how = match other.is_tenant_wide {
                Truth::Yes => "reads",
                Truth::Unknown => "may read",
                Truth::No => continue,
            };
            let message = format!(
                "Another application is called \"{}\", {}, and {how} every calendar of the tenant by {}: the product may use \
                 that one, which this restriction does not touch",
                other.name,
                other.application,
                if other.permissions.is_empty() { "what could not be read" } else { &other.permissions[0] },
            );
            let advice = Advice::entra(
                "Find out which of the two the product uses, by their sign-ins. Restrict that one, and retire the other.",
            );
            let subject = Subject {
                id: Some(other.application.to_string()),
                kind: Some("Application".to_owned()),
                address: None,
            };
            self.add(Finding::new(Warning, Kind::Namesake, message, advice).about(subject).at("application"));
        }
    }

    fn organization(&mut self, steps: &[Step]) {
        let assigns = steps.iter().any(|step| matches!(step.change, Change::AssignRole(_) | Change::AlterRole(_)));
        if self.spec.restriction == Restriction::Rbac && assigns && self.seen.organization.is_dehydrated == Some(true) {
            let message =
                "The Exchange organisation has never been customised (IsDehydrated), so no role can be assigned";
            let advice = Advice::exchange(
                "Run the command once, wait for an hour, and plan again. For up to two hours assignments are refused, first \
                 as if the organisation were not customised, then as if a delegating assignment were missing. Wait, and \
                 change nothing.",
            )
            .with_change(Change::CustomizeOrganization(graph_client::exchange::EnableOrganizationCustomization::new()));
            self.add(Finding::new(Blocking, Kind::Dehydrated, message, advice));
        }
        if steps.iter().any(|step| matches!(step.change, Change::RevokePermission(_))) {
            let message = "After the tenant-wide permission is revoked, and until the role has propagated, the application may \
                           reach no calendar";
            let seen = self.spec.longest_propagation.as_deref().map(|seen| format!(", and {seen}")).unwrap_or_default();
            let advice =
                Advice::operator(format!("Choose the time: Microsoft says 30 minutes to two hours for a role{seen}."));
            self.add(Finding::new(Note, Kind::Outage, message, advice).at("revoke_tenant_wide_grant"));
        }
    }

    /// One finding for each part that could not be read, however many calls it takes.
    fn unread(&mut self) {
        let who = self.seen.called_administrator();
        let mut parts: Vec<(UnreadPart, Vec<&Unread>)> = Vec::new();
        for unread in &self.seen.unread {
            match parts.iter_mut().find(|(part, _)| *part == unread.what) {
                Some((_, calls)) => calls.push(unread),
                None => parts.push((unread.what, vec![unread])),
            }
        }
        for (part, calls) in parts {
            let is_denied = calls.iter().any(|unread| unread.is_denied);
            let errors: Vec<&str> = calls.iter().map(|unread| unread.error.as_str()).collect();
            let message = format!("{} could not be read: {}", part.description(), errors.join("; "));
            // Places are read only where the filter asks for what they show.
            let is_needed = part == UnreadPart::Places
                || match self.spec.restriction {
                    // Whether a scope is there already decides what is made, where the role is not over the group.
                    Restriction::Rbac if part == UnreadPart::Scopes => !self.spec.scope.is_group(),
                    Restriction::Rbac => matches!(part, UnreadPart::Entra | UnreadPart::Roles),
                    Restriction::Policy => part == UnreadPart::Policies,
                };
            let finding = match (part, is_needed, is_denied) {
                (UnreadPart::Cmdlets, ..) => {
                    let advice = Advice::nobody("Whether a role is missing shows when a step needs it.");
                    Finding::new(Note, Kind::NotRead, message, advice)
                }
                (_, true, true) => Finding::new(Blocking, Kind::MissingRight, message, needed_rights(&who)),
                (_, true, false) => {
                    let advice = Advice::operator("Plan again: without it the plan would be a guess.");
                    Finding::new(Blocking, Kind::NotRead, message, advice)
                }
                (_, false, true) => Finding::new(Note, Kind::NotRead, message, right_to_read(part, &who)),
                (_, false, false) => {
                    let advice = Advice::operator("Plan again. Until it is read, what needs it is unknown.");
                    Finding::new(Note, Kind::NotRead, message, advice)
                }
            };
            self.found.push(finding);
        }
    }

    fn rights(&mut self, steps: &[Step]) {
        let Some(cmdlets) = &self.seen.cmdlets else { return };
        let mut needed: Vec<&str> = steps.iter().filter_map(|step| step.change.cmdlet()).collect();
        // What could not be read may still have to be made.
        if self.spec.restriction == Restriction::Rbac && self.seen.facts.exchange_principal.whole().is_none() {
            needed.extend([NewServicePrincipal::NAME, NewManagementRoleAssignment::NAME]);
        }
        let mut missing: Vec<_> = needed.into_iter().filter(|name| !cmdlets.contains(name)).collect();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            let who = self.seen.called_administrator();
            let message = format!("{} may not run {}", capitalised(&who), missing.join(", "));
            self.add(Finding::new(Blocking, Kind::MissingRight, message, needed_rights(&who)));
        }
    }
}

fn needed_rights(administrator: &str) -> Advice {
    Advice::entra(format!(
        "Assign {administrator} the Entra role Exchange Administrator, and grant it the application permission \
         Application.Read.All on Microsoft Graph; both are in new tokens only."
    ))
    .with_danger("Never assign them to the restricted application: it could lift its own restriction.")
}

/// What the administering application needs to read a part that the plan can do without.
fn right_to_read(part: UnreadPart, administrator: &str) -> Advice {
    match part {
        UnreadPart::Entra => Advice::entra(format!(
            "Grant {administrator} the application permission Application.Read.All on Microsoft Graph. Until it is read, \
             what needs it is unknown."
        )),
        UnreadPart::DirectoryRoles | UnreadPart::Owners | UnreadPart::DelegatedPermissions => Advice::entra(format!(
            "Grant {administrator} the application permissions Directory.Read.All, RoleManagement.Read.Directory and \
             RoleEligibilitySchedule.Read.Directory on Microsoft Graph. Until it is read, what needs it is unknown."
        )),
        _ => Advice::entra(format!(
            "Assign {administrator} the Entra role Exchange Administrator. Until it is read, what needs it is unknown."
        )),
    }
    .with_danger("Never assign it to the restricted application: it could lift its own restriction.")
}

/// Mailboxes, mail users and mail-enabled security groups can own a group.
fn may_own(recipient: &ExchangeRecipient) -> bool {
    recipient.is_mailbox()
        || matches!(
            recipient.recipient_type_details.as_deref(),
            Some("MailUser" | "GuestMailUser" | "RemoteUserMailbox" | "MailUniversalSecurityGroup") | None
        )
}

/// `a MailUser: "Jo Doe" <jo@contoso.com>`
fn describe(recipient: &ExchangeRecipient) -> String {
    let kind = with_article(recipient.recipient_type_details.as_deref().unwrap_or("recipient"));
    match (&recipient.display_name, &recipient.primary_smtp_address) {
        (Some(name), Some(address)) => format!("{kind}: \"{name}\" <{address}>"),
        (None, Some(address)) => format!("{kind}: {address}"),
        (Some(name), None) => format!("{kind}: \"{name}\""),
        (None, None) => kind,
    }
}
