//! Faults on demand, and the record of requests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::request::Request;

/// What a rule does to a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WatchFault {
    /// An ERROR event with 410 Expired, then the end.
    Expire,
    /// The stream stays open and says nothing more.
    Stop,
    /// The stream ends.
    End,
}

/// What a rule does. Fields may be combined: a delay before a status, for example.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Action {
    /// Answer with this HTTP status and write nothing.
    pub(super) status: Option<u16>,
    /// `Retry-After` in seconds, with `status`.
    pub(super) retry_after: Option<u64>,
    /// Wait this many milliseconds before the request is carried out.
    pub(super) delay: Option<u64>,
    /// Wait this many milliseconds after it is carried out, before the answer.
    pub(super) delay_after: Option<u64>,
    /// Close the connection without carrying the request out.
    #[serde(default)]
    pub(super) cut: bool,
    /// Carry the request out, then close the connection without an answer.
    #[serde(default)]
    pub(super) lose_answer: bool,
    /// Carry a create out without this label, as where an admission policy takes it away.
    pub(super) drop_label: Option<String>,
    /// Answer a list with nothing, as a cache does that is far behind.
    #[serde(default)]
    pub(super) empty: bool,
    /// Break watches, running ones too.
    pub(super) watch: Option<WatchFault>,
}

/// One rule; what is left out matches everything.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rule {
    method: Option<String>,
    /// Any part of the path and its query.
    path: Option<String>,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    verb: Option<String>,
    /// Plural name, such as `jobs`.
    resource: Option<String>,
    /// The bearer token of the request.
    token: Option<String>,
    /// Whether it is a dry run. Where this is left out a dry run meets only those rules that take a label, as a policy would.
    dry_run: Option<bool>,
    /// Let this many matching requests through first.
    #[serde(default)]
    after: u64,
    /// Act this often; always when left out.
    count: Option<u64>,
    action: Action,
    #[serde(skip)]
    seen: u64,
    #[serde(skip)]
    used: u64,
}

impl Rule {
    fn matches(&self, request: &Request) -> bool {
        let resource = request
            .target
            .as_ref()
            .map(|target| target.definition.plural);
        self.method
            .as_deref()
            .is_none_or(|method| method.eq_ignore_ascii_case(request.method.as_str()))
            && self
                .path
                .as_deref()
                .is_none_or(|path| request.uri.contains(path))
            && self
                .verb
                .as_deref()
                .is_none_or(|verb| verb == request.verb.text())
            && self
                .resource
                .as_deref()
                .is_none_or(|wanted| resource == Some(wanted))
            && self
                .token
                .as_deref()
                .is_none_or(|token| request.authorization.strip_prefix("Bearer ") == Some(token))
            && self.meets_dry_run(request.dry_run().unwrap_or_default())
            && (self.action.watch.is_none() || request.verb == super::request::Verb::Watch)
    }

    fn meets_dry_run(&self, is_dry: bool) -> bool {
        match self.dry_run {
            Some(wanted) => wanted == is_dry,
            None => !is_dry || self.action.drop_label.is_some(),
        }
    }

    /// The HTTP status that the rule answers with.
    pub(super) fn status(&self) -> Option<u16> {
        self.action.status
    }

    /// Counts a matching request; true when the rule acts on it.
    fn take(&mut self) -> bool {
        self.seen += 1;
        let acts = self.seen > self.after && self.count.is_none_or(|count| self.used < count);
        self.used += u64::from(acts);
        acts
    }
}

/// The rules in force.
#[derive(Debug)]
pub(super) struct Faults {
    rules: Mutex<Vec<Rule>>,
    news: watch::Sender<u64>,
}

impl Faults {
    pub(super) fn new() -> Self {
        Self {
            rules: Mutex::new(Vec::new()),
            news: watch::Sender::new(0),
        }
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told when rules are added.
    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(super) fn add(&self, rules: Vec<Rule>) {
        self.rules().extend(rules);
        self.news.send_modify(|count| *count += 1);
    }

    pub(super) fn clear(&self) {
        self.rules().clear();
    }

    /// The first rule that acts on a request.
    pub(super) fn take(&self, request: &Request) -> Action {
        let mut action = None;
        for rule in self.rules().iter_mut().filter(|rule| rule.matches(request)) {
            if action.is_none() && rule.take() {
                action = Some(rule.action.clone());
            }
        }
        action.unwrap_or_default()
    }

    /// What new rules do to a watch that already runs.
    pub(super) fn take_for_watch(&self, request: &Request) -> Option<WatchFault> {
        let mut rules = self.rules();
        rules
            .iter_mut()
            .filter(|rule| rule.action.watch.is_some() && rule.matches(request))
            .find_map(|rule| rule.take().then_some(rule.action.watch).flatten())
    }
}

/// How many requests are remembered line by line.
const REMEMBERED: usize = 1000;

/// Requests since the start or the last reset.
#[derive(Debug, Default)]
pub(super) struct RequestLog(Mutex<(BTreeMap<String, u64>, VecDeque<Value>)>);

impl RequestLog {
    fn inner(&self) -> MutexGuard<'_, (BTreeMap<String, u64>, VecDeque<Value>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request as it arrives.
    pub(super) fn note(&self, request: &Request) {
        let resource = request
            .target
            .as_ref()
            .map_or("", |target| target.definition.plural);
        let dry = if request.dry_run().unwrap_or_default() {
            " (dry run)"
        } else {
            ""
        };
        let key = format!("{} {resource}{dry}", request.verb.text())
            .trim()
            .to_owned();
        let mut inner = self.inner();
        *inner.0.entry(key).or_default() += 1;
        inner.1.push_back(json!({
            "verb": request.verb.text(),
            "resource": resource,
            "method": request.method.as_str(),
            "path": request.path,
            "accept": request.accept,
            "userAgent": request.user_agent,
        }));
        if inner.1.len() > REMEMBERED {
            inner.1.pop_front();
        }
    }

    pub(super) fn json(&self) -> Value {
        let inner = self.inner();
        json!({"counts": inner.0, "last": inner.1})
    }

    pub(super) fn clear(&self) {
        *self.inner() = (BTreeMap::new(), VecDeque::new());
    }
}
