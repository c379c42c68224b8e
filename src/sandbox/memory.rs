//! The cluster without a socket: for tests that run in virtual time, where a packet under way would count as nothing to do.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use futures::FutureExt;
use futures::future::BoxFuture;
use kube::client::ClientBuilder;
use tower::BoxError;

use super::connection::Connection;
use super::{Shared, server};

/// What becomes of a request whose client is gone before it was answered. A server may do either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandoned {
    /// It is dropped where it stands: nothing more is done.
    Dropped,
    /// It is carried out, when its time comes.
    CarriedOut,
}

/// kube's client over function calls, with the layers that one over a socket has.
pub(super) fn client(shared: Arc<Shared>, abandoned: Abandoned) -> kube::Client {
    let server = InMemory { shared, abandoned };
    ClientBuilder::new(server, "default")
        .with_layer(&crate::cluster::throttle::layer())
        .build()
}

#[derive(Clone)]
struct InMemory {
    shared: Arc<Shared>,
    abandoned: Abandoned,
}

impl tower::Service<http::Request<kube::client::Body>> for InMemory {
    type Response = http::Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<kube::client::Body>) -> Self::Future {
        let connection = Connection(Arc::default());
        let cut = Arc::clone(&connection.0);
        let handled = server::handle(
            State(Arc::clone(&self.shared)),
            ConnectInfo(connection),
            request.map(Body::new),
        );
        let abandoned = self.abandoned;
        async move {
            let response = match abandoned {
                Abandoned::Dropped => handled.await,
                Abandoned::CarriedOut => tokio::spawn(handled).await?,
            };
            if cut.is_cut() {
                let reset = io::Error::new(
                    io::ErrorKind::ConnectionReset,
                    "connection cut by the sandbox",
                );
                return Err(reset.into());
            }
            Ok(response)
        }
        .boxed()
    }
}
