//! Texts of parameters, read as Go reads them. [KEDA `scalersconfig/typed_config.go`; triggers.md "Conventions"]
//!
//! Errors are fragments that follow a parameter's name; they never hold the text.

use std::time::Duration;

use super::Kind;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Duration(Duration),
    List(Vec<String>),
    Ranges(Vec<(i64, i64)>),
    Pairs(Vec<(String, String)>),
}

/// Reads `text` as `kind`; `separator` stands between the items of a list.
pub(super) fn parse(kind: Kind, separator: char, text: &str) -> Result<Value, String> {
    match kind {
        Kind::String => Ok(Value::Text(text.to_owned())),
        Kind::Integer => integer(text).map(Value::Integer),
        Kind::Float => float(text).map(Value::Float),
        Kind::Bool => boolean(text).map(Value::Bool),
        Kind::Duration => parse_duration(text).map(Value::Duration),
        Kind::List => Ok(Value::List(
            text.split(separator)
                .map(|piece| piece.trim().to_owned())
                .collect(),
        )),
        Kind::Ranges => ranges(text).map(Value::Ranges),
        Kind::Map => pairs(text).map(Value::Pairs),
        Kind::Query => parse_query(text).map(Value::Pairs),
    }
}

/// The grammar of a JSON number: no leading `+`, no leading zeros, no leading or trailing dot.
fn is_json_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let length = digits(exponent);
        if length == 0 {
            return false;
        }
        rest = &exponent[length..];
    }
    rest.is_empty()
}

fn integer(text: &str) -> Result<i64, String> {
    if !is_json_number(text) {
        return Err("must be a whole number, written as in JSON (5, not 05, +5 or 5m)".to_owned());
    }
    text.parse().map_err(|_| {
        "must be a whole number of 64 bits, without a fraction or an exponent".to_owned()
    })
}

fn float(text: &str) -> Result<f64, String> {
    if !is_json_number(text) {
        return Err("must be a number, written as in JSON (0.5, not .5, +5 or 5m)".to_owned());
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("must be a number that fits 64 bits".to_owned()),
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// Numbers and ranges between commas; a range is kept by its ends, both included.
fn ranges(text: &str) -> Result<Vec<(i64, i64)>, String> {
    let number = |text: &str| integer(text.trim());
    text.split(',')
        .map(|piece| match piece.split_once('-') {
            Some((first, last)) if !first.trim().is_empty() => {
                let (first, last) = (number(first)?, number(last)?);
                if first > last {
                    return Err("must hold ranges that go upwards, such as 3-6".to_owned());
                }
                Ok((first, last))
            }
            _ => number(piece).map(|number| (number, number)),
        })
        .collect::<Result<_, _>>()
        .map_err(|error: String| {
            if error.contains("ranges") {
                error
            } else {
                "must be whole numbers and ranges between commas, such as 1,3-6".to_owned()
            }
        })
}

/// `key=value` pairs between commas; a value cannot hold `=` or `,`.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    text.split(',')
        .map(|pair| match pair.split('=').collect::<Vec<_>>()[..] {
            [key, value] => Ok((key.trim().to_owned(), value.trim().to_owned())),
            _ => Err("must be key=value pairs between commas, each with exactly one =".to_owned()),
        })
        .collect()
}

/// A URL query, decoded, in the order it is written.
pub fn parse_query(text: &str) -> Result<Vec<(String, String)>, String> {
    let is_escape = |rest: &str| {
        let mut digits = rest.bytes();
        [digits.next(), digits.next()]
            .iter()
            .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
    };
    let is_broken = text.split('%').skip(1).any(|rest| !is_escape(rest));
    // Go has refused semicolons as separators since 1.17.
    if text.contains(';') || is_broken {
        return Err("must be a URL query: key=value&key=value".to_owned());
    }
    Ok(url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect())
}

/// A Go duration (`1h15m`, `1.5s`, `300ms`), or a whole number of milliseconds. Negative durations are refused.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const WANTED: &str =
        "must be a duration such as 30s, 1m30s or 500ms, or a number of milliseconds";
    let (negative, magnitude) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let nanoseconds = match go_nanoseconds(magnitude) {
        Some(nanoseconds) => nanoseconds,
        None => magnitude
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| magnitude.parse::<u64>().ok()?.checked_mul(1_000_000))
            .flatten()
            .ok_or(WANTED)?,
    };
    if negative && nanoseconds > 0 {
        return Err("must not be negative".to_owned());
    }
    if i64::try_from(nanoseconds).is_err() {
        return Err(WANTED.to_owned());
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Nanoseconds of a Go duration without its sign; `None` when it is none.
fn go_nanoseconds(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    if text.is_empty() {
        return None;
    }
    let mut rest = text;
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let unit_end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let unit: u128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let whole: u128 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        total = total.checked_add(whole.checked_mul(unit)?)?;
        // Digits past the eighteenth cannot change a nanosecond.
        let fraction = &fraction[..fraction.len().min(18)];
        if !fraction.is_empty() {
            let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
            total = total.checked_add(fraction.parse::<u128>().ok()?.checked_mul(unit)? / scale)?;
        }
        rest = tail;
    }
    u64::try_from(total).ok()
}
