use reqwest::Method;

use crate::client::Client;
use crate::error::Result;
use crate::graph::model::{model, open_enum, update};
use crate::graph::{DateTimeTimeZone, DayOfWeek, Operation, Record, call};

/// The settings of one mailbox. Made by [`Client::mailbox_settings`].
#[derive(Debug, Clone)]
pub struct Mailbox {
    pub(crate) client: Client,
    pub(crate) mailbox: String,
}

impl Mailbox {
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
        call(&self.client, Method::GET, "read mailbox settings", path, &[&self.mailbox]).record()
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
        let request = call(&self.client, Method::GET, "read a mailbox's purpose", path, &[&self.mailbox]);
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
        call(&self.client, Method::PATCH, "change mailbox settings", path, &[&self.mailbox])
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

model! {
    /// The settings of a mailbox.
    #[derive(Default)]
    pub struct MailboxSettings {
        /// What the mailbox is for.
        pub user_purpose: Option<UserPurpose> = "userPurpose",
        /// The time zone, as a Windows name.
        pub time_zone: Option<String> = "timeZone",
        /// The language.
        pub language: Option<Locale> = "language",
        /// How dates are shown.
        pub date_format: Option<String> = "dateFormat",
        /// How times are shown.
        pub time_format: Option<String> = "timeFormat",
        /// The working hours.
        pub working_hours: Option<WorkingHours> = "workingHours",
        /// Automatic replies.
        pub automatic_replies_setting: Option<AutomaticReplies> = "automaticRepliesSetting",
        /// Who gets meeting requests where there is a delegate.
        pub delegate_meeting_message_delivery_options: Option<DelegateMeetingMessages> = "delegateMeetingMessageDeliveryOptions",
        /// The id of the archive folder.
        pub archive_folder: Option<String> = "archiveFolder",
    }

    /// A language.
    #[derive(Default)]
    pub struct Locale {
        /// The tag, such as `en-GB`.
        pub locale: Option<String> = "locale",
        /// The name.
        pub display_name: Option<String> = "displayName",
    }

    /// When someone works.
    #[derive(Default)]
    pub struct WorkingHours {
        /// The days.
        pub days_of_week: Vec<DayOfWeek> = "daysOfWeek",
        /// When a day begins, such as `08:00:00.0000000`.
        pub start_time: Option<String> = "startTime",
        /// When a day ends.
        pub end_time: Option<String> = "endTime",
        /// The time zone of these times.
        pub time_zone: Option<NamedTimeZone> = "timeZone",
    }

    /// A time zone; a custom one has more in `other`.
    #[derive(Default)]
    pub struct NamedTimeZone {
        /// A Windows name, an IANA name, or `Customized Time Zone`.
        pub name: Option<String> = "name",
    }

    /// Automatic replies.
    #[derive(Default)]
    pub struct AutomaticReplies {
        /// When they are sent.
        pub status: Option<AutomaticRepliesStatus> = "status",
        /// Who outside gets them.
        pub external_audience: Option<ExternalAudience> = "externalAudience",
        /// What people inside get, as HTML.
        pub internal_reply_message: Option<String> = "internalReplyMessage",
        /// What people outside get, as HTML.
        pub external_reply_message: Option<String> = "externalReplyMessage",
        /// When they begin.
        pub scheduled_start_date_time: Option<DateTimeTimeZone> = "scheduledStartDateTime",
        /// When they end.
        pub scheduled_end_date_time: Option<DateTimeTimeZone> = "scheduledEndDateTime",
    }
}

update! {
    /// Changes of mailbox settings. Microsoft takes one setting, or time zone and language, at a time.
    pub struct MailboxSettingsUpdate {
        /// The time zone, as a Windows or IANA name.
        pub time_zone: String = "timeZone",
        /// The language.
        pub language: Locale = "language",
        /// How dates are shown.
        pub date_format: String = "dateFormat",
        /// How times are shown.
        pub time_format: String = "timeFormat",
        /// The working hours.
        pub working_hours: WorkingHours = "workingHours",
        /// Automatic replies.
        pub automatic_replies_setting: AutomaticReplies = "automaticRepliesSetting",
        /// Who gets meeting requests where there is a delegate.
        pub delegate_meeting_message_delivery_options: DelegateMeetingMessages = "delegateMeetingMessageDeliveryOptions",
    }
}

impl Client {
    /// The settings of a mailbox.
    #[must_use]
    pub fn mailbox_settings(&self, mailbox: impl Into<String>) -> Mailbox {
        Mailbox { client: self.clone(), mailbox: mailbox.into() }
    }
}
