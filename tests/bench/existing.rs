//! Many Jobs that exist already.

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use kube::api::PostParams;
use serde_json::json;

use crate::Bench;
use crate::create::{Loop, job, runtime};
use crate::figures::{command, line, mebibytes, times};
use crate::process::{memory, watch};
use crate::source::Source;
use crate::support::cluster::TestCluster;

/// Suspended Jobs: they count as unfinished and cost the cluster no pods.
pub(crate) fn existing(bench: Bench) {
    let count = bench.size(10_000, 50);
    let cluster = TestCluster::start();
    runtime().block_on(async {
        let api: Api<Job> = Api::namespaced(cluster.client_async().await, &cluster.namespace);
        let parameters = PostParams::default();
        futures::stream::iter(0..count)
            .for_each_concurrent(32, |number| {
                let change = json!({
                    "metadata": {
                        "labels": {"keda-jobs/name": "orders"},
                        "annotations": {"keda-jobs/cycle": "before", "keda-jobs/spec-hash": "old"},
                    },
                    "spec": {"suspend": true},
                });
                let job = job(&format!("orders-before-{number}"), &change);
                let (api, parameters) = (&api, &parameters);
                async move {
                    api.create(parameters, &job).await.expect("a Job");
                }
            })
            .await;
    });
    let source = Source::start(0);
    let manifest = cluster.write("orders.yaml", &source.object("orders", 1, count * 2));
    command("keda-jobs run --once --quiet --kubeconfig K --namespace N orders.yaml");
    let keda = cluster.keda(["run", "--once", "--quiet", &manifest]);
    let used = watch(keda, cluster.folder.path());
    assert_eq!(used.code, 0, "it ends well");
    times(&format!("run --once over {count} Jobs"), &[used.wall], None);
    line("its CPU", &format!("{:.2} s", used.cpu.as_secs_f64()), None);
    line("its highest memory", &mebibytes(used.peak), None);

    command("keda-jobs run --output json --kubeconfig K --namespace N orders.yaml");
    let keda = cluster.keda(["run", "--output", "json", &manifest]);
    let mut run = Loop::start(keda, &cluster, "run");
    run.until("cycleFinished", bench.size(12, 3));
    let pid = run.running.id();
    line("the loop's memory", &mebibytes(memory(pid, "VmRSS")), None);
    line(
        "highest since the start",
        &mebibytes(memory(pid, "VmHWM")),
        None,
    );
    let cycles: Vec<Duration> = run
        .events()
        .iter()
        .filter(|event| event["type"] == json!("cycleFinished"))
        .filter_map(|event| event["milliseconds"].as_u64())
        .map(Duration::from_millis)
        .collect();
    times("the first cycle, with its list", &cycles[..1], None);
    times("a later cycle", &cycles[1..], None);
    run.end();
}
