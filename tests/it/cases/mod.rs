//! Situations from public reports, from records of other tenants and from trials, by their numbers: what must be true of
//! plan, report and proof in each.

mod documents;
mod lost;
mod plans;
mod setups;
mod spans;
mod surface;
mod verdicts;

use exchange_groups::{Change, Check, CheckOutcome, Finding, FindingKind, Plan, Proof};

/// The finding of a kind.
fn found<'a>(findings: &'a [Finding], kind: FindingKind, shown: &dyn std::fmt::Display) -> &'a Finding {
    findings.iter().find(|finding| finding.kind == kind).unwrap_or_else(|| panic!("no finding {kind:?}\n{shown}"))
}

fn in_plan(plan: &Plan, kind: FindingKind) -> &Finding {
    found(&plan.findings, kind, plan)
}

fn in_proof(proof: &Proof, kind: FindingKind) -> &Finding {
    found(&proof.findings, kind, proof)
}

fn has(findings: &[Finding], kind: FindingKind) -> bool {
    findings.iter().any(|finding| finding.kind == kind)
}

fn check<'a>(proof: &'a Proof, mailbox: &str) -> (&'a Check, CheckOutcome) {
    let found = proof.outcomes().find(|(check, _)| check.mailbox.as_str() == mailbox);
    found.unwrap_or_else(|| panic!("no check of {mailbox}\n{proof}"))
}

/// Whether a finding advises to take away what lets the application reach its rooms.
fn removes_something(findings: &[Finding]) -> bool {
    let removes = |change: &Change| matches!(change, Change::RemoveRole(_) | Change::RemovePolicy(_));
    findings.iter().flat_map(|finding| &finding.advice.changes).any(removes)
}
