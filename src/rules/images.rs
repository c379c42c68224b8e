//! Names of images that no runtime can pull. The API server takes any text.

use super::Subject;
use super::place::field;
use crate::diagnostic::{Doc, Rule, Severity};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&IMAGE_NAME];

static IMAGE_NAME: Rule = Rule {
    id: "image-name",
    severity: Severity::Warning,
    summary: "an image's name is none",
    doc: Doc {
        what: "The `image` of a container is no reference such as `registry.example/team/worker:1.4`: there is white space in it, an upper-case letter in \
               the repository, an empty tag, or a tag or digest with other signs than those may have. Texts that look like templates \
               (`$`, `{`, `<`) are left alone.",
        why: "The API server takes the Job, and its pods stay in InvalidImageName for ever: they count as pending, or run no work until the \
              deadline. Only what rewrites the image before that, such as kustomize, helps.",
        example: "containers:\n  - name: worker\n    image: \"example.com/Worker: 1.4\"",
        fix: "Write the repository in lower case, and no white space.",
        source: "Kubernetes pkg/util/parsers (ParseImageName), distribution/reference grammar",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<crate::diagnostic::Diagnostic>) {
    for (_, container) in subject.containers() {
        let Some(image) = field(container, "image") else {
            continue;
        };
        let text = image.value.as_str().unwrap_or_default();
        // Around it white space is a finding of its own, and so is nothing at all.
        if text.trim() != text || text.is_empty() || text.contains(['$', '{', '<']) {
            continue;
        }
        if let Some(problem) = problem(text) {
            found.push(subject.finding(
                &IMAGE_NAME,
                "no runtime can pull an image of this name",
                image.value.span,
                problem,
            ));
        }
    }
}

/// What is wrong with a reference `[domain/]path[:tag][@digest]`.
fn problem(text: &str) -> Option<&'static str> {
    if text.contains(char::is_whitespace) {
        return Some("white space in it");
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Some("the digest is not `sha256:` and 64 hexadecimal digits");
    }
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    match tag {
        Some("") => return Some("the tag is empty"),
        Some(tag) if !is_tag(tag) => {
            return Some("the tag has other signs than letters, digits, `_`, `.` and `-`");
        }
        _ => {}
    }
    let path = match name.split_once('/') {
        Some((domain, path)) if is_domain(domain) => path,
        _ => name,
    };
    if path.split('/').all(is_component) {
        None
    } else if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Some("a repository is written in lower case")
    } else {
        Some("expected a reference such as `registry.example/team/worker:1.4`")
    }
}

/// What stands before the first slash is a registry when it cannot be a part of a path.
fn is_domain(text: &str) -> bool {
    text == "localhost"
        || text.contains(['.', ':'])
        || text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Lower-case letters and digits, with single signs between them; `_` may be two and `-` many.
fn is_component(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut words = text.split(|char: char| char.is_ascii() && is_word(char as u8));
    let (first, last) = (text.bytes().next(), text.bytes().next_back());
    first.is_some_and(is_word)
        && last.is_some_and(is_word)
        && words.all(|between| {
            matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
        })
}

fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_word)
        && text
            .bytes()
            .all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty()
            && hex.len() >= 32
            && (algorithm != "sha256" || hex.len() == 64)
            && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn references_are_told_from_other_texts() {
        let digest = "0123456789abcdef".repeat(4);
        for text in [
            "busybox",
            "busybox:1.36",
            "library/busybox",
            "acme/team/worker_x:V1.2-rc_1",
            "a__b/c--d.e/f",
            "localhost/x",
            "localhost:5000/x:latest",
            "host:5000",
            "[::1]:5000/x",
            "Registry.Example/x",
            "REGISTRY/x",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/resizer:latest",
            &format!("ghcr.io/acme/x@sha256:{digest}"),
            &format!("ghcr.io/acme/x:1@sha256:{digest}"),
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
        for text in [
            "acme/invoice: 1.0",
            "Worker",
            "acme/Worker:1",
            "ghcr.io/Acme/worker",
            "worker:",
            "worker:-1",
            "worker:a+b",
            "worker@sha256:abc",
            "worker@",
            "a//b",
            "/a",
            "a/",
            "a..b",
            "a___b",
            "-a",
            "https://ghcr.io/acme/x",
            "größe",
            ":1",
        ] {
            assert!(problem(text).is_some(), "{text}");
        }
    }
}
