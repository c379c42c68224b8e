//! Request bodies: JSON or YAML, checked against the type that the resource has.

use k8s_openapi::api::{batch, coordination, core, discovery, rbac};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::definition::Definition;
use super::failure::Failure;
use super::object;
use super::request::Request;

/// Reads a body as JSON or, when its content type says so, YAML.
pub(super) fn parse(request: &Request, body: &[u8]) -> Result<Value, Failure> {
    match request.content_type.as_str() {
        ""
        | "application/json"
        | "application/merge-patch+json"
        | "application/json-patch+json"
        | "application/strategic-merge-patch+json" => {
            serde_json::from_slice(body).map_err(|error| {
                Failure::bad_request(format!(
                    "error decoding request body: couldn't parse JSON: {error}"
                ))
            })
        }
        super::protobuf::MEDIA_TYPE => super::protobuf::decode(body),
        "application/yaml" | "application/apply-patch+yaml" => serde_yaml::from_slice(body)
            .map_err(|error| Failure::bad_request(format!("error decoding YAML: {error}"))),
        other => Err(Failure::new(
            415,
            "UnsupportedMediaType",
            format!(
                "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml (got {other:?})"
            ),
        )),
    }
}

/// Reads the body of a PATCH.
pub(super) fn parse_patch(request: &Request, body: &[u8]) -> Result<Value, Failure> {
    let patch = parse(request, body)?;
    let fits = if request.content_type == "application/json-patch+json" {
        patch.is_array()
    } else {
        patch.is_object()
    };
    if fits {
        Ok(patch)
    } else {
        Err(Failure::bad_request(format!(
            "error decoding patch: a {} has another form",
            request.content_type
        )))
    }
}

/// Reads an object of a resource: its `apiVersion` and `kind` must fit, and its fields must have the right types.
pub(super) fn parse_object(
    request: &Request,
    definition: &Definition,
    body: &[u8],
) -> Result<Value, Failure> {
    let mut value = parse(request, body)?;
    if !value.is_object() {
        return Err(Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): expected an object",
            definition.kind
        )));
    }
    let kind = object::text(&value, "/kind").to_owned();
    let api_version = object::text(&value, "/apiVersion").to_owned();
    let expected = definition.api_version();
    // The server fills a typed body in from the path, but not a custom object's.
    if kind.is_empty() && definition.custom() {
        return Err(Failure::bad_request(
            "Object 'Kind' is missing in request body".to_owned(),
        ));
    }
    if !kind.is_empty() && kind != definition.kind
        || !api_version.is_empty() && api_version != expected
    {
        return Err(Failure::bad_request(format!(
            "{kind} in version {:?} cannot be handled as a {}: no kind {kind:?} is registered for version {api_version:?} at this path",
            api_version.rsplit('/').next().unwrap_or_default(),
            definition.kind
        )));
    }
    value["apiVersion"] = Value::String(expected);
    value["kind"] = Value::String(definition.kind.to_owned());
    check_types(definition, &value)?;
    Ok(value)
}

/// 400 when a field has another type than the API's.
pub(super) fn check_types(definition: &Definition, value: &Value) -> Result<(), Failure> {
    fn decode<T: DeserializeOwned>(value: &Value) -> Option<String> {
        T::deserialize(value).err().map(|error| error.to_string())
    }
    let error = match (definition.group, definition.plural) {
        ("batch", "jobs") => decode::<batch::v1::Job>(value),
        ("", "pods") => decode::<core::v1::Pod>(value),
        ("", "secrets") => decode::<core::v1::Secret>(value),
        ("", "configmaps") => decode::<core::v1::ConfigMap>(value),
        ("", "services") => decode::<core::v1::Service>(value),
        ("", "serviceaccounts") => decode::<core::v1::ServiceAccount>(value),
        ("", "namespaces") => decode::<core::v1::Namespace>(value),
        ("", "resourcequotas") => decode::<core::v1::ResourceQuota>(value),
        ("", "limitranges") => decode::<core::v1::LimitRange>(value),
        ("", "events") => decode::<core::v1::Event>(value),
        ("coordination.k8s.io", "leases") => decode::<coordination::v1::Lease>(value),
        ("discovery.k8s.io", "endpointslices") => decode::<discovery::v1::EndpointSlice>(value),
        ("rbac.authorization.k8s.io", "roles") => decode::<rbac::v1::Role>(value),
        ("rbac.authorization.k8s.io", "rolebindings") => decode::<rbac::v1::RoleBinding>(value),
        _ => value.get("metadata").and_then(decode::<ObjectMeta>),
    };
    match error {
        None => Ok(()),
        Some(error) => Err(Failure::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: json: {error}",
            definition.kind, definition.version, definition.kind
        ))),
    }
}
