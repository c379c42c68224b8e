//! `azure-blob`: blobs of a container. [KEDA `azure_blob_scaler.go`]

use async_trait::async_trait;
use regex::Regex;
use url::Url;

use super::AZURE;
use super::SUFFIX;
use super::glob;
use super::storage::{Service, Storage};
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::client::xml;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, from, since};
use crate::scalers::metric::{self, Metric, count};
use crate::scalers::params::notation::{AEM, flag, text, whole};
use crate::scalers::params::{ParameterSpec, Resolved, Source};
use crate::scalers::trigger_type::{Behaviour, Target, TriggerType, Work};
use crate::scalers::{BuildError, ReadError, Scaler, ScalerContext, endpoint};

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
    behaviour: Behaviour::Reads(build),
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

/// So many blobs are asked for at once: with the longest names an answer is not too long.
const PAGE: &str = "2000";

struct Container {
    metric: Metric,
    activation: i64,
    /// The address of a page without its marker.
    url: Url,
    glob: Option<Regex>,
    storage: Storage,
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let storage = Storage::new(context, parameters, Service::Blob)?;
    let name = parameters.text("blobContainerName");
    let fits = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'$')
    };
    if !name.bytes().all(fits) {
        return Err(BuildError::new(format!(
            "parameter blobContainerName must be small letters, digits and hyphens, not {name:?}"
        )));
    }
    // Names of blobs begin with no slash: KEDA 2.21 takes it from a pattern, where 2.20 finds nothing.
    let pattern = parameters.text("globPattern");
    let glob = (!pattern.is_empty())
        .then(|| glob::compile(pattern.strip_prefix('/').unwrap_or(pattern)))
        .transpose()
        .map_err(|error| BuildError::new(format!("parameter globPattern {error}")))?;
    let mut url = storage.url(&[name]);
    url.query_pairs_mut()
        .extend_pairs(query(parameters, glob.is_some()));
    Ok(Box::new(Container {
        metric: Metric::new(
            context,
            &format!("azure-blob-{name}"),
            metric::Target::Whole(parameters.integer("blobCount").unwrap_or_default()),
        )?,
        activation: parameters
            .integer("activationBlobCount")
            .unwrap_or_default(),
        url,
        glob,
        storage,
    }))
}

/// Which blobs are asked for. A delimiter leaves out those in folders, and is appended to the prefix even where a pattern goes into them.
fn query(parameters: &Resolved, is_flat: bool) -> Vec<(&'static str, String)> {
    let delimiter = if parameters.boolean("recursive") {
        ""
    } else {
        parameters.text("blobDelimiter")
    };
    let mut query = vec![
        ("restype", "container".to_owned()),
        ("comp", "list".to_owned()),
        ("maxresults", PAGE.to_owned()),
    ];
    if parameters.has("blobPrefix") {
        let prefix = parameters.text("blobPrefix");
        query.push(("prefix", format!("{prefix}{delimiter}")));
    }
    if !is_flat && !delimiter.is_empty() {
        query.push(("delimiter", delimiter.to_owned()));
    }
    query
}

impl Container {
    /// How many blobs of a page count, and where the next page begins.
    fn counted(&self, body: &[u8]) -> Result<(i64, String), String> {
        let mut counted = 0;
        let mut marker = String::new();
        xml::walk(body, "EnumerationResults", |path, text| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            match (&path[..], &self.glob) {
                (["Blobs", "Blob"], None) => counted += 1,
                (["Blobs", "Blob", "Name"], Some(glob)) => {
                    counted += i64::from(glob.is_match(text));
                }
                (["NextMarker"], _) => text.clone_into(&mut marker),
                _ => {}
            }
        })?;
        Ok((counted, marker))
    }
}

#[async_trait]
impl Scaler for Container {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let failed = |error: &str| ReadError::new(format!("{} {error}", self.endpoint()));
        let mut length = 0;
        let mut marker = String::new();
        loop {
            let mut url = self.url.clone();
            if !marker.is_empty() {
                url.query_pairs_mut().append_pair("marker", &marker);
            }
            let answer = self.storage.get(url).await?;
            let (counted, next) = self.counted(&answer.body).map_err(|error| failed(&error))?;
            length += counted;
            if next.is_empty() {
                return Ok(self.metric.reading(count(length), length > self.activation));
            }
            if next == marker {
                return Err(failed("gives the same page again and again"));
            }
            marker = next;
        }
    }

    fn endpoint(&self) -> String {
        endpoint(self.url.as_str())
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
