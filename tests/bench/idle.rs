//! What a loop costs that has nothing to do.

use std::time::{Duration, Instant};

use crate::Bench;
use crate::create::Loop;
use crate::figures::{command, line, mebibytes, note};
use crate::process::{cpu, memory};
use crate::proxy::Proxy;
use crate::source::Source;
use crate::support::binary::Keda;
use crate::support::cluster::TestCluster;

/// Two loops side by side: one on the cluster itself, whose processor time and memory are taken, and one through the proxy that counts.
pub(crate) fn idle(bench: Bench) {
    let count = bench.size(500, 5);
    let interval = bench.size(5, 1);
    let time = Duration::from_secs(bench.size(60, 2));
    let source = Source::start(0);
    let clusters = [TestCluster::start(), TestCluster::start()];
    let proxy = Proxy::start(&clusters[1]);
    command("keda-jobs run --quiet --kubeconfig K --namespace N many.yaml");
    let mut runs: Vec<Loop> = clusters
        .iter()
        .zip([&clusters[0].kubeconfig, &proxy.kubeconfig])
        .map(|(cluster, kubeconfig)| {
            let manifest = cluster.write("many.yaml", &source.objects(count, interval));
            let keda = Keda::new([
                "run",
                "--quiet",
                &manifest,
                "--namespace",
                &cluster.namespace,
            ])
            .arg("--kubeconfig")
            .arg(kubeconfig);
            Loop::start(keda, cluster, "run")
        })
        .collect();
    // Leases, first lists, first connections.
    std::thread::sleep(bench.size(Duration::from_secs(20), Duration::from_secs(2)));
    let pid = runs[0].running.id();
    let (start, before) = (Instant::now(), cpu(pid));
    proxy.reset();
    std::thread::sleep(time);
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    let used = cpu(pid).saturating_sub(before).as_secs_f64() / minutes;
    let (requests, kinds) = proxy.counted();
    for run in &mut runs {
        assert_eq!(run.running.ended(), None, "it goes on");
    }
    line(
        &format!("{count} objects: CPU a minute"),
        &format!("{used:.2} s"),
        Some(("<= 0.9 s", used <= 0.9)),
    );
    let resident = memory(pid, "VmRSS");
    line(
        "resident memory",
        &mebibytes(resident),
        Some(("<= 40 MiB", resident <= 40 * 1024)),
    );
    line(
        "highest since the start",
        &mebibytes(memory(pid, "VmHWM")),
        None,
    );
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let requests = requests as f64 / minutes;
    line(
        "API requests a minute",
        &format!("{requests:.0}"),
        Some(("<= 12", requests <= 12.0)),
    );
    note(&kinds);
    for run in runs {
        run.end();
    }
}
