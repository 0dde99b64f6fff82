//! Exchange's errors: the sentences, the exception types, and the forms in which they are wrapped.

use serde_json::{Value, json};

use crate::exchange_state::Ambiguity;
use crate::request::Response;

pub(crate) const CONTENT_TYPE: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// How `details[0].message` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `Ex6F9304|Type|Sentence`, where the id may be missing.
    Pipe,
    /// JSON text with `Message` and `TypeName`.
    Json,
    /// JSON text with `ClassName`, `Message` and `localizedString`.
    Localized,
}

#[derive(Clone, Debug)]
enum Kind {
    /// The cmdlet ran and failed: the truth is in `details`.
    Executing {
        id: &'static str,
        exception: &'static str,
        form: Form,
        detail: &'static str,
        target: Option<&'static str>,
    },
    /// The parameters did not bind: the truth is in `innererror.internalexception`.
    Binding { exception: &'static str },
    /// The sentence is the outer message.
    Bare,
}

#[derive(Clone, Debug)]
pub(crate) struct Failure {
    status: u16,
    sentence: String,
    kind: Kind,
}

const NOT_FOUND: &str = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException";
const EXISTS: &str = "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException";
const RECIPIENT_TASK: &str = "Microsoft.Exchange.Management.Tasks.RecipientTaskException";
const VALIDATION: &str = "Microsoft.Exchange.Data.DataValidationException";
const SERVER: &str = "AM0PR01A001DC007.EURPR01A001.PROD.OUTLOOK.COM";

fn executing(status: u16, exception: &'static str, sentence: String) -> Failure {
    Failure {
        status,
        sentence,
        kind: Kind::Executing { id: "", exception, form: Form::Pipe, detail: "Client", target: Some("") },
    }
}

fn binding(exception: &'static str, sentence: String) -> Failure {
    Failure { status: 400, sentence, kind: Kind::Binding { exception } }
}

impl Failure {
    fn with_id(mut self, known: &'static str) -> Self {
        if let Kind::Executing { id, .. } = &mut self.kind {
            *id = known;
        }
        self
    }

    fn written_as(mut self, wanted: Form, code: &'static str) -> Self {
        if let Kind::Executing { form, detail, .. } = &mut self.kind {
            *form = wanted;
            *detail = code;
        }
        self
    }

    /// The object that a command is about does not exist.
    pub(super) fn not_found(identity: &str) -> Self {
        executing(
            404,
            NOT_FOUND,
            format!("The operation couldn't be performed because object '{identity}' couldn't be found on '{SERVER}'."),
        )
        .with_id("Ex6F9304")
    }

    /// The same, in the form that carries the id as a `stringId`. Scopes use it here, so that a client
    /// meets all three forms; which command uses which in the service is not known.
    pub(super) fn scope_not_found(identity: &str) -> Self {
        Self::not_found(identity).written_as(Form::Localized, "Client")
    }

    /// A recipient that a command refers to (a member, an owner, a mailbox to test) does not exist.
    pub(super) fn recipient_not_found(identity: &str) -> Self {
        executing(
            404,
            NOT_FOUND,
            format!("Couldn't find object \"{identity}\". Please make sure that it was spelled correctly or specify a different object."),
        )
        .with_id("Ex94914C")
    }

    /// Several objects go by an identity. The beginning of the second sentence is that of
    /// [`Failure::not_found`].
    pub(super) fn several((error, status): (Ambiguity, u16), identity: &str) -> Self {
        match error {
            Ambiguity::MultipleRecipients => executing(
                status,
                RECIPIENT_TASK,
                format!(
                    "There are multiple recipients matching identity \"{identity}\". Please specify a unique value."
                ),
            ),
            Ambiguity::AmbiguousObject => executing(
                status,
                "Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException",
                format!("The operation couldn't be performed because object: '{identity}' matches multiple entries."),
            ),
        }
    }

    /// A write of an application whose anchor mailbox does not name the organisation by its initial domain.
    pub(super) fn target_dc() -> Self {
        // GUESS: the status; wrong if the service refuses with 403.
        executing(
            400,
            "Microsoft.Exchange.Data.Directory.InsufficientPermissionsException",
            "Source server:AM0PR01MB4529.eurprd01.prod.outlook.com doesn't have write permission to target DC:. Usually it indicates that target forest isn't an account partition of source forest. The user has insufficient access rights.".to_owned(),
        )
    }

    /// `Get-ApplicationAccessPolicy` in a tenant that never had one (the kind is observed by two tools, the
    /// words are those of every object that is not found).
    pub(super) fn no_policies(tenant: &str) -> Self {
        Self::not_found(&format!("{tenant}\\*"))
    }

    /// The same as [`Failure::unknown_parameter`], for parameters of which each is known.
    pub(super) fn parameter_set() -> Self {
        binding(
            "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException",
            "Parameter set cannot be resolved using the specified named parameters.".to_owned(),
        )
    }

    /// Ids that are not those of an enterprise application here.
    pub(super) fn no_such_service_principal(object_id: &str) -> Self {
        // GUESS: type and sentence; wrong if the refusal is of another kind. That the ids are checked is on
        // Microsoft's page; that they are not, in one blog.
        executing(
            400,
            VALIDATION,
            format!("The service principal with the object ID \"{object_id}\" wasn't found in Microsoft Entra ID."),
        )
    }

    pub(super) fn sentence(&self) -> &str {
        &self.sentence
    }

    pub(super) fn already_exists(distinguished_name: &str) -> Self {
        executing(400, EXISTS, format!("The object '{distinguished_name}' already exists."))
            .written_as(Form::Json, "Context")
    }

    pub(super) fn address_in_use(address: &str) -> Self {
        executing(
            400,
            "Microsoft.Exchange.Configuration.ObjectModel.ProxyAddressExistsException",
            format!("The proxy address \"SMTP:{address}\" is already being used by the proxy addresses or LegacyExchangeDN. Please choose another proxy address."),
        )
        .with_id("ExB10BE9")
    }

    pub(super) fn domain_not_accepted(domain: &str) -> Self {
        // GUESS: type and sentence, which no public capture shows; wrong if the service words it otherwise.
        executing(
            400,
            "Microsoft.Exchange.Management.Tasks.NotAcceptedDomainException",
            format!(
                "You can't use the domain because it's not an accepted domain for your organization. The domain is: \"{domain}\"."
            ),
        )
    }

    pub(super) fn already_member(member: &str, group: &str) -> Self {
        executing(
            400,
            "Microsoft.Exchange.Management.Tasks.MemberAlreadyExistsException",
            format!("The recipient \"{member}\" is already a member of the group \"{group}\"."),
        )
    }

    pub(super) fn not_member(member: &str, group: &str) -> Self {
        executing(
            400,
            "Microsoft.Exchange.Management.Tasks.MemberNotFoundException",
            format!("The recipient \"{member}\" isn't a member of the group \"{group}\"."),
        )
        .written_as(Form::Json, "Client")
    }

    pub(super) fn duplicated(parameter: &str, identity: &str) -> Self {
        executing(
            400,
            RECIPIENT_TASK,
            format!(
                "The parameter \"{parameter}\" contains the following duplicated recipient identity: \"{identity}\"."
            ),
        )
    }

    pub(super) fn not_manager() -> Self {
        executing(
            400,
            "Microsoft.Exchange.Configuration.Tasks.OperationRequiresGroupManagerException",
            "You don't have sufficient permissions. This operation can only be performed by a manager of the group."
                .to_owned(),
        )
    }

    /// What `Set-DistributionGroup` says where the others say [`Failure::not_manager`]; its target is null.
    pub(super) fn executing_user() -> Self {
        let mut failure =
            executing(400, RECIPIENT_TASK, "The executing user is not in the current organization.".to_owned());
        if let Kind::Executing { target, .. } = &mut failure.kind {
            *target = None;
        }
        failure
    }

    pub(super) fn last_owner() -> Self {
        executing(
            400,
            "Microsoft.Exchange.Management.Tasks.MinGroupOwnersCriteriaBreachedException",
            "The group must have at least one owner.".to_owned(),
        )
    }

    pub(super) fn synchronized(identity: &str, cmdlet: &str, property: &str) -> Self {
        executing(
            400,
            "System.InvalidOperationException",
            format!(
                "The operation on Identity \"{identity}\" failed because it's out of the current user's write scope. The action '{cmdlet}', '{property}', can't be performed on the object '{identity}' because the object is being synchronized from your on-premises organization. This action should be performed on the object in your on-premises organization."
            ),
        )
    }

    pub(super) fn dehydrated() -> Self {
        executing(
            400,
            "Microsoft.Exchange.Configuration.Tasks.InvalidOperationInDehydratedContextException",
            "The command you tried to run isn't currently allowed in your organization. To run this command, you first need to run the command: Enable-OrganizationCustomization.".to_owned(),
        )
        .written_as(Form::Json, "Context")
    }

    pub(super) fn already_customized() -> Self {
        executing(
            400,
            "System.InvalidOperationException",
            "This operation is not available for the current service offer.".to_owned(),
        )
    }

    pub(super) fn scope_in_use(name: &str) -> Self {
        executing(
            400,
            "System.InvalidOperationException",
            format!(
                "The management scope '{name}' can't be removed because it's being used by one or more management role assignments."
            ),
        )
    }

    pub(super) fn not_security_principal(name: &str) -> Self {
        executing(400, "System.ArgumentException", format!("The recipient '{name}' is not a security principal."))
    }

    /// Somebody who may not hand on a role, for want of a delegating assignment of it.
    pub(super) fn not_delegating(role: &str) -> Self {
        executing(
            400,
            "System.InvalidOperationException",
            format!(
                "You don't have access to create, change, or remove the \"{role}\" management role assignment. You must be assigned a delegating role assignment to the management role or its parent in the hierarchy without a scope restriction."
            ),
        )
    }

    pub(super) fn policies_too_large() -> Self {
        executing(
            400,
            "System.InvalidOperationException",
            "The total size of App Access Policies exceeded the limit.".to_owned(),
        )
    }

    /// Members of a dynamic group come and go by its filter; the sentence is ours, the type is observed.
    pub(super) fn dynamic_membership(group: &str) -> Self {
        executing(
            400,
            "Microsoft.Exchange.Management.Tasks.DynamicGroupMembershipChangeDeniedException",
            format!("The membership of the dynamic group \"{group}\" can't be changed."),
        )
    }

    /// An error of the cmdlet itself, by its type.
    pub(super) fn other(exception: &'static str, sentence: String) -> Self {
        executing(400, exception, sentence)
    }

    /// A value that the cmdlet itself refuses.
    pub(super) fn invalid(sentence: impl Into<String>) -> Self {
        executing(400, VALIDATION, sentence.into())
    }

    pub(super) fn unknown_parameter(name: &str) -> Self {
        binding(
            "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException",
            format!(
                "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters specified. {name}"
            ),
        )
    }

    /// Type and sentence as PowerShell has them; how this end point shows them was not seen.
    pub(super) fn missing_parameter(name: &str) -> Self {
        binding(
            "System.Management.Automation.ParameterBindingException",
            format!("Cannot process command because of one or more missing mandatory parameters: {name}."),
        )
    }

    /// See [`Failure::missing_parameter`].
    pub(super) fn empty_parameter(name: &str) -> Self {
        binding(
            "System.Management.Automation.ParameterBindingValidationException",
            format!("Cannot bind argument to parameter '{name}' because it is null or an empty string."),
        )
    }

    pub(super) fn not_convertible(parameter: &str, value: &str, kind: &str) -> Self {
        binding(
            "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException",
            format!(
                "Cannot process argument transformation on parameter '{parameter}'. Cannot convert value \"{value}\" to type \"{kind}\"."
            ),
        )
    }

    pub(super) fn not_a_name(parameter: &str, value: &str, kind: &str, names: &[&str]) -> Self {
        binding(
            "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException",
            format!(
                "Cannot process argument transformation on parameter '{parameter}'. Cannot convert value \"{value}\" to type \"{kind}\". Error: \"Unable to match the identifier name {value} to a valid enumerator name. Specify one of the following enumerator names and try again:\n{}\"",
                names.join(", ")
            ),
        )
    }

    /// An untagged hash table.
    pub(super) fn untagged(parameter: &str, kind: &str) -> Self {
        Self::not_convertible(parameter, "Newtonsoft.Json.Linq.JProperty", kind)
    }

    /// An object where text belongs: a 500, though nothing is wrong with the server (observed).
    pub(super) fn object_for_text() -> Self {
        Self {
            status: 500,
            sentence: "Unable to cast object of type 'Newtonsoft.Json.Linq.JObject' to type 'System.String'."
                .to_owned(),
            kind: Kind::Binding { exception: "System.InvalidCastException" },
        }
    }

    pub(super) fn page_expired() -> Self {
        Self::bare("Expired or Invalid pagination request. Default Expiry time is 00:30:00")
    }

    pub(super) fn bare(sentence: &str) -> Self {
        Self { status: 400, sentence: sentence.to_owned(), kind: Kind::Bare }
    }

    pub(super) fn response(&self, cmdlet: &str) -> Response {
        let response = Response::new(self.status).with_body(CONTENT_TYPE, self.body().to_string());
        match self.kind {
            Kind::Executing { exception, .. } => {
                response.with_header("Cmdlet-Name", cmdlet).with_header("x-ExceptionType", short(exception))
            }
            Kind::Binding { exception } => response.with_header("x-ExceptionType", short(exception)),
            Kind::Bare => response,
        }
    }

    fn body(&self) -> Value {
        let mut error = json!({"code": code(self.status)});
        match self.kind {
            Kind::Executing { id, exception, form, detail, target } => {
                let message = match form {
                    Form::Pipe => format!("{id}|{exception}|{}", self.sentence),
                    Form::Json => json!({
                        "Message": self.sentence,
                        "TypeName": exception,
                        "StackTrace": null,
                        "InnerError": null,
                    })
                    .to_string(),
                    Form::Localized => json!({
                        "ClassName": exception,
                        "Message": self.sentence,
                        "localizedString": {"stringId": id},
                    })
                    .to_string(),
                };
                outer(
                    &mut error,
                    "Error executing cmdlet",
                    "Exception of type 'Microsoft.Exchange.Management.PSDirectInvoke.DirectInvokeCmdletExecutionException' was thrown.",
                    "Microsoft.Exchange.Management.PSDirectInvoke.DirectInvokeCmdletExecutionException",
                );
                error["details"] = json!([{"code": detail, "target": target, "message": message}]);
            }
            Kind::Binding { exception } => {
                let message = match self.status {
                    500 => "Internal server error",
                    _ => "Invalid Operation",
                };
                outer(&mut error, message, &self.sentence, exception);
            }
            Kind::Bare => error["message"] = json!(self.sentence),
        }
        error["adminapi.warnings@odata.type"] = json!("#Collection(String)");
        error["@adminapi.warnings"] = json!([]);
        json!({"error": error})
    }
}

fn outer(error: &mut Value, message: &str, inner: &str, exception: &str) {
    error["message"] = json!(message);
    error["innererror"] = json!({
        "message": message,
        "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
        "stacktrace": "",
        "internalexception": {"message": inner, "type": exception, "stacktrace": ""},
    });
}

fn code(status: u16) -> &'static str {
    match status {
        404 => "NotFound",
        500 => "InternalServerError",
        _ => "BadRequest",
    }
}

fn short(exception: &str) -> &str {
    exception.rsplit('.').next().unwrap_or(exception)
}

/// A cmdlet error in the form that most of them have, for planned faults.
pub(crate) fn cmdlet_error_body(status: u16, exception: &str, sentence: &str) -> Value {
    let mut failure = executing(status, NOT_FOUND, String::new()).body();
    failure["error"]["details"][0]["message"] = json!(format!("|{exception}|{sentence}"));
    failure
}
