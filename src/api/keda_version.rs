//! The version of KEDA that a manifest is meant for.

use std::fmt;
use std::str::FromStr;

/// A release of KEDA 2, ordered by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KedaVersion {
    /// The second number.
    pub minor: u16,
    /// The third number.
    pub patch: u16,
}

impl KedaVersion {
    /// The newest release whose rules are known: 2.21.0.
    ///
    /// It is aimed at when no version is named, together with [`KedaVersion::OLDER`]: what both refuse is an error, and what only the newest
    /// one refuses is a warning, because the KEDA that is meant may take it. What only the older one does not know yet is right for the
    /// newest, and nothing is said of it. So no manifest that is right for one of both has an error, and no mistake that every supported
    /// version refuses goes unseen. `plan` and `run` go by the same.
    pub const NEWEST: Self = Self::new(21, 0);

    /// The last release of the line before, which clusters still run: 2.20.2.
    pub const OLDER: Self = Self::new(20, 2);

    /// KEDA `2.minor.patch`.
    pub const fn new(minor: u16, patch: u16) -> Self {
        Self { minor, patch }
    }
}

impl Default for KedaVersion {
    fn default() -> Self {
        Self::NEWEST
    }
}

impl fmt::Display for KedaVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "2.{}", self.minor)?;
        // The last release of a line was not named by its number.
        match self.patch {
            u16::MAX => Ok(()),
            patch => write!(formatter, ".{patch}"),
        }
    }
}

impl FromStr for KedaVersion {
    type Err = String;

    /// Reads `2.20`, `2.20.1` or `v2.20.1`. Without a third number the last release of that line is meant.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is no version of KEDA 2, such as 2.20 or 2.20.1");
        let mut numbers = text.trim_start_matches('v').split('.');
        if numbers.next() != Some("2") {
            return Err(wrong());
        }
        let mut number = || {
            numbers
                .next()
                .map(|number| number.parse::<u16>().map_err(|_| wrong()))
                .transpose()
        };
        let minor = number()?.ok_or_else(wrong)?;
        let patch = number()?.unwrap_or(u16::MAX);
        if numbers.next().is_some() || minor > 21 {
            return Err(wrong());
        }
        Ok(Self { minor, patch })
    }
}

#[cfg(test)]
mod tests {
    use super::KedaVersion;

    #[test]
    fn versions_are_read_and_ordered() {
        let version = |text: &str| text.parse::<KedaVersion>();
        assert_eq!(version("2.20.1"), Ok(KedaVersion::new(20, 1)));
        assert_eq!(version("v2.9.0"), Ok(KedaVersion::new(9, 0)));
        assert!(version("2.9") < version("2.20.0"));
        assert!(version("2.20") > version("2.20.2"));
        for wrong in ["", "2", "1.5", "2.x", "2.20.1.1", "2.99", "3.0"] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
    }
}
