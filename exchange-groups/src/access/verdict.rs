use crate::names::named;

named! {
    /// The verdict on access: whether the configuration lets an application reach a mailbox.
    ///
    /// It is about the configuration after propagation. A live call can be refused for other reasons, and for a while after
    /// a change it can have the result of before.
    pub enum Access as "access" {
        /// At least one access path leads to the mailbox.
        Allowed = "allowed",
        /// No access path leads to the mailbox.
        Denied = "denied",
        /// The facts do not decide it: a part is unread, or the sources disagree on what it does.
        Unknown = "unknown",
    }
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

named! {
    /// A truth value of three-valued logic (Kleene's): what a condition is when facts can be unread.
    pub enum Truth as "truth value" {
        /// The condition holds.
        Yes = "yes",
        /// The condition does not hold.
        No = "no",
        /// The facts do not decide it.
        Unknown = "unknown",
    }
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

named! {
    /// How much of a calendar is seen, or done to it. Each level is a claim of its own.
    pub enum Level as "level" {
        /// When the mailbox is busy (free/busy).
        Times = "times",
        /// Subject and place too: free/busy of a calendar that is shared as `LimitedDetails`.
        Brief = "brief",
        /// The events, private ones included: application permissions do not honour the private flag.
        Events = "events",
        /// Create, change and delete events.
        Write = "write",
    }
}

impl Level {
    /// What is seen or done, in words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Times => "free/busy times",
            Self::Brief => "free/busy with subject and place",
            Self::Events => "events",
            Self::Write => "changing events",
        }
    }
}
