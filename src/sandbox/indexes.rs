//! Sets of completion indexes in their text form, `0-2,5`.

use std::collections::BTreeSet;

/// Reads the text form: increasing, a range has two ends. [Kubernetes pkg/apis/batch/validation, `validateIndexesFormat`]
pub(super) fn parse(text: &str) -> Option<BTreeSet<u32>> {
    let mut set = BTreeSet::new();
    if text.is_empty() {
        return Some(set);
    }
    for part in text.split(',') {
        let (from, to) = if let Some((from, to)) = part.split_once('-') {
            let (from, to) = (from.parse::<u32>().ok()?, to.parse::<u32>().ok()?);
            // The API allows far fewer than this many indexes in any list that is kept.
            if to <= from || to - from > 1_000_000 {
                return None;
            }
            (from, to)
        } else {
            let one: u32 = part.parse().ok()?;
            (one, one)
        };
        if set.last().is_some_and(|last| *last >= from) {
            return None;
        }
        set.extend(from..=to);
    }
    Some(set)
}

/// Writes the text form, with runs of three or more as a range and pairs as two numbers.
pub(super) fn write(set: &BTreeSet<u32>) -> String {
    let mut parts = Vec::new();
    let mut all = set.iter().copied().peekable();
    while let Some(first) = all.next() {
        let mut last = first;
        while all.peek().is_some_and(|next| *next == last + 1) {
            last = all.next().unwrap_or(last);
        }
        match last - first {
            0 => parts.push(first.to_string()),
            1 => parts.push(format!("{first},{last}")),
            _ => parts.push(format!("{first}-{last}")),
        }
    }
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_indexes_have_one_text() {
        for text in ["", "0", "0,1", "0-2", "1,3-5,7", "0,1,4-9"] {
            assert_eq!(write(&parse(text).unwrap()), text);
        }
        for wrong in [
            "a",
            "2-1",
            "-1",
            "1-",
            "0-4294967295",
            "0-0",
            "0,0",
            "0,",
            "0-2,1",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
