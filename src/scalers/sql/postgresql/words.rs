//! The two forms of a connection string. [pgx 5.9.2 `parseURLSettings`, `parseKeywordValueSettings`]

use std::collections::BTreeMap;

use crate::scalers::sql::percent::decoded;

/// The words of a connection string by their names.
pub(super) type Words = BTreeMap<String, String>;

/// The words of a connection string in either form. The error holds none of them.
pub(super) fn words(text: &str) -> Result<Words, String> {
    let address = text
        .strip_prefix("postgres://")
        .or_else(|| text.strip_prefix("postgresql://"));
    address.map_or_else(|| of_keywords(text), of_address)
}

fn canonical(name: &str) -> String {
    if name == "dbname" { "database" } else { name }.to_owned()
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// `host=h user='a b'`.
fn of_keywords(text: &str) -> Result<Words, String> {
    let mut words = Words::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once('=')
            .ok_or("it must be keyword=value pairs, or an address that begins with postgres://")?;
        let name = name.trim_matches(is_space);
        let after = after.trim_start_matches(is_space);
        let (value, left) = match after.strip_prefix('\'') {
            Some(quoted) => value(quoted, |letter| letter == '\''),
            None => value(after, is_space),
        };
        if name.is_empty() {
            return Err("a value in it has no keyword".to_owned());
        }
        if after.starts_with('\'') && left.is_none() {
            return Err("a quoted value in it does not end".to_owned());
        }
        rest = left.unwrap_or_default();
        if name != "user" || !value.is_empty() {
            words.insert(canonical(name), value);
        }
    }
    Ok(words)
}

/// A value up to a letter that ends it, and what stands after that letter, if there is one.
fn value(text: &str, ends: impl Fn(char) -> bool) -> (String, Option<&str>) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((place, letter)) = letters.next() {
        if ends(letter) {
            return (value, Some(&text[place + letter.len_utf8()..]));
        }
        if letter != '\\' {
            value.push(letter);
            continue;
        }
        match letters.next() {
            Some((_, next)) if matches!(next, '\\' | '\'') => value.push(next),
            Some((_, next)) => value.extend([letter, next]),
            None => value.push(letter),
        }
    }
    (value, None)
}

/// `user:password@host:port,host:port/database?keyword=value`, without its scheme.
fn of_address(text: &str) -> Result<Words, String> {
    let mut words = Words::new();
    let text = text.split('#').next().unwrap_or_default();
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    let (authority, path) = text.split_once('/').unwrap_or((text, ""));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, authority),
    };
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',').filter(|host| !host.is_empty()) {
        let bare = host.trim_matches(['[', ']']);
        if !host.contains(':') || bare.parse::<std::net::Ipv6Addr>().is_ok() {
            names.push(bare);
            continue;
        }
        let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
        let name = name.trim_matches(['[', ']']);
        let is_sound = port.bytes().all(|byte| byte.is_ascii_digit())
            && (!name.contains(':') || host.starts_with('['));
        if !is_sound {
            // Most often a password with a letter that ends the user's part.
            return Err("its hosts cannot be read; a user or password with / ? # @ or : must have them as %2F %3F %23 %40 %3A".to_owned());
        }
        names.extend(Some(name).filter(|name| !name.is_empty()));
        ports.extend(Some(port).filter(|port| !port.is_empty()));
    }
    let mut insert = |name: &str, value: String| {
        if !value.is_empty() {
            words.insert(name.to_owned(), value);
        }
    };
    if let Some(user) = user {
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        insert("user", decoded(user, false)?);
        insert("password", decoded(password, false)?);
    }
    insert("host", names.join(","));
    insert("port", ports.join(","));
    insert("database", decoded(path.trim_start_matches('/'), false)?);
    let mut written: Words = Words::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        written
            .entry(canonical(&name))
            .or_insert(value.into_owned());
    }
    words.extend(written);
    Ok(words)
}
