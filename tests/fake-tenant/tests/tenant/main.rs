//! The tenant, asked the way clients ask it. Expected values come from Microsoft documentation and
//! published observations.

mod access;
mod assignments;
mod calendars;
mod catalogue;
mod conformance;
#[cfg(feature = "cli")]
mod control;
mod coverage;
mod delegated;
mod directory;
mod exchange;
mod exchange_more;
mod facts;
mod faults;
mod foreign;
mod graph;
mod identities;
mod lists;
mod mailboxes;
mod reach;
mod replication;
#[cfg(feature = "server")]
mod server;
mod signing_in;
#[cfg(feature = "wiremock")]
mod wiremock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fake_tenant::{Application, FakeTenant, Request, Response};
use serde_json::{Value, json};

const GRAPH: &str = "https://graph.microsoft.com";
const EXCHANGE: &str = "https://outlook.office365.com";

/// One application at work in a tenant.
struct Session {
    tenant: FakeTenant,
    exchange: String,
    graph: String,
}

#[expect(clippy::needless_pass_by_value, reason = "a command reads best with its parameters written in place")]
impl Session {
    fn administrator(tenant: &FakeTenant) -> Self {
        Self::of(tenant, &tenant.administrator())
    }

    fn of(tenant: &FakeTenant, application: &Application) -> Self {
        Self {
            tenant: tenant.clone(),
            exchange: tenant.exchange_token(application),
            graph: tenant.graph_token(application),
        }
    }

    fn command(&self, cmdlet: &str, parameters: &Value) -> Request {
        let url = format!("{EXCHANGE}/adminapi/beta/{}/InvokeCommand", self.tenant.id());
        let body = json!({"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}});
        Request::post(&url).bearer(&self.exchange).json(&body)
    }

    fn invoke(&self, cmdlet: &str, parameters: Value) -> Response {
        self.tenant.handle(&self.command(cmdlet, &parameters))
    }

    /// The objects that a command returns.
    #[track_caller]
    fn run(&self, cmdlet: &str, parameters: Value) -> Vec<Value> {
        let response = self.invoke(cmdlet, parameters);
        assert_eq!(response.status(), 200, "{cmdlet}: {}", response.text());
        match response.json()["value"].take() {
            Value::Array(rows) => rows,
            other => panic!("{cmdlet} returned {other}"),
        }
    }

    /// Status, exception type and sentence of a command that fails.
    #[track_caller]
    fn failure(&self, cmdlet: &str, parameters: Value) -> (u16, String, String) {
        let response = self.invoke(cmdlet, parameters);
        assert_ne!(response.status(), 200, "{cmdlet} succeeded");
        explain(&response)
    }

    fn get(&self, path: &str) -> Response {
        self.tenant.handle(&Request::get(&format!("{GRAPH}{path}")).bearer(&self.graph))
    }

    fn calendar(&self, mailbox: &str) -> Response {
        self.get(&format!(
            "/v1.0/users/{mailbox}/calendarView?startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-11-24T00:00:00Z"
        ))
    }
}

/// Reads an Exchange error whichever of its forms it has.
fn explain(response: &Response) -> (u16, String, String) {
    let error = response.json()["error"].take();
    let detail = error["details"][0]["message"].as_str().unwrap_or_default();
    let (exception, sentence) = if let Ok(object) = serde_json::from_str::<Value>(detail) {
        let name = object.get("TypeName").or_else(|| object.get("ClassName")).cloned();
        (text(&name.unwrap_or_default()), text(&object["Message"]))
    } else if let [_, exception, sentence] = detail.splitn(3, '|').collect::<Vec<_>>()[..] {
        (exception.to_owned(), sentence.to_owned())
    } else if error["innererror"].is_object() {
        let inner = &error["innererror"]["internalexception"];
        (text(&inner["type"]), text(&inner["message"]))
    } else {
        (String::new(), text(&error["message"]))
    };
    (response.status(), exception, sentence)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(rows: &[Value], property: &str) -> Vec<String> {
    rows.iter().map(|row| text(&row[property])).collect()
}

fn ends_with(exception: &str, name: &str) -> bool {
    exception.rsplit('.').next() == Some(name)
}

fn graph_error(response: &Response) -> (u16, String, String) {
    let error = response.json()["error"].take();
    (response.status(), text(&error["code"]), text(&error["message"]))
}

fn sign_in(tenant: &FakeTenant, directory: &str, fields: &[(&str, &str)]) -> Response {
    let url = format!("https://login.microsoftonline.com/{directory}/oauth2/v2.0/token");
    tenant.handle(&Request::post(&url).form(fields))
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

const SECURITY_GROUP: &str = "placeosroombooking@contoso.com";

/// A session of the administrator with an empty mail-enabled security group.
fn with_group() -> (FakeTenant, Session) {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let created = admin.run(
        "New-DistributionGroup",
        json!({"Name": "PlaceOS Room Booking", "Alias": "placeosroombooking", "Type": "Security"}),
    );
    assert_eq!(created[0]["PrimarySmtpAddress"], SECURITY_GROUP);
    (tenant, admin)
}
