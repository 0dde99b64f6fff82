//! Compliance Findings of the Open Cybersecurity Schema Framework.

use serde::Serialize;

use super::checks::{EvidenceCheck, EvidenceResult};
use super::report::EvidenceReport;

/// The version of the schema.
const VERSION: &str = "1.8.0";
/// The class Compliance Finding, in the category Findings.
const CLASS: u32 = 2_003;
const CATEGORY: u32 = 2;
/// The activity Create.
const CREATE: u32 = 1;

/// A Compliance Finding: <https://schema.ocsf.io/1.8.0/classes/compliance_finding>.
#[derive(Serialize)]
struct ComplianceFinding<'r> {
    activity_id: u32,
    category_uid: u32,
    class_uid: u32,
    type_uid: u32,
    /// Milliseconds since 1970.
    time: i64,
    severity_id: u32,
    /// The life of the finding: new.
    status_id: u32,
    message: &'r str,
    metadata: Metadata<'r>,
    finding_info: FindingInfo<'r>,
    compliance: Compliance<'r>,
    resources: Vec<Resource<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation>,
    cloud: Cloud<'r>,
}

#[derive(Serialize)]
struct Metadata<'r> {
    version: &'static str,
    product: Product,
    event_code: &'r str,
    tenant_uid: &'r str,
    profiles: [&'static str; 1],
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct FindingInfo<'r> {
    /// The same at every run: check, application and group.
    uid: String,
    title: &'r str,
    desc: &'r str,
}

#[derive(Serialize)]
struct Compliance<'r> {
    control: &'r str,
    standards: Vec<String>,
    /// 1 passes, 2 is a warning for want of information, 3 fails, 99 is something else.
    status_id: u32,
    status: &'static str,
    status_detail: String,
    requirements: Vec<String>,
}

#[derive(Serialize)]
struct Resource<'r> {
    uid: String,
    name: &'r str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// 1 is the target, 2 the actor.
    role_id: u32,
}

#[derive(Serialize)]
struct Remediation {
    desc: String,
}

#[derive(Serialize)]
struct Cloud<'r> {
    provider: &'static str,
    account: Account<'r>,
}

#[derive(Serialize)]
struct Account<'r> {
    name: &'r str,
}

impl EvidenceReport {
    /// The checks as an array of Compliance Findings (class 2003) of OCSF 1.8.0. What could not be told has the status
    /// *Warning*, which the schema has for a result that is missing for want of information.
    #[must_use]
    pub fn ocsf(&self) -> serde_json::Value {
        let findings: Vec<_> = self.checks.iter().map(|check| self.ocsf_finding(check)).collect();
        // Text and numbers always serialise.
        serde_json::to_value(findings).unwrap_or_default()
    }

    fn ocsf_finding<'r>(&'r self, check: &'r EvidenceCheck) -> ComplianceFinding<'r> {
        let (status_id, status) = match check.result {
            EvidenceResult::Pass => (1, "Pass"),
            EvidenceResult::CouldNotTell => (2, "Warning"),
            EvidenceResult::Fail => (3, "Fail"),
            EvidenceResult::NotApplicable => (99, "Not applicable"),
        };
        let severity_id = match (check.result, check.severity.as_str()) {
            (EvidenceResult::Pass | EvidenceResult::NotApplicable, _) => 1,
            (_, "critical") => 5,
            (_, "high") => 4,
            (_, "medium") => 3,
            _ => 0,
        };
        let related = |it: &super::checks::Related| format!("{} {}", it.tool, it.id);
        let mut standards: Vec<String> = check.related.iter().map(|it| it.tool.to_string()).collect();
        standards.dedup();
        if standards.is_empty() {
            standards.push("exchange-groups".to_owned());
        }
        let made_at = self.origin.made_at.to_system_time();
        ComplianceFinding {
            activity_id: CREATE,
            category_uid: CATEGORY,
            class_uid: CLASS,
            type_uid: CLASS * 100 + CREATE,
            time: made_at.and_then(milliseconds).unwrap_or_default(),
            severity_id,
            status_id: 1,
            message: &check.title,
            metadata: Metadata {
                version: VERSION,
                product: Product {
                    name: env!("CARGO_PKG_NAME"),
                    vendor_name: env!("CARGO_PKG_NAME"),
                    version: env!("CARGO_PKG_VERSION"),
                },
                event_code: check.id.as_str(),
                tenant_uid: &self.origin.tenant,
                profiles: ["cloud"],
            },
            finding_info: FindingInfo {
                uid: format!("{}/{}/{}", check.id, self.application, self.group),
                title: &check.title,
                desc: &check.basis,
            },
            compliance: Compliance {
                control: check.id.as_str(),
                standards,
                status_id,
                status,
                status_detail: check.found.join("; "),
                requirements: check.related.iter().map(related).collect(),
            },
            resources: vec![
                Resource {
                    uid: self.application.to_string(),
                    name: "application",
                    kind: "Service Principal",
                    role_id: 2,
                },
                Resource { uid: self.group.to_string(), name: self.group.as_str(), kind: "Group", role_id: 1 },
            ],
            remediation: (!check.remedy.is_empty()).then(|| Remediation { desc: check.remedy.join(" ") }),
            cloud: Cloud { provider: "Microsoft 365", account: Account { name: &self.origin.tenant } },
        }
    }
}

fn milliseconds(time: std::time::SystemTime) -> Option<i64> {
    let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}
