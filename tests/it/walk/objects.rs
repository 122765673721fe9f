//! The objects that are asked about: for each type rows of the demo data, those with the fewest nulls first.

use std::collections::{BTreeMap, HashSet};

use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{
    access::{Access, Field, Source, Type},
    expectation::Expectation,
    people::Person,
};
use crate::support::db::Sql;

/// An object, or an organization that `Query` is asked about.
#[derive(Debug, Clone, Default, FromQueryResult)]
pub struct Place {
    pub id: Uuid,
    prefix: String,
    pub organization: Option<Uuid>,
    pub project: Option<Uuid>,
    /// Who made it, or whom it is about.
    pub user: Option<Uuid>,
    /// What it grants, as stored.
    pub role: Option<String>,
}

/// How many objects of a standpoint are at hand for the fields that are null in the first.
const SAMPLES: usize = 12;

impl Place {
    pub fn global_id(&self) -> String {
        format!("{}_{}", self.prefix, self.id.simple())
    }
}

/// How an object stands to who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standpoint {
    /// It belongs to no organization.
    Common,
    /// Their own.
    Own,
    /// Of their organization, but not theirs: hidden from them wholly or in part.
    Hidden,
    /// Of an organization that they are not in.
    Foreign,
}

impl Standpoint {
    pub const ALL: [Self; 4] = [Self::Common, Self::Own, Self::Hidden, Self::Foreign];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Common => "common",
            Self::Own => "own",
            Self::Hidden => "hidden",
            Self::Foreign => "foreign",
        }
    }
}

/// Rows by table.
#[derive(Debug)]
pub struct Objects(BTreeMap<&'static str, Vec<Place>>);

/// What the rows of the table are, where it is not the table alone.
fn rows_of(table: &str) -> String {
    let own_key = |column: &str| format!("SELECT *, id AS {column} FROM platform.{table}");
    match table {
        "organizations" => own_key("organization_id"),
        // The busiest project has something of everything.
        "projects" => "SELECT p.*, p.id AS project_id,
                              (SELECT count(*) FROM platform.project_addons a WHERE a.project_id = p.id) AS preferred
                         FROM platform.projects p"
            .to_owned(),
        "users" => "SELECT u.*, u.id AS user_id, m.organization_id FROM platform.users u
                      JOIN platform.organization_members m ON m.user_id = u.id"
            .to_owned(),
        // Of somebody who is in an organization, so that it can be foreign.
        "user_sessions" => "SELECT s.*, m.organization_id FROM platform.user_sessions s
                              JOIN platform.organization_members m ON m.user_id = s.user_id"
            .to_owned(),
        // Those that nobody answered yet can be sent again and taken back.
        "organization_invitations" => {
            "SELECT *, (num_nonnulls(accepted_at, declined_at, revoked_at) = 0)::int AS preferred
                                         FROM platform.organization_invitations"
                .to_owned()
        }
        // Of a key that has ended there is nothing to rotate.
        "api_keys" => "SELECT k.*, (revoked_at IS NULL)::int AS preferred FROM platform.api_keys k".to_owned(),
        // What concerns a person alone belongs to no organization.
        "audit_logs" => "SELECT * FROM platform.audit_logs WHERE organization_id IS NOT NULL".to_owned(),
        _ => format!("SELECT * FROM platform.{table}"),
    }
}

impl Objects {
    pub async fn of(access: &Access, service: &Sql) -> Self {
        let mut objects = BTreeMap::new();
        for line in &access.0 {
            let Source::Node { prefix, table, .. } = line.source else { continue };
            let sql = format!(
                "SELECT t.id, '{prefix}' AS prefix, (row->>'organization_id')::uuid AS organization, (row->>'project_id')::uuid AS project,
                        (row->>'user_id')::uuid AS \"user\", row->>'role' AS role
                   FROM ({}) t
                  CROSS JOIN LATERAL to_jsonb(t) AS row
                  ORDER BY (row->>'preferred')::int DESC NULLS LAST,
                           (SELECT count(*) FROM jsonb_each(row) e WHERE e.value <> 'null') DESC, t.id",
                rows_of(table)
            );
            objects.insert(table, service.rows(&sql).await);
        }
        Self(objects)
    }

    /// What a person is asked to look at: some objects for each standpoint.
    pub fn for_person(
        &self,
        expectation: &Expectation<'_>,
        line: &Type,
        part: &[Field],
        who: &Person<'_>,
    ) -> Vec<(Standpoint, Vec<Place>)> {
        let Some(Source::Node { table, .. }) = expectation.subject(line, part).map(|subject| subject.source) else {
            return vec![(Standpoint::Common, vec![Place::default()])];
        };
        let rows = &self.0[table];
        let near: HashSet<_> =
            rows.iter().filter(|row| row.organization.is_some_and(|id| who.belongs_to(id))).map(|row| row.id).collect();
        let mut found: Vec<(Standpoint, Vec<Place>)> = Vec::new();
        for row in rows {
            let standpoint =
                match row.organization {
                    None => Standpoint::Common,
                    Some(organization) if Some(organization) == who.home => {
                        if expectation.is_own(who, line, part, row) { Standpoint::Own } else { Standpoint::Hidden }
                    }
                    Some(organization) if organization == who.away && !near.contains(&row.id) => Standpoint::Foreign,
                    Some(_) => continue,
                };
            match found.iter_mut().find(|(taken, _)| *taken == standpoint) {
                Some((_, places)) if places.len() < SAMPLES => places.push(row.clone()),
                Some(_) => {}
                None => found.push((standpoint, vec![row.clone()])),
            }
        }
        found
    }
}
