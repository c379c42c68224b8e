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

    /// Nothing.
    pub(crate) const ZERO: Self = Self(0);

    /// So many things.
    pub(crate) fn of(count: i64) -> Self {
        Self(i128::from(count) * ONE)
    }

    /// Both together; at most what can be counted.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// So many times as much; at most what can be counted.
    pub(crate) fn times(self, count: i64) -> Self {
        Self(self.0.saturating_mul(i128::from(count)))
    }

    /// How many times `other` fits; none when `other` is nothing.
    pub(crate) fn holds(self, other: Self) -> Option<i64> {
        (other.0 > 0).then(|| i64::try_from(self.0 / other.0).unwrap_or(i64::MAX))
    }

    /// Whether it is so many times `other`; never of nothing.
    pub(crate) fn is_multiple_of(self, other: Self) -> bool {
        other.0 > 0 && self.0 % other.0 == 0
    }

    /// The amount as people write it: `1500m`, `12`, or with `binary` `2560Mi`.
    pub(crate) fn show(self, binary: bool) -> String {
        if !self.is_whole() {
            let thousandths = ONE / 1000;
            let up = i128::from(self.0 % thousandths != 0);
            return format!("{}m", self.0 / thousandths + up);
        }
        let mut number = self.0 / ONE;
        let suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        let mut suffix = 0;
        while binary && number != 0 && number % 1024 == 0 && suffix + 1 < suffixes.len() {
            number /= 1024;
            suffix += 1;
        }
        format!("{number}{}", suffixes[suffix])
    }

    /// Whether an amount has the shortest form of one of `words`: `1024Ki` is `1Mi`, while `1024` is not `1Ki` and `1e3` not `1k`. None
    /// when it is no quantity.
    pub(crate) fn is_one_of(text: &str, words: &[&str]) -> Option<bool> {
        let amount = Self::parse(text)?;
        let form = form(text);
        Some(words.iter().any(|word| {
            Self::parse(word) == Some(amount) && (form == self::form(word) || amount == Self(ONE))
        }))
    }

    pub(crate) fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub(crate) fn is_whole(self) -> bool {
        self.0 % ONE == 0
    }
}

/// What the suffix of a quantity counts in. [apimachinery `resource.Format`]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Decimal,
    Binary,
    Exponent,
}

fn form(text: &str) -> Form {
    if text.ends_with('i') {
        return Form::Binary;
    }
    // `1E` alone is an exa.
    if text.trim_end_matches('E').contains(['e', 'E']) {
        Form::Exponent
    } else {
        Form::Decimal
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
        let quantity = |text: &str| Quantity::parse(text).unwrap();
        for (text, binary, shown) in [
            ("1.5", false, "1500m"),
            ("0.0001", false, "1m"),
            ("2048", false, "2048"),
            ("2048", true, "2Ki"),
            ("2560Mi", true, "2560Mi"),
            ("1Gi", true, "1Gi"),
            ("0", true, "0"),
        ] {
            assert_eq!(quantity(text).show(binary), shown, "{text}");
        }
        assert_eq!(quantity("250m").times(8), Quantity::of(2));
        assert_eq!(quantity("2").holds(quantity("300m")), Some(6));
        assert_eq!(quantity("2").holds(Quantity::ZERO), None);
        for (text, expected) in [
            ("1Ki", Some(true)),
            ("1024Ki", Some(true)),
            ("1000", Some(true)),
            ("1E", Some(true)),
            ("1e0", Some(true)),
            ("1024", Some(false)),
            ("1e3", Some(false)),
            ("a", None),
        ] {
            let words = ["1", "1k", "1E", "1Ki", "1Mi"];
            assert_eq!(Quantity::is_one_of(text, &words), expected, "{text}");
        }
        for text in ["", ".", "m", "1.2.3", "1GB", "1 Gi", "1e", "--1", "1i"] {
            assert_eq!(billionths(text), None, "{text:?}");
        }
    }
}
