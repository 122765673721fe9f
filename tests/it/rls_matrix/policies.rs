//! Each policy matters: without it, and also where it lets everything through, some cell comes out otherwise.

use sea_orm::FromQueryResult;

use super::{Matrix, Until, rules::TABLES};

#[derive(FromQueryResult)]
struct Policy {
    table: String,
    name: String,
    reads: bool,
    checks: bool,
}

impl Policy {
    fn dropped(&self) -> String {
        format!("DROP POLICY {} ON platform.{}", self.name, self.table)
    }

    fn widened(&self) -> String {
        let using = if self.reads { " USING (true)" } else { "" };
        let check = if self.checks { " WITH CHECK (true)" } else { "" };
        format!("ALTER POLICY {} ON platform.{}{using}{check}", self.name, self.table)
    }
}

async fn each_policy_shows(change: impl Fn(&Policy) -> String) {
    let matrix = Matrix::prepare().await;
    let policies: Vec<Policy> = matrix
        .sql
        .rows(
            r#"SELECT tablename::text AS "table", policyname::text AS name,
                      qual IS NOT NULL AS reads, with_check IS NOT NULL AS checks
                 FROM pg_policies WHERE schemaname = 'platform' ORDER BY 1, 2"#,
        )
        .await;
    assert!(policies.len() > TABLES.len(), "{} policies", policies.len());
    let mut unseen = Vec::new();
    for policy in &policies {
        let table = TABLES.iter().find(|table| table.name == policy.table).expect("a table of the matrix");
        matrix.sql.run("BEGIN").await;
        matrix.sql.run(&change(policy)).await;
        if matrix.differences(table, Until::TheFirstDifference).await.is_empty() {
            unseen.push(change(policy));
        }
        matrix.sql.run("ROLLBACK").await;
    }
    assert!(unseen.is_empty(), "the matrix does not see:\n{}", unseen.join("\n"));
}

#[tokio::test]
async fn the_matrix_sees_that_any_one_policy_is_missing() {
    each_policy_shows(Policy::dropped).await;
}

#[tokio::test]
async fn the_matrix_sees_that_any_one_policy_lets_everything_through() {
    each_policy_shows(Policy::widened).await;
}
