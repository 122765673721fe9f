//! The two roles and the two schemas (data-model.md, "Ownership and roles"). Roles belong to the whole cluster, so
//! making them tolerates that somebody else made them, and nothing here ever drops one.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::error::{Error, Result};

/// Owns both schemas; migrations, jobs and the service principal work under it.
pub const SERVICE: &str = "ogelbase_service";
/// Requests of people, keys and anonymous callers work under it. Owns nothing.
pub const APP: &str = "ogelbase_app";

/// Why the roles are not there.
#[derive(Debug, thiserror::Error)]
pub enum RolesError {
    /// The login role may not make them; the message holds the statements that somebody has to run who may.
    #[error(
        "the role {login} may not prepare the database (PostgreSQL said: {reason}). Have a superuser run in it:\n\
         {statements}\nthen start again."
    )]
    Forbidden {
        /// The login role.
        login: String,
        /// PostgreSQL's words.
        reason: String,
        /// SQL, one statement a line.
        statements: String,
    },
    /// Anything else.
    #[error(transparent)]
    Database(#[from] Error),
}

/// What is missing, as the statements that would mend it.
async fn missing(connection: &DatabaseConnection) -> Result<(String, Vec<String>)> {
    // Being a member is one thing from PostgreSQL 16 on, being allowed to take the role another: who makes a role
    // there becomes its administrator only. A superuser may take every role.
    let sql = "SELECT quote_ident(current_user) AS login, quote_ident(current_database()) AS database,
                      EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1) AS has_service,
                      EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1 AND rolbypassrls) AS service_bypasses,
                      EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $2) AS has_app,
                      (SELECT pg_has_role(oid, taking.word) FROM pg_roles WHERE rolname = $1) AS takes_service,
                      (SELECT pg_has_role(oid, taking.word) FROM pg_roles WHERE rolname = $2) AS takes_app,
                      (SELECT has_database_privilege(oid, current_database(), 'CREATE')
                         FROM pg_roles WHERE rolname = $1) AS may_create
                 FROM (SELECT CASE WHEN current_setting('server_version_num')::int >= 160000
                                   THEN 'SET' ELSE 'MEMBER' END) taking (word)";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [SERVICE.into(), APP.into()]);
    let row = connection.query_one_raw(statement).await?.ok_or_else(|| Error::internal("no row of roles"))?;
    let is = |name: &str| row.try_get::<Option<bool>>("", name).map(Option::unwrap_or_default);
    let login: String = row.try_get("", "login")?;
    let database: String = row.try_get("", "database")?;
    let mut statements = Vec::new();
    if !is("has_service")? {
        statements.push(format!("CREATE ROLE {SERVICE} NOLOGIN BYPASSRLS;"));
    } else if !is("service_bypasses")? {
        statements.push(format!("ALTER ROLE {SERVICE} BYPASSRLS;"));
    }
    if !is("has_app")? {
        statements.push(format!("CREATE ROLE {APP} NOLOGIN;"));
    }
    if !is("takes_service")? {
        statements.push(format!("GRANT {SERVICE} TO {login};"));
    }
    if !is("takes_app")? {
        statements.push(format!("GRANT {APP} TO {login};"));
    }
    if !is("may_create")? {
        statements.push(format!("GRANT CREATE ON DATABASE {database} TO {SERVICE};"));
    }
    Ok((login, statements))
}

/// Makes the roles where they are missing, then the schemas.
///
/// # Errors
/// [`RolesError::Forbidden`] with the statements for a superuser, when the login role may not make them.
pub async fn prepare(connection: &DatabaseConnection) -> std::result::Result<(), RolesError> {
    // Another database of the cluster may be prepared at this moment: then a statement fails because its work was
    // done meanwhile, and the next look finds less missing. Where it finds the same, trying again does not help.
    let mut before = Vec::new();
    let mut reason = None;
    loop {
        let (login, statements) = missing(connection).await?;
        if statements.is_empty() {
            return make_schemas(connection).await;
        }
        if statements == before {
            // A GRANT that may not be made is no error to PostgreSQL, but a warning.
            let reason = reason.unwrap_or_else(|| "no privileges were granted".to_owned());
            return Err(RolesError::Forbidden { login, reason, statements: statements.join("\n") });
        }
        for statement in &statements {
            if let Err(error) = connection.execute_unprepared(statement).await {
                reason = Some(error.to_string());
                break;
            }
        }
        before = statements;
    }
}

async fn make_schemas(connection: &DatabaseConnection) -> std::result::Result<(), RolesError> {
    let sql = format!(
        "SET ROLE {SERVICE};
         CREATE SCHEMA IF NOT EXISTS platform;
         CREATE SCHEMA IF NOT EXISTS platform_private;
         GRANT USAGE ON SCHEMA platform, platform_private TO {APP};
         RESET ROLE"
    );
    connection.execute_unprepared(&sql).await.map_err(Error::from)?;
    Ok(())
}
