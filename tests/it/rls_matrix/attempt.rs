//! Trying statements as somebody, all in one round trip, and taking each back.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};

use super::actors::Actor;
use crate::support::db::Sql;

/// A statement to try.
#[derive(Debug)]
pub struct Attempt {
    room: String,
    statement: String,
    lists: bool,
}

impl Attempt {
    /// One that gives an array of the keys of what it touched.
    pub fn listing(statement: &str) -> Self {
        Self { room: String::new(), statement: statement.to_owned(), lists: true }
    }

    /// One whose rows are counted.
    pub fn counting(statement: &str) -> Self {
        Self::after("", statement)
    }

    /// The same, after `room` was made by the owner.
    pub fn after(room: &str, statement: &str) -> Self {
        Self { room: room.to_owned(), statement: statement.to_owned(), lists: false }
    }
}

/// What the database did with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Refused before any row was looked at.
    NoGrant,
    /// A policy refused the new row.
    Refused,
    /// These rows were read or written; the others were filtered.
    Rows(Vec<String>),
    /// So many were.
    Changed(u64),
    /// Something else was in the way: nothing is shown.
    Failed(String),
}

#[derive(FromQueryResult)]
struct Answer {
    lists: bool,
    state: String,
    message: String,
    keys: Vec<String>,
    changed: i64,
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        match answer.state.as_str() {
            "" if answer.lists => Self::Rows(answer.keys),
            "" => Self::Changed(answer.changed.unsigned_abs()),
            "42501" if answer.message.starts_with("permission denied for table") => Self::NoGrant,
            "42501" if answer.message.contains("violates row-level security policy") => Self::Refused,
            state => Self::Failed(format!("{state} {}", answer.message)),
        }
    }
}

/// Tries them all as `actor`, within the transaction that is open on `sql`.
pub async fn all(sql: &Sql, actor: &Actor, attempts: &[Attempt]) -> Vec<Outcome> {
    let settings: String =
        actor.settings.iter().map(|(name, value)| format!("SET LOCAL {name} = '{value}';")).collect();
    sql.run(&format!("SAVEPOINT actor; SET LOCAL ROLE ogelbase_app; {settings}")).await;
    let texts = |part: fn(&Attempt) -> String| attempts.iter().map(part).collect::<Vec<String>>();
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT tried.lists, outcome.state, outcome.message, outcome.keys, outcome.changed
           FROM unnest($1::text[], $2::text[], $3::text[]::bool[]) WITH ORDINALITY tried (room, statement, lists, place),
                LATERAL rls_matrix.attempt(tried.room, tried.statement, tried.lists) outcome
          ORDER BY tried.place",
        [
            texts(|attempt| attempt.room.clone()).into(),
            texts(|attempt| attempt.statement.clone()).into(),
            texts(|attempt| attempt.lists.to_string()).into(),
        ],
    );
    let rows = sql.0.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{}: {error}", actor.name));
    sql.run("ROLLBACK TO SAVEPOINT actor; RELEASE SAVEPOINT actor").await;
    rows.iter().map(|row| Answer::from_query_result(row, "").unwrap().into()).collect()
}
