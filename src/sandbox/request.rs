//! What a request asks for, read from its method, path, query and headers.

use http::{HeaderMap, Method, Uri, header};

use super::definition::{self, Definition};
use super::failure::Failure;

/// The verbs of authorization, as the API server names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
    /// Not a resource: discovery, health, the sandbox's own endpoints.
    Other,
}

impl Verb {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Other => "other",
        }
    }
}

/// The shape in which objects are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Full,
    /// `as=Table`, what `kubectl get` prints.
    Table,
    /// `as=PartialObjectMetadata[List]`.
    Metadata,
}

/// One request, without its body.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    query: Vec<(String, String)>,
    /// Path and query as they were sent.
    pub(super) uri: String,
    pub(super) accept: String,
    pub(super) content_type: String,
    pub(super) user_agent: String,
    pub(super) authorization: String,
    pub(super) verb: Verb,
    pub(super) target: Option<Target>,
}

/// The resource of a request.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) definition: &'static Definition,
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<String>,
}

impl Target {
    /// The namespace of a single object: empty for cluster scope.
    pub(super) fn scope(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }
}

impl Request {
    pub(super) fn read(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let header = |name: header::HeaderName| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .map(|(key, value)| (key.into_owned(), value.into_owned()))
                .collect();
        let mut request = Self {
            method: method.clone(),
            path: uri.path().to_owned(),
            uri: uri.to_string(),
            query,
            accept: header(header::ACCEPT),
            content_type: header(header::CONTENT_TYPE)
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned(),
            user_agent: header(header::USER_AGENT),
            authorization: header(header::AUTHORIZATION),
            verb: Verb::Other,
            target: target(uri.path()),
        };
        if let Some(target) = &request.target {
            let named = target.name.is_some();
            request.verb = match (method.as_str(), named) {
                ("GET" | "HEAD", true) => Verb::Get,
                ("GET" | "HEAD", false) if request.asks("watch") => Verb::Watch,
                ("GET" | "HEAD", false) => Verb::List,
                ("POST", _) => Verb::Create,
                ("PUT", true) => Verb::Update,
                ("PATCH", true) => Verb::Patch,
                ("DELETE", true) => Verb::Delete,
                ("DELETE", false) => Verb::DeleteCollection,
                _ => Verb::Other,
            };
        }
        request
    }

    /// A query parameter; the first one counts.
    pub(super) fn query(&self, key: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(one, _)| one == key)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a boolean parameter is set to something true.
    pub(super) fn asks(&self, key: &str) -> bool {
        self.query(key)
            .is_some_and(|value| matches!(value, "true" | "1" | "True" | "TRUE" | "t" | ""))
    }

    /// Whether nothing may be written. Anything but `All` is refused.
    pub(super) fn dry_run(&self) -> Result<bool, Failure> {
        let values: Vec<&str> = self
            .query
            .iter()
            .filter(|(key, _)| key == "dryRun")
            .map(|(_, value)| value.as_str())
            .collect();
        match values.as_slice() {
            [] => Ok(false),
            all if all.iter().all(|one| *one == "All") => Ok(true),
            _ => Err(Failure::new(
                422,
                "Invalid",
                "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: supported values: \"All\"",
            )),
        }
    }

    /// The shape that `Accept` asks for; 406 when it names nothing that is served.
    pub(super) fn shape(&self) -> Result<Shape, Failure> {
        if self.accept.is_empty() {
            return Ok(Shape::Full);
        }
        for one in self.accept.split(',') {
            let mut parameters = one.split(';').map(str::trim);
            let media = parameters.next().unwrap_or_default();
            let shape = parameters.find_map(|parameter| parameter.strip_prefix("as="));
            if !matches!(
                media,
                "application/json" | "*/*" | "application/*" | "application/yaml"
            ) {
                continue;
            }
            match shape {
                None => return Ok(Shape::Full),
                Some("Table") => return Ok(Shape::Table),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => {
                    return Ok(Shape::Metadata);
                }
                Some(_) => {}
            }
        }
        Err(Failure::new(
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json, application/yaml",
        ))
    }

    /// Answer in YAML.
    pub(super) fn yaml(&self) -> bool {
        self.accept
            .split(',')
            .next()
            .is_some_and(|first| first.trim().starts_with("application/yaml"))
    }
}

/// The resource that a path names, if it is one.
fn target(path: &str) -> Option<Target> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let decode = |text: &str| {
        // Names have no reserved characters; anything else will simply not be found.
        url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes())
            .next()
            .map_or_else(String::new, |(_, value)| value.into_owned())
    };
    let (namespace, rest) = match rest {
        // `namespaces/<name>` and its status are the namespace itself.
        ["namespaces", namespace, plural, rest @ ..]
            if !matches!(*plural, "status" | "finalize") =>
        {
            (Some(decode(namespace)), [&[*plural], rest].concat())
        }
        other => (None, other.to_vec()),
    };
    let (plural, rest) = rest.split_first()?;
    let definition = definition::find(group, version, plural)?;
    let (name, subresource) = match rest {
        [] => (None, None),
        [name] => (Some(decode(name)), None),
        [name, subresource] => (Some(decode(name)), Some((*subresource).to_owned())),
        _ => return None,
    };
    let fits = if definition.namespaced {
        namespace.is_some() || name.is_none()
    } else {
        namespace.is_none()
    };
    fits.then_some(Target {
        definition,
        namespace,
        name,
        subresource,
    })
}
