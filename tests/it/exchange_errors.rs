//! What Exchange says when a cmdlet fails, and what is made of it: one case for each way in which it says it.

use exchange_groups::graph_client::exchange::{CmdletError, CmdletErrorKind as Kind};
use serde_json::json;

const NOT_FOUND: &str = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException";

/// What a response of 400 means whose detail says this.
fn kind_of(detail: &str) -> Kind {
    let error = json!({
        "code": "BadRequest",
        "message": "Error executing cmdlet",
        "details": [{ "code": "Client", "target": "", "message": detail }],
    });
    CmdletError::read(400, [], json!({ "error": error }).to_string()).expect("it is an error").kind
}

/// One row for each known exception, with a sentence that says nothing.
#[test]
fn an_exception_decides_whatever_the_sentence() {
    for (name, kind) in [
        ("Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException", Kind::ObjectNotFound),
        ("Microsoft.Exchange.Data.Directory.ADNoSuchObjectException", Kind::ObjectNotFound),
        ("Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException", Kind::SeveralMatch),
        ("Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException", Kind::AlreadyExists),
        ("Microsoft.Exchange.Configuration.ObjectModel.ProxyAddressExistsException", Kind::AddressInUse),
        ("Microsoft.Exchange.Management.Tasks.WLCDManagedMemberExistsException", Kind::AddressInUse),
        ("Microsoft.Exchange.Management.Tasks.MemberAlreadyExistsException", Kind::AlreadyMember),
        ("Microsoft.Exchange.Management.Tasks.MemberNotFoundException", Kind::NotMember),
        ("Microsoft.Exchange.Management.StoreTasks.UserNotFoundInPermissionEntryException", Kind::NoPermissionEntry),
        ("Microsoft.Exchange.Configuration.Tasks.OperationRequiresGroupManagerException", Kind::NotGroupManager),
        ("Any.DynamicGroupMembershipChangeDeniedException", Kind::DynamicMembership),
        ("Microsoft.Exchange.Data.Directory.InsufficientPermissionsException", Kind::InsufficientPermissions),
        ("Any.MinGroupOwnersCriteriaBreachedException", Kind::LastOwner),
        ("Any.GroupMemberRemoveException", Kind::LastOwner),
        ("Any.GroupOwnersCannotBeRemovedException", Kind::LastOwner),
        ("Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException", Kind::UnknownParameter),
        ("Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException", Kind::InvalidParameterValue),
        ("Microsoft.Exchange.Configuration.Tasks.InvalidOperationInDehydratedContextException", Kind::Dehydrated),
        ("Any.CmdletAccessDeniedException", Kind::CmdletDenied),
        ("System.Management.Automation.CommandNotFoundException", Kind::CmdletDenied),
        ("Any.CmdletProxyNotAvailableFailure", Kind::Transient),
        ("Any.ServerBusyException", Kind::Transient),
        ("Any.TransientException", Kind::Transient),
        ("Any.BackendCommunicationException", Kind::Transient),
        ("Any.UnableToWriteToAadException", Kind::Transient),
    ] {
        assert_eq!(kind_of(&format!("|{name}|It failed.")), kind, "{name}");
    }
}

/// The sentences as the service sends them, under an exception that says nothing.
#[test]
fn a_sentence_decides_where_the_exception_says_nothing() {
    for (sentence, kind) in [
        ("You have reached the maximum number of concurrent requests per tenant.", Kind::TooManyAtOnce),
        ("Expired or Invalid pagination request. Default Expiry time is 00:30:00", Kind::PageExpired),
        (
            "The operation failed because it's out of the current user's write scope. The action can't be performed because \
             the object is being synchronized from your on-premises organization.",
            Kind::DirectorySynced,
        ),
        ("The operation failed because it's out of the current user's write scope.", Kind::OutOfWriteScope),
        ("'x' isn't within your current write scopes. Can't perform save operation.", Kind::OutOfWriteScope),
        ("The caller doesn't have write permission to target DC 'DC7'.", Kind::TargetNotWritable),
        ("The parameter \"X\" contains the following duplicated recipient identity: y", Kind::DuplicateInList),
        (
            "The proxy address \"SMTP:x\" is already being used by the proxy addresses or LegacyExchangeDN of \"y\".",
            Kind::AddressInUse,
        ),
        ("The recipient \"x\" is already a member of the group \"y\".", Kind::AlreadyMember),
        ("The recipient \"x\" isn't a member of the group \"y\".", Kind::NotMember),
        ("The recipient \"x\" is not a member of the group \"y\".", Kind::NotMember),
        ("There is no existing permission entry found for user: x.", Kind::NoPermissionEntry),
        (
            "You don't have sufficient permissions. This operation can only be performed by a manager of the group.",
            Kind::NotGroupManager,
        ),
        ("The executing user is not in the current organization.", Kind::NotGroupManager),
        ("The group must have at least one owner", Kind::LastOwner),
        ("Run the command: Enable-OrganizationCustomization.", Kind::Dehydrated),
        (
            "You don't have access to create, change, or remove the \"x\" management role assignment. You must be assigned a \
             delegating role assignment to the management role.",
            Kind::NoDelegatingRole,
        ),
        ("X is not present in the role definition of the current user.", Kind::RolePropagating),
        ("The role isn't supported in this scenario.", Kind::RolePropagating),
        ("The role assigned to application x is of another kind.", Kind::RolePropagating),
        ("The total size of App Access Policies exceeded the limit.", Kind::PolicySpaceUsedUp),
        ("The group is not a security principal.", Kind::NotSecurityPrincipal),
        ("The domain isn't an accepted domain for your organization.", Kind::DomainNotAccepted),
        ("The object can't be removed because it's being used by another.", Kind::InUse),
        ("Get-MessageTrace will start deprecating soon.", Kind::Retired),
        ("This operation is not available for the current service offer.", Kind::NotOffered),
        ("Parameter set cannot be resolved using the specified named parameters.", Kind::UnknownParameter),
        ("Cannot process argument transformation on parameter 'X'.", Kind::InvalidParameterValue),
        ("Unable to cast object of type 'JObject' to type 'System.String'", Kind::InvalidParameterValue),
        ("The issue may be transient.", Kind::Transient),
        ("Exceeded concurrency.", Kind::TooManyAtOnce),
        ("MicroDelay was applied.", Kind::TooManyAtOnce),
        ("ADServerUnavailable", Kind::Transient),
        ("ADTransient", Kind::Transient),
        ("The object 'CN=x' already exists.", Kind::AlreadyExists),
        (
            "Couldn't find object \"x\". Please make sure that it was spelled correctly or specify a different object.",
            Kind::RecipientNotFound,
        ),
        ("The operation couldn't be performed because object 'x' couldn't be found on 'DC7'.", Kind::ObjectNotFound),
    ] {
        assert_eq!(kind_of(&format!("|System.InvalidOperationException|{sentence}")), kind, "{sentence}");
    }
}

#[test]
fn an_id_decides_where_neither_exception_nor_sentence_says_anything() {
    for (id, kind) in [
        ("Ex6F9304", Kind::ObjectNotFound),
        ("Ex94914C", Kind::RecipientNotFound),
        ("ExB10BE9", Kind::AddressInUse),
        ("Ex5E8EA4", Kind::LicenceMissing),
    ] {
        assert_eq!(kind_of(&format!("{id}|System.Exception|Es ist misslungen.")), kind, "{id}");
    }
}

#[test]
fn an_object_that_is_there_twice_never_reads_as_one_that_is_not_there() {
    for several in ["matches multiple entries", "multiple recipients matching identity", "multiple objects matching"] {
        assert_eq!(
            kind_of(&format!("Ex6F9304|{NOT_FOUND}|'x' couldn't be found: {several} \"x\".")),
            Kind::SeveralMatch,
            "{several}"
        );
    }
}

#[test]
fn one_exception_serves_two_cases_that_the_sentence_tells_apart() {
    let not_writable = "|Microsoft.Exchange.Data.Directory.InsufficientPermissionsException|The caller doesn't have write \
                        permission to target DC 'DC7'.";
    assert_eq!(kind_of(not_writable), Kind::TargetNotWritable);
    let nobody = format!("Ex94914C|{NOT_FOUND}|Couldn't find object \"x\".");
    assert_eq!(kind_of(&nobody), Kind::RecipientNotFound);
}
