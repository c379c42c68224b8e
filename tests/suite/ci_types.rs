//! `github-runner`, `forgejo-runner` and `azure-pipelines` as a user has them, beside servers of a few lines made after the published REST descriptions:
//! there is none of them to install.

use k8s_openapi::api::core::v1::Secret;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::identities::Server;
use crate::sources::triggers::{errors, login, plan, readings, trigger};
use crate::sources::{scaled_job, twenty_five};
use crate::support::cluster::TestCluster;
use crate::support::{Outcome, assert_contains, assert_lacks, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("ci_types::github_25_jobs_make_25_jobs", github_jobs),
        test("ci_types::github_app_and_token", github_logins),
        test("ci_types::github_limit_says_until_when", github_limit),
        test("ci_types::forgejo_jobs", forgejo),
        test("ci_types::azure_pipelines_25_jobs_make_25_jobs", azure_jobs),
        test("ci_types::azure_pipelines_pools_and_demands", azure_pools),
    ]
}

const SECRET: &str = "hunter2-secret";

/// The address that a request asks for.
fn target(request: &str) -> &str {
    request.split(' ').nth(1).unwrap_or_default()
}

/// A GitHub on which organisation `o` has the repositories `a` and `b`, each with one run of 13 queued jobs and one running job that a
/// runner of GitHub's own takes. It answers requests that hold `proof`.
fn github(proof: &'static str) -> Server {
    let run = |id: i64, repository: &str| {
        json!({"total_count": 1, "workflow_runs": [
        {"id": id, "status": "queued", "repository": {"name": repository}}]})
    };
    let jobs = || {
        let mut jobs = vec![json!({"status": "queued", "labels": ["self-hosted", "linux"]}); 13];
        jobs.push(json!({"status": "in_progress", "labels": ["ubuntu-latest"]}));
        json!({"total_count": jobs.len(), "jobs": jobs})
    };
    Server::start(move |request| {
        let target = target(request);
        if target.starts_with("/app/") {
            let token = json!({"token": "ghs_installation", "expires_at": "2099-01-01T00:00:00Z"});
            let is_ours = target == "/app/installations/34/access_tokens";
            return if is_ours && request.starts_with("POST ") {
                (201, token.to_string())
            } else {
                (404, json!({"message": "Not Found"}).to_string())
            };
        }
        if !request.contains(proof) {
            return (401, json!({"message": "Bad credentials"}).to_string());
        }
        let none = json!({"total_count": 0, "workflow_runs": []});
        let answer = match target.split('?').next().unwrap_or_default() {
            "/orgs/o/repos" => json!([{"name": "a"}, {"name": "b"}, {"name": "without-actions"}]),
            "/repos/o/a/actions/runs" if target.contains("status=queued") => run(7, "a"),
            "/repos/o/b/actions/runs" if target.contains("status=queued") => run(8, "b"),
            "/repos/o/a/actions/runs" | "/repos/o/b/actions/runs" => none,
            "/repos/o/a/actions/runs/7/jobs" | "/repos/o/b/actions/runs/8/jobs" => jobs(),
            _ => return (404, json!({"message": "Not Found"}).to_string()),
        };
        (200, answer.to_string())
    })
}

fn runner(server: &Server, metadata: &[(&str, &str)]) -> String {
    let base = [
        ("githubApiURL", server.url.as_str()),
        ("owner", "o"),
        ("runnerScope", "org"),
    ];
    trigger("github-runner", &[&base, metadata].concat()) + LOGIN
}

const LOGIN: &str = "\n  authenticationRef: {name: login}";

fn github_jobs() -> Outcome {
    let server = github("authorization: Bearer hunter2-secret\r\n");
    let cluster = TestCluster::start();
    let objects = login(&[("personalAccessToken", SECRET)]);
    // 26 jobs in both repositories, 13 in one; two jobs a Job and then one.
    let both = runner(&server, &[("targetWorkflowQueueLength", "2")]);
    let output = plan(&objects, &[both, runner(&server, &[("repos", "a")])]).expect(0);
    assert_eq!(readings(&output), [(26.0, true), (13.0, true)]);
    let file = cluster.write("login.yaml", &objects);
    let manifest = cluster.write(
        "runners.yaml",
        &scaled_job("runners", &runner(&server, &[("repos", "b")])),
    );
    let output = cluster
        .run(["plan", &file, &manifest, "--output", "json"])
        .expect(0);
    assert_eq!(output.json()["items"][0]["decision"]["create"], json!(13));
    let output = cluster.run(["run", "--once", &file, &manifest]).expect(0);
    assert_eq!(cluster.jobs().len(), 13, "{}", output.stdout);
    assert_lacks(&(output.stdout + &output.stderr), SECRET);
    Ok(())
}

fn github_logins() -> Outcome {
    let key = include_str!("../data/keys/test-only-key-rsa.pem");
    let server = github("authorization: Bearer ghs_installation\r\n");
    let app = |installation| {
        let metadata = [("applicationID", "12"), ("installationID", installation)];
        runner(&server, &metadata)
    };
    let output = plan(&login(&[("appKey", key)]), &[app("34"), app("34")]).expect(0);
    assert_eq!(readings(&output), [(26.0, true), (26.0, true)]);
    // Both sign in with one token.
    let signed = server
        .seen()
        .iter()
        .filter(|request| request.starts_with("POST "))
        .count();
    assert_eq!(signed, 1);

    let output = plan(&login(&[("appKey", key)]), &[app("35")]).expect(1);
    assert_contains(
        &errors(&output)[0],
        &[
            &server.url,
            "/app/installations/35/access_tokens",
            "installationID",
        ],
    );
    let objects = login(&[("personalAccessToken", SECRET)]);
    let output = plan(&objects, &[runner(&server, &[])]).expect(1);
    let error = &errors(&output)[0];
    assert_contains(
        error,
        &[
            &server.url,
            "/orgs/o/repos",
            "401",
            "Bad credentials; is the token valid?",
        ],
    );
    assert_lacks(&(output.stdout + &output.stderr), SECRET);
    Ok(())
}

fn github_limit() -> Outcome {
    let server = Server::start(|_| {
        let message = "You have exceeded a secondary rate limit.";
        (429, json!({"message": message}).to_string())
    });
    let objects = login(&[("personalAccessToken", SECRET)]);
    let output = plan(&objects, &[runner(&server, &[])]).expect(1);
    assert_contains(
        &errors(&output)[0],
        &[&server.url, "/orgs/o/repos", " until 20"],
    );
    // The second attempt asks nothing.
    assert_eq!(server.seen().len(), 1);
    Ok(())
}

fn forgejo() -> Outcome {
    let server = Server::start(|request| {
        if !request.contains("authorization: token hunter2-secret\r\n") {
            return (401, json!({"message": "token is required"}).to_string());
        }
        let job = json!({"id": 5, "runs_on": ["docker"], "status": "waiting"});
        match target(request) {
            "/api/v1/orgs/o/actions/runners/jobs?labels=docker" => {
                (200, json!([job, job]).to_string())
            }
            _ => (404, String::new()),
        }
    });
    let of = |org: &str| {
        let metadata = [
            ("address", server.url.as_str()),
            ("labels", "docker"),
            ("org", org),
        ];
        trigger("forgejo-runner", &metadata) + LOGIN
    };
    let output = plan(&login(&[("token", SECRET)]), &[of("o")]).expect(0);
    assert_eq!(readings(&output), [(2.0, true)]);
    let output = plan(&login(&[("token", SECRET)]), &[of("p")]).expect(1);
    assert_contains(
        &errors(&output)[0],
        &[&server.url, "/orgs/p/actions/runners/jobs answered 404"],
    );
    let output = plan(&login(&[("token", "hunter2-other")]), &[of("o")]).expect(1);
    assert_contains(
        &errors(&output)[0],
        &["answered 401 Unauthorized: token is required"],
    );
    assert_lacks(&(output.stdout + &output.stderr), "hunter2");
    Ok(())
}

/// An Azure DevOps whose pool 9, `ours`, has 25 jobs that demand docker and, taken by an agent, one that demands a gpu.
fn azure() -> Server {
    let list = |values: &Value| json!({"count": values.as_array().map(Vec::len), "value": values});
    Server::start(move |request| {
        // User "" and the token.
        if !request.contains("authorization: Basic Omh1bnRlcjItc2VjcmV0\r\n") {
            return (203, "<html>Sign In</html>".to_owned());
        }
        let docker = json!({"requestId": 1, "queueTime": "2026-01-01T00:00:00Z", "demands": ["docker", "Agent.Version -gtVersion 3.0"]});
        let mut jobs = vec![docker; 25];
        jobs.push(
            json!({"requestId": 2, "receiveTime": "2026-01-01T00:00:00Z", "demands": ["gpu"]}),
        );
        jobs.push(json!({"requestId": 3, "result": "failed", "demands": ["docker"]}));
        let answer = match target(request) {
            "/o/_apis/distributedtask/pools?poolName=ours" => {
                list(&json!([{"id": 9, "name": "ours"}]))
            }
            "/o/_apis/distributedtask/pools?poolName=theirs" => list(&json!([])),
            "/o/_apis/distributedtask/pools/9/jobrequests?$top=250" => list(&json!(jobs)),
            _ => {
                return (
                    404,
                    json!({"message": "There is no such pool."}).to_string(),
                );
            }
        };
        (200, answer.to_string())
    })
}

fn pool(server: &Server, metadata: &[(&str, &str)]) -> String {
    let organization = format!("{}/o", server.url);
    let base = [("organizationURL", organization.as_str())];
    trigger("azure-pipelines", &[&base, metadata].concat())
}

fn azure_jobs() -> Outcome {
    let server = azure();
    let cluster = TestCluster::start();
    let trigger = pool(&server, &[("poolName", "ours"), ("demands", "docker")]) + LOGIN;
    let login =
        json!({"metadata": {"name": "login"}, "stringData": {"personalAccessToken": SECRET}});
    cluster.create::<Secret>(login);
    let target =
        json!({"parameter": "personalAccessToken", "name": "login", "key": "personalAccessToken"});
    let authentication = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "TriggerAuthentication",
        "metadata": {"name": "login"}, "spec": {"secretTargetRef": [target]}});
    let kind = "TriggerAuthentication";
    cluster.create_keda(kind, "triggerauthentications", authentication);
    twenty_five(&cluster, "agents", &trigger);
    Ok(())
}

fn azure_pools() -> Outcome {
    let server = azure();
    let objects = login(&[("personalAccessToken", SECRET)]);
    let of = |metadata: &[(&str, &str)]| pool(&server, metadata) + LOGIN;
    let output = plan(
        &objects,
        &[
            of(&[("poolID", "9")]),
            of(&[("poolName", "ours"), ("scaleOnInFlight", "false")]),
            of(&[
                ("poolID", "9"),
                ("demands", "gpu,docker"),
                ("requireAllDemandsAndIgnoreOthers", "true"),
            ]),
            of(&[
                ("poolID", "9"),
                ("demands", "GPU"),
                ("caseInsensitiveDemandsProcessing", "true"),
            ]),
        ],
    )
    .expect(0);
    let expected = [(26.0, true), (25.0, true), (0.0, false), (1.0, true)];
    assert_eq!(readings(&output), expected, "{}", output.stdout);

    let output = plan(
        &objects,
        &[of(&[("poolName", "theirs")]), of(&[("poolID", "8")])],
    )
    .expect(1);
    let found = errors(&output);
    assert_contains(&found[0], &[&server.url, "knows no agent pool \"theirs\""]);
    assert_contains(
        &found[1],
        &[
            &server.url,
            "/pools/8/jobrequests answered 404",
            "There is no such pool.",
        ],
    );
    let output = plan(
        &login(&[("personalAccessToken", "hunter2-other")]),
        &[of(&[("poolID", "9")])],
    )
    .expect(1);
    assert_contains(&errors(&output)[0], &["203", "is the token valid?"]);
    assert_lacks(&(output.stdout + &output.stderr), "hunter2");
    Ok(())
}
