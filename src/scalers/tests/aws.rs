//! Requests that are signed for AWS with an access key, and what a trigger of a cloud lacks.

use crate::api::PodIdentity;

use super::fake::{Cluster, Objects, answer, flat, one, read, serve, trigger};

#[tokio::test]
async fn prometheus_of_aws() {
    let vector = "{\"data\":{\"resultType\":\"vector\",\"result\":[{\"value\":[1,\"3\"]}]}}";
    let key = [
        ("awsAccessKeyId", "AKIDEXAMPLE"),
        ("awsSecretAccessKey", "hunter2"),
        ("awsSessionToken", "token"),
    ];
    // The container's variables are PLAIN (plain) and KEY, which is key of the Secret.
    let from_env = [
        ("awsAccessKeyIDFromEnv", "PLAIN"),
        ("awsSecretAccessKeyFromEnv", "KEY"),
    ];
    let variables = [("key", "hunter2")];
    for (more, auth, wanted, token) in [
        (
            &[][..],
            &key[..],
            "Credential=AKIDEXAMPLE/19700101/eu-central-1/aps/aws4_request",
            true,
        ),
        (
            &from_env[..],
            &variables[..],
            "Credential=plain/19700101/eu-central-1/aps/aws4_request",
            false,
        ),
    ] {
        let (address, seen) = serve(vec![answer(200, vector)]).await;
        let server = format!("http://{address}/workspaces/ws");
        let mut metadata = vec![
            ("serverAddress", server.as_str()),
            ("query", "sum(a b)"),
            ("threshold", "1"),
            ("awsRegion", "eu-central-1"),
        ];
        metadata.extend(more);
        assert_eq!(
            one("prometheus", &metadata, Some(auth)).await,
            Ok((3.0, true))
        );
        let seen = seen.lock().unwrap()[0].clone();
        assert!(
            seen.starts_with("GET /workspaces/ws/api/v1/query?query=sum%28a%20b%29&time=1970-01-01T00%3A00%3A00Z HTTP"),
            "{seen}"
        );
        assert!(seen.contains("x-amz-date: 19700101T000000Z"), "{seen}");
        assert!(seen.contains(wanted), "{seen}");
        assert_eq!(
            seen.contains("x-amz-security-token: token"),
            token,
            "{seen}"
        );
        assert!(!seen.contains("hunter2"), "{seen}");
    }
}

const AMAZON: &str = "https://aps-workspaces.r.amazonaws.com/workspaces/ws-1";

/// A TriggerAuthentication that is shared with triggers of AWS does no harm.
#[tokio::test]
async fn only_servers_of_amazon_need_a_region() {
    let metadata = [
        ("serverAddress", "http://127.0.0.1:1"),
        ("query", "q"),
        ("threshold", "1"),
    ];
    for auth in [
        &[("awsRegion", "r")][..],
        &[("awsRegion", "r"), ("awsAccessKeyID", "ID")],
        &[("awsRoleArn", "arn")],
        &[("awsAccessKeyID", "ID")],
        &[("awsAccessKeyID", "ID"), ("awsSecretAccessKey", "hunter2")],
    ] {
        let error = one("prometheus", &metadata, Some(auth)).await.unwrap_err();
        assert!(error.starts_with("failed: http://127.0.0.1:1/"), "{error}");
    }
}

#[tokio::test]
async fn what_a_trigger_of_a_cloud_lacks() {
    let region = ("awsRegion", "r");
    let id = ("awsAccessKeyID", "ID");
    let secret = ("awsSecretAccessKey", "hunter2");
    let role = ("awsRoleArn", "arn");
    let owner = ("identityOwner", "operator");
    for (more, auth, wanted) in [
        (
            region,
            &[][..],
            "parameter awsRegion asks for signed requests",
        ),
        (region, &[id][..], "parameter awsSecretAccessKey is missing"),
        (region, &[secret][..], "parameter awsAccessKeyID is missing"),
        (owner, &[role][..], "parameter awsRegion is missing"),
        (
            ("namespace", "n"),
            &[id, secret][..],
            "parameter awsRegion is missing",
        ),
        (
            ("awsRegion", "r 1"),
            &[id, secret][..],
            "parameter awsRegion must be",
        ),
    ] {
        let metadata = |address| {
            [
                ("serverAddress", address),
                ("query", "q"),
                ("threshold", "1"),
                more,
            ]
        };
        let error = one("prometheus", &metadata(AMAZON), Some(auth))
            .await
            .unwrap_err();
        assert!(
            error.starts_with(&format!("not built: {wanted}")),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
        // With authModes no cloud is looked at.
        let mut auth = auth.to_vec();
        auth.extend([("authModes", "bearer"), ("bearerToken", "t")]);
        let metadata = metadata("http://127.0.0.1:1");
        let error = one("prometheus", &metadata, Some(&auth)).await.unwrap_err();
        assert!(error.starts_with("failed: http://127.0.0.1:1/"), "{error}");
    }
    for (provider, wanted) in [
        ("aws", "parameter awsRegion is missing"),
        ("spiffe", "KEDA has no podIdentity spiffe"),
    ] {
        let objects = Objects {
            pod_identity: Some(PodIdentity::of(provider)),
            ..Objects::new(&[])
        };
        let metadata = [
            ("serverAddress", AMAZON),
            ("query", "q"),
            ("threshold", "1"),
        ];
        let trigger = trigger(0, "prometheus", &metadata, true);
        let mut readings = read(vec![trigger], &objects, Cluster::default()).await;
        let error = flat(readings.remove(0).outcome).unwrap_err();
        assert!(
            error.starts_with(&format!("not built: {wanted}")),
            "{error}"
        );
    }
}
