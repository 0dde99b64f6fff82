use std::fmt;
use std::time::Duration;

use graph_client::SmtpAddress;

use crate::groups::ExchangeGroups;
use crate::names::named;
use crate::placeos::api::{BookingsSettings, CalendarCredentials, PlaceOs};
use crate::placeos::zones::ZoneMap;
use crate::prove::Proof;
use crate::spec::RestrictedCalendarGroup;

/// How old a verification may be that modules are started by, unless it is said otherwise.
const PROOF_AGE: Duration = Duration::from_secs(24 * 60 * 60);

named! {
    /// How Staff API reaches calendars.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum StaffAccess as "staff access" {
        /// Its tenant is left as it is.
        #[default]
        Untouched = "untouched",
        /// As the person who is signed in: rooms in the group are enough.
        Delegated = "delegated",
        /// As the application, for everybody: the service account, or the hosts, have to be in the group as well.
        Application = "application",
    }
}

/// The hand-over of rooms to PlaceOS: everything that it is derived from.
///
/// Its parts are those of the crate: [`observe`](Self::observe) reads, [`plan`](Self::plan) is pure and can be printed, and
/// [`apply`](Self::apply) does what the plan says, each step read back. Run again it goes on where things are.
///
/// Nothing is started, and no secret is given to something that runs, before a [`Proof`] of this tenant, application and
/// group says *verified*.
///
/// # Examples
///
/// ```no_run
/// # async fn run(
/// #     groups: exchange_groups::ExchangeGroups,
/// #     spec: exchange_groups::RestrictedCalendarGroup,
/// #     secret: exchange_groups::NewSecret,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use exchange_groups::placeos::{CalendarCredentials, HandOver, PlaceOs, PlaceOsCredential, StaffAccess, ZoneMap};
///
/// let key = std::env::var("PLACEOS_API_KEY")?;
/// let placeos = PlaceOs::new("https://contoso.placeos.run", PlaceOsCredential::api_key(key))?;
/// let proof = groups.prove(&spec).await?;
///
/// let hand_over = HandOver::new(groups, placeos, spec)
///     .credentials(CalendarCredentials::of("contoso.onmicrosoft.com".parse()?, &secret))
///     .staff_access(StaffAccess::Delegated)
///     .zones(ZoneMap::new().create_missing(true))
///     .proof(proof);
/// let plan = hand_over.plan(&hand_over.observe().await?);
/// println!("{plan}");
/// let report = hand_over.apply(&plan).await?;
/// assert!(report.is_complete(), "{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HandOver {
    pub(crate) groups: ExchangeGroups,
    pub(crate) placeos: PlaceOs,
    pub(crate) spec: RestrictedCalendarGroup,
    pub(crate) credentials: Option<CalendarCredentials>,
    pub(crate) proof: Option<Proof>,
    pub(crate) options: Options,
}

/// What is set besides.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) proof_max_age: Duration,
    pub(crate) domain: Option<String>,
    pub(crate) email_domain: Option<String>,
    pub(crate) staff_access: StaffAccess,
    pub(crate) service_account: Option<SmtpAddress>,
    pub(crate) mailer_from: Option<SmtpAddress>,
    pub(crate) conference_type: Option<String>,
    pub(crate) zones: ZoneMap,
    pub(crate) calendar_driver: Option<String>,
    pub(crate) bookings_driver: Option<String>,
    pub(crate) calendar_module: Option<String>,
    pub(crate) bookings_settings: Option<BookingsSettings>,
    pub(crate) replace_credentials: bool,
}

impl HandOver {
    /// The hand-over of the rooms of a spec. Nothing is sent yet.
    #[must_use]
    pub fn new(groups: ExchangeGroups, placeos: PlaceOs, spec: RestrictedCalendarGroup) -> Self {
        let options = Options {
            proof_max_age: PROOF_AGE,
            domain: None,
            email_domain: None,
            staff_access: StaffAccess::default(),
            service_account: None,
            mailer_from: None,
            conference_type: None,
            zones: ZoneMap::default(),
            calendar_driver: None,
            bookings_driver: None,
            calendar_module: None,
            bookings_settings: None,
            replace_credentials: false,
        };
        Self { groups, placeos, spec, credentials: None, proof: None, options }
    }

    /// Sets the credentials of the application that PlaceOS gets.
    #[must_use]
    pub fn credentials(mut self, credentials: CalendarCredentials) -> Self {
        self.placeos = self.placeos.hiding(&credentials.secret);
        self.credentials = Some(credentials);
        self
    }

    /// Sets the verification that modules are started by.
    #[must_use]
    pub fn proof(mut self, proof: Proof) -> Self {
        self.proof = Some(proof);
        self
    }

    /// Sets how old the verification may be. Default: a day.
    #[must_use]
    pub fn proof_max_age(mut self, age: Duration) -> Self {
        self.options.proof_max_age = age;
        self
    }

    /// Sets the domain of PlaceOS, by which the tenant of Staff API is found. Default: the host of the address.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.options.domain = Some(domain.into());
        self
    }

    /// Sets the domain of addresses that the tenant of Staff API is for. Default: all.
    #[must_use]
    pub fn email_domain(mut self, domain: impl Into<String>) -> Self {
        self.options.email_domain = Some(domain.into());
        self
    }

    /// Sets how Staff API reaches calendars. Default: its tenant is left as it is.
    #[must_use]
    pub fn staff_access(mut self, access: StaffAccess) -> Self {
        self.options.staff_access = access;
        self
    }

    /// Sets the mailbox that PlaceOS acts as where no person is named. The spec has to make it a member of the group.
    #[must_use]
    pub fn service_account(mut self, mailbox: SmtpAddress) -> Self {
        self.options.service_account = Some(mailbox);
        self
    }

    /// Sets the mailbox that PlaceOS sends mail from. The spec has to make it a member of the group.
    #[must_use]
    pub fn mailer_from(mut self, mailbox: SmtpAddress) -> Self {
        self.options.mailer_from = Some(mailbox);
        self
    }

    /// Sets the kind of online meeting that is added to events: `teamsForBusiness`. Default: none.
    #[must_use]
    pub fn conference_type(mut self, conference_type: impl Into<String>) -> Self {
        self.options.conference_type = Some(conference_type.into());
        self
    }

    /// Sets which zones stand for which buildings and floors.
    #[must_use]
    pub fn zones(mut self, zones: ZoneMap) -> Self {
        self.options.zones = zones;
        self
    }

    /// Sets the driver of the calendar module, by id. Default: the only one that fits.
    #[must_use]
    pub fn calendar_driver(mut self, id: impl Into<String>) -> Self {
        self.options.calendar_driver = Some(id.into());
        self
    }

    /// Sets the driver of the bookings modules, by id. Default: the only one that fits.
    #[must_use]
    pub fn bookings_driver(mut self, id: impl Into<String>) -> Self {
        self.options.bookings_driver = Some(id.into());
        self
    }

    /// Sets the calendar module, by id. Default: the only one of its driver, or a new one.
    #[must_use]
    pub fn calendar_module(mut self, id: impl Into<String>) -> Self {
        self.options.calendar_module = Some(id.into());
        self
    }

    /// Sets settings that every bookings module gets. Default: those of the driver.
    #[must_use]
    pub fn bookings_settings(mut self, settings: BookingsSettings) -> Self {
        self.options.bookings_settings = Some(settings);
        self
    }

    /// Sets whether the secret is handed over again even if PlaceOS is noted to have it. Default `false`.
    #[must_use]
    pub fn replace_credentials(mut self, replace: bool) -> Self {
        self.options.replace_credentials = replace;
        self
    }

    /// The client of PlaceOS.
    #[must_use]
    pub fn placeos(&self) -> &PlaceOs {
        &self.placeos
    }
}

impl fmt::Debug for HandOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandOver")
            .field("placeos", &self.placeos)
            .field("group", self.spec.address())
            .field("credentials", &self.credentials)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
