//! Making an API key.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, SubsecRound, Utc};
use entity::api_keys::Safe;
use uuid::Uuid;

use super::ApiKey;
use crate::{
    audit::{self, Changes, Record},
    auth::{Permission as P, Principal, api_key, key::Key, token},
    db::key::{self, NewKey},
    error::{Error, Result},
    graphql::{
        context::{ContextExt, Request},
        guard::{needs, requires},
        id::{self, Kind},
        input,
        project::ProjectById,
    },
};

/// Projects that a key can be confined to, at most.
const MAX_PROJECTS: usize = 100;
/// Requests in a minute that can be asked for, at most.
const MAX_REQUESTS_PER_MINUTE: i32 = 1_000_000;

/// The key that is wanted.
#[derive(Debug, InputObject)]
pub struct CreateApiKeyInput {
    /// Global id of the organization that it acts in.
    pub organization: ID,
    /// Display name, 1 to 120 characters.
    pub name: String,
    /// Permissions by name (`projects:read`), at least one, all of which you hold yourself. Without `organization:read`
    /// and `projects:list` a key finds objects by their global ids alone.
    pub scopes: Vec<String>,
    /// Global ids of the projects that it is confined to, 1 to 100, each of which you have access to; null: all that you
    /// reach, at any time. A key that is confined takes permissions of projects, and of the others `organization:read`,
    /// `members:read`, `flags:read` and `projects:list` alone.
    pub project_ids: Option<Vec<ID>>,
    /// When it ends by itself; null: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// Most requests in a minute, 1 to 1,000,000; null: the server's default.
    pub requests_per_minute: Option<i32>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The new key.
#[derive(Debug, SimpleObject)]
pub struct CreateApiKeyPayload {
    /// What was made.
    pub api_key: ApiKey,
    /// The key itself, to be sent as `Authorization: Bearer ogb_...`. It is shown here and never again.
    pub key: String,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// The mutation.
#[derive(Debug, Default)]
pub struct CreateApiKey;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl CreateApiKey {
    /// Makes an API key, which acts in your name inside one organization. It never may more than you: at each request
    /// its scopes count as far as your role then goes. Who holds `api_keys:write` on their own keys alone may make them
    /// too.
    #[graphql(
        directive = requires::apply(P::ApiKeysWrite.into()),
        guard = "needs(P::ApiKeysWrite).on_own_in_organization_named(\"input.organization\", &input.organization)"
    )]
    async fn create_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key that is wanted.")] input: CreateApiKeyInput,
    ) -> Result<CreateApiKeyPayload> {
        let request = context.request();
        let viewer = context.viewer();
        let maker_id = maker(&viewer)?;
        let organization_id = id::key_of(Kind::Organization, &input.organization, "input.organization")?;
        let name = input::text("input.name", &input.name, 120)?;
        let scopes = scopes(&input.scopes, input.project_ids.is_some())?;
        let project_ids = match &input.project_ids {
            Some(ids) => Some(projects(context, organization_id, ids).await?),
            None => None,
        };
        may_give_all(context, &scopes, organization_id, project_ids.as_deref()).await?;

        let text = api_key::new();
        let key = NewKey {
            id: crate::id::new(),
            organization_id,
            name,
            prefix: api_key::shown(&text).to_owned(),
            hash: token::digest(&text),
            scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            project_ids,
            expires_at: expires_at(request, &viewer, input.expires_at)?,
            requests_per_minute: requests_per_minute(viewer.key(), input.requests_per_minute)?,
        };
        let db = context.db().await?;
        key::create(db, &key).await?;
        let record = Record::new("api_key.created", "create", "api_key")
            .to(key.id)
            .in_organization(organization_id)
            .changes(changes(&key));
        audit::record(db, &request.client, record).await?;
        let api_key = made(key, maker_id, None, request.sessions.clock.now());
        Ok(CreateApiKeyPayload { api_key, key: text, client_mutation_id: input.client_mutation_id })
    }
}

/// In whose name the key will act.
pub(super) fn maker(viewer: &Principal) -> Result<Uuid> {
    viewer.author_id().ok_or(Error::Forbidden { permission: "self" })
}

/// The new key as it is shown. Who may make one need not be allowed to read any, so it is not read back.
pub(super) fn made(key: NewKey, maker_id: Uuid, rotated_from: Option<Uuid>, now: DateTime<Utc>) -> ApiKey {
    ApiKey(Safe {
        id: key.id,
        organization_id: key.organization_id,
        user_id: maker_id,
        name: key.name,
        key_prefix: key.prefix,
        scopes: key.scopes,
        project_ids: key.project_ids,
        last_used_at: None,
        expires_at: key.expires_at,
        revoked_at: None,
        rotated_from,
        requests_per_minute: key.requests_per_minute,
        created_at: now.trunc_subsecs(6),
        updated_at: now.trunc_subsecs(6),
    })
}

/// What a record tells of a new key.
pub(super) fn changes(key: &NewKey) -> Changes {
    let none = serde_json::Value::Null;
    Changes::default()
        .of("name", none.clone(), key.name.clone())
        .of("prefix", none.clone(), key.prefix.clone())
        .of("scopes", none.clone(), key.scopes.clone())
        .of("projectIds", none.clone(), serde_json::json!(key.project_ids))
        .of("expiresAt", none.clone(), serde_json::json!(key.expires_at))
        .of("requestsPerMinute", none, serde_json::json!(key.requests_per_minute))
}

/// The permissions of these names, each once and in the order of the table.
fn scopes(names: &[String], confined: bool) -> Result<Vec<P>> {
    let invalid = |message: String| Err(Error::invalid("input.scopes", message));
    let mut scopes = Vec::new();
    for name in names {
        let Some(scope) = P::named(name) else {
            let shown: String = name.chars().take(60).collect();
            return invalid(format!("{shown:?} is no permission: the table of them is in the documentation"));
        };
        if confined && !scope.suits_some_projects() {
            return invalid(format!(
                "{name} is about the whole organization, not for a key that is confined to projects"
            ));
        }
        scopes.push(scope);
    }
    if scopes.is_empty() {
        return invalid("must name at least one permission".to_owned());
    }
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}

/// The keys of these projects of the organization, all of which the caller has access to.
async fn projects(context: &Context<'_>, organization_id: Uuid, ids: &[ID]) -> Result<Vec<Uuid>> {
    const PATH: &str = "input.projectIds";
    if ids.is_empty() || ids.len() > MAX_PROJECTS {
        return Err(Error::invalid(PATH, format!("has {} ids, 1 to {MAX_PROJECTS} are taken", ids.len())));
    }
    let mut projects = Vec::with_capacity(ids.len());
    for id in ids {
        let project_id = id::key_of(Kind::Project, id, PATH)?;
        let project = context.load(ProjectById(project_id)).await?;
        project
            .filter(|project| project.organization_id() == organization_id)
            .ok_or(Error::NotFound("a project of input.projectIds was".into()))?;
        if !context.viewer().may_in_project(P::ProjectsRead, organization_id, project_id) {
            return Err(Error::Forbidden { permission: P::ProjectsRead.name() });
        }
        projects.push(project_id);
    }
    projects.sort_unstable();
    projects.dedup();
    Ok(projects)
}

/// Nobody makes a key stronger than they are: each scope is the caller's own, in every project that is named, or where
/// none is, in the organization or in one of its projects.
pub(super) async fn may_give_all(
    context: &Context<'_>,
    scopes: &[P],
    organization_id: Uuid,
    project_ids: Option<&[Uuid]>,
) -> Result<()> {
    let viewer = context.viewer();
    let mut shared = Vec::new();
    if project_ids.is_none() && scopes.iter().any(|scope| scope.is_of_project()) {
        for project_id in viewer.shared_project_ids() {
            let project = context.load(ProjectById(project_id)).await?;
            shared.extend(project.filter(|project| project.organization_id() == organization_id).map(|_| project_id));
        }
    }
    for scope in scopes {
        let in_project = |project_id: &Uuid| viewer.may_in_project(*scope, organization_id, *project_id);
        let held = viewer.may_on_own_in_organization(*scope, organization_id)
            || match project_ids {
                Some(project_ids) => project_ids.iter().all(in_project),
                None => shared.iter().any(in_project),
            };
        if !held {
            return Err(Error::Forbidden { permission: scope.name() });
        }
    }
    Ok(())
}

/// An end in the future; what a key makes ends with that key at the latest.
pub(super) fn expires_at(
    request: &Request,
    viewer: &Principal,
    wanted: Option<DateTime<Utc>>,
) -> Result<Option<DateTime<Utc>>> {
    const PATH: &str = "input.expiresAt";
    let wanted = wanted.map(|end| end.trunc_subsecs(6));
    if wanted.is_some_and(|end| end <= request.sessions.clock.now()) {
        return Err(Error::invalid(PATH, "must be in the future"));
    }
    let latest = viewer.key().and_then(|key| key.expires_at);
    match (wanted, latest) {
        (None, Some(_)) => Err(Error::invalid(PATH, "must be given: the API key that makes this one has an end")),
        (Some(end), Some(latest)) if end > latest => {
            Err(Error::invalid(PATH, "must not be after the end of the API key that makes this one"))
        }
        _ => Ok(wanted),
    }
}

/// What a key makes is no faster than that key.
fn requests_per_minute(maker: Option<&Key>, wanted: Option<i32>) -> Result<Option<i32>> {
    const PATH: &str = "input.requestsPerMinute";
    if wanted.is_some_and(|wanted| !(1..=MAX_REQUESTS_PER_MINUTE).contains(&wanted)) {
        return Err(Error::invalid(PATH, format!("must be 1 to {MAX_REQUESTS_PER_MINUTE}")));
    }
    match (wanted, maker.and_then(|key| key.requests_per_minute)) {
        (None, most) => Ok(most),
        (Some(wanted), Some(most)) if wanted > most => {
            Err(Error::invalid(PATH, format!("must be at most {most}, as of the API key that makes this one")))
        }
        (wanted, _) => Ok(wanted),
    }
}
