//! Making an account.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::{
    db::accounts::{self, NewAccount},
    error::Result,
    graphql::{
        context::ContextExt,
        guard::{public, requires},
        input,
    },
    mail::Letter,
};

/// Who wants an account.
#[derive(Debug, InputObject)]
pub struct SignUpInput {
    /// Address for sign-in and mail, unique among the accounts without regard to case.
    pub email: String,
    /// At least 8 characters and at most 1,024 bytes, and not among those that others would try first.
    #[graphql(secret)]
    pub password: String,
    /// Handle, 1 to 60 characters.
    pub username: Option<String>,
    /// Given name, 1 to 120 characters.
    pub first_name: Option<String>,
    /// Family name, 1 to 120 characters.
    pub last_name: Option<String>,
    /// What is founded once the address is confirmed, with you as its owner.
    pub organization: Option<FirstOrganizationInput>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// An organization to begin with. Its slug is not kept for you until the address is confirmed.
#[derive(Debug, InputObject)]
pub struct FirstOrganizationInput {
    /// Display name, 1 to 120 characters.
    pub name: String,
    /// Name in URLs: 3 to 40 of `a-z0-9-`, unique.
    pub slug: String,
}

impl FirstOrganizationInput {
    fn checked(self) -> Result<(String, String)> {
        let name = input::text("input.organization.name", &self.name, 120)?;
        Ok((name, input::slug("input.organization.slug", &self.slug)?))
    }
}

/// What comes next: a mail, to be read by who has the address.
#[derive(Debug, SimpleObject)]
pub struct SignUpPayload {
    /// Always true: a mail is on its way. It has the token for `confirmEmail`, or says that the address has an account.
    pub mail_sent: bool,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// The mutation that makes an account.
#[derive(Debug, Default)]
pub struct SignUpMutations;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl SignUpMutations {
    /// Makes an account and mails a token that confirms its address. The answer is the same, after the same work, for an
    /// address that has an account already: then its holder is told so by mail. The account can be signed in to at once.
    #[graphql(
        directive = requires::apply("public".into()),
        guard = "public()",
    )]
    async fn sign_up(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who wants an account.")] input: SignUpInput,
    ) -> Result<SignUpPayload> {
        let request = context.request();
        let email = input::email("input.email", &input.email)?;
        let optional = |path, value: Option<String>, max| value.map(|value| input::text(path, &value, max)).transpose();
        let username = optional("input.username", input.username, 60)?;
        let first_name = optional("input.firstName", input.first_name, 120)?;
        let last_name = optional("input.lastName", input.last_name, 120)?;
        let organization = input.organization.map(FirstOrganizationInput::checked).transpose()?;
        let known = [&username, &first_name, &last_name].into_iter().flatten().chain([&email]).cloned().collect();
        request.database().ask_for_letter(request.client.ip, &request.sessions.back_off).await?;
        // Before anything is looked up: with an account or without, this is what takes the time.
        let password_hash = request.sessions.passwords.hash_new("input.password", input.password, known).await?;
        let (clear, token) = super::new_token(request, super::CONFIRMATION);
        let welcome = Letter::ConfirmEmail { token: clear, expires_at: token.expires_at };
        let (welcome, exists) = (super::sealed(request, &welcome)?, super::sealed(request, &Letter::AccountExists)?);
        let id = crate::id::new();
        let account = NewAccount { id, email, password_hash, username, first_name, last_name, organization };
        accounts::sign_up(context.db().await?, account, token, welcome, exists, &request.client.origin()).await?;
        Ok(SignUpPayload { mail_sent: true, client_mutation_id: input.client_mutation_id })
    }
}
