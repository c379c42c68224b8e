//! The trigger types and their parameters, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::{API_VERSION, table};
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::params::{Kind, ParameterSpec, Source};
use crate::scalers::{Behaviour, Given, OtherKeys, Standing, Target, TriggerType, release};

/// JSON and YAML form of `triggers`: kind `TriggerTypeList`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerTypeList {
    /// [`API_VERSION`].
    pub api_version: &'static str,
    /// `TriggerTypeList`.
    pub kind: &'static str,
    /// The types.
    pub items: Vec<TriggerTypeView>,
}

/// JSON and YAML form of `triggers TYPE`: kind `TriggerType`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerTypeDocument {
    /// [`API_VERSION`].
    pub api_version: &'static str,
    /// `TriggerType`.
    pub kind: &'static str,
    /// The type.
    #[serde(flatten)]
    pub view: TriggerTypeView,
    /// The version of KEDA whose parameters these are, when one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keda_version: Option<String>,
    /// Its parameters.
    pub parameters: Vec<ParameterView>,
}

/// One trigger type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerTypeView {
    /// KEDA's `type`.
    #[serde(rename = "type")]
    pub name: &'static str,
    /// The family it belongs to.
    pub family: &'static str,
    /// `read`, `unread` while keda-jobs cannot read it, or `skipped` where it has no effect on a ScaledJob.
    pub reading: &'static str,
    /// What the reading counts.
    pub counts: &'static str,
    /// What the reading says of work in flight when no parameter changes it.
    pub work_in_flight: WorkView,
    /// The parameters that hold the target; the first that is given counts.
    pub target: Vec<&'static str>,
    /// The parameter that a reading must exceed to be active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<&'static str>,
    /// The first version of KEDA that has it, when not all do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The first version of KEDA without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<String>,
    /// Why it is better left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<&'static str>,
    /// Metadata keys beside the parameters: `all`, or how they begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_keys: Option<&'static str>,
}

/// Work in flight.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkView {
    /// `included`, `excluded`, `unknown` or `not-work`.
    pub is: &'static str,
    /// Why.
    pub because: &'static str,
    /// `parameter: value` that makes it the other way around.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<String>,
    /// The `scalingStrategy.strategy` that fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<&'static str>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParameterView {
    /// Its name.
    pub name: &'static str,
    /// Other names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<&'static str>,
    /// `text`, `whole number`, `number`, `true or false`, `duration`, `list`, `ranges`, `map` or `query`.
    pub kind: &'static str,
    /// Whether the trigger cannot do without it.
    pub required: bool,
    /// The text that stands in for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<&'static str>,
    /// The allowed values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<&'static str>,
    /// `metadata`, `env` and `authentication`, in the order in which they are looked at.
    pub from: Vec<&'static str>,
    /// What it is.
    pub description: &'static str,
    /// What to write instead, when KEDA advises against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<&'static str>,
    /// What to write instead, when KEDA no longer reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<&'static str>,
    /// The first version of KEDA that reads it under any of its names, when that is later than the type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Its names and words that came at another time than it, or went: `since 2.18`, `from 2.12 until 2.15, and since 2.20`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub times: BTreeMap<&'static str, String>,
}

/// The types as one versioned value.
pub fn to_list(kinds: &[&'static TriggerType]) -> TriggerTypeList {
    TriggerTypeList {
        api_version: API_VERSION,
        kind: "TriggerTypeList",
        items: kinds.iter().map(|kind| view(kind, At(None))).collect(),
    }
}

/// One type as a versioned value.
pub fn to_document(kind: &'static TriggerType, at: At) -> TriggerTypeDocument {
    TriggerTypeDocument {
        api_version: API_VERSION,
        kind: "TriggerType",
        view: view(kind, at),
        keda_version: at.0.map(|version| version.to_string()),
        parameters: at.parameters(kind).map(|(_, view)| view).collect(),
    }
}

fn view(kind: &'static TriggerType, at: At) -> TriggerTypeView {
    TriggerTypeView {
        name: kind.name,
        family: kind.family,
        reading: match kind.behaviour {
            Behaviour::Reads(_) => "read",
            Behaviour::Unread => "unread",
            Behaviour::Skipped(_) => "skipped",
        },
        counts: kind.counts,
        work_in_flight: work(kind, at),
        target: match kind.target {
            Target::Parameter(names, _) => names.to_vec(),
            Target::Chosen(_) | Target::Fixed(_) | Target::Unknown => Vec::new(),
        },
        activation: kind.activation,
        since: (kind.since.minor > 0).then(|| format!("2.{}", kind.since.minor)),
        dropped: kind
            .dropped
            .map(|(version, _)| format!("2.{}", version.minor)),
        deprecated: kind
            .deprecated
            .filter(|(since, _)| at.0.is_none_or(|version| version >= *since))
            .map(|(_, why)| why),
        other_keys: match kind.other_keys {
            OtherKeys::None => None,
            OtherKeys::Prefix(prefix) => Some(prefix),
            OtherKeys::All => Some("all"),
        },
    }
}

fn work(kind: &'static TriggerType, at: At) -> WorkView {
    let flight = kind
        .work
        .of(&Given::nothing(kind, at.0.unwrap_or_default()));
    let (is, strategy) = match flight.in_flight {
        InFlight::Included => ("included", Some("default")),
        InFlight::Excluded => ("excluded", Some("accurate")),
        InFlight::Unknown => ("unknown", None),
        InFlight::NotWork => ("not-work", None),
    };
    WorkView {
        is,
        because: flight.because,
        switch: flight
            .switch
            .map(|(parameter, value)| format!("{parameter}: {value}")),
        strategy,
    }
}

/// The parameters and names that a version of KEDA reads; all that are known when none is named.
#[derive(Debug, Clone, Copy)]
pub struct At(pub Option<KedaVersion>);

impl At {
    fn reads(self, kind: &'static TriggerType, name: &str) -> bool {
        self.0.is_none_or(|version| {
            matches!(
                kind.standing(name, version),
                Standing::Read | Standing::Deprecated
            )
        })
    }

    fn names(self, kind: &'static TriggerType, spec: &ParameterSpec) -> Vec<&'static str> {
        let names = spec.names.iter().copied();
        names.filter(|name| self.reads(kind, name)).collect()
    }

    fn sources(
        self,
        kind: &'static TriggerType,
        spec: &'static ParameterSpec,
    ) -> impl Iterator<Item = Source> {
        spec.order.iter().copied().filter(move |source| {
            self.0.is_none_or(|version| {
                let mut names = spec.names.iter();
                names.any(|name| kind.standing_from(name, *source, version).is_looked_at())
            })
        })
    }

    fn words(self, kind: &'static TriggerType, spec: &ParameterSpec) -> Vec<&'static str> {
        let is_known = |word: &&str| {
            self.0
                .is_none_or(|version| kind.newer_word(spec.name(), word, version).is_none())
        };
        spec.allowed.iter().copied().filter(is_known).collect()
    }

    fn parameters(
        self,
        kind: &'static TriggerType,
    ) -> impl Iterator<Item = (&'static ParameterSpec, ParameterView)> {
        kind.parameters()
            .filter_map(move |spec| Some((spec, parameter(kind, spec, self)?)))
    }

    /// Whether that KEDA has the type.
    pub fn has(self, kind: &TriggerType) -> bool {
        self.0.is_none_or(|version| {
            version >= kind.since && kind.dropped.is_none_or(|(dropped, _)| version < dropped)
        })
    }
}

/// The first version that reads the parameter under any of its names, when that is later than the type.
fn since(kind: &'static TriggerType, spec: &ParameterSpec) -> Option<String> {
    let mut versions = spec.names.iter().map(|name| kind.since_of(name));
    versions
        .try_fold(None, |first: Option<KedaVersion>, version| {
            let version = version?;
            Some(Some(first.map_or(version, |first| first.min(version))))
        })
        .flatten()
        .map(release)
}

/// Names and words whose time is another one than the parameter's.
fn times(
    kind: &'static TriggerType,
    spec: &ParameterSpec,
    since: Option<&str>,
) -> BTreeMap<&'static str, String> {
    let whole = since.map_or_else(String::new, |since| format!("since {since}"));
    let names = spec.names.iter().map(|name| (*name, kind.times(name)));
    let words = kind
        .later_words(spec.name())
        .map(|(word, version)| (word, format!("since {version}")));
    names
        .chain(words)
        .filter(|(_, times)| *times != whole && !times.is_empty())
        .collect()
}

/// A parameter; `None` when that KEDA does not read it.
fn parameter(
    kind: &'static TriggerType,
    spec: &'static ParameterSpec,
    at: At,
) -> Option<ParameterView> {
    let names = at.names(kind, spec);
    let (name, aliases) = names.split_first()?;
    let since = since(kind, spec);
    let newest = KedaVersion::NEWEST.max(kind.since);
    let standing = kind.standing(name, at.0.unwrap_or(newest));
    let instead = spec
        .deprecated
        .or(spec.removed)
        .or(spec.obsolete)
        .or(spec.renamed);
    Some(ParameterView {
        name,
        aliases: aliases.to_vec(),
        kind: match spec.kind {
            Kind::String => "text",
            Kind::Integer => "whole number",
            Kind::Float => "number",
            Kind::Bool => "true or false",
            Kind::Duration => "duration",
            Kind::List => "list",
            Kind::Ranges => "ranges",
            Kind::Map => "map",
            Kind::Query => "query",
        },
        required: spec.required
            || at
                .0
                .is_some_and(|version| kind.was_required(spec.name(), version)),
        default: spec.default,
        allowed: at.words(kind, spec),
        from: at
            .sources(kind, spec)
            .map(|source| match source {
                Source::Metadata => "metadata",
                Source::Env => "env",
                Source::Variable => "variable",
                Source::Auth => "authentication",
            })
            .collect(),
        description: spec.doc,
        deprecated: instead.filter(|_| standing == Standing::Deprecated),
        removed: instead.filter(|_| matches!(standing, Standing::Refused | Standing::Ignored)),
        times: times(kind, spec, since.as_deref()),
        since,
    })
}

/// The types as a table; every line ends with a line break.
pub fn render_list(kinds: &[&'static TriggerType], width: Option<u16>) -> String {
    let rows = kinds.iter().map(|kind| {
        let view = view(kind, At(None));
        vec![
            view.name.to_owned(),
            match kind.behaviour {
                Behaviour::Reads(_) => "yes",
                Behaviour::Unread => "not yet",
                Behaviour::Skipped(_) => "skipped",
            }
            .to_owned(),
            view.work_in_flight.is.to_owned(),
            view.counts.to_owned(),
        ]
    });
    table(
        &["TYPE", "READ", "IN FLIGHT", "WHAT THE READING COUNTS"],
        rows,
        &[],
        width,
    )
}

/// One type in full; every line ends with a line break.
pub fn render(kind: &'static TriggerType, at: At, width: Option<u16>) -> String {
    let view = view(kind, at);
    let mut text = format!("{}: {}\n", view.name, view.counts);
    let mut line = |what: &str, rest: &str| {
        let _ = writeln!(text, "  {what:<15}{rest}");
    };
    line(
        "read",
        match kind.behaviour {
            Behaviour::Reads(_) => "yes",
            Behaviour::Unread => "not yet: plan and run leave the trigger out and say so",
            Behaviour::Skipped(reason) => reason,
        },
    );
    if let Some(since) = &view.since {
        line("since", &format!("KEDA {since}"));
    }
    if let Some((version, instead)) = kind.dropped {
        line(
            "dropped",
            &format!("with KEDA 2.{}: {instead}", version.minor),
        );
    }
    if let Some(deprecated) = view.deprecated {
        line("deprecated", deprecated);
    }
    let work = &view.work_in_flight;
    line("work in flight", &format!("{}: {}", work.is, work.because));
    if let Some(switch) = &work.switch {
        line("", &format!("`{switch}` makes it the other way around"));
    }
    line("strategy", &strategy(work));
    let target = match kind.target {
        Target::Parameter(names, _) => names.join(", else "),
        Target::Fixed(target) => target.to_string(),
        Target::Chosen(_) => "depends on the parameters".to_owned(),
        Target::Unknown => "the source says it".to_owned(),
    };
    line("target", &target);
    let activation = match view.activation {
        _ if kind.active_from_target => format!("from {target} on"),
        Some(name) => format!("above {name}"),
        None => "a rule of its own, or above 0".to_owned(),
    };
    line("active", &activation);
    match kind.other_keys {
        OtherKeys::None => {}
        OtherKeys::Prefix(prefix) => line("other keys", &format!("those that begin with {prefix}")),
        OtherKeys::All => line("other keys", "all: they are handed to the server"),
    }
    text.push('\n');
    text.push_str(&table(
        &["PARAMETER", "KIND", "DEFAULT", "FROM", "WHAT IT IS"],
        at.parameters(kind).map(|(spec, view)| row(spec, &view)),
        &[],
        width,
    ));
    text.push_str(
        "\n  FROM, in the order of looking: m the metadata, e a variable of the container that NAMEFromEnv names, v one\n  \
         that NAME itself names, a a TriggerAuthentication.\n",
    );
    text
}

fn strategy(work: &WorkView) -> String {
    match (work.is, work.strategy) {
        ("included", Some(_)) => {
            "default fits: it subtracts running Jobs, whose work is in the reading".to_owned()
        }
        ("excluded", Some(_)) => {
            "accurate fits: it subtracts pending Jobs only, since running ones have taken their work out of the reading"
                .to_owned()
        }
        ("unknown", _) => {
            "default where the reading includes work in flight, accurate where it does not".to_owned()
        }
        _ => "default: it keeps as many Jobs as the reading asks for".to_owned(),
    }
}

fn row(spec: &ParameterSpec, view: &ParameterView) -> Vec<String> {
    let timed = |word: &&str| match view.times.get(*word) {
        Some(times) => format!("{word} ({times})"),
        None => (*word).to_owned(),
    };
    let mut what = spec.doc.to_owned();
    if !view.allowed.is_empty() {
        let words: Vec<String> = view.allowed.iter().map(timed).collect();
        let _ = write!(what, "; one of {}", words.join(", "));
    }
    if let Some(times) = view.times.get(view.name) {
        let _ = write!(what, "; {times}");
    } else if let Some(since) = &view.since {
        let _ = write!(what, "; since {since}");
    }
    if !view.aliases.is_empty() {
        let aliases: Vec<String> = view.aliases.iter().map(timed).collect();
        let _ = write!(what, "; also {}", aliases.join(", "));
    }
    if spec.separator != ',' {
        let _ = write!(what, "; items between {}", spec.separator);
    }
    if let Some(instead) = view.deprecated {
        let _ = write!(what, "; deprecated: {instead}");
    }
    match (view.removed, spec.removed.is_some(), spec.renamed) {
        (Some(name), _, Some(_)) => {
            let _ = write!(what, "; KEDA 2 reads {name}");
        }
        (Some(instead), true, None) => {
            let _ = write!(what, "; refused: {instead}");
        }
        (Some(instead), false, None) => {
            let _ = write!(what, "; no longer read: {instead}");
        }
        (None, ..) => {}
    }
    let default = match (spec.default, view.required) {
        (Some(default), _) => default.to_owned(),
        (None, true) => "required".to_owned(),
        (None, false) => "-".to_owned(),
    };
    let from: String = view
        .from
        .iter()
        .filter_map(|source| source.chars().next())
        .collect();
    vec![
        view.name.to_owned(),
        view.kind.to_owned(),
        default,
        from,
        what,
    ]
}
