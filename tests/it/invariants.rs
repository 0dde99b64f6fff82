//! What holds for every tenant and every spec: applying leaves nothing to plan, and no step widens what is reached.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use exchange_groups::{
    ErrorKind, Event, OtherMembers, Permission, RestrictedCalendarGroup, Restriction, RoomFilter, Rooms, Scope,
};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{FakeTenant, NewGroup, NewMailbox, NewRoleAssignment, PolicyRight, Resource};
use proptest::prelude::*;

const ROOMS: usize = 5;
const PEOPLE: [&str; 3] = ["ceo@contoso.com", "adele@contoso.com", "owner@contoso.com"];
const OTHER_GROUP: &str = "others@contoso.com";

fn room(number: usize) -> String {
    format!("room-{number}@contoso.com")
}

/// A tenant as somebody may have left it.
#[derive(Debug, Clone)]
struct Start {
    /// Who is in the group, as bits of rooms and then people; `None` where there is no group.
    members: Option<u8>,
    /// Who is in another group.
    others: u8,
    /// Which rooms have the attribute.
    marked: u8,
    grants: [bool; 2],
    /// The application's own policies, and one for every application: over which group, and whether they deny.
    policies: Vec<(bool, bool, bool)>,
    /// Roles over the group, the other group, or nothing.
    roles: Vec<(bool, u8)>,
}

#[expect(clippy::struct_excessive_bools, reason = "they are independent wishes")]
#[derive(Debug, Clone)]
struct Wish {
    policy: bool,
    write: bool,
    keep: bool,
    revoke: bool,
    /// The group, a filter or a unit.
    scope: u8,
    rooms: Option<u8>,
}

fn starts() -> impl Strategy<Value = Start> {
    (
        prop::option::of(0..=255_u8),
        any::<u8>(),
        0..32_u8,
        any::<[bool; 2]>(),
        prop::collection::vec(any::<(bool, bool, bool)>(), 0..3),
        prop::collection::vec((any::<bool>(), 0..3_u8), 0..2),
    )
        .prop_map(|(members, others, marked, grants, policies, roles)| Start {
            members,
            others,
            marked,
            grants,
            policies,
            roles,
        })
}

fn wishes() -> impl Strategy<Value = Wish> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 0..4_u8, prop::option::of(1..32_u8))
        .prop_map(|(policy, write, keep, revoke, scope, rooms)| Wish { policy, write, keep, revoke, scope, rooms })
}

/// The rooms and people of a set of bits.
fn of_bits(bits: u8) -> Vec<String> {
    let all = (0..ROOMS).map(room).chain(PEOPLE.into_iter().map(str::to_owned));
    all.enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, address)| address).collect()
}

impl Start {
    async fn build(&self) -> (Contoso, String) {
        let tenant = FakeTenant::builder().build();
        for number in 0..ROOMS {
            let new = NewMailbox::room(&room(number));
            let is_marked = self.marked & (1 << number) != 0;
            tenant.add_mailbox(if is_marked { new.custom_attribute(1, "Bookable") } else { new });
        }
        for person in PEOPLE {
            tenant.add_person(person);
        }
        let unit = tenant.add_unit("Rooms", of_bits(self.marked));
        tenant.add_group(NewGroup::security(OTHER_GROUP).owner("owner@contoso.com").members(of_bits(self.others)));
        if let Some(members) = self.members {
            let group = NewGroup::security(GROUP).display_name("PlaceOS Room Booking").owner("owner@contoso.com");
            tenant.add_group(group.members(of_bits(members)));
        }
        let app = tenant.booking_application();
        tenant.revoke_app_role(&app, "Calendars.ReadWrite");
        for (granted, role) in self.grants.iter().zip(["Calendars.ReadWrite", "Calendars.Read"]) {
            if *granted {
                tenant.grant(&app, Resource::Graph, role);
            }
        }
        for (of_all, deny, over_other) in &self.policies {
            let scope = if *over_other || self.members.is_none() { OTHER_GROUP } else { GROUP };
            let right = if *deny { PolicyRight::Deny } else { PolicyRight::Restrict };
            tenant.add_access_policy(if *of_all { "*" } else { &app.client_id }, right, scope);
        }
        for (write, over) in &self.roles {
            let role = if *write { "Application Calendars.ReadWrite" } else { "Application Calendars.Read" };
            let assignment = NewRoleAssignment::new(role).name(&format!("by hand {write} {over}"));
            tenant.assign_role(
                &app,
                match over {
                    0 if self.members.is_some() => assignment.group(GROUP),
                    2 => assignment,
                    _ => assignment.group(OTHER_GROUP),
                },
            );
        }
        (Contoso::of(tenant).await, unit)
    }
}

impl Wish {
    fn spec(&self, contoso: &Contoso, unit: &str) -> RestrictedCalendarGroup {
        let rooms = match (self.scope, self.rooms) {
            (2 | 3, _) => Rooms::matching(RoomFilter::new().custom_attribute1("Bookable")),
            (_, None) => Rooms::all(),
            (_, Some(bits)) => Rooms::at(of_bits(bits)),
        };
        let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
            .owner("owner@contoso.com")
            .rooms(rooms)
            .allow_large_removal(true)
            .permission(if self.write { Permission::ReadWrite } else { Permission::Read })
            .other_members(if self.keep { OtherMembers::Keep } else { OtherMembers::Remove })
            .must_not_reach("ceo@contoso.com");
        let spec = match (self.policy, self.scope) {
            (true, _) => return spec.restriction(Restriction::Policy).build().expect("a spec"),
            (false, 2) => spec.scope(Scope::filter("CustomAttribute1 -eq 'Bookable'")),
            (false, 3) => spec.scope(Scope::administrative_unit(unit)),
            (false, _) => spec,
        };
        spec.revoke_tenant_wide_grant(self.revoke).build().expect("a spec")
    }
}

fn reached(tenant: &FakeTenant, app: &fake_tenant::Application) -> BTreeSet<String> {
    tenant.mailboxes().into_iter().filter(|mailbox| tenant.can_read(app, mailbox)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// After every single step: what is newly reached is what the spec wants or keeps, and never a mailbox that must not
    /// be reached. At the end a second plan is empty, and what is in the group is what was planned.
    #[test]
    fn a_plan_widens_nothing_at_any_step_and_leaves_nothing_to_plan(start in starts(), wish in wishes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (contoso, unit) = start.build().await;
            let spec = wish.spec(&contoso, &unit);
            let plan = contoso.groups.plan(&spec).await.unwrap();
            let selected: BTreeSet<String> = match (wish.policy, wish.scope, wish.rooms) {
                (_, 2 | 3, _) => of_bits(start.marked).into_iter().collect(),
                (_, _, Some(bits)) => of_bits(bits).into_iter().collect(),
                (_, _, None) => (0..ROOMS).map(room).collect(),
            };
            // Members that the spec keeps are meant to be reached; nobody who must not be reached is kept.
            let mut meant = selected;
            if wish.keep {
                meant.extend(of_bits(start.members.unwrap_or_default()));
            }
            meant.remove("ceo@contoso.com");
            let before = Arc::new(Mutex::new(reached(&contoso.tenant, &contoso.booking)));
            let wider = Arc::new(Mutex::new(Vec::new()));
            let (tenant, app) = (contoso.tenant.clone(), contoso.booking.clone());
            let (last, found) = (Arc::clone(&before), Arc::clone(&wider));
            let report = contoso.groups.apply(&plan).on_event(move |event| {
                if let Event::Step { change, .. } = event {
                    let now = reached(&tenant, &app);
                    let mut before = last.lock().unwrap();
                    let gained: Vec<String> = now.difference(&before).filter(|it| !meant.contains(*it)).cloned().collect();
                    if !gained.is_empty() {
                        found.lock().unwrap().push(format!("{change}: {gained:?}"));
                    }
                    *before = now;
                }
            });
            match report.await {
                Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Blocked, "{}", error),
                Ok(report) => {
                    prop_assert!(report.is_complete(), "{}", report);
                    let again = contoso.groups.plan(&spec).await.unwrap();
                    prop_assert!(again.is_empty(), "{}", again);
                }
            }
            let wider = wider.lock().unwrap();
            prop_assert!(wider.is_empty(), "{:?}\n{}", wider, plan);
            Ok(())
        })?;
    }
}
