//! The applications that reach one mailbox.

use graph_client::exchange::AtAddress;
use graph_client::{ClientId, SmtpAddress, Uuid};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use super::tenant::Tenant;
use crate::access::{Access, AccessModel, Facts, Found, Level, MailboxFacts, MailboxPresence, PathReach};
use crate::document::Origin;
use crate::error::{Error, Result};
use crate::groups::ExchangeGroups;
use crate::observe::{Unread, recipient_facts};

/// Which applications reach a mailbox, by the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MailboxAccess {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The mailbox.
    pub mailbox: SmtpAddress,
    /// What is at the address.
    pub presence: MailboxPresence,
    /// The applications that reach it, or may; the certain ones first.
    pub applications: Vec<ApplicationReach>,
    /// How many applications hold something and do not reach it.
    pub denied: usize,
    /// Holders of permissions or roles whose application is not known: they may reach it.
    pub unidentified: Vec<String>,
    /// The parts of the configuration that could not be read. What needs them is unknown.
    pub unread: Vec<Unread>,
    /// The number of HTTP requests, sign-ins excepted.
    pub requests: u64,
}

/// An application that reaches a mailbox, or may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationReach {
    /// The application.
    pub application: ClientId,
    /// Its name. Several applications may have the same.
    pub name: Option<String>,
    /// Whether it reaches the mailbox.
    pub access: Access,
    /// The access paths that are allowed, or may be.
    pub paths: Vec<PathReach>,
}

impl ExchangeGroups {
    /// Which applications reach a mailbox, and by which access paths, from the configuration alone. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// As [`audit`](Self::audit).
    ///
    /// # Errors
    ///
    /// As [`audit`](Self::audit), and when the address cannot be looked up.
    pub async fn reached_by(&self, mailbox: &SmtpAddress) -> Result<MailboxAccess> {
        let span = tracing::info_span!("exchange_groups.reached_by", run_id = %uuid::Uuid::new_v4());
        async {
            let (client, meter) = self.client.metered();
            let at = client.exchange().recipient_at(mailbox).await;
            let facts = match at.map_err(Error::during("look up the mailbox"))? {
                AtAddress::One(recipient) => recipient_facts(&recipient),
                AtAddress::Several(_) => MailboxFacts {
                    found: Found::Ambiguous(format!("several recipients have the address {mailbox}")),
                    ..MailboxFacts::default()
                },
                AtAddress::Nothing | AtAddress::OnlyByName(_) => {
                    MailboxFacts { found: Found::Nobody, ..MailboxFacts::default() }
                }
            };
            let tenant = Tenant::read(&client).await?;
            let nobody = Facts::new(ClientId::from_uuid(Uuid::nil()), jiff::civil::Date::ZERO);
            let presence = AccessModel::new(&nobody).reach(&facts, Level::Events).subject;
            let mut access = MailboxAccess {
                origin: Origin::now(&tenant.name),
                mailbox: mailbox.clone(),
                presence,
                applications: Vec::new(),
                denied: 0,
                unidentified: tenant.unidentified,
                unread: tenant.unread,
                requests: 0,
            };
            for application in tenant.applications {
                let reach = AccessModel::new(&application.facts).reach(&facts, Level::Events);
                if reach.verdict == Access::Denied {
                    access.denied += 1;
                    continue;
                }
                let paths: Vec<_> = reach.not_denied().cloned().collect();
                let (application, name) = (application.client_id, application.name);
                access.applications.push(ApplicationReach { application, name, access: reach.verdict, paths });
            }
            access.applications.sort_by_key(|it| (it.access != Access::Allowed, it.name.clone(), it.application));
            access.requests = meter.usage().requests;
            Ok(access)
        }
        .instrument(span)
        .await
    }
}
