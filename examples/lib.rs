//! Programs that show `graph-client` and `exchange-groups` at work.
//!
//! | program | what it does |
//! |---|---|
//! | `cargo run --example provision` | makes the room group, restricts the application to it, and proves it |
//! | `cargo run --example cmdlet -- Get-AcceptedDomain` | runs any Exchange cmdlet by its name and prints a table or JSON |
//! | `cargo run --example booking-policy` | reads and corrects how the rooms of a building take meetings, dry run first |
//! | `cargo run --example fake_tenant` | serves a tenant in memory, for the other programs or your own |
