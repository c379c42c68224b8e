//! Certificates and keys of a trigger.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WantsClientCert, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::private_key::decrypted;
use crate::api::Secret;

/// What a trigger gives for TLS, PEM texts; empty means absent.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsMaterial {
    /// Authorities that are trusted beside the system's.
    pub(crate) ca: Secret<String>,
    /// The client's certificate chain.
    pub(crate) cert: Secret<String>,
    /// The client's private key; not encrypted once the material is checked.
    pub(crate) key: Secret<String>,
    /// `unsafeSsl`: the server's certificate is not checked.
    pub(crate) unsafe_ssl: bool,
}

impl TlsMaterial {
    /// Certificate followed by key, when there is a certificate.
    pub(crate) fn identity(&self) -> Option<Secret<String>> {
        let (cert, key) = (self.cert.expose(), self.key.expose());
        (!cert.is_empty()).then(|| Secret::new(format!("{}\n{}\n", cert.trim(), key.trim())))
    }

    /// The material, checked before anything is connected, its key decrypted with `key_password`: empty when it is not given, `None`
    /// for triggers that have no such parameter.
    pub(crate) fn checked(mut self, key_password: Option<&str>) -> Result<Self, String> {
        if self.cert.expose().is_empty() != self.key.expose().is_empty() {
            return Err("cert and key must be given together".to_owned());
        }
        self.key = decrypted(self.key, key_password)?;
        let (ca, cert, key) = (self.ca.expose(), self.cert.expose(), self.key.expose());
        for (name, pem) in [("ca", ca), ("cert", cert)] {
            if !pem.is_empty() && !holds_certificates(pem) {
                return Err(format!("{name} must be PEM certificates"));
            }
        }
        if !key.is_empty() && PrivateKeyDer::from_pem_slice(key.as_bytes()).is_err() {
            return Err("key must be a PEM private key".to_owned());
        }
        Ok(self)
    }
}

impl TlsMaterial {
    /// A client that does not check the server's certificate, for clients that have no switch for it.
    pub(crate) fn unchecked_client(&self) -> Result<ClientConfig, String> {
        self.client_of_any_host(None)
    }

    /// A client that takes a certificate for whatever host, signed by one of `roots`, or by anybody where there are none.
    pub(crate) fn client_of_any_host(
        &self,
        roots: Option<RootCertStore>,
    ) -> Result<ClientConfig, String> {
        install_provider();
        let verifier = AnyHost {
            roots,
            provider: ring::default_provider(),
        };
        let builder = ClientConfig::builder()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        self.shown_by(builder)
    }

    /// A client that shows the material's certificate, where there is one.
    pub(crate) fn shown_by(
        &self,
        builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> Result<ClientConfig, String> {
        if self.cert.expose().is_empty() {
            return Ok(builder.with_no_client_auth());
        }
        let chain: Vec<_> = CertificateDer::pem_slice_iter(self.cert.expose().as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| "cert must be PEM certificates")?;
        let key = PrivateKeyDer::from_pem_slice(self.key.expose().as_bytes())
            .map_err(|_| "key must be a PEM private key")?;
        builder
            .with_client_auth_cert(chain, key)
            .map_err(|_| "cert and key do not belong together".to_owned())
    }
}

/// A certificate for any host will do: of an authority, or (`unsafeSsl`) any at all. Signatures are checked all the same, so that the
/// peer holds the key of what it shows.
#[derive(Debug)]
struct AnyHost {
    roots: Option<RootCertStore>,
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
        if let Some(roots) = &self.roots {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(certificate)?,
                roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
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

fn holds_certificates(pem: &str) -> bool {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    certificates.is_ok_and(|certificates| !certificates.is_empty())
}

/// Makes ring the process's TLS provider where nobody has chosen one yet; without one, rustls' users panic.
pub(crate) fn install_provider() {
    // An error means that there is one already.
    let _ = ring::default_provider().install_default();
}
