//! Reads with the application's own token.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use graph_client::graph::{CalendarRefusal, DateTimeTimeZone, Event, FreeBusyStatus, NewEvent, Sensitivity, Timestamp};
use graph_client::{Client, ErrorKind, Service, SmtpAddress, TokenProvider};

use super::options::Clients;
use super::proof::{Evidence, TokenEvidence, WriteEvidence};
use crate::finding::{Advice, Finding, FindingKind, Severity};
use crate::groups::ExchangeGroups;
use crate::membership::MailboxRef;
use crate::spec::RestrictedCalendarGroup;
use crate::text::{count, some_of};

/// How many mailboxes are read before progress is told. Graph takes 20 to a batch, and four batches are in flight.
pub(super) const AT_ONCE: usize = 80;

/// A client of the application, with one token for all its reads.
pub(super) struct Reader {
    client: Client,
    pub(super) token: Option<TokenEvidence>,
}

/// It is new each time, and so is its token: an old one would carry the permissions of before. The error is why nothing
/// can be read with it.
pub(super) async fn reader(clients: &Clients, spec: &RestrictedCalendarGroup) -> Result<Reader, String> {
    let credential: &Arc<dyn TokenProvider> =
        clients.application.as_ref().ok_or("the application's credential was not given")?;
    let client = clients.client.with_shared_credential(Arc::clone(credential));
    let claims = match client.token_claims(Service::Graph).await {
        Ok(claims) => claims,
        // Whose token it is cannot be told, so it cannot show anything about the application.
        Err(error) => return Err(reason(&error)),
    };
    match claims.client_id {
        Some(own) if own == spec.application => {}
        Some(other) => {
            return Err(format!("the credential is that of application {other}, not of {}", spec.application));
        }
        None => return Err("the token does not say which application it was issued to".into()),
    }
    if !claims.scopes.is_empty() {
        return Err("the token is a user's: it reaches what that user may read".into());
    }
    let token = TokenEvidence {
        issued_at: claims.issued_at.map(Into::into),
        expires_at: claims.expires_at.map(Into::into),
        continuous_access_evaluation: claims.client_capabilities.iter().any(|it| it.eq_ignore_ascii_case("cp1")),
        roles: claims.roles,
    };
    Ok(Reader { client, token: Some(token) })
}

/// What a read of one mailbox with the application's own token shows. `None` without its credential.
pub(crate) async fn read_one(
    groups: &ExchangeGroups,
    spec: &RestrictedCalendarGroup,
    mailbox: &MailboxRef,
) -> Option<Evidence> {
    let application = Some(groups.application.clone()?);
    let clients = Clients { client: groups.client.clone(), application };
    Some(match reader(&clients, spec).await {
        Ok(reader) => reader.read(&[mailbox.graph_id()]).await.into_iter().next()?,
        Err(why) => Evidence::Unknown(why),
    })
}

impl Reader {
    /// Reads one event of the next day of each mailbox, by object id or address.
    async fn view(&self, users: &[String]) -> Vec<graph_client::Result<()>> {
        let now = SystemTime::now();
        let tomorrow = now + Duration::from_secs(24 * 60 * 60);
        let view = |user: &String| self.client.calendar(user.as_str()).view(now, tomorrow).page_size(1).select(&["id"]);
        let views: Vec<_> = users.iter().map(view).collect();
        self.client.batch().run(views).await.into_iter().map(|response| response.map(drop)).collect()
    }

    /// What a read of each mailbox shows.
    pub(super) async fn read(&self, users: &[String]) -> Vec<Evidence> {
        let shown = |response| match response {
            Ok(()) => Evidence::Allowed,
            Err(error) => refused(&error),
        };
        self.view(users).await.into_iter().map(shown).collect()
    }

    /// Whether Graph finds each mailbox by this name. What is not known counts as found.
    pub(super) async fn finds(&self, users: &[String]) -> Vec<bool> {
        let is_lost = |error: &graph_client::Error| CalendarRefusal::of(error) == Some(CalendarRefusal::InvalidUser);
        self.view(users).await.into_iter().map(|response| !response.is_err_and(|error| is_lost(&error))).collect()
    }
}

/// Only the documented refusal of an access path is a denial. A proxy's page, an overload, a mailbox that is not there:
/// none of them says that the application was kept out.
fn refused(error: &graph_client::Error) -> Evidence {
    match CalendarRefusal::of(error) {
        Some(refusal) if refusal.is_denial() => Evidence::Denied,
        Some(CalendarRefusal::ODataDisabled) => Evidence::Unknown(
            "the organisation or the mailbox refuses the client by its user agent (EwsApplicationAccessPolicy), which \
             says nothing about the restriction"
                .into(),
        ),
        Some(CalendarRefusal::InvalidUser) => {
            Evidence::Unknown(format!("Graph finds no such mailbox here, which is no denial: {}", reason(error)))
        }
        Some(CalendarRefusal::MailboxNotEnabled) => Evidence::Unknown(format!(
            "the mailbox has no licence, is deleted or is on-premises, which is no denial: {}",
            reason(error)
        )),
        _ => Evidence::Unknown(reason(error)),
    }
}

pub(super) fn address_finding(mailboxes: &[SmtpAddress]) -> Option<Finding> {
    if mailboxes.is_empty() {
        return None;
    }
    let are = if mailboxes.len() == 1 { "is" } else { "are" };
    let message = format!(
        "{} {are} found by object id and not by address, because the sign-in name differs: {}",
        count(mailboxes.len(), "mailbox"),
        some_of(mailboxes, 3)
    );
    let set = |mailbox: &SmtpAddress| {
        let address = mailbox.as_str().replace('\'', "''");
        format!("Set-Mailbox -Identity '{address}' -MicrosoftOnlineServicesID '{address}'")
    };
    let advice = Advice::exchange("Set the sign-in name to the address, or have the product use object ids.")
        .with_command(mailboxes.iter().map(set).collect::<Vec<_>>().join("; "))
        .with_danger("Whoever signs in by the old name signs in by the new one from then on.");
    Some(Finding::new(Severity::Warning, FindingKind::AddressNotASignInName, message, advice))
}

/// Creates an event in a mailbox and deletes it for good.
pub(super) async fn write(reader: &Reader, mailbox: &MailboxRef) -> WriteEvidence {
    // Far ahead, where nobody looks, and short.
    const AHEAD: Duration = Duration::from_secs(700 * 24 * 60 * 60);
    let start = SystemTime::now() + AHEAD;
    let end = start + Duration::from_secs(300);
    let event = NewEvent::new(WRITTEN_SUBJECT, DateTimeTimeZone::utc(start), DateTimeTimeZone::utc(end))
        .sensitivity(Sensitivity::Private)
        .show_as(FreeBusyStatus::Free)
        .is_reminder_on(false);
    let calendar = reader.client.calendar(mailbox.graph_id());
    let made: graph_client::Result<Event> = calendar.create_event(&event).await;
    let (result, made) = match made {
        Ok(event) => (Evidence::Allowed, vec![event]),
        Err(error) => match refused(&error) {
            // It may be there although nothing said so.
            Evidence::Unknown(because) => {
                let transaction = event.transaction_id.as_deref();
                if let Ok(seen) = calendar.view(start, end).into_stream().try_collect::<Vec<Event>>().await {
                    let ours: Vec<Event> =
                        seen.into_iter().filter(|it| it.transaction_id.as_deref() == transaction).collect();
                    (if ours.is_empty() { Evidence::Unknown(because) } else { Evidence::Allowed }, ours)
                } else {
                    let at = Timestamp::from(start);
                    let look =
                        format!("Whether the event was made is not known: look for \"{WRITTEN_SUBJECT}\" at {at}");
                    (Evidence::Unknown(format!("{because}. {look}")), Vec::new())
                }
            }
            known => (known, Vec::new()),
        },
    };
    let mut left_behind = None;
    for event in made {
        let is_gone = calendar.permanently_delete_event(&event.id).await.is_ok()
            || calendar.delete_event(&event.id).await.is_ok();
        if !is_gone {
            left_behind = Some(event.id);
        }
    }
    WriteEvidence::Event { mailbox: mailbox.address.clone(), result, left_behind }
}

/// The subject of the event by which writing is verified.
const WRITTEN_SUBJECT: &str = "Verification of calendar access";

/// Why something is not known: the service's message and what to do, without what differs from call to call.
pub(super) fn reason(error: &graph_client::Error) -> String {
    let message = error.message().trim_end_matches('.');
    let code = error.code().map(|code| format!(" [{code}]")).unwrap_or_default();
    let advice = error.advice().map(|advice| format!(". {advice}")).unwrap_or_default();
    let advice = if error.kind() == ErrorKind::Denied { String::new() } else { advice };
    format!("{message}{code}{advice}")
}
