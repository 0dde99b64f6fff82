use super::options::Retire;
use crate::change::{Change, RevokePermission, Step};
use crate::document::{ObservationRef, Origin};
use crate::error::Result;
use crate::groups::ExchangeGroups;
use crate::observe::Observation;
use crate::procedure::document::{Procedure, ProcedureStage};
use crate::restriction;

pub(in crate::procedure) async fn derive(groups: &ExchangeGroups, retire: &Retire) -> Result<Procedure> {
    Ok(procedure(retire, &groups.observe(&retire.spec).await?))
}

/// Pure: the same tenant gives the same procedure.
fn procedure(retire: &Retire, seen: &Observation) -> Procedure {
    let spec = &retire.spec;
    let mut permission = ProcedureStage::new("revoke_permission", "Tenant-wide permission");
    if let Some(application) = &seen.application {
        for grant in restriction::calendar_grants(&seen.facts) {
            let Some(assignment) = grant.assignment.clone() else { continue };
            let change = Change::RevokePermission(RevokePermission {
                application: spec.application,
                service_principal: application.id,
                assignment,
                permission: restriction::grant_name(grant),
                resource: restriction::resource_name(grant.resource),
            });
            permission.steps.push(Step { reason: "the application is to reach nothing any more".into(), change });
        }
    }
    Procedure {
        origin: Origin::now(&seen.origin.tenant),
        observation: ObservationRef { digest: seen.digest(), made_at: seen.origin.made_at.clone() },
        goal: retire.clone().into(),
        application: spec.application,
        application_name: seen.application.as_ref().and_then(|application| application.display_name.clone()),
        stages: vec![permission],
        findings: Vec::new(),
        remaining: Vec::new(),
        requests: seen.requests,
    }
}
