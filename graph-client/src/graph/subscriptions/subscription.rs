use std::time::{Duration, SystemTime};

use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::error::Result;
use crate::graph::macros::resource;
use crate::graph::{List, Operation, SecretText, Timestamp, call};
use crate::ids::{InvalidValue, SubscriptionId, UserRef};
use crate::time::timestamp;

/// Subscriptions to changes, which Graph tells to an address of the caller's. Made by [`Client::subscriptions`].
///
/// What arrives there is read by [`Notifications`](crate::graph::Notifications).
#[derive(Debug, Clone)]
pub struct Subscriptions {
    pub(crate) client: Client,
}

impl Subscriptions {
    /// The subscriptions that the application has in this tenant. Graph answers this rarely (40 times in 20 s).
    ///
    /// # Permissions
    ///
    /// The permission to read what is subscribed to
    pub fn list(&self) -> List<Subscription> {
        List::records(call(&self.client, Method::GET, "list subscriptions", "/v1.0/subscriptions", &[]))
    }

    /// One subscription.
    ///
    /// # Permissions
    ///
    /// The permission to read what is subscribed to
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it has expired or never was.
    pub fn get(&self, id: impl Into<SubscriptionId>) -> Operation<Subscription> {
        let id: SubscriptionId = id.into();
        call(&self.client, Method::GET, "read a subscription", "/v1.0/subscriptions/{}", &[id.as_str()]).record()
    }

    /// Subscribes. Graph calls the notification address before it answers, so it must be up: see
    /// [`validation_token`](crate::graph::Notifications::validation_token).
    ///
    /// # Permissions
    ///
    /// The permission to read what is subscribed to, such as `Calendars.Read` for events
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when it would last longer than Graph allows, or an address is not
    /// https. The call is not repeated by itself: each would make one more subscription.
    pub fn create(&self, subscription: &NewSubscription) -> Operation<Subscription> {
        let request = call(&self.client, Method::POST, "create a subscription", "/v1.0/subscriptions", &[])
            .checked(subscription.check(SystemTime::now()));
        let request =
            if subscription.immutable_ids { request.header("Prefer", "IdType=\"ImmutableId\"") } else { request };
        request.body(&subscription.body()).record()
    }

    /// Lets a subscription last until another instant. `resource` is what it is for, which says how long that may be.
    ///
    /// # Permissions
    ///
    /// As [`create`](Self::create)
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when it would last longer than Graph allows;
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it has expired: create it anew, and read what changed
    /// in between.
    pub fn renew(&self, subscription: &Subscription, until: SystemTime) -> Operation<Subscription> {
        let resource = subscription.resource.as_deref().unwrap_or_default();
        let rich = subscription.include_resource_data == Some(true);
        call(&self.client, Method::PATCH, "renew a subscription", "/v1.0/subscriptions/{}", &[&subscription.id])
            .checked(check_expiry(resource, rich, until, SystemTime::now()))
            .body(&json!({ "expirationDateTime": timestamp(until) }))
            .idempotent(true)
            .record()
    }

    /// Answers [`LifecycleEvent::ReauthorizationRequired`](crate::graph::LifecycleEvent), without which notifications stop.
    ///
    /// # Permissions
    ///
    /// As [`create`](Self::create)
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the subscription has expired.
    pub fn reauthorize(&self, id: impl Into<SubscriptionId>) -> Operation<()> {
        let id: SubscriptionId = id.into();
        let path = "/v1.0/subscriptions/{}/reauthorize";
        let request = call(&self.client, Method::POST, "reauthorize a subscription", path, &[id.as_str()]);
        request.idempotent(true).unit()
    }

    /// Ends a subscription.
    ///
    /// # Permissions
    ///
    /// As [`create`](Self::create)
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it has ended before.
    pub fn delete(&self, id: impl Into<SubscriptionId>) -> Operation<()> {
        let id: SubscriptionId = id.into();
        let path = "/v1.0/subscriptions/{}";
        call(&self.client, Method::DELETE, "delete a subscription", path, &[id.as_str()]).unit()
    }
}

/// A subscription that is to be made.
#[derive(Clone)]
#[must_use = "it does nothing until it is sent"]
pub struct NewSubscription {
    resource: String,
    changes: Vec<ChangeType>,
    notification_url: String,
    lifecycle_url: Option<String>,
    client_state: String,
    expires: SystemTime,
    certificate: Option<(String, String)>,
    immutable_ids: bool,
}

/// A way in which something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeType {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// It was deleted.
    Deleted,
}

impl ChangeType {
    /// The name that Graph uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Created, Self::Updated, Self::Deleted].into_iter().find(|kind| name.eq_ignore_ascii_case(kind.as_str()))
    }
}

impl NewSubscription {
    /// Every change of the events of one mailbox, until an instant less than seven days away.
    ///
    /// `client_state` is a secret between the caller and Graph: a notification without it is not from Graph.
    pub fn events_of(
        mailbox: impl Into<UserRef>,
        notification_url: impl Into<String>,
        client_state: impl Into<String>,
        expires: SystemTime,
    ) -> Self {
        Self::new(format!("users/{}/events", mailbox.into().as_str()), notification_url, client_state, expires)
    }

    /// Every change of any resource, such as `users/{id}/events` or `groups`.
    pub fn new(
        resource: impl Into<String>,
        notification_url: impl Into<String>,
        client_state: impl Into<String>,
        expires: SystemTime,
    ) -> Self {
        Self {
            resource: resource.into(),
            changes: vec![ChangeType::Created, ChangeType::Updated, ChangeType::Deleted],
            notification_url: notification_url.into(),
            lifecycle_url: None,
            client_state: client_state.into(),
            expires,
            certificate: None,
            immutable_ids: false,
        }
    }

    /// Only some kinds of change.
    pub fn changes(mut self, changes: &[ChangeType]) -> Self {
        self.changes = changes.to_vec();
        self
    }

    /// Where Graph tells that the subscription is in trouble. It can be given now only, and without it that is not
    /// told at all.
    pub fn lifecycle_url(mut self, url: impl Into<String>) -> Self {
        self.lifecycle_url = Some(url.into());
        self
    }

    /// Asks for the changed objects in the notifications, encrypted for a certificate (Base64 of its DER form) that is
    /// named by an id of the caller's. It then lasts one day at most.
    pub fn with_data(mut self, certificate: impl Into<String>, certificate_id: impl Into<String>) -> Self {
        self.certificate = Some((certificate.into(), certificate_id.into()));
        self
    }

    /// Asks for ids that stay the same when an event moves to another folder of its mailbox.
    pub fn immutable_ids(mut self) -> Self {
        self.immutable_ids = true;
        self
    }

    fn check(&self, now: SystemTime) -> Vec<InvalidValue> {
        let mut faults = Vec::from_iter(check_expiry(&self.resource, self.certificate.is_some(), self.expires, now));
        if self.resource.trim().is_empty() || self.resource.contains("://") {
            let rule = "must be a path such as users/{id}/events, without the address of Graph";
            faults.push(InvalidValue::new("resource", &self.resource, rule));
        }
        if self.changes.is_empty() {
            faults.push(InvalidValue::new("changes", "", "must name one kind of change at least"));
        }
        if self.client_state.is_empty() || self.client_state.len() > 128 {
            let length = format!("{} bytes", self.client_state.len());
            faults.push(InvalidValue::new("client state", length, "must be 1 to 128 bytes long"));
        }
        for (field, url) in
            [("notification URL", Some(&self.notification_url)), ("lifecycle URL", self.lifecycle_url.as_ref())]
        {
            let Some(url) = url else { continue };
            let parsed = url::Url::parse(url).ok();
            let local = |url: &url::Url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            if !parsed.is_some_and(|url| url.scheme() == "https" || (url.scheme() == "http" && local(&url))) {
                // What stands behind the host may be a secret.
                let shown: String = url.split_inclusive('/').take(3).collect();
                faults.push(InvalidValue::new(field, shown, "must be an address that begins with https://"));
            }
        }
        faults
    }

    fn body(&self) -> serde_json::Value {
        let changes: Vec<_> = self.changes.iter().map(|change| change.as_str()).collect();
        let mut body = json!({
            "changeType": changes.join(","),
            "notificationUrl": self.notification_url,
            "resource": self.resource,
            "expirationDateTime": timestamp(self.expires),
            "clientState": self.client_state,
        });
        if let Some(url) = &self.lifecycle_url {
            body["lifecycleNotificationUrl"] = url.as_str().into();
        }
        if let Some((certificate, id)) = &self.certificate {
            body["includeResourceData"] = true.into();
            body["encryptionCertificate"] = certificate.as_str().into();
            body["encryptionCertificateId"] = id.as_str().into();
        }
        body
    }
}

impl std::fmt::Debug for NewSubscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client state is a secret, and the address may hold one.
        f.debug_struct("NewSubscription")
            .field("resource", &self.resource)
            .field("changes", &self.changes)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// How long Graph lets a subscription last. Resources that are not listed are left to Graph.
fn longest(resource: &str, with_data: bool) -> Option<Duration> {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let path = resource.trim_start_matches('/').split('?').next().unwrap_or_default().to_ascii_lowercase();
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["users" | "groups"] | ["users" | "groups", _] | ["groups", _, "members"] => Some(minutes(41_760)),
        ["users" | "me" | "groups", .., "events" | "messages" | "contacts"] if with_data => Some(minutes(1_440)),
        ["users" | "me" | "groups", .., "events" | "messages" | "contacts"] => Some(minutes(10_080)),
        _ => None,
    }
}

fn check_expiry(resource: &str, with_data: bool, expires: SystemTime, now: SystemTime) -> Option<InvalidValue> {
    let fault = |rule: String| InvalidValue::new("expiry", timestamp(expires), rule);
    let Ok(life) = expires.duration_since(now) else {
        return Some(fault("must be in the future".to_owned()));
    };
    match longest(resource, with_data) {
        Some(longest) if life >= longest => {
            Some(fault(format!("must be less than {} minutes away for this resource", longest.as_secs() / 60)))
        }
        _ => None,
    }
}

resource! {
    /// A subscription to changes.
    pub struct Subscription {
        /// The id.
        id: String,
        /// What is subscribed to.
        resource: Option<String>,
        /// Which changes, as `created,updated,deleted`.
        change_type: Option<String>,
        /// Where they are told.
        notification_url: Option<String>,
        /// Where trouble with the subscription is told.
        lifecycle_notification_url: Option<String>,
        /// Until when it lasts.
        expiration_date_time: Option<Timestamp>,
        /// The secret that notifications come with. Graph sends it back in the response to its creation only.
        client_state: Option<SecretText>,
        /// Whether notifications hold the objects.
        include_resource_data: Option<bool>,
        /// The certificate that they are encrypted for.
        encryption_certificate: Option<String>,
        /// The caller's id of it.
        encryption_certificate_id: Option<String>,
        /// The application that subscribed.
        application_id: Option<String>,
        /// Who subscribed.
        creator_id: Option<String>,
        /// The newest TLS of the address.
        latest_supported_tls_version: Option<String>,
        /// A query that limits what is told.
        notification_query_options: Option<String>,
        /// The application that the address checks tokens for.
        notification_url_app_id: Option<String>,
    }
}

impl Client {
    /// Subscriptions to changes.
    #[must_use]
    pub fn subscriptions(&self) -> Subscriptions {
        Subscriptions { client: self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(minutes: u64) -> NewSubscription {
        let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(minutes * 60);
        NewSubscription::events_of("room@contoso.com", "https://contoso.com/hook", "secret", expires)
    }

    #[test]
    fn expiry_is_checked_before_graph_refuses_it() {
        let check = |subscription: &NewSubscription| subscription.check(SystemTime::UNIX_EPOCH);
        assert!(check(&new(10_079)).is_empty());
        assert!(check(&new(10_080))[0].rule.contains("10080 minutes"));
        assert!(check(&new(1_440).with_data("MII", "1"))[0].rule.contains("1440 minutes"));
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(60 * 60);
        assert!(new(10).check(later)[0].rule.contains("future"));
        let groups = NewSubscription { resource: "groups".into(), ..new(41_759) };
        assert!(check(&groups).is_empty());
    }

    #[test]
    fn addresses_and_secrets_are_checked_and_not_shown() {
        let check = |subscription: NewSubscription| subscription.check(SystemTime::UNIX_EPOCH).remove(0);
        let plain = NewSubscription { notification_url: "http://contoso.com/hook".into(), ..new(10) };
        assert_eq!(check(plain).field, "notification URL");
        assert_eq!(check(new(10).lifecycle_url("contoso.com")).field, "lifecycle URL");
        assert_eq!(check(NewSubscription { client_state: String::new(), ..new(10) }).field, "client state");
        assert_eq!(check(new(10).changes(&[])).field, "changes");
        let local = NewSubscription { notification_url: "http://localhost:8080/hook".into(), ..new(10) };
        assert!(local.check(SystemTime::UNIX_EPOCH).is_empty());
        assert!(!format!("{:?}", new(10)).contains("secret"));
    }
}
