use std::borrow::Cow;

use super::filter::path;
use super::support::QueryOption;
use super::{Filter, Support};
use crate::graph::Request;
use crate::ids::InvalidValue;

/// The system query options of one list.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Query {
    select: Vec<String>,
    filter: Option<Filter>,
    search: Option<Search>,
    order_by: Vec<(String, bool)>,
    expand: Vec<Expand>,
    top: Option<u32>,
    count: bool,
}

/// What a query came to: parameters, and whether it needs `ConsistencyLevel: eventual`.
type Parameters = (Vec<(&'static str, String)>, bool);

impl Query {
    pub(super) fn select(&mut self, properties: &[&str]) {
        self.select.extend(properties.iter().map(|&property| property.to_owned()));
    }

    /// A second filter narrows the first.
    pub(super) fn filter(&mut self, filter: Filter) {
        self.filter = Some(match self.filter.take() {
            Some(first) => first.and(filter),
            None => filter,
        });
    }

    pub(super) fn search(&mut self, search: Search) {
        self.search = Some(search);
    }

    pub(super) fn order_by(&mut self, property: &str, descending: bool) {
        self.order_by.push((property.to_owned(), descending));
    }

    pub(super) fn expand(&mut self, expand: Expand) {
        self.expand.push(expand);
    }

    pub(super) fn top(&mut self, size: u32) {
        self.top = Some(size);
    }

    pub(super) fn count(&mut self) {
        self.count = true;
    }

    /// Adds the query to a request, with the header that it needs.
    pub(super) fn apply(&self, request: Request, support: Support) -> Request {
        match self.parameters(support) {
            Err(invalid) => request.refused(invalid),
            Ok((parameters, is_advanced)) => {
                let request = parameters.iter().fold(request, |request, (name, value)| request.query(name, value));
                if is_advanced { request.eventual_consistency() } else { request }
            }
        }
    }

    pub(super) fn is_advanced(&self, support: Support) -> bool {
        let ordered_by_default = |property: &String| matches!(&**property, "displayName" | "userPrincipalName");
        support.is_directory()
            && (support.is_always_advanced()
                || self.count
                || self.search.is_some()
                || (support.is_cast() && (self.top.is_some() || !self.select.is_empty()))
                || self.filter.as_ref().is_some_and(|filter| support.is_relation() || filter.is_advanced())
                || (!self.order_by.is_empty()
                    && (support.is_relation()
                        || self.filter.is_some()
                        || self.order_by.len() > 1
                        || !self.order_by.iter().all(|(property, _)| ordered_by_default(property)))))
    }

    fn parameters(&self, support: Support) -> Result<Parameters, InvalidValue> {
        let is_advanced = self.is_advanced(support);
        let mut parameters = Vec::new();
        let mut add = |option: QueryOption, value: String| {
            support.check(option)?;
            parameters.push((option.name(), value));
            Ok::<(), InvalidValue>(())
        };
        if !self.select.is_empty() {
            add(QueryOption::Select, names(&self.select)?)?;
        }
        if let Some(filter) = &self.filter {
            add(QueryOption::Filter, filter.to_odata()?)?;
        }
        if let Some(search) = &self.search {
            add(QueryOption::Search, search.render()?)?;
            if support.is_outlook() {
                self.check_mail_search(search)?;
            }
        }
        if !self.order_by.is_empty() {
            let direction = |descending: bool| if descending { " desc" } else { "" };
            let order = self.order_by.iter().map(|(property, descending)| {
                path(property).map(|property| format!("{property}{}", direction(*descending)))
            });
            add(QueryOption::OrderBy, order.collect::<Result<Vec<_>, _>>()?.join(","))?;
        }
        if !self.expand.is_empty() {
            if is_advanced {
                let rule = "must not be combined with a count, a search, an order or a condition that the directory \
                            answers with its advanced engine, which does not expand";
                return Err(InvalidValue::new("query", "$expand", rule));
            }
            let expand = self.expand.iter().map(Expand::render).collect::<Result<Vec<_>, _>>()?;
            add(QueryOption::Expand, expand.join(","))?;
        }
        if let Some(size) = self.top {
            let largest = support.largest_page.unwrap_or(u32::MAX);
            if size == 0 || size > largest {
                let rule = match support.largest_page {
                    Some(largest) => Cow::from(format!("must be from 1 to {largest}")),
                    None => Cow::from("must be 1 or more"),
                };
                return Err(InvalidValue::new("page size", size.to_string(), rule));
            }
            add(QueryOption::Top, size.to_string())?;
        }
        // The advanced engine wants `$count=true` as well, except for a search alone.
        let only_searched = Self { search: None, ..self.clone() };
        if self.count || (is_advanced && (self.search.is_none() || only_searched.is_advanced(support))) {
            add(QueryOption::Count, "true".to_owned())?;
        }
        Ok((parameters, is_advanced))
    }

    fn check_mail_search(&self, search: &Search) -> Result<(), InvalidValue> {
        let invalid = |rule: &'static str| Err(InvalidValue::new("query", "$search", rule));
        if self.filter.is_some() || !self.order_by.is_empty() {
            return invalid("must not be combined with a filter or an order: mail supports one or the other");
        }
        if matches!(search, Search::Both(..) | Search::Either(..)) {
            return invalid("must be one term: mail takes a single quoted expression");
        }
        Ok(())
    }
}

fn names(properties: &[String]) -> Result<String, InvalidValue> {
    let all = properties.iter().map(|property| if property == "*" { Ok("*") } else { path(property) });
    Ok(all.collect::<Result<Vec<_>, _>>()?.join(","))
}

/// Words to look for, for [`List::search`](crate::List::search). Quotes are put here, never by the caller.
///
/// The directory searches tokens of `displayName`, `mail`, `description` and a few other properties; mail has its
/// own set.
///
/// # Examples
///
/// ```
/// use graph_client::Search;
///
/// let search = Search::property("displayName", "room").and(Search::property("mail", "berlin"));
/// assert_eq!(search.to_odata()?, r#""displayName:room" AND "mail:berlin""#);
/// # Ok::<(), graph_client::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a search does nothing until it is given to a list"]
#[non_exhaustive]
pub enum Search {
    /// Words in any property that is searched by default. Mail only: the directory wants a property.
    Text(String),
    /// Words in one property.
    Property(String, String),
    /// Both have to be found.
    Both(Box<Self>, Box<Self>),
    /// One of them has to be found.
    Either(Box<Self>, Box<Self>),
}

impl Search {
    /// Words in any property that is searched by default.
    pub fn text(words: impl Into<String>) -> Self {
        Self::Text(words.into())
    }

    /// Words in one property.
    pub fn property(property: impl Into<String>, words: impl Into<String>) -> Self {
        Self::Property(property.into(), words.into())
    }

    /// Both have to be found.
    pub fn and(self, other: Self) -> Self {
        Self::Both(Box::new(self), Box::new(other))
    }

    /// One of them has to be found.
    pub fn or(self, other: Self) -> Self {
        Self::Either(Box::new(self), Box::new(other))
    }

    /// The text of `$search`, not percent-encoded.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] names a property that is no name, or words that are none.
    pub fn to_odata(&self) -> Result<String, InvalidValue> {
        self.render()
    }

    fn render(&self) -> Result<String, InvalidValue> {
        let nested = |search: &Self| {
            let text = search.render()?;
            let is_compound = matches!(search, Self::Both(..) | Self::Either(..));
            Ok::<_, InvalidValue>(if is_compound { format!("({text})") } else { text })
        };
        Ok(match self {
            Self::Text(words) => quoted(words, words)?,
            Self::Property(property, words) => quoted(words, &format!("{}:{words}", path(property)?))?,
            Self::Both(one, other) => format!("{} AND {}", nested(one)?, nested(other)?),
            Self::Either(one, other) => format!("{} OR {}", nested(one)?, nested(other)?),
        })
    }
}

/// A clause in quotes; quotes and backslashes inside are escaped by a backslash.
fn quoted(words: &str, clause: &str) -> Result<String, InvalidValue> {
    if words.trim().is_empty() {
        return Err(InvalidValue::new("search", words, "must hold a word"));
    }
    let mut out = String::with_capacity(clause.len() + 2);
    out.push('"');
    for character in clause.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    Ok(out)
}

/// A related object or collection that comes along, for [`List::expand`](crate::List::expand).
///
/// Made from its name, or by [`new`](Self::new) with a query of its own. The directory returns at most twenty related
/// objects and says nothing of the others: list the relation itself when all of them count.
///
/// # Examples
///
/// ```
/// use graph_client::{Expand, Filter};
///
/// let id = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Zone";
/// let expand = Expand::new("singleValueExtendedProperties").filter(Filter::eq("id", id)).select(&["id", "value"]);
/// # let _ = expand;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an expansion does nothing until it is given to a list"]
pub struct Expand {
    property: String,
    select: Vec<String>,
    filter: Option<Filter>,
    top: Option<u32>,
}

impl Expand {
    /// The whole related object, or as much of the collection as Graph gives.
    pub fn new(property: impl Into<String>) -> Self {
        Self { property: property.into(), select: Vec::new(), filter: None, top: None }
    }

    /// Only some of its properties.
    pub fn select(mut self, properties: &[&str]) -> Self {
        self.select.extend(properties.iter().map(|&property| property.to_owned()));
        self
    }

    /// Only the items that satisfy a condition. The directory does not support it.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// At most this many items. The directory does not support it.
    pub fn top(mut self, items: u32) -> Self {
        self.top = Some(items);
        self
    }

    fn render(&self) -> Result<String, InvalidValue> {
        let mut options = Vec::new();
        if !self.select.is_empty() {
            options.push(format!("$select={}", names(&self.select)?));
        }
        if let Some(filter) = &self.filter {
            options.push(format!("$filter={}", filter.to_odata()?));
        }
        if let Some(top) = self.top {
            options.push(format!("$top={top}"));
        }
        let property = path(&self.property)?;
        Ok(if options.is_empty() { property.to_owned() } else { format!("{property}({})", options.join(";")) })
    }
}

impl From<&str> for Expand {
    fn from(property: &str) -> Self {
        Self::new(property)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parameters(support: Support, build: impl FnOnce(&mut Query)) -> Result<String, InvalidValue> {
        let mut query = Query::default();
        build(&mut query);
        let (parameters, is_advanced) = query.parameters(support)?;
        let text = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        Ok(if is_advanced { format!("{text} eventual") } else { text })
    }

    #[test]
    fn the_directory_gets_what_its_advanced_engine_needs_and_only_then() {
        let eq = || Filter::eq("a", 1);
        let directory = |build: fn(&mut Query)| parameters(Support::DIRECTORY, build).unwrap();
        assert_eq!(directory(|query| query.filter(Filter::eq("a", 1))), "$filter=a eq 1");
        assert_eq!(directory(|query| query.order_by("displayName", true)), "$orderby=displayName desc");
        assert_eq!(directory(Query::count), "$count=true eventual");
        assert_eq!(directory(|query| query.search(Search::property("a", "b"))), "$search=\"a:b\" eventual");
        assert_eq!(
            directory(|query| {
                query.search(Search::property("a", "b"));
                query.count();
            }),
            "$search=\"a:b\"&$count=true eventual"
        );
        assert_eq!(directory(|query| query.filter(Filter::ne("a", 1))), "$filter=a ne 1&$count=true eventual");
        assert_eq!(
            directory(|query| {
                query.filter(Filter::eq("a", 1));
                query.order_by("displayName", false);
            }),
            "$filter=a eq 1&$orderby=displayName&$count=true eventual"
        );
        assert_eq!(
            directory(|query| query.order_by("createdDateTime", false)),
            "$orderby=createdDateTime&$count=true eventual"
        );
        assert_eq!(
            parameters(Support::DIRECTORY_RELATION, |query| query.filter(eq())).unwrap(),
            "$filter=a eq 1&$count=true eventual"
        );
        assert_eq!(parameters(Support::DIRECTORY_RELATION, |query| query.select(&["id"])).unwrap(), "$select=id");
        assert_eq!(parameters(Support::TRANSITIVE_ROLES, |_| ()).unwrap(), "$count=true eventual");
        assert_eq!(parameters(Support::PLACES, Query::count).unwrap(), "$count=true");
        assert_eq!(parameters(Support::OUTLOOK, |query| query.filter(Filter::ne("a", 1))).unwrap(), "$filter=a ne 1");
    }

    #[test]
    fn a_query_that_would_be_ignored_is_refused() {
        fn refused(support: Support, build: impl FnOnce(&mut Query)) -> String {
            parameters(support, build).unwrap_err().value
        }
        assert_eq!(refused(Support::PLACES, |query| query.search(Search::text("x"))), "$search");
        assert_eq!(refused(Support::PLACES, |query| query.order_by("x", false)), "$orderby");
        assert_eq!(refused(Support::OTHER_PLACES, |query| query.filter(Filter::eq("a", 1))), "$filter");
        assert_eq!(refused(Support::OUTLOOK, |query| query.search(Search::text("x"))), "$search");
        assert_eq!(refused(Support::PLAIN, Query::count), "$count");
        assert_eq!(refused(Support::DESCENDANTS, |query| query.top(1)), "$top");
        assert_eq!(refused(Support::DIRECTORY, |query| query.top(1000)), "1000");
        assert_eq!(refused(Support::OUTLOOK, |query| query.top(0)), "0");
        for build in [Query::count as fn(&mut Query), |query| query.filter(Filter::ne("a", 1))] {
            let expanded = |query: &mut Query| {
                build(query);
                query.expand("members".into());
            };
            assert_eq!(refused(Support::DIRECTORY, expanded), "$expand");
        }
        assert_eq!(
            refused(Support::MAIL, |query| {
                query.search(Search::text("x"));
                query.filter(Filter::eq("a", 1));
            }),
            "$search"
        );
        assert_eq!(refused(Support::UNKNOWN, |query| query.select(&["id&$top=1"])), "id&$top=1");
    }

    #[test]
    fn expansions_have_queries_of_their_own() {
        let expand = Expand::new("a").filter(Filter::eq("id", "x;y'")).select(&["id"]).top(2);
        assert_eq!(expand.render().unwrap(), "a($select=id;$filter=id eq 'x;y''';$top=2)");
        assert!(Expand::new("a,b").render().is_err());
    }

    proptest! {
        #[test]
        fn a_search_stays_inside_its_quotes(words in "[a\"\\\\ :]{0,8}[a-z]") {
            let text = Search::property("p", &*words).to_odata().unwrap();
            let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap();
            let (mut read, mut characters) = (String::new(), inner.chars());
            while let Some(character) = characters.next() {
                prop_assert_ne!(character, '"');
                read.push(if character == '\\' { characters.next().unwrap() } else { character });
            }
            prop_assert_eq!(read, format!("p:{words}"));
        }
    }
}
