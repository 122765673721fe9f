//! Who acts: the demo accounts and their like, as the rules see them.

use std::collections::HashMap;

use entity::{organization_members::OrganizationRole, project_members::ProjectRole};
use sea_orm::{ActiveEnum, FromQueryResult};
use uuid::Uuid;

use super::rules::Rule;
use crate::support::{actors::ACCOUNTS, db::Sql};

/// A row as the rules see it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Row {
    pub key: String,
    pub organizations: Vec<Uuid>,
    pub project: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub role: Option<String>,
    pub active: bool,
}

/// Somebody, or something, that SQL runs for.
#[derive(Debug)]
pub struct Actor {
    pub name: String,
    /// What a request of theirs sets in its transaction.
    pub settings: Vec<(&'static str, String)>,
    /// None also where the account is banned: it is in no set.
    user: Option<Uuid>,
    narrowed: Option<Uuid>,
    organizations: HashMap<Uuid, OrganizationRole>,
    projects: HashMap<Uuid, ProjectRole>,
}

#[derive(FromQueryResult)]
struct Held {
    id: Uuid,
    role: String,
}

impl Actor {
    /// Everybody of the matrix. Another kind (a key) is one more here: its settings, and what it may at most.
    pub async fn all(service: &Sql) -> Vec<Self> {
        let mut actors = Vec::new();
        for email in ACCOUNTS {
            actors.push(Self::person(service, email, None).await);
        }
        // Those whom a role in a project alone lets at something, and one who is banned.
        for name in ["paula", "peter", "petra", "pia", "boris"] {
            actors.push(Self::person(service, &format!("{name}@acme.test"), None).await);
        }
        // Under `X-Organization`: one's own organization, the other of one's two, and one that is not one's own.
        for (email, slug) in [("both@acme.test", "acme"), ("both@acme.test", "globex"), ("owner@acme.test", "globex")] {
            actors.push(Self::person(service, email, Some(slug)).await);
        }
        actors.push(Self::anonymous());
        actors
    }

    fn anonymous() -> Self {
        Self {
            name: "anonymous".to_owned(),
            settings: vec![("app.current_user_id", String::new()), ("app.current_org_id", String::new())],
            user: None,
            narrowed: None,
            organizations: HashMap::new(),
            projects: HashMap::new(),
        }
    }

    async fn person(service: &Sql, email: &str, narrowed: Option<&str>) -> Self {
        let id: Uuid = service.one("SELECT id FROM platform.users WHERE email = $1", [email.into()]).await;
        let banned: bool = service
            .one("SELECT coalesce(banned_until > now(), false) FROM platform.users WHERE id = $1", [id.into()])
            .await;
        let organization: Option<Uuid> = match narrowed {
            None => None,
            Some(slug) => {
                Some(service.one("SELECT id FROM platform.organizations WHERE slug = $1", [slug.into()]).await)
            }
        };
        let only = organization.map(|id| format!("AND organization_id = '{id}'")).unwrap_or_default();
        let organizations = held(
            service,
            &format!(
                "SELECT organization_id AS id, role FROM platform.organization_members WHERE user_id = '{id}' {only}"
            ),
        )
        .await;
        let projects = held(
            service,
            &format!("SELECT project_id AS id, role FROM platform.project_members WHERE user_id = '{id}' {only}"),
        )
        .await;
        Self {
            name: format!("{email}{}", narrowed.map(|slug| format!(" narrowed to {slug}")).unwrap_or_default()),
            settings: vec![
                ("app.current_user_id", id.to_string()),
                ("app.current_org_id", organization.map(|id| id.to_string()).unwrap_or_default()),
            ],
            user: (!banned).then_some(id),
            narrowed: organization,
            organizations: if banned { HashMap::new() } else { organizations },
            projects: if banned { HashMap::new() } else { projects },
        }
    }

    /// The user whom rows may name, when there is one who may act.
    pub fn user(&self) -> Option<Uuid> {
        self.user
    }

    /// Whether the row is of an organization of the actor's, or the actor's own.
    pub fn owns(&self, row: &Row) -> bool {
        self.belongs(row) || (row.user_id.is_some() && row.user_id == self.user)
    }

    /// Whether the actor has a role in the project itself.
    pub fn is_in(&self, project: Uuid) -> bool {
        self.projects.contains_key(&project)
    }

    /// Whether the actor has a tenant at all.
    pub fn has_tenant(&self) -> bool {
        !self.organizations.is_empty()
    }

    fn belongs(&self, row: &Row) -> bool {
        row.organizations.iter().any(|id| self.organizations.contains_key(id))
    }

    /// Whether the rules let the actor at the row.
    pub fn may(&self, rule: &Rule, row: &Row) -> bool {
        let holds = |permission: ogelbase::auth::Permission| {
            let roles = row.organizations.iter().filter_map(|id| self.organizations.get(id));
            roles.into_iter().any(|role| permission.granted_by_organization_role(*role))
        };
        match rule {
            Rule::NoGrant => false,
            Rule::Active => row.active,
            Rule::SignedIn => self.user.is_some(),
            Rule::Member => self.belongs(row),
            Rule::In(permission) => holds(*permission),
            Rule::InProject(permission) => {
                let role = row.project.and_then(|project| self.projects.get(&project));
                holds(*permission) || role.is_some_and(|role| permission.granted_by_project_role(*role))
            }
            Rule::Oneself => self.user.is_some() && row.user_id == self.user,
            Rule::LooksAt => self.narrowed.is_none_or(|organization| row.organizations.contains(&organization)),
            Rule::NoOwner => row.role.as_deref() != Some("owner"),
            Rule::Any(rules) => rules.iter().any(|rule| self.may(rule, row)),
            Rule::All(rules) => rules.iter().all(|rule| self.may(rule, row)),
        }
    }
}

async fn held<R: ActiveEnum<Value = String>>(service: &Sql, sql: &str) -> HashMap<Uuid, R> {
    let held: Vec<Held> = service.rows(sql).await;
    held.into_iter().map(|held| (held.id, R::try_from_value(&held.role).unwrap())).collect()
}
