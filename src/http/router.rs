//! Routes and the layers around them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{Redirect, Response},
    routing::get,
};
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;

use super::{Sockets, console, doors::Doors, graphql, headers, health, reply, request_id, websocket};
use crate::{
    auth::session::Sessions, budget::Budgets, config::Config, db::Database, gate::Registry, graphql::engine::Engine,
    vault::Vault,
};

/// What the handlers share.
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// The database.
    pub database: Database,
    /// Signing in and recognising callers.
    pub sessions: Arc<Sessions>,
    /// Opens what is sealed.
    pub vault: Arc<Vault>,
    /// What a document passes first.
    pub documents: Registry,
    /// What callers may cost.
    pub budgets: Arc<Budgets>,
    /// The graph.
    pub engine: Engine,
    /// The open WebSockets.
    pub sockets: Sockets,
}

impl std::fmt::Debug for App {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("App").finish_non_exhaustive()
    }
}

/// The whole server as a router.
pub fn router(app: Arc<App>) -> Router {
    let mut routes = Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post).fallback(graphql::method_not_allowed))
        .route_layer(from_fn_with_state(Arc::clone(&app), websocket::upgrade))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready));
    if app.config.serves_graphiql() {
        routes = routes
            .route("/", get(|| async { Redirect::temporary("/graphiql") }))
            .route("/graphiql", get(console::page))
            .route("/graphiql/", get(|| async { Redirect::permanent("/graphiql") }))
            .route("/graphiql/config.json", get(console::config))
            .route("/graphiql/{*path}", get(console::asset));
    }
    let timeout = Duration::from_secs(app.config.request_timeout_seconds);
    let requests = Doors::new(app.config.max_requests, app.config.max_requests_of_address);
    let routes = routes.layer(from_fn_with_state(requests, make_room));
    let routes = with_layers(routes, timeout);
    headers::of(routes, &app.config).with_state(app)
}

/// The layers that every request passes: its id, its log line, panics answered as INTERNAL, the time limit.
pub fn with_layers<S: Clone + Send + Sync + 'static>(routes: Router<S>, timeout: Duration) -> Router<S> {
    routes
        .layer(from_fn_with_state(timeout, give_up_in_time))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn(request_id::identify))
}

/// Requests are counted apart from connections: over HTTP/2 one connection makes many at once, and behind a proxy they are
/// of many people.
async fn make_room(
    State(doors): State<Arc<Doors>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let Some(_entry) = doors.enter(Some(client.ip())) else {
        let message = "there are too many requests at once, from your address or in all: try again shortly";
        let mut response = reply::failure(StatusCode::SERVICE_UNAVAILABLE, message, json!({ "code": "UNAVAILABLE" }));
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        return response;
    };
    next.run(request).await
}

/// A request that was given up has happened not at all, unless it was given up while it was being committed.
async fn give_up_in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let Ok(response) = tokio::time::timeout(limit, next.run(request)).await else {
        tracing::warn!(?limit, "a request took too long and was given up");
        let extensions = json!({ "code": "UNAVAILABLE" });
        return reply::failure(StatusCode::SERVICE_UNAVAILABLE, "this took too long and was given up", extensions);
    };
    response
}

fn answer_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    let said = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = said, "a request panicked");
    let extensions = json!({ "code": "INTERNAL", "requestId": request_id::current() });
    reply::failure(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong on our side", extensions)
}
