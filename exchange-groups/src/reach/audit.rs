//! Every application of the tenant that can read calendars, and what restricts it.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use graph_client::graph::{Filter, PermissionGrant, ServicePrincipal};
use graph_client::{Client, ClientId};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use super::tenant::{Known, Tenant};
use crate::access::{
    AccessModel, AccessPath, Caveat, CaveatKind, Fact, Level, PolicyRight, PolicyScope, Remedy, RoleScope, SignIn,
    Truth, Via, WiderPath,
};
use crate::document::Origin;
use crate::error::Result;
use crate::groups::ExchangeGroups;
use crate::names::named;
use crate::observe::Unread;
use crate::text::without_advice;

/// Every application of a tenant that can read calendars: restricted to what, and which to nothing. From the
/// configuration alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Audit {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The applications that can read calendars, or may: those that nothing restricts first.
    pub applications: Vec<AuditedApplication>,
    /// How many other applications hold a permission or role and read no calendar by it.
    pub others: usize,
    /// Holders of permissions or roles whose application is not known: they may read calendars.
    pub unidentified: Vec<String>,
    /// The applications that read the calendars of whoever signs in to them, by delegated permissions that an administrator
    /// consented to for everybody. Consents of single persons are not part of an audit.
    pub delegated: Fact<Vec<DelegatedReach>>,
    /// The parts of the configuration that could not be read. What needs them is unknown.
    pub unread: Vec<Unread>,
    /// The number of HTTP requests, sign-ins excepted.
    pub requests: u64,
}

/// An application that can read calendars, or may.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditedApplication {
    /// Its client id.
    pub application: ClientId,
    /// Its name.
    pub name: Option<String>,
    /// Other applications of the same name: never choose by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same_name: Vec<ClientId>,
    /// Whether it is enabled. A disabled one gets no new tokens. `None` when that was not read.
    pub enabled: Option<bool>,
    /// How its access to calendars is restricted.
    pub access: CalendarAccess,
    /// The access paths to calendars that are allowed for some mailbox, or may be.
    pub paths: Vec<AuditedPath>,
    /// Set-ups that have another effect than they seem to, such as a tenant-wide permission beside a role.
    pub caveats: Vec<Caveat>,
    /// Whether it can widen its own access by a permission that it holds. Directory roles and owners are not part of an
    /// audit, so that it is never a no.
    pub can_widen: Truth,
}

/// An application that reads the calendars of whoever signs in to it: no more than each of them may, and nobody's who does
/// not sign in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DelegatedReach {
    /// Its name.
    pub name: Option<String>,
    /// Its client id, where it is known.
    pub application: Option<ClientId>,
    /// The delegated permissions for calendars.
    pub permissions: Vec<String>,
}

/// An access path of an application to calendars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditedPath {
    /// The access path.
    pub path: AccessPath,
    /// What it rests on.
    pub via: Via,
    /// Whether it is allowed for some mailbox.
    pub is_allowed: Truth,
    /// Whether it is allowed for any mailbox, whatever group it is in.
    pub is_tenant_wide: Truth,
    /// What limits it: the scope of the role, or the groups of the access policies.
    pub limited_to: Option<String>,
    /// Why, for one mailbox.
    pub because: String,
    /// How it is ended.
    pub remedy: Remedy,
}

named! {
    /// How the access of an application to calendars is restricted.
    #[non_exhaustive]
    pub enum CalendarAccess as "calendar access" {
        /// Nothing restricts it to certain mailboxes: whoever gets a mailbox is reached. A policy may deny some.
        Unrestricted = "unrestricted",
        /// Whether something restricts it is not known.
        Undecided = "undecided",
        /// It reads the calendars of some mailboxes and of no others.
        Restricted = "restricted",
    }
}

impl Audit {
    /// The applications that nothing restricts.
    pub fn unrestricted(&self) -> impl Iterator<Item = &AuditedApplication> {
        self.applications.iter().filter(|application| application.access == CalendarAccess::Unrestricted)
    }

    /// Whether every application that can read calendars by a right of its own is known to be restricted. Not so where
    /// something was not read. Delegated permissions are no such right.
    #[must_use]
    pub fn is_all_restricted(&self) -> bool {
        self.applications.iter().all(|application| application.access == CalendarAccess::Restricted)
            && self.unidentified.is_empty()
            && self.unread.is_empty()
    }
}

impl AuditedApplication {
    /// Whether a tenant-wide permission stands beside a role over a scope: the scope looks like a restriction, and
    /// narrows nothing.
    #[must_use]
    pub fn has_grant_beside_role(&self) -> bool {
        self.caveats.iter().any(|caveat| caveat.kind == CaveatKind::GrantBesideRole)
    }
}

fn audited(known: &Known) -> Option<AuditedApplication> {
    let model = AccessModel::new(&known.facts);
    // Beyond nobody: every path that leads anywhere.
    let paths: Vec<AuditedPath> = model
        .wider_than(&[], &[], Level::Events)
        .into_iter()
        .filter(|path| path.is_wider != Truth::No)
        .map(|path| AuditedPath {
            is_tenant_wide: is_tenant_wide(known, &path),
            limited_to: limits(known, &path.via, path.allows_any),
            path: path.path,
            via: path.via,
            is_allowed: path.is_wider,
            because: path.because,
            remedy: path.remedy,
        })
        .collect();
    if paths.is_empty() {
        return None;
    }
    let widest = Truth::any(paths.iter().map(|path| path.is_tenant_wide));
    let is_decided = paths.iter().all(|path| path.is_allowed == Truth::Yes);
    let access = match widest {
        Truth::Yes => CalendarAccess::Unrestricted,
        Truth::No if is_decided => CalendarAccess::Restricted,
        _ => CalendarAccess::Undecided,
    };
    // A disabled application gets no tokens; what it would reach is said all the same.
    let access = match (&known.facts.sign_in, widest) {
        (Fact::Read(SignIn::Disabled { .. }), _) if access == CalendarAccess::Undecided => {
            disabled(known).unwrap_or(access)
        }
        _ => access,
    };
    let widening = model.widening();
    let can_widen =
        if widening.paths.iter().any(|path| path.verdict == Truth::Yes) { Truth::Yes } else { Truth::Unknown };
    Some(AuditedApplication {
        application: known.client_id,
        name: known.name.clone(),
        same_name: Vec::new(),
        enabled: known.enabled,
        access,
        paths,
        caveats: model.caveats(),
        can_widen,
    })
}

/// The consents for everybody, which are few: those of single persons grow with persons.
async fn delegated(client: &Client, everybody: &Fact<Vec<ServicePrincipal>>) -> Fact<Vec<DelegatedReach>> {
    let for_all = client.permission_grants().list().filter(Filter::eq("consentType", "AllPrincipals"));
    let grants: Vec<PermissionGrant> = match for_all.into_stream().try_collect().await {
        Ok(grants) => grants,
        Err(error) => return Fact::Unread(without_advice(&error)),
    };
    let mut found = Vec::new();
    for grant in grants {
        let permissions: Vec<String> =
            grant.scopes().filter(|scope| reads_calendars(scope)).map(str::to_owned).collect();
        if permissions.is_empty() {
            continue;
        }
        let is_it = |it: &&ServicePrincipal| grant.client_id.as_deref() == Some(&*it.id.to_string());
        let client = everybody.entries().iter().find(is_it);
        let (name, application) = (client.and_then(|it| it.display_name.clone()), client.and_then(|it| it.app_id));
        found.push(DelegatedReach { name: name.or_else(|| grant.client_id.clone()), application, permissions });
    }
    found.sort();
    Fact::Read(found)
}

/// Whether a delegated permission allows access to events: those for calendars, and the one for Exchange Web Services.
fn reads_calendars(scope: &str) -> bool {
    let lower = scope.to_ascii_lowercase();
    lower.starts_with("calendars.") || lower == "ews.accessasuser.all"
}

/// Whether a path leads to whoever gets a mailbox. The recipients that a condition has today do not decide on that.
fn is_tenant_wide(known: &Known, path: &WiderPath) -> Truth {
    let Via::RoleAssignment { name, .. } = &path.via else { return path.allows_any };
    let assignments = known.facts.role_assignments.entries();
    match assignments.iter().find(|it| it.name == *name).map(|it| &it.scope) {
        Some(RoleScope::Management(scope)) => match known.takes_newcomers.get(&scope.to_lowercase()) {
            Some(taken) => path.is_wider.and(*taken),
            None => path.allows_any,
        },
        _ => path.allows_any,
    }
}

/// What a disabled application would read if it were enabled.
fn disabled(known: &Known) -> Option<CalendarAccess> {
    let mut enabled = known.clone();
    enabled.facts.sign_in = SignIn::Enabled.into();
    Some(audited(&enabled)?.access)
}

/// What limits a path, as far as one object does.
fn limits(known: &Known, via: &Via, allows_any: Truth) -> Option<String> {
    match via {
        Via::RoleAssignment { name, .. } => {
            let assignments = known.facts.role_assignments.entries().iter();
            let scope = &assignments.into_iter().find(|it| it.name == *name)?.scope;
            (*scope != RoleScope::Organization).then(|| scope.to_string())
        }
        Via::Grant { .. } if allows_any != Truth::Yes => {
            let policies = known.facts.policies.entries().iter().filter(|policy| policy.right == PolicyRight::Restrict);
            let named: Vec<String> = policies
                .map(|policy| match &policy.scope {
                    PolicyScope::Group(id) => {
                        let groups = known.facts.groups.entries().iter();
                        let ids = |group: &&crate::access::Group| {
                            group.ids.guid == Some(*id) || group.ids.entra.is_some_and(|entra| entra.as_uuid() == id)
                        };
                        let label = groups.into_iter().find(ids).map(|group| group.label().to_owned());
                        format!("the group \"{}\"", label.unwrap_or_else(|| id.to_string()))
                    }
                    PolicyScope::User(_) => "one mailbox".to_owned(),
                    PolicyScope::Deleted => "a principal that is deleted".to_owned(),
                    PolicyScope::Unresolved(_) => "a principal that was not read".to_owned(),
                })
                .collect();
            (!named.is_empty()).then(|| named.join(", "))
        }
        _ => None,
    }
}

impl ExchangeGroups {
    /// Every application of the tenant that can read calendars: restricted to what, and which to nothing. Nothing is
    /// changed.
    ///
    /// Requests grow with the pages of service principals, permissions, roles, policies and of the groups that these name,
    /// not with applications.
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Global Reader or more. Graph: `Application.Read.All`; for delegated permissions
    /// also `Directory.Read.All`. What may not be read is left unread, and what needs it is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the organisation cannot be read.
    pub async fn audit(&self) -> Result<Audit> {
        let span = tracing::info_span!("exchange_groups.audit", run_id = %uuid::Uuid::new_v4());
        async {
            let (client, meter) = self.client.metered();
            let tenant = Tenant::read(&client).await?;
            let mut applications: Vec<AuditedApplication> = tenant.applications.iter().filter_map(audited).collect();
            let others = tenant.applications.len() - applications.len();
            let mut named: BTreeMap<String, Vec<ClientId>> = BTreeMap::new();
            for known in &tenant.applications {
                if let Some(name) = &known.name {
                    named.entry(name.to_lowercase()).or_default().push(known.client_id);
                }
            }
            for application in &mut applications {
                let same = application.name.as_ref().and_then(|name| named.get(&name.to_lowercase()));
                application.same_name =
                    same.into_iter().flatten().filter(|id| **id != application.application).copied().collect();
            }
            applications.sort_by_key(|it| (it.access, it.name.clone(), it.application));
            Ok(Audit {
                origin: Origin::now(&tenant.name),
                applications,
                others,
                unidentified: tenant.unidentified,
                delegated: delegated(&client, &tenant.everybody).await,
                unread: tenant.unread,
                requests: meter.usage().requests,
            })
        }
        .instrument(span)
        .await
    }
}
