//! What a security reviewer gets: the evidence of a verification in the forms that reviewers use.
//!
//! A [`Proof`](crate::Proof) is the document of a verification. An [`EvidenceReport`] says the same in checks with stable
//! ids, which are mapped to the ids of Maester, Prowler, `ScubaGear` and CIS. It is rendered as
//!
//! - JSON: the value itself, the source of all others;
//! - [`html`](struct.EvidenceReport.html#method.html): one page without a script or a reference to anything outside it;
//! - [`junit`](struct.EvidenceReport.html#method.junit): for a pipeline. What could not be told is an error there, so that
//!   nothing is green that is not known;
//! - [`ocsf`](EvidenceReport::ocsf): Compliance Findings (class 2003) of the Open Cybersecurity Schema Framework 1.8.0.
//!
//! No form says of a check that it passed unless the proof shows it, and none contains a secret, a token or what is in a
//! calendar.
//!
//! # What each check rests on
//!
//! | id | it says | it rests on |
//! |---|---|---|
//! | `ECG-001` | the application reaches only the group | live reads with the application's own token, Exchange's own test, and the configuration of every mailbox of the spec |
//! | `ECG-002` | the restriction is in place | role assignments, scopes, access policies and the members of their groups |
//! | `ECG-003` | no tenant-wide permission reaches calendars | the app role assignments of the service principal on Microsoft Graph and Exchange |
//! | `ECG-004` | no other role or policy reaches more | all its role assignments and all policies that are about it |
//! | `ECG-005` | the group is what the spec says | the group, its owners and its members in Exchange |
//! | `ECG-006` | the application cannot lift its own limit | its permissions, directory roles, role groups and owners, and what they allow |
//! | `ECG-007` | its credentials are few and short-lived | its registration and service principal, where they were looked at |
//!
//! Mappings are *related to* a control of the named tool, never *satisfy* it.

mod checks;
#[cfg(feature = "evidence")]
mod html;
#[cfg(feature = "evidence")]
mod junit;
mod ocsf;
mod report;

pub use self::checks::{EvidenceCheck, EvidenceCheckId, EvidenceResult, Related, ReviewTool};
pub use self::report::{EvidenceMailbox, EvidenceReport};
