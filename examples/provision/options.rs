use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};
use exchange_groups::{Restriction, Stage};

const AFTER_HELP: &str = "\
Without TENANT_ID it works in a tenant in memory: no account, no configuration. With it:

  TENANT_ID, CLIENT_ID, CLIENT_SECRET   the tenant, and the application that administers it
  APP_CLIENT_ID, APP_CLIENT_SECRET      the restricted application: its secret is for the verification alone
  GRAPH_URL, EXCHANGE_URL, LOGIN_URL    other servers: a sovereign cloud, or one on localhost

Exit codes:
  0  the restriction is verified
  1  a service refused, or could not be reached
  2  bad input: the command line, the environment or the spec
  3  the plan is blocked, a check of --preflight failed, or the tenant has changed since; nothing was changed
  4  some steps were not done
  5  the restriction is violated
  6  the verification is inconclusive, or a check of --preflight could not be told
  7  only a plan, its scripts or a preflight was made, or the question was answered with no; nothing was changed
  8  the configuration is right, and the live service does not act on it yet
  9  the run paused before the stage of --until, or was stopped with Ctrl+C; run again to go on

Stages: group, members, restriction, revocation. With --until revocation everything is prepared, and the tenant-wide
permission stays until a change window.";

/// Make the room group of PlaceOS's documentation, restrict the application to it, and verify the result
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// How many rooms the tenant in memory has [default: 40]
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub(crate) rooms: Option<usize>,

    /// How the application is restricted [default: rbac]
    #[arg(long, value_enum)]
    pub(crate) mechanism: Option<Mechanism>,

    /// Print the plan and change nothing
    #[arg(long)]
    pub(crate) plan_only: bool,

    /// Print whether the spec can be applied, check by check, and change nothing
    #[arg(long, conflicts_with_all = ["plan_only", "scripts"])]
    pub(crate) preflight: bool,

    /// Write the plan as PowerShell into this folder, and change nothing
    #[arg(long, value_name = "FOLDER")]
    pub(crate) scripts: Option<PathBuf>,

    /// Print one JSON document in place of text
    #[arg(long)]
    pub(crate) json: bool,

    /// Read the spec from a JSON or YAML file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["address", "owner", "must_not_reach", "except"])]
    pub(crate) spec: Option<PathBuf>,

    /// The group's address [default in memory: placeosroombooking@contoso.com]
    #[arg(long)]
    pub(crate) address: Option<String>,

    /// An owner of the group [default in memory: exchange.admin@contoso.com]
    #[arg(long)]
    pub(crate) owner: Vec<String>,

    /// A mailbox that must not be reached [default in memory: ceo@contoso.com]
    #[arg(long)]
    pub(crate) must_not_reach: Vec<String>,

    /// A room that is excluded [default in memory: boardroom@contoso.com]
    #[arg(long)]
    pub(crate) except: Vec<String>,

    /// Revoke the application's tenant-wide calendar permission; in memory this is done with --mechanism rbac
    #[arg(long)]
    pub(crate) revoke_tenant_wide_grant: bool,

    /// Wait up to this long for the change to propagate, in minutes: 120 or more for a role, more for a policy
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    pub(crate) wait: u64,

    /// Read and test only so many of the mailboxes that are to be reached
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub(crate) sample: Option<usize>,

    /// Pause before this stage; run again to go on
    #[arg(long, value_name = "STAGE", value_parser = parse_stage)]
    pub(crate) until: Option<Stage>,

    /// Tell of everything that happens as JSON lines on standard error, in place of progress for people
    #[arg(long)]
    pub(crate) events: bool,

    /// Apply the plan only if this is its digest, which --plan-only shows
    #[arg(long, value_name = "DIGEST")]
    pub(crate) approved: Option<String>,

    /// Do not ask before a real tenant is changed
    #[arg(long)]
    pub(crate) yes: bool,
}

fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

/// A stage of a plan, after its observation.
fn parse_stage(text: &str) -> Result<Stage, String> {
    let stages = [Stage::Group, Stage::Members, Stage::Restriction, Stage::Revocation];
    let named = stages.into_iter().find(|stage| stage.as_str() == text);
    named.ok_or_else(|| format!("must be one of {}", stages.map(Stage::as_str).join(", ")))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mechanism {
    /// RBAC for Applications
    Rbac,
    /// An application access policy
    Policy,
}

impl From<Mechanism> for Restriction {
    fn from(mechanism: Mechanism) -> Self {
        match mechanism {
            Mechanism::Rbac => Self::Rbac,
            Mechanism::Policy => Self::Policy,
        }
    }
}
