//! A Microsoft 365 tenant in memory as a program, for clients in any language.
//!
//! It prints one line of JSON that says where it listens and who can sign in, and runs until it is interrupted.
#![expect(clippy::print_stdout, reason = "a program prints")]

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use fake_tenant::FakeTenant;
use serde_json::json;

/// Serve a Microsoft 365 tenant in memory: sign-in, Microsoft Graph and Exchange Online administration
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Where it listens. Port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where the control port listens, which gives secrets away
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,

    /// Speak TLS, with a certificate that is made for it
    #[arg(long)]
    tls: bool,

    /// Write the certificate to this file, in PEM
    #[arg(long, value_name = "FILE", requires = "tls")]
    certificate: Option<PathBuf>,

    /// How many rooms the tenant has. Default: those of Contoso, 40
    #[arg(long)]
    rooms: Option<usize>,

    /// How many people it has, with --rooms
    #[arg(long, requires = "rooms", default_value_t = 100)]
    people: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let tenant = match options.rooms {
        Some(rooms) => FakeTenant::builder().rooms(rooms).people(options.people).build(),
        None => FakeTenant::contoso(),
    };
    let server =
        if options.tls { tenant.serve_tls_on(options.listen).await? } else { tenant.serve_on(options.listen).await? };
    let control = tenant.control_on(options.control).await?;
    if let (Some(file), Some(certificate)) = (&options.certificate, server.certificate()) {
        std::fs::write(file, certificate)?;
    }
    let (admin, booking) = (tenant.administrator(), tenant.booking_application());
    let shown = json!({
        "graph": server.graph_url(),
        "exchange": server.exchange_url(),
        "login": server.login_url(),
        "control": control.url(),
        "tenantId": tenant.id(),
        "domain": tenant.initial_domain(),
        "administrator": { "clientId": admin.client_id, "secret": admin.secret() },
        "bookingApplication": { "clientId": booking.client_id, "secret": booking.secret() },
    });
    println!("{shown}");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
