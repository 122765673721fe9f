//! GraphQL over HTTP.

use std::{net::SocketAddr, panic::AssertUnwindSafe, sync::Arc};

use async_graphql::{Request as Document, Response as Answer, ServerError, Variables, parser::types::OperationType};
use axum::{
    body::Bytes,
    extract::{ConnectInfo, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use serde::Deserialize;

use super::{App, denied, request_id};
use crate::{
    auth::session::Client,
    db::{Opening, RequestTransaction},
    error::{Error, Result},
    graphql::{context::Request, loader::Batches, nulls::FieldErrors, present::present},
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
    let mut document = Document::new(posted.query).variables(posted.variables);
    document.operation_name = posted.operation_name;
    let client = Client {
        ip: Some(peer.ip()),
        user_agent: text(&headers, &header::USER_AGENT).map(str::to_owned),
        request_id: request_id::current(),
    };
    match open(&app, &headers, client).await {
        Ok((opening, request)) => {
            let request = Arc::new(request);
            let mut answer = execute(&app, Arc::clone(&request), document).await;
            denied::record(&opening, &request).await;
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

/// Authenticates the request. A credential that is refused is refused, never taken for none.
async fn open(app: &App, headers: &HeaderMap, client: Client) -> Result<(Opening, Request)> {
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
    let opening = app.sessions.opening(bearer, organization)?;
    let (sessions, vault) = (Arc::clone(&app.sessions), Arc::clone(&app.vault));
    let request = Request::open(app.database.clone(), sessions, vault, &opening, client).await?;
    Ok((opening, request))
}

/// Runs the document in the request's transaction and ends that: a mutation, and a query that put something on record,
/// is answered after COMMIT was; a mutation that failed in part has not happened at all.
async fn execute(app: &App, request: Arc<Request>, mut document: Document) -> Answer {
    // Not before the credential was accepted: what is refused fills no cache.
    app.documents.parse(&mut document);
    let writes = is_mutation(&mut document);
    let batches = Batches::default();
    let errors = FieldErrors::default();
    let loader = batches.loader(Arc::clone(&request));
    let document = document.data(Arc::clone(&request)).data(loader).data(errors.clone());
    let run = batches.drive(AssertUnwindSafe(app.schema.execute(document)).catch_unwind());
    let Ok(mut answer) = run.await else {
        // The transaction is rolled back as it is dropped.
        let panicked = Error::internal("a resolver panicked");
        return Answer::from_errors(vec![server_error(panicked)]);
    };
    answer.errors.extend(errors.take());
    let Some(transaction) = request.opened() else {
        return answer;
    };
    if !writes && !request.keeps_record() {
        transaction.commit_in_background().await;
        return answer;
    }
    match end_writing(transaction, &answer).await {
        Ok(()) => answer,
        Err(error) => Answer::from_errors(vec![server_error(error)]),
    }
}

async fn end_writing(transaction: &RequestTransaction, answer: &Answer) -> Result<()> {
    // Mutations are non-null fields, so data is null if and only if one of them failed.
    if matches!(answer.data, async_graphql::Value::Null) {
        transaction.roll_back_in_background().await;
        return Ok(());
    }
    transaction.commit().await
}

/// Whether the operation that will run is a mutation. What cannot be told is treated as one.
fn is_mutation(document: &mut Document) -> bool {
    let wanted = document.operation_name.clone();
    let Ok(parsed) = document.parsed_query() else {
        return false;
    };
    parsed
        .operations
        .iter()
        .filter(|(name, _)| wanted.is_none() || name.map(|name| name.as_str()) == wanted.as_deref())
        .any(|(_, operation)| operation.node.ty == OperationType::Mutation)
}

fn server_error(error: Error) -> ServerError {
    async_graphql::Error::from(error).into_server_error(Default::default())
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
