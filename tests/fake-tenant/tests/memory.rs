//! A tenant that is asked for days stays as large as it is.
//!
//! The short form is a test. The long one prints what the process holds at a tenth, a half and the end:
//!
//! ```text
//! REQUESTS=1000000 cargo test --release -p fake-tenant --test memory -- --nocapture
//! ```

#![expect(clippy::print_stdout, reason = "the long form tells what it measured")]

use fake_tenant::{FakeTenant, Request, Response};
use serde_json::{Value, json};

const GRAPH: &str = "https://graph.microsoft.com/v1.0";

/// Few in the suite.
fn wanted() -> usize {
    std::env::var("REQUESTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

/// What the process holds in KiB, where the machine says it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// A client that does a bit of everything, and takes away what it made.
struct Busy {
    tenant: FakeTenant,
    /// Of the administrator, for Graph and for Exchange, and of the booking application.
    tokens: [String; 3],
    sent: usize,
}

impl Busy {
    fn new(tenant: &FakeTenant) -> Self {
        let (administrator, booking) = (tenant.administrator(), tenant.booking_application());
        let tokens =
            [tenant.graph_token(&administrator), tenant.exchange_token(&administrator), tenant.graph_token(&booking)];
        Self { tenant: tenant.clone(), tokens, sent: 0 }
    }

    #[track_caller]
    fn send(&mut self, request: &Request, status: u16) -> Response {
        self.sent += 1;
        let response = self.tenant.handle(request);
        assert_eq!(response.status(), status, "{} {}: {}", request.method(), request.url(), response.text());
        response
    }

    #[track_caller]
    fn get(&mut self, path: &str, status: u16) -> Response {
        let token = &self.tokens[usize::from(path.contains("/calendar")) * 2];
        let request = Request::get(&format!("{GRAPH}{path}")).bearer(token);
        self.send(&request, status)
    }

    #[track_caller]
    fn cmdlet(&mut self, name: &str, parameters: &Value, status: u16) -> Response {
        let url = format!("https://outlook.office365.com/adminapi/beta/{}/InvokeCommand", self.tenant.id());
        let body = json!({"CmdletInput": {"CmdletName": name, "Parameters": parameters}});
        let request = Request::post(&url).bearer(&self.tokens[1]).header("Prefer", "odata.maxpagesize=2").json(&body);
        self.send(&request, status)
    }

    fn sign_in(&mut self) {
        let administrator = self.tenant.administrator();
        let form = [
            ("client_id", &*administrator.client_id),
            ("client_secret", administrator.secret()),
            ("grant_type", "client_credentials"),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", self.tenant.id());
        let answer = self.send(&Request::post(&url).form(&form), 200).json();
        answer["access_token"].as_str().unwrap_or_default().clone_into(&mut self.tokens[0]);
    }

    fn round(&mut self, number: usize) {
        let (person, room) = (self.tenant.people().swap_remove(0), self.tenant.rooms().swap_remove(0));
        self.sign_in();
        self.get("/users?$top=2&$count=true", 200);
        self.get(&format!("/users/{person}"), 200);
        self.get(&format!("/users/nobody-{number}@contoso.com"), 404);
        self.get(&format!("/users/{person}/messages/{number}"), 501);
        self.tenant.throttle(1, "0");
        self.get("/organization", 429);
        let calendar = format!("/users/{room}/calendar/events");
        let event = json!({
            "subject": "Planning",
            "start": {"dateTime": "2030-12-01T09:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2030-12-01T10:00:00", "timeZone": "UTC"},
        });
        let url = format!("{GRAPH}{calendar}");
        let made = self.send(&Request::post(&url).bearer(&self.tokens[2]).json(&event), 201).json();
        self.get(&format!("{calendar}?$top=5"), 200);
        let id = made["id"].as_str().unwrap_or_default();
        let event = format!("{GRAPH}/users/{room}/events/{id}");
        self.send(&Request::delete(&event).bearer(&self.tokens[2]), 204);
        let batch = json!({"requests": [
            {"id": "1", "method": "GET", "url": "/organization"},
            {"id": "2", "method": "GET", "url": format!("/groups/{number}")},
        ]});
        self.send(&Request::post(&format!("{GRAPH}/$batch")).bearer(&self.tokens[0]).json(&batch), 200);
        self.cmdlet("Get-Mailbox", &json!({}), 200);
        self.cmdlet("Get-Mailbox", &json!({"Identity": format!("nobody-{number}")}), 404);
        self.cmdlet("New-DistributionGroup", &json!({"Name": "Passing", "Members": [room]}), 200);
        self.cmdlet("Get-DistributionGroupMember", &json!({"Identity": "Passing"}), 200);
        let passing = json!({"Identity": "Passing", "BypassSecurityGroupManagerCheck": true});
        self.cmdlet("Remove-DistributionGroup", &passing, 200);
    }
}

#[test]
fn a_tenant_that_is_asked_without_end_does_not_grow() {
    let wanted = wanted();
    let tenant = FakeTenant::builder().rooms(3).people(5).build();
    let mut busy = Busy::new(&tenant);
    // The more are kept, the later it is full; a tenth of the requests fills it in either form.
    let kept = (wanted / 50).min(20_000);
    tenant.keep_requests(kept);
    let (mut rounds, mut sizes) = (0, Vec::new());
    for part in [1, 5, 10] {
        while busy.sent < wanted / 10 * part {
            rounds += 1;
            busy.round(rounds);
        }
        sizes.extend(resident());
        println!("{} requests: {} KiB", busy.sent, sizes.last().unwrap_or(&0));
    }
    assert_eq!(tenant.request_count(), busy.sent, "all are counted");
    assert_eq!(tenant.requests().len(), kept, "and the last ones kept");
    let first = tenant.transcript().lines().next().unwrap_or_default().to_owned();
    assert!(first.ends_with("older requests are not kept)"), "{first}");
    assert_eq!(tenant.unmodelled().len(), rounds.min(1_000));
    if let [early, .., late] = sizes[..] {
        // Some bytes for each request would be more in the long form, and a kilobyte for each in the short one.
        assert!(late < early + 16 * 1024, "{early} KiB after a tenth, {late} KiB at the end");
    }
}
