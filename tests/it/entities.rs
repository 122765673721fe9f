//! The entities and the migrated database cannot drift apart.

use std::collections::BTreeMap;

use sea_orm::{ColumnType, FromQueryResult};

use crate::support::db::TestDatabase;

#[derive(Debug, FromQueryResult)]
struct Stored {
    table_name: String,
    column_name: String,
    sql_type: String,
    nullable: bool,
    readable: bool,
}

/// The type as `format_type` writes it.
fn sql_type(kind: &ColumnType) -> String {
    match kind {
        ColumnType::Uuid => "uuid".to_owned(),
        ColumnType::Text => "text".to_owned(),
        ColumnType::Char(length) => format!("character({})", length.unwrap_or(1)),
        ColumnType::Boolean => "boolean".to_owned(),
        ColumnType::Integer => "integer".to_owned(),
        ColumnType::BigInteger => "bigint".to_owned(),
        ColumnType::Double => "double precision".to_owned(),
        ColumnType::Decimal(Some((precision, scale))) => format!("numeric({precision},{scale})"),
        ColumnType::TimestampWithTimeZone => "timestamp with time zone".to_owned(),
        ColumnType::JsonBinary => "jsonb".to_owned(),
        ColumnType::Inet => "inet".to_owned(),
        ColumnType::Array(of) => format!("{}[]", sql_type(of)),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn every_column_has_the_same_name_type_and_nullability_in_its_entity_and_in_the_database() {
    let database = TestDatabase::migrated().await;
    let stored: Vec<Stored> = database
        .superuser()
        .await
        .rows(
            "SELECT c.relname AS table_name, a.attname AS column_name, format_type(a.atttypid, a.atttypmod) AS sql_type,
                    NOT a.attnotnull AS nullable,
                    has_column_privilege('ogelbase_app', c.oid, a.attnum, 'SELECT') AS readable
               FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
              WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                AND a.attnum > 0 AND NOT a.attisdropped",
        )
        .await;
    let stored: BTreeMap<(String, String), (String, bool, bool)> = stored
        .into_iter()
        .map(|column| ((column.table_name, column.column_name), (column.sql_type, column.nullable, !column.readable)))
        .collect();
    let declared: BTreeMap<(String, String), (String, bool, bool)> = entity::columns()
        .into_iter()
        .map(|column| {
            let name = (column.table.to_owned(), column.name.to_owned());
            (name, (sql_type(&column.sql_type), column.nullable, column.hidden))
        })
        .collect();
    assert!(declared.len() > 300, "{} columns", declared.len());
    let differing: Vec<_> = declared
        .iter()
        .filter(|(name, column)| stored.get(*name) != Some(column))
        .map(|(name, column)| (name, column, stored.get(name)))
        .chain(
            stored.iter().filter(|(name, _)| !declared.contains_key(*name)).map(|(name, column)| (name, column, None)),
        )
        .collect();
    assert!(differing.is_empty(), "(name, declared, stored): {differing:#?}");
}
