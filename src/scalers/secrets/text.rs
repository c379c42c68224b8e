//! What in names and texts speaks of a credential, without knowing what they are part of.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Span;

/// Words in the names of things that are secret.
const WORDS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "token",
    "secret",
    "key",
    "connection",
    "credential",
    "dsn",
    "signature",
    "auth",
];

/// Ends of names that speak of such things and are none: `tokenURL`, `keyParamName`, `awsAccessKeyID`.
pub(super) const ENDS: [&str; 15] = [
    "name", "names", "url", "uri", "endpoint", "file", "path", "id", "type", "mode", "modes",
    "length", "provider", "host", "header",
];

/// Whether the name of a key or variable smells of a secret.
pub(crate) fn smells(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    // A personal access token; as a part of a word it is a path or a pattern.
    let is_pat = lower
        .strip_suffix("pat")
        .is_some_and(|before| !before.ends_with(|char: char| char.is_ascii_alphanumeric()))
        || name.ends_with("Pat");
    (is_pat || WORDS.iter().any(|word| lower.contains(word)))
        && !ENDS.iter().any(|end| lower.ends_with(end))
}

/// Passwords of URLs (`scheme://user:password@host`) and of connection strings (`…;AccountKey=…`), wherever they stand.
pub(super) fn passwords(text: &str, spans: &mut Vec<Span>) {
    static PASSWORD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r#"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"']*:([^\s/"']*)@"#,
            r#"|(?i:password|pwd|accountkey|sharedaccesskey|sharedaccesssignature|token|secret)=([^\s;&,"'}\]]+)"#,
            // Of scripts: `--api-key x`, `API_KEY="x"`.
            r#"|--[\w.-]*(?i:password|passwd|passphrase|token|key|secret|pat)(?:\s+|=)\\?["']?([^\s;&,"'}\]-][^\s;&,"'}\]]*)"#,
            r#"|\b[A-Z0-9_]*(?:PASSWORD|PASSWD|PASSPHRASE|TOKEN|KEY|SECRET|PAT)=\\?["']?([^\s;&,"'}\]]+)"#,
            r#"|[^\s:@"'=/]+:([^\s:@"']+)@(?:tcp|unix)\("#,
        ))
        .expect("it is a regular expression")
    });
    spans.extend(
        PASSWORD
            .captures_iter(text)
            .filter_map(|found| (1..=5).find_map(|group| found.get(group)))
            .map(|password| Span {
                start: password.start(),
                end: password.end(),
            }),
    );
}

/// Credentials of a text that is not in a document as a whole, by its lines: what follows a key that smells, and a `value` whose `name` smells.
pub(super) fn lines(text: &str, spans: &mut Vec<Span>) {
    static KEY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"["']?([A-Za-z_][\w.-]*)["']?\s*:\s"#).expect("it is a regular expression")
    });
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"["']?name["']?\s*:\s*["']?([\w.-]+)"#).expect("it is a regular expression")
    });
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    // Whether the name of the item that a line belongs to smells: it stands in the line, before it or after it.
    let name_at = |at: usize| {
        let own = NAME.captures(all.get(at)?)?;
        Some(smells(&own[1]))
    };
    let starts_item = |at: usize| {
        all.get(at)
            .is_none_or(|line| line.trim_start().starts_with('-'))
    };
    let mut start = 0;
    let mut before = false;
    for (at, line) in all.iter().enumerate() {
        let own = name_at(at);
        before = own.unwrap_or(before && !starts_item(at));
        let named = before || (!starts_item(at + 1) && name_at(at + 1) == Some(true));
        let hidden = KEY.captures_iter(line).find(|found| {
            let key = &found[1];
            (smells(key) && !key.ends_with("FromEnv")) || (key == "value" && named)
        });
        if let Some(found) = hidden {
            spans.push(Span {
                start: start + found.get(0).map_or(0, |all| all.end()),
                end: start + line.len(),
            });
        }
        start += line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::{passwords, smells};

    #[test]
    fn names() {
        for name in [
            "DB_PASSWORD",
            "apiKey",
            "GITHUB_TOKEN",
            "connection",
            "SERVICEBUS_CONNECTION_STRING",
            "clientSecret",
            "SENTRY_DSN",
            "GITHUB_PAT",
            "PAT",
            "personalAccessToken",
            "key",
            "secretAccessKey",
            "GoogleApplicationCredentials",
        ] {
            assert!(smells(name), "{name}");
        }
        for name in [
            "LOG_LEVEL",
            "queueName",
            "oauthTokenURI",
            "keyParamName",
            "awsAccessKeyID",
            "host",
            "username",
            "TOKEN_FILE",
            "COMPAT",
            "authModes",
        ] {
            assert!(!smells(name), "{name}");
        }
    }

    fn passwords_of(text: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        passwords(text, &mut spans);
        let texts = spans.iter().map(|span| &text[span.start..span.end]);
        texts.collect()
    }

    #[test]
    fn passwords_in_texts() {
        let text = "a: amqp://guest:s3cret@h/v # http://u:p%40@x\nb: http://h:80/a@b c://:only@h \"redis://:pw@h\"\nd: \"Server=s;Password=p;x;AccountKey=k+/==;Q\" rate(x{token=\"a\"})\n";
        assert_eq!(
            passwords_of(text),
            ["s3cret", "p%40", "only", "pw", "p", "k+/=="]
        );
    }

    #[test]
    fn credentials_of_scripts() {
        let text = "run --api-key k1 --token=\"t1\" --key-file /x --verbose\nexport API_KEY='k2' DB_PASSWORD=\\\"p1\\\"; me:p2@tcp(h)\n--token --next\n";
        assert_eq!(passwords_of(text), ["k1", "t1", "k2", "p1\\", "p2"]);
    }
}
