//! What is wrong with a TriggerAuthentication, alone and beside the triggers that refer to it. [semantics §4.1, §5.1]

mod newer;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::LocalKnowledge;
use super::versions::of_parameters;
use super::words::{nearest, suggest};
use crate::api::{KedaVersion, ScaledJob, Trigger, TriggerAuthentication};
use crate::diagnostic::{Diagnostic, Severity, Span, trigger_rules};
use crate::manifest::{Document, Node};
use crate::scalers::given::Authentication;
use crate::scalers::params::Source;
use crate::scalers::{OtherKeys, TriggerType, trigger_type};

/// Everything that is wrong with the TriggerAuthentications among the files.
pub fn check_authentications(local: &LocalKnowledge<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let references = References::of(local);
    for authentication in &local.resources.authentications {
        let Some(document) = &authentication.document else {
            continue;
        };
        let Some(spec) = document.root.get("spec") else {
            continue;
        };
        let object = Object {
            authentication,
            document,
            spec,
        };
        object.provider(local.version, &mut found);
        object.pod_identity(&mut found);
        object.oauth2(&mut found);
        object.service_principal(local, &references, &mut found);
        object.audience(local.version, &mut found);
        object.file_path(&mut found);
        object.given_twice(&mut found);
        object.unread(local, &references, &mut found);
    }
    found
}

/// The triggers that name a TriggerAuthentication, by its name and whether it is the cluster kind: asking each trigger anew for each
/// object would take the square of their number.
struct References<'a>(BTreeMap<(&'a str, bool), Vec<(&'a Trigger, &'a ScaledJob)>>);

impl<'a> References<'a> {
    fn of(local: &LocalKnowledge<'a>) -> Self {
        let mut references: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let jobs = local
            .resources
            .scaled_jobs
            .iter()
            .chain(&local.resources.defective_jobs);
        for job in jobs {
            for trigger in &job.triggers {
                if let Some(reference) = &trigger.authentication_ref {
                    references
                        .entry((reference.name.as_str(), reference.cluster))
                        .or_default()
                        .push((trigger, job));
                }
            }
        }
        Self(references)
    }

    /// Those that may mean `authentication`.
    fn to<'s>(
        &'s self,
        authentication: &'s TriggerAuthentication,
    ) -> &'s [(&'s Trigger, &'s ScaledJob)] {
        self.0
            .get(&(authentication.name.as_str(), authentication.cluster))
            .map_or(&[], Vec::as_slice)
    }
}

struct Object<'a> {
    authentication: &'a TriggerAuthentication,
    document: &'a Arc<Document>,
    spec: &'a Node,
}

/// The lists of parameters, in the order in which KEDA reads them: a later one wins.
const LISTS: [&str; 3] = ["env", "configMapTargetRef", "secretTargetRef"];

/// Every source that `filePath` would hide.
const OTHER_SOURCES: [&str; 10] = [
    "env",
    "configMapTargetRef",
    "secretTargetRef",
    "hashiCorpVault",
    "azureKeyVault",
    "gcpSecretManager",
    "awsSecretManager",
    "boundServiceAccountToken",
    "oauth2",
    "azureServicePrincipal",
];

/// Pod identities that not every KEDA 2 has: the versions that brought and dropped them.
/// [KEDA `apis/keda/v1alpha1/triggerauthentication_types.go`]
const PROVIDERS: [(&str, Option<KedaVersion>, Option<KedaVersion>); 5] = [
    ("azure-workload", Some(KedaVersion::new(8, 0)), None),
    ("aws", Some(KedaVersion::new(13, 0)), None),
    ("spiffe", None, Some(KedaVersion::new(13, 0))),
    ("azure", None, Some(KedaVersion::new(15, 0))),
    ("aws-kiam", None, Some(KedaVersion::new(15, 0))),
];

impl Object<'_> {
    fn kind(&self) -> &'static str {
        if self.authentication.cluster {
            "ClusterTriggerAuthentication"
        } else {
            "TriggerAuthentication"
        }
    }

    fn wrong_identity(&self, message: String, span: Span, found: &mut Vec<Diagnostic>) {
        let label = self.document.label(span, "");
        found.push(Diagnostic::new(
            &trigger_rules::POD_IDENTITY,
            message,
            label,
        ));
    }

    /// Whether the version of KEDA aimed at has the pod identity. An object of KEDA 1 has been told that its identity is gone.
    fn provider(&self, version: KedaVersion, found: &mut Vec<Diagnostic>) {
        let is_of_keda_2 = self
            .document
            .root
            .get("apiVersion")
            .and_then(Node::as_str)
            .is_some_and(|text| text.starts_with("keda.sh/"));
        let provider = self
            .spec
            .get("podIdentity")
            .and_then(|identity| identity.get("provider"));
        let Some((name, span)) = provider
            .filter(|_| is_of_keda_2)
            .and_then(|node| Some((node.as_str()?, node.span)))
        else {
            return;
        };
        let Some((_, since, dropped)) = PROVIDERS.iter().find(|(known, ..)| *known == name) else {
            return;
        };
        let (why, help) = match (since, dropped) {
            (Some(since), _) if version < *since => (
                format!("it came with 2.{}", since.minor),
                "update KEDA, or use another identity",
            ),
            (_, Some(dropped)) if version >= *dropped => (
                format!("it went with 2.{}", dropped.minor),
                "use `azure-workload`, `aws` or `gcp`, or a secret",
            ),
            _ => return,
        };
        let message = format!("KEDA {version} has no pod identity {name:?}: {why}");
        self.wrong_identity(message, span, found);
        if let Some(diagnostic) = found.last_mut() {
            diagnostic.help.push(help.to_owned());
        }
    }

    /// [KEDA `triggerauthentication_webhook.go`]
    fn pod_identity(&self, found: &mut Vec<Diagnostic>) {
        let Some(identity) = self.spec.get("podIdentity") else {
            return;
        };
        let field = |name: &str| {
            let node = identity.get(name)?;
            Some((node.as_str()?, node.span))
        };
        let provider = field("provider").map_or("", |(text, _)| text);
        match provider {
            "azure-workload" => {
                for name in ["identityId", "identityTenantId"] {
                    if let Some(("", span)) = field(name) {
                        let message = format!(
                            "{name} of podIdentity must not be empty; leave it out to use the one of the service account"
                        );
                        self.wrong_identity(message, span, found);
                    }
                }
                if let (Some((_, span)), None) =
                    (field("identityAuthorityHost"), field("identityTenantId"))
                {
                    let message = "identityAuthorityHost of podIdentity needs identityTenantId";
                    self.wrong_identity(message.to_owned(), span, found);
                }
            }
            "aws" => {
                let owner = field("identityOwner").map_or("", |(text, _)| text);
                let role = field("roleArn").filter(|(text, _)| !text.is_empty());
                if let (Some((_, span)), "workload") = (role, owner) {
                    let message = "roleArn of podIdentity cannot stand beside identityOwner workload, which takes the role of the job's service account";
                    self.wrong_identity(message.to_owned(), span, found);
                }
                if let (Some((text, span)), None) = (field("externalID"), role)
                    && !text.is_empty()
                {
                    let message = "externalID of podIdentity needs roleArn";
                    self.wrong_identity(message.to_owned(), span, found);
                }
            }
            _ => {}
        }
    }

    fn oauth2(&self, found: &mut Vec<Diagnostic>) {
        let Some(oauth2) = self.spec.get("oauth2") else {
            return;
        };
        for name in ["type", "clientId", "tokenUrl"] {
            let is_given = oauth2
                .get(name)
                .and_then(Node::as_str)
                .is_some_and(|text| !text.trim().is_empty());
            if !is_given {
                let message = format!("oauth2 needs {name}");
                self.wrong_identity(message, oauth2.span, found);
            }
        }
        let address = oauth2.get("tokenUrl");
        if let Some((text, span)) = address.and_then(|node| Some((node.as_str()?, node.span)))
            && !text.trim().is_empty()
            && !url::Url::parse(text)
                .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        {
            let message = "tokenUrl of oauth2 must be an absolute http or https address";
            self.wrong_identity(message.to_owned(), span, found);
        }
    }

    fn file_path(&self, found: &mut Vec<Diagnostic>) {
        let Some(entry) = self.spec.entry("filePath") else {
            return;
        };
        if entry.value.as_str().is_none_or(str::is_empty) {
            return;
        }
        let label = self.document.label(entry.key_span, "");
        if !self.authentication.cluster {
            let message = "filePath is read in a ClusterTriggerAuthentication only";
            found.push(Diagnostic::new(&trigger_rules::FILE_PATH, message, label));
            return;
        }
        let hidden: Vec<_> = OTHER_SOURCES
            .iter()
            .filter_map(|name| self.spec.entry(name))
            .collect();
        if hidden.is_empty() {
            return;
        }
        let names: Vec<&str> = hidden.iter().map(|entry| entry.key.as_str()).collect();
        let message = format!(
            "filePath hides {}: nothing else is looked at",
            names.join(", ")
        );
        let mut diagnostic = Diagnostic::new(&trigger_rules::FILE_PATH, message, label);
        diagnostic.severity = Severity::Warning;
        for entry in hidden {
            diagnostic = diagnostic.related(self.document.label(entry.key_span, "not looked at"));
        }
        found.push(diagnostic);
    }

    /// Each parameter of the three lists, with its list and the place of its name.
    fn parameters(&self) -> Vec<(&str, &'static str, Span)> {
        LISTS
            .iter()
            .flat_map(|list| {
                let items = self.spec.get(list).map(Node::items).unwrap_or_default();
                items.iter().filter_map(move |item| {
                    let parameter = item.get("parameter")?;
                    Some((parameter.as_str()?, *list, parameter.span))
                })
            })
            .collect()
    }

    fn given_twice(&self, found: &mut Vec<Diagnostic>) {
        let mut last: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
        for (parameter, list, span) in self.parameters() {
            if let Some((earlier, place)) = last.insert(parameter, (list, span)) {
                let message = if earlier == list {
                    format!("{list} gives parameter {parameter:?} twice: the last one is used")
                } else {
                    format!(
                        "parameter {parameter:?} of {earlier} is not used: {list} gives it too and is read later"
                    )
                };
                let label = self.document.label(place, "");
                let winner = self.document.label(span, "this one is used");
                found.push(
                    Diagnostic::new(&trigger_rules::OVERRIDDEN_PARAMETER, message, label)
                        .related(winner),
                );
            }
        }
    }

    /// Parameters that none of the triggers which refer to this object reads from it.
    fn unread(
        &self,
        local: &LocalKnowledge<'_>,
        references: &References<'_>,
        found: &mut Vec<Diagnostic>,
    ) {
        // A ScaledObject of the same files may refer to it too, and its triggers are not known.
        if !local.resources.left_to_keda.is_empty() {
            return;
        }
        let Some(kinds) = self.readers(local, references) else {
            return;
        };
        let reads = |parameter: &str| {
            kinds.iter().any(|kind| {
                let version = of_parameters(kind, local.version);
                kind.parameter(parameter)
                    .is_some_and(|spec| spec.reads(Source::Auth))
                    && kind
                        .standing_from(parameter, Source::Auth, version)
                        .is_looked_at()
            })
        };
        for (parameter, _, span) in self.parameters() {
            if reads(parameter) {
                continue;
            }
            let mut names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
            names.sort_unstable();
            names.dedup();
            let message = format!(
                "{} reads no parameter {parameter:?} from a {}",
                names.join(" or "),
                self.kind()
            );
            let label = self.document.label(span, "");
            let mut diagnostic = Diagnostic::new(
                &trigger_rules::UNREAD_AUTHENTICATION,
                message,
                label.clone(),
            );
            let elsewhere = kinds.iter().find_map(|kind| kind.parameter(parameter));
            let times = kinds.iter().find_map(|kind| {
                let spec = kind.parameter(parameter)?;
                let times = kind.times(parameter);
                (spec.reads(Source::Auth) && !times.is_empty()).then_some((kind.name, times))
            });
            if let Some((name, times)) = times {
                diagnostic = diagnostic.help(format!(
                    "KEDA reads it for {name} {times}; {} is aimed at",
                    local.version
                ));
            } else if let Some(spec) = elsewhere.filter(|spec| spec.is_read()) {
                diagnostic =
                    diagnostic.help(format!("{} is read from {}", spec.name(), spec.places()));
            } else {
                let readable = kinds
                    .iter()
                    .flat_map(|kind| kind.parameters())
                    .filter(|spec| spec.reads(Source::Auth))
                    .flat_map(|spec| spec.names.iter().copied());
                if let Some((name, distance)) = nearest(parameter, readable) {
                    diagnostic = suggest(diagnostic, label, name, distance);
                }
            }
            if self.authentication.cluster {
                // Other namespaces may use it.
                diagnostic.severity = Severity::Note;
            }
            found.push(diagnostic);
        }
    }

    /// The types of the triggers that refer to this object; `None` when there are none, or one whose parameters are not known.
    fn readers(
        &self,
        local: &LocalKnowledge<'_>,
        references: &References<'_>,
    ) -> Option<Vec<&'static TriggerType>> {
        let mut kinds = Vec::new();
        for (trigger, job) in references.to(self.authentication) {
            let refers = matches!(
                Authentication::of(trigger, job, local.resources),
                Authentication::Given(given) if std::ptr::eq(given, self.authentication)
            );
            if refers {
                let kind = trigger_type(&trigger.kind)?;
                if kind.other_keys == OtherKeys::All {
                    return None;
                }
                kinds.push(kind);
            }
        }
        (!kinds.is_empty()).then_some(kinds)
    }
}
