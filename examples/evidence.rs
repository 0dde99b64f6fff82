//! The evidence of a verification for somebody who reviews it: as a page, as JSON, as `JUnit` XML or as OCSF.
//!
//! With `--proof` it renders a stored proof, such as one that `provision --json` printed, and asks no service anything.
//! Without it, it makes one in a tenant in memory.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use exchange_groups::evidence::EvidenceReport;
use exchange_groups::graph_client::{Client, ClientSecret, Cloud, printable};
use exchange_groups::{ExchangeGroups, Proof, RestrictedCalendarGroup, Verdict};
use fake_tenant::{Application, FakeTenant};
use serde_json::{Value, json};

const AFTER_HELP: &str = "\
Exit codes:
  0  the restriction is verified
  1  a service refused, or a file could not be written
  2  bad input: the command line, or a file that is no proof
  5  the restriction is violated
  6  the verification is inconclusive
  8  the configuration is right, and the live service does not act on it yet

The exit code is that of the proof, whatever form it is shown in.";

/// Render the evidence of a verification
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP)]
struct Options {
    /// Read a stored proof from a JSON file: the proof itself, or a document that has one under "proof"
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,

    /// The form
    #[arg(long = "as", value_enum, default_value = "text")]
    form: Form,

    /// Write it to this file in place of the output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// The same as --as json
    #[arg(long, conflicts_with = "form")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The checks in a few lines
    Text,
    /// One self-contained HTML page
    Page,
    /// The report as JSON, with stable check ids
    Json,
    /// `JUnit` XML
    Junit,
    /// Compliance Findings of OCSF 1.8.0
    Ocsf,
}

#[derive(Debug)]
struct BadInput(String);

impl std::fmt::Display for BadInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok((exit, shown)) => {
            println!("{shown}");
            ExitCode::from(exit)
        }
        Err(error) => {
            let exit = if error.is::<BadInput>() { 2 } else { 1 };
            eprintln!("error: {error:#}");
            if options.json {
                println!("{}", json!({ "error": format!("{error:#}"), "exit": exit }));
            }
            ExitCode::from(exit)
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<(u8, String)> {
    let proof = match &options.proof {
        Some(path) => stored(path)?,
        None => in_memory().await?,
    };
    let report = EvidenceReport::new(&proof);
    let form = if options.json { Form::Json } else { options.form };
    let shown = match form {
        Form::Text => text(&report),
        Form::Page => report.html()?,
        Form::Json => serde_json::to_string_pretty(&report)?,
        Form::Junit => report.junit()?,
        Form::Ocsf => serde_json::to_string_pretty(&report.ocsf())?,
    };
    let exit = match report.verdict {
        Verdict::Verified => 0,
        Verdict::Violated => 5,
        Verdict::NotPropagated => 8,
        _ => 6,
    };
    match &options.out {
        Some(path) => {
            std::fs::write(path, &shown).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
            Ok((exit, format!("Written to {}.", path.display())))
        }
        None => Ok((exit, shown)),
    }
}

fn stored(path: &std::path::Path) -> anyhow::Result<Proof> {
    let fault = |error: &dyn std::fmt::Display| BadInput(format!("--proof {}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| fault(&error))?;
    let document: Value = serde_json::from_str(&text).map_err(|error| fault(&error))?;
    let proof = document.get("proof").filter(|it| it.is_object()).cloned().unwrap_or(document);
    Ok(serde_json::from_value(proof).map_err(|error| fault(&error))?)
}

/// A group that was just made in Contoso, verified.
async fn in_memory() -> anyhow::Result<Proof> {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await?;
    let credential = |it: &Application| anyhow::Ok(ClientSecret::new(it.client_id.parse()?, it.secret()));
    let application = tenant.booking_application();
    let client = Client::builder()
        .tenant(tenant.domain())
        .credential(credential(&tenant.administrator())?)
        .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
        .build()?;
    let groups = ExchangeGroups::new(client).application(credential(&application)?);
    let spec = RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", &*application.client_id)
        .owner("exchange.admin@contoso.com")
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
        .build()?;
    groups.apply(&groups.plan(&spec).await?).await?;
    Ok(groups.prove(&spec).await?)
}

fn text(report: &EvidenceReport) -> String {
    let mut lines = vec![format!("{} in {}: {}", report.group, report.origin.tenant, report.verdict)];
    for check in &report.checks {
        lines.push(format!("  {}  {:<15} {}", check.id, check.result, check.title));
        lines.extend(check.found.iter().map(|found| format!("           {found}")));
        lines.extend(check.remedy.iter().map(|remedy| format!("           to do: {remedy}")));
    }
    lines.push("Not looked at".to_owned());
    lines.extend(report.not_looked_at.iter().map(|it| format!("  - {it}")));
    let lines: Vec<_> = lines.iter().map(|line| printable(line)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run_with(arguments: &[&str]) -> (u8, String) {
        let options = Options::try_parse_from(["evidence"].iter().chain(arguments)).unwrap();
        run(&options).await.unwrap_or_else(|error| (if error.is::<BadInput>() { 2 } else { 1 }, format!("{error:#}")))
    }

    #[tokio::test]
    async fn every_form_is_made_without_an_account() {
        for (form, has) in [
            ("text", "ECG-001"),
            ("page", "<!DOCTYPE html>"),
            ("json", "\"verified\""),
            ("junit", "<testsuites"),
            ("ocsf", "200301"),
        ] {
            let (exit, shown) = run_with(&["--as", form]).await;
            assert!(exit == 0 && shown.contains(has), "{form}: {shown}");
        }
    }

    #[tokio::test]
    async fn a_stored_proof_is_rendered_and_gives_its_own_exit_code() {
        let folder = std::env::temp_dir().join(format!("evidence-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (file, out) = (folder.join("proof.json"), folder.join("evidence.html"));
        let mut proof = serde_json::to_value(in_memory().await.unwrap()).unwrap();
        proof["verdict"] = "inconclusive".into();
        std::fs::write(&file, json!({ "proof": proof }).to_string()).unwrap();
        let (exit, shown) =
            run_with(&["--proof", file.to_str().unwrap(), "--as", "page", "--out", out.to_str().unwrap()]).await;
        assert!(exit == 6 && shown.starts_with("Written to"), "{shown}");
        assert!(std::fs::read_to_string(&out).unwrap().contains("Inconclusive"));
        std::fs::write(&file, "{}").unwrap();
        let (exit, shown) = run_with(&["--proof", file.to_str().unwrap()]).await;
        assert!(exit == 2 && shown.contains("proof.json"), "{shown}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
