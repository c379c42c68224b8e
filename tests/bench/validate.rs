//! `validate` as a whole process.

use std::time::Duration;

use crate::Bench;
use crate::figures::{command, line, mebibytes, median, note, times};
use crate::process::watch;
use crate::support::binary::Keda;

/// A sound ScaledJob of about 50 lines.
fn manifest(number: usize) -> String {
    format!(
        "apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata:
  name: orders-{number}
  namespace: shop
  labels:
    team: shop
    tier: batch
spec:
  pollingInterval: 30
  minReplicaCount: 0
  maxReplicaCount: {maximum}
  successfulJobsHistoryLimit: 5
  failedJobsHistoryLimit: 5
  scalingStrategy:
    strategy: accurate
  jobTargetRef:
    parallelism: 1
    completions: 1
    backoffLimit: 4
    activeDeadlineSeconds: 600
    template:
      metadata:
        labels:
          app: orders
      spec:
        restartPolicy: Never
        containers:
        - name: worker
          image: registry.example/orders:{number}
          command:
          - worker
          - --queue
          - orders-{number}
          env:
          - name: LOG_LEVEL
            value: info
          - name: BATCH
            value: \"10\"
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              memory: 256Mi
  triggers:
  - type: redis
    metadata:
      address: redis.shop.svc:6379
      listName: orders-{number}
      listLength: \"5\"
      databaseIndex: \"0\"
",
        maximum = number % 100 + 1
    )
}

/// Many files, then one.
pub(crate) fn validate(bench: Bench) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = folder.path().join("manifests");
    std::fs::create_dir(&files).expect("a folder");
    let count = bench.size(1000, 20);
    for number in 0..count {
        std::fs::write(files.join(format!("{number:04}.yaml")), manifest(number))
            .expect("a file can be written");
    }
    let lines = manifest(0).lines().count();
    let one = files.join("0000.yaml");
    for (what, path, aim) in [
        (
            format!("{count} files of {lines} lines"),
            &files,
            Duration::from_millis(100),
        ),
        (
            format!("1 file of {lines} lines"),
            &one,
            Duration::from_millis(10),
        ),
    ] {
        command("keda-jobs validate PATH");
        let used: Vec<_> = (0..bench.size(15, 1))
            .map(|_| watch(Keda::new(["validate"]).arg(path), folder.path()))
            .collect();
        for used in &used {
            let said = std::fs::read_to_string(folder.path().join("stdout")).unwrap_or_default();
            assert_eq!(used.code, 0, "{said}");
        }
        let walls: Vec<Duration> = used.iter().map(|used| used.wall).collect();
        let limit = format!("<= {} ms", aim.as_millis());
        times(&what, &walls, Some((&limit, aim)));
        let cpu: Vec<Duration> = used.iter().map(|used| used.cpu).collect();
        note(&format!(
            "CPU {:.0} ms",
            median(&cpu).as_secs_f64() * 1000.0
        ));
        let peak = used.iter().map(|used| used.peak).max().unwrap_or_default();
        line(
            "highest memory",
            &mebibytes(peak),
            Some(("< 30 MiB", peak < 30 * 1024)),
        );
    }
}
