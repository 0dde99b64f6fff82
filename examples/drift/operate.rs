//! The files of `examples/operate`: they run this program, with options that it has and codes that it ends with.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use exchange_groups::DriftStatus;
use serde_json::Value;

use super::*;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("operate").join(name)
}

fn cron_job() -> Value {
    yaml_serde::from_str(&fs::read_to_string(file("cronjob.yaml")).unwrap()).unwrap()
}

fn faults(cron_job: &Value) -> Vec<String> {
    let schema = serde_json::from_str(&fs::read_to_string(file("cronjob.schema.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(cron_job).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

#[test]
fn the_cron_job_is_one_of_kubernetes() {
    assert_eq!(faults(&cron_job()), [] as [String; 0]);
    let mut misspelt = cron_job();
    misspelt["spec"]["jobTemplate"]["spec"]["backOffLimit"] = 1.into();
    assert_eq!(faults(&misspelt).len(), 1);
}

#[test]
fn the_cron_job_tries_again_what_may_end_otherwise() {
    let job = cron_job();
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let rule = &job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0];
    let mut codes: Vec<u8> = DriftStatus::ALL.iter().map(|status| status.code()).filter(|code| *code != 0).collect();
    codes.push(2);
    codes.sort_unstable();
    assert_eq!(rule["onExitCodes"]["values"], json!(codes));
    assert_eq!(rule["onExitCodes"]["containerName"], pod["containers"][0]["name"]);
    let names = |list: &Value| -> Vec<String> {
        let mut names: Vec<_> =
            list.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&pod["containers"][0]["volumeMounts"]), names(&pod["volumes"]));
}

/// A program `drift` that notes how it was run, prints `metrics` and ends with `code`.
struct World {
    folder: PathBuf,
}

impl World {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("operate-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("client-secret"), "not-a-real-secret\n").unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// The exit code of the script, and the options and the secret that `drift` was given.
    fn run(&self, metrics: &str, code: i32) -> (i32, Options, String) {
        let stub = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$NOTES\"\nprintf %s \"$CLIENT_SECRET\" >\"$NOTES.secret\"\n\
             printf '{metrics}'\nexit {code}\n"
        );
        fs::write(self.path("drift"), stub).unwrap();
        fs::set_permissions(self.path("drift"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", self.folder.display(), std::env::var("PATH").unwrap());
        let status = Command::new("sh")
            .arg(file("exchange-groups-drift"))
            .args(["spec.yaml".to_owned(), self.path("snapshot.json"), self.path("drift.prom")])
            .env("PATH", path)
            .env("NOTES", self.path("notes"))
            .env("CLIENT_SECRET_FILE", self.path("client-secret"))
            .status()
            .unwrap();
        let notes = fs::read_to_string(self.path("notes")).unwrap();
        let options = Options::try_parse_from(["drift"].into_iter().chain(notes.lines())).unwrap();
        (status.code().unwrap(), options, fs::read_to_string(self.path("notes.secret")).unwrap())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn the_script_ends_as_the_program_does_and_keeps_the_last_metrics() {
    let world = World::new("codes");
    let (code, options, secret) = world.run("first 1\\n", 0);
    assert_eq!((code, secret.as_str()), (0, "not-a-real-secret"));
    assert!(options.metrics && options.update, "the first run writes the snapshot");
    fs::write(world.path("snapshot.json"), "{}").unwrap();

    let (code, options, _) = world.run("second 1\\n", 5);
    assert_eq!(code, 5);
    assert!(!options.update && options.snapshot == Some(world.path("snapshot.json").into()));
    assert_eq!(fs::read_to_string(world.path("drift.prom")).unwrap(), "second 1\n");

    assert_eq!(world.run("", 1).0, 1);
    assert_eq!(
        fs::read_to_string(world.path("drift.prom")).unwrap(),
        "second 1\n",
        "a run that failed leaves the old file"
    );
    assert!(!Path::new(&world.path("drift.prom.new")).exists());
}

#[test]
fn the_service_takes_what_is_harmless_for_success_and_holds_no_secret() {
    let unit = fs::read_to_string(file("exchange-groups-drift@.service")).unwrap();
    assert!(unit.contains(&format!("SuccessExitStatus={}\n", DriftStatus::Harmless.code())));
    assert!(unit.contains("CLIENT_SECRET_FILE=%d/") && !unit.contains("CLIENT_SECRET="), "{unit}");
}
