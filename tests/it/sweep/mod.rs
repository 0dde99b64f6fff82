//! The promises, swept: whatever is done to a run, at whichever of its requests.
//!
//! Every scenario is run once undisturbed, which counts its requests. Then it is run again and again, each time with one
//! fault at one request: a service that refuses, fails before or after it acted, breaks off or answers with something
//! else; a stop; a process that is gone. After every single request no mailbox is reached beyond what was reached before
//! and what the goal grants, by a fresh token or by the oldest one that lives. "Complete" is said only of what is there, and
//! "verified" of nothing that the tenant's own judge sees otherwise, also of what a disturbed run left behind. A secret that
//! was made is kept, or it is said that there may be one; the product can sign in throughout.
//! Running again reaches exactly the goal, and what belongs to others is as it was. The number of cases is printed:
//!
//! ```text
//! cargo test -p exchange-groups-tests --test it sweep -- --nocapture
//! ```
//!
//! A proof has three witnesses: the configuration, Exchange's own test, and reads with the application's token. So no single
//! lie makes it verify a tenant in which the mailbox that must not be reached is open, not even one about that very read.
//! What all three hide, or what nobody named and no configuration shows, it cannot know.
//!
//! One case in 151 is tried; `SWEEP=7` tries one in seven, and `SWEEP=1` each of them.

mod faults;
mod scenarios;
mod work;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use exchange_groups::{ErrorKind, Stop};
use fake_tenant::{FakeTenant, Level};
use tokio::sync::Notify;

use self::faults::{Disturbance, disturbances};
use self::scenarios::{SCENARIOS, Scenario, Start};
use self::work::{End, Work};

/// What was found against the promises.
#[derive(Clone, Default)]
struct Found(Arc<Mutex<Vec<String>>>);

impl Found {
    fn add(&self, what: String) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(what);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// Which mailboxes are reached: by the configuration with fresh tokens, and at this moment with any token.
fn reached(tenant: &FakeTenant, application: &str) -> [BTreeSet<String>; 2] {
    if tenant.application(application).is_none() {
        return [BTreeSet::new(), BTreeSet::new()];
    }
    let by = |reaches: &dyn Fn(&String) -> bool| tenant.mailboxes().into_iter().filter(|it| reaches(it)).collect();
    [
        by(&|mailbox| tenant.reaches(application, mailbox, Level::Events).allowed),
        by(&|mailbox| tenant.reaches_now(application, mailbox, Level::Events).allowed),
    ]
}

/// Holds the tenant against "never wider" after each request, and does something when one has come.
fn watch(
    start: &Start,
    found: &Found,
    at: usize,
    happen: impl Fn(&FakeTenant) + Send + Sync + 'static,
) -> Arc<AtomicUsize> {
    let requests = Arc::new(AtomicUsize::new(0));
    let (application, allowed, found, seen) =
        (start.application.clone(), start.allowed.clone(), found.clone(), Arc::clone(&requests));
    let rotation = if let Work::Rotate(rotation) = &start.work { Some(rotation.clone()) } else { None };
    start.contoso.tenant.watch(move |tenant| {
        let now = seen.fetch_add(1, Ordering::SeqCst) + 1;
        for reached in reached(tenant, &application) {
            let beyond: Vec<&String> = reached.difference(&allowed).collect();
            if !beyond.is_empty() {
                found.add(format!("after request {now} it reaches {beyond:?}"));
            }
        }
        if rotation.as_ref().is_some_and(|it| it.locks_out(tenant)) {
            found.add(format!("after request {now} the product cannot sign in"));
        }
        if now == at {
            happen(tenant);
        }
    });
    requests
}

/// One run by a new process.
async fn run(start: &Start, stop: &Stop) -> End {
    match start.work.run(&start.work.groups(&start.contoso), stop).await {
        Ok(end) => end,
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty(), "an error says what is wrong");
            if error.kind() == ErrorKind::Spec {
                return End::Failed(format!("a fault of the service is no fault of the spec: {text}"));
            }
            End::Failed(text)
        }
    }
}

/// How many requests the undisturbed run makes.
async fn undisturbed(scenario: Scenario) -> usize {
    let start = scenario.start().await;
    let found = Found::default();
    let requests = watch(&start, &found, 0, |_| {});
    let end = run(&start, &Stop::new()).await;
    let is_as_meant = match end {
        End::Complete => start.is_right,
        // A stage of a procedure ends so as well.
        End::Reported(_) => !start.is_right || matches!(start.work, Work::Carry(_)),
        End::Failed(_) | End::Gone => false,
    };
    assert!(is_as_meant, "{scenario:?}: {end:?}");
    start.contoso.tenant.unwatch();
    assert_eq!(found.take(), Vec::<String>::new(), "{scenario:?}");
    let [configured, _] = reached(&start.contoso.tenant, &start.application);
    assert_eq!(configured, start.after, "{scenario:?}");
    requests.load(Ordering::SeqCst)
}

/// One run with one disturbance, and as many more as it takes. What was found against the promises.
async fn disturbed(scenario: Scenario, disturbance: &Disturbance, at: usize) -> Vec<String> {
    let start = scenario.start().await;
    let (tenant, application) = (&start.contoso.tenant, &*start.application);
    let found = Found::default();
    let (reached_it, stop) = (Arc::new(Notify::new()), Stop::new());
    watch(&start, &found, at, {
        let (disturbance, reached_it, stop) = (disturbance.clone(), Arc::clone(&reached_it), stop.clone());
        move |tenant| {
            disturbance.happen(tenant, &stop);
            reached_it.notify_one();
        }
    });
    disturbance.arrange(tenant, at);
    let running = run(&start, &stop);
    let end = if matches!(disturbance, Disturbance::Gone) {
        tokio::select! {
            end = running => end,
            () = reached_it.notified() => End::Gone,
        }
    } else {
        running.await
    };
    let [configured, _] = reached(tenant, application);
    if matches!(end, End::Complete) && configured != start.after && !disturbance.is_a_lie() {
        found.add(format!("complete is said, and {configured:?} is reached"));
    }
    // What verifies asks several witnesses: one lie is not enough to deceive it.
    if matches!(end, End::Complete) && !start.is_right {
        found.add(format!("verified is said, and {configured:?} is reached"));
    }
    if start.work.loses(tenant, application, &end) {
        found.add(format!("a secret is lost, and nothing is said of it: {end:?}"));
    }
    // Whatever the disturbed run left behind is not taken for what is meant.
    if configured != start.after && matches!(start.verify().await, Some(Ok(()))) {
        found.add(format!("{configured:?} is verified in the middle"));
    }
    disturbance.end(tenant);
    let mut ends = vec![end];
    for _ in 0..3 {
        let end = run(&start, &Stop::new()).await;
        let is_over = matches!(end, End::Complete) || !start.is_right;
        ends.push(end);
        if is_over {
            break;
        }
    }
    tenant.unwatch();
    let [configured, _] = reached(tenant, application);
    if configured != start.after {
        found.add(format!("{configured:?} is reached at the end, and {:?} is meant", start.after));
    }
    if start.others() != start.others {
        found.add(format!("what is others' was {:?} and is {:?}", start.others, start.others()));
    }
    for fault in start.work.faults(&start.contoso, application).await {
        found.add(fault);
    }
    match start.verify().await {
        Some(Err(reason)) if start.is_right => found.add(format!("it is not verified at the end: {reason}")),
        Some(Ok(())) if !start.is_right => found.add("it is verified at the end".to_owned()),
        _ => {}
    }
    let ends: Vec<String> = ends.iter().map(ToString::to_string).collect();
    let case =
        |what: String| format!("{scenario:?}, {disturbance} at request {at}: {what}\n  runs: {}", ends.join("; "));
    found.take().into_iter().map(case).collect()
}

fn stride() -> usize {
    std::env::var("SWEEP").ok().and_then(|text| text.parse().ok()).filter(|it| *it > 0).unwrap_or(151)
}

#[expect(clippy::print_stdout, reason = "the number of cases is a result")]
async fn sweep(scenario: Scenario) {
    let requests = Box::pin(undisturbed(scenario)).await;
    let (stride, mut cases, mut broken) = (stride(), 0, Vec::new());
    let all = disturbances();
    let pairs = (1..=requests).flat_map(|at| all.iter().map(move |disturbance| (at, disturbance)));
    // Each scenario begins elsewhere, so that a short sweep of all meets every request and every fault.
    for (at, disturbance) in pairs.skip(scenario as usize % stride).step_by(stride) {
        cases += 1;
        broken.extend(Box::pin(disturbed(scenario, disturbance, at)).await);
    }
    println!(
        "sweep: {cases} cases of {} by {scenario:?} over {requests} requests, {} broken",
        requests * all.len(),
        broken.len()
    );
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken[..broken.len().min(12)].join("\n"));
}

macro_rules! sweeps {
    ($($name:ident => $scenario:ident,)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                sweep(Scenario::$scenario).await;
            }
        )+

        #[test]
        fn every_scenario_is_swept() {
            assert_eq!([$(Scenario::$scenario),+], SCENARIOS);
        }
    };
}

sweeps! {
    a_new_group_with_a_role => FreshRole,
    a_new_group_with_a_role_in_place_of_a_permission => RoleForPermission,
    a_new_group_with_a_policy => FreshPolicy,
    a_group_that_grows => Grow,
    a_group_that_shrinks => Shrink,
    a_group_with_wrong_settings => WrongSettings,
    a_second_group => SecondGroup,
    a_second_group_that_shrinks => SecondGroupShrinks,
    a_role_over_a_filter => Filter,
    a_migration_to_a_role_that_begins => MigrationBegins,
    a_migration_to_a_role_that_revokes => MigrationRevokes,
    a_migration_to_a_role_that_ends => MigrationEnds,
    a_migration_of_two_policies_that_begins => TwoPoliciesBegin,
    a_migration_of_two_policies_that_revokes => TwoPoliciesRevoke,
    a_migration_of_two_policies_that_ends => TwoPoliciesEnd,
    a_migration_back_that_begins => BackBegins,
    a_migration_back_that_grants => BackGrants,
    a_migration_back_that_ends => BackEnds,
    the_retirement_of_a_role => RetireRole,
    the_retirement_of_a_policy => RetirePolicy,
    the_rotation_of_a_secret => Rotate,
    an_application_that_is_onboarded => Onboard,
    an_onboarding_that_goes_on => OnboardGoesOn,
    a_proof => Proof,
    a_proof_where_the_group_has_one_member_too_many => ProofOfMember,
    a_proof_where_a_permission_is_there => ProofOfPermission,
    a_proof_where_another_role_is_not_scoped => ProofOfRole,
    a_proof_where_the_policy_is_gone => ProofOfPolicy,
}
