//! Keys of tests: one key in several encryptions, made with the openssl command. They open nothing.

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/keys/test-only-",
            $name,
            ".pem"
        ))
    };
}

/// The password of all of them.
pub(crate) const PASSWORD: &str = "test-only-password";
/// A certificate for 127.0.0.1 that is its own authority.
pub(crate) const CERTIFICATE: &str = key!("certificate");
/// Its key.
pub(crate) const PLAIN: &str = key!("key");
pub(crate) const PBKDF2_SHA256_AES256: &str = key!("key-pbkdf2-sha256-aes256");
pub(crate) const PBKDF2_SHA1_AES128: &str = key!("key-pbkdf2-sha1-aes128");
pub(crate) const PBKDF2_SHA256_3DES: &str = key!("key-pbkdf2-sha256-3des");
pub(crate) const SCRYPT_AES256: &str = key!("key-scrypt-aes256");
/// PKCS#5 version 1.
pub(crate) const PBES1: &str = key!("key-pbes1");
/// `Proc-Type: 4,ENCRYPTED`.
pub(crate) const LEGACY: &str = key!("key-legacy");
