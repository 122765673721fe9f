//! Reading the body of a request within its limits.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    http::StatusCode,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::error::Error;

/// Reads a body as a whole: at most `limit` bytes, however they come, within `time`.
///
/// # Errors
/// 413 for more bytes, at once where their number is told before; 408 where they take longer; 400 where they end early.
pub(super) async fn read(body: Body, limit: usize, time: Duration) -> Result<Bytes, (StatusCode, Error)> {
    let too_large = || {
        let error = Error::invalid("body", format!("must have at most {limit} bytes"));
        (StatusCode::PAYLOAD_TOO_LARGE, error)
    };
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    match tokio::time::timeout(time, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, Error::invalid("body", "did not arrive as a whole"))),
        Err(_) => {
            let error = Error::invalid("body", format!("did not arrive within {} seconds", time.as_secs()));
            Err((StatusCode::REQUEST_TIMEOUT, error))
        }
    }
}
