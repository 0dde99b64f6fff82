//! The access model against the tenant's own decision, in random tenants.
//!
//! A world is built, observed through the crates over a socket, and judged mailbox by mailbox and level by level. Then the
//! tenant says what it lets through, once for each of many answers to the questions that the sources leave open. Where the
//! model allows, every answer has to allow; where it denies, every answer has to deny; and where it does not know, the
//! answers have to differ, or the part has to be one of those that are documented as undecided.
//!
//! The ordinary run tries 96 worlds. The long form takes their number from a variable:
//!
//! ```text
//! WORLDS=10000 cargo test -p exchange-groups-tests --test it worlds -- --nocapture
//! ```
//!
//! `PROPTEST_CASES` does the same.

mod explain;
mod tenant;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use exchange_groups::access::{
    Access, AccessModel, AccessPath, CasSettings, Fact, Facts, Level, MailboxFacts, PathReach, Reach, Via,
};
use exchange_groups::graph_client::SmtpAddress;
use exchange_groups::{Observation, RestrictedCalendarGroup};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::Supposition;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use self::tenant::{DAYS, MAILBOXES, World, has, object_id};

/// The questions that the model leaves open. It follows the references' guess in all others: that policies for `*` and for
/// one application are one set, that a delegating assignment gives no access, that a unit brings no members of groups,
/// that `MailboxItem` permissions show events, that `getSchedule` answers beyond the scope of a role, that the mailboxes of
/// administrators are refused to nobody for that, and that calendars shared with a mailbox that is reached
/// are beside a verdict.
pub(crate) const OPEN: [Supposition; 11] = [
    Supposition::PoliciesCountNestedMembers,
    Supposition::InvalidRestrictionsRestrict,
    Supposition::PoliciesCoverReadBasic,
    Supposition::PoliciesCoverMailboxItems,
    Supposition::EntraGroupsScopeRoles,
    Supposition::EnforcementShutsGrants,
    Supposition::BlankEwsIsOff,
    Supposition::EmptyEwsListBlocks,
    Supposition::OutlookRestAnswers,
    Supposition::ImapShowsCalendars,
    Supposition::UnlistedRolesOpenEverything,
];
const UNLISTED: u16 = 1 << 10;

const LEVELS: [(Level, fake_tenant::Level); 4] = [
    (Level::Times, fake_tenant::Level::Times),
    (Level::Brief, fake_tenant::Level::Brief),
    (Level::Events, fake_tenant::Level::Events),
    (Level::Write, fake_tenant::Level::Write),
];

/// What a mailbox is let through at each level.
type Answer = [[bool; LEVELS.len()]; MAILBOXES.len()];

#[derive(Debug, Default)]
struct Tally {
    worlds: usize,
    allowed: usize,
    denied: usize,
    /// The answers to the open questions differ.
    open: usize,
    /// The part is documented as undecided, and the tenant has one answer to it.
    undecided: BTreeMap<&'static str, usize>,
    live: usize,
}

impl Tally {
    fn unknown(&self) -> usize {
        self.open + self.undecided.values().sum::<usize>()
    }

    fn verdicts(&self) -> usize {
        self.allowed + self.denied + self.unknown()
    }
}

fn worlds() -> u32 {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    number("WORLDS").or_else(|| number("PROPTEST_CASES")).unwrap_or(96)
}

#[test]
#[expect(clippy::print_stdout, reason = "the numbers are a result")]
fn the_model_and_the_tenant_agree_in_random_worlds() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a spec");
    let tally = Mutex::new(Tally::default());
    let config = Config { cases: worlds(), failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let mut runner = TestRunner::new(config);
    runner
        .run(&tenant::world(), |world| runtime.block_on(agrees(&world, &tally)))
        .unwrap_or_else(|failure| panic!("{failure}"));
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("worlds: {tally:#?}");
    println!("worlds: {} of {} verdicts are unknown", tally.unknown(), tally.verdicts());
    // Most parts of most worlds are decided: the model does not hide in what it does not know.
    assert!(tally.unknown() * 5 < tally.verdicts() * 2, "{tally:#?}");
    assert!(tally.undecided.values().sum::<usize>() * 4 < tally.verdicts(), "{tally:#?}");
    assert!(tally.allowed * 10 > tally.verdicts() && tally.denied * 10 > tally.verdicts(), "{tally:#?}");
}

fn spec(contoso: &Contoso) -> RestrictedCalendarGroup {
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id).owner(OWNER);
    MAILBOXES.iter().fold(spec, |spec, (address, _)| spec.must_not_reach(*address)).build().expect("a spec")
}

#[expect(clippy::print_stdout, reason = "ten thousand worlds take a while")]
async fn agrees(world: &World, tally: &Mutex<Tally>) -> Result<(), TestCaseError> {
    let contoso = Contoso::of(world.build()).await;
    let seen = contoso.groups.observe(&spec(&contoso)).await;
    let seen = seen.map_err(|error| TestCaseError::fail(format!("not observed: {error}")))?;
    let live = read(&contoso).await;

    let (day, seconds) = DAYS[world.day];
    let mut facts = seen.facts.clone();
    facts.date = day.parse().expect("a day");
    // No interface shows what the service principal is in Purview.
    facts.purview_roles = Fact::Read(if world.searches { vec!["eDiscovery Manager".into()] } else { Vec::new() });
    let model = AccessModel::new(&facts);
    let mailboxes: Vec<MailboxFacts> = (0..MAILBOXES.len()).map(|index| mailbox(world, &seen, index)).collect();

    let tally = &mut *tally.lock().unwrap_or_else(PoisonError::into_inner);
    tally.worlds += 1;
    if tally.worlds.is_multiple_of(1_000) {
        println!("worlds: {} so far", tally.worlds);
    }
    for ((address, _), (mailbox, is_read)) in MAILBOXES.iter().zip(mailboxes.iter().zip(live)) {
        tally.live += 1;
        compare_live(&model.reach(mailbox, Level::Events), is_read)
            .map_err(|reason| TestCaseError::fail(format!("{address}: {reason}")))?;
    }
    contoso.tenant.set_time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let answers = answers(world, &contoso);
    for (index, (mailbox, (address, _))) in mailboxes.iter().zip(MAILBOXES).enumerate() {
        for (at, (level, _)) in LEVELS.into_iter().enumerate() {
            let reach = model.reach(mailbox, level);
            let told: Vec<bool> = answers.iter().map(|answer| answer[index][at]).collect();
            compare(&reach, &told, world, tally)
                .map_err(|reason| TestCaseError::fail(format!("{address}, {level}: {reason}\n{}", shown(&facts))))?;
        }
    }
    Ok(())
}

fn shown(facts: &Facts) -> String {
    format!("{:#?}\n{:#?}\n{:#?}", facts.role_assignments, facts.policies, facts.grants)
}

/// What is known about a mailbox: what the observation saw, and two settings that only a look at each mailbox shows.
fn mailbox(world: &World, seen: &Observation, index: usize) -> MailboxFacts {
    let address: SmtpAddress = MAILBOXES[index].0.parse().expect("an address");
    let mut facts = seen.mailbox(&address);
    let ews_enabled = has(world.ews_off, index).then_some(false);
    facts.cas = Fact::Read(CasSettings { ews_enabled, ..CasSettings::default() });
    facts.full_access = Fact::Read(has(world.full_access, index));
    facts
}

/// What the tenant lets through, for each of many answers to the open questions.
fn answers(world: &World, contoso: &Contoso) -> Vec<Answer> {
    let all = (1_u16 << OPEN.len()) - 1;
    let usual = (0..OPEN.len()).filter(|at| OPEN[*at].holds_unless_set()).fold(0, |set, at| set | 1 << at);
    let mut sets = vec![usual, 0, all, !usual & all];
    sets.extend((0..OPEN.len()).map(|at| usual ^ (1 << at)));
    sets.extend(world.guesses.map(|guess| guess & all));
    if world.holds_a_harmless_name() {
        for set in &mut sets {
            *set &= !UNLISTED;
        }
    }
    sets.sort_unstable();
    sets.dedup();
    sets.into_iter().map(|set| answer(contoso, set)).collect()
}

fn answer(contoso: &Contoso, set: u16) -> Answer {
    for (at, supposition) in OPEN.into_iter().enumerate() {
        contoso.tenant.suppose(supposition, has(set, at));
    }
    MAILBOXES
        .map(|(address, _)| LEVELS.map(|(_, level)| contoso.tenant.reaches(&contoso.booking, address, level).allowed))
}

fn compare(reach: &Reach, told: &[bool], world: &World, tally: &mut Tally) -> Result<(), String> {
    let allowed = told.iter().filter(|allowed| **allowed).count();
    match reach.verdict {
        Access::Allowed if allowed == told.len() => tally.allowed += 1,
        Access::Denied if allowed == 0 => tally.denied += 1,
        Access::Unknown if allowed != 0 && allowed != told.len() => tally.open += 1,
        Access::Unknown => {
            let documented = reach.not_denied().find_map(|path| undecided(path, world));
            let Some(why) = documented else {
                let paths: Vec<_> = reach.not_denied().collect();
                return Err(format!(
                    "nothing says why it is unknown: {paths:?}, {allowed} of {} answers allow",
                    told.len()
                ));
            };
            *tally.undecided.entry(why).or_default() += 1;
        }
        verdict => {
            let paths: Vec<String> =
                reach.paths.iter().map(|path| format!("{} {}: {}", path.via, path.verdict, path.because)).collect();
            return Err(format!("the model says {verdict}, {allowed} of {} answers allow; {paths:#?}", told.len()));
        }
    }
    Ok(())
}

/// The parts that are documented as undecided although this tenant has one answer to them.
fn undecided(path: &PathReach, world: &World) -> Option<&'static str> {
    let says = |text: &str| path.because.contains(text);
    Some(match path.path {
        _ if !world.is_enabled => "the application is disabled",
        AccessPath::LegacyRest => "whether anything still answers the Outlook REST API, where another part is open too",
        AccessPath::GraphGrant | AccessPath::EwsGrant if world.enforced => "EnforceExoAppRbacPermissions",
        _ if says("is not documented") => "whether policies cover a permission, where another part is open too",
        AccessPath::UnlistedGrant => "no source has the permission",
        AccessPath::Imap => "what IMAP shows of a calendar folder",
        AccessPath::GetSchedule => {
            "the mailbox that is asked through may not be reached, or the entry of a person counts"
        }
        AccessPath::GraphGrant if matches!(&path.via, Via::Grant { name, .. } if name.starts_with("Bookings")) => {
            "who is on the staff of a booking mailbox"
        }
        _ if world.has_a_team_in_a_group() && says("whether it is in the scope of an access policy is not known") => {
            "the members of a Microsoft 365 group in a policy's group, which Get-DistributionGroup does not show"
        }
        _ if world.policies.len() > 1 && says("whether it is in the scope of an access policy is not known") => {
            "several policies of which each is open, and all by one question"
        }
        _ if world.is_gone && says("whether it is in the scope of an access policy is not known") => {
            "what a policy still does whose scope is gone"
        }
        AccessPath::EwsGrant | AccessPath::EwsRbac
            if says("EwsAllowedAppIDs is empty") || says("EwsEnabled is blank") =>
        {
            "a switch of Exchange Web Services on which sources disagree, over a scope or policy that is undecided too"
        }
        AccessPath::Rbac | AccessPath::EwsRbac if says("what the role") => "no source has the role",
        AccessPath::Rbac | AccessPath::EwsRbac if says("whether the filter") => {
            "a property of the filter is unread or blank, or its group is not there"
        }
        AccessPath::Rbac | AccessPath::EwsRbac if says("leads to nothing that was read") => {
            "the group of the scope is gone, or of a kind that Get-DistributionGroup does not show"
        }
        AccessPath::Rbac if says("There are multiple recipients matching identity") => {
            "it is registered twice in Exchange"
        }
        _ => return None,
    })
}

/// Reads every mailbox with the application's own token.
async fn read(contoso: &Contoso) -> Vec<bool> {
    let client = contoso.client_as(&contoso.booking);
    let now = SystemTime::now();
    let views = MAILBOXES.map(|(address, _)| {
        let id = object_id(&contoso.tenant, address);
        client.calendar(id.as_str()).view(now, now + Duration::from_secs(3_600)).page_size(1).select(&["id"])
    });
    client.batch().run(views).await.into_iter().map(|answer| answer.is_ok()).collect()
}

fn compare_live(reach: &Reach, is_read: bool) -> Result<(), String> {
    let by_calendar_call = |path: &PathReach| {
        let name = match &path.via {
            Via::Grant { name, .. } => name,
            Via::RoleAssignment { role, .. } => role,
            _ => return false,
        };
        matches!(path.path, AccessPath::GraphGrant | AccessPath::Rbac)
            && (name.contains("Calendars.") || name.contains("Exchange Full Access"))
    };
    let is_allowed = reach.allowed().any(by_calendar_call);
    match (reach.verdict, is_read) {
        (Access::Denied, true) => Err("it is read, and the model denies it".to_owned()),
        _ if is_allowed && !is_read => Err(format!("it is not read, and the model allows it: {reach:?}")),
        _ => Ok(()),
    }
}
