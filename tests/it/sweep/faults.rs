//! What is done to a run at one of its requests.

use std::fmt;

use exchange_groups::Stop;
use fake_tenant::{FakeTenant, Fault, Matcher, When};
use serde_json::json;

#[derive(Debug, Clone)]
pub(super) enum Disturbance {
    /// The request meets a fault.
    Fault(&'static str, Fault),
    /// The request is answered with another content than the service's: whoever reads it is told a lie.
    Lie(&'static str, Fault),
    /// Changes are seen late, from this request on.
    Late,
    /// The run is told to stop.
    Stop,
    /// The process is gone.
    Gone,
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fault(name, _) | Self::Lie(name, _) => name,
            Self::Late => "late changes",
            Self::Stop => "a stop",
            Self::Gone => "the end of the process",
        })
    }
}

impl Disturbance {
    pub(super) fn arrange(&self, tenant: &FakeTenant, at: usize) {
        if let Self::Fault(_, fault) | Self::Lie(_, fault) = self {
            tenant.fail_next(Matcher::any().after(at - 1), fault.clone());
        }
    }

    /// What happens once the request has come.
    pub(super) fn happen(&self, tenant: &FakeTenant, stop: &Stop) {
        match self {
            Self::Late => tenant.set_replication_lag(1),
            Self::Stop => stop.stop(),
            Self::Fault(..) | Self::Lie(..) | Self::Gone => {}
        }
    }

    pub(super) fn end(&self, tenant: &FakeTenant) {
        tenant.clear_faults();
        if matches!(self, Self::Late) {
            tenant.set_replication_lag(0);
        }
    }

    /// Whether what was read is not what is there: then "complete" is as true as what was read.
    pub(super) fn is_a_lie(&self) -> bool {
        matches!(self, Self::Lie(..))
    }
}

pub(super) fn disturbances() -> Vec<Disturbance> {
    let error = |status: u16, code: &str| Fault::status(status, json!({ "error": { "code": code, "message": "No." } }));
    vec![
        Disturbance::Fault("a refusal", error(403, "Forbidden")),
        Disturbance::Fault("no sign-in", error(401, "InvalidAuthenticationToken")),
        Disturbance::Fault("not found", error(404, "ResourceNotFound")),
        Disturbance::Fault("a conflict", error(409, "Conflict")),
        Disturbance::Fault("a failure", error(500, "InternalServerError")),
        Disturbance::Fault("unavailable", error(503, "ServiceUnavailable")),
        Disturbance::Fault("throttled", Fault::throttle("0")),
        Disturbance::Fault(
            "a task error",
            Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "Something went wrong."),
        ),
        Disturbance::Fault("a gateway's page", Fault::Html { status: 502 }),
        Disturbance::Fault("a page in place of an answer", Fault::Html { status: 200 }),
        Disturbance::Fault("an unreadable refusal", Fault::NulBody403 { diagnostics: None }),
        Disturbance::Fault("the answer is lost", Fault::AnswerLost { status: 502 }),
        Disturbance::Fault("dropped before", Fault::DropConnection(When::BeforeEffect)),
        Disturbance::Fault("dropped after", Fault::DropConnection(When::AfterEffect)),
        Disturbance::Fault("broken off", Fault::TruncatedBody),
        Disturbance::Fault("no body", Fault::body(200, "").when(When::BeforeEffect)),
        Disturbance::Fault("no body after acting", Fault::body(200, "").when(When::AfterEffect)),
        Disturbance::Lie("an empty list", Fault::status(200, json!({ "value": [] }))),
        Disturbance::Lie("an empty object", Fault::status(200, json!({}))),
        Disturbance::Late,
        Disturbance::Stop,
        Disturbance::Gone,
    ]
}
