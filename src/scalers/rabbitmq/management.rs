//! The queue over the management API.

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::{QueueStatus, path_segment, percent_decode};
use crate::api::Secret;
use crate::scalers::client::cloud::Cloud;
use crate::scalers::client::http::{HttpClient, Request};
use crate::scalers::client::oauth::ClientCredentials;
use crate::scalers::metric::count;
use crate::scalers::params::Resolved;
use crate::scalers::{BuildError, ReadError, endpoint};

/// A queue, or the queues that a regular expression matches.
pub(super) struct Management {
    url: Url,
    credentials: Option<Secret<(String, String)>>,
    token: Option<Token>,
    /// With useRegex: how several queues become one.
    operation: Option<Operation>,
    client: HttpClient,
}

/// What goes behind `Bearer`, in the place of user and password.
pub(super) enum Token {
    OAuth(ClientCredentials),
    Azure(Cloud, fn() -> Timestamp),
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Sum,
    Average,
    Maximum,
}

impl Management {
    pub(super) fn new(
        host: &Url,
        parameters: &Resolved,
        client: HttpClient,
        token: Option<Token>,
    ) -> Result<Self, BuildError> {
        let operation = match (parameters.boolean("useRegex"), parameters.text("operation")) {
            (false, _) => None,
            (true, "sum") => Some(Operation::Sum),
            (true, "avg") => Some(Operation::Average),
            (true, "max") => Some(Operation::Maximum),
            (true, other) => {
                return Err(BuildError::new(format!(
                    "parameter operation is {other:?} and must be sum, avg or max"
                )));
            }
        };
        let credentials = if parameters.has("username") {
            Some((
                parameters.text("username").to_owned(),
                parameters.text("password").to_owned(),
            ))
        } else if host.username().is_empty() && host.password().is_none() {
            None
        } else {
            Some((
                percent_decode(host.username()),
                percent_decode(host.password().unwrap_or_default()),
            ))
        };
        Ok(Self {
            url: queue_url(host, parameters, operation.is_some()),
            credentials: credentials.filter(|_| token.is_none()).map(Secret::new),
            token,
            operation,
            client,
        })
    }

    pub(super) async fn status(&self) -> Result<QueueStatus, ReadError> {
        let place = endpoint(self.url.as_str());
        let mut request = Request {
            basic: self
                .credentials
                .as_ref()
                .map(|credentials| credentials.expose().clone()),
            ..Request::default()
        };
        let mut url = self.url.clone();
        match &self.token {
            None => {}
            Some(Token::OAuth(oauth)) => {
                request.headers.insert(
                    reqwest::header::AUTHORIZATION,
                    oauth.authorization(&self.client).await?,
                );
            }
            Some(Token::Azure(cloud, now)) => {
                cloud
                    .authorize(&mut url, &mut request.headers, None, now())
                    .await?;
            }
        }
        let answer = self.client.send(&url, request).await?;
        if answer.status != 200 {
            let hint = match answer.status {
                404 => "; is there such a queue in that vhost?",
                _ => "",
            };
            return Err(ReadError::new(format!(
                "rabbitmq {place} {}{hint}",
                answer.describe()
            )));
        }
        let status = match self.operation {
            None => one(&answer.body),
            Some(operation) => several(&answer.body, operation),
        };
        status.map_err(|error| ReadError::new(format!("rabbitmq {place} {error}")))
    }
}

/// `…/api/queues/<vhost>/<queue>`. The last segment of host's path is the vhost as it is written there (`%2F` when it is empty); what
/// stands before it stays in front.
fn queue_url(host: &Url, parameters: &Resolved, regex: bool) -> Url {
    let (base, last) = host.path().rsplit_once('/').unwrap_or_default();
    let base: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    let prefix: String = base.iter().flat_map(|part| ["/", part]).collect();
    let vhost = match (parameters.text("vhostName"), last) {
        ("", "") => "%2F".to_owned(),
        ("", last) => last.to_owned(),
        (vhost, _) => path_segment(vhost),
    };
    let queue = parameters.text("queueName");
    let mut url = host.clone();
    // Credentials travel in the request. Neither call fails on http and https.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    if regex {
        url.set_path(&format!("{prefix}/api/queues/{vhost}"));
        let size = parameters.integer("pageSize").unwrap_or_default();
        url.query_pairs_mut()
            .append_pair("page", "1")
            .append_pair("use_regex", "true")
            .append_pair("pagination", "false")
            .append_pair("name", queue)
            .append_pair("page_size", &size.to_string());
    } else {
        url.set_path(&format!(
            "{prefix}/api/queues/{vhost}/{}",
            path_segment(queue)
        ));
    }
    url
}

fn document(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|_| "answered with something else than JSON".to_owned())
}

fn one(body: &[u8]) -> Result<QueueStatus, String> {
    queue(&document(body)?)
}

/// A queue's numbers. A queue that has just been declared has none yet, which is 0; what has no name is no queue.
fn queue(json: &Value) -> Result<QueueStatus, String> {
    if !json["name"].is_string() {
        return Err("answered with something that is no queue".to_owned());
    }
    let number = |value: &Value| match value {
        Value::Null => Ok(0),
        value => value
            .as_i64()
            .ok_or_else(|| "answered with a message count that is no whole number".to_owned()),
    };
    let rate = |name: &str| {
        json["message_stats"][name]["rate"]
            .as_f64()
            .unwrap_or_default()
    };
    Ok(QueueStatus {
        messages: number(&json["messages"])?,
        ready: number(&json["messages_ready"])?,
        publish_rate: rate("publish_details"),
        deliver_get_rate: rate("deliver_get_details"),
    })
}

/// Queues that match, combined. No match is 0, as in KEDA.
fn several(body: &[u8], operation: Operation) -> Result<QueueStatus, String> {
    let document = document(body)?;
    let items = document["items"]
        .as_array()
        .ok_or("answered with something that is no list of queues")?;
    if document["page_count"]
        .as_i64()
        .is_some_and(|pages| pages > 1)
    {
        return Err("has more matching queues than one page holds; raise pageSize".to_owned());
    }
    let queues = items.iter().map(queue).collect::<Result<Vec<_>, _>>()?;
    let combine = |one: QueueStatus, other: &QueueStatus| match operation {
        Operation::Sum | Operation::Average => QueueStatus {
            messages: one.messages.saturating_add(other.messages),
            ready: one.ready.saturating_add(other.ready),
            publish_rate: one.publish_rate + other.publish_rate,
            deliver_get_rate: one.deliver_get_rate + other.deliver_get_rate,
        },
        Operation::Maximum => QueueStatus {
            messages: one.messages.max(other.messages),
            ready: one.ready.max(other.ready),
            publish_rate: one.publish_rate.max(other.publish_rate),
            deliver_get_rate: one.deliver_get_rate.max(other.deliver_get_rate),
        },
    };
    let combined = queues.iter().fold(QueueStatus::default(), combine);
    let length = i64::try_from(queues.len()).unwrap_or(i64::MAX);
    Ok(match operation {
        // KEDA divides counts as integers and rates as floats.
        Operation::Average if length > 0 => QueueStatus {
            messages: combined.messages / length,
            ready: combined.ready / length,
            publish_rate: combined.publish_rate / count(length),
            deliver_get_rate: combined.deliver_get_rate / count(length),
        },
        _ => combined,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn queues() {
        let queue = json!({"name": "q", "messages": 7, "messages_ready": 5,
            "message_stats": {"publish_details": {"rate": 1.5}, "deliver_get_details": {"rate": 0.5}}});
        let wanted = QueueStatus {
            messages: 7,
            ready: 5,
            publish_rate: 1.5,
            deliver_get_rate: 0.5,
        };
        assert_eq!(one(queue.to_string().as_bytes()), Ok(wanted));
        assert_eq!(one(b"{\"name\":\"new\"}"), Ok(QueueStatus::default()));
        for body in [
            "{}",
            "[]",
            "<html>",
            "",
            "{\"name\":\"q\",\"messages\":\"7\"}",
        ] {
            assert!(one(body.as_bytes()).is_err(), "{body}");
        }
        let other = json!({"name": "r", "messages": 2, "messages_ready": 2});
        let page = json!({"items": [queue, other], "page_count": 1}).to_string();
        let messages = |operation| several(page.as_bytes(), operation).unwrap().messages;
        assert_eq!(messages(Operation::Sum), 9);
        assert_eq!(messages(Operation::Average), 4);
        assert_eq!(messages(Operation::Maximum), 7);
        let rates = several(page.as_bytes(), Operation::Average).unwrap();
        assert!((rates.publish_rate - 0.75).abs() < f64::EPSILON);
        let none = several(b"{\"items\":[],\"page_count\":0}", Operation::Average);
        assert_eq!(none, Ok(QueueStatus::default()));
        for body in ["{}", "{\"items\":[{}]}", "{\"items\":[],\"page_count\":2}"] {
            assert!(several(body.as_bytes(), Operation::Sum).is_err(), "{body}");
        }
    }
}
