//! `GET /organization`.

use serde_json::{Value, json};

use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult};
use crate::world::World;

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
