use std::io;
use std::sync::{Arc, Mutex};

use fake_tenant::{DirectoryRole, FakeTenant, Server};
use serde_json::Value;

use super::*;

/// What a run has shown.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl io::Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shown {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The one document that was shown.
    fn document(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_else(|error| panic!("{error}\n{}", self.text()))
    }
}

/// Runs as the command line would, and gives what was shown.
async fn run_in(environment: Environment, arguments: &[&str]) -> (Exit, Shown) {
    let options = Options::parse_from([&["provision"], arguments].concat());
    let shown = Shown::default();
    let exit = run_and_tell(&options, &environment, &Show::to(shown.clone(), options.json)).await;
    (exit, shown)
}

async fn exit(arguments: &[&str]) -> Exit {
    run_in(Environment::default(), &[&["--json"], arguments].concat()).await.0
}

/// The environment of a tenant that is served on this machine.
fn environment(tenant: &FakeTenant, server: &Server) -> Environment {
    environment_with(tenant, server, &[])
}

/// The same with other values, of which an empty one counts as none.
fn environment_with(tenant: &FakeTenant, server: &Server, others: &[(&'static str, &str)]) -> Environment {
    let (administrator, application) = (tenant.administrator(), tenant.booking_application());
    let variables = [
        ("TENANT_ID", tenant.id()),
        ("CLIENT_ID", administrator.client_id.clone()),
        ("CLIENT_SECRET", administrator.secret().to_owned()),
        ("APP_CLIENT_ID", application.client_id.clone()),
        ("APP_CLIENT_SECRET", application.secret().to_owned()),
        ("GRAPH_URL", server.graph_url()),
        ("EXCHANGE_URL", server.exchange_url()),
        ("LOGIN_URL", server.login_url()),
    ];
    let value = |(name, value): (&'static str, String)| {
        let other = others.iter().find(|(other, _)| *other == name);
        (name, other.map_or(value, |(_, other)| (*other).to_owned()))
    };
    variables.into_iter().map(value).collect()
}

const SPEC: [&str; 8] = [
    "--address",
    "rooms@contoso.com",
    "--owner",
    "exchange.admin@contoso.com",
    "--must-not-reach",
    "ceo@contoso.com",
    "--revoke-tenant-wide-grant",
    "--json",
];

#[tokio::test]
async fn both_mechanisms_are_verified() {
    assert_eq!(exit(&[]).await, Exit::Verified);
    assert_eq!(exit(&["--mechanism", "policy", "--rooms", "12"]).await, Exit::Verified);
}

#[tokio::test]
async fn a_plan_is_the_same_in_every_run_and_only_the_approved_one_is_applied() {
    let digest = || async {
        let (_, shown) = run_in(Environment::default(), &["--json", "--plan-only"]).await;
        shown.document()["digest"].as_str().unwrap().to_owned()
    };
    let approved = digest().await;
    assert_eq!(digest().await, approved);
    assert_eq!(exit(&["--approved", &approved]).await, Exit::Verified);
    let (refused, shown) = run_in(Environment::default(), &["--json", "--approved", "0123"]).await;
    assert_eq!(refused, Exit::Blocked);
    assert!(shown.document()["error"].as_str().unwrap().contains(&approved), "{}", shown.text());
}

#[tokio::test]
async fn a_plan_alone_is_no_success() {
    assert_eq!(exit(&["--plan-only"]).await, Exit::Planned);
}

#[tokio::test]
async fn a_preflight_tells_check_by_check_whether_the_spec_can_be_applied() {
    let (ready, shown) = run_in(Environment::default(), &["--json", "--preflight", "--mechanism", "policy"]).await;
    assert_eq!(ready, Exit::Planned, "{}", shown.text());
    assert!(shown.document()["preflight"]["checks"].as_array().is_some_and(|checks| checks.len() > 15));
    let (stopped, shown) = run_in(Environment::default(), &["--preflight", "--owner", "nobody@contoso.com"]).await;
    assert_eq!(stopped, Exit::Blocked);
    assert!(shown.text().contains("nobody@contoso.com"), "{}", shown.text());
}

#[tokio::test]
async fn a_plan_is_written_as_scripts_that_are_not_written_over() {
    let folder = std::env::temp_dir().join(format!("provision-scripts-{}", std::process::id()));
    let arguments = ["--json", "--scripts", folder.to_str().unwrap()];
    let (blocked, _) =
        run_in(Environment::default(), &[&arguments[..], &["--owner", "nobody@contoso.com"]].concat()).await;
    assert_eq!((blocked, folder.exists()), (Exit::Blocked, false), "a blocked plan is not to be run");
    let (exit, shown) = run_in(Environment::default(), &arguments).await;
    assert_eq!(exit, Exit::Planned, "{}", shown.text());
    assert_eq!(shown.document()["scripts"].as_array().map(Vec::len), Some(2), "one for each module");
    let exchange = std::fs::read_to_string(folder.join("exchange.ps1")).unwrap();
    assert!(exchange.contains("New-ManagementRoleAssignment") && exchange.contains("SupportsShouldProcess"));
    assert!(exchange.contains(shown.document()["digest"].as_str().unwrap()), "it names the plan that it is of");
    let (again, shown) = run_in(Environment::default(), &arguments).await;
    assert_eq!(again, Exit::BadInput, "{}", shown.text());
    assert!(shown.text().contains("not written over; name another folder"), "{}", shown.text());
    let file = folder.join("exchange.ps1");
    let into_a_file = ["--json", "--scripts", file.to_str().unwrap()];
    assert_eq!(run_in(Environment::default(), &into_a_file).await.0, Exit::BadInput);
    std::fs::remove_dir_all(folder).unwrap();
}

/// A cloud with one address of three would be Microsoft's, which the secret is not for.
#[tokio::test]
async fn an_environment_that_contradicts_itself_is_refused_before_anything_is_sent() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let own = tenant.administrator().client_id.clone();
    for (variable, value, fault) in [
        ("GRAPH_URL", "", "EXCHANGE_URL and LOGIN_URL set, GRAPH_URL missing"),
        ("TENANT_ID", "not a tenant", "TENANT_ID: "),
        ("TENANT_ID", "", "TENANT_ID is not set, and APP_CLIENT_ID"),
        ("APP_CLIENT_ID", "", "APP_CLIENT_ID is not"),
        ("APP_CLIENT_ID", &*own, "CLIENT_ID is the application that is to be restricted"),
    ] {
        let (exit, shown) = run_in(environment_with(&tenant, &server, &[(variable, value)]), &SPEC).await;
        assert_eq!(exit, Exit::BadInput, "{variable}={value}: {}", shown.text());
        assert!(shown.document()["error"].as_str().unwrap().contains(fault), "{}", shown.text());
    }
    assert_eq!(tenant.write_count(), 0);
}

#[tokio::test]
async fn a_wrong_secret_of_the_application_is_found_before_anything_is_changed() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let wrong = environment_with(&tenant, &server, &[("APP_CLIENT_SECRET", "wrong")]);
    let (exit, shown) = run_in(wrong, &SPEC).await;
    assert_eq!((exit, tenant.write_count()), (Exit::BadInput, 0), "{}", shown.text());
    assert!(shown.document()["error"].as_str().unwrap().starts_with("APP_CLIENT_SECRET: "), "{}", shown.text());
    // Without one the verification cannot be made, which is said of the variable that is missing.
    let none = environment_with(&tenant, &server, &[("APP_CLIENT_SECRET", "")]);
    let text: Vec<&str> = SPEC.iter().copied().filter(|argument| *argument != "--json").collect();
    let (_, shown) = run_in(none, &[&*text, &["--plan-only"]].concat()).await;
    assert!(shown.text().contains("\nAPP_CLIENT_SECRET is not set"), "{}", shown.text());
}

#[tokio::test]
async fn a_spec_that_names_a_field_twice_is_refused() {
    let path = std::env::temp_dir().join(format!("provision-twice-{}.yaml", std::process::id()));
    let text = "name: Rooms\nmust_not_reach: [ceo@contoso.com]\nmust_not_reach: []\n";
    std::fs::write(&path, text).unwrap();
    let (exit, shown) = run_in(Environment::default(), &["--json", "--spec", path.to_str().unwrap()]).await;
    assert_eq!(exit, Exit::BadInput);
    let error = shown.document()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("--spec") && error.contains("\"must_not_reach\""), "{error}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn none_of_the_rooms_is_refused() {
    for option in ["--rooms", "--sample"] {
        assert!(Options::try_parse_from(["provision", option, "0"]).is_err(), "{option}");
    }
}

#[tokio::test]
async fn w23_a_spec_that_is_nested_without_end_is_refused_at_once() {
    let path = std::env::temp_dir().join(format!("provision-deep-spec-{}.yaml", std::process::id()));
    for text in [format!("name: {}", "[".repeat(100_000)), format!("name: {}", "{a: ".repeat(100_000))] {
        std::fs::write(&path, text).unwrap();
        let started = std::time::Instant::now();
        let arguments = ["--json", "--spec", path.to_str().unwrap()];
        let (exit, shown) = run_in(Environment::default(), &arguments).await;
        assert_eq!(exit, Exit::BadInput);
        assert!(shown.document()["error"].as_str().is_some_and(|error| error.contains("nested")), "{}", shown.text());
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_blocked_plan_changes_nothing_and_says_so() {
    assert_eq!(exit(&["--owner", "nobody@contoso.com"]).await, Exit::Blocked);
}

#[tokio::test]
async fn v12_a_change_that_does_not_act_yet_has_an_exit_code_of_its_own() {
    let tenant = FakeTenant::contoso();
    tenant.set_policy_delay(Duration::from_secs(3_600));
    let server = tenant.serve().await.unwrap();
    let (exit, shown) = run_in(environment(&tenant, &server), &SPEC).await;
    assert_eq!(exit, Exit::NotPropagated, "{}", shown.text());
    assert_eq!(shown.document()["proof"]["verdict"], "not_propagated");
    tenant.advance(Duration::from_secs(3_601));
    assert_eq!(run_in(environment(&tenant, &server), &SPEC).await.0, Exit::Verified);
}

#[tokio::test]
async fn p14_there_is_one_document_in_every_case() {
    let (_, shown) = run_in(Environment::default(), &["--json"]).await;
    let document = shown.document();
    for part in ["plan", "report", "proof", "plan_after"] {
        assert!(document[part].is_object(), "{part}");
    }
    // A plan that is blocked, a spec with faults, and an environment that names half a tenant.
    let (exit, shown) = run_in(Environment::default(), &["--json", "--owner", "nobody@contoso.com"]).await;
    assert_eq!((exit, shown.document()["plan"]["findings"][0]["severity"].as_str()), (Exit::Blocked, Some("blocking")));
    let (exit, shown) = run_in(Environment::default(), &["--json", "--address", "rooms at contoso"]).await;
    assert_eq!((exit, &shown.document()["exit"]), (Exit::BadInput, &json!(2)));
    let half = [("CLIENT_ID", "id".to_owned())].into_iter().collect();
    let (exit, shown) = run_in(half, &["--json"]).await;
    assert_eq!((exit, &shown.document()["exit"]), (Exit::BadInput, &json!(2)));
    // A plan that fails: the administering application may read nothing.
    let tenant = FakeTenant::contoso();
    tenant.remove_directory_role(tenant.administrator(), DirectoryRole::ExchangeAdministrator);
    let server = tenant.serve().await.unwrap();
    let (exit, shown) = run_in(environment(&tenant, &server), &SPEC).await;
    assert_eq!((exit, &shown.document()["exit"]), (Exit::Failed, &json!(1)));
    let error = shown.document()["error"].as_str().unwrap_or_default().to_owned();
    assert!(error.contains(&tenant.administrator().client_id), "{error}");
}

#[tokio::test]
async fn a_run_pauses_before_a_stage_and_the_next_one_goes_on() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let arguments = [&SPEC[..], &["--until", "revocation"]].concat();
    let (exit, shown) = run_in(environment(&tenant, &server), &arguments).await;
    assert_eq!(exit, Exit::Paused, "{}", shown.text());
    assert!(shown.document()["report"].is_object() && shown.document()["proof"].is_null());
    let app = tenant.booking_application();
    assert!(tenant.app_roles(&app).contains(&"Calendars.ReadWrite".to_owned()), "it waits for a change window");
    assert_eq!(run_in(environment(&tenant, &server), &SPEC).await.0, Exit::Verified);
    assert_eq!(
        run_in(environment(&tenant, &server), &arguments).await.0,
        Exit::Verified,
        "nothing is left to pause before"
    );
}

#[test]
fn a_stage_that_is_none_is_refused_with_those_that_are() {
    let error = Options::try_parse_from(["provision", "--until", "observe"]).unwrap_err();
    assert!(error.to_string().contains("group, members, restriction, revocation"), "{error}");
}

/// The plurals of one, and the articles of sounds.
#[tokio::test]
async fn p14_what_is_shown_is_english() {
    let tenant = FakeTenant::contoso();
    for address in tenant.rooms().iter().skip(1) {
        tenant.remove_mailbox(address);
    }
    let server = tenant.serve().await.unwrap();
    let text: Vec<&str> = SPEC.iter().copied().filter(|argument| *argument != "--json").collect();
    let mut texts = vec![run_in(environment(&tenant, &server), &text).await.1.text()];
    // One step, one member, one of everything.
    tenant.add_room("second@contoso.com");
    texts.push(run_in(environment(&tenant, &server), &text).await.1.text());
    let unfit = ["--owner", "projector-1@contoso.com", "--except", "adele.vance@contoso.com"];
    texts.push(run_in(environment(&tenant, &server), &[&*text, &unfit].concat()).await.1.text());
    let list = ["--must-not-reach", "facilities@contoso.com"];
    texts.push(run_in(environment(&tenant, &server), &[&*text, &list].concat()).await.1.text());
    let all = texts.concat();
    let words: Vec<&str> = all.split_whitespace().collect();
    for pair in words.windows(2) {
        let next = pair[1].trim_matches(|c: char| !c.is_alphanumeric());
        if pair[0].trim_start_matches('(') == "1" {
            let is_plural = next.ends_with('s') && next != "is" && next != "less";
            assert!(!is_plural, "\"1 {next}\"\n{all}");
        }
        let is_vowel = next.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']);
        assert!(!(pair[0] == "a" && is_vowel && !next.starts_with("one")), "\"a {next}\"\n{all}");
        assert!(!(pair[0] == "an" && next.starts_with("User")), "\"an {next}\"\n{all}");
    }
    assert!(!all.contains(".. ") && !all.contains("  because because"), "{all}");
    assert!(all.contains("1 request") || all.contains("requests"), "{all}");
}
