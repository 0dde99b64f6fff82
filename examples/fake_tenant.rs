//! Serves Contoso, a Microsoft 365 tenant in memory, until it is stopped.
//!
//! It prints the environment with which `provision`, or your own program, talks to it.
#![expect(clippy::print_stdout, reason = "a program prints")]

use fake_tenant::FakeTenant;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await?;
    let (administrator, application) = (tenant.administrator(), tenant.booking_application());
    println!("# Contoso at {}: stop it with Ctrl+C. In another terminal:", server.url());
    for (name, value) in [
        ("TENANT_ID", tenant.id().as_str()),
        ("CLIENT_ID", &administrator.client_id),
        ("CLIENT_SECRET", administrator.secret()),
        ("APP_CLIENT_ID", &application.client_id),
        ("APP_CLIENT_SECRET", application.secret()),
        ("GRAPH_URL", &server.graph_url()),
        ("EXCHANGE_URL", &server.exchange_url()),
        ("LOGIN_URL", &server.login_url()),
    ] {
        println!("export {name}='{value}'");
    }
    println!(
        "cargo run --example provision -- --address placeosroombooking@contoso.com \
         --owner exchange.admin@contoso.com --must-not-reach ceo@contoso.com --revoke-tenant-wide-grant"
    );
    tokio::signal::ctrl_c().await
}
