//! Faults on request: what a network, a gateway or another administrator does to a client.

use serde_json::Value;

use crate::request::Request;

/// What goes wrong with one request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// An answer with this status, body and headers; nothing is done.
    Status {
        /// The HTTP status.
        status: u16,
        /// The JSON body; `null` for none.
        body: Value,
        /// Further headers.
        headers: Vec<(String, String)>,
    },
    /// The connection closes without an answer, and nothing was done.
    DropBefore,
    /// It was done, and the connection closes without an answer.
    DropAfter,
    /// It was done, and a gateway answers with this status.
    AnswerLost(u16),
    /// An error of this status that repeats everything that was sent: headers, query and body.
    Echo(u16),
    /// Another administrator changes these fields of a system first.
    SystemChanged {
        /// The system's id.
        id: String,
        /// The fields.
        fields: Value,
    },
}

impl Fault {
    /// An answer with this status; nothing is done.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status { status, body: Value::Null, headers: Vec::new() }
    }

    /// Adds a header to a [`Fault::Status`].
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Status { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// A fault and the requests that it waits for.
#[derive(Clone, Debug)]
pub(crate) struct Armed {
    pub(crate) method: Option<String>,
    pub(crate) path: String,
    pub(crate) skip: usize,
    pub(crate) times: usize,
    pub(crate) fault: Fault,
}

/// The fault that hits a request, if any.
pub(crate) fn strike(armed: &mut Vec<Armed>, request: &Request) -> Option<Fault> {
    for (at, candidate) in armed.iter_mut().enumerate() {
        let is_hit = request.path.contains(&candidate.path)
            && candidate.method.as_ref().is_none_or(|method| *method == request.method);
        if !is_hit {
            continue;
        }
        if candidate.skip > 0 {
            candidate.skip -= 1;
            continue;
        }
        candidate.times -= 1;
        let fault = candidate.fault.clone();
        if candidate.times == 0 {
            armed.remove(at);
        }
        return Some(fault);
    }
    None
}
