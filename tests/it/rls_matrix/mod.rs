//! The matrix of row-level security: every table x everybody x select, insert, update, delete, in the own tenant and in
//! foreign ones, by SQL as `ogelbase_app`. What comes out is compared with the rules, row by row, and every policy is
//! shown to matter.

mod actors;
mod attempt;
mod candidates;
mod columns;
mod policies;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use self::{
    actors::{Actor, Row},
    attempt::{Attempt, Outcome},
    candidates::Places,
    rules::{Rule, TABLES, Table},
};
use crate::support::db::{Sql, TestDatabase};

/// A database on which everybody tries everything. Nothing of it stays.
struct Matrix {
    /// A superuser's, because trying changes roles.
    sql: Sql,
    actors: Vec<Actor>,
    rows: BTreeMap<&'static str, Vec<Row>>,
    places: Places,
}

/// How much is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    AllIsTried,
    TheFirstDifference,
}

impl Matrix {
    async fn prepare() -> Self {
        let database = TestDatabase::seeded().await;
        let sql = database.superuser().await;
        sql.run(include_str!("fixture.sql")).await;
        let service = database.service().await;
        let actors = Actor::all(&service).await;
        let mut rows = BTreeMap::new();
        for table in TABLES {
            let Table { name, key, organizations, project, user, role, active, .. } = table;
            let all = format!(
                "SELECT {key} AS key, {organizations} AS organizations, {project} AS project, {user} AS user_id,
                        {role} AS role, {active} AS active FROM platform.{name} t"
            );
            rows.insert(*name, service.rows(&all).await);
        }
        Self { sql, actors, rows, places: Places::read(&service).await }
    }

    /// What came out otherwise than the rules of the table say. In a transaction of the caller's, who rolls it back.
    async fn differences(&self, table: &Table, until: Until) -> Vec<String> {
        let mut differences = Vec::new();
        for actor in &self.actors {
            differences.extend(self.differences_of(table, actor).await);
            if until == Until::TheFirstDifference && !differences.is_empty() {
                break;
            }
        }
        differences
    }

    async fn differences_of(&self, table: &Table, actor: &Actor) -> Vec<String> {
        let rows = &self.rows[table.name];
        let Table { name, key, change, read, update, delete, .. } = table;
        let updating = format!("UPDATE platform.{name} AS t SET {change}");
        let deleting = format!("DELETE FROM platform.{name} AS t");
        let candidates = self.places.candidates(table, actor);
        let mut attempts = vec![
            Attempt::listing(&format!("SELECT array_agg({key}) FROM platform.{name} t")),
            // With a condition or RETURNING only what may be read is written; without, PostgreSQL does not ask.
            Attempt::listing(&returning(&updating, key)),
            Attempt::counting(&updating),
            Attempt::listing(&returning(&deleting, key)),
            Attempt::counting(&deleting),
            Attempt::counting(&format!("INSERT INTO platform.{name} DEFAULT VALUES")),
        ];
        attempts.extend(candidates.iter().map(|candidate| Attempt::after(&candidate.room, &candidate.statement)));
        let outcomes = attempt::all(&self.sql, actor, &attempts).await;

        let mut differences = Vec::new();
        let mut compare = |verb: &str, rule: &Rule, also: Option<&Rule>, outcome: &Outcome, counted: &Outcome| {
            let granted = !matches!(rule, Rule::NoGrant);
            let may = |row: &&Row| actor.may(rule, row);
            let expected: BTreeSet<&str> = rows
                .iter()
                .filter(may)
                .filter(|row| also.is_none_or(|also| actor.may(also, row)))
                .map(|row| row.key.as_str())
                .collect();
            match (granted, outcome) {
                (false, Outcome::NoGrant) => {}
                (true, Outcome::Rows(keys)) => {
                    let found: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
                    let of = |key: &&str| rows.iter().find(|row| row.key == **key);
                    let told = |key: &str| of(&key).map(|row| tell(actor, row)).unwrap_or_default();
                    let lost = expected.difference(&found).map(|key| ("allowed", "filtered", *key));
                    let gained = found.difference(&expected).map(|key| ("filtered", "allowed", *key));
                    differences.extend(lost.chain(gained).map(|(rules, database, key)| {
                        format!(
                            "{} {verb} {name} {key} ({}): the rules say {rules}, the database {database}",
                            actor.name,
                            told(key)
                        )
                    }));
                }
                (granted, other) => differences.push(format!(
                    "{} {verb} {name}: the rules say {}, the database {other:?}",
                    actor.name,
                    if granted { "granted" } else { "no grant" }
                )),
            }
            let blind = rows.iter().filter(may).count() as u64;
            match (granted, counted) {
                (false, Outcome::NoGrant) => {}
                (true, Outcome::Changed(found)) if *found == blind => {}
                (_, other) => differences.push(format!(
                    "{} {verb} {name} unseen: the rules say {blind} rows, the database {other:?}",
                    actor.name
                )),
            }
        };
        let seen = match &outcomes[0] {
            Outcome::Rows(keys) => Outcome::Changed(keys.len() as u64),
            other => other.clone(),
        };
        compare("reads", read, None, &outcomes[0], &seen);
        compare("updates", update, Some(read), &outcomes[1], &outcomes[2]);
        compare("deletes", delete, Some(read), &outcomes[3], &outcomes[4]);

        // With a grant it is the candidates that are looked at; an empty row says nothing.
        let bare = &outcomes[5];
        if matches!(table.insert, Rule::NoGrant) != matches!(bare, Outcome::NoGrant) {
            differences.push(format!("{} inserts into {name}: {bare:?}", actor.name));
        }
        for (candidate, outcome) in candidates.iter().zip(&outcomes[6..]) {
            let expected = actor.may(&candidate.rule, &candidate.row);
            let right = match outcome {
                Outcome::Changed(1) => expected,
                Outcome::Changed(0) | Outcome::Refused => !expected,
                _ => false,
            };
            if !right {
                let rules = if expected { "allowed" } else { "refused" };
                let told = tell(actor, &candidate.row);
                differences.push(format!(
                    "{} {} ({told}): the rules say {rules}, the database {outcome:?}",
                    actor.name, candidate.what
                ));
            }
        }
        differences
    }
}

fn returning(statement: &str, key: &str) -> String {
    format!("WITH written AS ({statement} RETURNING {key} AS key) SELECT array_agg(key) FROM written")
}

fn tell(actor: &Actor, row: &Row) -> String {
    let tenant = if actor.owns(row) { "own" } else { "foreign" };
    let part = |name: &str, value: Option<String>| value.map(|value| format!(", {name} {value}")).unwrap_or_default();
    format!(
        "{tenant} tenant{}{}{}",
        part("project", row.project.map(|id| id.to_string())),
        part("user", row.user_id.map(|id| id.to_string())),
        part("role", row.role.clone())
    )
}

#[tokio::test]
async fn every_cell_comes_out_as_the_rules_say() {
    let matrix = Matrix::prepare().await;
    let mut differences = Vec::new();
    for table in TABLES {
        matrix.sql.run("BEGIN").await;
        differences.extend(matrix.differences(table, Until::AllIsTried).await);
        matrix.sql.run("ROLLBACK").await;
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn every_table_of_the_catalog_is_in_the_matrix_once() {
    let database = TestDatabase::migrated().await;
    let tables: Vec<String> = database
        .superuser()
        .await
        .column(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'platform'::regnamespace
                AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname",
            [],
        )
        .await;
    assert_eq!(TABLES.iter().map(|table| table.name).collect::<Vec<_>>(), tables);
}

/// Nothing is shown by what is allowed on no row, or withheld from nobody.
#[tokio::test]
async fn every_cell_has_a_row_that_is_there() {
    let matrix = Matrix::prepare().await;
    let service = &matrix.sql;
    let projects: Vec<Uuid> = service
        .column(
            "SELECT p.id FROM platform.projects p JOIN platform.organizations o ON o.id = p.organization_id
              WHERE o.slug IN ('acme', 'globex')",
            [],
        )
        .await;
    assert!(projects.len() >= 10);
    for table in TABLES {
        let rows = &matrix.rows[table.name];
        let of_tenants = rows.iter().any(|row| !row.organizations.is_empty()) && table.name != "billing_plans";
        let of_projects = rows.iter().any(|row| row.project.is_some());
        let of_users = rows.iter().any(|row| row.user_id.is_some());
        for actor in &matrix.actors {
            let (who, name) = (&actor.name, table.name);
            if of_tenants {
                assert!(rows.iter().any(|row| !actor.owns(row)), "{who}: no foreign row of {name}");
                assert!(!actor.has_tenant() || rows.iter().any(|row| actor.owns(row)), "{who}: no own row of {name}");
            }
            let people = of_users && name != "project_members";
            if let Some(user) = actor.user().filter(|_| people) {
                assert!(rows.iter().any(|row| row.user_id == Some(user)), "{name} has nothing of {who}'s");
            }
        }
        for project in projects.iter().filter(|_| of_projects) {
            assert!(rows.iter().any(|row| row.project == Some(*project)), "{} has nothing of {project}", table.name);
        }
        for (verb, rule) in [("read", table.read), ("update", table.update), ("delete", table.delete)] {
            if matches!(rule, Rule::NoGrant) {
                continue;
            }
            let may = |allowed| {
                let mut cells = matrix.actors.iter().flat_map(|actor| rows.iter().map(move |row| (actor, row)));
                cells.any(|(actor, row)| actor.may(&rule, row) == allowed)
            };
            assert!(may(true) && may(false), "{verb} of {} is not shown both ways", table.name);
        }
        if !matches!(table.insert, Rule::NoGrant) {
            let tried = matrix.actors.iter().flat_map(|actor| {
                let candidates = matrix.places.candidates(table, actor).into_iter();
                candidates.map(|candidate| actor.may(&candidate.rule, &candidate.row)).collect::<Vec<_>>()
            });
            let tried: BTreeSet<bool> = tried.collect();
            assert_eq!(tried.len(), 2, "inserting into {} is not shown both ways", table.name);
        }
    }
}
