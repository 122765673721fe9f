//! GraphQL over HTTP.
//!
//! What is cheap to check, and what the client can mend without us, comes first: the method, what may be answered, what
//! was sent, its size, its parameters; then who asks, so that nobody else costs more; then the document.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_graphql::{Response as Answer, ServerError, Value, parser::types::OperationType};
use axum::{
    body::Body,
    extract::{ConnectInfo, RawQuery, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    App, body, budget, credential,
    media::{self, Media, Wanted},
    operation, parameters, reply, request_id,
};
use crate::{
    auth::session::Client,
    budget::Account,
    db::Opening,
    error::{Error, Result},
    gate::Asked,
    graphql::engine::server_error,
};

const ALL_METHODS: &str = "GET, HEAD, POST";
/// Characters of a client's name for itself that are kept: sessions and the audit trail have room for no more.
const LONGEST_USER_AGENT: usize = 500;

/// `GET /graphql`: a query, with its parameters in the query string. Who wants a page is sent
/// to GraphiQL.
pub async fn get(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    RawQuery(text): RawQuery,
) -> Response {
    let media = match media::wanted(&headers) {
        Some(Wanted::Answer(media)) => media,
        Some(Wanted::Page) if app.config.serves_graphiql() => return Redirect::to("/graphiql").into_response(),
        _ => return not_acceptable(),
    };
    match parameters::of_query_string(text.as_deref().unwrap_or_default()) {
        Ok(asked) => answer(&app, &Method::GET, &headers, peer, media, asked).await,
        Err(error) => reply::refused(media, StatusCode::BAD_REQUEST, error),
    }
}

/// `POST /graphql`: one JSON object with `query` or the name of a document, and perhaps `variables`,
/// `operationName` and `extensions`.
pub async fn post(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(Wanted::Answer(media)) = media::wanted(&headers) else { return not_acceptable() };
    if let Err((status, error)) = media::check_posted(&headers) {
        let mut response = reply::refused(media, status, error);
        // What would have been right (RFC 9110, 15.5.16).
        response.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return response;
    }
    let patience = Duration::from_secs(app.config.body_timeout_seconds);
    let body = match body::read(body, app.config.body_limit_bytes, patience).await {
        Ok(body) => body,
        Err((status, error)) => return reply::refused(media, status, error),
    };
    match parameters::of_body(&body) {
        Ok(asked) => answer(&app, &Method::POST, &headers, peer, media, asked).await,
        Err(error) => reply::refused(media, StatusCode::BAD_REQUEST, error),
    }
}

/// Any other method.
pub async fn method_not_allowed() -> Response {
    not_allowed(Media::Json, "GraphQL is answered to GET and POST only", ALL_METHODS)
}

fn not_allowed(media: Media, problem: &'static str, allowed: &'static str) -> Response {
    let mut response = reply::refused(media, StatusCode::METHOD_NOT_ALLOWED, Error::invalid("method", problem));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

fn not_acceptable() -> Response {
    let problem = "must allow application/graphql-response+json or application/json";
    reply::refused(Media::Json, StatusCode::NOT_ACCEPTABLE, Error::invalid("Accept", problem))
}

/// Answers a well-formed request.
async fn answer(
    app: &App,
    method: &Method,
    headers: &HeaderMap,
    peer: SocketAddr,
    media: Media,
    asked: Asked,
) -> Response {
    let client = Client {
        ip: Some(peer.ip().to_canonical()),
        user_agent: user_agent(headers),
        request_id: request_id::current(),
    };
    let account = Arc::new(app.budgets.account(client.ip));
    let mut response = answer_on(&account, app, method, headers, client, media, asked).await;
    budget::tell(&account, response.headers_mut());
    response
}

async fn answer_on(
    account: &Arc<Account>,
    app: &App,
    method: &Method,
    headers: &HeaderMap,
    client: Client,
    media: Media,
    asked: Asked,
) -> Response {
    let refused = |error: Error| reply::refused(media, reply::status_of(&error), error);
    let opening = match opening(app, headers, &client).await {
        Ok(opening) => opening,
        Err(error) => {
            account.turned_away(&error);
            return refused(error);
        }
    };
    if let Err(spent) = account.opens(&opening) {
        return refused(spent);
    }
    let signed_in = !matches!(opening, Opening::Anonymous | Opening::ApiKey { .. });
    let prepared = match app.documents.admit(asked, signed_in) {
        Ok(prepared) => prepared,
        Err(errors) => {
            account.refused();
            return reply::not_run(media, errors);
        }
    };
    if let Err(spent) = account.asks(prepared.cost) {
        return refused(spent);
    }
    match prepared.operation {
        // A link, an image or a cache may send a GET, and none of them means to change anything.
        OperationType::Mutation if method != Method::POST => {
            return not_allowed(media, "a mutation is answered to POST only", "POST");
        }
        OperationType::Subscription => {
            let error = Error::invalid("operationName", "names a subscription, which is answered over WebSocket only");
            return reply::not_run(media, vec![server_error(error)]);
        }
        OperationType::Query | OperationType::Mutation => {}
    }
    let mut answer = match operation::run(app, &prepared, &opening, &client, account).await {
        Ok(answer) => answer,
        Err(error) => return refused(error),
    };
    budget::extend(account, headers, &mut answer);
    if never_ran(&answer) { reply::not_run(media, answer.errors) } else { reply::executed(media, answer) }
}

/// Whether the engine refused the document itself: such errors are its own, and have no place in the answer.
pub(super) fn never_ran(answer: &Answer) -> bool {
    let of_the_document = |error: &ServerError| error.path.is_empty() && error.source.is_none();
    answer.data == Value::Null && !answer.errors.is_empty() && answer.errors.iter().all(of_the_document)
}

/// The client's name for itself.
pub(super) fn user_agent(headers: &HeaderMap) -> Option<String> {
    text(headers, &header::USER_AGENT).map(|name| name.chars().take(LONGEST_USER_AGENT).collect())
}

pub(super) fn text<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What the request proves itself with. A credential that is refused is refused, never taken for none.
async fn opening(app: &App, headers: &HeaderMap, client: &Client) -> Result<Opening> {
    let bearer = match headers.get(header::AUTHORIZATION) {
        None => None,
        Some(value) => Some(credential::bearer(value.to_str().ok())?),
    };
    // What is not text is nobody's slug.
    let organization = headers.get("x-organization").map(|value| value.to_str().unwrap_or_default());
    Box::pin(app.sessions.opening(bearer, organization, client)).await
}
