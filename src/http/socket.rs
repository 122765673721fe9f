//! One connection's socket, which ends by itself when its client takes too long: to begin, to finish the head of a
//! request, to ask again, or to take what it is answered with.
//!
//! hyper's own timer knows the head of a request over HTTP/1 alone. A client that opens a connection and is silent, one
//! that holds an idle one over HTTP/2, and one that does not read would keep it for ever.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{Response, StatusCode},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

use super::doors::Entry;

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// To send the head of a request, from its first byte; of the first request, from the opening of the connection.
    pub head: Duration,
    /// To ask again.
    pub idle: Duration,
    /// To take the next byte of an answer.
    pub answer: Duration,
}

/// What a connection is at. Its socket and its requests both know.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Requests that are not answered to their last byte.
    running: usize,
    /// Whether the next request is the first one since bytes were read.
    fresh: bool,
    /// Since when nothing runs.
    idle_since: Instant,
    /// When the head of the next request began.
    head_since: Option<Instant>,
    /// HTTP/2 has messages beside requests, so that a byte is no sign of a head.
    multiplexed: bool,
    /// It speaks another protocol now, which has rules of its own.
    upgraded: bool,
    /// Whom to wake when nothing runs any more: hyper does not read again by itself then, and the time has to be counted.
    reader: Option<Waker>,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            running: 0,
            fresh: false,
            idle_since: now,
            head_since: Some(now),
            multiplexed: false,
            upgraded: false,
            reader: None,
        };
        Arc::new(Self(Mutex::new(state)))
    }

    fn with<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A request has come; it lasts until what this returns is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Running {
        let ahead = self.with(|state| {
            state.running += 1;
            state.head_since = None;
            !std::mem::replace(&mut state.fresh, false)
        });
        Running { activity: Arc::clone(self), ahead }
    }

    fn has_read(&self, bytes: &[u8], first: bool) {
        self.with(|state| {
            state.fresh = true;
            state.multiplexed |= first && bytes.starts_with(b"PRI ");
            if state.running == 0 && !state.multiplexed && state.head_since.is_none() {
                state.head_since = Some(Instant::now());
            }
        });
    }

    /// Until when the client must have sent something; none while something runs.
    fn deadline(&self, patience: &Patience, reader: &Waker) -> Option<Instant> {
        self.with(|state| {
            if state.running > 0 || state.upgraded {
                state.reader = Some(reader.clone());
                return None;
            }
            Some(state.head_since.map_or(state.idle_since + patience.idle, |since| since + patience.head))
        })
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Running {
    activity: Arc<Activity>,
    ahead: bool,
}

impl Running {
    /// Lets the other connections go first, where the client has sent this request with one before it (RFC 9112, 9.3.2).
    /// Those that are answered without waiting for anything would otherwise be answered many at a turn, while everybody
    /// else waits.
    pub(super) async fn take_turn(&self) {
        if self.ahead {
            tokio::task::yield_now().await;
        }
    }

    /// Its answer, which is under way until its last byte is handed over.
    pub(super) fn until_sent(self, response: Response<Body>) -> Response<Sent> {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            self.activity.with(|state| state.upgraded = true);
        }
        response.map(|body| Sent { body, _running: self })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let reader = self.activity.with(|state| {
            state.running -= 1;
            state.idle_since = Instant::now();
            if state.running == 0 { state.reader.take() } else { None }
        });
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Sent {
    body: Body,
    _running: Running,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// The socket.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
    patience: Patience,
    has_read: bool,
    silence: Timer,
    stall: Timer,
    _entry: Entry,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, activity: Arc<Activity>, patience: Patience, entry: Entry) -> Self {
        Self {
            stream,
            activity,
            patience,
            has_read: false,
            silence: Timer::default(),
            stall: Timer::default(),
            _entry: entry,
        }
    }

    /// Ends the connection when a client has taken nothing for too long.
    fn written<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stall = Timer::default();
            return written;
        }
        let deadline = self.stall.deadline().unwrap_or_else(|| Instant::now() + self.patience.answer);
        self.stall.poll(context, deadline).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if read.is_ready() {
            let bytes = buffer.filled().get(before..).unwrap_or_default();
            if !bytes.is_empty() {
                this.activity.has_read(bytes, !this.has_read);
                this.has_read = true;
            }
            return read;
        }
        match this.activity.deadline(&this.patience, context.waker()) {
            Some(deadline) => this.silence.poll(context, deadline).map(|()| Err(io::ErrorKind::TimedOut.into())),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.written(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// A timer that is made when it is first needed.
#[derive(Debug, Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    fn deadline(&self) -> Option<Instant> {
        self.0.as_ref().map(|sleep| sleep.deadline())
    }

    fn poll(&mut self, context: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(context)
    }
}
