//! Signing in and out.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{
    context::ContextExt,
    guard::{public, requires, signed_in},
    proof,
    second_factor::{self, SecondFactorChallenge},
    user::User,
    user_session::become_user,
};
use crate::{db::bootstrap, error::Result};

/// Who signs in.
#[derive(Debug, InputObject)]
pub struct SignInInput {
    /// Address of the account, upper or lower case.
    pub email: String,
    /// The account's password.
    #[graphql(secret)]
    pub password: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// A session and the tokens that prove it, shown here and never again; or, where the account has a second factor, the
/// way to it.
#[derive(Debug, SimpleObject)]
pub struct SignInPayload {
    /// Send it as `Authorization: Bearer ...`. Null where `secondFactor` is not.
    pub access_token: Option<String>,
    /// For `refreshSession`, once. Keep it as secret as a password. Null where `secondFactor` is not.
    pub refresh_token: Option<String>,
    /// When the access token ends: 15 minutes from now unless configured otherwise. Null where `secondFactor` is not.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who signed in. Null where `secondFactor` is not: then nobody has yet.
    pub user: Option<User>,
    /// What `completeSignIn` wants, where the account has a second factor; null where it has none.
    pub second_factor: Option<SecondFactorChallenge>,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Which session ends: always the one that the request came with.
#[derive(Debug, InputObject)]
pub struct SignOutInput {
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The end of a session.
#[derive(Debug, SimpleObject)]
pub struct SignOutPayload {
    /// Always true: the access token and the refresh token of this session are refused from now on.
    pub signed_out: bool,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Mutations of sessions.
#[derive(Debug, Default)]
pub struct SessionMutations;

#[Object(guard = "signed_in()")]
impl SessionMutations {
    /// Signs in with e-mail and password. A wrong password and an unknown address get the same answer,
    /// UNAUTHENTICATED, and after several failures RATE_LIMITED with the seconds to wait. An account with a second factor
    /// gets a ticket for `completeSignIn` instead of tokens.
    #[graphql(
        directive = requires::apply("public".into()),
        guard = "public()",
    )]
    async fn sign_in(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SignInInput,
    ) -> Result<SignInPayload> {
        let request = context.request();
        let sessions = &request.sessions;
        let checked = proof::password(request, input.email.trim(), input.password, "user.sign_in_failed").await?;
        if checked.second_factor {
            return second_factor::ask(context, checked, input.client_mutation_id).await;
        }
        let signed_in = sessions.open(context.db().await?, checked, &request.client).await?;
        let (signed_in, user) = become_user(context, signed_in).await?;
        Ok(SignInPayload {
            access_token: Some(signed_in.access_token),
            refresh_token: Some(signed_in.refresh_token),
            expires_at: Some(signed_in.access_expires_at),
            user: Some(user),
            second_factor: None,
            client_mutation_id: input.client_mutation_id,
        })
    }

    /// Ends the session that this request came with. Who came with a token of an outside issuer gets CONFLICT: the
    /// session is kept there.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn sign_out(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which session ends.")] input: SignOutInput,
    ) -> Result<SignOutPayload> {
        let request = context.request();
        let session_id = request.viewer().member()?.own_session()?;
        bootstrap::close_session(context.db().await?, session_id, &request.client.request_id).await?;
        Ok(SignOutPayload { signed_out: true, client_mutation_id: input.client_mutation_id })
    }
}
