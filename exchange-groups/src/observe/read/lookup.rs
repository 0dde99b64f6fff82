use graph_client::ErrorKind;
use graph_client::exchange::{ApplicationAccessPolicy, CmdletErrorKind, Exchange, GetApplicationAccessPolicy};

/// All access policies. A tenant that never had one says that it cannot be found, instead of listing none.
pub(crate) async fn access_policies(exchange: &Exchange) -> graph_client::Result<Vec<ApplicationAccessPolicy>> {
    match exchange.run(GetApplicationAccessPolicy::all()).await {
        Err(error) if error.cmdlet().is_some_and(|cmdlet| cmdlet.kind == CmdletErrorKind::ObjectNotFound) => {
            Ok(Vec::new())
        }
        listed => listed,
    }
}

/// "Not found" is a result where the service itself says so of the object; any other error is not, nor is the 404 of a
/// proxy.
pub(crate) fn found<T>(result: graph_client::Result<T>) -> graph_client::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound && is_said_by_the_service(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_said_by_the_service(error: &graph_client::Error) -> bool {
    match (error.cmdlet(), error.graph()) {
        (Some(cmdlet), _) => {
            // The code `NotFound` alone is what a server in between says as well.
            let sentence = cmdlet.sentence.to_ascii_lowercase();
            let is_named = cmdlet.exception.is_some() || cmdlet.message_id.is_some();
            let is_said = ["couldn't be found", "couldn't find object"].iter().any(|part| sentence.contains(part));
            matches!(cmdlet.kind, CmdletErrorKind::ObjectNotFound | CmdletErrorKind::RecipientNotFound)
                && (is_named || is_said)
        }
        (None, Some(graph)) => graph.code.eq_ignore_ascii_case("Request_ResourceNotFound"),
        (None, None) => false,
    }
}
