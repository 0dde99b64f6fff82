//! The models against Microsoft's own documents: sample bodies and the schema.
//!
//! The documents are not a part of this repository. `CONFORMANCE_DATA` names the folder that holds them
//! (`graph-samples/*/*.json` and `graph-schema.json`); without it this test says so and passes. The tests in
//! `resources_models.rs` hold the same cases in small.
#![expect(clippy::print_stdout, reason = "the counts are shown to whoever runs it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use exchange_groups::graph_client::graph::{
    ApiApplication, AppRole, AppRoleAssignment, Application, AssignedLicense, AssignedPlan, Attachment, Attendee,
    AttendeeType, AutomaticReplies, AutomaticRepliesStatus, BodyType, BookingType, Building, Calendar, CalendarColor,
    CalendarGroup, CalendarPermission, CalendarRole, ChangeNotification, ChannelIdentity, ChatAttachment, ChatMention,
    ChatMessage, DateTimeTimeZone, DayOfWeek, DelegateMeetingMessages, Desk, DirectoryObject, DirectoryRole, Domain,
    DomainState, EmailAddress, EncryptedContent, Event, EventType, ExtendedProperty, ExtensionAttributes,
    ExternalAudience, FeatureState, FederatedCredential, Floor, FreeBusyError, FreeBusyStatus, GeoCoordinates,
    GraphIdentity, Group, IdentitySet, Importance, InformationalUrls, Invitation, ItemBody, KeyCredential,
    LicenseUnits, LifecycleEvent, Locale, Location, LocationIdType, LocationType, MailboxDetails, MailboxSettings,
    ManagedDevice, MultiValueProperty, NamedTimeZone, Notifications, ObjectIdentity, OnPremisesProvisioningError,
    OnlineMeeting, OnlineMeetingProvider, OpenExtension, Organization, PasswordCredential, PermissionGrant,
    PermissionScope, Phone, PhoneType, PhysicalAddress, Place, PlaceMode, PlannerAssignment, PlannerBucket,
    PlannerContainer, PlannerPlan, PlannerTask, PreAuthorizedApplication, PrivacyProfile, ProvisionedPlan,
    PublicClient, Recipient, Recurrence, RecurrencePattern, RecurrencePatternType, RecurrenceRange,
    RecurrenceRangeType, RequiredResourceAccess, ResourceAccess, ResourceData, ResourceLink, ResponseStatus,
    ResponseType, RoleAssignment, RoleDefinition, RolePermission, RoleScheduleInstance, Room, RoomList,
    ScheduleInformation, ScheduleItem, Section, Sensitivity, ServicePlan, ServicePrincipal, ServiceProvisioningError,
    SinglePageApplication, SubscribedSku, Subscription, TimeSlot, UploadSession, User, UserPurpose, VerifiedDomain,
    WebApplication, WeekIndex, WorkingHours, Workspace,
};
use exchange_groups::graph_client::{ErrorKind, Method, RetryOptions};
use exchange_groups_tests::{Answer, RawServer};
use serde::Serialize;
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde_json::{Map, Value, json};

use crate::resources_support::with_retries;

const GUID: &str = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";

/// A model and what it stands for.
struct Model {
    csdl: &'static str,
    fields: Option<&'static [&'static str]>,
    /// What an object of the type cannot be without.
    required: Value,
    round_trip: fn(Value) -> Result<Value, String>,
}

fn round_trip<T: DeserializeOwned + Serialize + Debug>(body: Value) -> Result<Value, String> {
    let model: T = serde_json::from_value(body).map_err(|error| error.to_string())?;
    serde_json::to_value(&model).map_err(|error| error.to_string())
}

/// Asks a type for the names of its fields and gives it nothing.
struct Probe<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("only the names are asked for"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = Some(fields);
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn model<T: DeserializeOwned + Serialize + Debug>(csdl: &'static str, required: Value) -> Model {
    let mut fields = None;
    let _ = T::deserialize(Probe(&mut fields));
    Model { csdl, fields, required, round_trip: round_trip::<T> }
}

macro_rules! models {
    ($($csdl:ident => $ty:ty),+ $(,)?) => { vec![$( model::<$ty>(stringify!($csdl), json!({})) ),+] };
}

fn models() -> Vec<Model> {
    let mut all = models! {
        room => Room, roomList => RoomList, workspace => Workspace, building => Building, floor => Floor,
        section => Section, desk => Desk, assignedPlaceMode => PlaceMode, mailboxDetails => MailboxDetails,
        resourceLink => ResourceLink, physicalAddress => PhysicalAddress, outlookGeoCoordinates => GeoCoordinates,
        group => Group, user => User, objectIdentity => ObjectIdentity, assignedLicense => AssignedLicense,
        assignedPlan => AssignedPlan, onPremisesExtensionAttributes => ExtensionAttributes,
        invitation => Invitation,
        onPremisesProvisioningError => OnPremisesProvisioningError,
        serviceProvisioningError => ServiceProvisioningError,
        mailboxSettings => MailboxSettings, localeInfo => Locale, workingHours => WorkingHours,
        timeZoneBase => NamedTimeZone, automaticRepliesSetting => AutomaticReplies,
        permissionScope => PermissionScope, oAuth2PermissionGrant => PermissionGrant,
        application => Application, requiredResourceAccess => RequiredResourceAccess,
        resourceAccess => ResourceAccess, apiApplication => ApiApplication, webApplication => WebApplication,
        preAuthorizedApplication => PreAuthorizedApplication, spaApplication => SinglePageApplication,
        publicClientApplication => PublicClient, informationalUrl => InformationalUrls,
        passwordCredential => PasswordCredential, keyCredential => KeyCredential,
        federatedIdentityCredential => FederatedCredential,
        unifiedRoleAssignment => RoleAssignment, unifiedRoleDefinition => RoleDefinition,
        unifiedRolePermission => RolePermission, unifiedRoleScheduleInstance => RoleScheduleInstance,
        directoryRole => DirectoryRole,
        organization => Organization, verifiedDomain => VerifiedDomain, provisionedPlan => ProvisionedPlan,
        privacyProfile => PrivacyProfile, domain => Domain, domainState => DomainState,
        subscribedSku => SubscribedSku, licenseUnitsDetail => LicenseUnits, servicePlanInfo => ServicePlan,
        calendar => Calendar, calendarGroup => CalendarGroup, calendarPermission => CalendarPermission,
        event => Event, dateTimeTimeZone => DateTimeTimeZone, emailAddress => EmailAddress, recipient => Recipient,
        attendee => Attendee, responseStatus => ResponseStatus, timeSlot => TimeSlot, itemBody => ItemBody,
        location => Location, onlineMeetingInfo => OnlineMeeting, phone => Phone, patternedRecurrence => Recurrence,
        recurrencePattern => RecurrencePattern, recurrenceRange => RecurrenceRange,
        fileAttachment => Attachment, uploadSession => UploadSession, openTypeExtension => OpenExtension,
        singleValueLegacyExtendedProperty => ExtendedProperty, multiValueLegacyExtendedProperty => MultiValueProperty,
        scheduleInformation => ScheduleInformation, scheduleItem => ScheduleItem, freeBusyError => FreeBusyError,
        subscription => Subscription, changeNotification => ChangeNotification, resourceData => ResourceData,
        changeNotificationEncryptedContent => EncryptedContent,
        identitySet => IdentitySet, identity => GraphIdentity,
        chatMessage => ChatMessage, channelIdentity => ChannelIdentity, chatMessageMention => ChatMention,
        chatMessageAttachment => ChatAttachment,
        plannerPlan => PlannerPlan, plannerPlanContainer => PlannerContainer, plannerBucket => PlannerBucket,
        plannerTask => PlannerTask, plannerAssignment => PlannerAssignment, managedDevice => ManagedDevice,
    };
    all.push(model::<ServicePrincipal>("servicePrincipal", json!({ "id": GUID })));
    all.push(model::<AppRole>("appRole", json!({ "id": GUID })));
    all.push(model::<AppRoleAssignment>("appRoleAssignment", json!({ "id": "opaque", "appRoleId": GUID })));
    all
}

/// Fields that the schema does not have, each with its reason.
const NOT_IN_SCHEMA: &[(&str, &str, &str)] = &[
    ("resourceData", "id", "the type is open; every notification that is documented carries the id"),
    ("group", "creationOptions", "Graph sends it for every group, as the samples show, and does not document it"),
    (
        "serviceProvisioningError",
        "errorDetail",
        "one model for all kinds: it is a property of serviceProvisioningXmlError",
    ),
    ("fileAttachment", "item", "one model for all kinds: it is a property of itemAttachment"),
];

const UNEXTRACTED: &str = "Teams, Planner and Intune are not in the extract; the names are those of Microsoft's pages";

/// Models of types that the schema's extract leaves out, each with its reason.
const TYPES_NOT_IN_SCHEMA: &[(&str, &str)] = &[
    ("identitySet", UNEXTRACTED),
    ("identity", UNEXTRACTED),
    ("chatMessage", UNEXTRACTED),
    ("channelIdentity", UNEXTRACTED),
    ("chatMessageMention", UNEXTRACTED),
    ("chatMessageAttachment", UNEXTRACTED),
    ("plannerPlan", UNEXTRACTED),
    ("plannerPlanContainer", UNEXTRACTED),
    ("plannerBucket", UNEXTRACTED),
    ("plannerTask", UNEXTRACTED),
    ("plannerAssignment", UNEXTRACTED),
    ("managedDevice", UNEXTRACTED),
    ("preAuthorizedApplication", "the extract names it and does not hold it; the samples do"),
    ("unifiedRoleScheduleInstance", "one model for assignment and eligibility instances; the samples hold both"),
];

/// Types that samples name and that have no model, each with its reason.
const NOT_MODELLED: &[(&str, &str)] = &[
    ("message", "mail is sent and not read"),
    ("eventMessage", "mail is sent and not read"),
    ("conversation", "mail is sent and not read"),
    ("extensionProperty", "directory extensions are kept in `other`; defining them is not covered"),
    ("schemaExtension", "schema extensions are kept in `other`; defining them is not covered"),
    ("scopedRoleMembership", "roles of administrative units are not covered"),
    ("directoryRoleTemplate", "role definitions say the same"),
    ("domainDnsRecord", "verifying domains is not covered"),
    ("internalDomainFederation", "federating domains is not covered"),
    ("outlookCategory", "category lists are not covered"),
    ("timeZoneInformation", "lists of time zones are not covered"),
    ("licenseDetails", "a user's licences are read from the user"),
    ("meetingTimeSuggestionsResult", "findMeetingTimes has no application permission"),
    ("selfSignedCertificate", "certificates of SAML are not covered"),
    ("claimsMappingPolicy", "policies are not covered"),
    ("homeRealmDiscoveryPolicy", "policies are not covered"),
    ("delegatedPermissionClassification", "classifications are not covered"),
    ("unifiedRoleAssignmentScheduleRequest", "asking for roles is not covered"),
    ("unifiedRoleEligibilityScheduleRequest", "asking for roles is not covered"),
    ("unifiedRoleAssignmentSchedule", "the instances of schedules are read"),
    ("unifiedRoleEligibilitySchedule", "the instances of schedules are read"),
    ("unifiedRoleManagementPolicy", "policies are not covered"),
    ("unifiedRoleManagementPolicyRule", "policies are not covered"),
    ("batchResponseContent", "the tests of batches read it"),
    ("oauth2.tokenResponse", "the tests of sign-in read it"),
    ("oauth2.error", "the tests of sign-in read it"),
    ("imds.tokenResponse", "managed identities come by way of another crate"),
];

/// Samples that cannot be read, each with its reason.
const REFUSED_SAMPLES: &[(&str, &str)] = &[
    ("serviceprincipal-list.json", "the id was left out; a service principal without one is an error"),
    ("serviceprincipal-list-2.json", "the id was left out; a service principal without one is an error"),
    ("serviceprincipal-list-3.json", "the id was left out; a service principal without one is an error"),
];

struct Sample {
    name: String,
    kind: String,
    status: u16,
    body: Value,
}

fn samples(folder: &Path) -> Vec<Sample> {
    let mut files: Vec<PathBuf> = Vec::new();
    for area in std::fs::read_dir(folder.join("graph-samples")).expect("a folder graph-samples").flatten() {
        if area.path().is_dir() {
            files.extend(std::fs::read_dir(area.path()).expect("a folder").flatten().map(|file| file.path()));
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = std::fs::read_to_string(&file).expect("a file");
            let sample: Value = serde_json::from_str(&text).expect("JSON");
            let relative = file.strip_prefix(folder).expect("a file of the folder");
            Sample {
                name: relative.display().to_string(),
                kind: sample["type"].as_str().unwrap_or_default().to_owned(),
                status: sample["status"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or_default(),
                body: sample["body"].clone(),
            }
        })
        .collect()
}

/// What of `sent` is not in `back`: by path. Absent, `null` and an empty collection are the same.
fn lost(sent: &Value, back: Option<&Value>, path: &str, found: &mut Vec<String>) {
    let nothing =
        |value: &Value| value.is_null() || value.as_array().is_some_and(|items| items.iter().all(Value::is_null));
    if nothing(sent) {
        return;
    }
    match (sent, back) {
        (_, None) => found.push(format!("{path} is lost")),
        (Value::Object(sent), Some(Value::Object(back))) => {
            for (name, value) in sent {
                let same = |(other, value): (&String, _)| other.eq_ignore_ascii_case(name).then_some(value);
                lost(value, back.iter().find_map(same), &format!("{path}.{name}"), found);
            }
        }
        (Value::Array(sent), Some(Value::Array(back))) => {
            for (index, value) in sent.iter().filter(|value| !value.is_null()).enumerate() {
                lost(value, back.get(index), &format!("{path}[{index}]"), found);
            }
        }
        // The values of enumerations come in any case.
        (Value::String(sent), Some(Value::String(back))) if sent.eq_ignore_ascii_case(back) => {}
        // Old samples hold numbers as text.
        (Value::String(sent), Some(Value::Number(back))) if *sent == back.to_string() => {}
        (sent, Some(back)) if sent == back => {}
        // An empty text stands for none.
        (Value::String(sent), _) if sent.is_empty() => {}
        (sent, Some(back)) => found.push(format!("{path} was {sent} and is {back}")),
    }
}

fn name_of(kind: &str) -> (&str, bool) {
    let inner = kind.strip_prefix("collection(").and_then(|rest| rest.strip_suffix(')'));
    (inner.unwrap_or(kind).trim_start_matches("microsoft.graph."), inner.is_some())
}

/// The names of the types of instances in the samples, which share a model.
fn shared(name: &str) -> &str {
    match name {
        "unifiedRoleAssignmentScheduleInstance" | "unifiedRoleEligibilityScheduleInstance" => {
            "unifiedRoleScheduleInstance"
        }
        "itemAttachment" | "referenceAttachment" => "fileAttachment",
        other => other,
    }
}

#[tokio::test]
async fn the_models_hold_what_microsoft_documents() {
    let Some(folder) = std::env::var_os("CONFORMANCE_DATA").map(PathBuf::from) else {
        println!("CONFORMANCE_DATA is not set: the check against Microsoft's samples and schema was left out");
        return;
    };
    let models = models();
    let mut faults = Vec::new();
    let (read, errors, left_out) = check_samples(&folder, &models, &mut faults).await;
    let (types, fields, exceptions) = check_schema(&folder, &models, &mut faults);
    let values = check_enumerations(&folder, &mut faults);
    println!(
        "samples: {read} read and written back, {errors} errors classified, {left_out} left out (with reasons)\n\
         schema: {fields} fields of {types} models checked, {exceptions} exceptions (with reasons), \
         {values} values of enumerations"
    );
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

async fn check_samples(folder: &Path, models: &[Model], faults: &mut Vec<String>) -> (usize, usize, usize) {
    let (mut read, mut errors, mut left_out, mut refused) = (0, 0, 0, 0);
    for sample in samples(folder) {
        let (name, is_collection) = name_of(&sample.kind);
        let body = || if is_collection { sample.body["value"].clone() } else { sample.body.clone() };
        let check: fn(Value) -> Result<Value, String> = match shared(name) {
            "error" => {
                errors += 1;
                if let Err(fault) = check_error(&sample).await {
                    faults.push(format!("{}: {fault}", sample.name));
                }
                continue;
            }
            "Edm.String" => round_trip::<String>,
            "directoryObject" => round_trip::<DirectoryObject>,
            "place" => round_trip::<Place>,
            "changeNotificationCollection" => {
                read += 1;
                if let Err(fault) = check_notifications(&sample.body) {
                    faults.push(format!("{}: {fault}", sample.name));
                }
                continue;
            }
            name => match models.iter().find(|model| model.csdl == name) {
                Some(model) => model.round_trip,
                None if NOT_MODELLED.iter().any(|(other, _)| *other == name) => {
                    left_out += 1;
                    continue;
                }
                None => {
                    faults.push(format!("{}: {name} has no model and no reason for that", sample.name));
                    continue;
                }
            },
        };
        read += 1;
        let items = if is_collection { body().as_array().cloned().unwrap_or_default() } else { vec![body()] };
        for (index, item) in items.into_iter().enumerate() {
            match check(item.clone()) {
                Err(_) if REFUSED_SAMPLES.iter().any(|(name, _)| sample.name.ends_with(&format!("/{name}"))) => {
                    refused += 1;
                }
                Err(error) => faults.push(format!("{} [{index}]: {error}", sample.name)),
                Ok(back) => {
                    let mut found = Vec::new();
                    lost(&item, Some(&back), &format!("[{index}]"), &mut found);
                    faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", sample.name)));
                }
            }
        }
    }
    if refused != REFUSED_SAMPLES.len() {
        faults.push(format!("{refused} samples were refused: the exceptions are out of date"));
    }
    (read - refused, errors, left_out + refused)
}

fn check_notifications(body: &Value) -> Result<(), String> {
    let items = body["value"].as_array().cloned().unwrap_or_default();
    for item in &items {
        let back = round_trip::<ChangeNotification>(item.clone())?;
        let mut found = Vec::new();
        lost(item, Some(&back), "value", &mut found);
        if !found.is_empty() {
            return Err(found.join("; "));
        }
    }
    let mut notifications = Notifications::new("a state that no sample has");
    let states: BTreeSet<&str> = items.iter().filter_map(|item| item["clientState"].as_str()).collect();
    for state in &states {
        notifications = notifications.or_client_state(*state);
    }
    let batch = notifications.read(body.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let with_state = items.iter().filter(|item| item["clientState"].is_string()).count();
    if (batch.accepted.len(), batch.refused) != (with_state, items.len() - with_state) {
        return Err(format!("{} accepted, {} refused", batch.accepted.len(), batch.refused));
    }
    Ok(())
}

/// Sends the error as a server would, and looks at what the client makes of it.
async fn check_error(sample: &Sample) -> Result<(), String> {
    let body = sample.body.to_string();
    let status = sample.status;
    let server = RawServer::start(move |_, _| Answer::Json(status, body.clone())).await;
    let error = with_retries(&server.url(), RetryOptions::none())
        .request(Method::GET, "/v1.0/anything")
        .json::<Value>()
        .await
        .err()
        .ok_or("an error was taken for an answer")?;
    let expected: &[ErrorKind] = match status {
        401 => &[ErrorKind::Auth],
        403 => &[ErrorKind::Denied],
        404 => &[ErrorKind::NotFound],
        409 => &[ErrorKind::Conflict],
        429 => &[ErrorKind::Throttled],
        500 => &[ErrorKind::Unavailable],
        _ => &[ErrorKind::Service, ErrorKind::Conflict],
    };
    if !expected.contains(&error.kind()) || error.status() != Some(status) {
        return Err(format!("it became {:?}", error.kind()));
    }
    let detail = &sample.body["error"];
    let code = detail["code"].as_str().filter(|code| !code.is_empty());
    let is_specific = error.code() == Some("NoBackingApplicationObject");
    if code.is_some() && error.code() != code && !is_specific {
        return Err(format!("the code became {:?}", error.code()));
    }
    if let Some(message) = detail["message"].as_str()
        && !error.message().contains(message)
    {
        return Err(format!("the message became {:?}", error.message()));
    }
    Ok(())
}

type Types = Map<String, Value>;

fn schema(folder: &Path) -> Types {
    let text = std::fs::read_to_string(folder.join("graph-schema.json")).expect("a file graph-schema.json");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    schema["types"].as_object().expect("types").clone()
}

/// Every property of a type and of the types that it derives from, with its type.
fn properties(types: &Types, name: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut next = Some(format!("microsoft.graph.{name}"));
    while let Some(ty) = next.as_ref().and_then(|name| types.get(name)) {
        for part in ["properties", "navigation"] {
            for (name, property) in ty[part].as_object().into_iter().flatten() {
                let kind = property["type"].as_str().or(property.as_str()).unwrap_or_default();
                all.insert(name.clone(), kind.to_owned());
            }
        }
        next = ty["base"].as_str().map(str::to_owned);
    }
    all
}

/// A value of a type of the schema.
fn value_of(types: &Types, kind: &str, depth: u8) -> Value {
    if let Some(item) = kind.strip_prefix("Collection(").and_then(|rest| rest.strip_suffix(')')) {
        return json!([value_of(types, item, depth)]);
    }
    match kind {
        // A GUID is a text, too, and some texts must be GUIDs.
        "Edm.String" | "Edm.Guid" => json!(GUID),
        "Edm.Boolean" => json!(true),
        "Edm.Int16" | "Edm.Int32" | "Edm.Int64" => json!(7),
        "Edm.Double" | "Edm.Single" | "Edm.Decimal" => json!(1.5),
        "Edm.DateTimeOffset" => json!("2026-11-22T10:15:00.1234567Z"),
        "Edm.Date" => json!("2026-11-22"),
        "Edm.TimeOfDay" => json!("08:00:00.0000000"),
        "Edm.Binary" | "Edm.Stream" => json!("AAAA"),
        "microsoft.graph.directoryObject" => json!({ "@odata.type": "#microsoft.graph.user", "id": GUID }),
        name => {
            let Some(ty) = types.get(name) else { return json!({}) };
            if let Some(members) = ty["members"].as_object() {
                return members.keys().next().map_or(Value::Null, |member| json!(member));
            }
            let mut object = Map::new();
            if depth < 2 {
                for (property, kind) in properties(types, name.trim_start_matches("microsoft.graph.")) {
                    // Relations lead in circles.
                    let is_relation = ty["navigation"].get(&property).is_some();
                    if !is_relation {
                        object.insert(property, value_of(types, &kind, depth + 1));
                    }
                }
            } else if properties(types, name.trim_start_matches("microsoft.graph.")).contains_key("id") {
                object.insert("id".to_owned(), json!(GUID));
            }
            // What some models cannot be without.
            for needed in ["appRoleId", "id"] {
                if name.ends_with(".appRoleAssignment") || (needed == "id" && name.ends_with(".appRole")) {
                    object.insert(needed.to_owned(), json!(GUID));
                }
            }
            Value::Object(object)
        }
    }
}

fn check_schema(folder: &Path, models: &[Model], faults: &mut Vec<String>) -> (usize, usize, usize) {
    let types = schema(folder);
    let (mut checked_types, mut fields, mut exceptions) = (0, 0, 0);
    for model in models {
        let Some(names) = model.fields else {
            faults.push(format!("{}: its fields cannot be told", model.csdl));
            continue;
        };
        if TYPES_NOT_IN_SCHEMA.iter().any(|(other, _)| *other == model.csdl) {
            exceptions += names.len();
            continue;
        }
        let properties = properties(&types, model.csdl);
        if properties.is_empty() && model.csdl != "resourceData" {
            faults.push(format!("{} is not in the schema", model.csdl));
        }
        checked_types += 1;
        for name in names {
            let is_excepted = NOT_IN_SCHEMA.iter().any(|(other, field, _)| other == &model.csdl && field == name);
            let Some(kind) = properties.get(*name) else {
                exceptions += usize::from(is_excepted);
                if !is_excepted {
                    faults.push(format!("{}.{name} is not in the schema", model.csdl));
                }
                continue;
            };
            fields += 1;
            if is_excepted {
                faults.push(format!("{}.{name} is in the schema: the exception is out of date", model.csdl));
            }
            let mut object = model.required.clone();
            object[*name] = value_of(&types, kind, 0);
            match (model.round_trip)(object.clone()) {
                Ok(back) if back == object => {}
                Ok(back) => faults.push(format!("{}.{name} ({kind}) was {object} and is {back}", model.csdl)),
                Err(error) => faults.push(format!("{}.{name} ({kind}) does not take {object}: {error}", model.csdl)),
            }
        }
    }
    (checked_types, fields, exceptions)
}

fn check_enumerations(folder: &Path, faults: &mut Vec<String>) -> usize {
    macro_rules! enumerations {
        ($($csdl:ident => $ty:ident),+ $(,)?) => {
            [$( (stringify!($csdl), (|text: &str| !matches!($ty::from(text), $ty::Unknown(_))) as fn(&str) -> bool) ),+]
        };
    }
    let all = enumerations! {
        bookingType => BookingType, placeFeatureEnablement => FeatureState, userPurpose => UserPurpose,
        automaticRepliesStatus => AutomaticRepliesStatus, externalAudienceScope => ExternalAudience,
        delegateMeetingMessageDeliveryOptions => DelegateMeetingMessages, calendarRoleType => CalendarRole,
        calendarColor => CalendarColor, onlineMeetingProviderType => OnlineMeetingProvider,
        freeBusyStatus => FreeBusyStatus, eventType => EventType, importance => Importance,
        sensitivity => Sensitivity, attendeeType => AttendeeType, responseType => ResponseType, bodyType => BodyType,
        locationType => LocationType, locationUniqueIdType => LocationIdType,
        recurrencePatternType => RecurrencePatternType, recurrenceRangeType => RecurrenceRangeType,
        weekIndex => WeekIndex, dayOfWeek => DayOfWeek, phoneType => PhoneType, lifecycleEventType => LifecycleEvent,
    };
    let types = schema(folder);
    let mut values = 0;
    for (csdl, is_known) in all {
        let members = types[&format!("microsoft.graph.{csdl}")]["members"].as_object().cloned().unwrap_or_default();
        if members.is_empty() {
            faults.push(format!("{csdl} is not an enumeration of the schema"));
        }
        for member in members.keys() {
            values += 1;
            // Both of these say that nothing is known, and stay text.
            let says_nothing = matches!(member.as_str(), "unknown" | "unknownFutureValue");
            if is_known(member) == says_nothing {
                faults.push(format!("{csdl}: {member} is {}", if says_nothing { "known" } else { "not known" }));
            }
        }
    }
    values
}
