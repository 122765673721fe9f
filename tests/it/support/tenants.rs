//! People and organizations of a test's own, made by SQL: as many as it needs, and without a password to check.

use ogelbase::{auth::jwt::AccessTokens, clock::Clock};
use uuid::Uuid;

use super::{
    actors::Actor,
    app::{App, config},
    db::Sql,
};

/// A session, and the access token that proves it.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: Uuid,
    pub access_token: String,
}

/// All of these are for the service role.
impl Sql {
    pub async fn make_person(&self, email: &str) -> Uuid {
        self.one("INSERT INTO platform.users (email) VALUES ($1) RETURNING id", [email.into()]).await
    }

    /// An organization with so many members, `owner` the first of them, and so many projects. The first three members
    /// have a role in each project.
    pub async fn make_organization(&self, owner: Uuid, slug: &str, members: i32, projects: i32) -> Uuid {
        self.one(
            "WITH organization AS (
                 INSERT INTO platform.organizations (name, slug) VALUES ($2, $2) RETURNING id
             ), people AS (
                 INSERT INTO platform.users (email)
                 SELECT format('%s-%s@people.test', $2, n) FROM generate_series(2, $3::int) n RETURNING id
             ), members AS (
                 SELECT user_id, row_number() OVER (ORDER BY is_owner DESC, user_id) AS n
                   FROM (SELECT $1::uuid AS user_id, true AS is_owner UNION ALL SELECT id, false FROM people) m
             ), memberships AS (
                 INSERT INTO platform.organization_members (organization_id, user_id, role, joined_at)
                 SELECT organization.id, user_id, CASE n WHEN 1 THEN 'owner' ELSE 'member' END,
                        now() - interval '1 year' + n * interval '1 minute'
                   FROM organization, members
             ), projects AS (
                 INSERT INTO platform.projects (organization_id, name, ref, slug)
                 SELECT id, format('%s %s', $2, n), format('%s-%s', $2, n), n::text
                   FROM organization, generate_series(1, $4::int) n RETURNING id, organization_id
             ), project_members AS (
                 INSERT INTO platform.project_members (project_id, organization_id, user_id, role)
                 SELECT id, organization_id, user_id, 'developer' FROM projects, members WHERE n <= 3
             )
             SELECT id FROM organization",
            [owner.into(), slug.into(), members.into(), projects.into()],
        )
        .await
    }

    /// So many sessions of one person.
    pub async fn make_sessions(&self, user: Uuid, count: i32) -> Vec<Session> {
        let name = Uuid::now_v7();
        let ids: Vec<Uuid> = self
            .column(
                "WITH sessions AS (
                     INSERT INTO platform.user_sessions (user_id, token_hash, expires_at)
                     SELECT $1, encode(sha256(convert_to(format('%s-%s', $2, n), 'UTF8')), 'hex'), now() + interval '1 hour'
                       FROM generate_series(1, $3::int) n RETURNING id, token_hash
                 )
                 SELECT s.id FROM generate_series(1, $3::int) n
                   JOIN sessions s ON s.token_hash = encode(sha256(convert_to(format('%s-%s', $2, n), 'UTF8')), 'hex')
                  ORDER BY n",
                [user.into(), name.to_string().into(), count.into()],
            )
            .await;
        let tokens = AccessTokens::new(&config("").jwt_secret.unwrap(), 900);
        let now = Clock::system().now();
        let session = |(index, id)| {
            let session_token = format!("{name}-{}", index + 1);
            Session { id, access_token: tokens.sign(user, &session_token, now).unwrap().0 }
        };
        ids.into_iter().enumerate().map(session).collect()
    }
}

impl App {
    /// Who holds this session.
    pub fn holder_of(&self, session: &Session) -> Actor<'_> {
        let mut actor = self.anonymous();
        actor.access_token = Some(session.access_token.clone());
        actor
    }
}
