//! Claims of dynamic resources, and the containers that use them. [Kubernetes `validatePodResourceClaims`, `validateResourceClaimNames`]

use std::collections::BTreeSet;

use super::place::Place;
use super::{Fault, Format, Refusals, Topic};

const TOPIC: Topic = Topic::Claim;

pub(super) fn check(pod: &Place<'_>, found: &mut Refusals) {
    let claims = pod.child("resourceClaims");
    let mut names = BTreeSet::new();
    for claim in claims.objects() {
        self::claim(&claim, &mut names, found);
    }
    pod.containers(&mut |container, _| {
        uses(&container.child("resources"), &names, found);
    });
}

fn claim<'a>(claim: &Place<'a>, names: &mut BTreeSet<&'a str>, found: &mut Refusals) {
    let name = claim.child("name");
    let text = claim.text("name");
    if text.is_empty() {
        found.required(TOPIC, claim, "name", "");
    } else if !names.insert(text) {
        found.say(
            TOPIC,
            &name,
            Fault::Duplicate,
            format!("two claims are called `{text}`"),
            "again",
        );
    } else {
        found.format(TOPIC, &name, Format::DnsLabel);
    }
    let sources = ["resourceClaimName", "resourceClaimTemplateName"];
    let written = sources
        .iter()
        .filter(|source| claim.field(source).is_some())
        .count();
    if written != 1 {
        let (why, message, label) = if written == 0 {
            (
                "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
                "a claim that comes from nowhere",
                "needs `resourceClaimName` or `resourceClaimTemplateName`",
            )
        } else {
            (
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
                "a claim that comes from two",
                "keep `resourceClaimName` or `resourceClaimTemplateName`",
            )
        };
        found.say(TOPIC, claim, Fault::Invalid(why.to_owned()), message, label);
    }
    for source in sources {
        found.format(TOPIC, &claim.child(source), Format::DnsSubdomain);
    }
}

/// The claims that a container uses.
fn uses(resources: &Place<'_>, names: &BTreeSet<&str>, found: &mut Refusals) {
    let claims = resources.child("claims");
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for claim in claims.objects() {
        let (name, request) = (claim.text("name"), claim.text("request"));
        if name.is_empty() {
            let place = claim.child("name");
            found.say_at(
                TOPIC,
                &place,
                claim.path(),
                Fault::Required(""),
                "a container uses a claim without a name",
                "needs one of `resourceClaims`",
            );
            continue;
        }
        // Once without a request is all of them.
        let is_again = seen.iter().any(|(other, of)| {
            *other == name && (of.is_empty() || request.is_empty() || *of == request)
        });
        if is_again {
            found.say(
                TOPIC,
                &claim,
                Fault::Duplicate,
                format!("a container uses the claim `{name}` twice"),
                "again",
            );
        } else if !request.is_empty() {
            found.format(TOPIC, &claim.child("request"), Format::DnsLabel);
        }
        seen.insert((name, request));
        if !names.contains(name) {
            let known: Vec<&str> = names.iter().copied().collect();
            let (why, label) = if known.is_empty() {
                (
                    "must be one of the names in pod.spec.resourceClaims which is empty".to_owned(),
                    "the pod has no `resourceClaims`".to_owned(),
                )
            } else {
                let known = known.join(", ");
                (
                    format!("must be one of the names in pod.spec.resourceClaims: {known}"),
                    format!("the pod has {known}"),
                )
            };
            found.say_at(
                TOPIC,
                &claim.child("name"),
                claim.path(),
                Fault::NotFound(why),
                format!("the pod has no claim `{name}`"),
                label,
            );
        }
    }
}
