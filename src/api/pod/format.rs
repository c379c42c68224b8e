//! Forms that the API server wants texts to have.

use core::net::Ipv6Addr;

use super::super::names;

/// A form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// RFC 1123 label.
    DnsLabel,
    /// RFC 1123 subdomain of at most 253 bytes.
    DnsSubdomain,
    /// The same, whatever the case of its letters.
    AnyCaseSubdomain,
    /// A subdomain in which labels may have `_`.
    SearchDomain,
    /// `[prefix/]name`.
    QualifiedName,
    /// The value of a label.
    LabelValue,
    /// An address of either version of IP, without a mask.
    Address,
    /// A path without `..`.
    NoBacksteps,
    /// A relative path without `..`.
    Descending,
    /// The same, and no name that starts with `..`.
    DescendingName,
    /// An absolute path.
    Absolute,
}

impl Format {
    pub(super) fn fits(self, text: &str) -> bool {
        const MOST: usize = 253;
        match self {
            Self::DnsLabel => names::is_dns_label(text),
            Self::DnsSubdomain => text.len() <= MOST && names::is_dns_subdomain(text),
            Self::AnyCaseSubdomain => Self::DnsSubdomain.fits(&text.to_lowercase()),
            Self::SearchDomain => {
                text.len() <= MOST
                    && text.split('.').all(|label| {
                        // `_` may come first too, where nothing else than a letter or digit may.
                        let rest = label.strip_prefix('_').unwrap_or(label);
                        is_edge(rest.bytes().next())
                            && is_edge(rest.bytes().last())
                            && rest
                                .bytes()
                                .all(|byte| is_edge(Some(byte)) || matches!(byte, b'-' | b'_'))
                    })
            }
            Self::QualifiedName => names::is_qualified_name(text),
            Self::LabelValue => names::is_label_value(text),
            Self::Address => is_ipv4(text) || text.parse::<Ipv6Addr>().is_ok(),
            Self::NoBacksteps => !has_backstep(text),
            Self::Descending => !text.starts_with('/') && !has_backstep(text),
            Self::DescendingName => {
                !text.starts_with('/') && !text.starts_with("..") && !has_backstep(text)
            }
            Self::Absolute => text.starts_with('/'),
        }
    }

    /// What to write instead.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::DnsLabel => {
                "expected at most 63 lower-case letters, digits and `-`, a letter or digit at both ends"
            }
            Self::DnsSubdomain => {
                "expected lower-case letters, digits, `-` and `.`, a letter or digit at both ends of each part"
            }
            Self::AnyCaseSubdomain => {
                "expected letters, digits, `-` and `.`, a letter or digit at both ends of each part"
            }
            Self::SearchDomain => "expected a domain in lower case",
            Self::QualifiedName => {
                "expected at most 63 letters, digits, `-`, `_` and `.`, perhaps behind a domain and `/`"
            }
            Self::LabelValue => "expected at most 63 letters, digits, `-`, `_` and `.`",
            Self::Address => "expected an IP address",
            Self::NoBacksteps => "expected a path without `..`",
            Self::Descending | Self::DescendingName => "expected a relative path without `..`",
            Self::Absolute => "expected a path that starts with `/`",
        }
    }
}

fn is_edge(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn has_backstep(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// Four numbers of at most 255; zeros before them are let pass. [Go `netutils.ParseIPSloppy`]
fn is_ipv4(text: &str) -> bool {
    let mut parts = 0;
    text.split('.').all(|part| {
        parts += 1;
        let is_digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        is_digits
            && part.trim_start_matches('0').len() <= 3
            && part.parse::<u16>().is_ok_and(|number| number <= 255)
    }) && parts == 4
}
