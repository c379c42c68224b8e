//! Azure: federated tokens, secrets, the CLI.

use super::super::fake::{Cluster, Objects, answer, flat, read_with, serve, trigger};
use super::{Caller, all, bearer, server};
use crate::api::PodIdentity;

fn azure() -> PodIdentity {
    PodIdentity {
        identity_id: Some("pod-client".to_owned()),
        ..PodIdentity::of("azure-workload")
    }
}
#[tokio::test]
async fn azure_federated_and_secret() {
    let (address, seen) = server(vec![bearer("azure-token")]).await;
    let federated = [
        ("AZURE_FEDERATED_TOKEN_FILE", "HOME/token"),
        ("AZURE_CLIENT_ID", "own-client"),
        ("AZURE_TENANT_ID", "own.tenant"),
        ("AZURE_AUTHORITY_HOST", address.as_str()),
    ];
    let caller = Caller::new(&federated).file("token", "token-of-worker\n");
    for _ in 0..2 {
        let request = caller
            .asks(Some(azure()), &[], &[], Cluster::default())
            .await
            .unwrap();
        assert!(
            request.contains("authorization: Bearer azure-token"),
            "{request}"
        );
    }
    let asked = all(&seen);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("POST /own.tenant/oauth2/v2.0/token HTTP"));
    assert!(asked[0].ends_with("grant_type=client_credentials&client_id=pod-client&scope=https%3A%2F%2Fprometheus.monitor.azure.com%2F.default&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=token-of-worker"));
    // The manifest's tenant and authority come before those of the environment; another cloud has another scope.
    let (other, seen) = server(vec![bearer("azure-token")]).await;
    let identity = PodIdentity {
        identity_tenant_id: Some("pod-tenant".to_owned()),
        identity_authority_host: Some(other),
        ..azure()
    };
    let cloud = [("cloud", "AzureChinaCloud")];
    caller
        .asks(Some(identity), &cloud, &[], Cluster::default())
        .await
        .unwrap();
    let asked = all(&seen);
    assert!(asked[0].starts_with("POST /pod-tenant/oauth2/v2.0/token HTTP"));
    assert!(asked[0].contains("scope=https%3A%2F%2Fprometheus.monitor.azure.cn%2F.default"));
    // A secret belongs to the environment's own client.
    let (address, seen) = server(vec![bearer("azure-token")]).await;
    let secret = [
        ("AZURE_CLIENT_SECRET", "hunter2"),
        ("AZURE_CLIENT_ID", "own-client"),
        ("AZURE_TENANT_ID", "own-tenant"),
        ("AZURE_AUTHORITY_HOST", address.as_str()),
    ];
    let private = [
        ("cloud", "Private"),
        ("azureManagedPrometheusResourceURL", "https://p.example/"),
    ];
    Caller::new(&secret)
        .asks(Some(azure()), &private, &[], Cluster::default())
        .await
        .unwrap();
    assert!(all(&seen)[0].ends_with(
        "client_id=own-client&scope=https%3A%2F%2Fp.example%2F.default&client_secret=hunter2"
    ));
    for (reply, wanted) in [
        (
            answer(
                401,
                "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: hunter2\\r\\nTrace\"}",
            ),
            "answered 401 Unauthorized: invalid_client: AADSTS7000215: *** Trace",
        ),
        (
            answer(200, "<html>"),
            "answered with something else than JSON",
        ),
        (answer(200, "{}"), "gave no access_token"),
        (
            answer(200, "{\"access_token\":\"a\\nb\"}"),
            "gave no access_token",
        ),
    ] {
        let (address, _) = server(vec![reply]).await;
        let mut variables = secret;
        variables[3].1 = &address;
        Caller::new(&variables).fails_as(azure(), wanted).await;
    }
    Caller::new(&secret[..1])
        .fails_as(azure(), "AZURE_CLIENT_SECRET needs AZURE_TENANT_ID")
        .await;
    let mut variables = secret;
    variables[3].1 = "http://login.example";
    Caller::new(&variables)
        .fails_as(azure(), "the Azure authority host must be an https address")
        .await;
}

#[tokio::test]
async fn azure_cli() {
    let path = format!("HOME/bin:{}", std::env::var("PATH").unwrap());
    let path = ("PATH", path.as_str());
    let caller = Caller::new(&[path]).program(
        "az",
        "echo \"$@\" > $HOME/asked; echo '{\"accessToken\": \"cli-token\", \"expires_on\": 1893456000}'",
    );
    let request = caller
        .asks(Some(azure()), &[], &[], Cluster::default())
        .await
        .unwrap();
    assert!(
        request.contains("authorization: Bearer cli-token"),
        "{request}"
    );
    assert_eq!(
        std::fs::read_to_string(caller.home.path().join("asked")).unwrap(),
        "account get-access-token --output json --scope https://prometheus.monitor.azure.com/.default\n"
    );
    Caller::new(&[path])
        .program("az", "echo 'ERROR: Please run az login to setup account.' >&2; exit 1")
        .fails_as(azure(), "the Azure CLI gives no token: ERROR: Please run az login to setup account.; set AZURE_FEDERATED_TOKEN_FILE")
        .await;
    Caller::new(&[path])
        .program("az", "echo hunter2")
        .fails_as(azure(), "answered without accessToken")
        .await;
    Caller::new(&[("PATH", "HOME/bin")])
        .fails_as(azure(), "and there is no Azure CLI")
        .await;
}

#[tokio::test]
async fn azure_rabbitmq() {
    let (address, seen) = server(vec![bearer("azure-token")]).await;
    let caller = Caller::new(&[
        ("AZURE_FEDERATED_TOKEN_FILE", "HOME/token"),
        ("AZURE_TENANT_ID", "t"),
        ("AZURE_AUTHORITY_HOST", &address),
    ])
    .file("token", "token-of-worker");
    let (broker, queues) = serve(vec![answer(200, "{\"name\":\"q\",\"messages\":3}")]).await;
    let host = format!("http://guest:hunter2@{broker}/");
    let read = async |host: &str, auth: &[(&str, &str)]| {
        let objects = Objects {
            pod_identity: Some(azure()),
            ..Objects::new(auth)
        };
        let metadata = [("host", host), ("queueName", "q")];
        let trigger = trigger(0, "rabbitmq", &metadata, true);
        let mut readings =
            read_with(vec![trigger], &objects, Cluster::default(), &caller.options).await;
        flat(readings.remove(0).outcome)
    };
    let auth = [("workloadIdentityResource", "api://broker/")];
    assert_eq!(read(&host, &auth).await, Ok((3.0, true)));
    let asked = all(&queues);
    assert!(
        asked[0].contains("authorization: Bearer azure-token"),
        "{}",
        asked[0]
    );
    assert!(!asked[0].contains("Basic"), "{}", asked[0]);
    assert!(all(&seen)[0].contains("client_id=pod-client&scope=api%3A%2F%2Fbroker%2F.default"));
    let error = read("amqp://guest:hunter2@127.0.0.1:1/", &auth)
        .await
        .unwrap_err();
    assert!(
        error.contains("workloadIdentityResource needs protocol http"),
        "{error}"
    );
}
