//! Shares the calendars of rooms with a group of people, such as those at the reception: a folder permission on every room.

use std::fmt;

use graph_client::exchange::{
    AddMailboxFolderPermission, AtAddress, CmdletErrorKind, DistributionGroup, Exchange, FolderRight,
    GetMailboxFolderPermission, Identity, MailboxFolder, SetMailboxFolderPermission,
};
use graph_client::{InvalidValue, SmtpAddress, printable};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use crate::additions::NotAdded;
use crate::document::Origin;
use crate::error::{Error, Result};
use crate::finding::{Advice, Finding, FindingKind, Severity};
use crate::groups::ExchangeGroups;
use crate::membership::{BATCH, MailboxRef};
use crate::names::named;
use crate::observe::Observation;
use crate::outcome::Outcome;
use crate::select::Selection;
use crate::spec::{RestrictedCalendarGroup, SpecError};
use crate::text::count;

named! {
    /// What people may do in a calendar that is shared with them, in the words of Outlook.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum SharedRight as "shared right" {
        /// *Can view all details*: the role Reviewer.
        #[default]
        Details = "details",
        /// *Can edit*: the role Editor.
        Edit = "edit",
    }
}

impl SharedRight {
    /// The role in Exchange.
    #[must_use]
    pub const fn role(self) -> FolderRight {
        match self {
            Self::Details => FolderRight::Reviewer,
            Self::Edit => FolderRight::Editor,
        }
    }
}

/// Whom the calendars of a spec's rooms are shared with, and how far.
///
/// The restricted application is not concerned: what it reaches is decided by its permissions and roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sharing {
    group: SmtpAddress,
    #[serde(default)]
    right: SharedRight,
    #[serde(default = "calendar")]
    folder: String,
}

fn calendar() -> String {
    "\\Calendar".to_owned()
}

impl Sharing {
    /// Shares with the members of this mail-enabled security group, who can view all details.
    #[must_use]
    pub fn new(group: SmtpAddress) -> Self {
        Self { group, right: SharedRight::default(), folder: calendar() }
    }

    /// Sets what they may do.
    #[must_use]
    pub fn right(mut self, right: SharedRight) -> Self {
        self.right = right;
        self
    }

    /// Sets the folder: it is named in the language of the mailboxes, `\Kalender` in German ones. Default: `\Calendar`.
    #[must_use]
    pub fn folder(mut self, path: impl Into<String>) -> Self {
        self.folder = path.into();
        self
    }

    fn of(&self, mailbox: &MailboxRef) -> std::result::Result<MailboxFolder, InvalidValue> {
        MailboxFolder::new(mailbox.identity(), &*self.folder)
    }
}

/// The folder permissions that are to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SharingPlan {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// With whom, and how far.
    pub sharing: Sharing,
    /// One step for each room that is not shared so yet.
    pub steps: Vec<SharingStep>,
    /// How many rooms are shared so already.
    pub already: usize,
    /// The rooms of which it could not be read, and why. Nothing is done there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<NotAdded>,
    /// The number of HTTP requests.
    pub requests: u64,
}

/// A room whose calendar is to be shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SharingStep {
    /// The room.
    pub room: SmtpAddress,
    /// What the group may do there now. Empty where it has no permission of its own.
    pub now: Vec<String>,
    pub(crate) id: Option<graph_client::Uuid>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SharingReport {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The rooms, and how each step ended.
    pub steps: Vec<SharingStepReport>,
    /// The rooms of which it could not be read, and why. Nothing was done there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<NotAdded>,
    /// The number of HTTP requests.
    pub requests: u64,
}

/// A room, and how its step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SharingStepReport {
    /// The room.
    pub room: SmtpAddress,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl SharingReport {
    /// Whether every room is shared as it is to be.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unread.is_empty() && self.steps.iter().all(|step| step.outcome.is_success())
    }
}

impl fmt::Display for SharingPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sharing { group, right, .. } = &self.sharing;
        writeln!(f, "Calendars of rooms shared with {group} ({right})")?;
        writeln!(f, "  so already  {}", count(self.already, "room"))?;
        for step in &self.steps {
            let now = if step.now.is_empty() { "nothing of its own".to_owned() } else { step.now.join(", ") };
            writeln!(f, "  {}: {} in place of {}", step.room, right.role().as_str(), printable(&now))?;
        }
        show_unread(f, &self.unread)
    }
}

impl fmt::Display for SharingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = self.steps.iter().filter(|step| step.outcome.is_success()).count();
        writeln!(f, "{} shared, {} not", count(done, "calendar"), self.steps.len() - done + self.unread.len())?;
        for step in self.steps.iter().filter(|step| !step.outcome.is_success()) {
            let why = match &step.outcome {
                Outcome::Failed { error } => error,
                Outcome::Unconfirmed { reason } | Outcome::NotRun { reason } => reason,
                _ => continue,
            };
            writeln!(f, "  {} {}: {}", step.outcome.as_str(), step.room, printable(why))?;
        }
        show_unread(f, &self.unread)
    }
}

fn show_unread(f: &mut fmt::Formatter<'_>, unread: &[NotAdded]) -> fmt::Result {
    unread.iter().try_for_each(|it| writeln!(f, "  NOT READ  {}: {}", it.address, printable(&it.why)))
}

/// The group as Exchange identifies it.
async fn group(exchange: &Exchange, address: &SmtpAddress) -> Result<Identity> {
    let at = exchange.group_at(address).await.map_err(Error::during("read the group of people"))?;
    match at {
        AtAddress::One(group) if DistributionGroup::is_security_group(&group) => {
            Ok(group.identity().unwrap_or_else(|| address.into()).shown_as(address))
        }
        _ => Err(Error::blocked(vec![
            Finding::new(
                Severity::Blocking,
                FindingKind::WrongGroupType,
                format!("No mail-enabled security group has the address {address}, or several have"),
                Advice::exchange(
                    "Make a mail-enabled security group with the people in it: folder permissions take no other group.",
                ),
            )
            .about(address),
        ])),
    }
}

/// What the group may do in each calendar, or why that could not be read.
async fn rights(
    exchange: &Exchange,
    sharing: &Sharing,
    group: &Identity,
    rooms: &[MailboxRef],
) -> Result<Vec<graph_client::Result<Vec<String>>>> {
    let mut rights = Vec::with_capacity(rooms.len());
    for chunk in rooms.chunks(BATCH) {
        let mut reads = Vec::with_capacity(chunk.len());
        for room in chunk {
            let folder = sharing.of(room).map_err(|fault| Error::from(SpecError::new(vec![fault])))?;
            reads.push(GetMailboxFolderPermission::new(folder).user(group.clone()));
        }
        for read in exchange.run_all(reads).await {
            rights.push(match read {
                Ok(entries) => Ok(entries.into_iter().flat_map(|entry| entry.access_rights).collect()),
                Err(error) if error.cmdlet().is_some_and(|it| it.kind == CmdletErrorKind::NoPermissionEntry) => {
                    Ok(Vec::new())
                }
                Err(error) => Err(error),
            });
        }
    }
    Ok(rights)
}

fn has(rights: &[String], right: SharedRight) -> bool {
    matches!(rights, [one] if one.eq_ignore_ascii_case(right.role().as_str()))
}

async fn plan(groups: &ExchangeGroups, spec: &RestrictedCalendarGroup, sharing: &Sharing) -> Result<SharingPlan> {
    let (client, meter) = groups.client.metered();
    let seen = Observation::of(&client, spec).await?;
    let exchange = client.exchange();
    let group = group(&exchange, &sharing.group).await?;
    let selection = Selection::of(spec, &seen);
    // Behind the rooms are the further mailboxes of the spec.
    let rooms: Vec<MailboxRef> = selection.members.into_iter().take(selection.rooms).collect();
    let mut plan = SharingPlan {
        origin: Origin::now(&seen.origin.tenant),
        sharing: sharing.clone(),
        steps: Vec::new(),
        already: 0,
        unread: Vec::new(),
        requests: 0,
    };
    for (room, rights) in rooms.iter().zip(rights(&exchange, sharing, &group, &rooms).await?) {
        match rights {
            Ok(now) if has(&now, sharing.right) => plan.already += 1,
            Ok(now) => plan.steps.push(SharingStep { room: room.address.clone(), now, id: room.id }),
            Err(error) => plan.unread.push(NotAdded { address: room.address.clone(), why: error.to_string() }),
        }
    }
    plan.requests = meter.usage().requests;
    Ok(plan)
}

async fn apply(groups: &ExchangeGroups, plan: &SharingPlan) -> Result<SharingReport> {
    let (client, meter) = groups.client.metered();
    let exchange = client.exchange();
    let Sharing { group: address, right, .. } = &plan.sharing;
    let group = group(&exchange, address).await?;
    let role = [right.role()];
    let rooms: Vec<MailboxRef> =
        plan.steps.iter().map(|step| MailboxRef { id: step.id, address: step.room.clone() }).collect();
    // What is there now decides: somebody may have shared meanwhile.
    let before = rights(&exchange, &plan.sharing, &group, &rooms).await?;
    let mut outcomes: Vec<Option<Outcome>> = vec![None; rooms.len()];
    let mut adds: Vec<(usize, MailboxFolder)> = Vec::new();
    let mut sets: Vec<(usize, MailboxFolder)> = Vec::new();
    for (at, rights) in before.into_iter().enumerate() {
        let folder = plan.sharing.of(&rooms[at]).map_err(|fault| Error::from(SpecError::new(vec![fault])))?;
        match rights {
            Ok(now) if has(&now, *right) => outcomes[at] = Some(Outcome::AlreadyDone),
            Ok(now) if now.is_empty() => adds.push((at, folder)),
            Ok(_) => sets.push((at, folder)),
            Err(error) => outcomes[at] = Some(Outcome::Failed { error: error.to_string() }),
        }
    }
    for chunk in adds.chunks(BATCH) {
        let cmdlets = chunk.iter().map(|(_, it)| AddMailboxFolderPermission::new(it.clone(), group.clone(), role));
        for ((at, _), result) in chunk.iter().zip(exchange.run_all(cmdlets.collect()).await) {
            outcomes[*at] = result.err().map(|error| Outcome::Failed { error: error.to_string() });
        }
    }
    for chunk in sets.chunks(BATCH) {
        let cmdlets = chunk.iter().map(|(_, it)| SetMailboxFolderPermission::new(it.clone(), group.clone(), role));
        for ((at, _), result) in chunk.iter().zip(exchange.run_all(cmdlets.collect()).await) {
            outcomes[*at] = result.err().map(|error| Outcome::Failed { error: error.to_string() });
        }
    }
    // What was answered is not what is there: only the latter counts.
    let changed: Vec<usize> = outcomes.iter().enumerate().filter(|(_, it)| it.is_none()).map(|(at, _)| at).collect();
    let read: Vec<MailboxRef> = changed.iter().map(|at| rooms[*at].clone()).collect();
    for (at, rights) in changed.into_iter().zip(rights(&exchange, &plan.sharing, &group, &read).await?) {
        outcomes[at] = Some(match rights {
            Ok(now) if has(&now, *right) => Outcome::Done,
            Ok(_) => Outcome::Unconfirmed { reason: "the permission is not seen yet: plan again later".into() },
            Err(error) => Outcome::Unconfirmed { reason: format!("it could not be read back: {error}") },
        });
    }
    let step = |(step, outcome): (&SharingStep, Option<Outcome>)| SharingStepReport {
        room: step.room.clone(),
        outcome: outcome.unwrap_or(Outcome::NotRun { reason: "it was not tried".into() }),
    };
    Ok(SharingReport {
        origin: Origin::now(&plan.origin.tenant),
        steps: plan.steps.iter().zip(outcomes).map(step).collect(),
        unread: plan.unread.clone(),
        requests: meter.usage().requests,
    })
}

impl ExchangeGroups {
    /// What is to be done so that the calendars of the rooms of a spec are shared with a group of people. Nothing is changed,
    /// and rooms that the spec does not select are not looked at.
    ///
    /// # Permissions
    ///
    /// As [`observe`](Self::observe).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Blocked`](crate::ErrorKind::Blocked) when no mail-enabled security group has the address;
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the rooms or the group could not be read;
    /// [`ErrorKind::Spec`](crate::ErrorKind::Spec) when the folder is no path.
    pub async fn plan_sharing(&self, spec: &RestrictedCalendarGroup, sharing: &Sharing) -> Result<SharingPlan> {
        let span =
            tracing::info_span!("exchange_groups.plan_sharing", group = %sharing.group, run_id = %uuid::Uuid::new_v4());
        Box::pin(plan(self, spec, sharing).instrument(span)).await
    }

    /// Shares the calendars of a plan. A room that fails does not stop the rest; doing it again does what is left.
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Exchange Administrator or Exchange Recipient Administrator.
    ///
    /// # Errors
    ///
    /// As [`plan_sharing`](Self::plan_sharing).
    pub async fn apply_sharing(&self, plan: &SharingPlan) -> Result<SharingReport> {
        let span = tracing::info_span!("exchange_groups.apply_sharing", run_id = %uuid::Uuid::new_v4());
        Box::pin(apply(self, plan).instrument(span)).await
    }
}
