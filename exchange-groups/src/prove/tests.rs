//! The verdict as a function of checks and findings.

use proptest::prelude::*;

use super::*;
use crate::access::Access;
use crate::finding::VerdictEffect;
use crate::prove::verdict::verdict;

fn check(expected: Expectation, configured: Access, tested: Evidence, live: Evidence) -> Check {
    Check {
        mailbox: "someone@contoso.com".parse().unwrap(),
        id: None,
        expected,
        configured,
        configured_write: None,
        paths: Vec::new(),
        tested,
        live,
    }
}

fn reached() -> Check {
    check(Expectation::Reached, Access::Allowed, Evidence::Allowed, Evidence::Allowed)
}

fn refused() -> Check {
    check(Expectation::NotReached, Access::Denied, Evidence::Denied, Evidence::Denied)
}

fn unknown() -> Evidence {
    Evidence::Unknown("a page of a proxy".into())
}

fn finding(kind: FindingKind) -> Finding {
    Finding::new(Severity::Warning, kind, "it was found", Advice::nobody("Nothing."))
}

#[test]
fn what_is_as_expected_in_every_way_is_verified() {
    assert_eq!(verdict(&[reached(), refused()], &[]), Verdict::Verified);
}

#[test]
fn one_side_alone_shows_nothing() {
    assert_eq!(verdict(&[reached()], &[]), Verdict::Inconclusive);
    assert_eq!(verdict(&[refused()], &[]), Verdict::Inconclusive);
    assert_eq!(verdict(&[], &[]), Verdict::Inconclusive);
}

/// V4
#[test]
fn a_refusal_that_is_not_the_documented_one_is_no_denial() {
    let closed = Check { live: unknown(), ..refused() };
    assert_eq!(verdict(&[reached(), closed], &[]), Verdict::Inconclusive);
}

/// V12
#[test]
fn denied_everywhere_with_the_right_configuration_is_not_propagated() {
    let room = Check { live: Evidence::Denied, ..reached() };
    assert_eq!(verdict(&[room.clone(), refused()], &[]), Verdict::NotPropagated);
    let still_open = Check { live: Evidence::Allowed, ..refused() };
    assert_eq!(verdict(&[reached(), still_open], &[]), Verdict::NotPropagated);
    // Nothing is waited for that time cannot mend.
    let open_path = Check { configured: Access::Allowed, live: Evidence::Allowed, ..refused() };
    assert_eq!(verdict(&[room, open_path], &[]), Verdict::Violated);
}

#[test]
fn a_mailbox_that_is_read_while_the_configuration_does_not_decide_is_a_violation() {
    let read = Check { configured: Access::Unknown, live: Evidence::Allowed, ..refused() };
    assert_eq!(verdict(&[reached(), read], &[]), Verdict::Violated);
    let denied = Check { configured: Access::Unknown, ..refused() };
    assert_eq!(verdict(&[reached(), denied], &[]), Verdict::Inconclusive);
}

/// V5
#[test]
fn what_the_spec_grants_is_what_is_verified() {
    let only_reads = Check { configured_write: Some(Access::Denied), ..reached() };
    assert_eq!(verdict(&[only_reads, refused()], &[]), Verdict::Violated);
    let not_known = Check { configured_write: Some(Access::Unknown), ..reached() };
    assert_eq!(verdict(&[not_known, refused()], &[]), Verdict::Inconclusive);
}

/// V9
#[test]
fn each_kind_of_finding_has_the_effect_that_its_definition_says() {
    for &kind in FindingKind::ALL {
        let expected = match kind.effect() {
            VerdictEffect::Violates => Verdict::Violated,
            VerdictEffect::Inconclusive => Verdict::Inconclusive,
            VerdictEffect::Pending => Verdict::NotPropagated,
            VerdictEffect::Unaffected => Verdict::Verified,
        };
        assert_eq!(verdict(&[reached(), refused()], &[finding(kind)]), expected, "{kind:?}");
    }
    // A room of a list that is on-premises costs no verdict; an application that can lift its restriction does.
    assert_eq!(FindingKind::NotARoom.effect(), VerdictEffect::Unaffected);
    assert_eq!(FindingKind::CanWidenItself.effect(), VerdictEffect::Violates);
}

fn evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![Just(Evidence::Allowed), Just(Evidence::Denied), Just(unknown()), Just(Evidence::NotInSample)]
}

fn access() -> impl Strategy<Value = Access> {
    prop_oneof![Just(Access::Allowed), Just(Access::Denied), Just(Access::Unknown)]
}

fn checks() -> impl Strategy<Value = Vec<Check>> {
    let expected = prop_oneof![Just(Expectation::Reached), Just(Expectation::NotReached), Just(Expectation::Kept)];
    let one = (expected, access(), proptest::option::of(access()), evidence(), evidence());
    let one = one.prop_map(|(expected, configured, configured_write, tested, live)| Check {
        configured_write,
        ..check(expected, configured, tested, live)
    });
    proptest::collection::vec(one, 0..6)
}

proptest! {
    /// Whatever else there is: verified means that every forbidden mailbox was denied by the configuration, by Exchange's
    /// test and by a read, and that the same token was allowed somewhere.
    #[test]
    fn verified_needs_every_denial_and_a_control(checks in checks()) {
        let verdict = verdict(&checks, &[]);
        if verdict == Verdict::Verified {
            prop_assert!(checks.iter().any(|it| it.expected == Expectation::Reached && it.live == Evidence::Allowed));
            for it in checks.iter().filter(|it| it.expected == Expectation::NotReached) {
                prop_assert_eq!(it.configured, Access::Denied);
                prop_assert_eq!(&it.live, &Evidence::Denied);
                prop_assert!(!matches!(it.tested, Evidence::Allowed | Evidence::Unknown(_)));
            }
            for it in checks.iter().filter(|it| it.expected == Expectation::Reached) {
                prop_assert_eq!(it.configured, Access::Allowed);
                prop_assert!(!matches!(it.live, Evidence::Denied | Evidence::Unknown(_)));
            }
        }
    }

    /// Turning one piece of evidence into "could not tell" never makes a verdict better.
    #[test]
    fn what_is_not_known_never_helps(checks in checks(), index in any::<prop::sample::Index>()) {
        prop_assume!(!checks.is_empty());
        let index = index.index(checks.len());
        let mut spoilt = checks.clone();
        spoilt[index].live = unknown();
        if verdict(&spoilt, &[]) == Verdict::Verified {
            prop_assert_eq!(verdict(&checks, &[]), Verdict::Verified);
            prop_assert_eq!(spoilt[index].expected, Expectation::Kept);
        }
    }
}
