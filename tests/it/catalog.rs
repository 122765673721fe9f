//! What the database's catalog must say.

use crate::support::db::TestDatabase;

const TABLES: [&str; 28] = [
    "addon_catalog",
    "api_keys",
    "audit_logs",
    "billing_plans",
    "compute_config",
    "credentials",
    "credits",
    "customer_profiles",
    "database_connection_logs",
    "database_metrics",
    "databases",
    "disk_config",
    "feature_flags",
    "invoices",
    "organization_feature_flags",
    "organization_invitations",
    "organization_members",
    "organizations",
    "payment_methods",
    "project_addons",
    "project_members",
    "project_metrics",
    "projects",
    "subscriptions",
    "tax_ids",
    "usage_metrics",
    "user_sessions",
    "users",
];

const OURS: &str = "c.relnamespace = 'platform'::regnamespace AND c.relkind IN ('r', 'p')";

#[tokio::test]
async fn the_schema_holds_the_tables_views_functions_triggers_and_indexes_of_the_data_model() {
    let database = TestDatabase::migrated().await;
    let sql = database.superuser().await;
    let tables: Vec<String> = sql
        .column(&format!("SELECT relname::text FROM pg_class c WHERE {OURS} AND NOT relispartition ORDER BY 1"), [])
        .await;
    assert_eq!(tables, TABLES);
    let views: Vec<String> =
        sql.column("SELECT viewname::text FROM pg_views WHERE schemaname = 'platform' ORDER BY 1", []).await;
    assert_eq!(views, ["databases_safe", "databases_with_connection_strings", "subscription_addons"]);
    for function in [
        "get_active_feature_flags",
        "get_current_org_id",
        "get_current_user_id",
        "get_user_active_org",
        "has_project_access",
        "is_organization_owner",
        "set_updated_at",
        "set_user_active_org",
    ] {
        let count: i64 = sql
            .one(
                "SELECT count(*) FROM pg_proc WHERE pronamespace = 'platform'::regnamespace AND proname = $1",
                [function.into()],
            )
            .await;
        assert_eq!(count, 1, "function {function}");
    }
    let without_updated_at: Vec<String> = sql
        .column(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'updated_at'
              WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind IN ('r', 'p')
                AND NOT EXISTS (SELECT 1 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                                 WHERE t.tgrelid = c.oid AND p.proname = 'set_updated_at')",
            [],
        )
        .await;
    assert_eq!(without_updated_at, Vec::<String>::new());
    // Those of constraints and of partitions do not count.
    let indexes: i64 = sql
        .one(
            "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
              WHERE c.relnamespace = 'platform'::regnamespace AND NOT c.relispartition AND NOT i.indisprimary
                AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))",
            [],
        )
        .await;
    assert!(indexes >= 50, "{indexes} indexes");
}

#[tokio::test]
async fn every_table_is_closed_by_row_level_security_and_has_a_policy() {
    let database = TestDatabase::migrated().await;
    let sql = database.superuser().await;
    let open: Vec<String> = sql
        .column(
            &format!(
                "SELECT relname::text FROM pg_class c WHERE {OURS} AND NOT (relrowsecurity AND relforcerowsecurity)"
            ),
            [],
        )
        .await;
    assert_eq!(open, Vec::<String>::new(), "without RLS or FORCE");
    let without: Vec<String> = sql
        .column(
            &format!(
                "SELECT relname::text FROM pg_class c WHERE {OURS} AND NOT relispartition
                    AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)"
            ),
            [],
        )
        .await;
    assert_eq!(without, Vec::<String>::new(), "without a policy");
    // What may be read is a filter and not a condition on an index (docs/decisions.md). There are few plans.
    let conditions: Vec<String> = sql
        .column(
            "SELECT tablename || '.' || policyname FROM pg_policies
              WHERE schemaname = 'platform' AND cmd = 'SELECT' AND tablename <> 'billing_plans'
                AND regexp_count(qual, ' = ANY ') <> regexp_count(qual, 'COALESCE\\(\\(?[a-z_.]+ = ANY ')",
            [],
        )
        .await;
    assert_eq!(conditions, Vec::<String>::new());
    // Restrictive mode: no policy that lets everything through.
    let permissive: i64 = sql.one("SELECT count(*) FROM pg_policies WHERE policyname = 'permissive_all'", []).await;
    assert_eq!(permissive, 0);
    let open_policies: Vec<String> = sql
        .column("SELECT tablename || '.' || policyname FROM pg_policies WHERE qual = 'true' OR with_check = 'true'", [])
        .await;
    assert_eq!(open_policies, Vec::<String>::new());
    let partitions: Vec<String> = sql
        .column(
            &format!(
                "SELECT relname::text FROM pg_class c WHERE {OURS} AND relispartition
                    AND (relacl IS NOT NULL AND relacl::text LIKE '%ogelbase_app%')"
            ),
            [],
        )
        .await;
    assert_eq!(partitions, Vec::<String>::new(), "partitions with grants of their own");
}

#[tokio::test]
async fn every_foreign_key_has_an_index_that_leads_with_its_columns() {
    let database = TestDatabase::migrated().await;
    let missing: Vec<String> = database
        .superuser()
        .await
        .column(
            // The first n columns of some index are the key's n columns, in any order. The two series have a key
            // (x_id, organization_id) whose first column decides the second, and pay for each index with each row.
            // The key (active_org_id, id) has the data model's partial index: few of an organization's people have
            // chosen it, and a lookup by value never wants the nulls.
            "SELECT k.conrelid::regclass || '.' || k.conname FROM pg_constraint k
               JOIN pg_class c ON c.oid = k.conrelid
              WHERE k.contype = 'f' AND k.connamespace = 'platform'::regnamespace AND NOT c.relispartition
                AND NOT EXISTS (
                    SELECT 1 FROM pg_index i
                     WHERE i.indrelid = k.conrelid AND i.indpred IS NULL AND i.indisvalid
                       AND (SELECT array_agg(a ORDER BY a)
                              FROM unnest((string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(k.conkey)]) a)
                         = (SELECT array_agg(a ORDER BY a) FROM unnest(k.conkey) a))
                AND NOT ((c.relname IN ('project_metrics', 'database_metrics')
                          OR k.conname = 'users_active_org_fkey') AND EXISTS (
                    SELECT 1 FROM pg_index i
                     WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1]))
              ORDER BY 1",
            [],
        )
        .await;
    assert_eq!(missing, Vec::<String>::new());
}

#[tokio::test]
async fn the_application_role_owns_nothing_bypasses_nothing_and_reads_no_secret() {
    let database = TestDatabase::migrated().await;
    let sql = database.superuser().await;
    let lawful: bool = sql
        .one(
            "SELECT NOT rolsuper AND NOT rolbypassrls AND NOT rolcreaterole AND NOT rolcreatedb AND NOT rolcanlogin
               FROM pg_roles WHERE rolname = 'ogelbase_app'",
            [],
        )
        .await;
    assert!(lawful);
    let memberships: i64 =
        sql.one("SELECT count(*) FROM pg_auth_members WHERE member = 'ogelbase_app'::regrole", []).await;
    assert_eq!(memberships, 0, "member of another role");
    let owned: i64 = sql
        .one("SELECT count(*) FROM pg_shdepend d WHERE d.refobjid = 'ogelbase_app'::regrole AND d.deptype = 'o'", [])
        .await;
    assert_eq!(owned, 0);
    let private: Vec<String> = sql
        .column(
            "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'platform_private'::regnamespace
                AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege('ogelbase_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')",
            [],
        )
        .await;
    assert_eq!(private, Vec::<String>::new(), "private tables open to the application role");
    let secrets: Vec<String> = sql
        .column(
            "SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
              WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0
                AND (a.attname LIKE '%\\_sealed' OR a.attname LIKE '%\\_hash' OR a.attname LIKE '%\\_hashes')
                AND has_column_privilege('ogelbase_app', c.oid, a.attnum, 'SELECT, INSERT, UPDATE')",
            [],
        )
        .await;
    assert_eq!(secrets, Vec::<String>::new());
    let loose: Vec<String> = sql
        .column(
            "SELECT p.proname::text FROM pg_proc p
              WHERE p.pronamespace IN ('platform'::regnamespace, 'platform_private'::regnamespace) AND p.prosecdef
                AND NOT coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false)",
            [],
        )
        .await;
    assert_eq!(loose, Vec::<String>::new(), "definer functions without a pinned search_path");
    let public: Vec<String> = sql
        .column(
            "SELECT p.proname::text FROM pg_proc p
              WHERE p.pronamespace IN ('platform'::regnamespace, 'platform_private'::regnamespace)
                AND has_function_privilege('public', p.oid, 'EXECUTE')",
            [],
        )
        .await;
    assert_eq!(public, Vec::<String>::new(), "functions open to everybody");
}

#[tokio::test]
async fn the_database_holds_the_servers_permission_table() {
    let database = TestDatabase::migrated().await;
    let stored: Vec<String> = database
        .service()
        .await
        .column("SELECT concat_ws(' ', scope, role, permission) FROM platform_private.role_permissions ORDER BY 1", [])
        .await;
    let mut wanted: Vec<String> = ogelbase::auth::permission::rows()
        .into_iter()
        .map(|(scope, role, permission)| format!("{scope} {role} {permission}"))
        .collect();
    wanted.sort();
    assert_eq!(stored, wanted);
    assert!(wanted.contains(&"organization billing_admin billing:write".to_owned()));
}

#[tokio::test]
async fn what_may_be_written_is_written_by_named_columns_that_decide_nothing() {
    let database = TestDatabase::migrated().await;
    let sql = database.superuser().await;
    // A policy sees whole rows: whoever may change a row could move it to another tenant, or lift a state or a price.
    let deciding: Vec<String> = sql
        .column(
            "SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
              WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
                AND has_column_privilege('ogelbase_app', c.oid, a.attnum, 'UPDATE')
                AND (a.attname ~ '(^|_)(id|ids|at|key|hash|hashes|sealed|email|issuer|subject|price|scopes)$'
                     OR a.attname IN ('plan_name', 'mfa_enabled', 'banned_until', 'ref', 'remaining', 'amount',
                                      'price_per_unit', 'organization_id', 'token_hash', 'variant', 'addon_variant'))
                AND c.relname || '.' || a.attname NOT IN (
                    'organizations.billing_email', 'disk_config.last_modified_at', 'project_addons.deactivated_at')",
            [],
        )
        .await;
    assert_eq!(deciding, Vec::<String>::new());
    // A grant without a policy is a hole in the next mode; a policy without a grant says what is not so.
    let unmatched: Vec<String> = sql
        .column(
            "WITH verbs AS (
                 SELECT c.oid, c.relname, v.verb, CASE v.verb WHEN 'INSERT' THEN 'a' WHEN 'UPDATE' THEN 'w' ELSE 'd' END AS code
                   FROM pg_class c, (VALUES ('INSERT'), ('UPDATE'), ('DELETE')) v (verb)
                  WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition)
             SELECT relname || ' ' || verb FROM verbs
              WHERE EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = verbs.oid AND p.polcmd::text = code)
                 <> CASE verb WHEN 'DELETE' THEN has_table_privilege('ogelbase_app', verbs.oid, 'DELETE')
                              ELSE has_any_column_privilege('ogelbase_app', verbs.oid, verb) END",
            [],
        )
        .await;
    assert_eq!(unmatched, Vec::<String>::new());
}
