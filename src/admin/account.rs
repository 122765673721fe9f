//! Accounts: made, given a password, linked with an outside identity.

use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{
    AdminError,
    person::{Person, one, run},
};
use crate::{
    audit::{self, Changes, Record, Severity},
    db::operator,
    error::Error,
    graphql::input,
};

/// A new account.
#[derive(Debug)]
pub(super) struct NewUser {
    pub(super) email: String,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) confirmed: bool,
}

/// Characters of a name at most.
const MAX_NAME: usize = 120;

pub(super) async fn create(connection: &DatabaseConnection, wanted: &NewUser) -> Result<String, AdminError> {
    let email = lawful(input::email("the address", &wanted.email))?;
    let name = |path: &'static str, given: &Option<String>| {
        given.as_deref().map(|name| lawful(input::text(path, name, MAX_NAME))).transpose()
    };
    let first = name("--first-name", &wanted.first_name)?;
    let last = name("--last-name", &wanted.last_name)?;
    let id = crate::id::new();
    let transaction = operator::begin(connection).await?;
    let sql = "INSERT INTO platform.users (id, email, first_name, last_name, email_confirmed_at)
               VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN now() END)
               ON CONFLICT (lower(email)) WHERE deleted_at IS NULL DO NOTHING";
    let values = [id.into(), email.clone().into(), first.into(), last.into(), wanted.confirmed.into()];
    if run(&transaction, sql, values).await? == 0 {
        return Err(AdminError::Refused(format!("there is an account with the address {email} already")));
    }
    let record = Record::new("user.created", "create", "user").to(id);
    let changes = Changes::default().of("email", None::<String>, email.as_str());
    audit::record_by_operator(&transaction, record.changes(changes)).await?;
    transaction.commit().await?;
    Ok(format!("{email} was created ({id}). It has no password yet: ogelbase admin set-password {email}"))
}

/// Whether there is such an account, before anybody is asked for anything.
pub(super) async fn known(connection: &DatabaseConnection, email: &str) -> Result<(), AdminError> {
    let transaction = operator::begin(connection).await?;
    Person::with(&transaction, email).await.map(|_| ())
}

pub(super) async fn set_password(
    connection: &DatabaseConnection,
    email: &str,
    hash: String,
) -> Result<String, AdminError> {
    let transaction = operator::begin(connection).await?;
    let person = Person::with(&transaction, email).await?;
    let sql = "UPDATE platform.users SET password_hash = $1 WHERE id = $2";
    run(&transaction, sql, [hash.into(), person.id.into()]).await?;
    let ended = person.end_sessions(&transaction).await?;
    person.void_tokens(&transaction).await?;
    let record = Record::new("user.password_set", "update", "user").to(person.id).severity(Severity::Warning);
    audit::record_by_operator(&transaction, record).await?;
    transaction.commit().await?;
    Ok(format!("{} has a new password; sessions ended: {ended}", person.email))
}

pub(super) async fn link(
    connection: &DatabaseConnection,
    email: &str,
    issuer: &str,
    subject: &str,
) -> Result<String, AdminError> {
    let issuer = lawful(input::text("--issuer", issuer, 500))?;
    let subject = lawful(input::text("--subject", subject, 255))?;
    let transaction = operator::begin(connection).await?;
    let person = Person::with(&transaction, email).await?;
    let other = "SELECT id FROM platform.users WHERE external_issuer = $1 AND external_subject = $2";
    if let Some(other) = one(&transaction, other, [issuer.as_str().into(), subject.as_str().into()]).await? {
        let other: Uuid = other.try_get("", "id")?;
        return if other == person.id {
            Ok(format!("{} is linked with this identity already", person.email))
        } else {
            Err(AdminError::Refused(format!("this identity is linked with another account ({other})")))
        };
    }
    let sql = "UPDATE platform.users SET external_issuer = $1, external_subject = $2 WHERE id = $3";
    run(&transaction, sql, [issuer.as_str().into(), subject.into(), person.id.into()]).await?;
    let changes = Changes::default().of("external_issuer", person.external_issuer, issuer.as_str());
    let record = Record::new("user.linked", "update", "user").to(person.id).severity(Severity::Warning);
    audit::record_by_operator(&transaction, record.changes(changes)).await?;
    transaction.commit().await?;
    Ok(format!("{} is linked with its identity of {issuer}", person.email))
}

fn lawful<T>(checked: crate::error::Result<T>) -> Result<T, AdminError> {
    checked.map_err(|error| match error {
        Error::InvalidInput { path, message } => AdminError::Refused(format!("{path} {message}")),
        other => other.into(),
    })
}
