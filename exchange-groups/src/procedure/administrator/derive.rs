use graph_client::ServicePrincipalId;
use graph_client::exchange::{
    AddDistributionGroupMember, ApplicationRole, Cmdlet, EnableOrganizationCustomization, GetDistributionGroup,
    GetDistributionGroupMember, GetManagementRole, GetManagementRoleAssignment, GetManagementScope,
    GetServicePrincipal, NewDistributionGroup, NewManagementRoleAssignment, NewManagementScope, NewServicePrincipal,
    RawCmdlet, RemoveDistributionGroupMember, RemoveManagementRoleAssignment, RemoveManagementScope,
    RemoveServicePrincipal, SetDistributionGroup, SetManagementRoleAssignment, SetManagementScope, SetServicePrincipal,
    TestServicePrincipalAuthorization, UpdateDistributionGroupMember,
};

use super::options::{Administrator, Duties};
use crate::access::Resource;
use crate::change::{Change, Step};
use crate::document::{ObservationRef, Origin};
use crate::error::Result;
use crate::finding::{Advice, Finding, FindingKind as Kind, Severity, Subject};
use crate::groups::ExchangeGroups;
use crate::observe::{Observation, UnreadPart, application_facts};
use crate::procedure::document::{Procedure, ProcedureStage};
use crate::restriction;
use crate::text::some_of;

/// The roles of Exchange that are cut to what is used, by the parent that they are cut from.
const CUT_ROLES: [(&str, &str, &[&str]); 3] = [
    (
        "Room Restriction",
        "Role Management",
        &[
            GetServicePrincipal::NAME,
            NewServicePrincipal::NAME,
            SetServicePrincipal::NAME,
            RemoveServicePrincipal::NAME,
            GetManagementScope::NAME,
            NewManagementScope::NAME,
            SetManagementScope::NAME,
            RemoveManagementScope::NAME,
            GetManagementRoleAssignment::NAME,
            NewManagementRoleAssignment::NAME,
            SetManagementRoleAssignment::NAME,
            RemoveManagementRoleAssignment::NAME,
            GetManagementRole::NAME,
            TestServicePrincipalAuthorization::NAME,
        ],
    ),
    (
        "Room Restriction Groups",
        "Distribution Groups",
        &[
            GetDistributionGroup::NAME,
            NewDistributionGroup::NAME,
            SetDistributionGroup::NAME,
            GetDistributionGroupMember::NAME,
            AddDistributionGroupMember::NAME,
            RemoveDistributionGroupMember::NAME,
            UpdateDistributionGroupMember::NAME,
        ],
    ),
    (
        "Room Restriction Members",
        "Security Group Creation and Membership",
        &[
            NewDistributionGroup::NAME,
            SetDistributionGroup::NAME,
            AddDistributionGroupMember::NAME,
            RemoveDistributionGroupMember::NAME,
            UpdateDistributionGroupMember::NAME,
        ],
    ),
];

/// The roles for reading.
const READING: [&str; 2] = ["View-Only Recipients", "View-Only Configuration"];

/// Roles that it must not be able to give itself.
const ESCALATIONS: [&str; 3] = ["Application Exchange Full Access", "Role Management", "Mail Recipients"];

pub(in crate::procedure) async fn derive(groups: &ExchangeGroups, goal: &Administrator) -> Result<Procedure> {
    Ok(procedure(goal, &application_facts(&groups.client, goal.application).await?))
}

/// Pure: the same tenant gives the same procedure.
fn procedure(goal: &Administrator, seen: &Observation) -> Procedure {
    let administrator = Derived { goal, seen };
    let mut stages = vec![administrator.registration(), administrator.consent()];
    if goal.duties == Duties::Administer {
        stages.push(administrator.customization());
    }
    stages.push(administrator.registered());
    if goal.duties == Duties::Administer {
        stages.push(administrator.cut_roles());
    }
    stages.push(administrator.assignments());
    if goal.duties == Duties::Administer {
        stages.push(administrator.delegation());
        stages.push(administrator.escalation(&stages));
    }
    let mut findings = administrator.findings();
    findings.sort_by_key(|finding| finding.severity);
    Procedure {
        origin: Origin::now(&seen.origin.tenant),
        observation: ObservationRef { digest: seen.digest(), made_at: seen.origin.made_at.clone() },
        goal: goal.clone().into(),
        application: goal.application,
        application_name: seen.application.as_ref().and_then(|application| application.display_name.clone()),
        stages,
        findings,
        comparison: None,
        remaining: Vec::new(),
        requests: seen.requests,
    }
}

struct Derived<'a> {
    goal: &'a Administrator,
    seen: &'a Observation,
}

impl Derived<'_> {
    fn role(&self) -> ApplicationRole {
        self.goal.permission.role()
    }

    fn principal(&self) -> Option<ServicePrincipalId> {
        self.seen.application.as_ref().map(|application| application.id)
    }

    /// How an assignment names the application: by the object id of its service principal.
    fn assignee(&self) -> String {
        self.principal().map_or_else(|| "the object id of its service principal".to_owned(), |id| id.to_string())
    }

    fn holds(&self, role: &str, delegating: bool) -> bool {
        let held = self.seen.facts.role_assignments.entries();
        held.iter().any(|it| it.role.eq_ignore_ascii_case(role) && it.delegating == Some(delegating))
    }

    fn is_granted(&self, resource: Resource, names: &[&str]) -> bool {
        let granted = self.seen.facts.grants.entries().iter();
        let is_it = |name: &str| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
        granted.filter(|grant| grant.resource == resource).any(|grant| is_it(&restriction::grant_name(grant)))
    }

    fn registration(&self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("registration", "Registration");
        if self.principal().is_none() {
            stage.tasks.push(Advice::entra(
                "Register an application without a secret: with a federated credential or a certificate. It is another \
                 application than those that it restricts.",
            ));
        }
        stage
    }

    fn consent(&self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("consent", "Permissions");
        let permissions = [
            (Resource::Exchange, &["Exchange.ManageAsApp"][..], "to run the cmdlets that its roles allow"),
            (Resource::Graph, &["Application.Read.All"][..], "to read what the restricted applications hold"),
            (Resource::Graph, &["Organization.Read.All"][..], "to read the tenant's initial domain"),
        ];
        for (resource, names, purpose) in permissions {
            if !self.is_granted(resource, names) {
                let name = names.first().copied().unwrap_or_default();
                stage.tasks.push(Advice::entra(format!("Grant {name} on {resource} with admin consent, {purpose}.")));
            }
        }
        stage
    }

    fn customization(&self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("customize", "Organisation");
        stage.undo = Some("it cannot be undone".into());
        if self.seen.organization.is_dehydrated == Some(true) {
            let change = Change::CustomizeOrganization(EnableOrganizationCustomization::new());
            let reason = "no role can be made before it; its roles are usable after about an hour".to_owned();
            stage.steps.push(Step { reason, change });
        }
        stage
    }

    fn registered(&self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("register", "Registration in Exchange");
        if let (Some(id), Some(None)) = (self.principal(), self.seen.facts.exchange_principal.whole()) {
            let change = Change::RegisterApplication(NewServicePrincipal::new(self.goal.application, id));
            stage.steps.push(Step { reason: "roles are assigned to it there".into(), change });
        }
        stage
    }

    /// Roles that hold no more cmdlets than a plan sends.
    fn cut_roles(&self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("cut_roles", "Roles cut to what is used");
        for (name, parent, cmdlets) in CUT_ROLES {
            if self.holds(name, false) {
                continue;
            }
            let advice = Advice::exchange(format!(
                "Create the role \"{name}\" from {parent} with {} and nothing else, unless it is there.",
                some_of(cmdlets, cmdlets.len())
            ));
            let cmdlet = RawCmdlet::<()>::new("New-ManagementRole")
                .and_then(|it| it.parameter("Name", name))
                .and_then(|it| it.parameter("Parent", parent))
                .and_then(|it| it.parameter("EnabledCmdlets", cmdlets));
            stage.tasks.push(with_command(advice, cmdlet));
        }
        stage
    }

    fn assignments(&self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("assign", "Role assignments");
        let cut = CUT_ROLES.iter().map(|(name, ..)| *name).filter(|_| self.goal.duties == Duties::Administer);
        for role in READING.into_iter().chain(cut) {
            if !self.holds(role, false) {
                let advice = Advice::exchange(format!("Assign the role \"{role}\" to the application."));
                stage.tasks.push(with_command(advice, self.assignment(role, false)));
            }
        }
        stage
    }

    fn delegation(&self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("delegate", "The role to be assigned on");
        let role = self.role().as_str();
        if !self.holds(role, true) {
            let advice = Advice::exchange(format!(
                "Let the application assign \"{role}\" on, and no other role. Just after the organisation was customised \
                 this is refused for about an hour: wait."
            ));
            stage.tasks.push(with_command(advice, self.assignment(role, true)));
        }
        stage
    }

    fn assignment(&self, role: &str, delegating: bool) -> Result<RawCmdlet<()>, graph_client::InvalidValue> {
        let assignment = RawCmdlet::<()>::new("New-ManagementRoleAssignment")?
            .parameter("App", self.assignee())?
            .parameter("Role", role)?;
        if delegating { assignment.parameter("Delegating", true) } else { Ok(assignment) }
    }

    /// What must be refused, tried by the application itself once everything before is done.
    fn escalation(&self, before: &[ProcedureStage]) -> ProcedureStage {
        let mut stage = ProcedureStage::new("try_escalation", "Escalation is refused");
        let is_set_up = before.iter().all(|stage| stage.steps.is_empty() && stage.tasks.is_empty());
        if is_set_up {
            return stage;
        }
        for role in ESCALATIONS {
            let advice = Advice::operator(format!(
                "As the application, try to assign \"{role}\" to itself, and keep the refusal as evidence: it has no \
                 delegating assignment of it."
            ))
            .with_danger("If it is accepted, remove the assignment at once: the application is not limited.");
            stage.tasks.push(with_command(advice, self.assignment(role, false)));
        }
        stage
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let needed = [UnreadPart::Entra, UnreadPart::Roles];
        for part in self.seen.unread.iter().filter(|part| needed.contains(&part.what)) {
            let message = format!("{} could not be read: {}", part.what.description(), part.error);
            let advice = Advice::operator("Derive the procedure again with an account that may read it.");
            findings.push(Finding::new(Severity::Blocking, Kind::NotRead, message, advice));
        }
        for role in self.seen.facts.directory_roles.entries() {
            let message = format!("The administering application holds the directory role {}", role.name);
            let advice = Advice::entra("Remove it once the roles of Exchange are assigned: they are enough.");
            findings.push(Finding::new(Severity::Warning, Kind::OthersCanWiden, message, advice));
        }
        let dangerous = [
            "AppRoleAssignment.ReadWrite.All",
            "Application.ReadWrite.All",
            "RoleManagement.ReadWrite.Directory",
            "RoleManagement.ReadWrite.Exchange",
            "Directory.ReadWrite.All",
        ];
        for grant in self.seen.facts.grants.entries() {
            let name = restriction::grant_name(grant);
            if dangerous.iter().any(|it| it.eq_ignore_ascii_case(&name)) {
                let message =
                    format!("The administering application holds {name}, by which it can give itself anything");
                let advice = Advice::entra(
                    "Revoke it: a person revokes the tenant-wide permission of a restricted application.",
                );
                let subject = Subject { kind: Some(name), ..Subject::default() };
                findings.push(Finding::new(Severity::Warning, Kind::OthersCanWiden, message, advice).about(subject));
            }
        }
        if self.goal.duties == Duties::Administer {
            let message = format!(
                "The scope of an assignment is optional, so this application can assign \"{}\" over the whole organisation, \
                 to itself as well",
                self.role()
            );
            let advice = Advice::exchange(
                "Watch New-ManagementRoleAssignment in the audit log; or give a person a role for a limited time for the \
                 set-up, and this application the duties of verifying alone.",
            );
            findings.push(Finding::new(Severity::Note, Kind::OthersCanWiden, message, advice));
        }
        findings
    }
}

fn with_command(advice: Advice, cmdlet: Result<RawCmdlet<()>, graph_client::InvalidValue>) -> Advice {
    // Names and ids of this module are always ones that a command takes.
    match cmdlet.ok().and_then(|cmdlet| cmdlet.powershell().ok()) {
        Some(command) => advice.with_command(command),
        None => advice,
    }
}
