//! Documents become resources. A dialect is turned into a [`ScaledJob`] here and nowhere else.

mod data;
mod faults;
mod identity;
mod kind;
mod older;
mod scaled_job;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::faults::Faults;
use self::identity::{Identity, identity};
use self::kind::Kind;
use super::shape::{self, Checker};
use super::{DataObject, Dialect, KedaVersion, Resources, ScaledJob, TriggerAuthentication};
use crate::diagnostic::{Diagnostic, Label, Severity, SourceFile, Span, catalog};
use crate::manifest::{Document, Value};

/// Turns documents into resources and finds what is wrong with them: fields, types, ranges, names. `findings` is what reading
/// the documents has found already; ranges and words are those of `version`.
///
/// An object with an error of its own, in `findings` or found here, is left out of the resources; the others are not touched by it. Trigger
/// parameters are not looked at: see `scalers::check`.
pub fn decode(
    documents: &[Arc<Document>],
    findings: &[Diagnostic],
    version: KedaVersion,
) -> (Resources, Vec<Diagnostic>) {
    let mut decoder = Decoder {
        resources: Resources::default(),
        diagnostics: Vec::new(),
        faults: Faults::of(findings),
        masked: data::Masked::of_all(documents),
        names: BTreeMap::new(),
        version,
    };
    for document in documents {
        decoder.object(document, true);
    }
    (decoder.resources, decoder.diagnostics)
}

struct Decoder {
    resources: Resources,
    diagnostics: Vec<Diagnostic>,
    faults: Faults,
    masked: data::Masked,
    /// Where each object was first described: kind, namespace, name.
    names: BTreeMap<(&'static str, Option<String>, String), Label>,
    /// The version of KEDA aimed at.
    version: KedaVersion,
}

impl Decoder {
    fn object(&mut self, document: &Arc<Document>, unpack: bool) {
        let root = &document.root;
        if !matches!(root.value, Value::Mapping(_)) {
            self.diagnostics.push(Diagnostic::new(
                &catalog::WRONG_TYPE,
                format!("this document is {}", root.value.describe()),
                document.label(
                    first_line(document, root.span),
                    "expected an object with apiVersion and kind",
                ),
            ));
            return;
        }
        let is_absent = |field: &str| root.get(field).is_none_or(|node| node.value == Value::Null);
        if is_absent("apiVersion") && is_absent("kind") {
            self.not_an_object(document, "`apiVersion` and `kind` are missing");
            return;
        }
        let api_version = self.text_field(document, "apiVersion");
        let kind = self.text_field(document, "kind");
        let (Some(api_version), Some(kind)) = (api_version, kind) else {
            return;
        };
        if unpack && kind.ends_with("List") && root.get("items").is_some() {
            self.list(document);
            return;
        }
        let Some(known) = self.recognize(document, &api_version, &kind) else {
            return;
        };
        self.resource(document, known);
    }

    /// `kind: List`, as `kubectl get -o yaml` writes it.
    fn list(&mut self, document: &Arc<Document>) {
        let Some(items) = document.root.get("items") else {
            return;
        };
        if !matches!(items.value, Value::Sequence(_) | Value::Null) {
            self.diagnostics.push(Diagnostic::new(
                &catalog::WRONG_TYPE,
                format!("`items` is {}", items.value.describe()),
                document.label(first_line(document, items.span), "expected a list"),
            ));
        }
        for item in items.items() {
            let document = Arc::new(Document {
                source: Arc::clone(&document.source),
                index: document.index,
                root: item.clone(),
            });
            self.object(&document, false);
        }
    }

    /// The text of a field that decides what the object is, or a finding.
    fn text_field(&mut self, document: &Document, field: &str) -> Option<String> {
        let root = &document.root;
        let node = root.get(field).filter(|node| node.value != Value::Null);
        match node {
            Some(node) => {
                if let Some(text) = node.as_str().filter(|text| !text.is_empty()) {
                    return Some(text.to_owned());
                }
                self.diagnostics.push(Diagnostic::new(
                    &catalog::WRONG_TYPE,
                    format!("`{field}` is {}", shape::describe(&document.source, node)),
                    document.label(first_line(document, node.span), "expected a string"),
                ));
            }
            None => self.not_an_object(document, &format!("`{field}` is missing")),
        }
        None
    }

    fn not_an_object(&mut self, document: &Document, message: &str) {
        self.diagnostics.push(
            Diagnostic::new(
                &catalog::MISSING_FIELD,
                message,
                document.label(anchor(document), "this is no Kubernetes object"),
            )
            .help("every object has `apiVersion`, `kind` and `metadata.name`"),
        );
    }

    /// Checks one object and takes it when nothing is wrong with it.
    fn resource(&mut self, document: &Arc<Document>, kind: Kind) {
        let is_secret = kind == Kind::Secret;
        let shown = if is_secret {
            self.masked.of(document)
        } else {
            Arc::clone(&document.source)
        };
        let anchor = anchor(document);
        let checker = Checker::new(&shown, is_secret, self.version);
        let mut found = checker.check(&document.root, kind.shape(), anchor);
        let identity = identity(document, &shown, kind, &mut found);
        let is_named = identity.is_some();
        if let Some(identity) = &identity {
            self.duplicate(kind, identity, &shown, &mut found);
        }
        // An object without a name is decoded too, for what else can be found in it.
        let identity = identity.unwrap_or(Identity {
            name: String::new(),
            namespace: None,
            span: anchor,
        });
        let decoded = decode_as(kind, document, &shown, identity, &mut found);
        let is_sound = found
            .iter()
            .all(|finding| finding.severity != Severity::Error);
        if is_named && is_sound && !self.faults.any_in(document) {
            match decoded {
                Decoded::ScaledJob(job) => self.resources.scaled_jobs.push(*job),
                Decoded::Authentication(it) => self.resources.authentications.push(*it),
                Decoded::Secret(secret) => self.resources.secrets.push(secret),
                Decoded::ConfigMap(map) => self.resources.config_maps.push(map),
            }
        } else {
            match decoded {
                Decoded::ScaledJob(job) => self.resources.defective_jobs.push(*job),
                Decoded::Authentication(it) => self.resources.defective_authentications.push(*it),
                Decoded::Secret(_) | Decoded::ConfigMap(_) => {}
            }
        }
        self.diagnostics.append(&mut found);
    }

    fn duplicate(
        &mut self,
        kind: Kind,
        identity: &Identity,
        shown: &Arc<SourceFile>,
        found: &mut Vec<Diagnostic>,
    ) {
        let key = (
            kind.name(),
            identity.namespace.clone(),
            identity.name.clone(),
        );
        let label = Label::new(shown, identity.span, "again");
        if let Some(first) = self.names.get(&key) {
            let mut first = first.clone();
            "first".clone_into(&mut first.message);
            found.push(
                Diagnostic::new(
                    &catalog::DUPLICATE_OBJECT,
                    format!("{} `{}` is described twice", kind.name(), identity.name),
                    label,
                )
                .related(first)
                .help("rename one of the two, or put them in different namespaces"),
            );
        } else {
            self.names.insert(key, label);
        }
    }
}

/// One decoded object.
enum Decoded {
    ScaledJob(Box<ScaledJob>),
    Authentication(Box<TriggerAuthentication>),
    Secret(DataObject),
    ConfigMap(DataObject),
}

fn decode_as(
    kind: Kind,
    document: &Arc<Document>,
    shown: &Arc<SourceFile>,
    identity: Identity,
    found: &mut Vec<Diagnostic>,
) -> Decoded {
    match kind {
        Kind::ScaledJob(dialect) => Decoded::ScaledJob(Box::new(match dialect {
            Dialect::V2 => scaled_job::decode(document, identity, found),
            Dialect::V1 => older::decode_v1(document, identity, found),
            Dialect::Proposal => older::decode_proposal(document, identity, found),
        })),
        Kind::TriggerAuthentication => Decoded::Authentication(Box::new(data::authentication(
            document, identity, false, found,
        ))),
        Kind::ClusterTriggerAuthentication => Decoded::Authentication(Box::new(
            data::authentication(document, identity, true, found),
        )),
        Kind::Secret => Decoded::Secret(data::secret(document, shown, identity, found)),
        Kind::ConfigMap => Decoded::ConfigMap(data::config_map(document, identity)),
    }
}

/// Where something is shown that the whole object lacks: its kind, or its first key.
fn anchor(document: &Document) -> Span {
    let root = &document.root;
    match (root.get("kind"), root.entries().first()) {
        (Some(kind), _) if kind.value != Value::Null => first_line(document, kind.span),
        (_, Some(entry)) => entry.key_span,
        (_, None) => first_line(document, root.span),
    }
}

/// The part of a span that stands on its first line.
fn first_line(document: &Document, span: Span) -> Span {
    let text = document.source.slice(span);
    let end = text.find('\n').unwrap_or(text.len());
    Span {
        start: span.start,
        end: span.start + text[..end].trim_end().len(),
    }
}

/// A label at the value of a field of the root.
fn field_label(document: &Document, field: &str, message: &str) -> Label {
    let span = document
        .root
        .get(field)
        .map_or_else(|| anchor(document), |node| first_line(document, node.span));
    document.label(span, message)
}

#[cfg(test)]
mod tests;
