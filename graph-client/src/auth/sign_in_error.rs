use std::fmt;

use crate::error::{Detail, Error};
use crate::kinds::kinds;

/// What the sign-in service said when it refused. Given by [`Error::sign_in`](crate::Error::sign_in).
///
/// Branch on [`reason`](Self::reason); Microsoft may change its numbers, and a number that this crate does not know
/// yet has the reason [`Other`](SignInReason::Other).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SignInError {
    pub(super) error: String,
    pub(super) codes: Vec<u32>,
    pub(super) suberror: Option<String>,
    pub(super) claims: Option<String>,
    pub(super) trace_id: Option<String>,
    pub(super) correlation_id: Option<String>,
}

impl SignInError {
    /// What the sign-in service says with this OAuth error and these `AADSTS` numbers, for the error of a test.
    #[must_use]
    pub fn new(error: impl Into<String>, codes: impl Into<Vec<u32>>) -> Self {
        Self { error: error.into(), codes: codes.into(), ..Self::default() }
    }

    /// The OAuth error, such as `invalid_client`.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// The `AADSTS` numbers, the most telling first.
    #[must_use]
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// Why sign-in was refused, in the terms in which a caller reacts to it.
    #[must_use]
    pub fn reason(&self) -> SignInReason {
        if let Some(known) = self.known() {
            return known.reason;
        }
        match self.error.as_str() {
            "authorization_declined" | "access_denied" => SignInReason::Declined,
            "expired_token" => SignInReason::DeviceCodeExpired,
            "temporarily_unavailable" => SignInReason::Unavailable,
            "interaction_required" | "login_required" => SignInReason::InteractionRequired,
            "consent_required" => SignInReason::NoConsent,
            _ => SignInReason::Other,
        }
    }

    /// What an administrator does about it, where that is known.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        if let Some(known) = self.known() {
            return Some(known.advice);
        }
        Some(match self.reason() {
            SignInReason::Declined => "The administrator declined the sign-in: start it again if that was a slip.",
            SignInReason::DeviceCodeExpired => {
                "Nobody entered the code in time, or it was used already: start the sign-in again."
            }
            SignInReason::InteractionRequired => "Sign in again as the user: the service wants more than a token.",
            SignInReason::NoConsent => "Let an administrator consent to the application's permissions.",
            _ => return None,
        })
    }

    /// A finer reason of the service's own, such as `bad_token` or `message_only`.
    #[must_use]
    pub fn suberror(&self) -> Option<&str> {
        self.suberror.as_deref()
    }

    /// The claims (JSON) that a new sign-in must ask for, such as those of a Conditional Access policy.
    #[must_use]
    pub fn claims(&self) -> Option<&str> {
        self.claims.as_deref()
    }

    /// The service's id of the request, which Microsoft's support asks for.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.trace_id.as_deref()
    }

    /// The id that ties the request to others of the same sign-in.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }

    /// Whether an application, secret or certificate that was made a moment ago may answer like this until every
    /// server of the directory knows it: for about a minute.
    #[must_use]
    pub fn may_be_replication_lag(&self) -> bool {
        self.codes.iter().any(|code| matches!(code, 700_016 | 7_000_215 | 7_000_112 | 700_027))
    }

    fn known(&self) -> Option<&'static Known> {
        self.codes.iter().find_map(|code| KNOWN.iter().find(|known| known.codes.contains(code)))
    }
}

impl fmt::Display for SignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::text::printable(&self.error))?;
        for code in &self.codes {
            write!(f, " AADSTS{code}")?;
        }
        Ok(())
    }
}

kinds! {
    /// Why the sign-in service refused, in the terms in which a caller reacts to it.
    #[non_exhaustive]
    pub enum SignInReason {
        /// The application is not known in this tenant.
        ApplicationNotFound,
        /// The application, or its service principal in this tenant, is disabled.
        ApplicationDisabled,
        /// The secret is not one of the application's.
        WrongSecret,
        /// The secret has expired.
        ExpiredSecret,
        /// The application must prove who it is and did not, or may not and did.
        CredentialMismatch,
        /// The client assertion was not taken: its key, signature, time, subject, issuer or audience.
        AssertionRefused,
        /// The tenant does not exist in this cloud, or cannot be signed in to in this way.
        TenantNotFound,
        /// The service that the token is for is not known in this tenant, or the tenant has no subscription to it.
        ResourceNotFound,
        /// The scope, or the application's registration, is malformed.
        Misconfigured,
        /// Nobody has consented to what the application asks for.
        NoConsent,
        /// The application, or the user, is not assigned to the application or the service.
        NotAssigned,
        /// The user does not exist, belongs elsewhere, or gave a wrong password.
        UserRefused,
        /// A person declined the sign-in or the consent.
        Declined,
        /// Nobody finished the device code sign-in in time.
        DeviceCodeExpired,
        /// A person must sign in: more than the stored proof is wanted, such as a second factor.
        InteractionRequired,
        /// The refresh token is expired or revoked: a person must sign in again.
        SignInExpired,
        /// Conditional Access, or the security defaults, forbid this sign-in.
        BlockedByPolicy,
        /// The same sign-in was made too often in a short time by this client.
        Loop,
        /// The tenant has more sign-ins than the service takes.
        Throttled,
        /// The service could not answer; asking again may help.
        Unavailable,
        /// The tenant lives in another cloud.
        WrongCloud,
        /// A number that this crate does not know.
        Other,
    }
}

struct Known {
    codes: &'static [u32],
    reason: SignInReason,
    advice: &'static str,
}

const fn known(codes: &'static [u32], reason: SignInReason, advice: &'static str) -> Known {
    Known { codes, reason, advice }
}

/// The numbers that an administrator meets, and what to do. Source: Microsoft's list of AADSTS error codes.
static KNOWN: &[Known] = &[
    known(
        &[700_016, 700_011],
        SignInReason::ApplicationNotFound,
        "Check the client id and the tenant: the application is not registered in this tenant, or nobody has consented \
         to it there. If it was created a moment ago, wait a minute.",
    ),
    known(
        &[7_000_112, 70_001],
        SignInReason::ApplicationDisabled,
        "The application is disabled in this tenant: enable its enterprise application.",
    ),
    known(
        &[7_000_215],
        SignInReason::WrongSecret,
        "Check the client secret: paste its value, not the secret's id. If it was added a moment ago, wait a minute.",
    ),
    known(
        &[7_000_222],
        SignInReason::ExpiredSecret,
        "The client secret has expired: add a new one under Certificates & secrets.",
    ),
    known(
        &[7_000_218],
        SignInReason::CredentialMismatch,
        "The application must send a secret or an assertion. For a device code sign-in, allow public client flows in \
         the application's registration.",
    ),
    known(
        &[700_025],
        SignInReason::CredentialMismatch,
        "The application is registered as a public client: send no secret or assertion, or turn public client flows \
         off and add a web platform.",
    ),
    known(
        &[700_027],
        SignInReason::AssertionRefused,
        "The certificate is not one of the application's, or the key does not belong to it: upload the certificate \
         under Certificates & secrets. If it was added a moment ago, wait a minute.",
    ),
    known(
        &[700_024],
        SignInReason::AssertionRefused,
        "The assertion is not valid at this time: check this machine's clock, or get a newer assertion.",
    ),
    known(
        &[700_021],
        SignInReason::AssertionRefused,
        "The assertion does not suit the request: check that it was made for this application, and this machine's \
         clock.",
    ),
    known(
        &[700_030],
        SignInReason::AssertionRefused,
        "The certificate's subject name is not authorised for the application: use a certificate that is registered.",
    ),
    known(
        &[50_012, 50_013],
        SignInReason::AssertionRefused,
        "The assertion is malformed, expired or badly signed: check the certificate, its key and this machine's clock.",
    ),
    known(
        &[700_211, 700_212, 700_213, 700_229],
        SignInReason::AssertionRefused,
        "No federated credential of the application matches the assertion: compare its issuer, subject and audience, \
         letter by letter.",
    ),
    known(
        &[90_002, 900_023, 90_013],
        SignInReason::TenantNotFound,
        "Check the tenant and the cloud: it must be the GUID or a verified domain of the tenant.",
    ),
    known(
        &[9_001_023],
        SignInReason::TenantNotFound,
        "An application signs in to one tenant: give its GUID or a verified domain, not common or organizations.",
    ),
    known(
        &[500_011, 50_001],
        SignInReason::ResourceNotFound,
        "The service is not known in this tenant: check the cloud, and that the tenant has Exchange Online.",
    ),
    known(
        &[650_052],
        SignInReason::ResourceNotFound,
        "The organisation has no subscription to the service, or it is disabled: check its licences.",
    ),
    known(
        &[70_011],
        SignInReason::Misconfigured,
        "Check the addresses of the cloud: the token was asked for a scope that does not exist.",
    ),
    known(
        &[650_056],
        SignInReason::Misconfigured,
        "The application's registration lists no permission for the service, or nobody has consented to it: add the \
         permission and let an administrator consent.",
    ),
    known(&[65_001], SignInReason::NoConsent, "Let an administrator consent to the application's permissions."),
    known(
        &[65_004],
        SignInReason::Declined,
        "The user declined to consent: sign in again and accept, or let an administrator consent.",
    ),
    known(
        &[501_051],
        SignInReason::NotAssigned,
        "The application is not assigned to a role of the service: assign it one, or turn off that assignment is \
         required.",
    ),
    known(
        &[50_105],
        SignInReason::NotAssigned,
        "The user is not assigned to the application: assign the user under Users and groups.",
    ),
    known(
        &[50_034],
        SignInReason::UserRefused,
        "The user does not exist in this tenant: check the user name and the tenant.",
    ),
    known(
        &[50_020],
        SignInReason::UserRefused,
        "The user belongs to another tenant: sign in as a user of this one, or invite the user as a guest.",
    ),
    known(&[50_126], SignInReason::UserRefused, "The user name or the password is wrong."),
    known(
        &[135_010],
        SignInReason::UserRefused,
        "The directory does not know the key that the user signed in with: sign in by another method.",
    ),
    known(
        &[50_076, 50_079, 50_158],
        SignInReason::InteractionRequired,
        "The tenant wants a second factor: a person must sign in again, such as by DeviceCode. An application's own \
         credential is not asked for one.",
    ),
    known(
        &[53_003],
        SignInReason::BlockedByPolicy,
        "Conditional Access blocked the sign-in: allow this application, user and place in the policy that the \
         tenant's sign-in log names.",
    ),
    known(
        &[53_000, 53_001],
        SignInReason::BlockedByPolicy,
        "Conditional Access wants a compliant or joined device: sign in from one, or exempt this application.",
    ),
    known(
        &[530_032, 530_035],
        SignInReason::BlockedByPolicy,
        "A security policy of the tenant, or the security defaults, block this way to sign in: use an application's \
         own credential, or let an administrator allow it.",
    ),
    known(
        &[50_173, 70_008, 700_082, 70_043],
        SignInReason::SignInExpired,
        "The sign-in has expired or was revoked: sign in again.",
    ),
    known(
        &[50_196],
        SignInReason::Loop,
        "The same token was asked for too often: share one Client (its clones share tokens), and wait a few minutes.",
    ),
    known(
        &[90_055],
        SignInReason::Throttled,
        "The tenant has too many sign-ins: share one Client, and try again later.",
    ),
    known(
        &[90_033, 90_024, 90_012, 90_006],
        SignInReason::Unavailable,
        "The sign-in service has a passing fault: try again later.",
    ),
    // It may pass, but is also what a broken registration gives, so it is reported without further attempts.
    known(
        &[50_000],
        SignInReason::Other,
        "The sign-in service could not make the token: try again, then ask Microsoft's support with the trace id.",
    ),
    known(
        &[90_038, 900_382, 900_432],
        SignInReason::WrongCloud,
        "The tenant lives in another cloud: build the client with that Cloud.",
    ),
];

impl Detail for SignInError {
    fn texts(&mut self) -> Vec<&mut String> {
        let others =
            [&mut self.suberror, &mut self.claims, &mut self.trace_id, &mut self.correlation_id].into_iter().flatten();
        std::iter::once(&mut self.error).chain(others).collect()
    }

    fn boxed_clone(&self) -> Box<dyn Detail> {
        Box::new(self.clone())
    }
}

impl Error {
    /// What the sign-in service said, when it refused: the `AADSTS` numbers, the reason and what goes with them.
    #[must_use]
    pub fn sign_in(&self) -> Option<&SignInError> {
        self.detail()
    }

    /// The same error with what the sign-in service said.
    #[must_use]
    pub fn with_sign_in(self, said: SignInError) -> Self {
        self.with_detail(said)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn of(code: u32) -> SignInError {
        SignInError { error: "invalid_client".into(), codes: vec![code], ..SignInError::default() }
    }

    /// The numbers that Microsoft documents for the sign-ins of this crate.
    const DOCUMENTED: &[u32] = &[
        700_016, 7_000_215, 7_000_222, 7_000_112, 7_000_218, 700_025, 700_027, 700_024, 700_021, 700_030, 90_002,
        900_023, 90_013, 500_011, 50_001, 70_011, 70_001, 700_011, 65_001, 650_052, 650_056, 65_004, 50_034, 50_020,
        50_126, 50_076, 50_079, 50_158, 53_003, 53_000, 53_001, 530_035, 530_032, 501_051, 50_105, 50_173, 70_008,
        700_082, 70_043, 50_196, 90_055, 90_033, 90_024, 90_006, 90_012, 50_000, 90_038, 900_382, 900_432, 135_010,
        50_012, 50_013, 700_211, 700_212, 700_213, 700_229, 9_001_023,
    ];

    #[test]
    fn every_documented_number_has_advice() {
        for code in DOCUMENTED {
            let error = of(*code);
            let advice = error.advice().unwrap_or_default();
            assert!(advice.len() > 20 && advice.ends_with('.'), "AADSTS{code}: {advice:?}");
            assert!(error.reason() != SignInReason::Other || *code == 50_000, "AADSTS{code} has no reason");
        }
        assert_eq!(of(1).advice(), None);
        assert_eq!(of(1).reason(), SignInReason::Other);
    }

    #[test]
    fn no_number_stands_twice_in_the_table() {
        let mut seen = HashSet::new();
        for code in KNOWN.iter().flat_map(|known| known.codes) {
            assert!(seen.insert(code), "AADSTS{code} has two pieces of advice");
        }
    }

    #[test]
    fn the_errors_of_a_device_code_need_no_number() {
        let named = |error: &str| SignInError { error: error.into(), ..SignInError::default() }.reason();
        assert_eq!(named("authorization_declined"), SignInReason::Declined);
        assert_eq!(named("expired_token"), SignInReason::DeviceCodeExpired);
    }

    #[test]
    fn only_four_numbers_may_be_replication_lag() {
        let lag: Vec<_> = DOCUMENTED.iter().copied().filter(|code| of(*code).may_be_replication_lag()).collect();
        assert_eq!(lag, [700_016, 7_000_215, 7_000_112, 700_027]);
    }
}
