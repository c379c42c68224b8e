//! The planner alone.

use std::hint::black_box;
use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;
use keda_jobs::api::reading::{
    MetricReading, MetricTarget, MetricValue, ReadingOutcome, TriggerReading,
};
use keda_jobs::api::{KedaVersion, ScaledJob, decode};
use keda_jobs::diagnostic::SourceFile;
use keda_jobs::manifest::load;
use keda_jobs::planner::inventory::{Counts, Inventory};
use keda_jobs::planner::{Limits, PlanInput, decision, plan};

use crate::Bench;
use crate::figures::{line, note};
use crate::process::thread_cpu;

const STRATEGIES: [&str; 4] = ["default", "custom", "accurate", "eager"];

struct Case {
    job: ScaledJob,
    readings: Vec<TriggerReading>,
    inventory: Inventory,
}

impl Case {
    fn input<'a>(&'a self, limits: &'a Limits) -> PlanInput<'a> {
        PlanInput {
            job: &self.job,
            readings: &self.readings,
            inventory: &self.inventory,
            limits,
            spec_hash: "hash",
            now: Timestamp::UNIX_EPOCH,
        }
    }
}

fn job(strategy: &str) -> ScaledJob {
    let text = format!(
        "apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata:
  name: orders
spec:
  maxReplicaCount: 50
  scalingStrategy:
    strategy: {strategy}
    customScalingQueueLengthDeduction: 1
    customScalingRunningJobPercentage: \"0.5\"
  jobTargetRef:
    template:
      spec:
        containers:
        - name: worker
          image: busybox:1.36
  triggers:
  - type: redis
    metadata:
      address: 127.0.0.1:6379
      listName: orders
      listLength: \"5\"
"
    );
    let source = SourceFile::new("orders.yaml", text);
    let (documents, findings) = load(&source);
    let (resources, found) = decode(&documents, &findings, KedaVersion::NEWEST);
    let mut jobs = resources.scaled_jobs;
    assert!(found.is_empty() && jobs.len() == 1, "{found:?}");
    jobs.remove(0)
}

/// Every strategy with queues and Jobs of many sizes, one trigger each.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for strategy in STRATEGIES {
        let job = job(strategy);
        for number in 0..16_u32 {
            let metric = "s0-redis-orders".to_owned();
            let reading = MetricReading {
                metric: metric.clone(),
                target: MetricTarget::AverageValue(5.0),
                values: vec![MetricValue {
                    metric,
                    value: f64::from(number * number * 3),
                }],
                active: number > 0,
            };
            let running = i64::from(number % 7);
            cases.push(Case {
                job: job.clone(),
                readings: vec![TriggerReading {
                    index: 0,
                    kind: "redis".to_owned(),
                    name: String::new(),
                    outcome: ReadingOutcome::Read(vec![reading]),
                }],
                inventory: Inventory::Assumed(Counts {
                    running,
                    pending: running / 2,
                    slots: running,
                }),
            });
        }
    }
    cases
}

/// Calls of `act` over the cases on this thread, a second of its processor time: others on the machine do not count.
fn rate(cases: &[Case], time: Duration, act: impl Fn(&PlanInput<'_>)) -> f64 {
    let limits = Limits::default();
    let inputs: Vec<PlanInput<'_>> = cases.iter().map(|case| case.input(&limits)).collect();
    let (start, before) = (Instant::now(), thread_cpu());
    let mut calls = 0_u32;
    while start.elapsed() < time {
        for _ in 0..20 {
            for input in &inputs {
                act(black_box(input));
            }
        }
        calls += u32::try_from(20 * inputs.len()).expect("few");
    }
    let used = thread_cpu().zip(before).map_or_else(
        || start.elapsed(),
        |(after, before)| after.saturating_sub(before),
    );
    f64::from(calls) / used.as_secs_f64()
}

fn measure(what: &str, bench: Bench, aim: Option<f64>, act: fn(&PlanInput<'_>)) {
    let time = bench.size(Duration::from_secs(3), Duration::from_millis(20));
    let cases = cases();
    let one = rate(&cases, time, act);
    let millions = |rate: f64| format!("{:.2} million", rate / 1e6);
    let text = aim.map(|aim| format!(">= {:.0} million", aim / 1e6));
    line(
        &format!("{what} a second, one thread"),
        &millions(one),
        text.as_deref().zip(aim.map(|aim| one >= aim)),
    );
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let each: Vec<String> = std::thread::scope(|scope| {
        let cases = &cases;
        let threads: Vec<_> = (0..cores)
            .map(|_| scope.spawn(move || rate(cases, time, act)))
            .collect();
        threads
            .into_iter()
            .map(|thread| millions(thread.join().expect("it ends")))
            .collect()
    });
    note(&format!(
        "on {cores} threads at once: {}",
        each.join(" and ")
    ));
}

pub(crate) fn planner(bench: Bench) {
    measure("decisions", bench, Some(5e6), |input| {
        black_box(decision(input));
    });
    measure("plans with every reason", bench, None, |input| {
        black_box(plan(input));
    });
}
