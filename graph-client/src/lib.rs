#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "exchange"), allow(dead_code, reason = "some of the lower layers serves Exchange alone"))]

mod auth;
mod client;
mod cloud;
mod config;
mod error;
#[cfg(feature = "exchange")]
pub mod exchange;
pub mod graph;
mod http;
mod ids;
mod kinds;
mod operation;
mod pipeline;
mod redact;
mod text;
mod time;
pub mod well_known;

pub use async_trait::async_trait;
pub use bytes::Bytes;
/// The HTTP client below, for [`ClientBuilder::http`] and [`ClientBuilder::http_with`].
pub use reqwest;
pub use reqwest::Method;
/// What secrets are given and taken as.
pub use secrecy::{ExposeSecret, SecretString};
/// JSON, in which [`Properties`](graph::Properties) and untyped responses are.
pub use serde_json;
pub use url::Url;
pub use uuid::Uuid;

#[cfg(feature = "azure-core")]
pub use self::auth::AzureCredential;
#[cfg(feature = "certificate")]
pub use self::auth::ClientCertificate;
pub use self::auth::{
    AccessToken, AssertionRequest, ClientAssertion, ClientSecret, DeviceCode, DeviceCodePrompt, SignInError,
    SignInReason, StaticToken, TokenClaims, TokenContext, TokenProvider,
};
pub use self::client::{Client, ClientBuilder, http_builder};
pub use self::cloud::{Cloud, Service};
pub use self::config::ClientConfig;
pub use self::error::{Error, ErrorKind, Result};
pub use self::graph::{
    Batch, BatchHandle, BatchId, BatchResponses, Change, Delta, DeltaEvent, DeltaEvents, DeltaPage, DeltaPages,
    DeltaRound, Expand, Filter, Items, List, Literal, Page, Pages, Priority, RemovalReason, Removed, Request, Resync,
    Search,
};
pub use self::http::{Concurrency, Load, Meter, Response, RetryOptions, RetryWait, Usage};
#[cfg(feature = "devices")]
pub use self::ids::DeviceId;
pub use self::ids::{
    AdministrativeUnitId, AppRoleAssignmentId, AppRoleId, AttachmentId, CalendarGroupId, CalendarId,
    CalendarPermissionId, ClientId, EventId, GroupId, InvalidValue, ObjectId, PermissionGrantId, PlaceRef,
    RoleAssignmentId, RoleDefinitionId, ServicePrincipalId, SmtpAddress, SubscriptionId, TenantId, UserRef,
};
#[cfg(feature = "teams")]
pub use self::ids::{ChannelId, MessageId, TeamId};
#[cfg(feature = "applications")]
pub use self::ids::{FederatedCredentialRef, KeyId};
#[cfg(feature = "planner")]
pub use self::ids::{PlanId, TaskId};
pub use self::operation::Operation;
pub use self::text::printable;
pub use self::time::Later;
