//! A new key for the vault: what older keys sealed is sealed again with the first of the ring, while servers serve.
//!
//! Each value is one short statement, which writes only where the value is still the one that was opened: what a
//! request changes meanwhile stays.

pub mod command;

use std::fmt;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::{
    audit::{self, Changes, Record, Severity},
    error::{Error, Result},
    vault::{Place, Vault, VaultError},
};

/// A column of sealed values. Its table has the key `id`, which is part of what each value is sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedColumn {
    schema: &'static str,
    table: &'static str,
    column: &'static str,
}

impl fmt::Display for SealedColumn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.schema, self.table, self.column)
    }
}

const fn sealed(schema: &'static str, table: &'static str, column: &'static str) -> SealedColumn {
    SealedColumn { schema, table, column }
}

/// All columns of sealed values; a test compares them with the database's catalog.
pub const SEALED_COLUMNS: &[SealedColumn] = &[
    sealed("platform", "credentials", "anon_key_sealed"),
    sealed("platform", "credentials", "jwt_secret_sealed"),
    sealed("platform", "credentials", "service_role_key_sealed"),
    sealed("platform", "databases", "connection_string_sealed"),
    sealed("platform", "projects", "database_password_sealed"),
    sealed("platform", "users", "mfa_secret_sealed"),
    sealed("platform_private", "outbox", "letter_sealed"),
];

/// How many values of a column a key sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The column.
    pub column: SealedColumn,
    /// The key's id.
    pub key: String,
    /// How many.
    pub values: i64,
}

/// A value that was left as it is.
#[derive(Debug)]
pub struct Left {
    /// Where it is.
    pub column: SealedColumn,
    /// The row's id.
    pub row: Uuid,
    /// Why it does not open.
    pub reason: VaultError,
}

/// What a rotation did.
#[derive(Debug, Default)]
pub struct Rotated {
    /// Values sealed again.
    pub resealed: u64,
    /// Values that do not open.
    pub left: Vec<Left>,
}

/// Counts the values of each column by the key that sealed them.
///
/// # Errors
/// As the statements'.
pub async fn plan(service: &impl ConnectionTrait) -> Result<Vec<Count>> {
    let mut counts = Vec::new();
    for &column in SEALED_COLUMNS {
        let SealedColumn { schema, table, column: name } = column;
        let sql = format!(
            "SELECT split_part({name}, '.', 2) AS key, count(*) AS values FROM {schema}.{table}
              WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY 1"
        );
        for row in all(service, &sql, []).await? {
            counts.push(Count { column, key: row.try_get("", "key")?, values: row.try_get("", "values")? });
        }
    }
    Ok(counts)
}

/// Values read at once.
const PAGE: u64 = 100;

/// Seals again with the ring's first key what others sealed. What does not open is left as it is and returned.
///
/// # Errors
/// As the statements'. What was sealed again by then stays so, and running it again does the rest.
pub async fn rotate(service: &DatabaseConnection, vault: &Vault) -> Result<Rotated> {
    // The content stays the same, so the rows keep the time of their last change (migration 019).
    service.execute_unprepared("SET app.resealing = 'on'").await?;
    let mut rotation = Rotation { service, vault, on_record: false, done: Rotated::default() };
    for &column in SEALED_COLUMNS {
        rotation.rotate(column).await?;
    }
    service.execute_unprepared("RESET app.resealing").await?;
    Ok(rotation.done)
}

/// A rotation on its way.
struct Rotation<'a> {
    service: &'a DatabaseConnection,
    vault: &'a Vault,
    on_record: bool,
    done: Rotated,
}

enum Fate {
    Resealed,
    /// By a request, which sealed it with the ring's first key itself; or the row is gone.
    ChangedMeanwhile,
    Left(VaultError),
}

impl Rotation<'_> {
    async fn rotate(&mut self, column: SealedColumn) -> Result<()> {
        let SealedColumn { schema, table, column: name } = column;
        let page = format!(
            "SELECT id, {name} AS sealed FROM {schema}.{table}
              WHERE split_part({name}, '.', 2) <> $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT {PAGE}"
        );
        let mut last: Option<Uuid> = None;
        loop {
            let rows = all(self.service, &page, [self.vault.primary().into(), last.into()]).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = Some(end.try_get("", "id")?);
            for row in rows {
                let id = row.try_get("", "id")?;
                match self.reseal(column, id, row.try_get("", "sealed")?).await? {
                    Fate::Resealed => self.done.resealed += 1,
                    Fate::ChangedMeanwhile => {}
                    Fate::Left(reason) => self.done.left.push(Left { column, row: id, reason }),
                }
            }
        }
    }

    async fn reseal(&mut self, column: SealedColumn, row: Uuid, mut sealed: String) -> Result<Fate> {
        let SealedColumn { schema, table, column: name } = column;
        let place = Place { table, column: name, row };
        let write = format!("UPDATE {schema}.{table} SET {name} = $1 WHERE id = $2 AND {name} = $3");
        let look = format!("SELECT {name} AS sealed FROM {schema}.{table} WHERE id = $1");
        loop {
            let plain = match self.vault.open(place, &sealed) {
                Ok(plain) => plain,
                Err(reason) => return Ok(Fate::Left(reason)),
            };
            let renewed = self.vault.seal(place, &plain).map_err(Error::internal)?;
            self.put_on_record().await?;
            let values = [renewed.into(), row.into(), sealed.into()];
            let statement = Statement::from_sql_and_values(DbBackend::Postgres, &write, values);
            if self.service.execute_raw(statement).await?.rows_affected() == 1 {
                return Ok(Fate::Resealed);
            }
            // Somebody changed it since it was read: theirs counts. A server that was not told of the new key yet has
            // sealed it with an old one again.
            let now = all(self.service, &look, [row.into()]).await?;
            let now: Option<String> = now.first().map(|row| row.try_get("", "sealed")).transpose()?.flatten();
            match now {
                Some(now) if !self.vault.sealed_last(&now) => sealed = now,
                _ => return Ok(Fate::ChangedMeanwhile),
            }
        }
    }

    /// Before the first value changes, so that a rotation that is cut off is on record as well.
    async fn put_on_record(&mut self) -> Result<()> {
        if !self.on_record {
            let changes = Changes::default().of("key", None::<String>, self.vault.primary());
            let record = Record::new("vault.rotated", "update", "vault").severity(Severity::Warning).changes(changes);
            audit::record_by_operator(self.service, record).await?;
            self.on_record = true;
        }
        Ok(())
    }
}

async fn all(
    service: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>> {
    Ok(service.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?)
}
