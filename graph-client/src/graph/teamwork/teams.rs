use reqwest::Method;

use crate::client::Client;
use crate::graph::model::{input, model, open_enum};
use crate::graph::{BodyType, IdentitySet, ItemBody, List, Operation, Request, Support, Timestamp, call};
use crate::ids::InvalidValue;

/// A channel of a team and the messages in it. Made by [`Client::channel`].
#[derive(Debug, Clone)]
pub struct Channel {
    pub(crate) client: Client,
    pub(crate) team: String,
    pub(crate) id: String,
}

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
        List::supporting(request.prefer("include-unknown-enum-members"), Support::CHANNEL_MESSAGES).of_records()
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
    pub fn message(&self, id: &str) -> Operation<ChatMessage> {
        let request = self.call(Method::GET, "read a message of a channel", "/{}", &[id]);
        request.prefer("include-unknown-enum-members").record()
    }

    /// The answers to a message, 20 a page unless [`List::page_size`] says otherwise (at most 50).
    ///
    /// # Permissions
    ///
    /// As [`messages`](Self::messages).
    pub fn replies(&self, message: &str) -> List<ChatMessage> {
        let request = self.call(Method::GET, "list the replies to a message", "/{}/replies", &[message]);
        List::supporting(request.prefer("include-unknown-enum-members"), Support::CHANNEL_REPLIES).of_records()
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
    pub fn reply(&self, message: &str, reply: &NewChatMessage) -> Operation<ChatMessage> {
        let request = self.call(Method::POST, "reply to a message", "/{}/replies", &[message]);
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

model! {
    /// A message in a channel.
    #[derive(Default)]
    pub struct ChatMessage {
        /// The id, unique within the channel.
        pub id: String = "id",
        /// The message that it answers. None for one that begins a conversation.
        pub reply_to_id: Option<String> = "replyToId",
        /// The version.
        pub etag: Option<String> = "etag",
        /// What it is.
        pub message_type: Option<ChatMessageType> = "messageType",
        /// When it was sent.
        pub created_date_time: Option<Timestamp> = "createdDateTime",
        /// When it, or a reaction to it, was last changed.
        pub last_modified_date_time: Option<Timestamp> = "lastModifiedDateTime",
        /// When its text was last changed.
        pub last_edited_date_time: Option<Timestamp> = "lastEditedDateTime",
        /// When it was deleted.
        pub deleted_date_time: Option<Timestamp> = "deletedDateTime",
        /// Who sent it. None for what happened by itself.
        pub from: Option<IdentitySet> = "from",
        /// The subject.
        pub subject: Option<String> = "subject",
        /// What it says.
        pub body: Option<ItemBody> = "body",
        /// A short form.
        pub summary: Option<String> = "summary",
        /// How important it is.
        pub importance: Option<ChatMessageImportance> = "importance",
        /// The language of the sender.
        pub locale: Option<String> = "locale",
        /// The link that opens it in Teams.
        pub web_url: Option<String> = "webUrl",
        /// The channel that it is in.
        pub channel_identity: Option<ChannelIdentity> = "channelIdentity",
        /// Who is mentioned in it.
        pub mentions: Vec<ChatMention> = "mentions",
        /// What is attached to it.
        pub attachments: Vec<ChatAttachment> = "attachments",
        /// The answers, where they were asked for by `$expand`.
        pub replies: Vec<ChatMessage> = "replies",
    }

    /// A channel and its team.
    #[derive(Default)]
    pub struct ChannelIdentity {
        /// The team, which has the id of its group.
        pub team_id: Option<String> = "teamId",
        /// The channel.
        pub channel_id: Option<String> = "channelId",
    }

    /// Someone who is mentioned in a message.
    #[derive(Default)]
    pub struct ChatMention {
        /// The number that the body's `<at id="…">` refers to.
        pub id: Option<i32> = "id",
        /// The text of the mention.
        pub mention_text: Option<String> = "mentionText",
        /// Who.
        pub mentioned: Option<IdentitySet> = "mentioned",
    }

    /// Something that is attached to a message: a file, a quoted message or a card.
    #[derive(Default)]
    pub struct ChatAttachment {
        /// The id that the body's `<attachment id="…">` refers to.
        pub id: Option<String> = "id",
        /// What it is, such as `reference` for a file or the type of a card.
        pub content_type: Option<String> = "contentType",
        /// Where the file is.
        pub content_url: Option<String> = "contentUrl",
        /// The card, as JSON.
        pub content: Option<String> = "content",
        /// The name.
        pub name: Option<String> = "name",
        /// A small picture.
        pub thumbnail_url: Option<String> = "thumbnailUrl",
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

input! {
    /// A message that is to be sent, by [`new`](Self::new).
    pub struct NewChatMessage {
        /// The subject.
        pub subject: String = "subject",
        /// What it says. With mentions or attachments it must be HTML.
        pub body: ItemBody = "body",
        /// How important it is.
        pub importance: ChatMessageImportance = "importance",
        /// Who is mentioned in it.
        pub mentions: Vec<ChatMention> = "mentions",
        /// What is attached to it.
        pub attachments: Vec<ChatAttachment> = "attachments",
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
    pub fn channel(&self, team: impl Into<String>, channel: impl Into<String>) -> Channel {
        Channel { client: self.clone(), team: team.into(), id: channel.into() }
    }
}
