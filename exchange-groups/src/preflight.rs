//! Whether a spec can be applied in a tenant, before anything is done: every finding at once.

use std::fmt;

use graph_client::exchange::{ApplicationAccessPolicy, GetManagementRoleAssignment};
use graph_client::{Client, Service, SmtpAddress, TokenClaims, printable, well_known};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use tracing::Instrument as _;

use crate::change::Change;
use crate::document::Origin;
use crate::finding::{Advice, Finding, FindingKind as Kind, Severity, VerdictEffect};
use crate::groups::ExchangeGroups;
use crate::names::named;
use crate::observe::{Observation, UnreadPart, access_policies, found};
use crate::plan::Plan;
use crate::restriction;
use crate::spec::{RestrictedCalendarGroup, Restriction};
use crate::text::{some_of, without_advice};

/// How many access policies fit for certain: the limit is on their total size, about 100, or 300 with descriptions of one
/// space.
const POLICIES_THAT_FIT: usize = 90;
const MOST_POLICIES: usize = 300;

/// What stands in the way of a spec, and what does not: every check with its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Preflight {
    /// Where, when and by what it was made. The tenant is empty where it could not be read.
    pub origin: Origin,
    /// The address of the group.
    pub group: SmtpAddress,
    /// The checks, in the order in which they depend on each other.
    pub checks: Vec<PreflightCheck>,
    /// The number of HTTP requests, sign-ins excepted.
    pub requests: u64,
}

/// One check.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PreflightCheck {
    /// What was checked. The name does not change between versions.
    pub check: PreflightKind,
    /// What came of it.
    pub outcome: PreflightOutcome,
    /// What was seen.
    pub evidence: String,
    /// Who can put it right and how, where it did not pass or something is to be known about it.
    pub advice: Option<Advice>,
}

named! {
    /// What came of a check.
    #[non_exhaustive]
    pub enum PreflightOutcome as "outcome" {
        /// Nothing stands in the way.
        Passed = "passed",
        /// It stands in the way.
        Failed = "failed",
        /// It could not be told.
        CouldNotTell = "could_not_tell",
    }
}
use PreflightOutcome::{CouldNotTell, Failed, Passed};

macro_rules! checks {
    ($($(#[$doc:meta])+ $kind:ident = $name:literal, $title:literal;)+) => {
        named! {
            /// What a preflight checks.
            #[non_exhaustive]
            pub enum PreflightKind as "check" {
                $($(#[$doc])+ $kind = $name,)+
            }
        }

        impl PreflightKind {
            /// The check in words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$kind => $title,)+
                }
            }
        }
    };
}
checks! {
    /// The administering application gets a token for Exchange.
    ExchangeSignIn = "exchange_sign_in", "Sign-in to Exchange Online";
    /// The administering application gets a token for Graph.
    GraphSignIn = "graph_sign_in", "Sign-in to Microsoft Graph";
    /// The token for Exchange has the role that administration needs.
    ExchangeRole = "exchange_role", "Role in the token for Exchange";
    /// The token for Graph has the roles that the work needs.
    GraphRoles = "graph_roles", "Roles in the token for Graph";
    /// The tenant answers.
    Tenant = "tenant", "Tenant";
    /// The administering application may run the cmdlets that the work needs.
    Cmdlets = "cmdlets", "Runnable cmdlets";
    /// Somebody may assign the role on.
    DelegatingAssignment = "delegating_assignment", "Delegating assignment of the role";
    /// The organisation is ready for role assignments.
    Customized = "customized", "Organisation is customised";
    /// The address is in an accepted domain.
    AcceptedDomain = "accepted_domain", "Accepted domain";
    /// The address is free, or the group's own.
    Address = "address", "Address of the group";
    /// The name is free, or the group's own.
    Name = "name", "Name of the group";
    /// No naming policy changes the name.
    NamingPolicy = "naming_policy", "Naming policy";
    /// The owners exist and can own a group.
    Owners = "owners", "Owners";
    /// The group is a mail-enabled security group of the cloud.
    GroupKind = "group_kind", "Kind of the group";
    /// The rooms that the spec names are there.
    Rooms = "rooms", "Rooms";
    /// The group can take the members.
    Members = "members", "Members";
    /// There is room for another access policy.
    PolicySpace = "policy_space", "Space for access policies";
    /// The application is present and enabled.
    Application = "application", "Application";
    /// What the application holds.
    Holdings = "holdings", "What the application holds";
    /// The mailboxes that must not be reached are there.
    MustNotReach = "must_not_reach", "Mailboxes that must not be reached";
    /// The plan has no blocking issue besides those of the other checks.
    OtherIssues = "other_issues", "Other blocking issues of the plan";
}

impl Preflight {
    /// Whether nothing stands in the way, and everything could be told.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.checks.iter().all(|check| check.outcome == Passed)
    }

    /// The checks with an outcome.
    pub fn with_outcome(&self, outcome: PreflightOutcome) -> impl Iterator<Item = &PreflightCheck> {
        self.checks.iter().filter(move |check| check.outcome == outcome)
    }

    /// One check.
    #[must_use]
    pub fn check(&self, kind: PreflightKind) -> Option<&PreflightCheck> {
        self.checks.iter().find(|check| check.check == kind)
    }

    fn add(&mut self, check: PreflightKind, outcome: PreflightOutcome, evidence: impl Into<String>) -> &mut Self {
        self.checks.push(PreflightCheck { check, outcome, evidence: evidence.into(), advice: None });
        self
    }

    fn advise(&mut self, advice: Advice) {
        if let Some(check) = self.checks.last_mut() {
            check.advice = Some(advice);
        }
    }

    /// A check that passes unless the plan found one of these.
    fn by_findings(&mut self, check: PreflightKind, findings: &[Finding], kinds: &[Kind], passed: impl Into<String>) {
        self.by_some(check, findings.iter().filter(|finding| kinds.contains(&finding.kind)), passed);
    }

    /// A check that passes unless there is one of these findings, the worst first.
    fn by_some<'a>(
        &mut self,
        check: PreflightKind,
        findings: impl Iterator<Item = &'a Finding>,
        passed: impl Into<String>,
    ) {
        let mut found = findings.peekable();
        let Some(first) = found.peek() else {
            self.add(check, Passed, passed);
            return;
        };
        let advice = first.advice.clone();
        let outcome = match first.severity {
            Severity::Blocking => Failed,
            // Nothing that is applied works before it is enabled.
            Severity::Warning if first.kind == Kind::ApplicationDisabled => Failed,
            // The plan can be applied, and what it leads to could not be told.
            Severity::Warning if first.kind.effect() == VerdictEffect::Inconclusive => CouldNotTell,
            Severity::Warning | Severity::Note => Passed,
        };
        let messages: Vec<&str> = found.map(|finding| &*finding.message).collect();
        self.add(check, outcome, messages.join("; ")).advise(advice);
    }
}

async fn sign_in(preflight: &mut Preflight, client: &Client, service: Service) -> Option<TokenClaims> {
    let kind = match service {
        Service::Exchange => PreflightKind::ExchangeSignIn,
        _ => PreflightKind::GraphSignIn,
    };
    match client.token_claims(service).await {
        Ok(claims) => {
            let who = claims.client_id.map_or_else(|| "an application".to_owned(), |id| format!("application {id}"));
            preflight.add(kind, Passed, format!("a token was issued to {who}"));
            Some(claims)
        }
        Err(error) => {
            let outcome = if error.sign_in().is_some() { Failed } else { CouldNotTell };
            preflight.add(kind, outcome, without_advice(&error)).advise(Advice::entra(
                "Correct the credential of the administering application, or its registration in this tenant: the message \
                 of the sign-in service says which.",
            ));
            None
        }
    }
}

fn roles(preflight: &mut Preflight, kind: PreflightKind, claims: Option<&TokenClaims>, needed: &[(&str, &str)]) {
    let Some(claims) = claims else {
        preflight.add(kind, CouldNotTell, "there is no token to look into");
        return;
    };
    if !claims.scopes.is_empty() {
        preflight.add(kind, CouldNotTell, "the token is a person's: what they may do is not in it");
        return;
    }
    let has = |role: &str| role.split('|').any(|one| claims.roles.iter().any(|held| held.eq_ignore_ascii_case(one)));
    let missing: Vec<String> = needed
        .iter()
        .filter(|(role, _)| !has(role))
        .map(|(role, purpose)| format!("{} ({purpose})", role.split('|').next().unwrap_or(role)))
        .collect();
    if missing.is_empty() {
        preflight.add(kind, Passed, format!("the token has {}", some_of(&claims.roles, 10)));
    } else {
        preflight.add(kind, Failed, format!("the token lacks {}", missing.join(", "))).advise(Advice::entra(format!(
            "Grant the administering application {} under API permissions, with admin consent; a token that is issued \
             afterwards has it.",
            missing.join(", ")
        )));
    }
}

/// Whether a role may have to be assigned although the plan has no such step: what is there already could not be read.
fn may_need_a_role(spec: &RestrictedCalendarGroup, seen: &Observation) -> bool {
    spec.restriction() == Restriction::Rbac
        && (seen.application.is_none() || seen.facts.role_assignments.whole().is_none())
}

async fn delegating(
    preflight: &mut Preflight,
    client: &Client,
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    plan: &Plan,
    claims: Option<&TokenClaims>,
) {
    const ORGANIZATION_MANAGEMENT: &str = "Organization Management";
    let kind = PreflightKind::DelegatingAssignment;
    // Who changes or removes an assignment needs the right to assign the role on as well.
    let is_about_roles =
        |change: &Change| matches!(change, Change::AssignRole(_) | Change::AlterRole(_) | Change::RemoveRole(_));
    if !may_need_a_role(spec, seen) && !plan.steps.iter().any(|step| is_about_roles(&step.change)) {
        preflight.add(kind, Passed, "no role is to be assigned");
        return;
    }
    let role = spec.permission().role();
    let read = client.exchange().run(GetManagementRoleAssignment::holders_of(role).delegating(true)).await;
    match found(read) {
        Err(error) => {
            preflight.add(kind, CouldNotTell, without_advice(&error));
        }
        Ok(held) => {
            let holders: Vec<String> = held.into_iter().flatten().filter_map(|it| it.role_assignee).collect();
            if holders.is_empty() {
                preflight.add(kind, Failed, format!("nobody may assign the role \"{role}\" on")).advise(Advice::exchange(
                    "Wait an hour if the organisation was customised just now: the role appears with it. Else assign the role \
                     to Organization Management with New-ManagementRoleAssignment -Delegating.",
                ));
            } else if let Some(own) = own_assignment(&holders, claims) {
                preflight.add(
                    kind,
                    Passed,
                    format!("the administering application ({own}) may assign the role \"{role}\" on"),
                );
            // GUESS: an application with the directory role Exchange Administrator or Global Administrator may what the role
            // group Organization Management may, as Microsoft's page on app-only sign-in has it; wrong if such an
            // application is refused to assign a role that the role group has a delegating assignment of.
            } else if let (true, Some(directory_role)) = (
                holders.iter().any(|holder| holder.eq_ignore_ascii_case(ORGANIZATION_MANAGEMENT)),
                claims.and_then(administrators_role),
            ) {
                let evidence = format!(
                    "{ORGANIZATION_MANAGEMENT} may assign the role \"{role}\" on, and the token has the directory role \
                     {directory_role}"
                );
                preflight.add(kind, Passed, evidence);
            } else {
                let evidence = format!(
                    "{} may assign the role \"{role}\" on; whether the administering application is among them is not shown",
                    some_of(&holders, 3)
                );
                // Who may run the cmdlet by a role group that holds the delegating assignment is not told apart here.
                preflight.add(kind, CouldNotTell, evidence).advise(Advice::exchange(
                    "Make sure that the administering application has the directory role Exchange Administrator, or a \
                     delegating assignment of its own.",
                ));
            }
        }
    }
}

/// The id by which the caller is among the holders of an assignment.
fn own_assignment<'a>(holders: &'a [String], claims: Option<&TokenClaims>) -> Option<&'a String> {
    let claims = claims?;
    let ids = [claims.client_id.map(|id| id.to_string()), claims.object_id.clone()];
    holders.iter().find(|holder| ids.iter().flatten().any(|id| id.eq_ignore_ascii_case(holder)))
}

/// The directory role in a token that Exchange counts as Organization Management.
fn administrators_role(claims: &TokenClaims) -> Option<&'static str> {
    use well_known::directory_roles::{EXCHANGE_ADMINISTRATOR, GLOBAL_ADMINISTRATOR};
    [(EXCHANGE_ADMINISTRATOR, "Exchange Administrator"), (GLOBAL_ADMINISTRATOR, "Global Administrator")]
        .into_iter()
        .find_map(|(id, name)| claims.has_directory_role(&id.to_string()).then_some(name))
}

async fn policy_space(
    preflight: &mut Preflight,
    client: &Client,
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    plan: &Plan,
) {
    let kind = PreflightKind::PolicySpace;
    let is_unread = spec.restriction() == Restriction::Policy && seen.facts.policies.whole().is_none();
    if !is_unread && !plan.steps.iter().any(|step| matches!(step.change, Change::RestrictApplication(_))) {
        preflight.add(kind, Passed, "no access policy is to be made");
        return;
    }
    match access_policies(&client.exchange()).await {
        Err(error) => {
            preflight.add(kind, CouldNotTell, without_advice(&error));
        }
        Ok(policies) => {
            let used = policies.iter().filter(|it: &&ApplicationAccessPolicy| !it.identity.is_empty()).count();
            let evidence =
                format!("the organisation has {used} access policies, and about 100 fit, 300 with short texts");
            let outcome = match used {
                ..POLICIES_THAT_FIT => Passed,
                POLICIES_THAT_FIT..MOST_POLICIES => CouldNotTell,
                _ => Failed,
            };
            preflight.add(kind, outcome, evidence);
            if outcome != Passed {
                preflight.advise(Advice::exchange(
                    "Restrict by RBAC for Applications instead, or remove policies that nothing needs any more.",
                ));
            }
        }
    }
}

fn holdings(preflight: &mut Preflight, seen: &Observation) {
    let facts = &seen.facts;
    let mut held: Vec<String> =
        facts.grants.entries().iter().map(|it| format!("permission {}", restriction::grant_name(it))).collect();
    held.extend(facts.role_assignments.entries().iter().map(|it| format!("role {} over {}", it.role, it.scope)));
    held.extend(facts.policies.entries().iter().map(|it| format!("access policy {}", it.identity)));
    let unread: Vec<&str> = seen
        .unread
        .iter()
        .filter(|it| matches!(it.what, UnreadPart::Entra | UnreadPart::Policies | UnreadPart::Roles))
        .map(|it| it.what.description())
        .collect();
    let evidence = if held.is_empty() { "nothing that was found".to_owned() } else { some_of(&held, 10) };
    if unread.is_empty() {
        preflight.add(PreflightKind::Holdings, Passed, evidence);
    } else {
        let evidence = format!("{evidence}; not read: {}", unread.join(", "));
        preflight.add(PreflightKind::Holdings, CouldNotTell, evidence).advise(Advice::entra(
            "Grant the administering application Application.Read.All on Microsoft Graph, and an Exchange role that reads \
             the configuration.",
        ));
    }
}

async fn preflight(groups: &ExchangeGroups, spec: &RestrictedCalendarGroup) -> Preflight {
    let (client, meter) = groups.client.metered();
    let mut preflight =
        Preflight { origin: Origin::now(""), group: spec.address().clone(), checks: Vec::new(), requests: 0 };
    let exchange = sign_in(&mut preflight, &client, Service::Exchange).await;
    let graph = sign_in(&mut preflight, &client, Service::Graph).await;
    let needed = [("Exchange.ManageAsApp", "to run any cmdlet")];
    roles(&mut preflight, PreflightKind::ExchangeRole, exchange.as_ref(), &needed);
    let graph_roles = |preflight: &mut Preflight, revokes: bool| {
        let mut needed = vec![(
            "Application.Read.All|Application.ReadWrite.All|Directory.Read.All",
            "to see what the application holds",
        )];
        if revokes {
            needed.push(("AppRoleAssignment.ReadWrite.All", "to revoke its tenant-wide permission"));
        }
        roles(preflight, PreflightKind::GraphRoles, graph.as_ref(), &needed);
    };
    let may_revoke = spec.restriction() == Restriction::Rbac && spec.revoke_tenant_wide_grant;
    match Observation::of(&client, spec).await {
        Ok(seen) => {
            let plan = Plan::new(spec, &seen);
            let revokes = plan.steps.iter().any(|step| matches!(step.change, Change::RevokePermission(_)));
            // What could not be read may be there to be revoked.
            let is_unread = seen.application.is_none() || seen.facts.grants.whole().is_none();
            graph_roles(&mut preflight, revokes || (may_revoke && is_unread));
            preflight.origin = Origin::now(&seen.origin.tenant);
            observed(&mut preflight, &client, spec, &seen, &plan, exchange.as_ref()).await;
        }
        Err(error) => {
            graph_roles(&mut preflight, may_revoke);
            let text = error.service().map_or_else(|| error.to_string(), without_advice);
            preflight.add(PreflightKind::Tenant, CouldNotTell, text.clone()).advise(Advice::exchange(
                "Give the administering application Exchange.ManageAsApp and a directory role such as Global Reader, or \
                 Exchange Administrator to change anything; a new role takes up to an hour. Nothing runs on this machine: \
                 no PowerShell module is needed.",
            ));
            let done: Vec<PreflightKind> = preflight.checks.iter().map(|check| check.check).collect();
            for kind in PreflightKind::ALL.iter().filter(|kind| !done.contains(kind)) {
                preflight.add(*kind, CouldNotTell, format!("the tenant could not be read: {text}"));
            }
        }
    }
    preflight.checks.sort_by_key(|check| check.check);
    preflight.requests = meter.usage().requests;
    preflight
}

async fn observed(
    preflight: &mut Preflight,
    client: &Client,
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    plan: &Plan,
    claims: Option<&TokenClaims>,
) {
    use PreflightKind as Check;

    let found = &plan.findings;
    preflight.add(Check::Tenant, Passed, format!("the organisation is {}", seen.origin.tenant));
    let lacks_a_right = found.iter().any(|finding| finding.kind == Kind::MissingRight);
    if seen.cmdlets.is_none() && !lacks_a_right {
        preflight
            .add(Check::Cmdlets, CouldNotTell, "the list of cmdlets could not be read")
            .advise(Advice::operator("Apply the plan: a cmdlet that may not be run is refused, and the run says so."));
    } else {
        preflight.by_findings(
            Check::Cmdlets,
            found,
            &[Kind::MissingRight],
            "every cmdlet that the plan needs may be run",
        );
    }
    delegating(preflight, client, spec, seen, plan, claims).await;
    match seen.organization.is_dehydrated {
        _ if spec.restriction() == Restriction::Policy => {
            preflight.add(Check::Customized, Passed, "an access policy does not need it");
        }
        Some(false) => {
            preflight.add(Check::Customized, Passed, "IsDehydrated is False");
        }
        Some(true) if may_need_a_role(spec, seen) => {
            let evidence = "IsDehydrated is True, and whether a role is to be assigned could not be read";
            preflight.add(Check::Customized, CouldNotTell, evidence).advise(Advice::exchange(
                "If a role is to be assigned, run Enable-OrganizationCustomization once, and wait for an hour.",
            ));
        }
        Some(true) => {
            preflight.by_findings(
                Check::Customized,
                found,
                &[Kind::Dehydrated],
                "IsDehydrated is True, and no role is to be assigned",
            );
        }
        None => {
            preflight.add(Check::Customized, CouldNotTell, "the organisation does not show IsDehydrated");
        }
    }
    let address = spec.address();
    preflight.by_findings(
        Check::AcceptedDomain,
        found,
        &[Kind::DomainNotAccepted],
        format!("{} is accepted", address.domain()),
    );
    let own = if seen.group.is_some() { "the group has it" } else { "nobody has it" };
    preflight.by_some(Check::Address, found.iter().filter(|finding| check_of(finding) == Check::Address), own);
    let about = |check: Check| found.iter().filter(move |finding| check_of(finding) == check);
    preflight.by_some(Check::Name, about(Check::Name), "no other group has it");
    preflight.by_some(Check::NamingPolicy, about(Check::NamingPolicy), "none that was found");
    preflight.by_some(Check::Owners, about(Check::Owners), format!("{} can own it", some_of(spec.owners(), 3)));
    let kind = if seen.group.is_some() { "a mail-enabled security group" } else { "there is no group yet" };
    preflight.by_some(Check::GroupKind, about(Check::GroupKind), kind);
    let evidence = format!("{} of {} rooms are selected", plan.rooms, plan.rooms_in_tenant);
    preflight.by_some(Check::Rooms, about(Check::Rooms), evidence);
    preflight.by_some(Check::Members, about(Check::Members), format!("{} are planned", plan.members.len()));
    policy_space(preflight, client, spec, seen, plan).await;
    if seen.unread.iter().any(|part| part.what == UnreadPart::Entra) {
        preflight.add(Check::Application, CouldNotTell, "what Entra has of it could not be read");
    } else {
        let name = plan.application_name.as_deref().unwrap_or("without a name");
        preflight.by_some(Check::Application, about(Check::Application), format!("{name} is present and enabled"));
    }
    holdings(preflight, seen);
    preflight.by_some(Check::MustNotReach, about(Check::MustNotReach), some_of(spec.must_not_reach(), 3));
    // A plan that is blocked is never ready, whatever kind of finding blocks it.
    let others = about(Check::OtherIssues).filter(|finding| finding.severity == Severity::Blocking);
    preflight.by_some(Check::OtherIssues, others, "none");
}

/// The check that a finding of the plan belongs to.
fn check_of(finding: &Finding) -> PreflightKind {
    use PreflightKind as Check;

    match finding.kind {
        Kind::DomainNotAccepted => Check::AcceptedDomain,
        Kind::AddressTaken | Kind::AddressIsAName => Check::Address,
        // Any address of the spec can be that of several recipients.
        Kind::AmbiguousAddress => match finding.spec_path.as_deref().unwrap_or_default() {
            "address" => Check::Address,
            path if path.starts_with("owners") => Check::Owners,
            path if path.starts_with("must_not_reach") => Check::MustNotReach,
            path if path.starts_with("rooms") || path.starts_with("mailboxes") => Check::Rooms,
            _ => Check::OtherIssues,
        },
        Kind::NameTaken => Check::Name,
        Kind::NamingPolicy => Check::NamingPolicy,
        Kind::UnknownOwner | Kind::UnfitOwner => Check::Owners,
        Kind::WrongGroupType | Kind::DirectorySynced => Check::GroupKind,
        Kind::UnmatchedRoom
        | Kind::NoRooms
        | Kind::NotARoom
        | Kind::NotARoomList
        | Kind::SkippedRoom
        | Kind::UndecidedRoom
        | Kind::PlaceWithoutRoom
        | Kind::UnknownMailbox => Check::Rooms,
        Kind::TooManyMembers | Kind::LargeRemoval | Kind::RemovalWidens | Kind::DeniedMailboxIsMember => Check::Members,
        Kind::UnknownApplication | Kind::ApplicationDisabled | Kind::ApplicationMismatch => Check::Application,
        Kind::UnknownDeniedMailbox | Kind::NoDeniedMailbox => Check::MustNotReach,
        Kind::MissingRight => Check::Cmdlets,
        // Where roles are of no use, it is no finding.
        Kind::Dehydrated => Check::Customized,
        _ => Check::OtherIssues,
    }
}

impl fmt::Display for Preflight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Preflight for {}", self.group)?;
        for (outcome, title) in [(Failed, "In the way"), (CouldNotTell, "Could not be told"), (Passed, "Passed")] {
            let mut some = self.with_outcome(outcome).peekable();
            if some.peek().is_none() {
                continue;
            }
            writeln!(f, "\n{title}")?;
            for check in some {
                writeln!(f, "  {}: {}", check.check.title(), printable(&check.evidence))?;
                if let Some(advice) = &check.advice {
                    writeln!(f, "    {advice} ({})", advice.actor)?;
                }
            }
        }
        Ok(())
    }
}

impl ExchangeGroups {
    /// Checks whether a spec can be applied: sign-in, rights, the organisation, the group's address and name, owners, rooms,
    /// the application. Nothing is changed, and nothing ends it early: what could not be told is an outcome.
    ///
    /// # Permissions
    ///
    /// As [`observe`](Self::observe).
    pub async fn preflight(&self, spec: &RestrictedCalendarGroup) -> Preflight {
        let span = tracing::info_span!(
            "exchange_groups.preflight",
            group = %spec.address(),
            application = %spec.application(),
            run_id = %uuid::Uuid::new_v4(),
        );
        // Everything that a plan reads is in it: a caller's future should not grow by that much.
        Box::pin(preflight(self, spec).instrument(span)).await
    }
}
