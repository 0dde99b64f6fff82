#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod access;
mod apply;
mod discover;
mod error;
mod groups;
mod observe;
mod plan;
mod prove;
mod roles;
mod spec;

pub use graph_client;

pub use self::apply::{Apply, Event, Outcome, Report, StageUsage, StepReport};
pub use self::error::{Error, ErrorKind, Result};
pub use self::groups::ExchangeGroups;
pub use self::observe::{Grant, Observation, ObservedGroup, ObservedRoomList, Unread, UnreadPart};
pub use self::plan::{Change, Finding, FindingKind, Plan, RevokeGrant, Severity, Stage, Step};
pub use self::prove::{Check, Evidence, Expectation, Proof, Prove, Verdict};
pub use self::spec::{
    CalendarPermission, OtherMembers, RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, Restriction, RoomFilter,
    Rooms, SpecError,
};
