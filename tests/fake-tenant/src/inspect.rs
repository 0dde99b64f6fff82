//! Reading the tenant's state in a test, past all permissions.

use crate::access::{Assignee, Reach};
use crate::recipient::{Owner, Recipient, RecipientKind};
use crate::roles::Resource;
use crate::setup::{expect, expect_app, lookup};
use crate::sign_in;
use crate::tenant::{Application, FakeTenant};
use crate::world::World;

/// A group as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupView {
    /// The primary address.
    pub address: String,
    /// All addresses, the primary one first.
    pub addresses: Vec<String>,
    /// The name, unique in the tenant.
    pub name: String,
    /// The display name.
    pub display_name: String,
    /// The alias.
    pub alias: String,
    /// The kind of group.
    pub kind: RecipientKind,
    /// The Entra object id.
    pub object_id: String,
    /// The Exchange object id.
    pub guid: String,
    /// The distinguished name.
    pub distinguished_name: String,
    /// The owners: addresses, service principals' object ids or names of role groups.
    pub owners: Vec<String>,
    /// The addresses of its direct members, sorted.
    pub members: Vec<String>,
    /// Whether it is hidden from address lists.
    pub hidden: bool,
    /// Whether it is synchronised from on-premises.
    pub dir_synced: bool,
    /// Whether only senders of the organisation may write to it.
    pub requires_sender_authentication: bool,
    /// `Open`, `Closed` or `ApprovalRequired`.
    pub join_restriction: String,
    /// `Open` or `Closed`.
    pub depart_restriction: String,
    /// The description, empty when there is none.
    pub description: String,
}

/// A role assignment of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleAssignmentView {
    /// The name.
    pub name: String,
    /// The role, such as `Application Calendars.Read`.
    pub role: String,
    /// The name of the management scope, if it uses one.
    pub scope: Option<String>,
    /// The filter of that scope, as it was written.
    pub filter: Option<String>,
    /// The address of the group, if it is scoped to one.
    pub group: Option<String>,
    /// Whether it is enabled.
    pub enabled: bool,
}

impl RoleAssignmentView {
    /// Whether it reaches the whole organisation.
    #[must_use]
    pub fn is_unscoped(&self) -> bool {
        self.scope.is_none() && self.group.is_none()
    }
}

/// An application access policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessPolicyView {
    /// The identity by which it is removed.
    pub identity: String,
    /// The client id, or `*`.
    pub app_id: String,
    /// The address of its scope; empty when that was deleted.
    pub scope: String,
    /// Whether it denies instead of restricting.
    pub denies: bool,
    /// The description.
    pub description: String,
}

/// A secret of an application, with its text, which Graph shows only once.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretView {
    /// The id by which it is removed.
    pub key_id: String,
    /// The name.
    pub name: Option<String>,
    /// The text.
    pub text: String,
    /// When it expires, such as `2026-12-01T09:00:00Z`; `None` for never.
    pub expires: Option<String>,
}

impl std::fmt::Debug for SecretView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretView").field("key_id", &self.key_id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A message that was sent through Graph.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentMailView {
    /// The address of the mailbox that it was sent from.
    pub from: String,
    /// All recipients.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The text, or the HTML.
    pub body: String,
}

/// A change notification that is on its way.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PendingNotification {
    /// Where it is to be sent.
    pub url: String,
    /// The body, as it goes on the wire.
    pub body: serde_json::Value,
}

/// An event of a calendar, or a series.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventView {
    /// The id in this mailbox.
    pub id: String,
    /// The subject; in a room's calendar that is often the organiser's name.
    pub subject: String,
    /// When it begins, the first of a series, such as `2026-12-01T09:00:00Z`.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// The address of the organiser, where somebody of the tenant is.
    pub organizer: Option<String>,
    /// What this mailbox answered: `organizer`, `accepted`, `declined`, `notResponded`, …
    pub response: String,
    /// Whether the organiser called it off.
    pub is_cancelled: bool,
    /// Who is invited, in the order of the invitation.
    pub attendees: Vec<AttendeeView>,
}

/// Somebody who is invited.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttendeeView {
    /// The address.
    pub address: String,
    /// The answer: `none` until there is one, then `accepted`, `declined` or `tentativelyAccepted`.
    pub response: String,
}

/// A subscription to change notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionView {
    /// The id.
    pub id: String,
    /// The client id of the application that made it.
    pub application: String,
    /// What is followed, as it was asked for.
    pub resource: String,
    /// The kinds of changes.
    pub changes: Vec<String>,
    /// Where notifications go.
    pub url: String,
    /// When it ends, such as `2026-12-01T09:00:00Z`.
    pub expires: String,
}

impl FakeTenant {
    /// The events of a mailbox, in all its calendars, in the order they were made.
    ///
    /// # Panics
    /// When the mailbox is not in the tenant.
    #[must_use]
    pub fn events(&self, mailbox: &str) -> Vec<EventView> {
        let world = &self.state().world;
        let id = expect(world, mailbox);
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let attendee = |row: &serde_json::Value| AttendeeView {
            address: text(&row["emailAddress"]["address"]),
            response: row["status"]["response"].as_str().unwrap_or("none").to_owned(),
        };
        let view = |event: &crate::calendar::Event| EventView {
            id: event.id.clone(),
            subject: event.properties.get("subject").map(text).unwrap_or_default(),
            start: event.start.to_string(),
            end: event.end.to_string(),
            organizer: event.organizer.and_then(|id| world.directory.get(id)).map(|it| it.primary().to_owned()),
            response: event.response.to_owned(),
            is_cancelled: event.cancelled,
            attendees: event
                .properties
                .get("attendees")
                .and_then(serde_json::Value::as_array)
                .map(|rows| rows.iter().map(attendee).collect())
                .unwrap_or_default(),
        };
        world.events.get(&id).into_iter().flatten().map(view).collect()
    }

    /// The subscriptions that live, in the order they were made.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<SubscriptionView> {
        let world = &self.state().world;
        let now = world.now();
        let live = world.subscriptions.iter().filter(|subscription| subscription.expires > now);
        live.map(|subscription| SubscriptionView {
            id: subscription.id.to_string(),
            application: subscription.application.to_string(),
            resource: subscription.resource.clone(),
            changes: subscription.changes.clone(),
            url: subscription.url.clone(),
            expires: subscription.expires.to_string(),
        })
        .collect()
    }

    /// What was sent through Graph, in order.
    #[must_use]
    pub fn sent_mail(&self) -> Vec<SentMailView> {
        let state = self.state();
        let view = |mail: &crate::calendar::SentMail| SentMailView {
            from: mail.from.clone(),
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            body: mail.body.clone(),
        };
        state.world.sent.iter().map(view).collect()
    }

    /// Takes the notifications that were not delivered yet. A `Server` delivers them
    /// by itself; without one a test does it in its place.
    #[must_use]
    pub fn take_notifications(&self) -> Vec<PendingNotification> {
        let taken = std::mem::take(&mut self.state().world.outbox);
        taken
            .into_iter()
            .map(|notification| PendingNotification {
                url: notification.url,
                body: serde_json::json!({"value": [notification.item]}),
            })
            .collect()
    }

    /// The tenant id.
    #[must_use]
    pub fn id(&self) -> String {
        self.state().world.organization.id.to_string()
    }

    /// The default domain.
    #[must_use]
    pub fn domain(&self) -> String {
        self.state().world.organization.default_domain.clone()
    }

    /// The `.onmicrosoft.com` domain.
    #[must_use]
    pub fn initial_domain(&self) -> String {
        self.state().world.organization.initial_domain.clone()
    }

    /// An application by client id, object id or display name.
    #[must_use]
    pub fn application(&self, name: &str) -> Option<Application> {
        self.state().world.app(name).map(Application::of)
    }

    /// A fresh Graph token for an application, without a request.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    #[must_use]
    pub fn graph_token(&self, application: impl AsRef<str>) -> String {
        self.token(application.as_ref(), Resource::Graph, "https://graph.microsoft.com")
    }

    /// A fresh Exchange token for an application, without a request.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    #[must_use]
    pub fn exchange_token(&self, application: impl AsRef<str>) -> String {
        self.token(application.as_ref(), Resource::Exchange, "https://outlook.office365.com")
    }

    fn token(&self, application: &str, resource: Resource, audience: &str) -> String {
        let state = &mut *self.state();
        let app = expect_app(&state.world, application).clone();
        sign_in::issue(&mut state.tokens, &mut state.world, &app, resource, audience)
    }

    /// The addresses of a group's direct members, sorted.
    ///
    /// # Panics
    /// When the group is not in the tenant.
    #[must_use]
    pub fn members(&self, group: &str) -> Vec<String> {
        let world = &self.state().world;
        let id = expect(world, group);
        member_addresses(world, id)
    }

    /// The group with this address, id or name, by whichever service it was made.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<GroupView> {
        let world = &self.state().world;
        lookup(world, name).filter(|group| group.kind.is_group()).map(|group| view(world, group))
    }

    /// The addresses of all groups of Exchange, in the order they were made.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        self.addresses(|recipient| recipient.kind.is_distribution_group())
    }

    /// The addresses of all recipients of a kind, in the order they were made.
    #[must_use]
    pub fn recipients(&self, kind: RecipientKind) -> Vec<String> {
        self.addresses(|recipient| recipient.kind == kind)
    }

    /// The addresses of all rooms, in the order they were made.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        self.recipients(RecipientKind::RoomMailbox)
    }

    /// The addresses of all people with mailboxes, in the order they were made.
    #[must_use]
    pub fn people(&self) -> Vec<String> {
        self.recipients(RecipientKind::UserMailbox)
    }

    fn addresses(&self, wanted: impl Fn(&Recipient) -> bool) -> Vec<String> {
        let state = self.state();
        state
            .world
            .directory
            .iter()
            .filter(|recipient| wanted(recipient))
            .map(|recipient| recipient.primary().to_owned())
            .collect()
    }

    /// The values of the app roles that an application holds, of Graph and of Exchange, in the order
    /// they were granted.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    #[must_use]
    pub fn app_roles(&self, application: impl AsRef<str>) -> Vec<String> {
        let world = &self.state().world;
        let app = expect_app(world, application.as_ref());
        let mut roles = app.roles(Resource::Graph, &world.links);
        roles.extend(app.roles(Resource::Exchange, &world.links));
        roles
    }

    /// The secrets of an application, expired ones too, in the order they were added.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    #[must_use]
    pub fn secrets(&self, application: impl AsRef<str>) -> Vec<SecretView> {
        let world = &self.state().world;
        let view = |secret: &crate::world::Secret| SecretView {
            key_id: secret.key_id.to_string(),
            name: secret.display_name.clone(),
            text: secret.text.clone(),
            expires: secret.expires.map(|it| it.to_string()),
        };
        expect_app(world, application.as_ref()).secrets.iter().map(view).collect()
    }

    /// Whether Exchange has a pointer to the application's service principal.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    #[must_use]
    pub fn has_pointer(&self, application: impl AsRef<str>) -> bool {
        let world = &self.state().world;
        let app = expect_app(world, application.as_ref());
        world.access.current.pointers.iter().any(|pointer| pointer.object_id == app.object_id)
    }

    /// The names of all management scopes.
    #[must_use]
    pub fn management_scopes(&self) -> Vec<String> {
        let state = self.state();
        let scopes = &state.world.access.current.scopes;
        scopes.iter().map(|scope| scope.name.clone()).collect()
    }

    /// The role assignments of an application, as configured.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    #[must_use]
    pub fn role_assignments(&self, application: impl AsRef<str>) -> Vec<RoleAssignmentView> {
        let world = &self.state().world;
        let object_id = expect_app(world, application.as_ref()).object_id;
        let access = &world.access.current;
        access
            .assignments
            .iter()
            .filter(|assignment| assignment.assignee == Assignee::Application(object_id))
            .map(|assignment| {
                let scope = match assignment.reach {
                    Reach::Scope(guid) => access.scopes.iter().find(|scope| scope.guid == guid),
                    _ => None,
                };
                RoleAssignmentView {
                    name: assignment.name.clone(),
                    role: assignment.role.clone(),
                    scope: scope.map(|scope| scope.name.clone()),
                    filter: scope.map(|scope| scope.text.clone()),
                    group: match assignment.reach {
                        Reach::Group(id) => Some(address_of(world, id)),
                        _ => None,
                    },
                    enabled: assignment.enabled,
                }
            })
            .collect()
    }

    /// The access policies that name the application, or all applications, as configured.
    #[must_use]
    pub fn access_policies(&self, application: impl AsRef<str>) -> Vec<AccessPolicyView> {
        let world = &self.state().world;
        let client_id = expect_app(world, application.as_ref()).client_id.to_string();
        world
            .access
            .current
            .policies
            .iter()
            .filter(|policy| policy.app_id == "*" || policy.app_id == client_id)
            .map(|policy| AccessPolicyView {
                identity: policy.identity.clone(),
                app_id: policy.app_id.clone(),
                scope: address_of(world, policy.scope),
                denies: policy.deny,
                description: policy.description.clone(),
            })
            .collect()
    }
}

fn address_of(world: &World, id: crate::recipient::RecipientId) -> String {
    world.directory.get(id).map_or_else(String::new, |recipient| recipient.primary().to_owned())
}

pub(crate) fn member_addresses(world: &World, group: crate::recipient::RecipientId) -> Vec<String> {
    let mut addresses: Vec<String> = world.members(group).into_iter().map(|member| address_of(world, member)).collect();
    addresses.sort_unstable();
    addresses
}

fn view(world: &World, group: &Recipient) -> GroupView {
    let setting = |name: &str| group.group.other.get(name);
    GroupView {
        address: group.primary().to_owned(),
        addresses: group.addresses.clone(),
        name: group.name.clone(),
        display_name: group.display_name.clone(),
        alias: group.alias.clone(),
        kind: group.kind,
        object_id: group.object_id_text(),
        guid: group.guid.to_string(),
        distinguished_name: group.distinguished_name.clone(),
        owners: group
            .group
            .owners
            .iter()
            .map(|owner| match owner {
                Owner::Recipient(id) => address_of(world, *id),
                Owner::Application(id) => id.to_string(),
                Owner::RoleGroup(name) => name.clone(),
            })
            .collect(),
        members: member_addresses(world, group.id),
        hidden: group.hidden,
        dir_synced: group.dir_synced,
        requires_sender_authentication: setting("RequireSenderAuthenticationEnabled")
            .and_then(serde_json::Value::as_bool)
            .unwrap_or(true),
        join_restriction: group.group.join.to_owned(),
        depart_restriction: group.group.depart.to_owned(),
        description: setting("Description")
            .and_then(serde_json::Value::as_array)
            .map(|lines| lines.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join("\n"))
            .unwrap_or_default(),
    }
}
