use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use uuid::Uuid;

use super::application::{Application, Proof, application_settings};
use super::{AccessToken, TokenContext, TokenProvider};
use crate::error::{Error, Result};
use crate::ids::{ClientId, InvalidValue};

/// An application that signs in with a certificate: it signs a short-lived assertion with the certificate's key.
///
/// The key stays in this process; what is sent proves its possession for ten minutes. The certificate must be one of
/// the application's (*Certificates & secrets* in the Entra portal).
///
/// # Examples
///
/// ```no_run
/// use graph_client::{Client, ClientCertificate};
///
/// let pem = std::fs::read("booking.pem")?; // both the certificate and its key
/// let credential = ClientCertificate::from_pem("8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse()?, &pem)?;
/// println!("signing in with certificate {}", credential.thumbprint());
/// let client = Client::builder().tenant("contoso.onmicrosoft.com").credential(credential).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// From a PKCS#12 file, `openssl pkcs12 -in booking.pfx -nodes -out booking.pem` makes such a PEM file.
#[derive(Clone)]
pub struct ClientCertificate {
    application: Application,
    key: Arc<RsaKeyPair>,
    certificate: Arc<CertificateDer<'static>>,
}

/// Microsoft advises five to ten minutes. The sum of the retries of one sign-in is to fit.
const LIFE: Duration = Duration::from_secs(10 * 60);

impl ClientCertificate {
    /// A certificate and its private key from one PEM text, in any order. Of a chain, the certificate of the key is
    /// used.
    ///
    /// The key is an RSA key of 2048 to 8192 bits, PKCS#8 or PKCS#1, not encrypted.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] names the certificate or the private key and the rule that it breaks. It never holds the text.
    pub fn from_pem(client_id: ClientId, pem: impl AsRef<[u8]>) -> Result<Self, InvalidValue> {
        Self::new(client_id, pem.as_ref(), pem.as_ref())
    }

    /// A certificate and its private key from a PEM text each.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn new(
        client_id: ClientId,
        certificate: impl AsRef<[u8]>,
        private_key: impl AsRef<[u8]>,
    ) -> Result<Self, InvalidValue> {
        let key = rsa_key(private_key.as_ref())?;
        let certificate = certificate_of(&key, certificate.as_ref())?;
        Ok(Self { application: Application::new(client_id), key: Arc::new(key), certificate: Arc::new(certificate) })
    }

    application_settings!();

    /// The certificate's thumbprint as the Entra portal shows it (SHA-1, hexadecimal).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        use std::fmt::Write as _;

        digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.certificate).as_ref().iter().fold(String::new(), |mut text, byte| {
            // Writing to a String does not fail.
            let _ = write!(text, "{byte:02X}");
            text
        })
    }

    /// A JWT that proves possession of the key to `audience` from `now` on.
    fn assertion(&self, audience: &str, now: SystemTime) -> Result<String> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.certificate));
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
        let claims = json!({
            "aud": audience,
            "iss": self.client_id(),
            "sub": self.client_id(),
            "jti": Uuid::new_v4(),
            "nbf": now.as_secs(),
            "iat": now.as_secs(),
            "exp": (now + LIFE).as_secs(),
        });
        let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut jwt = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), jwt.as_bytes(), &mut signature)
            .map_err(|_| Error::auth("the private key could not sign the client assertion"))?;
        jwt.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
        Ok(jwt)
    }
}

const KEY: &str = "private key";
const CERTIFICATE: &str = "certificate";

fn rsa_key(pem: &[u8]) -> Result<RsaKeyPair, InvalidValue> {
    let invalid = |rule: &'static str| InvalidValue::new(KEY, "", rule);
    // Both the PKCS#8 label and the OpenSSL header of old say it.
    if [b"ENCRYPTED PRIVATE KEY".as_slice(), b"Proc-Type: 4,ENCRYPTED"].iter().any(|mark| contains(pem, mark)) {
        return Err(invalid("must not be encrypted: `openssl pkey` decrypts it"));
    }
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| invalid("must be PEM with a section BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY"))?;
    let rsa = match &key {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(invalid("must be an RSA key: Entra takes no other")),
    };
    rsa.map_err(|_| invalid("must be a sound RSA key of 2048 to 8192 bits: Entra takes no other"))
}

/// The certificate of this key. A certificate holds its public key as the key itself gives it.
fn certificate_of(key: &RsaKeyPair, pem: &[u8]) -> Result<CertificateDer<'static>, InvalidValue> {
    let invalid = |rule: &'static str| InvalidValue::new(CERTIFICATE, "", rule);
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| invalid("must be sound PEM with a section BEGIN CERTIFICATE"))?;
        found = true;
        if contains(&certificate, key.public_key().as_ref()) {
            return Ok(certificate);
        }
    }
    Err(invalid(if found { "must be that of the private key" } else { "must be PEM with a section BEGIN CERTIFICATE" }))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("client_id", &self.client_id())
            .field("thumbprint", &self.thumbprint())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for ClientCertificate {
    async fn token(&self, context: &TokenContext) -> Result<AccessToken> {
        let url = context.token_endpoint();
        let proof = || async { Ok(Proof::Assertion(self.assertion(url.as_str(), SystemTime::now())?.into())) };
        self.application.sign_in(context, &url, proof).await
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use rustls_pki_types::SubjectPublicKeyInfoDer;
    use serde_json::Value;

    use super::*;

    const ID: &str = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";
    const PRIVATE: &str = include_str!("testdata/key.pem");
    const PUBLIC: &str = include_str!("testdata/public.pem");
    const OWN: &str = include_str!("testdata/certificate.pem");
    const OTHER: &str = include_str!("testdata/other-certificate.pem");

    fn credential(certificate: &str, key: &str) -> Result<ClientCertificate, InvalidValue> {
        ClientCertificate::new(ID.parse().unwrap(), certificate, key)
    }

    fn part(jwt: &str, index: usize) -> Value {
        let part = jwt.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn the_assertion_is_what_entra_documents() {
        let audience = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token";
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_900_000_000_900);
        let credential = credential(OWN, PRIVATE).unwrap();
        let jwt = credential.assertion(audience, now).unwrap();

        // The thumbprint is what openssl computes.
        let thumbprint = "tJZp0Iv6DHmmYdVyY9POqQhPOdVvxJFzlLBZmqxtYhs";
        assert_eq!(part(&jwt, 0), json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}));
        let claims = part(&jwt, 1);
        assert_eq!((&claims["aud"], &claims["iss"], &claims["sub"]), (&json!(audience), &json!(ID), &json!(ID)));
        assert_eq!((&claims["nbf"], &claims["iat"]), (&json!(1_900_000_000), &json!(1_900_000_000)));
        let life = claims["exp"].as_u64().unwrap() - claims["nbf"].as_u64().unwrap();
        assert!((300..=600).contains(&life), "{life}");
        let again = part(&credential.assertion(audience, now).unwrap(), 1);
        assert!(Uuid::try_parse(claims["jti"].as_str().unwrap()).is_ok());
        assert_ne!(again["jti"], claims["jti"]);
    }

    #[test]
    fn the_signature_holds_under_the_public_key_alone() {
        let jwt = credential(OWN, PRIVATE).unwrap().assertion("https://a", SystemTime::now()).unwrap();
        let (signed, signature) = jwt.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = SubjectPublicKeyInfoDer::from_pem_slice(PUBLIC.as_bytes()).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &*public);
        public.verify(signed.as_bytes(), &signature).unwrap();
        assert!(public.verify(format!("{signed}x").as_bytes(), &signature).is_err());
    }

    #[test]
    fn the_usual_pem_files_are_taken() {
        let one = |pem: String| ClientCertificate::from_pem(ID.parse().unwrap(), pem);
        let thumbprint = "0FF4726E48D3E4EDD283CCAEA73441019DB0C966";
        assert_eq!(one(format!("{PRIVATE}{OWN}")).unwrap().thumbprint(), thumbprint);
        // A chain, in any order, with the text that openssl adds between the sections.
        let chain = format!("Bag Attributes\n{OTHER}\nsubject=CN = x\n{OWN}{PRIVATE}");
        assert_eq!(one(chain).unwrap().thumbprint(), thumbprint);
        assert!(credential(OWN, include_str!("testdata/key-pkcs1.pem")).is_ok());
    }

    #[test]
    fn what_cannot_be_used_is_named_and_not_shown() {
        let broken_key = PRIVATE.replacen("MII", "AAA", 1);
        let broken_certificate = OWN.replacen("MII", "M*I", 1);
        let encrypted = PRIVATE.replace("PRIVATE", "ENCRYPTED PRIVATE");
        let of_old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIE\n";
        for (certificate, key, field, rule) in [
            (OWN, "", "private key", "PEM"),
            (OWN, OWN, "private key", "PEM"),
            (OWN, &broken_key, "private key", "sound RSA key"),
            (OWN, &encrypted, "private key", "encrypted"),
            (OWN, of_old, "private key", "encrypted"),
            (OWN, include_str!("testdata/key-ec.pem"), "private key", "RSA"),
            (OWN, include_str!("testdata/key-short.pem"), "private key", "2048"),
            ("", PRIVATE, "certificate", "PEM"),
            (PRIVATE, PRIVATE, "certificate", "PEM"),
            (&broken_certificate, PRIVATE, "certificate", "sound PEM"),
            (OTHER, PRIVATE, "certificate", "that of the private key"),
        ] {
            let error = credential(certificate, key).unwrap_err();
            assert_eq!(error.field, field, "{error}");
            assert!(error.rule.contains(rule), "{error}");
            assert_eq!(error.value, "");
        }
    }

    #[test]
    fn no_key_is_shown() {
        let shown = format!("{:?}", credential(OWN, PRIVATE).unwrap());
        assert_eq!(
            shown,
            "ClientCertificate { client_id: ClientId(8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01), thumbprint: \"0FF4726E48D3E4EDD283CCAEA73441019DB0C966\", .. }"
        );
    }
}
