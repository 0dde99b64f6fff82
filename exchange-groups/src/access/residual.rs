//! What stays visible past a correct restriction. It is reported beside a verdict, and fails none.

use serde::Serialize;

use super::row::Certainty;
use super::{AccessModel, AccessPath, Level, Truth};

/// A way by which calendar data stays visible to an application that is restricted as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Residual {
    /// The way.
    pub way: &'static str,
    /// What is seen by it. `None` when it is out of this model.
    pub level: Option<Level>,
    /// How well it is known.
    pub certainty: Certainty,
    /// What is seen, in a sentence.
    pub text: &'static str,
    /// The setting, or the wait, that ends it.
    pub ended_by: &'static str,
}

const SCHEDULE: Residual = Residual {
    way: "getSchedule through a mailbox that is reached",
    level: Some(Level::Times),
    certainty: Certainty::Observed,
    text: "Only the mailbox in the path is held against the restriction. The free/busy times of every other mailbox are \
           shown as far as its calendar shows them to Default, or to the mailbox in the path.",
    ended_by: "Set-MailboxFolderPermission -Identity <mailbox>:\\Calendar -User Default -AccessRights None",
};

const ROOM_COPY: Residual = Residual {
    way: "the room's copy of a meeting",
    level: Some(Level::Events),
    certainty: Certainty::Page,
    text: "A meeting of a person who is not reached stands in the calendar of the room that is.",
    ended_by: "Set-CalendarProcessing -Identity <room> -DeleteSubject $true -DeleteComments $true, which act with \
               AutoAccept only",
};

const SHARED: Residual = Residual {
    way: "calendars shared with a mailbox that is reached",
    level: Some(Level::Events),
    certainty: Certainty::Guess,
    text: "They stand in its list of calendars. Whether an application can read them there is not known; rooms normally have \
           none.",
    ended_by: "Remove-MailboxFolderPermission -Identity <mailbox>:\\Calendar -User <mailbox that is reached>",
};

const IMPERSONATION: Residual = Residual {
    way: "Exchange Web Services as a mailbox that is reached",
    level: Some(Level::Write),
    certainty: Certainty::Guess,
    text: "It may open what that mailbox may open. Whether the restriction is asked about the second mailbox is not known.",
    ended_by: "Set-CASMailbox -Identity <mailbox> -EwsEnabled $false, or the end of Exchange Web Services on 2027-04-01",
};

const SUBSCRIPTIONS: Residual = Residual {
    way: "change notifications subscribed to before the restriction",
    level: Some(Level::Events),
    certainty: Certainty::Page,
    text: "They go on until they expire, unless the service asks to authorise them again.",
    ended_by: "one day for notifications with content, seven days for the others",
};

const TOKENS: Residual = Residual {
    way: "access tokens issued before",
    level: Some(Level::Write),
    certainty: Certainty::Page,
    text: "They carry the permissions that the application had.",
    ended_by: "90 minutes; 24 hours where a client uses continuous access evaluation or a managed identity",
};

const OUTSIDE: Residual = Residual {
    way: "another application of the same vendor, Microsoft Graph Data Connect, backup products",
    level: None,
    certainty: Certainty::Guess,
    text: "They are outside this model.",
    ended_by: "a review of each",
};

impl AccessModel<'_> {
    /// What stays visible past a correct restriction: to be said beside every verdict.
    #[must_use]
    pub fn residuals(&self) -> Vec<Residual> {
        let mut residuals = Vec::new();
        if self.has_caller() != Truth::No {
            residuals.push(SCHEDULE);
        }
        residuals.extend([ROOM_COPY, SHARED]);
        let by_ews = |path: &super::PathReach| matches!(path.path, AccessPath::EwsGrant | AccessPath::EwsRbac);
        if self.any_path(by_ews) {
            residuals.push(IMPERSONATION);
        }
        residuals.extend([SUBSCRIPTIONS, TOKENS, OUTSIDE]);
        residuals
    }
}
