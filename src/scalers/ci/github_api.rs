//! What GitHub's REST API is asked for: repositories, runs of workflows, their jobs. [GitHub REST API, 2022-11-28]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, IF_NONE_MATCH};
use serde_json::Value;
use url::Url;

use crate::api::Secret;
use crate::scalers::client::http::{Answer, HttpClient, Request};
use crate::scalers::client::identity::github::GithubApp;
use crate::scalers::client::identity::message;
use crate::scalers::client::said::said;
use crate::scalers::{Identities, ReadError, endpoint};

/// So many items are asked for at a time, the most that GitHub gives.
const PER_PAGE: &str = "100";
/// A shorter page is the last one: servers that pass over `per_page` give so many. [KEDA `githubDefaultPerPage`]
const USUAL_PAGE: usize = 30;
/// No owner has so many repositories that can be asked in one reading.
const MOST_PAGES: usize = 100;
/// How long GitHub wants to be left alone where it does not say for how long.
const A_WHILE: SignedDuration = SignedDuration::from_mins(1);

/// The API, as one user or App sees it.
pub(super) struct Api {
    /// Without a slash at its end.
    base: Url,
    login: Login,
    client: HttpClient,
    identities: Arc<Identities>,
    now: fn() -> Timestamp,
    /// What was answered before, with `enableEtags`.
    memory: Option<Memory>,
}

/// Who asks.
pub(super) enum Login {
    Token(Secret<String>),
    App(GithubApp),
}

/// A repository's name.
struct Repository(String);

/// A run of a workflow.
pub(super) struct Run {
    pub(super) id: i64,
    pub(super) status: String,
    /// Where it runs; empty when GitHub does not say.
    pub(super) repository: String,
}

/// A job of a run.
pub(super) struct Job {
    pub(super) status: String,
    pub(super) labels: Vec<String>,
}

/// What is listed.
trait Item: Sized {
    /// The items of an answer. The error is a fragment.
    fn list(answer: &Value) -> Result<Vec<Self>, String>;

    fn store(memory: &Memory) -> &Store<Self>;
}

/// Answers by their addresses.
type Store<T> = Mutex<HashMap<String, Known<T>>>;

/// An answer that is not sent again while it is the same.
struct Known<T> {
    etag: HeaderValue,
    items: Arc<Vec<T>>,
    /// In this reading.
    used: bool,
}

#[derive(Default)]
struct Memory {
    repositories: Store<Repository>,
    runs: Store<Run>,
    jobs: Store<Job>,
}

fn each<T>(list: &Value, what: &str, item: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
    let all = list.as_array().and_then(|list| {
        let items = list.iter().map(item);
        items.collect::<Option<Vec<T>>>()
    });
    all.ok_or_else(|| format!("answered with something that is no list of {what}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Item for Repository {
    fn list(answer: &Value) -> Result<Vec<Self>, String> {
        each(answer, "repositories", |item| {
            item["name"].as_str().map(|name| Self(name.to_owned()))
        })
    }

    fn store(memory: &Memory) -> &Store<Self> {
        &memory.repositories
    }
}

impl Item for Run {
    fn list(answer: &Value) -> Result<Vec<Self>, String> {
        each(&answer["workflow_runs"], "workflow runs", |item| {
            Some(Self {
                id: item["id"].as_i64()?,
                status: text(&item["status"]),
                repository: text(&item["repository"]["name"]),
            })
        })
    }

    fn store(memory: &Memory) -> &Store<Self> {
        &memory.runs
    }
}

impl Item for Job {
    fn list(answer: &Value) -> Result<Vec<Self>, String> {
        each(&answer["jobs"], "jobs", |item| {
            let labels = match &item["labels"] {
                Value::Null => Vec::new(),
                labels => each(labels, "labels", |label| Some(label.as_str()?.to_owned())).ok()?,
            };
            Some(Self {
                status: item["status"].as_str()?.to_owned(),
                labels,
            })
        })
    }

    fn store(memory: &Memory) -> &Store<Self> {
        &memory.jobs
    }
}

/// What became of a request.
enum Got {
    Answer(Answer),
    /// It is what is known already.
    Same,
    Missing,
}

impl Api {
    pub(super) fn new(
        base: Url,
        login: Login,
        client: HttpClient,
        identities: Arc<Identities>,
        now: fn() -> Timestamp,
        etags: bool,
    ) -> Self {
        Self {
            base,
            login,
            client,
            identities,
            now,
            memory: etags.then(Memory::default),
        }
    }

    pub(super) fn place(&self) -> String {
        endpoint(self.base.as_str())
    }

    /// Names of all repositories of `owner`, which is an organisation (`orgs`) or a user (`users`).
    pub(super) async fn repositories(
        &self,
        kind: &str,
        owner: &str,
    ) -> Result<Vec<String>, ReadError> {
        let mut names = Vec::new();
        for page in 1..=MOST_PAGES {
            let page = page.to_string();
            let query = [("per_page", PER_PAGE), ("page", &page)];
            let url = self.url(&[kind, owner, "repos"], &query);
            let Some(items) = self.list::<Repository>(&url).await? else {
                return Err(ReadError::new(format!(
                    "{} answered 404 Not Found; is there such an owner, and may the token see it?",
                    endpoint(url.as_str())
                )));
            };
            names.extend(items.iter().map(|Repository(name)| name.clone()));
            if items.len() < USUAL_PAGE {
                return Ok(names);
            }
        }
        Err(ReadError::new(format!(
            "{}: {owner:?} has more than {} repositories; name those that count in parameter repos",
            self.place(),
            names.len()
        )))
    }

    /// The first hundred runs of a repository with this status, as KEDA asks for them; `None` where there is no such repository.
    pub(super) async fn runs(
        &self,
        owner: &str,
        repository: &str,
        status: &str,
    ) -> Result<Option<Arc<Vec<Run>>>, ReadError> {
        let query = [("status", status), ("per_page", PER_PAGE)];
        self.list(&self.url(&["repos", owner, repository, "actions", "runs"], &query))
            .await
    }

    /// The first hundred jobs of a run, as KEDA asks for them.
    pub(super) async fn jobs(
        &self,
        owner: &str,
        repository: &str,
        run: i64,
    ) -> Result<Arc<Vec<Job>>, ReadError> {
        let run = run.to_string();
        let path = ["repos", owner, repository, "actions", "runs", &run, "jobs"];
        let url = self.url(&path, &[("per_page", PER_PAGE)]);
        self.list(&url).await?.ok_or_else(|| {
            ReadError::new(format!(
                "{} answered 404 Not Found: the run was there a moment ago",
                endpoint(url.as_str())
            ))
        })
    }

    /// What was not asked for since the last time is forgotten.
    pub(super) fn forget_unused(&self) {
        fn forget<T>(store: &Store<T>) {
            let mut known = store.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, known| std::mem::take(&mut known.used));
        }
        if let Some(memory) = &self.memory {
            forget(&memory.repositories);
            forget(&memory.runs);
            forget(&memory.jobs);
        }
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        // An http address has a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    async fn list<T: Item>(&self, url: &Url) -> Result<Option<Arc<Vec<T>>>, ReadError> {
        let lock = |memory| {
            T::store(memory)
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let known = self.memory.as_ref().and_then(|memory| {
            let mut store = lock(memory);
            let known = store.get_mut(url.as_str())?;
            known.used = true;
            Some((known.etag.clone(), Arc::clone(&known.items)))
        });
        let (etag, known) = known.unzip();
        let answer = match (self.get(url, etag).await?, known) {
            (Got::Answer(answer), _) => answer,
            (Got::Same, Some(items)) => return Ok(Some(items)),
            (Got::Same | Got::Missing, _) => return Ok(None),
        };
        let place = endpoint(url.as_str());
        let items = serde_json::from_slice(&answer.body)
            .map_err(|_| "answered with something else than JSON".to_owned())
            .and_then(|json: Value| T::list(&json))
            .map_err(|problem| ReadError::new(format!("{place} {problem}")))?;
        let items = Arc::new(items);
        if let Some(memory) = &self.memory
            && let Some(etag) = answer.headers.get("etag")
        {
            let known = Known {
                etag: etag.clone(),
                items: Arc::clone(&items),
                used: true,
            };
            lock(memory).insert(url.to_string(), known);
        }
        Ok(Some(items))
    }

    async fn get(&self, url: &Url, etag: Option<HeaderValue>) -> Result<Got, ReadError> {
        let place = endpoint(url.as_str());
        let now = (self.now)();
        let (who, token) = match &self.login {
            Login::Token(token) => (format!("{} {}", self.base, token.expose()), token.clone()),
            Login::App(app) => {
                let token = self.identities.github(app, now).await?;
                let who = format!("{} {} {}", self.base, app.application, app.installation);
                (who, token.text)
            }
        };
        if let Some(until) = self.identities.waits(&who, now) {
            return Err(ReadError::new(format!(
                "{place} is not asked until {until}: the limit of requests is used up; a longer pollingInterval, fewer repos or enableEtags keep below it"
            )));
        }
        let mut headers = HeaderMap::new();
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| ReadError::new("a token was given that cannot be sent"))?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/vnd.github+json"),
        );
        headers.insert(
            "x-github-api-version",
            HeaderValue::from_static("2022-11-28"),
        );
        let was_known = etag.is_some();
        if let Some(etag) = etag {
            headers.insert(IF_NONE_MATCH, etag);
        }
        let request = Request {
            headers,
            ..Request::default()
        };
        let answer = self.client.send(url, request).await?;
        let until = limited(&answer, now);
        if let Some(until) = until {
            self.identities.wait(&who, until, now);
        }
        match answer.status {
            200 => return Ok(Got::Answer(answer)),
            304 if was_known => return Ok(Got::Same),
            404 => return Ok(Got::Missing),
            _ => {}
        }
        let hint = match (answer.status, until) {
            (_, Some(until)) => format!("; nothing is asked until {until}"),
            (401, None) => "; is the token valid?".to_owned(),
            (403, None) => {
                "; the token must be allowed to read the actions of the repositories".to_owned()
            }
            _ => String::new(),
        };
        Err(ReadError::new(format!(
            "{place} {}{}{hint}",
            answer.describe(),
            said(&message(&answer), &[token.expose()])
        )))
    }
}

/// Until when GitHub wants to be left alone. A used up limit is told by the last answer within it too. [GitHub docs, "Rate limits for the
/// REST API"]
fn limited(answer: &Answer, now: Timestamp) -> Option<Timestamp> {
    let number = |name: &str| answer.header(name)?.trim().parse::<i64>().ok();
    let later = |second| {
        let until = Timestamp::from_second(second).ok()?;
        (until > now).then_some(until)
    };
    if number("x-ratelimit-remaining") == Some(0)
        && let Some(until) = number("x-ratelimit-reset").and_then(later)
    {
        return Some(until);
    }
    if !matches!(answer.status, 403 | 429) {
        return None;
    }
    let seconds = number("retry-after").map(|seconds| now.as_second().saturating_add(seconds));
    if let Some(until) = seconds.and_then(later) {
        return Some(until);
    }
    let is_limit =
        answer.status == 429 || message(answer).to_ascii_lowercase().contains("rate limit");
    is_limit.then(|| now.checked_add(A_WHILE).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn until_when() {
        let now = Timestamp::from_second(1000).unwrap();
        let until = |status, headers: &[(&'static str, &str)], body: &str| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_str(value).unwrap());
            }
            let answer = Answer {
                status,
                headers: map,
                body: body.as_bytes().to_vec(),
            };
            limited(&answer, now).map(Timestamp::as_second)
        };
        let limit = |remaining, reset| {
            [
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", reset),
            ]
        };
        assert_eq!(until(403, &limit("0", "1500"), ""), Some(1500));
        assert_eq!(until(200, &limit("0", "1500"), ""), Some(1500));
        assert_eq!(until(304, &limit("0", "1500"), ""), Some(1500));
        assert_eq!(until(200, &limit("1", "1500"), ""), None);
        // It is over.
        assert_eq!(until(200, &limit("0", "1000"), ""), None);
        for wrong in ["", "x", "99999999999999999999", "-5", "9999999999999999"] {
            assert_eq!(until(200, &limit("0", wrong), ""), None, "{wrong}");
        }
        // The secondary limits.
        let after = [("retry-after", "30")];
        assert_eq!(until(403, &after, ""), Some(1030));
        assert_eq!(until(429, &after, ""), Some(1030));
        assert_eq!(until(200, &after, ""), None);
        let far = [("retry-after", "9223372036854775807")];
        assert_eq!(until(429, &far, ""), Some(1060));
        assert_eq!(until(429, &[], ""), Some(1060));
        let said = "{\"message\":\"You have exceeded a secondary rate limit.\"}";
        assert_eq!(until(403, &[], said), Some(1060));
        let said = "{\"message\":\"Resource not accessible by personal access token\"}";
        assert_eq!(until(403, &[], said), None);
    }

    #[test]
    fn lists() {
        let jobs =
            |list: Value| Job::list(&json!({"total_count": 1, "jobs": list})).map(|all| all.len());
        assert_eq!(jobs(json!([{"status": "queued", "labels": ["a"]}])), Ok(1));
        assert_eq!(
            jobs(json!([{"status": "queued"}, {"status": "queued", "labels": null}])),
            Ok(2)
        );
        for wrong in [
            json!(null),
            json!({}),
            json!([5]),
            json!([{"labels": []}]),
            json!([{"status": "queued", "labels": "a"}]),
            json!([{"status": "queued", "labels": [5]}]),
        ] {
            let error = jobs(wrong.clone()).unwrap_err();
            assert!(error.ends_with("no list of jobs"), "{wrong}");
        }
        for wrong in [
            json!({}),
            json!({"workflow_runs": [{"id": "5"}]}),
            json!([]),
        ] {
            assert!(Run::list(&wrong).is_err(), "{wrong}");
        }
        for wrong in [json!({"message": "Moved"}), json!([{"id": 5}])] {
            assert!(Repository::list(&wrong).is_err(), "{wrong}");
        }
    }
}
