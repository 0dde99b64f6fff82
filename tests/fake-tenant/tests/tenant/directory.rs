//! Graph's directory: advanced queries, groups, applications, roles and delta.

use fake_tenant::{Application, DirectoryRole, FakeTenant, Request, Response};
use serde_json::{Value, json};

use crate::{GRAPH, Session, claims, graph_error, sign_in, text, texts};

fn application(tenant: &FakeTenant, roles: &[&str]) -> (Application, Session) {
    let app = tenant.add_application("Directory", "fake");
    for role in roles {
        tenant.grant_app_role(&app, role);
    }
    let session = Session::of(tenant, &app);
    (app, session)
}

impl Session {
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Response {
        let url = format!("{GRAPH}{path}");
        let mut request = match method {
            "GET" => Request::get(&url),
            "DELETE" => Request::delete(&url),
            _ => Request::new(method, Request::get(&url).url().clone()),
        };
        request = request.bearer(&self.graph);
        self.tenant.handle(&if body.is_null() { request } else { request.json(body) })
    }

    pub(crate) fn eventual(&self, path: &str) -> Response {
        let request = Request::get(&format!("{GRAPH}{path}")).bearer(&self.graph);
        self.tenant.handle(&request.header("ConsistencyLevel", "eventual"))
    }
}

fn rows(response: &Response) -> Vec<Value> {
    assert_eq!(response.status(), 200, "{}", response.text());
    response.json()["value"].as_array().cloned().unwrap_or_default()
}

#[test]
fn queries_that_need_the_header_are_refused_or_ignored_without_it() {
    let tenant = FakeTenant::contoso();
    let (_, session) = application(&tenant, &["User.Read.All", "Group.Read.All"]);
    let ignored = session.get("/v1.0/users?$count=true&$top=1").json();
    assert!(ignored.get("@odata.count").is_none(), "overlooked without a word");
    assert_eq!(session.eventual("/v1.0/users?$count=true&$top=1").json()["@odata.count"], 244);
    assert_eq!(
        graph_error(&session.get("/v1.0/users/$count")),
        (400, "Request_BadRequest".into(), "$count is not currently supported.".into())
    );
    assert_eq!(session.eventual("/v1.0/users/$count").text(), "244");
    let (status, code, message) = graph_error(&session.get("/v1.0/users?$search=\"displayName:Vance\""));
    assert_eq!((status, &*code), (400, "Request_UnsupportedQuery"));
    assert!(message.contains("'ConsistencyLevel: eventual'"));
    assert_eq!(rows(&session.eventual("/v1.0/users?$search=\"displayName:Vance\"")).len(), 20);
    assert_eq!(session.eventual("/v1.0/users?$search=displayName:Vance").status(), 400);
    for query in [
        "$filter=accountEnabled eq true&$orderby=displayName",
        "$filter=displayName ne 'x'",
        "$filter=not startswith(displayName,'A')",
        "$filter=endswith(mail,'contoso.com')",
        "$orderby=mail",
    ] {
        let path = format!("/v1.0/users?{query}");
        assert_eq!(graph_error(&session.get(&path)).1, "Request_UnsupportedQuery", "{query}");
        assert_eq!(session.eventual(&format!("{path}&$count=true")).status(), 200, "{query}");
    }
    assert_eq!(
        graph_error(&session.get("/v1.0/groups?$orderby=mail")).2,
        "Unsupported sort property 'mail' for 'Group'."
    );
    assert_eq!(session.get("/v1.0/users?$skip=5").status(), 400);
    assert_eq!(session.get("/v1.0/users?$filter=favouriteColour eq 'x'").status(), 400);
    assert_eq!(session.get("/v1.0/users?$top=1000").status(), 400);
    let first = &rows(&session.get("/v1.0/users?$orderby=displayName&$top=1"))[0];
    assert_eq!(first.as_object().unwrap().len(), 11, "the default properties");
    let one = session.get("/v1.0/users/ceo@contoso.com?$select=id,accountEnabled,proxyAddresses").json();
    assert_eq!(one["accountEnabled"], true);
    assert!(one.get("displayName").is_none());
}

#[test]
fn page_links_expire_on_request() {
    let tenant = FakeTenant::contoso();
    let (_, session) = application(&tenant, &["User.Read.All"]);
    let link = text(&session.get("/v1.0/users").json()["@odata.nextLink"]);
    let follow = || tenant.handle(&Request::get(&link).bearer(&session.graph));
    assert_eq!(rows(&follow()).len(), 100);
    tenant.expire_page_links();
    assert_eq!(graph_error(&follow()).1, "Directory_ExpiredPageToken");
}

#[test]
fn cloud_groups_are_made_filled_and_deleted() {
    let tenant = FakeTenant::contoso();
    let (_, session) = application(&tenant, &["Group.ReadWrite.All", "User.Read.All"]);
    let ceo = text(&session.get("/v1.0/users/ceo@contoso.com").json()["id"]);
    let security = session.send(
        "POST",
        "/v1.0/groups",
        &json!({"displayName": "Keepers", "mailNickname": "keepers", "mailEnabled": false, "securityEnabled": true,
                "owners@odata.bind": [format!("{GRAPH}/v1.0/users/{ceo}")]}),
    );
    assert_eq!(security.status(), 201);
    let group = security.json();
    assert_eq!((&group["mail"], &group["securityEnabled"]), (&Value::Null, &json!(true)));
    let path = format!("/v1.0/groups/{}", text(&group["id"]));
    let member = json!({"@odata.id": format!("{GRAPH}/v1.0/directoryObjects/{ceo}")});
    assert_eq!(session.send("POST", &format!("{path}/members/$ref"), &member).status(), 204);
    let (status, code, message) = graph_error(&session.send("POST", &format!("{path}/members/$ref"), &member));
    assert_eq!((status, &*code), (400, "Request_BadRequest"));
    assert!(message.starts_with("One or more added object references already exist"));
    assert_eq!(rows(&session.get(&format!("{path}/members/microsoft.graph.user"))).len(), 1);
    assert_eq!(
        session.get(&format!("{path}/members/microsoft.graph.user?$filter=accountEnabled eq true")).status(),
        400
    );
    assert_eq!(rows(&session.get(&format!("{path}/owners")))[0]["id"], ceo);
    let check = session.send(
        "POST",
        &format!("/v1.0/users/{ceo}/checkMemberGroups"),
        &json!({"groupIds": [group["id"], "00000000-0000-4000-8000-000000000000"]}),
    );
    assert_eq!(check.json()["value"], json!([group["id"]]));
    let many: Vec<String> = (0..21).map(|at| format!("00000000-0000-4000-8000-{at:012}")).collect();
    let check = session.send("POST", &format!("/v1.0/users/{ceo}/checkMemberGroups"), &json!({"groupIds": many}));
    assert_eq!(check.status(), 400);
    assert_eq!(session.send("PATCH", &path, &json!({"description": "Keys"})).status(), 204);
    assert_eq!(session.get(&path).json()["description"], "Keys");
    // Exchange has never heard of it.
    let admin = Session::administrator(&tenant);
    assert_eq!(admin.invoke("Get-Recipient", json!({"Identity": group["id"]})).status(), 404);
    assert_eq!(session.send("DELETE", &format!("{path}/members/{ceo}/$ref"), &Value::Null).status(), 204);
    assert_eq!(session.send("DELETE", &path, &Value::Null).status(), 204);
    assert_eq!(session.get(&path).status(), 404);

    let mail_enabled = json!({"displayName": "M", "mailNickname": "m", "mailEnabled": true, "securityEnabled": true});
    assert_eq!(session.send("POST", "/v1.0/groups", &mail_enabled).status(), 400);
    let unified = session.send(
        "POST",
        "/v1.0/groups",
        &json!({"displayName": "Team", "mailNickname": "team", "mailEnabled": true, "securityEnabled": false, "groupTypes": ["Unified"]}),
    );
    assert_eq!(unified.json()["mail"], "team@contoso.com");
    let executives = rows(&session.get("/v1.0/groups?$filter=mail eq 'executives@contoso.com'"))[0].clone();
    let path = format!("/v1.0/groups/{}", text(&executives["id"]));
    assert_eq!(rows(&session.get(&format!("{path}/transitiveMembers"))).len(), 5);
    for (method, path) in [("PATCH", path.clone()), ("DELETE", path.clone())] {
        let refused = graph_error(&session.send(method, &path, &json!({"description": "x"})));
        assert_eq!(refused.2, "Cannot Update a mail-enabled security groups and or distribution list.");
    }
}

#[test]
fn delta_tells_what_changed_since() {
    let tenant = FakeTenant::contoso();
    let (_, session) = application(&tenant, &["Group.ReadWrite.All", "User.Read.All"]);
    let round = |path: &str| {
        let mut url = if path.starts_with("http") { path.to_owned() } else { format!("{GRAPH}{path}") };
        let mut found = Vec::new();
        loop {
            let body = tenant.handle(&Request::get(&url).bearer(&session.graph)).json();
            found.extend(body["value"].as_array().cloned().unwrap_or_default());
            if let Some(link) = body.get("@odata.deltaLink") {
                return (found, text(link));
            }
            url = text(&body["@odata.nextLink"]);
        }
    };
    let (all, link) = round("/v1.0/users/delta?$select=displayName");
    assert_eq!(all.len(), 244);
    assert_eq!(round(&link).0, Vec::<Value>::new());
    tenant.add_person("newcomer");
    tenant.remove_mailbox("adele.vance@contoso.com");
    let (changes, _) = round(&link);
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0]["displayName"], "newcomer");
    assert_eq!(changes[1]["@removed"]["reason"], "deleted");

    let (none, latest) = round("/v1.0/groups/delta?$deltatoken=latest");
    assert_eq!(none, Vec::<Value>::new());
    tenant.add_member("facilities@contoso.com", "ceo@contoso.com");
    let (changes, latest) = round(&latest);
    assert_eq!((changes.len(), changes[0]["members@delta"].as_array().unwrap().len()), (1, 1));
    tenant.expire_delta_tokens();
    let gone = tenant.handle(&Request::get(&latest).bearer(&session.graph));
    assert_eq!((gone.status(), graph_error(&gone).1), (410, "resyncRequired".into()));
    let again = gone.header("Location").unwrap();
    assert!(again.ends_with("/v1.0/groups/delta?$deltatoken="), "{again}");
    assert_eq!(round(again).0.len(), 7);
}

#[test]
fn an_application_is_made_with_a_service_principal_and_a_secret_that_lag() {
    let tenant = FakeTenant::contoso();
    tenant.set_replication_lag(2);
    let (_, session) = application(
        &tenant,
        &["Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"],
    );
    let made = session.send("POST", "/v1.0/applications", &json!({"displayName": "Bookings"}));
    assert_eq!(made.status(), 201);
    let app = made.json();
    assert_ne!(app["id"], app["appId"]);
    let client = text(&app["appId"]);
    let create = || session.send("POST", "/v1.0/servicePrincipals", &json!({"appId": client}));
    for _ in 0..2 {
        let early = create();
        assert_eq!(early.status(), 400);
        assert_eq!(early.json()["error"]["details"][0]["code"], "NoBackingApplicationObject");
    }
    let principal = create();
    assert_eq!(principal.status(), 201);
    assert_eq!(graph_error(&create()).1, "Request_MultipleObjectsWithSameKeyValue");
    let principal = text(&principal.json()["id"]);
    let path = format!("/v1.0/servicePrincipals/{principal}");
    assert_eq!(
        [session.get(&path).status(), session.get(&path).status(), session.get(&path).status()],
        [404, 404, 200]
    );
    let secret = session.send(
        "POST",
        &format!("/v1.0/applications(appId='{client}')/addPassword"),
        &json!({"passwordCredential": {"displayName": "first"}}),
    );
    assert_eq!(secret.status(), 200);
    let secret = secret.json();
    let (value, hint) = (text(&secret["secretText"]), text(&secret["hint"]));
    assert!(value.starts_with(&hint) && hint.len() == 3);
    let mut codes = Vec::new();
    loop {
        let fields = [
            ("client_id", &*client),
            ("client_secret", &*value),
            ("grant_type", "client_credentials"),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let answer = sign_in(&tenant, &tenant.id(), &fields);
        if answer.status() == 200 {
            assert!(claims(&text(&answer.json()["access_token"])).get("roles").is_none());
            break;
        }
        codes.push(answer.json()["error_codes"][0].as_u64().unwrap());
    }
    assert_eq!(codes, [700_016, 700_016, 7_000_215, 7_000_215]);
    let shown = session.get(&format!("/v1.0/applications(appId='{client}')?$select=passwordCredentials")).json();
    assert_eq!(shown["passwordCredentials"][0]["secretText"], Value::Null, "shown once");
    let remove = json!({"keyId": secret["keyId"]});
    let path = format!("/v1.0/applications/{}", text(&app["id"]));
    assert_eq!(session.send("POST", &format!("{path}/removePassword"), &remove).status(), 204);
    assert_eq!(session.send("POST", &format!("{path}/removePassword"), &remove).status(), 400);

    let credential = json!({"name": "cluster", "issuer": "https://issuer", "subject": "s", "audiences": ["api://AzureADTokenExchange"]});
    assert_eq!(session.send("POST", &format!("{path}/federatedIdentityCredentials"), &credential).status(), 201);
    assert_eq!(session.send("POST", &format!("{path}/federatedIdentityCredentials"), &credential).status(), 409);
    assert_eq!(rows(&session.get(&format!("{path}/federatedIdentityCredentials"))).len(), 1);

    let graph =
        text(&session.get("/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')").json()["id"]);
    let grant =
        json!({"clientId": principal, "consentType": "AllPrincipals", "resourceId": graph, "scope": "User.Read"});
    assert_eq!(session.send("POST", "/v1.0/oauth2PermissionGrants", &grant).status(), 201);
    assert_eq!(session.send("POST", "/v1.0/oauth2PermissionGrants", &grant).status(), 409);
    assert_eq!(session.send("PATCH", &path, &json!({"displayName": "Renamed"})).status(), 204);
    assert_eq!(session.get(&path).json()["displayName"], "Renamed");
    assert_eq!(session.send("PATCH", &path, &json!({"colour": "x"})).status(), 400);
    assert_eq!(session.send("DELETE", &path, &Value::Null).status(), 204);
    assert_eq!(session.get(&path).status(), 404);
}

#[test]
fn directory_roles_are_direct_inherited_or_possible() {
    let tenant = FakeTenant::contoso();
    let (app, session) = application(
        &tenant,
        &["RoleManagement.ReadWrite.Directory", "RoleEligibilitySchedule.Read.Directory", "User.Read.All"],
    );
    let exchange = DirectoryRole::ExchangeAdministrator.template_id();
    let path = "/v1.0/roleManagement/directory";
    assert_eq!(session.get(&format!("{path}/roleAssignments")).status(), 400, "a filter is required");
    let found = rows(&session.get(&format!("{path}/roleAssignments?$filter=roleDefinitionId eq '{exchange}'")));
    assert_eq!(texts(&found, "principalId"), [tenant.administrator().object_id]);
    assert_eq!(found[0]["directoryScopeId"], "/");
    tenant.assign_directory_role_to("executives@contoso.com", DirectoryRole::ExchangeAdministrator);
    let ceo = text(&session.get("/v1.0/users/ceo@contoso.com").json()["id"]);
    let query = format!("$filter=principalId eq '{ceo}'");
    assert_eq!(rows(&session.get(&format!("{path}/roleAssignments?{query}"))).len(), 0);
    assert_eq!(session.get(&format!("{path}/transitiveRoleAssignments?{query}&$count=true")).status(), 400);
    assert_eq!(rows(&session.eventual(&format!("{path}/transitiveRoleAssignments?{query}&$count=true"))).len(), 1);
    tenant.make_eligible("exchange.admin@contoso.com", DirectoryRole::GlobalAdministrator);
    assert_eq!(rows(&session.get(&format!("{path}/roleEligibilityScheduleInstances"))).len(), 1);
    let body = json!({"principalId": app.object_id, "roleDefinitionId": exchange, "directoryScopeId": "/"});
    let made = session.send("POST", &format!("{path}/roleAssignments"), &body);
    assert_eq!(made.status(), 201);
    let id = text(&made.json()["id"]);
    assert_eq!(session.send("DELETE", &format!("{path}/roleAssignments/{id}"), &Value::Null).status(), 204);
    let or = session.get(&format!("{path}/roleDefinitions?$filter=displayName eq 'a' or displayName eq 'b'"));
    assert_eq!(graph_error(&or).2, "Or operator not supported for this entity set.");
}

#[test]
fn domains_and_licences_are_listed() {
    let tenant = FakeTenant::contoso();
    let (_, session) = application(&tenant, &["Domain.Read.All", "LicenseAssignment.Read.All"]);
    assert_eq!(texts(&rows(&session.get("/v1.0/domains")), "id"), ["contoso.onmicrosoft.com", "contoso.com"]);
    let sku = &rows(&session.get("/v1.0/subscribedSkus"))[0];
    assert!(text(&sku["servicePlans"][0]["servicePlanName"]).starts_with("EXCHANGE_"));
    assert_eq!(session.get("/v1.0/groups").status(), 403);
}
