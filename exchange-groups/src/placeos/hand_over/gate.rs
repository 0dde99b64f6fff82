//! When something may be started: pure, over the verification and the facts.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use graph_client::SmtpAddress;
use graph_client::graph::Timestamp;

use super::input::HandOver;
use crate::access::Truth;
use crate::procedure::Gate;
use crate::prove::{CheckOutcome, Expectation, Proof, Verdict};

/// Clocks of two machines differ by so much at most.
const SKEW: Duration = Duration::from_secs(5 * 60);

pub(crate) const CONDITION: &str = "the restriction of this application to this group is verified";

impl HandOver {
    /// Whether a verification allows the start, as things were observed.
    pub(crate) fn gate(&self, tenant: &str, observed_at: &Timestamp) -> Gate {
        let (is_open, evidence) = match &self.proof {
            None => (Truth::Unknown, "no verification was given".to_owned()),
            Some(proof) => match self.objection(proof, tenant, observed_at) {
                None => (Truth::Yes, format!("verified at {}", proof.origin.made_at)),
                Some(objection) => objection,
            },
        };
        Gate { condition: CONDITION.to_owned(), is_open, evidence, not_before: None }
    }

    fn objection(&self, proof: &Proof, tenant: &str, now: &Timestamp) -> Option<(Truth, String)> {
        let no = |evidence: String| Some((Truth::No, evidence));
        let unknown = |evidence: String| Some((Truth::Unknown, evidence));
        if proof.application != self.spec.application() {
            return no(format!("the verification is of the application {}", proof.application));
        }
        if proof.group != *self.spec.address() {
            return no(format!("the verification is of the group {}", proof.group));
        }
        if !proof.origin.tenant.eq_ignore_ascii_case(tenant) {
            return no(format!("the verification is of the tenant {}", proof.origin.tenant));
        }
        if proof.permission != self.spec.permission() || proof.restriction != self.spec.restriction() {
            return no("the verification is of another spec".to_owned());
        }
        if proof.verdict != Verdict::Verified {
            return no(format!("the verdict is {}", proof.verdict.as_str().replace('_', " ")));
        }
        // A document says what it says: the verdict must follow from its checks.
        if !proof.has_control() || proof.outcomes().any(|(_, outcome)| outcome != CheckOutcome::Passed) {
            return no("the verdict does not follow from the checks of the verification".to_owned());
        }
        let (Some(made), Some(now)) = (proof.origin.made_at.to_system_time(), now.to_system_time()) else {
            return unknown("when the verification was made is not known".to_owned());
        };
        if made > now.checked_add(SKEW).unwrap_or(SystemTime::UNIX_EPOCH) {
            return unknown(format!("the verification is from the future: {}", proof.origin.made_at));
        }
        if now.duration_since(made).is_ok_and(|age| age > self.options.proof_max_age) {
            return no(format!("the verification of {} is too old: verify again", proof.origin.made_at));
        }
        None
    }
}

/// The mailboxes that a verification has seen to be reached.
pub(crate) struct Covered(HashMap<String, bool>);

impl Covered {
    pub(crate) fn by(proof: Option<&Proof>) -> Self {
        let mut covered = HashMap::new();
        for (check, outcome) in proof.iter().flat_map(|proof| proof.outcomes()) {
            let is_reached = check.expected == Expectation::Reached && outcome == CheckOutcome::Passed;
            covered.insert(check.mailbox.as_str().to_lowercase(), is_reached);
        }
        Self(covered)
    }

    pub(crate) fn has(&self, address: &SmtpAddress) -> bool {
        self.0.get(&address.as_str().to_lowercase()) == Some(&true)
    }
}
