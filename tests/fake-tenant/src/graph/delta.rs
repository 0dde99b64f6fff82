//! Delta: a first round with everything, then rounds with what changed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{GraphCall, GraphError, GraphResult, error};
use crate::delta::{List, Mark};
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

impl Followed {
    /// A list of the directory whose rows are told by what `$select` names.
    pub(crate) fn of_rows(call: &GraphCall<'_>, list: &str, rows: BTreeMap<String, Value>) -> Self {
        let query = call.query.clone();
        Self {
            context: list.to_owned(),
            of: list.to_owned(),
            rows,
            members: BTreeMap::new(),
            page: call.query.top().unwrap_or(100),
            expired: "resyncRequired",
            shown: Box::new(move |row| with_id(query.selected(row), row)),
        }
    }
}

/// Delta tells the id whatever was selected.
pub(crate) fn with_id(mut shown: Value, row: &Value) -> Value {
    shown["id"] = row["id"].clone();
    shown
}

/// Answers one request of a round. The options of a round that is gone on with are in the call already.
#[expect(clippy::needless_pass_by_value, reason = "made for this call, in place")]
pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, followed: Followed) -> GraphResult {
    let gone = || -> GraphError {
        let again = format!("{}?$deltatoken=", address(call));
        error(410, followed.expired, "The sync state generation is not found; a full synchronisation is needed.")
            .with_header("Location", again)
    };
    let token = ["$skiptoken", "$deltatoken"].iter().find_map(|name| call.query.parameter(name)).unwrap_or_default();
    let begins = token.is_empty() || token == "latest";
    let mark = if begins {
        let options = call.query.pairs().iter().filter(|(name, _)| !name.eq_ignore_ascii_case("$deltatoken"));
        let options: Vec<(String, String)> = options.cloned().collect();
        Mark { list: world.deltas.list(&followed.of, &options), since: 0, behind: None }
    } else {
        world.deltas.mark(token).ok_or_else(gone)?
    };
    let list = world.deltas.get_mut(mark.list).filter(|list| list.of == followed.of).ok_or_else(gone)?;
    // Only what a round tells is followed: a change of anything else is none.
    let rows = followed.rows.iter().map(|(id, row)| (id.clone(), (followed.shown)(row))).collect();
    list.renew(&rows, &followed.members);
    let until = mark.behind.as_ref().map_or(list.version, |(until, ..)| *until);
    let mut found = if token == "latest" { Vec::new() } else { changes(list, &mark) };
    let more = found.split_off(followed.page.min(found.len()));
    let next = match (more.is_empty(), found.last()) {
        (false, Some((gone, id, _))) => Mark { behind: Some((until, *gone, id.clone())), ..mark },
        _ => Mark { list: mark.list, since: until, behind: None },
    };
    let mut body = json!({"@odata.context": call.context(&followed.context)});
    let (name, option) = match next.behind {
        Some(_) => ("@odata.nextLink", "$skiptoken"),
        None => ("@odata.deltaLink", "$deltatoken"),
    };
    body[name] = json!(format!("{}?{option}={}", address(call), world.deltas.token(&next)));
    body["value"] = found.into_iter().map(|(.., row)| row).collect();
    Ok(Response::of_json(200, &body))
}

/// What is left to tell, in order: whether it is gone, its id, and the row.
fn changes(list: &List, mark: &Mark) -> Vec<(bool, String, Value)> {
    let mut found = Vec::new();
    for (id, kept) in &list.rows {
        let members = member_changes(list, id, mark.since);
        if kept.since <= mark.since && members.is_empty() {
            continue;
        }
        match &kept.now {
            Some(row) => {
                let mut row = row.clone();
                if !members.is_empty() {
                    row["members@delta"] = Value::Array(members);
                }
                found.push((false, id.clone(), row));
            }
            // Who was never told of it need not hear that it is gone.
            None if mark.since == 0 => {}
            None => found.push((true, id.clone(), json!({"id": id, "@removed": {"reason": "deleted"}}))),
        }
    }
    found.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
    if let Some((_, gone, id)) = &mark.behind {
        found.retain(|(is_gone, at, _)| (is_gone, at) > (gone, id));
    }
    found
}

/// Members that came and went since, as `members@delta` tells them.
fn member_changes(list: &List, id: &str, since: u64) -> Vec<Value> {
    let members = list.members.get(id).into_iter().flatten().filter(|(_, kept)| kept.since > since);
    let (came, went): (Vec<_>, Vec<_>) = members.partition(|(_, kept)| kept.now.is_some());
    let went = went.into_iter().filter(|_| since > 0);
    came.into_iter()
        .map(|(member, kept)| json!({"@odata.type": kept.last(), "id": member}))
        .chain(
            went.map(
                |(member, kept)| json!({"@odata.type": kept.last(), "id": member, "@removed": {"reason": "deleted"}}),
            ),
        )
        .collect()
}

/// The address of this list, without a query.
fn address(call: &GraphCall<'_>) -> String {
    format!("{}{}", call.incoming.request.origin(), call.incoming.request.url().path())
}
