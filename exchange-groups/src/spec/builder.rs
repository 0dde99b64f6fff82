use graph_client::exchange::{Alias, GroupName};
use graph_client::{ClientId, SmtpAddress};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_with::skip_serializing_none;

use super::checks::{Checks, SpecError};
use super::group::{OtherMembers, Permission, RestrictedCalendarGroup, Restriction};
use super::mapping::mapping;
use super::rooms::Rooms;
use super::scope::Scope;

const LONGEST_APPLICATION_NAME: usize = 120;

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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "schema",
    schemars(
        title = "Restricted calendar group",
        description = "What should be true of one restricted calendar group: its members, and the application that is \
                       restricted to their calendars."
    )
)]
#[serde(deny_unknown_fields)]
#[must_use = "a builder does nothing until it is built"]
pub struct RestrictedCalendarGroupBuilder {
    /// The group's name: 1 to 64 characters, unique in the organisation.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64), regex(pattern = r"^\S(.*\S)?$")))]
    name: String,
    /// The group's description, which administrators see.
    description: Option<String>,
    /// The group's address, in an accepted domain of the organisation.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = super::schema::ADDRESS), extend("format" = "email")))]
    address: String,
    /// The group's alias. Default: what stands before the @ of the address.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))]
    alias: Option<String>,
    /// The owners, by address. At least one is needed. Owners that others added stay.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(inner(regex(pattern = super::schema::ADDRESS))))]
    owners: Vec<String>,
    /// Which rooms are members. Default: all.
    #[serde(default, deserialize_with = "super::mapping::mapping")]
    rooms: Rooms,
    /// Mailboxes that are members and no rooms, by address: a service account, a sender, a host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(inner(regex(pattern = super::schema::ADDRESS))))]
    mailboxes: Vec<String>,
    /// What happens to members that the spec does not name.
    #[serde(default)]
    other_members: OtherMembers,
    /// Whether a plan may remove more than half of the members. Without it such a plan is blocked.
    #[serde(default)]
    allow_large_removal: bool,
    /// The client id of the application that is restricted.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = super::schema::GUID)))]
    application: String,
    /// What the application may do with the calendars.
    #[serde(default)]
    permission: Permission,
    /// How the application is restricted.
    #[serde(default)]
    restriction: Restriction,
    /// What the role of the application is limited to. Default: the members of the group.
    #[serde(default, skip_serializing_if = "Scope::is_group")]
    scope: Scope<String, String>,
    /// Whether the application's tenant-wide calendar permissions are revoked once its role is in place. With rbac the
    /// restriction means nothing before that.
    #[serde(default)]
    revoke_tenant_wide_grant: bool,
    /// Mailboxes whose events the application must not reach, by address. The proof tries to read them.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(inner(regex(pattern = super::schema::ADDRESS))))]
    must_not_reach: Vec<String>,
    /// Whether named rooms that are no room mailboxes are skipped, with a warning for each. Otherwise they block the plan.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    skip_unmatched_rooms: bool,
    /// The other groups that the same application is meant to reach, by address: those of other specs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(inner(regex(pattern = super::schema::ADDRESS))))]
    other_groups: Vec<String>,
    /// The names that the product gives applications that it registers itself. Others of these names, and of the name of
    /// this application, are looked for: the product may use one that nothing restricts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(inner(length(min = 1, max = 120))))]
    application_names: Vec<String>,
    /// The longest propagation of a role or policy that was seen at the product, as a clause: Contoso Signage saw three
    /// hours.
    longest_propagation: Option<String>,
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
        let mut check = Checks::default();
        check.text(text);
        if check.is_passed() { Ok(()) } else { Err(check.into()) }
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

    /// Sets which rooms are members. Default: all.
    pub fn rooms(mut self, rooms: Rooms) -> Self {
        self.rooms = rooms;
        self
    }

    /// Adds a mailbox that is not a room: a service account, a sender, a host.
    pub fn mailbox(mut self, address: impl Into<String>) -> Self {
        self.mailboxes.push(address.into());
        self
    }

    /// Sets what happens to members that the spec does not name. Default: they are removed.
    pub fn other_members(mut self, other_members: OtherMembers) -> Self {
        self.other_members = other_members;
        self
    }

    /// Allows a plan to remove more than half of the members. Without it such a plan is blocked: more often than not it
    /// comes from a mistake in the spec, or from a selection that matches too few rooms.
    pub fn allow_large_removal(mut self, allow: bool) -> Self {
        self.allow_large_removal = allow;
        self
    }

    /// Sets what the application may do with the calendars. Default: read them.
    ///
    /// With [`Restriction::Policy`] the tenant-wide permission decides what is done. An application that holds less or more
    /// than this violates the spec; a plan says so beforehand.
    pub fn permission(mut self, permission: Permission) -> Self {
        self.permission = permission;
        self
    }

    /// Sets how the application is restricted. Default: RBAC for Applications.
    pub fn restriction(mut self, restriction: Restriction) -> Self {
        self.restriction = restriction;
        self
    }

    /// Sets what the role of the application is limited to. Default: the members of the group. With another scope no group
    /// is made, and no owner is needed.
    pub fn scope(mut self, scope: Scope<String, String>) -> Self {
        self.scope = scope;
        self
    }

    /// Revokes the application's tenant-wide calendar permissions once its role is in place. Default: no.
    ///
    /// With [`Restriction::Rbac`] the restriction means nothing before that. With [`Restriction::Policy`] it is a
    /// fault: the policy narrows that permission, and without it the application reads nothing.
    pub fn revoke_tenant_wide_grant(mut self, revoke: bool) -> Self {
        self.revoke_tenant_wide_grant = revoke;
        self
    }

    /// Adds a mailbox whose events the application must not reach. The proof tries to read them.
    ///
    /// Free/busy is not part of it: `getSchedule` shows it through any mailbox that the application reaches. A proof says
    /// what stays visible, and which setting hides it.
    pub fn must_not_reach(mut self, address: impl Into<String>) -> Self {
        self.must_not_reach.push(address.into());
        self
    }

    /// Skips the named rooms that are no room mailboxes, with a warning for each. Default: such a room blocks
    /// the plan.
    pub fn skip_unmatched_rooms(mut self, skip: bool) -> Self {
        self.skip_unmatched_rooms = skip;
        self
    }

    /// Adds another group that the same application is meant to reach, by its address: that of another spec.
    ///
    /// Exchange takes 10,000 members in a group, so the rooms of a large organisation are divided over several. A proof
    /// then counts the members of the other groups as meant, and no role or policy over them is advised to be removed.
    pub fn other_group(mut self, address: impl Into<String>) -> Self {
        self.other_groups.push(address.into());
        self
    }

    /// Adds a name that the product gives applications that it registers itself, such as when an administrator consents
    /// to it. Other applications of the name, and of the name of this application, are looked for: the product may use one
    /// that nothing restricts. A [`Profile`](crate::Profile) sets it.
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_names.push(name.into());
        self
    }

    /// Sets the longest propagation of a role or policy that was seen at the product, as a clause that plans and proofs
    /// quote beside Microsoft's figures: *Contoso Signage saw three hours*. A [`Profile`](crate::Profile) sets it.
    pub fn longest_propagation(mut self, clause: impl Into<String>) -> Self {
        self.longest_propagation = Some(clause.into());
        self
    }

    /// The checked spec.
    ///
    /// # Errors
    ///
    /// [`SpecError`] with every fault.
    pub fn build(self) -> Result<RestrictedCalendarGroup, SpecError> {
        let mut check = Checks::default();
        let name = check.parse::<GroupName>("name", &self.name);
        let address = check.parse::<SmtpAddress>("address", &self.address);
        let alias = match (&self.alias, &address) {
            (Some(alias), _) => check.parse::<Alias>("alias", alias),
            // What may stand before an @ may be an alias; the address has been checked.
            (None, Some(address)) => check.parse::<Alias>("alias", address.local_part()),
            (None, None) => None,
        };
        let owners = check.addresses("owners", &self.owners);
        let scope = check.scope(&self.scope);
        if self.restriction == Restriction::Policy && !self.scope.is_group() {
            let rule = "must be group with an access policy, which has no other scope";
            check.fault("scope", self.scope.to_string(), rule);
        }
        if self.owners.is_empty() && self.scope.is_group() {
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
        for (index, denied) in must_not_reach.iter().enumerate() {
            // The texts, because rooms with a fault of their own count as well.
            let mut in_rooms = self.rooms.addresses.iter().flatten();
            let field = format!("must_not_reach[{index}]");
            if in_rooms.any(|room| room.eq_ignore_ascii_case(denied.as_str())) {
                check.fault(field, denied.as_str(), "must not be one of the rooms as well");
            } else if mailboxes.contains(denied) {
                check.fault(field, denied.as_str(), "must not be one of the mailboxes as well");
            }
        }
        let other_groups = check.addresses("other_groups", &self.other_groups);
        for (index, other) in other_groups.iter().enumerate() {
            if Some(other) == address.as_ref() {
                let rule = "must be the address of another group than this one";
                check.fault(format!("other_groups[{index}]"), other.as_str(), rule);
            }
        }
        for (index, name) in self.application_names.iter().enumerate() {
            if name.trim().is_empty() || name.chars().count() > LONGEST_APPLICATION_NAME {
                let rule = "must have 1 to 120 characters, as Entra's names of applications have";
                check.fault(format!("application_names[{index}]"), name, rule);
            }
        }
        let (Some(name), Some(address), Some(alias), Some(rooms), Some(application), Some(scope), true) =
            (name, address, alias, rooms, application, scope, check.is_passed())
        else {
            return Err(check.into());
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
            scope,
            revoke_tenant_wide_grant: self.revoke_tenant_wide_grant,
            must_not_reach,
            skip_unmatched_rooms: self.skip_unmatched_rooms,
            other_groups,
            application_names: self.application_names,
            longest_propagation: self.longest_propagation.filter(|clause| !clause.trim().is_empty()),
        })
    }
}

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
}

/// A spec is written in the form of its builder, which is what people write.
impl Serialize for RestrictedCalendarGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RestrictedCalendarGroupBuilder::from(self.clone()).serialize(serializer)
    }
}

/// A spec that is read goes through the checks of its builder.
impl<'de> Deserialize<'de> for RestrictedCalendarGroup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        mapping::<D, RestrictedCalendarGroupBuilder>(deserializer)?.build().map_err(D::Error::custom)
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
                room_lists: texts(spec.rooms.room_lists),
                filter: spec.rooms.filter,
                workspaces: spec.rooms.workspaces,
                kinds: spec.rooms.kinds,
                except: texts(spec.rooms.except),
            },
            mailboxes: texts(spec.mailboxes),
            other_members: spec.other_members,
            allow_large_removal: spec.allow_large_removal,
            application: spec.application.to_string(),
            permission: spec.permission,
            restriction: spec.restriction,
            scope: spec.scope.into(),
            revoke_tenant_wide_grant: spec.revoke_tenant_wide_grant,
            must_not_reach: texts(spec.must_not_reach),
            skip_unmatched_rooms: spec.skip_unmatched_rooms,
            other_groups: texts(spec.other_groups),
            application_names: spec.application_names,
            longest_propagation: spec.longest_propagation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W23. What is nested too deep does not reach a parser.
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
