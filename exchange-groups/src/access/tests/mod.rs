//! Tests of the access model.

mod conformance;
mod examples;
mod filters;
mod over;
mod policies;
mod properties;
mod unlisted;
mod world;
