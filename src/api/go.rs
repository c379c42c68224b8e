//! Numbers as Go on amd64 treats them. KEDA's decisions depend on its odd corners: what `strconv.ParseFloat` accepts, and
//! what a float becomes that does not fit an integer. [semantics §2.5, §2.7]

use std::borrow::Cow;

/// 2^63 as a float, the first value that an `int64` cannot hold.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// `int64(x)` of Go on amd64: cut toward zero; NaN, infinities and everything out of range give the smallest integer.
pub(crate) fn to_int64(value: f64) -> i64 {
    if (-TWO_TO_63..TWO_TO_63).contains(&value) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "in range, and Go cuts the fraction too"
        )]
        let whole = value as i64;
        whole
    } else {
        i64::MIN
    }
}

/// `int64(math.Ceil(x))` of Go on amd64.
pub(crate) fn ceil_to_int64(value: f64) -> i64 {
    to_int64(value.ceil())
}

/// `float64(x)` of Go.
pub(crate) fn to_float64(value: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "Go loses the same bits")]
    let float = value as f64;
    float
}

/// The smaller one as KEDA takes it: a NaN on the left stays. [KEDA `scaledjob/metrics.go`]
pub(crate) fn min_float(left: f64, right: f64) -> f64 {
    if left > right { right } else { left }
}

/// `strconv.ParseFloat(text, 64)`; none where Go reports a syntax or range error.
///
/// Accepts a sign, decimal and hexadecimal floats, `_` between digits, `inf`, `infinity` and an unsigned `nan` in any
/// case. Spaces, `%`, decimal commas and values beyond the range of a float are errors.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let (negative, body) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = if body.eq_ignore_ascii_case("inf") || body.eq_ignore_ascii_case("infinity") {
        f64::INFINITY
    } else if text.eq_ignore_ascii_case("nan") {
        f64::NAN
    } else {
        let number = without_separators(body)?;
        if has_hex_prefix(&number) {
            parse_hex(&number[2..])?
        } else {
            parse_decimal(&number)?
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn has_hex_prefix(text: &str) -> bool {
    text.len() > 2 && text.as_bytes()[0] == b'0' && text.as_bytes()[1].eq_ignore_ascii_case(&b'x')
}

/// Takes the `_` out; none when one does not stand between two digits (the prefix `0x` counts as a digit).
fn without_separators(body: &str) -> Option<Cow<'_, str>> {
    if !body.contains('_') {
        return Some(Cow::Borrowed(body));
    }
    let bytes = body.as_bytes();
    let hex = has_hex_prefix(body);
    let is_digit = |at: usize| {
        bytes.get(at).is_some_and(|byte| {
            byte.is_ascii_digit() || hex && (byte.is_ascii_hexdigit() || at == 1)
        })
    };
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'_' && !(at > 0 && is_digit(at - 1) && is_digit(at + 1)) {
            return None;
        }
    }
    Some(Cow::Owned(body.replace('_', "")))
}

fn parse_decimal(number: &str) -> Option<f64> {
    // Rust knows words and a second sign that Go would refuse here.
    let plain = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !plain || number.starts_with(['+', '-']) {
        return None;
    }
    number.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// A hexadecimal float without its prefix: `1.8p-3`. The exponent is required.
fn parse_hex(number: &str) -> Option<f64> {
    let (digits, exponent) = number.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut exponent = parse_exponent(exponent)?;
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut mantissa: u64 = 0;
    let mut sticky = false;
    for (place, byte) in whole.bytes().chain(fraction.bytes()).enumerate() {
        let digit = u64::from(char::from(byte).to_digit(16)?);
        let in_fraction = place >= whole.len();
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
            if in_fraction {
                exponent = exponent.saturating_sub(4);
            }
        } else {
            sticky |= digit != 0;
            if !in_fraction {
                exponent = exponent.saturating_add(4);
            }
        }
    }
    // A mantissa that lost digits has at least 61 bits: below the 53 leading ones there is room for what was cut to
    // show as one bit.
    scale(mantissa | u64::from(sticky), exponent)
}

/// Digits with an optional sign; large ones are cut, they are out of range either way.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40);
    Some(if negative { -value } else { value })
}

/// `mantissa × 2^exponent`, rounded half to even; none when it is too large for a float.
fn scale(mantissa: u64, exponent: i64) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let bits = 64 - i64::from(mantissa.leading_zeros());
    let top = exponent.saturating_add(bits - 1);
    if top > 1023 {
        return None;
    }
    // The power of two that the last bit of the result stands for.
    let last = (top - 52).max(-1074);
    let shift = last.saturating_sub(exponent);
    let rounded = if shift <= 0 {
        u128::from(mantissa) << u32::try_from(-shift).ok()?
    } else if shift > 64 {
        0
    } else {
        let wide = u128::from(mantissa);
        let half = 1_u128 << (shift - 1);
        let rest = wide & ((half << 1) - 1);
        let kept = wide >> shift;
        kept + u128::from(rest > half || rest == half && kept & 1 == 1)
    };
    #[expect(clippy::cast_precision_loss, reason = "at most 2^53, exact")]
    let rounded = rounded as f64;
    Some(rounded * power_of_two(last)).filter(|value| value.is_finite())
}

/// 2^exponent for -1074 to 1023.
fn power_of_two(exponent: i64) -> f64 {
    let bits = if exponent >= -1022 {
        u64::try_from(exponent + 1023).unwrap_or(0) << 52
    } else {
        1 << (exponent + 1074).clamp(0, 51)
    };
    f64::from_bits(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_go_accepts() {
        for (text, expected) in [
            ("0", 0.0),
            ("+0.5", 0.5),
            ("-1", -1.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e-1", 0.1),
            ("1E+2", 100.0),
            ("0_5", 5.0),
            ("1_0", 10.0),
            ("1_0.2_5e1_0", 10.25e10),
            ("0x1p-1", 0.5),
            ("0X.8P0", 0.5),
            ("-0x1.8p1", -3.0),
            ("0x_1p-1", 0.5),
            ("0x1_0p0", 16.0),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x1.00000000000008p0", 1.0),
            (
                "0x1.000000000000080000000000000000001p0",
                1.000_000_000_000_000_2,
            ),
            ("0x10000000000000000000000000p-100", 1.0),
            ("0x0p999999999999999999999", 0.0),
            ("1e-999", 0.0),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("+INF", f64::INFINITY),
        ] {
            assert_eq!(parse_float(text), Some(expected), "{text}");
        }
        assert!(parse_float("NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn refuses_what_go_refuses() {
        for text in [
            "",
            " ",
            " 0.5",
            "0.5 ",
            "50%",
            "0,5",
            "1e999",
            "-1e999",
            ".",
            "e5",
            "1e",
            "1e+",
            "+-1",
            "--1",
            "_1",
            "1_",
            "1__0",
            "1_.5",
            "1._5",
            "1e_5",
            "+nan",
            "-NaN",
            "infinit",
            "in",
            "0x",
            "0x1",
            "0xp1",
            "0x.p1",
            "0x1p",
            "0x1p1024",
            "0x1.fffffffffffff8p1023",
            "1f",
            "½",
            "0b1",
            "0o7",
        ] {
            assert_eq!(parse_float(text), None, "{text:?}");
        }
    }

    #[test]
    fn converts_as_amd64_does() {
        for (value, expected) in [
            (f64::NAN, i64::MIN),
            (f64::INFINITY, i64::MIN),
            (f64::NEG_INFINITY, i64::MIN),
            (TWO_TO_63, i64::MIN),
            (-TWO_TO_63, i64::MIN),
            (1e300, i64::MIN),
            (-1.9, -1),
            (1.9, 1),
        ] {
            assert_eq!(to_int64(value), expected, "{value}");
        }
        assert_eq!(ceil_to_int64(0.1), 1);
        assert_eq!(ceil_to_int64(-0.9), 0);
    }
}
