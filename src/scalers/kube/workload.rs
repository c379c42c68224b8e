//! `kubernetes-workload`: pods that match a selector. [KEDA `kubernetes_workload_scaler.go`]

use crate::scalers::history::{Era, fractions, since};
use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::given::{Given, Problem};
use crate::scalers::metric::{Metric, Target, count};
use crate::scalers::params::{Kind, ParameterSpec, Resolved};
use crate::scalers::{
    Behaviour, BuildError, ClusterReader, ReadError, Scaler, ScalerContext, TriggerType, Work,
    trigger_type,
};

static PARAMETERS: &[ParameterSpec] = &[
    ParameterSpec::new(
        &["podSelector"],
        Kind::String,
        "label selector of the pods to count",
    )
    .required(),
    ParameterSpec::new(&["value"], Kind::Float, "so many pods per Job, above 0").default("0"),
    ParameterSpec::new(
        &["activationValue"],
        Kind::Float,
        "active only above this count",
    )
    .default("0"),
    ParameterSpec::new(
        &["groupByNode"],
        Kind::Bool,
        "count the nodes that such pods are assigned to instead",
    )
    .default("false"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationValue"]),
    since(20, &["groupByNode"]),
    fractions(8, &["value"]),
];

/// The type.
pub(in crate::scalers) static KUBERNETES_WORKLOAD: TriggerType = TriggerType {
    name: "kubernetes-workload",
    family: "kube",
    parameters: &[PARAMETERS],
    counts: "pods in the ScaledJob's namespace that match podSelector and have not finished",
    work: Work::Is(InFlight::NotWork, "pods are no amount of work"),
    target: trigger_type::Target::Parameter(&["value"], 0.0),
    activation: Some("activationValue"),
    check,
    since: KedaVersion::new(4, 0),
    behaviour: Behaviour::Reads(build),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_be_positive("value", found);
    if given
        .value("podSelector")
        .is_some_and(|text| !is_selector(text))
    {
        found.push(Problem::wrong(
            "podSelector",
            "parameter podSelector must be a label selector such as app=web,tier!=db or app in (a,b)",
        ));
    }
}

/// Whether every requirement has the form of one. [apimachinery `labels.Parse`]
fn is_selector(text: &str) -> bool {
    let mut depth = 0;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
    .all(is_requirement)
}

fn is_requirement(text: &str) -> bool {
    // Letters and digits at both ends.
    let is_word = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    let is_key = |text: &str| {
        let (prefix, name) = text.trim().split_once('/').unwrap_or(("a", text.trim()));
        is_word(prefix) && is_word(name)
    };
    let is_value = |text: &str| text.trim().is_empty() || is_word(text.trim());
    if let Some((head, values)) = text.split_once('(') {
        let words: Vec<&str> = head.split_whitespace().collect();
        return matches!(words[..], [key, "in" | "notin"] if is_key(key))
            && values
                .trim_end()
                .strip_suffix(')')
                .is_some_and(|values| values.split(',').all(is_value));
    }
    if let Some((key, number)) = text.split_once(['>', '<']) {
        return is_key(key) && number.trim().parse::<i64>().is_ok();
    }
    match text.split_once('=') {
        Some((key, value)) => {
            is_key(key.strip_suffix('!').unwrap_or(key))
                && is_value(value.strip_prefix('=').unwrap_or(value))
        }
        None => is_key(text.trim().strip_prefix('!').unwrap_or(text)),
    }
}

struct Workload {
    metric: Metric,
    activation: f64,
    selector: String,
    namespace: String,
    by_node: bool,
    cluster: Arc<dyn ClusterReader>,
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let value = parameters.float("value").unwrap_or_default();
    if value <= 0.0 {
        return Err(BuildError::new("parameter value must be greater than 0"));
    }
    Ok(Box::new(Workload {
        metric: Metric::new(
            context,
            &format!("workload-{}", context.namespace),
            Target::Milli(value),
        )?,
        activation: parameters.float("activationValue").unwrap_or_default(),
        selector: parameters.text("podSelector").to_owned(),
        namespace: context.namespace.to_owned(),
        by_node: parameters.boolean("groupByNode"),
        cluster: Arc::clone(&context.cluster),
    }))
}

#[async_trait]
impl Scaler for Workload {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let pods = self.cluster.pods(&self.namespace, &self.selector).await?;
        let unfinished = pods
            .iter()
            .filter(|pod| !matches!(pod.phase.as_str(), "Succeeded" | "Failed"));
        let found = if self.by_node {
            let nodes: BTreeSet<&str> = unfinished
                .filter_map(|pod| pod.node.as_deref())
                // Not scheduled yet: no node. [keda-docs, kubernetes-workload: groupByNode]
                .filter(|node| !node.is_empty())
                .collect();
            nodes.len()
        } else {
            unfinished.count()
        };
        let value = count(i64::try_from(found).unwrap_or(i64::MAX));
        Ok(self.metric.reading(value, value > self.activation))
    }

    fn endpoint(&self) -> String {
        format!(
            "the pods of namespace {} that match {}",
            self.namespace, self.selector
        )
    }
}
