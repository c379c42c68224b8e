//! A stream that ends in an error when a server says too much at once.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// No row needs more: it holds a number.
const LIMIT: usize = 16 << 20;

/// A connected socket.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Socket for S {}

/// What may still be read.
#[derive(Debug, Clone)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    /// Something has been understood: as much may follow.
    pub(super) fn renew(&self) {
        self.0.store(LIMIT, Ordering::Relaxed);
    }
}

/// A socket with an allowance.
pub(super) struct Limited {
    socket: Box<dyn Socket>,
    allowance: Allowance,
}

impl Limited {
    pub(super) fn new(socket: Box<dyn Socket>) -> (Self, Allowance) {
        let allowance = Allowance(Arc::new(AtomicUsize::new(LIMIT)));
        let limited = Self {
            socket,
            allowance: allowance.clone(),
        };
        (limited, allowance)
    }
}

impl AsyncRead for Limited {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        let left = &self.allowance.0;
        match left.load(Ordering::Relaxed).checked_sub(read) {
            Some(rest) => {
                left.store(rest, Ordering::Relaxed);
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(Err(io::Error::other(format!(
                "the server sends more than {} MiB at once",
                LIMIT >> 20
            )))),
        }
    }
}

impl AsyncWrite for Limited {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
