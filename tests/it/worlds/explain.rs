//! Explanations against the tenant's own decision, in random tenants.

use exchange_groups::graph_client::ClientSecret;
use exchange_groups::{CauseKind, ExchangeGroups};
use exchange_groups_tests::Contoso;
use fake_tenant::Level;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::OPEN;
use super::tenant::{MAILBOXES, World, world};

/// A cause that says that the mailbox is not reached, by the configuration.
fn says_refused(cause: CauseKind) -> bool {
    matches!(cause, CauseKind::OutOfScope | CauseKind::NoPermission | CauseKind::Denied)
}

#[test]
fn a_mailbox_that_is_reached_is_never_explained_by_a_refusal() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a spec");
    let cases = (super::worlds() / 4).max(16);
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 100, ..Config::default() });
    runner.run(&world(), |world| runtime.block_on(agrees(&world))).unwrap_or_else(|failure| panic!("{failure}"));
}

async fn agrees(world: &World) -> Result<(), TestCaseError> {
    let contoso = Contoso::of(world.build()).await;
    let client_id = contoso.booking.client_id.parse().expect("a client id");
    let secret = ClientSecret::new(client_id, contoso.booking.secret());
    let live = ExchangeGroups::new(contoso.new_client()).application(secret);
    let offline = ExchangeGroups::new(contoso.new_client());
    for (address, _) in MAILBOXES {
        let mailbox = address.parse().expect("an address");
        for (groups, is_tried) in [(&offline, false), (&live, true)] {
            let explanation = groups.explain(client_id, &mailbox).await;
            let explanation = explanation.map_err(|error| TestCaseError::fail(format!("{address}: {error}")))?;
            let cause = explanation.first().map(|cause| cause.cause);
            let cause = cause.ok_or_else(|| TestCaseError::fail(format!("{address}: no cause: {explanation}")))?;
            let reaches = || contoso.tenant.reaches(&contoso.booking, address, Level::Events).allowed;
            let reads = || contoso.tenant.can_read(&contoso.booking, address);
            if says_refused(cause) && (reads() || (!is_tried && reaches())) {
                return Err(TestCaseError::fail(format!(
                    "{address} is reached; read tried: {is_tried}: {explanation}"
                )));
            }
            // Without a read only the configuration speaks, and a claim holds whatever the answers to open questions are.
            if cause == CauseKind::AccessPath && explanation.causes[0].decides.is_none() && !reaches() {
                return Err(TestCaseError::fail(format!("{address} is not reached; {OPEN:?}: {explanation}")));
            }
        }
    }
    Ok(())
}
