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
/// PKCS#12's own encryption.
pub(crate) const PKCS12_3DES: &str = key!("key-pkcs12-3des");
/// PKCS#5 version 1.
pub(crate) const PBES1_MD5: &str = key!("key-pbes1-md5");
pub(crate) const PBES1_SHA1: &str = key!("key-pbes1-sha1");
/// `Proc-Type: 4,ENCRYPTED`, by cipher.
pub(crate) const HEADERS: &[(&str, &str)] = &[
    ("aes-128", key!("key-headers-aes-128-cbc")),
    ("aes-192", key!("key-headers-aes-192-cbc")),
    ("aes-256", key!("key-headers-aes-256-cbc")),
    ("3des", key!("key-headers-des-ede3-cbc")),
    ("des", key!("key-headers-des-cbc")),
];
/// The key as it stands in them.
pub(crate) const PLAIN_EC: &str = key!("key-ec");
/// An RSA key, and the public half as the bits of a `SubjectPublicKeyInfo`.
pub(crate) const RSA: &str = key!("key-rsa");
pub(crate) const RSA_PUBLIC: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/keys/test-only-key-rsa-public.der"
));
