//! "Did you mean".

/// A known word that is close to one that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suggestion<'a> {
    /// The known word.
    pub word: &'a str,
    /// One or two letters apart: sure enough for a fix.
    pub is_sure: bool,
}

/// The word of `known` that `word` was probably meant to be.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<Suggestion<'a>> {
    let lower = word.to_lowercase();
    let length = word.chars().count();
    let mut best: Option<(usize, f64, &str)> = None;
    for candidate in known {
        let candidate_lower = candidate.to_lowercase();
        let distance = strsim::damerau_levenshtein(&lower, &candidate_lower);
        let likeness = strsim::jaro_winkler(&lower, &candidate_lower);
        let is_better = best.is_none_or(|(least, most, _)| {
            distance < least || (distance == least && likeness > most)
        });
        let is_close = distance <= 2 && distance * 2 <= length.max(2) || likeness > 0.87;
        if is_close && is_better {
            best = Some((distance, likeness, candidate));
        }
    }
    best.map(|(distance, _, word)| Suggestion {
        word,
        is_sure: distance <= 2 && distance * 3 <= length,
    })
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let known = ["maxReplicaCount", "minReplicaCount", "name", "triggers"];
        let word = |word| suggest(word, known).map(|suggestion| suggestion.word);
        let is_sure = |word| suggest(word, known).is_some_and(|suggestion| suggestion.is_sure);
        assert_eq!(word("maxReplicaCont"), Some("maxReplicaCount"));
        assert!(is_sure("maxReplicaCont"));
        assert_eq!(word("MAXREPLICACOUNT"), Some("maxReplicaCount"));
        assert_eq!(word("maxReplicas"), Some("maxReplicaCount"));
        assert!(!is_sure("maxReplicas"));
        assert_eq!(word("tiggers"), Some("triggers"));
        assert_eq!(word("zone"), None);
        assert_eq!(word(""), None);
    }
}
