//! What a script says about the document that it is made from.

use std::collections::BTreeMap;

use graph_client::{ClientId, SmtpAddress};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::text::{Lines, shown};
use crate::change::{Change, Step};
use crate::document::{Digest, Origin};
use crate::spec::Restriction;

/// What a script says about itself, and what it checks besides the steps.
///
/// Any document that has steps makes a script with it: see [`Script::new`](crate::Script::new).
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScriptHeader {
    /// What the script does, as a sentence without a full stop.
    pub title: String,
    /// Where, when and by what the document was made. The script refuses to run in another tenant.
    pub origin: Origin,
    /// The digest of the document, which whoever approved it has noted.
    pub digest: Option<Digest>,
    /// The application.
    pub application: ClientId,
    /// The application's name.
    pub application_name: Option<String>,
    /// The group.
    pub group: Option<SmtpAddress>,
    /// The addresses of mailboxes, by the id by which the steps name them.
    #[serde(default)]
    pub addresses: BTreeMap<String, String>,
    /// How the application is restricted in the end: it decides which cmdlet tests mailboxes at the end. `None` tests
    /// nothing.
    pub restriction: Option<Restriction>,
    /// Mailboxes that are to be reached, to be tested at the end.
    #[serde(default)]
    pub reached: Vec<String>,
    /// Mailboxes that must not be reached, to be tested at the end.
    #[serde(default)]
    pub must_not_reach: Vec<String>,
}

impl ScriptHeader {
    /// A header with nothing but what every script needs.
    #[must_use]
    pub fn new(title: impl Into<String>, origin: Origin, application: ClientId) -> Self {
        Self {
            title: title.into(),
            origin,
            digest: None,
            application,
            application_name: None,
            group: None,
            addresses: BTreeMap::new(),
            restriction: None,
            reached: Vec::new(),
            must_not_reach: Vec::new(),
        }
    }
}

/// What both scripts say about the document that they are made from.
pub(super) fn about(out: &mut Lines, header: &ScriptHeader) {
    let name = header.application_name.as_deref().map(|name| format!("{}, ", shown(name))).unwrap_or_default();
    out.line(format!("  Application  {name}client id {}", header.application));
    if let Some(group) = &header.group {
        out.line(format!("  Group        {}", shown(group.as_str())));
    }
    out.line(format!("  Tenant       {}", shown(&header.origin.tenant)));
    if let Some(digest) = &header.digest {
        // A stored header may hold any text for it.
        out.line(format!("  Digest       {}", shown(digest.as_str())));
    }
    out.line(format!(
        "  Made by      {} at {}",
        shown(&header.origin.software),
        shown(&header.origin.made_at.to_string())
    ));
    out.line("");
}

/// The steps of the other script that stand before steps of this one.
#[derive(Debug)]
pub(super) struct Gates<'a> {
    /// The other script, as it is called and as the parameter says.
    other: &'static str,
    numbers: &'a [usize],
    passed: usize,
}

impl<'a> Gates<'a> {
    pub(super) const fn new(other: &'static str, numbers: &'a [usize]) -> Self {
        Self { other, numbers, passed: 0 }
    }

    /// Whether one of these steps has a step of the other script before it.
    pub(super) fn are_needed(&self, steps: &[(usize, &Step)]) -> bool {
        let last = steps.last().map_or(0, |(number, _)| *number);
        self.numbers.iter().any(|number| *number < last)
    }

    /// The parameter that says how far the other script has come.
    pub(super) fn parameter(&self) -> String {
        format!("{}DoneUpTo", self.other)
    }

    /// Stops before a step that stands behind a step of the other script.
    pub(super) fn before(&mut self, number: usize, out: &mut Lines) {
        let Some(last) = self.numbers.iter().copied().filter(|other| *other < number).max() else { return };
        if last <= self.passed {
            return;
        }
        self.passed = last;
        let (name, other) = (self.parameter(), self.other);
        out.line("");
        out.open(format!("if (${name} -lt {last} -and -not $WhatIfPreference) {{"));
        out.line(format!(
            "throw 'The script for {other} makes the steps up to {last}: run it now, then this one again with -{name} {last}.'"
        ));
        out.close("}");
    }
}

/// The switch that a change stands behind: what cannot be undone, or opens or closes an access path at once.
pub(super) fn switch(change: &Change) -> Option<String> {
    let name = change.cmdlet()?;
    let (verb, noun) = name.split_once('-')?;
    let is_grave = verb == "Enable" || (verb == "Remove" && !noun.ends_with("Member"));
    is_grave.then(|| format!("Allow{verb}{noun}"))
}
