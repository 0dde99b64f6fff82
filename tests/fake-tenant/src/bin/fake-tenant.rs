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

    /// Open the control port where other machines reach it, as in a container of its own. Whoever reaches it has the tenant
    #[arg(long)]
    expose_control: bool,

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
    let control = if options.expose_control {
        tenant.control_exposed_on(options.control).await?
    } else {
        tenant.control_on(options.control).await?
    };
    if let (Some(file), Some(certificate)) = (&options.certificate, server.certificate()) {
        std::fs::write(file, certificate)?;
    }
    let (admin, booking) = (tenant.administrator(), tenant.booking_application());
    let shown = json!({
        "graph": reachable(&server.graph_url()),
        "exchange": reachable(&server.exchange_url()),
        "login": reachable(&server.login_url()),
        "control": reachable(&control.url()),
        "tenantId": tenant.id(),
        "domain": tenant.initial_domain(),
        "administrator": { "clientId": admin.client_id, "secret": admin.secret() },
        "bookingApplication": { "clientId": booking.client_id, "secret": booking.secret() },
    });
    println!("{shown}");
    interrupted().await?;
    Ok(())
}

/// Where every address is listened on, this machine is one.
fn reachable(url: &str) -> String {
    url.replace("://0.0.0.0:", "://localhost:").replace("://[::]:", "://localhost:")
}

/// Ctrl+C, or what ends a container.
#[cfg(unix)]
async fn interrupted() -> std::io::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
