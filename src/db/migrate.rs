//! Migrations, applied once however many replicas start at the same time.

use migration::{MigrationStatus, Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{Database, operator, roles, roles::RolesError};
use crate::{
    auth::permission,
    error::{Error, Result},
};

/// Key of the advisory lock that one migrating server holds ("ogelbase" in ASCII).
const LOCK: i64 = 0x6f67_656c_6261_7365;

/// A connection that holds the lock; closing it lets the lock go.
struct Locked(DatabaseConnection);

impl Locked {
    async fn take(url: &str) -> std::result::Result<Self, RolesError> {
        let connection = operator::connect_as_login(url).await?;
        let lock = format!("SELECT pg_advisory_lock({LOCK})");
        connection.execute_unprepared(&lock).await.map_err(Error::from)?;
        roles::prepare(&connection).await?;
        let role = "SET ROLE ogelbase_service; SET search_path = platform_private";
        connection.execute_unprepared(role).await.map_err(Error::from)?;
        Ok(Self(connection))
    }

    async fn let_go(self) -> Result<()> {
        Ok(self.0.close().await?)
    }
}

/// Prepares roles and schemas, applies what is missing, and copies the permission table into the database.
///
/// # Errors
/// [`RolesError::Forbidden`] with what a superuser has to run; otherwise as the statements'.
pub async fn up(url: &str) -> std::result::Result<(), RolesError> {
    let locked = Locked::take(url).await?;
    Migrator::up(&locked.0, None).await.map_err(Error::from)?;
    write_permissions(&locked.0).await?;
    locked.let_go().await?;
    Ok(())
}

/// Takes back the last `steps` migrations, or all: then nothing of ours is left in the database.
///
/// # Errors
/// As the statements'.
pub async fn down(url: &str, steps: Option<u32>) -> std::result::Result<(), RolesError> {
    let locked = Locked::take(url).await?;
    Migrator::down(&locked.0, steps).await.map_err(Error::from)?;
    let left = Migrator::get_applied_migrations(&locked.0).await.map_err(Error::from)?;
    if left.is_empty() {
        drop_schemas(&locked.0).await?;
    }
    locked.let_go().await?;
    Ok(())
}

/// Drops everything and applies all migrations anew. All data is lost.
///
/// # Errors
/// As the statements'.
pub async fn fresh(url: &str) -> std::result::Result<(), RolesError> {
    let locked = Locked::take(url).await?;
    drop_schemas(&locked.0).await?;
    locked.let_go().await?;
    up(url).await
}

/// All migrations in their order, each with whether it was applied.
///
/// # Errors
/// As the statements'.
pub async fn status(url: &str) -> Result<Vec<(String, bool)>> {
    let connection = operator::connect_as_login(url).await?;
    // Refused where there are no roles yet, and then there is no ledger to read either.
    let _ = connection.execute_unprepared("SET ROLE ogelbase_service").await;
    connection.execute_unprepared("SET search_path = platform_private").await?;
    let all = Migrator::get_migration_with_status_read_only(&connection).await?;
    let all = all
        .into_iter()
        .map(|migration| (migration.name().to_owned(), migration.status() == MigrationStatus::Applied))
        .collect();
    connection.close().await?;
    Ok(all)
}

/// Whether the database has exactly this server's migrations.
///
/// # Errors
/// [`Error::Unavailable`] without a database.
pub async fn is_current(database: &Database) -> Result<bool> {
    let (transaction, _) = database.begin(&super::Opening::Anonymous).await?;
    let sql = "SELECT platform_private.applied_migrations() AS applied";
    let row = transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    transaction.roll_back_in_background().await;
    let applied: Vec<String> = match row.map_err(Error::from) {
        Ok(Some(row)) => row.try_get("", "applied")?,
        Err(error @ Error::Unavailable(_)) => return Err(error),
        // Before the first migration there is no such function.
        Ok(None) | Err(_) => return Ok(false),
    };
    let wanted = Migrator::migrations();
    Ok(wanted.len() == applied.len()
        && wanted.iter().all(|migration| applied.iter().any(|name| name == migration.name())))
}

async fn drop_schemas(connection: &DatabaseConnection) -> Result<()> {
    let sql = "DROP SCHEMA IF EXISTS platform CASCADE; DROP SCHEMA IF EXISTS platform_private CASCADE;
               ALTER DEFAULT PRIVILEGES FOR ROLE ogelbase_service GRANT EXECUTE ON FUNCTIONS TO PUBLIC";
    connection.execute_unprepared(sql).await?;
    Ok(())
}

/// The database's copy of the permission table is what its policies read. The names are constants of this program.
async fn write_permissions(connection: &DatabaseConnection) -> Result<()> {
    let rows: Vec<String> = permission::rows()
        .into_iter()
        .map(|(scope, role, permission)| format!("('{scope}', '{role}', '{permission}')"))
        .collect();
    let sql = format!(
        "BEGIN;
         LOCK TABLE platform_private.role_permissions IN SHARE ROW EXCLUSIVE MODE;
         DELETE FROM platform_private.role_permissions;
         INSERT INTO platform_private.role_permissions (scope, role, permission) VALUES {};
         COMMIT",
        rows.join(", ")
    );
    connection.execute_unprepared(&sql).await?;
    Ok(())
}
