//! Signing in and out.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{
    context::{ContextExt, Request},
    guard::{public, requires, signed_in},
    user::{User, UserById},
};
use crate::{
    db::bootstrap::{self, Account},
    error::{Error, Result},
};

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

/// A session and the tokens that prove it. They are shown here and never again.
#[derive(Debug, SimpleObject)]
pub struct SignInPayload {
    /// Send it as `Authorization: Bearer ...`.
    pub access_token: String,
    /// Proves the session when its access token is renewed. Keep it as secret as a password.
    pub refresh_token: String,
    /// When the access token ends: 15 minutes from now unless configured otherwise.
    pub expires_at: DateTime<Utc>,
    /// Who signed in.
    pub user: User,
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

/// The account of an address. A request that has its transaction already asks there: a second connection beside the
/// one it holds could starve the pool.
async fn account(request: &Request, email: &str) -> Result<Option<Account>> {
    // PostgreSQL's text holds no null byte, so no account has one.
    if email.contains('\0') {
        return Ok(None);
    }
    match request.opened() {
        Some(transaction) => bootstrap::sign_in_lookup(transaction, email).await,
        None => request.database().sign_in_lookup(email).await,
    }
}

/// Argon2 is dear: so much that a document holds two sign-ins at most.
const SIGN_IN_COMPLEXITY: usize = super::schema::MAX_COMPLEXITY / 2 - 100;

/// Mutations of sessions.
#[derive(Debug, Default)]
pub struct SessionMutations;

#[Object(guard = "signed_in()")]
impl SessionMutations {
    /// Signs in with e-mail and password. A wrong password and an unknown address get the same answer,
    /// UNAUTHENTICATED.
    #[graphql(
        directive = requires::apply("public".into()),
        guard = "public()",
        complexity = "SIGN_IN_COMPLEXITY + child_complexity"
    )]
    async fn sign_in(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SignInInput,
    ) -> Result<SignInPayload> {
        let request = context.request();
        let sessions = &request.sessions;
        let email = input.email.trim();
        let account = account(request, email).await?;
        // Argon2 takes its time; without an older credential no connection is held meanwhile.
        let checked = sessions.check_password(account, email, input.password).await?;
        let user_id = checked.user_id;
        let signed_in = sessions.open(context.db().await?, checked, &request.client).await?;
        request.become_user(signed_in.resolved)?;
        let user = context.load(UserById(user_id)).await?;
        Ok(SignInPayload {
            access_token: signed_in.access_token,
            refresh_token: signed_in.refresh_token,
            expires_at: signed_in.access_expires_at,
            user: user.ok_or_else(|| Error::internal("a user who signed in is visible to themselves"))?,
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
