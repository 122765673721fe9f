//! GraphQL over WebSocket: the sub-protocol `graphql-transport-ws` by the letter.

mod closing;
mod connection;
mod message;
mod operations;
mod origin;
mod sockets;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State, WebSocketUpgrade},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use self::connection::Peer;
pub use self::sockets::Sockets;
use super::{App, graphql, media::Media, reply};
use crate::error::Error;

const PROTOCOL: &str = "graphql-transport-ws";
/// The read buffer of each socket; a message grows it as it comes in.
const READ_BUFFER: usize = 4 * 1024;

/// Takes a request for a WebSocket; any other goes on.
pub(super) async fn upgrade(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET || !asks_for_websocket(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, _) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &app).await {
        Ok(upgrade) => accept(app, upgrade, &parts),
        Err(rejection) => rejection.into_response(),
    }
}

fn asks_for_websocket(headers: &HeaderMap) -> bool {
    let asked = graphql::text(headers, &header::UPGRADE);
    asked.is_some_and(|asked| asked.trim().eq_ignore_ascii_case("websocket"))
}

fn accept(app: Arc<App>, upgrade: WebSocketUpgrade, parts: &Parts) -> Response {
    if !origin::is_allowed(&parts.headers, &app.config) {
        let error = Error::invalid("Origin", "may not open a WebSocket here");
        return reply::refused(Media::Json, StatusCode::FORBIDDEN, error);
    }
    let Some(ConnectInfo(address)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
        let error = Error::internal("a request without an address");
        return reply::refused(Media::Json, StatusCode::INTERNAL_SERVER_ERROR, error);
    };
    let peer = Peer::of(address.ip().to_canonical(), &parts.headers);
    let place = match app.sockets.enter(peer.ip) {
        Ok(place) => place,
        Err(error) => return reply::refused(Media::Json, StatusCode::SERVICE_UNAVAILABLE, error),
    };
    let most = app.config.body_limit_bytes;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER)
        // Each message leaves at once.
        .write_buffer_size(0)
        .max_message_size(most)
        .max_frame_size(most);
    let spoken = upgrade.selected_protocol().is_some();
    upgrade.on_upgrade(move |socket| connection::serve(socket, app, peer, place, spoken))
}
