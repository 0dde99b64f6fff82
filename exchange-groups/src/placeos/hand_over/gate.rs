//! When something may be started: pure, over the verification and the facts.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use graph_client::SmtpAddress;

use super::input::HandOver;
use super::read::HandOverFacts;
use crate::access::Truth;
use crate::document::Origin;
use crate::procedure::Gate;
use crate::prove::{CheckOutcome, Expectation, Proof, Verdict};

/// Clocks of two machines differ by so much at most.
const SKEW: Duration = Duration::from_secs(5 * 60);

pub(crate) const CONDITION: &str = "the restriction of this application to this group is verified";

impl HandOver {
    /// Whether a verification allows the start, as things were observed.
    pub(crate) fn gate(&self, facts: &HandOverFacts) -> Gate {
        let (is_open, evidence) = match &self.proof {
            None => (Truth::Unknown, "no verification was given".to_owned()),
            Some(proof) => match self.objection(proof, &facts.origin).or_else(|| self.not_covered(proof, facts)) {
                None => (Truth::Yes, format!("verified at {}", proof.origin.made_at)),
                Some(objection) => objection,
            },
        };
        Gate { condition: CONDITION.to_owned(), is_open, evidence, not_before: None }
    }

    fn objection(&self, proof: &Proof, observed: &Origin) -> Option<(Truth, String)> {
        let (tenant, now) = (&observed.tenant, &observed.made_at);
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

    /// What a start would rest on, and the verification has not looked at: what has come since.
    fn not_covered(&self, proof: &Proof, facts: &HandOverFacts) -> Option<(Truth, String)> {
        let unknown = |evidence: String| Some((Truth::Unknown, evidence));
        let covered = Covered::by(Some(proof));
        if let Some(mailbox) = self.spec.must_not_reach().iter().find(|it| !covered.is(it, Expectation::NotReached)) {
            return unknown(format!("the verification has not looked at {mailbox}, which must not be reached"));
        }
        if let Some(mailbox) = self.acting_mailboxes().find(|it| !covered.is(it, Expectation::Reached)) {
            return unknown(format!(
                "the verification has not seen that {mailbox} is reached, which PlaceOS is to act as"
            ));
        }
        let Some(members) = facts.members.whole() else {
            return unknown("who is a member now could not be read".to_owned());
        };
        let belongs = |member: &SmtpAddress| {
            // A room of which it is unknown whether it is selected is the affair of the verification.
            facts.rooms.iter().any(|room| room.address == *member && room.is_wanted != Some(false))
                || facts.mailboxes.contains(member)
                || covered.is(member, Expectation::Kept)
        };
        let member = members.iter().find(|member| !belongs(member))?;
        Some((Truth::No, format!("{member} has become a member since the verification, and the spec does not name it")))
    }

    /// The mailboxes that PlaceOS acts as.
    pub(crate) fn acting_mailboxes(&self) -> impl Iterator<Item = &SmtpAddress> {
        self.options.service_account.iter().chain(&self.options.mailer_from)
    }
}

/// The mailboxes that a verification has looked at, with what it found as expected.
pub(crate) struct Covered(HashMap<String, Expectation>);

impl Covered {
    pub(crate) fn by(proof: Option<&Proof>) -> Self {
        let passed = proof.iter().flat_map(|proof| proof.outcomes()).filter(|(_, it)| *it == CheckOutcome::Passed);
        Self(passed.map(|(check, _)| (check.mailbox.as_str().to_lowercase(), check.expected)).collect())
    }

    pub(crate) fn is(&self, address: &SmtpAddress, expected: Expectation) -> bool {
        self.0.get(&address.as_str().to_lowercase()) == Some(&expected)
    }
}
