use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::access::*;

/// The words of the data for the conditions of the catalogue.
const CONDITIONS: &[(&str, Condition)] = &[
    ("another application in the tenant holds an access path", Condition::AnotherApplicationHasAccess),
    ("another application holds an access path", Condition::AnotherApplicationHasAccess),
    ("it owns an application that holds an access path", Condition::OwnedApplicationHasAccess),
    ("a user signs in to it", Condition::UserSignsIn),
    ("a user signs in, or its refresh token is held", Condition::UserSignsIn),
    ("a controlled user can activate", Condition::UserActivates),
    ("someone activates", Condition::UserActivates),
    ("with a schedule permission", Condition::HoldsSchedulePermission),
    ("with a group schedule permission", Condition::HoldsGroupSchedulePermission),
    ("a role-assignable or scope group is under PIM", Condition::GroupUnderPim),
    ("an access package gives out the scope group or a role", Condition::AccessPackage),
    ("with UserAuthenticationMethod.ReadWrite.All", Condition::HoldsAuthenticationMethodPermission),
    ("the target is no privileged administrator", Condition::TargetIsNoAdministrator),
    ("the target is no administrator", Condition::TargetIsNoAdministrator),
    ("a scope filter or a dynamic unit or group uses an attribute that Graph can write", Condition::AttributeInUse),
    ("a scope filter uses other addresses", Condition::AddressInFilter),
    ("unknown", Condition::NotDocumented),
    ("as Group.ReadWrite.All and User.ReadWrite.All", Condition::AsNarrowerPermissions),
    ("the scope group is a Microsoft 365 group", Condition::ScopeGroupIsMicrosoft365),
    ("it made, and owns, the scope group", Condition::OwnsScopeGroup),
    ("the scope group is the group of a team", Condition::ScopeGroupIsTeam),
    ("a role assignment is scoped by an administrative unit", Condition::UnitInUse),
    ("a federated domain exists", Condition::FederatedDomain),
    ("certificate sign-in is on", Condition::CertificateSignIn),
    ("provisioning writes users", Condition::ProvisioningWritesUsers),
    ("hybrid tenant", Condition::HybridTenant),
    ("a workflow adds to the scope group or makes a pass", Condition::Workflow),
    ("an agent identity holds an access path", Condition::AgentIdentityHasAccess),
    (
        "it also has a directory role, role group or management role that counts (section 5)",
        Condition::HoldsAdministrativeRole,
    ),
    (
        "it is in Recipient Management or the like; folder permissions help only someone who signs in",
        Condition::HoldsRecipientRole,
    ),
    (
        "it also holds Exchange.ManageAsApp; a scope on the assignment limits which recipients, not which configuration",
        Condition::HoldsManageAsApp,
    ),
    (
        "for cmdlets it also needs Exchange.ManageAsApp; Microsoft 365 groups also through Graph [guess]",
        Condition::HoldsManageAsApp,
    ),
    ("for cmdlets it also needs Exchange.ManageAsApp", Condition::HoldsManageAsApp),
];

fn word(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn row_as_data(row: &Row) -> Value {
    let list = |words: Vec<Value>| if words.is_empty() { vec![Value::from("none")] } else { words };
    let kebab = |value: Value| Value::from(value.as_str().unwrap().replace('_', "-"));
    let mut risk = serde_json::Map::new();
    if let Some(severity) = row.risk {
        risk.insert("scubagear".into(), word(severity));
    }
    if let Some(tier) = row.tier_zero {
        risk.insert("maester".into(), word(tier));
    }
    let coverage = match row.coverage {
        PolicyCoverage::None => Value::from("no"),
        coverage => word(coverage),
    };
    let narrowed: Vec<_> = row
        .narrowed_by
        .iter()
        .map(|by| match by {
            Narrowing::RoleScope => Value::from("rbac_scope"),
            by => word(by),
        })
        .collect();
    serde_json::json!({
        "resource": kebab(word(row.resource)),
        "kind": kebab(word(row.kind)),
        "id": row.id,
        "value": row.value,
        "opens": list(row.allows.iter().map(word).collect()),
        "escalates": (!row.escalates.is_empty()).then(|| row.escalates.iter().map(word).collect::<Vec<_>>()),
        "condition": row.condition.map(word),
        "narrowed_by": list(narrowed),
        "access_policy_coverage": coverage,
        "replaced_by_role": row.replaced_by,
        "risk": (!risk.is_empty()).then_some(risk),
        "certainty": word(row.certainty),
        "id_status": word(row.id_status),
        "grants": (!row.grants.is_empty()).then_some(row.grants),
    })
}

/// Every row of the data about access paths stands in the catalogue with the same facts. It runs where the environment
/// variable `CONFORMANCE_DATA` names the folder of `access-paths.json`.
#[test]
#[allow(clippy::print_stderr, reason = "the count is what a reader of the run asks for")]
fn the_catalogue_has_every_row_of_the_data() {
    let Ok(folder) = std::env::var("CONFORMANCE_DATA") else { return };
    let text = std::fs::read_to_string(std::path::Path::new(&folder).join("access-paths.json")).unwrap();
    let data: Value = serde_json::from_str(&text).unwrap();
    let conditions: BTreeMap<_, _> = CONDITIONS.iter().copied().collect();
    let rows = data["access_paths"].as_array().unwrap();
    let expected: Vec<Value> = rows
        .iter()
        .map(|row| {
            let condition = row["escalates_if"].as_str().map(|text| word(conditions[text]));
            let mut expected = serde_json::Map::new();
            for key in
                ["resource", "kind", "id", "value", "opens", "escalates", "narrowed_by", "access_policy_coverage"]
            {
                expected.insert(key.into(), row[key].clone());
            }
            for key in ["replaced_by_role", "risk", "certainty", "id_status", "grants"] {
                expected.insert(key.into(), row[key].clone());
            }
            expected.insert("condition".into(), condition.into());
            Value::Object(expected)
        })
        .collect();
    let ours: Vec<Value> = catalogue().iter().map(row_as_data).collect();
    for row in &expected {
        assert!(ours.contains(row), "not in the catalogue, or with other facts: {row}");
    }
    assert_eq!(ours.len(), expected.len());
    eprintln!("the catalogue of access paths has all {} rows of the data", expected.len());
}

#[test]
fn a_row_is_found_by_resource_and_id_alone() {
    let mut seen = std::collections::BTreeSet::new();
    for row in catalogue() {
        let key = (row.resource, row.kind, row.id.map_or_else(|| row.value.to_owned(), |id| id.to_string()));
        assert!(seen.insert(key), "{} stands twice", row.value);
    }
    assert_eq!(catalogue().len(), 227);
}
