//! Lists: how much of one fits into an answer, and where the next answer goes on.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::cmdlets::Cmdlet;
use super::errors::Failure;
use super::parameters::{Arguments, Bound};
use super::{Reply, RowOf};
use crate::recent::Recent;
use crate::recipient::RecipientId;
use crate::request::Request;
use crate::state::Incoming;
use crate::world::World;

/// The warning of a list that was cut (observed).
pub(crate) const MORE_RESULTS: &str = "There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter.";
const LARGEST: usize = 1000;
const LIFE: SignedDuration = SignedDuration::from_mins(30);
/// How many links are good at once, since each holds a list. Those that were not used for longest are as
/// expired ones.
const MOST_LINKS: usize = 1_000;

#[derive(Clone)]
pub(super) enum Rows {
    Values(Arc<[Value]>),
    Recipients(Arc<[RecipientId]>, RowOf),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Values(rows) => rows.len(),
            Self::Recipients(ids, _) => ids.len(),
        }
    }

    fn read(&self, world: &World, from: usize, to: usize) -> Vec<Value> {
        match self {
            Self::Values(rows) => rows[from..to].to_vec(),
            // What was deleted since the first page is left out.
            Self::Recipients(ids, row) => ids[from..to]
                .iter()
                .filter_map(|id| world.directory.get(*id))
                .map(|recipient| row(world, recipient))
                .collect(),
        }
    }
}

/// A place in a list.
#[derive(Clone)]
pub(super) struct Page {
    rows: Rows,
    at: usize,
    result_size: Option<usize>,
    /// The command that the list answers: a link is good for no other.
    input: Value,
    select: Option<String>,
}

impl Page {
    pub(super) fn first(rows: Rows, result_size: Option<usize>, input: &Value, select: Option<String>) -> Self {
        Self { rows, at: 0, result_size, input: input.clone(), select }
    }
}

pub(crate) struct Pages {
    links: Recent<(Timestamp, Page)>,
    /// Counts how often all links were made worthless, Graph's included.
    pub(crate) generation: u64,
}

impl Default for Pages {
    fn default() -> Self {
        Self { links: Recent::new(MOST_LINKS), generation: 0 }
    }
}

/// The number of rows that a cmdlet returns unless it is told otherwise.
pub(super) fn result_size(cmdlet: &Cmdlet, arguments: &Arguments) -> Option<usize> {
    let limited = cmdlet.parameters.iter().flat_map(|set| set.iter()).any(|(name, _)| *name == "ResultSize");
    match arguments.get("ResultSize") {
        Some(Bound::Size(size)) => *size,
        _ => limited.then_some(LARGEST),
    }
}

/// `Prefer: odata.maxpagesize=N`, among other preferences and with spaces around.
pub(super) fn size(request: &Request) -> usize {
    request
        .header_value("Prefer")
        .into_iter()
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|preference| preference.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("odata.maxpagesize"))
        .and_then(|(_, size)| size.trim().parse().ok())
        .unwrap_or(LARGEST)
        .clamp(1, LARGEST)
}

pub(super) fn continuation(request: &Request) -> Option<String> {
    request
        .url()
        .query_pairs()
        .find(|(name, _)| name.eq_ignore_ascii_case("$skiptoken"))
        .map(|(_, token)| token.into_owned())
}

/// The annotations that every answer has.
pub(super) fn envelope(call: &Incoming<'_>) -> Value {
    let segment = |at: usize| call.segments.get(at).map_or("", String::as_str);
    let (version, tenant) = (segment(1), segment(2));
    let what = match version {
        "v2.0" => segment(3),
        _ => "Collection(Exchange.GenericHashTable)",
    };
    json!({
        "@odata.context": format!("{}/adminapi/{version}/{tenant}/$metadata#{what}", call.request.origin()),
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": [],
    })
}

impl Pages {
    pub(super) fn take(&mut self, link: &str, input: &Value, now: Timestamp) -> Result<Reply, Failure> {
        match self.links.get(link) {
            Some((expires, page)) if now < *expires && page.input == *input => Ok(Reply::Page(page.clone())),
            _ => Err(Failure::page_expired()),
        }
    }

    /// Writes a page down, with the link to the next one.
    pub(super) fn body(
        &mut self,
        world: &mut World,
        call: &Incoming<'_>,
        page: Page,
        size: usize,
        mut warnings: Vec<String>,
    ) -> Value {
        let length = page.rows.len();
        let from = page.at.min(length);
        let mut to = (from + size).min(length);
        let mut cut = false;
        if let Some(limit) = page.result_size {
            // A list that was cut goes on after the cut, in portions of the same size.
            let portion_ends = if limit == 0 { from } else { from - from % limit + limit };
            to = to.min(portion_ends);
            cut = limit > 0 && to == portion_ends && to < length;
        }
        if cut {
            warnings.push(MORE_RESULTS.to_owned());
        }
        let mut rows = page.rows.read(world, from, to);
        if let Some(select) = &page.select {
            let names: Vec<&str> = select.split(',').map(str::trim).collect();
            for row in &mut rows {
                trim(row, &names);
            }
        }
        let mut body = envelope(call);
        body["@adminapi.warnings"] = json!(warnings);
        body["value"] = Value::Array(rows);
        if to < length && to > from {
            let link = world.fresh_opaque_id("page");
            body["@odata.nextLink"] =
                json!(format!("{}{}?%24skiptoken={link}", call.request.origin(), call.request.url().path()));
            self.links.insert(link, (world.now() + LIFE, Page { at: to, ..page }));
        }
        body
    }

    pub(crate) fn expire_all(&mut self) {
        self.links.clear();
        self.generation += 1;
    }
}

/// Leaves the selected properties and what annotates them.
fn trim(row: &mut Value, names: &[&str]) {
    if let Some(row) = row.as_object_mut() {
        row.retain(|key, _| {
            let property = key.split('@').next().unwrap_or_default();
            names.iter().any(|name| name.eq_ignore_ascii_case(property))
        });
    }
}
