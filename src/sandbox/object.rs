//! Small readings of untyped objects.

use serde_json::{Map, Value, json};

use super::clock;

/// The field at a path of names, each after a slash. A JSON pointer would look for escapes in every name each time, and half of what
/// the controllers do is this.
pub(super) fn field<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/')
        .skip(1)
        .try_fold(object, |object, name| object.get(name))
}

pub(super) fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    field(object, path)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(super) fn number(object: &Value, path: &str) -> Option<i64> {
    field(object, path).and_then(Value::as_i64)
}

pub(super) fn flag(object: &Value, path: &str) -> bool {
    field(object, path)
        .and_then(Value::as_bool)
        .unwrap_or_default()
}

pub(super) fn list<'a>(object: &'a Value, path: &str) -> &'a [Value] {
    field(object, path)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(super) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

pub(super) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// Being deleted: finalizers or a grace period hold it.
pub(super) fn terminating(object: &Value) -> bool {
    field(object, "/metadata/deletionTimestamp").is_some_and(|value| !value.is_null())
}

pub(super) fn finalizers(object: &Value) -> Vec<String> {
    list(object, "/metadata/finalizers")
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

pub(super) fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    list(object, "/metadata/finalizers")
        .iter()
        .any(|one| one == finalizer)
}

/// Writes the finalizers, leaving the field out when there are none.
pub(super) fn set_finalizers(object: &mut Value, finalizers: &[String]) {
    if finalizers.is_empty() {
        entry(object, "metadata").remove("finalizers");
    } else {
        object["metadata"]["finalizers"] = json!(finalizers);
    }
}

pub(super) fn remove_finalizer(object: &mut Value, finalizer: &str) {
    let mut all = finalizers(object);
    all.retain(|one| one != finalizer);
    set_finalizers(object, &all);
}

pub(super) fn add_finalizer(object: &mut Value, finalizer: &str) {
    let mut all = finalizers(object);
    if !all.iter().any(|one| one == finalizer) {
        all.push(finalizer.to_owned());
        set_finalizers(object, &all);
    }
}

/// The object at a key, made if it is missing or something else.
pub(super) fn entry<'a>(object: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !object.is_object() {
        *object = json!({});
    }
    let inner = &mut object[key];
    if !inner.is_object() {
        *inner = json!({});
    }
    inner.as_object_mut().expect("made an object above")
}

/// Sets a key unless it is there already with a value.
pub(super) fn default(object: &mut Value, key: &str, value: impl Into<Value>) {
    if object.get(key).is_none_or(Value::is_null) {
        object[key] = value.into();
    }
}

/// The controller among the owner references.
pub(super) fn controller(object: &Value) -> Option<&Value> {
    list(object, "/metadata/ownerReferences")
        .iter()
        .find(|owner| flag(owner, "/controller"))
}

/// Now, as `metadata.creationTimestamp` is written: whole seconds.
pub(super) fn now() -> String {
    stamp(clock::now())
}

/// A time as the API writes it: whole seconds, `Z`.
pub(super) fn stamp(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Seconds from a stamp until now; 0 when it cannot be read.
pub(super) fn age(stamp: &str) -> i64 {
    between(stamp, &now())
}

/// Seconds between two stamps.
pub(super) fn between(from: &str, to: &str) -> i64 {
    match (
        from.parse::<jiff::Timestamp>(),
        to.parse::<jiff::Timestamp>(),
    ) {
        (Ok(from), Ok(to)) => to.as_second() - from.as_second(),
        _ => 0,
    }
}

/// The condition of a type.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions")
        .iter()
        .find(|one| text(one, "/type") == kind)
}

/// Whether the condition of a type is True.
pub(super) fn condition_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|one| text(one, "/status") == "True")
}

/// A random version-4 UUID.
pub(super) fn new_uid() -> String {
    let high = fastrand::u64(..);
    let low = fastrand::u64(..);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

/// The API server's random suffix of generated names.
pub(super) fn suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..5)
        .map(|_| char::from(LETTERS[fastrand::usize(..LETTERS.len())]))
        .collect()
}

/// A generated name: the base cut to 58 bytes, then five random characters.
pub(super) fn generated_name(base: &str) -> String {
    let mut cut = base.len().min(58);
    while !base.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}{}", &base[..cut], suffix())
}
