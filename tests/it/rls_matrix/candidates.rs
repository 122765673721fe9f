//! Rows that somebody tries to insert, and roles that somebody tries to lift: each is one statement, because what a
//! policy refuses of it is an error.

use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{
    actors::{Actor, Row},
    rules::{Rule, Table},
};
use crate::support::db::Sql;

/// What there is to insert into.
#[derive(Debug)]
pub struct Places {
    organizations: Vec<Uuid>,
    projects: Vec<Project>,
    flag: Uuid,
}

#[derive(Debug, FromQueryResult)]
struct Project {
    id: Uuid,
    organization_id: Uuid,
    /// Somebody of the organization who is not in the project.
    stranger: Uuid,
    /// The row of a member of the project, and of the organization, who is no owner.
    member_row: Uuid,
    colleague_row: Uuid,
}

/// A statement that the rules allow if and only if they allow its row.
#[derive(Debug)]
pub struct Candidate {
    pub what: String,
    pub rule: Rule,
    pub row: Row,
    /// Run before it by the owner, and taken back like it: what stands in its way.
    pub room: String,
    pub statement: String,
}

impl Places {
    pub async fn read(service: &Sql) -> Self {
        let colleague = "SELECT m.id FROM platform.organization_members m WHERE m.organization_id = p.organization_id
                            AND m.role = 'member' ORDER BY m.id LIMIT 1";
        Self {
            organizations: service.column("SELECT id FROM platform.organizations ORDER BY slug", []).await,
            projects: service
                .rows(&format!(
                    "SELECT p.id, p.organization_id,
                            (SELECT m.user_id FROM platform.organization_members m
                              WHERE m.organization_id = p.organization_id AND NOT EXISTS (
                                    SELECT FROM platform.project_members s
                                     WHERE s.project_id = p.id AND s.user_id = m.user_id)
                              ORDER BY m.user_id LIMIT 1) AS stranger,
                            (SELECT s.id FROM platform.project_members s
                              WHERE s.project_id = p.id AND s.role <> 'owner' ORDER BY s.id LIMIT 1) AS member_row,
                            ({colleague}) AS colleague_row
                       FROM platform.projects p JOIN platform.organizations o ON o.id = p.organization_id
                      WHERE o.slug IN ('acme', 'globex') ORDER BY p.ref"
                ))
                .await,
            flag: service.one("SELECT id FROM platform.feature_flags ORDER BY flag_key LIMIT 1", []).await,
        }
    }

    /// What `actor` tries with the table.
    pub fn candidates(&self, table: &Table, actor: &Actor) -> Vec<Candidate> {
        match table.name {
            "projects" => self.of_organizations(table, "projects", |organization| {
                (
                    "SELECT 1".to_owned(),
                    format!("(organization_id, name, ref, slug) VALUES ('{organization}', 'M', 'matrix', 'matrix')"),
                )
            }),
            "customer_profiles" => self.of_organizations(table, "customer_profiles", |organization| {
                (
                    format!("DELETE FROM platform.customer_profiles WHERE organization_id = '{organization}'"),
                    format!("(organization_id, city) VALUES ('{organization}', 'Matrix')"),
                )
            }),
            "organization_feature_flags" => {
                self.of_organizations(table, "organization_feature_flags", |organization| {
                    (
                        format!("DELETE FROM platform.organization_feature_flags WHERE flag_id = '{}'", self.flag),
                        format!("(organization_id, flag_id, enabled) VALUES ('{organization}', '{}', true)", self.flag),
                    )
                })
            }
            "disk_config" => self.of_projects(table, "", ""),
            "compute_config" => self.of_projects(table, ", cpu_cores, memory_gb", ", 1, 1"),
            "organization_members" => self.lifted(table),
            "project_members" => {
                let mut candidates = self.lifted(table);
                for role in ["owner", "admin", "developer", "read_only"] {
                    let people = self.projects.iter().map(|project| (project, project.stranger));
                    candidates.extend(people.map(|(project, user)| project_member(table, project, user, role)));
                }
                if let Some(user) = actor.user() {
                    // Not where there is a membership already: without it they would have other rights.
                    let others = self.projects.iter().filter(|project| !actor.is_in(project.id));
                    candidates.extend(others.map(|project| project_member(table, project, user, "read_only")));
                }
                candidates
            }
            _ => Vec::new(),
        }
    }

    fn of_organizations(&self, table: &Table, name: &str, values: impl Fn(Uuid) -> (String, String)) -> Vec<Candidate> {
        let candidate = |organization: &Uuid| {
            let (room, values) = values(*organization);
            Candidate {
                what: format!("inserts into {name} of organization {organization}"),
                rule: table.insert,
                row: row(*organization, None, None, None),
                room,
                statement: format!("INSERT INTO platform.{name} {values}"),
            }
        };
        self.organizations.iter().map(candidate).collect()
    }

    fn of_projects(&self, table: &Table, columns: &str, values: &str) -> Vec<Candidate> {
        let name = table.name;
        let candidate = |project: &Project| {
            let Project { id, organization_id, .. } = project;
            Candidate {
                what: format!("inserts into {name} of project {id}"),
                rule: table.insert,
                row: row(*organization_id, Some(*id), None, None),
                room: format!("DELETE FROM platform.{name} WHERE project_id = '{id}'"),
                statement: format!(
                    "INSERT INTO platform.{name} (project_id, organization_id{columns})
                     VALUES ('{id}', '{organization_id}'{values})"
                ),
            }
        };
        self.projects.iter().map(candidate).collect()
    }

    /// Makes somebody an owner.
    fn lifted(&self, table: &Table) -> Vec<Candidate> {
        let name = table.name;
        let candidate = |project: &Project| {
            let (id, of) = match name {
                "project_members" => (project.member_row, Some(project.id)),
                _ => (project.colleague_row, None),
            };
            Candidate {
                what: format!("makes {name} {id} an owner"),
                rule: table.update,
                row: row(project.organization_id, of, None, Some("owner")),
                room: String::new(),
                statement: format!("UPDATE platform.{name} SET role = 'owner' WHERE id = '{id}'"),
            }
        };
        self.projects.iter().map(candidate).collect()
    }
}

fn project_member(table: &Table, project: &Project, user: Uuid, role: &str) -> Candidate {
    let Project { id, organization_id, .. } = project;
    // A foreign actor is made a member of the organization first, so that nothing but the policy is in the way.
    let room = format!(
        "INSERT INTO platform.organization_members (organization_id, user_id, role)
         VALUES ('{organization_id}', '{user}', 'member') ON CONFLICT DO NOTHING;
         DELETE FROM platform.project_members WHERE project_id = '{id}' AND user_id = '{user}'"
    );
    Candidate {
        what: format!("makes {user} {role} of project {id}"),
        rule: table.insert,
        row: row(*organization_id, Some(*id), Some(user), Some(role)),
        room,
        statement: format!(
            "INSERT INTO platform.project_members (project_id, organization_id, user_id, role)
             VALUES ('{id}', '{organization_id}', '{user}', '{role}')"
        ),
    }
}

fn row(organization: Uuid, project: Option<Uuid>, user: Option<Uuid>, role: Option<&str>) -> Row {
    Row {
        key: String::new(),
        organizations: vec![organization],
        project,
        user_id: user,
        role: role.map(str::to_owned),
        active: true,
    }
}
