//! `ogelbase admin token`: tokens of the service principal.

use chrono::{DateTime, Duration, Utc};
use clap::Subcommand;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use uuid::Uuid;

use super::AdminError;
use crate::{
    auth::service_token::ServiceTokens,
    clock::Clock,
    config::Config,
    db::operator,
    error::{Error, Result},
    secrets,
};

/// What the operator does with service tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Mint a token of the service principal, which may everything; it is printed once
    Token {
        /// What it is for; stands in the audit trail
        #[arg(long)]
        label: String,
        /// Days until it ends
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=366))]
        days: u16,
    },
    /// List the service tokens that were minted
    Tokens,
    /// Revoke a service token, by the id that `admin tokens` shows
    RevokeToken {
        /// Its id
        id: Uuid,
    },
}

/// Runs one of them on the database at `url`; what is returned is for standard output.
///
/// # Errors
/// [`AdminError`] for secrets that cannot be had, a label that cannot be one, and as the statements'.
pub async fn run(command: TokenCommand, config: &Config, url: &str, clock: &Clock) -> Result<String, AdminError> {
    match command {
        TokenCommand::Token { label, days } => {
            let secrets = secrets::resolve(config)?;
            let tokens = ServiceTokens::new(&secrets.jwt);
            let now = clock.now();
            Ok(mint(url, &tokens, &label, now, now + Duration::days(days.into())).await?)
        }
        TokenCommand::Tokens => Ok(list(url).await?),
        TokenCommand::RevokeToken { id } => match revoke(url, id).await? {
            true => Ok(format!("revoked {id}")),
            false => Err(Error::NotFound("a live service token of this id was".into()).into()),
        },
    }
}

/// Lists a new token in the database and signs it.
///
/// # Errors
/// [`Error::InvalidInput`] for a label that is empty or longer than 120 characters; as the statements'.
pub async fn mint(
    url: &str,
    tokens: &ServiceTokens,
    label: &str,
    now: DateTime<Utc>,
    ends: DateTime<Utc>,
) -> Result<String> {
    let label = label.trim();
    if label.is_empty() || label.chars().count() > 120 || label.contains(char::is_control) {
        return Err(Error::invalid("label", "the label must have 1 to 120 characters"));
    }
    let id = crate::id::new();
    let service = operator::connect_as_service(url).await?;
    let sql = "WITH token AS (
                   INSERT INTO platform_private.service_tokens (id, label, expires_at) VALUES ($1, $2, $3)
               )
               SELECT platform_private.record_audit(
                   organization_id => NULL, project_id => NULL, event_type => 'service_token.created',
                   resource_type => 'service_token', resource_id => $1, action => 'create',
                   metadata => jsonb_build_object('after', jsonb_build_object('label', $2::text, 'expiresAt', $3::timestamptz)),
                   severity => 'warning', actor_label => 'operator')";
    execute(&service, sql, [id.into(), label.into(), ends.into()]).await?;
    service.close().await?;
    tokens.mint(id, now, ends)
}

/// Ends a token at once; whether there was a live one of this id.
///
/// # Errors
/// As the statements'.
pub async fn revoke(url: &str, id: Uuid) -> Result<bool> {
    let service = operator::connect_as_service(url).await?;
    let sql = "WITH token AS (
                   UPDATE platform_private.service_tokens SET revoked_at = now()
                    WHERE id = $1 AND revoked_at IS NULL RETURNING id, label
               )
               SELECT platform_private.record_audit(
                          organization_id => NULL, project_id => NULL, event_type => 'service_token.revoked',
                          resource_type => 'service_token', resource_id => token.id, action => 'delete',
                          metadata => jsonb_build_object('before', jsonb_build_object('label', token.label)),
                          severity => 'warning', actor_label => 'operator')
                 FROM token";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [id.into()]);
    let revoked = service.query_one_raw(statement).await?.is_some();
    service.close().await?;
    Ok(revoked)
}

async fn list(url: &str) -> Result<String> {
    let service = operator::connect_as_service(url).await?;
    let sql = "SELECT format('%s  %s  %s  %s', id,
                             CASE WHEN revoked_at IS NOT NULL THEN 'revoked'
                                  WHEN expires_at <= now() THEN 'ended  ' ELSE 'live   ' END,
                             to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"'), label) AS line
                 FROM platform_private.service_tokens ORDER BY created_at, id";
    let rows = service.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let lines: Vec<String> = rows.iter().map(|row| row.try_get("", "line")).collect::<Result<_, _>>()?;
    service.close().await?;
    Ok(lines.join("\n"))
}

async fn execute(
    connection: &DatabaseConnection,
    sql: &str,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Result<()> {
    connection.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    Ok(())
}
