//! Answers of GraphQL as HTTP has them: status, media type, headers.

use async_graphql::{Response as Answer, ServerError};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{media::Media, request_id};
use crate::{
    error::Error,
    graphql::{engine::server_error, present::present},
};

/// `294 Partial Success` of GraphQL over HTTP: there are data, and there are errors.
const PARTIAL_SUCCESS: u16 = 294;

/// The answer of a document that ran. Under `application/json` that is always 200.
pub(super) fn executed(media: Media, mut answer: Answer) -> Response {
    present(&mut answer, &request_id::current());
    let partial = media == Media::GraphqlResponse && !answer.errors.is_empty();
    let status = if partial { StatusCode::from_u16(PARTIAL_SUCCESS).unwrap_or(StatusCode::OK) } else { StatusCode::OK };
    json_reply(media, status, &answer)
}

/// The answer of a document that did not run: errors without `data`. Under `application/json` a document that is wrong
/// is answered with 200, because the request was well-formed.
pub(super) fn not_run(media: Media, errors: Vec<ServerError>) -> Response {
    let ours = |error: &ServerError| error.source.as_ref()?.downcast_ref::<Error>().map(status_of);
    let status = errors.iter().find_map(ours).unwrap_or(StatusCode::BAD_REQUEST);
    let status = if status == StatusCode::BAD_REQUEST && media == Media::Json { StatusCode::OK } else { status };
    without_data(media, status, errors)
}

/// A request that is refused before its document was looked at.
pub(super) fn refused(media: Media, status: StatusCode, error: Error) -> Response {
    let wait = match &error {
        Error::RateLimited { retry_after } | Error::BudgetSpent { retry_after } => Some(*retry_after),
        _ => None,
    };
    let mut error = server_error(error);
    error.locations.clear();
    let mut response = without_data(media, status, vec![error]);
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static(r#"Bearer realm="ogelbase", error="invalid_token""#);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The status that an error has, where it is all that there is to say.
pub(super) fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden { .. } => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::RateLimited { .. } | Error::BudgetSpent { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) | Error::TookTooLong | Error::Collided => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Error::InvalidInput { .. }
        | Error::DocumentNotFound
        | Error::Conflict(_)
        | Error::IdempotencyMismatch
        | Error::LimitExceeded { .. }
        | Error::DocumentLimit { .. } => StatusCode::BAD_REQUEST,
    }
}

/// A request that ended without an answer of its own.
pub(super) fn failure(status: StatusCode, message: &str, extensions: Value) -> Response {
    json_reply(Media::Json, status, &json!({ "errors": [{ "message": message, "extensions": extensions }] }))
}

fn without_data(media: Media, status: StatusCode, errors: Vec<ServerError>) -> Response {
    let mut answer = Answer::from_errors(errors);
    present(&mut answer, &request_id::current());
    json_reply(media, status, &json!({ "errors": answer.errors }))
}

/// JSON under its media type. It is nobody's to keep: the same request has another answer for another caller.
fn json_reply(media: Media, status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, media.content_type()), (header::CACHE_CONTROL, "no-store")];
    match serde_json::to_vec(body) {
        Ok(body) => (status, headers, body).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
