//! What Exchange keeps besides recipients and access, and how it behaves where tenants differ.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::exchange;
use crate::faults::When;
use crate::recipient::RecipientId;
use crate::tenant::FakeTenant;

/// The EWS settings that an organisation and a mailbox both have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ews {
    /// `None` where nobody set it.
    // GUESS: a new mailbox has it unset; wrong if `Get-CASMailbox` shows `True` for one that nobody changed.
    pub(crate) enabled: Option<bool>,
    pub(crate) access: Option<AgentAccess>,
    /// User agents, with `*` at either end as wildcard.
    pub(crate) allow_list: Vec<String>,
    pub(crate) block_list: Vec<String>,
}

/// Which list of user agents counts: `EwsApplicationAccessPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentAccess {
    EnforceAllowList,
    EnforceBlockList,
}

impl AgentAccess {
    pub(crate) const NAMES: &'static [&'static str] = &["EnforceAllowList", "EnforceBlockList"];

    pub(crate) fn named(name: &str) -> Self {
        if name == "EnforceAllowList" { Self::EnforceAllowList } else { Self::EnforceBlockList }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EnforceAllowList => "EnforceAllowList",
            Self::EnforceBlockList => "EnforceBlockList",
        }
    }
}

/// The client access settings of a mailbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientAccess {
    pub(crate) ews: Ews,
    /// Settings that are kept and shown but have no effect here.
    pub(crate) other: Map<String, Value>,
}

/// Somebody who was given rights to a whole mailbox.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MailboxUser {
    Recipient(RecipientId),
    /// The object id of a service principal.
    ServicePrincipal(Uuid),
}

/// An entry of a mailbox's permissions.
#[derive(Clone, Debug)]
pub(crate) struct MailboxPermission {
    pub(crate) user: MailboxUser,
    pub(crate) rights: Vec<String>,
    pub(crate) deny: bool,
}

/// How Exchange answers an identity that several objects go by. Both forms are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ambiguity {
    /// `There are multiple recipients matching identity "..."`.
    MultipleRecipients,
    /// A `ManagementObjectAmbiguousException`: `... object '...' matches multiple entries`.
    AmbiguousObject,
}

/// How Exchange lists the access policies of a tenant that never had one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoPolicies {
    /// 404, "couldn't be found", as two tools expect it.
    NotFound,
    /// An empty list.
    Empty,
}

#[derive(Clone, Debug)]
pub(crate) struct ExchangeState {
    pub(crate) checks_service_principals: bool,
    /// The pointers whose ids were checked when they were made, by guid.
    pub(crate) checked_pointers: HashSet<Uuid>,
    pub(crate) scope_follows_rename: bool,
    /// The names that the groups of role assignments had when they were assigned, by the assignment's guid.
    pub(crate) scope_names: HashMap<Uuid, String>,
    pub(crate) had_policy: bool,
    pub(crate) no_policies: NoPolicies,
    pub(crate) anchor_rule: Option<When>,
    pub(crate) ambiguity: (Ambiguity, u16),
    pub(crate) mailbox_permissions: HashMap<RecipientId, Vec<MailboxPermission>>,
}

impl Default for ExchangeState {
    fn default() -> Self {
        Self {
            checks_service_principals: true,
            checked_pointers: HashSet::new(),
            // GUESS: the column shows the group's name of today; wrong if a renamed group reads back by its old name.
            scope_follows_rename: true,
            scope_names: HashMap::new(),
            had_policy: false,
            no_policies: NoPolicies::NotFound,
            anchor_rule: None,
            ambiguity: (Ambiguity::MultipleRecipients, 500),
            mailbox_permissions: HashMap::new(),
        }
    }
}

impl FakeTenant {
    /// Sets whether the scope column of a role assignment over a group shows the group's new name after it
    /// was renamed, which nobody published. It does unless set.
    pub fn set_scope_follows_rename(&self, follows: bool) {
        self.state().world.exchange.scope_follows_rename = follows;
    }

    /// Sets whether `New-ServicePrincipal` checks its ids against the directory, as Microsoft's page says, or
    /// takes any, as others say. It checks unless set.
    pub fn set_service_principal_check(&self, checks: bool) {
        self.state().world.exchange.checks_service_principals = checks;
    }

    /// Sets how `Get-ApplicationAccessPolicy` without an identity answers as long as no policy was ever
    /// made; with 404 unless set.
    pub fn set_no_policies(&self, answer: NoPolicies) {
        self.state().world.exchange.no_policies = answer;
    }

    /// Lets writes of applications fail whose `X-AnchorMailbox` names the organisation by anything but its
    /// initial domain, with "doesn't have write permission to target DC" (observed). Reads work. With
    /// [`When::AfterEffect`] the write was carried out all the same (observed once).
    pub fn refuse_writes_by_other_anchors(&self, when: When) {
        self.state().world.exchange.anchor_rule = Some(when);
    }

    /// Sets the error and the HTTP status for an identity that several objects go by; multiple recipients
    /// and 500 unless set.
    pub fn set_ambiguity(&self, error: Ambiguity, status: u16) {
        self.state().world.exchange.ambiguity = (error, status);
    }

    /// Runs a cmdlet past all permissions, faults, delays of this one request and the record, and returns
    /// its objects: for a tenant that is to have a setting which nothing else here sets.
    ///
    /// # Panics
    /// When the cmdlet is not there or fails.
    #[expect(clippy::needless_pass_by_value, reason = "a command reads best with its parameters written in place")]
    #[expect(clippy::must_use_candidate, reason = "most commands are run for what they do")]
    pub fn run_cmdlet(&self, cmdlet: &str, parameters: Value) -> Vec<Value> {
        match exchange::run_as_the_tenant(&mut self.state().world, cmdlet, &parameters) {
            Ok(rows) => rows,
            Err(reason) => panic!("{cmdlet} {parameters}: {reason}"),
        }
    }
}
