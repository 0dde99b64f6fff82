//! `GET /organization`.

use serde_json::{Value, json};

use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult};
use crate::world::World;

const PAGES: Paging = Paging::Token { default: 100, max: 999 };

/// `GET /domains`: their names are their ids.
pub(crate) fn domains(world: &World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    call.only_get()?;
    call.need(&["Domain.Read.All", "Directory.Read.All"])?;
    let organization = &world.organization;
    let row = |domain: &String| {
        json!({
            "authenticationType": "Managed",
            "availabilityStatus": null,
            "id": domain,
            "isAdminManaged": true,
            "isDefault": *domain == organization.default_domain,
            "isInitial": *domain == organization.initial_domain,
            "isRoot": true,
            "isVerified": true,
            "passwordNotificationWindowInDays": null,
            "passwordValidityPeriodInDays": null,
            "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        })
    };
    match rest {
        [] => call.list("domains", organization.domains.clone(), PAGES, row),
        [name] => {
            let domain = organization.domains.iter().find(|domain| domain.eq_ignore_ascii_case(name));
            Ok(call.entity("domains/$entity", &row(domain.ok_or_else(|| GraphError::not_found(name))?)))
        }
        [_, unknown, ..] => Err(GraphError::unknown_segment(unknown)),
    }
}

/// `GET /subscribedSkus`: one licence for everybody, with Exchange in it.
pub(crate) fn skus(world: &World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    call.only_get()?;
    call.need(&["LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"])?;
    if call.query.is_demanding() || call.query.top().is_some() {
        return Err(GraphError::bad_request("This resource does not support query options."));
    }
    let sku = "c7df2760-2c81-4ef7-b578-5b5392b571df";
    let people = world.directory.iter().filter(|account| account.kind == crate::RecipientKind::UserMailbox).count();
    let id = format!("{}_{sku}", world.organization.id);
    let row = json!({
        "accountId": world.organization.id,
        "accountName": world.organization.display_name,
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "consumedUnits": people,
        "id": id,
        "prepaidUnits": {"enabled": people + 25, "suspended": 0, "warning": 0, "lockedOut": 0},
        "servicePlans": [
            {"servicePlanId": "efb87545-963c-4e0d-99df-69c6916d9eb0", "servicePlanName": "EXCHANGE_S_ENTERPRISE", "provisioningStatus": "Success", "appliesTo": "User"},
            {"servicePlanId": "57ff2da0-773e-42df-b2af-ffb7a2317929", "servicePlanName": "TEAMS1", "provisioningStatus": "Success", "appliesTo": "User"},
        ],
        "skuId": sku,
        "skuPartNumber": "ENTERPRISEPREMIUM",
        "subscriptionIds": [],
    });
    match rest {
        [] => call.list("subscribedSkus", vec![row], PAGES, Value::clone),
        [wanted] if id.eq_ignore_ascii_case(wanted) => Ok(call.entity("subscribedSkus/$entity", &row)),
        [wanted] => Err(GraphError::not_found(wanted)),
        [_, unknown, ..] => Err(GraphError::unknown_segment(unknown)),
    }
}

pub(crate) fn answer(world: &World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    call.only_get()?;
    call.need(&["Organization.Read.All", "Directory.Read.All", "User.Read.All"])?;
    let organization = &world.organization;
    let row = |(): &()| -> Value {
        let domains: Vec<Value> = organization
            .domains
            .iter()
            .map(|domain| {
                json!({
                    "capabilities": "Email, OfficeCommunicationsOnline",
                    "isDefault": *domain == organization.default_domain,
                    "isInitial": *domain == organization.initial_domain,
                    "name": domain,
                    "type": "Managed",
                })
            })
            .collect();
        json!({
            "id": organization.id,
            "deletedDateTime": null,
            "businessPhones": ["425-555-0100"],
            "city": null,
            "country": null,
            "countryLetterCode": "US",
            "createdDateTime": "2021-08-02T10:30:06Z",
            "displayName": organization.display_name,
            "onPremisesLastSyncDateTime": null,
            "onPremisesSyncEnabled": null,
            "preferredLanguage": "en",
            "technicalNotificationMails": [],
            "tenantType": "AAD",
            "assignedPlans": [],
            "provisionedPlans": [],
            "verifiedDomains": domains,
        })
    };
    match rest {
        [] => call.list("organization", vec![()], Paging::Token { default: 100, max: 999 }, row),
        [id] if id.eq_ignore_ascii_case(&organization.id.to_string()) => {
            Ok(call.entity("organization/$entity", &row(&())))
        }
        [id] => Err(GraphError::not_found(id)),
        [_, unknown, ..] => Err(GraphError::unknown_segment(unknown)),
    }
}
