use fake_tenant::Server;
use serde_json::Value;

use super::*;

async fn run_in(environment: &Environment, arguments: &[&str]) -> (u8, String) {
    let options = Options::try_parse_from([&["drift"], arguments].concat()).unwrap();
    run_and_tell(&options, environment).await
}

async fn run_case(arguments: &[&str]) -> (u8, String) {
    run_in(&Environment::default(), arguments).await
}

#[tokio::test]
async fn every_case_ends_with_the_code_of_its_effect() {
    for (case, code) in [
        ("nothing", 0),
        ("member", 5),
        ("room", 4),
        ("converted", 5),
        ("grant", 5),
        ("assignment", 4),
        ("unscoped", 5),
        ("group", 6),
        ("hidden", 3),
    ] {
        let (exit, text) = run_case(&["--case", case]).await;
        assert_eq!(exit, code, "{case}: {text}");
    }
}

#[tokio::test]
async fn there_is_one_document_in_every_case() {
    let (exit, text) = run_case(&["--json"]).await;
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((exit, &document["status"]), (5, &json!("wider")));
    assert_eq!(document["drift"]["differences"][0]["kind"], "member_added");
    let (exit, text) = run_case(&["--json", "--spec", "spec.yaml"]).await;
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((exit, &document["exit"]), (2, &json!(2)));
}

#[tokio::test]
async fn metrics_are_text_for_a_collector() {
    let (exit, text) = run_case(&["--metrics", "--case", "room"]).await;
    assert_eq!(exit, 4);
    assert!(text.starts_with("# HELP exchange_groups_drift ") && text.contains("effect=\"outage\"} 1"), "{text}");
}

fn environment(tenant: &FakeTenant, server: &Server) -> Environment {
    let administrator = tenant.administrator();
    let variables = [
        ("TENANT_ID", tenant.id()),
        ("CLIENT_ID", administrator.client_id.clone()),
        ("CLIENT_SECRET", administrator.secret().to_owned()),
        ("GRAPH_URL", server.graph_url()),
        ("EXCHANGE_URL", server.exchange_url()),
        ("LOGIN_URL", server.login_url()),
    ];
    variables.into_iter().collect()
}

#[tokio::test]
async fn a_tenant_that_is_none_is_bad_input() {
    let tenant = FakeTenant::contoso();
    let administrator = tenant.administrator();
    let variables = [
        ("TENANT_ID", "not a tenant".to_owned()),
        ("CLIENT_ID", administrator.client_id.clone()),
        ("CLIENT_SECRET", administrator.secret().to_owned()),
    ];
    let variables = variables.into_iter().collect();
    let (exit, text) = run_in(&variables, &["--json", "--spec", "spec.yaml"]).await;
    assert!(exit == 2 && text.contains("TENANT_ID: "), "{text}");
}

#[tokio::test]
async fn a_schedule_writes_its_snapshot_and_compares_with_it() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let variables = environment(&tenant, &server);
    let folder = std::env::temp_dir().join(format!("drift-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (spec, snapshot) = (folder.join("spec.yaml"), folder.join("snapshot.json"));
    let application = tenant.booking_application();
    let text = json!({
        "name": "Rooms", "address": GROUP, "application": application.client_id,
        "owners": ["exchange.admin@contoso.com"], "must_not_reach": ["ceo@contoso.com"],
    });
    std::fs::write(&spec, text.to_string()).unwrap();
    let files = ["--spec", spec.to_str().unwrap(), "--snapshot", snapshot.to_str().unwrap()];
    // Without a first snapshot there is nothing to compare with.
    let (exit, text) = run_in(&variables, &[&files[..], &["--json"]].concat()).await;
    assert!(exit == 2 && text.contains("--update"), "{text}");
    assert!(!snapshot.exists());
    let (first, text) = run_in(&variables, &[&files[..], &["--update"]].concat()).await;
    assert!(snapshot.exists(), "{first}: {text}");
    tenant.hide(&tenant.rooms()[0]);
    let (_, text) = run_in(&variables, &files).await;
    assert!(text.contains("was hidden from address lists"), "{text}");
    run_in(&variables, &[&files[..], &["--update"]].concat()).await;
    let (_, text) = run_in(&variables, &files).await;
    assert!(!text.contains("was hidden from address lists"), "{text}");
    std::fs::write(&snapshot, "{").unwrap();
    assert_eq!(run_in(&variables, &files).await.0, 2);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_exit_codes_are_documented() {
    use exchange_groups::DriftStatus;
    for status in DriftStatus::ALL {
        assert!(AFTER_HELP.contains(&format!("\n  {}  ", status.code())), "{status}");
    }
}
