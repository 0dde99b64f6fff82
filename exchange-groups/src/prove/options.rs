use std::sync::Arc;
use std::time::{Duration, SystemTime};

use graph_client::{Client, SmtpAddress, TokenProvider};

use crate::control::{Events, Stop};

/// The clients of the administering application and of the restricted one.
pub(super) struct Clients {
    /// The administering application's.
    pub(super) client: Client,
    /// The restricted application's own credential.
    pub(super) application: Option<Arc<dyn TokenProvider>>,
}

/// The options of a verification.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) wait_up_to: Duration,
    pub(super) poll_interval: Duration,
    pub(super) sample: Option<usize>,
    pub(super) write_in: Option<SmtpAddress>,
    pub(super) revoked_at: Option<SystemTime>,
}

/// How a verification is controlled while it goes on.
pub(super) struct Control {
    pub(super) events: Events,
    pub(super) stop: Stop,
}
