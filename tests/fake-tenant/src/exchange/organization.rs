//! The organisation: its configuration, its domains, and the step that makes roles possible.

use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::Failure;
use super::parameters::Arguments;
use super::{Invocation, Outcome, Output, client_access, object};
use crate::world::derived_id;

#[expect(clippy::unnecessary_wraps, reason = "the table of cmdlets wants one signature")]
pub(super) fn get_config(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let organization = &call.world.organization;
    let mut row = object(json!({
        "Name": organization.initial_domain,
        "Identity": organization.initial_domain,
        "Guid": derived_id("organization", &organization.initial_domain),
        "DisplayName": organization.display_name,
        "ExternalDirectoryOrganizationId": organization.id,
        "OAuth2ClientProfileEnabled": true,
        "AuditDisabled": false,
        "IsDehydrated": organization.dehydrated,
        "CustomerLockboxEnabled": false,
        "EnforceExoAppRbacPermissions": organization.enforce_app_rbac,
        "MailTipsAllTipsEnabled": true,
        "MailTipsLargeAudienceThreshold": 25,
        "PublicFoldersEnabled": "Local",
        "ActivityBasedAuthenticationTimeoutInterval": "06:00:00",
        "DistributionGroupNamingPolicy": organization.naming_policy,
        "DistributionGroupNameBlockedWordsList": [],
        "IPListBlocked": [],
        "MessageRecallEnabled": null,
        "IsMixedMode": true,
    }));
    row.extend(client_access::ews_row(&organization.ews));
    // Without the switch the property is there and says nothing (Microsoft documentation).
    let allowed = arguments.is_set("RetrieveEwsOperationAccessPolicy") && !organization.ews_allowed_app_ids.is_empty();
    row.insert("EwsAllowedAppIDs".to_owned(), json!(allowed.then(|| organization.ews_allowed_app_ids.join(","))));
    Ok(Output::one(Value::Object(row)))
}

/// The list of application ids is one text with commas, and is replaced as a whole (observed).
pub(super) fn set_config(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let organization = &mut call.world.organization;
    if arguments.get("EwsAllowedAppIDs").is_some() {
        let text = arguments.text("EwsAllowedAppIDs").unwrap_or_default();
        let ids: Vec<&str> = text.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
        // The sentence is ours.
        if let Some(odd) = ids.iter().find(|id| Uuid::parse_str(id).is_err()) {
            return Err(Failure::invalid(format!("The value \"{odd}\" of EwsAllowedAppIDs is not a valid GUID.")));
        }
        organization.ews_allowed_app_ids = ids.into_iter().map(str::to_owned).collect();
    }
    client_access::set_ews(&mut organization.ews, arguments);
    if let Some(enforce) = arguments.flag("EnforceExoAppRbacPermissions") {
        organization.enforce_app_rbac = enforce;
    }
    if arguments.get("DistributionGroupNamingPolicy").is_some() {
        arguments.text("DistributionGroupNamingPolicy").unwrap_or_default().clone_into(&mut organization.naming_policy);
    }
    Ok(Output::Nothing)
}

pub(super) fn get_accepted_domain(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let organization = &call.world.organization;
    let wanted = arguments.text("Identity");
    let rows: Vec<_> = organization
        .domains
        .iter()
        .filter(|domain| wanted.is_none_or(|wanted| domain.eq_ignore_ascii_case(wanted)))
        .map(|domain| {
            json!({
                "DomainName": domain,
                "DomainType": "Authoritative",
                "Default": *domain == organization.default_domain,
                "InitialDomain": *domain == organization.initial_domain,
                "MatchSubDomains": false,
                "AuthenticationType": "Managed",
                "PendingRemoval": false,
                "SendingFromDomainDisabled": false,
                "IsCoexistenceDomain": false,
                "CatchAllRecipientID": null,
                "FederatedOrganizationLink": "Federation",
                "Name": domain,
                "DistinguishedName": format!("CN={domain},CN=Accepted Domains"),
                "ExchangeVersion": "0.20 (15.0.0.0)",
            })
        })
        .collect();
    match wanted {
        Some(wanted) if rows.is_empty() => Err(Failure::not_found(wanted)),
        _ => Ok(Output::all(rows)),
    }
}

/// Works once; afterwards roles can be made, though perhaps not at once.
pub(super) fn enable_customization(call: &mut Invocation<'_>, _: &Arguments) -> Outcome {
    let now = call.world.now();
    let organization = &mut call.world.organization;
    if !organization.dehydrated {
        return Err(Failure::already_customized());
    }
    organization.dehydrated = false;
    organization.hydrated_at = Some(now);
    Ok(Output::Nothing)
}
