use reqwest::Method;

use crate::client::Client;
use crate::graph::macros::{open_enum, resource};
use crate::graph::{BodyType, IdentitySet, ItemBody, List, Operation, QueryOption, Request, Support, Timestamp, call};
use crate::ids::{ChannelId, InvalidValue, MessageId, TeamId};

/// A channel of a team and the messages in it. Made by [`Client::channel`].
#[derive(Debug, Clone)]
pub struct Channel {
    pub(crate) client: Client,
    pub(crate) team: TeamId,
    pub(crate) id: ChannelId,
}

/// What the list of the messages that begin a conversation supports.
const MESSAGES: Support = Support::other("messages of a channel", &[QueryOption::Expand, QueryOption::Top], Some(50));
/// What the list of the replies to a message supports.
const REPLIES: Support = Support::other("replies to a message", &[QueryOption::Top], Some(50));

impl Channel {
    fn call(&self, method: Method, name: &'static str, below: &str, ids: &[&str]) -> Request {
        let mut all = vec![self.team.as_str(), self.id.as_str()];
        all.extend_from_slice(ids);
        call(&self.client, method, name, &format!("/v1.0/teams/{{}}/channels/{{}}/messages{below}"), &all)
    }

    /// The messages that begin a conversation, 20 a page unless [`List::page_size`] says otherwise (at most 50). Answers
    /// to them come with [`replies`](Self::replies), or with `expand("replies")`.
    ///
    /// # Permissions
    ///
    /// `ChannelMessage.Read.All`, or `ChannelMessage.Read.Group` for the team that consents to it. Without a signed-in
    /// user these are
    /// [protected](https://learn.microsoft.com/graph/teams-protected-apis): Microsoft grants them on request.
    pub fn messages(&self) -> List<ChatMessage> {
        let request = self.call(Method::GET, "list the messages of a channel", "", &[]);
        // Without it a message of a newer type comes as `unknownFutureValue`.
        List::supporting(request.prefer("include-unknown-enum-members"), MESSAGES).of_records()
    }

    /// One message.
    ///
    /// # Permissions
    ///
    /// As [`messages`](Self::messages).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the channel has no message of this id.
    pub fn message(&self, id: impl Into<MessageId>) -> Operation<ChatMessage> {
        let id: MessageId = id.into();
        let request = self.call(Method::GET, "read a message of a channel", "/{}", &[id.as_str()]);
        request.prefer("include-unknown-enum-members").record()
    }

    /// The answers to a message, 20 a page unless [`List::page_size`] says otherwise (at most 50).
    ///
    /// # Permissions
    ///
    /// As [`messages`](Self::messages).
    pub fn replies(&self, message: impl Into<MessageId>) -> List<ChatMessage> {
        let message: MessageId = message.into();
        let request =
            self.call(Method::GET, "list the replies to a message.as_str()", "/{}/replies", &[message.as_str()]);
        List::supporting(request.prefer("include-unknown-enum-members"), REPLIES).of_records()
    }

    /// Begins a conversation. It is not sent again by itself: everyone in the channel would read it twice.
    ///
    /// # Permissions
    ///
    /// `ChannelMessage.Send`, with a signed-in user. Without one Graph takes messages for migration only
    /// (`Teamwork.Migrate.All`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a message without a body;
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied) when nobody is signed in.
    pub fn send(&self, message: &NewChatMessage) -> Operation<ChatMessage> {
        let request = self.call(Method::POST, "send a message to a channel", "", &[]);
        request.checked(message.check()).body(message).record()
    }

    /// Answers a message. It is not sent again by itself.
    ///
    /// # Permissions
    ///
    /// As [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn reply(&self, message: impl Into<MessageId>, reply: &NewChatMessage) -> Operation<ChatMessage> {
        let message: MessageId = message.into();
        let request = self.call(Method::POST, "reply to a message.as_str()", "/{}/replies", &[message.as_str()]);
        request.checked(reply.check()).body(reply).record()
    }
}

open_enum! {
    /// What a message is.
    pub enum ChatMessageType {
        /// Something that someone wrote.
        Message = "message",
        /// Something that happened in the chat.
        ChatEvent = "chatEvent",
        /// Someone is writing.
        Typing = "typing",
        /// Something that happened in the team or channel.
        SystemEventMessage = "systemEventMessage",
    }

    /// How loudly a message asks to be read.
    pub enum ChatMessageImportance {
        /// As others.
        Normal = "normal",
        /// Marked as important.
        High = "high",
        /// Repeated until it is read.
        Urgent = "urgent",
    }
}

resource! {
    /// A message in a channel.
    pub struct ChatMessage {
        /// The id, unique within the channel.
        id: String,
        /// The message that it answers. None for one that begins a conversation.
        reply_to_id: Option<String>,
        /// The version.
        etag: Option<String>,
        /// What it is.
        message_type: Option<ChatMessageType>,
        /// When it was sent.
        created_date_time: Option<Timestamp>,
        /// When it, or a reaction to it, was last changed.
        last_modified_date_time: Option<Timestamp>,
        /// When its text was last changed.
        last_edited_date_time: Option<Timestamp>,
        /// When it was deleted.
        deleted_date_time: Option<Timestamp>,
        /// Who sent it. None for what happened by itself.
        from: Option<IdentitySet>,
        /// The subject.
        subject: Option<String> [read create],
        /// The text. With mentions or attachments it must be HTML.
        body: Option<ItemBody> [read create],
        /// A short form.
        summary: Option<String>,
        /// How important it is.
        importance: Option<ChatMessageImportance> [read create],
        /// The language of the sender.
        locale: Option<String>,
        /// The link that opens it in Teams.
        web_url: Option<String>,
        /// The channel that it is in.
        channel_identity: Option<ChannelIdentity>,
        /// Who is mentioned in it.
        mentions: Vec<ChatMention> [read create],
        /// What is attached to it.
        attachments: Vec<ChatAttachment> [read create],
        /// The answers, where they were asked for by `$expand`.
        replies: Vec<ChatMessage>,
    }
    /// A message that is to be sent, by [`new`](Self::new).
    create NewChatMessage;
}

resource! {
    /// A channel and its team.
    pub struct ChannelIdentity {
        /// The team, which has the id of its group.
        team_id: Option<String>,
        /// The channel.
        channel_id: Option<String>,
    }

    /// Someone who is mentioned in a message.
    pub struct ChatMention {
        /// The number that the body's `<at id="…">` refers to.
        id: Option<i32>,
        /// The text of the mention.
        mention_text: Option<String>,
        /// Who.
        mentioned: Option<IdentitySet>,
    }

    /// Something that is attached to a message: a file, a quoted message or a card.
    pub struct ChatAttachment {
        /// The id that the body's `<attachment id="…">` refers to.
        id: Option<String>,
        /// What it is, such as `reference` for a file or the type of a card.
        content_type: Option<String>,
        /// Where the file is.
        content_url: Option<String>,
        /// The card, as JSON.
        content: Option<String>,
        /// The name.
        name: Option<String>,
        /// A small picture.
        thumbnail_url: Option<String>,
    }
}

impl ChatMention {
    /// Mentions a person where the body has `<at id="number">text</at>`.
    #[must_use]
    pub fn user(number: i32, text: impl Into<String>, user_id: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            id: Some(number),
            mentioned: Some(IdentitySet::user(user_id, text.clone())),
            mention_text: Some(text),
            ..Self::default()
        }
    }
}

impl NewChatMessage {
    /// A message that says this.
    pub fn new(body: ItemBody) -> Self {
        Self::default().body(body)
    }

    fn check(&self) -> Vec<InvalidValue> {
        let content = self.body.as_ref().and_then(|body| body.content.as_deref()).unwrap_or_default();
        if content.trim().is_empty() {
            return vec![InvalidValue::new("body", content, "must say something")];
        }
        let is_html = self.body.as_ref().is_some_and(|body| body.content_type == Some(BodyType::Html));
        let marks = self.mentions.iter().flatten().filter_map(|mention| mention.id);
        let missing = marks.map(|number| format!("<at id=\"{number}\">"));
        let missing = missing.filter(|mark| !is_html || !content.contains(mark));
        missing
            .map(|mark| InvalidValue::new("body", content, format!("must be HTML that holds the mention {mark}")))
            .collect()
    }
}

impl Client {
    /// A channel of a team, by their ids. A team has the id of its group.
    #[must_use]
    pub fn channel(&self, team: impl Into<TeamId>, channel: impl Into<ChannelId>) -> Channel {
        Channel { client: self.clone(), team: team.into(), id: channel.into() }
    }
}
