//! The sandbox's own endpoints: `/sandbox/queue`, `/sandbox/faults`, `/sandbox/requests`, `/sandbox/compact`.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::Shared;
use super::failure::Failure;
use super::faults::Rule;
use super::queue;
use super::request::Request;
use super::server::{failed, ok};

/// Answers a request below `/sandbox/`.
pub(super) fn answer(shared: &Shared, request: &Request, bytes: &[u8]) -> Response {
    match run(shared, request, bytes) {
        Ok(value) => ok(&value),
        Err(failure) => failed(&failure),
    }
}

fn run(shared: &Shared, request: &Request, bytes: &[u8]) -> Result<Value, Failure> {
    let queue = |items: queue::State| json!({"items": items.items, "taken": items.taken, "added": items.added});
    match (request.method.as_str(), request.path.trim_end_matches('/')) {
        ("GET", "/sandbox/queue") => Ok(queue(shared.queue.read())),
        ("POST", "/sandbox/queue") => Ok(queue(shared.queue.change(decode(bytes)?))),
        ("POST", "/sandbox/faults") => {
            let rules: Vec<Rule> = decode(bytes)?;
            if let Some(code) = rules
                .iter()
                .filter_map(super::faults::Rule::status)
                .find(|code| StatusCode::from_u16(*code).is_err() || *code < 200)
            {
                return Err(Failure::bad_request(format!(
                    "action.status {code} is no HTTP status of an answer"
                )));
            }
            let count = rules.len();
            shared.faults.add(rules);
            Ok(json!({"added": count}))
        }
        ("DELETE", "/sandbox/faults") => {
            shared.faults.clear();
            Ok(json!({}))
        }
        ("GET", "/sandbox/requests") => Ok(shared.requests.json()),
        ("DELETE", "/sandbox/requests") => {
            shared.requests.clear();
            Ok(json!({}))
        }
        ("POST", "/sandbox/compact") => {
            shared.store().compact();
            Ok(json!({"resourceVersion": shared.store().revision().to_string()}))
        }
        _ => Err(Failure::unknown_path()),
    }
}

fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| Failure::bad_request(error.to_string()))
}
