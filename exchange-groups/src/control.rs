//! A run under control: its events as a stream, and a way to stop it without harm.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::future::{Either, select};
use graph_client::Client;
use tokio::sync::Notify;

use crate::event::{Event, Listener};

/// Stops a run. Clones stop the same one.
///
/// A change that has been sent is not abandoned: what it came to is read back once, the steps that follow are not run,
/// and the run ends with its report as ever. A wait for propagation ends at once. Run again to go on: the tenant is observed
/// anew.
///
/// A request that is under way is not interrupted, and neither is its repetition when a service asks for less load: a run
/// that is stopped then ends when the client's [`RetryOptions`](graph_client::RetryOptions) let the request end.
#[derive(Clone, Default)]
pub struct Stop(Arc<Flag>);

#[derive(Default)]
struct Flag {
    is_stopped: AtomicBool,
    notify: Notify,
}

impl Stop {
    /// A handle that nothing has been stopped by.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the run. It takes effect before the next change.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::SeqCst);
        self.0.notify.notify_waiters();
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::SeqCst)
    }

    /// Ends when it is stopped.
    async fn stopped(&self) {
        let notified = self.0.notify.notified();
        // Whoever stops it between the look and the wait is heard: the wait was registered before the look.
        tokio::pin!(notified);
        notified.as_mut().enable();
        if !self.is_stopped() {
            notified.await;
        }
    }

    /// The outcome of waiting for something by reads alone; `None` when it was stopped before.
    pub(crate) async fn or<T>(&self, wait: impl Future<Output = T> + Send) -> Option<T> {
        let (wait, stopped) = (Box::pin(wait), Box::pin(self.stopped()));
        match select(wait, stopped).await {
            Either::Left((outcome, _)) => Some(outcome),
            Either::Right(_) => None,
        }
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stop").field(&self.is_stopped()).finish()
    }
}

/// Who is told of the events of a run. Calls of the client tell it from wherever they wait.
#[derive(Clone)]
pub(crate) struct Events(Arc<Mutex<Listener>>);

impl Events {
    pub(crate) fn new(listener: Listener) -> Self {
        Self(Arc::new(Mutex::new(listener)))
    }

    pub(crate) fn tell(&self, event: &Event) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner))(event);
    }

    /// The client, which tells of its waits when a service asks for less load.
    pub(crate) fn heard_from(&self, client: &Client) -> Client {
        let events = self.clone();
        client.on_retry_wait(move |wait| {
            if wait.is_throttled {
                events.tell(&Event::throttled(wait.wait));
            }
        })
    }
}

/// A run that has been started: a stream of its events, and its outcome at the end.
///
/// It makes progress while the stream or [`finish`](Self::finish) is polled.
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// use exchange_groups::graph_client::{Client, ClientSecret, Cloud};
/// use exchange_groups::{ExchangeGroups, RestrictedCalendarGroup};
/// use futures_util::StreamExt;
///
/// let tenant = fake_tenant::FakeTenant::contoso();
/// let server = tenant.serve().await?;
/// let (admin, app) = (tenant.administrator(), tenant.booking_application());
/// let client = Client::builder()
///     .tenant(tenant.domain())
///     .credential(ClientSecret::new(admin.client_id.parse()?, admin.secret()))
///     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
///     .build()?;
/// let spec = RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", &*app.client_id)
///     .owner("exchange.admin@contoso.com")
///     .must_not_reach("ceo@contoso.com")
///     .build()?;
///
/// let groups = ExchangeGroups::new(client);
/// let plan = groups.plan(&spec).await?;
/// let mut run = groups.apply(&plan).start();
/// while let Some(event) = run.next().await {
///     println!("{}", serde_json::to_string(&event)?);
/// }
/// assert!(run.finish().await?.is_complete());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "a run makes no progress before it is polled"]
pub struct Running<T> {
    future: Pin<Box<dyn Future<Output = T> + Send>>,
    events: Arc<Mutex<VecDeque<Event>>>,
    stop: Stop,
    outcome: Option<T>,
}

impl<T> Running<T> {
    /// Starts a run that tells the given listener of its events.
    pub(crate) fn start<F>(stop: Stop, run: impl FnOnce(Listener) -> F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let events = Arc::new(Mutex::new(VecDeque::new()));
        let queue = Arc::clone(&events);
        let listener = move |event: &Event| {
            queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(event.clone());
        };
        Self { future: Box::pin(run(Box::new(listener))), events, stop, outcome: None }
    }

    /// The handle that stops it.
    #[must_use]
    pub fn stop_handle(&self) -> Stop {
        self.stop.clone()
    }

    /// The outcome. Events that were not taken are dropped.
    pub async fn finish(self) -> T {
        match self.outcome {
            Some(outcome) => outcome,
            None => self.future.await,
        }
    }
}

impl<T: Unpin> Stream for Running<T> {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let run = self.get_mut();
        let next = |run: &Self| run.events.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if let Some(event) = next(run) {
            return Poll::Ready(Some(event));
        }
        if run.outcome.is_none()
            && let Poll::Ready(outcome) = run.future.as_mut().poll(context)
        {
            run.outcome = Some(outcome);
        }
        match next(run) {
            Some(event) => Poll::Ready(Some(event)),
            None if run.outcome.is_some() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl<T> fmt::Debug for Running<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("is_finished", &self.outcome.is_some()).finish_non_exhaustive()
    }
}
