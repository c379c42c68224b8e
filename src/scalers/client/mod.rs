//! Clients that several families share: HTTP, TLS material, OAuth.

pub(crate) mod authentication;
pub(crate) mod http;
pub(crate) mod oauth;
mod private_key;
#[cfg(test)]
pub(crate) mod test_keys;
pub(crate) mod tls;
