//! The runs that are swept, each from a tenant of its own.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use exchange_groups::{
    Goal, Migrate, OtherMembers, RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, Retire, Rooms, Scope,
};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{Application, FakeTenant, NewGroup, NewRoleAssignment, PolicyRight, Resource};

use super::reached;

const OWNER: &str = "owner@contoso.com";
const CEO: &str = "ceo@contoso.com";
const OLD: &str = "old-rooms@contoso.com";
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
    Filter,
    MigrationBegins,
    MigrationRevokes,
    MigrationEnds,
    BackBegins,
    BackGrants,
    BackEnds,
    RetireRole,
    RetirePolicy,
}

pub(super) const SCENARIOS: [Scenario; 16] = [
    Scenario::FreshRole,
    Scenario::RoleForPermission,
    Scenario::FreshPolicy,
    Scenario::Grow,
    Scenario::Shrink,
    Scenario::WrongSettings,
    Scenario::SecondGroup,
    Scenario::Filter,
    Scenario::MigrationBegins,
    Scenario::MigrationRevokes,
    Scenario::MigrationEnds,
    Scenario::BackBegins,
    Scenario::BackGrants,
    Scenario::BackEnds,
    Scenario::RetireRole,
    Scenario::RetirePolicy,
];

pub(super) enum Work {
    Apply(RestrictedCalendarGroup),
    Carry(Goal),
}

/// A tenant before the run, and what holds after it.
pub(super) struct Start {
    pub(super) contoso: Contoso,
    pub(super) work: Work,
    /// What is reached once it is done.
    pub(super) after: BTreeSet<String>,
    /// What may be reached at any moment: what was reached before, and what the goal grants.
    pub(super) allowed: BTreeSet<String>,
    /// What a proof shows at the end, where the goal is a restriction.
    pub(super) proved: Option<RestrictedCalendarGroup>,
    /// What is others'.
    pub(super) others: String,
    other: Application,
}

impl Start {
    /// What belongs to another application and to another group.
    pub(super) fn others(&self) -> String {
        others(&self.contoso.tenant, &self.other)
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
        if self == Self::MigrationRevokes || self == Self::MigrationEnds {
            tenant.set_time(SystemTime::now() - 3 * HOUR);
        }
        let contoso = Contoso::of(tenant).await;
        let (work, proved) = self.work(&contoso).await;
        let tenant = &contoso.tenant;
        if self == Self::MigrationRevokes || self == Self::MigrationEnds {
            tenant.set_time(SystemTime::now());
        }
        // It carries what the application holds now, for as long as it lives.
        let _ = tenant.graph_token(&contoso.booking);
        let after = self.after(&contoso);
        let [configured, now] = reached(tenant, &contoso.booking);
        let allowed = configured.into_iter().chain(now).chain(after.clone()).collect();
        let others = others(tenant, &other);
        Start { contoso, work, after, allowed, proved, others, other }
    }

    fn after(self, contoso: &Contoso) -> BTreeSet<String> {
        let all = contoso.tenant.rooms();
        match self {
            Self::RetireRole | Self::RetirePolicy => BTreeSet::new(),
            Self::Shrink => all.into_iter().take(2).collect(),
            _ => all.into_iter().collect(),
        }
    }

    /// Makes the tenant that the run begins in, and says what is run.
    async fn work(self, contoso: &Contoso) -> (Work, Option<RestrictedCalendarGroup>) {
        let tenant = &contoso.tenant;
        let named = |spec: RestrictedCalendarGroupBuilder| spec.must_not_reach(CEO);
        let base = || named(RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id).owner(OWNER));
        let role = || base().revoke_tenant_wide_grant(true);
        let policy = || base().restriction(exchange_groups::Restriction::Policy);
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
                tenant.run_cmdlet(
                    "Set-ManagementRoleAssignment",
                    serde_json::json!({ "Identity": name, "Enabled": false }),
                );
                tenant.run_cmdlet(
                    "Set-DistributionGroup",
                    serde_json::json!({ "Identity": GROUP, "MemberJoinRestriction": "ApprovalRequired", "HiddenFromAddressListsEnabled": false,
                        "BypassSecurityGroupManagerCheck": true }),
                );
                tenant.grant(&contoso.booking, Resource::Graph, "Calendars.Read");
                apply(build(role().rooms(all())))
            }
            Self::SecondGroup => {
                no_permission();
                let first =
                    RestrictedCalendarGroup::placeos("first@contoso.com", &*contoso.booking.client_id).owner(OWNER);
                let first = build(
                    first.name("First").must_not_reach(CEO).revoke_tenant_wide_grant(true).rooms(Rooms::at(rooms(1))),
                );
                contoso.provision(&first).await;
                let rest: Vec<String> = rooms(3).into_iter().skip(1).collect();
                apply(build(role().rooms(Rooms::at(rest)).other_group("first@contoso.com")))
            }
            Self::Filter => {
                no_permission();
                let filter = Scope::Filter("RecipientTypeDetails -eq 'RoomMailbox'".into());
                apply(build(role().rooms(all()).scope(filter)))
            }
            Self::MigrationBegins | Self::MigrationRevokes | Self::MigrationEnds => {
                tenant.add_group(NewGroup::security(OLD).owner(OWNER).members(rooms(3)));
                tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Restrict, OLD);
                let spec = build(base().rooms(all()));
                let migrate = Migrate::new(spec.clone());
                if self != Self::MigrationBegins {
                    carry(contoso, &migrate).await;
                }
                if self == Self::MigrationEnds {
                    tenant.set_time(SystemTime::now());
                    carry(contoso, &migrate).await;
                    return (Work::Carry(migrate.revoked_at(SystemTime::now() - 29 * HOUR).into()), Some(spec));
                }
                (Work::Carry(migrate.into()), None)
            }
            Self::BackBegins | Self::BackGrants | Self::BackEnds => {
                contoso.provision(&build(role().rooms(all()))).await;
                let spec = build(policy().rooms(all()));
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
            Self::RetireRole | Self::RetirePolicy => {
                self.retirement(contoso, build(if self == Self::RetireRole { role() } else { policy() }.rooms(all())))
                    .await
            }
        }
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

async fn carry(contoso: &Contoso, migrate: &Migrate) {
    let procedure = contoso.groups.procedure(migrate.clone()).await.unwrap_or_else(|error| panic!("{error}"));
    let report = contoso.groups.carry_out(&procedure).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!report.has_failed(), "{report}");
}
