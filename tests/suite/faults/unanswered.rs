//! Creates without an answer, and what becomes of their names.

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::refused::allow;
use super::scene;
use crate::support::{Outcome, assert_contains, assert_lacks, embedded_test, eventually};

pub(super) fn tests() -> Vec<Trial> {
    vec![
        embedded_test(
            "faults::the_server_is_told_how_long_a_create_is_waited_for",
            deadline,
        ),
        embedded_test(
            "faults::one_cycle_says_how_many_creates_have_no_answer",
            counted,
        ),
        embedded_test(
            "faults::nothing_follows_a_first_create_without_an_answer",
            first,
        ),
        embedded_test(
            "faults::a_create_that_is_refused_for_its_own_first_sending_is_made",
            own_place,
        ),
        embedded_test(
            "faults::others_follow_a_first_job_that_was_seen",
            first_is_seen,
        ),
        embedded_test(
            "faults::a_job_that_may_not_be_looked_for_is_not_called_refused",
            not_looked_for,
        ),
        embedded_test(
            "faults::what_is_not_sent_after_others_without_an_answer_says_so",
            not_the_first,
        ),
        embedded_test(
            "faults::a_name_whose_second_sending_is_refused_is_used_again",
            refused_again,
        ),
    ]
}

/// The Jobs that events of that type name.
fn jobs_of(stdout: &Path, kind: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(stdout).unwrap_or_default();
    let events = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events
        .filter(|event| event["type"] == kind)
        .filter_map(|event| event["job"].as_str().map(str::to_owned))
        .collect()
}

/// So that it gives up when we do, and makes no Job that nobody expects any more.
fn deadline() -> Outcome {
    let scene = scene(1);
    scene.fault(json!([{"verb": "create", "resource": "jobs", "path": "/jobs?timeout=7500ms", "action": {"status": 403}}]));
    for (timeout, status) in [("8s", 0), ("7500ms", 1)] {
        let run = ["run", "--once", "--request-timeout", timeout];
        let run = scene.cluster.run([&run[..], &[&scene.manifest]].concat());
        run.expect(status);
        let cleanup = scene.cluster.run(["cleanup", "--all", "--yes"]);
        cleanup.expect(0);
    }
    Ok(())
}

fn counted() -> Outcome {
    let scene = scene(4);
    // The first is answered; of the next one the answer is lost, and nothing more comes through.
    scene.fault(json!([
        {"verb": "create", "resource": "jobs", "after": 1, "count": 1, "action": {"loseAnswer": true}},
        {"verb": "create", "resource": "jobs", "after": 1, "action": {"cut": true}},
    ]));
    let run = scene
        .cluster
        .run(["run", "--once", "--no-lease", &scene.manifest])
        .expect(1);
    assert_contains(
        &run.stdout,
        &[
            "1 created",
            "3 creates without an answer: their Jobs may exist",
        ],
    );
    assert_eq!(scene.cluster.jobs().len(), 2);
    Ok(())
}

fn first() -> Outcome {
    let scene = scene(4);
    scene.fault(json!([{"verb": "create", "resource": "jobs", "action": {"cut": true}}]));
    let run = scene
        .cluster
        .run([
            "run",
            "--once",
            "--no-lease",
            "--output",
            "json",
            &scene.manifest,
        ])
        .expect(1);
    let events = run.json_lines();
    let totals = &events.last().expect("a summary")["totals"];
    assert_eq!(
        (&totals["created"], &totals["unanswered"]),
        (&json!(0), &json!(1))
    );
    assert_contains(
        &run.stdout,
        &["3 more Jobs were not sent: the first one was not made for certain"],
    );
    Ok(())
}

/// The quota has room for one, and the sending whose answer is lost takes it.
fn own_place() -> Outcome {
    let scene = scene(1);
    allow(&scene.cluster, 1);
    // What answers the second sending is the quota.
    scene.fault(json!([
        {"verb": "create", "resource": "jobs", "count": 1, "action": {"loseAnswer": true}},
        {"verb": "create", "resource": "jobs", "count": 1, "action": {"status": 403}},
    ]));
    let run = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    assert_contains(&run.stdout, &["created orders-", "1 created"]);
    assert_eq!(scene.cluster.jobs().len(), 1);
    Ok(())
}

/// That a list shows it by its label says as much as an answer.
fn first_is_seen() -> Outcome {
    let scene = scene(4);
    scene.fault(json!([
        {"verb": "create", "resource": "jobs", "count": 1, "action": {"loseAnswer": true}},
        {"verb": "create", "resource": "jobs", "action": {"cut": true}},
    ]));
    let (run, stdout) = scene.start(&["--output", "json"]);
    eventually("the three others to be sent", || {
        (jobs_of(&stdout, "createFailed").len() == 4).then_some(())
    });
    run.signal("INT");
    assert_eq!(run.wait(), 130);
    Ok(())
}

/// Its second sending meets it, and whose it is cannot be asked.
fn not_looked_for() -> Outcome {
    let scene = scene(1);
    scene.fault(json!([
        {"verb": "create", "resource": "jobs", "count": 1, "action": {"loseAnswer": true}},
        {"verb": "get", "resource": "jobs", "action": {"status": 403}},
    ]));
    let run = scene
        .cluster
        .run(["run", "--once", "--no-lease", &scene.manifest])
        .expect(1);
    assert_contains(
        &run.stdout,
        &[
            "it may exist all the same",
            "1 create without an answer: its Job may exist",
        ],
    );
    assert_lacks(&run.stdout, "refuses");
    Ok(())
}

/// After a refusal the first is made, and the two that follow have no answer.
fn not_the_first() -> Outcome {
    let scene = scene(6);
    scene.fault(json!([
        {"verb": "create", "resource": "jobs", "count": 1, "action": {"status": 403}},
        {"verb": "create", "resource": "jobs", "after": 1, "action": {"cut": true}},
    ]));
    let (run, stdout) = scene.start(&[]);
    let said = || std::fs::read_to_string(&stdout).unwrap_or_default();
    let notice = "3 more Jobs were not sent: ";
    eventually("three that are not sent", || {
        said().contains(notice).then_some(())
    });
    assert_contains(
        &said(),
        &["3 more Jobs were not sent: not all before them were made for certain"],
    );
    run.signal("INT");
    assert_eq!(run.wait(), 130);
    Ok(())
}

fn refused_again() -> Outcome {
    let scene = scene(3);
    // Three attempts at the first one come to nothing; in the next two cycles it is refused, and put off.
    scene.fault(json!([
        {"verb": "create", "resource": "jobs", "count": 3, "action": {"cut": true}},
        {"verb": "create", "resource": "jobs", "count": 1, "action": {"status": 403}},
        {"verb": "create", "resource": "jobs", "count": 1, "action": {"status": 429, "retryAfter": 3}},
    ]));
    let (run, stdout) = scene.start(&["--output", "json", "--request-timeout", "2s"]);
    eventually("all three", || {
        (scene.cluster.jobs().len() == 3).then_some(())
    });
    eventually("word of them", || {
        (jobs_of(&stdout, "created").len() == 3).then_some(())
    });
    run.signal("INT");
    assert_eq!(run.wait(), 130);
    let failed = jobs_of(&stdout, "createFailed");
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed.is_subset(&jobs_of(&stdout, "created")), "{failed:?}");
    Ok(())
}
