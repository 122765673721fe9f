//! Replacing an API key.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

use super::{
    ApiKey,
    create::{changes, expires_at, made, maker, may_give_all},
    read_again, writable,
};
use crate::{
    audit::{self, Record},
    auth::{Permission as P, api_key, token},
    db::key::{self, NewKey, Successor},
    error::{Error, Result},
    graphql::{context::ContextExt, guard::requires, project::ProjectById},
};

const DAY: i32 = 24 * 60 * 60;
const LONGEST_OVERLAP: i32 = 7 * DAY;

/// Which key is replaced, and how.
#[derive(Debug, InputObject)]
pub struct RotateApiKeyInput {
    /// Global id of the key.
    pub api_key: ID,
    /// For how many seconds the old key still works beside the new one: 0 to 604800 (7 days).
    #[graphql(default = 86_400)]
    pub overlap_seconds: i32,
    /// When the new key ends by itself; null: it lives as long as the old one was to live, from now on.
    pub expires_at: Option<DateTime<Utc>>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The new key and the old one.
#[derive(Debug, SimpleObject)]
pub struct RotateApiKeyPayload {
    /// The new key, with the name, the scopes and the projects of the old one.
    pub api_key: ApiKey,
    /// The new key itself. It is shown here and never again.
    pub key: String,
    /// The old key, with its new end.
    pub replaced: ApiKey,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// The mutation.
#[derive(Debug, Default)]
pub struct RotateApiKey;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl RotateApiKey {
    /// Replaces an API key: makes a new one with the same scopes and projects, and lets both work for a while. The new
    /// key acts in your name, also when the old one was somebody else's, so you need to hold its scopes. Projects that are
    /// gone are left out. A key that has ended, that was rotated already, or all of whose projects are gone, is refused
    /// with CONFLICT.
    #[graphql(directive = requires::apply(P::ApiKeysWrite.into()))]
    async fn rotate_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which key is replaced, and how.")] input: RotateApiKeyInput,
    ) -> Result<RotateApiKeyPayload> {
        let request = context.request();
        let viewer = context.viewer();
        let old = writable(context, &input.api_key, "input.apiKey").await?;
        let maker_id = maker(&viewer)?;
        if !(0..=LONGEST_OVERLAP).contains(&input.overlap_seconds) {
            return Err(Error::invalid("input.overlapSeconds", format!("must be 0 to {LONGEST_OVERLAP}")));
        }
        let scopes: Vec<P> = old.scopes.iter().filter_map(|name| P::named(name)).collect();
        let project_ids = match &old.project_ids {
            Some(confined_to) => Some(standing(context, old.organization_id, confined_to).await?),
            None => None,
        };
        may_give_all(context, &scopes, old.organization_id, project_ids.as_deref()).await?;
        let now = request.sessions.clock.now().trunc_subsecs(6);
        let ends = match (input.expires_at, old.expires_at) {
            (Some(wanted), _) => expires_at(request, &viewer, Some(wanted))?,
            (None, lived) => {
                let as_before = lived.map(|end| now + (end - old.created_at));
                let latest = viewer.key().and_then(|key| key.expires_at);
                as_before.into_iter().chain(latest).min()
            }
        };

        let text = api_key::new();
        let successor = Successor {
            id: crate::id::new(),
            prefix: api_key::shown(&text).to_owned(),
            hash: token::digest(&text),
            expires_at: ends,
            overlap_seconds: input.overlap_seconds,
        };
        let db = context.db().await?;
        key::rotate(db, old.id, &successor).await?;
        let new = NewKey {
            id: successor.id,
            organization_id: old.organization_id,
            name: old.name,
            prefix: successor.prefix,
            hash: successor.hash,
            scopes: old.scopes,
            project_ids,
            expires_at: ends,
            requests_per_minute: old.requests_per_minute,
        };
        let record = Record::new("api_key.rotated", "create", "api_key")
            .to(new.id)
            .in_organization(old.organization_id)
            .changes(changes(&new).of("rotatedFrom", serde_json::Value::Null, old.id.to_string()));
        audit::record(db, &request.client, record).await?;
        Ok(RotateApiKeyPayload {
            api_key: made(new, maker_id, Some(old.id), now),
            key: text,
            replaced: read_again(db, old.id).await?,
            client_mutation_id: input.client_mutation_id,
        })
    }
}

/// Of the projects that a key is confined to those that are still the organization's.
async fn standing(context: &Context<'_>, organization_id: Uuid, confined_to: &[Uuid]) -> Result<Vec<Uuid>> {
    let viewer = context.viewer();
    let sees_all = viewer.may_in_organization(P::ProjectsList, organization_id)
        && viewer.key().is_none_or(|key| key.confinement().is_none());
    let mut standing = Vec::with_capacity(confined_to.len());
    for project_id in confined_to {
        let found = context.load(ProjectById(*project_id)).await?;
        let is_there = found.is_some_and(|project| project.organization_id() == organization_id);
        // Who does not see them all cannot tell one that is gone from one that is out of reach.
        if is_there && viewer.may_in_project(P::ProjectsRead, organization_id, *project_id) {
            standing.push(*project_id);
        } else if is_there || !sees_all {
            return Err(Error::Forbidden { permission: P::ProjectsRead.name() });
        }
    }
    if standing.is_empty() {
        return Err(Error::Conflict("all projects of this API key are gone: make a new one".into()));
    }
    Ok(standing)
}
