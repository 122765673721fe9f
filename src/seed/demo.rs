//! The demo: organizations acme and globex with everything that they can have.

use std::time::Instant;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Statement};

use super::{accounts, execute};
use crate::{
    auth::{password::Passwords, token},
    config::Config,
    db::bootstrap::hex,
    error::{Error, Result},
    project_keys,
    vault::{Place, Vault},
};

/// In the order in which they build on each other.
const FILES: &[(&str, &str)] = &[
    ("people", include_str!("sql/demo/people.sql")),
    ("projects", include_str!("sql/demo/projects.sql")),
    ("billing", include_str!("sql/demo/billing.sql")),
    ("invoices", include_str!("sql/demo/invoices.sql")),
    ("usage", include_str!("sql/demo/usage.sql")),
    ("databases", include_str!("sql/demo/databases.sql")),
    ("metrics", include_str!("sql/demo/metrics.sql")),
    ("access", include_str!("sql/demo/access.sql")),
    ("flags", include_str!("sql/demo/flags.sql")),
    ("audit", include_str!("sql/demo/audit.sql")),
];

/// Loads what is missing of the demo's organizations, each as a whole. Returns whether any was.
pub async fn load(
    transaction: &DatabaseTransaction,
    config: &Config,
    vault: &Vault,
    now: DateTime<Utc>,
) -> Result<bool> {
    let started = Instant::now();
    execute(transaction, "lists", include_str!("sql/demo/lists.sql")).await?;
    if query(transaction, "SELECT 1 FROM organization_list LIMIT 1").await?.is_none() {
        return Ok(false);
    }
    refuse_taken_names(transaction).await?;
    execute(transaction, "secrets", include_str!("sql/demo/secrets.sql")).await?;
    give_secrets(transaction, config, vault).await?;
    let mut rows = 0;
    for (name, sql) in FILES {
        rows += execute(transaction, name, sql).await?;
    }
    project_keys::seal_missing(transaction, vault, now).await?;
    tracing::info!(
        rows,
        seconds = started.elapsed().as_secs_f32(),
        "made the demo data: sign in as owner@acme.test with {}",
        accounts::PASSWORD
    );
    Ok(true)
}

async fn query(transaction: &DatabaseTransaction, sql: &str) -> Result<Option<QueryResult>> {
    Ok(transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?)
}

/// Someone else's `acme` would be skipped by ON CONFLICT, and its foreign keys would then say nothing helpful.
async fn refuse_taken_names(transaction: &DatabaseTransaction) -> Result<()> {
    let taken = "SELECT 'the organization ' || o.slug AS name FROM organization_list l
                   JOIN platform.organizations o ON o.slug = l.slug AND o.id <> l.id
                  UNION ALL
                 SELECT 'the account ' || u.email FROM person_list l
                   JOIN platform.users u ON lower(u.email) = l.email AND u.deleted_at IS NULL AND u.id <> l.id
                  LIMIT 1";
    let Some(row) = query(transaction, taken).await? else { return Ok(()) };
    let name: String = row.try_get("", "name")?;
    Err(Error::Conflict(format!("{name} is there already and not of the demo data: rename or delete it first").into()))
}

/// Seals and digests what `secrets.sql` lists; the files after it take the results from `given`.
async fn give_secrets(transaction: &DatabaseTransaction, config: &Config, vault: &Vault) -> Result<()> {
    let passwords = Passwords::new(config.argon2_memory_kib, config.argon2_passes, config.argon2_concurrency)?;
    let mut names = vec!["password".to_owned()];
    let mut values = vec![passwords.hash(accounts::PASSWORD.to_owned()).await?];
    let listed = "SELECT name, plain, place, row_id FROM pg_temp.secret";
    for row in transaction.query_all_raw(Statement::from_string(DbBackend::Postgres, listed)).await? {
        let plain: String = row.try_get("", "plain")?;
        let place: Option<String> = row.try_get("", "place")?;
        names.push(row.try_get("", "name")?);
        values.push(match place {
            None => hex(&token::digest(&plain)),
            Some(place) => {
                let (table, column) = place_of(&place)?;
                vault.seal(Place { table, column, row: row.try_get("", "row_id")? }, &plain).map_err(Error::internal)?
            }
        });
    }
    let sql = "INSERT INTO pg_temp.given (name, value) SELECT * FROM unnest($1::text[], $2::text[])";
    let values = [names.into(), values.into()];
    transaction.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    Ok(())
}

fn place_of(name: &str) -> Result<(&'static str, &'static str)> {
    match name {
        "users.mfa_secret_sealed" => Ok(("users", "mfa_secret_sealed")),
        "projects.database_password_sealed" => Ok(("projects", "database_password_sealed")),
        "databases.connection_string_sealed" => Ok(("databases", "connection_string_sealed")),
        _ => Err(Error::internal(format!("secrets.sql names an unknown column, {name}"))),
    }
}
