//! System query options, and lists that come in pages.

use std::cell::Cell;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use url::Url;

use super::{GraphCall, GraphError, GraphResult, error};
use crate::filter::{self, Expression, Operator};
use crate::request::Response;

/// What is asked of a list: its rows, or what `$count` and `$ref` behind its address stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    #[default]
    Rows,
    Number,
    References,
}

impl Form {
    /// The address of the list, and what is asked of it.
    pub(crate) fn of<'p, 's>(method: &str, path: &'p [&'s str]) -> (&'p [&'s str], Self) {
        match path {
            [list @ .., asked] if method == "GET" && !list.is_empty() => match &*asked.to_ascii_lowercase() {
                "$count" => (list, Self::Number),
                "$ref" => (list, Self::References),
                _ => (path, Self::Rows),
            },
            _ => (path, Self::Rows),
        }
    }
}

/// A relation that is to be expanded.
pub(crate) struct Expansion<'q> {
    pub(crate) name: &'q str,
    /// The properties that its own `$select` names.
    select: Option<Vec<&'q str>>,
}

impl Expansion<'_> {
    /// A related object, with only the properties asked for.
    pub(crate) fn shown(&self, mut row: Value) -> Value {
        if let (Some(names), Some(row)) = (&self.select, row.as_object_mut()) {
            row.retain(|key, _| key.starts_with('@') || names.iter().any(|name| name.eq_ignore_ascii_case(key)));
        }
        row
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) form: Form,
    select: Option<Vec<String>>,
    top: Option<usize>,
    skip: Option<usize>,
    /// Where to go on, and which generation of links says so.
    skip_token: Option<(usize, u64)>,
    count: bool,
    filter: Option<Expression>,
    search: Option<String>,
    order: Vec<(String, bool)>,
    expand: Option<String>,
    /// Whether a handler does what `$expand` says.
    expands: Cell<bool>,
    pairs: Vec<(String, String)>,
}

/// How a resource turns pages.
#[derive(Clone, Copy)]
pub(crate) enum Paging {
    /// `$skip` in the link, as Outlook and places do it.
    Skip { default: usize, max: usize },
    /// An opaque `$skiptoken`, as the directory does it.
    Token { default: usize, max: usize },
}

impl Query {
    /// The options of a request, and those that its link stands for.
    pub(crate) fn read(url: &Url, remembered: &[(String, String)]) -> Result<Self, GraphError> {
        let mut query = Self::default();
        let remembered = remembered.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into()));
        for (name, value) in url.query_pairs().chain(remembered) {
            if query.pairs.iter().any(|(known, _): &(String, String)| *known == name) {
                continue;
            }
            query.pairs.push((name.to_string(), value.to_string()));
            match &*name.to_ascii_lowercase() {
                "$select" => {
                    query.select = Some(value.split(',').map(|name| name.trim().to_owned()).collect());
                }
                "$top" => query.top = Some(number(&name, &value)?),
                "$skip" => query.skip = Some(number(&name, &value)?),
                // The tokens of delta rounds are looked up where the round is known.
                "$skiptoken" if is_delta(url) => {}
                "$skiptoken" => query.skip_token = Some(skip_of_token(&value)?),
                "$count" => query.count = value.eq_ignore_ascii_case("true"),
                "$filter" => {
                    let filter = filter::odata(&value).map_err(|reason| {
                        error(400, "BadRequest", format!("Invalid filter clause: {reason} in '{value}'."))
                    })?;
                    query.filter = Some(filter);
                }
                "$search" => query.search = Some(value.into_owned()),
                "$orderby" => query.order = order(&value),
                "$expand" => query.expand = Some(value.into_owned()),
                "$deltatoken" | "$format" => {}
                other if other.starts_with('$') => {
                    return Err(error(400, "BadRequest", format!("The query parameter '{name}' is not supported.")));
                }
                _ => {}
            }
        }
        if query.top == Some(0) {
            return Err(page_size(0));
        }
        Ok(query)
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// The generation of the link that led here, if one did.
    pub(crate) fn link_generation(&self) -> Option<u64> {
        self.skip_token.map(|(_, generation)| generation)
    }

    /// How many of a page were asked for.
    pub(crate) fn top(&self) -> Option<usize> {
        self.top
    }

    pub(crate) fn selects(&self) -> bool {
        self.select.is_some()
    }

    pub(crate) fn select_names(&self) -> &[String] {
        self.select.as_deref().unwrap_or_default()
    }

    pub(crate) fn order_names(&self) -> Vec<&str> {
        self.order.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The relations to expand, without their own options.
    pub(crate) fn expanded(&self) -> Vec<String> {
        self.relations().into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    /// The text of `$expand`, for a handler that does what it says.
    pub(crate) fn expand_text(&self) -> Option<&str> {
        self.expands.set(true);
        self.expand.as_deref()
    }

    /// What `$expand` says, for a handler that does it.
    pub(crate) fn expansions(&self) -> Result<Vec<Expansion<'_>>, GraphError> {
        self.expands.set(true);
        let relations = self.relations().into_iter().map(|(name, options)| {
            let select = match options.split_once('=') {
                None if options.is_empty() => None,
                Some((option, names)) if option.eq_ignore_ascii_case("$select") && !names.contains(';') => {
                    Some(names.split(',').map(str::trim).collect())
                }
                _ => return Err(GraphError::not_modelled()),
            };
            Ok(Expansion { name, select })
        });
        relations.collect()
    }

    /// Whether `$expand` was asked for and nobody did it.
    pub(crate) fn is_overlooked(&self) -> bool {
        self.expand.as_deref().is_some_and(|text| !text.trim().is_empty()) && !self.expands.get()
    }

    /// The relations to expand, and what stands in parentheses behind each.
    fn relations(&self) -> Vec<(&str, &str)> {
        let text = self.expand.as_deref().unwrap_or_default();
        let (mut found, mut depth, mut from) = (Vec::new(), 0_usize, 0);
        let ends = text.char_indices().chain(std::iter::once((text.len(), ',')));
        for (at, letter) in ends {
            match letter {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                ',' if depth == 0 || at == text.len() => {
                    found.push(text[from..at].trim());
                    from = (at + 1).min(text.len());
                }
                _ => {}
            }
        }
        let parts = found.into_iter().filter(|part| !part.is_empty());
        parts
            .map(|part| part.split_once('(').map_or((part, ""), |(name, rest)| (name, rest.trim_end_matches(')'))))
            .collect()
    }

    /// Whether the list is to be looked through or sorted, which some lists need more for.
    pub(crate) fn is_demanding(&self) -> bool {
        self.filter.is_some() || self.search.is_some() || !self.order.is_empty()
    }

    pub(crate) fn counts(&self) -> bool {
        self.count || self.form == Form::Number
    }

    pub(crate) fn filter(&self) -> Option<&Expression> {
        self.filter.as_ref()
    }

    pub(crate) fn is_selected(&self, name: &str) -> bool {
        self.select.as_ref().is_some_and(|names| names.iter().any(|other| other.eq_ignore_ascii_case(name)))
    }

    /// The object with only the properties asked for. Annotations stay, and Outlook's ids do.
    pub(crate) fn selected(&self, object: &Value) -> Value {
        self.selected_or(object, &[])
    }

    /// The same, with the properties that come when none are asked for; all of them when there are none.
    pub(crate) fn selected_or(&self, object: &Value, defaults: &[&str]) -> Value {
        let Some(properties) = object.as_object() else {
            return object.clone();
        };
        let names: Vec<&str> = match &self.select {
            Some(names) => names.iter().map(String::as_str).collect(),
            None if defaults.is_empty() => return object.clone(),
            None => defaults.to_vec(),
        };
        let kept: Map<String, Value> = properties
            .iter()
            .filter(|(key, _)| {
                key.starts_with('@')
                    || (*key == "id" && properties.contains_key("@odata.etag"))
                    || names.iter().any(|name| name.eq_ignore_ascii_case(key))
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        Value::Object(kept)
    }
}

fn is_delta(url: &Url) -> bool {
    url.path().to_ascii_lowercase().trim_end_matches('/').trim_end_matches("()").ends_with("delta")
}

fn page_size(asked: usize) -> GraphError {
    GraphError::bad_request(format!("Invalid page size specified: '{asked}'. Must be between 1 and 999 inclusive."))
}

fn number(name: &str, value: &str) -> Result<usize, GraphError> {
    value.trim().parse().map_err(|_| {
        error(
            400,
            "BadRequest",
            format!("Invalid value '{value}' for {name} query option found. The {name} query option requires a non-negative integer value."),
        )
    })
}

fn skip_of_token(token: &str) -> Result<(usize, u64), GraphError> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| {
            let (skip, generation) = text.strip_prefix("skip-")?.split_once('-')?;
            Some((skip.parse().ok()?, generation.parse().ok()?))
        })
        .ok_or_else(page_expired)
}

pub(crate) fn page_expired() -> GraphError {
    error(
        400,
        "Directory_ExpiredPageToken",
        "The specified page token value has expired and can no longer be included in your request.",
    )
}

fn order(text: &str) -> Vec<(String, bool)> {
    text.split(',')
        .filter_map(|part| {
            let mut words = part.split_whitespace();
            let property = words.next()?.to_owned();
            Some((property, words.next().is_some_and(|word| word.eq_ignore_ascii_case("desc"))))
        })
        .collect()
}

/// A kind of directory object, whose lists ask for more than other lists do.
#[derive(Clone, Copy)]
pub(crate) struct Entity {
    /// The type as error messages spell it.
    pub(crate) name: &'static str,
    /// What comes without `$select`; everything when empty.
    pub(crate) defaults: &'static [&'static str],
    /// What can be sorted by without an advanced query.
    pub(crate) sortable: &'static [&'static str],
    /// What can never be sorted by.
    pub(crate) unsortable: &'static [&'static str],
}

/// `"displayName:x" AND "description:y"`: every clause is quoted, and searches words of a property.
struct Search(Vec<Vec<(String, String)>>);

impl Search {
    fn read(text: &str) -> Result<Self, GraphError> {
        let wrong = || {
            error(
                400,
                "BadRequest",
                format!(
                    "Syntax error: a search clause has to be of the form \"property:value\" with its quotes, in '{text}'."
                ),
            )
        };
        let mut any = Vec::new();
        for alternative in text.split(" OR ") {
            let mut all = Vec::new();
            for clause in alternative.split(" AND ") {
                let inner =
                    clause.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(wrong)?;
                let (property, value) = inner.split_once(':').ok_or_else(wrong)?;
                all.push((property.trim().to_owned(), value.trim().to_lowercase()));
            }
            any.push(all);
        }
        Ok(Self(any))
    }

    fn holds_for(&self, row: &Value) -> bool {
        self.0.iter().any(|all| {
            all.iter().all(|(property, value)| {
                let text = property_at(row, property).as_str().unwrap_or_default().to_lowercase();
                text.starts_with(value)
                    || text.split(|character: char| !character.is_alphanumeric()).any(|word| word.starts_with(value))
            })
        })
    }
}

/// A property by its path; `null` when it is not there.
fn property_at<'v>(row: &'v Value, path: &str) -> &'v Value {
    path.split('/').fold(row, |at, step| {
        at.as_object()
            .and_then(|map| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(step)))
            .map_or(&Value::Null, |(_, value)| value)
    })
}

fn compare_values(left: &Value, right: &Value) -> std::cmp::Ordering {
    if let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) {
        return left.total_cmp(&right);
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
    text(left).cmp(&text(right))
}

#[derive(PartialEq)]
struct SortKey(Value);

impl Eq for SortKey {}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        compare_values(&self.0, &other.0)
    }
}

fn is_advanced(filter: &Expression) -> bool {
    if matches!(filter, Expression::Not(_)) {
        return true;
    }
    let mut advanced = false;
    filter.each_test(&mut |_, operator, _| {
        advanced |= matches!(operator, Operator::NotEqual | Operator::EndsWith);
    });
    advanced || filter.has_negation()
}

fn has_contains(filter: &Expression) -> bool {
    let mut found = false;
    filter.each_test(&mut |_, operator, _| found |= operator == Operator::Contains);
    found
}

impl GraphCall<'_> {
    /// Whether the request accepts an index that lags, which advanced queries of the directory need.
    pub(crate) fn is_eventual(&self) -> bool {
        self.incoming
            .request
            .header_value("ConsistencyLevel")
            .is_some_and(|level| level.trim().eq_ignore_ascii_case("eventual"))
    }

    /// One page of a list. Rows are made for the page only, unless a filter has to look at all.
    pub(crate) fn list<T>(
        &self,
        context: &str,
        items: Vec<T>,
        paging: Paging,
        row: impl Fn(&T) -> Value,
    ) -> GraphResult {
        if self.query.search.is_some() {
            return Err(error(400, "BadRequest", "The query parameter '$search' is not supported."));
        }
        self.page(context, items, paging, None, row)
    }

    /// One page of a list of directory objects, with the rules for advanced queries.
    pub(crate) fn directory_list<T>(
        &self,
        context: &str,
        items: Vec<T>,
        paging: Paging,
        entity: Entity,
        row: impl Fn(&T) -> Value,
    ) -> GraphResult {
        let unsupported = |message: String| Err(error(400, "Request_UnsupportedQuery", message));
        let query = &self.query;
        if query.skip.is_some() {
            return Err(GraphError::bad_request("'$skip' is not supported by the service."));
        }
        if query.search.is_some() && !self.is_eventual() {
            return unsupported("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'".to_owned());
        }
        if query.form == Form::Number && !self.is_eventual() {
            return Err(GraphError::bad_request("$count is not currently supported."));
        }
        let advanced = self.is_eventual() && (query.counts() || query.search.is_some());
        for (property, _) in &query.order {
            if entity.unsortable.iter().any(|name| name.eq_ignore_ascii_case(property)) {
                return unsupported(format!("Unsupported sort property '{property}' for '{}'.", entity.name));
            }
            if !advanced && !entity.sortable.iter().any(|name| name.eq_ignore_ascii_case(property)) {
                return unsupported(format!("Unsupported sort property '{property}' for '{}'.", entity.name));
            }
        }
        if !advanced && query.filter.is_some() && !query.order.is_empty() {
            return unsupported("Sorting not supported for current query.".to_owned());
        }
        // Observed by many: the directory has no such operator, whatever the headers.
        if query.filter.as_ref().is_some_and(has_contains) {
            return unsupported("Filter operator 'Contains' is not supported.".to_owned());
        }
        if !advanced && query.filter.as_ref().is_some_and(is_advanced) {
            return unsupported(format!("Unsupported or invalid query filter clause specified for '{}'.", entity.name));
        }
        self.page(context, items, paging, Some(entity), row)
    }

    fn page<T>(
        &self,
        context: &str,
        mut items: Vec<T>,
        paging: Paging,
        entity: Option<Entity>,
        row: impl Fn(&T) -> Value,
    ) -> GraphResult {
        if let Some(filter) = self.query.filter() {
            let mut unknown = None;
            if let Some(first) = items.first().map(&row) {
                filter.each_test(&mut |property, _, _| {
                    let name = property.split('/').next().unwrap_or(property);
                    let known =
                        first.as_object().is_some_and(|row| row.keys().any(|key| key.eq_ignore_ascii_case(name)));
                    if entity.is_some() && !known {
                        unknown = Some(name.to_owned());
                    }
                });
            }
            if let (Some(property), Some(entity)) = (unknown, entity) {
                let kind = entity.name.to_lowercase();
                return Err(error(
                    400,
                    "BadRequest",
                    format!(
                        "Invalid filter clause: Could not find a property named '{property}' on type 'microsoft.graph.{kind}'."
                    ),
                ));
            }
            items.retain(|item| filter.holds_for(&row(item)));
        }
        if let Some(search) = &self.query.search {
            let search = Search::read(search)?;
            items.retain(|item| search.holds_for(&row(item)));
        }
        if self.query.form == Form::Number {
            return Ok(Response::new(200).with_body("text/plain", items.len().to_string()));
        }
        for (property, descending) in self.query.order.iter().rev() {
            items.sort_by_cached_key(|item| SortKey(property_at(&row(item), property).clone()));
            if *descending {
                items.reverse();
            }
        }
        let (Paging::Skip { default, max } | Paging::Token { default, max }) = paging;
        let asked = self.query.top.or_else(|| self.preferred_page_size(paging)).unwrap_or(default);
        // The directory refuses a page that is too large, the others give less.
        if matches!(paging, Paging::Token { .. }) && asked > max {
            return Err(page_size(asked));
        }
        let size = asked.min(max);
        let skip = self.query.skip_token.map(|(skip, _)| skip).or(self.query.skip).unwrap_or(0);
        let from = skip.min(items.len());
        let to = (from + size).min(items.len());
        let defaults = entity.map_or(&[][..], |entity| entity.defaults);
        let references = self.query.form == Form::References;
        let shown = |item| {
            let row = row(item);
            if references { self.reference(&row) } else { self.query.selected_or(&row, defaults) }
        };
        let rows: Vec<Value> = items[from..to].iter().map(shown).collect();
        let context = match &self.query.select {
            _ if references => "Collection($ref)".to_owned(),
            Some(names) => format!("{context}({})", names.join(",")),
            None => context.to_owned(),
        };
        let mut body = json!({"@odata.context": self.context(&context)});
        // Without the header the directory overlooks `$count` and says nothing.
        let counts = self.query.count && (entity.is_none() || self.is_eventual());
        if counts && from == 0 {
            body["@odata.count"] = json!(items.len());
        }
        if to < items.len() {
            body["@odata.nextLink"] = json!(self.next_link(to, paging));
        }
        body["value"] = Value::Array(rows);
        Ok(Response::of_json(200, &body))
    }

    /// What stands for an object in a list of references.
    // GUESS: the address has the form in which references are sent; wrong if a tenant writes them with its id and type.
    pub(crate) fn reference(&self, row: &Value) -> Value {
        json!({"@odata.id": format!("{}/directoryObjects/{}", self.root(), row["id"].as_str().unwrap_or_default())})
    }

    /// `Prefer: odata.maxpagesize=n`, which Outlook honours.
    fn preferred_page_size(&self, paging: Paging) -> Option<usize> {
        matches!(paging, Paging::Skip { .. })
            .then(|| self.preference("odata.maxpagesize"))
            .flatten()
            .and_then(|size| size.parse().ok())
            .filter(|size| *size > 0)
    }

    /// The value of one preference of the `Prefer` headers, without its quotes.
    pub(crate) fn preference(&self, name: &str) -> Option<String> {
        self.incoming
            .request
            .headers()
            .iter()
            .filter(|(header, _)| header.eq_ignore_ascii_case("Prefer"))
            .flat_map(|(_, value)| value.split([',', ';']))
            .filter_map(|preference| preference.split_once('='))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().trim_matches('"').to_owned())
    }

    /// The same URL with the place to go on from. Its escapes are in lower case, so that a client which
    /// takes the link apart and puts it together again shows.
    fn next_link(&self, to: usize, paging: Paging) -> String {
        let mut link = format!("{}{}?", self.incoming.request.origin(), self.incoming.request.url().path());
        for (name, value) in &self.query.pairs {
            if !name.eq_ignore_ascii_case("$skip") && !name.eq_ignore_ascii_case("$skiptoken") {
                link.extend([&escaped(name), "=", &escaped(value), "&"]);
            }
        }
        link + &match paging {
            Paging::Skip { .. } => format!("%24skip={to}"),
            Paging::Token { .. } => {
                format!("%24skiptoken={}", URL_SAFE_NO_PAD.encode(format!("skip-{to}-{}", self.generation)))
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02x}"),
        })
        .collect()
}
