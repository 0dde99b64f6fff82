use clap::Parser;
use serde_json::Value;

use super::world::World;
use super::{Options, steps};

fn options(arguments: &[&str]) -> Options {
    Options::try_parse_from(std::iter::once("onboard").chain(arguments.iter().copied())).unwrap()
}

/// From what the one-click consent leaves behind to running rooms, in one command.
#[tokio::test]
async fn the_rooms_run_and_nobody_else_is_reached() {
    let options = options(&["--json"]);
    let world = World::of(&options).await.unwrap();
    let fakes = world.fakes.as_ref().unwrap();
    let application = fakes.tenant.booking_application().client_id;
    assert!(fakes.tenant.can_read(&application, "ceo@contoso.com"), "the consent opened every mailbox");
    let (exit, shown) = Box::pin(steps::onboard(&world, &options)).await.unwrap();
    assert_eq!(exit, 0, "{shown}");
    let document: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(document["proof"]["verdict"], "verified");
    assert!(!fakes.tenant.can_read(&application, "ceo@contoso.com"));
    assert!(fakes.tenant.can_read(&application, "boardroom@contoso.com"));
    assert_eq!(fakes.placeos.systems().len(), fakes.tenant.rooms().len());
    assert!(!fakes.placeos.started().is_empty());
    assert_eq!(fakes.placeos.auth_sources().len(), 1);
    // The secrets are in PlaceOS and nowhere else.
    for source in fakes.placeos.auth_sources() {
        assert!(!shown.contains(source["client_secret"].as_str().unwrap()));
    }
    for settings in fakes.placeos.settings() {
        let text: Value = serde_json::from_str(settings["settings_string"].as_str().unwrap()).unwrap();
        assert!(!shown.contains(text["calendar_config"]["client_secret"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let options = options(&["--dry-run"]);
    let world = World::of(&options).await.unwrap();
    let (exit, shown) = Box::pin(steps::onboard(&world, &options)).await.unwrap();
    let fakes = world.fakes.as_ref().unwrap();
    assert_eq!((exit, fakes.tenant.write_count()), (7, 0), "{shown}");
    assert!(fakes.placeos.requests().iter().all(|request| request.method == "GET"), "{shown}");
    for title in ["Restriction: plan", "Hand-over: plan", "Sign-in of people: plan", "nothing was changed"] {
        assert!(shown.contains(title), "{title}: {shown}");
    }
}

/// A restriction that has not propagated: everything is prepared, and nothing runs.
#[tokio::test]
async fn nothing_is_started_before_the_restriction_acts() {
    let options = options(&["--another"]);
    let world = World::of(&options).await.unwrap();
    let fakes = world.fakes.as_ref().unwrap();
    fakes.tenant.set_policy_delay(std::time::Duration::from_secs(7_200));
    let (exit, shown) = Box::pin(steps::onboard(&world, &options)).await.unwrap();
    assert_eq!(exit, 8, "{shown}");
    assert!(fakes.placeos.started().is_empty(), "{shown}");
    assert!(fakes.placeos.modules().iter().all(|module| module["running"] != true), "{shown}");
}

/// Run again once it acts, with the secret of the first run: everything is there already, and then it runs.
#[tokio::test]
async fn a_run_that_had_to_wait_is_finished_by_the_next_one() {
    let folder = std::env::temp_dir().join(format!("onboard-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("secret");
    let _ = std::fs::remove_file(&file);
    let options = options(&["--secret-file", file.to_str().unwrap()]);
    let world = World::of(&options).await.unwrap();
    let fakes = world.fakes.as_ref().unwrap();
    fakes.tenant.set_policy_delay(std::time::Duration::from_secs(7_200));
    let (first, _) = Box::pin(steps::onboard(&world, &options)).await.unwrap();
    fakes.tenant.set_policy_delay(std::time::Duration::ZERO);
    // A day later, when no token from before the revocation lives.
    fakes.tenant.advance(std::time::Duration::from_secs(30 * 60 * 60));
    let (exit, shown) = Box::pin(steps::onboard(&world, &options)).await.unwrap();
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "others may read it");
    }
    let secret = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(first != 0 && exit == 0, "{first}, then {exit}: {shown}");
    assert!(!shown.contains(secret.lines().next().unwrap()), "the secret is shown");
    assert!(!fakes.placeos.started().is_empty());
}
