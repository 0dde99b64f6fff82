use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::macros::open_enum;
use crate::client::Client;
use crate::cloud::{self, Service};
use crate::error::{Error, Result};
use crate::graph::{self, Delta, List};
use crate::http::{Body, Call, Failure, Response, Shape};
use crate::ids::InvalidValue;
use crate::kinds::kinds;
use crate::operation::{Operation, Outgoing, call_options};

/// One Graph request. Made by [`Client::request`]; nothing is sent before [`send`](Self::send) or
/// [`json`](Self::json).
///
/// What is wrong with the request (a bad header, a body that does not serialise) is kept and reported when it is sent.
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// # use graph_client::{Client, ClientSecret, Cloud};
/// use graph_client::Method;
/// use graph_client::graph::BodyType;
/// # let tenant = fake_tenant::FakeTenant::contoso();
/// # let server = tenant.serve().await?;
/// # let app = tenant.booking_application();
/// # let client = Client::builder()
/// #     .tenant(tenant.domain())
/// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
/// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
/// #     .build()?;
///
/// // Preferences are combined in one header.
/// let room = &tenant.rooms()[0];
/// let response: serde_json::Value = client
///     .request(Method::GET, format!("/v1.0/users/{room}/calendarView"))
///     .query("startDateTime", "2026-11-22T00:00:00Z")
///     .query("endDateTime", "2026-11-23T00:00:00Z")
///     .immutable_ids()
///     .time_zone("Europe/Berlin")
///     .body_type(BodyType::Text)
///     .timeout(std::time::Duration::from_secs(10))
///     .json()
///     .await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(crate) outgoing: Outgoing,
}

/// The options that only Graph knows: they go to the request inside, by `map_request`.
macro_rules! graph_options {
    () => {
        /// Asks for ids that stay when an item moves, as [`Request::immutable_ids`](crate::Request::immutable_ids).
        pub fn immutable_ids(self) -> Self {
            self.map_request(|request| request.immutable_ids())
        }

        /// Asks for times in this zone, as [`Request::time_zone`](crate::Request::time_zone).
        pub fn time_zone(self, zone: &str) -> Self {
            self.map_request(|request| request.time_zone(zone))
        }

        /// Asks for the bodies of events and messages in this form.
        pub fn body_type(self, form: crate::graph::request::BodyType) -> Self {
            self.map_request(|request| request.body_type(form))
        }

        /// Sends `ConsistencyLevel: eventual` even if nothing in the query needs it.
        pub fn eventual_consistency(self) -> Self {
            self.map_request(|request| request.eventual_consistency())
        }

        /// Says which requests Graph turns away first when it has to.
        pub fn priority(self, priority: crate::graph::Priority) -> Self {
            self.map_request(|request| request.priority(priority))
        }

        /// Says that what this is about was just created, as [`Request::just_created`](crate::Request::just_created).
        pub fn just_created(self) -> Self {
            self.map_request(|request| request.just_created())
        }
    };
}
pub(crate) use graph_options;

impl Request {
    pub(crate) fn new(client: Client, method: Method, path: &str) -> Self {
        let root = &client.pipeline.cloud.endpoint(Service::Graph).url;
        let url = Ok(cloud::join(root, path));
        Self::to_url(client, method, url)
    }

    pub(crate) fn to_url(client: Client, method: Method, url: Result<Url>) -> Self {
        let call = url.map(|url| {
            let mut call = Box::new(Call::new(Service::Graph, method, url, graph::classify));
            call.mailbox = mailbox_of(call.url.path());
            call.retry.clone_from(client.pipeline.transport.retry());
            call
        });
        Self { outgoing: Outgoing::new(client, call) }
    }

    /// The same request to another URL, such as a link in a response.
    pub(crate) fn at(mut self, url: Result<Url>) -> Self {
        self.outgoing.call = self.outgoing.call.and_then(|call| Ok(Box::new(Call { url: url?, ..*call })));
        self
    }

    /// The same request, whose responses are judged in another way.
    pub(crate) fn classified_by(mut self, classify: fn(&Response) -> Option<Failure>) -> Self {
        if let Ok(call) = &mut self.outgoing.call {
            call.classify = classify;
        }
        self
    }

    /// The same request, which is not sent but gives this error.
    pub(crate) fn refused(mut self, error: impl Into<Error>) -> Self {
        self.outgoing = self.outgoing.refused(error);
        self
    }

    /// Names the operation for errors (`operation` may hold values) and traces (`name` may not).
    pub(crate) fn named(mut self, name: &'static str, operation: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        self.outgoing = self.outgoing.named(name, operation);
        self
    }

    call_options!(outgoing);

    /// The same request, which is refused if a check of what it would send found faults.
    pub(crate) fn checked(self, faults: impl IntoIterator<Item = InvalidValue>) -> Self {
        let faults: Vec<InvalidValue> = faults.into_iter().collect();
        if faults.is_empty() { self } else { self.refused(faults) }
    }

    /// The same request, whose success is checked against what is documented of it.
    pub(crate) fn shaped(mut self, shape: Shape) -> Self {
        if let Ok(call) = &mut self.outgoing.call {
            call.shape = Some(shape);
        }
        self
    }

    /// The request as an operation that gives one record: a body without the record is an error.
    pub(crate) fn record<T: graph::Record>(self) -> Operation<T> {
        self.shaped(graph::record_shape::<T>()).typed()
    }

    /// Says that what the request is about was just created: it then waits up to 35 s for the directory's servers to
    /// know it. Without this a missing object is an error at once.
    pub fn just_created(self) -> Self {
        self.created(true)
    }

    pub(crate) fn created(mut self, just_created: bool) -> Self {
        if let Ok(call) = &mut self.outgoing.call {
            call.just_created = just_created;
        }
        self
    }

    /// The URL as far as it is known.
    pub(crate) fn url(&self) -> Option<&Url> {
        self.outgoing.call.as_ref().ok().map(|call| &call.url)
    }

    /// Adds a query parameter; the value is percent-encoded here.
    ///
    /// Nothing but the encoding is done to it: a `$filter` that is given here must have its values quoted, and no
    /// header is set for it. [`list`](Self::list) and [`Filter`](crate::Filter) do both.
    pub fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        if let Ok(call) = &mut self.outgoing.call {
            let mut query = call.url.query().unwrap_or_default().to_owned();
            if !query.is_empty() {
                query.push('&');
            }
            query_component(name, &mut query);
            query.push('=');
            query_component(value.as_ref(), &mut query);
            call.url.set_query(Some(&query));
        }
        self
    }

    /// Asks for some properties only; for all that come by default where none is named.
    pub fn select(self, properties: &[&str]) -> Self {
        if properties.is_empty() {
            return self;
        }
        self.query("$select", properties.join(","))
    }

    /// Asks Outlook for ids that stay when an item moves to another folder.
    ///
    /// Ask for them always or never: the two kinds cannot be compared. In a batch each request asks for itself.
    pub fn immutable_ids(self) -> Self {
        self.prefer("IdType=\"ImmutableId\"")
    }

    /// Asks Outlook for times in this zone: a Windows name, or an IANA name such as `Europe/Berlin`. Default UTC.
    pub fn time_zone(self, zone: &str) -> Self {
        if zone.trim().is_empty() || zone.contains(['"', '\\']) || zone.contains(char::is_control) {
            return self.refused(InvalidValue::new("time zone", zone, "must be the name of a time zone"));
        }
        self.prefer(&format!("outlook.timezone=\"{zone}\""))
    }

    /// Asks Outlook for the bodies of events and messages in this form.
    pub fn body_type(self, form: BodyType) -> Self {
        match form {
            BodyType::Text => self.prefer("outlook.body-content-type=\"text\""),
            BodyType::Html => self.prefer("outlook.body-content-type=\"html\""),
            BodyType::Unknown(form) => self.refused(InvalidValue::new("body type", form, "must be text or HTML")),
        }
    }

    /// Sends `ConsistencyLevel: eventual`, which the directory's advanced queries need: counts, searches, `ne`, `not`
    /// and others. What they return lags behind changes. [`list`](Self::list) knows when it is needed.
    pub fn eventual_consistency(mut self) -> Self {
        if let Ok(call) = &mut self.outgoing.call {
            call.set_header("consistencylevel", HeaderValue::from_static("eventual"));
        }
        self
    }

    /// Sets the body, which is sent as JSON.
    pub fn body(mut self, body: &impl Serialize) -> Self {
        if let Ok(call) = &mut self.outgoing.call {
            match serde_json::to_vec(body) {
                Ok(bytes) => call.body = Body::Json(Bytes::from(bytes)),
                Err(error) => {
                    let fault = InvalidValue::new("body", "", "must serialise to JSON");
                    self.outgoing.call = Err(Error::from(fault).with_source(error));
                }
            }
        }
        self
    }

    /// Sets a body that is not JSON, such as a picture.
    pub fn body_bytes(self, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        let mut request = self.header("content-type", content_type);
        if let Ok(call) = &mut request.outgoing.call {
            call.body = Body::Json(bytes.into());
        }
        request
    }

    /// Says which requests Graph turns away first when it has to. Not every workload knows it.
    pub fn priority(self, priority: Priority) -> Self {
        self.header("x-ms-throttle-priority", priority.header())
    }

    /// Says that sending the request twice does no more than sending it once, so that it may be repeated after a
    /// time-out or a broken connection. GET, PUT and DELETE are so by themselves; POST and PATCH are not.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        if let Ok(call) = &mut self.outgoing.call {
            call.is_idempotent = idempotent;
        }
        self
    }

    /// Says that the request changes nothing although its method is that of a write.
    pub(crate) fn read_only(mut self) -> Self {
        if let Ok(call) = &mut self.outgoing.call {
            (call.is_idempotent, call.is_safe) = (true, true);
        }
        self
    }

    /// Sends the request and gives the response, whose status is 2xx.
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`](crate::ErrorKind): any other status is an error.
    pub async fn send(self) -> Result<Response> {
        let call = self.outgoing.call?;
        self.outgoing.client.pipeline.execute(&call, &self.outgoing.client.meter).await
    }

    /// Sends the request and decodes the response.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        let call = self.outgoing.call?;
        let response = self.outgoing.client.pipeline.execute(&call, &self.outgoing.client.meter).await?;
        response.json().map_err(|error| self.outgoing.client.pipeline.redact(error).during(call.describe()))
    }

    /// The request as a list: `T` is the type of an item.
    ///
    /// What the list supports is told by the path; see [`List`].
    pub fn list<T: DeserializeOwned + Send + 'static>(self) -> List<T> {
        List::new(self)
    }

    /// The request as the start of a delta query, whose path ends with `/delta`: `T` is the type of an item.
    pub fn delta<T: DeserializeOwned + Send + 'static>(self) -> Delta<T> {
        Delta::new(self)
    }

    /// The request with the type of its response, to be awaited or added to a [`Batch`](crate::Batch).
    pub fn typed<T: DeserializeOwned + Send + 'static>(self) -> Operation<T> {
        Operation::of_request(self.outgoing, |response| response?.json())
    }

    /// The request as an operation whose response has nothing to read, such as a deletion: it has succeeded if the response
    /// is 204 or 202, and no page of a proxy. For a call that documents another status see [`unit_on`](Self::unit_on).
    pub fn unit(self) -> Operation<()> {
        self.unit_on(&[204, 202])
    }

    /// The request as an operation whose response has nothing to read, with the statuses that its documentation gives for
    /// success. Any other success is an error: what was to happen may not have.
    pub fn unit_on(self, statuses: &'static [u16]) -> Operation<()> {
        Operation::of_request(self.shaped(graph::nothing_shape(statuses)).outgoing, |response| response.map(drop))
    }

    /// The request as an operation that gives the response as it came.
    pub fn raw(self) -> Operation<Response> {
        Operation::of_request(self.outgoing, |response| response)
    }
}

/// Percent-encodes a name or a value of a query. A space becomes `%20`: not every service reads `+` as one.
fn query_component(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$:@/,()*!".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
}

open_enum! {
    /// What a body is written in.
    pub enum BodyType {
        /// Plain text.
        Text = "text",
        /// HTML.
        Html = "html",
    }
}

kinds! {
    /// Which requests Graph turns away first when it has to.
    #[derive(Default)]
    pub enum Priority {
        /// Work in the background, which nobody waits for.
        Low,
        /// What Graph takes every request for.
        #[default]
        Normal,
        /// Somebody waits for it.
        High,
    }
}

impl Priority {
    const fn header(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Normal => "Normal",
            Self::High => "High",
        }
    }
}

/// What Outlook serves. The rest belongs to the directory and other services.
const OUTLOOK: [&str; 14] = [
    "calendar",
    "calendargroup",
    "calendargroups",
    "calendars",
    "calendarview",
    "contactfolders",
    "contacts",
    "events",
    "findmeetingtimes",
    "mailboxsettings",
    "mailfolders",
    "messages",
    "outlook",
    "sendmail",
];

/// The mailbox that a path works in.
fn mailbox_of(path: &str) -> Option<Box<str>> {
    let is_root = |segment: &str| segment.eq_ignore_ascii_case("users") || segment.eq_ignore_ascii_case("me");
    let mut segments = path.split('/').skip_while(|segment| !is_root(segment));
    let mailbox = match segments.next()? {
        me if me.eq_ignore_ascii_case("me") => me,
        _ => segments.next()?,
    };
    let what = segments.next()?;
    let what = what.split('(').next().unwrap_or_default();
    OUTLOOK.iter().any(|outlook| outlook.eq_ignore_ascii_case(what)).then(|| mailbox.to_ascii_lowercase().into())
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Request").field(&self.outgoing).finish()
    }
}

impl Client {
    /// Any Graph call, through the same pipeline as the typed ones.
    ///
    /// `path` starts with the version, such as `/v1.0/me` or `/beta/places`. It must be percent-encoded.
    ///
    /// # Examples
    ///
    /// ```
    /// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # rt.block_on(async {
    /// # use graph_client::{Client, ClientSecret, Cloud};
    /// use graph_client::Method;
    /// # let tenant = fake_tenant::FakeTenant::contoso();
    /// # let server = tenant.serve().await?;
    /// # let app = tenant.administrator();
    /// # let client = Client::builder()
    /// #     .tenant(tenant.domain())
    /// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
    /// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
    /// #     .build()?;
    ///
    /// let response: serde_json::Value = client.request(Method::GET, "/v1.0/organization").json().await?;
    /// assert_eq!(response["value"].as_array().map(Vec::len), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> Request {
        Request::new(self.clone(), method, path.as_ref())
    }

    /// Any Graph list, through the same pipeline and with the same care as the typed ones.
    ///
    /// # Examples
    ///
    /// ```
    /// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # rt.block_on(async {
    /// # use graph_client::{Client, ClientSecret, Cloud};
    /// use futures_util::TryStreamExt;
    /// # let tenant = fake_tenant::FakeTenant::contoso();
    /// # let server = tenant.serve().await?;
    /// # let app = tenant.administrator();
    /// # let client = Client::builder()
    /// #     .tenant(tenant.domain())
    /// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
    /// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
    /// #     .build()?;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct RoomList {
    ///     id: String,
    /// }
    ///
    /// let lists = client.list::<RoomList>("/v1.0/places/microsoft.graph.roomlist");
    /// let lists: Vec<RoomList> = lists.into_stream().try_collect().await?;
    /// assert_eq!(lists.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn list<T: DeserializeOwned + Send + 'static>(&self, path: impl AsRef<str>) -> List<T> {
        List::new(self.request(Method::GET, path))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mailbox_is_told_by_what_is_asked_of_it() {
        for (path, expected) in [
            ("/v1.0/users/Room@contoso.com/calendarView", Some("room@contoso.com")),
            ("/graph/beta/users/a@b.c/events/AAA=/attachments", Some("a@b.c")),
            ("/v1.0/users/a@b.c/sendMail", Some("a@b.c")),
            ("/v1.0/Users/1/Events/2", Some("1")),
            ("/v1.0/me/events", Some("me")),
            ("/v1.0/me/memberOf", None),
            ("/v1.0/users/a@b.c/managedDevices", None),
            ("/v1.0/users/a@b.c/manager", None),
            ("/v1.0/users/a@b.c", None),
            ("/v1.0/groups/1/events", None),
        ] {
            assert_eq!(mailbox_of(path).as_deref(), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_query_is_read_back_as_it_was(pairs in proptest::collection::vec(("[$a-z]{1,6}", "\\PC{0,12}|[&=+ '#%]{0,4}"), 1..4)) {
            let mut query = String::new();
            for (index, (name, value)) in pairs.iter().enumerate() {
                query.push_str(if index > 0 { "&" } else { "" });
                query_component(name, &mut query);
                query.push('=');
                query_component(value, &mut query);
            }
            let mut url = Url::parse("https://graph.example/").unwrap();
            url.set_query(Some(&query));
            // What was encoded here is not encoded again there.
            prop_assert_eq!(url.query(), Some(&*query));
            prop_assert!(!query.contains('+'));
            let read: Vec<_> = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
            prop_assert_eq!(read, pairs);
        }
    }
}
