//! Runs any Exchange Online cmdlet by its name, with the arguments that PowerShell takes, and prints what it gives.
//!
//! Without any configuration it does so in a tenant in memory. With `TENANT_ID`, `CLIENT_ID` and `CLIENT_SECRET` it
//! works in that tenant; `GRAPH_URL`, `EXCHANGE_URL` and `LOGIN_URL` name other servers.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

mod connect;
#[path = "common/environment.rs"]
mod environment;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use exchange_groups::graph_client::exchange::{Cmdlet, Effect, RawCmdlet};
use serde_json::{Map, Value};

use self::connect::Connection;
use self::environment::BadInput;

/// Run any Exchange Online cmdlet by its name and print what it gives.
///
///   cmdlet Get-Mailbox -RecipientTypeDetails RoomMailbox EquipmentMailbox -ResultSize Unlimited
///   cmdlet --json Get-OrganizationConfig
///   cmdlet --yes Remove-DistributionGroup -Identity rooms -Confirm:$false
///
/// Several values after a name make a list, a name alone is a switch, digits are a number unless they stand in single
/// quotes. Without TENANT_ID it works in a tenant in memory; with TENANT_ID, CLIENT_ID and CLIENT_SECRET in that tenant.
///
/// Exit codes: 0 done; 1 the cmdlet failed; 2 bad input; 7 a write was only shown, because --yes is missing.
#[expect(clippy::doc_markdown, reason = "it is the help text")]
#[derive(Debug, Parser)]
#[command(verbatim_doc_comment)]
struct Options {
    /// Print JSON in place of a table
    #[arg(long)]
    json: bool,

    /// The columns of the table, with commas between them [default: the telling ones]
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,

    /// Run a cmdlet that changes a real tenant
    #[arg(long)]
    yes: bool,

    /// The cmdlet, such as Get-Mailbox
    name: String,

    /// Its parameters: -Name value …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    parameters: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let cmdlet = match command(&options.name, &options.parameters) {
        Ok(cmdlet) => cmdlet,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::from(2);
        }
    };
    match run(&options, cmdlet).await {
        Ok(Some(text)) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Ok(None) => ExitCode::from(7),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<BadInput>() { 2 } else { 1 })
        }
    }
}

/// What the cmdlet gives, as text. Nothing when it was not run.
async fn run(options: &Options, cmdlet: RawCmdlet) -> anyhow::Result<Option<String>> {
    let connection = Connection::open(&[("--yes", options.yes)]).await?;
    eprintln!("> {}", cmdlet.powershell()?);
    if connection.is_real && cmdlet.effect() == Effect::Write && !options.yes {
        eprintln!("Nothing was changed: --yes lets a cmdlet change the tenant {}.", connection.client.tenant());
        return Ok(None);
    }
    let rows = connection.client.exchange().run(cmdlet).await?;
    Ok(Some(if options.json { serde_json::to_string_pretty(&rows)? } else { table(&rows, &options.columns) }))
}

/// The command of a command line.
fn command(name: &str, words: &[String]) -> anyhow::Result<RawCmdlet> {
    let mut cmdlet = RawCmdlet::new(name)?;
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let parameter = word.strip_prefix('-').with_context(|| format!("{word:?} stands where a -Name is expected"))?;
        let (parameter, attached) = match parameter.split_once(':') {
            Some((parameter, value)) => (parameter, Some(value)),
            None => (parameter, None),
        };
        let mut values: Vec<Value> = attached.filter(|value| !value.is_empty()).map(value_of).into_iter().collect();
        while let Some(word) = words.next_if(|word| !is_name(word)) {
            values.push(value_of(word));
        }
        let value = match values.len() {
            0 => Value::Bool(true),
            1 => values.remove(0),
            _ => Value::Array(values),
        };
        cmdlet = cmdlet.parameter(parameter, value)?;
    }
    Ok(cmdlet)
}

/// `-5` is a number, `-Name` a name.
fn is_name(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn value_of(word: &str) -> Value {
    match word.to_ascii_lowercase().as_str() {
        "$true" => return Value::Bool(true),
        "$false" => return Value::Bool(false),
        "$null" => return Value::Null,
        _ => {}
    }
    if let Some(text) = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return text.into();
    }
    match word.parse::<i64>() {
        Ok(number) if number.to_string() == word => number.into(),
        _ => word.into(),
    }
}

/// The columns that say most, where a record has them.
const TELLING: &[&str] = &[
    "Name",
    "DisplayName",
    "PrimarySmtpAddress",
    "DomainName",
    "Identity",
    "RecipientTypeDetails",
    "Role",
    "RoleAssigneeName",
    "AppId",
    "AccessCheckResult",
    "User",
    "AccessRights",
    "Building",
    "AutomateProcessing",
];

fn table(rows: &[Value], columns: &[String]) -> String {
    const WIDEST: usize = 48;
    const MOST: usize = 5;
    let records: Vec<&Map<String, Value>> = rows.iter().filter_map(Value::as_object).collect();
    if records.is_empty() {
        return if rows.is_empty() { "(nothing)".into() } else { Value::from(rows.to_vec()).to_string() };
    }
    let is_present = |name: &str| records.iter().any(|record| record.contains_key(name));
    let mut shown: Vec<String> = columns.to_vec();
    if shown.is_empty() {
        shown = TELLING.iter().filter(|name| is_present(name)).take(MOST).map(|&name| name.to_owned()).collect();
    }
    if shown.is_empty() {
        shown = records[0].keys().filter(|name| !name.contains('@')).take(MOST).cloned().collect();
    }
    let cell = |record: &Map<String, Value>, name: &String| -> String {
        let text = match record.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) => {
                let texts = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                texts.collect::<Vec<_>>().join(", ")
            }
            Some(other) => other.to_string(),
        };
        // What comes from a service does not get to move the cursor.
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if text.chars().count() > WIDEST { text.chars().take(WIDEST - 1).chain(['…']).collect() } else { text }
    };
    let mut lines: Vec<Vec<String>> = vec![shown.clone()];
    lines.extend(records.iter().map(|record| shown.iter().map(|name| cell(record, name)).collect()));
    let widths: Vec<usize> = (0..shown.len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default())
        .collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text: Vec<String> = lines.iter().map(line).collect();
    text.push(format!("({} {})", rows.len(), if rows.len() == 1 { "object" } else { "objects" }));
    text.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_are_read_as_powershell_would() {
        let line = words("-Identity room -Capacity 14 -Phone '014' -Tags a b -Floor -2 -Confirm:$false -Force");
        assert_eq!(
            command("Set-Place", &line).unwrap().powershell().unwrap(),
            "Set-Place -Identity 'room' -Capacity 14 -Phone '014' -Tags @('a','b') -Floor (-2) -Confirm:$false \
             -Force:$true"
        );
        assert!(command("Set-Place", &words("Identity room")).is_err());
        assert!(command("Set Place", &[]).is_err());
    }

    #[tokio::test]
    async fn a_list_is_a_table_or_json() {
        let line = words("-RecipientTypeDetails RoomMailbox -ResultSize Unlimited");
        let mut options = Options::parse_from(["cmdlet", "Get-Mailbox"]);
        options.columns = vec!["PrimarySmtpAddress".into(), "Nothing".into()];
        let text = run(&options, command("Get-Mailbox", &line).unwrap()).await.unwrap().unwrap();
        assert!(text.starts_with("PrimarySmtpAddress") && text.ends_with("(40 objects)"), "{text}");
        options.json = true;
        let text = run(&options, command("Get-AcceptedDomain", &[]).unwrap()).await.unwrap().unwrap();
        assert!(serde_json::from_str::<Vec<Value>>(&text).unwrap().len() > 1);
    }
}
