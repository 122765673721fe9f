//! What these fields cost in statements for all projects at once.

use crate::support::{
    app::{App, config},
    db::TestDatabase,
    wire::Wire,
};

#[tokio::test]
async fn of_all_projects_at_once_each_relation_is_one_statement() {
    let database = TestDatabase::seeded().await;
    let wire = Wire::to(&database.url).await;
    let settings = config(&wire.url);
    let app = App::with(database, settings).await;
    let owner = app.owner().await;
    let span = "from: \"2026-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00Z\"";
    for (selection, statements) in [
        ("compute { cpuCores } disk { sizeGb } addons { name }".to_owned(), 3),
        ("availableAddons { selected }".to_owned(), 2),
        ("credentials { createdAt }".to_owned(), 1),
        ("credentials { anonKey serviceRoleKey }".to_owned(), 2),
        (
            "databases { totalCount nodes { name connectionLogs(first: 5) { nodes { event } } metrics(first: 5) { nodes { value } } } }"
                .to_owned(),
            3,
        ),
        (
            format!(
                "metrics(first: 5) {{ nodes {{ cpuUsage }} }} infraMonitoring(attributes: [RAM_USAGE, QUERY_COUNT], {span}) {{ timestamps }}"
            ),
            2,
        ),
    ] {
        wire.forget();
        let answer = owner.ask(&format!("{{ projects(first: 10) {{ nodes {{ ref {selection} }} }} }}")).await;
        assert!(answer.at("/projects/nodes").as_array().unwrap().len() >= 8);
        let transactions = wire.transactions();
        // BEGIN with the caller's context, and the list.
        assert_eq!(transactions[0].len(), 2 + statements, "{selection}: {transactions:#?}");
        assert_eq!(transactions.len(), 1, "{transactions:#?}");
    }
}
