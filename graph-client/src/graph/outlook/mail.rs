use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::graph::macros::resource;
use crate::graph::{Importance, ItemBody, Operation, Recipient, call};
use crate::ids::{InvalidValue, UserRef};

/// Mail that is sent from one mailbox. Made by [`Client::mail`].
#[derive(Debug, Clone)]
pub struct Mail {
    pub(crate) client: Client,
    pub(crate) mailbox: UserRef,
}

impl Mail {
    /// Sends a message and keeps a copy of it in the mailbox. A response means that it was taken, not that it arrived.
    ///
    /// # Permissions
    ///
    /// `Mail.Send`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied) when the application may not send from this mailbox. It is not
    /// sent again by itself: what two copies would mean, the caller knows.
    pub fn send(&self, message: &NewMessage) -> Operation<()> {
        self.post(message, true)
    }

    /// Sends a message and keeps no copy of it.
    ///
    /// # Permissions
    ///
    /// `Mail.Send`
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_without_copy(&self, message: &NewMessage) -> Operation<()> {
        self.post(message, false)
    }

    fn post(&self, message: &NewMessage, keep: bool) -> Operation<()> {
        let request =
            call(&self.client, Method::POST, "send a message", "/v1.0/users/{}/sendMail", &[self.mailbox.as_str()]);
        let recipients = [&message.to_recipients, &message.cc_recipients, &message.bcc_recipients];
        if recipients.into_iter().flatten().flatten().next().is_none() {
            return request.refused(InvalidValue::new("recipients", "", "must name someone")).unit();
        }
        let mut body = json!({ "message": message });
        if !keep {
            body["saveToSentItems"] = false.into();
        }
        request.body(&body).unit()
    }
}

resource! {
    fields {
        /// The subject.
        subject: Option<String> [create],
        /// The body.
        body: Option<ItemBody> [create],
        /// The recipients.
        to_recipients: Vec<Recipient> [create],
        /// Who gets a copy.
        cc_recipients: Vec<Recipient> [create],
        /// Who gets a copy that the others do not see.
        bcc_recipients: Vec<Recipient> [create],
        /// Who gets the answers.
        reply_to: Vec<Recipient> [create],
        /// How important it is.
        importance: Option<Importance> [create],
    }
    /// A message that is to be sent, by [`new`](Self::new).
    create NewMessage;
}

impl NewMessage {
    /// A message to one person.
    pub fn new(to: impl Into<String>, subject: impl Into<String>, body: ItemBody) -> Self {
        Self::default().to_recipients(vec![Recipient::new(to)]).subject(subject).body(body)
    }
}

impl Client {
    /// Mail that is sent from a mailbox.
    #[must_use]
    pub fn mail(&self, mailbox: impl Into<UserRef>) -> Mail {
        Mail { client: self.clone(), mailbox: mailbox.into() }
    }
}
