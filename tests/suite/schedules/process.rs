//! A run inside this process: what `run` does with the program's own parts, without a terminal and a socket.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use k8s_openapi::jiff::SignedDuration;
use keda_jobs::api::{KedaVersion, ScaledJob, Secret, decode};
use keda_jobs::cluster::Cluster;
use keda_jobs::cluster::client::LazyCluster;
use keda_jobs::cluster::objects::Objects;
use keda_jobs::cluster::pace::Paces;
use keda_jobs::diagnostic::SourceFile;
use keda_jobs::engine::clock::Clock;
use keda_jobs::engine::gate::Gate;
use keda_jobs::engine::guard::Guard;
use keda_jobs::engine::lease::{LeaseOptions, Leases};
use keda_jobs::engine::limits::{LimitOptions, Limiter};
use keda_jobs::engine::observer::Observer;
use keda_jobs::engine::{Engine, Target, scaled_jobs, schedule};
use keda_jobs::report::ObjectName;
use keda_jobs::report::event::Event;
use keda_jobs::sandbox::Sandbox;
use keda_jobs::scalers::{ClusterReader, PodSummary, ReadError, ReadOptions};
use keda_jobs::signals::Signals;
use keda_jobs::{api, manifest};

use super::scenario::{Scenario, Source};
use super::world::World;

pub(super) type Shared = Arc<Mutex<World>>;

pub(super) fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one run is given.
pub(super) struct Process {
    pub(super) world: Shared,
    pub(super) scenario: Arc<Scenario>,
    pub(super) client: kube::Client,
    /// Name of the run: differs from start to start.
    pub(super) who: String,
    pub(super) targets: Vec<Target>,
    /// By how many milliseconds its wall clock is wrong.
    pub(super) clock: Arc<AtomicI64>,
    pub(super) waits: bool,
    pub(super) takeover: bool,
    pub(super) signals: Signals,
}

/// The objects of a scenario, with their templates in that version.
pub(super) fn targets(scenario: &Scenario, version: u32) -> Vec<Target> {
    let texts: Vec<String> = scenario
        .objects
        .iter()
        .map(|object| object.manifest(version))
        .collect();
    let source = SourceFile::new("orders.yaml", texts.join("---\n"));
    let (documents, findings) = manifest::load(&source);
    let (resources, found) = decode(&documents, &findings, KedaVersion::NEWEST);
    let jobs: Vec<ScaledJob> = resources.scaled_jobs;
    assert_eq!(jobs.len(), texts.len(), "{findings:?} {found:?}");
    jobs.into_iter()
        .map(|job| Target::new(job, "default"))
        .collect()
}

impl Process {
    /// Runs until it ends by itself or is asked to.
    pub(super) async fn run(self) {
        let cluster = Cluster::of_client(self.client, "in memory", self.scenario.request_timeout);
        let clock = {
            let skew = Arc::clone(&self.clock);
            Clock::new(move || {
                let skew = SignedDuration::from_millis(skew.load(Ordering::Relaxed));
                Sandbox::now().saturating_add(skew).unwrap_or_default()
            })
        };
        let leases = self.scenario.fleet.leases().then(|| {
            Leases::new(
                cluster.clone(),
                LeaseOptions {
                    who: self.who.clone(),
                    duration: self.scenario.lease,
                    wait: self.waits.then_some(None),
                    takeover: self.takeover,
                    clock: clock.clone(),
                },
            )
        });
        let scaled_jobs = scaled_jobs(&self.targets);
        let guard = Guard::new(
            cluster.clone(),
            "keda".to_owned(),
            Arc::clone(&scaled_jobs),
            leases,
        );
        let started = tokio::select! {
            biased;
            _ = self.signals.first() => Ok(()),
            started = guard.start(&self.targets) => started,
        };
        if started.is_err() {
            return guard.release().await;
        }
        let lazy = Arc::new(LazyCluster::connected(cluster.clone()));
        let options = LimitOptions {
            max_create: self.scenario.max_create,
            max_pending: self.scenario.max_pending,
            max_total: self.scenario.max_total,
            failure_brake: 10,
        };
        let once = self.scenario.once;
        let engine = Engine {
            clock,
            observer: Some(Arc::new(Observer::start(
                &cluster,
                &self.targets,
                once,
                scaled_jobs,
            ))),
            objects: Arc::new(Objects::new(
                &api::Resources::default(),
                "default",
                Arc::clone(&lazy),
            )),
            reader: Arc::new(Sources(Arc::clone(&self.world))),
            read_options: ReadOptions::default(),
            reads: Gate::default(),
            limits: Limiter::new(options, &self.targets),
            stuck_after: std::time::Duration::from_secs(30),
            concurrency: self.scenario.concurrency,
            paces: Paces::new(self.scenario.concurrency),
            cluster: lazy,
        };
        let tell = |object: Option<&ObjectName>, event: Event| {
            lock(&self.world).told(&self.who, object, &event);
        };
        schedule::run(&engine, &self.targets, &guard, once, &self.signals, &tell).await;
        guard.release().await;
    }
}

/// The sources: the length of each object's queue as pods that wait.
struct Sources(Shared);

#[async_trait]
impl ClusterReader for Sources {
    async fn pods(&self, _: &str, selector: &str) -> Result<Vec<PodSummary>, ReadError> {
        let name = selector.trim_start_matches("queue=");
        let source = {
            let world = lock(&self.0);
            let place = world.place(name).expect("an object of the scenario");
            (place, world.queues[place].source)
        };
        match source.1 {
            Source::Answers => {}
            Source::Fails => return Err(ReadError::new("the source is away")),
            Source::Late(delay) => tokio::time::sleep(delay).await,
        }
        let items = lock(&self.0).queues[source.0].items;
        let waiting = PodSummary {
            phase: "Running".to_owned(),
            node: None,
        };
        Ok(vec![waiting; usize::try_from(items).unwrap_or_default()])
    }

    async fn service_endpoints(
        &self,
        _: &str,
        _: &str,
    ) -> Result<Vec<std::net::IpAddr>, ReadError> {
        Ok(Vec::new())
    }

    async fn service_account_annotation(
        &self,
        _: &str,
        _: &str,
        _: &str,
    ) -> Result<Option<String>, ReadError> {
        Ok(None)
    }

    async fn service_account_token(
        &self,
        _: &str,
        _: &str,
        _: &str,
    ) -> Result<Secret<String>, ReadError> {
        Err(ReadError::new("no trigger of a scenario asks for a token"))
    }
}
