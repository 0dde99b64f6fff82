//! Integration tests over `graph-client`, `exchange-groups` and `fake-tenant`, through their public interfaces and over
//! real sockets.

mod adversary;
mod advice;
mod calendar_refusals;
mod cases;
mod directory_reads;
mod drift;
mod exchange_cmdlets;
mod exchange_conformance;
mod exchange_identity;
mod exchange_parameters_conformance;
mod exchange_powershell;
mod exchange_responses;
mod exchange_wire;
mod layers;
mod limits;
mod non_answers;
mod odata;
mod pipeline;
mod proof;
mod provision;
mod refusals;
mod resources_calendar;
mod resources_calls;
mod resources_conformance;
mod resources_directory;
mod resources_models;
mod resources_support;
mod resources_teamwork;
mod scale;
mod scripts;
mod secrets;
mod signin;
mod terminal;
mod worlds;
mod writing;
