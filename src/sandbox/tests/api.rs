//! Create, read, update, patch, list.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{ListParams, ObjectMeta, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_job_is_created_with_the_servers_fields() {
    let sandbox = sandbox().await;
    let made = jobs(&sandbox)
        .create(&PostParams::default(), &job("one", &json!({})))
        .await
        .unwrap();
    let spec = made.spec.as_ref().unwrap();
    assert_eq!(
        (spec.parallelism, spec.completions, spec.backoff_limit),
        (Some(1), Some(1), Some(6))
    );
    assert_eq!(spec.completion_mode.as_deref(), Some("NonIndexed"));
    assert_eq!(
        spec.pod_replacement_policy.as_deref(),
        Some("TerminatingOrFailed")
    );
    assert_eq!(made.metadata.generation, Some(1));
    let uid = made.uid().unwrap();
    assert_eq!(
        made.labels().get("batch.kubernetes.io/controller-uid"),
        Some(&uid)
    );
    assert_eq!(
        made.labels().get("job-name").map(String::as_str),
        Some("one")
    );
    assert!(made.creation_timestamp().is_some() && made.resource_version().is_some());
    let again = jobs(&sandbox)
        .create(&PostParams::default(), &job("one", &json!({})))
        .await
        .unwrap_err();
    let kube::Error::Api(status) = again else {
        panic!("{again}")
    };
    assert_eq!(
        (status.code, status.reason.as_str()),
        (409, "AlreadyExists")
    );
    assert_eq!(status.message, "jobs.batch \"one\" already exists");
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let sandbox = sandbox().await;
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let made = jobs(&sandbox)
        .create(&dry, &job("dry", &json!({})))
        .await
        .unwrap();
    assert!(made.uid().is_some());
    assert!(jobs(&sandbox).get_opt("dry").await.unwrap().is_none());
    let (code, _) = post(
        &sandbox,
        &format!("{JOBS}?dryRun=Some"),
        &job_value("x", &json!({})),
    )
    .await;
    assert_eq!(code, 422);
}

#[tokio::test]
async fn a_generated_name_is_cut_to_fit() {
    let sandbox = sandbox().await;
    let mut job = job("", &json!({}));
    job.metadata = ObjectMeta {
        generate_name: Some("x".repeat(80)),
        ..ObjectMeta::default()
    };
    let name = jobs(&sandbox)
        .create(&PostParams::default(), &job)
        .await
        .unwrap()
        .name_any();
    assert_eq!(name.len(), 63);
    assert!(name.starts_with(&"x".repeat(58)));
    assert!(
        name[58..]
            .chars()
            .all(|letter| "bcdfghjklmnpqrstvwxz2456789".contains(letter))
    );
}

#[tokio::test]
async fn a_namespace_must_be_there() {
    let sandbox = sandbox().await;
    let (code, status) = post(
        &sandbox,
        "/apis/batch/v1/namespaces/nowhere/jobs",
        &job_value("x", &json!({})),
    )
    .await;
    assert_eq!(
        (code, status["message"].as_str()),
        (404, Some("namespaces \"nowhere\" not found"))
    );
}

#[tokio::test]
async fn lists_select_and_page() {
    let sandbox = sandbox().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&sandbox));
    for number in 0..5 {
        let labels = json!({"number": number.to_string(), "even": if number % 2 == 0 { "yes" } else { "no" }});
        let map = json!({"metadata": {"name": format!("m{number}"), "labels": labels}});
        maps.create(
            &PostParams::default(),
            &serde_json::from_value(map).unwrap(),
        )
        .await
        .unwrap();
    }
    let count = async |labels: &str| {
        maps.list(&ListParams::default().labels(labels))
            .await
            .unwrap()
            .items
            .len()
    };
    assert_eq!(count("even=yes").await, 3);
    assert_eq!(count("even==yes,number!=0").await, 2);
    assert_eq!(count("number in (1,2),even").await, 2);
    assert_eq!(count("number notin (1,2),even").await, 3);
    assert_eq!(count("even,!number").await, 0);
    assert_eq!(
        maps.list(&ListParams::default().fields("metadata.name=m3"))
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    let error = maps
        .list(&ListParams::default().fields("data.a=b"))
        .await
        .unwrap_err();
    assert!(matches!(error, kube::Error::Api(status) if status.code == 400));

    let prefix = "/api/v1/namespaces/default/configmaps?limit=2";
    let (_, first) = http(&sandbox, "GET", prefix, None).await;
    assert_eq!(
        first["metadata"]["remainingItemCount"], 4,
        "the root certificates are the sixth map"
    );
    // A page goes on at the revision of the first one.
    maps.delete("m4", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    let mut names = Vec::new();
    let mut page = first.clone();
    loop {
        names.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["metadata"]["name"].clone()),
        );
        let Some(token) = page["metadata"]["continue"].as_str() else {
            break;
        };
        page = http(&sandbox, "GET", &format!("{prefix}&continue={token}"), None)
            .await
            .1;
    }
    assert_eq!(names, ["kube-root-ca.crt", "m0", "m1", "m2", "m3", "m4"]);
    let token = first["metadata"]["continue"].as_str().unwrap();
    post(&sandbox, "/sandbox/compact", &json!({})).await;
    maps.delete("m3", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    let (code, status) = http(&sandbox, "GET", &format!("{prefix}&continue={token}"), None).await;
    assert_eq!((code, status["reason"].as_str()), (410, Some("Expired")));
}

#[tokio::test]
async fn other_forms_of_answers() {
    let sandbox = sandbox().await;
    let get = async |path: &str, accept: &str| {
        let request = reqwest::Client::new()
            .get(format!("{}{path}", sandbox.url()))
            .header("accept", accept);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    jobs(&sandbox)
        .create(&PostParams::default(), &job("one", &json!({})))
        .await
        .unwrap();
    let (_, text) = get(
        JOBS,
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    )
    .await;
    let table: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["rows"][0]["cells"][0], "one");
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let (_, text) = get(
        JOBS,
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    )
    .await;
    assert!(text.contains("PartialObjectMetadataList") && !text.contains("containers"));
    let (_, text) = get(&format!("{JOBS}/one"), "application/yaml").await;
    assert!(text.contains("kind: Job"));
    assert_eq!(
        get(JOBS, "application/vnd.kubernetes.protobuf").await.0,
        406
    );
    let (_, text) = get(
        "/apis",
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    )
    .await;
    assert!(text.contains("APIGroupDiscoveryList") && text.contains("scaledjobs"));
    for path in [
        "/version",
        "/api",
        "/apis",
        "/api/v1",
        "/apis/batch/v1",
        "/healthz",
        "/livez",
        "/readyz",
        "/openapi/v3",
    ] {
        assert_eq!(get(path, "application/json").await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let sandbox = sandbox().await;
    assert_eq!(
        http(&sandbox, "GET", "/api/v1/nothing", None).await.1["kind"],
        "Status"
    );
    assert_eq!(
        http(&sandbox, "GET", "/apis/no.group/v1/nothing", None)
            .await
            .0,
        404
    );
    assert_eq!(
        http(&sandbox, "POST", JOBS, Some(("application/json", "{")))
            .await
            .0,
        400
    );
    assert_eq!(
        http(&sandbox, "POST", JOBS, Some(("application/json", "[]")))
            .await
            .0,
        400
    );
    assert_eq!(
        http(&sandbox, "PUT", JOBS, Some(("application/json", "{}")))
            .await
            .0,
        405
    );
    let wrong_type = job_value("x", &json!({"parallelism": "many"}));
    assert_eq!(post(&sandbox, JOBS, &wrong_type).await.0, 400);
    let wrong_kind = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}});
    assert_eq!(post(&sandbox, JOBS, &wrong_kind).await.0, 400);
    let large = job_value("x", &annotated(&json!({"large": "x".repeat(4 << 20)})));
    assert_eq!(post(&sandbox, JOBS, &large).await.0, 413);
    let unknown = job_value("x", &json!({"paralelism": 1}));
    let (code, status) = post(
        &sandbox,
        &format!("{JOBS}?fieldValidation=Strict"),
        &unknown,
    )
    .await;
    assert_eq!(code, 400);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .ends_with("strict decoding error: unknown field \"spec.paralelism\"")
    );
    // Shapes that are nothing like an object.
    let path = "/apis/keda.sh/v1alpha1/namespaces/default/scaledjobs";
    for metadata in [
        json!("x"),
        json!([1]),
        json!({"name": 1}),
        json!({"name": "x", "labels": "y"}),
    ] {
        let object =
            json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob", "metadata": metadata});
        assert_eq!(post(&sandbox, path, &object).await.0, 400, "{object}");
        for media in ["merge-patch+json", "apply-patch+yaml"] {
            let body = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob", "metadata": metadata}).to_string();
            let path = format!("{path}/x?fieldManager=test");
            let (code, _) = http(
                &sandbox,
                "PATCH",
                &path,
                Some((&format!("application/{media}"), &body)),
            )
            .await;
            assert!((201..500).contains(&code), "{code}");
        }
    }
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\n";
    let path = "/api/v1/namespaces/default/configmaps";
    assert_eq!(
        http(&sandbox, "POST", path, Some(("application/yaml", yaml)))
            .await
            .0,
        201
    );
}

#[tokio::test]
async fn quotas_hold_jobs_back() {
    let sandbox = sandbox().await;
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {"count/jobs.batch": "1"}}});
    assert_eq!(
        post(
            &sandbox,
            "/api/v1/namespaces/default/resourcequotas",
            &quota
        )
        .await
        .0,
        201
    );
    assert_eq!(
        post(&sandbox, JOBS, &job_value("one", &json!({}))).await.0,
        201
    );
    let (code, status) = post(&sandbox, JOBS, &job_value("two", &json!({}))).await;
    assert_eq!((code, status["reason"].as_str()), (403, Some("Forbidden")));
    assert_eq!(
        status["message"],
        "jobs.batch \"two\" is forbidden: exceeded quota: q, requested: count/jobs.batch=1, used: count/jobs.batch=1, limited: count/jobs.batch=1"
    );
}

#[tokio::test]
async fn events_have_two_faces() {
    let sandbox = sandbox().await;
    let event = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}, "note": "hello",
        "regarding": {"kind": "Job", "name": "one"}, "reason": "Because", "type": "Normal", "action": "Act",
        "reportingController": "test", "reportingInstance": "1", "eventTime": "2026-01-01T00:00:00.000000Z",
    });
    assert_eq!(
        post(
            &sandbox,
            "/apis/events.k8s.io/v1/namespaces/default/events",
            &event
        )
        .await
        .0,
        201
    );
    let path = "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=one";
    let (_, list) = http(&sandbox, "GET", path, None).await;
    assert_eq!(
        (
            &list["items"][0]["message"],
            &list["items"][0]["involvedObject"]["kind"]
        ),
        (&json!("hello"), &json!("Job"))
    );
}

#[tokio::test]
async fn namespaces_take_their_contents_with_them() {
    let sandbox = sandbox().await;
    let namespaces: Api<Namespace> = Api::all(client(&sandbox));
    let namespace = serde_json::from_value(json!({"metadata": {"name": "n"}})).unwrap();
    namespaces
        .create(&PostParams::default(), &namespace)
        .await
        .unwrap();
    let inside: Api<Job> = Api::namespaced(client(&sandbox), "n");
    inside
        .create(&PostParams::default(), &job("one", &json!({})))
        .await
        .unwrap();
    namespaces
        .delete("n", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    eventually("the end of the namespace", || async {
        namespaces
            .get_opt("n")
            .await
            .unwrap()
            .is_none()
            .then_some(())
    })
    .await;
    assert!(
        inside
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn the_kubeconfig_is_one_that_kube_reads() {
    let sandbox = sandbox().await;
    let config: kube::config::Kubeconfig = serde_yaml::from_str(&sandbox.kubeconfig()).unwrap();
    let config =
        kube::Config::from_custom_kubeconfig(config, &kube::config::KubeConfigOptions::default())
            .await
            .unwrap();
    assert_eq!(config.default_namespace, "default");
    let version = kube::Client::try_from(config)
        .unwrap()
        .apiserver_version()
        .await
        .unwrap();
    assert_eq!(version.minor, "36");
    sandbox.stop().await;
}

/// A token of a service account says for whom it is and how long, within the server's bounds.
#[tokio::test]
async fn tokens_of_service_accounts() {
    use base64::Engine as _;
    use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
    use k8s_openapi::api::core::v1::ServiceAccount;

    let sandbox = sandbox().await;
    let accounts: Api<ServiceAccount> = Api::default_namespaced(client(&sandbox));
    let account = serde_json::from_value(json!({"metadata": {"name": "worker"}})).unwrap();
    accounts
        .create(&PostParams::default(), &account)
        .await
        .unwrap();
    let ask = async |name: &str, seconds: Option<i64>| {
        let request = TokenRequest {
            spec: Some(TokenRequestSpec {
                audiences: Some(vec!["sts.amazonaws.com".to_owned()]),
                expiration_seconds: seconds,
                ..TokenRequestSpec::default()
            }),
            ..TokenRequest::default()
        };
        accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await
    };
    let status = ask("worker", Some(600)).await.unwrap().status.unwrap();
    let token = status.token.unwrap();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], json!(["sts.amazonaws.com"]));
    assert_eq!(claims["sub"], "system:serviceaccount:default:worker");
    assert_eq!(
        claims["exp"].as_i64(),
        claims["iat"].as_i64().map(|at| at + 600)
    );
    for (name, seconds, code) in [
        ("nobody", None, 404),
        ("worker", Some(599), 422),
        ("worker", Some(1 << 33), 422),
    ] {
        let Err(kube::Error::Api(status)) = ask(name, seconds).await else {
            panic!("{name} {seconds:?} is answered")
        };
        assert_eq!(status.code, code, "{}", status.message);
    }
}
