//! One value out of a Prometheus text exposition, chosen by a selector. [KEDA `getValueFromPrometheusResponse`]
//!
//! Whatever operator a selector uses, KEDA compares for equality; so does this.

/// The first sample that `selector` (`name`, `name{label="value"}`, `{__name__="name"}`) chooses. The error is a fragment.
pub(super) fn value(body: &str, selector: &str) -> Result<f64, String> {
    let wanted = parse_selector(selector)?;
    for line in body.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let sample = Sample::parse(line)
            .ok_or_else(|| "holds a line that is no Prometheus sample".to_owned())?;
        if sample.name == wanted.name
            && wanted
                .labels
                .iter()
                .all(|label| sample.labels.contains(label))
        {
            return Ok(sample.value);
        }
    }
    Err(format!("holds no sample for {selector}"))
}

struct Selector {
    name: String,
    labels: Vec<(String, String)>,
}

fn parse_selector(text: &str) -> Result<Selector, String> {
    let broken = || {
        format!(
            "cannot be searched: valueLocation {text:?} is no Prometheus selector such as metric{{label=\"value\"}}"
        )
    };
    let (name, braces) = match text.find('{') {
        Some(at) => (
            text[..at].trim(),
            Some(
                text[at + 1..]
                    .trim_end()
                    .strip_suffix('}')
                    .ok_or_else(broken)?,
            ),
        ),
        None => (text.trim(), None),
    };
    let mut labels = match braces {
        Some(inside) => parse_labels(inside).ok_or_else(broken)?,
        None => Vec::new(),
    };
    let mut name = name.to_owned();
    labels.retain(|(label, value)| {
        if label == "__name__" {
            name.clone_from(value);
        }
        label != "__name__"
    });
    if name.is_empty() {
        return Err(broken());
    }
    Ok(Selector { name, labels })
}

struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Sample {
    fn parse(line: &str) -> Option<Self> {
        let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
        let name = line[..end].to_owned();
        let rest = &line[end..];
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(inside) => {
                let close = closing(inside)?;
                (parse_labels(&inside[..close])?, &inside[close + 1..])
            }
            None => (Vec::new(), rest),
        };
        let mut words = rest.split_whitespace();
        let value = words.next()?;
        // A timestamp may follow, nothing else.
        if let Some(timestamp) = words.next() {
            timestamp.parse::<i64>().ok()?;
        }
        if words.next().is_some() {
            return None;
        }
        Some(Self {
            name,
            labels,
            value: value.parse().ok()?,
        })
    }
}

/// Where the `}` is that ends a list of labels.
fn closing(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (index, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(index),
            _ => {}
        }
    }
    None
}

/// `a="b",c="d"` with any of the four matching operators.
fn parse_labels(text: &str) -> Option<Vec<(String, String)>> {
    let mut labels = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let operator = rest.find(['=', '!'])?;
        let name = rest[..operator].trim().to_owned();
        rest = rest[operator..]
            .trim_start_matches(['=', '!', '~'])
            .trim_start();
        let quote = rest
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\'' | '`'))?;
        let mut value = String::new();
        let mut characters = rest[1..].char_indices();
        let end = loop {
            match characters.next()? {
                (index, character) if character == quote => break index,
                (_, '\\') if quote != '`' => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, character) => value.push(character),
            }
        };
        labels.push((name, value));
        rest = rest[1 + end + 1..].trim_start();
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::value;

    const BODY: &str = "# HELP jobs Jobs.\r\n# TYPE jobs gauge\r\njobs{queue=\"a\",state=\"x}y\"} 3 1700000000000\r\njobs{queue=\"b\"} 4.5\r\n\r\nplain 7\nnothing NaN\n";

    #[test]
    fn samples() {
        for (selector, wanted) in [
            ("jobs", 3.0),
            ("jobs{queue=\"b\"}", 4.5),
            ("jobs{ queue = \"a\" , state=\"x}y\", }", 3.0),
            // The operator does not matter to KEDA.
            ("jobs{queue=~\"b\"}", 4.5),
            ("{__name__=\"plain\"}", 7.0),
            ("plain", 7.0),
        ] {
            assert_eq!(value(BODY, selector), Ok(wanted), "{selector}");
        }
        assert!(value(BODY, "nothing").unwrap().is_nan());
    }

    #[test]
    fn errors() {
        for selector in [
            "nope",
            "jobs{queue=\"z\"}",
            "jobs{queue=b}",
            "jobs{",
            "{}",
            "",
        ] {
            assert!(value(BODY, selector).is_err(), "{selector}");
        }
        assert!(value("<html>oops</html>", "jobs").is_err());
        assert!(value("jobs x", "jobs").is_err());
        assert!(value("", "jobs").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(body in "[a-c{}=\"',~!\\\\`0-9 \n]{0,40}", selector in "[a-c{}=\"',~!\\\\`]{0,24}") {
            let _ = value(&body, &selector);
        }
    }
}
