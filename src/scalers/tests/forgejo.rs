//! `forgejo-runner` beside a Forgejo of one answer, made after its published description.

use super::fake::{answer, one, serve};

const TOKEN: [(&str, &str); 1] = [("token", "hunter2-token")];

async fn read(
    reply: String,
    metadata: &[(&str, &str)],
) -> (Result<(f64, bool), String>, Vec<String>) {
    let (address, seen) = serve(vec![reply]).await;
    let address = format!("http://{address}/git/");
    let base = [("address", address.as_str()), ("labels", "docker,x y")];
    let metadata = [&base, metadata].concat();
    let read = one("forgejo-runner", &metadata, Some(&TOKEN)).await;
    let seen = seen.lock().unwrap().clone();
    (read, seen)
}

#[tokio::test]
async fn where_jobs_are_listed() {
    let owner = [("owner", "o"), ("org", "g"), ("global", "true")];
    let repo = [&owner[..], &[("repo", "r/s")]].concat();
    for (metadata, path) in [
        (&repo[..], "repos/o/r%2Fs/actions"),
        (&owner, "orgs/g/actions"),
        (&[("global", "true"), ("owner", "o")], "admin"),
        (&[("global", "false")], "user/actions"),
        (&[("repo", "r")], "user/actions"),
    ] {
        let jobs = "[{\"id\":5,\"status\":\"waiting\"},{\"id\":6,\"status\":\"waiting\"}]";
        let (read, seen) = read(answer(200, jobs), metadata).await;
        assert_eq!(read, Ok((2.0, true)), "{metadata:?}");
        let start = format!("GET /git/api/v1/{path}/runners/jobs?labels=docker%2Cx+y HTTP");
        assert!(seen[0].starts_with(&start), "{metadata:?}: {seen:?}");
        let sent = "authorization: token hunter2-token\r\n";
        assert!(seen[0].contains(sent), "{seen:?}");
    }
}

#[tokio::test]
async fn answers() {
    for none in ["[]", "null"] {
        let (read, _) = read(answer(200, none), &[]).await;
        assert_eq!(read, Ok((0.0, false)), "{none}");
    }
    for (reply, wanted) in [
        (
            answer(401, "{\"message\":\"invalid username, hunter2-token\"}"),
            "answered 401 Unauthorized: invalid username, ***; is the token valid",
        ),
        (
            answer(404, ""),
            "answered 404 Not Found; is there such an owner",
        ),
        (answer(500, ""), "answered 500"),
        (answer(204, ""), "answered 204"),
        (answer(200, "<html>"), "something else than JSON"),
        (answer(200, "{}"), "no list of jobs"),
        (answer(200, "[5]"), "no list of jobs"),
        ("garbage\r\n\r\n".to_owned(), "cannot be asked"),
    ] {
        let (read, _) = read(reply, &[]).await;
        let error = read.unwrap_err();
        assert!(error.starts_with("failed: http://127.0.0.1:"), "{error}");
        assert!(
            error.contains("/git/api/v1/user/actions/runners/jobs "),
            "{error}"
        );
        assert!(error.contains(wanted), "{wanted}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let base = [("address", "https://f"), ("labels", "l")];
    let error = one("forgejo-runner", &base, Some(&[("token", "a\nhunter2")])).await;
    assert!(
        error
            .unwrap_err()
            .contains("parameter token holds a character")
    );
}
