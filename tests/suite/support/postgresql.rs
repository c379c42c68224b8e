//! A PostgreSQL server.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::block_on;
use super::servers::{Account, Server, free_port};

/// What the tests of this server need.
pub(crate) const PROGRAMS: &[&str] = &["initdb", "postgres", "setpriv"];

/// A server on 127.0.0.1 and 127.0.0.2. Its administrator comes through the Unix socket.
pub(crate) struct Postgresql {
    pub(crate) port: u16,
    /// Where its Unix socket is.
    pub(crate) folder: PathBuf,
    _server: Server,
}

impl Postgresql {
    /// Who may come in over the network is written as in `pg_hba.conf`.
    pub(crate) fn start(access: &str, settings: &[&str]) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        let owner = Account::new("postgres");
        owner.give(folder.path());
        let mut initdb = owner.command("initdb");
        initdb.arg("-D").arg(&data).args([
            "--username=postgres",
            "--auth=trust",
            "--no-sync",
            "--no-instructions",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        let made = initdb.stdin(Stdio::null()).output().expect("initdb runs");
        assert!(
            made.status.success(),
            "initdb: {}{}",
            String::from_utf8_lossy(&made.stdout),
            String::from_utf8_lossy(&made.stderr)
        );
        let write = |name: &str, text: &str| {
            let path = data.join(name);
            std::fs::write(&path, text).expect("a file can be written");
            owner.give(&path);
        };
        write(
            "pg_hba.conf",
            &format!("local all postgres trust\n{access}\n"),
        );
        for (name, file) in [("server.crt", "certificate"), ("server.key", "key")] {
            let path = format!(
                "{}/tests/data/keys/test-only-{file}.pem",
                env!("CARGO_MANIFEST_DIR")
            );
            write(name, &std::fs::read_to_string(path).expect("a test's key"));
        }
        only_for_its_owner(&data.join("server.key"));
        let mut command = owner.command("postgres");
        command.arg("-D").arg(&data);
        let socket = format!("unix_socket_directories={}", folder.path().display());
        let port_setting = format!("port={port}");
        let own = [
            "listen_addresses=127.0.0.1,127.0.0.2",
            "fsync=off",
            "max_connections=20",
            "shared_buffers=16MB",
            &socket,
            &port_setting,
        ];
        for setting in own.iter().chain(settings) {
            command.args(["-c", setting]);
        }
        let path = folder.path().to_owned();
        let mut server = Server::start(&mut command, folder, None);
        server.wait_until("PostgreSQL takes connections", || {
            run(&path, port, "SELECT 1").is_ok()
        });
        Self {
            port,
            folder: path,
            _server: server,
        }
    }

    /// Runs statements as the administrator.
    pub(crate) fn run(&self, statements: &str) -> Vec<String> {
        run(&self.folder, self.port, statements).expect("the statements are sound")
    }
}

/// The first column of all rows.
fn run(folder: &Path, port: u16, statements: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    block_on(async {
        let mut config = tokio_postgres::Config::new();
        config.host_path(folder).port(port).user("postgres");
        let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
        let connection = tokio::spawn(connection);
        let answer = client.simple_query(statements).await;
        drop(client);
        drop(connection.await);
        let rows = answer?.into_iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => {
                Some(row.get(0).unwrap_or_default().to_owned())
            }
            _ => None,
        });
        Ok(rows.collect())
    })
}

fn only_for_its_owner(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, permissions).expect("a file's rights");
}
