//! The mailboxes of the tenant that one application reaches.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use graph_client::exchange::{ExchangeRecipient, GetRecipient};
use graph_client::{Client, ClientId, Meter, SmtpAddress};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use crate::access::{Access, AccessModel, Ids, Level, PathReach};
use crate::document::Origin;
use crate::error::{Error, Result};
use crate::groups::ExchangeGroups;
use crate::observe::{Observation, Unread, application_facts, recipient_facts};

/// The kinds of recipients that have a mailbox in Exchange Online. A discovery mailbox is one of them: an access policy
/// that restricts was seen not to bind it.
pub(super) const MAILBOXES: &[&str] = &[
    "UserMailbox",
    "SharedMailbox",
    "RoomMailbox",
    "EquipmentMailbox",
    "SchedulingMailbox",
    "TeamMailbox",
    "GroupMailbox",
    "LegacyMailbox",
    "DiscoveryMailbox",
];

/// What an application reaches, to be read as a stream or as a whole. Made by
/// [`ExchangeGroups::reach`](crate::ExchangeGroups::reach).
#[must_use = "nothing is read before it is awaited or streamed"]
pub struct ReachQuery {
    client: Client,
    application: ClientId,
    level: Level,
}

/// One mailbox, and whether the application reaches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MailboxReach {
    /// The primary address. A mailbox of the system may have none.
    pub address: Option<SmtpAddress>,
    /// Its ids.
    pub ids: Ids,
    /// What it is, as `RecipientTypeDetails` says.
    pub kind: Option<String>,
    /// Whether the application reaches it.
    pub access: Access,
    /// The access paths that are allowed, or may be; none where it is denied.
    pub paths: Vec<PathReach>,
}

/// What an application reaches in the whole tenant, by the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReachReport {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The application.
    pub application: ClientId,
    /// Its name, where Entra has one.
    pub application_name: Option<String>,
    /// At which level it was asked.
    pub level: Level,
    /// How many mailboxes the tenant has.
    pub mailboxes: usize,
    /// How many of them are denied.
    pub denied: usize,
    /// The mailboxes that are reached.
    pub allowed: Vec<MailboxReach>,
    /// The mailboxes of which it cannot be told.
    pub unknown: Vec<MailboxReach>,
    /// The parts of the configuration that could not be read. What needs them is unknown.
    pub unread: Vec<Unread>,
    /// The number of HTTP requests, sign-ins excepted.
    pub requests: u64,
}

impl ReachQuery {
    pub(super) fn new(client: Client, application: ClientId) -> Self {
        Self { client, application, level: Level::Events }
    }

    /// Sets at which level it is asked. Default: reading events.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Every mailbox of the tenant in the order of the service, denied ones included. No more than a page of them is in
    /// memory; the stream ends with the first error.
    ///
    /// # Errors
    ///
    /// The first item is an error when the organisation cannot be read; any item is one when a page cannot be.
    pub fn into_stream(self) -> impl Stream<Item = Result<MailboxReach>> + Send {
        let start = async move {
            let (client, meter) = self.client.metered();
            let seen = application_facts(&client, self.application).await?;
            Ok::<_, Error>(mailboxes(&client, Arc::new(Judged::new(seen, self.level, meter))))
        };
        stream::once(start).try_flatten()
    }
}

/// What a mailbox is judged by.
struct Judged {
    seen: Observation,
    level: Level,
    meter: Meter,
}

impl Judged {
    fn new(seen: Observation, level: Level, meter: Meter) -> Self {
        Self { seen, level, meter }
    }
}

/// The mailboxes, page by page, each judged by the same facts.
fn mailboxes(client: &Client, judged: Arc<Judged>) -> impl Stream<Item = Result<MailboxReach>> + Send + use<> {
    let pages = client.exchange().list(GetRecipient::all().of_type(MAILBOXES)).into_pages();
    pages
        .map(move |page| {
            let page = page.map_err(Error::during("list the mailboxes"))?;
            // One model for a page: it looks its groups up once.
            let model = AccessModel::new(&judged.seen.facts);
            let rows: Vec<_> = page.rows.iter().map(|row| Ok(judge(&model, row, judged.level))).collect();
            Ok::<_, Error>(stream::iter(rows))
        })
        .try_flatten()
}

pub(super) fn judge(model: &AccessModel<'_>, recipient: &ExchangeRecipient, level: Level) -> MailboxReach {
    let facts = recipient_facts(recipient);
    let reach = model.reach(&facts, level);
    let paths = reach.paths.into_iter().filter(|path| path.verdict != Access::Denied);
    MailboxReach {
        address: recipient.primary_smtp_address.clone(),
        ids: facts.ids,
        kind: recipient.recipient_type_details.clone(),
        access: reach.verdict,
        paths: if reach.verdict == Access::Denied { Vec::new() } else { paths.collect() },
    }
}

impl IntoFuture for ReachQuery {
    type Output = Result<ReachReport>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let span = tracing::info_span!(
            "exchange_groups.reach",
            application = %self.application,
            run_id = %uuid::Uuid::new_v4(),
        );
        Box::pin(report(self).instrument(span))
    }
}

async fn report(query: ReachQuery) -> Result<ReachReport> {
    let (client, meter) = query.client.metered();
    let seen = application_facts(&client, query.application).await?;
    let mut report = ReachReport {
        origin: Origin::now(&seen.origin.tenant),
        application: query.application,
        application_name: seen.application.as_ref().and_then(|application| application.display_name.clone()),
        level: query.level,
        mailboxes: 0,
        denied: 0,
        allowed: Vec::new(),
        unknown: Vec::new(),
        unread: seen.unread.clone(),
        requests: 0,
    };
    let judged = Arc::new(Judged::new(seen, query.level, meter));
    let mut found = Box::pin(mailboxes(&client, Arc::clone(&judged)));
    while let Some(mailbox) = found.try_next().await? {
        report.mailboxes += 1;
        match mailbox.access {
            Access::Allowed => report.allowed.push(mailbox),
            Access::Unknown => report.unknown.push(mailbox),
            Access::Denied => report.denied += 1,
        }
    }
    report.requests = judged.meter.usage().requests;
    Ok(report)
}

impl fmt::Debug for ReachQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReachQuery")
            .field("application", &self.application)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

impl ExchangeGroups {
    /// What an application reaches in the whole tenant, and by which access paths, from the configuration alone. Await it
    /// for a [`ReachReport`], or read it as a stream of every mailbox. Nothing is changed.
    ///
    /// Requests grow with pages, not with mailboxes. The wire permits no fewer than one for each 1,000 mailboxes and one
    /// for each 1,000 members of a group that a role or policy names: 120 for 110,000 mailboxes of which 10,000 are in the
    /// group. About ten more read what the application holds.
    ///
    /// # Examples
    ///
    /// ```
    /// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # rt.block_on(async {
    /// use exchange_groups::ExchangeGroups;
    /// use exchange_groups::access::Access;
    /// use exchange_groups::graph_client::{Client, ClientSecret, Cloud};
    /// use futures_util::TryStreamExt;
    ///
    /// # let tenant = fake_tenant::FakeTenant::contoso();
    /// # let server = tenant.serve().await?;
    /// # let (admin, app) = (tenant.administrator(), tenant.booking_application());
    /// # let client = Client::builder()
    /// #     .tenant(tenant.domain())
    /// #     .credential(ClientSecret::new(admin.client_id.parse()?, admin.secret()))
    /// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
    /// #     .build()?;
    /// let groups = ExchangeGroups::new(client);
    /// let mut mailboxes = Box::pin(groups.reach(app.client_id.parse()?).into_stream());
    /// let mut reached = 0;
    /// while let Some(mailbox) = mailboxes.try_next().await? {
    ///     reached += usize::from(mailbox.access == Access::Allowed);
    /// }
    /// assert!(reached > 40, "a tenant-wide permission reaches everybody");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Global Reader or more. Graph: `Application.Read.All`. What may not be read is
    /// left unread, and what needs it is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the organisation or the mailboxes cannot be read to their end.
    pub fn reach(&self, application: ClientId) -> ReachQuery {
        ReachQuery::new(self.client.clone(), application)
    }
}
