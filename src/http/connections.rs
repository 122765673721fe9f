//! Connections: how many, how long, and how they end.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use super::{
    doors::Doors,
    proxies::Proxies,
    socket::{Activity, Patience, Sent, Socket},
};
use crate::config::Config;

/// Headers of a request in all, over either version of HTTP.
const HEADER_BYTES: u32 = 32 * 1024;
/// Headers of a request by their number.
const HEADERS: usize = 100;
/// Requests at once on one connection over HTTP/2.
const STREAMS: u32 = 100;
/// Streams that a client may open and reset before the server has looked at them (CVE-2023-44487).
const PENDING_RESETS: usize = 20;
/// Streams that the server resets for a client's faults before it ends the connection.
const FAULTY_STREAMS: usize = 64;
/// What a client may send ahead of its being read, on one stream and on the connection.
const WINDOW: u32 = 64 * 1024;
/// How often somebody over HTTP/2 is asked whether they are there, and how long they may take to say so.
const PING: Duration = Duration::from_secs(20);
/// After the system had no socket for another connection.
const BREATH: Duration = Duration::from_millis(50);

/// Between two lines of the log that say that connections were turned away.
const SILENCE: Duration = Duration::from_secs(10);

/// Answers on `listener` until `told` to stop; then what is running is finished. What is wrong with one connection ends
/// that one alone.
pub async fn serve(listener: TcpListener, router: Router, config: Arc<Config>, told: impl Future<Output = ()>) {
    let house = House::new(router, &config);
    let graceful = GracefulShutdown::new();
    let mut told = std::pin::pin!(told);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut told => break,
        };
        match accepted {
            Ok((stream, peer)) => house.welcome(stream, peer, &graceful),
            // The client has gone meanwhile.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

/// What all connections share.
struct House {
    router: Router,
    builder: auto::Builder<TokioExecutor>,
    patience: Patience,
    proxies: Arc<Proxies>,
    connections: Arc<Doors>,
    /// When it was last said that there is no room.
    said_full: Mutex<Option<Instant>>,
}

impl House {
    /// Says that there is no room, to whoever is there to read it.
    fn turn_away(&self, stream: &TcpStream, peer: SocketAddr) {
        let said =
            b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        // A socket that was just opened has room for this.
        drop(stream.try_write(said));
        let mut said_full = self.said_full.lock().unwrap_or_else(PoisonError::into_inner);
        if said_full.is_none_or(|said| said.elapsed() >= SILENCE) {
            *said_full = Some(Instant::now());
            tracing::warn!(%peer, "connections are turned away: there are too many, in all or from one address");
        }
    }

    fn new(router: Router, config: &Config) -> Self {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        let header_bytes = usize::try_from(HEADER_BYTES).unwrap_or(usize::MAX);
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(None::<Duration>)
            .max_buf_size(header_bytes)
            .max_headers(HEADERS);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_pending_accept_reset_streams(PENDING_RESETS)
            .max_local_error_reset_streams(FAULTY_STREAMS)
            .max_header_list_size(HEADER_BYTES)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW * 4)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            // WebSocket over HTTP/2 (RFC 8441).
            .enable_connect_protocol();
        let seconds = Duration::from_secs;
        Self {
            router,
            builder,
            patience: Patience {
                head: seconds(config.head_timeout_seconds),
                idle: seconds(config.idle_timeout_seconds),
                answer: seconds(config.answer_timeout_seconds),
            },
            proxies: Arc::new(Proxies::new(config.trusted_proxies.clone(), config.proxy_header)),
            connections: Doors::new(config.max_connections, config.max_connections_of_address),
            said_full: Mutex::default(),
        }
    }

    /// Serves a connection, in a task of its own, if there is room for it.
    fn welcome(&self, stream: TcpStream, peer: SocketAddr, graceful: &GracefulShutdown) {
        let counted = (!self.proxies.trust(peer.ip())).then(|| peer.ip());
        let Some(entry) = self.connections.enter(counted) else {
            self.turn_away(&stream, peer);
            return;
        };
        // Answers leave as a whole: there is nothing to wait for.
        drop(stream.set_nodelay(true));
        let activity = Activity::new();
        let socket = Socket::new(stream, Arc::clone(&activity), self.patience, entry);
        let (router, proxies) = (self.router.clone(), Arc::clone(&self.proxies));
        let service = service_fn(move |mut request: Request<Incoming>| {
            let running = activity.begin();
            let client = proxies.client(peer.ip(), request.headers());
            // From here on the peer is whoever made the request.
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
            let router = router.clone();
            async move {
                running.take_turn().await;
                let Ok(response) = router.oneshot(request.map(Body::new)).await;
                Ok::<Response<Sent>, Infallible>(running.until_sent(response))
            }
        });
        let connection = self.builder.serve_connection_with_upgrades(TokioIo::new(socket), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "a connection ended before its time");
            }
        });
    }
}
