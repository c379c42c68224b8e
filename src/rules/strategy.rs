//! The strategy against what the readings count. [users-and-peers §1.2, semantics §2.7]
//!
//! `default` and `custom` subtract the Jobs that run, so their reading has to include the work that these hold. `accurate` subtracts only
//! the Jobs whose pods have not started, so its reading must not include it. `eager` subtracts pending Jobs from the free slots only.

use super::Subject;
use super::place::{field, number};
use crate::api::facts::{InFlight, TriggerFacts};
use crate::api::{DEFAULT_MAX_REPLICA_COUNT, Dialect, Strategy, Trigger};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &SLOW_START,
    &STRATEGY_DUPLICATES,
    &STRATEGY_RUNS_AWAY,
    &STRATEGY_STARVES,
];

static SLOW_START: Rule = Rule {
    id: "slow-start",
    severity: Severity::Warning,
    summary: "a Job is no longer pending before its container has started up",
    doc: Doc {
        what: "The strategy is `accurate` without `pendingPodConditions`, and a probe says that a container takes longer to start up than \
               `pollingInterval`: `initialDelaySeconds`, or `failureThreshold` times `periodSeconds` of a `startupProbe`.",
        why: "Without `pendingPodConditions` a Job is pending only until its pod runs. A container that runs and has not taken its item yet \
              is subtracted no more, while the item is still counted: each poll creates another Job for it.",
        example: "pollingInterval: 10\nscalingStrategy:\n  strategy: accurate\njobTargetRef:\n  template:\n    spec:\n      containers:\n        - name: worker\n          startupProbe:\n            periodSeconds: 10\n            failureThreshold: 12",
        fix: "Add `pendingPodConditions: [Ready]`, or poll slower than the container starts.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, getPendingJobCount; KEDA issues 525 and 6727",
    },
};

static STRATEGY_DUPLICATES: Rule = Rule {
    id: "strategy-duplicates",
    severity: Severity::Warning,
    summary: "eager creates Jobs again for items whose pods are still starting",
    doc: Doc {
        what: "The strategy is `eager`, `pollingInterval` is below two minutes, and the reading of a trigger leaves out work in flight.",
        why: "`eager` takes pending Jobs off the free slots and not off the demand. An item stays in the reading until a pod has started and \
              takes it; until then each poll creates one more Job for it. With pods that take 90 seconds and a poll every 30, 30 messages make \
              69 Jobs.",
        example: "scalingStrategy:\n  strategy: eager\ntriggers:\n  - type: redis",
        fix: "Use `accurate`, which subtracts pending Jobs, or poll slower than pods start.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, eagerScalingStrategy; KEDA issue 7016",
    },
};

static STRATEGY_RUNS_AWAY: Rule = Rule {
    id: "strategy-runs-away",
    severity: Severity::Warning,
    summary: "a strategy that needs readings without work in flight gets them with it",
    doc: Doc {
        what: "The strategy is `accurate` or `eager`, and the reading of a trigger includes the work that Jobs hold, or is the constant number \
               of a cron window.",
        why: "These strategies do not subtract running Jobs. An item that a Job works on is counted as long as the work lasts, and each poll \
              creates another Job for it, until maxReplicaCount. They find no work and wait, or end.",
        example: "scalingStrategy:\n  strategy: accurate\ntriggers:\n  - type: rabbitmq\n    metadata:\n      protocol: http",
        fix: "Use `strategy: default`, or set the trigger's parameter that leaves work in flight out.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, accurateScalingStrategy; docker-selenium issue 3167",
    },
};

static STRATEGY_STARVES: Rule = Rule {
    id: "strategy-starves",
    severity: Severity::Warning,
    summary: "a strategy that subtracts running Jobs gets readings without their work",
    doc: Doc {
        what: "The strategy is `default` (also when none is written) or `custom`, and the reading of a trigger leaves out the work that Jobs hold.",
        why: "These strategies subtract the running Jobs from the reading, whose items are not in it any more: with 4 Jobs at work and 4 new \
              items no Job is created until others end. Items wait although there is room.",
        example: "triggers:\n  - type: redis\n    metadata:\n      listName: orders",
        fix: "Use `strategy: accurate`, or set the trigger's parameter that includes work in flight.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, defaultScalingStrategy; KEDA issues 1222 and 7878",
    },
};

/// Polls that are slower than most pods start, seconds.
const SLOW_POLL: i32 = 120;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    if subject.job.dialect != Dialect::V2 || is_misspelt(subject) {
        return;
    }
    let strategy = subject.job.scaling_strategy.strategy;
    let mut starves = Vec::new();
    let mut runs_away = Vec::new();
    let mut duplicates = Vec::new();
    for (trigger, facts) in subject.job.triggers.iter().zip(subject.facts) {
        let Some(facts) = facts.as_ref().filter(|facts| !facts.skipped) else {
            continue;
        };
        match (strategy, facts.in_flight) {
            (Strategy::Default | Strategy::Custom, InFlight::Excluded) => {
                starves.push((trigger, facts));
            }
            (Strategy::Accurate | Strategy::Eager, InFlight::Included) => {
                runs_away.push((trigger, facts));
            }
            (Strategy::Accurate | Strategy::Eager, InFlight::NotWork)
                if refills_a_window(subject, trigger) =>
            {
                runs_away.push((trigger, facts));
            }
            (Strategy::Eager, InFlight::Excluded) if subject.job.polling_interval < SLOW_POLL => {
                duplicates.push((trigger, facts));
            }
            _ => {}
        }
    }
    let name = strategy.as_str();
    report(
        subject,
        found,
        &STRATEGY_STARVES,
        &starves,
        &format!(
            "`{name}` subtracts running Jobs from a reading that leaves out their work: items wait although there is room"
        ),
        "write `strategy: accurate`, which fits such a reading",
    );
    report(
        subject,
        found,
        &STRATEGY_RUNS_AWAY,
        &runs_away,
        &if runs_away
            .iter()
            .all(|(_, facts)| facts.in_flight == InFlight::NotWork)
        {
            format!(
                "`{name}` creates the Jobs of the window again at each poll, up to maxReplicaCount"
            )
        } else {
            format!(
                "`{name}` creates another Job at each poll for an item that a Job works on, up to maxReplicaCount"
            )
        },
        "write `strategy: default`, which fits such a reading",
    );
    report(
        subject,
        found,
        &STRATEGY_DUPLICATES,
        &duplicates,
        "`eager` creates another Job at each poll for an item whose pod is still starting",
        "write `strategy: accurate`, which subtracts the Jobs whose pods have not started",
    );
    if strategy == Strategy::Accurate {
        slow_start(subject, found);
    }
}

/// The finding about an unknown word says enough.
fn is_misspelt(subject: &Subject<'_>) -> bool {
    subject
        .strategy()
        .and_then(|strategy| field(strategy, "strategy"))
        .is_some_and(|entry| {
            !matches!(
                entry.value.as_str(),
                Some("default" | "custom" | "accurate" | "eager" | "")
            )
        })
}

/// A cron window wants its number at each poll; only a maximum that is no higher keeps it from growing.
fn refills_a_window(subject: &Subject<'_>, trigger: &Trigger) -> bool {
    let wanted: Option<i64> = trigger
        .metadata
        .get("desiredReplicas")
        .and_then(|text| text.trim().parse().ok());
    let maximum = subject
        .job
        .max_replica_count
        .unwrap_or(DEFAULT_MAX_REPLICA_COUNT);
    trigger.kind == "cron" && wanted.is_some_and(|wanted| wanted > 0 && wanted < maximum)
}

/// One finding for all triggers that have the same fault: at the strategy where one is written, else at the first of them.
fn report(
    subject: &Subject<'_>,
    found: &mut Vec<Diagnostic>,
    rule: &'static Rule,
    triggers: &[(&Trigger, &TriggerFacts)],
    message: &str,
    help: &str,
) {
    if triggers.is_empty() {
        return;
    }
    let written = subject
        .strategy()
        .and_then(|strategy| field(strategy, "strategy"));
    let about = |facts: &TriggerFacts| {
        if facts.because.is_empty() {
            match facts.in_flight {
                InFlight::Included => "includes work in flight".to_owned(),
                InFlight::NotWork => "the same number as long as the window lasts".to_owned(),
                InFlight::Excluded | InFlight::Unknown => "leaves out work in flight".to_owned(),
            }
        } else {
            facts.because.clone()
        }
    };
    let mut labels = triggers
        .iter()
        .map(|(trigger, facts)| (subject.trigger_span(trigger.index), about(facts)));
    let (span, label): (Span, String) = match written {
        Some(entry) => (entry.value.span, String::new()),
        None => labels.next().expect("there is a first trigger"),
    };
    let mut diagnostic = subject.finding(rule, message, span, label);
    for (span, label) in labels {
        diagnostic = diagnostic.related(subject.at(span, label));
    }
    diagnostic = diagnostic.help(help);
    let switch = triggers.iter().find_map(|(trigger, facts)| {
        let (parameter, value) = facts.switch.filter(|_| rule != &STRATEGY_DUPLICATES)?;
        Some((trigger.kind.as_str(), parameter, value))
    });
    if let Some((kind, parameter, value)) = switch {
        diagnostic = diagnostic.help(format!(
            "or write `{parameter}: \"{value}\"` in the metadata of the {kind} trigger"
        ));
    }
    found.push(diagnostic);
}

fn slow_start(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    if !subject
        .job
        .scaling_strategy
        .pending_pod_conditions
        .is_empty()
    {
        return;
    }
    let excluded = subject
        .facts
        .iter()
        .flatten()
        .any(|facts| facts.in_flight == InFlight::Excluded);
    let interval = i64::from(subject.job.polling_interval);
    let slow = subject
        .containers()
        .filter(|(list, _)| *list == "containers" && excluded)
        .find_map(|(_, container)| {
            let probe =
                field(container, "startupProbe").or_else(|| field(container, "readinessProbe"))?;
            let of = |name: &str, default| number(&probe.value, name).unwrap_or(default);
            let mut seconds = of("initialDelaySeconds", 0);
            if probe.key == "startupProbe" {
                seconds = seconds.saturating_add(
                    of("periodSeconds", 10).saturating_mul(of("failureThreshold", 3)),
                );
            }
            (seconds > interval).then_some((probe, seconds))
        });
    let Some((probe, seconds)) = slow else { return };
    found.push(
        subject
            .finding(
                &SLOW_START,
                format!(
                    "a container may take {seconds} s to start up, and a Job is only pending until its pod runs"
                ),
                probe.key_span,
                format!("longer than pollingInterval ({interval} s)"),
            )
            .help("add `pendingPodConditions: [Ready]` to scalingStrategy, or each poll in between creates another Job for its item"),
    );
}
