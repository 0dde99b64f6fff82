//! Caveats: set-ups that have another effect than they seem to.

use serde::{Deserialize, Serialize};

use super::catalogue::{Entry, application_permission, delegated_permission};
use super::facts::{Fact, MailboxFacts, PolicyApplication, PolicyRight, PolicyScope, RoleScope};
use super::filter::Filter;
use super::row::{DataAccess, IdStatus, Need, PolicyCoverage, Row, RowResource};
use super::scopes::Resolved;
use super::{Access, AccessModel, Level, Remedy, Truth};
use crate::names::named;
use crate::text::plain;

/// A set-up that has another effect than it seems to, or that the verdicts leave out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Caveat {
    /// What kind it is.
    pub kind: CaveatKind,
    /// The object that it is about.
    pub subject: String,
    /// What it means, in a sentence.
    pub text: String,
    /// How it is put right, where there is one way.
    pub remedy: Option<Remedy>,
}

named! {
    /// The kinds of [`Caveat`].
    #[non_exhaustive]
    pub enum CaveatKind as "caveat" {
        /// An access policy names the service principal's object id, where only the client id counts.
        PolicyNamesObjectId = "policy_names_object_id",
        /// An access policy is invalid, or its principal is deleted.
        InvalidPolicy = "invalid_policy",
        /// A tenant-wide permission stands beside a role over a scope: the scope narrows nothing.
        GrantBesideRole = "grant_beside_role",
        /// A role has no scope, and access policies do not bind roles.
        PolicyDoesNotBindRole = "policy_does_not_bind_role",
        /// The scope of an assignment leads to no object.
        ScopeLeadsNowhere = "scope_leads_nowhere",
        /// A permission of the Outlook REST API, which is gone.
        RetiredPermission = "retired_permission",
        /// A permission whose name in the tenant is not the one that the catalogue has, or that the catalogue lacks.
        UnlistedPermission = "unlisted_permission",
        /// The permission moves whole mailboxes to another organisation.
        Migration = "migration",
        /// The permission reads mail, and invitations show subject, time, place and attendees.
        Mail = "mail",
        /// Exchange has another service principal registered than the tokens name.
        OtherPrincipal = "other_principal",
        /// A delegated permission: bounded by the rights of the person who signs in.
        Delegated = "delegated",
        /// The member list of a group was not read.
        MembersUnread = "members_unread",
    }
}

impl AccessModel<'_> {
    /// Every caveat about these facts.
    #[must_use]
    pub fn caveats(&self) -> Vec<Caveat> {
        let mut caveats = Vec::new();
        self.policy_caveats(&mut caveats);
        self.grant_caveats(&mut caveats);
        self.role_caveats(&mut caveats);
        self.delegated_caveats(&mut caveats);
        caveats
    }

    fn policy_caveats(&self, caveats: &mut Vec<Caveat>) {
        let object_id = self.facts.service_principal.known().and_then(Option::as_ref).map(|id| *id.as_uuid());
        for policy in self.facts.policies.entries() {
            if let PolicyApplication::One(id) = policy.application
                && Some(id) == object_id
            {
                caveats.push(Caveat {
                    kind: CaveatKind::PolicyNamesObjectId,
                    subject: plain(&policy.identity),
                    text: format!(
                        "The access policy names the object id {id}. It does nothing: a policy works by the client id, {}.",
                        self.facts.client_id
                    ),
                    remedy: None,
                });
            }
        }
        for policy in self.policies().filter(|policy| {
            policy.is_valid == Some(false) || matches!(policy.scope, PolicyScope::Deleted | PolicyScope::Unresolved(_))
        }) {
            let right = match policy.right {
                PolicyRight::Restrict => "restricts",
                PolicyRight::Deny => "denies",
            };
            caveats.push(Caveat {
                kind: CaveatKind::InvalidPolicy,
                subject: plain(&policy.identity),
                text: format!(
                    "The access policy {right} by a scope that is invalid or was not found: what it does is not known."
                ),
                remedy: None,
            });
        }
    }

    fn grant_caveats(&self, caveats: &mut Vec<Caveat>) {
        let scoped_role = self.facts.role_assignments.entries().iter().any(|assignment| {
            assignment.scope != RoleScope::Organization
                && assignment.is_effective() == Truth::Yes
                && assignment.allows(Need::Level(Level::Times)).graph == Truth::Yes
        });
        for grant in self.facts.grants.entries() {
            let via = grant.via();
            let mut add = |kind, text: String| {
                caveats.push(Caveat { kind, subject: plain(&via.to_string()), text, remedy: Some(self.remedy(&via)) });
            };
            match application_permission(grant) {
                Entry::Unlisted { allows, widens, because } => {
                    if allows == Truth::Unknown || widens == Truth::Unknown {
                        add(CaveatKind::UnlistedPermission, format!("What it allows is not known: {because}."));
                    }
                }
                Entry::Listed(row) if is_outlook_rest(row) => add(
                    CaveatKind::RetiredPermission,
                    "Remove it: the Outlook REST API that it was for was shut in March 2024, and no role replaces it."
                        .into(),
                ),
                Entry::Listed(row) if row.value == "Mailbox.Migration" => add(
                    CaveatKind::Migration,
                    "It moves whole mailboxes to another organisation, where a migration is set up on both sides."
                        .into(),
                ),
                Entry::Listed(row)
                    if scoped_role && row.resource == RowResource::Graph && row.allows_at(Level::Times) =>
                {
                    let stranger = self.policy_verdict(&MailboxFacts::stranger());
                    if stranger.access == Access::Allowed || row.coverage == PolicyCoverage::NotListed {
                        add(
                            CaveatKind::GrantBesideRole,
                            "The tenant-wide permission stands beside a role over a scope. Both add up: the scope narrows \
                             nothing until the permission is revoked."
                                .into(),
                        );
                    }
                }
                Entry::Listed(row) if row.allows.contains(&DataAccess::Mail) => add(
                    CaveatKind::Mail,
                    "It allows access to mail, not to calendars. Invitations in the mailbox show subject, time, place and attendees."
                        .into(),
                ),
                Entry::Listed(_) => {}
            }
        }
    }

    fn role_caveats(&self, caveats: &mut Vec<Caveat>) {
        if let (Truth::No, Fact::Read(Some(principal))) = (self.is_registered().0, &self.facts.exchange_principal) {
            caveats.push(Caveat {
                kind: CaveatKind::OtherPrincipal,
                subject: principal.object_id.map(|id| id.to_string()).unwrap_or_default(),
                text: "Exchange has another service principal registered for the application than its tokens name: no role \
                       counts."
                    .into(),
                remedy: None,
            });
        }
        let has_policy = self.policies().next().is_some();
        for assignment in self.facts.role_assignments.entries() {
            let via = assignment.via();
            let mut add = |kind, text: String| {
                caveats.push(Caveat { kind, subject: plain(&via.to_string()), text, remedy: Some(self.remedy(&via)) });
            };
            let allows = assignment.allows(Need::Level(Level::Times));
            if allows.graph.or(allows.ews) == Truth::No || assignment.is_effective() == Truth::No {
                continue;
            }
            match self.resolve(&assignment.scope) {
                Resolved::Organization if has_policy => add(
                    CaveatKind::PolicyDoesNotBindRole,
                    "The role has no scope: it reaches every mailbox. Access policies do not bind roles.".into(),
                ),
                Resolved::Nothing => add(
                    CaveatKind::ScopeLeadsNowhere,
                    format!("The scope of the assignment, {}, leads to no object that was read.", assignment.scope),
                ),
                Resolved::Management(scope) => {
                    let filter = scope.filter.known().map(|text| Filter::parse(text));
                    let lost = filter.as_ref().and_then(Filter::comparisons).is_some_and(|parts| {
                        parts.iter().any(|part| {
                            part.group().is_some_and(|name| self.group_by_distinguished_name(name).is_none())
                        })
                    });
                    if lost {
                        add(
                            CaveatKind::ScopeLeadsNowhere,
                            format!(
                                "The management scope {} names a group by a distinguished name that none has.",
                                scope.name
                            ),
                        );
                    }
                }
                Resolved::Organization | Resolved::Group(_) | Resolved::Unit(_) => {}
            }
        }
        for group in self.uses().groups() {
            if let Some(why) = group.members.missing() {
                caveats.push(Caveat {
                    kind: CaveatKind::MembersUnread,
                    subject: plain(group.label()),
                    text: format!("The members of the group were not read: {}", plain(why)),
                    remedy: None,
                });
            }
        }
    }

    fn delegated_caveats(&self, caveats: &mut Vec<Caveat>) {
        for grant in self.facts.delegated_grants.entries() {
            for scope in &grant.scopes {
                let allows = match delegated_permission(grant.resource, scope) {
                    Entry::Listed(row) => !row.allows.is_empty(),
                    Entry::Unlisted { allows, .. } => allows != Truth::No,
                };
                if !allows {
                    continue;
                }
                let via = grant.via(scope);
                let who = match grant.user {
                    None => "every user who signs in, or whose refresh token it holds".to_owned(),
                    Some(user) => format!("the user {user}"),
                };
                caveats.push(Caveat {
                    kind: CaveatKind::Delegated,
                    subject: plain(&via.to_string()),
                    text: format!(
                        "Bounded by sign-in: it allows what {who} may read. Neither access policies nor role scopes narrow \
                         it, and no verdict here counts it."
                    ),
                    remedy: Some(self.remedy(&via)),
                });
            }
        }
    }
}

/// A permission of the Exchange resource that was for the Outlook REST API.
fn is_outlook_rest(row: &Row) -> bool {
    row.resource == RowResource::Exchange
        && row.coverage == PolicyCoverage::Documented
        && row.value != "full_access_as_app"
        && row.id_status != IdStatus::Unconfirmed
}
