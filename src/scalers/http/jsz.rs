//! What the monitoring of a NATS server tells: `/jsz` of a consumer, `/varz` of itself. [NATS docs, "Monitoring"]

use serde_json::Value;

/// Which consumer is meant.
pub(super) struct Names {
    pub(super) account: String,
    pub(super) account_id: String,
    pub(super) stream: String,
    pub(super) consumer: String,
}

impl Names {
    /// What the server is asked for.
    pub(super) fn account(&self) -> &str {
        if self.account_id.is_empty() {
            &self.account
        } else {
            &self.account_id
        }
    }

    /// Whether an account is the one. A server that does not know the account that it is asked for shows all of them.
    fn is_account(&self, account: &Value) -> bool {
        account["id"] == self.account()
            || (!self.account.is_empty() && account["name"] == self.account.as_str())
    }
}

/// What a server says of a consumer.
#[derive(Debug, PartialEq)]
pub(super) enum Counted {
    Off,
    NoAccount,
    NoStream,
    NoConsumer,
    Consumer {
        /// Those that wait, and those that are delivered and not acknowledged.
        messages: i64,
        /// The name of the server that leads it; empty where there is no cluster, or no leader.
        leader: String,
    },
}

/// An answer of `/jsz`.
#[derive(Debug, PartialEq)]
pub(super) struct Jsz {
    pub(super) server_id: String,
    /// How many servers share their `JetStream`; 0 without a cluster.
    pub(super) cluster_size: u64,
    pub(super) counted: Counted,
}

/// An answer of `/varz`.
#[derive(Debug, PartialEq)]
pub(super) struct Varz {
    pub(super) id: String,
    pub(super) name: String,
    /// Addresses of the cluster's servers that clients are told.
    pub(super) connect_urls: Vec<String>,
    /// Addresses by which the servers reach each other.
    pub(super) routes: Vec<String>,
}

impl Jsz {
    /// The error is a fragment.
    pub(super) fn of(body: &[u8], names: &Names) -> Result<Self, String> {
        let (answer, server_id) = document(body)?;
        let size = &answer["meta_cluster"]["cluster_size"];
        let cluster_size = match size {
            Value::Null => 0,
            size => size
                .as_u64()
                .ok_or("answered with a cluster_size that is no count")?,
        };
        let counted = if answer["disabled"] == true {
            Counted::Off
        } else {
            counted(&answer, names)?
        };
        Ok(Self {
            server_id,
            cluster_size,
            counted,
        })
    }
}

fn counted(answer: &Value, names: &Names) -> Result<Counted, String> {
    let named = |list: &Value, name: &str| {
        let list = list.as_array()?;
        list.iter().find(|item| item["name"] == name).cloned()
    };
    let accounts = answer["account_details"].as_array();
    let account = accounts.and_then(|all| all.iter().find(|account| names.is_account(account)));
    let Some(account) = account else {
        return Ok(Counted::NoAccount);
    };
    let Some(stream) = named(&account["stream_detail"], &names.stream) else {
        return Ok(Counted::NoStream);
    };
    let Some(consumer) = named(&stream["consumer_detail"], &names.consumer) else {
        return Ok(Counted::NoConsumer);
    };
    let part = |name: &str| {
        consumer[name]
            .as_i64()
            .filter(|count| *count >= 0)
            .ok_or_else(|| format!("answered with a {name} that is no count"))
    };
    let messages = part("num_pending")?.saturating_add(part("num_ack_pending")?);
    let leader = consumer["cluster"]["leader"].as_str().unwrap_or_default();
    Ok(Counted::Consumer {
        messages,
        leader: leader.to_owned(),
    })
}

impl Varz {
    /// The error is a fragment.
    pub(super) fn of(body: &[u8]) -> Result<Self, String> {
        let (answer, id) = document(body)?;
        let name = answer["server_name"].as_str();
        let texts = |list: &Value| -> Vec<String> {
            let list = list.as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Ok(Self {
            id,
            name: name
                .filter(|name| !name.is_empty())
                .ok_or("answered without server_name")?
                .to_owned(),
            connect_urls: texts(&answer["connect_urls"]),
            routes: texts(&answer["cluster"]["urls"]),
        })
    }
}

/// An answer, and the id of the server that gave it.
fn document(body: &[u8]) -> Result<(Value, String), String> {
    let answer: Value = serde_json::from_slice(body).map_err(
        |_| "answered with something else than JSON; is it the monitoring port of a NATS server?",
    )?;
    let id = answer["server_id"]
        .as_str()
        .ok_or("answered without server_id; is it the monitoring port of a NATS server?")?
        .to_owned();
    Ok((answer, id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names() -> Names {
        Names {
            account: "A".to_owned(),
            account_id: String::new(),
            stream: "s".to_owned(),
            consumer: "c".to_owned(),
        }
    }

    fn of(answer: &Value) -> Result<Counted, String> {
        Jsz::of(answer.to_string().as_bytes(), &names()).map(|answer| answer.counted)
    }

    #[test]
    fn what_is_counted() {
        let with = |consumer: Value| {
            let other = json!({"name": "other", "num_pending": 50, "num_ack_pending": 0});
            let stream = json!({"name": "s", "state": {"last_seq": 99}, "consumer_detail": [other, consumer]});
            json!({"server_id": "I", "account_details": [
                {"id": "B", "name": "B", "stream_detail": [stream.clone()]},
                {"id": "I-OF-A", "name": "A", "stream_detail": [{"name": "t"}, stream]},
            ]})
        };
        let consumer = |more: Value| {
            let mut consumer = json!({"name": "c", "num_pending": 5, "num_ack_pending": 2});
            for (key, value) in more.as_object().unwrap() {
                consumer[key] = value.clone();
            }
            consumer
        };
        let counted = |messages, leader: &str| {
            Ok(Counted::Consumer {
                messages,
                leader: leader.to_owned(),
            })
        };
        assert_eq!(of(&with(consumer(json!({})))), counted(7, ""));
        let led = json!({"cluster": {"leader": "n1"}, "num_ack_pending": 0});
        assert_eq!(of(&with(consumer(led))), counted(5, "n1"));
        let most = json!({"num_pending": i64::MAX});
        assert_eq!(of(&with(consumer(most))), counted(i64::MAX, ""));
        for wrong in [
            json!({"num_pending": null}),
            json!({"num_pending": -1}),
            json!({"num_pending": 1.5}),
            json!({"num_ack_pending": "2"}),
            json!({"num_pending": u64::MAX}),
        ] {
            let error = of(&with(consumer(wrong.clone()))).unwrap_err();
            assert!(error.ends_with("that is no count"), "{wrong}: {error}");
        }
        // What is not there is not there, whatever the stream holds.
        let named = json!({"name": "d", "num_pending": 5, "num_ack_pending": 2});
        assert_eq!(of(&with(named)), Ok(Counted::NoConsumer));
        let account = |more: Value| json!({"server_id": "I", "account_details": [more]});
        let empty = json!({"name": "A", "id": "x"});
        assert_eq!(of(&account(empty)), Ok(Counted::NoStream));
        let other = json!({"name": "B", "id": "x"});
        assert_eq!(of(&account(other)), Ok(Counted::NoAccount));
        assert_eq!(of(&json!({"server_id": "I"})), Ok(Counted::NoAccount));
        let off = json!({"server_id": "I", "disabled": true});
        assert_eq!(of(&off), Ok(Counted::Off));
    }

    #[test]
    fn the_account_by_its_id() {
        let names = Names {
            account: String::new(),
            account_id: "ID".to_owned(),
            ..names()
        };
        let is = |account: Value| names.is_account(&account);
        assert!(is(json!({"id": "ID", "name": "whatever"})));
        assert!(!is(json!({"id": "x", "name": "ID"})));
        assert!(!is(json!({"name": ""})));
        assert_eq!(names.account(), "ID");
    }

    #[test]
    fn what_is_no_answer() {
        for body in ["", "<html>", "[]", "{}", "5", "{\"server_id\":5}"] {
            assert!(Jsz::of(body.as_bytes(), &names()).is_err(), "{body}");
            assert!(Varz::of(body.as_bytes()).is_err(), "{body}");
        }
        let size = "{\"server_id\":\"I\",\"meta_cluster\":{\"cluster_size\":-3}}";
        assert!(Jsz::of(size.as_bytes(), &names()).is_err());
        assert!(Varz::of(b"{\"server_id\":\"I\",\"server_name\":\"\"}").is_err());
    }
}
