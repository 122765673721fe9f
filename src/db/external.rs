//! Requests that come with a token of an outside issuer: whose account it is, and a new one at first sight.

use sea_orm::{
    ConnectionTrait, DbBackend, Statement,
    sqlx::{Row, postgres::PgRow},
};
use uuid::Uuid;

use super::{
    RequestTransaction,
    bootstrap::{Resolved, Slug, hex},
};
use crate::error::{Error, Result};

/// Whom an outside issuer vouches for; the server has checked its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalOpening {
    /// The issuer's name for itself.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// Slug from the header `X-Organization`.
    pub organization: Option<Slug>,
    /// What an account would be made with at first sight; nothing where the issuer may not make any.
    pub newcomer: Option<NewExternalUser>,
    /// Whether the token tells of a second factor.
    pub second_factor: bool,
}

/// An account at first sight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewExternalUser {
    /// Its key.
    pub id: Uuid,
    /// Its address, if the token has one.
    pub email: Option<String>,
    /// Whether the issuer has confirmed the address.
    pub email_confirmed: bool,
    /// Address of the client.
    pub ip: Option<ipnetwork::IpNetwork>,
    /// The client's own name for itself.
    pub user_agent: Option<String>,
    /// Request that it is made in, for the audit trail.
    pub request_id: String,
}

impl ExternalOpening {
    /// BEGIN and the resolving call. Both names may be any text, so they travel as hexadecimal digits.
    pub(super) fn statement(&self) -> String {
        let bytes = |text: &str| format!(r"'\x{}'::bytea", hex(text.as_bytes()));
        let (issuer, subject) = (bytes(&self.issuer), bytes(&self.subject));
        let (slug, factor) = (Slug::literal(self.organization.as_ref()), self.second_factor);
        format!("BEGIN; SELECT * FROM platform_private.open_external_request({issuer}, {subject}, {slug}, {factor})")
    }

    /// Whether nobody here is linked with this identity yet.
    pub(super) fn is_unknown(row: Option<&PgRow>) -> bool {
        row.and_then(|row| row.try_get::<&str, _>("outcome").ok()) == Some("unknown")
    }

    pub(super) fn resolve(&self, row: &PgRow) -> Result<Resolved> {
        match row.try_get::<&str, _>("outcome")? {
            "unknown" => Err(self.not_linked()),
            "closed" => Err(Error::Unauthenticated("this account is banned or was deleted".into())),
            _ => Resolved::from_row(row),
        }
    }

    fn not_linked(&self) -> Error {
        Error::Unauthenticated(format!("no account here is linked with your identity at {}", self.issuer).into())
    }

    /// Makes the account, in a transaction of its own: it stands whatever becomes of the request, and nobody else's
    /// request waits for this one's end.
    pub(super) async fn create(&self, transaction: &RequestTransaction) -> Result<()> {
        let newcomer = self.newcomer.as_ref().ok_or_else(|| self.not_linked())?;
        let no_address = || {
            let message = format!("no account can be made for you: the token of {} has no e-mail address", self.issuer);
            Error::Unauthenticated(message.into())
        };
        let email = newcomer.email.as_deref().ok_or_else(no_address)?;
        let unconfirmed = || {
            let message =
                format!("no account can be made for you: your e-mail address is not confirmed at {}", self.issuer);
            Error::Unauthenticated(message.into())
        };
        // Before anything is said of the address.
        if !newcomer.email_confirmed {
            return Err(unconfirmed());
        }
        let statement = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT platform_private.create_external_user($1, $2, $3, $4, $5, $6, $7, $8) AS outcome",
            [
                newcomer.id.into(),
                self.issuer.as_str().into(),
                self.subject.as_str().into(),
                email.into(),
                newcomer.email_confirmed.into(),
                newcomer.ip.into(),
                newcomer.user_agent.clone().into(),
                newcomer.request_id.as_str().into(),
            ],
        );
        let row = transaction.query_one_raw(statement).await?;
        let row = row.ok_or_else(|| Error::internal("create_external_user returned no row"))?;
        match row.try_get::<String>("", "outcome")?.as_str() {
            "created" | "linked" => Ok(()),
            "bad_address" => Err(no_address()),
            "unconfirmed" => Err(unconfirmed()),
            // Never merged: whoever can have a token with somebody's address made would be them.
            _ => Err(Error::Unauthenticated(
                format!(
                    "there is an account with your e-mail address, and it is not linked with your identity at {}: \
                     sign in to it as before, or have the operator link it",
                    self.issuer
                )
                .into(),
            )),
        }
    }
}
