//! One's own account: making it, proving its address, its password, its profile, its end.

mod confirm;
mod delete;
mod password;
mod profile;
mod reset;
mod sign_up;

use async_graphql::MergedObject;
use chrono::Duration;
use entity::users::{Entity, Safe};
use sea_orm::EntityTrait;

use super::{
    context::{ContextExt, Request},
    proof,
};
use crate::{
    auth::{session::CheckedPassword, token},
    db::accounts::{NewToken, SealedLetter},
    error::{Error, Result},
    mail::{self, Letter},
};

/// Mutations of one's own account.
#[derive(Debug, Default, MergedObject)]
pub struct AccountMutations(
    sign_up::SignUpMutations,
    confirm::ConfirmationMutations,
    password::PasswordMutations,
    reset::ResetMutations,
    profile::ProfileMutations,
    delete::DeletionMutations,
);

/// How long a letter's token to confirm an address is good.
const CONFIRMATION: Duration = Duration::hours(24);
/// How long a letter's token to set a new password is good.
const RESET: Duration = Duration::hours(1);

/// A new token for a letter: as the letter has it, and as it is stored.
fn new_token(request: &Request, lifetime: Duration) -> (String, NewToken) {
    let clear = token::new();
    let expires_at = request.sessions.clock.now() + lifetime;
    let stored = NewToken { id: crate::id::new(), hash: token::digest(&clear), expires_at };
    (clear, stored)
}

fn sealed(request: &Request, letter: &Letter) -> Result<SealedLetter> {
    let mail::Sealed { id, content } = mail::seal(&request.vault, letter)?;
    Ok((id, content))
}

/// For a token of a letter that is unknown, was used or has ended: nobody is told which.
fn spent_token() -> Error {
    Error::invalid("input.token", "is not good, or not any more: ask for a new mail")
}

/// Who asks, as the database has them.
async fn myself(context: &async_graphql::Context<'_>) -> Result<Safe> {
    let user_id = context.viewer().member()?.user_id;
    let user = Entity::find_by_id(user_id).into_partial_model::<Safe>().one(context.db().await?).await?;
    user.ok_or_else(|| Error::internal("a user who is signed in is visible to themselves"))
}

/// What everybody knows of a person, which their password must not be.
fn known_of(user: &Safe) -> Vec<String> {
    let names = [&user.username, &user.first_name, &user.last_name];
    names.into_iter().flatten().chain([&user.email]).cloned().collect()
}

/// The password of who asks, once more. It fails under `path` and counts as a failed sign-in: a session that was
/// stolen is no way around the back-off.
async fn prove(request: &Request, me: &Safe, path: &'static str, password: String) -> Result<CheckedPassword> {
    let checked = proof::password(request, &me.email, password, "user.password_refused").await;
    let wrong = || Error::invalid(path, "is not your password");
    match checked {
        Ok(checked) if checked.user_id == me.id => Ok(checked),
        Ok(_) | Err(Error::Unauthenticated(_)) => Err(wrong()),
        Err(other) => Err(other),
    }
}
