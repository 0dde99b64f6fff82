//! Large tenants: every room, and few requests.

use exchange_groups::{Report, RestrictedCalendarGroup, Verdict};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::FakeTenant;

async fn large(rooms: usize) -> (Contoso, RestrictedCalendarGroup) {
    let contoso = Contoso::of(FakeTenant::builder().rooms(rooms).people(3).build()).await;
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
        .owner("person-00001@contoso.com")
        .revoke_tenant_wide_grant(true)
        .must_not_reach("person-00002@contoso.com")
        .build()
        .expect("a spec");
    (contoso, spec)
}

/// What came over the wire, by the tenant's own count, without sign-ins.
fn counted(contoso: &Contoso) -> u64 {
    let requests = contoso.tenant.requests();
    let count = requests.iter().filter(|request| !request.batch_item && !request.path.contains("/oauth2/")).count();
    count.try_into().expect("few requests")
}

fn assert_requests_are_told(contoso: &Contoso, report: &Report) {
    assert_eq!(report.requests(), counted(contoso), "{report}");
    for usage in &report.stages {
        assert!(report.to_string().contains(usage.stage.title()), "{report}");
    }
}

#[tokio::test]
async fn a_thousand_and_one_rooms_are_all_members_and_all_proven() {
    let (contoso, spec) = large(1_001).await;
    let report = contoso.provision(&spec).await;
    assert_eq!(report.members.as_ref().map(|it| it.present), Some(1_001));
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
    assert_requests_are_told(&contoso, &report);
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
    assert_eq!(proof.checks.len(), 1_002);
    assert!(contoso.plan(&spec).await.is_empty());
}

#[tokio::test]
async fn five_thousand_rooms_take_at_most_sixty_requests_before_the_proof() {
    let (contoso, spec) = large(5_000).await;
    let report = contoso.provision(&spec).await;
    assert_eq!(report.members.as_ref().map(|it| it.present), Some(5_000));
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
    assert!(counted(&contoso) <= 60, "{report}");
    assert_requests_are_told(&contoso, &report);
}

#[tokio::test]
async fn a_proof_of_five_thousand_rooms_takes_at_most_eight_hundred_requests() {
    let (contoso, spec) = large(5_000).await;
    contoso.provision(&spec).await;
    contoso.tenant.clear_requests();
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
    assert_eq!((proof.checks.len(), proof.sample), (5_001, None));
    assert_eq!(proof.requests, counted(&contoso));
    assert!(proof.requests <= 800, "{}", proof.requests);

    contoso.tenant.clear_requests();
    let sampled = contoso.groups.prove(&spec).sample(100).await.unwrap();
    assert_eq!(sampled.verdict, Verdict::Verified, "{sampled}");
    let sample = sampled.sample.expect("a sample");
    assert_eq!((sample.size, sample.of), (100, 5_000));
    assert!(sampled.to_string().contains("100 of 5,000 mailboxes read and tested"), "{sampled}");
    assert!(counted(&contoso) < 60, "{}", counted(&contoso));
}

#[tokio::test]
async fn what_one_command_cannot_take_is_added_in_batches() {
    let (contoso, spec) = large(5_025).await;
    let report = contoso.provision(&spec).await;
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
    assert_eq!(contoso.tenant.count("Update-DistributionGroupMember"), 1);
    assert_eq!(contoso.tenant.count("Add-DistributionGroupMember"), 25);
    assert_requests_are_told(&contoso, &report);
}

#[tokio::test]
async fn a_report_counts_every_request_of_a_small_change_too() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_room("room-new@contoso.com");
    contoso.tenant.clear_requests();
    let report = contoso.provision(&spec).await;
    assert_requests_are_told(&contoso, &report);
}

#[tokio::test]
async fn a_proof_counts_every_request() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.clear_requests();
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.requests, counted(&contoso));
}
