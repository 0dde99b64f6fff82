//! What Microsoft's pages and published records leave open.

use std::collections::HashSet;

/// A question about access to which no source has a certain answer. A tenant answers each in one way or
/// the other, so that both worlds can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Supposition {
    /// Application access policies count the members of groups in their group.
    ///
    /// Yes unless set: the page says so since 2024-11; users found otherwise in 2019 and 2022.
    // GUESS: page against reports; wrong if a tenant denies a member of a nested group.
    PoliciesCountNestedMembers,
    /// The policies for every application (`*`) and an application's own are one set, so that one of its
    /// own widens what those restrict. If not, each set has to allow.
    ///
    /// Yes unless set.
    // GUESS: wrong if two policies of one application, one for `*`, both have to allow.
    PoliciesForEveryoneJoin,
    /// A policy whose scope was deleted goes on restricting, to nobody.
    ///
    /// Yes unless set: one client reads it so.
    // GUESS: wrong if mailboxes open when the group of the only policy is deleted.
    InvalidRestrictionsRestrict,
    /// Application access policies cover `Calendars.ReadBasic.All`, which their pages do not list.
    ///
    /// Yes unless set.
    // GUESS: wrong if an application with only this permission passes a restriction.
    PoliciesCoverReadBasic,
    /// Application access policies cover the `MailboxItem` permissions, which their pages do not list.
    ///
    /// No unless set.
    // GUESS: wrong if an application with only such a permission is refused by a restriction.
    PoliciesCoverMailboxItems,
    /// `MailboxItem` permissions to read and write open the items of calendars too; that those to export
    /// do is documented.
    ///
    /// Yes unless set.
    // GUESS: wrong if the mailbox API lists no items of the calendar folder.
    MailboxItemsIncludeEvents,
    /// A call that only the scope of a role leaves out is refused with the sentence about access
    /// policies (`[RAOP]`), instead of "Access is denied. Check credentials and try again."
    ///
    /// Yes unless set: several reports.
    // GUESS: wrong if one call outside the scope of a role answers with the other sentence.
    ScopeRefusalsNamePolicies,
    /// The mailboxes of administrators are refused to every application, with the sentence about access
    /// policies.
    ///
    /// No unless set: one report.
    // GUESS: wrong if an administrator's mailbox is refused while everybody else's is open.
    AdministratorsAreRefused,
    /// `getSchedule` through a mailbox in the scope of a role answers for mailboxes outside it, as it does
    /// under an access policy.
    ///
    /// Yes unless set.
    // GUESS: wrong if `getSchedule` through a mailbox in scope fails for one outside.
    SchedulesAnswerBeyondRoleScopes,
    /// A delegating role assignment gives access besides the right to assign.
    ///
    /// No unless set.
    // GUESS: wrong if an application with a delegating assignment alone reads a mailbox.
    DelegatingAssignmentsGiveAccess,
    /// A group in an administrative unit brings its members into the scope of a role.
    ///
    /// No unless set.
    // GUESS: wrong if a member of a group in a unit is in scope.
    UnitsBringMembersOfGroups,
    /// A security group that only the directory knows works as the scope of a role.
    ///
    /// No unless set: the page says that it contains nobody.
    // GUESS: wrong if a member of an Entra security group is in scope.
    EntraGroupsScopeRoles,
    /// With `EnforceExoAppRbacPermissions`, permissions that were granted in Entra do not count any more.
    ///
    /// Yes unless set: no page describes the setting.
    // GUESS: wrong if a granted permission reads a mailbox while the setting is true.
    EnforcementShutsGrants,
    /// From October 2026 a blank `EwsEnabled` is off.
    ///
    /// Yes unless set.
    // GUESS: wrong if a tenant that never set it answers EWS calls of applications after 2026-10-01.
    BlankEwsIsOff,
    /// From October 2026 an empty `EwsAllowedAppIDs` lets no application in.
    ///
    /// No unless set: the page of the cmdlet says that it restricts nobody, the announcement otherwise.
    // GUESS: wrong if a tenant with `EwsEnabled` true and no list refuses EWS calls after 2026-10-01.
    EmptyEwsListBlocks,
    /// Something still answers the calendar permissions of the Outlook REST API.
    ///
    /// No unless set: it was decommissioned in March 2024.
    // GUESS: wrong if any end point answers a token with `Calendars.Read` of the Exchange resource.
    OutlookRestAnswers,
    /// IMAP and POP show subject and place of the items of a calendar.
    ///
    /// No unless set: an old record of stubs.
    // GUESS: wrong if an IMAP client shows the items of a calendar folder.
    ImapShowsCalendars,
    /// App roles that no source knows open every mailbox, whatever narrows the others.
    ///
    /// No unless set.
    // GUESS: wrong as soon as a new app role opens calendars.
    UnlistedRolesOpenEverything,
    /// An application that reaches a mailbox reaches the calendars that were shared with it.
    ///
    /// No unless set.
    // GUESS: wrong if a shared calendar in a reachable mailbox's list shows its events.
    SharedCalendarsAreReached,
    /// An application that impersonates a mailbox in EWS opens what that mailbox may open.
    ///
    /// No unless set.
    // GUESS: wrong if EWS opens a second mailbox by the rights of the impersonated one.
    ImpersonationOpensOthers,
    /// Graph finds a mailbox by its address when that is not the user principal name. If not, such a
    /// mailbox is `ErrorInvalidUser` by address and found by object id.
    ///
    /// Yes unless set: it works in practice, though not everywhere.
    // GUESS: wrong if `/users/{address}/calendarView` is ErrorInvalidUser for such a room.
    AddressesFindMailboxes,
}

impl Supposition {
    /// What a tenant supposes unless told otherwise.
    #[must_use]
    pub fn holds_unless_set(self) -> bool {
        matches!(
            self,
            Self::PoliciesCountNestedMembers
                | Self::PoliciesForEveryoneJoin
                | Self::InvalidRestrictionsRestrict
                | Self::PoliciesCoverReadBasic
                | Self::MailboxItemsIncludeEvents
                | Self::ScopeRefusalsNamePolicies
                | Self::SchedulesAnswerBeyondRoleScopes
                | Self::EnforcementShutsGrants
                | Self::BlankEwsIsOff
                | Self::AddressesFindMailboxes
        )
    }
}

/// The answers that differ from the usual ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Suppositions(HashSet<Supposition>);

impl Suppositions {
    pub(super) fn holds(&self, supposition: Supposition) -> bool {
        supposition.holds_unless_set() != self.0.contains(&supposition)
    }

    pub(super) fn set(&mut self, supposition: Supposition, holds: bool) {
        if holds == supposition.holds_unless_set() {
            self.0.remove(&supposition);
        } else {
            self.0.insert(supposition);
        }
    }
}
