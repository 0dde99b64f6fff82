#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod access;
mod access_findings;
mod apply;
mod change;
mod document;
mod drift;
mod error;
mod finding;
mod groups;
mod membership;
mod names;
mod observe;
mod plan;
mod prove;
mod restriction;
mod script;
mod select;
mod spec;
mod text;
mod trace;

pub use graph_client;

pub use self::apply::{Apply, Awaited, Event, MembersReadBack, Outcome, Report, StageUsage, StepReport};
pub use self::change::{Change, RevokePermission, Stage, Step};
pub use self::document::{Digest, FormatVersion, ObservationRef, Origin};
pub use self::drift::{Drift, DriftDifference, DriftEffect, DriftKind, DriftMetric, DriftStatus};
pub use self::error::{Error, ErrorKind, Result};
pub use self::finding::{Actor, Advice, Finding, FindingKind, Severity, Subject, VerdictEffect};
pub use self::groups::ExchangeGroups;
pub use self::observe::{Observation, ObservedGroup, ObservedRoomList, OtherReach, Unread, UnreadPart};
pub use self::plan::Plan;
pub use self::prove::{
    Check, CheckOutcome, Evidence, Expectation, Proof, Prove, Sample, TokenEvidence, Verdict, VisibleTimes,
    WriteEvidence,
};
pub use self::script::{Script, ScriptHeader};
pub use self::spec::{
    OtherMembers, Permission, Profile, RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, Restriction,
    RoomFilter, Rooms, SpecError, Workspaces,
};
