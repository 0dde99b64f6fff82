#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod client;
mod cloud;
mod error;
pub mod exchange;
pub mod graph;
mod http;
mod ids;
mod odata;
mod request;
pub mod well_known;

pub use reqwest::Method;

pub use self::auth::{AccessToken, ClientSecret, StaticToken, TokenContext, TokenProvider};
pub use self::client::{Client, ClientBuilder};
pub use self::cloud::Cloud;
pub use self::error::{Error, ErrorKind, Result};
pub use self::http::{Concurrency, Load, Meter, Response, RetryOptions, Usage};
pub use self::ids::{
    AppRoleAssignmentId, AppRoleId, ClientId, InvalidValue, ObjectId, ServicePrincipalId, SmtpAddress, TenantId,
};
pub use self::odata::{Items, List, Page, Pages};
pub use self::request::Request;
