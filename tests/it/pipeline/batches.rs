//! Many commands in one request.

use std::time::{Duration, Instant};

use exchange_groups::graph_client::exchange::{
    AddDistributionGroupMember, GetDistributionGroupMember, GetOrganizationConfig, GetRecipient,
};
use exchange_groups::graph_client::{ErrorKind, Result};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{FakeTenant, Fault, Matcher, NewGroup};

use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{address, client_at};

#[tokio::test]
async fn a_batch_gives_its_results_in_the_order_of_the_commands() {
    let contoso = Contoso::start().await;
    let asked: Vec<String> = (0..25)
        .map(|number| {
            if number % 5 == 3 {
                format!("nobody-{number}@contoso.com")
            } else {
                contoso.tenant.people()[number].clone()
            }
        })
        .collect();
    let lookups = asked.iter().map(|text| GetRecipient::new(address(text))).collect();
    let answers = contoso.client.exchange().run_all(lookups).await;
    assert_eq!(answers.len(), 25);
    for (asked, answer) in asked.iter().zip(&answers) {
        match answer {
            Ok(rows) => {
                let found: Vec<_> = rows.iter().filter_map(|row| row.primary_smtp_address.as_ref()).collect();
                assert_eq!(found.iter().map(|found| found.as_str()).collect::<Vec<_>>(), [asked]);
            }
            Err(error) => {
                assert!(asked.starts_with("nobody"), "{asked}: {error}");
                assert_eq!(error.kind(), ErrorKind::NotFound);
                assert!(error.to_string().contains(asked), "the error names the command: {error}");
            }
        }
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 5);
    let requests = contoso.tenant.requests();
    let batches = requests.iter().filter(|request| request.path.ends_with("/$batch")).count();
    assert_eq!(batches, 3, "ten to a request");
}

#[tokio::test]
async fn a_throttled_item_of_a_batch_is_sent_again_alone() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security(GROUP));
    let rooms: Vec<_> = contoso.rooms().into_iter().take(8).collect();
    contoso.tenant.fail_next(Matcher::cmdlet("Add-DistributionGroupMember").after(3), Fault::throttle("0.4"));
    let group = address(GROUP);
    let additions = rooms.iter().map(|room| AddDistributionGroupMember::new(&group, address(room))).collect();
    let started = Instant::now();
    let answers = contoso.client.exchange().run_all(additions).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert!(started.elapsed() >= Duration::from_millis(400));
    assert_eq!(contoso.tenant.count("Add-DistributionGroupMember"), 9);
    assert_eq!(contoso.tenant.members(GROUP), rooms);
}

#[tokio::test]
async fn a_command_that_a_batch_leaves_out_is_in_doubt_if_it_writes() {
    let server = MockServer::builder().start().await;
    let answer = json!({"responses": [{"id": "1", "status": 200, "headers": {}, "body": {"value": []}}]});
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&server).await;
    let exchange = client_at(&server.uri()).exchange();
    let group = address(GROUP);
    let additions =
        ["a@contoso.com", "b@contoso.com"].map(|room| AddDistributionGroupMember::new(&group, address(room)));
    let answers = exchange.run_all(additions.to_vec()).await;
    assert!(answers[1].is_ok());
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Interrupted, true));
}

#[tokio::test]
async fn pages_of_items_of_a_batch_are_read_to_their_end() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(2_300).build()).await;
    let rooms = contoso.tenant.rooms();
    contoso.tenant.add_group(NewGroup::security("large").members(&rooms));
    contoso.tenant.add_group(NewGroup::security("middle").members(&rooms[..1_200]));
    contoso.tenant.add_group(NewGroup::security("small").members(&rooms[..3]));
    contoso.tenant.add_group(NewGroup::security("empty"));
    let groups = ["middle", "small", "large", "empty"];
    let lists = groups.map(|name| GetDistributionGroupMember::new(address(&format!("{name}@contoso.com"))));
    let answers = contoso.client.exchange().run_all(lists.to_vec()).await;
    let counts: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().len()).collect();
    assert_eq!(counts, [1_200, 3, 2_300, 0]);
}

#[tokio::test]
async fn items_of_a_batch_carry_a_new_token_after_the_old_one_was_revoked() {
    let contoso = Contoso::start().await;
    contoso.client.exchange().run(GetOrganizationConfig::new()).await.unwrap();
    contoso.tenant.revoke_tokens();
    let lookups = contoso.rooms().iter().map(|room| GetRecipient::new(address(room))).collect();
    let answers = contoso.client.exchange().run_all(lookups).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 40);
    assert_eq!(contoso.sign_ins(), 2);
}
