//! Programs that show `graph-client` and `exchange-groups` at work.
//!
//! | program | what it does |
//! |---|---|
//! | `cargo run --example provision` | makes the room group, restricts the application to it, and proves it |
//! | `cargo run --example audit` | shows every application that can read calendars, and what restricts it |
//! | `cargo run --example drift` | tells what has drifted from a spec and from the last snapshot, with exit codes and metrics |
//! | `cargo run --example evidence` | shows a stored proof as a page, `JUnit` XML or OCSF, for whoever reviews it |
//! | `cargo run --example cmdlet -- Get-AcceptedDomain` | runs any Exchange cmdlet by its name and prints a table or JSON |
//! | `cargo run --example explain` | explains why an application reaches a calendar or is refused, with the fix |
//! | `cargo run --example migrate` | moves an application from access policies to RBAC for Applications, or back, stage by stage |
//! | `cargo run --example retire` | retires a group: permission first, what limits the application last, dry run first |
//! | `cargo run --example booking-policy` | reads and corrects how the rooms of a building take meetings, dry run first |
//! | `cargo run --example fake_tenant` | serves a tenant in memory, for the other programs or your own |
//! | `cargo run --example rooms_by_building` | lists the rooms of every building |
//! | `cargo run --example free_busy` | shows when the rooms of a building are free today |
//! | `cargo run --example watch_calendar` | reads a room's calendar once, and then what changes in it |
//! | `cargo run --example change_notifications` | receives Graph's notifications on a port of this machine |
