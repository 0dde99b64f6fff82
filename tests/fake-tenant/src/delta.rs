//! What clients that follow changes were told last.
//!
//! A list is kept once, with the number of the change that each row met last. A link is a number too, so that a
//! round costs nothing and only what changed is remembered.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A row, or the place of one that is gone.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T> {
    pub(crate) now: Option<T>,
    /// What it was before, for one that is gone.
    last: T,
    pub(crate) since: u64,
}

impl<T: Clone> Kept<T> {
    pub(crate) fn last(&self) -> &T {
        &self.last
    }
}

type Rows<T> = BTreeMap<String, Kept<T>>;

/// Brings a map up to date; whether anything changed.
fn renew<T: PartialEq + Clone>(kept: &mut Rows<T>, found: &BTreeMap<String, T>, version: u64) -> bool {
    let mut changed = false;
    for (id, row) in found {
        let known = kept.get(id).is_some_and(|kept| kept.now.as_ref() == Some(row));
        if !known {
            kept.insert(id.clone(), Kept { now: Some(row.clone()), last: row.clone(), since: version });
            changed = true;
        }
    }
    for (id, kept) in kept.iter_mut() {
        if kept.now.is_some() && !found.contains_key(id) {
            kept.now = None;
            kept.since = version;
            changed = true;
        }
    }
    changed
}

/// A list with the options of the round that began it.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) of: String,
    query: Vec<(String, String)>,
    pub(crate) version: u64,
    pub(crate) rows: Rows<Value>,
    /// Members, of lists of groups: id and type.
    pub(crate) members: BTreeMap<String, Rows<&'static str>>,
}

impl List {
    pub(crate) fn renew(
        &mut self,
        rows: &BTreeMap<String, Value>,
        members: &BTreeMap<String, BTreeMap<String, &'static str>>,
    ) {
        let next = self.version + 1;
        let mut changed = renew(&mut self.rows, rows, next);
        for (group, found) in members {
            changed |= renew(self.members.entry(group.clone()).or_default(), found, next);
        }
        if changed {
            self.version = next;
        }
    }
}

/// Where a link goes on: in which list, after which change, and behind which row of the page before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) list: usize,
    pub(crate) since: u64,
    /// The change up to which the round goes, and the last row that was told: whether it was gone, and its id.
    pub(crate) behind: Option<(u64, bool, String)>,
}

/// All lists that are followed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deltas {
    generation: u64,
    lists: Vec<List>,
}

impl Deltas {
    /// The number of the list with these options, which may be new.
    pub(crate) fn list(&mut self, of: &str, query: &[(String, String)]) -> usize {
        self.lists.iter().position(|list| list.of == of && list.query == query).unwrap_or_else(|| {
            self.lists.push(List { of: of.to_owned(), query: query.to_vec(), ..List::default() });
            self.lists.len() - 1
        })
    }

    pub(crate) fn get_mut(&mut self, list: usize) -> Option<&mut List> {
        self.lists.get_mut(list)
    }

    pub(crate) fn token(&self, mark: &Mark) -> String {
        let start = format!("{}|{}|{}", self.generation, mark.list, mark.since);
        URL_SAFE_NO_PAD.encode(match &mark.behind {
            Some((until, gone, id)) => format!("rest|{start}|{until}|{gone}|{id}"),
            None => format!("delta|{start}"),
        })
    }

    /// What a token stands for, while it is good. It can be used again: replays are normal.
    pub(crate) fn mark(&self, token: &str) -> Option<Mark> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let mut parts = text.splitn(7, '|');
        let kind = parts.next()?;
        let generation: u64 = parts.next()?.parse().ok()?;
        let (list, since) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let behind = match kind {
            "rest" => Some((parts.next()?.parse().ok()?, parts.next()? == "true", parts.next()?.to_owned())),
            _ => None,
        };
        let good = generation == self.generation && list < self.lists.len();
        good.then_some(Mark { list, since, behind })
    }

    /// The options of the round that a link goes on with; none when it is not known.
    pub(crate) fn query(&self, token: &str) -> Vec<(String, String)> {
        self.mark(token).map(|mark| self.lists[mark.list].query.clone()).unwrap_or_default()
    }

    pub(crate) fn expire_all(&mut self) {
        self.generation += 1;
        self.lists.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rounds_without_changes_cost_nothing_and_a_change_costs_its_row() {
        let mut deltas = Deltas::default();
        let mut rows: BTreeMap<String, Value> = (0..50).map(|at| (format!("{at:02}"), json!({"at": at}))).collect();
        let list = deltas.list("users", &[]);
        for round in 0..100_u64 {
            rows.insert("07".to_owned(), json!({"at": round / 50}));
            assert_eq!(deltas.list("users", &[]), list);
            deltas.lists[list].renew(&rows, &BTreeMap::new());
        }
        assert_eq!((deltas.lists.len(), deltas.lists[list].rows.len(), deltas.lists[list].version), (1, 50, 2));
        let told = deltas.lists[list].rows.values().filter(|row| row.since > 1).count();
        assert_eq!(told, 1);
    }
}
