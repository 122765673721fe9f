//! Shadow mode: each read of a sampled request runs a second time under the restrictive policies alone, and where those
//! would have answered differently that is logged. Nothing is withheld, and in the other modes nothing is done.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicBool, Ordering},
};

use sea_orm::{
    Statement,
    sqlx::{self, Executor as _, PgConnection, Row as _, ValueRef as _, postgres::PgRow},
};

use super::{rls::Mode, statement::query};

/// The policy `permissive_all` of shadow mode stands aside while this is on. A read that writes (a function of the
/// database may) fails in a read-only transaction, and is left alone.
const UNDER_RESTRICTIVE: &str = "SAVEPOINT shadow; SET LOCAL transaction_read_only = on; SET LOCAL app.shadow = 'on'; \
                                 SELECT current_setting('app.current_user_id', true) AS user_id, \
                                 current_setting('app.current_org_id', true) AS organization_id";
const UNDER_SHADOW: &str = "SET LOCAL app.shadow = ''";
/// Takes the settings back as well.
const BACK: &str = "ROLLBACK TO SAVEPOINT shadow; RELEASE SAVEPOINT shadow";

/// Which requests are sampled.
#[derive(Debug)]
pub(super) struct Sampling {
    shadow: AtomicBool,
    percent: u32,
}

impl Sampling {
    /// So many of a hundred, once the mode is `shadow`.
    pub(super) fn of(percent: u32) -> Self {
        Self { shadow: AtomicBool::new(false), percent }
    }

    /// The mode is this one now.
    pub(super) fn follow(&self, mode: Mode) {
        let shadow = mode == Mode::Shadow;
        if self.shadow.swap(shadow, Ordering::Relaxed) != shadow {
            tracing::info!(%mode, "row-level security was switched");
        }
    }

    /// Whether the next request is sampled.
    pub(super) fn takes_one(&self) -> bool {
        self.shadow.load(Ordering::Relaxed) && rand::random_range(0..100) < self.percent
    }
}

/// Runs a read again under the restrictive policies and logs it when that gives other rows than `rows`, of which the
/// first run took `most` at most.
///
/// # Errors
/// Only when the transaction can then not be used any more.
pub(super) async fn compare(
    connection: &mut PgConnection,
    statement: &Statement,
    rows: &[PgRow],
    most: usize,
) -> sqlx::Result<()> {
    let tables = tables(&statement.sql);
    if tables.is_empty() || !is_read(&statement.sql) {
        return Ok(());
    }
    let second = run_again(connection, statement, rows, most).await;
    connection.execute(BACK).await?;
    match second {
        Ok(None) => {}
        Ok(Some(difference)) => tracing::warn!(
            tables = tables.join(", "),
            user = or_nobody(&difference.user),
            organization = difference.organization,
            rows = rows.len(),
            restrictive_rows = difference.rows,
            statement = one_line(&statement.sql),
            "row-level security would answer this read differently"
        ),
        Err(error) => tracing::debug!(%error, tables = tables.join(", "), "a read could not be compared"),
    }
    Ok(())
}

struct Difference {
    user: String,
    organization: String,
    rows: usize,
}

async fn run_again(
    connection: &mut PgConnection,
    statement: &Statement,
    rows: &[PgRow],
    most: usize,
) -> sqlx::Result<Option<Difference>> {
    let context = sqlx::raw_sql(UNDER_RESTRICTIVE).fetch_one(&mut *connection).await?;
    let restrictive = query(statement.clone()).fetch_all(&mut *connection).await?;
    let restrictive = &restrictive[..restrictive.len().min(most)];
    if fingerprint(restrictive) == fingerprint(rows) {
        return Ok(None);
    }
    // Somebody else may have changed a row in between: then the first run, too, comes out differently by now.
    connection.execute(UNDER_SHADOW).await?;
    let third = query(statement.clone()).fetch_all(&mut *connection).await?;
    if fingerprint(&third[..third.len().min(most)]) != fingerprint(rows) {
        return Ok(None);
    }
    let text = |name| context.try_get::<Option<String>, _>(name).map(Option::unwrap_or_default);
    Ok(Some(Difference { user: text("user_id")?, organization: text("organization_id")?, rows: restrictive.len() }))
}

/// The rows whatever their order, which a list without one need not keep.
fn fingerprint(rows: &[PgRow]) -> Vec<u64> {
    let mut rows: Vec<u64> = rows
        .iter()
        .map(|row| {
            let mut hasher = DefaultHasher::new();
            for column in 0..row.len() {
                let value = row.try_get_raw(column).ok().filter(|value| !value.is_null());
                value.and_then(|value| value.as_bytes().ok().map(<[u8]>::to_vec)).hash(&mut hasher);
            }
            hasher.finish()
        })
        .collect();
    rows.sort_unstable();
    rows
}

fn is_read(sql: &str) -> bool {
    sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"))
        || sql.trim_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case("with "))
}

/// The tables of ours that a statement names; functions of the schema are none.
fn tables(sql: &str) -> Vec<String> {
    let plain = sql.replace('"', "");
    let mut tables: Vec<String> = plain
        .match_indices("platform.")
        .filter(|(start, _)| !plain[..*start].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
        .filter_map(|(start, schema)| {
            let rest = &plain[start + schema.len()..];
            let end =
                rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(rest.len());
            (end > 0 && !rest[end..].starts_with('(')).then(|| rest[..end].to_owned())
        })
        .collect();
    tables.sort();
    tables.dedup();
    tables
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn or_nobody(user: &str) -> &str {
    if user.is_empty() { "anonymous" } else { user }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_a_statement_are_found_however_they_are_written() {
        let sql = r#"SELECT "platform"."users"."id" FROM "platform"."users" JOIN platform.projects p
                     ON p.id = platform.is_it(1) WHERE "xplatform".y = platform_private.open()"#;
        assert_eq!(tables(sql), ["projects", "users"]);
        assert!(tables("SELECT platform_private.record_audit($1)").is_empty());
    }

    #[test]
    fn only_what_reads_runs_twice() {
        assert!(is_read(" select 1") && is_read("WITH a AS (SELECT 1) SELECT 1"));
        assert!(!is_read("INSERT INTO platform.users DEFAULT VALUES RETURNING id") && !is_read("é"));
    }

    #[test]
    fn no_request_is_sampled_outside_shadow_mode() {
        let all = Sampling::of(100);
        assert!(!all.takes_one());
        all.follow(Mode::Shadow);
        assert!(all.takes_one());
        all.follow(Mode::Permissive);
        assert!(!all.takes_one());
        let none = Sampling::of(0);
        none.follow(Mode::Shadow);
        assert!(!none.takes_one());
    }
}
