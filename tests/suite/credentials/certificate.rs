//! Client certificates that are replaced while a run goes on.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::plugin::{Plugin, answer};
use super::{Loop, list};
use crate::support::cluster::{TestCluster, given_kubeconfig};
use crate::support::front::{Authority, Front};
use crate::support::{Outcome, assert_contains, assert_lacks, embedded_test, test_with};

pub(super) fn tests() -> Vec<Trial> {
    let tests: [(_, fn() -> Outcome); 3] = [
        (
            "credentials::certificate::is_read_again_from_its_file",
            file,
        ),
        (
            "credentials::certificate::is_fetched_again_from_the_plugin",
            plugin,
        ),
        ("credentials::certificate::that_is_none", broken),
    ];
    let trial = |(name, run): (&str, fn() -> Outcome)| match given_kubeconfig() {
        Some(_) => embedded_test(name, run),
        None => test_with(&["openssl"], name, run),
    };
    tests.into_iter().map(trial).collect()
}

/// An embedded cluster behind a server that looks at certificates.
struct Scene {
    cluster: TestCluster,
    authority: Authority,
    front: Front,
}

impl Scene {
    fn start() -> Self {
        let cluster = TestCluster::start();
        let authority = Authority::new(cluster.folder.path());
        let server = cluster.server();
        let address = server.strip_prefix("http://").expect("a plain server");
        let front = Front::start(&authority, address);
        Self {
            cluster,
            authority,
            front,
        }
    }

    /// A certificate and its key, as text.
    fn issue(&self, name: &str) -> (String, String) {
        let (certificate, key) = self.authority.issue(name);
        let read = |path| std::fs::read_to_string(path).expect("a file of openssl's");
        (read(certificate), read(key))
    }

    fn kubeconfig(&self, user: &Value) -> String {
        let authority = std::fs::read(self.authority.certificate("authority"));
        let authority = BASE64_STANDARD.encode(authority.expect("a certificate"));
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "front", "cluster": {
                "server": format!("https://127.0.0.1:{}", self.front.port),
                "certificate-authority-data": authority,
            }}],
            "users": [{"name": "front", "user": user}],
            "contexts": [{"name": "front", "context": {"cluster": "front", "user": "front"}}],
            "current-context": "front",
        });
        self.cluster
            .write("front.kubeconfig", &kubeconfig.to_string())
    }
}

/// As cert-manager, `step ca renew` or a kubelet replaces them.
fn file() -> Outcome {
    let scene = Scene::start();
    let put = |(certificate, key): (String, String)| {
        scene.cluster.write("client.crt", &certificate);
        scene.cluster.write("client.key", &key);
    };
    put(scene.issue("first"));
    let user = json!({"client-certificate": "client.crt", "client-key": "client.key"});
    let run = Loop::start(&scene.cluster, &scene.kubeconfig(&user));
    run.make(&scene.cluster, 1);
    put(scene.issue("second"));
    scene.front.refuse(&scene.authority.certificate("first"));
    run.make(&scene.cluster, 3);
    run.end();
    Ok(())
}

fn plugin() -> Outcome {
    let scene = Scene::start();
    let step = |name| {
        let (certificate, key) = scene.issue(name);
        answer(&json!({"clientCertificateData": certificate, "clientKeyData": key}))
    };
    let plugin = Plugin::new(&scene.cluster, &[step("first"), step("second")]);
    let run = Loop::start(&scene.cluster, &scene.kubeconfig(&plugin.user));
    run.make(&scene.cluster, 1);
    assert_eq!(plugin.runs(), 1);
    scene.front.refuse(&scene.authority.certificate("first"));
    run.make(&scene.cluster, 3);
    assert_eq!(plugin.runs(), 2);
    run.end();
    Ok(())
}

/// Nothing is shown of a key.
fn broken() -> Outcome {
    let scene = Scene::start();
    let (certificate, key) = scene.issue("first");
    let (_, other) = scene.issue("second");
    let flat = key.replacen('\n', "", 1);
    let secret = key.lines().nth(1).expect("a line of the key");
    let data = |text: &str| BASE64_STANDARD.encode(text);
    for (key, expected) in [
        (&flat, "that is no PEM"),
        (&other, "that cannot be used"),
        (&certificate, "missing a private key"),
    ] {
        let status = json!({"clientCertificateData": certificate, "clientKeyData": key});
        let args = ["-c", &answer(&status)];
        let exec =
            json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": args});
        let inline = json!({
            "client-certificate-data": data(&certificate),
            "client-key-data": data(key),
        });
        for (user, whose) in [
            (
                json!({"exec": exec}),
                "the credential plugin \"sh\" printed",
            ),
            (inline, "context \"front\""),
        ] {
            let output = list(&scene.cluster, &scene.kubeconfig(&user)).expect(2);
            assert_contains(&output.stderr, &[whose, expected]);
            assert_lacks(&output.stderr, secret);
            // As numbers, bytes of it show as well.
            let bytes = format!("{:?}", &secret.as_bytes()[..8]);
            assert_lacks(&output.stderr, bytes.trim_matches(['[', ']']));
        }
    }
    Ok(())
}
