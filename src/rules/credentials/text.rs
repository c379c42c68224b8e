//! What looks like a credential, and what only looks like one.

/// Last words of a name that announce a credential.
const WORDS: [&str; 12] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "TOKEN",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "ACCOUNT_KEY",
    "SECRET_KEY",
    "PRIVATE_KEY",
    "CLIENT_SECRET",
    "PAT",
];

/// First words of a name that is a switch: `--no-password`, `--use-token`.
const SWITCHES: [&str; 8] = [
    "NO_", "USE_", "WITH_", "ENABLE_", "DISABLE_", "ASK_", "PROMPT_", "ALLOW_",
];

/// Parts of connection strings that hold a key.
const KEYS: [&str; 5] = [
    "accountkey=",
    "sharedaccesskey=",
    "sharedaccesssignature=",
    "password=",
    "pwd=",
];

/// Values that say that another one belongs here. Signs in between do not count.
const PLACEHOLDERS: [&str; 10] = [
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "replacewith",
    "placeholder",
    "redacted",
    "todo",
    "tbd",
    "fixme",
];

/// A word of a text that is a credential.
pub(super) struct Word<'a> {
    /// The flag or variable that it is the value of.
    pub(super) name: Option<&'a str>,
    /// The word, as far as it can be found in the text.
    pub(super) text: &'a str,
    /// What it is.
    pub(super) why: &'static str,
    /// It is a URL or a connection string.
    pub(super) is_address: bool,
}

/// Whether a variable, flag or key of that name holds a credential: `DB_PASSWORD`, `github-token`, `--redisPassword`.
pub(super) fn is_named_so(name: &str) -> bool {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut last = '_';
    for char in name.trim_start_matches('-').chars() {
        // `redisPassword` is two words, `MONKEYPAT` one.
        if char.is_ascii_uppercase() && last.is_ascii_lowercase() {
            snake.push('_');
        }
        last = char;
        snake.push(match char {
            '-' | '.' => '_',
            char => char.to_ascii_uppercase(),
        });
    }
    !SWITCHES.iter().any(|switch| snake.starts_with(switch))
        && WORDS.iter().any(|word| {
            snake
                .strip_suffix(word)
                .is_some_and(|before| before.is_empty() || before.ends_with('_'))
        })
}

/// Neither empty, a reference, a template, a placeholder, a path, a switch nor a number.
pub(super) fn looks_like_one(value: &str) -> bool {
    const REFERENCES: [&str; 10] = [
        "$", "/", "./", "vault:", "ref+", "env:", "file:", "arn:", "ENC[", "`",
    ];
    value.len() >= 3
        && !REFERENCES.iter().any(|start| value.starts_with(start))
        && !is_template(value)
        && !is_placeholder(value)
        && !value.contains("://")
        && !value.bytes().all(|byte| byte.is_ascii_digit())
        && !matches!(
            value.to_ascii_lowercase().as_str(),
            "true" | "false" | "none" | "null" | "yes" | "off"
        )
}

/// Whether somebody fills in a part of it later.
fn is_template(value: &str) -> bool {
    ["$(", "${", "{{", "#{", "<%"]
        .iter()
        .any(|mark| value.contains(mark))
}

/// Whether it says of itself that another value belongs here: `<password>`, `changeme`, `your-token`, `xxxx`, `__TOKEN__`.
fn is_placeholder(value: &str) -> bool {
    let between = |start: &str, end: &str| {
        value.len() > start.len() + end.len() && value.starts_with(start) && value.ends_with(end)
    };
    let plain: String = value
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|char| char.to_ascii_lowercase())
        .collect();
    between("<", ">")
        || between("[", "]")
        || between("__", "__")
        || between("@", "@")
        || between("%", "%")
        || plain.chars().all(|char| char == 'x')
        // What a template calls it: `PASSWORD`, `MY_API_TOKEN`.
        || (is_named_so(value) && !value.bytes().any(|byte| byte.is_ascii_lowercase()))
        || plain.starts_with("your")
        || PLACEHOLDERS.iter().any(|word| plain.starts_with(word))
}

/// What in a text is a credential, if something is.
pub(super) fn reveals(value: &str) -> Option<&'static str> {
    if url_password(value).is_some_and(is_password) {
        return Some("a URL with a password");
    }
    let lower = value.to_ascii_lowercase();
    let is_list = lower.contains(';') || lower.contains("host=") || lower.contains("server=");
    let has_key = is_list
        && KEYS.iter().any(|key| {
            lower.match_indices(key).any(|(at, _)| {
                let rest = lower[at + key.len()..]
                    .split([';', ' '])
                    .next()
                    .unwrap_or_default();
                looks_like_one(rest)
            })
        });
    // The form of Go's driver for MySQL.
    let is_go = ["@tcp(", "@unix("].iter().any(|at| {
        value
            .split_once(at)
            .and_then(|(user, _)| user.split_once(':'))
            .is_some_and(|(_, password)| is_password(password))
    });
    (has_key || is_go).then_some("a connection string with a key")
}

/// Short numbers and paths can be passwords where a password stands.
fn is_password(text: &str) -> bool {
    !text.starts_with('$')
        && !is_template(text)
        && !is_placeholder(text)
        && (looks_like_one(text) || text.len() > 5)
}

/// The password in `scheme://user:password@host`, unless it is the one that everybody knows.
fn url_password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#', ' ']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    (!password.is_empty() && (name, password) != ("guest", "guest")).then_some(password)
}

/// The credentials among the words of an argument, a script or a file of settings: URLs with a password, connection strings, `--flag=value`,
/// `--flag value` and `NAME=value`.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let is_script = text.contains(char::is_whitespace);
    let mut flag = None;
    text.split_whitespace().filter_map(move |word| {
        let word = word.trim_matches(['"', '\'', ';', ',', '(', ')']);
        let before = std::mem::take(&mut flag);
        if let Some(name) = before
            && !word.starts_with('-')
            && is_literal(word)
        {
            return Some(Word {
                name: Some(name),
                text: word,
                why: "written out",
                is_address: false,
            });
        }
        if let Some((name, value)) = word.split_once('=') {
            let value = value.trim_matches(['"', '\'']);
            // In a script `token=…` may be anything, and `TOKEN=…` is a variable.
            let is_variable = !name.bytes().any(|byte| byte.is_ascii_lowercase());
            if (name.starts_with('-') || is_variable) && is_named_so(name) && is_literal(value) {
                return Some(Word {
                    name: Some(name),
                    text: value,
                    why: "written out",
                    is_address: false,
                });
            }
        } else if is_script && word.starts_with("--") && is_named_so(word) {
            flag = Some(word);
        }
        reveals(word).map(|why| Word {
            name: None,
            text: word,
            why,
            is_address: true,
        })
    })
}

/// A credential that is no part of a program.
fn is_literal(value: &str) -> bool {
    looks_like_one(value) && !value.contains(['$', '(', '[', '`', '|', '<', '>'])
}

#[cfg(test)]
mod tests {
    use super::{is_named_so, looks_like_one, reveals, words};

    #[test]
    fn credentials_are_told_from_what_looks_like_them() {
        for name in [
            "PASSWORD",
            "DB_PASSWORD",
            "github-token",
            "STRIPE_API_KEY",
            "--redisPassword",
            "spring.datasource.password",
        ] {
            assert!(is_named_so(name), "{name}");
        }
        for name in [
            "MAX_TOKENS",
            "PASSWORD_FILE",
            "AWS_ACCESS_KEY_ID",
            "MONKEYPAT",
            "PATH",
            "--no-password",
            "--password-file",
            "--use-token",
        ] {
            assert!(!is_named_so(name), "{name}");
        }
        for value in [
            "",
            "$(TOKEN)",
            "$TOKEN",
            "${TOKEN}",
            "/run/secrets/token",
            "true",
            "12",
            "{{ .Values.token }}",
            "<password>",
            "changeme",
            "CHANGE_ME",
            "change-me-please",
            "your-token-here",
            "xxxx-xxxx",
            "****",
            "__TOKEN__",
            "PASSWORD",
            "MY_API_TOKEN",
            "#{Token}#",
            "vault:secret/data/x#token",
            "op://vault/item/field",
        ] {
            assert!(!looks_like_one(value), "{value}");
        }
        for value in ["hunter2", "p4ss word", "exchange", "youth"] {
            assert!(looks_like_one(value), "{value}");
        }
        for value in [
            "amqp://user:hunter2@rabbit:5672/",
            "redis://:hunter2@redis",
            "Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=abc=",
            "host=db user=me password=hunter2 dbname=x",
            "me:hunter2@tcp(mysql:3306)/db",
        ] {
            assert!(reveals(value).is_some(), "{value}");
        }
        for value in [
            "amqp://rabbit:5672/",
            "amqp://guest:guest@rabbit",
            "amqp://user:$(PASSWORD)@rabbit",
            "amqp://user:<password>@rabbit",
            "amqp://user:changeme@rabbit",
            "https://example.com/a:b@c",
            "password=",
            "user@example.com",
            "host=db user=me dbname=x",
            "host=db password=$(PASSWORD)",
            "me:$PASSWORD@tcp(mysql:3306)/db",
        ] {
            assert!(reveals(value).is_none(), "{value}");
        }
    }

    #[test]
    fn words_of_arguments_and_scripts() {
        let found = |text: &'static str| -> Vec<(Option<&str>, &str)> {
            words(text).map(|word| (word.name, word.text)).collect()
        };
        for (text, wanted) in [
            ("--password=hunter2", vec![(Some("--password"), "hunter2")]),
            (
                "redis://:hunter2@redis:6379",
                vec![(None, "redis://:hunter2@redis:6379")],
            ),
            (
                "export DB_PASSWORD='hunter2'; mysql --password hunter3 -h db",
                vec![
                    (Some("DB_PASSWORD"), "hunter2"),
                    (Some("--password"), "hunter3"),
                ],
            ),
            (
                "curl -s \"https://me:hunter2@example.com/\" | sh",
                vec![(None, "https://me:hunter2@example.com/")],
            ),
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
        for text in [
            "--password=$(PASSWORD)",
            "--password-file=/run/secret",
            "export TOKEN=$(cat /run/token); TOKEN=\"$TOKEN\" run --token \"$TOKEN\"",
            "token=get_token() password=password",
            "TOKEN=os.environ[\"TOKEN\"]",
            "--token --verbose",
            "curl https://example.com/ -o x@y:z",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
