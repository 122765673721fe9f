//! Who walks: nobody, and the demo accounts with the roles that the database has for them.

use std::collections::HashMap;

use entity::{organization_members::OrganizationRole, project_members::ProjectRole};
use ogelbase::{
    auth::{Permission, api_key, token},
    db::bootstrap::hex,
};
use sea_orm::{ActiveEnum, FromQueryResult};
use uuid::Uuid;

use super::objects::Place;
use crate::support::{
    actors::{ACCOUNTS, Actor},
    app::App,
    db::Sql,
    tenants::Session,
};

/// Sessions of each person: one to ask with, and one for each mutation of the session itself, which may end it.
const SESSIONS: i32 = 60;

/// Somebody who asks.
#[derive(Debug)]
pub struct Person<'a> {
    /// The column in the snapshot.
    pub label: &'static str,
    pub user: Option<Uuid>,
    /// The organization that counts as theirs, and one that is foreign.
    pub home: Option<Uuid>,
    pub away: Uuid,
    pub reader: Actor<'a>,
    spare: Vec<Actor<'a>>,
    narrowed: Option<Uuid>,
    /// What an API key has of its maker's permissions; none: it is a person.
    scopes: Option<&'static [Permission]>,
    organizations: HashMap<Uuid, OrganizationRole>,
    projects: HashMap<Uuid, ProjectRole>,
}

/// Column, account, the organization that they narrow their requests to, their own and a foreign one.
type Standing = (&'static str, &'static str, Option<&'static str>, &'static str, &'static str);

/// `both` belongs to acme and globex: only Lancio, the first tenant, is foreign, unless a request is narrowed.
const STANDINGS: [Standing; 8] = [
    ("owner", "owner@acme.test", None, "acme", "globex"),
    ("admin", "admin@acme.test", None, "acme", "globex"),
    ("developer", "developer@acme.test", None, "acme", "globex"),
    ("billing", "billing@acme.test", None, "acme", "globex"),
    ("member", "member@acme.test", None, "acme", "globex"),
    ("outsider", "outsider@globex.test", None, "globex", "acme"),
    ("both", "both@acme.test", None, "acme", "lancio"),
    ("in globex", "both@acme.test", Some("globex"), "globex", "acme"),
];

#[derive(Debug, FromQueryResult)]
struct Role {
    user_id: Uuid,
    organization_id: Uuid,
    project_id: Option<Uuid>,
    role: String,
}

const ROLES: &str = "SELECT user_id, organization_id, NULL::uuid AS project_id, role FROM platform.organization_members
    UNION ALL SELECT user_id, organization_id, project_id, role FROM platform.project_members";

/// Nobody first, then every demo account.
pub async fn everybody<'a>(app: &'a App, service: &Sql) -> Vec<Person<'a>> {
    for account in ACCOUNTS {
        assert!(STANDINGS.iter().any(|standing| standing.1 == account), "{account} does not walk: give it a standing");
    }
    let roles: Vec<Role> = service.rows(ROLES).await;
    let organization = async |slug: &str| -> Uuid {
        service.one("SELECT id FROM platform.organizations WHERE slug = $1", [slug.into()]).await
    };
    let mut people = vec![Person {
        label: "anonymous",
        user: None,
        home: None,
        away: organization("acme").await,
        reader: app.anonymous(),
        spare: vec![app.anonymous(); SESSIONS as usize],
        narrowed: None,
        scopes: None,
        organizations: HashMap::new(),
        projects: HashMap::new(),
    }];
    for (label, email, narrowed, home, away) in STANDINGS {
        let user = app.user_id(email).await;
        let session = |session: &Session| match narrowed {
            Some(slug) => app.holder_of(session).in_organization(slug),
            None => app.holder_of(session),
        };
        let mut spare: Vec<_> = service.make_sessions(user, SESSIONS).await.iter().map(session).collect();
        let home = organization(home).await;
        let narrowed = narrowed.map(|_| home);
        let mine = roles.iter().filter(|role| role.user_id == user);
        let mine = mine.filter(|role| narrowed.is_none_or(|only| only == role.organization_id));
        let (in_projects, in_organizations): (Vec<_>, Vec<_>) = mine.partition(|role| role.project_id.is_some());
        people.push(Person {
            label,
            user: Some(user),
            home: Some(home),
            away: organization(away).await,
            reader: spare.pop().unwrap(),
            spare,
            narrowed,
            scopes: None,
            organizations: in_organizations
                .into_iter()
                .map(|role| (role.organization_id, OrganizationRole::try_from_value(&role.role).unwrap()))
                .collect(),
            projects: in_projects
                .into_iter()
                .map(|role| (role.project_id.unwrap(), ProjectRole::try_from_value(&role.role).unwrap()))
                .collect(),
        });
    }
    people.push(key(app, service, &people[1]).await);
    people
}

/// What the walk's API key may: not all that there is to read, and a little to write.
const SCOPES: &[Permission] = &[
    Permission::OrganizationRead,
    Permission::MembersRead,
    Permission::ProjectsList,
    Permission::OrganizationWrite,
    Permission::ApiKeysRead,
    Permission::ProjectsRead,
    Permission::InfrastructureRead,
    Permission::CredentialsRead,
];

/// A program with a key of this person's.
async fn key<'a>(app: &'a App, service: &Sql, maker: &Person<'a>) -> Person<'a> {
    let text = api_key::new();
    let scopes: Vec<String> = SCOPES.iter().map(|scope| scope.name().to_owned()).collect();
    let digest = hex(&token::digest(&text));
    service
        .run_with(
            "INSERT INTO platform.api_keys (organization_id, user_id, name, key_prefix, key_hash, scopes, created_at)
             VALUES ($1, $2, 'Walk', 'ogb_walk', $3, $4, now() - interval '1 day')",
            [maker.home.into(), maker.user.into(), digest.into(), scopes.into()],
        )
        .await;
    let mut reader = app.anonymous();
    reader.access_token = Some(text);
    Person {
        label: "key",
        user: None,
        home: maker.home,
        away: maker.away,
        spare: vec![reader.clone(); SESSIONS as usize],
        reader,
        narrowed: maker.home,
        scopes: Some(SCOPES),
        organizations: maker.organizations.clone(),
        projects: maker.projects.clone(),
    }
}

impl<'a> Person<'a> {
    /// A session that nothing was done with yet.
    pub fn afresh(&mut self) -> Actor<'a> {
        self.spare.pop().expect("more mutations of the session than sessions: raise SESSIONS")
    }

    fn has(&self, permission: Permission) -> bool {
        self.scopes.is_none_or(|scopes| scopes.contains(&permission))
    }

    pub fn is_key(&self) -> bool {
        self.scopes.is_some()
    }

    pub fn is_signed_in(&self) -> bool {
        self.user.is_some() || self.is_key()
    }

    /// Whether they belong there, as far as this request looks.
    pub fn belongs_to(&self, organization: Uuid) -> bool {
        self.organizations.contains_key(&organization)
    }

    /// Whether they hold the permission there, by a role in the organization or in the project.
    pub fn holds(&self, permission: Permission, place: &Place) -> bool {
        let role = place.organization.and_then(|organization| self.organizations.get(&organization));
        let in_project = place.project.and_then(|project| self.projects.get(&project));
        self.has(permission)
            && (role.is_some_and(|role| permission.granted_by_organization_role(*role))
                || in_project.is_some_and(|role| permission.granted_by_project_role(*role)))
    }

    /// Whether they hold the permission there at least on what they made.
    pub fn holds_on_own(&self, permission: Permission, place: &Place) -> bool {
        let role = place.organization.and_then(|organization| self.organizations.get(&organization));
        self.holds(permission, place)
            || (self.has(permission) && role.is_some_and(|role| permission.granted_on_own_by(*role)))
    }

    /// Whether it is about them or made by them.
    pub fn is_behind(&self, place: &Place) -> bool {
        self.user.is_some() && self.user == place.user
    }

    /// Whether they ask under `X-Organization`.
    pub fn is_narrowed(&self) -> bool {
        self.narrowed.is_some()
    }

    /// Whether this request is about rows of that organization.
    pub fn looks_at(&self, organization: Option<Uuid>) -> bool {
        self.narrowed.is_none() || self.narrowed == organization
    }
}
