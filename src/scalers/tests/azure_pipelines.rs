//! `azure-pipelines` beside an Azure DevOps of a few lines, made after the published REST description.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fake::{
    Cluster, Objects, answer, flat, job, options, read_with, serve, serve_pages, trigger,
};
use crate::api::PodIdentity;
use crate::api::reading::{MetricTarget, ReadingOutcome};
use crate::scalers::{Built, Identities, ReadOptions, Surroundings, build};

fn pages(jobs: &Value) -> Vec<(&'static str, String)> {
    let list = |values: Value| {
        let count = values.as_array().unwrap().len();
        answer(200, &json!({"count": count, "value": values}).to_string())
    };
    let jobs = list(jobs.clone());
    vec![
        (
            "/o/_apis/distributedtask/pools?poolName=our+pool",
            list(json!([{"id": 9, "name": "our pool", "size": 3}])),
        ),
        (
            "/o/_apis/distributedtask/pools?poolName=none",
            list(json!([])),
        ),
        (
            "/o/_apis/distributedtask/pools?poolName=two",
            list(json!([{"id": 9}, {"id": 8}])),
        ),
        (
            "/o/_apis/distributedtask/pools/9/jobrequests?$top=250",
            jobs.clone(),
        ),
        (
            "/o/_apis/distributedtask/pools/9/jobrequests?$top=40",
            jobs.clone(),
        ),
        (
            "/o/_apis/distributedtask/pools/9/jobrequests?completedRequestCount=0",
            jobs.clone(),
        ),
        ("/o/_apis/distributedtask/pools/9/jobrequests", jobs),
    ]
}

fn some_jobs() -> Value {
    json!([
        {"requestId": 1, "queueTime": "2026-01-01T00:00:00Z", "demands": ["docker", "Agent.Version -gtVersion 3.1"],
            "matchedAgents": [{"id": 1, "name": "template"}]},
        {"requestId": 2, "demands": ["docker", "gpu"], "receiveTime": "2026-01-01T00:00:01Z",
            "matchedAgents": [{"id": 1, "name": "template"}, {"id": 2, "name": "other"}]},
        {"requestId": 3, "demands": [], "receiveTime": "0001-01-01T00:00:00"},
        {"requestId": 4, "result": "canceled", "demands": ["docker"], "matchedAgents": [{"id": 1, "name": "template"}]},
        {"requestId": 5, "demands": ["Docker"]},
    ])
}

const TOKEN: [(&str, &str); 1] = [("personalAccessToken", "hunter2-token")];

async fn read(
    organization: &str,
    metadata: &[(&str, &str)],
    objects: &Objects,
    options: &ReadOptions,
) -> Result<(f64, bool), String> {
    let metadata = [&[("organizationURL", organization)], metadata].concat();
    let trigger = trigger(0, "azure-pipelines", &metadata, true);
    let mut readings = read_with(vec![trigger], objects, Cluster::default(), options).await;
    let read = flat(readings.remove(0).outcome);
    if let Err(error) = &read {
        assert!(!error.contains("hunter2"), "{error}");
    }
    read
}

async fn with_token(url: &str, metadata: &[(&str, &str)]) -> Result<(f64, bool), String> {
    read(url, metadata, &Objects::new(&TOKEN), &options()).await
}

#[tokio::test]
async fn which_jobs_count() {
    let (url, _, seen) = serve_pages(pages(&some_jobs())).await;
    let url = format!("{url}/o");
    let on = |name| (name, "true");
    for (metadata, wanted, asked) in [
        (vec![], 4.0, "?$top=250"),
        (vec![("jobsToFetch", "40")], 4.0, "?$top=40"),
        (vec![("scaleOnInFlight", "false")], 3.0, "?$top=250"),
        (
            vec![on("fetchUnfinishedJobsOnly")],
            4.0,
            "?completedRequestCount=0",
        ),
        (vec![("parent", "template")], 2.0, ""),
        (
            vec![("parent", "template"), ("scaleOnInFlight", "false")],
            1.0,
            "",
        ),
        // The demands are passed over beside it.
        (vec![("parent", "other"), ("demands", "x")], 1.0, ""),
        (
            vec![("parent", "template"), on("fetchUnfinishedJobsOnly")],
            2.0,
            "?completedRequestCount=0",
        ),
        (vec![("demands", "docker")], 2.0, "?$top=250"),
        (vec![("demands", "docker,gpu")], 3.0, "?$top=250"),
        (
            vec![("demands", "docker"), on("requireAllDemands")],
            1.0,
            "?$top=250",
        ),
        (
            vec![
                ("demands", "docker"),
                on("requireAllDemandsAndIgnoreOthers"),
            ],
            2.0,
            "?$top=250",
        ),
        (
            vec![
                ("demands", "DOCKER"),
                on("requireAllDemandsAndIgnoreOthers"),
                on("caseInsensitiveDemandsProcessing"),
            ],
            3.0,
            "?$top=250",
        ),
    ] {
        for pool in [("poolID", "9"), ("poolName", "our pool")] {
            let metadata = [&metadata[..], &[pool]].concat();
            let read = with_token(&url, &metadata).await;
            assert_eq!(read, Ok((wanted, true)), "{metadata:?}");
            let requests = std::mem::take(&mut *seen.lock().unwrap());
            let last = requests.last().unwrap();
            let start = format!("GET /o/_apis/distributedtask/pools/9/jobrequests{asked} HTTP");
            assert!(last.starts_with(&start), "{metadata:?}: {last}");
            for request in requests {
                let basic = "authorization: Basic Omh1bnRlcjItdG9rZW4=\r\n";
                assert!(request.contains(basic), "{request}");
            }
        }
    }
}

#[tokio::test]
async fn the_metric_is_named_after_the_pool() {
    let (url, _, _) = serve_pages(pages(&some_jobs())).await;
    let url = format!("{url}/o");
    for (pool, target, activation, active) in [
        (("poolID", "9"), "2", "3", true),
        (("poolName", "our pool"), "3", "4", false),
    ] {
        let metadata = [
            ("organizationURL", url.as_str()),
            pool,
            ("targetPipelinesQueueLength", target),
            ("activationTargetPipelinesQueueLength", activation),
        ];
        let trigger = trigger(2, "azure-pipelines", &metadata, true);
        let objects = Objects::new(&TOKEN);
        let mut readings = read_with(vec![trigger], &objects, Cluster::default(), &options()).await;
        let ReadingOutcome::Read(readings) = readings.remove(0).outcome else {
            panic!("not read");
        };
        assert_eq!(readings[0].metric, "s2-azure-pipelines-9");
        assert_eq!(readings[0].values[0].metric, "s2-azure-pipelines-9");
        let target = target.parse().unwrap();
        assert_eq!(readings[0].target, MetricTarget::AverageValue(target));
        assert_eq!(readings[0].active, active);
    }
}

/// A scaler that is kept looks its pool up once.
#[tokio::test]
async fn the_pool_is_looked_up_once() {
    let (url, _, seen) = serve_pages(pages(&some_jobs())).await;
    let url = format!("{url}/o");
    let metadata = [("organizationURL", url.as_str()), ("poolName", "our pool")];
    let job = job(vec![trigger(0, "azure-pipelines", &metadata, true)]);
    let cluster = Arc::new(Cluster::default());
    let objects = Objects::new(&TOKEN);
    let built = build(&job, &job.triggers[0], "ns", &objects, cluster, &options()).await;
    let Ok(Built::Scaler(scaler)) = built else {
        panic!("{built:?}");
    };
    for asked in [2, 3] {
        scaler.read().await.unwrap();
        assert_eq!(seen.lock().unwrap().len(), asked);
    }
}

#[tokio::test]
async fn answers_that_are_none() {
    let bad = |status, message: &str| {
        answer(status, &json!({"$id": "1", "message": message}).to_string())
    };
    for (reply, wanted) in [
        (
            bad(401, "TF400813: hunter2-token is not authorized"),
            "answered 401 Unauthorized: TF400813: *** is not authorized; is the token valid?",
        ),
        (
            answer(203, "<html>Sign In</html>"),
            "answered 203 Non Authoritative Information; is the token valid?",
        ),
        (
            answer(200, "<html>Sign In</html>"),
            "answered with something else than JSON, as it does where it asks to sign in",
        ),
        (
            bad(403, "Access denied"),
            "answered 403 Forbidden: Access denied; the token must be allowed to read agent pools",
        ),
        (
            bad(404, "Pool 9 does not exist"),
            "answered 404 Not Found: Pool 9 does not exist; is there such an organisation and such a pool",
        ),
        (answer(500, ""), "answered 500 Internal Server Error"),
        (answer(200, "{}"), "answered without a list"),
        (
            answer(200, "{\"value\":[5]}"),
            "answered with something that is no list of job requests",
        ),
        ("garbage\r\n\r\n".to_owned(), "cannot be asked"),
    ] {
        let (address, _) = serve(vec![reply]).await;
        let url = format!("http://{address}/o");
        let error = with_token(&url, &[("poolID", "9")]).await.unwrap_err();
        let start = format!("failed: {url}/_apis/distributedtask/pools/9/jobrequests ");
        assert!(error.starts_with(&start), "{error}");
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
    let (url, _, _) = serve_pages(pages(&some_jobs())).await;
    let url = format!("{url}/o");
    for (name, wanted) in [
        (
            "none",
            "pools knows no agent pool \"none\"; is it written so",
        ),
        ("two", "pools knows 2 agent pools \"two\""),
        (
            "other",
            "pools answered 404 Not Found: Not Found; is there such an organisation",
        ),
    ] {
        let error = with_token(&url, &[("poolName", name)]).await.unwrap_err();
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
}

/// A server that asks to be left alone is left alone.
#[tokio::test]
async fn too_many_requests() {
    let busy = answer(429, "").replacen("\r\n", "\r\nretry-after: 60\r\n", 1);
    let (address, seen) = serve(vec![busy, answer(200, "{\"value\":[]}")]).await;
    let url = format!("http://{address}/o");
    let objects = Objects::new(&TOKEN);
    let early = options();
    let pool = [("poolID", "9")];
    for _ in 0..2 {
        let error = read(&url, &pool, &objects, &early).await.unwrap_err();
        assert!(
            error.contains("is not asked until 1970-01-01T00:01:00Z"),
            "{error}"
        );
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
    let late = ReadOptions {
        now: || Timestamp::from_second(60).unwrap(),
        ..early
    };
    assert_eq!(read(&url, &pool, &objects, &late).await, Ok((0.0, false)));
}

#[tokio::test]
async fn logins() {
    let token = json!({"token_type": "Bearer", "access_token": "azure-token", "expires_in": 3600});
    let (authority, asked) = serve(vec![answer(200, &token.to_string())]).await;
    let authority = format!("http://{authority}");
    let variables = [
        ("AZURE_CLIENT_SECRET", "hunter2-secret"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_AUTHORITY_HOST", authority.as_str()),
    ];
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let options = ReadOptions {
        identities: Identities::new(Surroundings::with(variables)),
        ..options()
    };
    let (url, _, seen) = serve_pages(pages(&some_jobs())).await;
    let url = format!("{url}/o");
    let with = |provider: &str, auth: &[(&str, &str)]| Objects {
        pod_identity: Some(PodIdentity::of(provider)),
        ..Objects::new(auth)
    };
    let pool = [("poolName", "our pool")];
    let of = async |objects: Objects| read(&url, &pool, &objects, &options).await;
    assert_eq!(of(with("azure-workload", &[])).await, Ok((4.0, true)));
    let requests = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert!(
            request.contains("authorization: Bearer azure-token\r\n"),
            "{request}"
        );
    }
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    let scope = "scope=499b84ac-1321-427f-aa17-267ca6975798%2F.default";
    assert!(asked[0].contains(scope), "{}", asked[0]);
    // A token comes before the identity.
    assert_eq!(of(with("azure-workload", &TOKEN)).await, Ok((4.0, true)));
    assert!(seen.lock().unwrap()[0].contains("authorization: Basic "));
    for (objects, wanted) in [
        (
            with("gcp", &[]),
            "azure-pipelines cannot use podIdentity gcp, only azure-workload",
        ),
        (
            Objects::new(&[]),
            "azure-pipelines needs parameter personalAccessToken, or podIdentity azure-workload",
        ),
    ] {
        let error = of(objects).await.unwrap_err();
        assert!(error.starts_with("not built: "), "{error}");
        assert!(error.contains(wanted), "{error}");
    }
}

#[tokio::test]
async fn parameters_that_cannot_be_used() {
    let pool = ("poolID", "9");
    let on = |name| (name, "true");
    for (url, metadata, wanted) in [
        (
            "ftp://u:hunter2@h/o",
            vec![pool],
            "parameter organizationURL must be an absolute http or https URL",
        ),
        (
            "https://h/o/",
            vec![pool],
            "parameter organizationURL must end with the name of the organisation",
        ),
        (
            "https://h/o",
            vec![],
            "azure-pipelines needs parameter poolID or poolName",
        ),
        (
            "https://h/o",
            vec![("poolID", "0")],
            "azure-pipelines needs parameter poolID or poolName",
        ),
        (
            "https://h/o",
            vec![
                pool,
                on("requireAllDemands"),
                on("requireAllDemandsAndIgnoreOthers"),
            ],
            "exclude each other",
        ),
    ] {
        let error = with_token(url, &metadata).await.unwrap_err();
        assert!(error.starts_with("not built: "), "{error}");
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
}
