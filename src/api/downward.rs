//! What the downward API can show of a pod, to a variable or in a file. [Kubernetes pkg/apis/core/validation, `validateEnv`,
//! `validateDownwardAPIVolumeFile`]

/// Fields of a pod that a variable can have, besides [`SUBSCRIPTED`].
pub(crate) const OF_VARIABLES: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// Those that a file can have, besides [`SUBSCRIPTED`].
pub(crate) const OF_FILES: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];
/// One entry of a map, which both can have.
pub(crate) const SUBSCRIPTED: &[&str] = &["metadata.annotations['KEY']", "metadata.labels['KEY']"];

/// Resources of a container that both can have, besides [huge pages](is_huge_pages).
pub(crate) const AMOUNTS: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const BYTES: &[&str] = &[
    "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
];

/// Whether `resource` is `limits.hugepages-2Mi` or its like.
pub(crate) fn is_huge_pages(resource: &str) -> bool {
    ["limits.hugepages-", "requests.hugepages-"]
        .iter()
        .any(|prefix| resource.starts_with(prefix))
}

/// The divisors that a resource takes, and nothing or 0 for none.
pub(crate) fn divisors(resource: &str) -> &'static [&'static str] {
    match resource {
        "limits.cpu" | "requests.cpu" => &["1m", "1"],
        _ => BYTES,
    }
}

/// The map and the key of a path with a subscript: `metadata.labels['app']`.
pub(crate) fn subscript(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['")
}

/// Whether a variable can have that name, if it is not empty: printable ASCII without `=`, since Kubernetes 1.32. [apimachinery
/// `IsRelaxedEnvVarName`]
pub(crate) fn is_variable(name: &str) -> bool {
    name.bytes()
        .all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=')
}
