//! The older encryptions of private keys: the headers of PEM files, and PKCS#5 version 1 with DES. [RFC 1421 §4.6; OpenSSL
//! `PEM_read_bio`, `EVP_BytesToKey`; RFC 8018 §6.1]

use aes::{Aes128, Aes192, Aes256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipher, BlockDecryptMut, KeyInit, KeyIvInit};
use des::{Des, TdesEde3};
use md5::{Digest, Md5};
use pkcs8::der::pem::{LineEnding, encode_string};
use pkcs8::pkcs5::pbes1::{Algorithm, DigestAlgorithm, SymmetricCipher};
use rustls::pki_types::PrivateKeyDer;
use sha1::Sha1;

use crate::api::Secret;

/// Why a key stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// It is no whole key, or encrypted in some other way.
    Unreadable,
    /// The password does not fit.
    WrongPassword,
}

/// Whether a PEM text has the headers of an encrypted key.
pub(super) fn has_headers(pem: &str) -> bool {
    pem.lines()
        .any(|line| line.trim().replace(' ', "") == "Proc-Type:4,ENCRYPTED")
}

/// Decrypts the first block with headers of a PEM text; the key comes back as PEM of the same label.
pub(super) fn open_headers(pem: &str, password: &str) -> Result<Secret<String>, Closed> {
    let mut lines = pem.lines().map(str::trim);
    let mut label = None;
    // A certificate may stand before the key.
    for line in lines.by_ref() {
        if let Some(name) = line
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.strip_suffix("-----"))
        {
            label = Some(name);
        } else if line.starts_with("Proc-Type:") {
            break;
        }
    }
    let label = label.ok_or(Closed::Unreadable)?;
    let mut information = None;
    let mut body = String::new();
    let mut ended = false;
    for line in lines {
        if let Some(value) = line.strip_prefix("DEK-Info:") {
            information = Some(value.trim());
        } else if line.starts_with("-----END ") {
            ended = true;
            break;
        } else if !line.contains(':') {
            body.push_str(line);
        }
    }
    let (cipher, salt) = information
        .and_then(|information| information.split_once(','))
        .ok_or(Closed::Unreadable)?;
    let salt = hexadecimal(salt.trim()).ok_or(Closed::Unreadable)?;
    let bytes = STANDARD
        .decode(body)
        .ok()
        .filter(|bytes| ended && !bytes.is_empty())
        .ok_or(Closed::Unreadable)?;
    let open = match cipher.trim() {
        "AES-128-CBC" => with_salt::<Aes128>,
        "AES-192-CBC" => with_salt::<Aes192>,
        "AES-256-CBC" => with_salt::<Aes256>,
        "DES-EDE3-CBC" => with_salt::<TdesEde3>,
        "DES-CBC" => with_salt::<Des>,
        _ => return Err(Closed::Unreadable),
    };
    let plain = open(&bytes, password, &salt)?;
    // A wrong password gives a right padding once in 256 times.
    PrivateKeyDer::try_from(plain.as_slice()).map_err(|_| Closed::WrongPassword)?;
    encode_string(label, LineEnding::LF, &plain)
        .map(Secret::new)
        .map_err(|_| Closed::Unreadable)
}

/// Decrypts with PBES1: DES with a key from MD5 or SHA-1. RC2 and MD2 nobody writes any more.
pub(super) fn open_pbes1(
    algorithm: &Algorithm,
    bytes: &[u8],
    password: &str,
) -> Result<Vec<u8>, Closed> {
    let scheme = algorithm.encryption;
    let parameters = &algorithm.parameters;
    let rounds = parameters.iteration_count;
    let key = match (scheme.cipher(), scheme.digest()) {
        (SymmetricCipher::DesCbc, DigestAlgorithm::Md5) => {
            pbkdf1::<Md5>(password, &parameters.salt, rounds)
        }
        (SymmetricCipher::DesCbc, DigestAlgorithm::Sha1) => {
            pbkdf1::<Sha1>(password, &parameters.salt, rounds)
        }
        _ => return Err(Closed::Unreadable),
    };
    decrypt::<Des>(bytes, &key[..8], &key[8..16])
}

/// The first 16 bytes of PBKDF1. [RFC 8018 §5.1]
fn pbkdf1<D: Digest>(password: &str, salt: &[u8], rounds: u16) -> Vec<u8> {
    let mut digest = D::new()
        .chain_update(password)
        .chain_update(salt)
        .finalize();
    for _ in 1..rounds {
        digest = D::digest(&digest);
    }
    digest[..16].to_vec()
}

/// Decrypts with a key from MD5 over password and salt, which is also the initial vector. [OpenSSL `EVP_BytesToKey`, one round]
fn with_salt<C>(bytes: &[u8], password: &str, salt: &[u8]) -> Result<Vec<u8>, Closed>
where
    C: BlockCipher + BlockDecryptMut + KeyInit,
{
    let first_salt = salt.get(..8).ok_or(Closed::Unreadable)?;
    let mut key: Vec<u8> = Vec::new();
    let mut digest: Vec<u8> = Vec::new();
    while key.len() < C::key_size() {
        digest = Md5::new()
            .chain_update(&digest)
            .chain_update(password)
            .chain_update(first_salt)
            .finalize()
            .to_vec();
        key.extend(&digest);
    }
    decrypt::<C>(bytes, &key[..C::key_size()], salt)
}

fn decrypt<C>(bytes: &[u8], key: &[u8], vector: &[u8]) -> Result<Vec<u8>, Closed>
where
    C: BlockCipher + BlockDecryptMut + KeyInit,
{
    let decryptor = Decryptor::<C>::new_from_slices(key, vector).map_err(|_| Closed::Unreadable)?;
    if !bytes.len().is_multiple_of(C::block_size()) {
        return Err(Closed::Unreadable);
    }
    decryptor
        .decrypt_padded_vec_mut::<Pkcs7>(bytes)
        .map_err(|_| Closed::WrongPassword)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}
