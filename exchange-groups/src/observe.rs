use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use graph_client::exchange::{
    ApplicationAccessPolicy, CmdletErrorKind, CmdletSet, DistributionGroup, Exchange, ExchangeServicePrincipal,
    GetAcceptedDomain, GetApplicationAccessPolicy, GetDistributionGroup, GetDistributionGroupMember, GetMailbox,
    GetManagementRoleAssignment, GetOrganizationConfig, GetRecipient, GetServicePrincipal, Mailbox,
    ManagementRoleAssignment, OrganizationConfig, Recipient,
};
use graph_client::graph::{AppRoleAssignment, ServicePrincipal};
use graph_client::{AppRoleAssignmentId, Client, SmtpAddress, well_known};
use serde::{Deserialize, Serialize};

use crate::{Error, RestrictedCalendarGroup, Result};

/// What is there now, as far as a spec asks about it. Plans are made from it, without a network.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Observation {
    /// The settings of the Exchange organisation.
    pub organization: OrganizationConfig,
    /// The domains that the organisation takes mail for.
    pub accepted_domains: Vec<String>,
    /// All room mailboxes.
    pub rooms: Vec<Mailbox>,
    /// The room list that the spec names.
    pub room_list: Option<ObservedRoomList>,
    /// The group at the spec's address.
    pub group: Option<ObservedGroup>,
    /// Who else has the spec's address.
    pub address_holder: Option<Recipient>,
    /// Another group that has the spec's name.
    pub name_holder: Option<DistributionGroup>,
    /// The recipients at the other addresses in the spec. `None` stands for nobody.
    pub recipients: BTreeMap<SmtpAddress, Option<Recipient>>,
    /// The application in Entra. `None` when it has no service principal in this tenant.
    pub application: Option<ServicePrincipal>,
    /// The calendar permissions that the application holds for the whole tenant.
    pub grants: Vec<Grant>,
    /// The application in Exchange.
    pub exchange_application: Option<ExchangeServicePrincipal>,
    /// The roles that the application holds in Exchange.
    pub role_assignments: Vec<ManagementRoleAssignment>,
    /// The access policies about the application.
    pub policies: Vec<ApplicationAccessPolicy>,
    /// The cmdlets that the caller may run. `None` when that could not be told.
    pub cmdlets: Option<CmdletSet>,
    /// What could not be read, and why. Nothing is concluded from it.
    pub unread: Vec<Unread>,
    /// The requests that it took.
    pub requests: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unread {
    /// What.
    pub what: UnreadPart,
    /// Why: what was attempted, and what the service said.
    pub error: String,
    /// Whether the caller lacks a right.
    pub is_denied: bool,
}

/// What can be left unread without making the rest worthless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnreadPart {
    /// The cmdlets that the caller may run.
    Cmdlets,
    /// What the application is and holds in Entra.
    Entra,
    /// The access policies.
    Policies,
    /// What the application is and holds in Exchange.
    Roles,
}

impl fmt::Display for UnreadPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cmdlets => "The list of cmdlets that the caller may run",
            Self::Entra => "What the application holds in Entra",
            Self::Policies => "The access policies",
            Self::Roles => "The roles of the application in Exchange",
        })
    }
}

/// The group, and who is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObservedGroup {
    /// The group.
    pub group: DistributionGroup,
    /// Its direct members.
    pub members: Vec<Recipient>,
}

/// The room list that a spec names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObservedRoomList {
    /// The group at its address. `None` when there is none.
    pub group: Option<DistributionGroup>,
    /// Its direct members.
    pub members: Vec<Recipient>,
}

/// A calendar permission that the application holds for every mailbox of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Grant {
    /// The grant's id.
    pub assignment: AppRoleAssignmentId,
    /// The permission, such as `Calendars.ReadWrite`.
    pub permission: String,
    /// What the permission is for, such as *Microsoft Graph*.
    pub resource: String,
}

impl Observation {
    /// The recipient at an address of the spec, among the rooms and the others that were looked up.
    pub(crate) fn recipient(&self, address: &SmtpAddress) -> Option<&Recipient> {
        self.recipients.get(address).and_then(Option::as_ref)
    }

    pub(crate) async fn of(client: &Client, spec: &RestrictedCalendarGroup) -> Result<Self> {
        let (client, meter) = client.metered();
        let started = Instant::now();
        let exchange = client.exchange();
        // The first read tells whether token, role and tenant work at all.
        let organization = exchange.run(GetOrganizationConfig::new()).await;
        let organization = organization.map_err(Error::during("read the organisation"))?;
        let mut seen = Self { organization, ..Self::default() };
        match exchange.available_cmdlets().await {
            Ok(cmdlets) if !cmdlets.is_empty() => seen.cmdlets = Some(cmdlets),
            Ok(_) => seen.unread.push(Unread {
                what: UnreadPart::Cmdlets,
                error: "the list is empty".into(),
                is_denied: false,
            }),
            Err(error) => seen.leave_unread(UnreadPart::Cmdlets, &error),
        }
        let domains = exchange.run(GetAcceptedDomain::new()).await.map_err(Error::during("read the domains"))?;
        seen.accepted_domains = domains
            .into_iter()
            .filter(|domain| domain.pending_removal != Some(true))
            .map(|domain| domain.domain_name)
            .collect();
        seen.rooms = exchange.run(GetMailbox::rooms()).await.map_err(Error::during("list the rooms"))?;
        seen.observe_group(&exchange, spec).await.map_err(Error::during("read the group"))?;
        if let Some(list) = &spec.rooms.room_list {
            let group = found(exchange.run(GetDistributionGroup::one(list)).await)
                .map_err(Error::during("read the room list"))?
                .into_iter()
                .flatten()
                .find(|group| group.has_address(list));
            let members = match &group {
                Some(_) => exchange.run(GetDistributionGroupMember::new(list)).await,
                None => Ok(Vec::new()),
            };
            let members = members.map_err(Error::during("read the room list"))?;
            seen.room_list = Some(ObservedRoomList { group, members });
        }
        seen.observe_recipients(&exchange, spec).await.map_err(Error::during("look up the addresses of the spec"))?;
        seen.observe_application(&client, spec).await?;
        seen.requests = meter.usage().requests;
        seen.elapsed = started.elapsed();
        Ok(seen)
    }

    async fn observe_group(&mut self, exchange: &Exchange, spec: &RestrictedCalendarGroup) -> graph_client::Result<()> {
        let address = &spec.address;
        // What comes back is checked to be what was asked for.
        let group = found(exchange.run(GetDistributionGroup::one(&spec.address)).await)?
            .and_then(|groups| groups.into_iter().find(|group| group.has_address(address)));
        if let Some(group) = group {
            let identity = group.identity().unwrap_or_else(|| (&spec.address).into());
            let members = exchange.run(GetDistributionGroupMember::new(identity)).await?;
            self.group = Some(ObservedGroup { group, members });
            return Ok(());
        }
        self.address_holder = found(exchange.run(GetRecipient::new(&spec.address)).await)?.and_then(only);
        if let Ok(name) = spec.name.as_str().parse::<graph_client::exchange::Identity>() {
            self.name_holder = found(exchange.run(GetDistributionGroup::one(name)).await)?.and_then(|groups| {
                let has_name = |group: &DistributionGroup| {
                    group.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(spec.name.as_str()))
                };
                groups.into_iter().find(has_name)
            });
        }
        Ok(())
    }

    async fn observe_recipients(
        &mut self,
        exchange: &Exchange,
        spec: &RestrictedCalendarGroup,
    ) -> graph_client::Result<()> {
        let rooms: HashSet<&SmtpAddress> =
            self.rooms.iter().flat_map(|room| room.email_addresses.iter().chain(&room.primary_smtp_address)).collect();
        // Rooms that are known to be rooms need no look-up of their own.
        let named_rooms = spec.rooms.addresses.iter().flatten().filter(|address| !rooms.contains(address));
        let addresses: BTreeSet<&SmtpAddress> =
            spec.owners.iter().chain(&spec.mailboxes).chain(&spec.must_not_reach).chain(named_rooms).collect();
        let addresses: Vec<SmtpAddress> = addresses.into_iter().cloned().collect();
        let lookups = addresses.iter().map(GetRecipient::new).collect();
        let answers = exchange.run_all(lookups).await;
        for (address, answer) in addresses.into_iter().zip(answers) {
            let recipient = found(answer)?.and_then(only);
            self.recipients.insert(address, recipient);
        }
        Ok(())
    }

    fn leave_unread(&mut self, what: UnreadPart, error: &graph_client::Error) {
        let is_denied = error.kind() == graph_client::ErrorKind::Denied;
        self.unread.push(Unread { what, error: error.to_string(), is_denied });
    }

    /// What the caller may not read is left out: the plan says which right is missing.
    fn unless_denied<T: Default>(&mut self, what: UnreadPart, result: graph_client::Result<T>) -> Result<T> {
        match result {
            Err(error) if error.kind() == graph_client::ErrorKind::Denied => {
                self.leave_unread(what, &error);
                Ok(T::default())
            }
            result => result.map_err(Error::during("read the application's permissions")),
        }
    }

    async fn observe_application(&mut self, client: &Client, spec: &RestrictedCalendarGroup) -> Result<()> {
        let app = spec.application;
        let exchange = client.exchange();
        let entra = self.observe_entra(client, spec).await;
        self.unless_denied(UnreadPart::Entra, entra)?;
        let policies = access_policies(exchange.run(GetApplicationAccessPolicy::all()).await);
        let policies = self.unless_denied(UnreadPart::Policies, policies)?;
        self.policies = policies.into_iter().filter(|policy| policy.concerns(&app)).collect();
        let pointers = found(exchange.run(GetServicePrincipal::new(app)).await);
        let pointers = self.unless_denied(UnreadPart::Roles, pointers)?;
        self.exchange_application =
            pointers.into_iter().flatten().find(|pointer| pointer.app_id.as_ref() == Some(app.as_uuid()));
        if let Some(object_id) = self.exchange_application.as_ref().and_then(|pointer| pointer.object_id) {
            let assignments = found(exchange.run(GetManagementRoleAssignment::of(object_id)).await);
            self.role_assignments = self.unless_denied(UnreadPart::Roles, assignments)?.unwrap_or_default();
        }
        Ok(())
    }

    async fn observe_entra(&mut self, client: &Client, spec: &RestrictedCalendarGroup) -> graph_client::Result<()> {
        let principals = client.service_principals();
        self.application = found(principals.by_app_id(&spec.application).await)?;
        let Some(application) = &self.application else { return Ok(()) };
        let assignments: Vec<AppRoleAssignment> =
            principals.app_role_assignments(&application.id).into_stream().try_collect().await?;
        self.grants = assignments.into_iter().filter_map(Grant::of).collect();
        Ok(())
    }
}

impl Grant {
    /// A grant that opens calendars. The ids are the same in every tenant; one of them is used by Graph and by
    /// Exchange under different names.
    fn of(assignment: AppRoleAssignment) -> Option<Self> {
        use well_known::app_roles;

        let permission = [
            (app_roles::CALENDARS_READ, "Calendars.Read"),
            (app_roles::CALENDARS_READ_WRITE, "Calendars.ReadWrite"),
            (app_roles::CALENDARS_READ_BASIC_ALL, "Calendars.ReadBasic.All"),
            (app_roles::FULL_ACCESS_AS_APP, "full_access_as_app"),
        ]
        .into_iter()
        .find(|(id, _)| *id.as_uuid() == assignment.app_role_id)?
        .1;
        let resource = assignment.resource_display_name.unwrap_or_else(|| "Microsoft Graph".into());
        Some(Self { assignment: assignment.id, permission: permission.into(), resource })
    }
}

/// One identity must lead to one object: several would be a guess.
fn only<T>(mut rows: Vec<T>) -> Option<T> {
    if rows.len() == 1 { rows.pop() } else { None }
}

/// A tenant that never had an access policy says that it cannot be found, instead of listing none.
pub(crate) fn access_policies(
    listed: graph_client::Result<Vec<ApplicationAccessPolicy>>,
) -> graph_client::Result<Vec<ApplicationAccessPolicy>> {
    match listed {
        Err(error) if error.cmdlet().is_some_and(|cmdlet| cmdlet.kind == CmdletErrorKind::ObjectNotFound) => {
            Ok(Vec::new())
        }
        listed => listed,
    }
}

/// "Not found" is an answer; any other error is not.
pub(crate) fn found<T>(result: graph_client::Result<T>) -> graph_client::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == graph_client::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
