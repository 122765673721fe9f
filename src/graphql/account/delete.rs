//! Deleting one's account.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::{
    audit::{self, Record},
    db::accounts,
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::{requires, signed_in},
    },
};

/// That it is you who wants it.
#[derive(Debug, InputObject)]
pub struct DeleteAccountInput {
    /// Your password.
    #[graphql(secret)]
    pub password: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The end of an account.
#[derive(Debug, SimpleObject)]
pub struct DeleteAccountPayload {
    /// Always true: the account cannot be signed in to any more, and its address is free for another one.
    pub deleted: bool,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// The mutation that deletes an account.
#[derive(Debug, Default)]
pub struct DeletionMutations;

#[Object(guard = "signed_in()")]
impl DeletionMutations {
    /// Deletes your account: you leave all organizations, and all your sessions and API keys end. What you did stays in
    /// the audit trail under your address. Refused with CONFLICT while you are the last owner of an organization; a wrong
    /// password is INVALID_INPUT, and counts as a failed sign-in.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn delete_account(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "That it is you who wants it.")] input: DeleteAccountInput,
    ) -> Result<DeleteAccountPayload> {
        let request = context.request();
        let me = super::myself(context).await?;
        if input.password.is_empty() {
            return Err(Error::invalid("input.password", "must not be empty"));
        }
        let checked = super::prove(request, &me, "input.password", input.password).await?;
        let db = context.db().await?;
        // First: afterwards there is nobody whose record it could be.
        audit::record(db, &request.client, Record::new("user.deleted", "delete", "user").to(me.id)).await?;
        if !accounts::delete_account(db, me.id, checked.hash, &request.client.origin()).await? {
            return Err(Error::Conflict("the password was changed meanwhile".into()));
        }
        Ok(DeleteAccountPayload { deleted: true, client_mutation_id: input.client_mutation_id })
    }
}
