//! Reads what a spec asks about. What can be left unread is, and says why.

mod application;
mod lookup;
mod moved;
mod namesakes;
mod recipients;
mod scopes;

use std::collections::BTreeSet;
use std::time::Instant;

use futures_util::StreamExt;
use graph_client::exchange::{Exchange, GetOrganizationConfig};
use graph_client::{Client, ClientId, ErrorKind, List, Service};
use serde::de::DeserializeOwned;

pub(crate) use self::lookup::{access_policies, found};
use self::moved::Names;
pub(crate) use self::recipients::{mailboxes, places, room_lists};
use super::observation::{Observation, Unread, UnreadPart};
use super::translate;
use crate::access::Fact;
use crate::document::Origin;
use crate::error::{Error, Result};
use crate::groups::ExchangeGroups;
use crate::spec::RestrictedCalendarGroup;
use crate::text::without_advice;

impl Observation {
    pub(crate) async fn of(client: &Client, spec: &RestrictedCalendarGroup) -> Result<Self> {
        observe(client, spec).await
    }
}

async fn observe(client: &Client, spec: &RestrictedCalendarGroup) -> Result<Observation> {
    let (client, meter) = client.metered();
    let started = Instant::now();
    let exchange = client.exchange();
    // The first read tells whether token, role and tenant work at all.
    let organization = exchange.run(GetOrganizationConfig::new()).await;
    let claims = client.token_claims(Service::Exchange).await.ok();
    let administrator = claims.as_ref().and_then(|claims| claims.client_id);
    let organization =
        organization.map_err(Error::during("read the organisation")).map_err(|error| error.called_by(administrator))?;
    let mut seen = Observation::empty(&organization.name, spec.application);
    seen.origin = Origin::now(&organization.name);
    seen.organization = organization;
    seen.administrator = administrator;
    // An application that administers by its own right is another one by which access can be widened. A person's
    // token says nothing about the application that it was issued to.
    seen.facts.other_applications = match claims.filter(|claims| claims.scopes.is_empty()) {
        Some(claims) => translate::administrator(claims.client_id, spec.application),
        None => Fact::default(),
    };
    let mut reader = Reader::new(client, seen, Some(spec));
    reader.cmdlets().await;
    reader.recipients(spec).await.map_err(|error| error.called_by(administrator))?;
    // What has many steps is on the heap: a caller's future should not grow by it.
    let alike = Box::pin(reader.entra()).await;
    reader.exchange_application().await;
    reader.organization().await;
    Box::pin(reader.scopes()).await;
    reader.calendars(spec).await;
    Box::pin(reader.namesakes(alike)).await;
    let mut seen = reader.seen;
    seen.requests = meter.usage().requests;
    seen.elapsed = started.elapsed();
    Ok(seen)
}

/// The facts that decide what an application reaches, read without a spec. What would only decide whether it can widen
/// its own reach inside Exchange (its role groups) is left out.
pub(crate) async fn application_facts(client: &Client, application: ClientId) -> Result<Observation> {
    let exchange = client.exchange();
    let organization = exchange.run(GetOrganizationConfig::new()).await;
    let organization = organization.map_err(Error::during("read the organisation"))?;
    let mut seen = Observation::empty(&organization.name, application);
    seen.origin = Origin::now(&organization.name);
    seen.organization = organization;
    let mut reader = Reader::new(client.clone(), seen, None);
    Box::pin(reader.entra()).await;
    reader.exchange_application().await;
    reader.organization().await;
    Box::pin(reader.scopes()).await;
    reader.listed_scopes().await;
    Ok(reader.seen)
}

pub(crate) struct Reader<'a> {
    pub(crate) client: Client,
    pub(crate) exchange: Exchange,
    application: ClientId,
    spec: Option<&'a RestrictedCalendarGroup>,
    pub(crate) seen: Observation,
    pub(crate) names: Names,
    /// The applications, by their client ids, that an access policy restricts for certain.
    restricted: Fact<BTreeSet<String>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(client: Client, seen: Observation, spec: Option<&'a RestrictedCalendarGroup>) -> Self {
        let (exchange, application) = (client.exchange(), seen.facts.client_id);
        Self { client, exchange, application, spec, seen, names: Names::default(), restricted: Fact::default() }
    }

    /// What was read, or why it was not.
    pub(crate) fn fact<T>(&mut self, what: UnreadPart, result: graph_client::Result<T>) -> Fact<T> {
        match result {
            Ok(value) => Fact::Read(value),
            Err(error) => {
                self.leave_unread(what, &error);
                Fact::Unread(without_advice(&error))
            }
        }
    }

    pub(crate) fn leave_unread(&mut self, what: UnreadPart, error: &graph_client::Error) {
        let is_denied = error.kind() == ErrorKind::Denied;
        self.seen.unread.push(Unread { what, error: without_advice(error), is_denied });
    }

    /// A response that cannot be what was asked for.
    fn odd<T>(&mut self, what: UnreadPart, why: &str) -> Fact<T> {
        self.seen.unread.push(Unread { what, error: why.to_owned(), is_denied: false });
        Fact::Unread(why.to_owned())
    }

    /// A list to its end, or as far as it could be read.
    pub(crate) async fn list<T: DeserializeOwned + Send + 'static>(
        &mut self,
        what: UnreadPart,
        list: List<T>,
    ) -> Fact<Vec<T>> {
        let mut items = Vec::new();
        let mut stream = Box::pin(list.into_stream());
        while let Some(item) = stream.next().await {
            match item {
                Ok(item) => items.push(item),
                Err(error) => {
                    self.leave_unread(what, &error);
                    let why = without_advice(&error);
                    return if items.is_empty() { Fact::Unread(why) } else { Fact::Partly(items, why) };
                }
            }
        }
        Fact::Read(items)
    }

    async fn cmdlets(&mut self) {
        match self.exchange.available_cmdlets().await {
            Ok(cmdlets) if !cmdlets.is_empty() => self.seen.cmdlets = Some(cmdlets),
            Ok(_) => self.seen.unread.push(Unread {
                what: UnreadPart::Cmdlets,
                error: "the list is empty".into(),
                is_denied: false,
            }),
            Err(error) => self.leave_unread(UnreadPart::Cmdlets, &error),
        }
    }
}

impl ExchangeGroups {
    /// Observes the tenant. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Global Reader or more. Graph: `Application.Read.All`; to tell whether the
    /// application can widen its own reach also `Directory.Read.All`, `RoleManagement.Read.Directory` and
    /// `RoleEligibilitySchedule.Read.Directory`. What may not be read is left unread, and what needs it is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the organisation, the rooms, the group or the addresses of
    /// the spec cannot be read to their end.
    pub async fn observe(&self, spec: &RestrictedCalendarGroup) -> Result<Observation> {
        Observation::of(&self.client, spec).await
    }
}
