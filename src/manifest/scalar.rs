//! Plain YAML scalars as kubectl reads them before the API server does.
//!
//! kubectl goes through `sigs.k8s.io/yaml`, which reads YAML 1.1 with `go.yaml.in/yaml/v2` (file `resolve.go`) and then
//! writes JSON. Both steps are one here. The table in the tests was made with `sigs.k8s.io/yaml` 1.6.0.

use base64::Engine as _;

/// What a scalar means, before it is a value or a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    /// `~`, `null`, or nothing.
    Null,
    /// `true`, `yes`, `on`, `n` …
    Bool(bool),
    /// A whole number in 64 bits.
    Integer(i64),
    /// A whole number that only fits without a sign.
    Unsigned(u64),
    /// Any other number, perhaps not finite.
    Float(f64),
    /// Text.
    Text(String),
}

/// Reads a plain scalar without a tag.
pub(super) fn plain(text: &str) -> Scalar {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes()[0] {
        b'.' => float_with_separators(text).map(Scalar::Float),
        b'0'..=b'9' | b'+' | b'-' => number(&text.replace('_', "")),
        _ => None,
    };
    number.unwrap_or_else(|| Scalar::Text(text.to_owned()))
}

/// Reads a scalar under a tag of YAML's core (`str`, `int`, `binary` …). Any other tag leaves the text as it is.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Scalar, String> {
    let mismatch = || {
        Err(format!(
            "`{}` cannot be read as !!{tag}",
            super::yaml::shorten(text)
        ))
    };
    match (tag, plain(text)) {
        ("null", Scalar::Null) => Ok(Scalar::Null),
        ("bool", value @ Scalar::Bool(_))
        | ("int", value @ (Scalar::Integer(_) | Scalar::Unsigned(_)))
        | ("float", value @ Scalar::Float(_)) => Ok(value),
        #[expect(
            clippy::cast_precision_loss,
            reason = "the reader that kubectl uses rounds too"
        )]
        ("float", Scalar::Integer(value)) => Ok(Scalar::Float(value as f64)),
        ("null" | "bool" | "int" | "float", _) => mismatch(),
        ("timestamp", _) => {
            if looks_like_a_date(text) {
                Ok(Scalar::Text(text.to_owned()))
            } else {
                mismatch()
            }
        }
        ("binary", _) => {
            let compact: String = text.split_ascii_whitespace().collect();
            match base64::engine::general_purpose::STANDARD.decode(compact) {
                Ok(bytes) => Ok(Scalar::Text(String::from_utf8_lossy(&bytes).into_owned())),
                Err(_) => Err("a !!binary value must be base64".to_owned()),
            }
        }
        _ => Ok(Scalar::Text(text.to_owned())),
    }
}

/// `YYYY-…`, which is what `!!timestamp` is checked for before anything else.
fn looks_like_a_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-'
}

/// A number that starts with a digit or a sign, underscores removed: Go's `ParseInt` with base 0, then a float.
fn number(text: &str) -> Option<Scalar> {
    if let Some(whole) = whole_number(text) {
        return Some(whole);
    }
    float(text).map(Scalar::Float)
}

fn whole_number(text: &str) -> Option<Scalar> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let prefix = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match prefix.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some(_) if digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    if let Ok(magnitude) = u64::from_str_radix(digits, radix) {
        let signed_value = i128::from(magnitude) * if negative { -1 } else { 1 };
        if let Ok(value) = i64::try_from(signed_value) {
            return Some(Scalar::Integer(value));
        }
        if !signed {
            return Some(Scalar::Unsigned(magnitude));
        }
    }
    // Past 64 bits the value can only go on as a float, which is what JSON makes of it.
    let magnitude = digits.chars().fold(0.0_f64, |sum, digit| {
        sum * f64::from(radix) + digit.to_digit(radix).map_or(0.0, f64::from)
    });
    let magnitude = if radix == 10 {
        digits.parse().unwrap_or(magnitude)
    } else {
        magnitude
    };
    let value = if negative { -magnitude } else { magnitude };
    value.is_finite().then_some(Scalar::Float(value))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, finite.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_is_right =
        all_digits(whole) && all_digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent_is_right = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    if !mantissa_is_right || !exponent_is_right {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Go's `ParseFloat` for a text that starts with a point: underscores only between two digits.
fn float_with_separators(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let separators_are_right = bytes.iter().enumerate().all(|(at, byte)| {
        *byte != b'_' || (is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1)))
    });
    if separators_are_right {
        float(&text.replace('_', ""))
    } else {
        None
    }
}

impl Scalar {
    /// The JSON value, or nothing for a float that JSON cannot hold. A float without a fraction becomes a whole number, as in
    /// Go's `encoding/json`: `5.0` is good where an integer is wanted.
    pub(super) fn into_value(self) -> Option<super::Value> {
        use super::Value;
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Integer(value) => Value::Number(value.into()),
            Self::Unsigned(value) => Value::Number(value.into()),
            Self::Text(text) => Value::String(text),
            Self::Float(value) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "only used where it is whole and in range"
                )]
                let whole = value as i64;
                let is_whole = value.abs() < 9e18 && value.fract() == 0.0;
                if is_whole {
                    Value::Number(whole.into())
                } else {
                    Value::Number(serde_json::Number::from_f64(value)?)
                }
            }
        })
    }

    /// The text that this becomes as a key, or nothing when it cannot be one (null, and numbers past 63 bits).
    pub(super) fn into_key(self) -> Option<String> {
        match self {
            Self::Null | Self::Unsigned(_) => None,
            Self::Bool(value) => Some(value.to_string()),
            Self::Integer(value) => Some(value.to_string()),
            Self::Float(value) => Some(float_key(value)),
            Self::Text(text) => Some(text),
        }
    }
}

/// Go's `FormatFloat(value, 'g', -1, 32)` with YAML's words for what is not finite.
fn float_key(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "keys are written in single precision by sigs.k8s.io/yaml"
    )]
    let single = value as f32;
    if single.is_nan() {
        return ".nan".to_owned();
    }
    if single.is_infinite() {
        return if single > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{single:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        _ => single.to_string(),
    }
}

#[cfg(test)]
mod tests;
