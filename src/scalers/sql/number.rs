//! The number that a query gives.

/// A text as a number. KEDA's operator reads it by `strconv.ParseFloat`, which passes over nothing, no space either.
pub(super) fn of_text(text: &[u8]) -> Result<f64, String> {
    let number = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok());
    number.map_or_else(
        || {
            Err(
                "the query gives a text that is no number; let it count, or cast the column"
                    .to_owned(),
            )
        },
        finite,
    )
}

/// KEDA takes NaN and infinity for 0; a count that nobody knows is none here.
pub(super) fn finite(number: f64) -> Result<f64, String> {
    if number.is_finite() {
        Ok(number)
    } else {
        Err(format!(
            "the query gives {number}, which counts nothing; KEDA takes it for 0"
        ))
    }
}

/// NULL is no 0, and KEDA says so too.
pub(super) fn null() -> String {
    "the query gives NULL; let it give 0 instead, by COALESCE for one".to_owned()
}

/// KEDA's operator fails here as well.
pub(super) fn no_row() -> String {
    "the query gives no row; one with a number is needed".to_owned()
}

/// KEDA's operator takes exactly one.
pub(super) fn columns(count: usize) -> Result<(), String> {
    if count == 1 {
        Ok(())
    } else {
        Err(format!(
            "the query gives {count} columns, and KEDA reads only queries that give exactly one"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_texts() {
        for (text, number) in [
            ("0", 0.0),
            ("25", 25.0),
            ("-3", -3.0),
            ("2.5000", 2.5),
            ("1e3", 1000.0),
            ("9223372036854775807", 9_223_372_036_854_775_807.0),
        ] {
            assert_eq!(of_text(text.as_bytes()), Ok(number), "{text}");
        }
        for text in [
            "", " 5", "5 ", "five", "t", "1,5", "0x10", "NaN", "inf", "1e999",
        ] {
            assert!(of_text(text.as_bytes()).is_err(), "{text}");
        }
        assert!(of_text(b"\xff").is_err());
    }

    #[test]
    fn values_are_not_shown() {
        assert!(!of_text(b"hunter2").unwrap_err().contains("hunter2"));
    }
}
