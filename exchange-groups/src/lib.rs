#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod access;
mod access_findings;
mod additions;
mod apply;
mod change;
mod control;
mod credentials;
mod document;
mod drift;
mod error;
mod event;
pub mod evidence;
mod explain;
mod finding;
mod groups;
pub mod guide;
mod membership;
mod monitor;
mod names;
mod observe;
mod outcome;
#[cfg(feature = "placeos")]
pub mod placeos;
mod plan;
mod preflight;
mod procedure;
mod prove;
mod reach;
mod registration;
mod restriction;
mod script;
mod select;
mod sharing;
mod spec;
mod survey;
mod text;
mod trace;

pub use graph_client;

pub use self::additions::{Additions, NotAdded};
pub use self::apply::{Apply, MembersReadBack, Report, StageUsage};
pub use self::change::{Change, DisableSignIn, GrantPermission, RevokePermission, Stage, Step};
pub use self::control::{Running, Stop};
pub use self::credentials::{Credential, CredentialKind, CredentialState, Credentials, NewSecret};
pub use self::document::{Digest, FormatVersion, ObservationRef, Origin};
pub use self::drift::{Drift, DriftDifference, DriftEffect, DriftKind, DriftMetric, DriftStatus};
pub use self::error::{Error, ErrorKind, Result};
pub use self::event::{Awaited, Event};
pub use self::explain::{Cause, CauseKind, Explanation};
pub use self::finding::{Actor, Advice, Finding, FindingKind, Severity, Subject, VerdictEffect};
pub use self::groups::ExchangeGroups;
pub use self::membership::{MembershipCost, MembershipMethod};
pub use self::monitor::{ExistingMonitor, ExportedMonitor, MonitorExport, MonitorReading, MonitorVerdict};
pub use self::observe::{
    Namesake, Observation, ObservedGroup, ObservedRoomList, ObservedScope, OtherReach, Unread, UnreadPart,
};
pub use self::outcome::{Outcome, StepReport};
pub use self::plan::Plan;
pub use self::preflight::{Preflight, PreflightCheck, PreflightKind, PreflightOutcome};
pub use self::procedure::{
    Administrator, CarryOut, ComparedMailbox, Duties, Gate, Goal, MembershipComparison, Migrate, Procedure,
    ProcedureReport, ProcedureStage, Remaining, Retire, StageReport, StageState,
};
pub use self::prove::{
    Check, CheckOutcome, Evidence, Expectation, Proof, Prove, Sample, TokenEvidence, Verdict, VisibleTimes,
    WriteEvidence,
};
pub use self::reach::{
    ApplicationReach, Audit, AuditedApplication, AuditedPath, CalendarAccess, DelegatedReach, MailboxAccess,
    MailboxReach, ReachQuery, ReachReport,
};
pub use self::registration::{
    Registration, RegistrationFacts, RegistrationFinding, RegistrationFindingKind, RegistrationPlan,
    RegistrationReport, RegistrationStep, RegistrationStepReport,
};
pub use self::script::{Script, ScriptHeader};
pub use self::sharing::{SharedRight, Sharing, SharingPlan, SharingReport, SharingStep, SharingStepReport};
pub use self::spec::{
    MailboxUse, OtherMembers, Permission, ProductCall, ProductShape, Profile, RegistrationProfile,
    RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, Restriction, RoomFilter, RoomKind, Rooms, Scope, ShapeGap,
    SpecError, Workspaces,
};
pub use self::survey::{Disagreement, DisagreementKind, RoomSurvey, RoomTotals, SurveyedPlace, SurveyedRoom};
