//! The tenant as a `wiremock` responder.

use wiremock::{Request as MockRequest, Respond, ResponseTemplate};

use crate::FakeTenant;
use crate::request::{Interruption, Request};

/// Mount it for every request, and lay mocks of higher priority over it.
///
/// `wiremock` cannot close a socket: a dropped connection becomes a 502 in plain text, and a truncated
/// body arrives as a complete HTTP answer with half a body.
impl Respond for FakeTenant {
    fn respond(&self, request: &MockRequest) -> ResponseTemplate {
        let mut incoming = Request::new(request.method.as_str(), request.url.clone()).body(request.body.as_slice());
        for (name, value) in &request.headers {
            incoming = incoming.header(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
        }
        let response = self.handle(&incoming);
        let mut body = response.body().to_vec();
        if response.interruption() == Some(Interruption::TruncateBody) {
            body.truncate(body.len() / 2);
        }
        let mut template = ResponseTemplate::new(response.status()).set_body_bytes(body);
        for (name, value) in response.headers() {
            template = template.append_header(name.as_str(), value.as_str());
        }
        match response.delay() {
            Some(delay) => template.set_delay(delay),
            None => template,
        }
    }
}
