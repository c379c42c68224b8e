//! `mysql` beside a real server: every type of number, each way to come in, each value of `tls`.

use libtest_mimic::Trial;

use crate::sources::triggers::{errors, login, plan, readings, trigger};
use crate::sources::{scaled_job, twenty_five};
use crate::support::binary::{Keda, Output};
use crate::support::cluster::TestCluster;
use crate::support::mariadb::{MariaDb, PROGRAMS};
use crate::support::servers::free_port;
use crate::support::{Outcome, assert_contains, assert_lacks, test_with};

pub(crate) fn tests() -> Vec<Trial> {
    let test = |name, run: fn() -> Outcome| test_with(PROGRAMS, name, run);
    vec![
        test("mysql::25_rows_make_25_jobs", rows),
        test("mysql::every_type_of_number_and_what_is_none", values),
        test("mysql::every_way_to_come_in", ways),
        test("mysql::each_value_of_tls", tls),
    ]
}

/// A trigger that asks `query` with the separate parameters, as a user without a password.
fn separate(server: &MariaDb, query: &str, more: &[(&str, &str)]) -> String {
    let port = server.port.to_string();
    let metadata = [
        ("host", "127.0.0.1"),
        ("port", port.as_str()),
        ("username", "worker"),
        ("dbName", "shop"),
        ("query", query),
        ("queryValue", "1"),
    ];
    trigger("mysql", &[&metadata, more].concat())
}

const OPEN: &str = "CREATE DATABASE shop; CREATE USER worker@'127.0.0.1'; GRANT ALL ON shop.* TO worker@'127.0.0.1'";

/// What `plan` says of a DSN that asks for `SELECT 7`.
fn connect(dsn: &str, query: &str) -> Output {
    let metadata = [("query", query), ("queryValue", "1")];
    let trigger = trigger("mysql", &metadata) + "\n  authenticationRef: {name: login}";
    plan(&login(&[("connectionString", dsn)]), &[trigger])
}

#[track_caller]
fn reads_seven(dsn: &str) {
    let output = connect(dsn, "SELECT 7");
    assert!(output.code == 0, "{dsn}: {}", output.stdout);
    assert_eq!(readings(&output), [(7.0, true)], "{dsn}");
}

#[track_caller]
fn fails(dsn: &str, parts: &[&str]) {
    let output = connect(dsn, "SELECT 7").expect(1);
    assert_contains(&errors(&output)[0], parts);
    let said = format!("{}{}", output.stdout, output.stderr);
    assert_lacks(&said, "hunter2");
}

fn rows() -> Outcome {
    let server = MariaDb::start(&[]);
    server.run(OPEN);
    server.run("CREATE TABLE shop.orders (state TEXT)");
    server.run("USE shop; INSERT INTO orders SELECT IF(seq > 25, 'done', 'new') FROM seq_1_to_30");
    let query = "SELECT count(*) FROM orders WHERE state = 'new'";
    let cluster = TestCluster::start();
    twenty_five(&cluster, "rows", &separate(&server, query, &[]));
    Ok(())
}

fn values() -> Outcome {
    let server = MariaDb::start(&[]);
    server.run(OPEN);
    let numbers = [
        ("7", 7.0),
        ("CAST(7000000000 AS SIGNED)", 7e9),
        ("CAST(7 AS UNSIGNED)", 7.0),
        ("CAST(7.25 AS DECIMAL(20, 5))", 7.25),
        ("12345678.125", 12_345_678.125),
        ("7.5e0", 7.5),
        ("CAST(7.5 AS FLOAT)", 7.5),
        ("'7'", 7.0),
        ("true", 1.0),
        ("sum(seq) FROM seq_3_to_4", 7.0),
        ("avg(seq) FROM seq_3_to_4", 3.5),
        ("seq FROM seq_7_to_9", 7.0),
        ("7 FROM seq_1_to_9 WHERE '12:30' <> ':x' /* :y ? */", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
    ];
    let select = |expression: &str| separate(&server, &format!("SELECT {expression}"), &[]);
    let triggers: Vec<String> = numbers.iter().map(|(text, _)| select(text)).collect();
    let output = plan("", &triggers).expect(0);
    for ((expression, number), reading) in numbers.iter().zip(readings(&output)) {
        assert_eq!(reading, (*number, *number > 0.0), "{expression}");
    }
    // Active above, not at.
    let at = separate(&server, "SELECT 7", &[("activationQueryValue", "7")]);
    let above = separate(&server, "SELECT 7", &[("activationQueryValue", "6.9")]);
    let output = plan("", &[at, above]).expect(0);
    assert_eq!(readings(&output), [(7.0, false), (7.0, true)]);
    // What changes something is done once and kept.
    server.run("CREATE TABLE shop.orders (id INT); CREATE TABLE shop.asked (id INT)");
    let insert = separate(&server, "INSERT INTO asked VALUES (1) RETURNING 7", &[]);
    assert_eq!(readings(&plan("", &[insert]).expect(0)), [(7.0, true)]);
    assert_eq!(server.run("SELECT count(*) FROM shop.asked"), ["1"]);

    let faults = [
        ("SELECT NULL", "gives NULL"),
        ("SELECT id FROM orders", "gives no row"),
        ("SELECT 7, 8", "gives 2 columns"),
        ("SELECT 'many'", "a text that is no number"),
        ("SELECT now()", "gives a time"),
        ("DO 1", "gives no row"),
        (
            "SELECT count(*) FROM absent",
            "error 1146 (42S02): Table 'shop.absent' doesn't exist",
        ),
        ("SELEC 7", "error 1064 (42000)"),
        // KEDA's driver refuses it too: nothing of it is done.
        ("SELECT 7; DROP TABLE orders", "error 1064 (42000)"),
        ("SELECT :x", "mysql 127.0.0.1"),
    ];
    let triggers: Vec<String> = faults
        .iter()
        .map(|(query, _)| separate(&server, query, &[]))
        .collect();
    let output = plan("", &triggers).expect(1);
    let place = format!("mysql 127.0.0.1:{}: ", server.port);
    for ((query, part), error) in faults.iter().zip(errors(&output)) {
        assert!(error.contains(&place), "{query}: {error}");
        assert!(error.contains(part), "{query}: {error}");
    }
    assert_eq!(server.run("SELECT count(*) FROM shop.orders"), ["0"]);
    Ok(())
}

fn ways() -> Outcome {
    let server = MariaDb::start(&[]);
    server.run(OPEN);
    server.run("CREATE DATABASE `two words`");
    server
        .run(r"CREATE USER clerk@'%' IDENTIFIED BY 'p/w:@#?\'(%)'; GRANT ALL ON *.* TO clerk@'%'");
    server.run(
        "CREATE USER clerk@localhost IDENTIFIED BY 'local'; GRANT ALL ON *.* TO clerk@localhost",
    );
    let (port, socket) = (server.port, server.socket.display());
    let clerk = "clerk:p/w:@#?'(%)";
    for dsn in [
        format!("{clerk}@tcp(127.0.0.1:{port})/shop"),
        format!("{clerk}@tcp(localhost:{port})/two%20words"),
        format!("{clerk}@(127.0.0.1:{port})/"),
        format!(
            "{clerk}@tcp(127.0.0.1:{port})/shop?parseTime=true&timeout=5s&readTimeout=5s&charset=absent,latin1"
        ),
        format!("worker@tcp(127.0.0.1:{port})/shop?collation=utf8mb4_bin"),
        format!("clerk:local@unix({socket})/shop"),
    ] {
        reads_seven(&dsn);
    }
    // The password from its own parameter.
    let port_text = port.to_string();
    let metadata = [
        ("host", "127.0.0.1"),
        ("port", port_text.as_str()),
        ("username", "clerk"),
        ("dbName", "shop"),
        ("query", "SELECT 7"),
        ("queryValue", "1"),
    ];
    let apart = trigger("mysql", &metadata) + "\n  authenticationRef: {name: login}";
    let password = clerk.split_once(':').expect("a password").1;
    let output = plan(
        &login(&[("password", password)]),
        std::slice::from_ref(&apart),
    )
    .expect(0);
    assert_eq!(readings(&output), [(7.0, true)]);
    let output = plan(&login(&[("password", "hunter2")]), &[apart]).expect(1);
    let denied =
        "error 1045 (28000): Access denied for user 'clerk'@'127.0.0.1' (using password: YES)";
    assert_contains(
        &errors(&output)[0],
        &[&format!("mysql 127.0.0.1:{port}: "), denied],
    );
    assert_lacks(&format!("{}{}", output.stdout, output.stderr), "hunter2");

    // Variables of the session, and several statements where they are asked for.
    let dsn = format!(
        "worker@tcp(127.0.0.1:{port})/shop?time_zone=%27%2B05%3A00%27&sql_mode=%27ANSI_QUOTES%27"
    );
    let query = "SELECT IF(@@time_zone = '+05:00' AND @@sql_mode = 'ANSI_QUOTES', 7, NULL)";
    assert_eq!(readings(&connect(&dsn, query).expect(0)), [(7.0, true)]);
    let dsn = format!("worker@tcp(127.0.0.1:{port})/shop?multiStatements=true");
    assert_eq!(
        readings(&connect(&dsn, "SELECT 7; SELECT 8").expect(0)),
        [(7.0, true)]
    );

    fails(
        &format!("clerk:hunter2@tcp(127.0.0.1:{port})/shop"),
        &["Access denied"],
    );
    fails(
        &format!("worker@tcp(127.0.0.1:{port})/absent"),
        &["mysql 127.0.0.1:", "absent"],
    );
    fails(
        &format!("worker@tcp(127.0.0.1:{port})/shop?absent=1"),
        &["Unknown system variable 'absent'"],
    );
    let gone = free_port();
    fails(
        &format!("clerk:hunter2@tcp(127.0.0.1:{gone})/shop"),
        &[&format!("mysql 127.0.0.1:{gone}: "), "refused"],
    );
    fails(
        "clerk:hunter2@unix(/absent/socket)/shop",
        &["mysql /absent/socket: ", "No such file"],
    );
    fails(
        "clerk:hunter2@tcp(h:1)",
        &[
            "parameter connectionString: ",
            "user:password@tcp(host:3306)/database",
        ],
    );
    let late = connect(
        &format!("worker@tcp(127.0.0.1:{port})/shop?readTimeout=500ms"),
        "SELECT sleep(600)",
    );
    assert_contains(
        &errors(&late.expect(1))[0],
        &["it gave no answer within 500ms"],
    );

    let cluster = TestCluster::start();
    let slow = separate(&server, "SELECT sleep(600)", &[]);
    let manifest = cluster.write("job.yaml", &scaled_job("slow", &slow));
    let output = cluster
        .run(["plan", &manifest, "--source-timeout", "2s"])
        .expect(1);
    let place = format!("mysql 127.0.0.1:{port} did not answer within 2s");
    assert_contains(&(output.stdout + &output.stderr), &[&place]);
    Ok(())
}

fn tls() -> Outcome {
    let file = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys");
        format!("{folder}/test-only-{name}.pem")
    };
    // The server's account may not be able to look into this folder.
    let folder = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()?;
    let copied = |name: &str| -> std::io::Result<String> {
        let path = folder.path().join(name);
        std::fs::write(&path, std::fs::read(file(name))?)?;
        Ok(path.display().to_string())
    };
    let certificate = format!("--ssl-cert={}", copied("certificate")?);
    let key = format!("--ssl-key={}", copied("key")?);
    let secure = MariaDb::start(&[&certificate, &key]);
    secure.run(OPEN);
    secure.run("CREATE USER secure@'%' REQUIRE SSL; GRANT ALL ON *.* TO secure@'%'");
    let port = secure.port;
    let dsn = |user: &str, tls: &str| format!("{user}@tcp(127.0.0.1:{port})/shop?tls={tls}");
    for tls in ["skip-verify", "preferred"] {
        reads_seven(&dsn("secure", tls));
    }
    reads_seven(&dsn("worker", "false"));
    fails(&dsn("secure", "false"), &["Access denied"]);
    // An authority that the system does not know, and then knows.
    fails(&dsn("secure", "true"), &["mysql 127.0.0.1:", "certificate"]);
    let known = |dsn: &str| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("job.yaml");
        let metadata = [("query", "SELECT 7"), ("queryValue", "1")];
        let trigger = trigger("mysql", &metadata) + "\n  authenticationRef: {name: login}";
        let objects = login(&[("connectionString", dsn)]);
        let text = format!("{objects}{}", scaled_job("orders", &trigger));
        std::fs::write(&path, text).expect("a file can be written");
        Keda::new(["plan", "--running", "0", "--output", "json"])
            .arg(&path)
            .env("SSL_CERT_FILE", file("certificate"))
            .run()
    };
    let output = known(&dsn("secure", "true")).expect(0);
    assert_eq!(readings(&output), [(7.0, true)]);

    let plain = MariaDb::start(&["--skip-ssl"]);
    plain.run(OPEN);
    let port = plain.port;
    let dsn = |rest: &str| format!("worker@tcp(127.0.0.1:{port})/shop?tls={rest}");
    for rest in [
        "preferred",
        "false",
        "skip-verify&allowFallbackToPlaintext=true",
    ] {
        reads_seven(&dsn(rest));
    }
    fails(&dsn("skip-verify"), &["does not support TLS"]);
    Ok(())
}
