use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use graph_client::exchange::{Alias, ApplicationRole, GroupName, Mailbox};
use graph_client::{ClientId, InvalidValue, SmtpAddress};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// What should be true of one restricted calendar group: the spec.
///
/// It is made by a builder, or read from JSON or YAML; both go through the same checks, which report every fault at
/// once. Everything else (plan, report, proof) is derived from it.
///
/// # Examples
///
/// ```
/// use exchange_groups::{RestrictedCalendarGroup, Rooms};
///
/// let spec = RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01")
///     .owner("exchange.admin@contoso.com")
///     .rooms(Rooms::all().except("boardroom@contoso.com"))
///     .must_not_reach("ceo@contoso.com")
///     .build()?;
/// assert_eq!(spec.name().as_str(), "PlaceOS Room Booking");
///
/// let same: RestrictedCalendarGroup = serde_json::from_str(&serde_json::to_string(&spec)?)?;
/// assert_eq!(same, spec);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RestrictedCalendarGroupBuilder", into = "RestrictedCalendarGroupBuilder")]
pub struct RestrictedCalendarGroup {
    pub(crate) name: GroupName,
    pub(crate) description: Option<String>,
    pub(crate) address: SmtpAddress,
    pub(crate) alias: Alias,
    pub(crate) owners: Vec<SmtpAddress>,
    pub(crate) rooms: Rooms<SmtpAddress>,
    pub(crate) mailboxes: Vec<SmtpAddress>,
    pub(crate) other_members: OtherMembers,
    pub(crate) allow_large_removal: bool,
    pub(crate) application: ClientId,
    pub(crate) permission: CalendarPermission,
    pub(crate) restriction: Restriction,
    pub(crate) revoke_tenant_wide_grant: bool,
    pub(crate) must_not_reach: Vec<SmtpAddress>,
    pub(crate) skip_unmatched_rooms: bool,
    pub(crate) other_groups: Vec<SmtpAddress>,
}

/// The group's name in PlaceOS's documentation.
const PLACEOS_NAME: &str = "PlaceOS Room Booking";

impl RestrictedCalendarGroup {
    /// Starts a spec.
    pub fn builder(
        name: impl Into<String>,
        address: impl Into<String>,
        application: impl Into<String>,
    ) -> RestrictedCalendarGroupBuilder {
        RestrictedCalendarGroupBuilder {
            name: name.into(),
            address: address.into(),
            application: application.into(),
            ..RestrictedCalendarGroupBuilder::default()
        }
    }

    /// Starts the spec of PlaceOS's documentation: the group is called *PlaceOS Room Booking* and the application
    /// reads and writes the calendars of its members.
    pub fn placeos(address: impl Into<String>, application: impl Into<String>) -> RestrictedCalendarGroupBuilder {
        Self::builder(PLACEOS_NAME, address, application)
            .description("Room calendars that PlaceOS may read and write")
            .permission(CalendarPermission::ReadWrite)
    }

    /// The group's name.
    #[must_use]
    pub fn name(&self) -> &GroupName {
        &self.name
    }

    /// The group's address.
    #[must_use]
    pub fn address(&self) -> &SmtpAddress {
        &self.address
    }

    /// The owners.
    #[must_use]
    pub fn owners(&self) -> &[SmtpAddress] {
        &self.owners
    }

    /// Which rooms are members.
    #[must_use]
    pub fn rooms(&self) -> &Rooms<SmtpAddress> {
        &self.rooms
    }

    /// Which further mailboxes are members.
    #[must_use]
    pub fn mailboxes(&self) -> &[SmtpAddress] {
        &self.mailboxes
    }

    /// The application that is restricted.
    #[must_use]
    pub fn application(&self) -> ClientId {
        self.application
    }

    /// How it is restricted.
    #[must_use]
    pub fn restriction(&self) -> Restriction {
        self.restriction
    }

    /// What the application may do with the calendars that it reaches.
    #[must_use]
    pub fn permission(&self) -> CalendarPermission {
        self.permission
    }

    /// The mailboxes whose events the application must not reach.
    #[must_use]
    pub fn must_not_reach(&self) -> &[SmtpAddress] {
        &self.must_not_reach
    }

    /// The other groups that the same application is meant to reach.
    #[must_use]
    pub fn other_groups(&self) -> &[SmtpAddress] {
        &self.other_groups
    }
}

/// How an application is held to the members of the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Restriction {
    /// RBAC for Applications: a role is assigned to the application over the direct members of the group.
    ///
    /// The role adds to what the application holds in Entra, so a tenant-wide calendar permission there must go.
    #[default]
    Rbac,
    /// An application access policy: it narrows the tenant-wide permission, which must stay, to the group.
    ///
    /// Microsoft asks not to make new ones. Nested groups count.
    Policy,
}

/// What the application may do with the calendars that it reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CalendarPermission {
    /// Read them.
    #[default]
    Read,
    /// Read and write them.
    ReadWrite,
}

impl CalendarPermission {
    /// The role of RBAC for Applications that grants it.
    #[must_use]
    pub fn role(self) -> ApplicationRole {
        match self {
            Self::Read => ApplicationRole::CalendarsRead,
            Self::ReadWrite => ApplicationRole::CalendarsReadWrite,
        }
    }
}

/// What happens to members of the group that the spec does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OtherMembers {
    /// They are removed: whoever is in the group can be read by the application.
    #[default]
    Remove,
    /// They stay, unless they must not be reached.
    Keep,
}

/// Which rooms are members of the group.
///
/// Text addresses (`Rooms<String>`) are what a builder takes; a spec holds them checked.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "A: Deserialize<'de>", serialize = "A: Serialize"))]
pub struct Rooms<A = String> {
    pub(crate) addresses: Option<Vec<A>>,
    pub(crate) room_list: Option<A>,
    pub(crate) filter: Option<RoomFilter>,
    #[serde(default, skip_serializing_if = "Workspaces::is_default")]
    pub(crate) workspaces: Workspaces,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub(crate) except: Vec<A>,
}

/// Whether a selection of rooms includes workspaces.
///
/// Exchange keeps both as room mailboxes; a workspace has the resource type `Workspace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Workspaces {
    /// Meeting rooms and workspaces.
    #[default]
    Include,
    /// Meeting rooms alone.
    Exclude,
    /// Workspaces alone.
    Only,
}

impl Workspaces {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn selects(self, room: &Mailbox) -> bool {
        match self {
            Self::Include => true,
            Self::Exclude => !is_workspace(room),
            Self::Only => is_workspace(room),
        }
    }
}

/// Whether a room mailbox is a workspace.
pub(crate) fn is_workspace(room: &Mailbox) -> bool {
    room.resource_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("Workspace"))
}

impl Rooms {
    /// Every room mailbox of the tenant.
    #[must_use]
    pub fn all() -> Self {
        Self { addresses: None, room_list: None, filter: None, workspaces: Workspaces::Include, except: Vec::new() }
    }

    /// These rooms.
    #[must_use]
    pub fn at<A: Into<String>>(addresses: impl IntoIterator<Item = A>) -> Self {
        Self { addresses: Some(addresses.into_iter().map(Into::into).collect()), ..Self::all() }
    }

    /// The rooms of a room list, by its address.
    #[must_use]
    pub fn in_list(room_list: impl Into<String>) -> Self {
        Self { room_list: Some(room_list.into()), ..Self::all() }
    }

    /// The rooms that match a filter.
    #[must_use]
    pub fn matching(filter: RoomFilter) -> Self {
        Self { filter: Some(filter), ..Self::all() }
    }

    /// Says whether workspaces are selected too. Default: they are. Rooms that are named one by one are selected
    /// whatever this says.
    #[must_use]
    pub fn workspaces(mut self, workspaces: Workspaces) -> Self {
        self.workspaces = workspaces;
        self
    }

    /// Leaves a room out.
    #[must_use]
    pub fn except(mut self, address: impl Into<String>) -> Self {
        self.except.push(address.into());
        self
    }
}

impl Default for Rooms {
    fn default() -> Self {
        Self::all()
    }
}

impl<A: fmt::Display> fmt::Display for Rooms<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.addresses, &self.room_list, &self.filter) {
            (Some(addresses), ..) => f.write_str(&crate::text::count(addresses.len(), "named room"))?,
            (_, Some(list), _) => write!(f, "the rooms of {list}")?,
            (_, _, Some(filter)) => write!(f, "rooms {filter}")?,
            _ => f.write_str("all rooms")?,
        }
        match self.workspaces {
            Workspaces::Include => {}
            Workspaces::Exclude => f.write_str(", workspaces excluded")?,
            Workspaces::Only => f.write_str(", workspaces only")?,
        }
        if !self.except.is_empty() {
            let except: Vec<_> = self.except.iter().map(ToString::to_string).collect();
            write!(f, " except {}", except.join(", "))?;
        }
        Ok(())
    }
}

/// Conditions on a room mailbox, all of which must hold. Text is compared without case.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RoomFilter {
    /// The display name begins with this.
    pub name_starts_with: Option<String>,
    /// The address begins with this.
    pub address_starts_with: Option<String>,
    /// The office is this. Many organisations keep the building there.
    pub office: Option<String>,
    /// The first custom attribute is this.
    pub custom_attribute1: Option<String>,
    /// At least so many people fit in.
    pub capacity_at_least: Option<u32>,
}

impl RoomFilter {
    /// A filter without conditions, which a spec refuses until one is set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The display name begins with this.
    #[must_use]
    pub fn name_starts_with(mut self, text: impl Into<String>) -> Self {
        self.name_starts_with = Some(text.into());
        self
    }

    /// The address begins with this.
    #[must_use]
    pub fn address_starts_with(mut self, text: impl Into<String>) -> Self {
        self.address_starts_with = Some(text.into());
        self
    }

    /// The office is this.
    #[must_use]
    pub fn office(mut self, text: impl Into<String>) -> Self {
        self.office = Some(text.into());
        self
    }

    /// The first custom attribute is this.
    #[must_use]
    pub fn custom_attribute1(mut self, text: impl Into<String>) -> Self {
        self.custom_attribute1 = Some(text.into());
        self
    }

    /// At least so many people fit in. A room without a capacity does not match.
    #[must_use]
    pub fn capacity_at_least(mut self, people: u32) -> Self {
        self.capacity_at_least = Some(people);
        self
    }

    pub(crate) fn matches(&self, room: &Mailbox) -> bool {
        let text = |text: Option<&str>| text.unwrap_or_default().trim().to_lowercase();
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| text(found) == text(Some(wanted)))
        };
        let starts = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| text(found).starts_with(&text(Some(wanted))))
        };
        starts(&self.name_starts_with, room.display_name.as_deref())
            && starts(&self.address_starts_with, room.primary_smtp_address.as_ref().map(SmtpAddress::as_str))
            && is(&self.office, room.office.as_deref())
            && is(&self.custom_attribute1, room.custom_attribute1.as_deref())
            && self.capacity_at_least.is_none_or(|least| room.resource_capacity >= Some(i64::from(least)))
    }

    fn conditions(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let text = |what, text: &'_ Option<String>| text.clone().map(|text| (what, Cow::Owned(text)));
        [
            text("name begins with", &self.name_starts_with),
            text("address begins with", &self.address_starts_with),
            text("office is", &self.office),
            text("custom attribute 1 is", &self.custom_attribute1),
            self.capacity_at_least.map(|least| ("capacity is at least", Cow::Owned(least.to_string()))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl fmt::Display for RoomFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: Vec<_> =
            self.conditions().into_iter().map(|(what, value)| format!("{what} {value:?}")).collect();
        write!(f, "whose {}", conditions.join(" and "))
    }
}

/// All faults of a spec. Each names a field, its value and the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    faults: Vec<InvalidValue>,
}

impl SpecError {
    /// The faults, in the order of the fields.
    #[must_use]
    pub fn faults(&self) -> &[InvalidValue] {
        &self.faults
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.faults {
            [fault] => write!(f, "the spec has a fault: {fault}"),
            faults => {
                write!(f, "the spec has {} faults:", faults.len())?;
                faults.iter().try_for_each(|fault| write!(f, "\n- {fault}"))
            }
        }
    }
}

impl std::error::Error for SpecError {}

/// A spec in the making, and its form in a JSON or YAML file. Nothing is checked before [`build`](Self::build).
///
/// # Examples
///
/// Every fault is reported at once:
///
/// ```
/// use exchange_groups::RestrictedCalendarGroup;
///
/// let error = RestrictedCalendarGroup::builder("", "rooms at contoso", "e7e4dbfc-046-4074-9b3b-2ae8f144f59b")
///     .build()
///     .unwrap_err();
/// let fields: Vec<_> = error.faults().iter().map(|fault| &*fault.field).collect();
/// assert_eq!(fields, ["name", "address", "owners", "application"]);
/// ```
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "a builder does nothing until it is built"]
pub struct RestrictedCalendarGroupBuilder {
    name: String,
    description: Option<String>,
    address: String,
    alias: Option<String>,
    #[serde(default)]
    owners: Vec<String>,
    #[serde(default)]
    rooms: Rooms,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mailboxes: Vec<String>,
    #[serde(default)]
    other_members: OtherMembers,
    #[serde(default)]
    allow_large_removal: bool,
    application: String,
    #[serde(default)]
    permission: CalendarPermission,
    #[serde(default)]
    restriction: Restriction,
    #[serde(default)]
    revoke_tenant_wide_grant: bool,
    #[serde(default)]
    must_not_reach: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    skip_unmatched_rooms: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other_groups: Vec<String>,
}

impl RestrictedCalendarGroupBuilder {
    /// Checks a text before a parser of JSON or YAML reads it: it must not be longer than 1 MiB, nor nested deeper than 64
    /// levels.
    ///
    /// A YAML parser takes time that grows with the square of the depth, so a small file could keep it busy for minutes.
    ///
    /// # Errors
    ///
    /// [`SpecError`] with the rule that the text breaks.
    pub fn check_text(text: &str) -> Result<(), SpecError> {
        let fault = text_fault(text).map(|rule| InvalidValue::new("spec", "", rule));
        fault.map_or(Ok(()), |fault| Err(SpecError { faults: vec![fault] }))
    }

    /// Sets the group's name: 1 to 64 characters, unique in the organisation.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the description, which administrators see.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the alias. Default: what stands before the `@` of the address.
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.alias = Some(alias.into());
        self
    }

    /// Adds an owner, by address. At least one is needed. Owners that others added stay.
    pub fn owner(mut self, address: impl Into<String>) -> Self {
        self.owners.push(address.into());
        self
    }

    /// Says which rooms are members. Default: all.
    pub fn rooms(mut self, rooms: Rooms) -> Self {
        self.rooms = rooms;
        self
    }

    /// Adds a mailbox that is not a room: a service account, a sender, a host.
    pub fn mailbox(mut self, address: impl Into<String>) -> Self {
        self.mailboxes.push(address.into());
        self
    }

    /// Says what happens to members that the spec does not name. Default: they are removed.
    pub fn other_members(mut self, other_members: OtherMembers) -> Self {
        self.other_members = other_members;
        self
    }

    /// Lets a plan remove more than half of the members. Without it such a plan is blocked: more often than not it
    /// comes from a mistake in the spec, or from a room search that found too little.
    pub fn allow_large_removal(mut self, allow: bool) -> Self {
        self.allow_large_removal = allow;
        self
    }

    /// Says what the application may do with the calendars. Default: read them.
    ///
    /// With [`Restriction::Policy`] the tenant-wide permission decides what is done. An application that holds less or more
    /// than this violates the spec; a plan says so beforehand.
    pub fn permission(mut self, permission: CalendarPermission) -> Self {
        self.permission = permission;
        self
    }

    /// Says how the application is restricted. Default: RBAC for Applications.
    pub fn restriction(mut self, restriction: Restriction) -> Self {
        self.restriction = restriction;
        self
    }

    /// Asks to take the application's tenant-wide calendar permissions away, once its role is in place. Default: no.
    ///
    /// With [`Restriction::Rbac`] the restriction means nothing before that. With [`Restriction::Policy`] it is a
    /// fault: the policy narrows that permission, and without it the application reads nothing.
    pub fn revoke_tenant_wide_grant(mut self, revoke: bool) -> Self {
        self.revoke_tenant_wide_grant = revoke;
        self
    }

    /// Names a mailbox whose events the application must not reach. The proof tries to read them.
    ///
    /// When somebody is free or busy is another matter: `getSchedule` answers it through any mailbox that the
    /// application reaches. A proof says what stays visible, and which setting hides it.
    pub fn must_not_reach(mut self, address: impl Into<String>) -> Self {
        self.must_not_reach.push(address.into());
        self
    }

    /// Goes on without the named rooms that are no room mailboxes, with a warning for each. Default: such a room blocks
    /// the plan.
    pub fn skip_unmatched_rooms(mut self, skip: bool) -> Self {
        self.skip_unmatched_rooms = skip;
        self
    }

    /// Names another group that the same application is meant to reach, by its address: that of another spec.
    ///
    /// Exchange takes 10,000 members in a group, so the rooms of a large organisation are divided over several. A proof
    /// then counts the members of the other groups as meant, and no role or policy over them is advised to be removed.
    pub fn other_group(mut self, address: impl Into<String>) -> Self {
        self.other_groups.push(address.into());
        self
    }

    /// The checked spec.
    ///
    /// # Errors
    ///
    /// [`SpecError`] with every fault.
    pub fn build(self) -> Result<RestrictedCalendarGroup, SpecError> {
        let mut check = Checks { faults: Vec::new() };
        let name = check.parse::<GroupName>("name", &self.name);
        let address = check.parse::<SmtpAddress>("address", &self.address);
        let alias = match (&self.alias, &address) {
            (Some(alias), _) => check.parse::<Alias>("alias", alias),
            // What may stand before an @ may be an alias; the address has been checked.
            (None, Some(address)) => check.parse::<Alias>("alias", address.local_part()),
            (None, None) => None,
        };
        let owners = check.addresses("owners", &self.owners);
        if self.owners.is_empty() {
            check.fault("owners", "[]", "must name at least one owner: Exchange keeps no group without one");
        }
        let rooms = check.rooms(&self.rooms);
        let mailboxes = check.addresses("mailboxes", &self.mailboxes);
        let application = check.parse::<ClientId>("application", &self.application);
        if self.revoke_tenant_wide_grant && self.restriction == Restriction::Policy {
            let rule = "must be false with an access policy, which narrows the tenant-wide permission and needs it";
            check.fault("revoke_tenant_wide_grant", "true", rule);
        }
        let must_not_reach = check.addresses("must_not_reach", &self.must_not_reach);
        for (index, closed) in must_not_reach.iter().enumerate() {
            // The texts, because rooms with a fault of their own count as well.
            let mut in_rooms = self.rooms.addresses.iter().flatten();
            let field = format!("must_not_reach[{index}]");
            if in_rooms.any(|room| room.eq_ignore_ascii_case(closed.as_str())) {
                check.fault(field, closed.as_str(), "must not be one of the rooms as well");
            } else if mailboxes.contains(closed) {
                check.fault(field, closed.as_str(), "must not be one of the mailboxes as well");
            }
        }
        let other_groups = check.addresses("other_groups", &self.other_groups);
        for (index, other) in other_groups.iter().enumerate() {
            if Some(other) == address.as_ref() {
                let rule = "must be the address of another group than this one";
                check.fault(format!("other_groups[{index}]"), other.as_str(), rule);
            }
        }
        let (Some(name), Some(address), Some(alias), Some(rooms), Some(application), true) =
            (name, address, alias, rooms, application, check.faults.is_empty())
        else {
            return Err(SpecError { faults: check.faults });
        };
        Ok(RestrictedCalendarGroup {
            name,
            description: self.description.filter(|text| !text.trim().is_empty()),
            address,
            alias,
            owners,
            rooms,
            mailboxes,
            other_members: self.other_members,
            allow_large_removal: self.allow_large_removal,
            application,
            permission: self.permission,
            restriction: self.restriction,
            revoke_tenant_wide_grant: self.revoke_tenant_wide_grant,
            must_not_reach,
            skip_unmatched_rooms: self.skip_unmatched_rooms,
            other_groups,
        })
    }
}

/// How deep a spec may be nested. It needs four levels.
const DEEPEST: usize = 64;

/// How long the text of a spec may be. One with 10,000 addresses has half of it.
const LONGEST: usize = 1024 * 1024;

/// How far a line may be indented before its content begins.
const WIDEST: usize = 512;

/// The rule that a text breaks which no spec has: too long, or nested too deep.
fn text_fault(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return Some(format!("must be no longer than {} KiB", LONGEST / 1024));
    }
    let mut depth = 0_usize;
    for line in text.lines() {
        // Blocks are nested by indentation, and by several indicators in one line.
        let begin = line.len() - line.trim_start_matches([' ', '\t', '-', '?']).len();
        let indicators = line[..begin].bytes().filter(|byte| b"-?".contains(byte)).count();
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth > DEEPEST || indicators > DEEPEST || begin > WIDEST {
            return Some(format!("must not be nested deeper than {DEEPEST} levels"));
        }
    }
    None
}

struct Checks {
    faults: Vec<InvalidValue>,
}

impl Checks {
    fn fault(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
    ) {
        self.faults.push(InvalidValue::new(field, value, rule));
    }

    fn parse<T: std::str::FromStr<Err = InvalidValue>>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        text: &str,
    ) -> Option<T> {
        text.parse().map_err(|fault: InvalidValue| self.faults.push(fault.at(field))).ok()
    }

    fn addresses(&mut self, field: &'static str, texts: &[String]) -> Vec<SmtpAddress> {
        let mut seen = HashSet::new();
        let mut addresses = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let field = format!("{field}[{index}]");
            let Some(address) = self.parse::<SmtpAddress>(field.clone(), text) else { continue };
            if seen.insert(address.clone()) {
                addresses.push(address);
            } else {
                self.fault(field, text, "must not stand in the list twice");
            }
        }
        addresses
    }

    fn rooms(&mut self, rooms: &Rooms) -> Option<Rooms<SmtpAddress>> {
        let before = self.faults.len();
        let ways = [rooms.addresses.is_some(), rooms.room_list.is_some(), rooms.filter.is_some()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            self.fault("rooms", rooms.to_string(), "must use one of addresses, room_list and filter");
        }
        if rooms.addresses.as_ref().is_some_and(Vec::is_empty) {
            self.fault("rooms.addresses", "[]", "must name at least one room; leave it out for all rooms");
        }
        if let Some(filter) = &rooms.filter {
            let conditions = filter.conditions();
            if conditions.is_empty() {
                self.fault("rooms.filter", "{}", "must have at least one condition; leave it out for all rooms");
            }
            for (what, value) in conditions {
                if value.trim().is_empty() {
                    self.fault("rooms.filter", format!("{what} {value:?}"), "must not be empty");
                }
            }
        }
        let checked = Rooms {
            addresses: rooms.addresses.as_ref().map(|texts| self.addresses("rooms.addresses", texts)),
            room_list: rooms.room_list.as_ref().and_then(|text| self.parse("rooms.room_list", text)),
            filter: rooms.filter.clone(),
            workspaces: rooms.workspaces,
            except: self.addresses("rooms.except", &rooms.except),
        };
        (self.faults.len() == before).then_some(checked)
    }
}

impl TryFrom<RestrictedCalendarGroupBuilder> for RestrictedCalendarGroup {
    type Error = SpecError;

    fn try_from(builder: RestrictedCalendarGroupBuilder) -> Result<Self, SpecError> {
        builder.build()
    }
}

impl From<RestrictedCalendarGroup> for RestrictedCalendarGroupBuilder {
    fn from(spec: RestrictedCalendarGroup) -> Self {
        let texts = |addresses: Vec<SmtpAddress>| addresses.into_iter().map(String::from).collect();
        Self {
            name: spec.name.to_string(),
            description: spec.description,
            alias: (spec.alias.as_str() != spec.address.local_part()).then(|| spec.alias.to_string()),
            address: spec.address.into(),
            owners: texts(spec.owners),
            rooms: Rooms {
                addresses: spec.rooms.addresses.map(texts),
                room_list: spec.rooms.room_list.map(String::from),
                filter: spec.rooms.filter,
                workspaces: spec.rooms.workspaces,
                except: texts(spec.rooms.except),
            },
            mailboxes: texts(spec.mailboxes),
            other_members: spec.other_members,
            allow_large_removal: spec.allow_large_removal,
            application: spec.application.to_string(),
            permission: spec.permission,
            restriction: spec.restriction,
            revoke_tenant_wide_grant: spec.revoke_tenant_wide_grant,
            must_not_reach: texts(spec.must_not_reach),
            skip_unmatched_rooms: spec.skip_unmatched_rooms,
            other_groups: texts(spec.other_groups),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W23. How fast a parser gives up is its own affair: what is nested too deep does not reach one.
    #[test]
    fn a_text_that_is_nested_too_deep_is_refused_before_it_is_parsed() {
        let deep = |unit: &str| unit.repeat(100_000);
        let stairs: Vec<String> = (0..100_000).step_by(100).map(|depth| " ".repeat(depth) + "a:\n").collect();
        for text in [
            format!("name: {}", deep("[")),
            format!("name: {}", deep("{a: ")),
            format!("name:\n{}", deep("[\n")),
            format!("name:\n  {}x", deep("- ")),
            format!("name:\n  {}x", deep("? ")),
            stairs.concat(),
            "#".repeat(2 * 1024 * 1024),
        ] {
            let started = std::time::Instant::now();
            let error = RestrictedCalendarGroupBuilder::check_text(&text).unwrap_err();
            assert!(error.faults()[0].field == "spec" && error.faults()[0].value.is_empty(), "{error}");
            assert!(started.elapsed() < std::time::Duration::from_secs(1), "{:?}", started.elapsed());
        }
    }

    #[test]
    fn a_spec_with_thousands_of_addresses_is_no_deep_text() {
        let rooms: Vec<String> = (0..10_000).map(|room| format!("    - room-{room}@contoso.onmicrosoft.com")).collect();
        let text = format!("name: Rooms [HQ]\nrooms:\n  addresses:\n{}", rooms.join("\n"));
        assert_eq!(RestrictedCalendarGroupBuilder::check_text(&text), Ok(()));
        let json = serde_json::json!({"rooms": {"addresses": vec!["room@contoso.com"; 10_000]}}).to_string();
        assert_eq!(RestrictedCalendarGroupBuilder::check_text(&json), Ok(()));
    }
}
