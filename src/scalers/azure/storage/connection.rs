//! Connection strings of storage accounts.

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use url::Url;

use crate::api::Secret;

/// Keys are read as generously as by the library that KEDA uses.
const GENEROUS: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// What a connection string says of one service.
#[derive(Debug)]
pub(super) struct Connection {
    /// Its path ends in a slash.
    pub(super) url: Url,
    pub(super) proof: Proof,
}

/// What opens the account.
#[derive(Debug)]
pub(super) enum Proof {
    Key {
        account: String,
        key: Secret<Vec<u8>>,
    },
    /// A shared access signature: parameters of a query.
    Signature(Secret<String>),
}

impl Connection {
    /// Reads `text` for the service whose hosts are called `service` and whose address is under `endpoint_key`. The error is a fragment
    /// that follows the parameter's name and holds nothing of the text.
    pub(super) fn parse(text: &str, service: &str, endpoint_key: &str) -> Result<Self, String> {
        let mut pairs = BTreeMap::new();
        for part in text.trim_end_matches(';').split(';') {
            let Some((key, value)) = part.split_once('=') else {
                return Err(
                    "must be a connection string: NAME=VALUE pairs between semicolons, as in DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net"
                        .to_owned(),
                );
            };
            pairs.insert(key, value);
        }
        let get = |key: &str| pairs.get(key).copied().filter(|text| !text.is_empty());
        if pairs.contains_key("UseDevelopmentStorage") && get("AccountName").is_none() {
            return Err(format!(
                "is UseDevelopmentStorage, which KEDA does not know: write out AccountName, AccountKey and {endpoint_key}"
            ));
        }
        let account = get("AccountName");
        if account.is_some_and(|account| !is_account(account)) {
            return Err("has an AccountName that is not letters and digits".to_owned());
        }
        let url = match (get(endpoint_key), account) {
            (Some(address), _) => address_of(address).ok_or_else(|| {
                format!(
                    "has a {endpoint_key} that is no absolute http or https URL without a query"
                )
            })?,
            (None, Some(account)) => {
                let protocol = get("DefaultEndpointsProtocol").unwrap_or("https");
                let suffix = get("EndpointSuffix").unwrap_or("core.windows.net");
                host(protocol, &format!("{account}.{service}.{suffix}")).ok_or(
                    "has a DefaultEndpointsProtocol that is not http or https, or an EndpointSuffix that is no part of a host",
                )?
            }
            (None, None) => return Err(format!("needs AccountName or {endpoint_key}")),
        };
        let proof = match (account, get("AccountKey"), get("SharedAccessSignature")) {
            (Some(account), Some(key), _) => Proof::Key {
                account: account.to_owned(),
                key: Secret::new(GENEROUS.decode(key).map_err(|_| {
                    "has an AccountKey that is not base64: is it copied whole?".to_owned()
                })?),
            },
            (_, _, Some(signature)) => {
                let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
                if !signature.bytes().all(is_plain) || signature.starts_with('?') {
                    return Err("has a SharedAccessSignature that is not the parameters of a query, without a question mark before them".to_owned());
                }
                Proof::Signature(Secret::new(signature.to_owned()))
            }
            _ => {
                return Err("needs AccountName and AccountKey, or SharedAccessSignature".to_owned());
            }
        };
        Ok(Self { url, proof })
    }
}

/// Whether a text can be the name of an account.
pub(super) fn is_account(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.bytes().all(fits)
}

/// The address of `host`, perhaps with a port and nothing else.
pub(super) fn host(protocol: &str, host: &str) -> Option<Url> {
    address_of(&format!("{protocol}://{host}")).filter(|url| url.path() == "/")
}

/// An address to which a path may be added.
fn address_of(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let is_address = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_address {
        return None;
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, String> {
        Connection::parse(text, "queue", "QueueEndpoint").map(|connection| {
            let Connection { url, proof } = connection;
            match proof {
                Proof::Key { account, key } => format!("{url} {account} {:?}", key.expose()),
                Proof::Signature(signature) => format!("{url} {}", signature.expose()),
            }
        })
    }

    #[test]
    fn what_the_library_of_keda_takes() {
        for (text, wanted) in [
            (
                "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=aGk=;EndpointSuffix=core.windows.net",
                "https://acct.queue.core.windows.net/ acct [104, 105]",
            ),
            (
                "AccountName=acct;AccountKey=aGk=;;",
                "https://acct.queue.core.windows.net/ acct [104, 105]",
            ),
            (
                "DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=aGk=;EndpointSuffix=local:10001",
                "http://acct.queue.local:10001/ acct [104, 105]",
            ),
            // Bits behind the last byte.
            (
                "AccountName=acct;AccountKey=aGl=",
                "https://acct.queue.core.windows.net/ acct [104, 105]",
            ),
            (
                "AccountName=devstoreaccount1;AccountKey=aGk=;BlobEndpoint=http://b/x;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1",
                "http://127.0.0.1:10001/devstoreaccount1/ devstoreaccount1 [104, 105]",
            ),
            // The key goes before the signature, the last of two before the first.
            (
                "SharedAccessSignature=sig=x;AccountName=a;AccountName=acct;AccountKey=aGk=",
                "https://acct.queue.core.windows.net/ acct [104, 105]",
            ),
            (
                "QueueEndpoint=https://acct.queue.core.windows.net/;SharedAccessSignature=sv=2021&ss=q&sig=a%3D%3D",
                "https://acct.queue.core.windows.net/ sv=2021&ss=q&sig=a%3D%3D",
            ),
            (
                "AccountName=acct;SharedAccessSignature=sv=2021&sig=a",
                "https://acct.queue.core.windows.net/ sv=2021&sig=a",
            ),
            (
                "UseDevelopmentStorage=false;AccountName=acct;AccountKey=aGk=",
                "https://acct.queue.core.windows.net/ acct [104, 105]",
            ),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_without_showing_it() {
        for (text, wanted) in [
            ("hunter2", "must be a connection string"),
            ("AccountName=a;hunter2", "must be a connection string"),
            (
                "AccountName=a;;AccountKey=aGk=",
                "must be a connection string",
            ),
            (
                "UseDevelopmentStorage=true",
                "write out AccountName, AccountKey and QueueEndpoint",
            ),
            (
                "AccountKey=hunter2hunter2==",
                "needs AccountName or QueueEndpoint",
            ),
            (
                "accountname=a;accountkey=aGk=",
                "needs AccountName or QueueEndpoint",
            ),
            (
                "AccountName=a",
                "needs AccountName and AccountKey, or SharedAccessSignature",
            ),
            (
                "AccountName=a;AccountKey=",
                "needs AccountName and AccountKey",
            ),
            (
                "QueueEndpoint=https://a/;AccountKey=aGk=",
                "needs AccountName and AccountKey",
            ),
            (
                "AccountName=a;AccountKey=hunter2",
                "AccountKey that is not base64",
            ),
            (
                "AccountName=a/hunter2;AccountKey=aGk=",
                "AccountName that is not",
            ),
            (
                "AccountName=a;AccountKey=aGk=;DefaultEndpointsProtocol=ftp",
                "DefaultEndpointsProtocol",
            ),
            (
                "AccountName=a;AccountKey=aGk=;EndpointSuffix=x/hunter2",
                "EndpointSuffix",
            ),
            (
                "AccountName=a;AccountKey=aGk=;QueueEndpoint=hunter2",
                "QueueEndpoint that is no",
            ),
            (
                "AccountName=a;AccountKey=aGk=;QueueEndpoint=https://u:hunter2@h",
                "QueueEndpoint that is no",
            ),
            (
                "AccountName=a;AccountKey=aGk=;QueueEndpoint=https://h?sig=hunter2",
                "QueueEndpoint that is no",
            ),
            (
                "AccountName=a;SharedAccessSignature=?sig=hunter2",
                "question mark",
            ),
            (
                "AccountName=a;SharedAccessSignature=sig=hunter2\nx",
                "SharedAccessSignature that is not",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let connection = Connection::parse(
            "AccountName=a;SharedAccessSignature=sig=hunter2",
            "queue",
            "QueueEndpoint",
        );
        assert!(!format!("{connection:?}").contains("hunter2"));
    }
}
