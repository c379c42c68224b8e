//! Get and list.

use std::sync::Arc;

use base64::Engine as _;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};

use super::definition::Definition;
use super::failure::Failure;
use super::object;
use super::request::{Request, Target};
use super::selector::{Fields, Labels};
use super::store::{Key, Store};

/// What a list or a watch lets through.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) namespace: Option<String>,
    pub(super) labels: Labels,
    pub(super) fields: Fields,
}

impl Filter {
    pub(super) fn read(request: &Request, target: &Target) -> Result<Self, Failure> {
        Ok(Self {
            namespace: target.namespace.clone(),
            labels: Labels::parse(request.query("labelSelector").unwrap_or_default())?,
            fields: Fields::parse(
                request.query("fieldSelector").unwrap_or_default(),
                target.definition,
            )?,
        })
    }

    /// Whether an object, in the form in which it is served, is let through.
    pub(super) fn matches(&self, object: &Value) -> bool {
        self.namespace
            .as_deref()
            .is_none_or(|wanted| wanted == object::namespace(object))
            && self.labels.matches(object.pointer("/metadata/labels"))
            && self.fields.matches(object)
    }
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) items: Vec<Arc<Value>>,
    pub(super) metadata: Value,
}

impl Page {
    /// A whole list that holds nothing, as of the same revision.
    pub(super) fn without_items(self) -> Self {
        Self {
            items: Vec::new(),
            metadata: json!({"resourceVersion": self.metadata["resourceVersion"]}),
        }
    }
}

/// Where a continue token goes on.
struct Token {
    revision: u64,
    start: Key,
}

impl Token {
    fn write(&self) -> String {
        let text =
            json!({"v": "meta.k8s.io/v1", "rv": self.revision, "start": self.start}).to_string();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    }

    fn read(token: &str) -> Option<Self> {
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(token)
            .ok()?;
        let value: Value = serde_json::from_slice(&bytes).ok()?;
        let start = serde_json::from_value(value.get("start")?.clone()).ok()?;
        Some(Self {
            revision: value.get("rv")?.as_u64()?,
            start,
        })
    }
}

/// The revision in a `resourceVersion` parameter; `None` for unset and `0`, which both mean "what there is".
pub(super) fn revision(request: &Request) -> Result<Option<u64>, Failure> {
    match request.query("resourceVersion") {
        None | Some("" | "0") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            Failure::bad_request(format!(
                "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
            ))
        }),
    }
}

/// 504 for a revision that does not exist yet.
pub(super) fn too_large(asked: u64, current: u64) -> Failure {
    Failure::new(
        504,
        "Timeout",
        format!("Too large resource version: {asked}, current: {current}"),
    )
    .retry_after(Some(1))
}

/// Lists with selectors, `limit`, `continue`, `resourceVersion` and `resourceVersionMatch`. A page holds at most `most` items, however
/// many are asked for: a server may give fewer.
pub(super) fn list(
    store: &Store,
    request: &Request,
    target: &Target,
    most: usize,
) -> Result<Page, Failure> {
    let filter = Filter::read(request, target)?;
    let limit = match request.query("limit") {
        None | Some("") => 0,
        Some(text) => {
            let asked = text.parse::<usize>().map_err(|_| {
                Failure::bad_request(format!("limit: Invalid value: {text:?}: invalid syntax"))
            })?;
            asked.min(most)
        }
    };
    let asked = revision(request)?;
    let exact = request.query("resourceVersionMatch") == Some("Exact");
    if request.query("resourceVersionMatch").is_some()
        && request.query("resourceVersion").is_none_or(str::is_empty)
    {
        return Err(Failure::invalid_options(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ));
    }
    let (at, start) = match request.query("continue").filter(|token| !token.is_empty()) {
        Some(token) => {
            if request
                .query("resourceVersion")
                .is_some_and(|version| !version.is_empty() && version != "0")
            {
                return Err(Failure::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            let token = Token::read(token).ok_or_else(|| {
                Failure::bad_request("continue key is not valid: illegal base64 or version")
            })?;
            (token.revision, Some(token.start))
        }
        None => match asked {
            Some(asked) if asked > store.revision() => {
                return Err(too_large(asked, store.revision()));
            }
            Some(asked) if exact => (asked, None),
            _ => (store.revision(), None),
        },
    };
    let objects = store.at(target.definition.storage(), at).ok_or_else(|| {
        Failure::expired(if start.is_some() {
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter."
        } else {
            "The resourceVersion for the provided list is too old."
        })
    })?;
    let mut items = Vec::new();
    let mut rest = 0_usize;
    let mut next = None;
    for (key, object) in objects {
        if start.as_ref().is_some_and(|start| key < *start) {
            continue;
        }
        let served = super::events::served(target.definition, &object);
        if !filter.matches(&served) {
            continue;
        }
        if limit > 0 && items.len() == limit {
            rest += 1;
            next.get_or_insert(key);
        } else {
            items.push(served);
        }
    }
    let mut metadata = json!({"resourceVersion": at.to_string()});
    if let Some(start) = next {
        metadata["continue"] = json!(
            Token {
                revision: at,
                start
            }
            .write()
        );
        // The server does not count what a selector would leave out.
        if filter.labels.is_empty() && filter.fields.is_empty() {
            metadata["remainingItemCount"] = json!(rest);
        }
    }
    Ok(Page { items, metadata })
}

/// Reads one object.
pub(super) fn get(store: &Store, target: &Target) -> Result<Arc<Value>, Failure> {
    let name = target.name.as_deref().unwrap_or_default();
    let object = store
        .get(target.definition.storage(), target.scope(), name)
        .ok_or_else(|| Failure::not_found(target.definition, name))?;
    Ok(super::events::served(target.definition, &object))
}

/// A list's JSON. Items of built-in kinds carry no apiVersion and kind of their own, those of custom kinds do.
pub(super) fn list_json(definition: &Definition, page: &Page) -> serde_json::Result<Vec<u8>> {
    struct Item<'a>(&'a Value, bool);
    impl Serialize for Item<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let Some(object) = self.0.as_object() else {
                return self.0.serialize(serializer);
            };
            let mut map = serializer.serialize_map(None)?;
            for (key, value) in object {
                if self.1 || !matches!(key.as_str(), "apiVersion" | "kind") {
                    map.serialize_entry(key, value)?;
                }
            }
            map.end()
        }
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct List<'a> {
        kind: String,
        api_version: String,
        metadata: &'a Value,
        items: Vec<Item<'a>>,
    }
    let custom = definition.custom();
    serde_json::to_vec(&List {
        kind: format!("{}List", definition.kind),
        api_version: definition.api_version(),
        metadata: &page.metadata,
        items: page.items.iter().map(|item| Item(item, custom)).collect(),
    })
}

/// An object reduced to its metadata.
pub(super) fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}
