//! TLS to databases: whose certificates are good, and for which host.

use std::sync::OnceLock;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

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
    match check {
        Check::Nothing => material.unchecked_client(),
        Check::Authority => material.client_of_any_host(Some(roots(material)?)),
        Check::Host => {
            material.shown_by(ClientConfig::builder().with_root_certificates(roots(material)?))
        }
    }
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
