//! Setting a new password by mail.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::{
    auth::token,
    db::{
        accounts::{self, Purpose},
        sign_in_failures::Attempt,
    },
    error::Result,
    graphql::{
        context::{ContextExt, Request},
        guard::{public, requires},
        input,
    },
    mail::{self, Letter},
};

/// Whose password is forgotten.
#[derive(Debug, InputObject)]
pub struct RequestPasswordResetInput {
    /// Address of the account.
    pub email: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The mail was asked for.
#[derive(Debug, SimpleObject)]
pub struct RequestPasswordResetPayload {
    /// Always true: a mail is on its way, if the address has an account with a password.
    pub mail_sent: bool,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// The proof, and the new password.
#[derive(Debug, InputObject)]
pub struct ResetPasswordInput {
    /// From the mail that `requestPasswordReset` sent; good once, for one hour.
    #[graphql(secret)]
    pub token: String,
    /// At least 8 characters and at most 1,024 bytes, and not among those that others would try first.
    #[graphql(secret)]
    pub new_password: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The password was set, and all sessions have ended.
#[derive(Debug, SimpleObject)]
pub struct ResetPasswordPayload {
    /// Always true: sign in with the new password.
    pub password_set: bool,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Mutations that set a forgotten password.
#[derive(Debug, Default)]
pub struct ResetMutations;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl ResetMutations {
    /// Mails a token with which `resetPassword` sets a new password. The answer is the same, after the same work, for an
    /// address that has no account.
    #[graphql(directive = requires::apply("public".into()), guard = "public()")]
    async fn request_password_reset(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose password is forgotten.")] input: RequestPasswordResetInput,
    ) -> Result<RequestPasswordResetPayload> {
        let request = context.request();
        let email = input::email("input.email", &input.email)?;
        request.database().ask_for_letter(request.client.ip, &request.sessions.back_off).await?;
        let (clear, token) = super::new_token(request, super::RESET);
        let letter = Letter::ResetPassword { token: clear, expires_at: token.expires_at };
        let letter = super::sealed(request, &letter)?;
        let origin = request.client.origin();
        accounts::mail_link(context.db().await?, Purpose::ResetPassword, &email, token, letter, &origin).await?;
        Ok(RequestPasswordResetPayload { mail_sent: true, client_mutation_id: input.client_mutation_id })
    }

    /// Sets a new password by the token that was mailed. All sessions of the account end, its address counts as
    /// confirmed, and it is told by mail. A second factor stays as it is.
    #[graphql(
        directive = requires::apply("public".into()),
        guard = "public()",
    )]
    async fn reset_password(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The proof, and the new password.")] input: ResetPasswordInput,
    ) -> Result<ResetPasswordPayload> {
        let request = context.request();
        let token = token::digest(&input.token);
        let email = holder(request, &token).await?.ok_or_else(super::spent_token)?;
        let passwords = &request.sessions.passwords;
        let new_hash = passwords.hash_new("input.newPassword", input.new_password, vec![email]).await?;
        let db = context.db().await?;
        let email = accounts::reset_password(db, &token, new_hash, &request.client.origin()).await?;
        let email = email.ok_or_else(super::spent_token)?;
        let letter = Letter::PasswordChanged { at: request.sessions.clock.now() };
        mail::enqueue(db, &request.vault, &email, &letter).await?;
        // Who has the mailbox need not wait for what others tried.
        let attempt = Attempt { email: &email, client: None };
        request.database().end_sign_in(attempt, &request.sessions.back_off).await?;
        Ok(ResetPasswordPayload { password_set: true, client_mutation_id: input.client_mutation_id })
    }
}

/// The address of the account that a token is for; no connection is held afterwards, when Argon2 takes its time.
async fn holder(request: &Request, token: &[u8; 32]) -> Result<Option<String>> {
    if let Some(transaction) = request.opened() {
        return accounts::holder_of_reset(transaction, token).await;
    }
    let aside = request.database().aside().await?;
    let holder = accounts::holder_of_reset(&aside, token).await;
    aside.end_reading().await;
    holder
}
