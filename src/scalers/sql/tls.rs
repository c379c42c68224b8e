//! TLS to databases: whose certificates are good, and for which host.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::api::Secret;
use crate::scalers::client::tls::{TlsMaterial, install_provider};

/// What is looked at of a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing.
    Nothing,
    /// That a trusted authority signed it, for whatever host.
    Authority,
    /// That a trusted authority signed it for this host.
    Host,
}

/// A client that looks at `check`, trusts the material's `ca` instead of the system's authorities where it has one, and shows the
/// material's certificate.
pub(super) fn client(check: Check, material: &TlsMaterial) -> Result<ClientConfig, String> {
    install_provider();
    let roots = match check {
        Check::Nothing => return material.unchecked_client(),
        Check::Authority | Check::Host => Arc::new(roots(material)?),
    };
    let builder = if check == Check::Host {
        ClientConfig::builder().with_root_certificates(roots)
    } else {
        let verifier = AnyHost {
            roots,
            provider: ring::default_provider(),
        };
        ClientConfig::builder()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
    };
    if material.cert.expose().is_empty() {
        return Ok(builder.with_no_client_auth());
    }
    let chain = certificates(material.cert.expose()).ok_or("cert must be PEM certificates")?;
    let key = PrivateKeyDer::from_pem_slice(material.key.expose().as_bytes())
        .map_err(|_| "key must be a PEM private key")?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|_| "cert and key do not belong together".to_owned())
}

/// A file that a connection string names.
pub(super) async fn file(name: &str, path: &str) -> Result<Secret<String>, String> {
    match tokio::fs::read_to_string(path).await {
        Ok(text) => Ok(Secret::new(text)),
        Err(error) => Err(format!(
            "{name} of the connection names {path:?}, which cannot be read here: {error}"
        )),
    }
}

fn roots(material: &TlsMaterial) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    let ca = material.ca.expose();
    let trusted = if ca.is_empty() {
        of_system()?.to_vec()
    } else {
        certificates(ca).ok_or("ca must be PEM certificates")?
    };
    let (added, _) = store.add_parsable_certificates(trusted);
    if added == 0 {
        return Err(
            "none of the authorities to trust is a certificate that can be read".to_owned(),
        );
    }
    Ok(store)
}

/// The authorities that the system trusts, those that can be read; read once.
pub(super) fn of_system() -> Result<&'static [CertificateDer<'static>], String> {
    static READ: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    let read = READ.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs().certs;
        // A client may stumble over the first one that it cannot read.
        let is_readable =
            |one: &CertificateDer<'_>| RootCertStore::empty().add(one.clone().into_owned()).is_ok();
        found.into_iter().filter(is_readable).collect()
    });
    if read.is_empty() {
        return Err(
            "the system has no authorities to trust; SSL_CERT_FILE can name a file of them"
                .to_owned(),
        );
    }
    Ok(read)
}

fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    certificates
        .ok()
        .filter(|certificates| !certificates.is_empty())
}

/// [`Check::Authority`].
#[derive(Debug)]
struct AnyHost {
    roots: Arc<RootCertStore>,
    provider: CryptoProvider,
}

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(certificate)?,
            &self.roots,
            intermediates,
            now,
            self.provider.signature_verification_algorithms.all,
        )?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
