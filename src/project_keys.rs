//! A project's keys: its JWT secret and the two long-lived JWTs (`anon`, `service_role`) that are signed with it.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    auth::token,
    error::{Error, Result},
    vault::{Place, Vault},
};

/// Lifetime of the two keys: ten years, as Supabase's.
const LIFETIME_DAYS: i64 = 3_650;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    r#ref: &'a str,
    role: &'static str,
    iat: i64,
    exp: i64,
}

/// The keys of one project, sealed for their row in `credentials`.
#[derive(Debug)]
pub struct SealedKeys {
    /// Key of the row.
    pub id: Uuid,
    /// JWT of the role `anon`.
    pub anon_key: String,
    /// JWT of the role `service_role`.
    pub service_role_key: String,
    /// The secret that signed both.
    pub jwt_secret: String,
}

/// Makes new keys and seals them for the row `id`.
///
/// # Errors
/// [`Error::Internal`] when signing or sealing fails.
pub fn make(vault: &Vault, id: Uuid, project_ref: &str, now: DateTime<Utc>) -> Result<SealedKeys> {
    let secret = Zeroizing::new(token::new());
    let signing = EncodingKey::from_secret(secret.as_bytes());
    let key = |role| {
        let exp = (now + Duration::days(LIFETIME_DAYS)).timestamp();
        let claims = Claims { iss: "ogelbase", r#ref: project_ref, role, iat: now.timestamp(), exp };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &signing).map(Zeroizing::new)
    };
    let seal = |column, secret: &str| {
        vault.seal(Place { table: "credentials", column, row: id }, secret).map_err(Error::internal)
    };
    Ok(SealedKeys {
        id,
        anon_key: seal("anon_key_sealed", &key("anon").map_err(Error::internal)?)?,
        service_role_key: seal("service_role_key_sealed", &key("service_role").map_err(Error::internal)?)?,
        jwt_secret: seal("jwt_secret_sealed", &secret)?,
    })
}

/// Projects whose keys are stored by one statement.
const BATCH: usize = 1_000;

/// Gives keys to every project that has none: a migration makes a project but has no vault. Returns how many.
///
/// # Errors
/// As the statements'.
pub async fn seal_missing(service: &impl ConnectionTrait, vault: &Vault, now: DateTime<Utc>) -> Result<usize> {
    let without = "SELECT p.id, p.organization_id, p.ref FROM platform.projects p
                    WHERE NOT EXISTS (SELECT 1 FROM platform.credentials c WHERE c.project_id = p.id)";
    let rows = service.query_all_raw(Statement::from_string(DbBackend::Postgres, without)).await?;
    for batch in rows.chunks(BATCH) {
        let mut ids: [Vec<Uuid>; 3] = Default::default();
        let mut sealed: [Vec<String>; 3] = Default::default();
        for row in batch {
            let project_ref: String = row.try_get("", "ref")?;
            let keys = make(vault, crate::id::new(), &project_ref, now)?;
            ids[0].push(keys.id);
            ids[1].push(row.try_get("", "id")?);
            ids[2].push(row.try_get("", "organization_id")?);
            sealed[0].push(keys.anon_key);
            sealed[1].push(keys.service_role_key);
            sealed[2].push(keys.jwt_secret);
        }
        let values = ids.map(Into::into).into_iter().chain(sealed.map(Into::into));
        // Another replica may start at the same moment: the first one's keys stay.
        let statement = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "INSERT INTO platform.credentials
                    (id, project_id, organization_id, anon_key_sealed, service_role_key_sealed, jwt_secret_sealed)
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[])
             ON CONFLICT (project_id) DO NOTHING",
            values,
        );
        service.execute_raw(statement).await?;
    }
    Ok(rows.len())
}
