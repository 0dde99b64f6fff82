//! Every parameter that our values send, against the documentation of the cmdlets, where its data is at hand.
//!
//! `CONFORMANCE_DATA` names the folder that holds `exchange-parameters.json`; without it there is nothing to check, and
//! the test says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use exchange_groups::graph_client::exchange::{
    AddDistributionGroupMember, AddMailboxFolderPermission, AddManagementRoleEntry, AddRoleGroupMember,
    ApplicationRole, AssignmentScope, AutomateProcessing, CalendarBookingType, Cmdlet, DepartRestriction,
    DistinguishedName, EnableOrganizationCustomization, FolderRight, FolderUser, GetAcceptedDomain,
    GetAdministrativeUnit, GetApplicationAccessPolicy, GetCalendarProcessing, GetCasMailbox, GetDistributionGroup,
    GetDistributionGroupMember, GetDynamicDistributionGroupMember, GetGroup, GetMailbox, GetMailboxFolderPermission,
    GetMailboxPermission, GetManagementRole, GetManagementRoleAssignment, GetManagementRoleEntry, GetManagementScope,
    GetOrganizationConfig, GetPlace, GetRecipient, GetRoleGroup, GetRoleGroupMember, GetServicePrincipal,
    GetUnifiedGroup, Identity, JoinRestriction, ListChange, MailboxFolder, ModerationNotice,
    NewApplicationAccessPolicy, NewDistributionGroup, NewManagementRole, NewManagementRoleAssignment,
    NewManagementScope, NewRoleGroup, NewServicePrincipal, OpathFilter, PlaceType, ProxyAddress,
    RemoveApplicationAccessPolicy, RemoveDistributionGroup, RemoveDistributionGroupMember,
    RemoveMailboxFolderPermission, RemoveManagementRole, RemoveManagementRoleAssignment, RemoveManagementRoleEntry,
    RemoveManagementScope, RemoveRoleGroup, RemoveRoleGroupMember, RemoveServicePrincipal, SetApplicationAccessPolicy,
    SetCalendarProcessing, SetDistributionGroup, SetMailbox, SetMailboxFolderPermission, SetManagementRoleAssignment,
    SetManagementScope, SetPlace, SetServicePrincipal, TestApplicationAccessPolicy, TestServicePrincipalAuthorization,
    UpdateDistributionGroupMember,
};
use exchange_groups::graph_client::{ClientId, ObjectId, ServicePrincipalId};
use serde_json::{Map, Value};

/// What is sent although the data says otherwise, and why. `*` stands for a whole cmdlet.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("Get-CASMailbox", "*", "the data has no page of this cmdlet; Identity and ResultSize are those of Get-Mailbox"),
    (
        "Get-OrganizationConfig",
        "RetrieveEwsOperationAccessPolicy",
        "the page of EWS's access control names this switch; the cmdlet's own page does not list it yet",
    ),
    (
        "New-ServicePrincipal",
        "ServiceId",
        "required in the data, for services on premises; ObjectId and AppId stand for it",
    ),
    (
        "New-ApplicationAccessPolicy",
        "AccessRight",
        "the data gives the type of Identity; the page lists RestrictAccess and DenyAccess",
    ),
    ("Get-ApplicationAccessPolicy", "Identity", "required in the data; the page's own example lists all without it"),
    ("Get-Mailbox", "ResultSize", "with Identity it limits nothing; the sets of the page allow it"),
];

/// What stands for a value of each type on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Flag,
    Number,
    Text,
    List,
}

/// The names that a type takes, where it is an enumeration that we send names of.
///
/// Source: the pages of the cmdlets; the data has the types alone.
const NAMES: &[(&str, &[&str])] = &[
    ("GroupType", &["Distribution", "Security"]),
    ("MemberUpdateType", &["Open", "Closed", "ApprovalRequired"]),
    ("TransportModerationNotificationFlags", &["Always", "Internal", "Never"]),
    ("CalendarProcessingFlags", &["None", "AutoUpdate", "AutoAccept"]),
    ("<ResourceBookingType>", &["Standard", "Reserved"]),
    ("GetPlaceType", &["Room", "RoomList", "Space"]),
    ("ApplicationAccessPolicyIdParameter", &["RestrictAccess", "DenyAccess"]),
    (
        "RecipientTypeDetails[]",
        &["RoomMailbox", "EquipmentMailbox", "SharedMailbox", "UserMailbox", "MailUniversalSecurityGroup", "RoomList"],
    ),
];

fn forms(kind: &str) -> &'static [Form] {
    match kind {
        "SwitchParameter" | "Boolean" | "System.Boolean" => &[Form::Flag],
        "Int32" | "Int16" | "Int64" | "UInt32" | "System.Int32" => &[Form::Number],
        // A number, or the word Unlimited.
        "Unlimited" => &[Form::Number, Form::Text],
        // One value binds to a list as well.
        "MultiValuedProperty" | "ProxyAddressCollection" => &[Form::List, Form::Text],
        kind if kind.ends_with("[]") => &[Form::List, Form::Text],
        _ => &[Form::Text],
    }
}

fn form(value: &Value) -> Form {
    match value {
        Value::Bool(_) => Form::Flag,
        Value::Number(_) => Form::Number,
        Value::Array(_) => Form::List,
        // A tagged table of what is added and removed.
        Value::Object(table) if table.contains_key("@odata.type") => Form::List,
        _ => Form::Text,
    }
}

/// What a command is on the wire.
struct Sent {
    name: &'static str,
    parameters: Map<String, Value>,
}

fn sent<C: Cmdlet>(cmdlet: &C) -> Sent {
    match serde_json::to_value(cmdlet).expect("parameters are JSON") {
        Value::Object(parameters) => Sent { name: C::NAME, parameters },
        other => panic!("{}: {other} is no table of parameters", C::NAME),
    }
}

/// Commands that together send every parameter that our values have.
#[expect(clippy::too_many_lines, reason = "a line for each command")]
fn commands() -> Vec<Sent> {
    let id = || "rooms@contoso.com".parse::<Identity>().expect("an identity");
    let guid = "5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05";
    let app: ClientId = guid.parse().expect("an id");
    let principal: ServicePrincipalId = guid.parse().expect("an id");
    let unit: ObjectId = guid.parse().expect("an id");
    let name = || "name".parse().expect("a name");
    let scope_name = || "scope".parse().expect("a name");
    let address = || "rooms@contoso.com".parse().expect("an address");
    let dn: DistinguishedName = "CN=x,DC=y".parse().expect("a name");
    let filter = || OpathFilter::member_of(&dn);
    let folder = || MailboxFolder::calendar(id());
    let policy = || {
        let text = "3c8fb1f0-6f4e-4b1e-9c5b-2f6f0a4d7e11\\8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01:\
                    S-1-5-21-1-2-3-4;0d4c7a88-2d0a-4a35-9a0e-6c1f2b3a4d06";
        text.parse().expect("an identity")
    };
    let entry = || "scope\\Get-Mailbox".parse().expect("an identity");
    let texts = || ListChange::Replace(vec!["x".to_owned()]);
    let role = ApplicationRole::CalendarsRead;
    let new_group = NewDistributionGroup::security(name())
        .display_name("x")
        .alias("x".parse().expect("an alias"))
        .primary_smtp_address(address())
        .owner(id())
        .members([id()])
        .description("x")
        .notes("x")
        .owners_are_members()
        .hidden_membership()
        .moderated_by([id()])
        .bypass_nested_moderation(true)
        .moderation_notice(ModerationNotice::Never)
        .bcc_blocked(true)
        .organizational_unit("x")
        .join_restriction(JoinRestriction::Closed)
        .depart_restriction(DepartRestriction::Closed)
        .require_sender_authentication(true)
        .ignore_naming_policy();
    vec![
        sent(&new_group),
        sent(&NewDistributionGroup::room_list(name())),
        sent(&GetDistributionGroup::one(id())),
        sent(&GetDistributionGroup::matching(filter()).security_groups().room_lists()),
        sent(&GetDistributionGroup::owned_by(id())),
        sent(&group_changes(id())),
        sent(&SetDistributionGroup::new(id()).primary_smtp_address(address())),
        sent(&RemoveDistributionGroup::by_id(unit)),
        sent(&GetDistributionGroupMember::new(id())),
        sent(&GetDynamicDistributionGroupMember::new(id())),
        sent(&AddDistributionGroupMember::new(id(), id())),
        sent(&RemoveDistributionGroupMember::new(id(), id())),
        sent(&UpdateDistributionGroupMember::replace_all(id(), [id()]).expect("a member")),
        sent(&GetGroup::one(id())),
        sent(&GetGroup::matching(filter())),
        sent(&GetUnifiedGroup::one(id())),
        sent(&GetUnifiedGroup::matching(filter())),
        sent(&GetMailbox::one(id())),
        sent(&GetMailbox::rooms().filter(filter()).with_inactive()),
        sent(&SetMailbox::new(id()).hidden_from_address_lists(true)),
        sent(&GetRecipient::new(id())),
        sent(&GetRecipient::matching(filter()).of_type(&["RoomMailbox"])),
        sent(&GetCasMailbox::one(id())),
        sent(&GetMailboxPermission::new(id()).user(id())),
        sent(&GetMailboxFolderPermission::new(folder()).user(FolderUser::Default)),
        sent(&AddMailboxFolderPermission::new(folder(), id(), [FolderRight::Reviewer]).notify(false)),
        sent(&SetMailboxFolderPermission::new(folder(), id(), [FolderRight::Reviewer]).notify(false)),
        sent(&RemoveMailboxFolderPermission::new(folder(), id())),
        sent(&GetCalendarProcessing::new(id())),
        sent(&calendar_rules(id())),
        sent(&GetPlace::one(id())),
        sent(&GetPlace::all(PlaceType::Room)),
        sent(&place(id(), texts())),
        sent(&GetOrganizationConfig::new().with_ews_applications()),
        sent(&GetAcceptedDomain::new()),
        sent(&EnableOrganizationCustomization::new()),
        sent(&NewApplicationAccessPolicy::restrict(app, id()).description("x")),
        sent(&NewApplicationAccessPolicy::deny(app, id())),
        sent(&GetApplicationAccessPolicy::all()),
        sent(&SetApplicationAccessPolicy::new(policy(), "x")),
        sent(&RemoveApplicationAccessPolicy::new(policy())),
        sent(&TestApplicationAccessPolicy::new(id(), app)),
        sent(&NewServicePrincipal::new(app, principal).display_name("x")),
        sent(&GetServicePrincipal::new(id())),
        sent(&GetServicePrincipal::all()),
        sent(&SetServicePrincipal::new(principal, "x")),
        sent(&RemoveServicePrincipal::new(principal)),
        sent(&TestServicePrincipalAuthorization::new(id()).resource(id())),
        sent(&NewManagementScope::new(scope_name(), filter()).exclusive()),
        sent(&GetManagementScope::one(id())),
        sent(&GetManagementScope::unused().exclusive(false)),
        sent(&SetManagementScope::filter(id(), filter())),
        sent(&SetManagementScope::name(id(), scope_name())),
        sent(&RemoveManagementScope::new(id())),
        sent(&NewManagementRoleAssignment::over_group(principal, role, id()).name(scope_name())),
        sent(&NewManagementRoleAssignment::new(principal, role, AssignmentScope::Custom(scope_name()))),
        sent(&NewManagementRoleAssignment::new(principal, role, AssignmentScope::AdministrativeUnit(unit))),
        sent(&SetManagementRoleAssignment::enabled(id(), true)),
        sent(&SetManagementRoleAssignment::scope(id(), AssignmentScope::Group(id()))),
        sent(&SetManagementRoleAssignment::scope(id(), AssignmentScope::Custom(scope_name()))),
        sent(&SetManagementRoleAssignment::scope(id(), AssignmentScope::AdministrativeUnit(unit))),
        sent(&GetManagementRoleAssignment::of(id()).delegating(true)),
        sent(&GetManagementRoleAssignment::one(id())),
        sent(&GetManagementRoleAssignment::holders_of(role)),
        sent(&RemoveManagementRoleAssignment::new(id())),
        sent(&GetAdministrativeUnit::one(id())),
        sent(&GetAdministrativeUnit::all()),
        sent(&GetManagementRole::one(id())),
        sent(&GetManagementRole::giving("Get-Mailbox", ["Identity"])),
        sent(&NewManagementRole::new(scope_name(), id()).cmdlet("Get-Mailbox").description("x")),
        sent(&RemoveManagementRole::new(id()).with_child_roles()),
        sent(&GetManagementRoleEntry::of_role(&scope_name()).parameter("Identity")),
        sent(&AddManagementRoleEntry::new(entry()).parameter("Identity").overwrite()),
        sent(&RemoveManagementRoleEntry::new(entry())),
        sent(
            &NewRoleGroup::new(scope_name())
                .role("x")
                .member(id())
                .manager(id())
                .write_scope(scope_name())
                .description("x")
                .display_name("x"),
        ),
        sent(&GetRoleGroup::one(id())),
        sent(&GetRoleGroupMember::new(id())),
        sent(&AddRoleGroupMember::new(id(), id())),
        sent(&RemoveRoleGroupMember::new(id(), id())),
        sent(&RemoveRoleGroup::new(id())),
    ]
}

fn group_changes(group: Identity) -> SetDistributionGroup {
    let somebody = || "exchange.admin@contoso.com".parse::<Identity>().expect("an identity");
    let list = || ListChange::Alter { add: vec![somebody()], remove: vec![somebody()] };
    let texts = ListChange::Replace(vec!["x".to_owned()]);
    let address = "rooms@contoso.com".parse().expect("an address");
    let mut change = SetDistributionGroup::new(group)
        .display_name("x")
        .owners(list())
        .hidden_from_address_lists(true)
        .require_sender_authentication(true)
        .description("x")
        .name("name".parse().expect("a name"))
        .alias("alias".parse().expect("an alias"))
        .email_addresses(ListChange::Replace(vec![ProxyAddress::primary(address)]))
        .join_restriction(JoinRestriction::Closed)
        .depart_restriction(DepartRestriction::Closed)
        .moderation(true)
        .moderators(list())
        .bypass_nested_moderation(true)
        .unmoderated_senders(list())
        .moderation_notice(ModerationNotice::Never)
        .bcc_blocked(true)
        .mail_tip("x")
        .send_on_behalf(list())
        .accepted_senders(list())
        .rejected_senders(list())
        .report_to_manager(true)
        .report_to_originator(true)
        .send_oof_to_originator(true)
        .make_room_list()
        .hidden_membership()
        .ignore_naming_policy()
        .force_upgrade();
    for number in 1..=15 {
        change = change.custom_attribute(number, "x").expect("a number");
    }
    for number in 1..=5 {
        change = change.extension_attribute(number, &texts).expect("a number");
    }
    change
}

fn calendar_rules(mailbox: Identity) -> SetCalendarProcessing {
    let owner = "exchange.admin@contoso.com".parse::<Identity>().expect("an identity");
    let list = || ListChange::Replace(vec![owner.clone()]);
    SetCalendarProcessing::new(mailbox)
        .automate_processing(AutomateProcessing::AutoAccept)
        .booking_type(CalendarBookingType::Standard)
        .allow_conflicts(false)
        .allow_recurring_meetings(true)
        .all_book_in_policy(true)
        .all_request_in_policy(true)
        .all_request_out_of_policy(true)
        .book_in_policy(list())
        .request_in_policy(list())
        .request_out_of_policy(list())
        .resource_delegates(list())
        .forward_requests_to_delegates(true)
        .booking_window_in_days(180_u32)
        .enforce_scheduling_horizon(true)
        .maximum_duration_in_minutes(1_u32)
        .minimum_duration_in_minutes(1_u32)
        .maximum_conflict_instances(1_u32)
        .conflict_percentage_allowed(1_u32)
        .enforce_capacity(true)
        .schedule_only_during_work_hours(true)
        .process_external_meeting_messages(true)
        .remove_canceled_meetings(true)
        .delete_subject(false)
        .delete_comments(false)
        .delete_attachments(false)
        .delete_non_calendar_items(false)
        .add_organizer_to_subject(true)
        .remove_private_property(true)
        .organizer_info(true)
        .add_additional_response(true)
        .additional_response("x")
        .tentative_pending_approval(true)
        .enable_auto_release(true)
        .post_reservation_max_claim_time_in_minutes(10_u32)
}

fn place(identity: Identity, tags: ListChange<String>) -> SetPlace {
    SetPlace::new(identity)
        .building("x")
        .capacity(7_u32)
        .city("x")
        .country("US")
        .floor(1)
        .floor_label("x")
        .wheelchair_accessible(true)
        .label("x")
        .teams_room(true)
        .parent("x")
        .phone("x")
        .postal_code("x")
        .state("x")
        .street("x")
        .tags(tags)
        .audio_device("x")
        .display_device("x")
        .video_device("x")
        .coordinates(1.0, 2.0)
        .expect("a place on earth")
}

#[derive(Debug, Default)]
struct Counts {
    cmdlets: BTreeSet<&'static str>,
    parameters: BTreeSet<(String, String)>,
    names: usize,
    excepted: BTreeSet<(&'static str, &'static str)>,
    faults: BTreeSet<String>,
}

impl Counts {
    fn is_excepted(&mut self, cmdlet: &str, parameter: &str) -> bool {
        let is = |(known, name, _): &&(&'static str, &'static str, &str)| {
            *known == cmdlet && (*name == "*" || *name == parameter)
        };
        let Some((cmdlet, parameter, _)) = EXCEPTIONS.iter().find(is) else { return false };
        self.excepted.insert((cmdlet, parameter));
        true
    }

    fn check(&mut self, command: &Sent, data: &Value) {
        self.cmdlets.insert(command.name);
        let page = &data["cmdlets"][command.name];
        if page.is_null() {
            if !self.is_excepted(command.name, "*") {
                self.faults.insert(format!("{}: there is no page of it", command.name));
            }
            return;
        }
        if page["online"] != true {
            self.faults.insert(format!("{}: it is not for Exchange Online", command.name));
        }
        // Names are matched without case.
        let known: BTreeMap<String, (&String, &Value)> = page["parameters"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, page)| (name.to_ascii_lowercase(), (name, page)))
            .collect();
        for (name, value) in &command.parameters {
            self.parameters.insert((command.name.to_owned(), name.clone()));
            let Some((_, page)) = known.get(&name.to_ascii_lowercase()) else {
                if !self.is_excepted(command.name, name) {
                    self.faults.insert(format!("{} -{name}: there is no such parameter", command.name));
                }
                continue;
            };
            let kind = page["type"].as_str().unwrap_or_default();
            if page["online"] != true {
                self.faults.insert(format!("{} -{name}: it is not for Exchange Online", command.name));
            }
            if !forms(kind).contains(&form(value)) {
                self.faults.insert(format!("{} -{name}: {value} is sent for a {kind}", command.name));
            }
            self.check_names(command.name, name, kind, value);
        }
        self.check_required(command, &known);
        self.check_sets(command, page);
    }

    fn check_names(&mut self, cmdlet: &str, name: &str, kind: &str, value: &Value) {
        let is_list = name.eq_ignore_ascii_case("AccessRight") || kind != "ApplicationAccessPolicyIdParameter";
        let Some((_, names)) = NAMES.iter().find(|(known, _)| *known == kind && is_list) else { return };
        for text in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
            self.names += 1;
            if !names.iter().any(|known| text == known) {
                self.faults.insert(format!("{cmdlet} -{name}: {text} is none of {names:?}"));
            }
        }
    }

    fn check_required(&mut self, command: &Sent, known: &BTreeMap<String, (&String, &Value)>) {
        let has = |name: &str| command.parameters.keys().any(|sent| sent.eq_ignore_ascii_case(name));
        let required: Vec<String> =
            known.values().filter(|(_, page)| page["required"] == true).map(|(name, _)| (*name).clone()).collect();
        // A parameter that only one of several sets has is required in that set alone; those are checked as sets.
        if required.len() == 1 && !has(&required[0]) && !self.is_excepted(command.name, &required[0]) {
            let is_get = command.name.starts_with("Get-");
            if !is_get {
                self.faults.insert(format!("{}: {} is missing", command.name, required[0]));
            }
        }
    }

    /// All parameters of a command must be in one of its sets.
    fn check_sets(&mut self, command: &Sent, page: &Value) {
        let Some(sets) = page["parameterSets"].as_object().filter(|sets| !sets.is_empty()) else { return };
        let names: Vec<&String> = command.parameters.keys().collect();
        let excepted: Vec<bool> = names.iter().map(|name| self.is_excepted(command.name, name)).collect();
        let fits = |set: &Value| {
            names.iter().zip(&excepted).all(|(name, is_excepted)| {
                *is_excepted
                    || set.as_array().is_some_and(|set| {
                        set.iter().any(|known| known.as_str().is_some_and(|it| it.eq_ignore_ascii_case(name)))
                    })
            })
        };
        if !sets.values().any(fits) {
            self.faults.insert(format!("{}: no set has {names:?}", command.name));
        }
    }
}

/// What the tenant in memory accepts is to be held against the same pages, once it tells its table of parameters.
#[test]
fn every_parameter_that_is_sent_is_documented_conformance() {
    let Some(folder) = std::env::var_os("CONFORMANCE_DATA").map(PathBuf::from) else {
        tell("CONFORMANCE_DATA does not name a folder with exchange-parameters.json: nothing is checked");
        return;
    };
    let text = std::fs::read(folder.join("exchange-parameters.json")).expect("the data");
    let data: Value = serde_json::from_slice(&text).expect("JSON");
    let mut counts = Counts::default();
    for command in commands() {
        counts.check(&command, &data);
    }
    tell(&format!(
        "{} cmdlets with {} parameters and {} names of enumerations are held against their pages; {} exceptions; {} faults",
        counts.cmdlets.len(),
        counts.parameters.len(),
        counts.names,
        counts.excepted.len(),
        counts.faults.len(),
    ));
    for (cmdlet, parameter, reason) in EXCEPTIONS {
        if counts.excepted.contains(&(*cmdlet, *parameter)) {
            tell(&format!("  {cmdlet} -{parameter}: {reason}"));
        }
    }
    let faults: Vec<String> = counts.faults.into_iter().collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[expect(clippy::print_stderr, reason = "a check over a folder tells what it did")]
fn tell(text: &str) {
    eprintln!("{text}");
}
