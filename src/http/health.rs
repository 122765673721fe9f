//! For whoever watches the server.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};

use super::App;
use crate::db::migrate;

/// The process answers.
pub async fn alive() -> &'static str {
    "alive\n"
}

/// The database answers and its schema is this server's.
pub async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    match migrate::is_current(&app.database).await {
        Ok(true) => (StatusCode::OK, "ready\n"),
        Ok(false) => (StatusCode::SERVICE_UNAVAILABLE, "migrations are missing: run `ogelbase migrate up`\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
