//! One page for somebody who has never seen the tool.

use askama::Template;
use graph_client::exchange::{Cmdlet as _, Identity, TestApplicationAccessPolicy, TestServicePrincipalAuthorization};
use graph_client::printable;

use super::checks::{EvidenceCheck, EvidenceResult};
use super::report::{EvidenceMailbox, EvidenceReport};
use crate::access::Access;
use crate::prove::{CheckOutcome, Evidence, Expectation, Verdict};
use crate::spec::{Permission, Restriction};

/// What the template shows. Every text is escaped by it, and made printable here: names come from the tenant.
#[derive(Template)]
#[template(path = "evidence.html")]
struct Page {
    verdict: &'static str,
    verdict_class: &'static str,
    verdict_means: &'static str,
    tenant: String,
    application: String,
    group: String,
    restricted_by: &'static str,
    may: &'static str,
    made_at: String,
    observed_at: String,
    software: String,
    digest: String,
    passed: usize,
    checks: Vec<CheckRow>,
    tables: Vec<Table>,
    findings: Vec<String>,
    not_looked_at: Vec<String>,
    token: Option<TokenRow>,
    older_tokens_until: Option<String>,
    rounds: u32,
    requests: u64,
    repeat: Vec<String>,
}

/// The mailboxes of one expectation, and what an empty list means.
struct Table {
    title: &'static str,
    empty: &'static str,
    rows: Vec<MailboxRow>,
}

struct CheckRow {
    id: &'static str,
    title: String,
    result: &'static str,
    class: &'static str,
    severity: String,
    basis: String,
    found: Vec<String>,
    remedy: Vec<String>,
    related: Vec<String>,
}

struct MailboxRow {
    mailbox: String,
    id: String,
    configured: &'static str,
    tested: String,
    live: String,
    outcome: &'static str,
    class: &'static str,
    paths: Vec<String>,
}

struct TokenRow {
    roles: String,
    issued_at: String,
    expires_at: String,
    lives_long: bool,
}

impl EvidenceReport {
    /// The evidence as one HTML page: no script, no style sheet or picture from elsewhere, everything escaped. It is made
    /// for phones, desktops, dark and light, and for paper.
    ///
    /// # Errors
    ///
    /// Never for what a proof contains.
    pub fn html(&self) -> Result<String, std::fmt::Error> {
        let of = |expected, title, empty| {
            let rows = self.mailboxes.iter().filter(|it| it.expected == expected).map(mailbox).collect();
            Table { title, empty, rows }
        };
        let (verdict, verdict_class, verdict_means) = verdict(self.verdict);
        let page = Page {
            verdict,
            verdict_class,
            verdict_means,
            tenant: text(&self.origin.tenant),
            application: self.application.to_string(),
            group: text(self.group.as_str()),
            restricted_by: match self.restriction {
                Restriction::Rbac => "a role with a scope (RBAC for Applications in Exchange Online)",
                Restriction::Policy => "an application access policy of Exchange Online",
            },
            may: match self.permission {
                Permission::Read => "read events",
                Permission::ReadWrite => "read, create, change and delete events",
            },
            made_at: self.origin.made_at.to_string(),
            observed_at: self.observation.made_at.to_string(),
            software: text(&self.origin.software),
            digest: self.observation.digest.to_string(),
            passed: self.count(EvidenceResult::Pass),
            checks: self.checks.iter().map(check).collect(),
            tables: vec![
                of(
                    Expectation::NotReached,
                    "Must not be reached",
                    "No mailbox was named that must not be reached: nothing shows that the restriction keeps anybody out.",
                ),
                of(Expectation::Reached, "Must be reached", "No mailbox was to be reached."),
                of(Expectation::Kept, "Members that the specification does not name", ""),
            ],
            findings: texts(&self.findings),
            not_looked_at: texts(&self.not_looked_at),
            token: self.token.as_ref().map(|token| TokenRow {
                roles: if token.roles.is_empty() { "none".to_owned() } else { text(&token.roles.join(", ")) },
                issued_at: token.issued_at.as_ref().map_or_else(|| "not shown".to_owned(), ToString::to_string),
                expires_at: token.expires_at.as_ref().map_or_else(|| "not shown".to_owned(), ToString::to_string),
                lives_long: token.continuous_access_evaluation,
            }),
            older_tokens_until: self.older_tokens_until.as_ref().map(ToString::to_string),
            rounds: self.rounds,
            requests: self.requests,
            repeat: self.repeat(),
        };
        page.render().map_err(|_| std::fmt::Error)
    }

    /// Commands by which a reviewer repeats Exchange's own test by hand, for one mailbox of each kind.
    fn repeat(&self) -> Vec<String> {
        let first = |expected| self.mailboxes.iter().find(|it| it.expected == expected);
        let mailboxes = [first(Expectation::Reached), first(Expectation::NotReached)].into_iter().flatten();
        let command = |mailbox: &EvidenceMailbox| {
            let identity = Identity::from(&mailbox.mailbox);
            let line = match self.restriction {
                Restriction::Rbac => {
                    TestServicePrincipalAuthorization::new(self.application).resource(identity).powershell()
                }
                Restriction::Policy => TestApplicationAccessPolicy::new(identity, self.application).powershell(),
            };
            line.ok().map(|line| text(&line))
        };
        mailboxes.filter_map(command).collect()
    }
}

fn text(text: &str) -> String {
    printable(text).into_owned()
}

fn texts(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| text(line)).collect()
}

const fn verdict(verdict: Verdict) -> (&'static str, &'static str, &'static str) {
    match verdict {
        Verdict::Verified => (
            "Verified",
            "pass",
            "Configuration, Exchange's own test and reads with the application's own token agree on every mailbox that was \
             looked at, and nothing that was found speaks against the restriction.",
        ),
        Verdict::Violated => (
            "Violated",
            "fail",
            "The application reaches more than it should, or less, or it can lift the restriction itself. The checks below \
             say what, and what to do.",
        ),
        Verdict::NotPropagated => (
            "Not in effect yet",
            "open",
            "The configuration is right, and the live service does not act on it everywhere yet. Repeat the verification \
             later: this is no pass.",
        ),
        Verdict::Inconclusive => (
            "Inconclusive",
            "open",
            "Something that decides could not be told. The checks below say what is missing: this is no pass.",
        ),
    }
}

const fn result(result: EvidenceResult) -> (&'static str, &'static str) {
    match result {
        EvidenceResult::Pass => ("Pass", "pass"),
        EvidenceResult::Fail => ("Fail", "fail"),
        EvidenceResult::CouldNotTell => ("Could not tell", "open"),
        EvidenceResult::NotApplicable => ("Does not apply", "none"),
    }
}

fn check(check: &EvidenceCheck) -> CheckRow {
    let (result, class) = result(check.result);
    let related = |it: &super::checks::Related| {
        let note = it.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        text(&format!("{} {}{note}", it.tool, it.id))
    };
    CheckRow {
        id: check.id.as_str(),
        title: text(&check.title),
        result,
        class,
        severity: text(&check.severity),
        basis: text(&check.basis),
        found: texts(&check.found),
        remedy: texts(&check.remedy),
        related: check.related.iter().map(related).collect(),
    }
}

fn mailbox(mailbox: &EvidenceMailbox) -> MailboxRow {
    let (outcome, class) = match mailbox.outcome {
        CheckOutcome::Passed => ("As expected", "pass"),
        CheckOutcome::Failed => ("Not as expected", "fail"),
        CheckOutcome::Pending => ("Not in effect yet", "open"),
        CheckOutcome::Inconclusive => ("Could not tell", "open"),
    };
    let evidence = |evidence: &Evidence| match evidence {
        Evidence::Allowed => "allowed".to_owned(),
        Evidence::Denied => "refused".to_owned(),
        Evidence::Unknown(because) => text(&format!("not known: {because}")),
        Evidence::NotInSample => "not tried (not in the sample)".to_owned(),
    };
    MailboxRow {
        mailbox: text(mailbox.mailbox.as_str()),
        id: mailbox.id.map_or_else(|| "not known".to_owned(), |id| id.to_string()),
        configured: match mailbox.configured {
            Access::Allowed => "allowed",
            Access::Denied => "refused",
            Access::Unknown => "not known",
        },
        tested: evidence(&mailbox.tested),
        live: evidence(&mailbox.live),
        outcome,
        class,
        paths: texts(&mailbox.paths),
    }
}
