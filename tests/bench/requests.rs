//! How many requests many objects cost.

use crate::Bench;
use crate::create::Loop;
use crate::figures::{command, line, note};
use crate::proxy::Proxy;
use crate::source::Source;
use crate::support::binary::Keda;
use crate::support::cluster::TestCluster;

/// Three ways to the same Jobs: the Leases are what makes the difference.
pub(crate) fn requests(bench: Bench) {
    let count = bench.size(500, 10);
    for (flags, aim) in [
        (&["--once"][..], None),
        (&["--once", "--no-lease"], Some(600)),
    ] {
        let source = Source::start(1);
        let cluster = TestCluster::start();
        let proxy = Proxy::start(&cluster);
        let manifest = cluster.write("many.yaml", &source.objects(count, 5));
        command(&format!(
            "keda-jobs run {} --kubeconfig PROXY --namespace N many.yaml",
            flags.join(" ")
        ));
        let output = keda(&cluster, &proxy, &manifest, flags).run().expect(0);
        assert_eq!(cluster.jobs().len(), count, "{}", output.stdout);
        tell(
            &proxy,
            &format!("{count} objects, run {}", flags.join(" ")),
            aim,
        );
    }
    note(
        "a first cycle acquires a Lease for each object before it writes: that alone is a write an object, and a loop does it once",
    );
    let source = Source::start(0);
    let cluster = TestCluster::start();
    let proxy = Proxy::start(&cluster);
    let manifest = cluster.write("many.yaml", &source.objects(count, 5));
    command("keda-jobs run --kubeconfig PROXY --namespace N many.yaml");
    let keda = keda(&cluster, &proxy, &manifest, &["--output", "json"]);
    let mut run = Loop::start(keda, &cluster, "run");
    run.until("cycleFinished", count * 2);
    proxy.reset();
    source.wait_with(1);
    run.until("created", count);
    tell(
        &proxy,
        &format!("{count} objects, a loop that holds its leases"),
        Some(600),
    );
    run.end();
}

fn keda(cluster: &TestCluster, proxy: &Proxy, manifest: &str, flags: &[&str]) -> Keda {
    let mut keda = Keda::new(["run", manifest, "--namespace", &cluster.namespace])
        .arg("--kubeconfig")
        .arg(&proxy.kubeconfig);
    for flag in flags {
        keda = keda.arg(flag);
    }
    keda
}

fn tell(proxy: &Proxy, what: &str, aim: Option<u64>) {
    let (all, kinds) = proxy.counted();
    let text = aim.map(|aim| format!("<= {aim}"));
    line(
        what,
        &format!("{all} requests"),
        text.as_deref().zip(aim.map(|aim| all <= aim)),
    );
    note(&kinds);
}
