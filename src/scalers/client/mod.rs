//! Clients that several families share: HTTP, TLS material, OAuth, signatures for AWS.

pub(crate) mod authentication;
pub(crate) mod aws;
pub(crate) mod http;
mod older_encryption;
pub(crate) mod oauth;
mod private_key;
pub(crate) mod sigv4;
#[cfg(test)]
pub(crate) mod test_keys;
pub(crate) mod tls;
