//! Keys of projects. They are sealed; who may read them gets them opened, and that is put on record.

use std::collections::{BTreeSet, HashMap};

use async_graphql::{Context, ID, Object, dataloader::Loader};
use chrono::{DateTime, Utc};
use entity::credentials::{Column, Entity, Safe};
use ipnetwork::IpNetwork;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, PartialModelTrait, QuerySelect, Select, Statement};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::{needs, requires, signed_in},
    id::Kind,
    loader::{Loaders, row_key},
};
use crate::{
    auth::{Permission as P, Principal},
    error::{Error, Result},
    vault::Place,
};

/// The API keys and the signing secret of a project.
#[derive(Debug, Clone)]
pub struct Credentials(Safe);

impl Credentials {
    /// Whether the caller may see that they exist.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_project(P::ProjectsRead, self.0.organization_id, self.0.project_id)
    }

    async fn reveal(&self, context: &Context<'_>, secret: Sealed) -> Result<Option<String>> {
        let Some(sealed) = context.load(Revealed { project_id: self.0.project_id, secret }).await? else {
            return Ok(None);
        };
        let place = Place { table: "credentials", column: secret.column(), row: self.0.id };
        let opened = context.request().vault.open(place, &sealed).map_err(Error::internal)?;
        Ok(Some(opened.as_str().to_owned()))
    }
}

/// The API keys and the signing secret of a project. Whoever has access to the project sees how old they are; reading
/// one writes a record `credentials.revealed` to the audit trail.
#[Object(guard = "signed_in()")]
impl Credentials {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::Credentials.id(self.0.id)
    }

    /// When they were made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When they were last rotated; when they were made, if never.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// JWT with the role `anon`, for clients; its claim `ref` is the project's. Null only if your permission ended at
    /// this very moment. Reading it is recorded.
    #[graphql(directive = requires::apply(P::CredentialsRead.into()), guard = "needs(P::CredentialsRead).in_project_of(self.0.organization_id, self.0.project_id)")]
    async fn anon_key(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.reveal(context, Sealed::AnonKey).await
    }

    /// JWT with the role `service_role`, for servers, which passes all policies of the project's database; its claim
    /// `ref` is the project's. Null only if your permission ended at this very moment. Reading it is recorded.
    #[graphql(directive = requires::apply(P::CredentialsRead.into()), guard = "needs(P::CredentialsRead).in_project_of(self.0.organization_id, self.0.project_id)")]
    async fn service_role_key(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.reveal(context, Sealed::ServiceRoleKey).await
    }

    /// Secret that signs both keys (HMAC with SHA-256). Null only if your permission ended at this very moment.
    /// Reading it is recorded.
    #[graphql(directive = requires::apply(P::CredentialsRead.into()), guard = "needs(P::CredentialsRead).in_project_of(self.0.organization_id, self.0.project_id)")]
    async fn jwt_secret(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.reveal(context, Sealed::JwtSecret).await
    }
}

fn rows() -> Select<Entity> {
    Safe::select_cols(Entity::find().select_only())
}

row_key! {
    /// One project's credentials by their key.
    CredentialsById loads Credentials from rows(), by Column::Id => id
}

row_key! {
    /// The credentials of a project.
    CredentialsOf loads Credentials from rows(), by Column::ProjectId => project_id
}

/// What is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Sealed {
    AnonKey,
    ServiceRoleKey,
    JwtSecret,
}

impl Sealed {
    const fn name(self) -> &'static str {
        match self {
            Self::AnonKey => "anon_key",
            Self::ServiceRoleKey => "service_role_key",
            Self::JwtSecret => "jwt_secret",
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::AnonKey => "anon_key_sealed",
            Self::ServiceRoleKey => "service_role_key_sealed",
            Self::JwtSecret => "jwt_secret_sealed",
        }
    }
}

/// A sealed value of a project, which the database gives only together with a record of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Revealed {
    project_id: Uuid,
    secret: Sealed,
}

/// One record for each project, whatever is read of it.
impl Loader<Revealed> for Loaders {
    type Value = String;
    type Error = Error;

    async fn load(&self, keys: &[Revealed]) -> Result<HashMap<Revealed, String>> {
        // Projects of which the same is read share a statement.
        let mut wanted: HashMap<Uuid, BTreeSet<Sealed>> = HashMap::new();
        for key in keys {
            wanted.entry(key.project_id).or_default().insert(key.secret);
        }
        let mut alike: HashMap<BTreeSet<Sealed>, Vec<Uuid>> = HashMap::new();
        for (project_id, secrets) in wanted {
            alike.entry(secrets).or_default().push(project_id);
        }
        let request = self.request();
        request.keep_record();
        let mut sealed = HashMap::with_capacity(keys.len());
        for (secrets, projects) in alike {
            let names: Vec<String> = secrets.iter().map(|secret| secret.name().to_owned()).collect();
            let statement = Statement::from_sql_and_values(
                DbBackend::Postgres,
                "SELECT s.* FROM unnest($1::uuid[]) wanted
                  CROSS JOIN LATERAL platform_private.sealed_credentials(wanted, $2, $3, $4, $5) s",
                [
                    projects.into(),
                    names.into(),
                    request.client.ip.map(IpNetwork::from).into(),
                    request.client.user_agent.clone().into(),
                    request.client.request_id.clone().into(),
                ],
            );
            for row in self.db().await?.query_all_raw(statement).await? {
                let project_id = row.try_get("", "project_id")?;
                for secret in &secrets {
                    sealed.insert(Revealed { project_id, secret: *secret }, row.try_get("", secret.column())?);
                }
            }
        }
        Ok(sealed)
    }
}
