use std::borrow::Cow;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::macros::{open_enum, resource};
use crate::graph::{ChangeType, Properties, SecretText, Timestamp, type_name};

/// Reads what Graph sends to the address of a subscription. It knows no web framework: give it the query and the body.
///
/// 1. A request whose query has a `validationToken` asks whether the address is the caller's: answer 200 with
///    [`validation_token`](Self::validation_token) as `text/plain` within ten seconds.
/// 2. Any other is a batch of notifications: answer 202 at once if [`read`](Self::read) takes it, then work on it.
///    Graph sends what was not answered again, so the same notification may come twice.
///
/// # Examples
///
/// ```
/// use graph_client::graph::{NotificationEvent, Notifications};
///
/// let notifications = Notifications::new("the secret of the subscription");
/// assert_eq!(Notifications::validation_token("validationToken=a%3A+b").as_deref(), Some("a: b"));
///
/// let body = br#"{"value":[{"subscriptionId":"1","clientState":"the secret of the subscription",
///     "changeType":"updated","resource":"Users/1/Events/2","resourceData":{"id":"2"}}]}"#;
/// for notification in notifications.read(body)?.accepted {
///     if let NotificationEvent::Changed { .. } = notification.event() {
///         println!("read {} again", notification.resource.unwrap_or_default());
///     }
/// }
/// # Ok::<(), graph_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Notifications {
    client_states: Vec<SecretString>,
}

/// A batch of notifications.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct NotificationBatch {
    /// Those with the right client state.
    pub accepted: Vec<ChangeNotification>,
    /// How many had another one or none: they are not from this subscription, or not from Graph at all.
    pub refused: usize,
    /// Tokens that vouch for notifications with data in them. Check their signature, audience and issuer before the
    /// data is used.
    pub validation_tokens: Vec<SecretText>,
}

impl Notifications {
    /// Accepts notifications with this client state, which the subscription was made with.
    #[must_use]
    pub fn new(client_state: impl Into<SecretString>) -> Self {
        Self { client_states: vec![client_state.into()] }
    }

    /// Accepts those with another client state, too: that of another subscription, or an older one.
    #[must_use]
    pub fn or_client_state(mut self, client_state: impl Into<SecretString>) -> Self {
        self.client_states.push(client_state.into());
        self
    }

    /// The text to answer as `text/plain`, when the query (what stands behind the `?`) asks for it. It is decoded once,
    /// as Graph wants it.
    #[must_use]
    pub fn validation_token(query: &str) -> Option<String> {
        url::form_urlencoded::parse(query.trim_start_matches('?').as_bytes())
            .find(|(name, _)| name.eq_ignore_ascii_case("validationToken"))
            .map(|(_, token): (_, Cow<'_, str>)| token.into_owned())
    }

    /// The notifications of a body. Those with a wrong client state are counted and not shown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when the body is no batch of notifications. Answer 400: it is not from Graph.
    pub fn read(&self, body: &[u8]) -> Result<NotificationBatch> {
        let collection: Collection = serde_json::from_slice(body).map_err(|error| {
            Error::new(ErrorKind::Decode, "the body is not a batch of notifications")
                .with_source(error)
                .during("read notifications")
        })?;
        let mut batch = NotificationBatch {
            validation_tokens: collection.validation_tokens.unwrap_or_default(),
            ..NotificationBatch::default()
        };
        for notification in collection.value {
            if self.is_known(notification.client_state.as_ref().map_or("", SecretText::as_str)) {
                batch.accepted.push(notification);
            } else {
                batch.refused += 1;
            }
        }
        Ok(batch)
    }

    /// Every state is compared to its end, so that the time says nothing about which one was nearly right.
    fn is_known(&self, sent: &str) -> bool {
        let mut known = false;
        for state in &self.client_states {
            known |= is_same(state.expose_secret().as_bytes(), sent.as_bytes());
        }
        known
    }
}

/// Compares in a time that depends on the length of what was sent alone.
fn is_same(secret: &[u8], sent: &[u8]) -> bool {
    let mut difference = u8::from(secret.len() != sent.len()) | u8::from(secret.is_empty());
    for (index, byte) in sent.iter().enumerate() {
        let own = secret.get(index % secret.len().max(1)).copied().unwrap_or_default();
        difference |= std::hint::black_box(own ^ byte);
    }
    std::hint::black_box(difference) == 0
}

impl fmt::Debug for Notifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifications").field("client_states", &self.client_states.len()).finish()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Collection {
    value: Vec<ChangeNotification>,
    validation_tokens: Option<Vec<SecretText>>,
}

/// What a notification is about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NotificationEvent {
    /// Something changed.
    Changed {
        /// In which way. `None` for a way that this version does not know.
        how: Option<ChangeType>,
        /// The id of what changed, where it was named.
        id: Option<String>,
    },
    /// Something is the matter with the subscription.
    Lifecycle(LifecycleEvent),
    /// Nothing that this version knows; Graph sends such to see whether an address is up.
    Other,
}

open_enum! {
    /// What is the matter with a subscription.
    pub enum LifecycleEvent {
        /// It stops unless it is [reauthorised](crate::graph::Subscriptions::reauthorize) or renewed.
        ReauthorizationRequired = "reauthorizationRequired",
        /// It has ended: make it anew, and read what changed in between.
        SubscriptionRemoved = "subscriptionRemoved",
        /// Some notifications were lost: read what changed.
        Missed = "missed",
    }
}

resource! {
    /// A notification of Graph. Graph also sends such with placeholders in place of ids and times, so all of them are
    /// text.
    pub struct ChangeNotification {
        /// Its id.
        id: Option<String>,
        /// The subscription.
        subscription_id: Option<String>,
        /// Until when the subscription lasts.
        subscription_expiration_date_time: Option<Timestamp>,
        /// The tenant.
        tenant_id: Option<String>,
        /// The secret of the subscription.
        client_state: Option<SecretText>,
        /// How something changed.
        change_type: Option<String>,
        /// The path of what changed, below the version.
        resource: Option<String>,
        /// What changed.
        resource_data: Option<ResourceData>,
        /// What is the matter with the subscription.
        lifecycle_event: Option<LifecycleEvent>,
        /// The object, encrypted.
        encrypted_content: Option<EncryptedContent>,
    }

    /// An object that is encrypted for the certificate of the subscription.
    pub struct EncryptedContent {
        /// The object, encrypted by the key.
        data: Option<String>,
        /// The key, encrypted by the certificate.
        data_key: Option<String>,
        /// The HMAC-SHA256 of the data.
        data_signature: Option<String>,
        /// The caller's id of the certificate.
        encryption_certificate_id: Option<String>,
        /// The certificate's thumbprint.
        encryption_certificate_thumbprint: Option<String>,
    }

    /// What changed. Its type and path are annotations in `other`.
    pub struct ResourceData {
        /// Its id.
        id: String,
    }
}

impl ResourceData {
    /// Its type, such as `event`, however it is written.
    #[must_use]
    pub fn type_name(&self) -> Option<&str> {
        type_name(&self.other)
    }

    /// All that came.
    #[must_use]
    pub fn annotations(&self) -> &Properties {
        &self.other
    }
}

impl ChangeNotification {
    /// What it is about.
    #[must_use]
    pub fn event(&self) -> NotificationEvent {
        if let Some(event) = &self.lifecycle_event {
            return NotificationEvent::Lifecycle(event.clone());
        }
        match &self.change_type {
            None => NotificationEvent::Other,
            Some(change) => NotificationEvent::Changed {
                how: ChangeType::from_name(change),
                id: self.resource_data.as_ref().map(|data| data.id.clone()).filter(|id| !id.is_empty()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_client_state_is_let_in() {
        let notifications = Notifications::new("secret").or_client_state("older");
        let body = br##"{"value":[
            {"clientState":"secret","changeType":"CREATED","resourceData":{"id":"1","@odata.type":"#Microsoft.Graph.Event"}},
            {"clientState":"older","lifecycleEvent":"missed"},
            {"clientState":"secre","changeType":"created"},
            {"clientState":"secretsecret","changeType":"created"},
            {"clientState":"","changeType":"created"},
            {"clientState":null,"changeType":"created"},
            {"changeType":"created"}]}"##;
        let batch = notifications.read(body).unwrap();
        assert_eq!((batch.accepted.len(), batch.refused), (2, 5));
        let first = NotificationEvent::Changed { how: Some(ChangeType::Created), id: Some("1".into()) };
        assert_eq!(batch.accepted[0].event(), first);
        assert_eq!(batch.accepted[0].resource_data.as_ref().unwrap().type_name(), Some("Event"));
        assert_eq!(batch.accepted[1].event(), NotificationEvent::Lifecycle(LifecycleEvent::Missed));
        assert!(!format!("{notifications:?}").contains("secret"));
    }

    #[test]
    fn an_empty_secret_lets_nobody_in() {
        let batch = Notifications::new("").read(br#"{"value":[{"clientState":""}]}"#).unwrap();
        assert_eq!((batch.accepted.len(), batch.refused), (0, 1));
    }

    #[test]
    fn placeholders_are_tolerated() {
        let body = br#"{"value":[{"id":"NA","subscriptionId":"NA","subscriptionExpirationDateTime":"NA","tenantId":"NA",
            "clientState":"s","changeType":"NA","resource":"NA","resourceData":null,"news":1}],"validationTokens":null}"#;
        let batch = Notifications::new("s").read(body).unwrap();
        assert_eq!(batch.accepted[0].event(), NotificationEvent::Changed { how: None, id: None });
    }

    #[test]
    fn the_token_is_decoded_once() {
        assert_eq!(Notifications::validation_token("?a=b&validationToken=x%2520y%2B").as_deref(), Some("x%20y+"));
        assert_eq!(Notifications::validation_token("a=b"), None);
    }

    #[test]
    fn what_is_no_batch_is_an_error() {
        for body in ["", "<html>", "{}", "[]"] {
            assert_eq!(Notifications::new("s").read(body.as_bytes()).unwrap_err().kind(), ErrorKind::Decode, "{body}");
        }
    }
}
