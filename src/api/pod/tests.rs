//! The rules of forms, one by one; whole pods are asked of a cluster by the suite.

use serde_json::json;

use super::Format;

#[test]
fn forms_are_those_of_the_api_server() {
    for (format, right, wrong) in [
        (
            Format::Address,
            &[
                "10.0.0.1",
                "010.0.0.1",
                "::1",
                "2001:db8::1",
                "::ffff:1.2.3.4",
            ][..],
            &[
                "",
                "1.2.3",
                "1.2.3.4.5",
                "256.0.0.1",
                "1.2.3.4/8",
                "a",
                "fe80::1%eth0",
                "+1.2.3.4",
            ][..],
        ),
        (
            Format::SearchDomain,
            &["a", "a.b", "_tcp.a", "a_b.c"],
            &["", "A", "a b", "a..b", "a-.b", "_", "__a"],
        ),
        (
            Format::DescendingName,
            &["a", "a/b", "a..b", "..."].as_slice()[..3],
            &["/a", "../a", "a/..", "..", "..a"],
        ),
        (
            Format::Descending,
            &["", "a", "..a"],
            &["/a", "..", "a/../b"],
        ),
        (
            Format::AnyCaseSubdomain,
            &["Disk.csi.Azure.com"],
            &["a_b", ""],
        ),
    ] {
        for text in right {
            assert!(format.fits(text), "{format:?} {text}");
        }
        for text in wrong {
            assert!(!format.fits(text), "{format:?} {text}");
        }
    }
}

#[test]
fn null_is_absent_and_another_type_is_no_refusal() {
    let pod = json!({
        "hostname": null, "hostAliases": "a", "dnsConfig": [1], "volumes": [{"secret": null}, 5, {"secret": {"secretName": 5}}],
        "containers": [{"ports": [{"hostPort": "80"}], "volumeMounts": {"a": "b"}, "resources": {"claims": [5], "limits": ["a"]}}, "b"],
        "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [null, 5, {"topologyKey": 5}]}},
        "tolerations": [null, {"key": 5}], "topologySpreadConstraints": ["a"], "resources": null, "overhead": 5,
        "securityContext": {"sysctls": "a", "windowsOptions": "b"}, "os": "linux",
    });
    let found: Vec<String> = super::spec(&pod)
        .into_iter()
        .map(|refusal| format!("{}: {}", refusal.field, refusal.message))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn long_texts_are_refused_by_their_bytes() {
    let fields = |pod: serde_json::Value| -> Vec<String> {
        super::spec(&pod)
            .into_iter()
            .map(|refusal| refusal.field)
            .collect()
    };
    let options = |length: usize| json!({"securityContext": {"windowsOptions": {"gmsaCredentialSpec": "a".repeat(length)}}});
    assert!(fields(options(64 * 1024)).is_empty());
    assert_eq!(
        fields(options(64 * 1024 + 1)),
        ["securityContext.windowsOptions.gmsaCredentialSpec"]
    );
    let searches = |count: usize| json!({"dnsConfig": {"searches": vec!["a".repeat(60) + "." + &"b".repeat(60); count]}});
    assert!(fields(searches(16)).is_empty());
    assert_eq!(fields(searches(17)), ["dnsConfig.searches"]);
}
