use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Write as _, stdin, stdout};

use anyhow::Context;
use exchange_groups::graph_client::{Client, ClientId, ClientSecret, Cloud, InvalidValue};
use exchange_groups::{ExchangeGroups, Plan, RestrictedCalendarGroup, Restriction, Rooms};
use fake_tenant::{FakeTenant, Server};

use super::options::{BadInput, Environment, Options};

/// The tenant that is worked in.
pub(crate) struct Target {
    groups: ExchangeGroups,
    introduction: String,
    /// The application of the spec, unless a file says otherwise.
    application: Option<String>,
    in_memory: Option<(FakeTenant, Server)>,
    /// Every server is on this machine.
    is_local: bool,
    name: String,
}

impl Target {
    pub(crate) async fn choose(options: &Options, environment: Environment) -> anyhow::Result<Self> {
        if environment.tenant_id.is_some() {
            return Ok(Self::real(options, environment)?);
        }
        // Who has set some of the variables did not mean the tenant in memory.
        if environment.names_something() {
            return Err(BadInput(vec!["other variables of a real tenant are set and TENANT_ID is not".into()]).into());
        }
        Self::in_memory(options.rooms.unwrap_or(40)).await
    }

    /// Contoso, with as many rooms as are wanted.
    async fn in_memory(rooms: usize) -> anyhow::Result<Self> {
        let tenant = FakeTenant::contoso();
        let present = tenant.rooms();
        if rooms > present.len() {
            tenant.add_rooms(rooms - present.len());
        }
        // The boardroom stays, because the spec leaves it out.
        let surplus = present.iter().rev().filter(|room| !room.starts_with("boardroom@"));
        surplus.take(present.len().saturating_sub(rooms.max(1))).for_each(|room| tenant.remove_mailbox(room));
        let server = tenant.serve().await.context("the tenant in memory needs a port on this machine")?;
        let (administrator, application) = (tenant.administrator(), tenant.booking_application());
        let client = Client::builder()
            .tenant(tenant.domain())
            .credential(ClientSecret::new(administrator.client_id.parse()?, administrator.secret()))
            .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
            .build()?;
        let reader = ClientSecret::new(application.client_id.parse()?, application.secret());
        let introduction = format!(
            "TENANT_ID is not set: this run works in a Microsoft 365 tenant in memory.\n\
             Contoso has {} rooms in 3 buildings and {} people. Its application \"{}\" may read every calendar.\n",
            tenant.rooms().len(),
            tenant.people().len(),
            application.display_name,
        );
        Ok(Self {
            groups: ExchangeGroups::new(client).application(reader),
            introduction,
            application: Some(application.client_id),
            name: tenant.domain(),
            is_local: true,
            in_memory: Some((tenant, server)),
        })
    }

    fn real(options: &Options, environment: Environment) -> Result<Self, BadInput> {
        let mut faults = Vec::new();
        if options.rooms.is_some() {
            faults.push("--rooms is for the tenant in memory, and TENANT_ID names a real one".to_owned());
        }
        let client_id = required("CLIENT_ID", environment.client_id.as_deref(), &mut faults)
            .and_then(|text| checked(text.parse::<ClientId>(), "CLIENT_ID", &mut faults));
        let client_secret = required("CLIENT_SECRET", environment.client_secret.as_deref(), &mut faults);
        let app = environment
            .app_client_id
            .as_deref()
            .and_then(|text| checked(text.parse::<ClientId>(), "APP_CLIENT_ID", &mut faults));
        if environment.app_client_secret.is_some() && environment.app_client_id.is_none() {
            faults.push("APP_CLIENT_SECRET is set and APP_CLIENT_ID is not".to_owned());
        }
        let cloud = match (&environment.graph_url, &environment.exchange_url, &environment.login_url) {
            (None, None, None) => Some(Cloud::worldwide()),
            (Some(graph), Some(exchange), Some(login)) => {
                checked(Cloud::custom(graph, exchange, login), "GRAPH_URL, EXCHANGE_URL, LOGIN_URL", &mut faults)
            }
            _ => {
                faults.push("GRAPH_URL, EXCHANGE_URL and LOGIN_URL go together: a cloud has all three".to_owned());
                None
            }
        };
        let tenant = environment.tenant_id.unwrap_or_default();
        let is_local = cloud.as_ref().is_some_and(Cloud::is_local);
        let client = match (client_id, client_secret, cloud) {
            (Some(id), Some(secret), Some(cloud)) => {
                let builder = Client::builder().tenant(&tenant).credential(ClientSecret::new(id, secret)).cloud(cloud);
                builder.build().map_err(|error| faults.push(format!("TENANT_ID: {error}"))).ok()
            }
            _ => None,
        };
        let Some(client) = client.filter(|_| faults.is_empty()) else { return Err(BadInput(faults)) };
        let mut groups = ExchangeGroups::new(client);
        let mut introduction = String::new();
        let _ = if is_local {
            writeln!(introduction, "This run works in tenant {tenant}, on a server of this machine.")
        } else {
            writeln!(introduction, "This run works in the REAL tenant {tenant}.")
        };
        match (app, environment.app_client_secret) {
            (Some(app), Some(secret)) => groups = groups.application(ClientSecret::new(app, secret)),
            _ => {
                let _ = writeln!(
                    introduction,
                    "APP_CLIENT_ID and APP_CLIENT_SECRET are not set: without them the verification is inconclusive."
                );
            }
        }
        Ok(Self {
            groups,
            introduction,
            application: app.map(|app| app.to_string()),
            in_memory: None,
            is_local,
            name: tenant,
        })
    }

    pub(crate) fn introduction(&self) -> &str {
        &self.introduction
    }

    pub(crate) fn groups(&self) -> ExchangeGroups {
        self.groups.clone()
    }

    /// The spec of the file, or that of PlaceOS's documentation with what the command line says.
    pub(crate) fn spec(&self, options: &Options) -> anyhow::Result<RestrictedCalendarGroup> {
        if let Some(path) = &options.spec {
            let text = std::fs::read_to_string(path)
                .map_err(|error| BadInput(vec![format!("--spec {}: {error}", path.display())]))?;
            exchange_groups::RestrictedCalendarGroupBuilder::check_text(&text)
                .map_err(|error| BadInput(vec![format!("--spec {}: {error}", path.display())]))?;
            // JSON is YAML.
            let value: serde_json::Value = yaml_serde::from_str(&text)
                .map_err(|error| BadInput(vec![format!("--spec {}: {error}", path.display())]))?;
            let spec = RestrictedCalendarGroup::from_value(value).map_err(exchange_groups::Error::from)?;
            let builder = exchange_groups::RestrictedCalendarGroupBuilder::from(spec);
            let builder = match options.mechanism {
                Some(mechanism) => builder.restriction(mechanism.into()),
                None => builder,
            };
            let builder =
                if options.revoke_tenant_wide_grant { builder.revoke_tenant_wide_grant(true) } else { builder };
            return Ok(builder.build().map_err(exchange_groups::Error::from)?);
        }
        let mut missing = Vec::new();
        let in_memory = |text: &'static str| self.in_memory.is_some().then(|| text.to_owned());
        let mut option = |given: Option<String>, default: Option<String>, name: &str| {
            given.or(default).unwrap_or_else(|| {
                missing.push(format!("a real tenant needs {name}, or --spec FILE"));
                String::new()
            })
        };
        let default = in_memory("placeosroombooking@contoso.com");
        let address = option(options.address.clone(), default, "--address ADDRESS for the group");
        let application = option(None, self.application.clone(), "APP_CLIENT_ID, the application to restrict");
        let owner = options.owner.first().cloned();
        option(owner, in_memory(""), "--owner ADDRESS");
        if !missing.is_empty() {
            return Err(BadInput(missing).into());
        }
        let or_default = |given: &[String], default| match given {
            [] => in_memory(default).into_iter().collect(),
            given => given.to_vec(),
        };
        let restriction = options.mechanism.map(Restriction::from).unwrap_or_default();
        let revoke = options.revoke_tenant_wide_grant || (self.in_memory.is_some() && restriction == Restriction::Rbac);
        let excepted: Vec<String> = or_default(&options.except, "boardroom@contoso.com");
        let mut spec = RestrictedCalendarGroup::placeos(address, application)
            .rooms(excepted.into_iter().fold(Rooms::all(), Rooms::except))
            .restriction(restriction)
            .revoke_tenant_wide_grant(revoke);
        for owner in or_default(&options.owner, "exchange.admin@contoso.com") {
            spec = spec.owner(owner);
        }
        for mailbox in or_default(&options.must_not_reach, "ceo@contoso.com") {
            spec = spec.must_not_reach(mailbox);
        }
        Ok(spec.build().map_err(exchange_groups::Error::from)?)
    }

    /// Says what is about to be changed, and asks where somebody can answer.
    pub(crate) fn is_confirmed(&self, options: &Options, plan: &Plan) -> anyhow::Result<bool> {
        if self.in_memory.is_some() || plan.is_empty() {
            return Ok(true);
        }
        let changes = if plan.steps.len() == 1 { "1 change".into() } else { format!("{} changes", plan.steps.len()) };
        let message = format!("{changes} will now be made in {}.", self.name);
        if options.yes || self.is_local {
            eprintln!("{message}");
            return Ok(true);
        }
        if options.json || !(stdin().is_terminal() && stdout().is_terminal()) {
            let fault = format!("{message} Nobody is here to be asked: give --yes, or --plan-only");
            return Err(BadInput(vec![fault]).into());
        }
        print!("{message} Go on? [y/N] ");
        stdout().flush()?;
        let mut answer = String::new();
        stdin().lock().read_line(&mut answer)?;
        Ok(answer.trim().eq_ignore_ascii_case("y"))
    }
}

fn required<'a>(name: &str, value: Option<&'a str>, faults: &mut Vec<String>) -> Option<&'a str> {
    if value.is_none() {
        faults.push(format!("{name} is not set, and TENANT_ID names a real tenant"));
    }
    value
}

fn checked<T>(result: Result<T, InvalidValue>, name: &str, faults: &mut Vec<String>) -> Option<T> {
    result.map_err(|fault| faults.push(format!("{name}: {fault}"))).ok()
}
