//! What a policy cannot say: which columns are read and written.

use std::collections::BTreeSet;

use sea_orm::FromQueryResult;

use super::{
    Matrix,
    attempt::{self, Attempt, Outcome},
    rules::{Rule, TABLES, is_secret},
};

#[derive(FromQueryResult)]
struct Column {
    table: String,
    name: String,
}

/// By statements, because a grant on the table would let through what grants on columns do not.
#[tokio::test]
async fn secret_columns_are_not_read_and_only_the_named_ones_are_written() {
    let matrix = Matrix::prepare().await;
    let columns: Vec<Column> = matrix
        .sql
        .rows(
            r#"SELECT c.relname::text AS "table", quote_ident(a.attname) AS name
                 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                  AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum"#,
        )
        .await;
    let attempts: Vec<Attempt> = columns
        .iter()
        .flat_map(|Column { table, name }| {
            [
                format!("SELECT {name} FROM platform.{table} WHERE false"),
                format!("INSERT INTO platform.{table} ({name}) SELECT NULL WHERE false"),
                format!("UPDATE platform.{table} SET {name} = DEFAULT WHERE false"),
            ]
        })
        .map(|statement| Attempt::counting(&statement))
        .collect();
    matrix.sql.run("BEGIN").await;
    let outcomes = attempt::all(&matrix.sql, &matrix.actors[0], &attempts).await;
    matrix.sql.run("ROLLBACK").await;

    let mut differences = Vec::new();
    for (Column { table, name }, outcomes) in columns.iter().zip(outcomes.chunks(3)) {
        let rules = TABLES.iter().find(|rules| rules.name == table).expect("a table of the matrix");
        let name = name.trim_matches('"');
        let open = !is_secret(name);
        let expected = [
            ("read", open),
            ("inserted", open && !matches!(rules.insert, Rule::NoGrant)),
            ("changed", rules.columns.contains(&name)),
        ];
        for ((what, granted), outcome) in expected.into_iter().zip(outcomes) {
            let right = match outcome {
                Outcome::NoGrant => !granted,
                Outcome::Changed(0) => granted,
                _ => false,
            };
            if !right {
                differences.push(format!("{table}.{name} may be {what}: the rules say {granted}, {outcome:?}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));

    // What the rules name is there, and what the server calls hidden is what they call secret.
    let found = |table: &str, name: &str| columns.iter().any(|column| column.table == table && column.name == name);
    for table in TABLES {
        assert_eq!(table.columns.is_empty(), matches!(table.update, Rule::NoGrant), "{}", table.name);
        for column in table.columns {
            let quoted = format!("\"{column}\"");
            assert!(found(table.name, column) || found(table.name, &quoted), "{}.{column}", table.name);
        }
    }
    let secret: BTreeSet<(&str, &str)> = columns
        .iter()
        .filter(|column| is_secret(&column.name))
        .map(|column| (column.table.as_str(), column.name.as_str()))
        .collect();
    assert_eq!(secret, BTreeSet::from(entity::HIDDEN));
}
