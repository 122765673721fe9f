//! What these fields cost in statements for many organizations.

use crate::support::{
    app::{App, config},
    db::TestDatabase,
    wire::Wire,
};

#[tokio::test]
async fn each_of_these_fields_is_one_statement_for_many_organizations() {
    let database = TestDatabase::seeded().await;
    // Somebody leads both organizations, so that both answer everything.
    let service = database.service().await;
    service.run("UPDATE platform.organization_members SET role = 'admin' WHERE user_id = (SELECT id FROM platform.users WHERE email = 'both@acme.test')").await;
    let wire = Wire::to(&database.url).await;
    let config = config(&wire.url);
    let app = App::with(database, config).await;
    let both = app.both().await;
    let span = "from: \"2026-01-01T00:00:00Z\", to: \"2026-12-31T00:00:00Z\"";
    for field in [
        "invitations(filter: {status: [PENDING, EXPIRED]}) { totalCount nodes { status } }".to_owned(),
        "apiKeys { totalCount nodes { name } }".to_owned(),
        "auditLogs(first: 3) { totalCount nodes { eventType } }".to_owned(),
        "featureFlags { key enabled }".to_owned(),
        "memberCount".to_owned(),
        format!("usage({span}) {{ metric amount }}"),
        format!("usageDaily({span}) {{ metric amount }}"),
    ] {
        wire.forget();
        let answer = both.ask(&format!("{{ organizations {{ nodes {{ {field} }} }} }}")).await;
        assert_eq!(answer.at("/organizations/nodes").as_array().unwrap().len(), 2);
        let statements = wire.transactions().concat();
        // BEGIN, the organizations, the field.
        assert_eq!(statements.len(), 3, "{field}: {statements:#?}");
    }
    for field in ["auditLogs { totalCount }".to_owned(), format!("usage({span}) {{ metric }}")] {
        wire.forget();
        let answer = both.ask(&format!("{{ projects(first: 100) {{ nodes {{ {field} }} }} }}")).await;
        assert!(answer.at("/projects/nodes").as_array().unwrap().len() > 5);
        let statements = wire.transactions().concat();
        assert_eq!(statements.len(), 3, "{field}: {statements:#?}");
    }
}
