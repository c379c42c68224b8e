//! `postgresql` beside a real server: every type of number, each way to come in, each sslmode.

use std::io::Write;

use libtest_mimic::Trial;
use serde_json::json;

use crate::sources::triggers::{errors, login, plan, readings, trigger};
use crate::sources::twenty_five;
use crate::support::cluster::TestCluster;
use crate::support::postgresql::{PROGRAMS, Postgresql};
use crate::support::servers::free_port;
use crate::support::{Outcome, assert_contains, assert_lacks, test_with};

pub(crate) fn tests() -> Vec<Trial> {
    let test = |name, run: fn() -> Outcome| test_with(PROGRAMS, name, run);
    vec![
        test("postgresql::25_rows_make_25_jobs", rows),
        test("postgresql::every_type_of_number", numbers),
        test("postgresql::what_is_no_number_is_an_error", faults),
        test("postgresql::every_way_to_come_in", ways),
        test(
            "postgresql::a_wrong_password_is_an_error_not_zero",
            passwords,
        ),
        test("postgresql::each_sslmode", modes),
        test("postgresql::a_server_without_tls", plain),
        test("postgresql::the_server_that_is_wanted", sessions),
        test("postgresql::a_token_of_azure_is_the_password", azure),
        test("postgresql::an_answer_that_is_too_late_is_an_error", late),
    ]
}

const TRUSTED: &str = "host all all 127.0.0.0/8 trust";

/// A trigger that asks `query` with the separate parameters and these beside them.
fn separate(server: &Postgresql, query: &str, more: &[(&str, &str)]) -> String {
    let port = server.port.to_string();
    let mut metadata = std::collections::BTreeMap::from([
        ("host", "127.0.0.1"),
        ("port", port.as_str()),
        ("userName", "postgres"),
        ("dbName", "postgres"),
        ("sslmode", "disable"),
        ("query", query),
        ("targetQueryValue", "1"),
    ]);
    metadata.extend(more.iter().copied());
    let metadata: Vec<_> = metadata.into_iter().collect();
    trigger("postgresql", &metadata)
}

/// What `plan` says of a connection string that asks for `SELECT 7`.
fn connect(connection: &str) -> crate::support::binary::Output {
    let metadata = [("query", "SELECT 7"), ("targetQueryValue", "1")];
    let trigger = trigger("postgresql", &metadata) + "\n  authenticationRef: {name: login}";
    plan(&login(&[("connection", connection)]), &[trigger])
}

#[track_caller]
fn reads_seven(connection: &str) {
    let output = connect(connection);
    assert!(output.code == 0, "{connection}: {}", output.stdout);
    assert_eq!(readings(&output), [(7.0, true)], "{connection}");
}

#[track_caller]
fn fails(connection: &str, parts: &[&str]) {
    let output = connect(connection).expect(1);
    assert_contains(&errors(&output)[0], parts);
}

fn rows() -> Outcome {
    let server = Postgresql::start(TRUSTED, &[]);
    server.run("CREATE TABLE orders AS SELECT generate_series(1, 30) AS id, 'new' AS state");
    server.run("UPDATE orders SET state = 'done' WHERE id > 25");
    let query = "SELECT count(*) FROM orders WHERE state = 'new'";
    let cluster = TestCluster::start();
    twenty_five(&cluster, "rows", &separate(&server, query, &[]));
    Ok(())
}

fn numbers() -> Outcome {
    let server = Postgresql::start(TRUSTED, &[]);
    server.run("CREATE DOMAIN amount AS numeric(9, 2); CREATE TYPE step AS ENUM ('5', 'last')");
    let expressions = [
        ("7::smallint", 7.0),
        ("7", 7.0),
        ("7000000000::bigint", 7e9),
        ("7.25::numeric", 7.25),
        ("12345678.125::numeric(20, 5)", 12_345_678.125),
        ("7.5::real", 7.5),
        ("7.5::double precision", 7.5),
        ("'7'::text", 7.0),
        ("'7'::varchar(5)", 7.0),
        ("'7'", 7.0),
        ("sum(x) FROM (VALUES (3), (4)) AS t (x)", 7.0),
        ("avg(x) FROM (VALUES (3), (4)) AS t (x)", 3.5),
        ("7.5::amount", 7.5),
        ("'5'::step", 5.0),
        ("to_json(7)", 7.0),
        ("'7'::jsonb", 7.0),
        // The first row counts, a semicolon at the end does not.
        ("* FROM (VALUES (7), (8)) AS t;", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
    ];
    let of =
        |(expression, _): &(&str, f64)| separate(&server, &format!("SELECT {expression}"), &[]);
    let triggers: Vec<String> = expressions.iter().map(of).collect();
    let output = plan("", &triggers).expect(0);
    for ((expression, number), reading) in expressions.iter().zip(readings(&output)) {
        assert_eq!(reading, (*number, *number > 0.0), "{expression}");
    }
    // Active above, not at.
    let at = separate(&server, "SELECT 7", &[("activationTargetQueryValue", "7")]);
    let above = separate(
        &server,
        "SELECT 7",
        &[("activationTargetQueryValue", "6.9")],
    );
    let output = plan("", &[at, above]).expect(0);
    assert_eq!(readings(&output), [(7.0, false), (7.0, true)]);
    // What changes something is done once and kept.
    server.run("CREATE TABLE asked (id serial)");
    let insert = "INSERT INTO asked DEFAULT VALUES RETURNING 7";
    let output = plan("", &[separate(&server, insert, &[])]).expect(0);
    assert_eq!(readings(&output), [(7.0, true)]);
    assert_eq!(server.run("SELECT count(*) FROM asked"), ["1"]);
    Ok(())
}

fn faults() -> Outcome {
    let server = Postgresql::start(TRUSTED, &[]);
    server.run("CREATE TABLE orders (id int); CREATE TABLE asked (id int)");
    let cases = [
        ("SELECT NULL::bigint", "gives NULL"),
        ("SELECT id FROM orders", "gives no row"),
        ("SELECT 7, 8", "gives 2 columns"),
        ("SELECT FROM (VALUES (1)) AS t", "gives 0 columns"),
        ("SELECT true", "gives a bool"),
        ("SELECT now()", "gives a timestamptz"),
        ("SELECT 'many'", "a text that is no number"),
        ("SELECT 'NaN'::numeric", "gives NaN"),
        ("SELECT 'Infinity'::float8", "gives inf"),
        ("SELECT ARRAY[7]", "gives a _int4"),
        ("INSERT INTO asked VALUES (1)", "gives no row"),
        ("-- nothing", "gives no row"),
        (
            "SELECT count(*) FROM absent",
            "ERROR: relation \"absent\" does not exist (SQLSTATE 42P01)",
        ),
        ("SELEC 7", "syntax error"),
        // KEDA's driver refuses it too: nothing of it is done.
        (
            "SELECT 7; DROP TABLE orders",
            "cannot insert multiple commands into a prepared statement",
        ),
        (
            "SELECT 1 / (2 - x) FROM (VALUES (1), (2)) AS t (x)",
            "division by zero",
        ),
        ("SELECT $1::int", "(SQLSTATE 08P01)"),
        ("COPY orders TO STDOUT", "unexpected message"),
    ];
    let triggers: Vec<String> = cases
        .iter()
        .map(|(query, _)| separate(&server, query, &[]))
        .collect();
    let output = plan("", &triggers).expect(1);
    let place = format!("postgresql 127.0.0.1:{}: ", server.port);
    for ((query, part), error) in cases.iter().zip(errors(&output)) {
        assert!(error.contains(&place), "{query}: {error}");
        assert!(error.contains(part), "{query}: {error}");
    }
    // The one that inserts was tried twice, as every trigger that fails; the table is still there.
    assert_eq!(server.run("SELECT count(*) FROM asked"), ["2"]);
    assert_eq!(server.run("SELECT count(*) FROM orders"), ["0"]);
    Ok(())
}

fn ways() -> Outcome {
    let server = Postgresql::start(
        "host all worker 127.0.0.0/8 scram-sha-256\nhost all older 127.0.0.0/8 md5\n\
         host all plain 127.0.0.0/8 password\nlocal all worker scram-sha-256",
        &[],
    );
    server.run(r"CREATE USER worker PASSWORD 'p/w @#?''\:%'; CREATE USER plain PASSWORD 'plain'");
    server.run("SET password_encryption = 'md5'; CREATE USER older PASSWORD 'older'");
    server.run("CREATE DATABASE \"two words\"");
    let port = server.port;
    let quoted = r"password='p/w @#?\'\\:%'";
    let escaped = "p%2Fw%20%40%23%3F'%5C%3A%25";
    let gone = free_port();
    let folder = server.folder.display();
    for connection in [
        format!("host=127.0.0.1 port={port} user=worker {quoted} dbname='two words'"),
        format!(
            "host = 127.0.0.1 port = {port} user = worker {quoted} dbname=postgres sslmode = disable"
        ),
        format!("postgres://worker:{escaped}@127.0.0.1:{port}/two%20words"),
        format!("postgresql://worker:{escaped}@localhost:{port}/postgres?sslmode=disable"),
        format!("postgresql:///postgres?host=127.0.0.1&port={port}&user=older&password=older"),
        format!("host=127.0.0.1 port={port} user=plain password=plain dbname=postgres"),
        format!("host=127.0.0.1 port={port} user=older password=older dbname=postgres"),
        // Through the Unix socket, where no sslmode matters.
        format!("host={folder} port={port} user=worker {quoted} dbname=postgres sslmode=require"),
        // The first one is down; each has its own port, or all have the first one.
        format!(
            "host=127.0.0.1,127.0.0.1 port={gone},{port} user=older password=older dbname=postgres"
        ),
        format!("postgres://older:older@127.0.0.1:{gone},127.0.0.1:{port}/postgres"),
        format!("postgres://older:older@unknown.invalid,127.0.0.2:{port}/postgres"),
        // Settings of the session.
        format!(
            "postgres://older:older@127.0.0.1:{port}/postgres?application_name=a%20b&search_path=a,b&connect_timeout=9"
        ),
    ] {
        reads_seven(&connection);
    }
    let parameters = [
        ("search_path", "\"a b\", c"),
        ("options", "-c work_mem=1MB"),
    ];
    let address = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let address =
        format!("postgres://older:older@127.0.0.1:{port}/postgres?application_name=me&{address}");
    let query = "SELECT concat(current_setting('search_path') = '\"a b\", c', current_setting('work_mem') = '1MB',
        current_setting('application_name') = 'me') = 'ttt'";
    let metadata = [
        ("query", format!("SELECT 7 WHERE ({query})")),
        ("targetQueryValue", "1".to_owned()),
    ];
    let metadata: Vec<_> = metadata
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let trigger = trigger("postgresql", &metadata) + "\n  authenticationRef: {name: login}";
    let output = plan(&login(&[("connection", &address)]), &[trigger]).expect(0);
    assert_eq!(readings(&output), [(7.0, true)]);
    // A parameter that the server does not have.
    fails(
        &format!("postgres://older:older@127.0.0.1:{port}/postgres?serch_path=a"),
        &["unrecognized configuration parameter \"serch_path\""],
    );
    Ok(())
}

fn passwords() -> Outcome {
    let server = Postgresql::start("host all all 127.0.0.0/8 scram-sha-256", &[]);
    server.run("CREATE USER worker PASSWORD 'correct'");
    server.run("CREATE DATABASE closed");
    server.run("REVOKE CONNECT ON DATABASE closed FROM public");
    let port = server.port;
    let place = format!("postgresql 127.0.0.1:{port}: ");
    let wrong = "FATAL: password authentication failed for user \"worker\" (SQLSTATE 28P01)";
    for connection in [
        format!("host=127.0.0.1 port={port} user=worker password=hunter2 dbname=postgres"),
        format!("postgres://worker:hunter2@127.0.0.1:{port}/postgres"),
        // The next host is not asked: it would say the same.
        format!("postgres://worker:hunter2@127.0.0.1:{port},127.0.0.2:{port}/postgres"),
    ] {
        let output = connect(&connection).expect(1);
        let errors = errors(&output);
        assert_contains(&errors[0], &[&place, wrong]);
        let said = format!("{}{}", output.stdout, output.stderr);
        assert_lacks(&said, "hunter2");
        assert_lacks(&errors[0], "127.0.0.2");
    }
    fails(
        &format!("host=127.0.0.1 port={port} user=worker dbname=postgres"),
        &[&place, "password"],
    );
    fails(
        &format!("host=127.0.0.1 port={port} user=worker password=correct dbname=absent"),
        &[&place, "database \"absent\" does not exist"],
    );
    fails(
        &format!("host=127.0.0.1 port={port} user=worker password=correct dbname=closed"),
        &[&place, "permission denied for database \"closed\""],
    );
    let gone = free_port();
    fails(
        &format!("host=127.0.0.1 port={gone} user=worker password=hunter2 dbname=postgres"),
        &[&format!("postgresql 127.0.0.1:{gone}: "), "refused"],
    );
    // What cannot be read is said before anybody is asked, without what it holds.
    for (connection, part) in [
        ("postgres://worker:hun/ter2@h/d", "its hosts cannot be read"),
        ("postgres://worker:hun%zzter2@h/d", "write it as %25"),
        ("hunter2", "keyword=value"),
        ("host=h user=u password='hunter2", "does not end"),
        ("host=h password=hunter2", "user must be given"),
        ("user=u password=hunter2", "host must name a server"),
        (
            "host=h user=u password=hunter2 sslmode=hunter2",
            "sslmode must be",
        ),
        ("host=h user=u port=hunter2", "port must be"),
    ] {
        let output = connect(connection).expect(1);
        assert_contains(&errors(&output)[0], &["parameter connection: ", part]);
        let said = format!("{}{}", output.stdout, output.stderr);
        for secret in ["hunter2", "ter2"] {
            assert_lacks(&said, secret);
        }
    }
    Ok(())
}

/// A file with this certificate in it.
fn certificate() -> String {
    format!(
        "{}/tests/data/keys/test-only-certificate.pem",
        env!("CARGO_MANIFEST_DIR")
    )
}

fn modes() -> Outcome {
    let server = Postgresql::start(
        "hostssl all secure 127.0.0.0/8 scram-sha-256\nhostnossl all open 127.0.0.0/8 scram-sha-256\n\
         host all both 127.0.0.0/8 scram-sha-256\nhostssl all shown 127.0.0.0/8 cert map=shown",
        &["ssl=on", "ssl_ca_file=server.crt"],
    );
    for user in ["secure", "open", "both"] {
        server.run(&format!("CREATE USER \"{user}\" PASSWORD 'pw'"));
    }
    let port = server.port;
    let with = |user: &str, host: &str, rest: &str| {
        format!("host={host} port={port} user={user} password=pw dbname=postgres {rest}")
    };
    let root = format!("sslrootcert={}", certificate());
    // Only TLS, only without: each mode that finds the way.
    for mode in ["allow", "prefer"] {
        for user in ["secure", "open", "both"] {
            reads_seven(&with(user, "127.0.0.1", &format!("sslmode={mode}")));
        }
    }
    reads_seven(&with("both", "127.0.0.1", "channel_binding=require"));
    reads_seven(&with("open", "127.0.0.1", "sslmode=disable"));
    reads_seven(&with("secure", "127.0.0.1", "sslmode=require"));
    let no_way = "no pg_hba.conf entry";
    fails(
        &with("secure", "127.0.0.1", "sslmode=disable"),
        &[no_way, "no encryption"],
    );
    fails(
        &with("open", "127.0.0.1", "sslmode=require"),
        &[no_way, "SSL encryption"],
    );
    // The certificate is for 127.0.0.1 and localhost. require looks at it as soon as an authority is named.
    for (mode, host) in [
        ("verify-full", "127.0.0.1"),
        ("verify-full", "localhost"),
        ("verify-ca", "127.0.0.1"),
        ("verify-ca", "127.0.0.2"),
        ("require", "127.0.0.2"),
    ] {
        reads_seven(&with("secure", host, &format!("sslmode={mode} {root}")));
    }
    let other_host = with(
        "secure",
        "127.0.0.2",
        &format!("sslmode=verify-full {root}"),
    );
    fails(
        &other_host,
        &["127.0.0.2", "TLS", "certificate", "127.0.0.2"],
    );
    // An authority that the system does not know.
    for rest in [
        "sslmode=verify-full",
        "sslmode=verify-ca",
        "sslrootcert=system",
    ] {
        let host = with("secure", "127.0.0.1", rest);
        fails(&host, &["127.0.0.1", "certificate"]);
    }
    let mut other = tempfile::NamedTempFile::new()?;
    other.write_all(b"no certificate")?;
    let named = with(
        "secure",
        "127.0.0.1",
        &format!("sslmode=verify-ca sslrootcert={}", other.path().display()),
    );
    fails(&named, &["ca must be PEM certificates"]);
    let missing = with(
        "secure",
        "127.0.0.1",
        "sslmode=verify-ca sslrootcert=/absent/root.crt",
    );
    fails(
        &missing,
        &["sslrootcert", "/absent/root.crt", "cannot be read"],
    );
    Ok(())
}

fn plain() -> Outcome {
    let server = Postgresql::start(TRUSTED, &["ssl=off"]);
    let port = server.port;
    let with = |mode: &str| format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode={mode}");
    for mode in ["disable", "allow", "prefer"] {
        reads_seven(&with(mode));
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        fails(&with(mode), &["127.0.0.1", "server does not support TLS"]);
    }
    Ok(())
}

fn sessions() -> Outcome {
    let primary = Postgresql::start(TRUSTED, &[]);
    let closed = Postgresql::start(TRUSTED, &["default_transaction_read_only=on"]);
    let both = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user=postgres dbname=postgres",
        closed.port, primary.port
    );
    let metadata = [
        ("query", "SELECT current_setting('port')"),
        ("targetQueryValue", "1"),
    ];
    let trigger = trigger("postgresql", &metadata) + "\n  authenticationRef: {name: login}";
    for (wanted, port) in [
        ("any", closed.port),
        ("read-write", primary.port),
        ("read-only", closed.port),
        ("primary", closed.port),
        ("prefer-standby", primary.port),
    ] {
        let connection = format!("{both} target_session_attrs={wanted}");
        let output = plan(
            &login(&[("connection", &connection)]),
            std::slice::from_ref(&trigger),
        )
        .expect(0);
        assert_eq!(readings(&output), [(f64::from(port), true)], "{wanted}");
    }
    fails(
        &format!("{both} target_session_attrs=standby"),
        &["it is no standby", "target_session_attrs"],
    );
    Ok(())
}

fn azure() -> Outcome {
    use crate::support::binary::Keda;
    use crate::support::servers::Page;
    let server = Postgresql::start("host all all 127.0.0.0/8 password", &[]);
    server.run("CREATE USER worker PASSWORD 'azure-token'");
    let token = json!({"access_token": "azure-token", "expires_in": 3600});
    let tokens = Page::serve(200, "application/json", token.to_string());
    let authentication = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "TriggerAuthentication",
        "metadata": {"name": "login"}, "spec": {"podIdentity": {"provider": "azure-workload", "identityId": "me"}}});
    let trigger = separate(&server, "SELECT 7", &[("userName", "worker")])
        + "\n  authenticationRef: {name: login}";
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("job.yaml");
    let job = crate::sources::scaled_job("orders", &trigger);
    std::fs::write(&file, format!("{authentication}\n---\n{job}"))?;
    let keda = Keda::new(["plan", "--running", "0", "--output", "json"]);
    let assertion = keda.home().join("token");
    std::fs::write(&assertion, "assertion")?;
    let output = keda
        .arg(&file)
        .env("AZURE_FEDERATED_TOKEN_FILE", &assertion)
        .env("AZURE_TENANT_ID", "tenant")
        .env("AZURE_AUTHORITY_HOST", tokens.url(""))
        .run()
        .expect(0);
    assert_eq!(readings(&output), [(7.0, true)]);
    Ok(())
}

fn late() -> Outcome {
    let server = Postgresql::start(TRUSTED, &[]);
    let cluster = TestCluster::start();
    let slow = separate(&server, "SELECT 7 FROM pg_sleep(600)", &[]);
    let manifest = cluster.write("job.yaml", &crate::sources::scaled_job("slow", &slow));
    let output = cluster
        .run(["plan", &manifest, "--source-timeout", "2s"])
        .expect(1);
    let place = format!(
        "postgresql 127.0.0.1:{} did not answer within 2s",
        server.port
    );
    assert_contains(&(output.stdout + &output.stderr), &[&place]);
    Ok(())
}
