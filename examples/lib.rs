//! Programs that show `graph-client` and `exchange-groups` at work.
//!
//! | program | what it does |
//! |---|---|
//! | `cargo run --example provision` | makes the room group, restricts the application to it, and proves it |
//! | `cargo run --example fake_tenant` | serves a tenant in memory, for the other programs or your own |
