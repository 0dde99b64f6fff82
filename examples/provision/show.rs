use std::fmt::Display;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use exchange_groups::graph_client::printable;
use exchange_groups::{Event, Outcome};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// Where text and documents go.
pub(crate) struct Show {
    json: bool,
    has_shown_a_document: AtomicBool,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Show {
    pub(crate) fn new(json: bool) -> Self {
        Self::to(stdout(), json)
    }

    /// Shows everything there.
    pub(crate) fn to(out: impl Write + Send + 'static, json: bool) -> Self {
        Self { json, has_shown_a_document: AtomicBool::new(false), out: Mutex::new(Box::new(out)) }
    }

    /// Text for people; nothing when a document was asked for.
    pub(crate) fn text(&self, text: impl Display) {
        if !self.json {
            self.print(text);
        }
    }

    /// Nobody may be reading any more (`| head`), which must not stop a change half way.
    fn print(&self, text: impl Display) {
        let _ = writeln!(self.out.lock().unwrap_or_else(PoisonError::into_inner), "{text}");
    }

    /// The document for programs; nothing when text was asked for.
    pub(crate) fn document(&self, document: &Value) -> anyhow::Result<()> {
        if self.json {
            self.print(serde_json::to_string_pretty(document)?);
            self.has_shown_a_document.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(crate) fn has_shown_a_document(&self) -> bool {
        self.has_shown_a_document.load(Ordering::Relaxed)
    }
}

/// After how many mailboxes there is a line where there is no bar.
const LINE_EVERY: usize = 80;

/// A bar on a terminal, a line for each step elsewhere. Both go to standard error.
#[derive(Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    lines: bool,
    /// Events go out as JSON lines.
    json: bool,
}

impl Progress {
    pub(crate) fn new(title: &'static str, total: usize, json: bool) -> Self {
        let is_terminal = stderr().is_terminal() && !json;
        let bar = if is_terminal { ProgressBar::new(total as u64) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{prefix:>9} [{bar:30}] {pos}/{len} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        bar.set_prefix(title);
        Self { bar, lines: !is_terminal, json }
    }

    pub(crate) fn event(&mut self, event: &Event) {
        if self.json {
            // An event always serialises.
            eprintln!("{}", serde_json::to_string(event).unwrap_or_default());
            return;
        }
        match event {
            Event::Stage { stage } => self.bar.set_message(stage.title()),
            Event::Waiting { what, until } => {
                self.bar.set_message(format!("waiting for {}", what.description()));
                if self.lines {
                    eprintln!("waiting for {}, until {until} at the latest", what.description());
                }
            }
            Event::Throttled { until } => {
                self.bar.set_message(format!("the service asked for less load: waiting until {until}"));
                if self.lines {
                    eprintln!("the service asked for less load: waiting until {until}");
                }
            }
            Event::Checked { done, total, .. } => {
                self.bar.set_length(*total as u64);
                self.bar.set_position(*done as u64);
                if self.lines && (done == total || done % LINE_EVERY == 0) {
                    eprintln!("{done}/{total} mailboxes read");
                }
            }
            Event::Step { change, outcome, done, total } => {
                self.bar.set_length(*total as u64);
                self.bar.set_position(*done as u64);
                let how = match outcome {
                    Outcome::Done => "done",
                    Outcome::AlreadyDone => "was done before",
                    Outcome::NotNeeded => "is not needed",
                    Outcome::Failed { .. } => "FAILED",
                    Outcome::Unconfirmed { .. } => "not seen yet",
                    _ => "not run",
                };
                if self.lines {
                    eprintln!("{done}/{total} {how}: {}", printable(&change.to_string()));
                }
            }
            _ => {}
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
