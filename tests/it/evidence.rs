//! The evidence of a verification: no form says more than the proof, and no value of the tenant is taken for markup.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::time::Duration;

use exchange_groups::evidence::{EvidenceCheckId as Id, EvidenceReport, EvidenceResult};
use exchange_groups::{Finding, FindingKind, Proof, Verdict};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{FakeTenant, Resource};
use proptest::prelude::*;
use serde_json::{Value, json};

async fn small() -> Contoso {
    let tenant = FakeTenant::builder().rooms(3).people(1).build();
    for person in ["ceo", "exchange.admin"] {
        tenant.add_person(person);
    }
    Contoso::of(tenant).await
}

/// A proof that is verified, as the tenant in memory gives it.
async fn verified() -> Proof {
    let contoso = small().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
    proof
}

async fn violated() -> Proof {
    let contoso = small().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.grant(&contoso.booking, Resource::Graph, "Calendars.Read");
    contoso.prove(&spec).await
}

fn results(report: &EvidenceReport) -> Vec<(Id, EvidenceResult)> {
    report.checks.iter().map(|check| (check.id, check.result)).collect()
}

#[tokio::test]
async fn what_is_verified_passes_every_check_and_what_was_not_looked_at_is_said() {
    let report = EvidenceReport::new(&verified().await);
    assert!(report.checks.iter().all(|check| check.result == EvidenceResult::Pass), "{:?}", results(&report));
    assert_eq!(report.checks.len(), 6, "credentials were not looked at");
    assert!(report.not_looked_at.iter().any(|it| it.contains("ECG-007")), "{:?}", report.not_looked_at);
    let stored: EvidenceReport = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(stored, report);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["checks"][0]["id"], "ECG-001");
    assert_eq!(json["origin"]["format"], 1);
}

/// A check that rests on the application or the group is no pass where neither is known.
#[tokio::test]
async fn what_leaves_the_verdict_open_leaves_the_checks_open_that_rest_on_it() {
    let advice = || exchange_groups::Advice::nobody("Nothing.");
    let verified = verified().await;
    for (kind, open) in [
        (FindingKind::UnknownApplication, &[Id::Restriction, Id::TenantWidePermission, Id::OtherRoles][..]),
        (FindingKind::ApplicationDisabled, &[Id::Restriction, Id::TenantWidePermission, Id::OtherRoles]),
        (FindingKind::NoRooms, &[Id::Group]),
        (FindingKind::NotARoomList, &[Id::Group]),
        (FindingKind::TooManyMembers, &[Id::Group]),
        (FindingKind::RefusedUnderDenyPolicy, &[Id::Restriction]),
    ] {
        let mut proof = verified.clone();
        proof.verdict = Verdict::Inconclusive;
        proof.findings.push(Finding::new(exchange_groups::Severity::Warning, kind, "something", advice()));
        let report = EvidenceReport::new(&proof);
        for id in open {
            assert_eq!(report.check(*id).unwrap().result, EvidenceResult::CouldNotTell, "{kind}: {id}");
        }
    }
}

/// What leads everywhere fails the checks that are about it, and leaves the others as they are.
#[tokio::test]
async fn a_tenant_wide_permission_fails_its_check_and_the_reach() {
    let report = EvidenceReport::new(&violated().await);
    let result = |id| report.check(id).unwrap().result;
    assert_eq!((result(Id::Reach), result(Id::TenantWidePermission)), (EvidenceResult::Fail, EvidenceResult::Fail));
    assert_eq!(result(Id::Widening), EvidenceResult::Pass);
    let check = report.check(Id::TenantWidePermission).unwrap();
    assert!(!check.remedy.is_empty() && check.found.iter().any(|it| it.contains("Calendars.Read")), "{check:?}");
    assert!(check.related.iter().any(|it| it.id == "MT.1058" && it.note.is_some()), "{check:?}");
}

#[tokio::test]
async fn an_access_policy_makes_the_permission_not_applicable() {
    let contoso = small().await;
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let report = EvidenceReport::new(&contoso.prove(&spec).await);
    assert_eq!(report.check(Id::TenantWidePermission).unwrap().result, EvidenceResult::NotApplicable);
    assert_eq!(report.check(Id::Reach).unwrap().result, EvidenceResult::Pass, "{:?}", results(&report));
}

/// 180 days is the longest life of a secret by `ScubaGear`.
#[tokio::test]
async fn a_secret_that_lives_for_too_long_fails_and_one_of_another_application_is_left_out() {
    let contoso = small().await;
    contoso.tenant.grant_app_role(contoso.tenant.administrator(), "Application.ReadWrite.All");
    let groups = exchange_groups::ExchangeGroups::new(contoso.new_client());
    let application = contoso.booking.client_id.parse().unwrap();
    let day = Duration::from_secs(24 * 3_600);
    groups.add_secret(application, "long", 400 * day).await.unwrap();
    let credentials = groups.credentials(application, 30 * day).await.unwrap();
    let proof = verified().await;
    let report = EvidenceReport::with_credentials(&proof, &credentials);
    let check = report.check(Id::Credentials).unwrap();
    assert_eq!(check.result, EvidenceResult::Fail, "{check:?}");
    let mut other: Value = serde_json::to_value(&credentials).unwrap();
    other["application"] = json!("5f1f6a0e-7e55-4d0b-8e9c-6f0a5a2f9d11");
    let other = serde_json::from_value(other).unwrap();
    assert!(EvidenceReport::with_credentials(&proof, &other).check(Id::Credentials).is_none());
}

/// The fields that the schema requires of a Compliance Finding, and the numbers of its statuses.
#[tokio::test]
async fn the_findings_of_ocsf_have_what_the_schema_requires() {
    for (proof, status) in [(verified().await, 1), (violated().await, 3)] {
        let findings = EvidenceReport::new(&proof).ocsf();
        let findings = findings.as_array().unwrap();
        assert_eq!(findings.len(), 6);
        for finding in findings {
            for required in [
                "activity_id",
                "category_uid",
                "class_uid",
                "type_uid",
                "time",
                "severity_id",
                "metadata",
                "finding_info",
                "compliance",
            ] {
                assert!(!finding[required].is_null(), "{required}: {finding}");
            }
            assert_eq!(
                (&finding["class_uid"], &finding["category_uid"], &finding["type_uid"]),
                (&json!(2003), &json!(2), &json!(200_301))
            );
            assert!(finding["time"].as_i64().unwrap() > 1_700_000_000_000, "milliseconds: {finding}");
            assert!(
                finding["metadata"]["version"] == "1.8.0" && finding["metadata"]["product"]["vendor_name"].is_string()
            );
            assert!(finding["finding_info"]["uid"].is_string() && finding["finding_info"]["title"].is_string());
            assert!(finding["compliance"]["standards"].is_array() && finding["compliance"]["control"].is_string());
            assert!([1, 2, 3, 99].contains(&finding["compliance"]["status_id"].as_i64().unwrap()));
            for deprecated in ["resource", "compliance_standards"] {
                assert!(finding[deprecated].is_null());
            }
        }
        assert_eq!(findings[0]["compliance"]["status_id"], status);
        assert_eq!(findings[0]["metadata"]["event_code"], "ECG-001");
    }
}

/// Elements and attributes that every reader of `JUnit` accepts: one suite, and at most one outcome in a case.
fn junit(report: &EvidenceReport) -> (usize, usize, usize, usize) {
    let text = report.junit().unwrap();
    let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let suites = document.root_element();
    assert_eq!(suites.tag_name().name(), "testsuites");
    let suite = suites.children().find(|node| node.has_tag_name("testsuite")).unwrap();
    let number = |name| suite.attribute(name).unwrap().parse::<usize>().unwrap();
    let mut counted = (0, 0, 0, 0);
    for case in suite.children().filter(|node| node.has_tag_name("testcase")) {
        assert!(case.attribute("name").is_some() && case.attribute("classname").is_some());
        let outcomes: Vec<&str> = case
            .children()
            .map(|node| node.tag_name().name())
            .filter(|name| ["failure", "error", "skipped"].contains(name))
            .collect();
        assert!(outcomes.len() <= 1, "{text}");
        match outcomes.first() {
            Some(&"failure") => counted.1 += 1,
            Some(&"error") => counted.2 += 1,
            Some(_) => counted.3 += 1,
            None => counted.0 += 1,
        }
    }
    assert_eq!((number("failures"), number("errors")), (counted.1, counted.2), "{text}");
    assert_eq!(number("tests"), counted.0 + counted.1 + counted.2 + counted.3);
    counted
}

#[tokio::test]
async fn junit_is_green_on_what_is_verified_alone() {
    assert_eq!(junit(&EvidenceReport::new(&verified().await)), (6, 0, 0, 0));
    let (_, failures, ..) = junit(&EvidenceReport::new(&violated().await));
    assert!(failures >= 2);
}

const HOSTILE: &str = "<script>document.title='taken'</script>\"'><img src=x onerror=\"document.title='taken'\">&lt;b&gt;\u{202e}\u{1b}[2J\u{0}";

/// A proof in which everything that a tenant can name is hostile.
async fn hostile() -> Proof {
    let mut proof = violated().await;
    for finding in &mut proof.findings {
        HOSTILE.clone_into(&mut finding.message);
        HOSTILE.clone_into(&mut finding.advice.text);
        finding.advice.command = Some(HOSTILE.to_owned());
    }
    proof.not_checked.push(HOSTILE.to_owned());
    HOSTILE.clone_into(&mut proof.origin.tenant);
    for check in &mut proof.checks {
        check.tested = exchange_groups::Evidence::Unknown(HOSTILE.to_owned());
        for path in &mut check.paths {
            HOSTILE.clone_into(&mut path.because);
        }
    }
    if let Some(token) = &mut proof.token {
        token.roles.push(HOSTILE.to_owned());
    }
    proof
}

#[tokio::test]
async fn values_of_the_tenant_are_text_in_every_form() {
    let report = EvidenceReport::new(&hostile().await);
    let page = report.html().unwrap();
    for markup in ["<script", "<img", "<b>", "\u{202e}", "\u{1b}", "\u{0}"] {
        assert!(!page.contains(markup), "{markup:?}");
    }
    assert!(page.contains("&lt;script&gt;") || page.contains("&#60;script&#62;"), "it is shown as text");
    let (passed, ..) = junit(&report);
    assert!(passed < 6);
    let text = report.ocsf().to_string();
    assert!(serde_json::from_str::<Value>(&text).is_ok());
}

/// Nothing outside the page is asked for, and no script can run in it.
#[tokio::test]
async fn the_page_stands_alone_and_leads_with_the_verdict() {
    for (proof, verdict) in [(verified().await, "Verified"), (violated().await, "Violated")] {
        let report = EvidenceReport::new(&proof);
        let page = report.html().unwrap();
        for outside in ["http://", "https://", "<link rel=\"stylesheet", "@import", "<script", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
        let body = &page[page.find("<body>").unwrap()..];
        let first = body.find(verdict).unwrap();
        assert!(first < body.find("ECG-001").unwrap() && first < body.find("ceo@contoso.com").unwrap());
        for section in ["What was not looked at", "How to repeat it", "What was tried, and when"] {
            assert!(page.contains(section), "{section}");
        }
        assert!(page.contains("Test-ServicePrincipalAuthorization"), "a reviewer repeats it by hand");
        assert!(page.contains(GROUP));
        assert!(!page.contains("Bearer "), "no token");
    }
}

/// For the look at them in a browser: see `tests/browser/run`.
#[tokio::test]
async fn pages() {
    let Some(folder) = std::env::var_os("EVIDENCE_PAGES") else { return };
    let folder = std::path::PathBuf::from(folder);
    for (name, proof) in [("verified", verified().await), ("violated", violated().await), ("hostile", hostile().await)]
    {
        std::fs::write(folder.join(format!("{name}.html")), EvidenceReport::new(&proof).html().unwrap()).unwrap();
    }
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop::sample::select(Verdict::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever a proof says: no form passes what it does not show.
    #[test]
    fn no_form_passes_what_the_proof_does_not_show(
        verdict in verdicts(),
        kinds in prop::collection::vec(prop::sample::select(FindingKind::ALL.to_vec()), 0..4),
        live in prop::collection::vec(0..4_u8, 4),
        widen in prop::sample::select(vec!["yes", "no", "unknown"]),
    ) {
        static PROOF: std::sync::OnceLock<Value> = std::sync::OnceLock::new();
        let base = PROOF.get_or_init(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            serde_json::to_value(runtime.block_on(verified())).unwrap()
        });
        let mut proof: Proof = serde_json::from_value(base.clone()).unwrap();
        proof.verdict = verdict;
        proof.can_widen_itself = serde_json::from_value(json!(widen)).unwrap();
        for (check, live) in proof.checks.iter_mut().zip(live) {
            check.live = match live {
                0 => exchange_groups::Evidence::Allowed,
                1 => exchange_groups::Evidence::Denied,
                2 => exchange_groups::Evidence::NotInSample,
                _ => exchange_groups::Evidence::Unknown("nobody knows".into()),
            };
        }
        for kind in kinds {
            let advice = exchange_groups::Advice::nobody("nothing");
            proof.findings.push(Finding::new(exchange_groups::Severity::Warning, kind, "something", advice));
        }
        let report = EvidenceReport::new(&proof);
        let result = |id| report.check(id).unwrap().result;
        prop_assert!(result(Id::Reach) != EvidenceResult::Pass || verdict == Verdict::Verified);
        prop_assert!(result(Id::Widening) != EvidenceResult::Pass || widen == "no");
        let (passed, failures, errors, skipped) = junit(&report);
        prop_assert_eq!(
            (passed, failures, errors, skipped),
            (
                report.count(EvidenceResult::Pass),
                report.count(EvidenceResult::Fail),
                report.count(EvidenceResult::CouldNotTell),
                report.count(EvidenceResult::NotApplicable),
            )
        );
        let page = report.html().unwrap();
        let says_verified = page.contains("<strong>Verified</strong>");
        prop_assert_eq!(says_verified, verdict == Verdict::Verified);
        for finding in report.ocsf().as_array().unwrap() {
            let id = finding["metadata"]["event_code"].as_str().unwrap();
            let check = report.checks.iter().find(|check| check.id.as_str() == id).unwrap();
            prop_assert_eq!(finding["compliance"]["status_id"] == 1, check.result == EvidenceResult::Pass);
        }
    }
}
