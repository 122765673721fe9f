//! The one helper that closes a table: row-level security enabled and forced, a first policy, and the
//! application role's grants, column by column where some are secret.

use sea_orm_migration::prelude::*;

/// The policy every table starts with; `m007` replaces it.
pub const PERMISSIVE_POLICY: &str = "permissive_all";

/// What the application role may do with a table, before any policy. It reads; the rest is said verb by verb.
#[derive(Clone, Copy)]
pub struct Rule {
    table: &'static str,
    inserts: bool,
    updates: &'static [&'static str],
    deletes: bool,
    hidden: &'static [&'static str],
}

impl Rule {
    /// Reads: all that is needed for catalogs, series, the trail, and what is written through definer functions.
    pub const fn read(table: &'static str) -> Self {
        Self { table, inserts: false, updates: &[], deletes: false, hidden: &[] }
    }

    /// Inserts rows as well.
    #[must_use]
    pub const fn inserting(self) -> Self {
        Self { inserts: true, ..self }
    }

    /// Changes these columns as well. A policy sees whole rows and cannot tell which column changed, so keys,
    /// tenants, states and prices are never among them.
    #[must_use]
    pub const fn updating(self, updates: &'static [&'static str]) -> Self {
        Self { updates, ..self }
    }

    /// Deletes rows as well.
    #[must_use]
    pub const fn deleting(self) -> Self {
        Self { deletes: true, ..self }
    }

    /// Keeps these columns from the application role, reading and writing.
    #[must_use]
    pub const fn hiding(self, hidden: &'static [&'static str]) -> Self {
        Self { hidden, ..self }
    }

    fn sql(&self) -> String {
        let table = self.table;
        let mut grants = if self.hidden.is_empty() {
            let insert = if self.inserts { ", INSERT" } else { "" };
            format!("GRANT SELECT{insert} ON platform.{table} TO ogelbase_app;")
        } else {
            self.column_grants()
        };
        if !self.updates.is_empty() {
            grants
                .push_str(&format!("GRANT UPDATE ({}) ON platform.{table} TO ogelbase_app;", self.updates.join(", ")));
        }
        if self.deletes {
            grants.push_str(&format!("GRANT DELETE ON platform.{table} TO ogelbase_app;"));
        }
        format!(
            "ALTER TABLE platform.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
             CREATE POLICY {PERMISSIVE_POLICY} ON platform.{table}
                 FOR ALL TO ogelbase_app USING (true) WITH CHECK (true);
             {grants}"
        )
    }

    /// Grants on the columns the catalog has minus the hidden ones, which must exist: a misspelt one would be open.
    fn column_grants(&self) -> String {
        let table = self.table;
        let hidden = self.hidden.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        let by_column = if self.inserts { "SELECT (%1$s), INSERT (%1$s)" } else { "SELECT (%1$s)" };
        format!(
            "DO $grants$
             DECLARE
                 hidden name[] := ARRAY[{hidden}];
                 open_columns text;
                 found int;
             BEGIN
                 SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE attname <> ALL (hidden)),
                        count(*) FILTER (WHERE attname = ANY (hidden))
                 INTO open_columns, found
                 FROM pg_catalog.pg_attribute
                 WHERE attrelid = 'platform.{table}'::regclass AND attnum > 0 AND NOT attisdropped;
                 IF found <> cardinality(hidden) THEN
                     RAISE EXCEPTION 'not all of % are columns of {table}', hidden;
                 END IF;
                 EXECUTE format('GRANT {by_column} ON platform.{table} TO ogelbase_app', open_columns);
             END
             $grants$;"
        )
    }
}

/// From m007 on there is a mode, and in the restrictive one a table's first policy must not stay.
const APPLY_MODE: &str = "DO $mode$ BEGIN
    IF to_regclass('platform_private.rls_mode') IS NOT NULL THEN
        PERFORM platform_private.set_rls_mode(mode) FROM platform_private.rls_mode;
    END IF;
END $mode$";

/// Closes tables of the schema `platform`. From m007 on a table needs policies of its own besides (see [`policy`]).
///
/// [`policy`]: crate::policy
pub async fn close(manager: &SchemaManager<'_>, rules: &[Rule]) -> Result<(), DbErr> {
    for rule in rules {
        manager.get_connection().execute_unprepared(&rule.sql()).await?;
    }
    manager.get_connection().execute_unprepared(APPLY_MODE).await.map(|_| ())
}
