use super::proof::{self, Check, CheckOutcome, Evidence, Expectation, Verdict};
use crate::access::Access;
use crate::finding::{Finding, VerdictEffect};

/// The verdict: a pure function of the checks and findings.
pub(super) fn verdict(checks: &[Check], findings: &[Finding]) -> Verdict {
    let has_control = proof::has_control(checks);
    let outcomes: Vec<CheckOutcome> = checks.iter().map(|check| check.outcome(has_control)).collect();
    let any = |outcome| outcomes.contains(&outcome);
    let has = |effect| findings.iter().any(|finding| finding.kind.effect() == effect);
    let expects = |expected| checks.iter().any(|check| check.expected == expected);
    // Without a mailbox that was refused nothing was shown to be restricted, and without one that was allowed, nothing
    // to be reached.
    let is_one_sided = !expects(Expectation::NotReached) || !expects(Expectation::Reached);
    let is_configured = |check: &Check| match check.expected {
        Expectation::Kept => true,
        Expectation::Reached => {
            check.configured == Access::Allowed && !matches!(check.tested, Evidence::Denied | Evidence::Unknown(_))
        }
        Expectation::NotReached => check.configured == Access::Denied && check.tested == Evidence::Denied,
    };
    if any(CheckOutcome::Failed) || has(VerdictEffect::Violates) {
        Verdict::Violated
    } else if (any(CheckOutcome::Pending) || has(VerdictEffect::Pending))
        && checks.iter().all(is_configured)
        && !has(VerdictEffect::Inconclusive)
    {
        Verdict::NotPropagated
    } else if is_one_sided
        || !has_control
        || has(VerdictEffect::Inconclusive)
        || has(VerdictEffect::Pending)
        || any(CheckOutcome::Pending)
        || any(CheckOutcome::Inconclusive)
    {
        Verdict::Inconclusive
    } else {
        Verdict::Verified
    }
}
