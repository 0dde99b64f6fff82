#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod domain;
mod engine;
mod faults;
mod keys;
mod request;
mod routes;
mod schema;
#[cfg(feature = "server")]
mod server;
mod staff;
mod state;

pub use domain::FakePlaceOs;
pub use faults::Fault;
pub use keys::Level;
pub use request::{Interruption, RecordedRequest, Request, Response};
pub use routes::{Route, Service, routes};
pub use schema::{Field, FieldType, Schema, schemas};
#[cfg(feature = "server")]
pub use server::Server;
