//! `$(NAME)` in a container's variables, expanded as the kubelet expands it.
//!
//! [Kubernetes `third_party/forked/golang/expansion`] `$(X)` is the value of X, or stays as it is written when X is not known; `$$` is
//! a `$` that starts nothing; a `$` before anything else is a `$`. KEDA 2.20 differs where fewer than three characters follow the
//! `$` (`a$$` stays `a$$` there), and both mangle a character beyond ASCII after a `$`, which is kept whole here.

/// A part of a variable's text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text that stays.
    Text(&'a str),
    /// A reference; `written` is the whole of it, for when `name` is not known.
    Reference { name: &'a str, written: &'a str },
}

/// Splits `text` into what stays and what refers.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        parts.push(Part::Text(&rest[..at]));
        let tail = &rest[at..];
        let after = &tail[1..];
        if let Some(escaped) = after.strip_prefix('$') {
            parts.push(Part::Text("$"));
            rest = escaped;
        } else if after.starts_with('(')
            && let Some(end) = after.find(')')
        {
            parts.push(Part::Reference {
                name: &after[1..end],
                written: &tail[..end + 2],
            });
            rest = &after[end + 1..];
        } else {
            parts.push(Part::Text("$"));
            rest = after;
        }
    }
    parts.push(Part::Text(rest));
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn expand(text: &str, env: &BTreeMap<String, String>) -> String {
        parts(text)
            .iter()
            .map(|part| match part {
                Part::Text(text) => (*text).to_owned(),
                Part::Reference { name, written } => env
                    .get(*name)
                    .cloned()
                    .unwrap_or_else(|| (*written).to_owned()),
            })
            .collect()
    }

    /// Every vector was recorded from KEDA; where the kubelet differs, its answer stands here.
    #[test]
    fn vectors() {
        let kubelet = BTreeMap::from([
            ("$$", "$"),
            ("a$$", "a$"),
            ("$$a", "$a"),
            ("$(A)$$", "1$"),
            ("$é(A)", "$é(A)"),
        ]);
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/planner-vectors.json")).unwrap();
        let vectors = vectors["envVectors"].as_array().unwrap();
        assert_eq!(vectors.len(), 26);
        let mut deviations = 0;
        for vector in vectors {
            let value = vector["value"].as_str().unwrap();
            let env = serde_json::from_value(vector["env"].clone()).unwrap();
            let keda = vector["expected"].as_str().unwrap();
            let expected = kubelet.get(value).copied().unwrap_or(keda);
            deviations += usize::from(expected != keda);
            assert_eq!(expand(value, &env), expected, "{value:?}");
        }
        assert_eq!(deviations, kubelet.len());
    }
}
