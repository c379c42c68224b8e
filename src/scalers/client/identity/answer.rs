//! Answers of token servers: what they give, and what they say when they give nothing.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Token;
use super::cache::Expiring;
use crate::api::Secret;
use crate::scalers::ReadError;
use crate::scalers::client::http::Answer;
use crate::scalers::client::said::said;

/// The `message` of a refusal, as GitHub and Azure DevOps give one.
pub(crate) fn message(answer: &Answer) -> String {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    json["message"].as_str().unwrap_or_default().to_owned()
}

/// The token of an OAuth answer. [RFC 6749 §5.1, §5.2]
pub(super) fn token(
    place: &str,
    answer: &Answer,
    now: Timestamp,
    secrets: &[&str],
) -> Result<Expiring<Token>, ReadError> {
    let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
    if !(200..300).contains(&answer.status) {
        let text = json.map(|json| {
            [&json["error"], &json["error_description"]]
                .into_iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(": ")
        });
        return Err(ReadError::new(format!(
            "{place} {}{}",
            answer.describe(),
            said(&text.unwrap_or_default(), secrets)
        )));
    }
    let json = json
        .ok_or_else(|| ReadError::new(format!("{place} answered with something else than JSON")))?;
    let text = json["access_token"]
        .as_str()
        .filter(|text| is_token(text))
        .ok_or_else(|| ReadError::new(format!("{place} gave no access_token")))?;
    // Some servers write the number as a text.
    let seconds = json["expires_in"]
        .as_i64()
        .or_else(|| json["expires_in"].as_str()?.parse().ok());
    Ok(Expiring {
        value: Token {
            text: Secret::new(text.to_owned()),
            project: None,
        },
        expires: seconds
            .and_then(|seconds| now.checked_add(SignedDuration::from_secs(seconds)).ok()),
    })
}

/// Whether a text can be sent behind `Bearer`.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
