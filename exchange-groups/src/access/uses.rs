//! What the restriction of the application rests on: the groups, units and attributes that decide who is in scope.

use super::facts::{Fact, Group, GroupType, PolicyScope, RoleScope};
use super::filter::Filter;
use super::policies::policy_exists;
use super::row::Need;
use super::scopes::Resolved;
use super::{AccessModel, AdministrativeUnit, Level, Truth};

/// The objects that decide who is in a scope of the application, each with whether it is in use for certain: its
/// assignment or policy may be disabled, or not count, as far as the facts go.
#[derive(Debug, Default)]
pub(super) struct Uses<'f> {
    /// Groups that role scopes name, by the column or in a filter.
    pub role_groups: Vec<(&'f Group, Truth)>,
    /// Groups that access policies name.
    pub policy_groups: Vec<(&'f Group, Truth)>,
    /// Groups nested in those of policies.
    pub nested_groups: Vec<(&'f Group, Truth)>,
    /// Administrative units.
    pub units: Vec<(&'f AdministrativeUnit, Truth)>,
    /// Properties that filters compare, other than membership in a group.
    pub attributes: Vec<(String, Truth)>,
    /// A filter that is not understood, or was not read.
    pub has_unknown_filter: bool,
    /// Something that a scope or policy names was not found or not read.
    pub has_unknown_object: bool,
    /// A part of the facts that names or holds scopes of roles was not read, and which.
    pub unread: Vec<&'static str>,
}

impl<'f> Uses<'f> {
    fn each_group(&self) -> impl Iterator<Item = &(&'f Group, Truth)> {
        self.role_groups.iter().chain(&self.policy_groups).chain(&self.nested_groups)
    }

    /// Every group, each once.
    pub(super) fn groups(&self) -> Vec<&'f Group> {
        let mut all: Vec<&'f Group> = Vec::new();
        for (group, _) in self.each_group() {
            if !all.iter().any(|known| std::ptr::eq(*known, *group)) {
                all.push(group);
            }
        }
        all
    }

    /// Whether a group in use has a property.
    pub(super) fn any_group(&self, has: impl Fn(&Group) -> Truth) -> Truth {
        Truth::any(self.each_group().map(|(group, in_use)| in_use.and(has(group))))
    }

    /// Whether any group decides who is in scope.
    pub(super) fn has_group(&self) -> Truth {
        let found = Truth::any(self.role_groups.iter().chain(&self.policy_groups).map(|(_, in_use)| *in_use));
        if self.has_unknown_object { found.or(Truth::Unknown) } else { found }
    }

    /// Whether Graph can change the members of a group that decides.
    pub(super) fn has_graph_group(&self) -> Truth {
        let written = |(group, in_use): &(&Group, Truth)| {
            in_use.and(match &group.kind {
                Some(GroupType::Microsoft365) => Truth::Yes,
                // Graph answers 400 to every change of these members (observed many times).
                Some(GroupType::MailEnabledSecurity | GroupType::Distribution | GroupType::DynamicDistribution) => {
                    Truth::No
                }
                Some(GroupType::Entra | GroupType::Other(_)) | None => Truth::Unknown,
            })
        };
        let by_role = Truth::any(self.role_groups.iter().map(written));
        // Whether such a group counts in a policy is not known, so that a yes is not one here.
        let by_policy = self.policy_groups.iter().chain(&self.nested_groups).map(written);
        let by_policy = Truth::any(by_policy).and(Truth::Unknown);
        let found = by_role.or(by_policy);
        if self.has_unknown_object { found.or(Truth::Unknown) } else { found }
    }

    pub(super) fn has_unit(&self) -> Truth {
        let found = Truth::any(self.units.iter().map(|(_, in_use)| *in_use));
        if self.has_unknown_object { found.or(Truth::Unknown) } else { found }
    }

    /// Whether an attribute that Graph writes decides who is in scope.
    pub(super) fn has_graph_attribute(&self) -> Truth {
        let filters = Truth::any(self.attributes.iter().map(|(name, in_use)| in_use.and(graph_writes(name))));
        let units = self.units.iter().map(|(unit, in_use)| (unit.membership_rule.as_deref(), *in_use));
        let groups = self.each_group().map(|(group, in_use)| (group.membership_rule.as_deref(), *in_use));
        let rules = units
            .chain(groups)
            .map(|(rule, in_use)| rule.map_or(Truth::No, |rule| in_use.and(rule_reads_writable(rule))));
        let found = filters.or(Truth::any(rules));
        if self.has_unknown_filter || self.has_unknown_object { found.or(Truth::Unknown) } else { found }
    }

    /// Whether any attribute at all decides who is in scope: cmdlets write all of them.
    pub(super) fn has_attribute(&self) -> Truth {
        let found = Truth::any(self.attributes.iter().map(|(_, in_use)| *in_use)).or(self.has_graph_attribute());
        if self.has_unknown_filter { found.or(Truth::Unknown) } else { found }
    }

    /// Whether an address decides who is in scope.
    pub(super) fn has_address(&self) -> Truth {
        let found = Truth::any(self.attributes.iter().map(|(name, in_use)| in_use.and(Truth::from(is_address(name)))));
        if self.has_unknown_filter { found.or(Truth::Unknown) } else { found }
    }
}

fn is_address(property: &str) -> bool {
    let lower = property.to_ascii_lowercase();
    ["emailaddresses", "primarysmtpaddress", "windowsemailaddress", "externalemailaddress", "userprincipalname"]
        .contains(&lower.as_str())
}

/// Whether Graph writes the attribute behind a property of a filter, for a user who is not synchronised.
fn graph_writes(property: &str) -> Truth {
    const WRITES: [&str; 10] = [
        "department",
        "company",
        "title",
        "office",
        "city",
        "stateorprovince",
        "postalcode",
        "countryorregion",
        "streetaddress",
        "physicaldeliveryofficename",
    ];
    // GUESS: these are Exchange's own and not written through Graph; wrong if a tenant shows a change of
    // RecipientTypeDetails by Graph.
    const DOES_NOT: [&str; 5] =
        ["recipienttypedetails", "recipienttype", "externaldirectoryobjectid", "exchangeguid", "guid"];
    let lower = property.to_ascii_lowercase();
    let is_custom = lower.strip_prefix("customattribute").is_some_and(|number| number.parse::<u8>().is_ok());
    if is_custom || WRITES.contains(&lower.as_str()) {
        Truth::Yes
    } else if DOES_NOT.contains(&lower.as_str()) {
        Truth::No
    } else {
        Truth::Unknown
    }
}

/// Whether a membership rule of Entra reads an attribute that Graph writes.
fn rule_reads_writable(rule: &str) -> Truth {
    const WRITES: [&str; 9] = [
        "user.department",
        "user.companyname",
        "user.jobtitle",
        "user.physicaldeliveryofficename",
        "user.city",
        "user.state",
        "user.postalcode",
        "user.country",
        "user.extensionattribute",
    ];
    let lower = rule.to_ascii_lowercase();
    if WRITES.iter().any(|attribute| lower.contains(attribute)) { Truth::Yes } else { Truth::Unknown }
}

impl<'f> AccessModel<'f> {
    /// What decides who is in scope. Only assignments that can give access count.
    pub(super) fn uses(&self) -> Uses<'f> {
        let mut uses = Uses::default();
        self.role_uses(&mut uses);
        for policy in self.policies() {
            let in_use = policy_exists(policy);
            match &policy.scope {
                PolicyScope::Group(id) => match self.groups.only(|group| group.has_id(*id)) {
                    Some(group) => {
                        uses.policy_groups.push((group, in_use));
                        let (nested, is_known) = self.groups.nested(group);
                        uses.nested_groups.extend(nested.into_iter().map(|group| (group, in_use)));
                        uses.has_unknown_object |= !is_known;
                    }
                    None => uses.has_unknown_object = true,
                },
                PolicyScope::Unresolved(_) => uses.has_unknown_object = true,
                PolicyScope::User(_) | PolicyScope::Deleted => {}
            }
        }
        uses.has_unknown_object |= self.facts.policies.missing().is_some();
        uses
    }

    fn role_uses(&self, uses: &mut Uses<'f>) {
        for assignment in self.facts.role_assignments.entries() {
            let allows = Level::ALL.iter().map(|level| assignment.allows(Need::Level(*level)));
            let allows = Truth::any(allows.map(|allows| allows.graph.or(allows.ews)));
            let in_use = self.is_registered().0.and(assignment.is_effective()).and(allows);
            if in_use == Truth::No {
                continue;
            }
            match self.resolve(&assignment.scope) {
                Resolved::Organization => {}
                Resolved::Group(group) => uses.role_groups.push((group, in_use)),
                Resolved::Unit(unit) => uses.units.push((unit, in_use)),
                Resolved::Management(scope) => {
                    let Fact::Read(filter) = &scope.filter else {
                        uses.has_unknown_filter = true;
                        uses.unread.push("the filter of a management scope");
                        continue;
                    };
                    self.filter_uses(&Filter::parse(filter), in_use, uses);
                }
                Resolved::Nothing => {
                    uses.has_unknown_object = true;
                    let (part, missing) = match &assignment.scope {
                        RoleScope::Management(_) => ("the management scopes", self.facts.scopes.missing()),
                        RoleScope::AdministrativeUnit(_) => {
                            ("the administrative units", self.facts.administrative_units.missing())
                        }
                        _ => ("the groups that scopes name", self.facts.groups.missing()),
                    };
                    if missing.is_some() {
                        uses.unread.push(part);
                    }
                }
            }
        }
        let may_have_more = self.facts.role_assignments.missing().is_some();
        uses.has_unknown_object |= may_have_more && self.is_registered().0 != Truth::No;
    }

    fn filter_uses(&self, filter: &Filter, in_use: Truth, uses: &mut Uses<'f>) {
        let Some(parts) = filter.comparisons() else {
            uses.has_unknown_filter = true;
            return;
        };
        for part in parts {
            match part.group() {
                Some(name) => {
                    if let Some(group) = self.group_by_distinguished_name(name) {
                        uses.role_groups.push((group, in_use));
                        continue;
                    }
                    uses.has_unknown_object = true;
                    if self.facts.groups.missing().is_some() {
                        uses.unread.push("the groups that filters name");
                    }
                }
                None if part.is_about("MemberOfGroup") => uses.has_unknown_object = true,
                None => uses.attributes.push((part.property.clone(), in_use)),
            }
        }
    }
}
