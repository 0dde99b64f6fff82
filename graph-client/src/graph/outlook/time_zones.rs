use reqwest::Method;

use crate::client::Client;
use crate::graph::macros::resource;
use crate::graph::{List, call};
use crate::ids::UserRef;

/// The time zones that a mailbox's server knows. Made by [`Client::time_zones`].
#[derive(Debug, Clone)]
pub struct TimeZones {
    client: Client,
    mailbox: UserRef,
}

impl TimeZones {
    /// The time zones by their Windows names, which mailbox settings and events hold.
    ///
    /// # Permissions
    ///
    /// `User.Read.All`
    pub fn windows(&self) -> List<TimeZoneInformation> {
        self.named("list the time zones of a mailbox", "")
    }

    /// The time zones by their IANA names, such as `Europe/Berlin`.
    ///
    /// # Permissions
    ///
    /// `User.Read.All`
    pub fn iana(&self) -> List<TimeZoneInformation> {
        let standard = "(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')";
        self.named("list the IANA time zones of a mailbox", standard)
    }

    fn named(&self, name: &'static str, standard: &str) -> List<TimeZoneInformation> {
        let path = format!("/v1.0/users/{{}}/outlook/supportedTimeZones{standard}");
        List::new(call(&self.client, Method::GET, name, &path, &[self.mailbox.as_str()]))
    }
}

resource! {
    /// A time zone that Outlook supports.
    pub struct TimeZoneInformation {
        /// The name by which requests and settings give it.
        alias: Option<String>,
        /// The name that people see, with the offset from UTC.
        display_name: Option<String>,
    }
}

impl Client {
    /// The time zones that a mailbox's server supports.
    #[must_use]
    pub fn time_zones(&self, mailbox: impl Into<UserRef>) -> TimeZones {
        TimeZones { client: self.clone(), mailbox: mailbox.into() }
    }
}
