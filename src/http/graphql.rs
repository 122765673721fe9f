//! GraphQL over HTTP.

use std::{net::SocketAddr, sync::Arc};

use async_graphql::{Response as Answer, Variables};
use axum::{
    body::Bytes,
    extract::{ConnectInfo, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{App, denied, request_id};
use crate::{
    auth::session::Client,
    db::Opening,
    error::{Error, Result},
    gate::Document,
    graphql::{context::Request, engine::server_error, present::present},
};

/// What is posted; other members are left alone, as GraphQL over HTTP has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    query: String,
    operation_name: Option<String>,
    #[serde(default)]
    variables: Variables,
}

/// `POST /graphql`: one JSON object with `query`, and perhaps `variables` and `operationName`.
pub async fn post(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let is_json = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    // Only JSON: no form of another web page can send it without asking first.
    if !is_json {
        let error = Error::invalid("Content-Type", "must be application/json");
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, error);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let most = app.config.body_limit_bytes;
            let error = Error::invalid("body", format!("must have at most {most} bytes"));
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, error);
        }
        Err(_) => return refuse(StatusCode::BAD_REQUEST, Error::invalid("body", "did not arrive as a whole")),
    };
    let Ok(posted) = serde_json::from_slice::<Posted>(&body) else {
        let error = Error::invalid("body", "must be a JSON object with a string `query`");
        return refuse(StatusCode::BAD_REQUEST, error);
    };
    let client = Client {
        ip: Some(peer.ip().to_canonical()),
        user_agent: text(&headers, &header::USER_AGENT).map(str::to_owned),
        request_id: request_id::current(),
    };
    let document = Document { query: posted.query, operation_name: posted.operation_name, variables: posted.variables };
    match answer(&app, &headers, client, document).await {
        Ok(mut answer) => {
            present(&mut answer, &request_id::current());
            axum::Json(answer).into_response()
        }
        Err(error) => {
            let status = match &error {
                Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
                Error::NotFound(_) => StatusCode::NOT_FOUND,
                Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
                Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            refuse(status, error)
        }
    }
}

/// Runs the document for whom the headers name, and what belongs after it.
async fn answer(app: &App, headers: &HeaderMap, client: Client, document: Document) -> Result<Answer> {
    let opening = opening(app, headers, &client).await?;
    let prepared = match app.gate.admit(document) {
        Ok(prepared) => prepared,
        Err(errors) => return Ok(Answer::from_errors(errors)),
    };
    let open = || {
        let (sessions, vault) = (Arc::clone(&app.sessions), Arc::clone(&app.vault));
        Request::open(app.database.clone(), sessions, vault, &opening, client.clone())
    };
    let (answer, request) = app.engine.answer(&prepared, open).await?;
    note_activity(&request);
    denied::record(&opening, &request).await;
    Ok(answer)
}

/// Any other method than POST.
pub async fn method_not_allowed() -> Response {
    let mut response =
        refuse(StatusCode::METHOD_NOT_ALLOWED, Error::invalid("method", "GraphQL is answered to POST only"));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

fn text<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What the request proves itself with. A credential that is refused is refused, never taken for none.
async fn opening(app: &App, headers: &HeaderMap, client: &Client) -> Result<Opening> {
    let bearer = match headers.get(header::AUTHORIZATION) {
        None => None,
        Some(value) => {
            let token = value.to_str().ok().and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
            });
            Some(token.ok_or(Error::Unauthenticated("Authorization must be `Bearer` and a token".into()))?)
        }
    };
    // What is not text is nobody's slug.
    let organization = headers.get("x-organization").map(|value| value.to_str().unwrap_or_default());
    Box::pin(app.sessions.opening(bearer, organization, client)).await
}

/// Writes down, once a minute, that the caller's session is in use: beside the request and after its end, so that nothing
/// waits for it and it holds no lock while a request runs.
fn note_activity(request: &Request) {
    let viewer = request.viewer();
    // Who came with the token of an outside issuer has no session here.
    let Ok(Some(session_id)) = viewer.member().map(|member| member.session_id) else { return };
    if !request.sessions.activity.is_due(session_id) {
        return;
    }
    let database = request.database().clone();
    tokio::spawn(async move {
        if let Err(error) = database.touch_session(session_id).await {
            tracing::debug!(%error, "a session's activity was not noted");
        }
    });
}

/// A request that did not run: errors without `data`.
fn refuse(status: StatusCode, error: Error) -> Response {
    let unauthenticated = status == StatusCode::UNAUTHORIZED;
    let mut answer = Answer::from_errors(vec![server_error(error)]);
    present(&mut answer, &request_id::current());
    for error in &mut answer.errors {
        error.locations.clear();
    }
    let mut response = (status, axum::Json(serde_json::json!({ "errors": answer.errors }))).into_response();
    if unauthenticated {
        let challenge = HeaderValue::from_static(r#"Bearer realm="ogelbase", error="invalid_token""#);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
