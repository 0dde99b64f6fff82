use std::fmt;

use serde::{Deserialize, Serialize};

/// The verdict on access: whether the configuration lets an application reach a mailbox.
///
/// It is about the configuration after propagation. A live call can be refused for other reasons, and for a while after
/// a change it can be answered as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// At least one access path leads to the mailbox.
    Allowed,
    /// No access path leads to the mailbox.
    Denied,
    /// The facts do not decide it: a part is unread, or the sources disagree on what it does.
    Unknown,
}

impl Access {
    /// Access by either of two access paths: one that is allowed is enough, and a denial needs both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Allowed, _) | (_, Self::Allowed) => Self::Allowed,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Denied, Self::Denied) => Self::Denied,
        }
    }

    /// Access that needs both of two conditions inside one access path: one that is denied is enough to deny.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Denied, _) | (_, Self::Denied) => Self::Denied,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Allowed, Self::Allowed) => Self::Allowed,
        }
    }

    /// Access over several access paths. None at all is a denial.
    #[must_use]
    pub fn any(paths: impl IntoIterator<Item = Self>) -> Self {
        paths.into_iter().fold(Self::Denied, Self::or)
    }
}

impl From<Truth> for Access {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::Yes => Self::Allowed,
            Truth::No => Self::Denied,
            Truth::Unknown => Self::Unknown,
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        })
    }
}

/// A truth value of three-valued logic (Kleene's): what a condition is when facts can be unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// The condition holds.
    Yes,
    /// The condition does not hold.
    No,
    /// The facts do not decide it.
    Unknown,
}

impl Truth {
    /// Both hold.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// At least one holds.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::No, Self::No) => Self::No,
        }
    }

    /// The opposite; what is unknown stays unknown.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "it stands beside `and` and `or`, which have no operator trait")]
    pub const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    /// At least one of them holds. None at all is a no.
    #[must_use]
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        conditions.into_iter().fold(Self::No, Self::or)
    }

    /// All of them hold. None at all is a yes.
    #[must_use]
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        conditions.into_iter().fold(Self::Yes, Self::and)
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Self::Yes } else { Self::No }
    }
}

/// `None` stands for a value that was not read.
impl From<Option<bool>> for Truth {
    fn from(read: Option<bool>) -> Self {
        read.map_or(Self::Unknown, Self::from)
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        })
    }
}

/// How much of a calendar is seen, or done to it. Each level is a claim of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// When the mailbox is busy (free/busy).
    Times,
    /// Subject and place too: free/busy of a calendar that is shared as `LimitedDetails`.
    Brief,
    /// The events, private ones included: application permissions do not honour the private flag.
    Events,
    /// Create, change and delete events.
    Write,
}

impl Level {
    /// Every level, from the least to the most.
    pub const ALL: [Self; 4] = [Self::Times, Self::Brief, Self::Events, Self::Write];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Times => "free/busy times",
            Self::Brief => "free/busy with subject and place",
            Self::Events => "events",
            Self::Write => "changing events",
        })
    }
}
