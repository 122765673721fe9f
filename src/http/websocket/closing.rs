//! Why the server closes a WebSocket: the code, and a reason that the client's developer understands.

use std::borrow::Cow;

use axum::extract::ws::{CloseFrame, Message};

use crate::error::Error;

/// Bytes of a reason at most (RFC 6455, 5.5).
const LONGEST: usize = 123;

/// A code and a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closing {
    pub code: u16,
    pub reason: Cow<'static, str>,
}

const fn closing(code: u16, reason: &'static str) -> Closing {
    Closing { code, reason: Cow::Borrowed(reason) }
}

impl Closing {
    /// The server stops.
    pub const GOING_AWAY: Self = closing(1001, "the server stops: connect again");
    /// The message is longer than the server takes.
    pub const TOO_LONG: Self = closing(1009, "the message is too long");
    /// The database cannot be reached.
    pub const UNAVAILABLE: Self = closing(1013, "the service is not available at the moment: connect again shortly");
    /// A fault of ours.
    pub const INTERNAL: Self = closing(1011, "something went wrong on our side");
    /// `subscribe` before `connection_ack`.
    pub const UNAUTHORIZED: Self = closing(4401, "send connection_init first and wait for connection_ack");
    /// The token's time is over.
    pub const EXPIRED: Self = closing(4403, "the token has expired: connect again with a new one");
    /// Not our sub-protocol.
    pub const SUBPROTOCOL: Self = closing(4406, "the sub-protocol must be graphql-transport-ws");
    /// No `connection_init` in time.
    pub const INIT_TIMEOUT: Self = closing(4408, "no connection_init came in time");
    /// A second `connection_init`.
    pub const TOO_MANY_INITS: Self = closing(4429, "connection_init may come once");

    /// The message is none of the protocol's.
    pub fn bad_message(problem: impl Into<Cow<'static, str>>) -> Self {
        Self { code: 4400, reason: problem.into() }
    }

    /// The id is in use.
    pub fn duplicate(id: &str) -> Self {
        Self { code: 4409, reason: format!("an operation with the id {id} is running").into() }
    }

    /// The credential is refused.
    pub fn refused(error: &Error) -> Self {
        match error {
            Error::Unavailable(_) => Self::UNAVAILABLE,
            Error::Internal(_) => Self::INTERNAL,
            error => Self { code: 4403, reason: error.to_string().into() },
        }
    }

    /// As a frame.
    pub fn into_frame(self) -> Message {
        let mut reason = self.reason.into_owned();
        if reason.len() > LONGEST {
            let end = (0..=LONGEST).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or_default();
            reason.truncate(end);
        }
        Message::Close(Some(CloseFrame { code: self.code, reason: reason.into() }))
    }
}
