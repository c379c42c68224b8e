//! Shapes of Kubernetes' own types, taken from the schemas that k8s-openapi's types carry, so that they are those of the
//! Kubernetes version in `Cargo.toml` and nobody types them.
//!
//! The schemas are made once, at the first use, become shapes and go: with all their descriptions they are many times as large.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::api::core::v1::PodSpec;
use schemars::SchemaGenerator;
use serde_json::Value;

use super::{Field, INT32, Object, Shape};
use crate::manifest::Step;

/// `OpenAPI` name of batch/v1 `JobSpec`.
pub(super) const JOB_SPEC: &str = "io.k8s.api.batch.v1.JobSpec";
/// `OpenAPI` name of v1 `PodSpec`.
pub(super) const POD_SPEC: &str = "io.k8s.api.core.v1.PodSpec";
/// `OpenAPI` name of `ObjectMeta`.
pub(super) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LOCAL_REFERENCE: &str = "io.k8s.api.core.v1.LocalObjectReference";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";

/// The shape of a type. A name without a schema allows anything.
pub(super) fn shape(name: &str) -> &'static Shape {
    static SHAPES: LazyLock<BTreeMap<String, Shape>> = LazyLock::new(all);
    SHAPES.get(name).unwrap_or(&Shape::Any)
}

/// Whether the field of a pod's spec at the end of `steps` has to be there.
pub(in crate::api) fn is_required_in_pod(steps: &[Step]) -> bool {
    let mut shape = shape(POD_SPEC);
    let mut is_required = false;
    for step in steps {
        while let Shape::Definition(name) = shape {
            shape = self::shape(name);
        }
        (shape, is_required) = match (shape, step) {
            (Shape::Object(object), Step::Key(key)) => match object.fields.get(key) {
                Some(field) => (&field.shape, field.required),
                None => return false,
            },
            (Shape::List { items, .. }, Step::Index(_)) => (&**items, false),
            (Shape::Map(values), Step::Key(_)) => (&**values, false),
            _ => return false,
        };
    }
    is_required
}

/// Every type that a `JobSpec` or a `PodSpec` refers to.
fn all() -> BTreeMap<String, Shape> {
    let mut generator = SchemaGenerator::default();
    // Both refer to everything below them, ObjectMeta among it.
    let _ = generator.subschema_for::<JobSpec>();
    let _ = generator.subschema_for::<PodSpec>();
    generator
        .take_definitions(false)
        .into_iter()
        .map(|(name, schema)| {
            let mut shape = if name == QUANTITY {
                Shape::Quantity
            } else {
                convert(&schema)
            };
            // Kubernetes lets it be empty for those who wrote it so in old times: in `imagePullSecrets` it is one.
            if name == LOCAL_REFERENCE
                && let Shape::Object(object) = &mut shape
                && let Some(field) = object.fields.get_mut("name")
            {
                field.required = false;
            }
            (name, shape)
        })
        .collect()
}

/// A schema becomes a shape; what it refers to is left for later. The depth is that of one type's own schema, two or three levels.
fn convert(schema: &Value) -> Shape {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        return Shape::Definition(name.to_owned());
    }
    if schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
        return Shape::IntOrString;
    }
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    match text("type") {
        Some("string") => Shape::String,
        Some("boolean") => Shape::Boolean,
        Some("number") => Shape::Number,
        Some("integer") if text("format") == Some("int32") => INT32,
        Some("integer") => Shape::Integer {
            least: i64::MIN,
            most: i64::MAX,
        },
        Some("array") => Shape::List {
            items: Box::new(schema.get("items").map_or(Shape::Any, convert)),
            at_least_one: false,
        },
        Some("object") => object(schema),
        _ => Shape::Any,
    }
}

fn object(schema: &Value) -> Shape {
    if let Some(values) = schema.get("additionalProperties") {
        return Shape::Map(Box::new(convert(values)));
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Shape::Any;
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let fields = properties
        .iter()
        .map(|(name, schema)| {
            let field = Field {
                shape: convert(schema),
                required: required.contains(&name.as_str()),
            };
            (name.clone(), field)
        })
        .collect();
    Shape::Object(Object {
        fields,
        elsewhere: &[],
    })
}

#[cfg(test)]
mod tests {
    use super::super::Shape;
    use super::{JOB_SPEC, OBJECT_META, POD_SPEC, QUANTITY, shape};

    #[test]
    fn the_types_that_are_named_have_fields() {
        for (name, field) in [
            (JOB_SPEC, "template"),
            (POD_SPEC, "containers"),
            (OBJECT_META, "labels"),
        ] {
            let shape = shape(name);
            let Shape::Object(object) = shape else {
                panic!("{name} is {shape:?}");
            };
            assert!(object.fields.contains_key(field), "{name}.{field}");
        }
        assert!(matches!(shape(QUANTITY), Shape::Quantity));
        assert!(matches!(shape("io.k8s.Nothing"), Shape::Any));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn visit(shape: &Shape, seen: &mut std::collections::BTreeSet<String>) {
            match shape {
                Shape::Definition(name) if seen.insert(name.clone()) => {
                    let target = super::shape(name);
                    let is_free = matches!(target, Shape::Any) && !name.ends_with("FieldsV1");
                    assert!(!is_free, "{name}");
                    visit(target, seen);
                }
                Shape::List { items, .. } | Shape::Map(items) => visit(items, seen),
                Shape::Object(object) => {
                    for field in object.fields.values() {
                        visit(&field.shape, seen);
                    }
                }
                _ => {}
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        visit(shape(JOB_SPEC), &mut seen);
        assert!(seen.len() > 80, "{}", seen.len());
    }
}
