//! The schema as lines of text, read from the catalog: what `pg_dump --schema-only` would say, and grants and owners.

use super::db::Sql;

/// Each part gives lines of text; all names are qualified, because the search path is empty.
const PARTS: [&str; 10] = [
    "SELECT format('schema %s owner %s acl %s: %s', n.nspname, pg_get_userbyid(n.nspowner), @acl(n.nspacl),
                   obj_description(n.oid, 'pg_namespace'))
       FROM pg_namespace n WHERE n.oid = ANY (@ours)",
    "SELECT format('relation %s kind %s persistence %s owner %s rls %s/%s partition %s options %s acl %s: %s%s',
                   c.oid::regclass, c.relkind, c.relpersistence, pg_get_userbyid(c.relowner), c.relrowsecurity,
                   c.relforcerowsecurity, pg_get_expr(c.relpartbound, c.oid), c.reloptions, @acl(c.relacl),
                   obj_description(c.oid, 'pg_class'), CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END)
       FROM pg_class c WHERE c.relnamespace = ANY (@ours)",
    "SELECT format('column %s %s %s %s not null %s default %s identity %s generated %s collation %s acl %s: %s',
                   a.attrelid::regclass, row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum), a.attname,
                   format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
                   a.attidentity, a.attgenerated, a.attcollation::regcollation, @acl(a.attacl),
                   col_description(a.attrelid, a.attnum))
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
       LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE c.relnamespace = ANY (@ours) AND a.attnum > 0 AND NOT a.attisdropped",
    "SELECT format('constraint %s %s %s validated %s: %s', k.conrelid::regclass, k.conname,
                   pg_get_constraintdef(k.oid), k.convalidated, obj_description(k.oid, 'pg_constraint'))
       FROM pg_constraint k WHERE k.connamespace = ANY (@ours)",
    "SELECT format('index %s valid %s', pg_get_indexdef(i.indexrelid), i.indisvalid)
       FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = ANY (@ours)",
    "SELECT format('policy %s %s for %s permissive %s to %s using %s with check %s', p.polrelid::regclass, p.polname,
                   p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid),
                   pg_get_expr(p.polwithcheck, p.polrelid))
       FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = ANY (@ours)",
    "SELECT format('trigger %s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
       FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
      WHERE c.relnamespace = ANY (@ours) AND NOT t.tgisinternal",
    "SELECT format('function owner %s acl %s: %s; %s', pg_get_userbyid(p.proowner), @acl(p.proacl),
                   obj_description(p.oid, 'pg_proc'), pg_get_functiondef(p.oid))
       FROM pg_proc p WHERE p.pronamespace = ANY (@ours) AND p.prokind IN ('f', 'p')",
    "SELECT format('type %s', t.oid::regtype)
       FROM pg_type t WHERE t.typnamespace = ANY (@ours) AND t.typtype <> 'c' AND t.typelem = 0",
    "SELECT format('default privileges of %s in %s for %s: %s', pg_get_userbyid(d.defaclrole),
                   d.defaclnamespace::regnamespace, d.defaclobjtype, @acl(d.defaclacl))
       FROM pg_default_acl d",
];

/// Everything that describes our two schemas, in one order.
pub async fn schema(sql: &Sql) -> Vec<String> {
    sql.run("SET search_path = ''").await;
    let mut lines = Vec::new();
    for part in PARTS {
        lines.extend(sql.column::<String>(&expand(part), []).await);
    }
    lines.sort();
    lines
}

fn expand(part: &str) -> String {
    let mut text = part.replace(
        "@ours",
        "ARRAY(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname IN ('platform', 'platform_private'))",
    );
    while let Some((before, after)) = text.split_once("@acl(") {
        let (column, after) = after.split_once(')').expect("a closing parenthesis");
        text = format!(
            "{before}(SELECT string_agg(item::text, ' ' ORDER BY item::text) FROM unnest({column}) item){after}"
        );
    }
    text
}

/// Everything in the database that did not come with PostgreSQL.
pub async fn not_postgresqls(sql: &Sql) -> Vec<String> {
    let catalogs = [
        ("pg_namespace", "nspname NOT LIKE 'pg\\_%'"),
        ("pg_class", "relnamespace::regnamespace::text NOT LIKE 'pg\\_%'"),
        ("pg_proc", "true"),
        ("pg_type", "typnamespace::regnamespace::text NOT LIKE 'pg\\_%'"),
        ("pg_constraint", "true"),
        ("pg_trigger", "true"),
        ("pg_policy", "true"),
        ("pg_default_acl", "true"),
        ("pg_extension", "true"),
        ("pg_event_trigger", "true"),
        ("pg_operator", "true"),
        ("pg_cast", "true"),
        ("pg_collation", "true"),
        ("pg_ts_config", "true"),
        ("pg_publication", "true"),
        ("pg_largeobject_metadata", "true"),
    ];
    let parts = catalogs.map(|(catalog, filter)| {
        // 16384: the first oid that is not initdb's (FirstNormalObjectId).
        format!(
            "SELECT (pg_identify_object('{catalog}'::regclass, oid, 0)).identity FROM {catalog}
              WHERE oid >= 16384 AND {filter}"
        )
    });
    sql.column(&parts.join(" UNION ALL "), []).await
}
