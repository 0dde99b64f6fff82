//! Adds the mailboxes of a list to a group, and touches nobody else.

use std::collections::HashSet;
use std::fmt;

use graph_client::exchange::{
    AddDistributionGroupMember, AtAddress, CmdletErrorKind, DistributionGroup, ExchangeRecipient,
    GetDistributionGroupMember, UpdateDistributionGroupMember,
};
use graph_client::{InvalidValue, SmtpAddress, printable};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use crate::document::Origin;
use crate::error::{Error, Result};
use crate::finding::{Advice, Finding, FindingKind, Severity};
use crate::groups::ExchangeGroups;
use crate::membership::{BATCH, Difference, MailboxRef, MailboxSet, ids_of_recipient};
use crate::spec::{OtherMembers, SpecError};
use crate::text::{count, some_of, thousands};

/// How many members Exchange takes in a group.
const MAX_MEMBERS: usize = UpdateDistributionGroupMember::MAX_MEMBERS;

/// What came of adding the mailboxes of a list to a group: where each address of the list is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Additions {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The group.
    pub group: SmtpAddress,
    /// Whether nothing was changed: it says what would be added.
    pub is_dry_run: bool,
    /// Mailboxes that were added, or would be, and are seen to be members where they were.
    pub added: Vec<SmtpAddress>,
    /// Mailboxes that were members before.
    pub already: Vec<SmtpAddress>,
    /// Addresses that nobody has.
    pub unknown: Vec<SmtpAddress>,
    /// Addresses whose holder is not added, and why: it is no mailbox, or several have the address.
    pub unfit: Vec<NotAdded>,
    /// Mailboxes that could not be added, or were not seen to be members afterwards, and why.
    pub failed: Vec<NotAdded>,
    /// How many members the group has now.
    pub members: usize,
    /// The number of HTTP requests.
    pub requests: u64,
}

/// An address of a list that was not added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NotAdded {
    /// The address.
    pub address: SmtpAddress,
    /// Why.
    pub why: String,
}

impl Additions {
    /// Whether every address of the list is a member now.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.is_dry_run && self.unknown.is_empty() && self.unfit.is_empty() && self.failed.is_empty()
    }
}

impl fmt::Display for Additions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.is_dry_run { "to be added" } else { "added" };
        writeln!(f, "{} {verb} to {}", count(self.added.len(), "mailbox"), self.group)?;
        if !self.already.is_empty() {
            writeln!(f, "  members before  {}", self.already.len())?;
        }
        if !self.unknown.is_empty() {
            writeln!(f, "  UNKNOWN         {}: {}", count(self.unknown.len(), "address"), some_of(&self.unknown, 20))?;
        }
        for (title, list) in [("NOT FIT", &self.unfit), ("FAILED", &self.failed)] {
            for not_added in list {
                writeln!(f, "  {title:<14}  {}: {}", not_added.address, printable(&not_added.why))?;
            }
        }
        writeln!(f, "  members now     {}", self.members)?;
        writeln!(f, "  requests        {}", self.requests)
    }
}

/// The list with every fault at once. An address that stands in it twice counts once.
fn parse(addresses: impl IntoIterator<Item: Into<String>>) -> Result<Vec<SmtpAddress>> {
    let (mut parsed, mut faults, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (index, text) in addresses.into_iter().enumerate() {
        match text.into().trim().parse::<SmtpAddress>() {
            Ok(address) if seen.insert(address.clone()) => parsed.push(address),
            Ok(_) => {}
            Err(fault) => faults.push(InvalidValue::at(fault, format!("addresses[{index}]"))),
        }
    }
    if faults.is_empty() { Ok(parsed) } else { Err(SpecError::new(faults).into()) }
}

/// An address of the list, and the mailbox that has it.
struct Sorted {
    /// In the order of the list, each mailbox once.
    mailboxes: Vec<MailboxRef>,
    unknown: Vec<SmtpAddress>,
    unfit: Vec<NotAdded>,
}

fn sort(addresses: &[SmtpAddress], found: Vec<AtAddress<ExchangeRecipient>>) -> Sorted {
    let mut sorted = Sorted { mailboxes: Vec::new(), unknown: Vec::new(), unfit: Vec::new() };
    let mut seen = HashSet::new();
    for (address, found) in addresses.iter().zip(found) {
        let why = match found {
            AtAddress::One(recipient) if recipient.is_mailbox() => {
                let id = recipient.external_directory_object_id;
                if id.is_none_or(|id| seen.insert(id)) {
                    // The address of the list is the one that is told; the id identifies the mailbox.
                    sorted.mailboxes.push(MailboxRef { id, address: address.clone() });
                }
                continue;
            }
            AtAddress::One(recipient) => {
                let kind = recipient.recipient_type_details.unwrap_or_else(|| "of a kind that is not shown".into());
                format!("it is no mailbox of Exchange Online but {kind}")
            }
            AtAddress::Several(_) => "several recipients have the address".to_owned(),
            AtAddress::Nothing | AtAddress::OnlyByName(_) => {
                sorted.unknown.push(address.clone());
                continue;
            }
        };
        sorted.unfit.push(NotAdded { address: address.clone(), why });
    }
    sorted
}

async fn add(
    groups: &ExchangeGroups,
    group: &SmtpAddress,
    list: Vec<SmtpAddress>,
    is_dry_run: bool,
) -> Result<Additions> {
    let (client, meter) = groups.client.metered();
    let exchange = client.exchange();
    let organization = exchange.run(graph_client::exchange::GetOrganizationConfig::new()).await;
    let organization = organization.map_err(Error::during("read the organisation"))?;
    let at = exchange.group_at(group).await.map_err(Error::during("read the group"))?;
    let Some(target) = at.one().filter(DistributionGroup::is_security_group) else {
        return Err(Error::blocked(vec![no_group(group)]));
    };
    if target.is_dir_synced == Some(true) {
        return Err(Error::blocked(vec![synced(group)]));
    }
    let identity = target.identity().unwrap_or_else(|| group.into()).shown_as(group);
    let read_members = || async {
        let members = exchange.run(GetDistributionGroupMember::new(identity.clone())).await;
        members.map_err(Error::during("read the members"))
    };
    let present = read_members().await?;
    let mut found = Vec::with_capacity(list.len());
    for holder in exchange.recipients_at(&list).await {
        found.push(holder.map_err(Error::during("look up the addresses of the list"))?);
    }
    let Sorted { mailboxes, unknown, unfit } = sort(&list, found);
    let members = MailboxSet::of_recipients(&present);
    let (already, missing): (Vec<_>, Vec<_>) = mailboxes.into_iter().partition(|it| members.has(it.ids()));
    if present.len() + missing.len() > MAX_MEMBERS {
        return Err(Error::blocked(vec![too_many(group, present.len() + missing.len())]));
    }
    let mut additions = Additions {
        origin: Origin::now(&organization.name),
        group: group.clone(),
        is_dry_run,
        added: Vec::new(),
        already: already.into_iter().map(|mailbox| mailbox.address).collect(),
        unknown,
        unfit,
        failed: Vec::new(),
        members: present.len(),
        requests: 0,
    };
    if is_dry_run || missing.is_empty() {
        additions.added = missing.into_iter().map(|mailbox| mailbox.address).collect();
        additions.requests = meter.usage().requests;
        return Ok(additions);
    }
    let mut tried: Vec<MailboxRef> = Vec::with_capacity(missing.len());
    for chunk in missing.chunks(BATCH) {
        let cmdlets = chunk.iter().map(|it| AddDistributionGroupMember::new(identity.clone(), it.identity())).collect();
        for (mailbox, result) in chunk.iter().zip(exchange.run_all(cmdlets).await) {
            match result {
                Err(error) if error.is_outcome_unknown() => tried.push(mailbox.clone()),
                Err(error) if error.cmdlet().is_some_and(|it| it.kind == CmdletErrorKind::AlreadyMember) => {
                    tried.push(mailbox.clone());
                }
                Err(error) => {
                    additions.failed.push(NotAdded { address: mailbox.address.clone(), why: error.to_string() });
                }
                Ok(()) => tried.push(mailbox.clone()),
            }
        }
    }
    // Only who is seen to be a member counts as added.
    let read = std::sync::Mutex::new(present);
    let looked = exchange.wait_until_visible(&groups.wait, || async {
        let members = exchange.run(GetDistributionGroupMember::new(identity.clone())).await?;
        let is_there = Difference::of(&tried, &[], OtherMembers::Keep, &members).missing.is_empty();
        *read.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = members;
        Ok(is_there.then_some(()))
    });
    let looked = looked.await;
    let now = read.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    additions.members = now.len();
    let now: MailboxSet<'_> = now.iter().map(ids_of_recipient).collect();
    for mailbox in tried {
        if now.has(mailbox.ids()) {
            additions.added.push(mailbox.address);
        } else {
            let why = match &looked {
                Err(error) => format!("it was not seen to be a member: {error}"),
                Ok(()) => "it was not seen to be a member".to_owned(),
            };
            additions.failed.push(NotAdded { address: mailbox.address, why });
        }
    }
    additions.requests = meter.usage().requests;
    Ok(additions)
}

fn no_group(group: &SmtpAddress) -> Finding {
    Finding::new(
        Severity::Blocking,
        FindingKind::WrongGroupType,
        format!("No mail-enabled security group has the address {group}, or several have"),
        Advice::operator("Give the address of one mail-enabled security group: a plan of its spec creates it."),
    )
    .about(group)
}

fn synced(group: &SmtpAddress) -> Finding {
    Finding::new(
        Severity::Blocking,
        FindingKind::DirectorySynced,
        format!("The group {group} is synchronised from on-premises Active Directory, where its members are changed"),
        Advice::exchange("Add the members on-premises, or use a group that is created in Exchange Online."),
    )
    .about(group)
}

fn too_many(group: &SmtpAddress, members: usize) -> Finding {
    Finding::new(
        Severity::Blocking,
        FindingKind::TooManyMembers,
        format!(
            "The group {group} would have {} members, and Exchange takes {}",
            thousands(members),
            thousands(MAX_MEMBERS)
        ),
        Advice::spec("Divide the mailboxes over several groups."),
    )
    .about(group)
}

impl ExchangeGroups {
    /// Adds the mailboxes of a list to a group, by address, and touches nobody else: no member is removed, and nothing but
    /// the membership is changed. Addresses that nobody has are told, and do not stop the rest.
    ///
    /// Whoever is in the group can be read by every application that is restricted to it. To check the list against the
    /// mailboxes that must not be reached, plan a spec with [`OtherMembers::Keep`] instead.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(groups: exchange_groups::ExchangeGroups) -> Result<(), Box<dyn std::error::Error>> {
    /// let list = std::fs::read_to_string("rooms.txt")?;
    /// let additions = groups.add_members(&"placeosroombooking@contoso.com".parse()?, list.lines()).await?;
    /// println!("{additions}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Exchange Administrator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Spec`](crate::ErrorKind::Spec) with every fault of the list, before any request;
    /// [`ErrorKind::Blocked`](crate::ErrorKind::Blocked) when there is no such group, or it cannot take them;
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when something could not be read.
    pub async fn add_members(
        &self,
        group: &SmtpAddress,
        addresses: impl IntoIterator<Item: Into<String>>,
    ) -> Result<Additions> {
        let list = parse(addresses)?;
        let span = tracing::info_span!("exchange_groups.add_members", %group, run_id = %uuid::Uuid::new_v4());
        add(self, group, list, false).instrument(span).await
    }

    /// What [`add_members`](Self::add_members) would do. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Global Reader or more.
    ///
    /// # Errors
    ///
    /// As [`add_members`](Self::add_members).
    pub async fn preview_additions(
        &self,
        group: &SmtpAddress,
        addresses: impl IntoIterator<Item: Into<String>>,
    ) -> Result<Additions> {
        let list = parse(addresses)?;
        let span = tracing::info_span!("exchange_groups.preview_additions", %group, run_id = %uuid::Uuid::new_v4());
        add(self, group, list, true).instrument(span).await
    }
}
