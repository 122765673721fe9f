//! What the header `Authorization` says, and what stands for it in a `connection_init`.

use crate::error::{Error, Result};

/// The token. What is something else is refused, never taken for none; `value` is none where it is not text.
pub(super) fn bearer(value: Option<&str>) -> Result<&str> {
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token.ok_or(Error::Unauthenticated("Authorization must be `Bearer` and a token".into()))
}
