//! Tokens for a session: at a sign-in, at its second step, and at a renewal.

use chrono::{DateTime, Duration, SubsecRound, Utc};

use super::{
    second_factor::Matched,
    session::{CheckedPassword, Client, Sessions, SignedIn},
    token,
};
use crate::{
    db::{
        RequestTransaction,
        bootstrap::Resolved,
        renewal::{self, NewTokens, Renewed},
        second_factor,
    },
    error::{Error, Result},
};

/// How long a ticket to the second step is good.
const TICKET_LIFETIME: Duration = Duration::minutes(5);

/// What came of a refresh token.
#[derive(Debug)]
pub enum Refreshed {
    /// New tokens.
    Renewed(Box<SignedIn>),
    /// It was used before: the session is to be ended, outside this transaction, which fails.
    Reused,
}

/// The way to the second step of a sign-in.
#[derive(Debug)]
pub struct Ticket {
    /// The ticket. It exists nowhere else.
    pub token: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl Sessions {
    pub(super) fn new_tokens(&self, client: &Client) -> (String, String, NewTokens) {
        let (session_token, refresh_token) = (token::new(), token::new());
        let tokens = NewTokens {
            token_hash: token::digest(&session_token),
            refresh_token_hash: token::digest(&refresh_token),
            client: client.clone(),
        };
        (session_token, refresh_token, tokens)
    }

    pub(super) fn signed_in(&self, session_token: &str, refresh_token: String, resolved: Resolved) -> Result<SignedIn> {
        if let Some(session_id) = resolved.session_id {
            self.activity.noted(session_id);
        }
        let (access_token, access_expires_at) = self.tokens.sign(resolved.user_id, session_token, self.clock.now())?;
        Ok(SignedIn { access_token, access_expires_at, refresh_token, resolved })
    }

    /// Takes a refresh token for new tokens. The access tokens of the session so far end with that.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a token that is none, or whose session has ended.
    pub async fn refresh(
        &self,
        transaction: &RequestTransaction,
        refresh_token: &str,
        client: &Client,
    ) -> Result<Refreshed> {
        let (session_token, next_refresh_token, tokens) = self.new_tokens(client);
        match renewal::refresh_session(transaction, token::digest(refresh_token), tokens).await? {
            Renewed::Renewed(resolved) => {
                self.signed_in(&session_token, next_refresh_token, resolved).map(Box::new).map(Refreshed::Renewed)
            }
            Renewed::Reused => Ok(Refreshed::Reused),
            Renewed::Refused => Err(Error::Unauthenticated("the refresh token is not valid: sign in again".into())),
        }
    }

    /// A ticket to the second step of a sign-in, for who gave the password.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the account changed meanwhile.
    pub async fn ticket(
        &self,
        transaction: &RequestTransaction,
        checked: CheckedPassword,
        client: &Client,
    ) -> Result<Ticket> {
        let ticket = Ticket { token: token::new(), expires_at: (self.clock.now() + TICKET_LIFETIME).trunc_subsecs(0) };
        let (user_id, hash) = checked.into_parts();
        let digest = token::digest(&ticket.token);
        if second_factor::open_ticket(transaction, user_id, hash, digest, ticket.expires_at, client).await? {
            Ok(ticket)
        } else {
            Err(Error::Unauthenticated("e-mail or password is wrong".into()))
        }
    }

    /// Opens a session for who gave the password, as the ticket says, and the second factor.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when ticket or code were used meanwhile.
    pub async fn complete(
        &self,
        transaction: &RequestTransaction,
        ticket: &str,
        matched: Matched,
        client: &Client,
    ) -> Result<SignedIn> {
        let (session_token, refresh_token, tokens) = self.new_tokens(client);
        let ends_at = self.clock.now() + self.lifetime;
        let digest = token::digest(ticket);
        match second_factor::complete_sign_in(transaction, digest, matched, tokens, ends_at).await? {
            Some(resolved) => self.signed_in(&session_token, refresh_token, resolved),
            None => Err(Error::Unauthenticated("the code is wrong or was used".into())),
        }
    }
}
