//! Files: specs, stored documents and settings.

use std::fmt::Debug;

use exchange_groups::placeos::{HandOverPlan, HandOverReport, Reconciliation, UserSignInPlan, ZoneMap};
use exchange_groups::{
    Audit, Credentials, Drift, MembershipComparison, MonitorExport, Observation, Plan, Preflight, Procedure,
    ProcedureReport, Proof, ReachReport, RegistrationPlan, Report, RestrictedCalendarGroup,
    RestrictedCalendarGroupBuilder, RoomSurvey, Sharing, SharingPlan, SpecError,
};
use graph_client::ClientConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::survives;

pub(crate) fn spec(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    judge(RestrictedCalendarGroup::from_json(text));
    if RestrictedCalendarGroupBuilder::check_text(text).is_ok()
        && let Ok(value) = yaml_serde::from_str::<Value>(text)
    {
        judge(RestrictedCalendarGroup::from_value(value));
    }
}

fn judge(read: Result<RestrictedCalendarGroup, SpecError>) {
    match read {
        Ok(spec) => {
            let written = serde_json::to_string(&spec).expect("a spec is written");
            let again = RestrictedCalendarGroup::from_json(&written);
            assert_eq!(again.as_ref().ok(), Some(&spec), "{written}: {again:?}");
        }
        Err(error) => {
            assert!(!error.faults().is_empty(), "a refusal names no fault");
            for fault in error.faults() {
                assert!(!fault.field.is_empty(), "a fault names no field: {fault}");
            }
            let text = error.to_string();
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "a control character in {text:?}");
        }
    }
}

pub(crate) fn document(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    stored::<Audit>(text);
    stored::<Credentials>(text);
    stored::<Drift>(text);
    stored::<HandOverPlan>(text);
    stored::<HandOverReport>(text);
    stored::<MembershipComparison>(text);
    stored::<MonitorExport>(text);
    stored::<Observation>(text);
    stored::<Plan>(text);
    stored::<Preflight>(text);
    stored::<Procedure>(text);
    stored::<ProcedureReport>(text);
    stored::<Proof>(text);
    stored::<ReachReport>(text);
    stored::<Reconciliation>(text);
    stored::<RegistrationPlan>(text);
    stored::<Report>(text);
    stored::<RoomSurvey>(text);
    stored::<Sharing>(text);
    stored::<SharingPlan>(text);
    stored::<UserSignInPlan>(text);
    survives::<ZoneMap>(text);
    survives::<exchange_groups::access::Facts>(text);
}

/// A document that is read survives, and is refused by name once it is of another version.
fn stored<T: DeserializeOwned + Serialize + Debug>(text: &str) {
    let Some(read) = survives::<T>(text) else { return };
    let mut newer = serde_json::to_value(&read).expect("a document");
    if newer["origin"]["format"].is_number() {
        newer["origin"]["format"] = json!(2);
        let error = serde_json::from_str::<T>(&newer.to_string()).expect_err("a version that does not exist yet");
        assert!(error.to_string().contains("format version 2"), "{error}");
    }
}

pub(crate) fn client_config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    match ClientConfig::from_pairs(pairs) {
        Ok(config) => {
            let json = serde_json::to_string(&config).expect("settings are written");
            assert_eq!(survives::<ClientConfig>(&json).as_ref(), Some(&config), "{json}");
        }
        Err(error) => {
            crate::wire::tells(&error);
        }
    }
    survives::<ClientConfig>(text);
}
