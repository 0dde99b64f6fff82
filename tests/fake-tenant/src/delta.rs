//! What clients that follow changes were told last.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A list as it was when a delta link was given out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The list and its options: a link is good for no other.
    pub(crate) of: String,
    /// The query of the first request, which the links go on with.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) rows: BTreeMap<String, Value>,
    /// Members, of lists of groups: id and type.
    pub(crate) members: BTreeMap<String, BTreeMap<String, &'static str>>,
}

/// What is left to tell before the delta link.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    pub(crate) rows: Arc<[Value]>,
    pub(crate) at: usize,
    pub(crate) then: Arc<Snapshot>,
}

/// All links of the two kinds that are good.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deltas {
    snapshots: HashMap<String, Arc<Snapshot>>,
    rests: HashMap<String, Rest>,
    serial: u64,
}

impl Deltas {
    fn token(&mut self, kind: &str) -> String {
        self.serial += 1;
        URL_SAFE_NO_PAD.encode(format!("{kind}-{:012}", self.serial))
    }

    pub(crate) fn keep(&mut self, snapshot: Arc<Snapshot>) -> String {
        let token = self.token("delta");
        self.snapshots.insert(token.clone(), snapshot);
        token
    }

    pub(crate) fn keep_rest(&mut self, rest: Rest) -> String {
        let token = self.token("rest");
        self.rests.insert(token.clone(), rest);
        token
    }

    /// A link can be used again: replays are normal.
    pub(crate) fn snapshot(&self, token: &str) -> Option<Arc<Snapshot>> {
        self.snapshots.get(token).cloned()
    }

    pub(crate) fn rest(&self, token: &str) -> Option<Rest> {
        self.rests.get(token).cloned()
    }

    /// The options of the round that a link goes on with; none when it is not known.
    pub(crate) fn query(&self, token: &str) -> Vec<(String, String)> {
        let snapshot = self.snapshots.get(token).or_else(|| self.rests.get(token).map(|rest| &rest.then));
        snapshot.map(|snapshot| snapshot.query.clone()).unwrap_or_default()
    }

    pub(crate) fn expire_all(&mut self) {
        self.snapshots.clear();
        self.rests.clear();
    }
}
