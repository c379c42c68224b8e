//! Glob patterns over whole names, as regular expressions. [gobwas/glob, without separators, so that `*` crosses slashes]

use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// The names that `pattern` matches. The error is a fragment.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    let mut chars = pattern.chars().peekable();
    let mut text = "(?s)\\A".to_owned();
    let mut open = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '*' => text.push_str(".*"),
            '?' => text.push('.'),
            '[' => class(&mut chars, &mut text)?,
            '{' => {
                open += 1;
                text.push_str("(?:");
            }
            ',' if open > 0 => text.push('|'),
            '}' if open > 0 => {
                open -= 1;
                text.push(')');
            }
            // A backslash at the end stands for nothing.
            '\\' => text.extend(chars.next().map(literal)),
            c => text.push_str(&literal(c)),
        }
    }
    // What is not closed ends with the pattern.
    text.push_str(&")".repeat(open));
    text.push_str("\\z");
    Regex::new(&text).map_err(|_| "is too large".to_owned())
}

/// What stands between brackets: one range, or else the characters themselves.
fn class(chars: &mut Peekable<Chars<'_>>, text: &mut String) -> Result<(), String> {
    let broken = || "has a [ without characters, or one range, and ] after it".to_owned();
    text.push('[');
    if chars.next_if_eq(&'!').is_some() {
        text.push('^');
    }
    let first = chars.next().ok_or_else(broken)?;
    if chars.next_if_eq(&'-').is_some() {
        let last = chars.next().ok_or_else(broken)?;
        if last < first || chars.next() != Some(']') {
            return Err(broken());
        }
        text.extend([&literal(first), "-", &literal(last), "]"]);
        return Ok(());
    }
    let mut next = Some(first);
    let mut count = 0;
    loop {
        let member = match next.ok_or_else(broken)? {
            ']' => break,
            '\\' => chars.next().ok_or_else(broken)?,
            member => member,
        };
        text.push_str(&literal(member));
        count += 1;
        next = chars.next();
    }
    if count == 0 {
        return Err(broken());
    }
    text.push(']');
    Ok(())
}

/// A character that stands for itself, in a class too.
fn literal(c: char) -> String {
    regex::escape(c.encode_utf8(&mut [0; 4]))
}

#[cfg(test)]
mod tests {
    use super::compile;

    /// By the library itself: v0.2.3 of KEDA 2.20, which alone holds that `in?.csv` does not match `iné.csv`, and v1.0.0 of 2.21, which
    /// alone refuses the last two.
    #[test]
    fn names_that_match() {
        for (pattern, names, others) in [
            (
                "*.csv",
                &["a.csv", ".csv", "in/a.csv", "a\nb.csv"][..],
                &["a.csv.gz", "acsv"][..],
            ),
            (
                "**/*.csv",
                &["in/a.csv", "in/deep/a.csv", "/a.csv"],
                &["a.csv"],
            ),
            (
                "in?.csv",
                &["in1.csv", "in/.csv", "iné.csv"],
                &["in.csv", "in12.csv"],
            ),
            ("[abc]x", &["ax", "cx"], &["dx", "x", "abx"]),
            ("[!abc]x", &["dx", "/x"], &["ax", "x"]),
            ("[a-c]x", &["ax", "bx"], &["dx", "-x"]),
            ("[!a-c]x", &["dx", "-x"], &["bx"]),
            ("[ac-]x", &["-x", "cx"], &["bx"]),
            ("[^a]x", &["^x", "ax"], &["bx"]),
            ("[a\\]]x", &["]x", "ax"], &["\\x"]),
            ("[{]x", &["{x"], &["x"]),
            (
                "{a,b{c,d},e*}.z",
                &["a.z", "bc.z", "bd.z", "e1.z"],
                &["b.z", "c.z", "a,z"],
            ),
            ("{,a}b", &["b", "ab"], &["aab"]),
            ("a,b}", &["a,b}"], &["a"]),
            ("\\*\\{a\\\\", &["*{a\\"], &["x{a\\"]),
            (
                "a.b+(c)|^$<>&~#",
                &["a.b+(c)|^$<>&~#"],
                &["aXb+(c)|^$<>&~#"],
            ),
            ("[<&&~]x", &["<x", "&x", "~x"], &["x"]),
            ("{a,b", &["a", "b"], &["{a"]),
            ("a\\", &["a"], &["a\\"]),
        ] {
            let glob = compile(pattern).unwrap();
            for name in names {
                assert!(glob.is_match(name), "{pattern} {name}");
            }
            for name in others {
                assert!(!glob.is_match(name), "{pattern} {name}");
            }
        }
        for pattern in [
            "[", "[a", "[]", "[!]", "[a-", "[a-]", "[c-a]", "[a-cx]", "[a\\]",
        ] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
        assert!(compile(&"{a,".repeat(3_000)).is_err());
    }
}
