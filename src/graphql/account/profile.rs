//! Changing one's profile.

use async_graphql::{Context, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::users::{ActiveModel, Column, Entity, Safe};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType,
};

use crate::{
    audit::{self, Changes, Record},
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::{requires, signed_in},
        input,
        user::{User, oneself},
    },
};

/// What of your profile is changed. What is left out stays as it is, null takes it away.
#[derive(Debug, InputObject)]
pub struct UpdateProfileInput {
    /// Handle, 1 to 60 characters.
    pub username: MaybeUndefined<String>,
    /// Given name, 1 to 120 characters.
    pub first_name: MaybeUndefined<String>,
    /// Family name, 1 to 120 characters.
    pub last_name: MaybeUndefined<String>,
    /// URL of a picture, `http` or `https`, at most 2,048 characters.
    pub avatar_url: MaybeUndefined<String>,
    /// Telephone number, 1 to 40 characters in any notation.
    pub phone: MaybeUndefined<String>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// You, as you are now.
#[derive(Debug, SimpleObject)]
pub struct UpdateProfilePayload {
    /// The person who was changed: you.
    pub user: User,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// A value as it is now, after it is put into the row if it was given and is another one.
fn given(
    value: MaybeUndefined<String>,
    before: &Option<String>,
    row: &mut sea_orm::ActiveValue<Option<String>>,
    checked: impl FnOnce(&str) -> Result<String>,
) -> Result<Option<String>> {
    let after = match value {
        MaybeUndefined::Undefined => return Ok(before.clone()),
        MaybeUndefined::Null => None,
        MaybeUndefined::Value(value) => Some(checked(&value)?),
    };
    if after != *before {
        *row = Set(after.clone());
    }
    Ok(after)
}

/// The mutation of one's profile.
#[derive(Debug, Default)]
pub struct ProfileMutations;

#[Object(guard = "signed_in()")]
impl ProfileMutations {
    /// Changes your handle, names, picture or telephone number. The people of your organizations see all but the last.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn update_profile(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is changed.")] input: UpdateProfileInput,
    ) -> Result<UpdateProfilePayload> {
        let db = context.db().await?;
        let me = context.viewer().member()?.user_id;
        // Locked, so that the record tells what this change really replaced.
        let before = Entity::find_by_id(me).lock(LockType::NoKeyUpdate).into_partial_model::<Safe>().one(db).await?;
        let before = before.ok_or_else(|| Error::internal("a user is visible to themselves"))?;
        let mut row = <ActiveModel as ActiveModelTrait>::default();
        let username = given(input.username, &before.username, &mut row.username, |value| {
            input::text("input.username", value, 60)
        })?;
        let first_name = given(input.first_name, &before.first_name, &mut row.first_name, |value| {
            input::text("input.firstName", value, 120)
        })?;
        let last_name = given(input.last_name, &before.last_name, &mut row.last_name, |value| {
            input::text("input.lastName", value, 120)
        })?;
        let avatar_url = given(input.avatar_url, &before.avatar_url, &mut row.avatar_url, |value| {
            input::url("input.avatarUrl", value)
        })?;
        let phone = given(input.phone, &before.phone, &mut row.phone, |value| input::text("input.phone", value, 40))?;
        if row.is_changed() {
            Entity::update_many().set(row).filter(Column::Id.eq(me)).exec(db).await?;
        }
        let changes = Changes::default()
            .of("username", before.username, username)
            .of("firstName", before.first_name, first_name)
            .of("lastName", before.last_name, last_name)
            .of("avatarUrl", before.avatar_url, avatar_url)
            .of("phone", before.phone, phone);
        let record = Record::new("user.updated", "update", "user").to(me).changes(changes);
        audit::record(db, &context.request().client, record).await?;
        let user = oneself(context, me).await?;
        Ok(UpdateProfilePayload { user, client_mutation_id: input.client_mutation_id })
    }
}
