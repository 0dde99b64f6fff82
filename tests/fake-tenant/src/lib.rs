#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod access;
mod address;
mod calendar;
mod clock;
mod contoso;
mod delta;
mod directory;
mod exchange;
mod exchange_state;
mod faults;
mod filter;
#[cfg(feature = "server")]
mod flight;
mod graph;
mod inspect;
mod links;
mod monitoring;
mod newcomers;
mod recent;
mod recipient;
mod record;
mod replication;
mod request;
mod roles;
#[cfg(feature = "server")]
mod server;
mod setup;
mod sign_in;
mod spaces;
mod state;
mod subscriptions;
mod tenant;
mod watch;
#[cfg(feature = "wiremock")]
mod wiremock;
mod world;

pub use access::catalogue::{AccessPath, Opened};
pub use access::oracle::{OpenPath, PathKind, Reach};
pub use access::permissions::Level;
pub use access::setup::{NewRoleAssignment, PolicyRight};
pub use access::supposition::Supposition;
pub use contoso::FakeTenantBuilder;
pub use exchange::{AcceptedCmdlet, AcceptedParameter, ParameterType, cmdlets};
pub use exchange_state::{Ambiguity, NoPolicies};
pub use faults::{Fault, Matcher, NextLink, When};
pub use graph::{AcceptedPath, paths};
pub use inspect::{
    AccessPolicyView, AttendeeView, EventView, GroupView, PendingNotification, RoleAssignmentView, SecretView,
    SentMailView, SubscriptionView,
};
pub use newcomers::{NewGroup, NewMailbox};
pub use recipient::RecipientKind;
pub use record::RecordedRequest;
pub use replication::{ObjectKind, ReplicationDelay};
pub use request::{Interruption, Request, Response};
pub use roles::{DirectoryRole, Resource};
#[cfg(feature = "server")]
pub use server::Server;
#[cfg(feature = "cli")]
pub use server::control::Control;
pub use tenant::{Application, FakeTenant};
