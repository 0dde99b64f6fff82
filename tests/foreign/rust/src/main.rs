//! graph-rs-sdk, signed in by azure_identity, against fake-tenant: each operation by name, and whether it did what it
//! says.
//!
//! `foreign LINE`, where LINE is what fake-tenant printed. The certificate that it wrote is named by `SSL_CERT_FILE`,
//! which both clients' TLS heeds.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::ClientOptions;
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use futures::StreamExt;
use graph_http::api_impl::RequestHandler;
use graph_rs_sdk::GraphClient;
use graph_rs_sdk::ODataQuery;
use graph_rs_sdk::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use url::Url;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const ROOM: &str = "boardroom@contoso.com";
const ROLES: [&str; 8] = [
    "Application.ReadWrite.All",
    "Calendars.ReadWrite",
    "Directory.Read.All",
    "Group.ReadWrite.All",
    "MailboxSettings.Read",
    "Place.ReadWrite.All",
    "RoleManagement.Read.Directory",
    "User.ReadWrite.All",
];

struct Foreign {
    graph: GraphClient,
    control: String,
    application: String,
    adele: String,
}

impl Foreign {
    async fn sign_in(line: &Value) -> Result<Self> {
        let control = text(line, "/control")?;
        let made =
            post(&control, "/applications", &json!({"displayName": "Rust", "secret": "s3cret", "roles": ROLES}))?;
        let application = text(&made, "/clientId")?;
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = text(line, "/login")?;
        let client_options =
            ClientOptions { cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))), ..Default::default() };
        let credential = ClientSecretCredential::new(
            &text(line, "/tenantId")?,
            application.clone(),
            Secret::new("s3cret"),
            Some(ClientSecretCredentialOptions { client_options }),
        )?;
        let token = credential.get_token(&["https://graph.microsoft.com/.default"], None).await?;
        let mut graph = GraphClient::new(token.token.secret());
        graph.use_test_endpoint(&Url::parse(&format!("{}/v1.0", text(line, "/graph")?))?);
        let adele = text(&ok(graph.user("adele.vance@contoso.com").get_user()).await?, "/id")?;
        Ok(Self { graph, control, application, adele })
    }

    async fn pages(&self) -> Result {
        let pages = self.graph.users().list_user().top("5").paging().json::<Value>().await?;
        let mut seen = BTreeSet::new();
        for page in pages {
            let page = page.into_body().map_err(|error| format!("{error:?}"))?;
            for user in page["value"].as_array().ok_or("no list")? {
                assert!(seen.insert(user["id"].to_string()), "twice: {user}");
            }
        }
        assert!(seen.len() > 10, "{}", seen.len());
        Ok(())
    }

    async fn filter(&self) -> Result {
        let page = ok(self.graph.users().list_user().filter(&["startswith(displayName,'Adele')"])).await?;
        let names: Vec<_> = list(&page).iter().map(|user| user["displayName"].clone()).collect();
        assert!(!names.is_empty() && names.iter().all(|name| name.as_str().is_some_and(|it| it.starts_with("Adele"))));
        Ok(())
    }

    async fn counts(&self) -> Result {
        let graph = &self.graph;
        let group = self.group().await?;
        // (what, the count, and the least that it must be)
        let counts: [(&str, RequestHandler, usize); 12] = [
            ("users", graph.users().get_users_count(), 10),
            ("groups", graph.groups().get_groups_count(), 1),
            ("members", graph.group(&group).get_members_count(), 1),
            ("members that are users", graph.group(&group).get_user_count(), 1),
            ("rooms", graph.places().get_room_count(), 1),
            ("applications", graph.applications().get_applications_count(), 1),
            ("service principals", graph.service_principals().get_service_principals_count(), 1),
            ("directory roles", graph.directory_roles().get_directory_roles_count(), 0),
            ("grants", graph.oauth2_permission_grants().get_oauth_2_permission_grants_count(), 0),
            ("domains", graph.domains().get_domains_count(), 1),
            ("memberships", graph.user(&self.adele).transitive_member_of().get_transitive_member_of_count(), 1),
            ("calendars", graph.user(ROOM).calendars().get_calendars_count(), 1),
        ];
        let mut wrong = Vec::new();
        for (what, count, least) in counts {
            let response = eventual(count).send().await?;
            let (status, body) = (response.status().as_u16(), response.text().await?);
            if status != 200 || body.trim_start_matches('\u{feff}').parse::<usize>().is_ok_and(|it| it < least) {
                wrong.push(format!("{what}: {status} {}", body.chars().take(80).collect::<String>()));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ").into()) }
    }

    async fn search(&self) -> Result {
        let found = self.graph.users().list_user().search("\"displayName:Adele\"");
        let page = ok(eventual(found)).await?;
        assert!(!list(&page).is_empty());
        Ok(())
    }

    async fn not_found(&self) -> Result {
        let (status, body) = answer(self.graph.user("nobody@contoso.com").get_user()).await?;
        assert_eq!((status, body["error"]["code"].as_str()), (404, Some("Request_ResourceNotFound")), "{body}");
        Ok(())
    }

    async fn group(&self) -> Result<String> {
        let name = format!("crew{}", list(&ok(self.graph.groups().list_group()).await?).len());
        let group = json!({"displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true});
        let id = text(&ok(self.graph.groups().create_group(&group)).await?, "/id")?;
        let reference =
            json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{}", self.adele)});
        let (status, body) = answer(self.graph.group(&id).create_ref_members(&reference)).await?;
        assert_eq!(status, 204, "{body}");
        Ok(id)
    }

    async fn members(&self) -> Result {
        let id = self.group().await?;
        let group = self.graph.group(&id);
        let ceo = text(&ok(self.graph.user("ceo@contoso.com").get_user()).await?, "/id")?;
        let bind = json!({"members@odata.bind": [format!("https://graph.microsoft.com/v1.0/directoryObjects/{ceo}")]});
        assert_eq!(answer(group.update_group(&bind)).await?.0, 204);
        assert_eq!(list(&ok(group.list_members()).await?).len(), 2);
        let references = ok(group.list_ref_members()).await?;
        assert!(list(&references).iter().all(|it| it["@odata.id"].is_string()), "{references}");
        let users = ok(group.get_directory_object_items_as_user_type()).await?;
        assert!(list(&users).iter().all(|it| it["userPrincipalName"].is_string()), "{users}");
        let expanded = ok(group.get_group().expand(&["members"])).await?;
        assert_eq!(expanded["members"].as_array().map(Vec::len), Some(2), "{expanded}");
        assert_eq!(answer(group.delete_ref_members(&ceo)).await?.0, 204);
        let left = ok(group.transitive_members().list_transitive_members()).await?;
        assert_eq!(list(&left).len(), 1, "{left}");
        let of = ok(self.graph.user(&self.adele).transitive_member_of().list_transitive_member_of()).await?;
        assert!(list(&of).iter().any(|it| it["id"] == *id), "{of}");
        let checked = json!({"groupIds": [id]});
        let checked = ok(self.graph.user(&self.adele).check_member_groups(&checked)).await?;
        assert_eq!(list(&checked), [json!(id)]);
        let all = ok(self.graph.user(&self.adele).get_member_objects(&json!({"securityEnabledOnly": true}))).await?;
        assert!(list(&all).contains(&json!(id)), "{all}");
        assert_eq!(answer(group.delete_group()).await?.0, 204);
        Ok(())
    }

    async fn by_ids(&self) -> Result {
        let body = json!({"ids": [self.adele], "types": ["user"]});
        let found = ok(self.graph.directory_objects().get_by_ids(&body)).await?;
        assert_eq!(found["value"][0]["@odata.type"], "#microsoft.graph.user", "{found}");
        let found = ok(self.graph.users().get_by_ids(&body)).await?;
        assert_eq!(list(&found).len(), 1);
        Ok(())
    }

    async fn delta(&self) -> Result {
        let mut stream = self.graph.users().delta().paging().stream::<Value>()?;
        let mut last = Value::Null;
        while let Some(page) = stream.next().await {
            last = page?.into_body().map_err(|error| format!("{error:?}"))?;
        }
        let link = text(&last, "/@odata.deltaLink")?;
        post(&self.control, "/people", &json!({"address": "new.rustacean@contoso.com"}))?;
        let token = link.split_once('?').ok_or("no query")?.1.to_owned();
        let (name, value) = token.split_once('=').ok_or("no token")?;
        let name = name.replace("%24", "$");
        let changed = ok(self.graph.users().delta().append_query_pair(name.as_str(), value)).await?;
        assert_eq!(list(&changed).len(), 1, "{changed}");
        for (what, delta) in [
            ("groups", self.graph.groups().delta()),
            ("applications", self.graph.applications().delta()),
            ("service principals", self.graph.service_principals().delta()),
        ] {
            let (status, body) = answer(delta).await?;
            assert_eq!(status, 200, "{what}: {body}");
        }
        Ok(())
    }

    async fn rooms(&self) -> Result {
        let rooms = ok(self.graph.places().graph()).await?;
        let room = list(&rooms).first().ok_or("no rooms")?;
        assert!(room["emailAddress"].is_string(), "{room}");
        Ok(())
    }

    async fn events(&self) -> Result {
        let events = self.graph.user(ROOM).events();
        let event = json!({"subject": "Stand-up", "start": moment("09:00"), "end": moment("09:15"),
            "attendees": [{"emailAddress": {"address": "adele.vance@contoso.com"}, "type": "required"}]});
        let id = text(&ok(events.create_events(&event)).await?, "/id")?;
        let event = self.graph.user(ROOM).event(&id);
        assert_eq!(ok(event.get_events()).await?["subject"], "Stand-up");
        assert_eq!(ok(event.update_events(&json!({"subject": "Moved"}))).await?["subject"], "Moved");
        let view = self.graph.user(ROOM).calendar_views().list_calendar_view();
        let view = view.query(&[("startDateTime", "2026-12-05T00:00:00Z"), ("endDateTime", "2026-12-06T00:00:00Z")]);
        let view = ok(view).await?;
        assert_eq!(list(&view).iter().map(|it| it["subject"].clone()).collect::<Vec<_>>(), ["Moved"], "{view}");
        let listed = ok(self.graph.user(ROOM).events().list_events().filter(&["subject eq 'Moved'"])).await?;
        assert_eq!(list(&listed).len(), 1, "{listed}");
        let theirs = ok(self.graph.user(&self.adele).events().list_events()).await?;
        let theirs =
            list(&theirs).iter().find(|it| it["subject"] == "Moved").cloned().ok_or("no copy of the attendee")?;
        let theirs = self.graph.user(&self.adele).event(text(&theirs, "/id")?);
        assert_eq!(answer(theirs.accept(&json!({"sendResponse": true}))).await?.0, 202);
        assert_eq!(answer(event.cancel(&json!({"comment": "no"}))).await?.0, 202);
        Ok(())
    }

    async fn calendars(&self) -> Result {
        let calendars = ok(self.graph.user(ROOM).calendars().list_calendars()).await?;
        let id = text(&list(&calendars)[0], "/id")?;
        let calendar = self.graph.user(ROOM).calendar(&id);
        let event = json!({"subject": "Here", "start": moment("11:00"), "end": moment("11:30")});
        let event = text(&ok(calendar.create_events(&event)).await?, "/id")?;
        assert_eq!(ok(calendar.get_events(&event)).await?["subject"], "Here");
        assert!(list(&ok(calendar.list_events()).await?).iter().any(|it| it["id"] == *event));
        let schedule = json!({"schedules": [ROOM], "startTime": moment("00:00"), "endTime": moment("23:00")});
        let schedule = ok(calendar.get_schedule(&schedule)).await?;
        assert!(!schedule["value"][0]["scheduleItems"].as_array().ok_or("no items")?.is_empty(), "{schedule}");
        let permissions = ok(calendar.list_calendar_permissions()).await?;
        assert!(!list(&permissions).is_empty(), "{permissions}");
        assert_eq!(answer(calendar.delete_events(&event)).await?.0, 204);
        Ok(())
    }

    async fn applications(&self) -> Result {
        let made = ok(self.graph.applications().create_application(&json!({"displayName": "Signage"}))).await?;
        let application = self.graph.application(text(&made, "/id")?);
        let secret = json!({"passwordCredential": {"displayName": "first"}});
        let secret = ok(application.add_password(&secret)).await?;
        assert!(secret["secretText"].is_string());
        assert_eq!(answer(application.remove_password(&json!({"keyId": secret["keyId"]}))).await?.0, 204);
        let app_id = json!({"appId": made["appId"]});
        let principal = ok(self.graph.service_principals().create_service_principal(&app_id)).await?;
        let principal = self.graph.service_principal(text(&principal, "/id")?);
        assert!(list(&ok(principal.list_app_role_assignments()).await?).is_empty());
        assert!(list(&ok(principal.list_app_role_assigned_to()).await?).is_empty());
        assert_eq!(answer(principal.delete_service_principal()).await?.0, 204);
        assert_eq!(answer(application.delete_application()).await?.0, 204);
        Ok(())
    }

    async fn directory_roles(&self) -> Result {
        let roles = ok(self.graph.directory_roles().list_directory_role()).await?;
        assert!(list(&roles).iter().all(|it| it["roleTemplateId"].is_string()), "{roles}");
        let templates = ok(self.graph.directory_role_templates().list_directory_role_template()).await?;
        assert!(!list(&templates).is_empty());
        Ok(())
    }

    async fn manager(&self) -> Result {
        let ceo = text(&ok(self.graph.user("ceo@contoso.com").get_user()).await?, "/id")?;
        let adele = self.graph.user(&self.adele);
        assert_eq!(answer(adele.get_manager()).await?.0, 404);
        let reference = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/users/{ceo}")});
        assert_eq!(answer(adele.update_ref_manager(&reference)).await?.0, 204);
        assert_eq!(ok(adele.get_manager()).await?["id"], *ceo);
        let reports = ok(self.graph.user(&ceo).direct_reports().list_direct_reports()).await?;
        assert_eq!(list(&reports).len(), 1, "{reports}");
        assert_eq!(answer(adele.delete_ref_manager()).await?.0, 204);
        Ok(())
    }

    async fn mailbox_settings(&self) -> Result {
        let settings = ok(self.graph.user(ROOM).mailbox_settings().get_mailbox_settings()).await?;
        assert!(settings["timeZone"].is_string(), "{settings}");
        Ok(())
    }

    async fn subscriptions(&self) -> Result {
        assert!(list(&ok(self.graph.subscriptions().list_subscription()).await?).is_empty());
        Ok(())
    }

    async fn batch(&self) -> Result {
        let requests = json!({"requests": [
            {"id": "1", "method": "GET", "url": format!("/users/{}", self.adele)},
            {"id": "2", "method": "GET", "url": "/users/nobody@contoso.com"},
        ]});
        let body = ok(self.graph.batch(&requests)).await?;
        let mut statuses: Vec<_> = body["responses"].as_array().ok_or("no responses")?.iter().collect();
        statuses.sort_by_key(|it| it["id"].to_string());
        assert_eq!(statuses.iter().map(|it| it["status"].clone()).collect::<Vec<_>>(), [200, 404]);
        Ok(())
    }

    /// What the fake does not have, it says in its own voice.
    async fn not_modelled(&self) -> Result {
        let (status, body) = answer(self.graph.user(&self.adele).list_drives()).await?;
        assert_eq!(status, 501, "{body}");
        Ok(())
    }

    async fn restricted(&self) -> Result {
        let cmdlet = |name: &str, parameters: Value| {
            post(&self.control, "/cmdlet", &json!({"name": name, "parameters": parameters}))
        };
        cmdlet(
            "New-DistributionGroup",
            json!({"Name": "Rust rooms", "Alias": "rustrooms", "Type": "Security", "Members": [ROOM]}),
        )?;
        let policy = json!({"AppId": self.application, "AccessRight": "RestrictAccess", "PolicyScopeGroupId": "rustrooms@contoso.com"});
        cmdlet("New-ApplicationAccessPolicy", policy)?;
        assert_eq!(answer(self.graph.user(ROOM).events().list_events()).await?.0, 200);
        let (status, body) = answer(self.graph.user("ceo@contoso.com").events().list_events()).await?;
        assert_eq!((status, body["error"]["code"].as_str()), (403, Some("ErrorAccessDenied")), "{body}");
        Ok(())
    }
}

/// An advanced query, as Graph calls it.
fn eventual(request: RequestHandler) -> RequestHandler {
    request.header(HeaderName::from_static("consistencylevel"), HeaderValue::from_static("eventual"))
}

fn moment(time: &str) -> Value {
    json!({"dateTime": format!("2026-12-05T{time}:00"), "timeZone": "UTC"})
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    Ok(text.ok_or_else(|| format!("no {pointer} in {value}"))?.to_owned())
}

fn list(page: &Value) -> &[Value] {
    page["value"].as_array().map_or(&[], Vec::as_slice)
}

async fn answer(request: RequestHandler) -> Result<(u16, Value)> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body: String = response.text().await?;
    Ok((status, serde_json::from_str(&body).unwrap_or(Value::String(body))))
}

async fn ok(request: RequestHandler) -> Result<Value> {
    match answer(request).await? {
        (200..=299, body) => Ok(body),
        (status, body) => Err(format!("{status} {body}").into()),
    }
}

fn post(control: &str, path: &str, body: &Value) -> Result<Value> {
    Ok(ureq::post(format!("{control}{path}")).send_json(body)?.body_mut().read_json()?)
}

#[tokio::main]
async fn main() -> Result {
    // A failed assertion is a line of the table.
    std::panic::set_hook(Box::new(|_| {}));
    let line = std::env::args().nth(1).ok_or("give the line that fake-tenant printed")?;
    let foreign = Arc::new(Foreign::sign_in(&serde_json::from_str(&line)?).await?);
    println!("azure_identity     {:<22} passed", "sign in");
    let (mut all, mut failed) = (0, 0);
    // Each in a task of its own, so that a failed assertion is a line of the table like any other failure.
    macro_rules! run {
        ($($operation:ident),+ $(,)?) => {$(
            let foreign_ = Arc::clone(&foreign);
            let local = tokio::task::LocalSet::new();
            let outcome = local.run_until(async move {
                tokio::task::spawn_local(async move { foreign_.$operation().await.map(drop).map_err(|error| error.to_string()) }).await
            }).await;
            let name = stringify!($operation).replace('_', " ");
            all += 1;
            let fault = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(fault)) => Some(fault),
                Err(panic) => Some(panic.to_string()),
            };
            match fault {
                None => println!("graph-rs-sdk       {name:<22} passed"),
                Some(fault) => {
                    failed += 1;
                    println!("graph-rs-sdk       {name:<22} FAILED  {}", fault.chars().take(400).collect::<String>());
                }
            }
        )+};
    }
    run!(
        pages,
        filter,
        counts,
        search,
        not_found,
        group,
        members,
        by_ids,
        delta,
        rooms,
        events,
        calendars,
        applications,
        directory_roles,
        manager,
        mailbox_settings,
        subscriptions,
        batch,
        not_modelled,
        restricted,
    );
    println!("graph-rs-sdk       {} of {all}", all - failed);
    std::process::exit(i32::from(failed > 0));
}
