//! Routes and the layers around them.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer, timeout::TimeoutLayer};

use super::{console, graphql, health, request_id};
use crate::{auth::session::Sessions, config::Config, db::Database, graphql::schema::Schema};

/// What the handlers share.
#[derive(Clone)]
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// The database.
    pub database: Database,
    /// Signing in and recognising callers.
    pub sessions: Arc<Sessions>,
    /// The graph.
    pub schema: Schema,
}

impl std::fmt::Debug for App {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("App").finish_non_exhaustive()
    }
}

/// The whole server as a router.
pub fn router(app: App) -> Router {
    let mut routes = Router::new()
        .route("/graphql", post(graphql::post).fallback(graphql::method_not_allowed))
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
    let body_limit = app.config.body_limit_bytes;
    let timeout = Duration::from_secs(app.config.request_timeout_seconds);
    with_layers(routes.layer(DefaultBodyLimit::max(body_limit)), timeout).with_state(app)
}

/// The layers that every request passes: its id, its log line, panics answered as INTERNAL, the time limit.
pub fn with_layers<S: Clone + Send + Sync + 'static>(routes: Router<S>, timeout: Duration) -> Router<S> {
    routes
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, timeout))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(axum::middleware::from_fn(request_id::identify))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            header::HeaderValue::from_static("nosniff"),
        ))
}

fn answer_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    let said = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = said, "a request panicked");
    let error = serde_json::json!({
        "errors": [{
            "message": "something went wrong on our side",
            "extensions": { "code": "INTERNAL", "requestId": request_id::current() },
        }]
    });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(error)).into_response()
}
