//! Encrypted private keys: `keyPassword`. [KEDA `pkg/util/tls_config.go`]
//!
//! Read is PKCS#8 (`BEGIN ENCRYPTED PRIVATE KEY`) with PBES2, and what is older: the `Proc-Type` header of PEM files, and PBES1 with
//! DES. What else there is, such as PKCS#12's own encryption, is refused with the way out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pkcs8::der::pem::LineEnding;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::pkcs5::{self, EncryptionScheme};
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo, SecretDocument};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::older_encryption::{self, Closed, open_headers, open_pbes1};
use crate::api::Secret;

const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";

/// More rounds than this are no key that a tool writes; they would hold the whole program up. OpenSSL writes 2048.
const MAX_ROUNDS: u32 = 10_000_000;
/// More memory than this (in bytes) is not lent to a key. OpenSSL's scrypt takes 16 MiB.
const MAX_MEMORY: u64 = 128 * 1024 * 1024;

const WAY_OUT: &str = "write it anew with: openssl pkcs8 -topk8 -v2 aes-256-cbc";

/// `key` without its encryption, as PEM; a key that is not encrypted comes back as it is. `password` is the text of keyPassword, empty
/// when it is not given, and `None` for triggers that have no such parameter.
///
/// # Errors
/// A fragment that names the parameter to look at, without key and password.
pub(super) fn decrypted(
    key: Secret<String>,
    password: Option<&str>,
) -> Result<Secret<String>, String> {
    let text = key.expose();
    let has_headers = older_encryption::has_headers(text);
    let begins = text.split_once(BEGIN);
    if !has_headers && begins.is_none() {
        // What is no key at all is told by the caller.
        let whole = PrivateKeyDer::from_pem_slice(text.as_bytes()).is_ok();
        return match password {
            Some(password) if whole && !password.is_empty() => Err(
                "keyPassword is given, but key is not encrypted; leave keyPassword out".to_owned(),
            ),
            _ => Ok(key),
        };
    }
    let password = match password {
        None => {
            return Err(
                "key is encrypted, and this trigger has no parameter for its password; give the key as written by: openssl pkey"
                    .to_owned(),
            );
        }
        Some("") => return Err("key is encrypted; give its password as keyPassword".to_owned()),
        Some(password) => password,
    };
    if has_headers {
        return open_headers(text, password).map_err(told);
    }
    let body: String = begins
        .and_then(|(_, rest)| rest.split_once(END))
        .map(|(body, _)| body.split_ascii_whitespace().collect())
        .unwrap_or_default();
    let plain = STANDARD
        .decode(body)
        .ok()
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| "key is damaged: it is no whole PEM private key".to_owned())
        .and_then(|bytes| open(&bytes, password))?;
    plain
        .to_pem("PRIVATE KEY", LineEnding::LF)
        .map(|pem| Secret::new(pem.to_string()))
        .map_err(|_| "key cannot be written as PEM".to_owned())
}

/// Decrypts an `EncryptedPrivateKeyInfo`.
fn open(bytes: &[u8], password: &str) -> Result<SecretDocument, String> {
    let unreadable = || told(Closed::Unreadable);
    let wrong = || told(Closed::WrongPassword);
    let encrypted = EncryptedPrivateKeyInfo::try_from(bytes).map_err(|_| unreadable())?;
    if !affordable(&encrypted.encryption_algorithm) {
        return Err(unreadable());
    }
    let plain = if let EncryptionScheme::Pbes1(algorithm) = &encrypted.encryption_algorithm {
        let plain = open_pbes1(algorithm, encrypted.encrypted_data, password).map_err(told)?;
        SecretDocument::try_from(plain).map_err(|_| wrong())?
    } else {
        encrypted.decrypt(password).map_err(|error| match error {
            pkcs8::Error::Asn1(_)
            // The library calls a wrong padding a failed encryption.
            | pkcs8::Error::EncryptedPrivateKey(
                pkcs5::Error::DecryptFailed | pkcs5::Error::EncryptFailed,
            ) => wrong(),
            _ => unreadable(),
        })?
    };
    // A wrong password gives a right padding once in 256 times.
    match PrivateKeyInfo::try_from(plain.as_bytes()) {
        Ok(_) => Ok(plain),
        Err(_) => Err(wrong()),
    }
}

fn told(closed: Closed) -> String {
    match closed {
        Closed::Unreadable => {
            format!("key is damaged, or encrypted in a way that keda-jobs cannot read; {WAY_OUT}")
        }
        Closed::WrongPassword => "keyPassword is wrong: key cannot be decrypted with it".to_owned(),
    }
}

/// Whether the password can be turned into a key in a time and a memory that a key is worth; the numbers stand in the key.
fn affordable(scheme: &EncryptionScheme<'_>) -> bool {
    match scheme.pbes2().map(|parameters| &parameters.kdf) {
        // PBES1, whose rounds are few: 65535 at most.
        None => true,
        Some(Kdf::Pbkdf2(parameters)) => parameters.iteration_count <= MAX_ROUNDS,
        Some(Kdf::Scrypt(parameters)) => {
            let passes = u64::from(parameters.parallelization);
            parameters.cost_parameter.is_power_of_two()
                && parameters
                    .cost_parameter
                    .checked_mul(128 * u64::from(parameters.block_size))
                    .is_some_and(|memory| {
                        memory <= MAX_MEMORY && memory * passes <= 16 * MAX_MEMORY
                    })
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalers::client::test_keys as keys;

    fn decrypt(key: &str, password: Option<&str>) -> Result<String, String> {
        decrypted(Secret::new(key.to_owned()), password).map(|key| key.expose().clone())
    }

    #[test]
    fn keys_of_openssl() {
        for key in [
            keys::PBKDF2_SHA256_AES256,
            keys::PBKDF2_SHA1_AES128,
            keys::PBKDF2_SHA256_3DES,
            keys::SCRYPT_AES256,
        ] {
            assert_eq!(decrypt(key, Some(keys::PASSWORD)).unwrap(), keys::PLAIN);
            // Other line ends, and text around it.
            let dressed = format!("Bag Attributes\n{}\n\n", key.replace('\n', "\r\n"));
            assert_eq!(
                decrypt(&dressed, Some(keys::PASSWORD)).unwrap(),
                keys::PLAIN
            );
            let error = decrypt(key, Some("hunter2")).unwrap_err();
            assert_eq!(
                error,
                "keyPassword is wrong: key cannot be decrypted with it"
            );
            let error = decrypt(key, Some("")).unwrap_err();
            assert_eq!(error, "key is encrypted; give its password as keyPassword");
            let error = decrypt(key, None).unwrap_err();
            assert!(
                error.starts_with("key is encrypted, and this trigger"),
                "{error}"
            );
        }
    }

    /// With this password the padding comes out right and the rest does not.
    #[test]
    fn a_wrong_password_that_looks_right() {
        let error = decrypt(keys::PBKDF2_SHA1_AES128, Some("wrong334")).unwrap_err();
        assert!(error.starts_with("keyPassword is wrong"), "{error}");
    }

    #[test]
    fn keys_without_encryption() {
        assert_eq!(decrypt(keys::PLAIN, Some("")).unwrap(), keys::PLAIN);
        assert_eq!(decrypt(keys::PLAIN, None).unwrap(), keys::PLAIN);
        assert_eq!(decrypt("", Some("unused")).unwrap(), "");
        let error = decrypt(keys::PLAIN, Some("hunter2")).unwrap_err();
        assert!(error.contains("leave keyPassword out"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn other_encryptions() {
        // PKCS#12's 3DES, which OpenSSL writes with -v1.
        let error = decrypt(keys::PKCS12_3DES, Some(keys::PASSWORD)).unwrap_err();
        assert!(error.contains("openssl pkcs8 -topk8"), "{error}");
    }

    #[test]
    fn older_encryptions() {
        for (name, key) in keys::HEADERS {
            // OpenSSL writes the same key with a label of its own.
            let plain = decrypt(key, Some(keys::PASSWORD)).unwrap();
            assert_eq!(plain, keys::PLAIN_EC, "{name}");
            let dressed = format!("{}{}\n", keys::CERTIFICATE, key.replace('\n', "\r\n"));
            assert_eq!(decrypt(&dressed, Some(keys::PASSWORD)).unwrap(), plain);
            for (password, wanted) in [
                (Some("hunter2"), "keyPassword is wrong"),
                (Some(""), "key is encrypted; give its password"),
                (None, "key is encrypted, and this trigger"),
            ] {
                let error = decrypt(key, password).unwrap_err();
                assert!(error.starts_with(wanted), "{name}: {error}");
            }
            for (from, to) in [
                ("DEK-Info: ", "DEK-Info "),
                ("CBC,", "CBC,X"),
                ("CBC,", "OFB,"),
                ("CBC,", "CBC,00"),
                ("-----END EC", "END EC"),
                ("=", "!"),
            ] {
                let damaged = key.replacen(from, to, 1);
                if damaged != *key {
                    let error = decrypt(&damaged, Some(keys::PASSWORD)).unwrap_err();
                    assert!(
                        error.starts_with("key is damaged"),
                        "{name} {from}: {error}"
                    );
                }
            }
        }
        for key in [keys::PBES1_MD5, keys::PBES1_SHA1] {
            assert_eq!(decrypt(key, Some(keys::PASSWORD)).unwrap(), keys::PLAIN);
            let error = decrypt(key, Some("hunter2")).unwrap_err();
            assert!(error.starts_with("keyPassword is wrong"), "{error}");
        }
        // Whatever the password, it is an error or a key, never a panic.
        for number in 0..600 {
            let password = format!("wrong{number}");
            let error = decrypt(keys::HEADERS[0].1, Some(&password)).unwrap_err();
            assert!(error.starts_with("keyPassword is wrong"), "{error}");
        }
    }

    #[test]
    fn damaged_keys() {
        let whole = keys::PBKDF2_SHA256_AES256;
        for damaged in [
            whole.replace(END, ""),
            format!("{BEGIN}{END}"),
            format!("{BEGIN}\n!!!\n{END}"),
            format!("{BEGIN}\nMAA=\n{END}"),
            whole.replacen("MIH", "MIG", 1),
        ] {
            let error = decrypt(&damaged, Some(keys::PASSWORD)).unwrap_err();
            assert!(error.starts_with("key is damaged"), "{error}");
        }
        // Every cut and every changed byte is an error or a key, never a panic.
        let body: String = whole.lines().filter(|line| !line.contains("---")).collect();
        let bytes = STANDARD.decode(body).unwrap();
        for index in 0..bytes.len() {
            assert!(open(&bytes[..index], keys::PASSWORD).is_err());
        }
        // The head only: rounds are few there.
        for index in 0..40 {
            let mut changed = bytes.clone();
            changed[index] ^= 0x11;
            let _ = open(&changed, keys::PASSWORD);
        }
    }

    #[test]
    fn costs_are_bounded() {
        // The scrypt parameters of the key: SEQUENCE { salt, cost, block size, parallelization }, cost 1024 = 02 02 04 00.
        let body: String = keys::SCRYPT_AES256
            .lines()
            .filter(|line| !line.contains("---"))
            .collect();
        let bytes = STANDARD.decode(body).unwrap();
        let cost = [2, 2, 0x04, 0, 2, 1, 8, 2, 1, 1];
        let place = bytes
            .windows(cost.len())
            .position(|window| window == cost)
            .unwrap();
        // No power of two, zero, 2^14 with blocks of 127, which is within the bounds of the format and not of this file.
        for parameters in [[0x04, 1, 2, 1, 8], [0, 0, 2, 1, 8], [0x40, 0, 2, 1, 127]] {
            let mut changed = bytes.clone();
            changed[place + 2..place + 7].copy_from_slice(&parameters);
            let error = open(&changed, keys::PASSWORD).err().unwrap();
            assert!(error.starts_with("key is damaged"), "{error}");
        }
        assert!(open(&bytes, keys::PASSWORD).is_ok());
    }
}
