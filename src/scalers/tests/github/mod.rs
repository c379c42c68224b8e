//! `github-runner` beside a GitHub of a few lines, made after the published REST description.

mod logins;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::fake::{
    Cluster, Objects, Seen, answer, flat, job, options, read_with, serve_by, serve_pages, trigger,
};
use crate::api::reading::{MetricTarget, ReadingOutcome};
use crate::scalers::{Built, ReadOptions, Scaler, build};

fn ok(body: &Value) -> String {
    answer(200, &body.to_string())
}

/// An answer with more headers.
fn with(headers: &str, status: u16, body: &str) -> String {
    answer(status, body).replacen("\r\n", &format!("\r\n{headers}\r\n"), 1)
}

fn repositories(names: &[&str]) -> String {
    let one = |name: &&str| json!({"id": 1, "name": name, "full_name": format!("o/{name}"), "private": true});
    ok(&json!(names.iter().map(one).collect::<Vec<_>>()))
}

/// Runs with these ids and statuses.
fn runs(repository: &str, all: &[(i64, &str)]) -> String {
    let one = |(id, status): &(i64, &str)| json!({"id": id, "name": "CI", "status": status, "conclusion": null, "repository": {"id": 1, "name": repository}});
    let list: Vec<_> = all.iter().map(one).collect();
    ok(&json!({"total_count": list.len(), "workflow_runs": list}))
}

/// Jobs with these statuses and labels.
fn jobs(all: &[(&str, &[&str])]) -> String {
    let one = |(status, labels): &(&str, &[&str])| json!({"id": 5, "status": status, "conclusion": null, "labels": labels, "runner_id": null});
    let list: Vec<_> = all.iter().map(one).collect();
    ok(&json!({"total_count": list.len(), "jobs": list}))
}

/// So many jobs that any runner takes.
fn queued(count: usize) -> String {
    jobs(&vec![("queued", &[][..]); count])
}

const QUEUED: &str = "/repos/o/r/actions/runs?status=queued&per_page=100";
const RUNNING: &str = "/repos/o/r/actions/runs?status=in_progress&per_page=100";
const JOBS: &str = "/repos/o/r/actions/runs/7/jobs?per_page=100";

/// One queued run with these jobs.
fn one_run(all: &[(&str, &[&str])]) -> Vec<(&'static str, String)> {
    vec![
        (QUEUED, runs("r", &[(7, "queued")])),
        (RUNNING, runs("r", &[])),
        (JOBS, jobs(all)),
    ]
}

const BASE: [(&str, &str); 3] = [("owner", "o"), ("runnerScope", "repo"), ("repos", "r")];
const TOKEN: [(&str, &str); 1] = [("personalAccessToken", "hunter2-token")];

async fn read(
    api: &str,
    metadata: &[(&str, &str)],
    auth: &[(&str, &str)],
    options: &ReadOptions,
) -> Result<(f64, bool), String> {
    let metadata = [&[("githubApiURL", api)], metadata].concat();
    let trigger = trigger(0, "github-runner", &metadata, true);
    let objects = Objects::new(auth);
    let mut readings = read_with(vec![trigger], &objects, Cluster::default(), options).await;
    let read = flat(readings.remove(0).outcome);
    if let Err(error) = &read {
        for secret in ["hunter2", "PRIVATE KEY"] {
            assert!(!error.contains(secret), "{error}");
        }
    }
    read
}

/// What is read of these pages with a token.
async fn of(
    pages: Vec<(&str, String)>,
    metadata: &[(&str, &str)],
) -> (Result<(f64, bool), String>, Vec<String>) {
    let (api, _, seen) = serve_pages(pages).await;
    let read = read(&api, metadata, &TOKEN, &options()).await;
    let seen = seen.lock().unwrap().clone();
    (read, seen)
}

#[tokio::test]
async fn which_jobs_a_runner_takes() {
    let all: &[(&str, &[&str])] = &[
        ("queued", &["self-hosted", "linux", "x64"]),
        ("in_progress", &["Self-Hosted", "X64"]),
        ("queued", &["self-hosted", "GPU"]),
        ("queued", &["ubuntu-latest"]),
        ("queued", &[]),
        ("completed", &["self-hosted"]),
        ("waiting", &["self-hosted"]),
    ];
    let flag = |name| (name, "true");
    for (more, wanted) in [
        (vec![], 3.0),
        (vec![("labels", "gpu")], 4.0),
        (vec![("labels", "gpu,ubuntu-latest")], 5.0),
        (vec![flag("noDefaultLabels")], 1.0),
        (
            vec![flag("noDefaultLabels"), ("labels", "ubuntu-latest")],
            2.0,
        ),
        (
            vec![flag("noDefaultLabels"), ("labels", "SELF-HOSTED,gpu")],
            2.0,
        ),
        (vec![flag("matchUnlabeledJobsWithUnlabeledRunners")], 3.0),
        (
            vec![
                flag("matchUnlabeledJobsWithUnlabeledRunners"),
                ("labels", "gpu"),
            ],
            3.0,
        ),
    ] {
        let metadata = [&BASE[..], &more].concat();
        let (read, _) = of(one_run(all), &metadata).await;
        assert_eq!(read, Ok((wanted, true)), "{more:?}");
    }
}

/// Active is what reaches the target, not what exceeds 0.
#[tokio::test]
async fn active_from_the_target_on() {
    let two: &[(&str, &[&str])] = &[("queued", &[]), ("queued", &[])];
    for (target, active) in [("1", true), ("2", true), ("3", false)] {
        let metadata = [&BASE[..], &[("targetWorkflowQueueLength", target)]].concat();
        let (read, _) = of(one_run(two), &metadata).await;
        assert_eq!(read, Ok((2.0, active)), "{target}");
    }
    let (read, _) = of(one_run(&[]), &BASE).await;
    assert_eq!(read, Ok((0.0, false)));
    let (api, _, _) = serve_pages(one_run(two)).await;
    let metadata = [&[("githubApiURL", api.as_str())], &BASE[..]].concat();
    let trigger = trigger(3, "github-runner", &metadata, true);
    let objects = Objects::new(&TOKEN);
    let mut readings = read_with(vec![trigger], &objects, Cluster::default(), &options()).await;
    let ReadingOutcome::Read(readings) = readings.remove(0).outcome else {
        panic!("not read");
    };
    assert_eq!(readings[0].metric, "s3-github-runner-o");
    assert_eq!(readings[0].target, MetricTarget::AverageValue(1.0));
}

#[tokio::test]
async fn what_is_asked_and_how() {
    let pages = vec![
        // A run that went on between two answers, and one that is over.
        (QUEUED, runs("r", &[(7, "in_progress"), (8, "completed")])),
        // The repository was renamed.
        (RUNNING, runs("new", &[(9, "in_progress")])),
        (JOBS, jobs(&[("queued", &[])])),
        (
            "/repos/o/new/actions/runs/9/jobs?per_page=100",
            jobs(&[("in_progress", &[]), ("queued", &[])]),
        ),
    ];
    let (read, seen) = of(pages, &BASE).await;
    assert_eq!(read, Ok((3.0, true)));
    assert_eq!(seen.len(), 4);
    for request in seen {
        for header in [
            "authorization: Bearer hunter2-token\r\n",
            "accept: application/vnd.github+json\r\n",
            "x-github-api-version: 2022-11-28\r\n",
            "user-agent: keda-jobs/",
        ] {
            assert!(request.contains(header), "{header}: {request}");
        }
        assert!(!request.contains("if-none-match"), "{request}");
    }
}

#[tokio::test]
async fn repositories_are_found() {
    let names: Vec<String> = (0..30).map(|number| format!("r{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let pages = |kind: &str| {
        let page = |number| format!("/{kind}/o%20w/repos?per_page=100&page={number}");
        vec![
            (page(1), repositories(&names)),
            (page(2), repositories(&["r"])),
            (
                "/repos/o%20w/r/actions/runs?status=queued&per_page=100".to_owned(),
                runs("r", &[(7, "queued")]),
            ),
            (
                "/repos/o%20w/r/actions/runs/7/jobs?per_page=100".to_owned(),
                jobs(&[("queued", &[])]),
            ),
        ]
    };
    for (scope, kind) in [("org", "orgs"), ("ent", "orgs"), ("repo", "users")] {
        let pages = pages(kind);
        let pages = pages
            .iter()
            .map(|(path, answer)| (path.as_str(), answer.clone()))
            .collect();
        let metadata = [("owner", "o w"), ("runnerScope", scope)];
        let (read, seen) = of(pages, &metadata).await;
        // Those without runs to show, such as where Actions are off, are passed over.
        assert_eq!(read, Ok((1.0, true)), "{scope}");
        assert_eq!(seen.len(), 2 + 31 * 2 + 1, "{scope}");
    }
    let metadata = [("owner", "o w"), ("runnerScope", "repo")];
    let (read, _) = of(Vec::new(), &metadata).await;
    let error = read.unwrap_err();
    assert!(
        error.contains("/users/o%20w/repos answered 404 Not Found; is there such an owner"),
        "{error}"
    );
    let metadata = [("owner", "o w"), ("runnerScope", "org,repo")];
    let (read, _) = of(Vec::new(), &metadata).await;
    let error = read.unwrap_err();
    assert!(
        error.contains("without repos runnerScope must be"),
        "{error}"
    );
}

/// A repository that is not there is passed over, as KEDA does; but when none of them is there nothing can be said.
#[tokio::test]
async fn repositories_that_are_not_there() {
    let metadata = [
        ("owner", "o"),
        ("runnerScope", "repo"),
        ("repos", "gone,r,lost"),
    ];
    let (read, _) = of(one_run(&[("queued", &[])]), &metadata).await;
    assert_eq!(read, Ok((1.0, true)));
    let (read, _) = of(Vec::new(), &metadata).await;
    let error = read.unwrap_err();
    assert!(error.starts_with("failed: http://127.0.0.1:"), "{error}");
    assert!(
        error.contains("knows none of the repositories gone, r, lost of \"o\""),
        "{error}"
    );
    // The jobs of a run that there is.
    let mut pages = one_run(&[]);
    pages.pop();
    let (read, _) = of(pages, &BASE).await;
    let error = read.unwrap_err();
    assert!(
        error.contains("/actions/runs/7/jobs answered 404"),
        "{error}"
    );
}

#[tokio::test]
async fn answers_that_are_none() {
    let bad = |status, message: &str| answer(status, &json!({"message": message}).to_string());
    for (reply, wanted) in [
        (
            bad(401, "Bad credentials of hunter2-token"),
            "answered 401 Unauthorized: Bad credentials of ***; is the token valid?",
        ),
        (
            bad(403, "Resource not accessible by personal access token"),
            "answered 403 Forbidden: Resource not accessible by personal access token; the token must be allowed to read the actions",
        ),
        (answer(500, "<html>"), "answered 500 Internal Server Error"),
        (answer(304, ""), "answered 304 Not Modified"),
        (
            answer(200, "<html>"),
            "answered with something else than JSON",
        ),
        (
            answer(200, "{\"workflow_runs\":5}"),
            "answered with something that is no list of workflow runs",
        ),
        ("garbage\r\n\r\n".to_owned(), "cannot be asked"),
    ] {
        let (read, _) = of(vec![(QUEUED, reply)], &BASE).await;
        let error = read.unwrap_err();
        assert!(error.starts_with("failed: http://127.0.0.1:"), "{error}");
        assert!(error.contains("/repos/o/r/actions/runs"), "{error}");
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
}

const USED_UP: &str = "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1800";

/// It is told until when, and GitHub is left alone until then, whatever asks with that token.
#[tokio::test]
async fn a_used_up_limit_is_an_error_until_it_is_over() {
    let mut pages = one_run(&[("queued", &[])]);
    let body = "{\"message\":\"API rate limit exceeded\"}";
    let good = std::mem::replace(&mut pages[0].1, with(USED_UP, 403, body));
    let (api, pages, seen) = serve_pages(pages).await;
    let early = options();
    let error = read(&api, &BASE, &TOKEN, &early).await.unwrap_err();
    assert!(error.contains("until 1970-01-01T00:30:00Z"), "{error}");
    let asked = |seen: &Seen| std::mem::take(&mut *seen.lock().unwrap()).len();
    // The two lists, and no second attempt.
    assert!(asked(&seen) <= 2, "it was asked again");
    pages.lock().unwrap()[0].1 = good;
    let error = read(&api, &BASE, &TOKEN, &early).await.unwrap_err();
    assert!(
        error.contains("is not asked until 1970-01-01T00:30:00Z: the limit of requests is used up"),
        "{error}"
    );
    assert_eq!(asked(&seen), 0);
    let other = [("personalAccessToken", "hunter2-other")];
    assert_eq!(read(&api, &BASE, &other, &early).await, Ok((1.0, true)));
    let late = ReadOptions {
        now: || jiff::Timestamp::from_second(1800).unwrap(),
        ..early
    };
    assert_eq!(read(&api, &BASE, &TOKEN, &late).await, Ok((1.0, true)));
}

#[tokio::test]
async fn the_last_answer_within_a_limit_is_one() {
    let mut pages = one_run(&[]);
    pages[2].1 = with(
        USED_UP,
        200,
        "{\"jobs\":[{\"status\":\"queued\",\"labels\":[]}]}",
    );
    let (api, _, seen) = serve_pages(pages).await;
    let early = options();
    assert_eq!(read(&api, &BASE, &TOKEN, &early).await, Ok((1.0, true)));
    let asked = seen.lock().unwrap().len();
    let error = read(&api, &BASE, &TOKEN, &early).await.unwrap_err();
    assert!(error.contains("is not asked until"), "{error}");
    assert_eq!(seen.lock().unwrap().len(), asked);
}

async fn kept(api: &str, metadata: &[(&str, &str)]) -> Box<dyn Scaler> {
    let metadata = [&[("githubApiURL", api)], metadata].concat();
    let job = job(vec![trigger(0, "github-runner", &metadata, true)]);
    let cluster = Arc::new(Cluster::default());
    let objects = Objects::new(&TOKEN);
    match build(&job, &job.triggers[0], "ns", &objects, cluster, &options()).await {
        Ok(Built::Scaler(scaler)) => scaler,
        other => panic!("{other:?}"),
    }
}

/// A scaler that is kept asks only for what has changed. The jobs of each run are kept by themselves, which KEDA 2.20
/// mixes up. [2.21.0 `github_runner_scaler.go`, jobCacheKey]
#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let version = Arc::new(AtomicUsize::new(1));
    let now = Arc::clone(&version);
    let (address, seen) = serve_by(move |request| {
        let target = request.split(' ').nth(1).unwrap();
        let version = now.load(Ordering::SeqCst);
        let (number, body) = match target {
            "/orgs/o/repos?per_page=100&page=1" => (1, repositories(&["r"])),
            QUEUED if version < 3 => (1, runs("r", &[(7, "queued"), (8, "queued")])),
            QUEUED => (3, runs("r", &[(8, "queued")])),
            RUNNING => (1, runs("r", &[])),
            JOBS => (version, queued(version)),
            _ => (1, queued(5)),
        };
        let etag = format!("\"{target} {number}\"");
        if request.contains(&format!("if-none-match: {etag}\r\n")) {
            return with(&format!("etag: {etag}"), 304, "");
        }
        body.replacen("\r\n", &format!("\r\netag: {etag}\r\n"), 1)
    })
    .await;
    let api = format!("http://{address}");
    let value = async |scaler: &dyn Scaler| {
        let readings = scaler.read().await.unwrap();
        let asked = std::mem::take(&mut *seen.lock().unwrap());
        let known = asked.iter().filter(|one| one.contains("if-none-match: "));
        (readings[0].values[0].value, asked.len(), known.count())
    };
    let metadata = [("owner", "o"), ("runnerScope", "org")];
    let scaler = kept(&api, &[&metadata[..], &[("enableEtags", "true")]].concat()).await;
    assert_eq!(value(&*scaler).await, (6.0, 5, 0));
    assert_eq!(value(&*scaler).await, (6.0, 5, 5));
    version.store(2, Ordering::SeqCst);
    assert_eq!(value(&*scaler).await, (7.0, 5, 5));
    // A run is over: what its jobs were is forgotten.
    version.store(3, Ordering::SeqCst);
    assert_eq!(value(&*scaler).await, (5.0, 4, 4));
    version.store(2, Ordering::SeqCst);
    assert_eq!(value(&*scaler).await, (7.0, 5, 4));
    let plain = kept(&api, &metadata).await;
    for _ in 0..2 {
        assert_eq!(value(&*plain).await, (7.0, 5, 0));
    }
}
