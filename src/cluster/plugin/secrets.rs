//! What a plugin may not repeat where people see it: what it printed, and what it was given in names that smell of secrets.

use super::super::error::on_one_line;
use crate::scalers::smells;

/// What is shorter stands in other words as well.
const SHORTEST: usize = 4;

/// No token and no line of a key is shorter; most words are.
const SHORTEST_PRINTED: usize = 16;

/// Those of a run of it, the longest first: one may be a part of another.
pub(super) fn of(
    arguments: &[String],
    environment: &[(String, String)],
    stdout: &[u8],
) -> Vec<String> {
    let own = environment.iter().map(|(name, value)| (&**name, &**value));
    let inherited: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let inherited = inherited.iter().map(|(name, value)| (&**name, &**value));
    let given = own.chain(inherited).chain(flags(arguments));
    let mut all: Vec<String> = given
        .filter(|(name, _)| smells(name))
        .map(|(_, value)| on_one_line(value))
        .filter(|value| value.len() >= SHORTEST)
        .chain(printed(stdout))
        .collect();
    all.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    all
}

/// `--token=…`, and `--token` with what follows it.
fn flags(arguments: &[String]) -> impl Iterator<Item = (&str, &str)> {
    let next = arguments.iter().skip(1).map(String::as_str);
    let next = next.map(Some).chain([None]);
    arguments.iter().zip(next).filter_map(|(argument, next)| {
        let flag = argument.strip_prefix('-')?;
        flag.split_once('=').or(Some((flag, next?)))
    })
}

/// The words of what it printed that are long enough for a token or a line of a key.
pub(in crate::cluster) fn printed(stdout: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(stdout).replace("\\n", "\n");
    text.split(|char: char| char.is_whitespace() || matches!(char, '"' | '\'' | ',' | '\\'))
        .filter(|word| word.len() >= SHORTEST_PRINTED)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_what_is_printed_and_what_names_say() {
        let arguments = [
            "get-token",
            "--client-secret",
            "of-a-client",
            "--api-token=of-an-api",
            "-v",
        ];
        let environment = [
            ("PASSWORD", "of a\n user"),
            ("PIN_TOKEN", "1"),
            ("AWS_PROFILE", "shop"),
        ];
        let stdout = br#"{"status": {"token": "eyJhbGciOiJSUzI1NiJ9.e30", "clientKeyData": "--\nMIIEvQIBADANBgkqh\n"}}"#;
        let found = of(
            &arguments.map(str::to_owned),
            &environment.map(|(name, value)| (name.to_owned(), value.to_owned())),
            stdout,
        );
        for secret in [
            "of-a-client",
            "of-an-api",
            "of a user",
            "eyJhbGciOiJSUzI1NiJ9.e30",
            "MIIEvQIBADANBgkqh",
        ] {
            assert!(found.iter().any(|it| it == secret), "{secret}");
        }
        for none in ["1", "shop", "status", "get-token", "-v"] {
            assert!(found.iter().all(|it| it != none), "{none}");
        }
    }
}
