//! Logs of pods: a line when the container started, a line when it ended; `follow` waits for the second.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::failure::Failure;
use super::request::{Request, Target};
use super::server::plain;
use super::{Shared, object, read};

/// Answers `GET …/pods/NAME/log`.
pub(super) fn answer(
    shared: &Arc<Shared>,
    request: &Request,
    target: &Target,
) -> Result<Response, Failure> {
    let (pod, news) = {
        let store = shared.store();
        (read::get(&store, target)?, store.news())
    };
    let name = object::name(&pod);
    let containers = object::list(&pod, "/spec/containers");
    let wanted = request
        .query("container")
        .filter(|wanted| !wanted.is_empty());
    let container = match wanted {
        Some(wanted) => containers
            .iter()
            .find(|one| object::text(one, "/name") == wanted),
        None if containers.len() > 1 => {
            let names: Vec<&str> = containers
                .iter()
                .map(|one| object::text(one, "/name"))
                .collect();
            return Err(Failure::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                names.join(" ")
            )));
        }
        None => containers.first(),
    };
    let Some(container) = container.map(|one| object::text(one, "/name").to_owned()) else {
        return Err(Failure::bad_request(format!(
            "container {} is not valid for pod {name}",
            wanted.unwrap_or_default()
        )));
    };
    if object::text(&pod, "/status/phase") == "Pending" {
        return Err(Failure::bad_request(format!(
            "container {container:?} in pod {name:?} is waiting to start: ContainerCreating"
        )));
    }
    let mut lines = vec![format!(
        "{container} of pod {name} started in the sandbox, which runs no image\n"
    )];
    let end = last_line(&pod);
    let follow = end.is_none() && request.asks("follow");
    lines.extend(end.map(str::to_owned));
    if let Some(tail) = request
        .query("tailLines")
        .and_then(|text| text.parse::<usize>().ok())
    {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let text = lines.concat();
    if !follow {
        return Ok(plain(StatusCode::OK, &text));
    }
    let uid = object::uid(&pod).to_owned();
    let shared = Arc::clone(shared);
    let rest =
        futures::stream::once(async move { Ok(Bytes::from(end_of(&shared, news, &uid).await)) });
    let first = futures::stream::once(async move { io::Result::Ok(Bytes::from(text)) });
    Ok(Response::new(Body::from_stream(futures::StreamExt::chain(
        first, rest,
    ))))
}

fn last_line(pod: &Value) -> Option<&'static str> {
    match object::text(pod, "/status/phase") {
        "Succeeded" => Some("done\n"),
        "Failed" => Some("failed\n"),
        _ => None,
    }
}

/// Waits until a pod has ended or is gone.
async fn end_of(
    shared: &Shared,
    mut news: tokio::sync::watch::Receiver<u64>,
    uid: &str,
) -> &'static str {
    loop {
        news.mark_unchanged();
        match shared.store().by_uid(uid) {
            None => return "",
            Some((_, pod)) => {
                if let Some(line) = last_line(&pod) {
                    return line;
                }
            }
        }
        if news.changed().await.is_err() {
            return "";
        }
    }
}
