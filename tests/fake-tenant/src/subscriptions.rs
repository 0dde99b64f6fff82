//! Change notifications: who wants them, and which are on their way.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::recipient::{Recipient, RecipientId};
use crate::world::World;

/// Events may be followed for just under seven days (Microsoft documentation).
pub(crate) const LONGEST: SignedDuration = SignedDuration::from_mins(10_080);

#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) id: Uuid,
    pub(crate) application: Uuid,
    pub(crate) mailbox: RecipientId,
    pub(crate) resource: String,
    /// `created`, `updated`, `deleted`.
    pub(crate) changes: Vec<String>,
    pub(crate) url: String,
    pub(crate) lifecycle_url: Option<String>,
    pub(crate) client_state: Option<String>,
    pub(crate) expires: Timestamp,
}

/// A notification and where it is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    pub(crate) url: String,
    pub(crate) item: Value,
}

impl World {
    /// Notes what every subscription to the mailbox's events has to be told.
    pub(crate) fn notify(&mut self, mailbox: RecipientId, event: &str, change: &str) {
        if self.subscriptions.is_empty() {
            return;
        }
        let now = self.now();
        let tenant = self.organization.id;
        let owner = self.directory.get(mailbox).map(Recipient::object_id_text).unwrap_or_default();
        let told = self.subscriptions.iter().filter(|subscription| {
            subscription.mailbox == mailbox
                && subscription.expires > now
                && subscription.changes.iter().any(|wanted| wanted == change)
        });
        let notifications: Vec<Notification> = told
            .map(|subscription| {
                let path = format!("Users/{owner}/Events/{event}");
                Notification {
                    url: subscription.url.clone(),
                    item: json!({
                        "subscriptionId": subscription.id,
                        "subscriptionExpirationDateTime": subscription.expires.to_string(),
                        "changeType": change,
                        "resource": path,
                        "resourceData": {
                            "@odata.type": "#Microsoft.Graph.Event",
                            "@odata.id": path,
                            "@odata.etag": format!("W/\"{}\"", &event[..16.min(event.len())]),
                            "id": event,
                        },
                        "clientState": subscription.client_state,
                        "tenantId": tenant,
                    }),
                }
            })
            .collect();
        self.outbox.extend(notifications);
    }

    /// Notes a lifecycle event for every subscription that gave an address for those.
    pub(crate) fn notify_lifecycle(&mut self, event: &str) {
        let tenant = self.organization.id;
        let notifications: Vec<Notification> = self
            .subscriptions
            .iter()
            .filter_map(|subscription| {
                Some(Notification {
                    url: subscription.lifecycle_url.clone()?,
                    item: json!({
                        "subscriptionId": subscription.id,
                        "subscriptionExpirationDateTime": subscription.expires.to_string(),
                        "clientState": subscription.client_state,
                        "tenantId": tenant,
                        "lifecycleEvent": event,
                    }),
                })
            })
            .collect();
        self.outbox.extend(notifications);
        if event == "subscriptionRemoved" {
            self.subscriptions.retain(|subscription| subscription.lifecycle_url.is_none());
        }
    }
}
