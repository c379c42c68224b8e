//! Watches and lists that fail, lie still, or may not be asked for.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{Loop, Scene, delete, delete_one};
use crate::support::{Outcome, assert_contains, eventually};

pub(super) fn silent(
    strategy: &str,
    environment: &[(&str, &str)],
    right: fn(usize) -> bool,
) -> Outcome {
    let scene = Scene::new(2);
    // No watch ever says anything.
    scene.fault(json!([{"verb": "watch", "action": {"watch": "stop"}}]));
    let manifest = scene
        .cluster
        .write("orders.yaml", &scene.object("orders", strategy));
    let run = scene.start(&[&manifest], environment);
    run.more_cycles(4);
    scene.wait_with(5);
    // Long enough for the ledger to look for what the watch does not show.
    run.more_cycles(9);
    assert!(right(scene.jobs()), "{} Jobs", scene.jobs());
    run.end();
    Ok(())
}

/// Five Jobs at most, 25 items, and a server whose lists show nothing and whose watches say nothing, as behind a cache that got
/// stuck: from the beginning on, or when five Jobs have been seen.
fn behind(from_the_beginning: bool, environment: &[(&str, &str)]) -> (Scene, Loop) {
    let scene = Scene::new(25);
    let stuck = || {
        scene.fault(json!([
            {"verb": "list", "resource": "jobs", "action": {"empty": true}},
            {"verb": "watch", "count": 2, "action": {"watch": "expire"}},
            {"verb": "watch", "action": {"watch": "stop"}},
        ]));
    };
    if from_the_beginning {
        stuck();
    }
    let text = scene.object("orders", "default");
    let text = text.replace("maxReplicaCount: 300", "maxReplicaCount: 5");
    let manifest = scene.cluster.write("orders.yaml", &text);
    let run = scene.start(&[&manifest], environment);
    if !from_the_beginning {
        let plan = || run.last("planned")["plan"]["jobs"]["running"].clone();
        eventually("five Jobs to be counted", || (plan() == 5).then_some(()));
        run.more_cycles(1);
        stuck();
    }
    (scene, run)
}

/// Without the mend there would be nothing to see in [`hiding`].
pub(super) fn hiding_and_believed(from_the_beginning: bool) -> Outcome {
    let (_scene, run) = behind(from_the_beginning, &[("KEDA_JOBS_MUTANT", "any-list")]);
    eventually("more Jobs than may be", || {
        (run.count("created") > 5).then_some(())
    });
    run.end();
    Ok(())
}

pub(super) fn hiding(from_the_beginning: bool) -> Outcome {
    let (scene, run) = behind(from_the_beginning, &[]);
    eventually("two cycles that hold", || {
        (run.count("held") >= 2).then_some(())
    });
    let held = run.count("held") as u64;
    assert!(
        scene.requests("get jobs") <= held + 1,
        "one request a cycle"
    );
    let held = run.last("held");
    assert_eq!(
        (&held["term"], &held["create"]),
        (&json!("inventory-unknown"), &json!(0))
    );
    let said = held["message"].as_str().unwrap_or_default();
    assert_contains(
        said,
        &[
            "leaves out the job orders-",
            "which exists",
            "a proxy or a cache",
        ],
    );
    scene.no_faults();
    assert_eq!(scene.jobs(), 5);
    assert_eq!(run.count("created"), 5);
    // The lists are right again: it goes on by itself.
    let plan = || run.last("planned")["plan"]["jobs"]["running"].clone();
    eventually("five Jobs to be counted", || (plan() == 5).then_some(()));
    run.more_cycles(2);
    assert_eq!((scene.jobs(), run.count("created")), (5, 5));
    run.end();
    Ok(())
}

/// A list that is right about one Job is not believed of the others.
pub(super) fn hiding_and_one_is_gone() -> Outcome {
    let (scene, run) = behind(false, &[]);
    let held = || run.last("held")["message"].as_str().map(str::to_owned);
    let said = eventually("a cycle that holds", held);
    let named = said
        .split_whitespace()
        .find(|word| word.starts_with("orders-"));
    let named = named.map(|name| name.trim_end_matches(',').to_owned());
    let named = named.expect("a Job");
    delete_one(&scene.cluster, &named);
    let another = || held().filter(|said| said.contains("leaves out") && !said.contains(&named));
    eventually("the next one to be named", another);
    run.more_cycles(2);
    assert_eq!(run.count("created"), 5);
    scene.no_faults();
    eventually("the one that was deleted to be made up for", || {
        (run.count("created") == 6).then_some(())
    });
    run.more_cycles(2);
    assert_eq!((scene.jobs(), run.count("created")), (5, 6));
    run.end();
    Ok(())
}

/// What holds is named as it is for a list.
pub(super) fn cannot_be_looked_for() -> Outcome {
    let (scene, run) = behind(true, &[]);
    scene.fault(json!([{"verb": "get", "resource": "jobs", "action": {"status": 403}}]));
    eventually("a cycle that holds for it", || {
        let held = run.last("held")["message"].clone();
        let said = held.as_str().unwrap_or_default();
        let names =
            said.contains("cannot get job ") && said.contains("the right to get jobs.batch");
        names.then_some(())
    });
    assert_eq!(run.count("created"), 5);
    run.end();
    Ok(())
}

pub(super) fn gone_at_once() -> Outcome {
    // With a watch that tells it, and with lists alone.
    for (rules, most_asked) in [
        (json!([]), 0),
        // Each of the three.
        (json!([{"verb": "watch", "action": {"status": 403}}]), 3),
    ] {
        let scene = Scene::new(3);
        scene.fault(rules);
        let text = scene
            .object("orders", "default")
            .replace("sandbox.keda-jobs/run: 30m", "sandbox.keda-jobs/run: 10ms")
            .replace(
                "  jobTargetRef:\n",
                "  jobTargetRef:\n    ttlSecondsAfterFinished: 0\n",
            );
        let manifest = scene.cluster.write("orders.yaml", &text);
        let run = scene.start(&[&manifest], &[]);
        run.more_cycles(8);
        let cycles = run.count("cycleStarted") as u64;
        assert!(run.count("created") >= 15, "{}", run.count("created"));
        assert_eq!(run.count("held"), 0);
        let asked = scene.requests("get jobs");
        assert!(
            asked <= most_asked * cycles,
            "{asked} requests in {cycles} cycles"
        );
        run.end();
    }
    Ok(())
}

/// Whoever has no right to watch, or was cut off, learns from a list alone that many are gone.
pub(super) fn many_gone() -> Outcome {
    let scene = Scene::new(150);
    scene.fault(json!([{"verb": "watch", "action": {"status": 403}}]));
    let manifest = scene
        .cluster
        .write("orders.yaml", &scene.object("orders", "default"));
    let run = scene.start(&[&manifest], &[]);
    let running = || run.last("planned")["plan"]["jobs"]["running"].as_u64();
    eventually("all Jobs to be counted", || {
        (running() == Some(150)).then_some(())
    });
    scene.wait_with(0);
    run.more_cycles(2);
    let jobs = format!("/apis/batch/v1/namespaces/{}/jobs", scene.cluster.namespace);
    scene.cluster.admin("DELETE", &jobs, None);
    let fewer = eventually("a cycle without them", || {
        running().filter(|running| *running < 150)
    });
    assert!(fewer < 50, "{fewer} still hold their places");
    run.end();
    Ok(())
}

pub(super) fn broken(strategy: &str, fault: &Value) -> Outcome {
    let scene = Scene::new(3);
    let manifest = scene
        .cluster
        .write("orders.yaml", &scene.object("orders", strategy));
    let run = scene.start(&[&manifest], &[]);
    eventually("three Jobs", || (scene.jobs() == 3).then_some(()));
    run.more_cycles(1);
    // Those that run end; the next ones fare as the rule says.
    let watches = if strategy == "accurate" { 4 } else { 2 };
    scene.fault(json!([
        {"verb": "watch", "count": watches, "action": {"watch": "end"}},
        {"verb": "watch", "count": 8, "action": fault},
    ]));
    scene.wait_with(5);
    eventually("five Jobs", || (scene.jobs() == 5).then_some(()));
    run.more_cycles(2);
    assert_eq!(scene.jobs(), 5);
    // Only a watch that works again tells that somebody deleted Jobs.
    delete(&scene.cluster, 2);
    eventually("seven Jobs in all", || {
        (run.count("created") == 7).then_some(())
    });
    run.more_cycles(3);
    assert_eq!((scene.jobs(), run.count("created")), (5, 7));
    run.end();
    Ok(())
}

pub(super) fn lost() -> Outcome {
    for first in [json!({"loseAnswer": true}), json!({"cut": true})] {
        let scene = Scene::new(1);
        let manifest = scene
            .cluster
            .write("orders.yaml", &scene.object("orders", "default"));
        let run = scene.start(&[&manifest, "--concurrency", "2"], &[]);
        // The first of a run goes alone.
        eventually("the first Job", || {
            (run.count("created") == 1).then_some(())
        });
        let before = scene.names();
        // No attempt at any of the others gets an answer; of the first two, one was written.
        scene.fault(json!([
            {"verb": "create", "resource": "jobs", "count": 1, "action": first},
            {"verb": "create", "resource": "jobs", "action": {"cut": true}},
        ]));
        scene.wait_with(5);
        let failed = || -> BTreeSet<String> {
            run.events()
                .iter()
                .filter(|event| event["type"] == json!("createFailed"))
                .filter_map(|event| event["job"].as_str().map(str::to_owned))
                .collect()
        };
        eventually("creates to fail in two cycles", || {
            (run.count("createFailed") >= 6).then_some(())
        });
        scene.no_faults();
        eventually("five Jobs", || (scene.jobs() == 5).then_some(()));
        run.more_cycles(3);
        let jobs: BTreeSet<String> = scene.names().difference(&before).cloned().collect();
        // A name whose create came to nothing is used again, so that one that still arrives makes no second Job.
        assert_eq!(jobs, failed(), "{first}");
        // That one was made after all is told, and counted like the others.
        let late = usize::from(first == json!({"loseAnswer": true}));
        assert_eq!(run.count("createdAfterAll"), late, "{first}");
        assert_eq!(run.count("created"), 5 - late, "{first}");
        let totals = run.end()["totals"].clone();
        assert_eq!(
            (&totals["created"], &totals["unanswered"]),
            (&json!(5), &json!(0)),
            "{first}"
        );
    }
    Ok(())
}

pub(super) fn forbidden() -> Outcome {
    let scene = Scene::new(2);
    scene.fault(json!([{"verb": "list", "resource": "jobs", "action": {"status": 403}}]));
    let manifest = scene
        .cluster
        .write("orders.yaml", &scene.object("orders", "default"));
    let run = scene.start(&[&manifest], &[]);
    run.more_cycles(3);
    let said = run.last("held").to_string();
    let list = format!(
        "cannot list jobs.batch in namespace {}",
        scene.cluster.namespace
    );
    assert_contains(&said, &[&list, "forbidden"]);
    assert_eq!(scene.jobs_when_allowed(), 0);
    // The right is given: it goes on by itself.
    eventually("two Jobs", || (scene.jobs() == 2).then_some(()));
    run.end();
    Ok(())
}

impl Scene {
    fn jobs_when_allowed(&self) -> usize {
        self.no_faults();
        let counted = self.cluster.jobs().len();
        counted.saturating_sub(self.waiting.load(Ordering::SeqCst))
    }
}

pub(super) fn lists_instead() -> Outcome {
    let scene = Scene::new(2);
    scene.fault(json!([{"verb": "watch", "action": {"status": 403}}]));
    let manifest = scene
        .cluster
        .write("orders.yaml", &scene.object("orders", "accurate"));
    let run = scene.start(&[&manifest], &[]);
    eventually("two Jobs", || (scene.jobs() == 2).then_some(()));
    run.more_cycles(2);
    delete(&scene.cluster, 1);
    eventually("a third Job", || (run.count("created") == 3).then_some(()));
    run.more_cycles(2);
    assert_eq!(run.count("created"), 3);
    let watch = format!(
        "cannot watch jobs.batch in namespace {}",
        scene.cluster.namespace
    );
    assert_contains(&run.said(), &[&watch, "every cycle lists instead"]);
    // Two feeds need the right: ours and those of KEDA.
    assert_eq!(run.said().matches(&watch).count(), 1, "{}", run.said());
    run.end();
    Ok(())
}

pub(super) fn fails_later() -> Outcome {
    let scene = Scene::new(2);
    let manifest = scene
        .cluster
        .write("orders.yaml", &scene.object("orders", "default"));
    let run = scene.start(&[&manifest], &[]);
    eventually("two Jobs", || (scene.jobs() == 2).then_some(()));
    run.more_cycles(1);
    // The history is gone, and the list that would mend it is refused for good.
    scene.fault(json!([
        {"verb": "watch", "action": {"watch": "expire"}},
        {"verb": "list", "resource": "jobs", "action": {"status": 403}},
    ]));
    eventually("a cycle that holds", || {
        (run.count("held") > 0).then_some(())
    });
    scene.wait_with(4);
    run.more_cycles(2);
    scene.no_faults();
    eventually("four Jobs", || (scene.jobs() == 4).then_some(()));
    run.more_cycles(3);
    assert_eq!(scene.jobs(), 4);
    run.end();
    Ok(())
}
