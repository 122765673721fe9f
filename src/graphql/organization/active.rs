//! The organization that a person works in by preference.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{
    audit::{self, Changes, Record},
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::requires,
        id::{self, Kind},
        user::{User, oneself},
    },
};

/// Which organization you work in.
#[derive(Debug, InputObject)]
pub struct SetActiveOrganizationInput {
    /// Global id of one of your organizations; null: none.
    pub organization: Option<ID>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// You, with the organization that you work in now.
#[derive(Debug, SimpleObject)]
pub struct SetActiveOrganizationPayload {
    /// You.
    pub user: User,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Choosing where one works.
#[derive(Debug, Default)]
pub struct SetActiveOrganizationMutation;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl SetActiveOrganizationMutation {
    /// Remembers which organization you work in, on every device. It is a preference of yours and narrows no request:
    /// that is what the header `X-Organization` does.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn set_active_organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one.")] input: SetActiveOrganizationInput,
    ) -> Result<SetActiveOrganizationPayload> {
        let (db, viewer) = (context.db().await?, context.viewer());
        let user_id = viewer.member()?.user_id;
        let wanted = input.organization.as_ref();
        let wanted = wanted.map(|id| id::key_of(Kind::Organization, id, "input.organization")).transpose()?;
        if wanted.is_some_and(|wanted| !viewer.belongs_to(wanted)) {
            return Err(Error::NotFound("the organization was".into()));
        }
        let before = oneself(context, user_id).await?.active_organization_id();
        let statement = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT platform.set_user_active_org($1, $2)",
            [user_id.into(), wanted.into()],
        );
        db.execute_raw(statement).await?;
        let global = |id: Option<uuid::Uuid>| id.map(|id| Kind::Organization.id(id).to_string());
        let changes = Changes::default().of("activeOrganization", global(before), global(wanted));
        let record = Record::new("user.updated", "update", "user").to(user_id).changes(changes);
        audit::record(db, &context.request().client, record).await?;
        let user = oneself(context, user_id).await?;
        Ok(SetActiveOrganizationPayload { user, client_mutation_id: input.client_mutation_id })
    }
}
