//! A map of objects stands in for files and cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use super::*;
use crate::api::{
    AuthenticationRef, Dialect, EnvRef, Rollout, ScaledJob, ScalingStrategy, Secret, TargetRef,
};
use crate::diagnostic::{SourceFile, Span};
use crate::manifest::{Document, Node, Value};

#[derive(Default)]
struct Objects {
    secrets: BTreeMap<(String, String), DataObject>,
    config_maps: BTreeMap<(String, String), DataObject>,
    authentications: Vec<TriggerAuthentication>,
}

fn data(namespace: &str, name: &str, values: &[(&str, &str)]) -> ((String, String), DataObject) {
    let object = DataObject {
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        data: values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned())))
            .collect(),
        document: None,
    };
    ((namespace.to_owned(), name.to_owned()), object)
}

#[async_trait]
impl ObjectSource for Objects {
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<DataObject>, LookupError> {
        if name == "forbidden" {
            return Err(LookupError("secrets are forbidden".to_owned()));
        }
        Ok(self
            .secrets
            .get(&(namespace.to_owned(), name.to_owned()))
            .cloned())
    }

    async fn config_map(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<DataObject>, LookupError> {
        Ok(self
            .config_maps
            .get(&(namespace.to_owned(), name.to_owned()))
            .cloned())
    }

    async fn authentication(
        &self,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<TriggerAuthentication>, LookupError> {
        Ok(self
            .authentications
            .iter()
            .find(|item| item.name == name && item.cluster == namespace.is_none())
            .cloned())
    }
}

fn template(container: &serde_json::Value) -> serde_json::Value {
    json!({"template": {"spec": {"containers": [container, {"name": "second", "env": [{"name": "B", "value": "b"}]}]}}})
}

async fn resolve(container: &serde_json::Value, name: &str) -> Result<Option<String>, String> {
    let objects = Objects {
        secrets: BTreeMap::from([data("ns", "s", &[("k", "from-secret"), ("X", "$(A)")])]),
        config_maps: BTreeMap::from([data("ns", "c", &[("X", "from-map"), ("k", "v")])]),
        ..Objects::default()
    };
    let names = BTreeSet::from([name.to_owned()]);
    let environment =
        Environment::resolve(&template(container), None, "ns", &names, &objects).await;
    match environment.variable(name) {
        Variable::Value(value) => Ok(Some(value.expose().clone())),
        Variable::Missing => Ok(None),
        Variable::Unusable(reason) => Err(reason.to_owned()),
    }
}

#[tokio::test]
async fn values_expand_over_what_stands_before_them() {
    let container = json!({"name": "w", "env": [
        {"name": "A", "value": "1"},
        {"name": "V", "value": "$(A)-$(LATER)-$(PRE_X)-$$(A)"},
        {"name": "LATER", "value": "2"},
        {"name": "A", "value": "$(A)1"},
    ], "envFrom": [{"prefix": "PRE_", "configMapRef": {"name": "c"}}]});
    assert_eq!(
        resolve(&container, "V").await,
        Ok(Some("1-$(LATER)-from-map-$(A)".to_owned()))
    );
    assert_eq!(resolve(&container, "A").await, Ok(Some("11".to_owned())));
    assert_eq!(resolve(&container, "NOPE").await, Ok(None));
}

#[tokio::test]
async fn objects_give_values_that_are_not_expanded() {
    let container = json!({"name": "w",
        "env": [
            {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "GONE", "valueFrom": {"secretKeyRef": {"name": "nope", "key": "k", "optional": true}}},
        ],
        "envFrom": [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "s"}}, {"secretRef": {"name": "nope", "optional": true}}]});
    assert_eq!(
        resolve(&container, "S").await,
        Ok(Some("from-secret".to_owned()))
    );
    assert_eq!(resolve(&container, "X").await, Ok(Some("$(A)".to_owned())));
    assert_eq!(
        resolve(&container, "k").await,
        Ok(Some("from-secret".to_owned()))
    );
    assert_eq!(resolve(&container, "GONE").await, Ok(None));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let container = json!({"name": "w", "env": [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "nope", "key": "k"}}},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "nokey"}}},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "D", "value": "x$(C)"},
        {"name": "E", "valueFrom": {"secretKeyRef": {"name": "forbidden", "key": "k"}}},
        {"name": "FINE", "value": "fine"},
    ]});
    for (name, wanted) in [
        ("A", "Secret ns/nope does not exist (key \"k\" is needed)"),
        ("B", "ConfigMap ns/c has no key \"nokey\""),
        (
            "C",
            "it is filled in by fieldRef when the pod starts, so its value is not known here",
        ),
        (
            "D",
            "it refers to $(C): it is filled in by fieldRef when the pod starts, so its value is not known here",
        ),
        (
            "E",
            "Secret ns/forbidden cannot be read: secrets are forbidden",
        ),
    ] {
        assert_eq!(resolve(&container, name).await, Err(wanted.to_owned()));
    }
    // A variable that nothing asks for cannot fail another one.
    assert_eq!(
        resolve(&container, "FINE").await,
        Ok(Some("fine".to_owned()))
    );
    let container = json!({"name": "w", "envFrom": [{"secretRef": {"name": "nope"}}]});
    assert_eq!(
        resolve(&container, "X").await,
        Err("envFrom needs Secret ns/nope, which does not exist".to_owned())
    );
}

#[tokio::test]
async fn growth_by_expansion_is_bounded() {
    let mut env = vec![json!({"name": "V0", "value": "0123456789"})];
    for level in 1..64 {
        env.push(
            json!({"name": format!("V{level}"), "value": format!("$(V{0})$(V{0})", level - 1)}),
        );
    }
    let error = resolve(&json!({"name": "w", "env": env}), "V63")
        .await
        .unwrap_err();
    assert!(error.contains("expands to more than"), "{error}");
}

#[tokio::test]
async fn a_container_that_is_not_there_is_named() {
    let names = BTreeSet::from(["A".to_owned()]);
    let environment = Environment::resolve(
        &template(&json!({"name": "w"})),
        Some("x"),
        "ns",
        &names,
        &Objects::default(),
    )
    .await;
    assert!(matches!(
        environment.variable("A"),
        Variable::Unusable("the job template has no container \"x\"")
    ));
}

fn job() -> ScaledJob {
    let source = SourceFile::new("job.yaml", "");
    ScaledJob {
        name: "job".to_owned(),
        namespace: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        dialect: Dialect::V2,
        job_target_ref: template(&json!({"name": "first", "env": [{"name": "A", "value": "a"}]}))
            .into(),
        polling_interval: 30,
        successful_jobs_history_limit: 100,
        failed_jobs_history_limit: 100,
        env_source_container_name: Some("second".to_owned()),
        min_replica_count: None,
        max_replica_count: None,
        rollout: Rollout::default(),
        scaling_strategy: ScalingStrategy::default(),
        triggers: Vec::new(),
        document: Arc::new(Document {
            source,
            index: 0,
            root: Node {
                span: Span::default(),
                value: Value::Null,
            },
        }),
    }
}

fn target(parameter: &str, name: &str, key: &str) -> TargetRef {
    TargetRef {
        parameter: parameter.to_owned(),
        name: name.to_owned(),
        key: key.to_owned(),
    }
}

fn env(parameter: &str, name: &str, container: Option<&str>) -> EnvRef {
    EnvRef {
        parameter: parameter.to_owned(),
        name: name.to_owned(),
        container_name: container.map(str::to_owned),
    }
}

async fn authentication(
    authentication: TriggerAuthentication,
) -> Result<BTreeMap<String, String>, Vec<String>> {
    let job = job();
    let objects = Objects {
        secrets: BTreeMap::from([
            data("ns", "s", &[("k", "secret")]),
            data("keda", "s", &[("k", "cluster-secret")]),
        ]),
        config_maps: BTreeMap::from([data("ns", "c", &[("k", "map"), ("other", "2")])]),
        authentications: vec![authentication.clone()],
    };
    let context = AuthContext {
        job: &job,
        namespace: "ns",
        cluster_object_namespace: "keda",
        objects: &objects,
    };
    let reference = AuthenticationRef {
        name: "auth".to_owned(),
        cluster: authentication.cluster,
    };
    let parameters = resolve_authentication(&reference, &context).await?;
    Ok(parameters
        .values
        .into_iter()
        .map(|(name, value)| (name, value.expose().clone()))
        .collect())
}

#[tokio::test]
async fn later_sources_override_earlier_ones() {
    let values = authentication(TriggerAuthentication {
        name: "auth".to_owned(),
        env: vec![
            env("one", "A", None),
            env("two", "A", Some("")),
            env("three", "B", Some("second")),
        ],
        config_map_target_ref: vec![target("two", "c", "k"), target("four", "c", "other")],
        secret_target_ref: vec![target("four", "s", "k")],
        ..TriggerAuthentication::default()
    })
    .await
    .unwrap();
    let expected = [
        ("four", "secret"),
        ("one", "a"),
        ("three", "b"),
        ("two", "map"),
    ];
    assert_eq!(
        values,
        expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    );
}

#[tokio::test]
async fn the_cluster_kind_reads_from_the_cluster_object_namespace() {
    let values = authentication(TriggerAuthentication {
        name: "auth".to_owned(),
        cluster: true,
        secret_target_ref: vec![target("p", "s", "k")],
        ..TriggerAuthentication::default()
    })
    .await
    .unwrap();
    assert_eq!(values["p"], "cluster-secret");
}

#[tokio::test]
async fn every_problem_of_an_authentication_is_named() {
    let errors = authentication(TriggerAuthentication {
        name: "auth".to_owned(),
        env: vec![env("one", "NOPE", None)],
        config_map_target_ref: vec![target("two", "c", "nokey")],
        secret_target_ref: vec![target("three", "nope", "k")],
        unsupported: vec!["hashiCorpVault".to_owned()],
        ..TriggerAuthentication::default()
    })
    .await
    .unwrap_err();
    assert_eq!(
        errors,
        [
            "TriggerAuthentication ns/auth: keda-jobs cannot read hashiCorpVault yet",
            "TriggerAuthentication ns/auth: env for parameter one: container \"first\" has no variable \"NOPE\"",
            "TriggerAuthentication ns/auth: parameter two: ConfigMap ns/c has no key \"nokey\"",
            "TriggerAuthentication ns/auth: parameter three: Secret ns/nope does not exist (key \"k\" is needed)",
        ]
    );
}

#[tokio::test]
async fn an_authentication_that_does_not_exist_is_named() {
    let job = job();
    let context = AuthContext {
        job: &job,
        namespace: "ns",
        cluster_object_namespace: "keda",
        objects: &Objects::default(),
    };
    for (cluster, wanted) in [
        (false, "TriggerAuthentication ns/x does not exist"),
        (true, "ClusterTriggerAuthentication x does not exist"),
    ] {
        let reference = AuthenticationRef {
            name: "x".to_owned(),
            cluster,
        };
        let errors = resolve_authentication(&reference, &context)
            .await
            .unwrap_err();
        assert_eq!(errors, [wanted]);
    }
}
