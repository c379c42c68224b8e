use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use kube::config::{ExecConfig, ExecInteractiveMode};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::cluster::{ClusterError, ClusterErrorKind, plugin};

#[test]
fn a_plugin_is_run_again_a_little_before_its_time_is_over() {
    let now: Timestamp = "2026-11-24T20:00:00Z".parse().unwrap();
    let at = |seconds: i64| now + SignedDuration::from_secs(seconds);
    let hour = Time::new(at(3600), None, now);
    assert_eq!((hour.renew, hour.end), (at(3540), at(3600)));
    let short = Time::new(at(20), Some(hour), now);
    assert_eq!((short.renew, short.end), (at(18), at(20)));
    // It keeps them itself: it is not asked for them once more with every request of the last minute.
    let again = Time::new(at(3600), Some(hour), at(3541));
    assert_eq!((again.renew, again.end), (at(3600), at(3600)));
    // Over when they come.
    let over = Time::new(at(-5), None, now);
    assert_eq!((over.renew, over.end), (at(10), at(10)));
    let longest = Time::new(Timestamp::MAX, None, now);
    assert_eq!(longest.end, Timestamp::MAX);
    let first = Time::new(Timestamp::MIN, None, now);
    assert_eq!((first.renew, first.end), (at(10), at(10)));
    // With an end this near each request would run it.
    let near = now + SignedDuration::from_millis(1);
    let near = Time::new(near, None, now);
    assert_eq!((near.renew, near.end), (at(1), at(1)));
}

/// A server that refuses the token `first`, and a plugin whose runs give `first`, `second`, … and wait for a file of that name.
struct Scene {
    folder: tempfile::TempDir,
    connections: Arc<AtomicUsize>,
    credentials: Arc<Credentials>,
}

impl Scene {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(answer(stream));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        release(folder.path(), "first");
        let script = r#"echo run >> "$0/runs"; n=$(($(wc -l < "$0/runs"))); set -- first second third; shift $((n - 1))
            until test -e "$0/$1"; do sleep 0.01; done
            printf '{"apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "%s"}}' "$1""#;
        let mut config = Config::new(server.parse().unwrap());
        config.auth_info.exec = Some(ExecConfig {
            api_version: Some("client.authentication.k8s.io/v1".to_owned()),
            command: Some("sh".to_owned()),
            args: Some(vec![
                "-c".to_owned(),
                script.to_owned(),
                folder.path().display().to_string(),
            ]),
            interactive_mode: Some(ExecInteractiveMode::Never),
            ..ExecConfig::default()
        });
        let plugin = plugin::take(&mut config, Duration::from_mins(1)).unwrap();
        let credentials = Credentials::resolve(config, None, plugin).await.unwrap();
        Self {
            folder,
            connections,
            credentials: Arc::new(credentials),
        }
    }

    async fn send(&self) -> StatusCode {
        let request = Request::get("/").body(Body::empty()).unwrap();
        let sent = Arc::clone(&self.credentials).send(request);
        sent.await.unwrap().status()
    }

    fn runs(&self) -> usize {
        let runs = std::fs::read_to_string(self.folder.path().join("runs"));
        runs.unwrap_or_default().lines().count()
    }

    /// As if the plugin had said these times, counted from now.
    fn set_time(&self, renew: SignedDuration, end: SignedDuration) {
        let now = Timestamp::now();
        let (renew, end) = (now + renew, now + end);
        self.credentials.state().resolved.time = Some(Time {
            expires: end,
            renew,
            end,
        });
    }

    fn token(&self) -> String {
        let token = self.credentials.state().resolved.token.clone();
        token.unwrap().to_str().unwrap().to_owned()
    }
}

fn release(folder: &Path, token: &str) {
    std::fs::write(folder.join(token), "").unwrap();
}

async fn answer(stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    let (mut line, mut status) = (String::new(), "200 OK");
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        if line
            .trim_end()
            .eq_ignore_ascii_case("authorization: bearer first")
        {
            status = "401 Unauthorized";
        }
        if line == "\r\n" {
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            status = "200 OK";
        }
        line.clear();
    }
}

#[tokio::test]
async fn a_new_token_keeps_the_connections() {
    let scene = Scene::start().await;
    release(scene.folder.path(), "second");
    for _ in 0..3 {
        assert_eq!(scene.send().await, StatusCode::OK);
    }
    assert_eq!(scene.token(), "Bearer second");
    assert_eq!(scene.runs(), 2);
    assert_eq!(scene.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn requests_that_are_refused_together_wait_for_one_run() {
    let scene = Scene::start().await;
    let sent = (0..20).map(|_| scene.send());
    let mut sent = std::pin::pin!(futures::future::join_all(sent));
    assert!(sent.as_mut().now_or_never().is_none());
    // One that gives up does not end the run.
    let mut one = Box::pin(scene.send());
    while scene.runs() < 2 {
        tokio::select! {
            _ = &mut sent => panic!("the plugin is not done"),
            _ = &mut one => panic!("the plugin is not done"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(one);
    release(scene.folder.path(), "second");
    assert!(sent.await.iter().all(StatusCode::is_success));
    assert_eq!(scene.runs(), 2);
}

#[tokio::test]
async fn the_old_token_is_used_until_it_is_over() {
    let scene = Scene::start().await;
    release(scene.folder.path(), "second");
    assert_eq!(scene.send().await, StatusCode::OK);
    let (past, hour) = (SignedDuration::from_secs(-1), SignedDuration::from_hours(1));
    scene.set_time(past, hour);
    for _ in 0..3 {
        assert_eq!(scene.send().await, StatusCode::OK);
    }
    assert_eq!(scene.token(), "Bearer second");
    scene.set_time(past, past);
    let mut waiting = Box::pin(scene.send());
    while scene.runs() < 3 {
        assert!(waiting.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.token(), "Bearer second");
    release(scene.folder.path(), "third");
    assert_eq!(waiting.await, StatusCode::OK);
    assert_eq!((scene.token().as_str(), scene.runs()), ("Bearer third", 3));
}

/// A plugin that cannot be run to its end leaves nobody waiting: the requests after it get an error, or run it again.
#[tokio::test]
async fn a_renewal_that_is_broken_off_is_over() {
    use tokio::runtime::Builder;
    // Without I/O a plugin cannot be started: it panics. With it the task is dropped while the plugin runs.
    let panics = || Builder::new_multi_thread().worker_threads(1).build();
    let is_dropped = || {
        Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
    };
    for (other, runs) in [(panics().unwrap(), 1), (is_dropped().unwrap(), 2)] {
        let scene = Scene::start().await;
        let renewal = {
            let _other = other.enter();
            scene.credentials.renewal(0, true).unwrap()
        };
        while scene.runs() < runs {
            tokio::task::yield_now().await;
        }
        if runs == 1 {
            renewal.await;
            other.shutdown_background();
        } else {
            other.shutdown_background();
            renewal.await;
        }
        let request = || Request::get("/").body(Body::empty()).unwrap();
        let sent = Arc::clone(&scene.credentials).send(request());
        let error = sent.await.unwrap_err();
        let problem = credentials_problem(&error).unwrap().to_string();
        assert!(
            problem.contains("the credential plugin \"sh\""),
            "{problem}"
        );
        assert!(problem.contains("broken off"), "{problem}");
        // Later.
        scene.credentials.state().began = None;
        for token in ["second", "third"] {
            release(scene.folder.path(), token);
        }
        assert_eq!(scene.send().await, StatusCode::OK);
        assert!(scene.runs() > runs);
    }
}

/// The server is not what keeps a request from being sent.
#[tokio::test]
async fn who_waits_for_a_plugin_is_not_told_of_a_server() {
    let scene = Scene::start().await;
    let gone = SignedDuration::from_secs(-1);
    scene.set_time(gone, gone);
    let request = Request::get("/").body(Body::empty()).unwrap();
    let sent = Arc::clone(&scene.credentials).send(request);
    let limit = Duration::from_millis(100);
    let Err(error) = throttle::within("list jobs", limit, sent).await else {
        panic!("the plugin is not done");
    };
    assert_eq!(error.kind, ClusterErrorKind::NoCredentials);
    assert_eq!(
        error.to_string(),
        "cannot list jobs: the credential plugin \"sh\" has given no credentials within 100ms"
    );
}

#[tokio::test]
async fn a_refused_token_whose_file_is_empty_is_the_fault_of_the_file() {
    let scene = Scene::start().await;
    let path = scene.folder.path().join("token");
    std::fs::write(&path, "first").unwrap();
    let plugin = scene.credentials.source.as_ref().unwrap();
    let mut config = plugin.config.clone();
    config.auth_info.token_file = Some(path.display().to_string());
    let file = crate::cluster::token_file::take(&mut config).unwrap();
    let credentials = Credentials::resolve(config, file, None).await.unwrap();
    let credentials = Arc::new(credentials);
    let send = || {
        let request = Request::get("/").body(Body::empty()).unwrap();
        Arc::clone(&credentials).send(request)
    };
    assert_eq!(send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    std::fs::write(&path, " \n").unwrap();
    let error = ClusterError::from_kube("list jobs", &send().await.unwrap_err());
    assert_eq!(error.kind, ClusterErrorKind::NoCredentials);
    assert!(
        error
            .to_string()
            .contains("token is empty, and the server refuses"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("tokenFile"));
    std::fs::write(&path, "second").unwrap();
    assert_eq!(send().await.unwrap().status(), StatusCode::OK);
}

/// As cert-manager, `step ca renew` or a kubelet replaces them.
#[tokio::test]
async fn certificate_files_are_looked_at() {
    const CERTIFICATE: &str = include_str!("../../../tests/data/keys/test-only-certificate.pem");
    const KEY: &str = include_str!("../../../tests/data/keys/test-only-key.pem");
    drop(rustls::crypto::ring::default_provider().install_default());
    let scene = Scene::start().await;
    let mut config = scene.credentials.source.as_ref().unwrap().config.clone();
    let path = |name| scene.folder.path().join(name).display().to_string();
    let (certificate, key) = (path("client.crt"), path("client.key"));
    std::fs::write(&certificate, CERTIFICATE).unwrap();
    std::fs::write(&key, KEY).unwrap();
    config.auth_info.client_certificate = Some(certificate.clone());
    config.auth_info.client_key = Some(key);
    let credentials = Credentials::resolve(config, None, None).await.unwrap();
    let credentials = Arc::new(credentials);
    let send = async || {
        let request = Request::get("/").body(Body::empty()).unwrap();
        let sent = Arc::clone(&credentials).send(request).await;
        assert_eq!(sent.unwrap().status(), StatusCode::OK);
    };
    let five_minutes_later = async || {
        {
            let mut state = credentials.state();
            let time = state.resolved.time.as_mut().unwrap();
            assert!(time.renew <= Timestamp::now() + LOOK);
            time.renew = Timestamp::now();
            state.began = None;
        }
        // Sent with what there is.
        send().await;
        let renewal = credentials.state().renewal.clone();
        if let Some(renewal) = renewal {
            renewal.await;
        }
        send().await;
    };
    send().await;
    five_minutes_later().await;
    assert_eq!(scene.connections.load(Ordering::Relaxed), 1);
    // Whoever replaces it is in between.
    std::fs::remove_file(&certificate).unwrap();
    five_minutes_later().await;
    let failure = credentials.state().failure.clone().unwrap().to_string();
    assert!(failure.contains(&certificate), "{failure}");
    assert_eq!(scene.connections.load(Ordering::Relaxed), 1);
    std::fs::write(&certificate, format!("{CERTIFICATE}\n")).unwrap();
    five_minutes_later().await;
    assert_eq!(scene.connections.load(Ordering::Relaxed), 2);
    assert!(credentials.state().failure.is_none());
}
