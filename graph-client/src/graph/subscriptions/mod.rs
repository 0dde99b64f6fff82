//! Subscriptions to changes, and the notifications that they bring.

mod notifications;
mod subscription;

pub use self::notifications::{
    ChangeNotification, EncryptedContent, LifecycleEvent, NotificationBatch, NotificationEvent, Notifications,
    ResourceData,
};
pub use self::subscription::{ChangeType, NewSubscription, Subscription, Subscriptions};
