//! Renaming and revoking API keys.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::api_keys::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::{ApiKey, read_again, writable};
use crate::{
    audit::{self, Changes, Record, Severity},
    auth::Permission as P,
    db::key,
    error::Result,
    graphql::{context::ContextExt, guard::requires, input},
};

/// What of a key is changed.
#[derive(Debug, InputObject)]
pub struct UpdateApiKeyInput {
    /// Global id of the key.
    pub api_key: ID,
    /// Display name, 1 to 120 characters; null: as it is.
    pub name: Option<String>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The key as it is now.
#[derive(Debug, SimpleObject)]
pub struct UpdateApiKeyPayload {
    /// The key that was changed.
    pub api_key: ApiKey,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Which key is revoked.
#[derive(Debug, InputObject)]
pub struct RevokeApiKeyInput {
    /// Global id of the key.
    pub api_key: ID,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The key as it is now.
#[derive(Debug, SimpleObject)]
pub struct RevokeApiKeyPayload {
    /// The key that was revoked.
    pub api_key: ApiKey,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// The mutations.
#[derive(Debug, Default)]
pub struct ChangeApiKey;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl ChangeApiKey {
    /// Renames an API key. What it may never changes: make another one.
    #[graphql(directive = requires::apply(P::ApiKeysWrite.into()))]
    async fn update_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is changed.")] input: UpdateApiKeyInput,
    ) -> Result<UpdateApiKeyPayload> {
        let before = writable(context, &input.api_key, "input.apiKey").await?;
        let db = context.db().await?;
        if let Some(name) = &input.name {
            let name = input::text("input.name", name, 120)?;
            let renamed = Entity::update_many().col_expr(Column::Name, Expr::value(name));
            renamed.filter(Column::Id.eq(before.id)).exec(db).await?;
        }
        let api_key = read_again(db, before.id).await?;
        let record = Record::new("api_key.updated", "update", "api_key")
            .to(before.id)
            .in_organization(before.organization_id)
            .changes(Changes::default().of("name", before.name, api_key.0.name.clone()));
        audit::record(db, &context.request().client, record).await?;
        Ok(UpdateApiKeyPayload { api_key, client_mutation_id: input.client_mutation_id })
    }

    /// Ends an API key for ever. Once this is answered, no request that comes with it is served, by whichever server;
    /// one that is being served is finished. A key that is revoked already stays as it is.
    #[graphql(directive = requires::apply(P::ApiKeysWrite.into()))]
    async fn revoke_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which key is revoked.")] input: RevokeApiKeyInput,
    ) -> Result<RevokeApiKeyPayload> {
        let before = writable(context, &input.api_key, "input.apiKey").await?;
        let db = context.db().await?;
        key::revoke(db, before.id).await?;
        let api_key = read_again(db, before.id).await?;
        let (was, is) = (before.revoked_at, api_key.0.revoked_at);
        let record = Record::new("api_key.revoked", "delete", "api_key")
            .to(before.id)
            .in_organization(before.organization_id)
            .severity(Severity::Warning)
            .changes(Changes::default().of("revokedAt", serde_json::json!(was), serde_json::json!(is)).of(
                "name",
                serde_json::Value::Null,
                before.name,
            ));
        audit::record(db, &context.request().client, record).await?;
        Ok(RevokeApiKeyPayload { api_key, client_mutation_id: input.client_mutation_id })
    }
}
