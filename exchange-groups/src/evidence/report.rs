use graph_client::graph::Timestamp;
use graph_client::{ClientId, ObjectId, SmtpAddress};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::checks::{EvidenceCheck, EvidenceCheckId, EvidenceResult, checks};
use crate::access::Access;
use crate::credentials::Credentials;
use crate::document::{ObservationRef, Origin};
use crate::finding::Severity;
use crate::prove::{CheckOutcome, Evidence, Expectation, Proof, TokenEvidence, Verdict};
use crate::spec::{Permission, Restriction};

/// The evidence of a verification for somebody who reviews it: see the [module](crate::evidence).
///
/// It is a pure function of what it is made from: the same proof gives the same report.
///
/// # Examples
///
/// ```
/// use exchange_groups::evidence::{EvidenceReport, EvidenceResult};
/// use exchange_groups::graph_client::{Client, ClientSecret, Cloud};
/// use exchange_groups::{ExchangeGroups, RestrictedCalendarGroup};
/// use fake_tenant::FakeTenant;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let tenant = FakeTenant::contoso();
/// # let server = tenant.serve().await?;
/// # let (admin, app) = (tenant.administrator(), tenant.booking_application());
/// # let client = Client::builder()
/// #     .tenant(tenant.domain())
/// #     .credential(ClientSecret::new(admin.client_id.parse()?, admin.secret()))
/// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
/// #     .build()?;
/// # let groups = ExchangeGroups::new(client).application(ClientSecret::new(app.client_id.parse()?, app.secret()));
/// let spec = RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", &*app.client_id)
///     .owner("exchange.admin@contoso.com")
///     .revoke_tenant_wide_grant(true)
///     .must_not_reach("ceo@contoso.com")
///     .build()?;
/// groups.apply(&groups.plan(&spec).await?).await?;
/// let report = EvidenceReport::new(&groups.prove(&spec).await?);
/// assert!(report.checks.iter().all(|check| check.result == EvidenceResult::Pass), "{report:#?}");
/// # Ok(())
/// # }
/// ```
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EvidenceReport {
    /// In which tenant, when and by what the verification was made.
    pub origin: Origin,
    /// The verdict.
    pub verdict: Verdict,
    /// The group's address.
    pub group: SmtpAddress,
    /// The application's client id.
    pub application: ClientId,
    /// How it is restricted.
    pub restriction: Restriction,
    /// What it may do with the calendars.
    pub permission: Permission,
    /// The facts that the configuration was judged by.
    pub observation: ObservationRef,
    /// The checks, by their ids.
    pub checks: Vec<EvidenceCheck>,
    /// Every mailbox that was looked at.
    pub mailboxes: Vec<EvidenceMailbox>,
    /// What was found beside the checks, the gravest first.
    pub findings: Vec<String>,
    /// What was not looked at.
    pub not_looked_at: Vec<String>,
    /// What the token says with which mailboxes were read. The token itself is nowhere.
    pub token: Option<TokenEvidence>,
    /// Until when older tokens may live, which reach what was reached before.
    pub older_tokens_until: Option<Timestamp>,
    /// How many rounds of checks were made.
    pub rounds: u32,
    /// How many HTTP requests it took.
    pub requests: u64,
}

/// A mailbox and what was found of it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EvidenceMailbox {
    /// Its address.
    pub mailbox: SmtpAddress,
    /// Its object id, by which it was read.
    pub id: Option<ObjectId>,
    /// What should be true of it.
    pub expected: Expectation,
    /// What the configuration says.
    pub configured: Access,
    /// What Exchange's own test says.
    pub tested: Evidence,
    /// What a read with the application's own token says.
    pub live: Evidence,
    /// How the check of it ended.
    pub outcome: CheckOutcome,
    /// The access paths that lead to it, or that were looked at, and why they do or do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
}

impl EvidenceReport {
    /// The evidence in a proof.
    #[must_use]
    pub fn new(proof: &Proof) -> Self {
        Self::of(proof, None)
    }

    /// The evidence in a proof, with what was seen of the application's credentials.
    ///
    /// Credentials of another application are left out, and named among what was not looked at.
    #[must_use]
    pub fn with_credentials(proof: &Proof, credentials: &Credentials) -> Self {
        Self::of(proof, Some(credentials))
    }

    fn of(proof: &Proof, credentials: Option<&Credentials>) -> Self {
        let credentials = credentials.filter(|it| it.application == proof.application);
        let mut not_looked_at = proof.not_checked.clone();
        if credentials.is_none() {
            not_looked_at.push("The secrets and certificates of the application (ECG-007)".into());
        }
        not_looked_at.extend([
            "Who may consent to applications in this tenant".to_owned(),
            "Whether access to mailboxes is audited".to_owned(),
            "Other applications: this evidence is about one".to_owned(),
        ]);
        let mut findings: Vec<&crate::finding::Finding> = proof.findings.iter().collect();
        findings.sort_by_key(|finding| finding.severity);
        let finding = |finding: &&crate::finding::Finding| {
            let severity = match finding.severity {
                Severity::Blocking => "Blocking",
                Severity::Warning => "Warning",
                Severity::Note => "Note",
            };
            format!("{severity}: {finding}")
        };
        Self {
            origin: proof.origin.clone(),
            verdict: proof.verdict,
            group: proof.group.clone(),
            application: proof.application,
            restriction: proof.restriction,
            permission: proof.permission,
            observation: proof.observation.clone(),
            checks: checks(proof, credentials),
            mailboxes: proof
                .outcomes()
                .map(|(check, outcome)| EvidenceMailbox {
                    mailbox: check.mailbox.clone(),
                    id: check.id,
                    expected: check.expected,
                    configured: check.configured,
                    tested: check.tested.clone(),
                    live: check.live.clone(),
                    outcome,
                    paths: check
                        .paths
                        .iter()
                        .map(|path| format!("{}, {}: {}", path.via, path.verdict, path.because))
                        .collect(),
                })
                .collect(),
            findings: findings.iter().map(finding).collect(),
            not_looked_at,
            token: proof.token.clone(),
            older_tokens_until: proof.older_tokens_until.clone(),
            rounds: proof.rounds,
            requests: proof.requests,
        }
    }

    /// The check with this id.
    #[must_use]
    pub fn check(&self, id: EvidenceCheckId) -> Option<&EvidenceCheck> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// How many checks ended in this way.
    #[must_use]
    pub fn count(&self, result: EvidenceResult) -> usize {
        self.checks.iter().filter(|check| check.result == result).count()
    }
}
