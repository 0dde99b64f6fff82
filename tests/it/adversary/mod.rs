//! An adversary who tries to get a restriction verified that is none.
//!
//! Every attempt starts from a tenant that was provisioned as it should be. Then something is opened behind the product's
//! back, or an answer is replaced on its way, and a proof is made. It must not be verified while the tenant lets the
//! application read a mailbox that the spec does not mean, under any answer to the questions that the sources leave open,
//! or while the application can lift the restriction itself. The number of attempts is printed:
//!
//! ```text
//! cargo test -p exchange-groups-tests --test it adversary -- --nocapture
//! ```
//!
//! Of the combinations of an answer and what replaces it, one in 61 is tried; `ADVERSARY=7` tries one in seven, and
//! `ADVERSARY=1` each of them.

mod answers;
mod names;
mod paths;
mod refusals;
mod right;

use std::collections::BTreeMap;

use exchange_groups::{Proof, RestrictedCalendarGroup, Verdict};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{FakeTenant, Level};

use crate::worlds::OPEN;

const CEO: &str = "ceo@contoso.com";
const ADELE: &str = "adele@contoso.com";

/// How the application is restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Rbac,
    Policy,
}

const MODES: [Mode; 2] = [Mode::Rbac, Mode::Policy];

impl Mode {
    fn spec(self, contoso: &Contoso) -> RestrictedCalendarGroup {
        match self {
            Self::Rbac => contoso.rbac(),
            Self::Policy => contoso.policy(),
        }
        .build()
        .expect("a spec")
    }
}

/// A small tenant: three rooms, the chief executive and others.
fn tenant() -> FakeTenant {
    let tenant = FakeTenant::builder().rooms(3).people(1).build();
    for person in ["ceo", "adele", "exchange.admin"] {
        tenant.add_person(person);
    }
    tenant
}

/// The tenant with the restriction in place and verified.
async fn provisioned(mode: Mode) -> (Contoso, RestrictedCalendarGroup) {
    let contoso = Contoso::of(tenant()).await;
    let spec = mode.spec(&contoso);
    contoso.provision(&spec).await;
    (contoso, spec)
}

/// A mailbox that the application reaches and that is none of those that are meant: as configured, under any answer to
/// the open questions, or at this moment.
fn reached_beyond(contoso: &Contoso, meant: &[String]) -> Option<String> {
    let app = &contoso.booking;
    let beyond: Vec<String> =
        contoso.tenant.mailboxes().into_iter().filter(|mailbox| !meant.contains(mailbox)).collect();
    let any = || {
        let reached = |mailbox: &&String| contoso.tenant.reaches(app, mailbox, Level::Events).allowed;
        beyond.iter().find(reached).cloned()
    };
    let now = |mailbox: &&String| contoso.tenant.reaches_now(app, mailbox, Level::Events).allowed;
    let mut found = beyond.iter().find(now).cloned().or_else(any);
    for supposition in OPEN {
        let usual = supposition.holds_unless_set();
        contoso.tenant.suppose(supposition, !usual);
        found = found.or_else(any);
        contoso.tenant.suppose(supposition, usual);
    }
    found
}

/// What came of the attempts.
#[derive(Debug, Default)]
struct Tally {
    attempts: usize,
    skipped: usize,
    by_verdict: BTreeMap<String, usize>,
    false_verified: Vec<String>,
    false_violated: Vec<String>,
}

impl Tally {
    /// Notes the outcome of a proof. `open` says what is open that must not be.
    fn note(&mut self, what: &str, proof: &exchange_groups::Result<Proof>, open: Option<&str>) {
        self.attempts += 1;
        let (verdict, shown) = match proof {
            Ok(proof) => (format!("{:?}", proof.verdict), proof.to_string()),
            Err(error) => ("no proof".to_owned(), error.to_string()),
        };
        *self.by_verdict.entry(verdict).or_default() += 1;
        if let (Some(open), Ok(proof)) = (open, proof)
            && proof.verdict == Verdict::Verified
        {
            self.false_verified.push(format!("{what}, while {open}\n{shown}"));
        }
    }

    fn merge(&mut self, other: Self) {
        self.attempts += other.attempts;
        self.skipped += other.skipped;
        for (verdict, count) in other.by_verdict {
            *self.by_verdict.entry(verdict).or_default() += count;
        }
        self.false_verified.extend(other.false_verified);
        self.false_violated.extend(other.false_violated);
    }

    /// Prints the number of attempts, and insists that none succeeded.
    #[track_caller]
    #[expect(clippy::print_stdout, reason = "the number of attempts is a result")]
    fn conclude(&self, part: &str) {
        println!(
            "adversary: {} attempts by {part}, {} false verified, {} false violated, {} not modelled; {:?}",
            self.attempts,
            self.false_verified.len(),
            self.false_violated.len(),
            self.skipped,
            self.by_verdict
        );
        assert!(self.false_verified.is_empty(), "false verified:\n{}", self.false_verified.join("\n"));
        assert!(self.false_violated.is_empty(), "false violated:\n{}", self.false_violated.join("\n"));
    }
}

async fn attempt(contoso: &Contoso, spec: &RestrictedCalendarGroup, what: &str, tally: &mut Tally) -> Option<Verdict> {
    let proof = contoso.groups.prove(spec).await;
    let open = reached_beyond(contoso, &contoso.tenant.rooms()).map(|mailbox| format!("{mailbox} is reached"));
    tally.note(what, &proof, open.as_deref());
    proof.ok().map(|proof| proof.verdict)
}

/// What the adversary starts from is verified, and nothing is open.
#[tokio::test]
async fn the_start_is_verified() {
    for mode in MODES {
        let (contoso, spec) = provisioned(mode).await;
        assert_eq!(reached_beyond(&contoso, &contoso.tenant.rooms()), None, "{mode:?}");
        assert!(contoso.prove(&spec).await.is_verified(), "{mode:?}");
        contoso.tenant.add_member(GROUP, CEO);
        assert_eq!(reached_beyond(&contoso, &contoso.tenant.rooms()).as_deref(), Some(CEO), "{mode:?}");
    }
}
