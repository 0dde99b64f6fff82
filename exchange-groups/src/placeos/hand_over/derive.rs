//! From facts to the plan. Pure.

use std::collections::HashSet;

use graph_client::serde_json::json;
use graph_client::{SmtpAddress, printable};

use super::document::{HandOverFinding, HandOverFindingKind, HandOverPlan, HandOverStage, HandOverStep};
use super::gate::Covered;
use super::input::{HandOver, StaffAccess};
use super::read::HandOverFacts;
use crate::access::{Fact, Truth};
use crate::document::{Digest, ObservationRef};
use crate::finding::Severity;
use crate::placeos::api::{
    CalendarCredentials, CalendarSettings, EncryptionLevel, PlaceOsDriver, PlaceOsModule, SettingsView, StaffTenant,
    StaffTenantChange,
};
use crate::placeos::change::{HandOverChange, ModuleRef, Owner};
use crate::placeos::reconcile::{Fix, ReconcileFacts, Reconciliation, reconcile};
use crate::procedure::Gate;
use crate::prove::Expectation;
use crate::spec::OtherMembers;
use crate::text::count;

/// What the notes of the calendar module say of its settings.
const SETTINGS_TOPIC: &str = "exchange-groups: calendar settings:";

/// What the notes of the calendar module say of the tenant of Staff API.
const TENANT_TOPIC: &str = "exchange-groups: Staff API tenant:";

/// The platform of Microsoft 365.
const PLATFORM: &str = "office365";

fn is_file(driver: &PlaceOsDriver, names: &[&str]) -> bool {
    driver.file_name.as_deref().is_some_and(|file| names.iter().any(|name| file.ends_with(name)))
}

impl HandOver {
    /// The drivers that the calendar module can be of.
    pub(crate) fn calendar_drivers<'a>(&self, facts: &'a HandOverFacts) -> Vec<&'a PlaceOsDriver> {
        let drivers = facts.drivers.entries().iter();
        match &self.options.calendar_driver {
            Some(id) => drivers.filter(|driver| driver.id == *id).collect(),
            // The generic calendar driver has the same class; that of Microsoft is named so.
            None => drivers
                .filter(|driver| {
                    driver.module_name.as_deref() == Some("Calendar")
                        && driver.role.as_deref() == Some("service")
                        && (is_file(driver, &["drivers/microsoft/graph_api.cr"])
                            || driver.name.as_deref().is_some_and(|name| name.contains("Microsoft Graph")))
                })
                .collect(),
        }
    }

    /// The drivers that bookings modules can be of.
    pub(crate) fn bookings_drivers<'a>(&self, facts: &'a HandOverFacts) -> Vec<&'a PlaceOsDriver> {
        let drivers = facts.drivers.entries().iter();
        match &self.options.bookings_driver {
            Some(id) => drivers.filter(|driver| driver.id == *id).collect(),
            None => drivers
                .filter(|driver| {
                    driver.module_name.as_deref() == Some("Bookings") && driver.role.as_deref() == Some("logic")
                })
                .collect(),
        }
    }

    /// The differences between Exchange, the group and PlaceOS. Pure.
    #[must_use]
    pub fn reconcile(&self, facts: &HandOverFacts) -> Reconciliation {
        reconcile(&self.reconcile_facts(facts, &self.modules(facts, &mut Vec::new())))
    }

    fn reconcile_facts(&self, facts: &HandOverFacts, modules: &Modules<'_>) -> ReconcileFacts {
        ReconcileFacts {
            group: self.spec.address().clone(),
            is_group: self.spec.scope().is_group(),
            rooms: facts.rooms.clone(),
            mailboxes: facts.mailboxes.clone(),
            keeps_other_members: self.spec.other_members == OtherMembers::Keep,
            members: facts.members.clone(),
            systems: facts.systems.clone(),
            modules: facts.modules.clone(),
            zones: facts.zones.clone(),
            zone_map: self.options.zones.clone(),
            calendar_module: modules.calendar.map(|module| module.id.clone()),
            bookings_driver: modules.bookings_driver.map(|driver| driver.id.clone()),
        }
    }

    /// Derives what is to be done. Pure: the same facts give the same plan.
    #[must_use]
    pub fn plan(&self, facts: &HandOverFacts) -> HandOverPlan {
        let mut findings = Vec::new();
        self.check_inputs(facts, &mut findings);
        let modules = self.modules(facts, &mut findings);
        let gate = self.gate(facts);
        let reconciliation = reconcile(&self.reconcile_facts(facts, &modules));
        let mut derivation = Derivation {
            hand_over: self,
            facts,
            modules: &modules,
            is_verified: gate.is_open == Truth::Yes,
            gate,
            findings,
            stages: Vec::new(),
        };
        derivation.stages(&reconciliation);
        let Derivation { mut findings, mut stages, .. } = derivation;
        stages.retain(|stage| !stage.steps.is_empty());
        findings.sort_by_key(|finding| finding.severity);
        HandOverPlan {
            origin: facts.origin.clone(),
            observation: ObservationRef { digest: Digest::of(facts), made_at: facts.origin.made_at.clone() },
            placeos: facts.placeos.clone(),
            group: self.spec.address().clone(),
            application: self.spec.application(),
            stages,
            findings,
            reconciliation,
        }
    }

    fn check_staff_tenants(&self, facts: &HandOverFacts, findings: &mut Vec<HandOverFinding>) {
        if self.options.staff_access == StaffAccess::Untouched {
            // The one-click consent of PlaceOS leaves its tenant so.
            let acts = |it: &&StaffTenant| it.delegated == Some(false) && it.platform.as_deref() == Some(PLATFORM);
            for tenant in facts.staff_tenants.entries().iter().filter(acts) {
                let domain = printable(tenant.domain.as_deref().unwrap_or_default()).into_owned();
                findings.push(finding(
                    Severity::Warning,
                    HandOverFindingKind::ActsAsApplication,
                    format!(
                        "The Staff API tenant of {domain} acts as the application for everybody: who is not in the group can \
                         neither search for rooms there nor book them"
                    ),
                    Owner::PlaceOsAdministrator,
                    "Let it act as the person who is signed in (Delegated Access), or make whoever books, or its service \
                     account, a member of the group.",
                ));
            }
        }
    }

    fn check_inputs(&self, facts: &HandOverFacts, findings: &mut Vec<HandOverFinding>) {
        use HandOverFindingKind::{NoCredentials, NotAMember, OtherApplication, OtherTenant};
        let parts = [
            ("zones", facts.zones.missing()),
            ("drivers", facts.drivers.missing()),
            ("systems", facts.systems.missing()),
            ("modules", facts.modules.missing()),
        ];
        let tenants = facts.staff_tenants.missing().filter(|_| self.options.staff_access != StaffAccess::Untouched);
        for (what, why) in parts.into_iter().chain([("tenants of Staff API", tenants)]) {
            if let Some(why) = why {
                findings.push(finding(
                    Severity::Blocking,
                    HandOverFindingKind::Unread,
                    format!("The {what} could not be read: {}", printable(why)),
                    Owner::PlaceOsAdministrator,
                    "Give the program a key of an administrator with the scope \"public\".",
                ));
            }
        }
        if let Some(why) = &facts.places_missing {
            findings.push(finding(
                Severity::Warning,
                HandOverFindingKind::Unread,
                format!(
                    "The places of the rooms could not be read, so that buildings and floors are unknown: {}",
                    printable(why)
                ),
                Owner::Operator,
                "Let the administering application run Get-Place; until then systems are made without them.",
            ));
        }
        self.check_staff_tenants(facts, findings);
        match &self.credentials {
            None => findings.push(finding(
                Severity::Blocking,
                NoCredentials,
                "The credentials that PlaceOS is to have were not given",
                Owner::Operator,
                "Add a secret to the application, and hand it over with its tenant and client id.",
            )),
            Some(credentials) => {
                if credentials.client_id != self.spec.application() {
                    findings.push(finding(
                        Severity::Blocking,
                        OtherApplication,
                        format!(
                            "The credentials are those of the application {}, and the spec restricts {}",
                            credentials.client_id,
                            self.spec.application()
                        ),
                        Owner::Operator,
                        "Hand over the application that is restricted, and no other.",
                    ));
                }
                let tenant = credentials.tenant.as_str();
                if !facts.tenant_names.iter().any(|name| name.eq_ignore_ascii_case(tenant)) {
                    findings.push(finding(
                        Severity::Blocking,
                        OtherTenant,
                        format!("The credentials are for {tenant}, which is no name of {}", facts.origin.tenant),
                        Owner::Operator,
                        "Give the tenant by its id or one of its domains.",
                    ));
                }
            }
        }
        let is_member =
            |mailbox: &SmtpAddress| facts.mailboxes.contains(mailbox) || self.spec.mailboxes().contains(mailbox);
        for mailbox in self.acting_mailboxes().filter(|mailbox| !is_member(mailbox)) {
            findings.push(finding(
                Severity::Blocking,
                NotAMember,
                format!("PlaceOS is to act as {mailbox}, which the spec does not make a member of the group"),
                Owner::SpecAuthor,
                "Name it in the spec as a further mailbox: otherwise every call as this mailbox is denied.",
            ));
        }
        if let Some(until) = self.proof.as_ref().and_then(|proof| proof.older_tokens_until.as_ref())
            && until.to_system_time() > facts.origin.made_at.to_system_time()
        {
            findings.push(finding(
                Severity::Note,
                HandOverFindingKind::OldTokens,
                format!("Tokens from before the restriction may reach more until {until}"),
                Owner::Operator,
                "If the application was in use before, its old tokens end then.",
            ));
        }
    }

    fn modules<'a>(&self, facts: &'a HandOverFacts, findings: &mut Vec<HandOverFinding>) -> Modules<'a> {
        let mut only = |drivers: Vec<&'a PlaceOsDriver>, what: &str, setter: &str| match drivers.as_slice() {
            [driver] => Some(*driver),
            // What was not read is a finding already.
            [] if facts.drivers.whole().is_none() => None,
            [] => {
                findings.push(finding(
                    Severity::Blocking,
                    HandOverFindingKind::NoDriver,
                    format!("PlaceOS has no driver for {what}"),
                    Owner::PlaceOsAdministrator,
                    "Add it in Backoffice: Drivers, New Driver, from the repository of drivers; \"Microsoft Graph API\" for \
                     the calendar, \"PlaceOS Bookings\" for bookings.",
                ));
                None
            }
            several => {
                let ids: Vec<&str> = several.iter().map(|driver| driver.id.as_str()).collect();
                findings.push(finding(
                    Severity::Blocking,
                    HandOverFindingKind::SeveralModules,
                    format!("Several drivers could be meant for {what}: {}", ids.join(", ")),
                    Owner::Operator,
                    format!("Name one of them with {setter}."),
                ));
                None
            }
        };
        let calendar_driver = only(self.calendar_drivers(facts), "the calendar", "calendar_driver");
        let bookings_driver = only(self.bookings_drivers(facts), "bookings", "bookings_driver");
        let of_driver: Vec<&PlaceOsModule> = facts
            .modules
            .entries()
            .iter()
            .filter(|module| match &self.options.calendar_module {
                Some(id) => module.id == *id,
                None => calendar_driver.is_some_and(|driver| module.driver_id.as_deref() == Some(&driver.id)),
            })
            .collect();
        let calendar = match (of_driver.as_slice(), &self.options.calendar_module) {
            ([module], _) => Some(*module),
            ([], None) => None,
            ([], Some(id)) => {
                if facts.modules.whole().is_some() {
                    findings.push(finding(
                        Severity::Blocking,
                        HandOverFindingKind::SeveralModules,
                        format!("PlaceOS has no module {}", printable(id)),
                        Owner::Operator,
                        "Name the calendar module by its id, or none.",
                    ));
                }
                None
            }
            (several, _) => {
                let ids: Vec<&str> = several.iter().map(|module| module.id.as_str()).collect();
                findings.push(finding(
                    Severity::Blocking,
                    HandOverFindingKind::SeveralModules,
                    format!("Several calendar modules could be meant: {}", ids.join(", ")),
                    Owner::Operator,
                    "Name one of them with calendar_module: all rooms share it.",
                ));
                None
            }
        };
        Modules { calendar_driver, bookings_driver, calendar }
    }
}

fn finding(
    severity: Severity,
    kind: HandOverFindingKind,
    message: impl Into<String>,
    owner: Owner,
    advice: impl Into<String>,
) -> HandOverFinding {
    HandOverFinding { severity, kind, message: message.into(), owner, advice: advice.into() }
}

/// The modules and drivers that are meant.
struct Modules<'a> {
    calendar_driver: Option<&'a PlaceOsDriver>,
    bookings_driver: Option<&'a PlaceOsDriver>,
    calendar: Option<&'a PlaceOsModule>,
}

struct Derivation<'a> {
    hand_over: &'a HandOver,
    facts: &'a HandOverFacts,
    modules: &'a Modules<'a>,
    gate: Gate,
    is_verified: bool,
    findings: Vec<HandOverFinding>,
    stages: Vec<HandOverStage>,
}

impl Derivation<'_> {
    fn stage(&mut self, name: &str, title: &str, gate: Option<Gate>, steps: Vec<HandOverStep>) {
        self.stages.push(HandOverStage { name: name.to_owned(), title: title.to_owned(), gate, steps });
    }

    fn stages(&mut self, reconciliation: &Reconciliation) {
        let mut steps = Steps::default();
        for difference in &reconciliation.differences {
            if let Fix::PlaceOs { steps: changes } = &difference.fix {
                for change in changes {
                    let reason = match (&difference.address, change) {
                        (Some(address), HandOverChange::CreateZone { .. }) => {
                            format!("{address} is there, and PlaceOS has no such zone")
                        }
                        (Some(address), _) if change.room().is_none() => format!("{address}: {}", difference.message),
                        _ => difference.message.clone(),
                    };
                    self.sort(&mut steps, change, reason);
                }
            }
        }
        self.stage("zones", "Zones", None, steps.zones);
        self.calendar_module();
        self.credentials();
        self.staff_api();
        self.stage("systems", "Systems", None, steps.systems);
        let gate = self.gate.clone();
        self.stage("connect", "Systems whose bookings module runs already", Some(gate.clone()), steps.connect);
        let bookings = self.bookings(steps.bookings);
        self.stage("bookings", "Bookings modules", None, bookings);
        self.stage("stop", "What reads in vain", None, steps.stop);
        self.start(steps.start);
        if !self.is_verified {
            self.warn_of_what_runs();
        }
    }

    /// Puts a step of the reconciliation into its stage.
    fn sort(&self, steps: &mut Steps, change: &HandOverChange, reason: String) {
        let list = match change {
            HandOverChange::CreateZone { .. } => &mut steps.zones,
            HandOverChange::ConnectCalendar { system, .. } => {
                let runs = system.id.as_ref().is_some_and(|id| self.has_running_bookings(id));
                // A module that runs begins to read once it finds a calendar.
                if runs { &mut steps.connect } else { &mut steps.systems }
            }
            HandOverChange::CreateBookings { .. } => &mut steps.bookings,
            HandOverChange::StopModule(_) => &mut steps.stop,
            HandOverChange::StartModule(_) => &mut steps.start,
            _ => &mut steps.systems,
        };
        list.push(HandOverStep::new(change.clone(), reason));
    }

    fn has_running_bookings(&self, system: &str) -> bool {
        self.facts.modules.entries().iter().any(|module| {
            module.control_system_id.as_deref() == Some(system)
                && module.running != Some(false)
                && self.modules.bookings_driver.is_some_and(|driver| module.driver_id.as_deref() == Some(&driver.id))
        })
    }

    fn calendar_module(&mut self) {
        let steps = match (self.modules.calendar, self.modules.calendar_driver) {
            (None, Some(driver)) => {
                // GUESS: the domain's own address, as the documentation has it; wrong if the driver calls it.
                let uri = format!("https://{}", self.domain());
                let change = HandOverChange::CreateCalendarModule { driver: driver.id.clone(), uri };
                vec![HandOverStep::new(change, "all rooms share one calendar module, and there is none")]
            }
            _ => Vec::new(),
        };
        self.stage("calendar_module", "Calendar module", None, steps);
    }

    fn domain(&self) -> String {
        let host = || self.hand_over.placeos.base().host_str().unwrap_or_default().to_owned();
        self.hand_over.options.domain.clone().unwrap_or_else(host)
    }

    fn note(&self, topic: &str) -> Option<&str> {
        let notes = self.modules.calendar?.notes.as_deref()?;
        notes.lines().find_map(|line| line.trim().strip_prefix(topic)).map(str::trim)
    }

    fn settings_of(&self, parent: Option<&str>) -> Option<&Fact<Vec<SettingsView>>> {
        self.facts.settings.get(parent?)
    }

    /// The settings of the calendar module, with the secret.
    fn credentials(&mut self) {
        let Some(credentials) = self.hand_over.credentials.clone() else { return };
        let options = &self.hand_over.options;
        let mut settings = CalendarSettings::new(credentials.tenant.clone(), credentials.client_id);
        settings.calendar_config.conference_type.clone_from(&options.conference_type);
        settings.calendar_service_account.clone_from(&options.service_account);
        settings.mailer_from.clone_from(&options.mailer_from);
        let module = self.modules.calendar.map(|module| module.id.clone());
        let known = self.settings_of(module.as_deref()).cloned();
        if let Some(why) = known.as_ref().and_then(Fact::missing) {
            self.findings.push(finding(
                Severity::Blocking,
                HandOverFindingKind::Unread,
                format!("The settings of the calendar module could not be read: {}", printable(why)),
                Owner::PlaceOsAdministrator,
                "Give the program a key of an administrator.",
            ));
            return;
        }
        let records = known.as_ref().map(Fact::entries).unwrap_or_default();
        let driver = self.modules.calendar_driver.map(|driver| driver.id.clone());
        let of_driver = self.settings_of(driver.as_deref()).map(Fact::entries).unwrap_or_default().to_vec();
        self.warn_of_clear_secrets(records.iter().chain(&of_driver));
        let hidden = |it: &&SettingsView| it.record.encryption_level == Some(EncryptionLevel::NeverDisplay);
        let record = records.iter().find(hidden);
        let keys = settings.keys();
        let unknown: Vec<String> = record
            .iter()
            .flat_map(|it| &it.record.keys)
            .filter(|key| !KNOWN_KEYS.contains(&key.as_str()))
            .cloned()
            .collect();
        if !unknown.is_empty() {
            self.findings.push(finding(
                Severity::Blocking,
                HandOverFindingKind::OtherSettings,
                format!(
                    "The settings of the calendar module that are never displayed also hold {}, which writing them again \
                     would lose",
                    printable(&unknown.join(", "))
                ),
                Owner::PlaceOsAdministrator,
                "Move them to a record of their own in Backoffice.",
            ));
            return;
        }
        let text = noted(&json!(settings).to_string(), &credentials);
        let has_keys = record.is_some_and(|it| keys.iter().all(|key| it.record.keys.contains(key)));
        let is_noted = self.note(SETTINGS_TOPIC) == Some(text.as_str());
        let reason = match (has_keys, is_noted) {
            (true, true) if !options.replace_credentials => return,
            (true, true) => "the secret is to be handed over again",
            (true, false) => "which credentials the module has is not noted, and cannot be read",
            (false, _) => "the module has no settings that are never displayed",
        };
        let steps = vec![
            HandOverStep::new(
                HandOverChange::WriteCalendarSettings {
                    module: module.clone(),
                    record: record.map(|it| it.record.id.clone()),
                    settings,
                },
                reason,
            ),
            HandOverStep::new(
                HandOverChange::NoteCredentials { module, topic: SETTINGS_TOPIC.to_owned(), text },
                "settings that are never displayed cannot be compared",
            ),
        ];
        // A module that runs uses what it is given at once.
        let runs = self.modules.calendar.is_some_and(|module| module.running != Some(false));
        let gate = runs.then(|| self.gate.clone());
        self.stage("credentials", "Settings of the calendar module", gate, steps);
    }

    fn warn_of_clear_secrets<'b>(&mut self, records: impl Iterator<Item = &'b SettingsView>) {
        for view in records.filter(|view| view.has_clear_secret) {
            let level = view.record.encryption_level.map_or("unknown", EncryptionLevel::as_str);
            let parent = view.record.parent_id.as_deref().unwrap_or_default();
            self.findings.push(finding(
                Severity::Warning,
                HandOverFindingKind::ClearSecret,
                format!(
                    "The settings {} of {} hold a client secret at the encryption level {level}",
                    printable(&view.record.id),
                    printable(parent)
                ),
                Owner::PlaceOsAdministrator,
                "Delete the record (earlier versions are kept as long as it is), and replace the secret in Entra.",
            ));
        }
    }

    /// The tenant of Staff API.
    fn staff_api(&mut self) {
        let hand_over = self.hand_over;
        let options = &hand_over.options;
        let delegated = match options.staff_access {
            StaffAccess::Untouched => return,
            StaffAccess::Delegated => true,
            StaffAccess::Application => false,
        };
        let (Some(credentials), Some(tenants)) = (&hand_over.credentials, self.facts.staff_tenants.whole()) else {
            return;
        };
        let domain = self.domain();
        let is_it = |tenant: &&StaffTenant| {
            let email_domain = tenant.email_domain.as_deref().filter(|it| !it.is_empty());
            tenant.domain.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(&domain))
                && email_domain.map(str::to_lowercase) == options.email_domain.as_deref().map(str::to_lowercase)
        };
        let found: Vec<&StaffTenant> = tenants.iter().filter(is_it).collect();
        let existing = match found.as_slice() {
            [] => None,
            [tenant] => Some(*tenant),
            _ => {
                self.findings.push(finding(
                    Severity::Blocking,
                    HandOverFindingKind::SeveralTenants,
                    format!("Staff API has several tenants of {domain}"),
                    Owner::PlaceOsAdministrator,
                    "Leave one of them: which one is used is not known.",
                ));
                return;
            }
        };
        if let Some(platform) = existing.and_then(|it| it.platform.as_deref()).filter(|it| *it != PLATFORM) {
            self.findings.push(finding(
                Severity::Blocking,
                HandOverFindingKind::SeveralTenants,
                format!("The Staff API tenant of {domain} is one of {}", printable(platform)),
                Owner::PlaceOsAdministrator,
                "Remove it, or name another domain of addresses with email_domain.",
            ));
            return;
        }
        let tenant = StaffTenantChange {
            name: existing.is_none().then(|| domain.clone()),
            domain,
            email_domain: options.email_domain.clone(),
            platform: PLATFORM.to_owned(),
            delegated,
            service_account: options.service_account.clone(),
            conference_type: options.conference_type.clone(),
        };
        let is_alike = existing.is_some_and(|it| {
            let account = it.service_account.as_deref().unwrap_or_default();
            let wanted = tenant.service_account.as_ref();
            it.delegated == Some(delegated) && wanted.is_none_or(|it| it.as_str().eq_ignore_ascii_case(account))
        });
        let text = noted(&json!(StaffTenantChange { name: None, ..tenant.clone() }).to_string(), credentials);
        let is_noted = self.note(TENANT_TOPIC) == Some(text.as_str());
        let reason = match existing {
            None => "Staff API has no tenant of the domain",
            Some(it) if it.delegated != Some(delegated) => "it acts otherwise than it should",
            Some(_) if !is_alike => "it has another service account",
            // What a tenant that acts as the person holds is no secret, and of no consequence for the restriction.
            Some(_) if delegated => return,
            Some(_) if !is_noted => "which credentials it has is not noted, and cannot be read",
            Some(_) if options.replace_credentials => "the secret is to be handed over again",
            Some(_) => return,
        };
        let id = existing.and_then(|it| it.id);
        let mut steps = vec![HandOverStep::new(HandOverChange::WriteStaffTenant { id, tenant }, reason)];
        if !delegated {
            let module = self.modules.calendar.map(|module| module.id.clone());
            steps.push(HandOverStep::new(
                HandOverChange::NoteCredentials { module, topic: TENANT_TOPIC.to_owned(), text },
                "the credentials of a tenant cannot be read",
            ));
        }
        // Staff API has no start: a tenant that acts as the application does so from the moment when it is written.
        let gate = (!delegated).then(|| self.gate.clone());
        self.stage("staff_api", "Staff API tenant", gate, steps);
    }

    /// Bookings modules, with their settings where they are asked for.
    fn bookings(&self, mut steps: Vec<HandOverStep>) -> Vec<HandOverStep> {
        let Some(settings) = &self.hand_over.options.bookings_settings else { return steps };
        let write = |system, module, record| {
            let change = HandOverChange::WriteBookingsSettings { system, module, record, settings: settings.clone() };
            HandOverStep::new(change, "its settings are not those that are asked for")
        };
        let new: Vec<HandOverStep> = steps
            .iter()
            .filter_map(|step| match &step.change {
                HandOverChange::CreateBookings { system, .. } => Some(write(system.clone(), None, None)),
                _ => None,
            })
            .collect();
        steps.extend(new);
        let wanted: HashSet<String> = self
            .facts
            .rooms
            .iter()
            .filter(|room| room.is_wanted == Some(true))
            .map(|room| room.address.as_str().to_lowercase())
            .collect();
        for system in self.facts.systems.entries() {
            let Some(address) = system.address().filter(|it| wanted.contains(&it.to_lowercase())) else { continue };
            let Ok(address) = address.parse::<SmtpAddress>() else { continue };
            let module = self.facts.modules.entries().iter().find(|module| {
                module.control_system_id.as_deref() == Some(&system.id)
                    && self.modules.bookings_driver.is_some_and(|it| module.driver_id.as_deref() == Some(&it.id))
            });
            let Some(module) = module else { continue };
            let Some(records) = self.settings_of(Some(&module.id)).and_then(Fact::whole) else { continue };
            let clear = records.iter().find(|it| it.record.encryption_level == Some(EncryptionLevel::None));
            match clear {
                // Somebody else's settings stay.
                Some(view) if view.bookings.is_none() => continue,
                Some(view) if view.bookings.as_ref() == Some(settings) => continue,
                _ => {}
            }
            let name = system.display_name.clone().or_else(|| system.name.clone()).unwrap_or_default();
            let reference = crate::placeos::change::SystemRef { address, name, id: Some(system.id.clone()) };
            steps.push(write(reference, Some(module.id.clone()), clear.map(|it| it.record.id.clone())));
        }
        steps
    }

    fn start(&mut self, starts: Vec<HandOverStep>) {
        let mut proven = Vec::new();
        let mut unproven = Vec::new();
        let runs = self.modules.calendar.is_some_and(|module| module.running == Some(true));
        if !runs && (self.modules.calendar.is_some() || self.modules.calendar_driver.is_some()) {
            let id = self.modules.calendar.map(|module| module.id.clone());
            let change = HandOverChange::StartModule(ModuleRef::Calendar { id });
            proven.push(HandOverStep::new(change, "bookings modules read calendars through it"));
        }
        let covered = Covered::by(self.hand_over.proof.as_ref());
        for step in starts {
            let is_covered = match &step.change {
                HandOverChange::StartModule(ModuleRef::Bookings { system, .. }) => {
                    covered.is(&system.address, Expectation::Reached)
                }
                _ => true,
            };
            if is_covered || !self.is_verified { proven.push(step) } else { unproven.push(step) }
        }
        let gate = self.gate.clone();
        self.stage("start", "Start", Some(gate), proven);
        let gate = Gate {
            condition: "a verification has seen these rooms to be reached".to_owned(),
            is_open: Truth::No,
            evidence: "the one that was given has not: verify again".to_owned(),
            not_before: None,
        };
        self.stage("start_unseen", "Start of rooms that the verification has not seen", Some(gate), unproven);
    }

    fn warn_of_what_runs(&mut self) {
        let evidence = self.gate.evidence.clone();
        let mut say = |message: String, advice: &str| {
            self.findings.push(finding(
                Severity::Warning,
                HandOverFindingKind::RunsUnverified,
                message,
                Owner::PlaceOsAdministrator,
                advice,
            ));
        };
        if let Some(module) = self.modules.calendar.filter(|module| module.running == Some(true)) {
            say(
                format!("The calendar module {} runs, and {evidence}", printable(&module.id)),
                "Stop it in Backoffice until the restriction is verified.",
            );
        }
        let reads = |module: &&PlaceOsModule| {
            let system =
                self.facts.systems.entries().iter().find(|it| Some(&it.id) == module.control_system_id.as_ref());
            let is_connected = |calendar: &PlaceOsModule| system.is_some_and(|it| it.modules.contains(&calendar.id));
            module.running == Some(true)
                && self.modules.bookings_driver.is_some_and(|it| module.driver_id.as_deref() == Some(&it.id))
                && self.modules.calendar.is_some_and(is_connected)
        };
        let running = self.facts.modules.entries().iter().filter(reads).count();
        if running > 0 {
            say(
                format!("{} with the calendar module run, and {evidence}", count(running, "bookings module")),
                "Stop them in Backoffice until the restriction is verified.",
            );
        }
        for tenant in self.facts.staff_tenants.entries().iter().filter(|it| it.delegated == Some(false)) {
            let domain = tenant.domain.as_deref().unwrap_or_default();
            say(
                format!(
                    "The Staff API tenant of {} acts as the application for everybody, and {evidence}",
                    printable(domain)
                ),
                "Let it act as the person who is signed in (Delegated Access) until the restriction is verified.",
            );
        }
    }
}

/// The names in settings that are written here.
const KNOWN_KEYS: [&str; 3] = ["calendar_config", "calendar_service_account", "mailer_from"];

/// What is noted of credentials: what they are for, and which secret it is; never the secret.
fn noted(what: &str, credentials: &CalendarCredentials) -> String {
    format!("{what} client_id={} secret={}", credentials.client_id, credentials.key_id.as_deref().unwrap_or("?"))
}

#[derive(Default)]
struct Steps {
    zones: Vec<HandOverStep>,
    systems: Vec<HandOverStep>,
    connect: Vec<HandOverStep>,
    bookings: Vec<HandOverStep>,
    stop: Vec<HandOverStep>,
    start: Vec<HandOverStep>,
}
