use reqwest::Method;

use crate::client::Client;
use crate::error::Result;
use crate::graph::macros::{open_enum, resource};
use crate::graph::{DateTimeTimeZone, DayOfWeek, Operation, Record, call};
use crate::ids::UserRef;

/// The settings of one mailbox. Made by [`Client::mailbox_settings`].
#[derive(Debug, Clone)]
pub struct UserMailboxSettings {
    pub(crate) client: Client,
    pub(crate) mailbox: UserRef,
}

impl UserMailboxSettings {
    /// All settings.
    ///
    /// # Permissions
    ///
    /// `MailboxSettings.Read`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such mailbox in Exchange Online.
    pub fn get(&self) -> Operation<MailboxSettings> {
        let path = "/v1.0/users/{}/mailboxSettings";
        call(&self.client, Method::GET, "read mailbox settings", path, &[self.mailbox.as_str()]).record()
    }

    /// What the mailbox is for: the cheapest way to know that it is a room. `None` when Graph does not say.
    ///
    /// # Permissions
    ///
    /// `MailboxSettings.Read`
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn purpose(&self) -> Operation<Option<UserPurpose>> {
        #[derive(serde::Deserialize)]
        struct Setting {
            value: Option<UserPurpose>,
        }
        impl Record for Setting {
            const PROPERTIES: &'static [&'static str] = &["value"];

            fn is_record(&self) -> bool {
                true
            }
        }
        let path = "/v1.0/users/{}/mailboxSettings/userPurpose";
        let request = call(&self.client, Method::GET, "read a mailbox's purpose", path, &[self.mailbox.as_str()]);
        request.record::<Setting>().then(|setting| Ok(setting?.value))
    }

    /// Changes settings; gives those that Graph sent back.
    ///
    /// # Permissions
    ///
    /// `MailboxSettings.ReadWrite`
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn update(&self, update: &MailboxSettingsUpdate) -> Operation<MailboxSettings> {
        let path = "/v1.0/users/{}/mailboxSettings";
        call(&self.client, Method::PATCH, "change mailbox settings", path, &[self.mailbox.as_str()])
            .body(update)
            .idempotent(true)
            .record()
    }
}

open_enum! {
    /// What a mailbox is for.
    pub enum UserPurpose {
        /// A person's.
        User = "user",
        /// A linked one.
        Linked = "linked",
        /// One that several people share.
        Shared = "shared",
        /// A room's.
        Room = "room",
        /// That of a piece of equipment.
        Equipment = "equipment",
        /// Another purpose.
        Others = "others",
    }

    /// When a mailbox answers by itself.
    pub enum AutomaticRepliesStatus {
        /// Never.
        Disabled = "disabled",
        /// Always.
        AlwaysEnabled = "alwaysEnabled",
        /// Between two times.
        Scheduled = "scheduled",
    }

    /// Who outside gets automatic replies.
    pub enum ExternalAudience {
        /// Nobody.
        None = "none",
        /// Those among the contacts.
        ContactsOnly = "contactsOnly",
        /// Everyone.
        All = "all",
    }

    /// Who gets meeting requests where there is a delegate.
    pub enum DelegateMeetingMessages {
        /// The delegate, and the owner for information.
        DelegateAndInformation = "sendToDelegateAndInformationToPrincipal",
        /// Both.
        DelegateAndPrincipal = "sendToDelegateAndPrincipal",
        /// The delegate.
        DelegateOnly = "sendToDelegateOnly",
    }
}

resource! {
    /// The settings of a mailbox.
    pub struct MailboxSettings {
        /// What the mailbox is for.
        user_purpose: Option<UserPurpose>,
        /// The time zone. Graph sends the Windows name and takes a Windows or IANA name.
        time_zone: Option<String> [read update],
        /// The language.
        language: Option<Locale> [read update],
        /// How dates are shown.
        date_format: Option<String> [read update],
        /// How times are shown.
        time_format: Option<String> [read update],
        /// The working hours.
        working_hours: Option<WorkingHours> [read update],
        /// Automatic replies.
        automatic_replies_setting: Option<AutomaticReplies> [read update],
        /// Who gets meeting requests where there is a delegate.
        delegate_meeting_message_delivery_options: Option<DelegateMeetingMessages> [read update],
        /// The id of the archive folder.
        archive_folder: Option<String>,
    }
    /// Changes of mailbox settings. Microsoft takes one setting, or time zone and language, at a time.
    update MailboxSettingsUpdate;
}

resource! {
    /// A language.
    pub struct Locale {
        /// The tag, such as `en-GB`.
        locale: Option<String>,
        /// The name.
        display_name: Option<String>,
    }

    /// When someone works.
    pub struct WorkingHours {
        /// The days.
        days_of_week: Vec<DayOfWeek>,
        /// When a day begins, such as `08:00:00.0000000`.
        start_time: Option<String>,
        /// When a day ends.
        end_time: Option<String>,
        /// The time zone of these times.
        time_zone: Option<NamedTimeZone>,
    }

    /// A time zone; a custom one has more in `other`.
    pub struct NamedTimeZone {
        /// A Windows name, an IANA name, or `Customized Time Zone`.
        name: Option<String>,
    }

    /// Automatic replies.
    pub struct AutomaticReplies {
        /// When they are sent.
        status: Option<AutomaticRepliesStatus>,
        /// Who outside gets them.
        external_audience: Option<ExternalAudience>,
        /// What people inside get, as HTML.
        internal_reply_message: Option<String>,
        /// What people outside get, as HTML.
        external_reply_message: Option<String>,
        /// When they begin.
        scheduled_start_date_time: Option<DateTimeTimeZone>,
        /// When they end.
        scheduled_end_date_time: Option<DateTimeTimeZone>,
    }
}

impl Client {
    /// The settings of a mailbox.
    #[must_use]
    pub fn mailbox_settings(&self, mailbox: impl Into<UserRef>) -> UserMailboxSettings {
        UserMailboxSettings { client: self.clone(), mailbox: mailbox.into() }
    }
}
