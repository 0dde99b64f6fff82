//! The checks, their ids, and what they are related to.

use serde::{Deserialize, Serialize};

use crate::access::{Access, Truth};
use crate::credentials::{CredentialState, Credentials};
use crate::finding::{Advice, Finding, FindingKind as Kind, VerdictEffect};
use crate::names::named;
use crate::prove::{CheckOutcome, Evidence, Expectation, Proof, Verdict};
use crate::spec::Restriction;
use crate::text::{count, some_of};

named! {
    /// A check of the evidence. Its id never changes its meaning, and is never used for something else.
    #[non_exhaustive]
    pub enum EvidenceCheckId as "check id" {
        /// The application reaches the mailboxes of the spec and no others.
        Reach = "ECG-001",
        /// The restriction is in place.
        Restriction = "ECG-002",
        /// No tenant-wide permission reaches calendars.
        TenantWidePermission = "ECG-003",
        /// No other role or policy reaches more.
        OtherRoles = "ECG-004",
        /// The group is what the spec says.
        Group = "ECG-005",
        /// The application cannot lift its own limit.
        Widening = "ECG-006",
        /// The credentials of the application are few and short-lived.
        Credentials = "ECG-007",
    }
    /// How a check ended.
    #[non_exhaustive]
    pub enum EvidenceResult as "result" {
        /// What was seen shows that it holds.
        Pass = "pass",
        /// It does not hold.
        Fail = "fail",
        /// What was seen decides it neither way. That is no pass.
        CouldNotTell = "could_not_tell",
        /// It is not about a restriction of this kind.
        NotApplicable = "not_applicable",
    }
    /// A tool or benchmark that reviewers use.
    #[non_exhaustive]
    pub enum ReviewTool as "tool" {
        /// Maester.
        Maester = "Maester",
        /// Prowler.
        Prowler = "Prowler",
        /// CISA's `ScubaGear`.
        ScubaGear = "ScubaGear",
        /// The CIS Microsoft 365 Foundations Benchmark 7.0.0.
        Cis = "CIS Microsoft 365 7.0.0",
    }
}

/// A control of another tool that is about the same subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Related {
    /// The tool.
    pub tool: ReviewTool,
    /// The id of its control.
    pub id: String,
    /// What to know about the relation.
    pub note: Option<String>,
}

/// A check with its result and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EvidenceCheck {
    /// The id.
    pub id: EvidenceCheckId,
    /// What it says, as a sentence.
    pub title: String,
    /// How it ended.
    pub result: EvidenceResult,
    /// How much a failure matters: `critical`, `high` or `medium`.
    pub severity: String,
    /// What it rests on.
    pub basis: String,
    /// What was found, in sentences.
    pub found: Vec<String>,
    /// What to do, where it did not pass.
    pub remedy: Vec<String>,
    /// Controls of other tools about the same subject. They are related, and not satisfied by it.
    pub related: Vec<Related>,
}

impl EvidenceCheckId {
    /// What it says where it holds.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Reach => "The application reaches the mailboxes of the group and no others",
            Self::Restriction => "The restriction is in place",
            Self::TenantWidePermission => "No tenant-wide permission reaches calendars",
            Self::OtherRoles => "No other role or access policy reaches more",
            Self::Group => "The group is what the specification says",
            Self::Widening => "The application cannot lift its own limit",
            Self::Credentials => "The credentials of the application are few and short-lived",
        }
    }

    /// What it rests on.
    #[must_use]
    pub const fn basis(self) -> &'static str {
        match self {
            Self::Reach => {
                "live reads with the application's own token, Exchange's own test, and the configuration, for every mailbox \
                 of the specification"
            }
            Self::Restriction => "role assignments, scopes, access policies and the members of their groups",
            Self::TenantWidePermission => {
                "the application permissions granted to the service principal on Microsoft Graph and Exchange"
            }
            Self::OtherRoles => "all role assignments of the service principal, and all policies that are about it",
            Self::Group => "the group, its owners and its members, as Exchange shows them",
            Self::Widening => "its permissions, directory roles, role groups and owners, and what each of them allows",
            Self::Credentials => "the secrets and certificates of the registration and of the service principal",
        }
    }

    /// How much a failure matters.
    const fn severity(self) -> &'static str {
        match self {
            Self::Reach | Self::Widening => "critical",
            Self::Restriction | Self::TenantWidePermission | Self::OtherRoles => "high",
            Self::Group | Self::Credentials => "medium",
        }
    }

    /// Controls of other tools about the same subject, with the ids that were published in November 2026.
    #[must_use]
    pub fn related(self, restriction: Restriction) -> Vec<Related> {
        use ReviewTool::{Cis, Maester, Prowler, ScubaGear};

        let related = |tool, id: &str| Related { tool, id: id.to_owned(), note: None };
        let noted = |tool, id: &str, note: &str| Related { tool, id: id.to_owned(), note: Some(note.to_owned()) };
        let policy_only = "it knows access policies alone; its configuration gives it a title about something else, so go \
                           by the id, and it passes a policy that denies as well";
        let prowler = "exchange_application_access_policy_restricts_mailbox_apps";
        match self {
            Self::Reach | Self::OtherRoles | Self::Group => Vec::new(),
            Self::Restriction => {
                vec![
                    noted(Maester, "MT.1058", policy_only),
                    noted(Prowler, prowler, "it knows access policies alone, and is MANUAL where they cannot be read"),
                ]
            }
            Self::TenantWidePermission => {
                let under_role = match restriction {
                    Restriction::Rbac => "without the permission the application drops out of it",
                    Restriction::Policy => "it looks for a policy beside the permission",
                };
                vec![
                    noted(Maester, "MT.1058", under_role),
                    noted(Prowler, prowler, under_role),
                    noted(ScubaGear, "MS.AAD.5.1v1", "the table of risky applications rates the permissions"),
                    noted(Cis, "5.1.5.1", "the nearest: it has no control for the mailboxes of an application"),
                    noted(Cis, "5.1.5.2", "the nearest: it has no control for the mailboxes of an application"),
                ]
            }
            Self::Widening => vec![
                related(Maester, "MT.1050"),
                related(Maester, "MT.1051"),
                related(Prowler, "entra_service_principal_privileged_role_no_owners"),
            ],
            Self::Credentials => vec![
                noted(Maester, "MT.1057", "its configuration gives it a title about something else: go by the id"),
                related(Prowler, "entra_app_registration_client_secret_unused"),
                related(Prowler, "entra_service_principal_no_secrets_for_permanent_tier0_roles"),
                related(ScubaGear, "MS.AAD.5.5v1"),
                related(ScubaGear, "MS.AAD.5.6v1"),
                related(ScubaGear, "MS.AAD.5.7v1"),
                related(Cis, "5.1.5.3"),
                related(Cis, "5.1.5.4"),
                related(Cis, "5.1.5.5"),
                related(Cis, "5.1.5.6"),
            ],
        }
    }
}

/// What a finding of a kind decides: each check that fails by it, and each that it leaves open. The check of the reach goes by
/// the verdict, and that of widening by what the access model says.
const fn decides(kind: Kind) -> &'static [(EvidenceCheckId, EvidenceResult)] {
    use EvidenceCheckId::{Group, OtherRoles, Restriction, TenantWidePermission};
    use EvidenceResult::{CouldNotTell, Fail};

    match kind {
        Kind::TenantWidePermission => &[(TenantWidePermission, Fail)],
        Kind::OtherRole | Kind::OtherPolicy | Kind::WiderPermission => &[(OtherRoles, Fail)],
        Kind::InsufficientPermission | Kind::BrokenScope => &[(Restriction, Fail)],
        // Whether a step that is left is about the group, the finding does not say.
        Kind::Drift => &[(Restriction, Fail), (Group, CouldNotTell)],
        Kind::WrongGroupType
        | Kind::DeniedMailboxIsMember
        | Kind::NestedGroup
        | Kind::PropertiesDiffer
        | Kind::UnmatchedRoom
        | Kind::UnknownOwner
        | Kind::UnfitOwner
        | Kind::UnknownMailbox => &[(Group, Fail)],
        Kind::NotRead => &[
            (Restriction, CouldNotTell),
            (TenantWidePermission, CouldNotTell),
            (OtherRoles, CouldNotTell),
            (Group, CouldNotTell),
        ],
        // Nobody knows what an application that is not known, or gets no token, would reach.
        Kind::UndecidedPath | Kind::UnknownApplication | Kind::ApplicationDisabled => {
            &[(Restriction, CouldNotTell), (TenantWidePermission, CouldNotTell), (OtherRoles, CouldNotTell)]
        }
        Kind::RefusedUnderDenyPolicy => &[(Restriction, CouldNotTell)],
        Kind::AmbiguousAddress
        | Kind::KeptMembers
        | Kind::UnidentifiedMember
        | Kind::OthersCanWiden
        | Kind::NoRooms
        | Kind::NotARoomList
        | Kind::TooManyMembers
        | Kind::UndecidedRoom => &[(Group, CouldNotTell)],
        Kind::UnknownDeniedMailbox
        | Kind::NoDeniedMailbox
        | Kind::NotReached
        | Kind::DenyPolicy
        | Kind::OutdatedToken
        | Kind::WriteRefused
        | Kind::WriteUndecided
        | Kind::NotPropagated
        | Kind::CanWidenItself
        | Kind::WideningUndecided
        | Kind::DomainNotAccepted
        | Kind::AddressTaken
        | Kind::AddressIsAName
        | Kind::NameTaken
        | Kind::DirectorySynced
        | Kind::SkippedRoom
        | Kind::NotARoom
        | Kind::NestedRoomList
        | Kind::PlaceWithoutRoom
        | Kind::LargeRemoval
        | Kind::RemovalWidens
        | Kind::ApplicationMismatch
        | Kind::PolicyWithWrongId
        | Kind::Dehydrated
        | Kind::MissingRight
        | Kind::NothingToNarrow
        | Kind::UnmatchedExclusion
        | Kind::NamingPolicy
        | Kind::Outage
        | Kind::UnknownOtherGroup
        | Kind::OtherApplications
        | Kind::Namesake
        | Kind::ObsoletePermission
        | Kind::RelatedPermission
        | Kind::DelegatedPermission
        | Kind::FreeBusyVisible
        | Kind::AddressNotASignInName
        | Kind::OtherTenant => &[],
    }
}

fn by_findings(proof: &Proof, id: EvidenceCheckId) -> (EvidenceResult, Vec<String>, Vec<String>) {
    let of = |wanted: EvidenceResult| -> Vec<&Finding> {
        proof.findings.iter().filter(|finding| decides(finding.kind).contains(&(id, wanted))).collect()
    };
    let (fails, open) = (of(EvidenceResult::Fail), of(EvidenceResult::CouldNotTell));
    let result = match (&*fails, &*open) {
        ([], []) => EvidenceResult::Pass,
        ([], _) => EvidenceResult::CouldNotTell,
        _ => EvidenceResult::Fail,
    };
    let (found, remedy) = said(fails.into_iter().chain(open));
    (result, found, remedy)
}

fn said<'a>(findings: impl Iterator<Item = &'a Finding>) -> (Vec<String>, Vec<String>) {
    findings.map(|finding| (finding.message.clone(), finding.advice.to_string())).unzip()
}

/// Every check of a proof; that of the credentials where they were looked at.
pub(super) fn checks(proof: &Proof, credentials: Option<&Credentials>) -> Vec<EvidenceCheck> {
    let check =
        |id: EvidenceCheckId, (result, found, remedy): (EvidenceResult, Vec<String>, Vec<String>)| EvidenceCheck {
            id,
            title: id.title().to_owned(),
            result,
            severity: id.severity().to_owned(),
            basis: id.basis().to_owned(),
            found,
            remedy: if result == EvidenceResult::Pass { Vec::new() } else { remedy },
            related: id.related(proof.restriction),
        };
    let mut checks = vec![
        check(EvidenceCheckId::Reach, reach(proof)),
        check(EvidenceCheckId::Restriction, restriction(proof)),
        check(EvidenceCheckId::TenantWidePermission, permission(proof)),
        check(EvidenceCheckId::OtherRoles, by_findings(proof, EvidenceCheckId::OtherRoles)),
        check(EvidenceCheckId::Group, by_findings(proof, EvidenceCheckId::Group)),
        check(EvidenceCheckId::Widening, widening(proof)),
    ];
    checks.extend(credentials.map(|credentials| check(EvidenceCheckId::Credentials, of_credentials(credentials))));
    checks
}

/// Only a verdict of "verified" passes: a mailbox that nobody looked at may be reached as well.
fn reach(proof: &Proof) -> (EvidenceResult, Vec<String>, Vec<String>) {
    let is_open = |check: &crate::prove::Check| {
        check.expected == Expectation::NotReached
            && (check.live == Evidence::Allowed || check.configured == Access::Allowed)
    };
    let failed = proof.outcomes().filter(|(check, outcome)| *outcome == CheckOutcome::Failed || is_open(check));
    let failed: Vec<String> = failed.map(|(check, _)| check.mailbox.to_string()).collect();
    let wider = proof.findings.iter().filter(|finding| finding.kind.effect() == VerdictEffect::Violates);
    let (mut found, remedy) = said(wider);
    let passed = proof.outcomes().filter(|(_, outcome)| *outcome == CheckOutcome::Passed).count();
    found.insert(0, format!("{passed} of {} are as expected", count(proof.checks.len(), "mailbox")));
    if !failed.is_empty() {
        found.push(format!("not as expected: {}", some_of(&failed, 5)));
    }
    if let Some(sample) = proof.sample {
        found.push(format!("{} of {} that are to be reached were read", sample.size, count(sample.of, "mailbox")));
    }
    let result = match proof.verdict {
        Verdict::Verified if failed.is_empty() => EvidenceResult::Pass,
        Verdict::Violated => EvidenceResult::Fail,
        _ if !failed.is_empty() => EvidenceResult::Fail,
        _ => EvidenceResult::CouldNotTell,
    };
    (result, found, remedy)
}

/// By the configuration: what is reached, and what is not.
fn restriction(proof: &Proof) -> (EvidenceResult, Vec<String>, Vec<String>) {
    let wrong = |check: &&crate::prove::Check| {
        matches!(
            (check.expected, check.configured),
            (Expectation::Reached, Access::Denied) | (Expectation::NotReached, Access::Allowed)
        )
    };
    let wrong: Vec<String> = proof.checks.iter().filter(wrong).map(|check| check.mailbox.to_string()).collect();
    let is_open = proof.checks.iter().any(|check| check.configured == Access::Unknown);
    let (result, mut found, remedy) = by_findings(proof, EvidenceCheckId::Restriction);
    let is_there = match proof.restriction {
        Restriction::Rbac => "a role with a scope (RBAC for Applications)",
        Restriction::Policy => "an application access policy",
    };
    found.insert(0, format!("the application is restricted by {is_there}"));
    let result = match result {
        _ if !wrong.is_empty() => EvidenceResult::Fail,
        EvidenceResult::Pass if is_open || proof.checks.is_empty() => EvidenceResult::CouldNotTell,
        other => other,
    };
    if !wrong.is_empty() {
        found.push(format!("by the configuration not as expected: {}", some_of(&wrong, 5)));
    }
    if result != EvidenceResult::Pass
        && let Some(first) = found.first_mut()
    {
        *first = format!("the specification asks for {is_there}");
    }
    (result, found, remedy)
}

fn permission(proof: &Proof) -> (EvidenceResult, Vec<String>, Vec<String>) {
    let (result, mut found, remedy) = by_findings(proof, EvidenceCheckId::TenantWidePermission);
    let result = match (proof.restriction, result) {
        (Restriction::Policy, EvidenceResult::Pass | EvidenceResult::CouldNotTell) => {
            found.push("the permission is meant to be there: an access policy restricts it".into());
            EvidenceResult::NotApplicable
        }
        (_, other) => other,
    };
    (result, found, remedy)
}

fn widening(proof: &Proof) -> (EvidenceResult, Vec<String>, Vec<String>) {
    let about = [Kind::CanWidenItself, Kind::WideningUndecided];
    let (found, remedy) = said(proof.findings.iter().filter(|finding| about.contains(&finding.kind)));
    let result = match proof.can_widen_itself {
        Truth::No => EvidenceResult::Pass,
        Truth::Yes => EvidenceResult::Fail,
        Truth::Unknown => EvidenceResult::CouldNotTell,
    };
    (result, found, remedy)
}

fn of_credentials(credentials: &Credentials) -> (EvidenceResult, Vec<String>, Vec<String>) {
    let mut found: Vec<String> = credentials
        .credentials
        .iter()
        .map(|credential| {
            let name = credential.name.as_deref().unwrap_or("without a name");
            let days =
                credential.days_left.map_or_else(|| "no end is shown".to_owned(), |days| format!("{days} days left"));
            let states: Vec<&str> = credential.states.iter().map(|state| state.as_str()).collect();
            format!("{} {name}: {days} ({})", credential.kind, states.join(", "))
        })
        .collect();
    let states = || credentials.states.iter().chain(credentials.valid().flat_map(|it| &it.states));
    let is_bad = |state: &&CredentialState| {
        matches!(state, CredentialState::LongLived | CredentialState::TooMany | CredentialState::NoneValid)
    };
    let result = if states().any(|state| is_bad(&state)) {
        EvidenceResult::Fail
    } else if states().any(|state| *state == CredentialState::NoEnd) {
        EvidenceResult::CouldNotTell
    } else {
        EvidenceResult::Pass
    };
    if found.is_empty() {
        found.push("it has no secret and no certificate".into());
    }
    let advice = Advice::entra(
        "Rotate what lives for too long, and remove what is not used: a certificate or a federated credential is best",
    );
    (result, found, vec![advice.to_string()])
}
