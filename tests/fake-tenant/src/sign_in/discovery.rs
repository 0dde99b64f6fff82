//! What a sign-in library reads before it asks for a token.

use serde_json::{Value, json};

use crate::request::{Request, Response};
use crate::world::World;

// GUESS: the members of the document, but for the addresses and the issuer, are from memory; wrong if a tenant's own has
// others that a sign-in library needs.

/// Tenants that stand for any.
const ANY: &[&str] = &["common", "organizations", "consumers"];

/// `/{tenant}/v2.0/.well-known/openid-configuration`, and without `v2.0`. Every address in it has the origin that the
/// client used: a library refuses an issuer of another host than its authority's.
pub(crate) fn configuration(world: &World, tenant: &str, request: &Request, second: bool) -> Response {
    let organization = &world.organization;
    let any = ANY.iter().any(|name| name.eq_ignore_ascii_case(tenant));
    if !any && !organization.is_named(tenant) {
        return Response::of_json(
            400,
            &json!({
                "error": "invalid_tenant",
                "error_description": format!("AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."),
                "error_codes": [90002],
            }),
        );
    }
    let origin = request.origin();
    // An alias stays in the end points, and the issuer is a template for it.
    let (issuer, tenant) = if any {
        ("{tenantid}".to_owned(), tenant.to_owned())
    } else {
        (organization.id.to_string(), organization.id.to_string())
    };
    let (at, version) = (format!("{origin}/{tenant}"), if second { "/v2.0" } else { "" });
    let region: Value = if any { Value::Null } else { json!("EU") };
    Response::of_json(
        200,
        &json!({
            "token_endpoint": format!("{at}/oauth2{version}/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{at}/discovery{version}/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": if second { format!("{origin}/{issuer}/v2.0") } else { format!("{origin}/{issuer}/") },
            "request_uri_parameter_supported": false,
            "authorization_endpoint": format!("{at}/oauth2{version}/authorize"),
            "device_authorization_endpoint": format!("{at}/oauth2{version}/devicecode"),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "end_session_endpoint": format!("{at}/oauth2{version}/logout"),
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "oid", "ver"],
            "tenant_region_scope": region,
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": origin.split("://").nth(1),
            "rbac_url": "https://pas.windows.net",
        }),
    )
}

/// `/common/discovery/instance`: which hosts are one cloud. A library caches tokens by the preferred name.
pub(crate) fn instance(request: &Request) -> Response {
    let asked = request.url().query_pairs().find(|(name, _)| name == "authorization_endpoint");
    let Some(endpoint) = asked.and_then(|(_, value)| url::Url::parse(&value).ok()) else {
        return Response::of_json(
            400,
            &json!({
                "error": "invalid_request",
                "error_description": "AADSTS900144: The request must contain the following parameter: 'authorization_endpoint'.",
                "error_codes": [900_144],
            }),
        );
    };
    let tenant = endpoint.path_segments().and_then(|mut path| path.next()).unwrap_or("common").to_owned();
    let origin = endpoint.origin().ascii_serialization();
    let host = origin.split("://").nth(1).unwrap_or_default();
    Response::of_json(
        200,
        &json!({
            "tenant_discovery_endpoint": format!("{origin}/{tenant}/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }),
    )
}

/// No key: tokens of the fake are signed with nothing, and who holds one asks the fake.
pub(crate) fn keys() -> Response {
    Response::of_json(200, &json!({"keys": []}))
}
