//! From a response of Exchange to what went wrong: raw bytes first, then the three forms of an error body, then the
//! kind, decided by exception type, then sentence, then status.

use std::fmt;

use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::error::{Detail, Error, ErrorKind};
use crate::http::{Failure, Repeat, Response};
use crate::kinds::kinds;
use crate::text::printable;

/// What a cmdlet, or the service in front of it, said when it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CmdletError {
    /// What to branch on.
    pub kind: CmdletErrorKind,
    /// The full name of the exception, such as
    /// `Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException`.
    pub exception: Option<String>,
    /// The id of the message, such as `Ex6F9304`. It names one sentence in all languages.
    pub message_id: Option<String>,
    /// The sentence, as the service sent it.
    pub sentence: String,
    /// What the service names as the object of the error. It is often empty.
    pub target: Option<String>,
    /// The `x-ms-diagnostics` header, which holds the reason of a denial.
    pub diagnostics: Option<String>,
}

impl CmdletError {
    /// What a cmdlet says when it fails in this way, for the error of a test.
    #[must_use]
    pub fn new(kind: CmdletErrorKind, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self { kind, exception: None, message_id: None, sentence, target: None, diagnostics: None }
    }

    /// Reads a response that was kept, such as one from a log: status, headers and body as they came.
    ///
    /// `None` for a response that reports a success.
    #[must_use]
    pub fn read<'a>(
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: impl Into<Vec<u8>>,
    ) -> Option<Self> {
        let headers = headers
            .into_iter()
            .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)));
        let response = Response { status, headers: headers.collect(), body: body.into().into() };
        classify(&response)?.detail().cloned()
    }

    /// The exception's name without its namespace.
    #[must_use]
    pub fn exception_name(&self) -> Option<&str> {
        self.exception.as_deref().map(|name| name.rsplit('.').next().unwrap_or(name))
    }
}

impl Detail for CmdletError {
    fn texts(&mut self) -> Vec<&mut String> {
        let others = [&mut self.exception, &mut self.message_id, &mut self.target, &mut self.diagnostics];
        std::iter::once(&mut self.sentence).chain(others.into_iter().flatten()).collect()
    }

    fn boxed_clone(&self) -> Box<dyn Detail> {
        Box::new(self.clone())
    }
}

impl Error {
    /// What the Exchange cmdlet said, when one failed.
    #[must_use]
    pub fn cmdlet(&self) -> Option<&CmdletError> {
        self.detail()
    }

    /// The same error with what an Exchange cmdlet said.
    #[must_use]
    pub fn with_cmdlet(self, said: CmdletError) -> Self {
        self.with_detail(said)
    }
}

impl fmt::Display for CmdletError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.sentence))
    }
}

kinds! {
    /// The known ways in which cmdlets fail.
    ///
    /// Source: observed bodies and the texts that clients in use look for; Microsoft publishes no list.
    #[non_exhaustive]
    pub enum CmdletErrorKind {
        /// The object of the command does not exist, or is not visible yet.
        ObjectNotFound,
        /// A recipient that a parameter names does not exist.
        RecipientNotFound,
        /// Several recipients match an identity.
        SeveralMatch,
        /// An object of this name exists.
        AlreadyExists,
        /// The address belongs to another recipient.
        AddressInUse,
        /// The address is in a domain that the organisation does not accept mail for.
        DomainNotAccepted,
        /// The recipient is a member of the group.
        AlreadyMember,
        /// The recipient is not a member of the group.
        NotMember,
        /// The user has no permission of its own on the folder.
        NoPermissionEntry,
        /// A list holds the same recipient twice.
        DuplicateInList,
        /// Only an owner may change the group, and the check was not by-passed.
        NotGroupManager,
        /// The members of the group follow a rule.
        DynamicMembership,
        /// The group would lose its last owner.
        LastOwner,
        /// The object is synchronised from on-premises Active Directory.
        DirectorySynced,
        /// The object is outside what the caller may write.
        OutOfWriteScope,
        /// The caller has no right on the object.
        InsufficientPermissions,
        /// Exchange may not write to the directory server that the command was sent to. It is how a command ends whose anchor
        /// mailbox does not name the tenant's initial domain; the change was seen to have been made all the same.
        TargetNotWritable,
        /// A parameter does not exist, or the caller's roles do not give it.
        UnknownParameter,
        /// A parameter's value has the wrong form.
        InvalidParameterValue,
        /// The cmdlet does not exist, or the caller's roles do not give it.
        CmdletDenied,
        /// Exchange refused, also with a new token, and did not say why. It does so for a missing role, for a token of the
        /// wrong kind, and while a role is not everywhere known.
        DeniedWithoutReason,
        /// The caller's role was found and does not fit: it is of another kind, or not everywhere known yet.
        RolePropagating,
        /// The caller may not assign this role: it holds no delegating assignment of it.
        NoDelegatingRole,
        /// The tenant has never been customised: `Enable-OrganizationCustomization` comes first.
        Dehydrated,
        /// The scope of an access policy must be a security principal.
        NotSecurityPrincipal,
        /// All access policies together have become too large.
        PolicySpaceUsedUp,
        /// The organisation has no licence for what the command sets.
        LicenceMissing,
        /// The service does not offer the command to this organisation. `Enable-OrganizationCustomization` says so when the
        /// organisation is customised already.
        NotOffered,
        /// The object is in use by others.
        InUse,
        /// The cmdlet has been retired.
        Retired,
        /// A link to a next page is too old.
        PageExpired,
        /// Too many commands of the tenant run at once.
        TooManyAtOnce,
        /// A fault that the service calls transient.
        Transient,
        /// Anything else.
        Other,
    }
}

use CmdletErrorKind as Kind;

/// By the exception's short name.
const BY_EXCEPTION: &[(&str, Kind)] = &[
    ("ManagementObjectNotFoundException", Kind::ObjectNotFound),
    ("ADNoSuchObjectException", Kind::ObjectNotFound),
    ("ManagementObjectAmbiguousException", Kind::SeveralMatch),
    ("ADObjectAlreadyExistsException", Kind::AlreadyExists),
    ("ProxyAddressExistsException", Kind::AddressInUse),
    ("WLCDManagedMemberExistsException", Kind::AddressInUse),
    ("MemberAlreadyExistsException", Kind::AlreadyMember),
    ("MemberNotFoundException", Kind::NotMember),
    ("UserNotFoundInPermissionEntryException", Kind::NoPermissionEntry),
    ("OperationRequiresGroupManagerException", Kind::NotGroupManager),
    ("DynamicGroupMembershipChangeDeniedException", Kind::DynamicMembership),
    ("InsufficientPermissionsException", Kind::InsufficientPermissions),
    ("MinGroupOwnersCriteriaBreachedException", Kind::LastOwner),
    ("GroupMemberRemoveException", Kind::LastOwner),
    ("GroupOwnersCannotBeRemovedException", Kind::LastOwner),
    ("AmbiguousParameterSetException", Kind::UnknownParameter),
    ("ParameterTransformationException", Kind::InvalidParameterValue),
    ("InvalidOperationInDehydratedContextException", Kind::Dehydrated),
    ("CmdletAccessDeniedException", Kind::CmdletDenied),
    ("CommandNotFoundException", Kind::CmdletDenied),
    ("CmdletProxyNotAvailableFailure", Kind::Transient),
    ("ServerBusyException", Kind::Transient),
    ("TransientException", Kind::Transient),
    ("BackendCommunicationException", Kind::Transient),
    ("UnableToWriteToAadException", Kind::Transient),
];

/// By the id of the message, where the exception says little. No list of them is published.
const BY_ID: &[(&str, Kind)] = &[
    ("Ex6F9304", Kind::ObjectNotFound),
    ("Ex94914C", Kind::RecipientNotFound),
    ("ExB10BE9", Kind::AddressInUse),
    ("Ex5E8EA4", Kind::LicenceMissing),
];

/// What says that an identity fits several objects. It counts before the exception: an object that is there twice must
/// never read as one that is not there.
const SEVERAL: &[&str] = &["matches multiple entries", "multiple recipients matching", "multiple objects matching"];

/// By a stable part of the sentence, in lower case. The first that fits wins.
const BY_SENTENCE: &[(&str, Kind)] = &[
    ("maximum number of concurrent requests", Kind::TooManyAtOnce),
    ("expired or invalid pagination request", Kind::PageExpired),
    ("is being synchronized from your on-premises organization", Kind::DirectorySynced),
    ("out of the current user's write scope", Kind::OutOfWriteScope),
    ("isn't within your current write scopes", Kind::OutOfWriteScope),
    ("write permission to target dc", Kind::TargetNotWritable),
    ("following duplicated recipient identity", Kind::DuplicateInList),
    ("is already being used by the proxy addresses", Kind::AddressInUse),
    ("is already a member of the group", Kind::AlreadyMember),
    ("isn't a member of the group", Kind::NotMember),
    ("no existing permission entry found for user", Kind::NoPermissionEntry),
    ("is not a member of the group", Kind::NotMember),
    ("can only be performed by a manager of the group", Kind::NotGroupManager),
    ("executing user is not in the current organization", Kind::NotGroupManager),
    ("must have at least one owner", Kind::LastOwner),
    ("enable-organizationcustomization", Kind::Dehydrated),
    ("must be assigned a delegating role assignment", Kind::NoDelegatingRole),
    ("is not present in the role definition of the current user", Kind::RolePropagating),
    ("isn't supported in this scenario", Kind::RolePropagating),
    ("the role assigned to application", Kind::RolePropagating),
    ("total size of app access policies exceeded", Kind::PolicySpaceUsedUp),
    ("not a security principal", Kind::NotSecurityPrincipal),
    ("accepted domain", Kind::DomainNotAccepted),
    ("because it's being used by", Kind::InUse),
    ("will start deprecating", Kind::Retired),
    ("not available for the current service offer", Kind::NotOffered),
    ("parameter set cannot be resolved", Kind::UnknownParameter),
    ("cannot process argument transformation", Kind::InvalidParameterValue),
    ("unable to cast object of type", Kind::InvalidParameterValue),
    ("issue may be transient", Kind::Transient),
    ("exceeded concurrency", Kind::TooManyAtOnce),
    ("microdelay", Kind::TooManyAtOnce),
    ("adserverunavailable", Kind::Transient),
    ("adtransient", Kind::Transient),
    ("already exists", Kind::AlreadyExists),
    ("couldn't find object", Kind::RecipientNotFound),
    ("couldn't be found", Kind::ObjectNotFound),
];

impl CmdletErrorKind {
    fn decide(exception: Option<&str>, id: Option<&str>, sentence: &str) -> Self {
        let by_id = || {
            let known = BY_ID.iter().find(|(known, _)| id.is_some_and(|id| id.eq_ignore_ascii_case(known)));
            known.map_or(Self::Other, |(_, kind)| *kind)
        };
        let name = exception.map(|name| name.rsplit('.').next().unwrap_or(name));
        let by_exception =
            BY_EXCEPTION.iter().find(|(known, _)| name.is_some_and(|name| name.eq_ignore_ascii_case(known)));
        let sentence = sentence.to_ascii_lowercase();
        if SEVERAL.iter().any(|part| sentence.contains(part)) {
            return Self::SeveralMatch;
        }
        match by_exception {
            // One exception serves two cases, which only the sentence tells apart.
            Some((_, Self::InsufficientPermissions)) if sentence.contains("write permission to target dc") => {
                Self::TargetNotWritable
            }
            Some((_, Self::ObjectNotFound)) if sentence.contains("couldn't find object") => Self::RecipientNotFound,
            Some((_, kind)) => *kind,
            None => {
                let by_sentence = BY_SENTENCE.iter().find(|(part, _)| sentence.contains(part));
                by_sentence.map_or_else(by_id, |(_, kind)| *kind)
            }
        }
    }

    fn error_kind(self) -> Option<ErrorKind> {
        Some(match self {
            Self::ObjectNotFound | Self::RecipientNotFound | Self::NoPermissionEntry => ErrorKind::NotFound,
            Self::AlreadyExists | Self::AddressInUse | Self::AlreadyMember | Self::NotMember | Self::InUse => {
                ErrorKind::Conflict
            }
            Self::NotGroupManager
            | Self::InsufficientPermissions
            | Self::OutOfWriteScope
            | Self::DirectorySynced
            | Self::CmdletDenied
            | Self::DeniedWithoutReason
            | Self::RolePropagating
            | Self::NoDelegatingRole => ErrorKind::Denied,
            Self::TooManyAtOnce => ErrorKind::Throttled,
            Self::Transient => ErrorKind::Unavailable,
            Self::Other => return None,
            _ => ErrorKind::Service,
        })
    }

    /// What to do next.
    #[must_use]
    pub fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::ObjectNotFound => "Check the spelling; an object that was just made may take minutes to be visible.",
            Self::RecipientNotFound => {
                "Check the address: only what Exchange knows as a recipient can be named, and a new user takes minutes \
                 to become one."
            }
            Self::SeveralMatch => "Name the object by its address or Entra object id.",
            Self::AlreadyExists => "Read the existing object, and use it or choose another name.",
            Self::AddressInUse => "Choose another address, or remove it from the recipient that has it.",
            Self::DomainNotAccepted => "Use a domain that Get-AcceptedDomain lists.",
            Self::AlreadyMember | Self::NotMember => "Nothing is left to do.",
            Self::NoPermissionEntry => "Add one by Add-MailboxFolderPermission; Set- changes those that are there.",
            Self::DuplicateInList => "Name each recipient once: two addresses may belong to the same one.",
            Self::NotGroupManager => {
                "Make the calling application an owner of the group, or assign it the Exchange role \"Security Group \
                 Creation and Membership\" and set BypassSecurityGroupManagerCheck."
            }
            Self::DynamicMembership => "Use a group whose members are listed one by one.",
            Self::LastOwner => "Add another owner first.",
            Self::DirectorySynced => "Change the object on premises, or use a group that lives in the cloud only.",
            Self::OutOfWriteScope => "Widen the write scope of the caller's management role assignment.",
            Self::TargetNotWritable => {
                "Read the object back: the change may have been made. The anchor mailbox must name the tenant's initial \
                 domain: build the client with that domain (contoso.onmicrosoft.com), or let it read the domain \
                 (Organization.Read.All in Graph, or Get-AcceptedDomain)."
            }
            Self::InsufficientPermissions | Self::CmdletDenied => {
                "Assign the calling application the Entra role Exchange Administrator (or an Exchange role group with this \
                 cmdlet); a new role is in new tokens only."
            }
            Self::DeniedWithoutReason => {
                "Check that the calling application has the app role Exchange.ManageAsApp (not one of its look-alikes) and the \
                 Entra role Exchange Administrator; a role that was just assigned may take 30 minutes to propagate."
            }
            Self::UnknownParameter => {
                "The caller's role may lack the right to this parameter: BypassSecurityGroupManagerCheck needs \
                 Organization Management or \"Security Group Creation and Membership\"."
            }
            Self::InvalidParameterValue => "Correct the value; the message lists what is taken.",
            Self::RolePropagating => "The role has not propagated yet: try again in 30 minutes.",
            Self::NoDelegatingRole => {
                "If Enable-OrganizationCustomization was run within the last two hours, wait: the service says so of callers \
                 that have a delegating assignment, for up to an hour after it first takes assignments. Otherwise assign \
                 the caller a delegating assignment of this role; Organization Management has one."
            }
            Self::Dehydrated => {
                "If Enable-OrganizationCustomization was not run yet, run it once. Then wait for up to an hour: until then the \
                 service goes on saying this, although IsDehydrated is false."
            }
            Self::NotSecurityPrincipal => {
                "Use a mail-enabled security group: distribution groups, room lists and room mailboxes are not taken."
            }
            Self::PolicySpaceUsedUp => "Remove policies that are not needed, or shorten their descriptions.",
            Self::LicenceMissing => "Buy the licence, or leave the setting as it is.",
            Self::NotOffered => {
                "If this was Enable-OrganizationCustomization, read IsDehydrated again: the organisation may be \
                 customised already."
            }
            Self::InUse => "Remove what uses it first.",
            Self::Retired => "Use the cmdlet that the message names.",
            Self::PageExpired => "Read the list again from its first page.",
            Self::TooManyAtOnce | Self::Transient => "Try again later, with fewer calls at once.",
            Self::Other => return None,
        })
    }
}

/// What a response of Exchange says. `None` for a success.
pub(super) fn classify(response: &Response) -> Option<Failure> {
    // A success may be 10 MB; only a short text or one that begins as an error does is worth a second look.
    if response.is_success() && !is_disguised(response.bytes()) {
        return None;
    }
    let text = readable(response.bytes());
    let diagnostics = response.header("x-ms-diagnostics").map(str::to_owned);
    let exception = response.header("x-exceptiontype").map(str::to_owned);
    let said = text.as_deref().and_then(Said::parse);
    let has_reason = diagnostics.is_some() || exception.is_some() || said.is_some();
    let said = said.unwrap_or_default();
    let exception = said.exception.or(exception);
    let decided = CmdletErrorKind::decide(exception.as_deref(), said.id.as_deref(), &said.sentence);
    let kind = match (decided, response.status()) {
        (Kind::Other, 403) if !has_reason => Kind::DeniedWithoutReason,
        (Kind::Other, 403) => Kind::CmdletDenied,
        (kind, _) => kind,
    };
    let sentence = if said.sentence.is_empty() { unexplained(response, diagnostics.as_deref()) } else { said.sentence };
    let mut failure = Failure::from_status(response, sentence.clone());
    refine(&mut failure, kind, has_reason);
    // The service's own "not found" names its exception or has its sentence; a server in between that finds no page may
    // say "NotFound" as well.
    if (kind, failure.status) == (Kind::Other, Some(404)) {
        failure.kind = ErrorKind::Decode;
        failure.outcome_unknown = true;
    }
    let cmdlet = CmdletError { kind, exception, message_id: said.id, sentence, target: said.target, diagnostics };
    failure.code = cmdlet.exception_name().map(str::to_owned).or(said.code);
    failure.advice = kind.advice().map(Into::into);
    if failure.status == Some(401) {
        failure.advice = Some(
            "The calling application needs the app role Exchange.ManageAsApp on Office 365 Exchange Online, with admin \
             consent; a new role takes minutes to propagate."
                .into(),
        );
    }
    failure.add_detail(cmdlet);
    Some(failure)
}

/// Whether the body of a success reports a failure: the limit on commands at once was seen as plain text, and is looked
/// for whatever the status.
fn is_disguised(body: &[u8]) -> bool {
    const LONGEST_TEXT: usize = 4096;
    const LONGEST_ERROR: usize = 64 * 1024;
    let Some(start) = body.iter().position(|byte| *byte != 0 && !byte.is_ascii_whitespace()) else { return false };
    let body = body[start..].strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body[start..]);
    if body.first() == Some(&b'{') {
        // The error need not come first. A body that is too long for a second look is refused where rows are read.
        return body.len() <= LONGEST_ERROR
            && serde_json::from_slice::<Map<String, Value>>(body).map_or_else(
                |_| begins_as_error(body),
                |body| get(&body, "error").is_some_and(|error| !error.is_null()),
            );
    }
    body.len() <= LONGEST_TEXT
        && readable(body).is_some_and(|text| CmdletErrorKind::decide(None, None, &text) == Kind::TooManyAtOnce)
}

/// Whether a body that was cut off began as an error.
fn begins_as_error(body: &[u8]) -> bool {
    let head: Vec<u8> = body.iter().take(64).filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    head.to_ascii_lowercase().starts_with(b"{\"error\":")
}

/// What an object that is no row says: the message of an error, in any of its forms.
pub(super) fn message_of(object: &Map<String, Value>) -> Option<String> {
    let said = Said::parse_object(object)?;
    (!said.sentence.is_empty()).then_some(said.sentence)
}

/// Whether to repeat: by kind first, then by status. A 500 may be final, a 400 transient.
fn refine(failure: &mut Failure, kind: Kind, has_reason: bool) {
    let status = failure.status.unwrap_or_default();
    // What is wrong with a command stays wrong, whatever the status.
    let is_decided = matches!(kind, Kind::SeveralMatch | Kind::TargetNotWritable);
    (failure.repeat, failure.outcome_unknown) = match (kind, status) {
        _ if is_decided => (Repeat::Never, kind == Kind::TargetNotWritable),
        (Kind::TooManyAtOnce, _) | (_, 429 | 503) => (Repeat::Always, false),
        (Kind::Transient, _) | (_, 408 | 502 | 504) => (Repeat::IfIdempotent, true),
        (Kind::Other, 500) => (Repeat::Never, true),
        _ => (Repeat::Never, false),
    };
    if (is_decided || !matches!(status, 429 | 503))
        && let Some(error_kind) = kind.error_kind()
    {
        failure.kind = error_kind;
    }
    // Expiry, a missing app role and a role that is newer than the token all look alike; a denial with a reason is
    // a denial.
    failure.renew_token = status == 401 || (status == 403 && !has_reason);
}

fn unexplained(response: &Response, diagnostics: Option<&str>) -> String {
    match (response.status(), diagnostics) {
        (_, Some(reason)) => format!("Exchange refused: {reason}"),
        (401, None) => "Exchange did not take the access token and gave no reason".into(),
        (403, None) => "Exchange refused and gave no reason".into(),
        (429, None) => "Exchange asks for fewer calls".into(),
        (status, None) => format!("Exchange answered with status {status} and no reason"),
    }
}

/// The body as text. Denials come as NUL bytes under a false gzip label.
fn readable(body: &[u8]) -> Option<String> {
    let start = body.iter().position(|byte| *byte != 0)?;
    let end = body.iter().rposition(|byte| *byte != 0)?;
    let text = String::from_utf8_lossy(&body[start..=end]);
    let text = text.trim_start_matches('\u{feff}').trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// What an error body says.
#[derive(Debug, Default, PartialEq)]
struct Said {
    code: Option<String>,
    exception: Option<String>,
    id: Option<String>,
    sentence: String,
    target: Option<String>,
}

impl Said {
    fn parse(text: &str) -> Option<Self> {
        if !text.starts_with('{') {
            return (!text.starts_with('<') && !is_noise(text)).then(|| Self::plain(text));
        }
        // A response that was cut off still says more than its status.
        match serde_json::from_str(text) {
            Ok(Value::Object(body)) => Self::parse_object(&body),
            _ => Some(Self::plain(text)),
        }
    }

    fn parse_object(body: &Map<String, Value>) -> Option<Self> {
        let error = get(body, "error").and_then(Value::as_object).unwrap_or(body);
        let details =
            get(error, "details").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        let detail = details.clone().find(|detail| text_of(detail, "message").is_some()).or(details.clone().next());
        let inner = get(error, "innererror").and_then(Value::as_object);
        let internal = inner.and_then(|inner| get(inner, "internalexception")).and_then(Value::as_object);
        let mut said = detail.and_then(|detail| text_of(detail, "message")).map(Self::unwrap).unwrap_or_default();
        // A wrapper says no more than that something was thrown or executed.
        let is_wrapper = |text: &str| text.starts_with("Exception of type") || text == "Error executing cmdlet";
        for thrown in [internal, inner].into_iter().flatten() {
            if said.sentence.is_empty()
                && let Some(sentence) = text_of(thrown, "message").filter(|text| !is_wrapper(text))
            {
                sentence.clone_into(&mut said.sentence);
                said.exception = text_of(thrown, "type").map(str::to_owned);
            }
        }
        if said.sentence.is_empty() {
            let text = get(body, "error").and_then(Value::as_str);
            let sentence = text_of(error, "message").or(text).or_else(|| first_record(body)).unwrap_or_default();
            sentence.clone_into(&mut said.sentence);
        }
        said.code = text_of(error, "code").map(str::to_owned);
        said.target = detail.and_then(|detail| text_of(detail, "target")).map(str::to_owned);
        (!said.sentence.is_empty() || said.code.is_some()).then_some(said)
    }

    fn plain(text: &str) -> Self {
        Self { sentence: text.to_owned(), ..Self::default() }
    }

    /// Unwraps the message of a detail, which has one of three forms. A command that was passed on to another server
    /// carries that server's whole error in its sentence.
    fn unwrap(message: &str) -> Self {
        if message.trim_start().starts_with('{')
            && let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(message)
        {
            let localized = get(&fields, "localizedString").and_then(Value::as_object);
            let said = Self {
                exception: text_of(&fields, "TypeName").or_else(|| text_of(&fields, "ClassName")).map(str::to_owned),
                id: localized.and_then(|localized| text_of(localized, "stringId")).map(str::to_owned),
                sentence: text_of(&fields, "Message").unwrap_or(message).to_owned(),
                ..Self::default()
            };
            return said.without_proxy();
        }
        Self::from_pipes(message, 0).unwrap_or_else(|| Self::plain(message)).without_proxy()
    }

    /// `Ex6F9304|Full.Type.Name|Sentence`; the id may be missing. `start` is where to look for the first bar.
    fn from_pipes(text: &str, start: usize) -> Option<Self> {
        let first = start + text.get(start..)?.find('|')?;
        let rest = &text[first + 1..];
        let (exception, sentence) = rest.split_once('|')?;
        let is_name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '`'))
        };
        let is_type = exception.contains('.') && exception.split('.').all(is_name);
        if !is_type || sentence.trim().is_empty() {
            return Self::from_pipes(text, first + 1);
        }
        let before = &text[..first];
        let id: String = before.chars().rev().take_while(char::is_ascii_alphanumeric).collect();
        let id: String = id.chars().rev().collect();
        Some(Self {
            exception: Some(exception.to_owned()),
            id: id.starts_with("Ex").then_some(id),
            sentence: sentence.to_owned(),
            ..Self::default()
        })
    }

    fn without_proxy(self) -> Self {
        let is_proxy = self.exception.as_deref().is_some_and(|name| name.ends_with("CmdletProxyException"));
        if !is_proxy {
            return self;
        }
        let nested = self.sentence.find("{\"error\"").and_then(|start| {
            let mut values = serde_json::Deserializer::from_str(&self.sentence[start..]).into_iter::<Value>();
            values.next()?.ok().and_then(|value| Self::parse(&value.to_string()))
        });
        match nested.or_else(|| Self::from_pipes(&self.sentence, 0)) {
            Some(said) => said,
            None => self,
        }
    }
}

/// Whether a text is no text: a body that is compressed or encrypted, read as UTF-8.
fn is_noise(text: &str) -> bool {
    let odd = text.chars().filter(|c| *c == '\u{fffd}' || (c.is_control() && !c.is_whitespace())).count();
    odd * 4 > text.chars().count()
}

/// A member of an object whose names vary in case.
fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn text_of<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    get(object, name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn first_record(body: &Map<String, Value>) -> Option<&str> {
    let record = get(body, "ErrorRecords")?.as_array()?.first()?.as_object()?;
    text_of(record, "Message")
}

#[cfg(test)]
mod tests;
