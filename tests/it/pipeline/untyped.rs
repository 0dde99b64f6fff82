//! Ways out of the typed interface.

use exchange_groups::graph_client::exchange::{Cmdlet, CmdletErrorKind, Effect, Output, Shape};
use exchange_groups::graph_client::{ErrorKind, Method, Result};
use exchange_groups_tests::Contoso;
use fake_tenant::{Fault, Matcher};

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[tokio::test]
async fn any_graph_call_goes_the_same_way() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(Matcher::path("/v1.0/users"), Fault::throttle("0"));
    let answer: Value = contoso
        .client
        .request(Method::GET, "/v1.0/users")
        .query("$filter", "userPrincipalName eq 'ceo@contoso.com'")
        .query("$select", "displayName")
        .header("ConsistencyLevel", "eventual")
        .json()
        .await
        .unwrap();
    assert_eq!(answer["value"][0]["displayName"], "Patti Fernandez");
    let requests = contoso.tenant.requests();
    assert_eq!(requests.last().unwrap().header("consistencylevel"), Some("eventual"));
    assert_eq!(contoso.client.usage().retries, 1);

    let error = contoso.client.request(Method::GET, "/v1.0/users").header("bad\nname", "x").send().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Input, 0));
}

#[tokio::test]
async fn a_path_cannot_lead_to_another_server() {
    let contoso = Contoso::start().await;
    for path in ["//evil.example/v1.0/me", "https://evil.example/v1.0/me", "/\\evil.example/me", "@evil.example/me"] {
        let error = contoso.client.request(Method::GET, path).send().await.unwrap_err();
        let is_refused = matches!(error.kind(), ErrorKind::Input | ErrorKind::Decode | ErrorKind::Service);
        assert!(is_refused, "{path}: {error}");
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetManagementScope {
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ManagementScope {
    name: String,
}

impl std::fmt::Display for GetManagementScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("List the management scopes")
    }
}

impl Cmdlet for GetManagementScope {
    const NAME: &'static str = "Get-ManagementScope";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<ManagementScope>;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewManagementScope {
    name: &'static str,
    recipient_restriction_filter: &'static str,
}

impl std::fmt::Display for NewManagementScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Create the management scope {}", self.name)
    }
}

/// Exactly one scope, as the caller's own output type.
#[derive(Debug)]
struct Made(ManagementScope);

impl Output for Made {
    type Row = ManagementScope;

    const SHAPE: Shape = Shape::One;

    fn from_rows(rows: Vec<ManagementScope>) -> Result<Self, String> {
        rows.into_iter().next().map(Self).ok_or_else(|| "nothing was made".to_owned())
    }
}

impl Cmdlet for NewManagementScope {
    const NAME: &'static str = "New-ManagementScope";
    const EFFECT: Effect = Effect::Write;
    type Output = Made;
}

#[derive(Debug, Serialize)]
struct InventCmdlet {}

impl std::fmt::Display for InventCmdlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Do what no cmdlet does")
    }
}

impl Cmdlet for InventCmdlet {
    const NAME: &'static str = "Invent-Cmdlet";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

#[tokio::test]
async fn a_cmdlet_that_is_not_typed_here_is_typed_by_its_caller() {
    let contoso = Contoso::start().await;
    let exchange = contoso.client.exchange();
    let made = exchange
        .run(NewManagementScope {
            name: "Rooms",
            recipient_restriction_filter: "RecipientTypeDetails -eq 'RoomMailbox'",
        })
        .await
        .unwrap();
    assert_eq!(made.0.name, "Rooms");
    assert_eq!(contoso.tenant.management_scopes(), ["Rooms"]);
    let scopes = exchange.run(GetManagementScope { identity: None }).await.unwrap();
    assert_eq!(scopes.iter().map(|scope| &*scope.name).collect::<Vec<_>>(), ["Rooms"]);

    let error = exchange.run(InventCmdlet {}).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(error.cmdlet().map(|cmdlet| cmdlet.kind), Some(CmdletErrorKind::CmdletDenied));
    assert_eq!(error.operation(), "Invent-Cmdlet (Do what no cmdlet does)");
    assert_eq!(contoso.tenant.count("Invent-Cmdlet"), 1);
}
