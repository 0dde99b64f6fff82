//! Explains why an application reaches a calendar or is refused: ranked causes, the evidence for each, and the fix.
//!
//! Without any configuration it explains a situation in a tenant in memory, one of `--case`. With `TENANT_ID`, `CLIENT_ID`
//! and `CLIENT_SECRET` it looks at that tenant; `APP_CLIENT_SECRET`, the application's own secret, lets it try a read.
//! Nothing is changed.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

#[path = "common/administrator.rs"]
mod common;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use exchange_groups::graph_client::{ClientId, ClientSecret, SmtpAddress};
use exchange_groups::{CauseKind, ExchangeGroups, Explanation, RestrictedCalendarGroup};
use fake_tenant::{FakeTenant, NewGroup, NewRoleAssignment};

use self::common::environment::{BadInput, Environment};

const AFTER_HELP: &str = "\
Without TENANT_ID it works in a tenant in memory: no account, no configuration. With it, CLIENT_ID and CLIENT_SECRET name
the application that looks, GRAPH_URL, EXCHANGE_URL and LOGIN_URL other servers, and --application and --mailbox the
question. With APP_CLIENT_SECRET the mailbox is read with the application's own token.

Exit codes:
  0  explained: something allows it, or it is still reached
  1  a service refused, or could not be reached
  2  bad input: the command line or the environment
  5  explained: something refuses it
  6  nothing that is known explains it, or what was read does not decide it";

/// Explain why an application reaches a calendar, or is refused
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP)]
struct Options {
    /// The situation in the tenant in memory
    #[arg(long, value_enum, default_value_t = Case::OutOfScope)]
    case: Case,

    /// The application, by its client id
    #[arg(long, value_name = "CLIENT_ID", requires = "mailbox")]
    application: Option<ClientId>,

    /// The mailbox
    #[arg(long, value_name = "ADDRESS", requires = "application")]
    mailbox: Option<SmtpAddress>,

    /// What somebody was shown: an error of a log, a mail that could not be delivered. No tenant is asked
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["application", "mailbox", "case"])]
    text: Option<String>,

    /// Print one JSON document in place of text
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Case {
    /// A mailbox that is not in the group
    OutOfScope,
    /// A room whose restriction has not propagated
    NotPropagated,
    /// A room in a group in the group of a role
    Nested,
    /// An object id where the client id belongs
    WrongId,
    /// A mailbox that is reached by a tenant-wide permission
    Reached,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let environment = Environment::read();
    match run(&options, &environment).await {
        Ok(explanation) => {
            let shown = if options.json {
                serde_json::to_string_pretty(&explanation).unwrap_or_default()
            } else {
                explanation.to_string()
            };
            println!("{shown}");
            if !options.json && options.text.is_none() && environment.get("TENANT_ID").is_none() {
                println!("\nThis is of Contoso, the tenant in memory.");
            }
            ExitCode::from(code(&explanation))
        }
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

fn code(explanation: &Explanation) -> u8 {
    match explanation.first().map(|cause| cause.cause) {
        Some(CauseKind::AccessPath | CauseKind::StillReached) => 0,
        None | Some(CauseKind::Unknown | CauseKind::Undecided | CauseKind::Load) => 6,
        Some(_) => 5,
    }
}

async fn run(options: &Options, environment: &Environment) -> anyhow::Result<Explanation> {
    if let Some(text) = &options.text {
        return Ok(Explanation::of_text(text));
    }
    // Both come together.
    let tenant = common::administrator(environment, &[("--application", options.application.is_some())]).await?;
    let mut groups = ExchangeGroups::new(tenant.client);
    if let (Some(application), Some(mailbox)) = (options.application, &options.mailbox) {
        if let Some(secret) = environment.get("APP_CLIENT_SECRET") {
            groups = groups.application(ClientSecret::new(application, secret.to_owned()));
        }
        return Ok(groups.explain(application, mailbox).await?);
    }
    let Some((fake, _)) = &tenant.in_memory else {
        return Err(BadInput::from("a real tenant needs --application and --mailbox".to_owned()).into());
    };
    case(groups, fake, options.case).await
}

async fn case(groups: ExchangeGroups, tenant: &FakeTenant, case: Case) -> anyhow::Result<Explanation> {
    let application = tenant.booking_application();
    let client_id: ClientId = application.client_id.parse()?;
    let groups = groups.application(ClientSecret::new(client_id, application.secret()));
    let spec = RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", client_id)
        .owner("exchange.admin@contoso.com")
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
        .build()?;
    let (asked, mailbox) = match case {
        Case::OutOfScope => {
            groups.apply(&groups.plan(&spec).await?).await?;
            (client_id, "ceo@contoso.com")
        }
        Case::NotPropagated => {
            tenant.set_policy_delay(Duration::from_secs(7_200));
            groups.apply(&groups.plan(&spec).await?).await?;
            (client_id, "boardroom@contoso.com")
        }
        Case::Nested => {
            tenant.revoke_app_role(&application, "Calendars.ReadWrite");
            let owner = "exchange.admin@contoso.com";
            tenant.add_group(NewGroup::security("floor-1@contoso.com").owner(owner).members(["boardroom@contoso.com"]));
            tenant.add_group(NewGroup::security("rooms@contoso.com").owner(owner).members(["floor-1@contoso.com"]));
            let role = NewRoleAssignment::new("Application Calendars.Read").name("by hand");
            tenant.assign_role(&application, role.group("rooms@contoso.com"));
            (client_id, "boardroom@contoso.com")
        }
        Case::WrongId => (application.object_id.parse()?, "boardroom@contoso.com"),
        Case::Reached => (client_id, "ceo@contoso.com"),
    };
    Ok(groups.explain(asked, &mailbox.parse()?).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_case_is_explained_by_what_was_done_to_make_it() {
        for (name, exit, cause) in [
            ("out-of-scope", 5, CauseKind::OutOfScope),
            ("not-propagated", 5, CauseKind::NotPropagated),
            ("nested", 5, CauseKind::OutOfScope),
            ("wrong-id", 5, CauseKind::UnknownApplication),
            ("reached", 0, CauseKind::AccessPath),
        ] {
            let options = Options::try_parse_from(["explain", "--case", name]).unwrap();
            let explanation = run(&options, &Environment::default()).await.unwrap();
            assert_eq!((code(&explanation), explanation.first().unwrap().cause), (exit, cause), "{explanation}");
        }
    }

    /// An application of a real tenant is unknown in memory, which would be taken for an answer.
    #[tokio::test]
    async fn a_question_about_a_real_tenant_is_not_answered_from_memory() {
        let question = ["--application", "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01", "--mailbox", "ceo@contoso.com"];
        let options = Options::try_parse_from(["explain"].iter().chain(&question)).unwrap();
        let error = run(&options, &Environment::default()).await.unwrap_err();
        assert!(error.is::<BadInput>() && error.to_string().contains("--application"), "{error}");
        let options = Options::try_parse_from(["explain"]).unwrap();
        let secret = [("APP_CLIENT_SECRET", "secret".to_owned())].into_iter().collect();
        let error = run(&options, &secret).await.unwrap_err();
        assert!(error.is::<BadInput>() && error.to_string().contains("APP_CLIENT_SECRET"), "{error}");
    }

    #[test]
    fn a_mailbox_without_an_application_is_bad_input() {
        assert!(Options::try_parse_from(["explain", "--mailbox", "ceo@contoso.com"]).is_err());
    }
}
