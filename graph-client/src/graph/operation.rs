//! What only Graph's operations take.

use serde::de::DeserializeOwned;

use super::list::read_page;
use super::request::graph_options;
use super::{List, Page, Request};
use crate::cloud::Service;
use crate::error::ErrorKind;
use crate::ids::InvalidValue;
use crate::operation::Operation;

impl<T> Operation<T> {
    /// Adds a query parameter, as [`Request::query`](crate::Request::query). An operation of Exchange takes none.
    pub fn query(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map_request(|request| request.query(name, value))
    }

    /// Asks for some properties only; the other fields stay empty. An operation of Exchange takes none.
    pub fn select(self, properties: &[&str]) -> Self {
        self.map_request(|request| request.select(properties))
    }

    graph_options!();

    fn map_request(mut self, change: impl FnOnce(Request) -> Request) -> Self {
        let is_graphs = self.outgoing.call.as_ref().is_ok_and(|call| call.service == Service::Graph);
        self.outgoing = if is_graphs {
            change(Request { outgoing: self.outgoing }).outgoing
        } else {
            self.outgoing.refused(InvalidValue::new("option", "", "must be one of Exchange's: this is one of Graph's"))
        };
        self
    }
}

impl<T: 'static> Operation<T> {
    /// The operation with `None` where the service does not find what is read.
    pub(crate) fn optional(self) -> Operation<Option<T>> {
        self.then(|outcome| match outcome {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            outcome => outcome.map(Some),
        })
    }
}

/// The first page of a list.
impl<T: DeserializeOwned + Send + 'static> From<List<T>> for Operation<Page<T>> {
    fn from(list: List<T>) -> Self {
        let (request, row) = list.into_parts();
        Self::of_request(request.outgoing, move |response| read_page(&response?, row.as_deref()))
    }
}
