//! A cluster for one test: an embedded one of its own, or a namespace of its own on the one that is given, where the program has the
//! rights of `examples/role.yaml` and no others.

use std::path::{Path, PathBuf};

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};

use super::binary::{Keda, Output, Running};
use super::{account, block_on, eventually};

/// The kubeconfig of a real cluster to test against, if one is given.
pub(crate) fn given_kubeconfig() -> Option<PathBuf> {
    std::env::var_os("KEDA_JOBS_TEST_KUBECONFIG")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// A client for a kubeconfig.
pub(crate) async fn client(kubeconfig: &Path) -> Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("the kubeconfig can be read");
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .expect("the kubeconfig can be used");
    Client::try_from(config).expect("a client")
}

/// Creates an object from JSON.
pub(super) async fn create<K>(client: Client, namespace: &str, object: Value) -> K
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + serde::de::DeserializeOwned
        + serde::Serialize
        + Clone
        + std::fmt::Debug,
{
    let object: K = serde_json::from_value(object).expect("an object");
    Api::<K>::namespaced(client, namespace)
        .create(&PostParams::default(), &object)
        .await
        .expect("the object can be created")
}

/// A cluster, and a namespace in it that is the test's own.
pub(crate) struct TestCluster {
    /// For what is tested: on a cluster that is given, the account of `examples/role.yaml` in the test's namespace.
    pub(crate) kubeconfig: PathBuf,
    /// For what the test itself does: may do everything.
    pub(crate) admin: PathBuf,
    pub(crate) namespace: String,
    pub(crate) folder: tempfile::TempDir,
    embedded: Option<Running>,
}

impl TestCluster {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// An embedded cluster with more flags for `sandbox`; flags do not reach a cluster that is given.
    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let namespace = format!("test-{:08x}", fastrand::u32(..));
        let cluster = if let Some(admin) = given_kubeconfig() {
            Self {
                kubeconfig: folder.path().join("account.yaml"),
                admin,
                namespace,
                folder,
                embedded: None,
            }
        } else {
            let kubeconfig = folder.path().join("sandbox.yaml");
            let mut keda = Keda::new([
                "sandbox",
                "--port",
                "0",
                "--pod-pending",
                "50ms",
                "--pod-run",
                "200ms",
            ]);
            keda = keda.arg("--kubeconfig").arg(&kubeconfig);
            for flag in flags {
                keda = keda.arg(flag);
            }
            let error_log = folder.path().join("sandbox.stderr");
            let mut running = keda.spawn(&folder.path().join("sandbox.stdout"), &error_log);
            eventually("the sandbox to write its kubeconfig", || {
                if let Some(code) = running.ended() {
                    panic!("the sandbox ended with {code}: {}", read(&error_log));
                }
                kubeconfig.exists().then_some(())
            });
            Self {
                admin: kubeconfig.clone(),
                kubeconfig,
                namespace,
                folder,
                embedded: Some(running),
            }
        };
        let namespace: Namespace =
            serde_json::from_value(json!({"metadata": {"name": cluster.namespace}}))
                .expect("a namespace");
        block_on(async {
            let client = cluster.client_async().await;
            Api::<Namespace>::all(client.clone())
                .create(&PostParams::default(), &namespace)
                .await
                .expect("the test's namespace can be made");
            if cluster.embedded.is_none() {
                let (admin, path) = (&cluster.admin, &cluster.kubeconfig);
                account::write_kubeconfig(client, &cluster.namespace, admin, path).await;
            }
        });
        cluster
    }

    /// The same cluster with all rights for what is tested too: for tests of what reaches beyond the test's namespace.
    pub(crate) fn with_all_rights(mut self) -> Self {
        self.kubeconfig.clone_from(&self.admin);
        self
    }

    /// Gives what is tested more rights than those of `examples/role.yaml`, by the rules of a Role.
    pub(crate) fn grant(&self, rules: Value) {
        if self.embedded.is_none() {
            block_on(async {
                account::grant(self.client_async().await, &self.namespace, rules).await;
            });
        }
    }

    /// A client with all rights, of its own for the runtime it is used in.
    pub(crate) async fn client_async(&self) -> Client {
        client(&self.admin).await
    }

    /// `keda-jobs` with these arguments against this cluster and namespace.
    pub(crate) fn keda<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Keda {
        Keda::new(arguments)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--namespace")
            .arg(&self.namespace)
    }

    /// Runs `keda-jobs` with these arguments to its end.
    pub(crate) fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Output {
        self.keda(arguments).run()
    }

    /// Writes a file of the test's own and gives its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path.display().to_string()
    }

    /// The Jobs of the test's namespace.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        block_on(async {
            let api: Api<Job> = Api::namespaced(self.client_async().await, &self.namespace);
            api.list(&ListParams::default())
                .await
                .expect("jobs can be listed")
                .items
        })
    }

    /// Creates an object from JSON.
    pub(crate) fn create<K>(&self, object: Value) -> K
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + serde::de::DeserializeOwned
            + serde::Serialize
            + Clone
            + std::fmt::Debug,
    {
        block_on(async { create(self.client_async().await, &self.namespace, object).await })
    }

    /// The objects of a kind in the test's namespace.
    pub(crate) fn list<K>(&self) -> Vec<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + serde::de::DeserializeOwned
            + Clone
            + std::fmt::Debug,
    {
        block_on(async {
            let api: Api<K> = Api::namespaced(self.client_async().await, &self.namespace);
            api.list(&ListParams::default())
                .await
                .expect("objects can be listed")
                .items
        })
    }

    /// Reads an object, changes it, and writes it back; again when somebody else wrote in between.
    pub(crate) fn change<K>(&self, name: &str, status: bool, change: impl Fn(&mut K))
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + serde::de::DeserializeOwned
            + serde::Serialize
            + Clone
            + std::fmt::Debug,
    {
        eventually("an object to be changed", || {
            block_on(async {
                let api: Api<K> = Api::namespaced(self.client_async().await, &self.namespace);
                let mut object = api.get(name).await.ok()?;
                change(&mut object);
                let parameters = PostParams::default();
                let written = if status {
                    api.replace_status(name, &parameters, &object).await
                } else {
                    api.replace(name, &parameters, &object).await
                };
                written.ok().map(|_| ())
            })
        });
    }

    /// Creates an object of KEDA's group.
    pub(crate) fn create_keda(&self, kind: &str, plural: &str, object: Value) -> DynamicObject {
        let resource = ApiResource {
            group: "keda.sh".to_owned(),
            version: "v1alpha1".to_owned(),
            api_version: "keda.sh/v1alpha1".to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        };
        let object: DynamicObject = serde_json::from_value(object).expect("an object");
        block_on(async {
            let api: Api<DynamicObject> =
                Api::namespaced_with(self.client_async().await, &self.namespace, &resource);
            api.create(&PostParams::default(), &object)
                .await
                .expect("the object can be created")
        })
    }

    /// The address of the embedded cluster's API.
    pub(crate) fn server(&self) -> String {
        let text = read(&self.admin);
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("server:"))
            .expect("a server line");
        line.trim().trim_matches('"').to_owned()
    }

    /// A request to the embedded cluster's own endpoints (`/sandbox/…`).
    pub(crate) fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.server());
        block_on(async {
            let client = reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client");
            let mut request = client.request(method.parse().expect("a method"), url);
            if let Some(body) = body {
                request = request.json(&body);
            }
            let text = request
                .send()
                .await
                .expect("an answer")
                .text()
                .await
                .expect("a body");
            serde_json::from_str(&text).unwrap_or(Value::Null)
        })
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        if self.embedded.is_none() && std::env::var_os("KEDA_JOBS_TEST_NO_CLEANUP").is_none() {
            let name = self.namespace.clone();
            block_on(async {
                let api: Api<Namespace> = Api::all(self.client_async().await);
                drop(api.delete(&name, &DeleteParams::background()).await);
            });
        }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
