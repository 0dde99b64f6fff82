//! The promises, swept: whatever is done to a run, at whichever of its requests.
//!
//! Every scenario is run once undisturbed, which counts its requests. Then it is run again and again, each time with one
//! fault at one request: a service that refuses, fails before or after it acted, breaks off or answers with something
//! else; a stop; a process that is gone. After every single request no mailbox is reached beyond what was reached before
//! and what the goal grants, by a fresh token or by the oldest one that lives. "Complete" is said only of what is there.
//! Running again reaches exactly the goal, and what belongs to others is as it was. The number of cases is printed:
//!
//! ```text
//! cargo test -p exchange-groups-tests --test it sweep -- --nocapture
//! ```
//!
//! One case in 61 is tried; `SWEEP=7` tries one in seven, and `SWEEP=1` each of them.

mod faults;
mod scenarios;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use exchange_groups::{ErrorKind, ExchangeGroups, Stop, Verdict};
use exchange_groups_tests::{Contoso, quick_wait};
use fake_tenant::{Application, FakeTenant, Level};
use tokio::sync::Notify;

use self::faults::{Disturbance, disturbances};
use self::scenarios::{SCENARIOS, Scenario, Start, Work};

/// How one run ended.
#[derive(Debug)]
enum End {
    Complete,
    /// It says that something is not done.
    Reported,
    Failed(String),
    /// The process was gone.
    Gone,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("complete"),
            Self::Reported => f.write_str("something is not done"),
            Self::Failed(error) => write!(f, "error: {error}"),
            Self::Gone => f.write_str("gone"),
        }
    }
}

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
fn reached(tenant: &FakeTenant, app: &Application) -> [BTreeSet<String>; 2] {
    let by = |reaches: &dyn Fn(&String) -> bool| tenant.mailboxes().into_iter().filter(|it| reaches(it)).collect();
    [
        by(&|mailbox| tenant.reaches(app, mailbox, Level::Events).allowed),
        by(&|mailbox| tenant.reaches_now(app, mailbox, Level::Events).allowed),
    ]
}

/// Holds the tenant against "never wider" after each request, and tells when a request has come.
fn watch(start: &Start, found: &Found, at: usize, reached_it: Arc<Notify>, stop: Option<Stop>) -> Arc<AtomicUsize> {
    let requests = Arc::new(AtomicUsize::new(0));
    let (app, allowed, found, seen) =
        (start.contoso.booking.clone(), start.allowed.clone(), found.clone(), Arc::clone(&requests));
    start.contoso.tenant.watch(move |tenant| {
        let now = seen.fetch_add(1, Ordering::SeqCst) + 1;
        for reached in reached(tenant, &app) {
            let beyond: Vec<&String> = reached.difference(&allowed).collect();
            if !beyond.is_empty() {
                found.add(format!("after request {now} it reaches {beyond:?}"));
            }
        }
        if now == at {
            if let Some(stop) = &stop {
                stop.stop();
            }
            reached_it.notify_one();
        }
    });
    requests
}

async fn run(groups: &ExchangeGroups, work: &Work, stop: &Stop) -> End {
    let done = async {
        Ok(match work {
            Work::Apply(spec) => {
                let plan = groups.plan(spec).await?;
                let report = groups.apply(&plan).stopped_by(stop).await?;
                if report.is_complete() { End::Complete } else { End::Reported }
            }
            Work::Carry(goal) => {
                let procedure = groups.procedure(goal.clone()).await?;
                let report = groups.carry_out(&procedure).stopped_by(stop).await?;
                if report.is_complete() { End::Complete } else { End::Reported }
            }
        })
    };
    match done.await {
        Ok(end) => end,
        Err(error) => {
            let error: exchange_groups::Error = error;
            let text = error.to_string();
            assert!(!text.is_empty(), "an error says what is wrong");
            if error.kind() == ErrorKind::Spec {
                return End::Failed(format!("a fault of the service is no fault of the spec: {text}"));
            }
            End::Failed(text)
        }
    }
}

/// A client that was not there before: a new process.
fn groups(contoso: &Contoso) -> ExchangeGroups {
    ExchangeGroups::new(contoso.new_client())
        .wait(quick_wait())
        .application(exchange_groups_tests::credential(&contoso.booking))
}

/// How many requests the undisturbed run makes.
async fn undisturbed(scenario: Scenario) -> usize {
    let start = scenario.start().await;
    let found = Found::default();
    let requests = watch(&start, &found, 0, Arc::new(Notify::new()), None);
    let end = run(&groups(&start.contoso), &start.work, &Stop::new()).await;
    assert!(matches!(end, End::Complete | End::Reported), "{scenario:?}: {end:?}");
    start.contoso.tenant.unwatch();
    assert_eq!(found.take(), Vec::<String>::new(), "{scenario:?}");
    let [configured, _] = reached(&start.contoso.tenant, &start.contoso.booking);
    assert_eq!(configured, start.after, "{scenario:?}");
    requests.load(Ordering::SeqCst)
}

/// One run with one disturbance, and as many more as it takes. What was found against the promises.
async fn disturbed(scenario: Scenario, disturbance: &Disturbance, at: usize) -> Vec<String> {
    let start = scenario.start().await;
    let (tenant, app) = (&start.contoso.tenant, &start.contoso.booking);
    let found = Found::default();
    let (reached_it, stop) = (Arc::new(Notify::new()), Stop::new());
    let stops = matches!(disturbance, Disturbance::Stop).then(|| stop.clone());
    watch(&start, &found, at, Arc::clone(&reached_it), stops);
    disturbance.arrange(tenant, at);
    let work = groups(&start.contoso);
    let running = run(&work, &start.work, &stop);
    let end = if matches!(disturbance, Disturbance::Gone) {
        tokio::select! {
            end = running => end,
            () = reached_it.notified() => End::Gone,
        }
    } else {
        running.await
    };
    let [configured, _] = reached(tenant, app);
    if matches!(end, End::Complete) && configured != start.after && !disturbance.is_a_lie() {
        found.add(format!("complete is said, and {configured:?} is reached"));
    }
    disturbance.end(tenant);
    let mut ends = vec![end];
    for _ in 0..3 {
        let end = run(&groups(&start.contoso), &start.work, &Stop::new()).await;
        let is_complete = matches!(end, End::Complete);
        ends.push(end);
        if is_complete {
            break;
        }
    }
    tenant.unwatch();
    let [configured, _] = reached(tenant, app);
    if configured != start.after {
        found.add(format!("{configured:?} is reached at the end, and {:?} is meant", start.after));
    }
    if start.others() != start.others {
        found.add(format!("what is others' was {:?} and is {:?}", start.others, start.others()));
    }
    if let Some(spec) = &start.proved {
        match groups(&start.contoso).prove(spec).await {
            Ok(proof) if proof.verdict == Verdict::Verified => {}
            Ok(proof) => found.add(format!("it is not verified at the end: {proof}")),
            Err(error) => found.add(format!("no proof at the end: {error}")),
        }
    }
    let ends: Vec<String> = ends.iter().map(ToString::to_string).collect();
    let case =
        |what: String| format!("{scenario:?}, {disturbance} at request {at}: {what}\n  runs: {}", ends.join("; "));
    found.take().into_iter().map(case).collect()
}

fn stride() -> usize {
    std::env::var("SWEEP").ok().and_then(|text| text.parse().ok()).filter(|it| *it > 0).unwrap_or(61)
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
    a_role_over_a_filter => Filter,
    a_migration_to_a_role_that_begins => MigrationBegins,
    a_migration_to_a_role_that_revokes => MigrationRevokes,
    a_migration_to_a_role_that_ends => MigrationEnds,
    a_migration_back_that_begins => BackBegins,
    a_migration_back_that_grants => BackGrants,
    a_migration_back_that_ends => BackEnds,
    the_retirement_of_a_role => RetireRole,
    the_retirement_of_a_policy => RetirePolicy,
}
