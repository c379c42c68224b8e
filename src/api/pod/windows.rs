//! Who runs on a Windows node. [Kubernetes `validateWindowsSecurityContextOptions`]

use super::place::Place;
use super::{Fault, Format, Refusals, Topic};

const MOST_SPEC: usize = 64 * 1024;
const MOST_DOMAIN: usize = 255;
const MOST_USER: usize = 104;

pub(super) fn check(pod: &Place<'_>, found: &mut Refusals) {
    options(pod, found);
    pod.containers(&mut |container, _| options(container, found));
}

fn options(holder: &Place<'_>, found: &mut Refusals) {
    let context = holder.child("securityContext");
    let Some(options) = context.object("windowsOptions") else {
        return;
    };
    let name = options.child("gmsaCredentialSpecName");
    found.format(Topic::Windows, &name, Format::DnsSubdomain);
    let mut say = |place: &Place<'_>, why: &str, label: &str| {
        found.say(
            Topic::Windows,
            place,
            Fault::Invalid(why.to_owned()),
            format!("{} cannot have this value", place.called()),
            label,
        );
    };
    let spec = options.child("gmsaCredentialSpec");
    match spec.value().as_str().map(str::len) {
        Some(0) => say(
            &spec,
            "gmsaCredentialSpec cannot be an empty string",
            "is empty",
        ),
        Some(length) if length > MOST_SPEC => say(
            &spec,
            "gmsaCredentialSpec size must be under 64 KiB",
            "is larger than 64 KiB",
        ),
        _ => {}
    }
    let user = options.child("runAsUserName");
    if let Some(text) = user.value().as_str() {
        for (why, label) in wrong_user(text) {
            say(&user, why, label);
        }
    }
}

/// What is wrong with `[domain\]user`, in the server's words and in ours.
fn wrong_user(text: &str) -> Vec<(&'static str, &'static str)> {
    if text.is_empty() {
        return vec![("runAsUserName cannot be an empty string", "is empty")];
    }
    if text.chars().any(|char| char.is_ascii_control()) {
        return vec![(
            "runAsUserName cannot contain control characters",
            "has a control character",
        )];
    }
    let (domain, user) = match text.split_once('\\') {
        Some((_, rest)) if rest.contains('\\') => {
            return vec![(
                "runAsUserName cannot contain more than one backslash",
                "has two backslashes",
            )];
        }
        Some((domain, user)) => (Some(domain), user),
        None => (None, text),
    };
    let mut wrong = Vec::new();
    if let Some(domain) = domain {
        if domain.len() > MOST_DOMAIN {
            wrong.push((
                "runAsUserName's Domain length must be under 256 characters",
                "the domain has more than 255 characters",
            ));
        }
        if !is_net_bios(domain) && !is_dns(domain) {
            wrong.push((
                "runAsUserName's Domain doesn't match the NetBios nor the DNS format",
                "the domain is neither a NetBIOS name nor one of DNS",
            ));
        }
    }
    if user.is_empty() {
        wrong.push((
            "runAsUserName's User cannot be empty",
            "has no user behind the domain",
        ));
    } else if user.len() > MOST_USER {
        wrong.push((
            "runAsUserName's User length must not be longer than 104 characters",
            "the user has more than 104 characters",
        ));
    }
    if !user.is_empty() && user.chars().all(|char| matches!(char, '.' | ' ')) {
        wrong.push((
            "runAsUserName's User cannot contain only periods or spaces",
            "the user is only dots and spaces",
        ));
    }
    if user.contains([
        '"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']',
    ]) {
        wrong.push((
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]",
            "the user has one of \"/\\:;|=,+*?<>@[]",
        ));
    }
    wrong
}

fn is_net_bios(domain: &str) -> bool {
    let forbidden = ['\\', '/', ':', '*', '?', '"', '<', '>', '|'];
    let count = domain.chars().count();
    (1..=15).contains(&count) && !domain.starts_with('.') && !domain.contains(forbidden)
}

/// Letters of both cases, digits, `-` and `.` between them. [Kubernetes `dnsSubdomainFormat`]
fn is_dns(domain: &str) -> bool {
    Format::AnyCaseSubdomain.fits(domain)
}
