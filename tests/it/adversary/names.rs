//! Names that collide: an object is who it is by its id and its addresses, whatever it is called.

use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{NewGroup, NewMailbox, NewRoleAssignment, RecipientKind};
use serde_json::json;

use super::{ADELE, CEO, MODES, Mode, Tally, attempt, provisioned, tenant};

/// The name that the usual spec gives the group.
const NAME: &str = "PlaceOS Room Booking";

/// Something that is called like something else, made before or after the restriction.
type Collision = (&'static str, fn(&Contoso));

const AFTER: [Collision; 9] = [
    ("a management scope that is named like the group", |contoso| {
        let everybody = "RecipientTypeDetails -eq 'UserMailbox'";
        let scope = json!({"Name": NAME, "RecipientRestrictionFilter": everybody});
        contoso.tenant.run_cmdlet("New-ManagementScope", scope);
        let role = json!({
            "App": contoso.booking.object_id, "Role": "Application Calendars.Read", "CustomResourceScope": NAME,
        });
        contoso.tenant.assign_role(
            &contoso.booking,
            NewRoleAssignment::new("Application Mail.Read").filter("Alias -eq 'nobody'"),
        );
        contoso.tenant.run_cmdlet("New-ManagementRoleAssignment", role);
    }),
    ("a list of the group's name, with a role over it", |contoso| {
        contoso.tenant.add_group(NewGroup::distribution("second").name(NAME).members([ADELE]));
        contoso
            .tenant
            .assign_role(&contoso.booking, NewRoleAssignment::new("Application Calendars.Read").group("second"));
    }),
    ("a list that is displayed as the group, with a role over it", |contoso| {
        contoso.tenant.add_group(NewGroup::distribution("second").display_name(NAME).name("Second").members([ADELE]));
        contoso
            .tenant
            .assign_role(&contoso.booking, NewRoleAssignment::new("Application Calendars.Read").group("second"));
    }),
    ("a group that is named by the group's address, with a role over it", |contoso| {
        contoso.tenant.add_group(NewGroup::security("second").name(GROUP).members([CEO]));
        contoso
            .tenant
            .assign_role(&contoso.booking, NewRoleAssignment::new("Application Calendars.Read").group("second"));
    }),
    ("a mail user with the CEO's address while the CEO is a member", |contoso| {
        contoso.tenant.add_mailbox(NewMailbox::new(RecipientKind::MailUser, CEO).shares_address());
        contoso.tenant.add_member(GROUP, ADELE);
    }),
    ("somebody who is named by the CEO's address while the CEO is a member", |contoso| {
        contoso.tenant.add_mailbox(NewMailbox::person("decoy").display_name(CEO));
        contoso.tenant.add_member(GROUP, CEO);
    }),
    ("a room that signs in by the CEO's address while the CEO is a member", |contoso| {
        contoso.tenant.set_user_principal_name(CEO, "patti@contoso.com");
        contoso.tenant.set_user_principal_name("room-00001", CEO);
        contoso.tenant.add_member(GROUP, CEO);
    }),
    ("the CEO signs in by another name, and somebody else by theirs", |contoso| {
        contoso.tenant.set_user_principal_name(CEO, "patti@contoso.com");
        contoso.tenant.add_person("decoy");
        contoso.tenant.set_user_principal_name("decoy@contoso.com", CEO);
        contoso.tenant.assign_role(
            &contoso.booking,
            NewRoleAssignment::new("Application Calendars.Read").filter("Alias -eq 'ceo'"),
        );
    }),
    ("an assignment that is named like ours, over everything", |contoso| {
        let ours = contoso.tenant.role_assignments(&contoso.booking).first().map(|role| role.name.clone());
        let name = ours.unwrap_or_else(|| "PlaceOS".to_owned());
        let role = NewRoleAssignment::new("Application Calendars.ReadWrite").name(&name);
        contoso.tenant.assign_role(&contoso.booking, role);
    }),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_hides_an_open_path() {
    let mut tally = Tally::default();
    for mode in MODES {
        for (what, collide) in AFTER {
            let (contoso, spec) = provisioned(mode).await;
            collide(&contoso);
            attempt(&contoso, &spec, &format!("{mode:?}: {what}"), &mut tally).await;
        }
    }
    tally.conclude("a name that collides");
}

const BEFORE: [Collision; 6] = [
    ("another team's group is named by our address", |contoso| {
        contoso.tenant.add_group(NewGroup::security("board-secrets").name(GROUP).members([CEO]));
    }),
    ("another team's group has our name", |contoso| {
        contoso.tenant.add_group(NewGroup::security("board-secrets").name(NAME).members([CEO]));
    }),
    ("another team's group has our alias as its name", |contoso| {
        contoso.tenant.add_group(NewGroup::security("board-secrets").name("placeosroombooking").members([CEO]));
    }),
    ("another team's group is displayed as ours", |contoso| {
        contoso.tenant.add_group(NewGroup::security("board-secrets").display_name(NAME).name("Secrets").members([CEO]));
    }),
    ("somebody is named by our address", |contoso| {
        contoso.tenant.add_mailbox(NewMailbox::person("decoy").display_name(GROUP));
    }),
    ("the group is there as a distribution list", |contoso| {
        contoso.tenant.add_group(NewGroup::distribution(GROUP).name(NAME).members([CEO]));
    }),
];

/// V1: whatever is called as ours is to be stays as it is, and no restriction over it is verified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_object_is_taken_for_ours_by_its_name() {
    let mut tally = Tally::default();
    for mode in MODES {
        for (what, collide) in BEFORE {
            let contoso = Contoso::of(tenant()).await;
            collide(&contoso);
            let theirs: Vec<_> = contoso.tenant.groups().iter().map(|group| contoso.tenant.group(group)).collect();
            let spec = mode.spec(&contoso);
            let plan = contoso.plan(&spec).await;
            if !plan.is_blocked() {
                let _ = contoso.groups.apply(&plan).await;
            }
            for before in theirs.into_iter().flatten() {
                assert_eq!(contoso.tenant.group(&before.address), Some(before), "{mode:?}: {what}\n{plan}");
            }
            attempt(&contoso, &spec, &format!("{mode:?}: {what}"), &mut tally).await;
        }
    }
    tally.conclude("an object that is called like ours");
}

/// The scope column keeps the name that a group had. Another group has that name now, and it is ours.
#[tokio::test]
async fn a_role_over_a_group_that_gave_its_name_to_ours_is_not_taken_for_a_role_over_ours() {
    let mut tally = Tally::default();
    let contoso = Contoso::of(tenant()).await;
    contoso.tenant.set_scope_follows_rename(false);
    let before = contoso.tenant.add_group(NewGroup::security("before").name(NAME).members([ADELE]));
    contoso
        .tenant
        .assign_role(&contoso.booking, NewRoleAssignment::new("Application Calendars.ReadWrite").group(&before));
    contoso.tenant.run_cmdlet("Set-DistributionGroup", json!({"Identity": before, "Name": "Before"}));
    let spec = Mode::Rbac.spec(&contoso);
    contoso.apply(&spec).await;
    attempt(&contoso, &spec, "the name of another group from before", &mut tally).await;
    tally.conclude("a name that moved");
}
