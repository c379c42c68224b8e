//! Clients that several families share: HTTP, TLS material, OAuth.

pub(crate) mod authentication;
pub(crate) mod http;
pub(crate) mod oauth;
pub(crate) mod tls;
