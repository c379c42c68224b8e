//! From HTTP to the store and back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::connection::Connection;
use super::failure::Failure;
use super::faults::Action;
use super::request::{Request, Shape, Target, Verb};
use super::watch::Watch;
use super::{
    Shared, admin, body, create, delete, discovery, log, openapi, read, reviews, strict, table,
    token, update,
};

/// kube-apiserver's `MaxRequestBodyBytes`.
const MOST_BYTES: usize = 3 * 1024 * 1024;

/// Answers every request.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: axum::extract::Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let request = Request::read(&parts.method, &parts.uri, &parts.headers);
    let Ok(bytes) = to_bytes(body, MOST_BYTES).await else {
        return failed(&Failure::new(
            413,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {MOST_BYTES}"),
        ));
    };
    if request.path.starts_with("/sandbox/") {
        return admin::answer(&shared, &request, &bytes);
    }
    tracing::debug!(verb = request.verb.text(), path = %request.path, "request");
    shared.requests.note(&request);
    let fault = shared.faults.take(&request);
    if let Some(delay) = fault.delay {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    if fault.cut {
        connection.0.cut();
        return plain(StatusCode::SERVICE_UNAVAILABLE, "");
    }
    if let Some(code) = fault.status {
        return failed(&faulted(code, &fault, &request));
    }
    let bytes = match &fault.drop_label {
        Some(label) => without_label(&bytes, label),
        None => bytes,
    };
    let response = match answer(&shared, &request, &bytes, &fault) {
        Ok(response) => response,
        Err(failure) => failed(&failure),
    };
    if let Some(delay) = fault.delay_after {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    if fault.lose_answer {
        connection.0.cut();
    }
    response
}

/// The object without that label; what is no JSON stays as it is.
fn without_label(bytes: &Bytes, label: &str) -> Bytes {
    let Ok(mut object) = serde_json::from_slice::<Value>(bytes) else {
        return bytes.clone();
    };
    if let Some(labels) = object
        .pointer_mut("/metadata/labels")
        .and_then(Value::as_object_mut)
    {
        labels.shift_remove(label);
    }
    object.to_string().into()
}

fn faulted(code: u16, fault: &Action, request: &Request) -> Failure {
    let no_right = forbidden(request);
    let (reason, message) = match code {
        401 => ("Unauthorized", "Unauthorized"),
        403 => ("Forbidden", no_right.as_str()),
        404 => (
            "NotFound",
            "the server could not find the requested resource",
        ),
        409 => (
            "Conflict",
            "the object has been modified; please apply your changes to the latest version and try again",
        ),
        410 => ("Expired", "too old resource version"),
        429 => (
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        ),
        500 => (
            "InternalError",
            "Internal error occurred: by a fault rule of the sandbox",
        ),
        503 => (
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
        ),
        504 => (
            "Timeout",
            "the server was unable to return a response in the time allotted, but may still be processing the request",
        ),
        _ => ("Unknown", "by a fault rule of the sandbox"),
    };
    Failure::new(code, reason, message).retry_after(fault.retry_after)
}

/// The words in which the API server says that a right is missing. [Kubernetes apiserver `handlers/responsewriters/errors.go`]
fn forbidden(request: &Request) -> String {
    const WHY: &str = "by a fault rule of the sandbox";
    let verb = request.verb.text();
    let Some(target) = &request.target else {
        return format!(
            "forbidden: User \"sandbox\" cannot {verb} path {:?}: {WHY}",
            request.path
        );
    };
    let (plural, group) = (target.definition.plural, target.definition.group);
    let name = target
        .name
        .as_deref()
        .map_or_else(String::new, |name| format!(" {name:?}"));
    let dot = if group.is_empty() { "" } else { "." };
    let subresource = target.subresource.as_deref();
    let subresource = subresource.map_or_else(String::new, |part| format!("/{part}"));
    let place = match target.namespace.as_deref() {
        Some(namespace) => format!("in the namespace {namespace:?}"),
        None => "at the cluster scope".to_owned(),
    };
    format!(
        "{plural}{dot}{group}{name} is forbidden: User \"sandbox\" cannot {verb} resource \"{plural}{subresource}\" in API group \
         {group:?} {place}: {WHY}"
    )
}

fn answer(
    shared: &Arc<Shared>,
    request: &Request,
    bytes: &Bytes,
    fault: &Action,
) -> Result<Response, Failure> {
    let Some(target) = &request.target else {
        if let Some(document) = discovery::answer(request, &shared.options) {
            return Ok(document);
        }
        if let Some(document) = openapi::answer(&request.path, &shared.options) {
            return Ok(ok(&document));
        }
        return Err(unknown(request, &shared.options));
    };
    if !shared.options.serves(target.definition.group) {
        return Err(unknown(request, &shared.options));
    }
    let shape = request.shape()?;
    if let Some(subresource) = target.subresource.as_deref() {
        match (subresource, target.definition.plural) {
            ("status", _) if target.definition.status => {}
            ("log", "pods") if request.verb == Verb::Get => {
                return log::answer(shared, request, target);
            }
            ("token", "serviceaccounts") if request.verb == Verb::Create => {
                let answer = token::answer(shared, request, target, bytes)?;
                return Ok(json_response(StatusCode::CREATED, &answer));
            }
            _ => return Err(Failure::unknown_path()),
        }
    }
    let definition = target.definition;
    if definition.review {
        if request.verb != Verb::Create {
            return Err(not_allowed());
        }
        let review = body::parse_object(request, definition, bytes)?;
        return Ok(json_response(
            StatusCode::CREATED,
            &reviews::answer(definition, review),
        ));
    }
    match request.verb {
        Verb::Get => {
            let object = read::get(&shared.store(), target)?;
            Ok(object_response(
                StatusCode::OK,
                request,
                target,
                shape,
                &object,
            ))
        }
        Verb::List => {
            let mut page = read::list(&shared.store(), request, target, shared.options.page)?;
            if fault.empty {
                page = page.without_items();
            }
            Ok(page_response(request, target, shape, &page))
        }
        Verb::Watch => {
            let watch = Watch::start(shared, request, target, fault.watch)?;
            let mut response = Response::new(Body::from_stream(watch.stream()));
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            Ok(response)
        }
        Verb::Create => {
            if target.name.is_some() {
                return Err(not_allowed());
            }
            let mut object = body::parse_object(request, definition, bytes)?;
            let warnings = strict::prune(request, definition, &mut object)?;
            let created = create::create(&mut shared.store(), request, target, object)?;
            let response = object_response(StatusCode::CREATED, request, target, shape, &created);
            Ok(warn(response, &warnings))
        }
        Verb::Update => {
            let mut object = body::parse_object(request, definition, bytes)?;
            let warnings = strict::prune(request, definition, &mut object)?;
            let updated = update::update(&mut shared.store(), request, target, object)?;
            let response = object_response(StatusCode::OK, request, target, shape, &updated);
            Ok(warn(response, &warnings))
        }
        Verb::Patch => {
            let patch = body::parse_patch(request, bytes)?;
            let patched = update::patch(&mut shared.store(), request, target, &patch)?;
            let code = if patched.made {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            let response = object_response(code, request, target, shape, &patched.object);
            Ok(warn(response, &patched.warnings))
        }
        Verb::Delete => {
            if target.subresource.is_some() {
                return Err(not_allowed());
            }
            let options = delete::Options::read(request, bytes)?;
            let result = delete::delete(&mut shared.store(), target, &options)?;
            if result["kind"] == "Status" {
                return Ok(ok(&result));
            }
            Ok(object_response(
                StatusCode::OK,
                request,
                target,
                shape,
                &result,
            ))
        }
        Verb::DeleteCollection => {
            if matches!(definition.plural, "namespaces" | "services") {
                return Err(not_allowed());
            }
            let options = delete::Options::read(request, bytes)?;
            let page = delete::delete_collection(&mut shared.store(), request, target, &options)?;
            Ok(page_response(request, target, shape, &page))
        }
        Verb::Other => Err(not_allowed()),
    }
}

/// Adds a `Warning` header for each text. [RFC 7234 5.5; apimachinery `NewWarningHeader`]
fn warn(mut response: Response, warnings: &[String]) -> Response {
    for text in warnings {
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        // One that no header can carry (a field of control characters) is left out, as the server does.
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

fn not_allowed() -> Failure {
    Failure::new(
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
    )
}

/// Paths below a served group and version get a `Status`, all others plain text, as from kube-apiserver.
fn unknown(request: &Request, options: &super::SandboxOptions) -> Failure {
    let mut failure = Failure::unknown_path();
    let mut parts = request.path.trim_matches('/').split('/');
    let known = match (parts.next(), parts.next(), parts.next()) {
        (Some("api"), Some("v1"), _) => true,
        (Some("apis"), Some(group), Some(version)) => {
            group != super::definition::KEDA
                && options.serves(group)
                && super::definition::DEFINITIONS
                    .iter()
                    .any(|one| one.group == group && one.version == version)
        }
        _ => false,
    };
    failure.plain = !known;
    failure
}

fn object_response(
    code: StatusCode,
    request: &Request,
    target: &Target,
    shape: Shape,
    object: &Value,
) -> Response {
    let value = match shape {
        Shape::Full if request.yaml() => return yaml(code, object),
        Shape::Full => return json_response(code, object),
        Shape::Metadata => read::partial(object),
        Shape::Table => table::of_one(
            target.definition,
            object,
            request.query("includeObject"),
            true,
        ),
    };
    json_response(code, &value)
}

fn page_response(request: &Request, target: &Target, shape: Shape, page: &read::Page) -> Response {
    let value = match shape {
        Shape::Full => match read::list_json(target.definition, page) {
            Ok(bytes) if request.yaml() => match serde_json::from_slice::<Value>(&bytes) {
                Ok(value) => return yaml(StatusCode::OK, &value),
                Err(error) => return failed(&internal(&error)),
            },
            Ok(bytes) => return bytes_response(StatusCode::OK, "application/json", bytes),
            Err(error) => return failed(&internal(&error)),
        },
        Shape::Metadata => json!({
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": page.metadata,
            "items": page.items.iter().map(|item| read::partial(item)).collect::<Vec<_>>(),
        }),
        Shape::Table => table::of_list(target.definition, page, request.query("includeObject")),
    };
    ok(&value)
}

fn internal(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        500,
        "InternalError",
        format!("Internal error occurred: {error}"),
    )
}

fn yaml(code: StatusCode, value: &Value) -> Response {
    match serde_yaml::to_string(value) {
        Ok(text) => bytes_response(code, "application/yaml", text.into_bytes()),
        Err(error) => failed(&internal(&error)),
    }
}

/// 200 with JSON.
pub(super) fn ok(value: &Value) -> Response {
    json_response(StatusCode::OK, value)
}

fn json_response(code: StatusCode, value: &Value) -> Response {
    bytes_response(code, "application/json", value.to_string().into_bytes())
}

/// An answer in plain text.
pub(super) fn plain(code: StatusCode, text: &str) -> Response {
    bytes_response(code, "text/plain; charset=utf-8", text.as_bytes().to_vec())
}

/// An answer of any media type.
pub(super) fn bytes_response(code: StatusCode, media: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = code;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// A failure as its `Status`.
pub(super) fn failed(failure: &Failure) -> Response {
    let code = StatusCode::from_u16(failure.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if failure.plain {
        return plain(code, "404 page not found\n");
    }
    let mut response = json_response(code, &failure.status());
    if let Some(seconds) = failure.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
