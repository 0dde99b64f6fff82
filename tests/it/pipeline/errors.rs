//! What an error tells.

use std::time::Duration;

use exchange_groups::graph_client::exchange::GetDistributionGroup;
use exchange_groups::graph_client::exchange::{CmdletError, CmdletErrorKind};
use exchange_groups::graph_client::graph::GraphError;
use exchange_groups::graph_client::{Error, SignInError, SignInReason};
use exchange_groups::graph_client::{ErrorKind, Method};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{Fault, Matcher};

use super::address;

#[tokio::test]
async fn an_error_holds_the_ids_that_support_asks_for() {
    let contoso = Contoso::start().await;
    let missing = "00000000-0000-4000-8000-000000000001".parse().unwrap();
    let error = contoso.client.service_principals().by_app_id(&missing).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("Request_ResourceNotFound")));
    let requests = contoso.tenant.requests();
    let sent = requests.last().unwrap().header("client-request-id").map(str::to_owned);
    assert!(sent.is_some());
    assert_eq!(error.client_request_id().map(str::to_owned), sent);
    let id = error.request_id().expect("the service's id").to_owned();
    assert!(error.to_string().contains(&id), "{error}");

    let error = contoso.client.exchange().run(GetDistributionGroup::one(address(GROUP))).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("ManagementObjectNotFoundException")));
    assert!(error.request_id().is_some_and(|other| other != id), "{error:?}");
    assert_eq!(error.cmdlet().and_then(|cmdlet| cmdlet.message_id.as_deref()), Some("Ex6F9304"));
    assert!(error.operation().starts_with("Get-DistributionGroup"), "{error}");
}

#[tokio::test]
async fn all_attempts_of_a_call_carry_one_id() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(Matcher::path("/v1.0/organization").times(2), Fault::throttle("0"));
    let given = "7b1e5a4c-2d5f-4a0b-9a35-6a4a2f1c9d10";
    contoso.client.request(Method::GET, "/v1.0/organization").client_request_id(given).send().await.unwrap();
    let requests = contoso.tenant.requests();
    let ids: Vec<_> = requests
        .iter()
        .filter(|request| request.path == "/v1.0/organization")
        .map(|request| request.header("client-request-id"))
        .collect();
    assert_eq!(ids, [Some(given); 3]);
}

#[test]
fn a_users_test_can_build_every_error_that_a_service_gives() {
    let denied = Error::new(ErrorKind::Denied, "no right to this")
        .during("read the calendar")
        .with_status(403)
        .with_code("ErrorAccessDenied".to_owned())
        .with_request_id("a-request".to_owned())
        .with_graph(GraphError::new("ErrorAccessDenied", "no right to this"));
    assert!(denied.graph().is_some_and(|graph| graph.has_code("erroraccessdenied")));
    assert_eq!((denied.status(), denied.request_id()), (Some(403), Some("a-request")));
    let busy = Error::new(ErrorKind::Throttled, "slow down")
        .with_cmdlet(CmdletError::new(CmdletErrorKind::TooManyAtOnce, "slow down"))
        .with_retry_after(Duration::from_secs(5))
        .with_attempts(3, Duration::from_secs(9));
    assert_eq!(busy.cmdlet().map(|said| said.kind), Some(CmdletErrorKind::TooManyAtOnce));
    assert!(busy.is_retryable() && busy.to_string().contains("retry after 5s"), "{busy}");
    let refused = Error::auth("wrong").with_sign_in(SignInError::new("invalid_client", [7_000_215]));
    assert_eq!(refused.sign_in().map(SignInError::reason), Some(SignInReason::WrongSecret));
    let lost = Error::new(ErrorKind::Interrupted, "reset").with_outcome_unknown(true);
    assert!(lost.is_outcome_unknown());
}

#[test]
fn a_kind_has_one_name_in_logs_files_and_code() {
    assert_eq!((ErrorKind::NotFound.as_str(), &*ErrorKind::NotFound.to_string()), ("not_found", "not_found"));
    assert_eq!(serde_json::to_value(CmdletErrorKind::NotGroupManager).ok(), Some("not_group_manager".into()));
    assert_eq!("wrong_secret".parse(), Ok(SignInReason::WrongSecret));
}
