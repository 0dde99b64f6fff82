use std::fmt;

use graph_client::exchange::{AccessRight, Recipient};
use serde::{Deserialize, Serialize};

use super::steps::unwanted;
use super::{Change, Step};
use crate::discover::{Roll, Selection, key_of};
use crate::observe::{Unread, UnreadPart};
use crate::roles::opens_calendars;
use crate::{CalendarPermission, Observation, OtherMembers, RestrictedCalendarGroup, Restriction};

/// Something that an administrator should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is, to branch on.
    pub kind: FindingKind,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// The plan cannot be applied before it is dealt with.
    Blocking,
    /// The plan can be applied, and the restriction will not hold, or cannot be proven, as long as it stands.
    Warning,
    /// Good to know.
    Note,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// The address of the group is in a domain that the organisation does not accept.
    DomainNotAccepted,
    /// The address of the group belongs to something else.
    AddressTaken,
    /// The name of the group belongs to another group.
    NameTaken,
    /// The group is of a kind that carries no permission.
    WrongGroupType,
    /// The group is kept on premises.
    DirectorySynced,
    /// An owner does not exist.
    UnknownOwner,
    /// An owner is of a kind that can own no group.
    UnfitOwner,
    /// An address among the rooms is not a room mailbox.
    NotARoom,
    /// The address of the room list is not that of a room list.
    NotARoomList,
    /// A further mailbox does not exist.
    UnknownMailbox,
    /// A mailbox that must stay closed does not exist.
    UnknownClosedMailbox,
    /// A mailbox that must stay closed is a member by the spec.
    ClosedMailboxIsMember,
    /// The spec selects no room.
    NoRooms,
    /// The group would have more members than Exchange takes.
    TooManyMembers,
    /// The plan removes more than half of the members.
    LargeRemoval,
    /// The application does not exist in the tenant.
    UnknownApplication,
    /// Exchange knows the application under another object id.
    ApplicationMismatch,
    /// The tenant has never been customised, so no role can be assigned.
    Dehydrated,
    /// The caller may not run a cmdlet that the plan needs.
    MissingRole,
    /// The application holds a calendar permission for every mailbox, which makes the role meaningless.
    TenantWideGrant,
    /// The application holds no tenant-wide calendar permission that the policy could narrow.
    NothingToNarrow,
    /// The application has another role over calendars, beside the one over the group.
    OtherRole,
    /// Another access policy concerns the application.
    OtherPolicy,
    /// A group is a member of the group.
    NestedGroup,
    /// A room is left out that is not there.
    IdleException,
    /// The spec names no mailbox that must stay closed.
    NothingMustStayClosed,
    /// A naming policy changes the name of the group.
    NamingPolicy,
    /// Something could not be read.
    NotRead,
    /// Exchange's own test shows the restriction, and the live service does not act on it yet.
    NotInEffectYet,
    /// Steps of the plan are not done.
    Drift,
    /// Between the end of the tenant-wide permission and the effect of the role the application may read nothing.
    Outage,
    /// The tenant-wide permission gives more than the spec says, which a policy does not change.
    WiderGrant,
    /// The group has members that the spec does not name and keeps.
    KeptMembers,
    /// The tenant is not the one that the plan was made for.
    OtherTenant,
}

impl Finding {
    pub(crate) fn new(
        severity: Severity,
        kind: FindingKind,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { severity, kind, message: message.into(), advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.message, self.advice)
    }
}

use FindingKind as Kind;
use Severity::{Blocking, Note, Warning};

pub(super) fn findings(
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    selection: &Selection,
    steps: &[Step],
) -> Vec<Finding> {
    let mut findings = Findings { spec, seen, found: Vec::new() };
    findings.group();
    findings.owners();
    findings.rooms(selection);
    findings.members(selection);
    findings.closed(selection);
    findings.application();
    findings.rights(steps);
    findings.unread();
    findings.found.sort_by_key(|finding| finding.severity);
    findings.found
}

struct Findings<'a> {
    spec: &'a RestrictedCalendarGroup,
    seen: &'a Observation,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, severity: Severity, kind: Kind, message: impl Into<String>, advice: impl Into<String>) {
        self.found.push(Finding::new(severity, kind, message, advice));
    }

    fn group(&mut self) {
        let address = &self.spec.address;
        if !self.seen.accepted_domains.iter().any(|domain| domain.eq_ignore_ascii_case(address.domain())) {
            self.add(
                Blocking,
                Kind::DomainNotAccepted,
                format!("The domain of {address} is not an accepted domain of this organisation"),
                format!("Use one of {}.", self.seen.accepted_domains.join(", ")),
            );
        }
        if let Some(existing) = &self.seen.group {
            let group = &existing.group;
            if !group.is_security_group() {
                let kind = group.recipient_type_details.as_deref().unwrap_or("group of an unknown kind");
                self.add(
                    Blocking,
                    Kind::WrongGroupType,
                    format!("{address} is a {kind}, which carries no permission"),
                    "Choose another address, or remove that group: Exchange cannot turn it into a mail-enabled \
                     security group.",
                );
            }
            if group.is_dir_synced == Some(true) {
                self.add(
                    Blocking,
                    Kind::DirectorySynced,
                    format!("The group {address} is kept on premises"),
                    "Choose another address: a group that lives in the cloud alone can be kept from here.",
                );
            }
            return;
        }
        if let Some(holder) = &self.seen.address_holder {
            self.add(
                Blocking,
                Kind::AddressTaken,
                format!("{address} belongs to {}", describe(holder)),
                "Choose another address, or take it away from there.",
            );
        }
        if let Some(other) = &self.seen.name_holder {
            let at = other.primary_smtp_address.as_ref().map(|address| format!(" at {address}")).unwrap_or_default();
            self.add(
                Blocking,
                Kind::NameTaken,
                format!("Another group{at} is called \"{}\"", self.spec.name),
                "Give that group's address in the spec to use it, or choose another name.",
            );
        }
        if let Some(policy) = self.seen.organization.distribution_group_naming_policy.as_deref()
            && !policy.trim().is_empty()
            && !policy.trim().eq_ignore_ascii_case("<GroupName>")
        {
            self.add(
                Note,
                Kind::NamingPolicy,
                format!("The organisation's naming policy \"{policy}\" applies to the new group"),
                "Its name will differ from the spec; its address will not.",
            );
        }
    }

    fn owners(&mut self) {
        for owner in &self.spec.owners {
            match self.seen.recipient(owner) {
                None => self.add(
                    Blocking,
                    Kind::UnknownOwner,
                    format!("The owner {owner} does not exist in Exchange"),
                    "Name an existing mailbox, mail user or mail-enabled security group.",
                ),
                Some(recipient) if !may_own(recipient) => self.add(
                    Blocking,
                    Kind::UnfitOwner,
                    format!("The owner {owner} is {}", describe(recipient)),
                    "Name a mailbox, a mail user or a mail-enabled security group.",
                ),
                Some(_) => {}
            }
        }
    }

    fn rooms(&mut self, selection: &Selection) {
        if let (Some(list), Some(address)) = (&self.seen.room_list, &self.spec.rooms.room_list) {
            let kind = list.group.as_ref().and_then(|group| group.recipient_type_details.as_deref());
            if kind != Some("RoomList") {
                let what = kind.map_or_else(|| "does not exist".to_owned(), |kind| format!("is a {kind}"));
                let advice = "Name the address of a room list, or name the rooms themselves.";
                self.add(Blocking, Kind::NotARoomList, format!("The room list {address} {what}"), advice);
            }
        }
        for address in &selection.not_rooms {
            let what = match self.seen.recipient(address) {
                None if self.spec.rooms.room_list.is_some() => "is in the room list and no room mailbox".to_owned(),
                None => "does not exist in Exchange".to_owned(),
                Some(recipient) => format!("is {}", describe(recipient)),
            };
            let advice = match self.seen.recipient(address) {
                Some(recipient) if recipient.is_mailbox() => {
                    "Name it under mailboxes if the application is to reach it, or leave it out."
                }
                _ => "Correct the address or leave it out: only room mailboxes of Exchange Online count.",
            };
            // A room list may well hold rooms that are kept on premises; the rooms that were named must be rooms.
            let severity = if self.spec.rooms.addresses.is_some() { Blocking } else { Warning };
            self.add(severity, Kind::NotARoom, format!("The room {address} {what}"), advice);
        }
        for address in &selection.idle_exceptions {
            let message = format!("The room {address} is left out, but was not among the rooms");
            self.add(Note, Kind::IdleException, message, "Check the address: a mistake would let the room in.");
        }
        for address in &selection.unknown_mailboxes {
            let what = self.seen.recipient(address).map_or_else(
                || "does not exist in Exchange".to_owned(),
                |recipient| format!("is {}", describe(recipient)),
            );
            let advice = "Name a mailbox of Exchange Online.";
            self.add(Blocking, Kind::UnknownMailbox, format!("The mailbox {address} {what}"), advice);
        }
        if selection.rooms.is_empty() {
            self.add(
                Blocking,
                Kind::NoRooms,
                format!("The spec selects none of the {} rooms of the tenant", self.seen.rooms.len()),
                "Check which rooms it names; a group is not emptied by a search that found nothing.",
            );
        }
    }

    fn members(&mut self, selection: &Selection) {
        let count = selection.members().count();
        if count > graph_client::exchange::UpdateDistributionGroupMember::MAX_MEMBERS {
            let message = format!("The group would have {count} members; Exchange takes 10,000");
            self.add(Blocking, Kind::TooManyMembers, message, "Split the rooms over several groups.");
        }
        let Some(existing) = &self.seen.group else { return };
        let (removed, present) = (unwanted(self.spec, self.seen, selection).count(), existing.members.len());
        if removed > 5 && removed * 2 > present && !self.spec.allow_large_removal {
            self.add(
                Blocking,
                Kind::LargeRemoval,
                format!("The plan removes {removed} of {present} members"),
                "Check the spec; if that is what is meant, set allow_large_removal.",
            );
        }
        if self.spec.other_members == OtherMembers::Keep {
            let wanted = Roll::of_targets(selection.members());
            let going: Vec<_> = unwanted(self.spec, self.seen, selection).map(key_of).collect();
            let kept: Vec<_> = existing
                .members
                .iter()
                .filter(|member| !wanted.has(key_of(member)) && !going.contains(&key_of(member)))
                .map(describe)
                .collect();
            if !kept.is_empty() {
                let some = kept.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
                let message = format!("{} members stay that the spec does not name: {some}", kept.len());
                self.add(Note, Kind::KeptMembers, message, "The application reaches them, and no check covers them.");
            }
            for group in existing.members.iter().filter(|member| is_group(member)) {
                let (effect, severity) = match self.spec.restriction {
                    Restriction::Policy => ("the policy opens its members too", Warning),
                    Restriction::Rbac => ("the role does not reach its members", Note),
                };
                let message = format!("The group has a group as a member: {}; {effect}", describe(group));
                self.add(severity, Kind::NestedGroup, message, "Name the mailboxes themselves.");
            }
        }
    }

    fn closed(&mut self, selection: &Selection) {
        if self.spec.must_not_reach.is_empty() {
            self.add(
                Warning,
                Kind::NothingMustStayClosed,
                "The spec names no mailbox that must stay closed",
                "Name one at least, such as a manager's: without it nothing proves that the restriction restricts.",
            );
        }
        let members = Roll::of_targets(selection.members());
        for address in &self.spec.must_not_reach {
            let recipient = self.seen.recipient(address);
            let keys = [(None, Some(address))].into_iter().chain(recipient.map(key_of));
            if keys.into_iter().any(|key| members.has(key)) {
                self.add(
                    Blocking,
                    Kind::ClosedMailboxIsMember,
                    format!("{address} must stay closed, and the spec makes it a member of the group"),
                    "Leave it out of the rooms with an exception, or take it off the list.",
                );
            } else if !recipient.is_some_and(Recipient::is_mailbox) {
                let what = recipient.map_or_else(
                    || "does not exist in Exchange".to_owned(),
                    |recipient| format!("is {}", describe(recipient)),
                );
                self.add(
                    Blocking,
                    Kind::UnknownClosedMailbox,
                    format!("{address} must stay closed, but {what}"),
                    "Name an existing mailbox: only a mailbox that could be read proves anything by staying closed.",
                );
            }
        }
    }

    fn application(&mut self) {
        let app = self.spec.application;
        let entra_was_read = !self.seen.unread.iter().any(|unread| unread.what == UnreadPart::Entra);
        if self.seen.application.is_none() && entra_was_read {
            self.add(
                Blocking,
                Kind::UnknownApplication,
                format!("The application {app} has no service principal in this tenant"),
                "Check the client id (not an object id, not a secret's id), and give the application admin consent.",
            );
        }
        if let (Some(entra), Some(exchange)) = (&self.seen.application, &self.seen.exchange_application)
            && exchange.object_id.as_ref() != Some(entra.id.as_uuid())
        {
            self.add(
                Blocking,
                Kind::ApplicationMismatch,
                format!(
                    "Exchange knows the application {app} under an object id that is not its enterprise application's"
                ),
                "Run Remove-ServicePrincipal for it, and plan again: a role under that id is a role for nobody.",
            );
        }
        match self.spec.restriction {
            Restriction::Rbac => self.rbac(),
            Restriction::Policy => self.policy(entra_was_read),
        }
        let group = self.seen.group.as_ref();
        for assignment in &self.seen.role_assignments {
            let ours = self.spec.permission.role().as_str();
            let is_ours = self.spec.restriction == Restriction::Rbac
                && assignment.role.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(ours))
                && group.is_some_and(|seen| assignment.scope().is_group(&seen.group));
            if opens_calendars(assignment.role.as_deref()) && assignment.enabled != Some(false) && !is_ours {
                let scope = assignment.scope();
                let role = assignment.role.as_deref().unwrap_or_default();
                let name = assignment.name.as_deref().unwrap_or_default();
                self.add(
                    Warning,
                    Kind::OtherRole,
                    format!("The application also has the role \"{role}\" over {scope} (assignment \"{name}\")"),
                    "Remove it if the application is to have what the spec says and no more.",
                );
            }
        }
    }

    fn rbac(&mut self) {
        if self.seen.organization.is_dehydrated == Some(true) {
            self.add(
                Blocking,
                Kind::Dehydrated,
                "The tenant has never been customised, so no role can be assigned",
                "Run Enable-OrganizationCustomization once, and try again in an hour.",
            );
        }
        if self.spec.revoke_tenant_wide_grant && !self.seen.grants.is_empty() {
            self.add(
                Note,
                Kind::Outage,
                "Once the tenant-wide permission is gone, the application reads no calendar until its role takes effect",
                "That takes 30 minutes to two hours, and PlaceOS has seen twelve: choose the time.",
            );
        }
        if !self.spec.revoke_tenant_wide_grant && !self.seen.grants.is_empty() {
            let permissions: Vec<_> = self.seen.grants.iter().map(|grant| grant.permission.as_str()).collect();
            self.add(
                Warning,
                Kind::TenantWideGrant,
                format!("The application holds {} for every mailbox of the tenant", permissions.join(" and ")),
                "The role adds to that and restricts nothing: set revoke_tenant_wide_grant, or take the permission away \
                 in Entra.",
            );
        }
    }

    fn policy(&mut self, entra_was_read: bool) {
        if self.seen.grants.is_empty() && self.seen.application.is_some() && entra_was_read {
            self.add(
                Warning,
                Kind::NothingToNarrow,
                "The application holds no tenant-wide calendar permission, so the policy lets it read nothing",
                "Grant Calendars.Read or Calendars.ReadWrite in Entra, or use RBAC for Applications.",
            );
        }
        let only_reads = |permission: &str| matches!(permission, "Calendars.Read" | "Calendars.ReadBasic.All");
        let wider = self.seen.grants.iter().find(|grant| !only_reads(&grant.permission));
        if let Some(grant) = wider.filter(|_| self.spec.permission == CalendarPermission::Read) {
            self.add(
                Note,
                Kind::WiderGrant,
                format!("The spec says read, and the application holds {}", grant.permission),
                "A policy narrows which mailboxes are reached, not what is done there: use RBAC for Applications, or \
                 grant Calendars.Read in Entra instead.",
            );
        }
        for policy in &self.seen.policies {
            let ours = self.seen.group.as_ref().is_some_and(|existing| policy.has_scope(&existing.group));
            let scope = policy.scope_name.as_deref().unwrap_or("an unknown scope");
            match policy.right() {
                Some(AccessRight::RestrictAccess) if !ours => self.add(
                    Warning,
                    Kind::OtherPolicy,
                    format!("Another policy opens the members of \"{scope}\" to the application"),
                    "Remove it if the application is to reach the group alone.",
                ),
                Some(AccessRight::DenyAccess) if ours => self.add(
                    Warning,
                    Kind::OtherPolicy,
                    "A policy closes the members of the group to the application, and denying wins",
                    "Remove it if the application is to reach the group.",
                ),
                _ => {}
            }
        }
    }

    fn unread(&mut self) {
        for Unread { what, error, is_denied } in &self.seen.unread {
            let message = format!("{what} could not be read: {error}");
            let is_needed = match self.spec.restriction {
                Restriction::Rbac => *what != UnreadPart::Policies,
                Restriction::Policy => *what == UnreadPart::Policies,
            };
            match what {
                UnreadPart::Cmdlets => {
                    self.add(Note, Kind::NotRead, message, "A missing role will show when a step needs it.");
                }
                _ if *is_denied && is_needed => {
                    let advice = "Give the caller the Entra role Exchange Administrator (and Application.Read.All on \
                                  Graph); a new role takes effect with a new token.";
                    self.add(Blocking, Kind::MissingRole, message, advice);
                }
                _ => {
                    let advice = "What else the application may reach is not known, so nothing is proven.";
                    self.add(Warning, Kind::NotRead, message, advice);
                }
            }
        }
    }

    fn rights(&mut self, steps: &[Step]) {
        let Some(cmdlets) = &self.seen.cmdlets else { return };
        let mut missing: Vec<_> =
            steps.iter().filter_map(|step| step.change.cmdlet()).filter(|name| !cmdlets.contains(name)).collect();
        missing.dedup();
        if !missing.is_empty() {
            self.add(
                Blocking,
                Kind::MissingRole,
                format!("The caller may not run {}", missing.join(", ")),
                "Give the application the Entra role Exchange Administrator; a new role takes effect with a new token.",
            );
        }
    }
}

/// Mailboxes, mail users and mail-enabled security groups can own a group.
fn may_own(recipient: &Recipient) -> bool {
    recipient.is_mailbox()
        || matches!(
            recipient.recipient_type_details.as_deref(),
            Some("MailUser" | "GuestMailUser" | "RemoteUserMailbox" | "MailUniversalSecurityGroup") | None
        )
}

fn is_group(recipient: &Recipient) -> bool {
    let kind = recipient.recipient_type_details.as_deref().unwrap_or_default();
    kind.ends_with("Group") || kind == "RoomList" || kind == "GroupMailbox"
}

/// `"Jo Doe" <jo@contoso.com>, a MailUser`
fn describe(recipient: &Recipient) -> String {
    let kind = recipient.recipient_type_details.as_deref().unwrap_or("recipient");
    let article = if kind.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    match (&recipient.display_name, &recipient.primary_smtp_address) {
        (Some(name), Some(address)) => format!("{article} {kind}: \"{name}\" <{address}>"),
        (None, Some(address)) => format!("{article} {kind}: {address}"),
        (Some(name), None) => format!("{article} {kind}: \"{name}\""),
        (None, None) => format!("{article} {kind}"),
    }
}

/// Whether a step of the plan is a change to the members.
pub(super) fn is_member_change(step: &Step) -> bool {
    matches!(step.change, Change::AddMember(_) | Change::RemoveMember(_))
}
