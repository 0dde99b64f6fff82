//! A report that pipelines read.

use std::time::SystemTime;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::checks::{EvidenceCheck, EvidenceResult};
use super::report::EvidenceReport;

impl EvidenceReport {
    /// The checks as `JUnit` XML: one suite, one case for each check.
    ///
    /// A check that fails is a failure. One that could not be told is an **error**, never skipped and never passed, so that
    /// no pipeline is green on what is not known. One that does not apply is skipped.
    ///
    /// # Errors
    ///
    /// Never for what a proof contains: characters that XML does not have are left out.
    pub fn junit(&self) -> Result<String, std::fmt::Error> {
        let mut suite = TestSuite::new(format!("restricted calendar group {}", self.group));
        let made_at = self.origin.made_at.to_system_time().unwrap_or(SystemTime::UNIX_EPOCH);
        suite.set_timestamp(chrono_time(made_at));
        for (name, value) in [
            ("tenant", self.origin.tenant.clone()),
            ("application", self.application.to_string()),
            ("verdict", self.verdict.to_string()),
            ("software", self.origin.software.clone()),
        ] {
            suite.add_property(Property::new(name, value));
        }
        for check in &self.checks {
            let mut case = TestCase::new(format!("{} {}", check.id, check.title), status(check));
            case.set_classname(format!("exchange-groups.{}", check.id));
            if !check.found.is_empty() {
                case.set_system_out(check.found.join("\n"));
            }
            suite.add_test_case(case);
        }
        let mut report = Report::new("exchange-groups");
        report.add_test_suite(suite);
        report.to_string().map_err(|_| std::fmt::Error)
    }
}

fn status(check: &EvidenceCheck) -> TestCaseStatus {
    let said = if check.found.is_empty() { check.basis.clone() } else { check.found.join("; ") };
    let mut status = match check.result {
        EvidenceResult::Pass => return TestCaseStatus::success(),
        EvidenceResult::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        EvidenceResult::CouldNotTell => TestCaseStatus::non_success(NonSuccessKind::Error),
        EvidenceResult::NotApplicable => TestCaseStatus::skipped(),
    };
    status.set_message(said);
    if check.result != EvidenceResult::NotApplicable {
        status.set_type(check.severity.clone());
        status.set_description(check.remedy.join("\n"));
    }
    status
}

fn chrono_time(time: SystemTime) -> chrono::DateTime<chrono::Utc> {
    time.into()
}
