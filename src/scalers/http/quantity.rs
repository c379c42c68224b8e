//! Kubernetes quantities (`1.5k`, `20Mi`, `3e2`) as floats. [apimachinery `resource.ParseQuantity`, `AsApproximateFloat64`]

/// The number that `text` stands for, or `None` when it is no quantity.
pub(in crate::scalers) fn parse(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (digits, suffix) = unsigned.split_at(end);
    if !digits.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024_f64.powi(2),
        "Gi" => 1024_f64.powi(3),
        "Ti" => 1024_f64.powi(4),
        "Pi" => 1024_f64.powi(5),
        "Ei" => 1024_f64.powi(6),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let number: f64 = format!("{number}e{exponent}").parse().ok()?;
            return number.is_finite().then_some(sign(text) * number);
        }
    };
    Some(sign(text) * number * factor)
}

fn sign(text: &str) -> f64 {
    if text.starts_with('-') { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    #[test]
    fn quantities() {
        for (text, value) in [
            ("5", 5.0),
            ("-5", -5.0),
            ("+1.5k", 1500.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("2Ki", 2048.0),
            ("1E", 1e18),
            ("1e3", 1000.0),
            ("1E-2", 0.01),
            ("250m", 0.25),
        ] {
            assert_eq!(super::parse(text), Some(value), "{text}");
        }
        for text in [
            "", ".", "k", "1.1.1", "5 ", " 5", "NaN", "1ki", "1e", "0x1", "--5", "1e999",
        ] {
            assert_eq!(super::parse(text), None, "{text}");
        }
    }
}
