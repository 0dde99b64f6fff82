//! The organisation: its configuration, its domains, and the step that makes roles possible.

use serde_json::json;

use super::errors::Failure;
use super::parameters::Arguments;
use super::{Invocation, Outcome, Output};
use crate::world::derived_id;

#[expect(clippy::unnecessary_wraps, reason = "the table of cmdlets wants one signature")]
pub(super) fn get_config(call: &mut Invocation<'_>, _: &Arguments) -> Outcome {
    let organization = &call.world.organization;
    Ok(Output::one(json!({
        "Name": organization.initial_domain,
        "Identity": organization.initial_domain,
        "Guid": derived_id("organization", &organization.initial_domain),
        "DisplayName": organization.display_name,
        "ExternalDirectoryOrganizationId": organization.id,
        "OAuth2ClientProfileEnabled": true,
        "AuditDisabled": false,
        "IsDehydrated": organization.dehydrated,
        "CustomerLockboxEnabled": false,
        "EwsEnabled": null,
        "EwsApplicationAccessPolicy": null,
        "EnforceExoAppRbacPermissions": false,
        "MailTipsAllTipsEnabled": true,
        "MailTipsLargeAudienceThreshold": 25,
        "PublicFoldersEnabled": "Local",
        "ActivityBasedAuthenticationTimeoutInterval": "06:00:00",
        "DistributionGroupNamingPolicy": organization.naming_policy,
        "DistributionGroupNameBlockedWordsList": [],
        "IPListBlocked": [],
        "MessageRecallEnabled": null,
        "IsMixedMode": true,
    })))
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
