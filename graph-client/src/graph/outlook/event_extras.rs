//! What hangs on an event: attachments, open extensions and extended properties.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::macros::resource;
use crate::graph::{Calendars, Event, List, Operation, Properties, SecretText, Timestamp, type_name};
use crate::ids::{AttachmentId, EventId, InvalidValue};

/// What fits into one request. Larger files take an upload session.
const LARGEST_AT_ONCE: usize = 3 * 1024 * 1024;

impl Calendars {
    /// What is attached to an event. The content comes with it: `select` the other properties to do without.
    ///
    /// # Permissions
    ///
    /// `Calendars.Read`
    pub fn attachments(&self, event: impl Into<EventId>) -> List<Attachment> {
        let event: EventId = event.into();
        List::records(self.of_mailbox(Method::GET, "list attachments", "/events/{}/attachments", &[event.as_str()]))
    }

    /// One attachment, with its content.
    ///
    /// # Permissions
    ///
    /// `Calendars.Read`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is none.
    pub fn attachment(&self, event: impl Into<EventId>, id: impl Into<AttachmentId>) -> Operation<Attachment> {
        let id: AttachmentId = id.into();
        let event: EventId = event.into();
        let path = "/events/{}/attachments/{}";
        self.of_mailbox(Method::GET, "read an attachment", path, &[event.as_str(), id.as_str()]).record()
    }

    /// Attaches a file of less than 3 MB.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] when it is larger: see [`upload_session`](Self::upload_session).
    pub fn attach(
        &self,
        event: impl Into<EventId>,
        name: &str,
        content_type: &str,
        content: &[u8],
    ) -> Operation<Attachment> {
        let event: EventId = event.into();
        let request = self.of_mailbox(Method::POST, "attach a file", "/events/{}/attachments", &[event.as_str()]);
        if content.len() >= LARGEST_AT_ONCE {
            let rule = "must be smaller than 3 MB; a larger file takes an upload session";
            let fault = InvalidValue::new("attachment", format!("{name}, {} bytes", content.len()), rule);
            return request.refused(fault).record();
        }
        let body = json!({
            "@odata.type": "#microsoft.graph.fileAttachment",
            "name": name,
            "contentType": content_type,
            "contentBytes": STANDARD.encode(content),
        });
        request.body(&body).record()
    }

    /// Starts the upload of a file of 3 to 150 MB. The pieces, of at most 4 MB, go to the session's address by PUT with
    /// `Content-Range` and without a token.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such event.
    pub fn upload_session(&self, event: impl Into<EventId>, name: &str, size: u64) -> Operation<UploadSession> {
        let event: EventId = event.into();
        let path = "/events/{}/attachments/createUploadSession";
        self.of_mailbox(Method::POST, "start an upload", path, &[event.as_str()])
            .body(&json!({ "AttachmentItem": { "attachmentType": "file", "name": name, "size": size } }))
            .record()
    }

    /// Takes an attachment away.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when it was taken away before.
    pub fn detach(&self, event: impl Into<EventId>, id: impl Into<AttachmentId>) -> Operation<()> {
        let id: AttachmentId = id.into();
        let event: EventId = event.into();
        let path = "/events/{}/attachments/{}";
        self.of_mailbox(Method::DELETE, "delete an attachment", path, &[event.as_str(), id.as_str()]).unit()
    }

    /// Adds an open extension to an event: properties under a name of the caller's own, such as `com.contoso.booking`.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] when the event has one of this name.
    pub fn add_extension(
        &self,
        event: impl Into<EventId>,
        name: &str,
        properties: &Properties,
    ) -> Operation<OpenExtension> {
        let event: EventId = event.into();
        let mut body = properties.clone();
        body.insert("@odata.type".into(), "microsoft.graph.openTypeExtension".into());
        body.insert("extensionName".into(), name.into());
        let request = self.of_mailbox(Method::POST, "add an extension", "/events/{}/extensions", &[event.as_str()]);
        request.body(&body).record()
    }

    /// The open extension of a name. `None` when the event has none.
    ///
    /// # Permissions
    ///
    /// `Calendars.Read`
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`] but a missing extension. An event that does not exist cannot be told from one without it.
    pub fn extension(&self, event: impl Into<EventId>, name: &str) -> Operation<Option<OpenExtension>> {
        let event: EventId = event.into();
        let path = "/events/{}/extensions/{}";
        self.of_mailbox(Method::GET, "read an extension", path, &[event.as_str(), name]).record().optional()
    }

    /// Changes the open extension of a name: properties that are named are set, or with `null` taken away.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is none.
    pub fn update_extension(&self, event: impl Into<EventId>, name: &str, properties: &Properties) -> Operation<()> {
        let event: EventId = event.into();
        self.of_mailbox(Method::PATCH, "change an extension", "/events/{}/extensions/{}", &[event.as_str(), name])
            .body(properties)
            .idempotent(true)
            .unit_on(&[200, 204])
    }

    /// Takes the open extension of a name away.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is none.
    pub fn delete_extension(&self, event: impl Into<EventId>, name: &str) -> Operation<()> {
        let event: EventId = event.into();
        let path = "/events/{}/extensions/{}";
        self.of_mailbox(Method::DELETE, "delete an extension", path, &[event.as_str(), name]).unit()
    }

    /// One event with extended properties, by their ids: `String {guid} Name x`, `Integer {guid} Id 0x8234`. Graph
    /// sends no others.
    ///
    /// # Permissions
    ///
    /// `Calendars.Read`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such event; [`ErrorKind::Input`] when no property is named.
    pub fn event_with_properties(&self, id: impl Into<EventId>, properties: &[&str]) -> Operation<Event> {
        let id: EventId = id.into();
        let request = self.of_mailbox(Method::GET, "read an event", "/events/{}", &[id.as_str()]);
        if properties.is_empty() {
            let fault = InvalidValue::new("properties", "", "must name one extended property at least");
            return request.refused(fault).record();
        }
        let filter: Vec<_> =
            properties.iter().map(|property| format!("id eq '{}'", property.replace('\'', "''"))).collect();
        request.query("$expand", format!("singleValueExtendedProperties($filter={})", filter.join(" or "))).record()
    }
}

resource! {
    /// Something that is attached: a file, another item, or a link. `@odata.type` in `other` tells which.
    pub struct Attachment {
        /// The id.
        id: String,
        /// The name.
        name: Option<String>,
        /// The media type.
        content_type: Option<String>,
        /// The size in bytes.
        size: Option<i32>,
        /// Whether it is part of the body.
        is_inline: Option<bool>,
        /// When it was last changed.
        last_modified_date_time: Option<Timestamp>,
        /// The content of a file, as Base64; see [`content`](Self::content).
        content_bytes: Option<String>,
        /// The id by which the body shows it.
        content_id: Option<String>,
        /// An address of the content; not used.
        content_location: Option<String>,
        /// The item, where it was asked for by `$expand`.
        item: Option<Properties>,
    }

    /// An upload that was begun.
    pub struct UploadSession {
        /// Where the pieces go. It holds a secret.
        upload_url: Option<SecretText>,
        /// Until when.
        expiration_date_time: Option<Timestamp>,
        /// What is still missing.
        next_expected_ranges: Vec<String>,
    }

    /// Properties under a name of the caller's own, which are in `other`.
    pub struct OpenExtension {
        /// The id: the name behind a prefix, in changing case; see [`is_named`](Self::is_named).
        id: String,
        /// The name.
        extension_name: Option<String>,
    }

    /// An extended property of MAPI.
    pub struct ExtendedProperty {
        /// Its type and name, such as `String {00020329-0000-0000-c000-000000000046} Name colour`.
        id: String,
        /// Its value, as text whatever the type.
        value: Option<String>,
    }

    /// An extended property of MAPI with several values.
    pub struct MultiValueProperty {
        /// Its type and name.
        id: String,
        /// Its values.
        value: Vec<String>,
    }
}

impl Attachment {
    /// The kind: `fileAttachment`, `itemAttachment` or `referenceAttachment`.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        type_name(&self.other)
    }

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when it is not Base64.
    pub fn content(&self) -> Result<Option<Vec<u8>>> {
        let decode = |text: &String| STANDARD.decode(text.trim());
        self.content_bytes.as_ref().map(decode).transpose().map_err(|error| {
            Error::new(ErrorKind::Decode, "the content of the attachment is not Base64").with_source(error)
        })
    }
}

impl OpenExtension {
    /// Whether it has a name, however the service writes it: `Com.Contoso.Deal` comes back as
    /// `microsoft.graph.openTypeExtension.Com.Contoso.Deal` or with another prefix.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let tail = |text: &str| {
            let cut = text.len().checked_sub(name.len())?;
            let (before, tail) = (text.get(..cut)?, text.get(cut..)?);
            Some(tail.eq_ignore_ascii_case(name) && (before.is_empty() || before.ends_with('.')))
        };
        self.extension_name.as_deref().and_then(tail).or_else(|| tail(&self.id)).unwrap_or(false)
    }
}

impl ExtendedProperty {
    /// A property and its value.
    #[must_use]
    pub fn new(id: impl Into<String>, value: impl Into<String>) -> Self {
        Self { id: id.into(), value: Some(value.into()), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_known_by_the_end_of_their_id() {
        for id in [
            "microsoft.graph.openTypeExtension.Com.Contoso.Deal",
            "Microsoft.OutlookServices.OpenTypeExtension.com.contoso.deal",
            "Com.Contoso.Deal",
        ] {
            let extension = OpenExtension { id: id.to_owned(), ..OpenExtension::default() };
            assert!(extension.is_named("com.contoso.deal"), "{id}");
            assert!(!extension.is_named("contoso.deals"), "{id}");
            assert!(!extension.is_named("toso.deal"), "{id}");
        }
    }
}
