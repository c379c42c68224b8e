//! Protobuf bodies: kubectl's `create job|namespace|secret|configmap|quota|role…` and `auth can-i` send nothing else.
//!
//! Answers are JSON, which these clients accept too. The tables hold the fields that those commands can set (field numbers
//! from the `generated.proto` files of k8s.io/api); a field that is not in them and not empty is refused, never dropped.

use base64::Engine as _;
use serde_json::{Map, Value, json};

use super::failure::Failure;

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// What every encoded object starts with.
const MAGIC: &[u8] = b"k8s\0";

type Message = &'static [(u64, &'static str, Type)];

/// The type of a field.
#[derive(Clone, Copy)]
enum Type {
    /// An empty string is an absent one.
    Text,
    /// A pointer: zero is a value.
    Number,
    /// Zero is absent.
    Count,
    Flag,
    Message(Message),
    Texts,
    Messages(Message),
    TextMap,
    BytesMap,
    QuantityMap,
    Time,
}

use Type::{BytesMap, Count, Flag, Messages, Number, QuantityMap, Text, TextMap, Texts, Time};

const OWNER: Message = &[
    (1, "kind", Text),
    (3, "name", Text),
    (4, "uid", Text),
    (5, "apiVersion", Text),
    (6, "controller", Flag),
    (7, "blockOwnerDeletion", Flag),
];
const METADATA: Message = &[
    (1, "name", Text),
    (2, "generateName", Text),
    (3, "namespace", Text),
    (5, "uid", Text),
    (6, "resourceVersion", Text),
    (7, "generation", Count),
    (8, "creationTimestamp", Time),
    (11, "labels", TextMap),
    (12, "annotations", TextMap),
    (13, "ownerReferences", Messages(OWNER)),
    (14, "finalizers", Texts),
];
const ENV: Message = &[(1, "name", Text), (2, "value", Text)];
const PORT: Message = &[
    (1, "name", Text),
    (2, "hostPort", Count),
    (3, "containerPort", Count),
    (4, "protocol", Text),
];
const RESOURCES: Message = &[(1, "limits", QuantityMap), (2, "requests", QuantityMap)];
const CONTAINER: Message = &[
    (1, "name", Text),
    (2, "image", Text),
    (3, "command", Texts),
    (4, "args", Texts),
    (5, "workingDir", Text),
    (6, "ports", Messages(PORT)),
    (7, "env", Messages(ENV)),
    (8, "resources", Type::Message(RESOURCES)),
    (13, "terminationMessagePath", Text),
    (14, "imagePullPolicy", Text),
    (16, "stdin", Flag),
    (18, "tty", Flag),
    (20, "terminationMessagePolicy", Text),
];
const REFERENCE: Message = &[(1, "name", Text)];
const POD_SPEC: Message = &[
    (2, "containers", Messages(CONTAINER)),
    (3, "restartPolicy", Text),
    (4, "terminationGracePeriodSeconds", Number),
    (5, "activeDeadlineSeconds", Number),
    (6, "dnsPolicy", Text),
    (7, "nodeSelector", TextMap),
    (8, "serviceAccountName", Text),
    (9, "serviceAccount", Text),
    (10, "nodeName", Text),
    (16, "hostname", Text),
    (15, "imagePullSecrets", Messages(REFERENCE)),
    (19, "schedulerName", Text),
    (20, "initContainers", Messages(CONTAINER)),
];
const TEMPLATE: Message = &[
    (1, "metadata", Type::Message(METADATA)),
    (2, "spec", Type::Message(POD_SPEC)),
];
const REQUIREMENT: Message = &[
    (1, "key", Text),
    (2, "operator", Text),
    (3, "values", Texts),
];
const SELECTOR: Message = &[
    (1, "matchLabels", TextMap),
    (2, "matchExpressions", Messages(REQUIREMENT)),
];
const JOB_SPEC: Message = &[
    (1, "parallelism", Number),
    (2, "completions", Number),
    (3, "activeDeadlineSeconds", Number),
    (4, "selector", Type::Message(SELECTOR)),
    (5, "manualSelector", Flag),
    (6, "template", Type::Message(TEMPLATE)),
    (7, "backoffLimit", Number),
    (8, "ttlSecondsAfterFinished", Number),
    (9, "completionMode", Text),
    (10, "suspend", Flag),
    (12, "backoffLimitPerIndex", Number),
    (13, "maxFailedIndexes", Number),
    (14, "podReplacementPolicy", Text),
    (15, "managedBy", Text),
];
const JOB: Message = &[
    (1, "metadata", Type::Message(METADATA)),
    (2, "spec", Type::Message(JOB_SPEC)),
];
const ONLY_METADATA: Message = &[(1, "metadata", Type::Message(METADATA))];
const SECRET: Message = &[
    (1, "metadata", Type::Message(METADATA)),
    (2, "data", BytesMap),
    (3, "type", Text),
    (4, "stringData", TextMap),
    (5, "immutable", Flag),
];
const CONFIG_MAP: Message = &[
    (1, "metadata", Type::Message(METADATA)),
    (2, "data", TextMap),
    (3, "binaryData", BytesMap),
    (4, "immutable", Flag),
];
const QUOTA_SPEC: Message = &[(1, "hard", QuantityMap), (2, "scopes", Texts)];
const QUOTA: Message = &[
    (1, "metadata", Type::Message(METADATA)),
    (2, "spec", Type::Message(QUOTA_SPEC)),
];
const RULE: Message = &[
    (1, "verbs", Texts),
    (2, "apiGroups", Texts),
    (3, "resources", Texts),
    (4, "resourceNames", Texts),
    (5, "nonResourceURLs", Texts),
];
const ROLE: Message = &[
    (1, "metadata", Type::Message(METADATA)),
    (2, "rules", Messages(RULE)),
];
const SUBJECT: Message = &[
    (1, "kind", Text),
    (2, "apiGroup", Text),
    (3, "name", Text),
    (4, "namespace", Text),
];
const ROLE_REFERENCE: Message = &[(1, "apiGroup", Text), (2, "kind", Text), (3, "name", Text)];
const BINDING: Message = &[
    (1, "metadata", Type::Message(METADATA)),
    (2, "subjects", Messages(SUBJECT)),
    (3, "roleRef", Type::Message(ROLE_REFERENCE)),
];
const RESOURCE_ATTRIBUTES: Message = &[
    (1, "namespace", Text),
    (2, "verb", Text),
    (3, "group", Text),
    (4, "version", Text),
    (5, "resource", Text),
    (6, "subresource", Text),
    (7, "name", Text),
];
const PATH_ATTRIBUTES: Message = &[(1, "path", Text), (2, "verb", Text)];
const ACCESS_SPEC: Message = &[
    (1, "resourceAttributes", Type::Message(RESOURCE_ATTRIBUTES)),
    (2, "nonResourceAttributes", Type::Message(PATH_ATTRIBUTES)),
];
const ACCESS: Message = &[
    (1, "metadata", Type::Message(METADATA)),
    (2, "spec", Type::Message(ACCESS_SPEC)),
];
const RULES_SPEC: Message = &[(1, "namespace", Text)];
const RULES: Message = &[
    (1, "metadata", Type::Message(METADATA)),
    (2, "spec", Type::Message(RULES_SPEC)),
];

fn message_of(kind: &str) -> Option<Message> {
    Some(match kind {
        "Job" => JOB,
        "Namespace" | "ServiceAccount" | "SelfSubjectReview" => ONLY_METADATA,
        "Secret" => SECRET,
        "ConfigMap" => CONFIG_MAP,
        "ResourceQuota" => QUOTA,
        "Role" | "ClusterRole" => ROLE,
        "RoleBinding" | "ClusterRoleBinding" => BINDING,
        "SelfSubjectAccessReview" => ACCESS,
        "SelfSubjectRulesReview" => RULES,
        _ => return None,
    })
}

/// Decodes an object into its JSON form.
pub(super) fn decode(body: &[u8]) -> Result<Value, Failure> {
    let broken = || {
        Failure::bad_request("error decoding request body: the protobuf is cut short or malformed")
    };
    let body = body.strip_prefix(MAGIC).ok_or_else(broken)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (number, field) in fields(body).ok_or_else(broken)? {
        match (number, field) {
            (1, Field::Bytes(bytes)) => {
                for (number, field) in fields(bytes).ok_or_else(broken)? {
                    match (number, field) {
                        (1, Field::Bytes(text)) => api_version = text_of(text),
                        (2, Field::Bytes(text)) => kind = text_of(text),
                        _ => {}
                    }
                }
            }
            (2, Field::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let message = message_of(&kind).ok_or_else(|| {
        Failure::new(
            415,
            "UnsupportedMediaType",
            format!("the sandbox reads no {kind} in protobuf: send JSON"),
        )
    })?;
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), json!(api_version));
    object.insert("kind".to_owned(), json!(kind));
    for (key, value) in read(raw, message).map_err(|unknown| {
        unknown.map_or_else(broken, |number| {
            Failure::new(
                415,
                "UnsupportedMediaType",
                format!("the sandbox does not know field {number} of a message in this {kind} in protobuf: send JSON"),
            )
        })
    })? {
        object.insert(key, value);
    }
    Ok(Value::Object(object))
}

enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let field = match tag & 7 {
            0 => Field::Varint(varint(&mut bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Field::Bytes(content)
            }
            _ => return None,
        };
        fields.push((tag >> 3, field));
    }
    Some(fields)
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads a message. `Err(Some(n))` is a field that is not in the table, `Err(None)` a malformed message.
fn read(bytes: &[u8], message: Message) -> Result<Map<String, Value>, Option<u64>> {
    let mut object = Map::new();
    for (number, field) in fields(bytes).ok_or(None)? {
        let Some((_, name, kind)) = message.iter().find(|(one, ..)| *one == number) else {
            // Fields that are no pointers are sent even when they are empty.
            match field {
                Field::Varint(0) | Field::Bytes([]) => continue,
                Field::Bytes(bytes) if is_empty(bytes) => continue,
                _ => return Err(Some(number)),
            }
        };
        put(&mut object, name, *kind, &field)?;
    }
    Ok(object)
}

/// A message all of whose fields are empty.
fn is_empty(bytes: &[u8]) -> bool {
    fields(bytes).is_some_and(|fields| {
        fields.iter().all(|(_, field)| match field {
            Field::Varint(number) => *number == 0,
            Field::Bytes(bytes) => bytes.is_empty() || is_empty(bytes),
        })
    })
}

fn put(
    object: &mut Map<String, Value>,
    name: &str,
    kind: Type,
    field: &Field<'_>,
) -> Result<(), Option<u64>> {
    let value = match (kind, field) {
        (Text, Field::Bytes([])) | (Count, Field::Varint(0)) | (Time, _) => return Ok(()),
        (Text, Field::Bytes(bytes)) => json!(text_of(bytes)),
        (Number | Count, Field::Varint(number)) => json!(number.cast_signed()),
        (Flag, Field::Varint(number)) => json!(*number != 0),
        (Type::Message(message), Field::Bytes(bytes)) => {
            let inner = read(bytes, message)?;
            if inner.is_empty() && name != "metadata" {
                return Ok(());
            }
            Value::Object(inner)
        }
        (Texts, Field::Bytes(bytes)) => return push(object, name, json!(text_of(bytes))),
        (Messages(message), Field::Bytes(bytes)) => {
            let inner = Value::Object(read(bytes, message)?);
            return push(object, name, inner);
        }
        (TextMap | BytesMap | QuantityMap, Field::Bytes(bytes)) => {
            let (mut key, mut value) = (String::new(), json!(""));
            for (number, field) in fields(bytes).ok_or(None)? {
                match (number, field) {
                    (1, Field::Bytes(text)) => key = text_of(text),
                    (2, Field::Bytes(content)) => {
                        value = match kind {
                            BytesMap => {
                                json!(base64::engine::general_purpose::STANDARD.encode(content))
                            }
                            QuantityMap => read(content, &[(1, "string", Text)])?
                                .remove("string")
                                .unwrap_or_default(),
                            _ => json!(text_of(content)),
                        };
                    }
                    _ => return Err(None),
                }
            }
            object.entry(name).or_insert_with(|| json!({}))[key] = value;
            return Ok(());
        }
        _ => return Err(None),
    };
    object.insert(name.to_owned(), value);
    Ok(())
}

fn push(object: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), Option<u64>> {
    object
        .entry(name)
        .or_insert_with(|| json!([]))
        .as_array_mut()
        .ok_or(None)?
        .push(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut all = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        all.extend(bytes);
        all
    }

    fn secret() -> Vec<u8> {
        let metadata = field(1, &field(1, b"s"));
        let data = field(2, &[field(1, b"key"), field(2, b"value")].concat());
        let type_meta = [field(1, b"v1"), field(2, b"Secret")].concat();
        [
            MAGIC.to_vec(),
            field(1, &type_meta),
            field(2, &[metadata, data].concat()),
        ]
        .concat()
    }

    #[test]
    fn an_object_is_decoded() {
        let expected = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"key": "dmFsdWU="}});
        assert_eq!(decode(&secret()).unwrap(), expected);
    }

    #[test]
    fn cut_and_broken_bytes_are_refused() {
        let whole = secret();
        for length in 0..whole.len() {
            // Must not panic; a cut between two fields may even be an object.
            drop(decode(&whole[..length]));
        }
        for place in MAGIC.len()..whole.len() {
            let mut broken = whole.clone();
            broken[place] ^= 0xff;
            drop(decode(&broken));
        }
        assert_eq!(decode(b"{}").unwrap_err().code, 400);
    }
}
