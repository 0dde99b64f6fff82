//! Who can read calendars: every application of a tenant, and what restricts it.
//!
//! Without any configuration it looks at a tenant in memory, in which one application is restricted and others are not.
//! With `TENANT_ID`, `CLIENT_ID` and `CLIENT_SECRET` it looks at that tenant. Nothing is changed.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

#[path = "common/administrator.rs"]
mod common;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use exchange_groups::access::Access;
use exchange_groups::graph_client::{ClientId, SmtpAddress};
use exchange_groups::{CalendarAccess, ExchangeGroups};
use fake_tenant::{FakeTenant, NewRoleAssignment, PolicyRight, Resource};
use futures_util::TryStreamExt;

use self::common::environment::{BadInput, Environment};

const AFTER_HELP: &str = "\
Without TENANT_ID it works in a tenant in memory: no account, no configuration. With it, CLIENT_ID and CLIENT_SECRET name
the application that looks, and GRAPH_URL, EXCHANGE_URL and LOGIN_URL other servers.

Exit codes:
  0  every application that can read calendars is restricted; with --mailbox, no application reaches it
  1  a service refused, or could not be reached
  2  bad input: the command line or the environment
  5  an application is restricted to nothing; with --application or --mailbox, something is reached
  6  something is not known: a part could not be read, or the sources leave it open";

/// Who can read calendars: every application of a tenant, and what restricts it
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP)]
struct Options {
    /// The mailboxes that this application reaches, one line each
    #[arg(long, value_name = "CLIENT_ID", conflicts_with = "mailbox")]
    application: Option<ClientId>,

    /// The applications that reach this mailbox
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Option<SmtpAddress>,

    /// Print JSON in place of text: one document, or with --application one line for each mailbox
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = async {
        let for_a_real_tenant = [("--application", options.application.is_some())];
        let common::Tenant { client, in_memory } =
            common::administrator(&Environment::read(), &for_a_real_tenant).await?;
        if let Some((tenant, _)) = &in_memory {
            furnish(tenant);
        }
        let exit = run(&ExchangeGroups::new(client), &options, &mut std::io::stdout()).await?;
        if in_memory.is_some() && !options.json {
            println!("\nThis is of Contoso, the tenant in memory.");
        }
        anyhow::Ok(exit)
    };
    match outcome.await {
        Ok(exit) => ExitCode::from(exit),
        Err(error) => {
            let exit = if error.is::<BadInput>() { 2 } else { 1 };
            eprintln!("error: {error:#}");
            if options.json {
                println!("{}", serde_json::json!({ "error": format!("{error:#}"), "exit": exit }));
            }
            ExitCode::from(exit)
        }
    }
}

/// Applications as a tenant has them after some years.
fn furnish(tenant: &FakeTenant) {
    let signage = tenant.add_application("Signage of 2021", "secret");
    tenant.grant(&signage, Resource::Graph, "Calendars.Read");
    let rooms = fake_tenant::NewGroup::security("panels@contoso.com").owner("exchange.admin@contoso.com");
    tenant.add_group(rooms.display_name("Door Panels").members(tenant.rooms().iter().take(10)));
    let panels = tenant.add_application("Door Panels", "secret");
    tenant.assign_role(
        &panels,
        NewRoleAssignment::new("Application Calendars.ReadWrite").name("panels").group("panels@contoso.com"),
    );
    let visitors = tenant.add_application("Visitors", "secret");
    tenant.grant(&visitors, Resource::Graph, "Calendars.Read");
    tenant.add_access_policy(&visitors.client_id, PolicyRight::Restrict, "panels@contoso.com");
}

async fn run(groups: &ExchangeGroups, options: &Options, out: &mut impl Write) -> anyhow::Result<u8> {
    if let Some(application) = options.application {
        let mut mailboxes = Box::pin(groups.reach(application).into_stream());
        let (mut allowed, mut unknown, mut all) = (0, 0, 0);
        while let Some(mailbox) = mailboxes.try_next().await? {
            all += 1;
            allowed += usize::from(mailbox.access == Access::Allowed);
            unknown += usize::from(mailbox.access == Access::Unknown);
            match (options.json, mailbox.access) {
                (true, _) => writeln!(out, "{}", serde_json::to_string(&mailbox)?)?,
                (false, Access::Denied) => {}
                (false, _) => writeln!(out, "{mailbox}")?,
            }
        }
        if !options.json {
            writeln!(out, "\n{allowed} of {all} mailboxes are reached, and of {unknown} it cannot be told")?;
        }
        return Ok(code(allowed > 0, unknown > 0));
    }
    if let Some(mailbox) = &options.mailbox {
        let access = groups.reached_by(mailbox).await?;
        show(&access, options.json, out)?;
        let reached = access.applications.iter().any(|it| it.access == Access::Allowed);
        let is_open = !access.applications.is_empty() || !access.unread.is_empty() || !access.unidentified.is_empty();
        return Ok(code(reached, is_open));
    }
    let audit = groups.audit().await?;
    show(&audit, options.json, out)?;
    let is_open = audit.applications.iter().any(|it| it.access == CalendarAccess::Undecided);
    Ok(code(audit.unrestricted().next().is_some(), is_open || !audit.is_all_restricted()))
}

fn show<T: serde::Serialize + std::fmt::Display>(value: &T, json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(value)?)?;
    } else {
        writeln!(out, "{value}")?;
    }
    Ok(())
}

fn code(is_reached: bool, is_open: bool) -> u8 {
    match (is_reached, is_open) {
        (true, _) => 5,
        (false, true) => 6,
        (false, false) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run_with(arguments: &[&str], prepare: impl FnOnce(&FakeTenant)) -> (u8, String) {
        let tenant = common::administrator_in_memory().await.unwrap();
        let (fake, _) = tenant.in_memory.as_ref().unwrap();
        prepare(fake);
        let options = Options::try_parse_from(["audit"].iter().chain(arguments)).unwrap();
        let mut out = Vec::new();
        let exit = run(&ExchangeGroups::new(tenant.client.clone()), &options, &mut out).await.unwrap();
        (exit, String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn what_is_restricted_to_nothing_is_named_first_and_has_an_exit_code() {
        let (exit, text) = run_with(&[], furnish).await;
        assert_eq!(exit, 5);
        let (open, restricted) = text.split_once("\nRestricted\n").unwrap();
        assert!(open.contains("Signage of 2021") && !open.contains("Door Panels"), "{text}");
        assert!(restricted.contains("Door Panels") && restricted.contains("Visitors"), "{text}");
        let (exit, json) = run_with(&["--json"], furnish).await;
        let document: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((exit, &document["applications"][0]["access"]), (5, &"unrestricted".into()));
    }

    #[tokio::test]
    async fn a_tenant_in_which_all_is_restricted_is_a_success() {
        let prepare = |tenant: &FakeTenant| tenant.revoke_app_role(tenant.booking_application(), "Calendars.ReadWrite");
        assert_eq!(run_with(&[], prepare).await.0, 0);
    }

    #[tokio::test]
    async fn one_application_and_one_mailbox_can_be_asked_about() {
        let mut panels = String::new();
        let (_, audit) = run_with(&["--json"], furnish).await;
        let audit: serde_json::Value = serde_json::from_str(&audit).unwrap();
        for application in audit["applications"].as_array().unwrap() {
            if application["name"] == "Door Panels" {
                panels = application["application"].as_str().unwrap().to_owned();
            }
        }
        let (exit, lines) = run_with(&["--application", &panels, "--json"], furnish).await;
        let allowed = lines.lines().filter(|line| line.contains("\"access\":\"allowed\"")).count();
        assert_eq!((exit, allowed), (5, 10), "{lines}");
        let (exit, text) = run_with(&["--mailbox", "ceo@contoso.com"], furnish).await;
        assert!(exit == 5 && text.contains("Signage of 2021") && !text.contains("Door Panels"), "{text}");
    }
}
