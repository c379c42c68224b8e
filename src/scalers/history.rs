//! Which versions of KEDA read which parameter of a trigger type.
//!
//! The facts come from KEDA's source, release by release (`pkg/scalers`, `pkg/scaling/scalers_builder.go`), and from its CHANGELOG and
//! its documentation for 2.0, 2.1 and 2.6. A name without an entry is as old as its type.

use std::fmt::Write as _;

use super::TriggerType;
use super::params::Source;
use crate::api::KedaVersion;

/// What an [`Era`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The names, wherever they are given.
    Names,
    /// The names, where one source gives them.
    From(Source),
    /// Words in the text of this parameter.
    WordsOf(&'static str),
    /// Numbers with a fraction, under the names.
    Fractions,
}

/// A time in which KEDA read some names, or some texts of a parameter. Made with [`since`], [`always`], [`from`], [`until`],
/// [`words`] and [`fractions`].
#[derive(Debug)]
pub struct Era {
    /// Names of parameters as they are written, aliases one by one; or the words.
    names: &'static [&'static str],
    about: About,
    /// The first version that reads them.
    since: KedaVersion,
    /// The first version that advises against them.
    deprecated: Option<KedaVersion>,
    /// The first version that refuses them.
    refused: Option<KedaVersion>,
    /// The first version that passes over them without a word.
    ignored: Option<KedaVersion>,
    /// The first version that can do without them.
    optional: Option<KedaVersion>,
}

/// `names` came with `2.minor`.
pub(in crate::scalers) const fn since(minor: u16, names: &'static [&'static str]) -> Era {
    Era {
        names,
        about: About::Names,
        since: KedaVersion::new(minor, 0),
        deprecated: None,
        refused: None,
        ignored: None,
        optional: None,
    }
}

/// KEDA reads `names` from `source` since `2.minor`, and from other sources for longer.
pub(in crate::scalers) const fn from(
    minor: u16,
    source: Source,
    names: &'static [&'static str],
) -> Era {
    let mut era = since(minor, names);
    era.about = About::From(source);
    era
}

/// KEDA read `names` from `source` before `2.minor`, beside the sources that it still looks in.
pub(in crate::scalers) const fn until(
    minor: u16,
    source: Source,
    names: &'static [&'static str],
) -> Era {
    from(0, source, names).ignored(minor)
}

/// `names` are as old as the type, and something about them has changed.
pub(in crate::scalers) const fn always(names: &'static [&'static str]) -> Era {
    since(0, names)
}

/// KEDA knows `words` in the text of `parameter` since `2.minor`.
pub(in crate::scalers) const fn words(
    minor: u16,
    parameter: &'static str,
    words: &'static [&'static str],
) -> Era {
    let mut era = since(minor, words);
    era.about = About::WordsOf(parameter);
    era
}

/// KEDA reads a number with a fraction under `names` since `2.minor`, and only whole ones before.
pub(in crate::scalers) const fn fractions(minor: u16, names: &'static [&'static str]) -> Era {
    let mut era = since(minor, names);
    era.about = About::Fractions;
    era
}

impl Era {
    /// They came with `2.minor.patch`.
    pub(in crate::scalers) const fn patch(mut self, patch: u16) -> Self {
        self.since.patch = patch;
        self
    }

    /// KEDA advises against them since `2.minor`.
    pub(in crate::scalers) const fn deprecated(mut self, minor: u16) -> Self {
        self.deprecated = Some(KedaVersion::new(minor, 0));
        self
    }

    /// KEDA refuses them since `2.minor`.
    pub(in crate::scalers) const fn refused(mut self, minor: u16) -> Self {
        self.refused = Some(KedaVersion::new(minor, 0));
        self
    }

    /// KEDA passes over them since `2.minor`.
    pub(in crate::scalers) const fn ignored(mut self, minor: u16) -> Self {
        self.ignored = Some(KedaVersion::new(minor, 0));
        self
    }

    /// KEDA can do without them since `2.minor`; before, each was required.
    pub(in crate::scalers) const fn optional(mut self, minor: u16) -> Self {
        self.optional = Some(KedaVersion::new(minor, 0));
        self
    }

    /// Each name with `None`, or each word with its parameter.
    #[cfg(test)]
    pub(super) fn subjects(
        &self,
    ) -> impl Iterator<Item = (&'static str, Option<&'static str>)> + use<> {
        let words_of = match self.about {
            About::WordsOf(parameter) => Some(parameter),
            About::Names | About::From(_) | About::Fractions => None,
        };
        self.names.iter().map(move |name| (*name, words_of))
    }

    fn is_of_words(&self, parameter: &str) -> bool {
        matches!(self.about, About::WordsOf(of) if of == parameter)
    }

    /// The first version that no longer reads them.
    fn end(&self) -> Option<KedaVersion> {
        match (self.refused, self.ignored) {
            (Some(refused), Some(ignored)) => Some(refused.min(ignored)),
            (refused, ignored) => refused.or(ignored),
        }
    }

    fn standing(&self, version: KedaVersion) -> Standing {
        let reached = |at: Option<KedaVersion>| at.is_some_and(|at| version >= at);
        if reached(self.ignored) {
            Standing::Ignored
        } else if reached(self.refused) {
            Standing::Refused
        } else if reached(self.deprecated) {
            Standing::Deprecated
        } else {
            Standing::Read
        }
    }
}

/// What one version of KEDA makes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does not know the key yet and passes over it; this version reads it.
    NotYet(KedaVersion),
    /// It reads it.
    Read,
    /// It reads it and advises against it.
    Deprecated,
    /// It refuses the trigger.
    Refused,
    /// It no longer knows the key and passes over it.
    Ignored,
}

impl Standing {
    /// Whether the key has an effect, be it a refusal.
    pub fn is_looked_at(self) -> bool {
        matches!(self, Self::Read | Self::Deprecated | Self::Refused)
    }
}

impl TriggerType {
    fn all_eras(&self) -> impl Iterator<Item = &'static Era> + use<> {
        self.history.iter().flat_map(|group| group.iter())
    }

    /// The eras of a name that are about all its sources.
    fn eras<'n>(&self, name: &'n str) -> impl Iterator<Item = &'static Era> + use<'n> {
        self.all_eras()
            .filter(move |era| era.about == About::Names && era.names.contains(&name))
    }

    /// What `version`, which has the type, makes of the name of a parameter, wherever it is given.
    pub fn standing(&self, name: &str, version: KedaVersion) -> Standing {
        let mut eras = self.eras(name).peekable();
        let Some(first) = eras.peek().map(|era| era.since) else {
            return match self.parameter(name) {
                Some(spec) if !spec.is_read() => Standing::Ignored,
                Some(spec) if spec.removed.is_some() => Standing::Refused,
                Some(spec) if spec.deprecated.is_some() => Standing::Deprecated,
                _ => Standing::Read,
            };
        };
        eras.filter(|era| era.since <= version)
            .last()
            .map_or(Standing::NotYet(first), |era| era.standing(version))
    }

    /// What `version`, which has the type, makes of a name that is given by `source`.
    pub fn standing_from(&self, name: &str, source: Source, version: KedaVersion) -> Standing {
        let standing = self.standing(name, version);
        if !standing.is_looked_at() {
            return standing;
        }
        self.all_eras()
            .filter(|era| era.about == About::From(source) && era.names.contains(&name))
            .find(|era| version < era.since)
            .map_or(standing, |era| Standing::NotYet(era.since))
    }

    /// What `version` made of a name that `source` gave, where later versions no longer look there.
    pub fn former_standing(
        &self,
        name: &str,
        source: Source,
        version: KedaVersion,
    ) -> Option<Standing> {
        self.all_eras()
            .filter(|era| era.about == About::From(source) && era.names.contains(&name))
            .find(|era| era.end().is_some_and(|end| version < end))
            .map(|era| era.standing(version))
    }

    /// What `version`, which has the type, makes of `key` in the metadata.
    pub fn standing_of_key(&self, key: &str, version: KedaVersion) -> Standing {
        match (self.parameter(key), key.strip_suffix("FromEnv")) {
            (Some(spec), _) if spec.reads(Source::Variable) => {
                self.standing_from(key, Source::Variable, version)
            }
            (None, Some(name)) => self.standing_from(name, Source::Env, version),
            _ => self.standing_from(key, Source::Metadata, version),
        }
    }

    /// The version that `word` came with in the text of `parameter`, when `version` does not have it yet.
    pub fn newer_word(
        &self,
        parameter: &str,
        word: &str,
        version: KedaVersion,
    ) -> Option<KedaVersion> {
        self.all_eras()
            .find(|era| era.is_of_words(parameter) && era.names.contains(&word))
            .map(|era| era.since)
            .filter(|since| version < *since)
    }

    /// The version that came to read fractions under `name`, when `version` does not yet.
    pub fn whole_until(&self, name: &str, version: KedaVersion) -> Option<KedaVersion> {
        self.all_eras()
            .find(|era| era.about == About::Fractions && era.names.contains(&name))
            .map(|era| era.since)
            .filter(|since| version < *since)
    }

    /// Whether `version` cannot do without parameter `name`, though later ones can.
    pub fn was_required(&self, name: &str, version: KedaVersion) -> bool {
        self.eras(name)
            .any(|era| era.optional.is_some_and(|optional| version < optional))
    }

    /// The words of `parameter` that came later than it, each with its version.
    pub fn later_words(&self, parameter: &str) -> impl Iterator<Item = (&'static str, String)> {
        self.all_eras()
            .filter(move |era| era.is_of_words(parameter))
            .flat_map(|era| era.names.iter().map(|word| (*word, release(era.since))))
    }

    /// The version that a name came with, when that is later than the type itself.
    pub fn since_of(&self, name: &str) -> Option<KedaVersion> {
        let first = self.eras(name).map(|era| era.since).next()?;
        (first > self.since).then_some(first)
    }

    /// When KEDA reads a name, for people: `since 2.8`, `until 2.20`, `from 2.12 until 2.15, and since 2.20`, `from the metadata since
    /// 2.16`; empty when always.
    pub fn times(&self, name: &str) -> String {
        let mut text = String::new();
        for era in self.eras(name) {
            let start = (era.since > self.since).then(|| release(era.since));
            let part = match (start, era.end()) {
                (Some(start), None) => format!("since {start}"),
                (None, Some(end)) => format!("until {}", release(end)),
                (Some(start), Some(end)) => format!("from {start} until {}", release(end)),
                (None, None) => continue,
            };
            let joint = if text.is_empty() { "" } else { ", and " };
            let _ = write!(text, "{joint}{part}");
        }
        for era in self.all_eras().filter(|era| era.names.contains(&name)) {
            let place = match era.about {
                About::Names | About::WordsOf(_) => continue,
                About::From(Source::Metadata | Source::Variable) => "from the metadata",
                About::From(Source::Env) => "from a variable",
                About::From(Source::Auth) => "from a TriggerAuthentication",
                About::Fractions => "with a fraction",
            };
            let joint = if text.is_empty() { "" } else { ", " };
            let _ = match era.end() {
                None => write!(text, "{joint}{place} since {}", release(era.since)),
                Some(end) => write!(text, "{joint}{place} until {}", release(end)),
            };
        }
        text
    }
}

/// The number of a release as people say it: `2.8`, `2.11.2`.
pub fn release(version: KedaVersion) -> String {
    match version.patch {
        0 => format!("2.{}", version.minor),
        _ => version.to_string(),
    }
}
