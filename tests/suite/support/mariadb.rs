//! A MariaDB server.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use mysql_async::prelude::Queryable;

use super::block_on;
use super::servers::{Account, Server, free_port};

/// What the tests of this server need.
pub(crate) const PROGRAMS: &[&str] = &["mariadbd", "mariadb-install-db", "setpriv"];

/// A server on 127.0.0.1. Its administrator comes through the Unix socket.
pub(crate) struct MariaDb {
    pub(crate) port: u16,
    /// Its Unix socket.
    pub(crate) socket: PathBuf,
    _server: Server,
}

impl MariaDb {
    /// With more settings, as `mariadbd` takes them.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (data, socket) = (folder.path().join("data"), folder.path().join("socket"));
        let owner = Account::new("mysql");
        owner.give(folder.path());
        let data = format!("--datadir={}", data.display());
        let mut install = owner.command("mariadb-install-db");
        install.args(["--no-defaults", "--auth-root-authentication-method=normal"]);
        install.args(["--skip-test-db", &data]);
        let made = install.stdin(Stdio::null()).output();
        let made = made.expect("mariadb-install-db runs");
        assert!(
            made.status.success(),
            "mariadb-install-db: {}{}",
            String::from_utf8_lossy(&made.stdout),
            String::from_utf8_lossy(&made.stderr)
        );
        let mut command = owner.command("mariadbd");
        command
            .args(["--no-defaults", "--bind-address=127.0.0.1", &data])
            .args(["--skip-log-bin", "--skip-name-resolve"])
            .args([
                "--innodb-buffer-pool-size=16M",
                "--innodb-flush-log-at-trx-commit=0",
            ])
            .arg(format!("--port={port}"))
            .arg(format!("--socket={}", socket.display()))
            .arg(format!(
                "--pid-file={}",
                folder.path().join("pid").display()
            ))
            .args(settings);
        let mut server = Server::start(&mut command, folder, None);
        server.wait_until("MariaDB takes connections", || run(&socket, "DO 1").is_ok());
        Self {
            port,
            socket,
            _server: server,
        }
    }

    /// Runs statements as the administrator: the first column of all rows of the first one.
    pub(crate) fn run(&self, statements: &str) -> Vec<String> {
        run(&self.socket, statements).expect("the statements are sound")
    }
}

fn run(socket: &Path, statements: &str) -> mysql_async::Result<Vec<String>> {
    block_on(async {
        let socket = socket.to_str().expect("a text");
        let options = mysql_async::OptsBuilder::default()
            .user(Some("root"))
            .socket(Some(socket));
        let mut connection = mysql_async::Conn::new(options).await?;
        let mut result = connection.query_iter(statements).await?;
        let rows = result.collect().await?;
        result.drop_result().await?;
        connection.disconnect().await?;
        Ok(rows)
    })
}
