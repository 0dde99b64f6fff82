//! The runs that are swept, each from a tenant of its own.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use exchange_groups::graph_client::ClientId;
use exchange_groups::graph_client::graph::NewApplication;
use exchange_groups::{
    Migrate, OtherMembers, Profile, RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, Restriction, Retire,
    Rooms, Scope,
};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{Application, FakeTenant, NewGroup, NewRoleAssignment, PolicyRight, Resource};
use serde_json::json;

use super::reached;
use super::work::{Onboarding, Rotation, Work};

const OWNER: &str = "owner@contoso.com";
const CEO: &str = "ceo@contoso.com";
const OLD: &str = "old-rooms@contoso.com";
const SECOND_OLD: &str = "second-old-rooms@contoso.com";
const FIRST: &str = "first@contoso.com";
/// The application that an onboarding registers.
const NEWCOMER: &str = "PlaceOS rooms";
const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    FreshRole,
    RoleForPermission,
    FreshPolicy,
    Grow,
    Shrink,
    WrongSettings,
    SecondGroup,
    SecondGroupShrinks,
    Filter,
    MigrationBegins,
    MigrationRevokes,
    MigrationEnds,
    TwoPoliciesBegin,
    TwoPoliciesRevoke,
    TwoPoliciesEnd,
    BackBegins,
    BackGrants,
    BackEnds,
    RetireRole,
    RetirePolicy,
    Rotate,
    Onboard,
    OnboardGoesOn,
    Proof,
    ProofOfMember,
    ProofOfPermission,
    ProofOfRole,
    ProofOfPolicy,
}

pub(super) const SCENARIOS: [Scenario; 28] = [
    Scenario::FreshRole,
    Scenario::RoleForPermission,
    Scenario::FreshPolicy,
    Scenario::Grow,
    Scenario::Shrink,
    Scenario::WrongSettings,
    Scenario::SecondGroup,
    Scenario::SecondGroupShrinks,
    Scenario::Filter,
    Scenario::MigrationBegins,
    Scenario::MigrationRevokes,
    Scenario::MigrationEnds,
    Scenario::TwoPoliciesBegin,
    Scenario::TwoPoliciesRevoke,
    Scenario::TwoPoliciesEnd,
    Scenario::BackBegins,
    Scenario::BackGrants,
    Scenario::BackEnds,
    Scenario::RetireRole,
    Scenario::RetirePolicy,
    Scenario::Rotate,
    Scenario::Onboard,
    Scenario::OnboardGoesOn,
    Scenario::Proof,
    Scenario::ProofOfMember,
    Scenario::ProofOfPermission,
    Scenario::ProofOfRole,
    Scenario::ProofOfPolicy,
];

/// A tenant before the run, and what holds after it.
pub(super) struct Start {
    pub(super) contoso: Contoso,
    /// The name of the application in the tenant.
    pub(super) application: String,
    pub(super) work: Work,
    /// Whether it can end well. A proof of a tenant that is wrong cannot.
    pub(super) is_right: bool,
    /// What is reached once it is done.
    pub(super) after: BTreeSet<String>,
    /// What may be reached at any moment: what was reached before, and what the goal grants.
    pub(super) allowed: BTreeSet<String>,
    /// What a proof shows at the end, where the goal is a restriction.
    proved: Option<RestrictedCalendarGroup>,
    /// What is others'.
    pub(super) others: String,
    other: Application,
}

impl Start {
    /// What belongs to another application and to another group.
    pub(super) fn others(&self) -> String {
        others(&self.contoso.tenant, &self.other)
    }

    /// Whether the tenant is verified to be as it is meant, and else why not; `None` where no restriction is the goal.
    pub(super) async fn verify(&self) -> Option<Result<(), String>> {
        let spec = self.proved.clone().or_else(|| self.work.onboarded())?;
        Some(match self.work.groups(&self.contoso).prove(&spec).await {
            Ok(proof) if proof.is_verified() => Ok(()),
            Ok(proof) => Err(proof.to_string()),
            Err(error) => Err(error.to_string()),
        })
    }
}

fn others(tenant: &FakeTenant, other: &Application) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        tenant.role_assignments(other),
        tenant.access_policies(other),
        tenant.app_roles(other),
        tenant.members("other@contoso.com"),
    )
}

fn rooms(count: usize) -> Vec<String> {
    FakeTenant::builder().rooms(3).people(1).build().rooms().into_iter().take(count).collect()
}

impl Scenario {
    pub(super) async fn start(self) -> Start {
        let tenant = FakeTenant::builder().rooms(3).people(1).build();
        for person in ["ceo", "owner", "adele"] {
            tenant.add_person(person);
        }
        let other = tenant.add_application("Other", "secret");
        tenant.add_group(NewGroup::security("other@contoso.com").owner(OWNER).members(["adele@contoso.com"]));
        tenant.assign_role(
            &other,
            NewRoleAssignment::new("Application Mail.Read").name("other").group("other@contoso.com"),
        );
        tenant.grant(&other, Resource::Graph, "Mail.Read");
        tenant.add_access_policy(&other.client_id, PolicyRight::Restrict, "other@contoso.com");
        for role in ["Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"] {
            tenant.grant_app_role(tenant.administrator(), role);
        }
        if self.began_hours_ago() {
            tenant.set_time(SystemTime::now() - 3 * HOUR);
        }
        let contoso = Contoso::of(tenant).await;
        let (work, proved) = self.work(&contoso).await;
        let tenant = &contoso.tenant;
        if self.began_hours_ago() {
            tenant.set_time(SystemTime::now());
        }
        // It carries what the application holds now, for as long as it lives.
        let _ = tenant.graph_token(&contoso.booking);
        let application = match self {
            Self::Onboard | Self::OnboardGoesOn => NEWCOMER.to_owned(),
            _ => contoso.booking.client_id.clone(),
        };
        let [configured, now] = reached(tenant, &application);
        let after = self.after(&contoso, &configured);
        let is_right = !after.contains(CEO);
        let allowed = configured.into_iter().chain(now).chain(after.clone()).collect();
        let others = others(tenant, &other);
        Start { contoso, application, work, is_right, after, allowed, proved, others, other }
    }

    fn began_hours_ago(self) -> bool {
        use Scenario::{MigrationEnds, MigrationRevokes, TwoPoliciesEnd, TwoPoliciesRevoke};
        [MigrationRevokes, MigrationEnds, TwoPoliciesRevoke, TwoPoliciesEnd].contains(&self)
    }

    fn after(self, contoso: &Contoso, before: &BTreeSet<String>) -> BTreeSet<String> {
        let all = contoso.tenant.rooms();
        match self {
            Self::RetireRole | Self::RetirePolicy => BTreeSet::new(),
            Self::Shrink | Self::SecondGroupShrinks => all.into_iter().take(2).collect(),
            // A proof changes nothing.
            Self::Proof | Self::ProofOfMember | Self::ProofOfPermission | Self::ProofOfRole | Self::ProofOfPolicy => {
                before.clone()
            }
            _ => all.into_iter().collect(),
        }
    }

    /// Makes the tenant that the run begins in, and says what is run.
    async fn work(self, contoso: &Contoso) -> (Work, Option<RestrictedCalendarGroup>) {
        let tenant = &contoso.tenant;
        let named = |spec: RestrictedCalendarGroupBuilder| spec.must_not_reach(CEO);
        let base = || named(RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id).owner(OWNER));
        let role = || base().revoke_tenant_wide_grant(true);
        let policy = || base().restriction(Restriction::Policy);
        let build =
            |spec: RestrictedCalendarGroupBuilder| spec.build().unwrap_or_else(|error| panic!("a spec: {error}"));
        let all = || Rooms::at(rooms(3));
        let no_permission = || tenant.revoke_app_role(&contoso.booking, "Calendars.ReadWrite");
        let apply = |spec: RestrictedCalendarGroup| (Work::Apply(spec.clone()), Some(spec));
        match self {
            Self::FreshRole => {
                no_permission();
                apply(build(role().rooms(all())))
            }
            Self::RoleForPermission => apply(build(role().rooms(all()))),
            Self::FreshPolicy => apply(build(policy().rooms(all()))),
            Self::Grow => {
                contoso.provision(&build(role().rooms(Rooms::at(rooms(1))))).await;
                apply(build(role().rooms(all())))
            }
            Self::Shrink => {
                contoso.provision(&build(role().rooms(all()))).await;
                apply(build(
                    role().rooms(Rooms::at(rooms(2))).other_members(OtherMembers::Remove).allow_large_removal(true),
                ))
            }
            Self::WrongSettings => {
                contoso.provision(&build(role().rooms(all()))).await;
                let name = tenant.role_assignments(&contoso.booking)[0].name.clone();
                tenant.run_cmdlet("Set-ManagementRoleAssignment", json!({ "Identity": name, "Enabled": false }));
                tenant.run_cmdlet(
                    "Set-DistributionGroup",
                    json!({ "Identity": GROUP, "MemberJoinRestriction": "ApprovalRequired", "HiddenFromAddressListsEnabled": false,
                        "BypassSecurityGroupManagerCheck": true }),
                );
                tenant.grant(&contoso.booking, Resource::Graph, "Calendars.Read");
                apply(build(role().rooms(all())))
            }
            Self::SecondGroup | Self::SecondGroupShrinks => {
                no_permission();
                let first = RestrictedCalendarGroup::placeos(FIRST, &*contoso.booking.client_id).owner(OWNER);
                let first = build(
                    first.name("First").must_not_reach(CEO).revoke_tenant_wide_grant(true).rooms(Rooms::at(rooms(1))),
                );
                contoso.provision(&first).await;
                let second = || role().other_group(FIRST);
                let rest = build(second().rooms(Rooms::at(rooms(3).into_iter().skip(1))));
                if self == Self::SecondGroup {
                    return apply(rest);
                }
                contoso.provision(&rest).await;
                let one = second().rooms(Rooms::at(rooms(2).into_iter().skip(1)));
                apply(build(one.other_members(OtherMembers::Remove).allow_large_removal(true)))
            }
            Self::Filter => {
                no_permission();
                let filter = Scope::Filter("RecipientTypeDetails -eq 'RoomMailbox'".into());
                apply(build(role().rooms(all()).scope(filter)))
            }
            Self::MigrationBegins | Self::MigrationRevokes | Self::MigrationEnds => {
                old_policy(contoso, OLD, rooms(3));
                self.migration(contoso, build(base().rooms(all()))).await
            }
            Self::TwoPoliciesBegin | Self::TwoPoliciesRevoke | Self::TwoPoliciesEnd => {
                old_policy(contoso, OLD, rooms(1));
                old_policy(contoso, SECOND_OLD, rooms(3).into_iter().skip(1).collect());
                self.migration(contoso, build(base().rooms(all()))).await
            }
            Self::BackBegins | Self::BackGrants | Self::BackEnds => {
                contoso.provision(&build(role().rooms(all()))).await;
                self.way_back(contoso, build(policy().rooms(all()))).await
            }
            Self::RetireRole | Self::RetirePolicy => {
                self.retirement(contoso, build(if self == Self::RetireRole { role() } else { policy() }.rooms(all())))
                    .await
            }
            Self::Rotate => {
                let spec = build(role().rooms(all()));
                contoso.provision(&spec).await;
                (Work::Rotate(Rotation::of(contoso)), Some(spec))
            }
            Self::Onboard | Self::OnboardGoesOn => (self.onboarding(contoso).await, None),
            Self::ProofOfPolicy => {
                let spec = build(policy().rooms(all()));
                contoso.provision(&spec).await;
                let identity = &tenant.access_policies(&contoso.booking)[0].identity;
                tenant.run_cmdlet("Remove-ApplicationAccessPolicy", json!({ "Identity": identity }));
                (Work::Prove(spec.clone()), Some(spec))
            }
            Self::Proof | Self::ProofOfMember | Self::ProofOfPermission | Self::ProofOfRole => {
                let spec = build(role().rooms(all()));
                contoso.provision(&spec).await;
                self.open(contoso);
                (Work::Prove(spec.clone()), Some(spec))
            }
        }
    }

    /// The migration from a role to a policy, with what comes before this part of it done.
    async fn way_back(
        self,
        contoso: &Contoso,
        spec: RestrictedCalendarGroup,
    ) -> (Work, Option<RestrictedCalendarGroup>) {
        let migrate = Migrate::new(spec.clone());
        if self == Self::BackBegins {
            return (Work::Carry(migrate.into()), None);
        }
        carry(contoso, &migrate).await;
        let migrate = migrate.policy_acts(true);
        if self == Self::BackGrants {
            return (Work::Carry(migrate.into()), None);
        }
        carry(contoso, &migrate).await;
        (Work::Carry(migrate.granted_at(SystemTime::now() - 29 * HOUR).into()), Some(spec))
    }

    /// Opens the mailbox that must not be reached, past everything that was provisioned.
    fn open(self, contoso: &Contoso) {
        let (tenant, booking) = (&contoso.tenant, &contoso.booking);
        match self {
            Self::ProofOfMember => {
                let member = json!({ "Identity": GROUP, "Member": CEO, "BypassSecurityGroupManagerCheck": true });
                tenant.run_cmdlet("Add-DistributionGroupMember", member);
            }
            Self::ProofOfPermission => tenant.grant(booking, Resource::Graph, "Calendars.Read"),
            Self::ProofOfRole => {
                tenant.assign_role(booking, NewRoleAssignment::new("Application Calendars.Read").name("everybody"));
            }
            _ => {}
        }
    }

    async fn migration(
        self,
        contoso: &Contoso,
        spec: RestrictedCalendarGroup,
    ) -> (Work, Option<RestrictedCalendarGroup>) {
        let migrate = Migrate::new(spec.clone());
        if let Self::MigrationBegins | Self::TwoPoliciesBegin = self {
            return (Work::Carry(migrate.into()), None);
        }
        carry(contoso, &migrate).await;
        if let Self::MigrationRevokes | Self::TwoPoliciesRevoke = self {
            return (Work::Carry(migrate.into()), None);
        }
        contoso.tenant.set_time(SystemTime::now());
        carry(contoso, &migrate).await;
        (Work::Carry(migrate.revoked_at(SystemTime::now() - 29 * HOUR).into()), Some(spec))
    }

    /// The application that reads rooms, from nothing, or where an earlier run was gone once it was registered.
    async fn onboarding(self, contoso: &Contoso) -> Work {
        if self == Self::OnboardGoesOn {
            let new = NewApplication::new(NEWCOMER).unique_name(format!("exchange-groups:{NEWCOMER}"));
            let created = contoso.client.applications().create(&new).await;
            created.unwrap_or_else(|error| panic!("no application: {error}"));
        }
        let profile = Profile::PLACEOS.calendars.unwrap_or_else(|| panic!("PlaceOS has one"));
        Work::Onboard(Onboarding::new(
            profile.registration(Restriction::Rbac).called(NEWCOMER),
            |application: ClientId| {
                let spec =
                    RestrictedCalendarGroup::placeos(GROUP, application.to_string()).owner(OWNER).must_not_reach(CEO);
                let spec = spec.revoke_tenant_wide_grant(true).rooms(Rooms::at(rooms(3)));
                spec.build().unwrap_or_else(|error| panic!("a spec: {error}"))
            },
        ))
    }

    async fn retirement(
        self,
        contoso: &Contoso,
        spec: RestrictedCalendarGroup,
    ) -> (Work, Option<RestrictedCalendarGroup>) {
        contoso.provision(&spec).await;
        let mut retire = Retire::new(spec).remove_group(true);
        if self == Self::RetirePolicy {
            contoso.tenant.revoke_app_role(&contoso.booking, "Calendars.ReadWrite");
            retire = retire.revoked_at(SystemTime::now() - 29 * HOUR);
        }
        (Work::Carry(retire.into()), None)
    }
}

/// A policy that restricts the application, as somebody made it before.
fn old_policy(contoso: &Contoso, group: &str, members: Vec<String>) {
    contoso.tenant.add_group(NewGroup::security(group).owner(OWNER).members(members));
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Restrict, group);
}

async fn carry(contoso: &Contoso, migrate: &Migrate) {
    let procedure = contoso.groups.procedure(migrate.clone()).await.unwrap_or_else(|error| panic!("{error}"));
    let report = contoso.groups.carry_out(&procedure).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!report.has_failed(), "{report}");
}
