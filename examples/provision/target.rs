use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Write as _, stdin, stdout};

use anyhow::Context;
use exchange_groups::graph_client::{Client, ClientId, ClientSecret, Cloud, ErrorKind, Service};
use exchange_groups::{ExchangeGroups, Plan, RestrictedCalendarGroup, Restriction, Rooms};
use fake_tenant::{FakeTenant, Server};

use super::environment::{BadInput, Environment};
use super::options::Options;
use super::spec;

/// The tenant that is worked in.
pub(crate) struct Target {
    groups: ExchangeGroups,
    /// The restricted application itself, if its secret was given.
    restricted: Option<(ClientId, Client)>,
    introduction: String,
    /// The application of the spec, unless a file says otherwise.
    application: Option<String>,
    in_memory: Option<(FakeTenant, Server)>,
    /// Every server is on this machine.
    is_local: bool,
    name: String,
}

impl Target {
    pub(crate) async fn choose(options: &Options, environment: &Environment) -> anyhow::Result<Self> {
        // A spec can be tried out in memory. Who answers a question that is asked in a real tenant has one in mind.
        if environment.is_real(&[("--yes", options.yes)])? {
            return Ok(Self::real(options, environment)?);
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
        surplus.take(present.len().saturating_sub(rooms)).for_each(|room| tenant.remove_mailbox(room));
        let server = tenant.serve().await.context("the tenant in memory needs a port on this machine")?;
        let (administrator, application) = (tenant.administrator(), tenant.booking_application());
        let client = Client::builder()
            .tenant(tenant.domain())
            .credential(ClientSecret::new(administrator.client_id.parse()?, administrator.secret()))
            .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
            .build()?;
        let reader = ClientSecret::new(application.client_id.parse()?, application.secret());
        let rooms = match tenant.rooms().len() {
            1 => "1 room".to_owned(),
            rooms => format!("{rooms} rooms in 3 buildings"),
        };
        let introduction = format!(
            "TENANT_ID is not set: this run works in a Microsoft 365 tenant in memory.\n\
             Contoso has {rooms} and {} people. Its application \"{}\" may read every calendar.\n",
            tenant.people().len(),
            application.display_name,
        );
        Ok(Self {
            groups: ExchangeGroups::new(client).application(reader),
            restricted: None,
            introduction,
            application: Some(application.client_id),
            name: tenant.domain(),
            is_local: true,
            in_memory: Some((tenant, server)),
        })
    }

    fn real(options: &Options, environment: &Environment) -> Result<Self, BadInput> {
        let mut faults = Vec::new();
        if options.rooms.is_some() {
            faults.push("--rooms is for the tenant in memory, and TENANT_ID names a real one".to_owned());
        }
        let application = environment.get("APP_CLIENT_ID").and_then(|text| {
            text.parse::<ClientId>().map_err(|fault| faults.push(format!("APP_CLIENT_ID: {fault}"))).ok()
        });
        let secret = environment.get("APP_CLIENT_SECRET");
        if secret.is_some() && environment.get("APP_CLIENT_ID").is_none() {
            faults.push("APP_CLIENT_SECRET is set and APP_CLIENT_ID is not".to_owned());
        }
        let client = environment.client("CLIENT_ID", "CLIENT_SECRET").map_err(|BadInput(more)| faults.extend(more));
        let Some(client) = client.ok().filter(|_| faults.is_empty()) else { return Err(BadInput(faults)) };
        let is_local = client.cloud().is_local();
        let name = environment.get("TENANT_ID").unwrap_or_default().to_owned();
        let mut introduction = String::new();
        let _ = if is_local {
            writeln!(introduction, "This run works in tenant {name}, on a server of this machine.")
        } else {
            writeln!(introduction, "This run works in the REAL tenant {name}.")
        };
        let credential = application.zip(secret).map(|(id, secret)| ClientSecret::new(id, secret.to_owned()));
        if credential.is_none() {
            let missing =
                if application.is_some() { "APP_CLIENT_SECRET is" } else { "APP_CLIENT_ID and APP_CLIENT_SECRET are" };
            let _ = writeln!(introduction, "{missing} not set: without a credential the verification is inconclusive.");
        }
        let restricted = application.zip(credential.clone().map(|credential| client.with_credential(credential)));
        let groups = ExchangeGroups::new(client);
        Ok(Self {
            groups: credential.into_iter().fold(groups, ExchangeGroups::application),
            restricted,
            introduction,
            application: application.map(|application| application.to_string()),
            in_memory: None,
            is_local,
            name,
        })
    }

    /// Signs in as the restricted application, so that a secret is found to be wrong before anything is changed, and not by
    /// the verification after it.
    pub(crate) async fn sign_in_as_restricted(&self, spec: &RestrictedCalendarGroup) -> anyhow::Result<()> {
        let Some((application, client)) = &self.restricted else { return Ok(()) };
        if *application != spec.application() {
            let other = spec.application();
            return Err(
                BadInput::from(format!("APP_CLIENT_ID is {application}, and the spec restricts {other}")).into()
            );
        }
        match client.token_claims(Service::Graph).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::Auth => {
                Err(BadInput::from(format!("APP_CLIENT_SECRET: {error}. Nothing was changed")).into())
            }
            Err(error) => Err(error).context("sign in with APP_CLIENT_SECRET; nothing was changed"),
        }
    }

    pub(crate) fn introduction(&self) -> &str {
        &self.introduction
    }

    pub(crate) fn groups(&self) -> ExchangeGroups {
        self.groups.clone()
    }

    /// The spec of the file, or that of PlaceOS's documentation with what the command line says.
    pub(crate) fn spec(&self, options: &Options, environment: &Environment) -> anyhow::Result<RestrictedCalendarGroup> {
        if let Some(path) = &options.spec {
            let builder = spec::read(path)?;
            let builder = match options.mechanism {
                Some(mechanism) => builder.restriction(mechanism.into()),
                None => builder,
            };
            let builder =
                if options.revoke_tenant_wide_grant { builder.revoke_tenant_wide_grant(true) } else { builder };
            return Ok(spec::build(builder, environment)?);
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
        Ok(spec::build(spec, environment)?)
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
