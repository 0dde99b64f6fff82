//! Where it works: a real tenant and domain, or both in memory.

use std::time::Duration;

use anyhow::Context;
use exchange_groups::graph_client::{ClientId, SmtpAddress, TenantId};
use exchange_groups::placeos::{PlaceOs, PlaceOsCredential};
use exchange_groups::{
    ExchangeGroups, Profile, Registration, RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, Restriction,
    Sharing,
};
use fake_placeos::FakePlaceOs;
use fake_tenant::{FakeTenant, NewGroup};

use crate::common::environment::{BadInput, Environment};
use crate::{Options, common};

const CONCIERGE: &str = "concierge@contoso.com";

pub(crate) struct World {
    pub(crate) groups: ExchangeGroups,
    pub(crate) placeos: PlaceOs,
    pub(crate) tenant: TenantId,
    /// The domain of PlaceOS, where it is not the host of its address.
    pub(crate) domain: Option<String>,
    pub(crate) application: Option<ClientId>,
    pub(crate) group: SmtpAddress,
    pub(crate) owner: SmtpAddress,
    pub(crate) must_not_reach: Vec<SmtpAddress>,
    pub(crate) sharing: Option<Sharing>,
    pub(crate) sign_in: bool,
    pub(crate) is_dry_run: bool,
    #[cfg_attr(not(test), expect(dead_code, reason = "it is held while the program runs, and tests look into it"))]
    pub(crate) fakes: Option<Fakes>,
}

/// The tenant and the domain in memory, whose servers run as long as this is held.
#[cfg_attr(not(test), expect(dead_code, reason = "it is held while the program runs, and tests look into it"))]
pub(crate) struct Fakes {
    pub(crate) tenant: FakeTenant,
    pub(crate) placeos: FakePlaceOs,
    _servers: (fake_tenant::Server, fake_placeos::Server),
}

/// What a variable of PlaceOS says, if it is set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

impl World {
    pub(crate) async fn of(options: &Options) -> anyhow::Result<Self> {
        let for_a_real_tenant = [
            ("PLACEOS_URL", variable("PLACEOS_URL").is_some()),
            ("PLACEOS_API_KEY", variable("PLACEOS_API_KEY").is_some()),
            ("--yes", options.yes),
        ];
        let environment = Environment::read();
        let common::Tenant { client, in_memory } = common::administrator(&environment, &for_a_real_tenant).await?;
        let groups = ExchangeGroups::new(client);
        match in_memory {
            Some((tenant, server)) => Self::in_memory(groups, tenant, server, options).await,
            None => Self::real(groups, &environment, options),
        }
    }

    async fn in_memory(
        groups: ExchangeGroups,
        tenant: FakeTenant,
        server: fake_tenant::Server,
        options: &Options,
    ) -> anyhow::Result<Self> {
        for role in ["Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"] {
            tenant.grant_app_role(tenant.administrator(), role);
        }
        tenant.add_group(NewGroup::security(CONCIERGE).owner("exchange.admin@contoso.com"));
        let fake = FakePlaceOs::contoso();
        let placeos_server = fake.serve().await.context("the PlaceOS domain in memory needs a port on this machine")?;
        let key = PlaceOsCredential::api_key(fake.admin_key());
        let placeos = PlaceOs::new(&placeos_server.url(), key)?;
        let consented = tenant.booking_application().client_id.parse()?;
        let address = |text: &str| text.parse::<SmtpAddress>();
        let must_not_reach = match &*options.must_not_reach {
            [] => vec![address("ceo@contoso.com")?],
            some => some.to_vec(),
        };
        Ok(Self {
            groups,
            placeos,
            tenant: tenant.initial_domain().parse()?,
            domain: Some(options.domain.clone().unwrap_or_else(|| fake.domain())),
            application: if options.another { None } else { options.application.or(Some(consented)) },
            group: options.group.clone().map_or_else(|| address("placeosroombooking@contoso.com"), Ok)?,
            owner: options.owner.clone().map_or_else(|| address("exchange.admin@contoso.com"), Ok)?,
            must_not_reach,
            sharing: Some(Sharing::new(options.concierge.clone().map_or_else(|| address(CONCIERGE), Ok)?)),
            sign_in: true,
            is_dry_run: options.dry_run,
            fakes: Some(Fakes { tenant, placeos: fake, _servers: (server, placeos_server) }),
        })
    }

    fn real(groups: ExchangeGroups, environment: &Environment, options: &Options) -> anyhow::Result<Self> {
        let set =
            |name: &str| variable(name).ok_or_else(|| BadInput::from(format!("TENANT_ID is set and {name} is not")));
        let fault = |name: &str, error: &dyn std::fmt::Display| BadInput::from(format!("{name}: {error}"));
        let needed = |what: &str| BadInput::from(format!("a real tenant needs {what}"));
        let key = PlaceOsCredential::api_key(set("PLACEOS_API_KEY")?);
        let placeos = PlaceOs::new(&set("PLACEOS_URL")?, key).map_err(|error| fault("PLACEOS_URL", &error))?;
        if options.must_not_reach.is_empty() {
            return Err(needed("--must-not-reach: without one nothing can be verified").into());
        }
        let tenant = environment.get("TENANT_ID").unwrap_or_default();
        Ok(Self {
            groups,
            placeos,
            tenant: tenant.parse().map_err(|error| fault("TENANT_ID", &error))?,
            domain: options.domain.clone(),
            application: options.application,
            group: options.group.clone().ok_or_else(|| needed("--group"))?,
            owner: options.owner.clone().ok_or_else(|| needed("--owner"))?,
            must_not_reach: options.must_not_reach.clone(),
            sharing: options.concierge.clone().map(Sharing::new),
            sign_in: options.sign_in,
            is_dry_run: !options.yes,
            fakes: None,
        })
    }

    /// The application that reads rooms. A role over the group lets it, so that it is given no permission for calendars.
    pub(crate) fn registration(&self, another: bool) -> anyhow::Result<Registration> {
        let profile = Profile::PLACEOS.calendars.context("the profile of PlaceOS has a registration")?;
        let half_a_year = Duration::from_secs(180 * 24 * 60 * 60);
        let registration = profile.registration(Restriction::Rbac).secret(profile.secret_name, half_a_year);
        Ok(match self.application {
            Some(application) => registration.application(application),
            None => registration.another(another),
        })
    }

    pub(crate) fn spec(&self, application: ClientId) -> anyhow::Result<RestrictedCalendarGroup> {
        let spec: RestrictedCalendarGroupBuilder =
            RestrictedCalendarGroup::placeos(self.group.as_str(), application.to_string());
        let spec = spec.owner(self.owner.as_str()).revoke_tenant_wide_grant(true);
        let closed = self.must_not_reach.iter();
        let spec = closed.fold(spec, |spec, mailbox| spec.must_not_reach(mailbox.as_str()));
        Ok(spec.build().map_err(exchange_groups::Error::from)?)
    }
}
