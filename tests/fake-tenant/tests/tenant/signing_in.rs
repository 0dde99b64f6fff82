//! Sign-in and what a token is worth.

use std::time::Duration;

use fake_tenant::{FakeTenant, Request};
use serde_json::json;

use crate::{Session, claims, graph_error, sign_in, text};

#[test]
fn a_token_says_what_the_application_may_do() {
    let tenant = FakeTenant::contoso();
    let admin = tenant.administrator();
    for (scope, roles) in [
        (
            "https://graph.microsoft.com/.default",
            vec![
                "Application.Read.All",
                "Directory.Read.All",
                "RoleManagement.Read.Directory",
                "RoleEligibilitySchedule.Read.Directory",
                "AppRoleAssignment.ReadWrite.All",
                "Organization.Read.All",
                "Place.Read.All",
                "User.Read.All",
                "GroupMember.Read.All",
            ],
        ),
        ("https://outlook.office365.com/.default", vec!["Exchange.ManageAsApp"]),
    ] {
        let response = sign_in(
            &tenant,
            "contoso.com",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &admin.client_id),
                ("client_secret", admin.secret()),
                ("scope", scope),
            ],
        );
        assert_eq!(response.status(), 200);
        let body = response.json();
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 3599);
        let claims = claims(body["access_token"].as_str().unwrap());
        assert_eq!(claims["aud"], scope.trim_end_matches("/.default"));
        assert_eq!(claims["tid"], tenant.id());
        assert_eq!(claims["appid"], admin.client_id);
        assert_eq!(claims["oid"], admin.object_id);
        assert_eq!(claims["idtyp"], "app");
        assert_eq!(claims["roles"], json!(roles));
        // Exchange Administrator.
        assert_eq!(claims["wids"], json!(["29232cdf-9323-42fd-ade2-1d097af3e4de"]));
    }
}

#[test]
fn a_token_without_roles_is_issued_all_the_same() {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("New", "fake");
    let claims = claims(&tenant.graph_token(&app));
    assert!(claims.get("roles").is_none());
}

#[test]
fn credentials_may_come_by_http_basic() {
    let tenant = FakeTenant::contoso();
    let app = tenant.booking_application();
    let url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", tenant.id());
    let request = Request::post(&url)
        .basic(&app.client_id, app.secret())
        .form(&[("grant_type", "client_credentials"), ("scope", "https://graph.microsoft.com/.default")]);
    assert_eq!(tenant.handle(&request).status(), 200);
}

#[test]
fn refusals_have_the_codes_of_the_service() {
    let tenant = FakeTenant::contoso();
    let app = tenant.booking_application();
    let good = app.client_id.as_str();
    let graph = "https://graph.microsoft.com/.default";
    let refused = |directory: &str, client: &str, secret: Option<&str>, scope: &str| {
        let mut fields = vec![("grant_type", "client_credentials"), ("client_id", client), ("scope", scope)];
        fields.extend(secret.map(|secret| ("client_secret", secret)));
        let response = sign_in(&tenant, directory, &fields);
        let body = response.json();
        let code = body["error_codes"][0].as_u64().unwrap_or_default();
        let description = text(&body["error_description"]);
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
        assert!(description.contains(&format!("Trace ID: {}", text(&body["trace_id"]))));
        assert!(description.contains(&format!("Correlation ID: {}", text(&body["correlation_id"]))));
        let timestamp = text(&body["timestamp"]);
        assert!(description.ends_with(&format!("Timestamp: {timestamp}")));
        assert!(timestamp.ends_with('Z') && timestamp.as_bytes()[10] == b' ', "{timestamp}");
        (response.status(), text(&body["error"]), code)
    };
    let secret = Some(app.secret());
    let unknown = "00000000-0000-4000-8000-000000000001";
    let expect = |status: u16, error: &str, code: u64| (status, error.to_owned(), code);
    assert_eq!(refused("fabrikam.com", good, secret, graph), expect(400, "invalid_request", 90002));
    assert_eq!(refused("contoso.com", unknown, secret, graph), expect(400, "unauthorized_client", 700_016));
    assert_eq!(refused("contoso.com", good, Some("wrong"), graph), expect(401, "invalid_client", 7_000_215));
    assert_eq!(refused("contoso.com", good, None, graph), expect(401, "invalid_client", 7_000_218));
    assert_eq!(refused("contoso.com", good, secret, "Calendars.Read"), expect(400, "invalid_scope", 70011));
    assert_eq!(
        refused("contoso.com", good, secret, "https://vault.azure.net/.default"),
        expect(400, "invalid_resource", 500_011)
    );
    tenant.expire_secrets(&app);
    assert_eq!(refused("contoso.com", good, secret, graph), expect(401, "invalid_client", 7_000_222));
    tenant.set_application_enabled(&app, false);
    assert_eq!(refused("contoso.com", good, secret, graph), expect(400, "unauthorized_client", 7_000_112));
}

#[test]
fn a_token_is_good_for_one_resource() {
    let tenant = FakeTenant::contoso();
    let mut admin = Session::administrator(&tenant);
    std::mem::swap(&mut admin.graph, &mut admin.exchange);
    let response = admin.get("/v1.0/organization");
    assert_eq!(graph_error(&response).1, "InvalidAuthenticationToken");
    assert_eq!(response.status(), 401);
    assert!(response.header("WWW-Authenticate").unwrap().starts_with("Bearer "));
    let response = admin.invoke("Get-OrganizationConfig", json!({}));
    assert_eq!((response.status(), response.body()), (401, &b""[..]));
}

#[test]
fn tokens_expire_by_the_tenants_clock_and_can_be_revoked() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    assert_eq!(admin.get("/v1.0/organization").status(), 200);
    tenant.advance(Duration::from_secs(3600));
    assert_eq!(
        graph_error(&admin.get("/v1.0/organization")),
        (401, "InvalidAuthenticationToken".to_owned(), "Lifetime validation failed, the token is expired.".to_owned())
    );
    assert_eq!(admin.invoke("Get-AcceptedDomain", json!({})).status(), 401);
    let admin = Session::administrator(&tenant);
    assert_eq!(admin.get("/v1.0/organization").status(), 200);
    tenant.revoke_tokens();
    assert_eq!(admin.get("/v1.0/organization").status(), 401);
}

#[test]
fn permissions_are_those_of_the_moment_of_issue() {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("Reader", "fake");
    let before = Session::of(&tenant, &app);
    tenant.grant_app_role(&app, "Place.Read.All");
    let after = Session::of(&tenant, &app);
    tenant.revoke_app_role(&app, "Place.Read.All");
    let path = "/v1.0/places/microsoft.graph.room";
    assert_eq!(before.get(path).status(), 403);
    assert_eq!(after.get(path).status(), 200);
    assert_eq!(Session::of(&tenant, &app).get(path).status(), 403);
}
