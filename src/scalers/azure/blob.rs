//! `azure-blob`: blobs of a container. [KEDA `azure_blob_scaler.go`]

use super::AZURE;
use super::SUFFIX;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AEM, flag, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["blobContainerName"], "name of the container").required(),
    whole(&["blobCount"], "so many blobs per Job").default("5"),
    whole(&["activationBlobCount"], "active only above this count").default("0"),
    text(
        &["blobDelimiter"],
        "delimiter of folders in names; it is appended to blobPrefix",
    )
    .default("/"),
    text(&["blobPrefix"], "only names that begin so"),
    flag(&["recursive"], "count blobs in folders too").default("false"),
    text(&["globPattern"], "only names that match this pattern"),
    text(
        &["connection", "connectionFromEnv"],
        "connection string of the storage account",
    )
    .from(AEM),
    text(&["accountName"], "storage account, for pod identity"),
    text(
        &["useAAdPodIdentity"],
        "sign in with a pod identity, as in KEDA 1",
    )
    .obsolete("take it out: podIdentity of a TriggerAuthentication says it"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(4, &["cloud", "endpointSuffix"]),
    since(7, &["recursive", "globPattern"]),
    since(8, &["activationBlobCount"]),
    always(&["useAAdPodIdentity"]).ignored(15),
    from(19, Source::Metadata, &["connection"]),
];

/// The type.
pub(in crate::scalers) static AZURE_BLOB: TriggerType = TriggerType {
    name: "azure-blob",
    family: "azure",
    parameters: &[PARAMETERS, AZURE, SUFFIX],
    counts: "blobs under blobPrefix, or those that match globPattern",
    work: Work::Is(InFlight::Included, "a blob counts until it is deleted"),
    target: Target::Parameter(&["blobCount"], 5.0),
    activation: Some("activationBlobCount"),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::suffix(given, "endpointSuffix", found);
    super::storage(given, found);
    let slip = given.value("globPattern").and_then(Slip::of);
    if let Some(slip) = slip.filter(|slip| *slip == Slip::Class || given.since(21)) {
        let problem = match slip {
            Slip::Class => "has a [ without characters and ] after it",
            Slip::Brace => "has a { without } after it",
            Slip::Backslash => "ends with a backslash",
        };
        found.push(Problem::wrong(
            "globPattern",
            format!("parameter globPattern {problem}"),
        ));
    }
}

/// What makes a pattern none. Up to 2.20 only the first one did. [KEDA go.mod: gobwas/glob v0.2.3 and, since 2.21, v1.0.0]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slip {
    Class,
    Brace,
    Backslash,
}

impl Slip {
    fn of(pattern: &str) -> Option<Self> {
        let mut chars = pattern.chars();
        let mut open = 0_usize;
        let mut unfinished = None;
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.next().is_none() => unfinished = Some(Self::Backslash),
                '{' => open += 1,
                '}' => open = open.saturating_sub(1),
                '[' => {
                    let mut class = String::new();
                    loop {
                        match chars.next() {
                            Some(']') => break,
                            Some('\\') => class.extend(chars.next()),
                            Some(c) => class.push(c),
                            None => return Some(Self::Class),
                        }
                    }
                    let members = class.strip_prefix('!').unwrap_or(&class);
                    let is_half_range = members.ends_with('-') && members.chars().count() == 2;
                    if members.is_empty() || is_half_range {
                        return Some(Self::Class);
                    }
                }
                _ => {}
            }
        }
        unfinished.or((open > 0).then_some(Self::Brace))
    }
}

#[cfg(test)]
mod tests {
    use super::Slip;

    /// By both releases of the library.
    #[test]
    fn patterns_are_read_as_the_library_does() {
        for (patterns, expected) in [
            (
                &[
                    "[", "[a-", "[a", "[a-]", "[]", "[!]", "[a\\]", "{a,[b}", "{[}",
                ][..],
                Some(Slip::Class),
            ),
            (&["{a", "{a,{b}", "{", "{a\\}"], Some(Slip::Brace)),
            (&["\\", "a\\"], Some(Slip::Backslash)),
            (
                &[
                    "[abc]",
                    "a]",
                    "a}",
                    "}",
                    "a\\\\",
                    "\\{a",
                    "[{]",
                    "[ac-]",
                    "{a[}]}",
                    "**/*.json",
                ],
                None,
            ),
        ] {
            for pattern in patterns {
                assert_eq!(Slip::of(pattern), expected, "{pattern}");
            }
        }
    }
}
