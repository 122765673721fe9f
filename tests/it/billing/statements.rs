//! What billing costs in statements for many organizations.

use crate::support::{
    app::{App, config},
    db::TestDatabase,
    wire::Wire,
};

#[tokio::test]
async fn billing_of_many_organizations_takes_one_statement_for_each_relation() {
    let database = TestDatabase::seeded().await;
    let wire = Wire::to(&database.url).await;
    let config = config(&wire.url);
    let app = App::with(database, config).await;
    let owner = app.owner().await;
    let more = app.service().await;
    let ask = async |field: &str| {
        let query = format!("{{ organizations(first: 100) {{ nodes {{ slug {field} }} }} }}");
        wire.forget();
        let answer = owner.ask(&query).await;
        let organizations = answer.at("/organizations/nodes").as_array().unwrap().len();
        (organizations, wire.transactions().remove(0))
    };
    // BEGIN and the organizations are two of each count.
    let fields = [
        ("subscription { planName }", 3),
        ("subscription { plan { name } status }", 3),
        ("subscription { addons { totalCount nodes { name } } }", 4),
        ("billingPlans { change plan { name } }", 4),
        ("entitlements { used limit liftedBy { name } }", 4),
        ("invoices { totalCount nodes { number lines { amount } } }", 3),
        ("paymentMethods { nodes { type } } taxIds { nodes { value } } customerProfile { city }", 5),
        ("credits { nodes { amount } } creditBalance { remaining }", 4),
    ];
    for copies in [0, 12] {
        if copies > 0 {
            more.run(&format!(
                "WITH made AS (
                     INSERT INTO platform.organizations (name, slug)
                     SELECT 'Copy ' || n, 'copy-' || n FROM generate_series(1, {copies}) n RETURNING id),
                 owned AS (
                     INSERT INTO platform.organization_members (organization_id, user_id, role)
                     SELECT made.id, u.id, 'owner' FROM made, platform.users u WHERE u.email = 'owner@acme.test'),
                 subscribed AS (
                     INSERT INTO platform.subscriptions (organization_id, plan_id, plan_name, billing_cycle_anchor,
                            current_period_start, current_period_end)
                     SELECT id, 'tier_free', 'Free', now(), now(), now() + interval '1 month' FROM made)
                 INSERT INTO platform.credits (organization_id, amount, remaining) SELECT id, 1, 1 FROM made"
            ))
            .await;
        }
        for (field, statements) in fields {
            let (organizations, heard) = ask(field).await;
            assert_eq!(organizations, 1 + copies, "{field}");
            assert_eq!(heard.len(), statements, "{field}: {heard:#?}");
        }
    }
}
