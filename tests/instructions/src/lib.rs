//! The bodies that are read, and the structs that a program would write by hand to read them.

use serde::Deserialize;

/// Rows of a page, as many as Graph gives at most.
const ROWS: usize = 999;

/// What a program that looks for one group of many needs of each.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandWrittenGroup {
    pub id: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub mail: Option<String>,
    pub mail_enabled: Option<bool>,
    pub mail_nickname: Option<String>,
    pub security_enabled: Option<bool>,
    pub visibility: Option<String>,
    pub created_date_time: Option<String>,
    #[serde(default)]
    pub group_types: Vec<String>,
    #[serde(default)]
    pub proxy_addresses: Vec<String>,
}

/// A page as it is read by hand.
#[derive(Deserialize)]
pub struct HandWrittenPage<T> {
    pub value: Vec<T>,
}

fn page(row: impl Fn(usize) -> String) -> String {
    let rows: Vec<String> = (0..ROWS).map(row).collect();
    format!(
        r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#x","@odata.nextLink":"https://graph.microsoft.com/v1.0/x?$skiptoken=y","value":[{}]}}"#,
        rows.join(",")
    )
}

/// A page of groups with what Graph sends of each where nothing is selected.
#[must_use]
pub fn groups() -> String {
    page(|n| {
        format!(
            r#"{{"id":"{n:08}-1111-4f0b-b8f4-9a1c2f3d4e05","deletedDateTime":null,"classification":null,"createdDateTime":"2025-11-11T09:47:38Z","creationOptions":[],"description":"Rooms of floor {n}","displayName":"Floor {n}","expirationDateTime":null,"groupTypes":["Unified"],"isAssignableToRole":null,"mail":"floor{n}@contoso.com","mailEnabled":true,"mailNickname":"floor{n}","membershipRule":null,"membershipRuleProcessingState":null,"onPremisesDomainName":null,"onPremisesLastSyncDateTime":null,"onPremisesNetBiosName":null,"onPremisesSamAccountName":null,"onPremisesSecurityIdentifier":null,"onPremisesSyncEnabled":null,"preferredDataLocation":null,"preferredLanguage":null,"proxyAddresses":["SMTP:floor{n}@contoso.com"],"renewedDateTime":"2025-11-11T09:47:38Z","resourceBehaviorOptions":[],"resourceProvisioningOptions":[],"securityEnabled":false,"securityIdentifier":"S-1-12-1-1306860066-1319449225-59104187-{n}","theme":null,"uniqueName":null,"visibility":"Public","onPremisesProvisioningErrors":[],"serviceProvisioningErrors":[]}}"#
        )
    })
}

/// A page of groups with the properties of [`HandWrittenGroup`] alone.
#[must_use]
pub fn selected_groups() -> String {
    page(|n| {
        format!(
            r#"{{"id":"{n:08}-1111-4f0b-b8f4-9a1c2f3d4e05","createdDateTime":"2025-11-11T09:47:38Z","description":"Rooms of floor {n}","displayName":"Floor {n}","groupTypes":["Unified"],"mail":"floor{n}@contoso.com","mailEnabled":true,"mailNickname":"floor{n}","proxyAddresses":["SMTP:floor{n}@contoso.com"],"securityEnabled":false,"visibility":"Public"}}"#
        )
    })
}

/// A page of users with what Graph sends of each where nothing is selected.
#[must_use]
pub fn users() -> String {
    page(|n| {
        format!(
            r#"{{"businessPhones":["+1 425 555 {n:04}"],"displayName":"Room {n}","givenName":null,"jobTitle":null,"mail":"room{n}@contoso.com","mobilePhone":null,"officeLocation":"18/2111","preferredLanguage":"en-US","surname":null,"userPrincipalName":"room{n}@contoso.com","id":"{n:08}-1111-4f0b-b8f4-9a1c2f3d4e05"}}"#
        )
    })
}
