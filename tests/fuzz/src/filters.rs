//! Filters: a value in quotes is a value, and what Exchange gives back is understood or said not to be.

use std::sync::LazyLock;

use exchange_groups::access::{
    Access, AccessModel, CalendarRight, CalendarSharing, CasSettings, ExchangePrincipal, Fact, Facts, Level,
    MailboxFacts, ManagementScope, OrganizationSettings, RoleAssignment, RoleScope, SignIn, UserAgents,
};
use graph_client::Filter;
use graph_client::exchange::{OpathFilter, Property};
use graph_client::{ClientId, ServicePrincipalId, Uuid};

/// A tenant in which the application holds one role, over a management scope, and nothing else.
static TENANT: LazyLock<Facts> = LazyLock::new(|| {
    let client_id = ClientId::from_uuid(Uuid::from_u128(1));
    let principal = ServicePrincipalId::from_uuid(Uuid::from_u128(2));
    Facts {
        service_principal: Fact::Read(Some(principal)),
        sign_in: Fact::Read(SignIn::Enabled),
        grants: Fact::Read(Vec::new()),
        delegated_grants: Fact::Read(Vec::new()),
        signed_in: Fact::Read(Vec::new()),
        policies: Fact::Read(Vec::new()),
        exchange_principal: Fact::Read(Some(ExchangePrincipal { app_id: Some(client_id), object_id: Some(principal) })),
        role_assignments: Fact::Read(vec![RoleAssignment {
            name: "rooms".into(),
            role: "Application Calendars.Read".into(),
            permissions: Fact::default(),
            scope: RoleScope::Management("scope".into()),
            enabled: Some(true),
            delegating: Some(false),
        }]),
        groups: Fact::Read(Vec::new()),
        administrative_units: Fact::Read(Vec::new()),
        organization: Fact::Read(OrganizationSettings {
            ews_enabled: None,
            ews_allowed_app_ids: Fact::Read(Vec::new()),
            user_agents: Fact::Read(UserAgents::Any),
            enforce_app_rbac: Some(false),
        }),
        directory_roles: Fact::Read(Vec::new()),
        role_groups: Fact::Read(Vec::new()),
        owned_applications: Fact::Read(Vec::new()),
        other_applications: Fact::Read(Vec::new()),
        owners: Fact::Read(Vec::new()),
        purview_roles: Fact::Read(Vec::new()),
        ..Facts::new(client_id, jiff::civil::date(2026, 11, 26))
    }
});

/// Whether the application reads the events of a mailbox with this department, by a role over this filter.
fn reaches(filter: &str, department: &str) -> Access {
    let mut facts = TENANT.clone();
    facts.scopes = Fact::Read(vec![ManagementScope {
        name: "scope".into(),
        filter: Fact::Read(filter.to_owned()),
        recipient_root: None,
        exclusive: false,
    }]);
    let mut mailbox = MailboxFacts {
        addresses: Fact::Read(vec!["SMTP:room@contoso.com".into()]),
        kind: Fact::Read("RoomMailbox".into()),
        properties: [("Department".to_owned(), vec![department.to_owned()])].into(),
        cas: Fact::Read(CasSettings::default()),
        full_access: Fact::Read(false),
        sharing: Fact::Read(CalendarSharing { default: CalendarRight::Nothing, entries: Vec::new() }),
        ..MailboxFacts::default()
    };
    mailbox.ids.guid = Some(Uuid::from_u128(3));
    AccessModel::new(&facts).reach(&mailbox, Level::Events).verdict
}

pub(crate) fn opath_filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // Any filter has a verdict.
    reaches(text, "Facilities");
    let department: Property = "Department".parse().expect("a property");
    // A blank value is compared with a blank property, of which the sources say nothing.
    let Ok(filter) = OpathFilter::equals(&department, text) else { return };
    if text.trim().is_empty() {
        return;
    }
    let other = format!("{text}x");
    assert_eq!(reaches(filter.as_str(), text), Access::Allowed, "{filter:?}");
    assert_eq!(reaches(filter.as_str(), &other), Access::Denied, "{filter:?}");
    let negated = !filter.clone();
    assert_eq!(reaches(negated.as_str(), text), Access::Denied, "{negated:?}");
    let both = filter.clone().and(negated);
    assert_eq!(reaches(both.as_str(), text), Access::Denied, "{both:?}");
    let stored: OpathFilter = serde_json::from_value(filter.as_str().into()).expect("what was built is read");
    assert_eq!(stored, filter);
    if let Ok(filter) = OpathFilter::starts_with(&department, text) {
        // Whether brackets are wildcards, no source says: then it is unknown, and not denied.
        assert_ne!(reaches(filter.as_str(), &other), Access::Denied, "{filter:?}");
    }
}

pub(crate) fn odata_filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let literal = format!("'{}'", text.replace('\'', "''"));
    for (filter, before, after) in [
        (Filter::eq("displayName", text), "displayName eq ", ""),
        (Filter::starts_with("displayName", text), "startswith(displayName,", ")"),
        (Filter::eq("displayName", text).not(), "not (displayName eq ", ")"),
    ] {
        if let Ok(written) = filter.to_odata() {
            let value = written.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            assert_eq!(value, Some(&*literal), "{written}");
        }
    }
}
