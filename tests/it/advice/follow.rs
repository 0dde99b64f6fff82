//! A tenant in which advice is followed to the letter, by the administrator that it names, and watched at every step.

use std::collections::BTreeSet;
use std::time::Duration;

use exchange_groups::graph_client::exchange::RawCmdlet;
use exchange_groups::graph_client::{AppRoleAssignmentId, Client};
use exchange_groups::{
    Actor, Change, ExchangeGroups, Finding, FindingKind, Plan, Proof, Report, RestrictedCalendarGroup,
    RestrictedCalendarGroupBuilder, Verdict,
};
use exchange_groups_tests::Contoso;
use fake_tenant::{DirectoryRole, FakeTenant, Level, NewGroup, NewMailbox, RecipientKind};

use super::powershell::{Line, lines};
use super::wording::assert_readable;

/// Longer than any delay that a scenario sets.
const HOURS: Duration = Duration::from_secs(3 * 60 * 60);

/// A mailbox, what of it is reached, and whether by the configuration or by now.
type Reached = BTreeSet<(String, &'static str, &'static str)>;

pub(super) struct Case {
    pub(super) contoso: Contoso,
    pub(super) spec: RestrictedCalendarGroup,
    pub(super) groups: ExchangeGroups,
    exchange_administrator: Client,
    entra_administrator: Client,
    /// Every mailbox that a spec of this case wanted.
    wanted: BTreeSet<String>,
    reached: Reached,
}

/// A small Contoso: five rooms, a room list, people, and groups.
pub(super) fn small() -> FakeTenant {
    let tenant = FakeTenant::builder().rooms(4).build();
    for person in ["ceo", "exchange.admin", "adele.vance", "ben.vance"] {
        tenant.add_person(person);
    }
    tenant.add_room("boardroom");
    tenant.add_mailbox(NewMailbox::shared("reception"));
    tenant.add_mailbox(NewMailbox::new(RecipientKind::EquipmentMailbox, "projector-1"));
    tenant.add_room_list("building-1", ["room-00001@contoso.com", "room-00002@contoso.com"]);
    tenant.add_group(NewGroup::distribution("facilities").owner("exchange.admin").members(["adele.vance"]));
    tenant.add_group(NewGroup::security("executives").owner("ceo").members(["ceo", "adele.vance"]));
    tenant
}

impl Case {
    pub(super) async fn new(spec: impl Fn(&Contoso) -> RestrictedCalendarGroupBuilder) -> Self {
        Self::of(small(), spec).await
    }

    pub(super) async fn of(tenant: FakeTenant, spec: impl Fn(&Contoso) -> RestrictedCalendarGroupBuilder) -> Self {
        let contoso = Contoso::of(tenant).await;
        let exchange = contoso.tenant.add_application("Exchange desk", "not-a-real-secret-of-the-exchange-desk");
        contoso.tenant.grant_app_role(&exchange, "Exchange.ManageAsApp");
        contoso.tenant.assign_directory_role(&exchange, DirectoryRole::ExchangeAdministrator);
        let entra = contoso.tenant.add_application("Identity desk", "not-a-real-secret-of-the-identity-desk");
        for role in
            ["AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All", "Application.Read.All"]
        {
            contoso.tenant.grant_app_role(&entra, role);
        }
        let spec = spec(&contoso).build().unwrap();
        let mut case = Self {
            exchange_administrator: contoso.client_as(&exchange),
            entra_administrator: contoso.client_as(&entra),
            groups: contoso.groups.clone(),
            contoso,
            spec,
            wanted: BTreeSet::new(),
            reached: Reached::new(),
        };
        case.reached = case.look();
        case
    }

    pub(super) fn tenant(&self) -> &FakeTenant {
        &self.contoso.tenant
    }

    fn look(&self) -> Reached {
        let mut reached = Reached::new();
        for mailbox in self.tenant().mailboxes() {
            for (level, name) in [(Level::Events, "events"), (Level::Write, "writing")] {
                let (tenant, booking) = (self.tenant(), &self.contoso.booking);
                if tenant.reaches(booking, &mailbox, level).allowed {
                    reached.insert((mailbox.clone(), name, "configured"));
                }
                if tenant.reaches_now(booking, &mailbox, level).allowed {
                    reached.insert((mailbox.clone(), name, "now"));
                }
            }
        }
        reached
    }

    /// What is reached that was not, and that no spec wants.
    pub(super) fn widened(&mut self) -> Vec<String> {
        let now = self.look();
        let new = now.difference(&self.reached).filter(|(mailbox, ..)| !self.wanted.contains(mailbox));
        let new = new.map(|(mailbox, level, when)| format!("{mailbox}: {level}, {when}")).collect();
        self.reached = now;
        new
    }

    #[track_caller]
    pub(super) fn assert_not_wider(&mut self, after: &str) {
        let new = self.widened();
        assert!(new.is_empty(), "{after} widens the reach: {new:?}");
    }

    /// What was changed by hand is the new start.
    pub(super) fn start_from_here(&mut self) {
        self.reached = self.look();
    }

    pub(super) fn reaches(&self, mailbox: &str) -> bool {
        self.tenant().reaches_now(&self.contoso.booking, mailbox, Level::Events).allowed
    }

    pub(super) async fn plan(&mut self) -> Plan {
        let plan = self.groups.plan(&self.spec).await.unwrap_or_else(|error| panic!("no plan: {error}"));
        plan.findings.iter().for_each(|finding| assert_readable(finding, &self.spec));
        let members = serde_json::to_value(&plan).unwrap()["members"].clone();
        let members = members.as_array().cloned().unwrap_or_default();
        self.wanted.extend(members.iter().filter_map(|member| member["address"].as_str()).map(str::to_ascii_lowercase));
        plan
    }

    pub(super) async fn prove(&mut self) -> Proof {
        let proof = self.groups.prove(&self.spec).await.unwrap_or_else(|error| panic!("no proof: {error}"));
        proof.findings.iter().for_each(|finding| assert_readable(finding, &self.spec));
        proof
    }

    pub(super) async fn apply(&mut self) -> Report {
        let plan = self.plan().await;
        let report = self.groups.apply(&plan).await.unwrap_or_else(|error| panic!("not applied: {error}"));
        self.assert_not_wider("applying the plan");
        report
    }

    pub(super) async fn provision(&mut self) {
        let report = self.apply().await;
        assert!(report.is_complete(), "{report}");
        self.wait();
    }

    /// Time passes.
    pub(super) fn wait(&mut self) {
        self.tenant().advance(HOURS);
        self.assert_not_wider("waiting");
    }

    /// The finding of a kind, in the plan or, if it is not there, in the proof.
    pub(super) async fn find(&mut self, kind: FindingKind) -> Finding {
        let plan = self.plan().await;
        if let Some(finding) = plan.findings.iter().find(|finding| finding.kind == kind) {
            return finding.clone();
        }
        let proof = self.prove().await;
        let found = proof.findings.iter().find(|finding| finding.kind == kind);
        found
            .unwrap_or_else(|| panic!("{kind:?} is found neither in the plan nor in the proof\n{plan}\n{proof}"))
            .clone()
    }

    pub(super) async fn assert_gone(&mut self, kind: FindingKind) {
        let (plan, proof) = (self.plan().await, self.prove().await);
        let found: Vec<_> = plan.findings.iter().chain(&proof.findings).filter(|it| it.kind == kind).collect();
        assert!(found.is_empty(), "still there after its advice was followed: {found:?}");
    }

    /// Makes the changes and runs the commands of an advice, as the administrator that it names.
    pub(super) async fn follow(&mut self, finding: &Finding) {
        self.carry_out(finding).await;
        self.assert_not_wider(&format!("the advice of {:?}, \"{}\",", finding.kind, finding.advice));
    }

    /// The same, whatever comes of it.
    pub(super) async fn carry_out(&mut self, finding: &Finding) {
        let advice = &finding.advice;
        assert!(advice.commands().next().is_some(), "no command: {finding}");
        let client = match advice.actor {
            Actor::ExchangeAdministrator => self.exchange_administrator.clone(),
            Actor::EntraAdministrator => self.entra_administrator.clone(),
            other => panic!("{other:?} runs no commands: {finding}"),
        };
        for change in &advice.changes {
            change.make(&client).await.unwrap_or_else(|error| panic!("{}: {error}", change.command()));
            Self::assert_same_by_command(change);
        }
        for line in advice.command.iter().flat_map(|text| lines(text)) {
            self.run(&client, advice.actor, &line).await;
        }
    }

    /// The command of a change is a line that PowerShell reads as that cmdlet.
    fn assert_same_by_command(change: &Change) {
        let read = lines(&change.command());
        assert_eq!(read.len(), 1, "{}", change.command());
        if let Some(cmdlet) = change.cmdlet() {
            assert_eq!(read[0].command, cmdlet);
            let wire = serde_json::to_value(change).unwrap()["parameters"].clone();
            let sent: Vec<_> = wire.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
            let typed: Vec<_> = read[0].parameters.iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(BTreeSet::from_iter(typed), BTreeSet::from_iter(sent), "{}", change.command());
        }
    }

    async fn run(&self, client: &Client, actor: Actor, line: &Line) {
        let text = |name: &str| line.text(name).unwrap_or_else(|| panic!("no {name} in {line:?}"));
        if line.command.contains("-Mg") {
            assert_eq!(actor, Actor::EntraAdministrator, "{line:?}");
        } else {
            assert_eq!(actor, Actor::ExchangeAdministrator, "{line:?}");
        }
        match &*line.command {
            "Remove-MgServicePrincipalAppRoleAssignment" => {
                let assignment = AppRoleAssignmentId::from(text("AppRoleAssignmentId"));
                let principal = text("ServicePrincipalId").parse().unwrap();
                client.service_principals().delete_app_role_assignment(&principal, &assignment).await.unwrap();
            }
            "Remove-MgOauth2PermissionGrant" => {
                client.permission_grants().delete(text("OAuth2PermissionGrantId")).await.unwrap();
            }
            "Update-MgServicePrincipal" => {
                let enabled = line.flag("AccountEnabled").unwrap();
                self.tenant().set_application_enabled(text("ServicePrincipalId"), enabled);
            }
            // The fake has no such parameter; the account does.
            "Set-Mailbox" if line.text("MicrosoftOnlineServicesID").is_some() => {
                self.tenant().set_user_principal_name(&text("Identity"), &text("MicrosoftOnlineServicesID"));
            }
            name => {
                let mut cmdlet = RawCmdlet::<()>::new(name).unwrap();
                for (name, value) in &line.parameters {
                    cmdlet = cmdlet.parameter(name, value).unwrap();
                }
                client.exchange().run(cmdlet).await.unwrap_or_else(|error| panic!("{line:?}: {error}"));
            }
        }
    }

    /// Whoever writes the spec does what the advice says.
    #[track_caller]
    pub(super) fn edit(&mut self, finding: &Finding, says: &str, spec: RestrictedCalendarGroupBuilder) {
        assert_eq!(finding.advice.actor, Actor::SpecAuthor, "{finding}");
        assert_says(finding, says);
        self.spec = spec.build().unwrap();
    }

    /// An administrator does in a portal what the advice says.
    #[track_caller]
    pub(super) fn by_hand(&mut self, finding: &Finding, actor: Actor, says: &str, act: impl FnOnce(&Contoso)) {
        assert_eq!(finding.advice.actor, actor, "{finding}");
        assert_says(finding, says);
        act(&self.contoso);
        self.assert_not_wider(&format!("the advice of {:?}, \"{}\",", finding.kind, finding.advice));
    }

    /// Plan, apply, wait, verify: the tenant becomes what the spec says.
    pub(super) async fn verify(&mut self) -> Proof {
        let plan = self.plan().await;
        assert!(!plan.is_blocked(), "{plan}");
        if !plan.is_empty() {
            let report = self.groups.apply(&plan).await.unwrap_or_else(|error| panic!("not applied: {error}"));
            assert!(report.is_complete(), "{report}");
            self.assert_not_wider("applying the plan");
        }
        self.wait();
        let proof = self.prove().await;
        assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
        let again = self.plan().await;
        assert!(again.is_empty(), "{again}");
        proof
    }

    pub(super) async fn verify_without(&mut self, kind: FindingKind) {
        self.verify().await;
        self.assert_gone(kind).await;
    }
}

#[track_caller]
pub(super) fn assert_says(finding: &Finding, says: &str) {
    let text = finding.advice.to_string();
    assert!(text.contains(says), "the advice does not say \"{says}\": {text}");
}
