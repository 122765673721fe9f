//! Changing one's password.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::{
    audit::{self, Record},
    db::accounts,
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::{requires, signed_in},
        user::{User, oneself},
    },
    mail::{self, Letter},
};

/// The old password and the new one.
#[derive(Debug, InputObject)]
pub struct ChangePasswordInput {
    /// The present password.
    #[graphql(secret)]
    pub current_password: String,
    /// At least 8 characters and at most 1,024 bytes, and not among those that others would try first.
    #[graphql(secret)]
    pub new_password: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The password was changed, and all other sessions have ended.
#[derive(Debug, SimpleObject)]
pub struct ChangePasswordPayload {
    /// Whose password it is: you.
    pub user: User,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// The mutation of one's password.
#[derive(Debug, Default)]
pub struct PasswordMutations;

#[Object(guard = "signed_in()")]
impl PasswordMutations {
    /// Changes your password. All your sessions but this one end, links that would set another password too, and you are
    /// told by mail. A wrong present password is INVALID_INPUT, and counts as a failed sign-in.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn change_password(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The old password and the new one.")] input: ChangePasswordInput,
    ) -> Result<ChangePasswordPayload> {
        let request = context.request();
        let session_id = context.viewer().member()?.own_session()?;
        let me = super::myself(context).await?;
        if input.current_password == input.new_password {
            return Err(Error::invalid("input.newPassword", "is the present password"));
        }
        let known = super::known_of(&me);
        let new_hash = request.sessions.passwords.hash_new("input.newPassword", input.new_password, known).await?;
        let checked = super::prove(request, &me, "input.currentPassword", input.current_password).await?;
        let db = context.db().await?;
        if !accounts::change_password(db, me.id, session_id, checked.hash, new_hash).await? {
            return Err(Error::Conflict("the password was changed meanwhile".into()));
        }
        let letter = Letter::PasswordChanged { at: request.sessions.clock.now() };
        mail::enqueue(db, &request.vault, &me.email, &letter).await?;
        audit::record(db, &request.client, Record::new("user.password_changed", "update", "user").to(me.id)).await?;
        let user = oneself(context, me.id).await?;
        Ok(ChangePasswordPayload { user, client_mutation_id: input.client_mutation_id })
    }
}
