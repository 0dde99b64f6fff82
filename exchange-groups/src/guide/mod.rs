//! Guides: how the crates are used for a job, page by page. There is nothing to call in here.
//!
//! | page | for |
//! |---|---|
//! | [`placeos`] | connecting rooms to PlaceOS: its documented steps, click by click, and the calls that do them |
//! | [`permissions`] | what the administering application needs at least, per call, and how to grant it |
//! | [`restriction`] | RBAC for Applications or an application access policy: which, when, how they combine |
//! | [`verdict`] | what "verified" means, and what it cannot mean |
//! | [`migrating`] | moving from access policies to RBAC for Applications, and back |
//! | [`operating`] | scheduled runs: drift, expiring secrets, Microsoft's monitors |
//! | [`troubleshooting`] | what an error, a refusal or a finding means, and who does what about it |
//! | [`embedding`] | the crates inside a program of yours: runtime, HTTP client, logs, stopping, tests |
//! | [`powershell`] | from Exchange's cmdlets to typed values, cmdlet by cmdlet |
//! | [`coming_from`] | coming from `graph-rs-sdk`, or from PowerShell scripts |
//!
//! What the services do is said with its source and the day of the copy that was read. None of it was tried on a real
//! tenant. The examples run against [`fake-tenant`](https://docs.rs/fake-tenant): `contoso` in them is a tenant in memory
//! with 40 rooms, and `contoso.spec()` the spec of [`placeos`].

// What the links of the pages name.
#[cfg(doc)]
use graph_client::exchange::*;

#[cfg(doc)]
use crate::*;

#[doc = include_str!("coming_from.md")]
pub mod coming_from {}
#[doc = include_str!("embedding.md")]
pub mod embedding {}
#[doc = include_str!("migrating.md")]
pub mod migrating {}
#[doc = include_str!("operating.md")]
pub mod operating {}
#[doc = include_str!("permissions.md")]
pub mod permissions {}
#[doc = include_str!("placeos.md")]
pub mod placeos {}
#[doc = include_str!("powershell.md")]
pub mod powershell {}
#[doc = include_str!("restriction.md")]
pub mod restriction {}
#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}
#[doc = include_str!("verdict.md")]
pub mod verdict {}
