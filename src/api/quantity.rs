//! Amounts such as `500m`, `2` or `1.5Gi`, to compare them. [apimachinery `resource.Quantity`]

/// An amount in billionths, rounded up as Kubernetes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(i128);

const ONE: i128 = 1_000_000_000;

impl Quantity {
    /// Reads a quantity; none when it is not one, or has more digits than any amount needs.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = unsigned
            .find(|char: char| !char.is_ascii_digit() && char != '.')
            .unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let fraction = fraction.trim_end_matches('0');
        if whole.len() + fraction.len() == 0 && !number.contains('0') || fraction.contains('.') {
            return None;
        }
        let digits = format!("0{whole}{fraction}");
        if digits.len() > 30 {
            return None;
        }
        let mut amount: i128 = digits.parse().ok()?;
        let mut power = 9 - i32::try_from(fraction.len()).ok()?;
        match suffix {
            "" => {}
            "n" => power -= 9,
            "u" => power -= 6,
            "m" => power -= 3,
            "k" => power += 3,
            "M" => power += 6,
            "G" => power += 9,
            "T" => power += 12,
            "P" => power += 15,
            "E" => power += 18,
            "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => {
                let step = "KMGTPE".find(&suffix[..1])?;
                let factor = 1_i128.checked_shl(10 * u32::try_from(step + 1).ok()?)?;
                amount = amount.checked_mul(factor)?;
            }
            _ => power += suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?,
        }
        let billionths = if power >= 0 {
            amount.checked_mul(10_i128.checked_pow(power.unsigned_abs())?)?
        } else {
            let divisor = 10_i128.checked_pow(power.unsigned_abs())?;
            amount / divisor + i128::from(amount % divisor != 0)
        };
        Some(Self(if negative { -billionths } else { billionths }))
    }

    pub(crate) fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub(crate) fn is_whole(self) -> bool {
        self.0 % ONE == 0
    }
}

#[cfg(test)]
mod tests {
    use super::{ONE, Quantity};

    #[test]
    fn amounts_compare_as_in_kubernetes() {
        let billionths = |text: &str| Quantity::parse(text).map(|quantity| quantity.0);
        for (text, expected) in [
            ("0", 0),
            ("0.0", 0),
            ("1", ONE),
            ("+1", ONE),
            ("-1", -ONE),
            (".5", ONE / 2),
            ("5.", 5 * ONE),
            ("500m", ONE / 2),
            ("1n", 1),
            ("0.1n", 1),
            ("1e3", 1000 * ONE),
            ("1E-3", ONE / 1000),
            ("1k", 1000 * ONE),
            ("1Ki", 1024 * ONE),
            ("1.5Gi", 1_610_612_736 * ONE),
            ("1Ei", (1_i128 << 60) * ONE),
            ("1E", 1_000_000_000_000_000_000 * ONE),
        ] {
            assert_eq!(billionths(text), Some(expected), "{text}");
        }
        for text in ["", ".", "m", "1.2.3", "1GB", "1 Gi", "1e", "--1", "1i"] {
            assert_eq!(billionths(text), None, "{text:?}");
        }
    }
}
