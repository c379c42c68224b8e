//! The resources that the embedded cluster serves.

use std::fmt;

/// One resource of one API group.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Definition {
    /// API group, empty for the core group.
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    pub(super) singular: &'static str,
    pub(super) short_names: &'static [&'static str],
    pub(super) namespaced: bool,
    /// Has a `/status` subresource: `status` is ignored on create and on plain updates.
    pub(super) status: bool,
    /// `metadata.generation` is kept.
    pub(super) generation: bool,
    /// Only `create` is served and nothing is stored (access reviews).
    pub(super) review: bool,
    /// Member of the `all` category.
    pub(super) all: bool,
}

impl Definition {
    /// `jobs.batch`, `pods`.
    pub(super) fn qualified(&self) -> String {
        join(self.plural, self.group)
    }

    /// Group and plural name, which tell resources apart.
    pub(super) const fn key(&self) -> (&'static str, &'static str) {
        (self.group, self.plural)
    }

    /// `Job.batch`, `Pod`.
    pub(super) fn qualified_kind(&self) -> String {
        join(self.kind, self.group)
    }

    /// `batch/v1`, `v1`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// A custom resource: list items carry their own apiVersion and kind, and there is no strategic merge.
    pub(super) fn custom(&self) -> bool {
        self.group == KEDA
    }

    /// The resource that objects are stored under: `events.k8s.io` is another view of core events.
    pub(super) fn storage(&'static self) -> &'static Self {
        if self.group == "events.k8s.io" {
            find("", "v1", "events").unwrap_or(self)
        } else {
            self
        }
    }
}

impl fmt::Display for Definition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.qualified())
    }
}

fn join(name: &str, group: &str) -> String {
    if group.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{group}")
    }
}

/// The group of KEDA's custom resources.
pub(super) const KEDA: &str = "keda.sh";

const BASE: Definition = Definition {
    group: "",
    version: "v1",
    kind: "",
    plural: "",
    singular: "",
    short_names: &[],
    namespaced: true,
    status: false,
    generation: false,
    review: false,
    all: false,
};
const KEDA_BASE: Definition = Definition {
    group: KEDA,
    version: "v1alpha1",
    status: true,
    generation: true,
    ..BASE
};
const AUTHORIZATION: Definition = Definition {
    group: "authorization.k8s.io",
    review: true,
    namespaced: false,
    ..BASE
};
const RBAC: Definition = Definition {
    group: "rbac.authorization.k8s.io",
    ..BASE
};

/// Every resource, in the order of discovery.
pub(super) static DEFINITIONS: &[Definition] = &[
    Definition {
        kind: "ConfigMap",
        plural: "configmaps",
        singular: "configmap",
        short_names: &["cm"],
        ..BASE
    },
    Definition {
        kind: "Event",
        plural: "events",
        singular: "event",
        short_names: &["ev"],
        ..BASE
    },
    Definition {
        kind: "LimitRange",
        plural: "limitranges",
        singular: "limitrange",
        short_names: &["limits"],
        ..BASE
    },
    Definition {
        kind: "Namespace",
        plural: "namespaces",
        singular: "namespace",
        short_names: &["ns"],
        namespaced: false,
        status: true,
        ..BASE
    },
    Definition {
        kind: "Node",
        plural: "nodes",
        singular: "node",
        short_names: &["no"],
        namespaced: false,
        status: true,
        ..BASE
    },
    Definition {
        kind: "Pod",
        plural: "pods",
        singular: "pod",
        short_names: &["po"],
        status: true,
        generation: true,
        all: true,
        ..BASE
    },
    Definition {
        kind: "ResourceQuota",
        plural: "resourcequotas",
        singular: "resourcequota",
        short_names: &["quota"],
        status: true,
        ..BASE
    },
    Definition {
        kind: "Secret",
        plural: "secrets",
        singular: "secret",
        ..BASE
    },
    Definition {
        kind: "ServiceAccount",
        plural: "serviceaccounts",
        singular: "serviceaccount",
        short_names: &["sa"],
        ..BASE
    },
    Definition {
        kind: "Service",
        plural: "services",
        singular: "service",
        short_names: &["svc"],
        status: true,
        all: true,
        ..BASE
    },
    Definition {
        group: "batch",
        kind: "Job",
        plural: "jobs",
        singular: "job",
        status: true,
        generation: true,
        all: true,
        ..BASE
    },
    Definition {
        group: "coordination.k8s.io",
        kind: "Lease",
        plural: "leases",
        singular: "lease",
        ..BASE
    },
    Definition {
        group: "discovery.k8s.io",
        kind: "EndpointSlice",
        plural: "endpointslices",
        singular: "endpointslice",
        ..BASE
    },
    Definition {
        group: "events.k8s.io",
        kind: "Event",
        plural: "events",
        singular: "event",
        short_names: &["ev"],
        ..BASE
    },
    Definition {
        group: "apiextensions.k8s.io",
        kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions",
        singular: "customresourcedefinition",
        short_names: &["crd", "crds"],
        namespaced: false,
        status: true,
        generation: true,
        ..BASE
    },
    Definition {
        kind: "SelfSubjectAccessReview",
        plural: "selfsubjectaccessreviews",
        singular: "selfsubjectaccessreview",
        ..AUTHORIZATION
    },
    Definition {
        kind: "SelfSubjectRulesReview",
        plural: "selfsubjectrulesreviews",
        singular: "selfsubjectrulesreview",
        ..AUTHORIZATION
    },
    Definition {
        group: "authentication.k8s.io",
        kind: "SelfSubjectReview",
        plural: "selfsubjectreviews",
        singular: "selfsubjectreview",
        review: true,
        namespaced: false,
        ..BASE
    },
    Definition {
        kind: "Role",
        plural: "roles",
        singular: "role",
        ..RBAC
    },
    Definition {
        kind: "RoleBinding",
        plural: "rolebindings",
        singular: "rolebinding",
        ..RBAC
    },
    Definition {
        kind: "ClusterRole",
        plural: "clusterroles",
        singular: "clusterrole",
        namespaced: false,
        ..RBAC
    },
    Definition {
        kind: "ClusterRoleBinding",
        plural: "clusterrolebindings",
        singular: "clusterrolebinding",
        namespaced: false,
        ..RBAC
    },
    Definition {
        kind: "ScaledJob",
        plural: "scaledjobs",
        singular: "scaledjob",
        short_names: &["sj"],
        ..KEDA_BASE
    },
    Definition {
        kind: "ScaledObject",
        plural: "scaledobjects",
        singular: "scaledobject",
        short_names: &["so"],
        ..KEDA_BASE
    },
    Definition {
        kind: "TriggerAuthentication",
        plural: "triggerauthentications",
        singular: "triggerauthentication",
        short_names: &["ta", "triggerauth"],
        ..KEDA_BASE
    },
    Definition {
        kind: "ClusterTriggerAuthentication",
        plural: "clustertriggerauthentications",
        singular: "clustertriggerauthentication",
        short_names: &["cta", "clustertriggerauth"],
        namespaced: false,
        ..KEDA_BASE
    },
];

/// The resource at `/apis/<group>/<version>/<plural>`.
pub(super) fn find(group: &str, version: &str, plural: &str) -> Option<&'static Definition> {
    DEFINITIONS
        .iter()
        .find(|one| one.group == group && one.version == version && one.plural == plural)
}

/// The stored resource of an owner reference's `apiVersion` and `kind`; any version of a known group will do.
pub(super) fn find_kind(api_version: &str, kind: &str) -> Option<&'static Definition> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    DEFINITIONS
        .iter()
        .find(|one| one.group == group && one.kind == kind && !one.review)
}

/// A resource that this program itself names.
fn known(group: &str, plural: &str) -> &'static Definition {
    DEFINITIONS
        .iter()
        .find(|one| one.group == group && one.plural == plural)
        .expect("the names below are in the table; a test reads them all")
}

macro_rules! named {
    ($($function:ident = $group:literal, $plural:literal;)*) => {
        $(pub(super) fn $function() -> &'static Definition { known($group, $plural) })*
        #[cfg(test)]
        fn all_named() -> Vec<&'static Definition> { vec![$($function()),*] }
    };
}

named! {
    jobs = "batch", "jobs";
    pods = "", "pods";
    namespaces = "", "namespaces";
    events = "", "events";
    nodes = "", "nodes";
    config_maps = "", "configmaps";
    service_accounts = "", "serviceaccounts";
    resource_quotas = "", "resourcequotas";
    custom_resource_definitions = "apiextensions.k8s.io", "customresourcedefinitions";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_resources_exist() {
        assert_eq!(all_named().len(), 9);
    }

    #[test]
    fn plurals_are_unique_within_a_group() {
        for (index, one) in DEFINITIONS.iter().enumerate() {
            assert!(
                DEFINITIONS[index + 1..]
                    .iter()
                    .all(|other| other.group != one.group || other.plural != one.plural),
                "{one} twice"
            );
        }
    }
}
