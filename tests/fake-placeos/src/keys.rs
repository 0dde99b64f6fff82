//! API keys: who calls, and what the key may do.

use crate::request::{Request, Response};
use crate::routes::{Route, Service};
use crate::state::State;

/// The permissions of the user that a key acts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A user.
    User,
    /// Support.
    Support,
    /// An administrator.
    Admin,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// `<id>.<secret>`.
    pub(crate) text: String,
    pub(crate) level: Level,
    pub(crate) scopes: Vec<String>,
}

impl Key {
    fn may(&self, scope: &str, is_write: bool) -> bool {
        let kind = if is_write { "write" } else { "read" };
        let allows = |held: &str, scope: &str| {
            held == scope || held.strip_prefix(scope).and_then(|rest| rest.strip_prefix('.')) == Some(kind)
        };
        self.scopes.iter().any(|held| allows(held, "public") || allows(held, scope))
    }
}

/// The key of a request, or why there is none.
pub(crate) fn authorise(state: &State, request: &Request, route: &Route) -> Result<Level, Response> {
    let text = request
        .find_header("X-API-Key")
        .or_else(|| request.find_header("Authorization").and_then(|value| value.strip_prefix("Bearer ")));
    let Some(key) = text.and_then(|text| state.keys.iter().find(|key| key.text == text)) else {
        return Err(Response::error(401, "unauthorized"));
    };
    let is_write = request.method != "GET";
    let scope = match route.service {
        // Staff API takes the scope `public` alone.
        Service::Staff => "public",
        Service::Rest => route.path.split('/').nth(4).unwrap_or_default(),
    };
    // GUESS: starting and stopping a module asks for its own resource's scope; wrong if it asks for `control`.
    if !key.may(scope, is_write) {
        return Err(Response::empty(403));
    }
    let is_for_administrators = match route.service {
        Service::Staff => true,
        Service::Rest => is_write || scope == "drivers",
    };
    let least = if is_for_administrators { Level::Admin } else { Level::Support };
    // Support writes settings of its own level; how high is decided where the level is known.
    let least = if scope == "settings" { Level::Support } else { least };
    if key.level < least {
        return Err(Response::empty(403));
    }
    Ok(key.level)
}
