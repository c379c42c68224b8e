//! The ways to the server that has the key: the server itself, a cluster whose nodes say which of them has it, or sentinels that name
//! the master.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind};
use tokio::time::timeout;

use super::connection::{Access, Server};
use crate::scalers::params::Resolved;
use crate::scalers::{BuildError, ReadError};

/// So often one command may be sent on. [go-redis `MaxRedirects`]
const REDIRECTIONS: usize = 3;

/// A server that has been silent for so long is no longer waited for alone.
const PATIENCE: Duration = Duration::from_secs(1);

/// A way.
#[derive(Debug)]
pub(super) enum Route {
    /// To one server.
    Server(Server),
    /// Into a cluster.
    Cluster(Vec<Server>),
    /// Past the first sentinel that knows the master of this name.
    Sentinels {
        sentinels: Vec<Server>,
        master: String,
        access: Arc<Access>,
    },
}

/// Makes a way from the parameters.
pub(super) type NewRoute = fn(&Resolved) -> Result<Route, BuildError>;

/// What is asked of the server that has the key.
#[async_trait::async_trait]
pub(super) trait Question: Send + Sync {
    async fn ask(&self, server: &mut Connection) -> Result<i64, Failure>;
}

impl Route {
    /// To the first address.
    pub(super) fn server(parameters: &Resolved) -> Result<Self, BuildError> {
        Server::first(parameters).map(Self::Server)
    }

    /// Into the cluster of the addresses.
    pub(super) fn cluster(parameters: &Resolved) -> Result<Self, BuildError> {
        let access = Arc::new(Access::new(parameters)?.without_database());
        Server::all(parameters, "redis", &access).map(Self::Cluster)
    }

    /// Past the sentinels at the addresses.
    pub(super) fn sentinels(parameters: &Resolved) -> Result<Self, BuildError> {
        let access = Arc::new(Access::new(parameters)?);
        let of_sentinels = Arc::new(access.of_sentinels(parameters));
        if !parameters.has("sentinelMaster") {
            return Err(BuildError::new("parameter sentinelMaster is missing"));
        }
        Ok(Self::Sentinels {
            sentinels: Server::all(parameters, "redis sentinel", &of_sentinels)?,
            master: parameters.text("sentinelMaster").to_owned(),
            access,
        })
    }

    /// Where it leads, as far as is known beforehand.
    pub(super) fn describe(&self) -> String {
        let list = |servers: &[Server]| {
            let addresses: Vec<String> = servers.iter().map(Server::address).collect();
            addresses.join(", ")
        };
        match self {
            Self::Server(server) => server.describe(),
            Self::Cluster(nodes) => format!("redis cluster {}", list(nodes)),
            Self::Sentinels {
                sentinels, master, ..
            } => format!("redis master {master:?} of sentinel {}", list(sentinels)),
        }
    }

    /// The answer of the server that has the key.
    pub(super) async fn ask(&self, question: &dyn Question) -> Result<i64, ReadError> {
        match self {
            Self::Server(server) => once(server, question).await,
            Self::Cluster(nodes) => {
                return first(nodes, |node| in_cluster(node, question)).await;
            }
            Self::Sentinels {
                sentinels,
                master,
                access,
            } => {
                let server = first(sentinels, |one| master_of(one, master, access)).await?;
                once(&server, question).await
            }
        }
        .map_err(|failure| failure.error)
    }
}

async fn once(server: &Server, question: &dyn Question) -> Result<i64, Failure> {
    question.ask(&mut Connection::open(server).await?).await
}

async fn in_cluster(node: &Server, question: &dyn Question) -> Result<i64, Failure> {
    let mut connection = Connection::open(node).await?;
    connection.is_node = true;
    let slot = redis::cmd("CLUSTER").arg("KEYSLOT").arg("k").to_owned();
    match connection.query::<i64>(&slot).await {
        Err(fault) if fault.says("cluster support disabled") => Err(fault.means(
            "it is no cluster, and KEDA's cluster types cannot be built with it; take the type without -cluster",
        )),
        Err(fault) if fault.error.is_io_error() => Err(fault.into()),
        // Whoever may not run it can be answered all the same.
        Ok(_) | Err(_) => question.ask(&mut connection).await,
    }
}

/// Which server `sentinel` takes for the master. Another sentinel may know more, whatever goes wrong.
async fn master_of(
    sentinel: &Server,
    master: &str,
    access: &Arc<Access>,
) -> Result<Server, Failure> {
    let ask = async {
        let mut connection = Connection::open(sentinel).await?;
        let named: Option<(String, u16)> = connection
            .query(
                redis::cmd("SENTINEL")
                    .arg("get-master-addr-by-name")
                    .arg(master),
            )
            .await?;
        let Some((host, port)) = named else {
            return Err(Failure::new(format!(
                "{}: it knows no master {master:?}; SENTINEL MASTERS lists those that it knows",
                sentinel.describe()
            )));
        };
        sentinel
            .named(&format!("{host}:{port}"), access)
            .ok_or_else(|| {
                Failure::new(format!(
                    "{}: it names a master without an address",
                    sentinel.describe()
                ))
            })
    };
    ask.await.map_err(|failure: Failure| Failure {
        is_final: false,
        ..failure
    })
}

/// The first answer of `servers`, which are asked in their order: the next one as soon as one has failed, or said nothing for a while.
async fn first<'a, T, F>(
    servers: &'a [Server],
    ask: impl Fn(&'a Server) -> F,
) -> Result<T, ReadError>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut rest = servers.iter();
    let mut asked = FuturesUnordered::new();
    let mut errors: Vec<String> = Vec::new();
    loop {
        asked.extend(rest.next().map(&ask));
        let answer = if rest.len() > 0 {
            match timeout(PATIENCE, asked.next()).await {
                Ok(answer) => answer,
                Err(_) => continue,
            }
        } else {
            asked.next().await
        };
        match answer {
            Some(Ok(answer)) => return Ok(answer),
            Some(Err(failure)) if failure.is_final => return Err(failure.error),
            Some(Err(failure)) => errors.push(failure.error.to_string()),
            None => return Err(ReadError::new(errors.join("; "))),
        }
    }
}

/// An open connection.
pub(super) struct Connection {
    server: Server,
    stream: MultiplexedConnection,
    /// It leads to a node of a cluster, which may send commands on.
    is_node: bool,
}

impl Connection {
    async fn open(server: &Server) -> Result<Self, Fault> {
        match server.connect().await {
            Ok(stream) => Ok(Self {
                server: server.clone(),
                stream,
                is_node: false,
            }),
            Err(error) => Err(Fault {
                server: server.describe(),
                error,
                hint: "",
            }),
        }
    }

    /// `redis host:port`, of the server that answered last.
    pub(super) fn describe(&self) -> String {
        self.server.describe()
    }

    /// Sends one command. In a cluster it goes to the node that has its key, and the connection with it.
    pub(super) async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, Fault> {
        let mut redirections = 0;
        loop {
            let error = match command.query_async(&mut self.stream).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let next = error
                .redirect_node()
                .filter(|_| self.is_node && redirections < REDIRECTIONS)
                .and_then(|(address, _)| self.server.named(address, self.server.access()));
            let Some(next) = next else {
                return Err(self.fault(error));
            };
            redirections += 1;
            let mut other = Self::open(&next).await?;
            other.is_node = true;
            if error.kind() == ErrorKind::Server(ServerErrorKind::Ask) {
                // Only this command: the slot is on its way.
                return other.asking(command).await;
            }
            *self = other;
        }
    }

    async fn asking<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, Fault> {
        let asking: redis::RedisResult<()> =
            redis::cmd("ASKING").query_async(&mut self.stream).await;
        asking.map_err(|error| self.fault(error))?;
        command
            .query_async(&mut self.stream)
            .await
            .map_err(|error| self.fault(error))
    }

    fn fault(&self, error: RedisError) -> Fault {
        let hint = if error.redirect_node().is_some() && !self.is_node {
            "; it is a node of a cluster, which the types with -cluster read"
        } else {
            ""
        };
        Fault {
            server: self.describe(),
            error,
            hint,
        }
    }
}

/// What a command came to instead of an answer.
#[derive(Debug)]
pub(super) struct Fault {
    server: String,
    error: RedisError,
    hint: &'static str,
}

impl Fault {
    /// Whether the server answered with this code.
    pub(super) fn is(&self, code: &str) -> bool {
        self.error.code() == Some(code)
    }

    /// Whether what the server answered holds `text`.
    pub(super) fn says(&self, text: &str) -> bool {
        self.error
            .detail()
            .is_some_and(|detail| detail.contains(text))
    }

    /// What that means for the trigger; another server would say the same.
    pub(super) fn means(&self, text: &str) -> Failure {
        Failure::new(format!("{}: {text}", self.server))
    }
}

/// A question without an answer.
#[derive(Debug)]
pub(super) struct Failure {
    error: ReadError,
    /// Another node of the cluster would say the same.
    is_final: bool,
}

impl Failure {
    /// One that another server would not mend.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            error: ReadError::new(text),
            is_final: true,
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let Fault {
            server,
            error,
            hint,
        } = fault;
        let is_final = !matches!(
            error.kind(),
            ErrorKind::Io
                | ErrorKind::Server(
                    ServerErrorKind::ClusterDown
                        | ServerErrorKind::MasterDown
                        | ServerErrorKind::BusyLoading
                        | ServerErrorKind::Moved
                        | ServerErrorKind::Ask
                )
        );
        Self {
            error: ReadError::new(format!("{server}: {error}{hint}")),
            is_final,
        }
    }
}
