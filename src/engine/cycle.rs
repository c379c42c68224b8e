//! What a cycle decides: observe, read, plan.

use std::sync::Arc;

use super::{Engine, Target};
use crate::api::Trigger;
use crate::api::reading::TriggerReading;
use crate::cluster::inventory;
use crate::mutant;
use crate::planner::inventory::{Counts, Inventory};
use crate::planner::{Limits, Plan, PlanInput, decision, plan};
use crate::scalers;

/// What is given by hand instead of being asked for.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Readings by place of the trigger; the others are asked for.
    pub readings: Vec<TriggerReading>,
    /// Counts instead of the cluster's.
    pub counts: Option<Counts>,
}

/// A plan with what it was made from.
#[derive(Debug, Clone)]
pub struct Decided {
    /// One reading per trigger.
    pub readings: Vec<TriggerReading>,
    /// What exists.
    pub inventory: Inventory,
    /// What to do.
    pub plan: Plan,
}

/// Observes, reads and plans; changes nothing.
///
/// The inventory is taken before the readings: work that a Job takes or finishes in between then makes the plan too small, which
/// the next cycle mends, and never too large.
pub async fn decide(engine: &Engine, target: &Target, overrides: &Overrides) -> Decided {
    let inventory = match overrides.counts {
        Some(counts) => Inventory::Assumed(counts),
        None => observe(engine, target).await,
    };
    engine.limits.observed(target, &inventory);
    let readings = if target.job.paused() {
        Vec::new()
    } else {
        // Made when there is a place for it, so that those that wait need no room.
        let read = || Box::pin(read(engine, target, overrides));
        engine.reads.pass(read).await
    };
    let limits = engine.limits.of(target, &inventory);
    let input = PlanInput {
        job: &target.job,
        readings: &readings,
        inventory: &inventory,
        limits: &limits,
        spec_hash: &target.spec_hash,
        now: engine.clock.now(),
    };
    // What --max-total leaves depends on what the other limits let through.
    let create = decision(&input).create;
    let total = engine.limits.share(target, create).await;
    let limits = Limits {
        total: total.filter(|total| total.room < create),
        ..limits
    };
    let plan = plan(&PlanInput {
        limits: &limits,
        ..input
    });
    Decided {
        readings,
        inventory,
        plan,
    }
}

async fn observe(engine: &Engine, target: &Target) -> Inventory {
    let observed = async {
        if let Some(observer) = &engine.observer {
            return observer.observe(target).await;
        }
        let cluster = engine.cluster.get().await?;
        Box::pin(inventory::observe(cluster, &target.namespace, &target.job))
            .await
            .map(Inventory::Known)
    };
    observed.await.unwrap_or_else(|error| {
        if mutant::is("empty-on-failure") {
            return Inventory::Known(Vec::new());
        }
        Inventory::Unknown(match error.hint() {
            Some(hint) => format!("{error}; {hint}"),
            None => error.to_string(),
        })
    })
}

async fn read(engine: &Engine, target: &Target, overrides: &Overrides) -> Vec<TriggerReading> {
    let is_given = |trigger: &&Trigger| {
        let mut given = overrides.readings.iter();
        given.any(|reading| reading.index == trigger.index)
    };
    let asked = target.job.triggers.iter();
    let mut readings = scalers::read_triggers(
        &target.job,
        asked.filter(|trigger| !is_given(trigger)),
        &target.namespace,
        engine.objects.as_ref(),
        Arc::clone(&engine.reader),
        &engine.read_options,
    )
    .await;
    readings.extend(overrides.readings.iter().cloned());
    readings.sort_by_key(|reading| reading.index);
    readings
}
