//! Clients that several families share: HTTP, TLS material, OAuth, the caller's identities at the clouds and signatures for AWS, answers in XML.

pub(crate) mod authentication;
pub(crate) mod aws;
pub(crate) mod cloud;
pub(crate) mod google;
pub(crate) mod http;
pub(crate) mod identity;
pub(crate) mod oauth;
mod older_encryption;
mod private_key;
pub(crate) mod said;
pub(crate) mod sigv4;
#[cfg(test)]
pub(crate) mod test_keys;
pub(crate) mod tls;
pub(crate) mod xml;
