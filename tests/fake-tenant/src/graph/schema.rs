//! What Graph publishes of itself: types, relations and operations, and what is checked by them.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::{GraphError, error};

/// The facts, one declaration a line; their form stands at the top of the file.
const FACTS: &str = include_str!("schema.txt");

/// Collections and singletons of Graph that the facts leave out, in lower case.
///
/// GUESS: the list is from memory; wrong if the published schema has a set that is in neither, which would then be refused as
/// one that Graph does not have.
const ELSEWHERE: &[&str] = &[
    "admin",
    "agreements",
    "appcatalogs",
    "applicationtemplates",
    "auditlogs",
    "authenticationmethodspolicy",
    "certificatebasedauthconfiguration",
    "chats",
    "communications",
    "compliance",
    "connections",
    "contacts",
    "contracts",
    "copilot",
    "datapolicyoperations",
    "deviceappmanagement",
    "devicemanagement",
    "devices",
    "directory",
    "directorysettingtemplates",
    "domaindnsrecords",
    "drive",
    "drives",
    "education",
    "employeeexperience",
    "external",
    "filteroperators",
    "functions",
    "grouplifecyclepolicies",
    "groupsettings",
    "groupsettingtemplates",
    "identity",
    "identitygovernance",
    "identityprotection",
    "identityproviders",
    "informationprotection",
    "oauth2permissiongrants",
    "permissiongrants",
    "planner",
    "policies",
    "print",
    "privacy",
    "reports",
    "rolemanagement",
    "scopedrolememberships",
    "search",
    "security",
    "shares",
    "sites",
    "solutions",
    "storage",
    "teams",
    "teamstemplates",
    "teamwork",
    "tenantrelationships",
];

/// Actions and functions that the facts leave out, in lower case.
///
/// GUESS: as for the sets.
const OTHER_OPERATIONS: &[&str] = &[
    "addfavorite",
    "changepassword",
    "checkgrantedpermissionsforapp",
    "convertexternaltointernalmemberuser",
    "copy",
    "exportpersonaldata",
    "findroomlists",
    "findrooms",
    "forcedelete",
    "getmailtips",
    "getuserownedobjects",
    "promote",
    "reminderview",
    "removefavorite",
    "renew",
    "resetunseencount",
    "retryserviceprovisioning",
    "revokesigninsessions",
    "sendmail",
    "setverifiedpublisher",
    "subscribebymail",
    "translateexchangeids",
    "unsetverifiedpublisher",
    "unsubscribebymail",
    "verify",
];

#[derive(Default)]
struct Type {
    base: Option<&'static str>,
    /// Whether it takes properties that nobody declared, such as those of extensions.
    open: bool,
    /// By name in lower case: the name and the type.
    properties: HashMap<String, (&'static str, &'static str)>,
    navigation: HashMap<String, (&'static str, &'static str)>,
}

struct Operation {
    action: bool,
    name: &'static str,
    bound: &'static str,
    parameters: HashMap<String, (&'static str, &'static str)>,
}

#[derive(Default)]
struct Schema {
    enums: HashMap<&'static str, Vec<&'static str>>,
    types: HashMap<&'static str, Type>,
    sets: HashMap<String, &'static str>,
    operations: Vec<Operation>,
}

fn pairs(words: &[&'static str]) -> HashMap<String, (&'static str, &'static str)> {
    words.iter().filter_map(|word| word.split_once('=')).map(|pair| (pair.0.to_ascii_lowercase(), pair)).collect()
}

impl Schema {
    fn read() -> Self {
        let mut schema = Self::default();
        for line in FACTS.lines() {
            let words: Vec<&'static str> = line.split_whitespace().collect();
            match words[..] {
                ["enum", name, ref members @ ..] => {
                    schema.enums.insert(name, members.to_vec());
                }
                ["type", name, base, open, ref rest @ ..] => {
                    let middle = rest.iter().position(|word| *word == "/").unwrap_or(rest.len());
                    let (properties, navigation) = rest.split_at(middle);
                    let base = (base != "-").then_some(base);
                    let (properties, navigation) = (pairs(properties), pairs(navigation));
                    schema.types.insert(name, Type { base, open: open == "open", properties, navigation });
                }
                ["derived", name, base] => {
                    schema.types.insert(name, Type { base: Some(base), open: true, ..Type::default() });
                }
                ["set", name, kind] => {
                    schema.sets.insert(name.to_ascii_lowercase(), kind);
                }
                [kind @ ("action" | "function"), name, bound, ref parameters @ ..] => {
                    let parameters = pairs(parameters);
                    schema.operations.push(Operation { action: kind == "action", name, bound, parameters });
                }
                _ => {}
            }
        }
        schema
    }

    fn of() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(Self::read)
    }

    fn type_named(&self, name: &str) -> Option<&'static str> {
        self.types.keys().find(|known| known.eq_ignore_ascii_case(name)).copied()
    }

    /// The type and what it is made from.
    fn line<'s>(&'s self, name: &'s str) -> impl Iterator<Item = (&'s str, &'s Type)> {
        let mut next = Some(name);
        std::iter::from_fn(move || {
            let (name, found) = self.types.get_key_value(next?)?;
            next = found.base;
            Some((*name, found))
        })
    }

    fn is_a(&self, name: &str, base: &str) -> bool {
        self.line(name).any(|(at, _)| at == base)
    }

    /// A property, of the type, of what it is made from, or of what is made from it: an object may be of any of those.
    fn declared(&self, of: &str, name: &str, relation: bool) -> Option<(&'static str, &'static str)> {
        let lower = name.to_ascii_lowercase();
        let look = |found: &Type| {
            let map = if relation { &found.navigation } else { &found.properties };
            map.get(&lower).copied()
        };
        self.line(of).find_map(|(_, found)| look(found)).or_else(|| {
            let derived = self.types.iter().filter(|(other, _)| self.is_a(other, of));
            derived.map(|(_, found)| look(found)).find_map(|found| found)
        })
    }

    /// Whether everything that the type can have is in the facts.
    fn is_complete(&self, of: &str) -> bool {
        let mut last = None;
        let whole = self.line(of).all(|(name, found)| {
            last = found.base;
            name == of || !found.open || found.base.is_some()
        });
        whole && last.is_none_or(|base| base == "entity" || self.types.contains_key(base))
    }
}

/// Whether Graph has an action or a function of that name.
pub(crate) fn is_operation(name: &str) -> bool {
    is_other_operation(name)
        || Schema::of().operations.iter().any(|operation| operation.name.eq_ignore_ascii_case(name))
}

fn is_other_operation(name: &str) -> bool {
    OTHER_OPERATIONS.iter().any(|other| other.eq_ignore_ascii_case(name))
}

/// What a path leads to, by the schema.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Collection(&'static str),
    Entity(&'static str),
    /// An action, by its place in the list.
    Action(usize),
    /// Something that Graph has and whose type is not in the facts, or no object at all.
    Outside,
    /// Something that Graph does not have.
    Missing,
}

/// A set as Graph spells it.
pub(super) fn spelled(set: &str) -> &str {
    let mut spelled = FACTS.lines().filter_map(|line| line.strip_prefix("set ")?.split_whitespace().next());
    spelled.find(|known| known.eq_ignore_ascii_case(set)).unwrap_or(set)
}

fn place_of_type(kind: &'static str) -> Place {
    let schema = Schema::of();
    let (inner, many) = match kind.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => (inner, true),
        None => (kind, false),
    };
    match (schema.types.contains_key(inner), many) {
        (false, _) => Place::Outside,
        (true, true) => Place::Collection(inner),
        (true, false) => Place::Entity(inner),
    }
}

/// Walks the path behind the version.
pub(super) fn place(path: &[&str]) -> Place {
    let schema = Schema::of();
    let Some((first, rest)) = path.split_first() else {
        return Place::Missing;
    };
    let (set, keyed) = first.split_once('(').map_or((*first, false), |(set, _)| (set, true));
    let lower = set.to_ascii_lowercase();
    let mut at = match schema.sets.get(&lower) {
        Some(kind) if keyed || matches!(&*lower, "me" | "rolemanagement") => Place::Entity(kind),
        Some(kind) => Place::Collection(kind),
        None if ELSEWHERE.contains(&&*lower) => return Place::Outside,
        None => return Place::Missing,
    };
    for step in rest {
        if step.starts_with('$') {
            return Place::Outside;
        }
        let cast = step.strip_prefix("microsoft.graph.");
        let bound = |of: &str, many: bool| {
            schema.operations.iter().position(|operation| {
                let (inner, list) = match operation.bound.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                    Some(inner) => (inner, true),
                    None => (operation.bound, false),
                };
                list == many && operation.name.eq_ignore_ascii_case(step) && schema.is_a(of, inner)
            })
        };
        at = match at {
            Place::Collection(kind) => match (cast, bound(kind, true)) {
                (Some(cast), _) => schema.type_named(cast).map_or(Place::Missing, Place::Collection),
                (None, Some(found)) if schema.operations[found].action => Place::Action(found),
                (None, Some(_)) => Place::Collection(kind),
                (None, None) => Place::Entity(kind),
            },
            Place::Entity(kind) => match (cast, bound(kind, false)) {
                (Some(cast), _) => schema.type_named(cast).map_or(Place::Missing, Place::Entity),
                (None, Some(found)) if schema.operations[found].action => Place::Action(found),
                (None, Some(_)) => Place::Outside,
                (None, None) => {
                    let name = step.split('(').next().unwrap_or(step);
                    let found = schema.declared(kind, name, true).or_else(|| schema.declared(kind, name, false));
                    match found {
                        Some((_, kind)) => place_of_type(kind),
                        None if !is_other_operation(name) && schema.is_complete(kind) => return Place::Missing,
                        None => return Place::Outside,
                    }
                }
            },
            Place::Action(_) | Place::Outside => return Place::Outside,
            Place::Missing => return Place::Missing,
        };
    }
    at
}

impl Place {
    /// Whether Graph does this, whatever the fake says.
    pub(super) fn takes(self, method: &str) -> bool {
        match self {
            Self::Collection(_) => matches!(method, "GET" | "POST"),
            Self::Entity(_) => matches!(method, "GET" | "PATCH" | "DELETE"),
            Self::Action(_) => method == "POST",
            Self::Outside => true,
            Self::Missing => false,
        }
    }
}

fn no_property(name: &str, kind: &str, while_parsing: &str) -> GraphError {
    error(
        400,
        "BadRequest",
        format!("{while_parsing}Could not find a property named '{name}' on type 'microsoft.graph.{kind}'."),
    )
}

/// Refuses names in `$select`, `$expand` and `$orderby` that the type does not have.
pub(super) fn check_names(
    place: Place,
    select: &[String],
    expand: &[String],
    order: &[&str],
) -> Result<(), GraphError> {
    const PARSING: &str = "Parsing OData Select and Expand failed: ";
    let (Place::Collection(kind) | Place::Entity(kind)) = place else {
        return Ok(());
    };
    let schema = Schema::of();
    let has = |name: &str| {
        let first = name.split('/').next().unwrap_or(name);
        let open = first.starts_with("extension_") || first.starts_with("ext") && first.contains('_');
        let special = first.is_empty() || first == "*" || first.starts_with('@') || first.contains('.') || open;
        special || schema.declared(kind, first, false).is_some() || schema.declared(kind, first, true).is_some()
    };
    if let Some(name) = select.iter().find(|name| !has(name)) {
        return Err(no_property(name, kind, PARSING));
    }
    if let Some(name) = expand.iter().find(|name| *name != "*" && schema.declared(kind, name, true).is_none()) {
        return Err(no_property(name, kind, PARSING));
    }
    if let Some(name) = order.iter().find(|name| !has(name)) {
        return Err(no_property(name, kind, ""));
    }
    Ok(())
}

/// Refuses a body with properties that the type does not have, or with values of another type.
///
/// GUESS: the sentences are those of Exchange's part of Graph; wrong if the directory words them in another way.
pub(super) fn check_body(place: Place, body: &Map<String, Value>) -> Result<(), GraphError> {
    let schema = Schema::of();
    match place {
        Place::Collection(kind) | Place::Entity(kind) => check_object(kind, body),
        Place::Action(at) => {
            let operation = &schema.operations[at];
            for (name, value) in body.iter().filter(|(name, _)| !name.contains('@')) {
                match operation.parameters.get(&name.to_ascii_lowercase()) {
                    Some((_, kind)) => check_value(name, kind, value)?,
                    None => {
                        return Err(error(
                            400,
                            "RequestBodyRead",
                            format!(
                                "The parameter '{name}' in the request payload is not a valid parameter for the operation '{}'.",
                                operation.name
                            ),
                        ));
                    }
                }
            }
            Ok(())
        }
        Place::Outside | Place::Missing => Ok(()),
    }
}

fn check_object(kind: &str, object: &Map<String, Value>) -> Result<(), GraphError> {
    let schema = Schema::of();
    let said = object.get("@odata.type").and_then(Value::as_str).map(|name| name.trim_start_matches('#'));
    let said = said.and_then(|name| name.strip_prefix("microsoft.graph.")).and_then(|name| schema.type_named(name));
    let kind = said.filter(|said| schema.is_a(said, kind)).unwrap_or(kind);
    if !schema.types.contains_key(kind) {
        return Ok(());
    }
    // An open type can have more, though in practice only what an extension declared.
    let extended = |name: &str| name.starts_with("extension_") || (name.starts_with("ext") && name.contains('_'));
    let anything = kind == "openTypeExtension" || kind == "customSecurityAttributeValue" || !schema.is_complete(kind);
    for (name, value) in object.iter().filter(|(name, _)| !name.contains('@')) {
        match schema.declared(kind, name, false).or_else(|| schema.declared(kind, name, true)) {
            Some((_, kind)) => check_value(name, kind, value)?,
            None if anything || extended(name) => {}
            None => {
                return Err(error(
                    400,
                    "RequestBodyRead",
                    format!(
                        "The property '{name}' does not exist on type 'microsoft.graph.{kind}'. Make sure to only use property names that are defined by the type."
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn check_value(name: &str, kind: &'static str, value: &Value) -> Result<(), GraphError> {
    let schema = Schema::of();
    if value.is_null() {
        return Ok(());
    }
    let wrong = || {
        let kind = match kind.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => format!("Collection({})", full_name(inner)),
            None => full_name(kind),
        };
        Err(error(
            400,
            "RequestBodyRead",
            format!("Cannot convert the value of the property '{name}' to the expected type '{kind}'."),
        ))
    };
    if let Some(inner) = kind.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match value.as_array() {
            Some(items) => items.iter().try_for_each(|item| check_value(name, inner, item)),
            None => wrong(),
        };
    }
    if let Some(members) = schema.enums.get(kind) {
        let Some(text) = value.as_str() else {
            return wrong();
        };
        let known = |part: &str| members.iter().any(|member| member.eq_ignore_ascii_case(part.trim()));
        if let Some(part) = text.split(',').find(|part| !known(part)) {
            return Err(error(400, "RequestBodyRead", format!("Requested value '{}' was not found.", part.trim())));
        }
        return Ok(());
    }
    let fits = match kind {
        "Edm.Boolean" => value.is_boolean(),
        "Edm.Int16" | "Edm.Int32" | "Edm.Int64" => value.is_i64() || value.is_u64(),
        "Edm.Double" | "Edm.Single" | "Edm.Decimal" => value.is_number(),
        "Edm.Guid" => value.as_str().is_some_and(|text| uuid::Uuid::parse_str(text).is_ok()),
        "Edm.DateTimeOffset" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        _ if kind.starts_with("Edm.") => value.is_string(),
        _ if schema.types.contains_key(kind) => match value.as_object() {
            Some(object) => return check_object(kind, object),
            None => false,
        },
        _ => true,
    };
    if fits { Ok(()) } else { wrong() }
}

fn full_name(kind: &str) -> String {
    if kind.starts_with("Edm.") { kind.to_owned() } else { format!("microsoft.graph.{kind}") }
}
