//! Device codes, refresh tokens, client assertions and claims challenges.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fake_tenant::{DirectoryRole, FakeTenant, Request};
use serde_json::{Value, json};

use crate::{EXCHANGE, GRAPH, claims, sign_in, text};

#[test]
fn an_administrator_signs_in_by_device_code() {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("Tool", "fake");
    tenant.allow_public_client(&app);
    tenant.grant_delegated(&app, "Exchange.Manage");
    tenant.grant_delegated(&app, "User.Read.All");
    tenant.assign_directory_role_to("exchange.admin@contoso.com", DirectoryRole::ExchangeAdministrator);
    tenant.sign_in_by_device("exchange.admin@contoso.com", 2);
    let url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/devicecode", tenant.id());
    let scope = "https://outlook.office365.com/.default offline_access";
    let code = tenant.handle(&Request::post(&url).form(&[("client_id", &app.client_id), ("scope", scope)])).json();
    assert_eq!((&code["interval"], &code["expires_in"]), (&json!(5), &json!(900)));
    let device = text(&code["device_code"]);
    let poll = || {
        let fields = [
            ("client_id", &*app.client_id),
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", &*device),
        ];
        sign_in(&tenant, &tenant.id(), &fields).json()
    };
    tenant.slow_device_polls(1);
    let errors: Vec<String> = (0..3).map(|_| text(&poll()["error"])).collect();
    assert_eq!(errors, ["slow_down", "authorization_pending", "authorization_pending"]);
    let tokens = poll();
    assert_eq!(claims(&text(&tokens["access_token"]))["scp"], "Exchange.Manage");
    let invoke = format!("{EXCHANGE}/adminapi/beta/{}/InvokeCommand", tenant.id());
    let body = json!({"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": {"Identity": "ceo@contoso.com"}}});
    let mailbox = tenant.handle(&Request::post(&invoke).bearer(&text(&tokens["access_token"])).json(&body));
    assert_eq!(mailbox.status(), 200, "{}", mailbox.text());
    let refresh = text(&tokens["refresh_token"]);
    let renew = || {
        let fields = [
            ("client_id", &*app.client_id),
            ("grant_type", "refresh_token"),
            ("refresh_token", &*refresh),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        sign_in(&tenant, &tenant.id(), &fields)
    };
    let graph = text(&renew().json()["access_token"]);
    let me = tenant.handle(&Request::get(&format!("{GRAPH}/v1.0/me")).bearer(&graph));
    assert_eq!(me.json()["mail"], "exchange.admin@contoso.com");
    tenant.revoke_refresh_tokens();
    assert_eq!(renew().json()["error"], "invalid_grant");
}

#[test]
fn assertions_are_read_before_they_are_trusted() {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("Certified", "fake");
    tenant.register_certificate(&app, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    let now = tenant.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let code = |header: Value, changes: &[(&str, Value)]| {
        let mut claims = json!({"iss": app.client_id, "sub": app.client_id, "exp": now + 300, "nbf": now,
            "aud": format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", tenant.id())});
        for (name, value) in changes {
            claims[*name] = value.clone();
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let assertion = format!("{}.{}.c2ln", part(&header), part(&claims));
        let fields = [
            ("client_id", &*app.client_id),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &*assertion),
            ("grant_type", "client_credentials"),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let answer = sign_in(&tenant, &tenant.id(), &fields);
        if answer.status() == 200 { 0 } else { answer.json()["error_codes"][0].as_u64().unwrap() }
    };
    let good = json!({"alg": "PS256", "x5t#S256": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"});
    assert_eq!(code(good.clone(), &[]), 0);
    assert_eq!(code(json!({"alg": "PS256", "x5t#S256": "AAAA"}), &[]), 700_027);
    assert_eq!(code(good.clone(), &[("exp", json!(now - 10))]), 700_024);
    assert_eq!(code(good.clone(), &[("sub", json!("other"))]), 700_021);
    assert_eq!(code(good, &[("iss", json!("https://issuer"))]), 700_211);
}

#[test]
fn a_challenge_is_answered_by_a_token_with_its_claims() {
    let tenant = FakeTenant::contoso();
    let app = tenant.administrator();
    let token = |claims: Option<&str>| {
        let mut fields = vec![
            ("client_id", &*app.client_id),
            ("client_secret", app.secret()),
            ("grant_type", "client_credentials"),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        fields.extend(claims.map(|claims| ("claims", claims)));
        text(&sign_in(&tenant, &tenant.id(), &fields).json()["access_token"])
    };
    let ask = |token: &str| tenant.handle(&Request::get(&format!("{GRAPH}/v1.0/organization")).bearer(token));
    let capable = token(Some(r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#));
    assert_eq!(ask(&capable).status(), 200);
    tenant.challenge_claims(&app);
    let plain = ask(&token(None));
    assert!(plain.status() == 401 && !plain.header("WWW-Authenticate").unwrap().contains("claims"));
    let challenge = ask(&capable).header("WWW-Authenticate").unwrap().to_owned();
    assert!(challenge.contains("error=\"insufficient_claims\""));
    let encoded = challenge.split("claims=\"").last().unwrap().trim_end_matches('"');
    let wanted = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
    let mut wanted: Value = serde_json::from_slice(&wanted).unwrap();
    assert_eq!(ask(&token(Some(&wanted.to_string()))).status(), 401);
    wanted["access_token"]["xms_cc"] = json!({"values": ["cp1"]});
    assert_eq!(ask(&token(Some(&wanted.to_string()))).status(), 200);
}
