//! Makes one step, and reads it back.

use std::collections::HashMap;
use std::future::Future;

use graph_client::serde_json;
use graph_client::{SecretString, printable};

use crate::outcome::Outcome;
use crate::placeos::api::{
    BookingsSettings, CalendarCredentials, CalendarSettings, EncryptionLevel, NewSystem, NewZone, PlaceOs,
    PlaceOsError, PlaceOsErrorKind, PlaceOsModule, StaffTenantChange, System, SystemUpdate,
};
use crate::placeos::change::{HandOverChange, ModuleRef, SystemChange, SystemRef, SystemState, ZoneRef};

/// How often a change is sent that meets another version each time.
const ROUNDS: usize = 4;

/// How a step ended, and whether the next one would end so as well.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) is_general: bool,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, is_general: false }
    }
}

impl From<PlaceOsError> for Ended {
    fn from(error: PlaceOsError) -> Self {
        Self { is_general: error.is_general(), outcome: Outcome::Failed { error: error.to_string() } }
    }
}

type Performed = Result<Outcome, PlaceOsError>;

fn failed(error: impl Into<String>) -> Outcome {
    Outcome::Failed { error: error.into() }
}

fn not_run(reason: impl Into<String>) -> Outcome {
    Outcome::NotRun { reason: reason.into() }
}

fn not_seen(what: &str) -> Outcome {
    Outcome::Unconfirmed { reason: format!("the service accepted it, and {what} is not seen") }
}

/// Makes steps, and knows what earlier ones created.
pub(super) struct Performer<'a> {
    pub(super) placeos: PlaceOs,
    pub(super) credentials: Option<&'a CalendarCredentials>,
    zones: HashMap<String, String>,
    systems: HashMap<String, String>,
    bookings: HashMap<String, String>,
    calendar: Option<String>,
}

impl<'a> Performer<'a> {
    pub(super) fn new(placeos: PlaceOs, credentials: Option<&'a CalendarCredentials>) -> Self {
        Self {
            placeos,
            credentials,
            zones: HashMap::new(),
            systems: HashMap::new(),
            bookings: HashMap::new(),
            calendar: None,
        }
    }

    fn zone(&self, zone: &ZoneRef) -> Option<String> {
        zone.id.clone().or_else(|| self.zones.get(&zone.name).cloned())
    }

    fn system(&self, system: &SystemRef) -> Option<String> {
        system.id.clone().or_else(|| self.systems.get(&system.address.as_str().to_lowercase()).cloned())
    }

    fn calendar(&self, module: Option<&String>) -> Option<String> {
        module.cloned().or_else(|| self.calendar.clone())
    }

    fn module(&self, module: &ModuleRef) -> Option<String> {
        match module {
            ModuleRef::Calendar { id } => self.calendar(id.as_ref()),
            ModuleRef::Bookings { system, id } => {
                id.clone().or_else(|| self.bookings.get(&system.address.as_str().to_lowercase()).cloned())
            }
        }
    }

    /// Makes a change, and reads it back.
    pub(super) async fn perform(&mut self, change: &HandOverChange) -> Ended {
        let performed = match change {
            HandOverChange::CreateZone { zone, parent } => self.create_zone(zone, parent.as_ref()).await,
            HandOverChange::CreateCalendarModule { driver, uri } => self.create_calendar(driver, uri).await,
            HandOverChange::WriteCalendarSettings { module, record, settings } => {
                self.write_calendar_settings(module.as_ref(), record.as_deref(), settings).await
            }
            HandOverChange::NoteCredentials { module, topic, text } => self.note(module.as_ref(), topic, text).await,
            HandOverChange::WriteStaffTenant { id, tenant } => self.write_tenant(*id, tenant).await,
            HandOverChange::CreateSystem { system, zones } => self.create_system(system, zones).await,
            HandOverChange::UpdateSystem { system, from, to } => self.update_system(system, from, to).await,
            HandOverChange::ConnectCalendar { system, module } => self.connect(system, module.as_ref()).await,
            HandOverChange::CreateBookings { system, driver } => self.create_bookings(system, driver).await,
            HandOverChange::WriteBookingsSettings { system, module, record, settings } => {
                let module = ModuleRef::Bookings { system: system.clone(), id: module.clone() };
                self.write_bookings_settings(&module, record.as_deref(), settings).await
            }
            HandOverChange::StartModule(module) => self.run(module, true).await,
            HandOverChange::StopModule(module) => self.run(module, false).await,
        };
        match performed {
            Ok(outcome) => outcome.into(),
            Err(error) => error.into(),
        }
    }

    /// What came of a change that was sent: by the look, whatever the answer was, unless it was refused.
    async fn settle<T>(
        sent: Result<T, PlaceOsError>,
        what: &str,
        look: impl Future<Output = Result<bool, PlaceOsError>> + Send,
    ) -> Performed {
        match sent {
            Ok(_) => match look.await {
                Ok(true) => Ok(Outcome::Done),
                Ok(false) => Ok(not_seen(what)),
                Err(error) => Ok(Outcome::Unconfirmed { reason: format!("it could not be read back: {error}") }),
            },
            Err(error) if error.is_outcome_unknown => match look.await {
                Ok(true) => Ok(Outcome::Done),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn find_zone(&self, zone: &NewZone, parent: Option<&String>) -> Result<Option<String>, PlaceOsError> {
        let zones = self.placeos.zones().await?;
        let is_it = |it: &&crate::placeos::api::PlaceOsZone| {
            it.name.as_deref() == Some(&*zone.name)
                && it.parent_id.as_deref().filter(|id| !id.is_empty()) == parent.map(String::as_str)
                && zone.tags.iter().all(|tag| it.tags.contains(tag))
        };
        Ok(zones.iter().find(is_it).map(|zone| zone.id.clone()))
    }

    async fn create_zone(&mut self, zone: &NewZone, parent: Option<&ZoneRef>) -> Performed {
        let parent_id = match parent {
            None => None,
            Some(parent) => match self.zone(parent) {
                Some(id) => Some(id),
                None => return Ok(not_run(format!("the zone {parent} was not created"))),
            },
        };
        let wanted = NewZone { parent_id: parent_id.clone(), ..zone.clone() };
        let (id, outcome) = match self.placeos.create_zone(&wanted).await {
            Ok(created) => {
                let seen = self.placeos.zone(&created.id).await;
                let is_it = seen.map(|seen| seen.name.as_deref() == Some(&*zone.name));
                let outcome = Self::settle(Ok(()), "the zone", async { is_it }).await?;
                (Some(created.id), outcome)
            }
            Err(error) if error.is_outcome_unknown => match self.find_zone(&wanted, parent_id.as_ref()).await {
                Ok(Some(id)) => (Some(id), Outcome::Done),
                _ => return Err(error),
            },
            Err(error) => return Err(error),
        };
        if let Some(id) = id {
            self.zones.insert(zone.name.clone(), id);
        }
        Ok(outcome)
    }

    async fn create_calendar(&mut self, driver: &str, uri: &str) -> Performed {
        match self.placeos.create_service_module(driver, uri).await {
            Ok(created) => {
                self.calendar = Some(created.id.clone());
                let seen = self.at_rest(&created.id).await;
                let is_it = seen.map(|module| module.driver_id.as_deref() == Some(driver));
                Self::settle(Ok(()), "the module", async { is_it }).await
            }
            Err(error) if error.is_outcome_unknown => {
                // GUESS: a list has what was just created; wrong if it follows later: then a run that begins at once
                // could create it a second time.
                let found = self.placeos.modules_of_driver(driver, None).await.unwrap_or_default();
                match found.into_iter().find(|module| module.driver_id.as_deref() == Some(driver)) {
                    Some(module) => {
                        let at_rest = self.at_rest(&module.id).await;
                        self.calendar = Some(module.id);
                        at_rest.map(|_| Outcome::Done)
                    }
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// A module that was just created. One that runs by itself is stopped: it is started by a step of its own.
    async fn at_rest(&self, module: &str) -> Result<PlaceOsModule, PlaceOsError> {
        // GUESS: a new module does not run; wrong if this ever stops one.
        let seen = self.placeos.module(module).await?;
        if seen.running != Some(true) {
            return Ok(seen);
        }
        self.placeos.stop_module(module).await?;
        self.placeos.module(module).await
    }

    async fn write_calendar_settings(
        &self,
        module: Option<&String>,
        record: Option<&str>,
        settings: &CalendarSettings,
    ) -> Performed {
        let Some(module) = self.calendar(module) else { return Ok(not_run("there is no calendar module")) };
        let Some(credentials) = self.credentials else { return Ok(not_run("no credentials were given")) };
        let (level, text) = (EncryptionLevel::NeverDisplay, settings.text_with(credentials));
        let sent = self.placeos.write_settings(record, &module, level, &text).await;
        // Whether a record that was there has the new secret cannot be seen.
        let sent = match sent {
            Err(error) if record.is_some() || !error.is_outcome_unknown => return Err(error),
            sent => sent,
        };
        let keys = settings.keys();
        let look = async {
            let views = self.placeos.settings_of(&module).await?;
            Ok(views.iter().any(|view| {
                view.record.encryption_level == Some(level) && keys.iter().all(|key| view.record.keys.contains(key))
            }))
        };
        Self::settle(sent, "the record", look).await
    }

    async fn note(&self, module: Option<&String>, topic: &str, text: &str) -> Performed {
        let Some(module) = self.calendar(module) else { return Ok(not_run("there is no calendar module")) };
        let line = format!("{topic} {text}");
        let current = self.placeos.module(&module).await?.notes.unwrap_or_default();
        let is_ours = |line: &&str| line.trim().starts_with("exchange-groups:");
        let mut own: Vec<&str> = current.lines().filter(is_ours).filter(|it| !it.trim().starts_with(topic)).collect();
        own.push(&line);
        own.sort_unstable();
        let mut lines: Vec<&str> = current.lines().filter(|line| !is_ours(line)).collect();
        lines.extend(own);
        let wanted = lines.join("\n");
        if current == wanted {
            return Ok(Outcome::AlreadyDone);
        }
        let sent = self.placeos.note(&module, &wanted).await;
        let look = async { Ok(self.placeos.module(&module).await?.notes.as_deref() == Some(&*wanted)) };
        Self::settle(sent, "the note", look).await
    }

    async fn write_tenant(&self, id: Option<i64>, tenant: &StaffTenantChange) -> Performed {
        let credentials = self.credentials.filter(|_| !tenant.delegated);
        let sent = self.placeos.write_tenant(id, tenant, credentials).await;
        // Whether a tenant that was there has the new secret cannot be seen.
        let sent = match sent {
            Err(error) if !error.is_outcome_unknown || (id.is_some() && !tenant.delegated) => return Err(error),
            sent => sent,
        };
        let look = async {
            let tenants = self.placeos.staff_tenants().await?;
            Ok(tenants.iter().any(|it| {
                let same = |one: Option<&str>, other: Option<&str>| {
                    one.unwrap_or_default().eq_ignore_ascii_case(other.unwrap_or_default())
                };
                id.is_none_or(|id| it.id == Some(id))
                    && same(it.domain.as_deref(), Some(&tenant.domain))
                    && same(it.email_domain.as_deref(), tenant.email_domain.as_deref())
                    && it.delegated == Some(tenant.delegated)
                    && tenant
                        .service_account
                        .as_ref()
                        .is_none_or(|account| same(it.service_account.as_deref(), Some(account.as_str())))
            }))
        };
        Self::settle(sent, "the tenant", look).await
    }

    async fn create_system(&mut self, system: &NewSystem, zones: &[ZoneRef]) -> Performed {
        let mut ids = Vec::new();
        for zone in zones {
            match self.zone(zone) {
                Some(id) => ids.push(id),
                None => return Ok(not_run(format!("the zone {zone} was not created"))),
            }
        }
        let wanted = NewSystem { zones: ids, ..system.clone() };
        let address = system.email.as_str();
        let (id, outcome) = match self.placeos.create_system(&wanted).await {
            Ok(created) => {
                let seen = self.placeos.system(&created.id).await;
                let is_it = seen.map(|seen| seen.address().is_some_and(|it| it.eq_ignore_ascii_case(address)));
                (created.id, Self::settle(Ok(()), "the system", async { is_it }).await?)
            }
            Err(error) if error.is_outcome_unknown => match self.placeos.systems_with_email(address).await.as_deref() {
                Ok([found]) => (found.id.clone(), Outcome::Done),
                _ => return Err(error),
            },
            Err(error) => return Err(error),
        };
        self.systems.insert(address.to_lowercase(), id);
        Ok(outcome)
    }

    /// Changes a system of the version that was read. Meets the change another version, it is read again, and sent again
    /// where it still fits.
    async fn update_system(&self, system: &SystemRef, from: &SystemState, to: &SystemChange) -> Performed {
        let Some(id) = self.system(system) else { return Ok(not_run("the system was not created")) };
        let mut enters = Vec::new();
        for zone in &to.enters {
            match self.zone(zone) {
                Some(id) => enters.push(id),
                None => return Ok(not_run(format!("the zone {zone} was not created"))),
            }
        }
        for _ in 0..ROUNDS {
            let current = self.placeos.system(&id).await?;
            if is_changed(&current, to, &enters) {
                return Ok(Outcome::AlreadyDone);
            }
            if let Some(other) = changed_otherwise(&current, from, to) {
                return Ok(failed(format!("the system was changed meanwhile: {other}. Plan again")));
            }
            let update = SystemUpdate {
                email: to.email.clone(),
                capacity: to.capacity,
                zones: (!enters.is_empty()).then(|| moved(&current.zones, &to.leaves, &enters)),
            };
            let Some(version) = current.version else {
                return Ok(failed("the system has no version, without which it cannot be changed"));
            };
            let sent = self.placeos.update_system(&id, version, &update).await;
            if sent.as_ref().is_err_and(|error| error.kind() == PlaceOsErrorKind::Conflict) {
                continue;
            }
            let look = async { Ok(is_changed(&self.placeos.system(&id).await?, to, &enters)) };
            return Self::settle(sent, "the change", look).await;
        }
        Ok(failed(format!("the system was changed by others {ROUNDS} times in a row. Run it again")))
    }

    async fn connect(&self, system: &SystemRef, module: Option<&String>) -> Performed {
        let Some(id) = self.system(system) else { return Ok(not_run("the system was not created")) };
        let Some(module) = self.calendar(module) else { return Ok(not_run("there is no calendar module")) };
        let sent = self.placeos.add_module(&id, &module).await;
        let look = async { Ok(self.placeos.system(&id).await?.modules.contains(&module)) };
        Self::settle(sent, "the module in the system", look).await
    }

    async fn create_bookings(&mut self, system: &SystemRef, driver: &str) -> Performed {
        let Some(id) = self.system(system) else { return Ok(not_run("the system was not created")) };
        let is_it = |system: Option<&String>| system == Some(&id);
        let (module, outcome) = match self.placeos.create_logic_module(driver, &id).await {
            Ok(created) => {
                let seen = self.at_rest(&created.id).await;
                let seen = seen.map(|seen| is_it(seen.control_system_id.as_ref()));
                (created.id, Self::settle(Ok(()), "the module", async { seen }).await?)
            }
            Err(error) if error.is_outcome_unknown => {
                let found = self.placeos.modules_of_driver(driver, Some(&id)).await.unwrap_or_default();
                match found.into_iter().find(|module| is_it(module.control_system_id.as_ref())) {
                    Some(module) => (self.at_rest(&module.id).await?.id, Outcome::Done),
                    None => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        self.bookings.insert(system.address.as_str().to_lowercase(), module);
        Ok(outcome)
    }

    async fn write_bookings_settings(
        &self,
        module: &ModuleRef,
        record: Option<&str>,
        settings: &BookingsSettings,
    ) -> Performed {
        let Some(id) = self.module(module) else { return Ok(not_run(format!("{module} was not created"))) };
        let text: SecretString = serde_json::to_value(settings).unwrap_or_default().to_string().into();
        let sent = self.placeos.write_settings(record, &id, EncryptionLevel::None, &text).await;
        let look = async {
            let views = self.placeos.settings_of(&id).await?;
            Ok(views.iter().any(|view| view.bookings.as_ref() == Some(settings)))
        };
        Self::settle(sent, "the record", look).await
    }

    async fn run(&self, module: &ModuleRef, running: bool) -> Performed {
        let Some(id) = self.module(module) else { return Ok(not_run(format!("{module} was not created"))) };
        let sent = if running { self.placeos.start_module(&id).await } else { self.placeos.stop_module(&id).await };
        let look = async { Ok(self.placeos.module(&id).await?.running == Some(running)) };
        let what = if running { "that it runs" } else { "that it has stopped" };
        Self::settle(sent, what, look).await
    }
}

/// Whether a system is as a change wants it.
fn is_changed(current: &System, to: &SystemChange, enters: &[String]) -> bool {
    let email = current.address().unwrap_or_default();
    to.email.as_ref().is_none_or(|it| it.as_str().eq_ignore_ascii_case(email))
        && to.capacity.is_none_or(|it| current.capacity == Some(it))
        && enters.iter().all(|zone| current.zones.contains(zone))
        && !to.leaves.iter().any(|zone| current.zones.contains(zone))
}

/// What of the fields that change is not what the change was derived from, nor what it comes to.
fn changed_otherwise(current: &System, from: &SystemState, to: &SystemChange) -> Option<String> {
    let same = |one: Option<&str>, other: Option<&str>| {
        one.unwrap_or_default().eq_ignore_ascii_case(other.unwrap_or_default())
    };
    if let Some(email) = &to.email
        && !same(current.email.as_deref(), from.email.as_deref())
        && !same(current.email.as_deref(), Some(email.as_str()))
    {
        let address = |it: Option<&str>| printable(it.unwrap_or("none")).into_owned();
        return Some(format!(
            "its address was {} and is {}",
            address(from.email.as_deref()),
            address(current.email.as_deref())
        ));
    }
    if to.capacity.is_some() && current.capacity != from.capacity && current.capacity != to.capacity {
        let number = |it: Option<i64>| it.map_or("none".to_owned(), |it| it.to_string());
        return Some(format!("its capacity was {} and is {}", number(from.capacity), number(current.capacity)));
    }
    let gone = to.leaves.iter().find(|zone| !current.zones.contains(zone));
    gone.map(|zone| format!("it is no longer in the zone {}", printable(zone)))
}

/// Zones with some in the place of others. The order of the rest stays.
fn moved(current: &[String], leaves: &[String], enters: &[String]) -> Vec<String> {
    let at = current.iter().position(|zone| leaves.contains(zone)).unwrap_or(current.len());
    let mut zones: Vec<String> = current[..at].to_vec();
    let new = enters.iter().filter(|zone| !current.contains(zone));
    zones.extend(new.cloned());
    zones.extend(current[at..].iter().filter(|zone| !leaves.contains(zone)).cloned());
    zones
}

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn a_zone_takes_the_place_of_another() {
        let texts = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let moved =
            |current: &[&str], leaves: &[&str], enters: &[&str]| moved(&texts(current), &texts(leaves), &texts(enters));
        assert_eq!(moved(&["org", "b1", "l1", "x"], &["b1", "l1"], &["b2", "l2"]), texts(&["org", "b2", "l2", "x"]));
        assert_eq!(moved(&["org"], &[], &["b2"]), texts(&["org", "b2"]));
        assert_eq!(moved(&["b2", "x"], &[], &["b2", "l2"]), texts(&["b2", "x", "l2"]));
    }
}
