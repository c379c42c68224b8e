//! The main job with each real source: plan says how many and why, run makes them, list shows them, cleanup removes them.

pub(crate) mod triggers;

use libtest_mimic::Trial;
use serde_json::json;

use crate::support::cluster::TestCluster;
use crate::support::redis::Redis;
use crate::support::servers::{Page, Prometheus, RabbitMq};
use crate::support::{Outcome, assert_contains, eventually, test, test_with};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test_with(
            &["redis-server"],
            "sources::redis_25_items_make_25_jobs",
            redis,
        ),
        test_with(
            &["redis-server"],
            "sources::redis_every_kind_of_key",
            redis_kinds,
        ),
        test_with(
            &["redis-server"],
            "sources::redis_with_a_wrong_password_is_an_error_not_zero",
            redis_wrong_password,
        ),
        test_with(
            &["rabbitmq-server", "epmd"],
            "sources::rabbitmq_over_amqp_and_http",
            rabbitmq,
        ),
        test_with(&["prometheus"], "sources::prometheus_query", prometheus),
        test("sources::metrics_api_json", metrics_api),
        test("sources::cron_inside_and_outside_its_window", cron),
        test("sources::kubernetes_workload_counts_pods", workload),
        test("sources::cpu_is_skipped_with_a_warning", cpu),
        test("sources::an_answer_that_is_no_number_is_an_error", garbage),
        test(
            "sources::a_service_is_asked_through_the_proxy",
            service_host,
        ),
        test(
            "sources::one_failing_trigger_does_not_hide_the_other",
            partial,
        ),
    ]
}

/// A ScaledJob whose pods run until they are deleted.
pub(crate) fn scaled_job(name: &str, triggers: &str) -> String {
    let triggers = triggers
        .lines()
        .fold(String::new(), |text, line| text + "  " + line + "\n");
    format!(
        "apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata:
  name: {name}
spec:
  maxReplicaCount: 100
  jobTargetRef:
    template:
      metadata:
        annotations:
          sandbox.keda-jobs/run: 30m
      spec:
        containers:
        - name: worker
          image: busybox:1.36
  triggers:
{triggers}"
    )
}

/// Plan, run, run again, list, cleanup, for a source that holds 25 items at one item a Job.
pub(crate) fn twenty_five(cluster: &TestCluster, name: &str, triggers: &str) {
    let manifest = cluster.write(&format!("{name}.yaml"), &scaled_job(name, triggers));

    let plan = cluster.run(["plan", &manifest]).expect(0);
    assert_contains(&plan.stdout, &[name, "25"]);
    let plan = cluster
        .run(["plan", &manifest, "--output", "json"])
        .expect(0)
        .json();
    let item = &plan["items"][0];
    assert_eq!(item["decision"]["create"], json!(25), "{plan:#}");
    assert_eq!(item["decision"]["keda"], json!(25), "{plan:#}");

    let first = cluster.run(["run", "--once", &manifest]).expect(0);
    // Before anything is created the user reads where.
    assert_contains(&first.stderr, &["context", "server", &cluster.namespace]);
    let jobs = cluster.jobs();
    assert_eq!(jobs.len(), 25, "{}\n{}", first.stdout, first.stderr);
    for job in &jobs {
        let labels = job.metadata.labels.clone().unwrap_or_default();
        assert_eq!(labels.get("keda-jobs/name").map(String::as_str), Some(name));
        assert_eq!(
            labels
                .get("app.kubernetes.io/managed-by")
                .map(String::as_str),
            Some("keda-jobs")
        );
        let annotations = job.metadata.annotations.clone().unwrap_or_default();
        for key in [
            "keda-jobs/cycle",
            "keda-jobs/spec-hash",
            "keda-jobs/trigger",
        ] {
            assert!(
                annotations.contains_key(key),
                "{key} is missing: {annotations:?}"
            );
        }
    }

    cluster.run(["run", "--once", &manifest]).expect(0);
    assert_eq!(
        cluster.jobs().len(),
        25,
        "the second run makes none under the default strategy"
    );

    let list = cluster.run(["list", "--output", "json"]).expect(0).json();
    assert_eq!(
        list["items"][0]["jobs"].as_array().map(Vec::len),
        Some(25),
        "{list:#}"
    );
    assert_contains(&cluster.run(["list", name]).expect(0).stdout, &[name, "25"]);

    let cleanup = cluster.run(["cleanup", "--all", "--yes"]).expect(0);
    assert_contains(&cleanup.stdout, &["25"]);
    eventually("the Jobs to be gone", || {
        cluster.jobs().is_empty().then_some(())
    });
}

fn redis() -> Outcome {
    let redis = Redis::start(None);
    redis.push("work", 25);
    let cluster = TestCluster::start();
    let triggers = format!(
        "- type: redis\n  metadata:\n    address: 127.0.0.1:{}\n    listName: work\n    listLength: \"1\"",
        redis.port
    );
    twenty_five(&cluster, "orders", &triggers);
    Ok(())
}

fn redis_kinds() -> Outcome {
    let redis = Redis::start(None);
    redis.push("list", 3);
    redis.command(None, &["SADD", "set", "a", "b"]);
    redis.command(None, &["ZADD", "zset", "1", "a"]);
    redis.command(
        None,
        &["HSET", "hash", "a", "1", "b", "2", "c", "3", "d", "4"],
    );
    redis.command(None, &["SET", "string", "x"]);
    let cluster = TestCluster::start();
    let plan = |key: &str| {
        let trigger = format!(
            "- type: redis\n  metadata:\n    address: 127.0.0.1:{}\n    listName: {key}\n    listLength: \"1\"",
            redis.port
        );
        let manifest = cluster.write("kinds.yaml", &scaled_job("kinds", &trigger));
        cluster.run(["plan", &manifest, "--output", "json"])
    };
    for (key, length) in [
        ("list", 3),
        ("set", 2),
        ("zset", 1),
        ("hash", 4),
        ("absent", 0),
    ] {
        let plan = plan(key).expect(0).json();
        assert_eq!(
            plan["items"][0]["decision"]["create"],
            json!(length),
            "{key}: {plan:#}"
        );
    }
    let string = plan("string").expect(1);
    assert_contains(&string.stdout, &["string"]);
    Ok(())
}

fn redis_wrong_password() -> Outcome {
    let redis = Redis::start(Some("right-password"));
    let cluster = TestCluster::start();
    let trigger = format!(
        "- type: redis\n  metadata:\n    address: 127.0.0.1:{}\n    listName: work\n    listLength: \"1\"\n    passwordFromEnv: REDIS_PASSWORD",
        redis.port
    );
    let manifest = scaled_job("locked", &trigger)
        .replace("image: busybox:1.36", "image: busybox:1.36\n          env:\n          - name: REDIS_PASSWORD\n            value: wrong-password");
    let manifest = cluster.write("locked.yaml", &manifest);
    let plan = cluster.run(["plan", &manifest]).expect(1);
    let all = format!("{}{}", plan.stdout, plan.stderr);
    assert_contains(&all, &[&format!("127.0.0.1:{}", redis.port)]);
    assert!(
        !all.contains("wrong-password"),
        "a credential is shown:\n{all}"
    );
    let run = cluster.run(["run", "--once", &manifest]).expect(1);
    assert!(cluster.jobs().is_empty(), "{}", run.stdout);
    Ok(())
}

fn rabbitmq() -> Outcome {
    let rabbit = RabbitMq::start();
    rabbit.publish("work", 25);
    let cluster = TestCluster::start();
    let amqp = format!(
        "- type: rabbitmq\n  metadata:\n    host: amqp://guest:guest@127.0.0.1:{}/\n    queueName: work\n    mode: QueueLength\n    value: \"1\"",
        rabbit.amqp_port
    );
    twenty_five(&cluster, "over-amqp", &amqp);
    let http = format!(
        "- type: rabbitmq\n  metadata:\n    protocol: http\n    host: http://guest:guest@127.0.0.1:{}/\n    queueName: work\n    mode: QueueLength\n    value: \"1\"",
        rabbit.http_port
    );
    twenty_five(&cluster, "over-http", &http);

    let missing = cluster.write(
        "missing.yaml",
        &scaled_job(
            "missing",
            &amqp.replace("queueName: work", "queueName: absent"),
        ),
    );
    let plan = cluster.run(["plan", &missing]).expect(1);
    assert_contains(&plan.stdout, &["absent"]);
    assert!(
        !plan.stdout.contains("guest:guest"),
        "a credential is shown:\n{}",
        plan.stdout
    );
    Ok(())
}

fn prometheus() -> Outcome {
    let page = Page::serve(
        200,
        "text/plain",
        "# TYPE work_waiting gauge\nwork_waiting 25\n",
    );
    let prometheus = Prometheus::start(&format!("127.0.0.1:{}", page.port));
    // As KEDA does, the scaler asks for whole seconds of time: the sample must be older than the second that has begun.
    eventually("Prometheus to have scraped the page for a while", || {
        prometheus
            .query("count_over_time(work_waiting[1m])")
            .filter(|samples| *samples >= 3.0)
    });
    let cluster = TestCluster::start();
    let trigger = format!(
        "- type: prometheus\n  metadata:\n    serverAddress: http://127.0.0.1:{}\n    query: sum(work_waiting)\n    threshold: \"1\"",
        prometheus.port
    );
    twenty_five(&cluster, "reports", &trigger);
    Ok(())
}

fn metrics_api() -> Outcome {
    let page = Page::serve(
        200,
        "application/json",
        r#"{"queues": [{"name": "work", "waiting": "25"}]}"#,
    );
    let cluster = TestCluster::start();
    let trigger = format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: queues.0.waiting\n    targetValue: \"1\"",
        page.url("/stats")
    );
    twenty_five(&cluster, "numbers", &trigger);
    Ok(())
}

fn cron() -> Outcome {
    let cluster = TestCluster::start();
    let window = |name: &str, start: &str, end: &str| {
        let trigger = format!(
            "- type: cron\n  metadata:\n    timezone: Etc/UTC\n    start: {start}\n    end: {end}\n    desiredReplicas: \"4\""
        );
        let manifest = cluster.write(&format!("{name}.yaml"), &scaled_job(name, &trigger));
        cluster
            .run(["plan", &manifest, "--output", "json"])
            .expect(0)
            .json()["items"][0]["decision"]["create"]
            .clone()
    };
    // Whatever the date: the window is open when its next end comes before its next start.
    let now = k8s_openapi::jiff::Timestamp::now().to_zoned(k8s_openapi::jiff::tz::TimeZone::UTC);
    let month = |ahead: i8| (now.month() - 1 + ahead) % 12 + 1;
    let (soon, late) = (
        format!("0 0 1 {} *", month(2)),
        format!("0 0 1 {} *", month(4)),
    );
    assert_eq!(window("closed", &soon, &late), json!(0));
    assert_eq!(window("open", &late, &soon), json!(4));
    Ok(())
}

fn workload() -> Outcome {
    let cluster = TestCluster::start();
    for number in 0..3 {
        cluster.create::<k8s_openapi::api::core::v1::Pod>(json!({
            "metadata": {"name": format!("importer-{number}"), "labels": {"app": "importer"}},
            "spec": {"containers": [{"name": "main", "image": "busybox:1.36"}]},
        }));
    }
    let trigger =
        "- type: kubernetes-workload\n  metadata:\n    podSelector: app=importer\n    value: \"1\"";
    let manifest = cluster.write("workload.yaml", &scaled_job("sidekicks", trigger));
    let plan = cluster
        .run(["plan", &manifest, "--output", "json"])
        .expect(0)
        .json();
    assert_eq!(plan["items"][0]["decision"]["create"], json!(3), "{plan:#}");
    Ok(())
}

fn cpu() -> Outcome {
    let cluster = TestCluster::start();
    let trigger = "- type: cpu\n  metadata:\n    value: \"50\"";
    let manifest = cluster.write("cpu.yaml", &scaled_job("warm", trigger));
    let plan = cluster
        .run(["plan", &manifest, "--output", "json"])
        .expect(0);
    assert_contains(&plan.stderr, &["never-active", "skips cpu"]);
    assert_eq!(plan.json()["items"][0]["decision"]["create"], json!(0));
    Ok(())
}

fn garbage() -> Outcome {
    let cluster = TestCluster::start();
    for (status, body) in [
        (200, r#"{"waiting": true}"#),
        (200, "not json"),
        (200, "{}"),
        (500, r#"{"waiting": 5}"#),
        (401, ""),
    ] {
        let page = Page::serve(status, "application/json", body);
        let trigger = format!(
            "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
            page.url("/stats")
        );
        let manifest = cluster.write("garbage.yaml", &scaled_job("garbage", &trigger));
        let plan = cluster
            .run(["plan", &manifest, "--output", "json"])
            .expect(1)
            .json();
        let item = &plan["items"][0];
        assert_eq!(
            item["decision"]["create"],
            json!(0),
            "{status} {body}: {plan:#}"
        );
        assert_eq!(
            item["decision"]["isError"],
            json!(true),
            "{status} {body}: {plan:#}"
        );
    }
    Ok(())
}

fn service_host() -> Outcome {
    let folder = tempfile::tempdir()?;
    let trigger = "- type: metrics-api\n  metadata:\n    url: http://demo-queue.default.svc/sandbox/queue\n    valueLocation: items\n    targetValue: \"1\"";
    let manifest = folder.path().join("service.yaml");
    std::fs::write(&manifest, scaled_job("service", trigger))?;
    let plan = || crate::support::binary::Keda::new(["plan", "--running", "0"]).arg(&manifest);
    assert_contains(
        &plan().run().expect(1).stdout,
        &["demo-queue.default.svc", "--service-proxy"],
    );
    // Through a proxy the request arrives with the Service's name in it.
    let page = Page::serve(200, "application/json", r#"{"items": 7}"#);
    let plan = plan()
        .arg("--service-proxy")
        .arg(page.url(""))
        .run()
        .expect(0);
    assert_contains(&plan.stdout, &["create 7"]);
    Ok(())
}

fn partial() -> Outcome {
    let good = Page::serve(200, "application/json", r#"{"waiting": 4}"#);
    let bad = Page::serve(500, "text/plain", "broken");
    let cluster = TestCluster::start();
    let trigger = |page: &Page| {
        format!(
            "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"\n",
            page.url("/stats")
        )
    };
    let manifest = cluster.write(
        "partial.yaml",
        &scaled_job("partial", &format!("{}{}", trigger(&bad), trigger(&good))),
    );
    let run = cluster.run(["run", "--once", &manifest]).expect(1);
    assert_eq!(cluster.jobs().len(), 4, "{}\n{}", run.stdout, run.stderr);
    Ok(())
}
