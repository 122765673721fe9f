//! Who may come in: owners made, accounts banned and let in again.

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{
    AdminError,
    person::{Person, one, run},
};
use crate::{
    audit::{self, Changes, Record, Severity},
    db::operator,
};

pub(super) async fn make_owner(connection: &DatabaseConnection, email: &str, slug: &str) -> Result<String, AdminError> {
    let transaction = operator::begin(connection).await?;
    let person = Person::with(&transaction, email).await?;
    if person.banned {
        return Err(AdminError::Refused(format!(
            "{} is banned and could not act as an owner: unban it first",
            person.email
        )));
    }
    let organization = "SELECT id FROM platform.organizations WHERE slug = $1 FOR UPDATE";
    let organization = one(&transaction, organization, [slug.into()]).await?;
    let organization: Uuid =
        organization.ok_or_else(|| AdminError::NoOrganization(slug.to_owned()))?.try_get("", "id")?;
    let member = "SELECT id, role FROM platform.organization_members
                   WHERE organization_id = $1 AND user_id = $2 FOR UPDATE";
    let (membership, before) = match one(&transaction, member, [organization.into(), person.id.into()]).await? {
        Some(row) => (row.try_get("", "id")?, Some(row.try_get::<String>("", "role")?)),
        None => (crate::id::new(), None),
    };
    if before.as_deref() == Some("owner") {
        return Ok(format!("{} is an owner of {slug} already", person.email));
    }
    let sql = "INSERT INTO platform.organization_members (id, organization_id, user_id, role)
               VALUES ($1, $2, $3, 'owner')
               ON CONFLICT (organization_id, user_id) DO UPDATE SET role = 'owner'";
    run(&transaction, sql, [membership.into(), organization.into(), person.id.into()]).await?;
    let record = Record::new("member.made_owner", "update", "organization_member").to(membership);
    let changes = Changes::default().of("role", before, "owner").of("email", None::<String>, person.email.as_str());
    let record = record.in_organization(organization).severity(Severity::Warning).changes(changes);
    audit::record_by_operator(&transaction, record).await?;
    transaction.commit().await?;
    Ok(format!("{} is an owner of {slug} now", person.email))
}

/// A ban for ever, as the database writes it too (migration 019): PostgreSQL's infinity is a time that few can read.
const FOR_EVER: &str = "9999-12-31T00:00:00Z";

pub(super) async fn ban(
    connection: &DatabaseConnection,
    email: &str,
    until: Option<DateTime<Utc>>,
) -> Result<String, AdminError> {
    let shown = until.map_or_else(|| FOR_EVER.to_owned(), in_words);
    let transaction = operator::begin(connection).await?;
    let person = Person::with(&transaction, email).await?;
    let sql = "UPDATE platform.users SET banned_until = $1::timestamptz WHERE id = $2 AND $1::timestamptz > now()";
    if run(&transaction, sql, [shown.as_str().into(), person.id.into()]).await? == 0 {
        return Err(AdminError::Refused(format!("a ban until {shown} would be over already")));
    }
    // The database refuses a banned user as such; but a session must not come back to life with the ban's end.
    let ended = person.end_sessions(&transaction).await?;
    person.void_tokens(&transaction).await?;
    let changes = Changes::default().of("banned_until", person.banned_until.map(in_words), shown.as_str());
    let record = Record::new("user.banned", "update", "user").to(person.id).severity(Severity::Warning);
    audit::record_by_operator(&transaction, record.changes(changes)).await?;
    transaction.commit().await?;
    let until = if until.is_some() { format!("until {shown}") } else { "for ever".to_owned() };
    Ok(format!("{} is banned {until}; sessions ended: {ended}", person.email))
}

pub(super) async fn unban(connection: &DatabaseConnection, email: &str) -> Result<String, AdminError> {
    let transaction = operator::begin(connection).await?;
    let person = Person::with(&transaction, email).await?;
    if !person.banned {
        return Ok(format!("{} is not banned", person.email));
    }
    run(&transaction, "UPDATE platform.users SET banned_until = NULL WHERE id = $1", [person.id.into()]).await?;
    let changes = Changes::default().of("banned_until", person.banned_until.map(in_words), None::<String>);
    let record = Record::new("user.unbanned", "update", "user").to(person.id).severity(Severity::Warning);
    audit::record_by_operator(&transaction, record.changes(changes)).await?;
    transaction.commit().await?;
    Ok(format!("{} may sign in again", person.email))
}

fn in_words(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
