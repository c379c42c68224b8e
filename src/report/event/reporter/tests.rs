use super::*;
use crate::planner::inventory::Inventory;
use crate::planner::tests::builder::{assumed, plan_of, reading, scaled_job};
use crate::report::event::Totals;
use crate::report::plan::{ObjectPlan, PlanView, TriggerRefView};

fn name() -> ObjectName {
    ObjectName {
        namespace: "default".to_owned(),
        name: "worker".to_owned(),
    }
}

fn planned(value: f64, inventory: &Inventory) -> Event {
    let job = scaled_job();
    let plan = plan_of(&job, &[reading(0, value, 5.0, value > 0.0)], inventory);
    Event::Planned {
        plan: Box::new(PlanView::new(&ObjectPlan {
            object: name(),
            job: &job,
            plan: &plan,
        })),
    }
}

fn events() -> Vec<(Option<ObjectName>, Event)> {
    let at = |event| (Some(name()), event);
    let totals = Totals {
        created: 1,
        errors: 1,
        ..Totals::default()
    };
    vec![
        (
            None,
            Event::RunStarted {
                objects: 1,
                context: "kind".to_owned(),
                server: "https://127.0.0.1:6443".to_owned(),
            },
        ),
        at(Event::CycleStarted {
            cycle: "c1".to_owned(),
        }),
        at(planned(0.0, &assumed(0, 0))),
        at(planned(0.0, &assumed(0, 0))),
        at(planned(25.0, &assumed(2, 0))),
        at(Event::Created {
            job: "worker-x7k2p".to_owned(),
            trigger: Some(TriggerRefView {
                index: 0,
                kind: "redis".to_owned(),
                name: "mails".to_owned(),
            }),
        }),
        at(Event::CreateFailed {
            job: "worker-abcde".to_owned(),
            error: "quota\nexceeded".to_owned(),
            refused: false,
            causes: Vec::new(),
        }),
        at(Event::JobFinished {
            job: "worker-x7k2p".to_owned(),
            succeeded: true,
            seconds: Some(192),
            reason: None,
        }),
        at(Event::Held {
            wanted: 5,
            create: 2,
            term: "max-replica-count".to_owned(),
            message: "8 of 10 slots are taken".to_owned(),
        }),
        at(Event::CycleFinished {
            cycle: "c1".to_owned(),
            totals,
            milliseconds: 12,
        }),
        (
            None,
            Event::RunSummary {
                objects: 1,
                cycles: 3,
                totals,
                ended: "interrupted".to_owned(),
            },
        ),
    ]
}

fn written(format: Format, verbosity: Verbosity) -> String {
    let mut reporter = Reporter::new(Vec::new(), format, verbosity);
    let time = Timestamp::from_second(3_723).unwrap();
    for (object, event) in events() {
        reporter.report(time, object.as_ref(), &event).unwrap();
    }
    String::from_utf8(reporter.into_inner()).unwrap()
}

/// The lines that these events of one object make, without time and object where they are for people.
fn lines_of(events: &[Event], format: Format, verbosity: Verbosity) -> Vec<String> {
    let mut reporter = Reporter::new(Vec::new(), format, verbosity);
    for event in events {
        let time = Timestamp::UNIX_EPOCH;
        reporter.report(time, Some(&name()), event).unwrap();
    }
    let text = String::from_utf8(reporter.into_inner()).unwrap();
    let line = |line: &str| {
        line.trim_start_matches("00:00:00Z default/worker  ")
            .to_owned()
    };
    text.lines().map(line).collect()
}

#[test]
fn for_people() {
    let text = written(Format::Human, Verbosity::Normal);
    assert_eq!(
        text,
        "\
01:02:03Z run started: 1 object on kind (https://127.0.0.1:6443)
01:02:03Z default/worker  create 0 (0 unfinished, 0 pending): no trigger has work
01:02:03Z default/worker  create 3 (2 unfinished, 0 pending): 5 Jobs wanted, 2 exist already
01:02:03Z default/worker  created worker-x7k2p for redis \"mails\", trigger 0
01:02:03Z default/worker  ERROR: could not create worker-abcde: quota\\nexceeded
01:02:03Z default/worker  succeeded worker-x7k2p after 3m12s
01:02:03Z default/worker  HELD at 2 of 5 wanted: 8 of 10 slots are taken
01:02:03Z run ended (interrupted): 1 object, 3 cycles, 1 created, 0 deleted, 0 succeeded, 0 failed, 1 error
",
        "\n{text}"
    );
}

#[test]
fn levels() {
    let lines = |verbosity| written(Format::Human, verbosity).lines().count();
    assert_eq!(lines(Verbosity::Quiet), 3);
    assert_eq!(lines(Verbosity::Verbose), events().len());
}

#[test]
fn deletes_that_fail_for_one_reason_are_told_of_once_in_each_cycle() {
    let failed = |job: &str, error: &str| Event::DeleteFailed {
        job: job.to_owned(),
        error: format!("cannot delete jobs.batch {job:?}: {error}"),
    };
    let finished = || Event::CycleFinished {
        cycle: "c1".to_owned(),
        totals: Totals::default(),
        milliseconds: 12,
    };
    let events = [
        failed("worker-a", "forbidden"),
        failed("worker-b", "forbidden"),
        failed("worker-c", "forbidden"),
        finished(),
        failed("worker-a", "forbidden"),
        finished(),
    ];
    let first =
        "ERROR: could not delete worker-a: cannot delete jobs.batch \"worker-a\": forbidden";
    assert_eq!(
        lines_of(&events, Format::Human, Verbosity::Quiet),
        [
            first,
            "ERROR: could not delete 2 more Jobs for the same reason",
            first
        ]
    );
    // JSON carries each.
    assert_eq!(lines_of(&events, Format::Json, Verbosity::Quiet).len(), 6);
}

#[test]
fn a_failure_of_all_is_told_of_once_in_each_cycle() {
    let failed = |job: &str, error: &str| Event::CreateFailed {
        job: job.to_owned(),
        error: format!("jobs.batch {job:?} is invalid: {error}"),
        refused: false,
        causes: Vec::new(),
    };
    let finished = || Event::CycleFinished {
        cycle: "c1".to_owned(),
        totals: Totals::default(),
        milliseconds: 12,
    };
    let events = [
        failed("worker-a", "no image"),
        failed("worker-b", "no image"),
        failed("worker-c", "no image"),
        finished(),
        failed("worker-d", "no image"),
        failed("worker-e", "no name"),
        finished(),
    ];
    let lines = |format, verbosity| {
        let mut lines = lines_of(&events, format, verbosity);
        lines.retain(|line| line.contains("reate"));
        lines
    };
    assert_eq!(
        lines(Format::Human, Verbosity::Quiet),
        [
            "ERROR: could not create worker-a: jobs.batch \"worker-a\" is invalid: no image",
            "ERROR: could not create 2 more Jobs for the same reason",
            "ERROR: could not create worker-d: jobs.batch \"worker-d\" is invalid: no image",
            "ERROR: could not create worker-e: jobs.batch \"worker-e\" is invalid: no name",
        ]
    );
    assert_eq!(lines(Format::Human, Verbosity::Verbose).len(), 5 + 2);
    assert_eq!(lines(Format::Json, Verbosity::Quiet).len(), 5 + 2);
}

#[test]
fn a_refusal_is_told_in_full_once_and_its_end_is_told() {
    let refused = |job: &str, count: usize, used: u32, error: &str| Event::JobsRefused {
        count,
        sent: 1,
        job: job.to_owned(),
        error: format!("jobs.batch {job:?} is forbidden: {error}, used: {used}"),
        causes: Vec::new(),
    };
    let failed = Event::CreateFailed {
        job: "worker-a".to_owned(),
        error: "exceeded quota: few".to_owned(),
        refused: true,
        causes: Vec::new(),
    };
    let plan = || planned(25.0, &assumed(2, 0));
    let events = [
        plan(),
        failed,
        refused("worker-a", 47, 3, "exceeded quota: few"),
        plan(),
        refused("worker-b1", 47, 3, "exceeded quota: few"),
        planned(30.0, &assumed(2, 0)),
        refused("worker-c", 1, 12, "exceeded quota: few"),
        refused("worker-d", 2, 3, "exceeded quota: other"),
        Event::JobsAccepted,
        refused("worker-e", 2, 3, "exceeded quota: other"),
    ];
    let lines = |format, verbosity| lines_of(&events, format, verbosity);
    let told = lines(Format::Human, Verbosity::Quiet);
    assert_eq!(
        told,
        [
            "ERROR: 47 Jobs are not created: the cluster refuses them: jobs.batch \"worker-a\" is forbidden: exceeded quota: few, used: 3",
            "ERROR: 47 Jobs are not created: the cluster still refuses them",
            "ERROR: 1 Job is not created: the cluster still refuses it",
            "ERROR: 2 Jobs are not created: the cluster refuses them: jobs.batch \"worker-d\" is forbidden: exceeded quota: other, used: 3",
            "Jobs are created again: the cluster refuses them no more",
            "ERROR: 2 Jobs are not created: the cluster refuses them: jobs.batch \"worker-e\" is forbidden: exceeded quota: other, used: 3",
        ]
    );
    // A plan that is the same as the last and comes to nothing is no news.
    let normal = lines(Format::Human, Verbosity::Normal);
    assert_eq!(normal.len(), told.len() + 2, "{normal:#?}");
    assert_eq!(lines(Format::Human, Verbosity::Verbose).len(), events.len());
    assert_eq!(lines(Format::Json, Verbosity::Quiet).len(), events.len());
}

#[test]
fn a_limit_that_goes_on_holding_is_told_of_once() {
    let held = |term: DecidingTerm| Event::Held {
        wanted: 5,
        create: 0,
        term: term.as_str().to_owned(),
        message: "one more at 12:03:20Z".to_owned(),
    };
    let lines = |events: &[Event], verbosity| {
        let lines = lines_of(events, Format::Human, verbosity);
        lines.iter().filter(|line| line.contains("HELD")).count()
    };
    let limit = || held(DecidingTerm::FailureBrake);
    let free = || planned(25.0, &assumed(0, 0));
    assert_eq!(lines(&[limit(), limit(), limit()], Verbosity::Quiet), 1);
    assert_eq!(lines(&[limit(), free(), limit()], Verbosity::Quiet), 2);
    assert_eq!(lines(&[limit(), limit()], Verbosity::Verbose), 2);
    let blind = || held(DecidingTerm::InventoryUnknown);
    assert_eq!(lines(&[blind(), blind()], Verbosity::Normal), 2);
}

#[test]
fn for_programs() {
    let text = written(Format::Json, Verbosity::Quiet);
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), events().len());
    for line in &lines {
        assert_eq!(line["apiVersion"], "keda-jobs/v1");
        assert_eq!(line["kind"], "Event");
        assert_eq!(line["time"], "1970-01-01T01:02:03Z");
    }
    assert_eq!(lines[0]["type"], "runStarted");
    assert!(lines[0].get("object").is_none());
    assert_eq!(lines[4]["type"], "planned");
    assert_eq!(lines[4]["object"]["name"], "worker");
    assert_eq!(lines[4]["plan"]["decision"]["create"], 3);
    assert_eq!(lines[5]["type"], "created");
    assert_eq!(lines[5]["trigger"]["name"], "mails");
    assert_eq!(lines[10]["totals"]["created"], 1);
}
