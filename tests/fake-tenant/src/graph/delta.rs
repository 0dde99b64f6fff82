//! Delta: a first round with everything, then rounds with what changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{GraphCall, GraphError, GraphResult, error};
use crate::delta::{Rest, Snapshot};
use crate::request::Response;
use crate::world::World;

/// A list that can be followed.
pub(crate) struct Followed {
    pub(crate) context: String,
    /// Which list, so that a token is good for no other.
    pub(crate) of: String,
    /// The objects by id, with everything that a round may tell of them.
    pub(crate) rows: BTreeMap<String, Value>,
    pub(crate) members: BTreeMap<String, BTreeMap<String, &'static str>>,
    pub(crate) page: usize,
    /// The code of the error for a link that is not good any more.
    pub(crate) expired: &'static str,
    /// Properties that a row is cut down to in the answer.
    pub(crate) shown: Box<dyn Fn(&Value) -> Value>,
}

/// Answers one request of a round.
#[expect(clippy::needless_pass_by_value, reason = "made for this call, in place")]
pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, followed: Followed) -> GraphResult {
    let gone = |call: &GraphCall<'_>, code: &'static str| -> GraphError {
        let again = format!("{}?$deltatoken=", address(call));
        error(410, code, "The sync state generation is not found; a full synchronisation is needed.")
            .with_header("Location", again)
    };
    if let Some(token) = call.query.parameter("$skiptoken") {
        let rest = world
            .deltas
            .rest(token)
            .filter(|rest| rest.then.of == followed.of)
            .ok_or_else(|| gone(call, followed.expired))?;
        return Ok(page(world, call, &followed, rest));
    }
    let query = call.query.pairs().iter().filter(|(name, _)| !name.eq_ignore_ascii_case("$deltatoken")).cloned();
    let before = match call.query.parameter("$deltatoken") {
        Some("latest") => {
            let then = now(&followed, query.collect());
            return Ok(page(world, call, &followed, Rest { rows: Arc::from([]), at: 0, then: Arc::new(then) }));
        }
        None | Some("") => None,
        Some(token) => Some(
            world
                .deltas
                .snapshot(token)
                .filter(|snapshot| snapshot.of == followed.of)
                .ok_or_else(|| gone(call, followed.expired))?,
        ),
    };
    let query = before.as_ref().map_or_else(|| query.collect(), |before| before.query.clone());
    let mut rows = Vec::new();
    let nothing = Snapshot::default();
    let old = before.as_deref().unwrap_or(&nothing);
    for (id, row) in &followed.rows {
        let members = member_changes(old, &followed, id);
        if old.rows.get(id) == Some(row) && members.is_empty() {
            continue;
        }
        let mut shown = (followed.shown)(row);
        if !members.is_empty() {
            shown["members@delta"] = Value::Array(members);
        }
        rows.push(shown);
    }
    for id in old.rows.keys().filter(|id| !followed.rows.contains_key(*id)) {
        rows.push(json!({"id": id, "@removed": {"reason": "deleted"}}));
    }
    let then = now(&followed, query);
    Ok(page(world, call, &followed, Rest { rows: rows.into(), at: 0, then: Arc::new(then) }))
}

fn now(followed: &Followed, query: Vec<(String, String)>) -> Snapshot {
    Snapshot { of: followed.of.clone(), query, rows: followed.rows.clone(), members: followed.members.clone() }
}

/// Members that came and went since, as `members@delta` tells them.
fn member_changes(old: &Snapshot, followed: &Followed, id: &str) -> Vec<Value> {
    let none = BTreeMap::new();
    let before = old.members.get(id).unwrap_or(&none);
    let after = followed.members.get(id).unwrap_or(&none);
    let came = after.iter().filter(|(member, _)| !before.contains_key(*member));
    let went = before.iter().filter(|(member, _)| !after.contains_key(*member));
    came.map(|(member, kind)| json!({"@odata.type": kind, "id": member}))
        .chain(went.map(|(member, kind)| json!({"@odata.type": kind, "id": member, "@removed": {"reason": "deleted"}})))
        .collect()
}

/// The address of this list, without a query.
fn address(call: &GraphCall<'_>) -> String {
    format!("{}{}", call.incoming.request.origin(), call.incoming.request.url().path())
}

fn page(world: &mut World, call: &GraphCall<'_>, followed: &Followed, rest: Rest) -> Response {
    let to = (rest.at + followed.page).min(rest.rows.len());
    let mut body = json!({"@odata.context": call.context(&followed.context)});
    let rows = rest.rows[rest.at..to].to_vec();
    if to < rest.rows.len() {
        let token = world.deltas.keep_rest(Rest { at: to, ..rest });
        body["@odata.nextLink"] = json!(format!("{}?$skiptoken={token}", address(call)));
    } else {
        let token = world.deltas.keep(rest.then);
        body["@odata.deltaLink"] = json!(format!("{}?$deltatoken={token}", address(call)));
    }
    body["value"] = Value::Array(rows);
    Response::of_json(200, &body)
}
