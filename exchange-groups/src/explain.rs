//! Why a call was refused, or why a mailbox is reached: ranked causes, with the evidence for and against each.

use std::fmt;
use std::time::{Duration, SystemTime};

use graph_client::exchange::{AtAddress, CmdletErrorKind};
use graph_client::graph::CalendarRefusal;
use graph_client::{ClientId, ErrorKind, Service, SmtpAddress, printable};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use crate::access::{
    Access, AccessModel, CaveatKind, Fact, Found, Level, MailboxFacts, MailboxPresence, PathReach, Reach, SignIn,
};
use crate::error::{Error, Result};
use crate::finding::{Actor, Advice};
use crate::groups::ExchangeGroups;
use crate::names::named;
use crate::observe::{Observation, application_facts, recipient_facts};
use crate::text::without_advice;

/// An explanation: causes, the likeliest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Explanation {
    /// What is explained.
    pub question: String,
    /// The causes that the evidence leaves open, the likeliest first.
    pub causes: Vec<Cause>,
    /// The causes that the evidence excludes, and why.
    pub excluded: Vec<Cause>,
}

/// A cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cause {
    /// What kind it is.
    pub cause: CauseKind,
    /// The cause, as a sentence.
    pub text: String,
    /// The evidence for it.
    pub evidence_for: Vec<String>,
    /// The evidence against it.
    pub evidence_against: Vec<String>,
    /// What would decide it, where the evidence does not.
    pub decides: Option<String>,
    /// The fix.
    pub advice: Advice,
}

macro_rules! causes {
    ($($(#[$doc:meta])+ $kind:ident = $name:literal, $text:literal, $actor:ident $advice:literal $(danger $danger:literal)?;)+) => {
        named! {
            /// The kinds of causes.
            #[non_exhaustive]
            pub enum CauseKind as "cause" {
                $($(#[$doc])+ $kind = $name,)+
            }
        }

        impl CauseKind {
            /// The cause as a sentence.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$kind => $text,)+
                }
            }

            fn advice(self) -> Advice {
                match self {
                    $(Self::$kind => Advice::new(Actor::$actor, $advice)$(.with_danger($danger))?,)+
                }
            }
        }
    };
}
causes! {
    /// A policy or a role leaves the mailbox out.
    OutOfScope = "out_of_scope", "The mailbox is in no policy or role that lets the application in",
        ExchangeAdministrator "Make the mailbox a direct member of the group, by its spec, if it is meant to be reached.";
    /// The configuration allows it, and the live service does not act on it yet.
    NotPropagated = "not_propagated", "The configuration allows it, and the change has not propagated",
        Operator "Change nothing and wait: hours are usual, and more than a day has been reported. Verify again later.";
    /// The configuration does not allow it, and a read succeeded.
    StillReached = "still_reached", "The configuration does not allow it, and the live service still does",
        Operator "Do not take it for restricted. Wait, and read again with a new token: a token from before lives for up to a day, \
                  and a change takes hours to propagate.";
    /// The facts do not decide it.
    Undecided = "undecided", "What was read does not decide whether the mailbox is reached",
        Operator "Read what could not be read, or give the application's credential, so that a read can be tried.";
    /// A policy denies the mailbox.
    Denied = "denied", "An access policy denies the mailbox",
        ExchangeAdministrator "If the mailbox is meant to be reached, take it out of the policy's group."
        danger "The group may be that of other policies and roles as well. And do not remove the policy for this: a tenant-wide \
                permission then reaches every mailbox that it denies.";
    /// The tenant answers no application without a role.
    RoleNeeded = "role_needed", "The tenant may want a role of RBAC for Applications, and the application has none",
        ExchangeAdministrator "Restrict the application by RBAC for Applications.";
    /// The token has no permission for it and no role is assigned.
    NoPermission = "no_permission", "Neither a tenant-wide permission nor a role allows the call",
        ExchangeAdministrator "Assign the role over the group, by a plan of the spec.";
    /// The permission allows less than the call wants.
    PermissionTooSmall = "permission_too_small", "The permission allows less than the call wants, such as busy times alone",
        ExchangeAdministrator "Assign a role that allows it over the group, by a spec with the right permission.";
    /// Exchange has another object registered for the application.
    WrongObjectId = "wrong_object_id", "Exchange has registered the application under another object id: roles count for nothing",
        ExchangeAdministrator "Remove the registration and make it again with the object id of the enterprise application, by a plan.";
    /// Exchange does not know the application.
    NotRegistered = "not_registered", "Exchange has not registered the application: roles count for nothing",
        ExchangeAdministrator "Apply a plan of the spec, which registers it.";
    /// A list of user agents refuses the client.
    UserAgent = "user_agent", "The organisation's or the mailbox's list of user agents refuses the client",
        ExchangeAdministrator "Add the client's user agent to EwsAllowList with Set-OrganizationConfig or Set-CASMailbox.";
    /// The application is disabled.
    ApplicationDisabled = "application_disabled", "The application is disabled in Entra",
        EntraAdministrator "Enable it under Enterprise applications > the application > Properties."
        danger "Only once its restriction is in place: from then on it reaches whatever its permissions and roles allow.";
    /// The tenant does not know the application.
    UnknownApplication = "unknown_application", "No application of the tenant has this client id",
        Operator "Use the application (client) id: an object id looks the same and is another.";
    /// There is no such mailbox.
    NoMailbox = "no_mailbox", "There is no mailbox of Exchange Online at the address",
        Operator "Check the address, or use the object id: distribution lists, contacts and on-premises mailboxes have no calendar here.";
    /// The mailbox cannot be used by Graph.
    MailboxNotEnabled = "mailbox_not_enabled", "The mailbox has no licence, is deleted, a guest's or on-premises",
        ExchangeAdministrator "License or restore the mailbox, or use another one. It says nothing about a restriction.";
    /// The token has expired, or is for another audience.
    Token = "token", "The token has expired, was revoked, or is for another service",
        Operator "Get a new token for this service, and answer a claims challenge.";
    /// The token is a person's.
    Delegated = "delegated", "The token is a person's: what they may read decides",
        Operator "Use the application's own token, by client credentials.";
    /// The call is about the directory.
    DirectoryPermission = "directory_permission", "A permission for the directory is missing: the call does not go to a mailbox",
        EntraAdministrator "Grant the permission that the call needs on Microsoft Graph, with admin consent.";
    /// The group belongs to Exchange.
    ExchangeGroup = "exchange_group", "Graph cannot create or change a mail-enabled security group, or its members",
        Operator "Use Exchange: New-DistributionGroup, Add-DistributionGroupMember. These crates do.";
    /// There is too much load.
    Load = "load", "The service asks for less load, or is unavailable for a moment",
        Operator "Wait as long as it says, and call again. It says nothing about access.";
    /// The query is wrong.
    Query = "query", "The query is refused, whatever the access",
        Operator "Correct the query.";
    /// The item is not there.
    NotFound = "not_found", "The calendar, event or object is not there, or its id is another mailbox's",
        Operator "Ask by the default calendar; do not take it for a missing right.";
    /// The administrator may not run the cmdlet, or use the parameter.
    CmdletRight = "cmdlet_right", "The administering application may not run the cmdlet, or not with this parameter",
        EntraAdministrator "Give it Exchange.ManageAsApp and the directory role Exchange Administrator; a new role takes up to an hour.";
    /// The role is still spreading.
    RoleSpreading = "role_spreading", "The administering application's role is still spreading",
        Operator "Wait for an hour and try again.";
    /// Nobody delegated the role.
    NoDelegatingRole = "no_delegating_role", "The caller has no delegating assignment of the role, or the organisation was customised just now",
        ExchangeAdministrator "Wait an hour after Enable-OrganizationCustomization; else assign the role with -Delegating.";
    /// The organisation was never customised.
    Dehydrated = "dehydrated", "The organisation has never been customised",
        ExchangeAdministrator "Run Enable-OrganizationCustomization once. It cannot be undone.";
    /// The object is kept on-premises.
    DirectorySynced = "directory_synced", "The object is synchronised from on-premises Active Directory",
        ExchangeAdministrator "Change it on-premises, or use a group that is created in Exchange Online.";
    /// The principal cannot be the scope of a policy.
    NotSecurityPrincipal = "not_security_principal", "An access policy takes a user mailbox or a mail-enabled security group as its scope",
        ExchangeAdministrator "Put room, equipment and shared mailboxes into a mail-enabled security group, and use that.";
    /// The policies have become too large.
    PolicySpace = "policy_space", "All access policies together have become too large",
        ExchangeAdministrator "Restrict by RBAC for Applications, or remove policies of applications that are gone."
        danger "An application that still holds its tenant-wide permission reaches every mailbox once its policy is removed.";
    /// The secret is wrong.
    WrongSecret = "wrong_secret", "The secret is not one of the application's, or is too new to be known everywhere",
        EntraAdministrator "Give the secret's value and not its id; after adding one, wait for a minute.";
    /// The secret or certificate has expired.
    ExpiredCredential = "expired_credential", "The secret or certificate has expired",
        EntraAdministrator "Add a new one, hand it over, and remove the old one.";
    /// The certificate is not known.
    WrongCertificate = "wrong_certificate", "The certificate is not one of the application's, or its signature does not fit",
        EntraAdministrator "Add the certificate under Certificates & secrets, or sign with one that is there: compare thumbprints.";
    /// The sign-in service has no such tenant.
    WrongTenant = "wrong_tenant", "There is no such tenant, or it is in another national cloud",
        Operator "Correct the tenant: its initial domain or its id, in the cloud that it is in.";
    /// Conditional access refuses.
    ConditionalAccess = "conditional_access", "Conditional access for workload identities refuses the sign-in, such as by its IP address",
        EntraAdministrator "Allow the address in the policy that blocked it: the sign-in log names it.";
    /// The address is blocked for sending too much.
    BlockedAddress = "blocked_address", "The service blocks the IP address, after too many calls that failed",
        Operator "Stop what calls, correct its access, wait, and have the block lifted; start the modules only once the access is verified.";
    /// Nothing that is known.
    Unknown = "unknown", "Nothing that the references know",
        Operator "Give the request id to Microsoft's support.";
    /// It is reached by an access path.
    AccessPath = "access_path", "An access path allows it",
        ExchangeAdministrator "End the access path, if it is not meant.";
}

impl Cause {
    fn new(cause: CauseKind) -> Self {
        Self {
            cause,
            text: cause.text().to_owned(),
            evidence_for: Vec::new(),
            evidence_against: Vec::new(),
            decides: None,
            advice: cause.advice(),
        }
    }

    fn because(mut self, evidence: impl Into<String>) -> Self {
        self.evidence_for.push(evidence.into());
        self
    }

    fn despite(mut self, evidence: impl Into<String>) -> Self {
        self.evidence_against.push(evidence.into());
        self
    }

    fn decided_by(mut self, what: impl Into<String>) -> Self {
        self.decides = Some(what.into());
        self
    }
}

impl Explanation {
    /// Explains an error of Microsoft Graph, of an Exchange cmdlet, or of signing in. Pure: the error alone is the evidence.
    ///
    /// The sentence of a refusal does not tell an access policy from a role: both causes stand.
    #[must_use]
    pub fn of_error(error: &graph_client::Error) -> Self {
        let said = without_advice(error);
        let causes = of_sign_in(error)
            .or_else(|| of_cmdlet(error))
            .or_else(|| of_graph(error))
            .unwrap_or_else(|| of_kind(error))
            .into_iter()
            .map(|cause| cause.because(format!("the service said: {said}")))
            .collect();
        Self { question: said.clone(), causes, excluded: Vec::new() }
    }

    /// Explains what somebody was shown: a line of a log, a mail that could not be delivered, a sentence of a portal. Pure.
    ///
    /// A text is weaker evidence than the [error](Self::of_error) itself: it may be cut, or be about another call.
    ///
    /// # Examples
    ///
    /// ```
    /// use exchange_groups::{CauseKind, Explanation};
    ///
    /// let shown = "550 5.7.501 Access denied, spam abuse detected from IP range";
    /// let explanation = Explanation::of_text(shown);
    /// assert_eq!(explanation.first().map(|cause| cause.cause), Some(CauseKind::BlockedAddress));
    /// ```
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let lower = text.to_lowercase();
        let codes = sign_in_codes(text);
        let mut explanation =
            Self { question: printable(text.trim()).into_owned(), causes: Vec::new(), excluded: Vec::new() };
        if !codes.is_empty() {
            let because = |cause: Cause| cause.because(format!("the text has the sign-in code AADSTS{}", codes[0]));
            explanation.add(some(of_codes(&codes)).into_iter().map(because).collect());
        }
        for (sayings, causes) in SAYINGS {
            if let Some(said) = sayings.iter().find(|said| lower.contains(**said)) {
                let because = |cause: Cause| cause.because(format!("the text says \"{said}\""));
                explanation.add(some(causes).into_iter().map(because).collect());
            }
        }
        if explanation.causes.is_empty() {
            explanation.causes.push(Cause::new(CauseKind::Unknown));
        }
        explanation
    }

    /// Adds causes that are not there yet.
    fn add(&mut self, causes: Vec<Cause>) {
        for cause in causes {
            if self.causes.iter().all(|it| it.cause != cause.cause) {
                self.causes.push(cause);
            }
        }
    }

    /// The likeliest cause.
    #[must_use]
    pub fn first(&self) -> Option<&Cause> {
        self.causes.first()
    }
}

fn some(kinds: &[CauseKind]) -> Vec<Cause> {
    kinds.iter().copied().map(Cause::new).collect()
}

fn of_sign_in(error: &graph_client::Error) -> Option<Vec<Cause>> {
    Some(some(of_codes(error.sign_in()?.codes())))
}

/// The causes of the codes of the sign-in service (AADSTS).
fn of_codes(said: &[u32]) -> &'static [CauseKind] {
    use CauseKind as C;

    let is = |codes: &[u32]| said.iter().any(|code| codes.contains(code));
    match () {
        () if is(&[7_000_222]) => &[C::ExpiredCredential],
        () if is(&[700_027]) => &[C::WrongCertificate, C::ExpiredCredential],
        () if is(&[7_000_215]) => &[C::WrongSecret],
        () if is(&[7_000_112, 7_000_114]) => &[C::ApplicationDisabled],
        () if is(&[53_003, 53_000, 53_001]) => &[C::ConditionalAccess],
        () if is(&[700_016]) => &[C::UnknownApplication, C::WrongTenant],
        () if is(&[90_002, 900_023, 90_013]) => &[C::WrongTenant],
        () => &[C::Unknown],
    }
}

/// What a text may say, in lower case, and its causes: the most telling first.
const SAYINGS: &[(&[&str], &[CauseKind])] = {
    use CauseKind as C;

    &[
        (&["5.7.501", "spam abuse detected"], &[C::BlockedAddress]),
        (
            &["[raop]", "apponly accesspolicy", "app-only access policy"],
            &[C::OutOfScope, C::NotPropagated, C::Denied, C::RoleNeeded],
        ),
        (&["access to odata is disabled"], &[C::UserAgent, C::OutOfScope, C::NotPropagated]),
        (&["mailboxnotenabledforrestapi"], &[C::MailboxNotEnabled]),
        (&["errorinvaliduser"], &[C::NoMailbox]),
        (&["enable-organizationcustomization", "isdehydrated"], &[C::Dehydrated]),
        (&["synchronized from your on-premises", "synchronized from on-premises"], &[C::DirectorySynced]),
        (&["is not recognized as"], &[C::CmdletRight, C::RoleSpreading]),
        (&["invalidauthenticationtoken"], &[C::Token]),
        (&["authorization_requestdenied"], &[C::DirectoryPermission]),
        (&["erroraccessdenied"], &[C::NoPermission, C::PermissionTooSmall, C::NotPropagated, C::WrongObjectId]),
        (&["toomanyrequests", "applicationthrottled", "mailboxconcurrency"], &[C::Load]),
    ]
};

/// The codes of the sign-in service in a text.
fn sign_in_codes(text: &str) -> Vec<u32> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    text.match_indices("AADSTS").filter_map(|(at, code)| digits(&text[at + code.len()..])).collect()
}

fn of_cmdlet(error: &graph_client::Error) -> Option<Vec<Cause>> {
    use CauseKind as C;
    use CmdletErrorKind as K;

    Some(some(match error.cmdlet()?.kind {
        K::CmdletDenied | K::UnknownParameter | K::InsufficientPermissions | K::OutOfWriteScope => &[C::CmdletRight],
        K::DeniedWithoutReason => &[C::Token, C::CmdletRight, C::RoleSpreading],
        K::RolePropagating => &[C::RoleSpreading, C::CmdletRight],
        K::NoDelegatingRole => &[C::NoDelegatingRole],
        K::Dehydrated => &[C::Dehydrated],
        K::DirectorySynced => &[C::DirectorySynced],
        K::NotSecurityPrincipal => &[C::NotSecurityPrincipal],
        K::PolicySpaceUsedUp => &[C::PolicySpace],
        K::TooManyAtOnce | K::Transient => &[C::Load],
        K::ObjectNotFound | K::RecipientNotFound => &[C::NotFound],
        _ => return None,
    }))
}

fn of_graph(error: &graph_client::Error) -> Option<Vec<Cause>> {
    use CauseKind as C;

    match CalendarRefusal::of(error) {
        Some(CalendarRefusal::AppOnlyAccessPolicy) => {
            return Some(some(&[C::OutOfScope, C::NotPropagated, C::Denied, C::RoleNeeded]));
        }
        Some(CalendarRefusal::NoPermission) => {
            return Some(some(&[C::NoPermission, C::PermissionTooSmall, C::NotPropagated, C::WrongObjectId]));
        }
        Some(CalendarRefusal::ODataDisabled) => {
            let old = Cause::new(C::OutOfScope).despite("access policies have had another sentence since about 2020");
            return Some(vec![Cause::new(C::UserAgent), old]);
        }
        Some(CalendarRefusal::InvalidUser) => return Some(some(&[C::NoMailbox])),
        Some(CalendarRefusal::MailboxNotEnabled) => return Some(some(&[C::MailboxNotEnabled])),
        _ => {}
    }
    let graph = error.graph()?;
    let message = graph.message.to_ascii_lowercase();
    let is_group = message.contains("mail-enabled security group") || message.contains("distribution list");
    Some(some(match (&*graph.code, error.status()) {
        ("InvalidAuthenticationToken" | "CompactToken parsing failed", _) | (_, Some(401)) => &[C::Token],
        ("DelegatedCalendarAccessDenied" | "ErrorSendAsDenied", _) => &[C::Delegated],
        // A subscription repeats the refusal of the mailbox.
        ("ExtensionError", _) if message.contains("[raop]") => &[C::OutOfScope, C::NotPropagated, C::Denied],
        ("ExtensionError", _) if message.contains("access to odata is disabled") => {
            &[C::UserAgent, C::OutOfScope, C::NotPropagated]
        }
        (_, Some(400 | 403)) if is_group => &[C::ExchangeGroup],
        ("Authorization_RequestDenied", _) => &[C::DirectoryPermission],
        ("ErrorItemNotFound" | "Request_ResourceNotFound", _) => &[C::NotFound],
        ("InefficientFilter" | "ErrorInvalidRequest" | "BadRequest", _) => &[C::Query],
        (_, Some(429 | 503 | 504)) => &[C::Load],
        _ if message.contains("5.7.501") || message.contains("ip range") => &[C::BlockedAddress],
        _ => return None,
    }))
}

fn of_kind(error: &graph_client::Error) -> Vec<Cause> {
    use CauseKind as C;

    some(match error.kind() {
        ErrorKind::Throttled | ErrorKind::Unavailable => &[C::Load],
        ErrorKind::Denied if error.status() == Some(401) => &[C::Token],
        _ => &[C::Unknown],
    })
}

/// What a read with the application's own token showed.
enum Live {
    NotTried(String),
    Allowed,
    /// The documented refusal of access: the one answer that is evidence of a denial.
    Refused(Box<graph_client::Error>),
    /// It failed otherwise, which says nothing about access.
    Failed(Box<graph_client::Error>),
}

impl Live {
    fn of(error: graph_client::Error) -> Self {
        match CalendarRefusal::of(&error) {
            Some(refusal) if refusal.is_denial() => Self::Refused(Box::new(error)),
            _ => Self::Failed(Box::new(error)),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Allowed => "a read with the application's own token succeeded".to_owned(),
            Self::Refused(error) => {
                format!("a read with the application's own token was refused: {}", without_advice(error))
            }
            Self::Failed(error) => {
                format!("a read with the application's own token was not answered: {}", without_advice(error))
            }
            Self::NotTried(why) => format!("no read was tried: {why}"),
        }
    }
}

async fn live(groups: &ExchangeGroups, application: ClientId, mailbox: &str) -> Live {
    let Some(credential) = &groups.application else {
        return Live::NotTried("the application's credential was not given".into());
    };
    let client = groups.client.with_shared_credential(std::sync::Arc::clone(credential));
    match client.token_claims(Service::Graph).await {
        Ok(claims) if claims.client_id == Some(application) => {}
        Ok(_) => return Live::NotTried("the credential is that of another application".into()),
        Err(error) => return Live::Failed(Box::new(error)),
    }
    let now = SystemTime::now();
    let view = client.calendar(mailbox).view(now, now + Duration::from_secs(24 * 60 * 60)).page_size(1).select(&["id"]);
    match client.batch().run(vec![view]).await.pop() {
        Some(Ok(_)) => Live::Allowed,
        Some(Err(error)) => Live::of(error),
        None => Live::NotTried("nothing came back".into()),
    }
}

/// Explains by the configuration, and by what a read showed.
fn judge(seen: &Observation, mailbox: &MailboxFacts, address: &SmtpAddress, live: &Live) -> Explanation {
    let model = AccessModel::new(&seen.facts);
    let reach = model.reach(mailbox, Level::Events);
    let mut explanation = Explanation {
        question: format!("Application {} and the calendar of {address}", seen.facts.client_id),
        causes: Vec::new(),
        excluded: Vec::new(),
    };
    if stands_in_the_way(&mut explanation, seen, &reach) {
        return explanation;
    }
    let by_live = match live {
        Live::Refused(error) | Live::Failed(error) => Explanation::of_error(error).causes,
        Live::NotTried(_) | Live::Allowed => Vec::new(),
    };
    match (reach.verdict, live) {
        (_, Live::Refused(_)) => refused(&mut explanation, &model, seen, mailbox, &reach, live, by_live),
        (Access::Denied, Live::Allowed) => still_reached(&mut explanation, &model, mailbox, &reach, live),
        (verdict, _) => {
            // A sign-in that fails, or a list of user agents, refuses everything. Load says nothing.
            let (first, last): (Vec<Cause>, Vec<Cause>) =
                by_live.into_iter().partition(|it| !matches!(it.cause, CauseKind::Load | CauseKind::Unknown));
            explanation.add(first);
            match verdict {
                Access::Allowed => explanation.causes.extend(allowing(&model, reach.allowed(), &live.shown())),
                // It is reached; by which of them is not known.
                Access::Unknown if matches!(live, Live::Allowed) => {
                    explanation.causes.extend(allowing(&model, reach.not_denied(), &live.shown()));
                }
                Access::Unknown => {
                    registration(&mut explanation, &model, seen);
                    explanation.causes.push(undecided(&reach).because(live.shown()));
                }
                Access::Denied => {
                    let why = not_allowed(&model, mailbox, &reach);
                    explanation.causes.extend(why.into_iter().map(|cause| cause.because(live.shown())));
                    registration(&mut explanation, &model, seen);
                }
            }
            explanation.add(last);
        }
    }
    explanation
}

fn told<'a>(paths: impl IntoIterator<Item = &'a PathReach>) -> String {
    paths.into_iter().map(|path| format!("{}: {}", path.via, path.because)).collect::<Vec<_>>().join("; ")
}

/// The access paths by which a mailbox is reached, or may be, with the way to end each.
fn allowing<'a>(model: &AccessModel<'_>, paths: impl Iterator<Item = &'a PathReach>, shown: &str) -> Vec<Cause> {
    paths
        .map(|path| {
            let mut cause = Cause::new(CauseKind::AccessPath).because(path.because.clone()).because(shown);
            cause.text = if path.verdict == Access::Allowed {
                format!("It is reached by {}", path.via)
            } else {
                cause.decides = Some("reading what could not be read".to_owned());
                format!("It may be reached by {}", path.via)
            };
            let remedy = model.remedy(&path.via);
            cause.advice = Advice::exchange(format!("If that is not meant: {}: {}", remedy.actor, remedy.step));
            cause.advice.command = remedy.command;
            cause.advice.danger = remedy.caution;
            cause
        })
        .collect()
}

fn undecided(reach: &Reach) -> Cause {
    let mut evidence = told(reach.not_denied());
    if evidence.is_empty() {
        evidence = reach.notes.join("; ");
    }
    Cause::new(CauseKind::Undecided)
        .because(evidence)
        .decided_by("reading what could not be read, or a read with the application's own token")
}

/// Why the configuration does not allow a mailbox that it denies.
fn not_allowed(model: &AccessModel<'_>, mailbox: &MailboxFacts, reach: &Reach) -> Vec<Cause> {
    let mut causes = Vec::new();
    let denied: Vec<String> = model.denied_by(mailbox).iter().map(|policy| policy.identity.clone()).collect();
    if !denied.is_empty() {
        causes.push(Cause::new(CauseKind::Denied).because(format!("by {}", denied.join(", "))));
    }
    causes.push(if reach.paths.is_empty() {
        Cause::new(CauseKind::NoPermission).because("the application has no access path")
    } else {
        Cause::new(CauseKind::OutOfScope).because(told(&reach.paths))
    });
    causes
}

/// The service lets a call through that the configuration denies.
fn still_reached(
    explanation: &mut Explanation,
    model: &AccessModel<'_>,
    mailbox: &MailboxFacts,
    reach: &Reach,
    live: &Live,
) {
    let because =
        if reach.paths.is_empty() { "the application has no access path".to_owned() } else { told(&reach.paths) };
    explanation.causes.push(
        Cause::new(CauseKind::StillReached)
            .because(live.shown())
            .because(because)
            .decided_by("reading again later, with a new token"),
    );
    let why = not_allowed(model, mailbox, reach).into_iter();
    explanation.excluded.extend(why.map(|cause| cause.despite("it does not act yet: a read succeeded")));
}

/// The service refuses the application the mailbox.
fn refused(
    explanation: &mut Explanation,
    model: &AccessModel<'_>,
    seen: &Observation,
    mailbox: &MailboxFacts,
    reach: &Reach,
    live: &Live,
    by_live: Vec<Cause>,
) {
    let denies = !model.denied_by(mailbox).is_empty();
    match reach.verdict {
        Access::Allowed => {
            let cause = Cause::new(CauseKind::NotPropagated).because(told(reach.allowed())).because(live.shown());
            explanation.causes.push(cause.decided_by("reading again later, with a new token"));
        }
        Access::Denied => {
            let why = not_allowed(model, mailbox, reach).into_iter();
            explanation.causes.extend(why.map(|cause| cause.because(live.shown())));
        }
        Access::Unknown => {}
    }
    registration(explanation, model, seen);
    for cause in by_live {
        if explanation.causes.iter().any(|it| it.cause == cause.cause) {
            continue;
        }
        let excluded = match (cause.cause, reach.verdict) {
            (CauseKind::OutOfScope | CauseKind::NoPermission | CauseKind::RoleNeeded, Access::Allowed) => {
                Some("the configuration allows it")
            }
            (CauseKind::NotPropagated, Access::Denied) => Some("the configuration does not allow it"),
            (CauseKind::Denied, Access::Allowed) if denies => {
                Some("a policy denies it, and does not bind what allows it")
            }
            (CauseKind::Denied, _) if !denies && seen.facts.policies.whole().is_some_and(Vec::is_empty) => {
                Some("there is no policy")
            }
            (CauseKind::Denied, Access::Allowed) => {
                Some("no policy is known to deny it, and the configuration allows it")
            }
            (CauseKind::WrongObjectId, _) => match &seen.facts.exchange_principal {
                Fact::Read(Some(_)) => Some("Exchange has registered the object id of the service principal"),
                Fact::Read(None) => Some("Exchange has registered none"),
                // What was not read excludes nothing.
                Fact::Partly(..) | Fact::Unread(_) => None,
            },
            _ => None,
        };
        match excluded {
            Some(why) => explanation.excluded.push(cause.despite(why)),
            None => explanation.causes.push(cause),
        }
    }
    if reach.verdict == Access::Unknown {
        explanation.causes.push(undecided(reach));
    }
}

/// What stands in the way of everything comes first. Whether nothing else matters.
fn stands_in_the_way(explanation: &mut Explanation, seen: &Observation, reach: &Reach) -> bool {
    if matches!(seen.facts.service_principal, Fact::Read(None)) {
        explanation
            .causes
            .push(Cause::new(CauseKind::UnknownApplication).because("Entra has no such service principal"));
        return true;
    }
    if let Fact::Read(SignIn::Disabled { .. }) = seen.facts.sign_in {
        explanation.causes.push(Cause::new(CauseKind::ApplicationDisabled).because("accountEnabled is false"));
    }
    let cause = match reach.subject {
        MailboxPresence::NoMailbox => Cause::new(CauseKind::NoMailbox).because(reach.notes.join("; ")),
        MailboxPresence::DeletedMailbox => Cause::new(CauseKind::MailboxNotEnabled).because("it is deleted"),
        _ => return false,
    };
    explanation.causes.push(cause);
    true
}

/// Roles count only for the object that Exchange has registered.
fn registration(explanation: &mut Explanation, model: &AccessModel<'_>, seen: &Observation) {
    let holds_roles = !seen.facts.role_assignments.entries().is_empty();
    let other = model.caveats().into_iter().find(|caveat| caveat.kind == CaveatKind::OtherPrincipal);
    if let Some(caveat) = other {
        explanation.causes.push(Cause::new(CauseKind::WrongObjectId).because(caveat.text));
    } else if matches!(seen.facts.exchange_principal, Fact::Read(None)) && holds_roles {
        explanation.causes.push(Cause::new(CauseKind::NotRegistered).because("Get-ServicePrincipal shows none"));
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", printable(&self.question))?;
        for (number, cause) in (1..).zip(&self.causes) {
            writeln!(f, "\n{number:>2}. {}", printable(&cause.text))?;
            for evidence in &cause.evidence_for {
                writeln!(f, "    for      {}", printable(evidence))?;
            }
            for evidence in &cause.evidence_against {
                writeln!(f, "    against  {}", printable(evidence))?;
            }
            if let Some(decides) = &cause.decides {
                writeln!(f, "    decides  {}", printable(decides))?;
            }
            writeln!(f, "    fix      {} ({})", cause.advice, cause.advice.actor)?;
        }
        if !self.excluded.is_empty() {
            writeln!(f, "\nExcluded")?;
            for cause in &self.excluded {
                let why = cause.evidence_against.join("; ");
                writeln!(f, "  - {}: {}", printable(&cause.text), printable(&why))?;
            }
        }
        Ok(())
    }
}

impl ExchangeGroups {
    /// Explains why an application reaches the calendar of a mailbox, or does not: by the configuration and, where the
    /// application's credential was given, by a read with its own token. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// As [`reach`](Self::reach).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the organisation or the mailbox cannot be looked up.
    pub async fn explain(&self, application: ClientId, mailbox: &SmtpAddress) -> Result<Explanation> {
        let span = tracing::info_span!("exchange_groups.explain", %application, run_id = %uuid::Uuid::new_v4());
        async {
            let seen = Box::pin(application_facts(&self.client, application)).await?;
            let at = self.client.exchange().recipient_at(mailbox).await;
            let (facts, id) = match at.map_err(Error::during("look up the mailbox"))? {
                AtAddress::One(recipient) => (
                    recipient_facts(&recipient),
                    recipient.external_directory_object_id.map_or_else(|| mailbox.to_string(), |id| id.to_string()),
                ),
                AtAddress::Several(_) => (
                    MailboxFacts {
                        found: Found::Ambiguous(format!("several recipients have the address {mailbox}")),
                        ..MailboxFacts::default()
                    },
                    mailbox.to_string(),
                ),
                AtAddress::Nothing | AtAddress::OnlyByName(_) => {
                    (MailboxFacts { found: Found::Nobody, ..MailboxFacts::default() }, mailbox.to_string())
                }
            };
            let live = Box::pin(live(self, application, &id)).await;
            Ok(judge(&seen, &facts, mailbox, &live))
        }
        .instrument(span)
        .await
    }
}
