//! Proving that an address is one's own.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::{
    auth::token,
    db::accounts::{self, Purpose},
    error::Result,
    graphql::{
        context::ContextExt,
        guard::{public, requires},
        input,
    },
    mail::Letter,
};

/// The proof.
#[derive(Debug, InputObject)]
pub struct ConfirmEmailInput {
    /// From the mail that `signUp` or `resendConfirmation` sent; good once, for 24 hours.
    #[graphql(secret)]
    pub token: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The address is confirmed.
#[derive(Debug, SimpleObject)]
pub struct ConfirmEmailPayload {
    /// Always true: the address that the mail went to is known to be its account's.
    pub confirmed: bool,
    /// Slug of the organization that was founded with it; null where `signUp` asked for none, and where somebody else has
    /// that slug by now.
    pub founded_organization: Option<String>,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Which address is to be confirmed.
#[derive(Debug, InputObject)]
pub struct ResendConfirmationInput {
    /// Address of the account.
    pub email: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The mail was asked for.
#[derive(Debug, SimpleObject)]
pub struct ResendConfirmationPayload {
    /// Always true: a mail is on its way, if the address has an account and is not confirmed.
    pub mail_sent: bool,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Mutations that confirm an address.
#[derive(Debug, Default)]
pub struct ConfirmationMutations;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl ConfirmationMutations {
    /// Confirms the address of an account by the token that was mailed there. Nobody need be signed in.
    #[graphql(directive = requires::apply("public".into()), guard = "public()")]
    async fn confirm_email(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The proof.")] input: ConfirmEmailInput,
    ) -> Result<ConfirmEmailPayload> {
        let origin = context.request().client.origin();
        let confirmed = accounts::confirm_email(context.db().await?, &token::digest(&input.token), &origin).await?;
        let confirmed = confirmed.ok_or_else(super::spent_token)?;
        Ok(ConfirmEmailPayload {
            confirmed: true,
            founded_organization: confirmed.founded,
            client_mutation_id: input.client_mutation_id,
        })
    }

    /// Mails another token for `confirmEmail`; older ones stay good until they end. The answer is the same for an address
    /// that has no account or is confirmed.
    #[graphql(directive = requires::apply("public".into()), guard = "public()")]
    async fn resend_confirmation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which address is to be confirmed.")] input: ResendConfirmationInput,
    ) -> Result<ResendConfirmationPayload> {
        let request = context.request();
        let email = input::email("input.email", &input.email)?;
        request.database().ask_for_letter(request.client.ip, &request.sessions.back_off).await?;
        let (clear, token) = super::new_token(request, super::CONFIRMATION);
        let letter = Letter::ConfirmEmail { token: clear, expires_at: token.expires_at };
        let letter = super::sealed(request, &letter)?;
        let origin = request.client.origin();
        accounts::mail_link(context.db().await?, Purpose::ConfirmEmail, &email, token, letter, &origin).await?;
        Ok(ResendConfirmationPayload { mail_sent: true, client_mutation_id: input.client_mutation_id })
    }
}
