//! The one helper that closes a table: row-level security enabled and forced, a first policy, and the
//! application role's grants, column by column where some are secret.

use sea_orm_migration::prelude::*;

/// The policy every table starts with; `m007` replaces it.
pub const PERMISSIVE_POLICY: &str = "permissive_all";

/// What the application role may do with a table, before any policy.
#[derive(Clone, Copy)]
pub struct Rule {
    table: &'static str,
    verbs: &'static [&'static str],
    hidden: &'static [&'static str],
}

impl Rule {
    /// Reads only: catalogs, series, the audit trail, and what is written through definer functions.
    pub const fn read(table: &'static str) -> Self {
        Self::new(table, &["SELECT"])
    }

    /// Reads and inserts: logs.
    pub const fn append(table: &'static str) -> Self {
        Self::new(table, &["SELECT", "INSERT"])
    }

    /// All but inserting, which takes a secret column and so a definer function.
    pub const fn amend(table: &'static str) -> Self {
        Self::new(table, &["SELECT", "UPDATE", "DELETE"])
    }

    /// Reads and writes.
    pub const fn full(table: &'static str) -> Self {
        Self::new(table, &["SELECT", "INSERT", "UPDATE", "DELETE"])
    }

    /// Keeps these columns from the application role, reading and writing.
    #[must_use]
    pub const fn hiding(self, hidden: &'static [&'static str]) -> Self {
        Self { hidden, ..self }
    }

    const fn new(table: &'static str, verbs: &'static [&'static str]) -> Self {
        Self { table, verbs, hidden: &[] }
    }

    fn sql(&self) -> String {
        let table = self.table;
        let grants = if self.hidden.is_empty() {
            format!("GRANT {} ON platform.{table} TO ogelbase_app;", self.verbs.join(", "))
        } else {
            self.column_grants()
        };
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
        let by_column = self
            .verbs
            .iter()
            .filter(|verb| **verb != "DELETE")
            .map(|verb| format!("{verb} (%1$s)"))
            .collect::<Vec<_>>()
            .join(", ");
        let delete = if self.verbs.contains(&"DELETE") {
            format!("GRANT DELETE ON platform.{table} TO ogelbase_app;")
        } else {
            String::new()
        };
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
             $grants$;
             {delete}"
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
