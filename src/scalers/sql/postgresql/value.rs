//! A value in the binary form that the server gives it, as a number.

use tokio_postgres::types::{FromSql, Kind, Type};

use crate::scalers::sql::number;

/// A value of any type.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(
        _: &Type,
        bytes: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(bytes))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The number that a value of this type is. KEDA's driver makes a text of most types, which its operator then reads as a number.
pub(super) fn number(kind: &Type, bytes: &[u8]) -> Result<f64, String> {
    let wrong = || format!("the query gives a {kind} in a form that cannot be read");
    let is = |kinds: &[Type]| kinds.contains(kind);
    if is(&[Type::INT2]) {
        fixed(bytes).map(|bytes| f64::from(i16::from_be_bytes(bytes)))
    } else if is(&[Type::INT4]) {
        fixed(bytes).map(|bytes| f64::from(i32::from_be_bytes(bytes)))
    } else if is(&[Type::INT8]) {
        fixed(bytes).map(|bytes| crate::scalers::metric::count(i64::from_be_bytes(bytes)))
    } else if is(&[Type::OID, Type::XID, Type::CID]) {
        fixed(bytes).map(|bytes| f64::from(u32::from_be_bytes(bytes)))
    } else if is(&[Type::FLOAT4]) {
        fixed(bytes).map(|bytes| f64::from(f32::from_be_bytes(bytes)))
    } else if is(&[Type::FLOAT8]) {
        fixed(bytes).map(f64::from_be_bytes)
    } else if is(&[Type::NUMERIC]) {
        numeric(bytes)
    } else if is(&[Type::JSONB]) {
        // Behind the number of its version.
        return number::of_text(bytes.get(1..).unwrap_or_default());
    } else if is_text(kind) {
        return number::of_text(bytes);
    } else {
        return Err(format!(
            "the query gives a {kind}; a number is needed, let it count or cast the column"
        ));
    }
    .ok_or_else(wrong)
    .and_then(number::finite)
}

/// Types whose binary form is their text.
fn is_text(kind: &Type) -> bool {
    let known = [
        Type::TEXT,
        Type::VARCHAR,
        Type::BPCHAR,
        Type::NAME,
        Type::UNKNOWN,
        Type::JSON,
        Type::XML,
        Type::BYTEA,
    ];
    known.contains(kind) || matches!(kind.kind(), Kind::Enum(_)) || kind.name() == "citext"
}

fn fixed<const LENGTH: usize>(bytes: &[u8]) -> Option<[u8; LENGTH]> {
    bytes.try_into().ok()
}

/// Digits to the base of 10000 behind their count, the weight of the first one, the sign and the scale. [PostgreSQL `numeric_send`]
fn numeric(bytes: &[u8]) -> Option<f64> {
    let words: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| fixed(pair).map(u16::from_be_bytes))
        .collect::<Option<_>>()?;
    let [count, weight, sign, _, digits @ ..] = words.as_slice() else {
        return None;
    };
    let sign = match sign {
        0x0000 => "",
        0x4000 => "-",
        0xC000 => return Some(f64::NAN),
        0xD000 => return Some(f64::INFINITY),
        0xF000 => return Some(f64::NEG_INFINITY),
        _ => return None,
    };
    if usize::from(*count) != digits.len() || digits.iter().any(|digit| *digit > 9999) {
        return None;
    }
    let last = i32::from(weight.cast_signed()) - i32::from(*count) + 1;
    let digits: Vec<String> = digits.iter().map(|digit| format!("{digit:04}")).collect();
    format!("{sign}0{}e{}", digits.concat(), last * 4)
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numeric_values() {
        // 12345.678 as two digits before the point and one behind it.
        let value = words(&[3, 1, 0, 3, 1, 2345, 6780]);
        assert_eq!(number(&Type::NUMERIC, &value), Ok(12345.678));
        let value = words(&[1, 0, 0x4000, 0, 25]);
        assert_eq!(number(&Type::NUMERIC, &value), Ok(-25.0));
        // 0, 0.0001, 10 to the power of 8.
        for (value, wanted) in [
            (&[0, 0, 0, 0][..], 0.0),
            (&[1, 0xFFFF, 0, 4, 1], 0.0001),
            (&[1, 2, 0, 0, 1], 1e8),
        ] {
            assert_eq!(number(&Type::NUMERIC, &words(value)), Ok(wanted));
        }
        for wrong in [
            &[0, 0, 0xC000, 0][..],
            &[0, 0, 0xD000, 0],
            &[0, 0, 0xF000, 0],
            &[0, 0, 7, 0],
            &[2, 0, 0, 0, 1],
            &[1, 0, 0, 0, 10_000],
            &[1, 0x7FFF, 0, 0, 1],
            &[0, 0],
            &[],
        ] {
            assert!(number(&Type::NUMERIC, &words(wrong)).is_err(), "{wrong:?}");
        }
        assert!(number(&Type::NUMERIC, &[0, 0, 0]).is_err());
    }

    #[test]
    fn other_values() {
        for (kind, bytes, wanted) in [
            (Type::INT2, &25_i16.to_be_bytes()[..], 25.0),
            (Type::INT4, &(-3_i32).to_be_bytes(), -3.0),
            (Type::INT8, &7_000_000_000_i64.to_be_bytes(), 7e9),
            (Type::OID, &4_000_000_000_u32.to_be_bytes(), 4e9),
            (Type::FLOAT4, &2.5_f32.to_be_bytes(), 2.5),
            (Type::FLOAT8, &0.1_f64.to_be_bytes(), 0.1),
            (Type::TEXT, b"25", 25.0),
            (Type::JSON, b"25", 25.0),
            (Type::JSONB, b"\x0125", 25.0),
        ] {
            assert_eq!(number(&kind, bytes), Ok(wanted), "{kind}");
        }
        for (kind, bytes) in [
            (Type::BOOL, &b"\x01"[..]),
            (Type::INT4, b"\x01"),
            (Type::INT8, b""),
            (Type::FLOAT8, &f64::NAN.to_be_bytes()),
            (Type::TEXT, b"many"),
            (Type::JSONB, b""),
            (Type::DATE, b"\0\0\0\0"),
            (Type::INT8_ARRAY, b"\0\0\0\0"),
        ] {
            assert!(number(&kind, bytes).is_err(), "{kind}");
        }
        let error = number(&Type::BOOL, b"\x01").unwrap_err();
        assert!(error.contains("gives a bool"), "{error}");
    }
}
