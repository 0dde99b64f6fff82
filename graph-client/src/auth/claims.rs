use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::AccessToken;
use crate::ids::ClientId;

/// What an access token says about itself, for diagnostics: nothing here is verified.
///
/// Only the service that a token is for can tell whether it is genuine, and only that service's documentation may
/// change what is in it. Decide nothing about a caller by this; ask "why was I refused?" of it.
///
/// What is missing in the token, or not of the usual type, is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TokenClaims {
    /// The resource that the token is for (`aud`).
    pub audience: Option<String>,
    /// The application permissions (`roles`), such as `Calendars.Read`. A token without any is issued all the same.
    pub roles: Vec<String>,
    /// The delegated permissions (`scp`), such as `User.Read`.
    pub scopes: Vec<String>,
    /// The template ids of the directory roles (`wids`), such as that of the Exchange Administrator.
    pub directory_roles: Vec<String>,
    /// The tenant (`tid`).
    pub tenant_id: Option<String>,
    /// The application that signed in (`appid`, or `azp`).
    pub client_id: Option<ClientId>,
    /// The object id of the service principal or user (`oid`).
    pub object_id: Option<String>,
    /// The user's name (`upn`, `preferred_username` or `unique_name`), in a delegated token. It anchors delegated
    /// Exchange calls.
    pub user_principal_name: Option<String>,
    /// `app` or `user` (`idtyp`).
    pub identity_type: Option<String>,
    /// What the client said that it can handle (`xms_cc`): `cp1` for claims challenges.
    pub client_capabilities: Vec<String>,
    /// When the token was issued (`iat`): what was granted or revoked since is not in it.
    pub issued_at: Option<SystemTime>,
    /// When the token ends (`exp`).
    pub expires_at: Option<SystemTime>,
}

impl TokenClaims {
    /// Whether the token carries this application permission. Names are compared without case.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held.eq_ignore_ascii_case(role))
    }

    /// Whether the token carries this delegated permission. Names are compared without case.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held.eq_ignore_ascii_case(scope))
    }

    /// Whether the token carries the directory role with this template id.
    #[must_use]
    pub fn has_directory_role(&self, template_id: &str) -> bool {
        self.directory_roles.iter().any(|held| held.eq_ignore_ascii_case(template_id))
    }

    /// Whether an application signed in as itself, as far as the token says.
    #[must_use]
    pub fn is_application(&self) -> bool {
        match self.identity_type.as_deref() {
            Some(kind) => kind == "app",
            None => self.scopes.is_empty() && self.user_principal_name.is_none(),
        }
    }

    fn decode(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
        let text = |name: &str| claims.get(name)?.as_str().map(str::to_owned);
        let list = |name: &str| match claims.get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            Some(Value::String(items)) => items.split_whitespace().map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let instant = |name: &str| {
            let time = claims.get(name)?;
            let seconds = time.as_u64().or_else(|| time.as_str()?.parse().ok())?;
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
        };
        Some(Self {
            audience: text("aud"),
            roles: list("roles"),
            scopes: list("scp"),
            directory_roles: list("wids"),
            tenant_id: text("tid"),
            client_id: text("appid").or_else(|| text("azp")).and_then(|id| id.parse().ok()),
            object_id: text("oid"),
            user_principal_name: text("upn").or_else(|| text("preferred_username")).or_else(|| text("unique_name")),
            identity_type: text("idtyp"),
            client_capabilities: list("xms_cc"),
            issued_at: instant("iat"),
            expires_at: instant("exp"),
        })
    }
}

impl AccessToken {
    /// What the token says about itself, for diagnostics. `None` for a token that is not a readable JWT.
    #[must_use]
    pub fn claims(&self) -> Option<TokenClaims> {
        TokenClaims::decode(self.expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> AccessToken {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims));
        AccessToken::new(text, SystemTime::now()).unwrap()
    }

    #[test]
    fn an_application_token_says_its_roles() {
        let claims = token(&json!({
            "aud": "https://outlook.office365.com", "tid": "t", "appid": "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01",
            "oid": "o", "idtyp": "app", "roles": ["Exchange.ManageAsApp"], "exp": 1_900_000_000_u64, "iat": 1_899_996_400_u64,
            "wids": ["29232cdf-9323-42fd-ade2-1d097af3e4de"], "xms_cc": ["cp1"]
        }))
        .claims()
        .unwrap();
        assert!(claims.has_role("exchange.manageasapp") && !claims.has_role("Calendars.Read"));
        assert!(claims.has_directory_role("29232CDF-9323-42FD-ADE2-1D097AF3E4DE") && claims.is_application());
        assert_eq!(claims.expires_at, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000)));
        assert_eq!(claims.issued_at, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_899_996_400)));
        assert_eq!(
            (claims.tenant_id.as_deref(), claims.client_capabilities.as_slice()),
            (Some("t"), ["cp1".into()].as_slice())
        );
        assert_eq!(claims.client_id.unwrap().to_string(), "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01");
    }

    #[test]
    fn a_delegated_token_says_its_scopes_and_its_user() {
        let claims =
            token(&json!({"scp": "Exchange.Manage User.Read", "upn": "admin@contoso.com", "exp": "1900000000"}))
                .claims()
                .unwrap();
        assert!(claims.has_scope("Exchange.Manage") && !claims.is_application());
        assert_eq!(claims.user_principal_name.as_deref(), Some("admin@contoso.com"));
        assert!(claims.expires_at.is_some());
    }

    #[test]
    fn what_is_not_as_usual_is_left_out_and_what_is_opaque_has_no_claims() {
        let odd = token(&json!({"roles": 5, "appid": "x", "exp": u64::MAX, "upn": null})).claims().unwrap();
        assert_eq!(odd, TokenClaims::default());
        for opaque in ["", "opaque", "a.b", "a.!.c", "a.bm90IGpzb24.c", "a.e30.c.d"] {
            let token = AccessToken::new(opaque, SystemTime::now()).unwrap();
            assert_eq!(token.claims(), None, "{opaque}");
        }
    }
}
