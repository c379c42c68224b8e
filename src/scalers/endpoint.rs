//! Names of endpoints for errors: never with credentials.

use url::Url;

/// `scheme://host:port/path` of an address, without user, password, query and fragment: each of these can hold a credential.
pub fn endpoint(address: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) if url.has_host() => {
            // Both fail only for addresses without a host.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.set_fragment(None);
            url.to_string()
        }
        // No URL, perhaps `user:password@host:6379`: what stands before the last @ may be a password.
        _ => {
            let shown = address.rsplit('@').next().unwrap_or_default();
            shown
                .split(['?', '#'])
                .next()
                .unwrap_or_default()
                .to_owned()
        }
    }
}

/// Host and port of `host:port` or `[v6]:port`.
pub(crate) fn split_address(address: &str) -> Option<(String, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let host_is_whole = !host.is_empty() && !host.contains(['/', '@', ' ']);
    host_is_whole.then_some((host.to_owned(), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{endpoint, split_address};

    #[test]
    fn credentials_are_left_out() {
        for (address, shown) in [
            ("http://u:p@h:1/a?key=p#p", "http://h:1/a"),
            ("https://h", "https://h/"),
            ("amqp://u:p@h:5672/v", "amqp://h:5672/v"),
            ("amqp://u:p@h", "amqp://h"),
            ("amqps://u:p%40p@[::1]:5671/%2F", "amqps://[::1]:5671/%2F"),
            ("redis:6379", "redis:6379"),
            ("u:p@redis:6379", "redis:6379"),
            ("http://u:p@ h/", " h/"),
            ("http://u:p@p@h?p=p", "http://h/"),
            ("", ""),
        ] {
            assert_eq!(endpoint(address), shown, "{address}");
        }
    }

    #[test]
    fn splitting_addresses() {
        for (address, host, port) in [
            ("redis:6379", "redis", 6379),
            ("[::1]:6379", "::1", 6379),
            ("127.0.0.1:1", "127.0.0.1", 1),
        ] {
            assert_eq!(split_address(address), Some((host.to_owned(), port)));
        }
        for address in [
            "redis",
            "redis:",
            ":6379",
            "redis:x",
            "redis://u:hunter2@h:6379",
            "u:hunter2@h:1",
            "",
        ] {
            assert_eq!(split_address(address), None);
        }
    }
}
