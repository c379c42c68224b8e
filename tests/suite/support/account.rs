//! An account of its own for what is tested: the Role of `examples/` in the test's namespace, and nothing beyond it.

use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{ListParams, PostParams};
use kube::config::Kubeconfig;
use kube::{Api, Client};
use serde::Deserialize as _;
use serde_json::json;

use super::cluster::create;

/// Its name there.
const ACCOUNT: &str = "keda-jobs";

const ROLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/role.yaml"));

/// Gives the namespace the account of `examples/role.yaml`, and writes the kubeconfig `admin` to `path` with a token of that account in
/// place of the admin's credentials.
pub(super) async fn write_kubeconfig(client: Client, namespace: &str, admin: &Path, path: &Path) {
    apply_role(&client, namespace).await;
    let request = TokenRequest {
        spec: Some(TokenRequestSpec {
            expiration_seconds: Some(3600),
            ..TokenRequestSpec::default()
        }),
        ..TokenRequest::default()
    };
    let token = Api::<ServiceAccount>::namespaced(client, namespace)
        .create_token_request(ACCOUNT, &PostParams::default(), &request)
        .await
        .expect("a token of the account")
        .status
        .expect("a token")
        .token;
    let mut kubeconfig = Kubeconfig::read_from(admin).expect("the kubeconfig can be read");
    let user = json!({"token": token});
    for info in &mut kubeconfig.auth_infos {
        info.auth_info = Some(serde_json::from_value(user.clone()).expect("a user"));
    }
    // Not written by `Kubeconfig` itself, which hides tokens.
    let mut text = serde_json::to_value(&kubeconfig).expect("a kubeconfig");
    for named in text["users"].as_array_mut().into_iter().flatten() {
        named["user"] = user.clone();
    }
    std::fs::write(path, text.to_string()).expect("the kubeconfig can be written");
    has_rights(path, namespace).await;
}

/// Waits until the server knows of the binding: it reads those by a watch of its own.
async fn has_rights(kubeconfig: &Path, namespace: &str) {
    let jobs = Api::<Job>::namespaced(super::cluster::client(kubeconfig).await, namespace);
    for _ in 0..600 {
        match jobs.list(&ListParams::default().limit(1)).await {
            Ok(_) => return,
            Err(kube::Error::Api(status)) if status.code == 403 => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("the account can use the cluster: {error}"),
        }
    }
    panic!("the account has no rights after many tries");
}

/// Gives the account of `examples/role.yaml` more rules.
pub(super) async fn grant(client: Client, namespace: &str, rules: serde_json::Value) {
    let role = json!({"metadata": {"name": "more"}, "rules": rules});
    let _: Role = create(client.clone(), namespace, role).await;
    let binding = json!({
        "metadata": {"name": "more"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "more"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT}],
    });
    let _: RoleBinding = create(client.clone(), namespace, binding).await;
}

/// Creates what `examples/role.yaml` holds, as `kubectl apply --namespace` does.
async fn apply_role(client: &Client, namespace: &str) {
    for document in serde_yaml::Deserializer::from_str(ROLE) {
        let object = serde_json::Value::deserialize(document).expect("the Role's file is YAML");
        match object["kind"].as_str() {
            Some("ServiceAccount") => {
                let _: ServiceAccount = create(client.clone(), namespace, object).await;
            }
            Some("Role") => {
                let _: Role = create(client.clone(), namespace, object).await;
            }
            Some("RoleBinding") => {
                let _: RoleBinding = create(client.clone(), namespace, object).await;
            }
            other => panic!("what is a {other:?} for in examples/role.yaml?"),
        }
    }
}
