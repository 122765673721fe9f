//! What a plan limits and how much of it is used.

use serde_json::json;

use super::{ACME, of_acme, sql};
use crate::support::app::App;

#[tokio::test]
async fn entitlements_are_counted_and_say_which_plan_lifts_them() {
    let app = App::start().await;
    let service = app.service().await;
    let field = "entitlements { name used limit liftedBy { planId } }";
    // Every member sees them, and the same numbers.
    let used = sql(
        &app,
        &format!(
            "SELECT jsonb_build_array(
                (SELECT count(*) FROM platform.projects WHERE organization_id = {ACME})::text,
                (SELECT count(*) FROM platform.organization_members WHERE organization_id = {ACME})::text,
                (SELECT trim_scale(sum(metric_value)) FROM (
                    SELECT DISTINCT ON (project_id) metric_value FROM platform.usage_metrics
                     WHERE organization_id = {ACME} AND metric_type = 'DATABASE_SIZE'
                     ORDER BY project_id, period_start DESC) latest)::text,
                (SELECT coalesce(trim_scale(sum(u.metric_value)), 0) FROM platform.usage_metrics u
                   JOIN platform.subscriptions s USING (organization_id)
                  WHERE u.organization_id = {ACME} AND u.metric_type = 'EGRESS'
                    AND u.period_start >= s.current_period_start AND u.period_start < s.current_period_end)::text)"
        ),
    )
    .await;
    let member = app.member().await;
    let seen = of_acme(&member, field).await;
    assert_eq!(seen, of_acme(&app.owner().await, field).await);
    let lifted = json!({"planId": "tier_enterprise"});
    let expected = json!([
        {"name": "PROJECTS", "used": used[0], "limit": null, "liftedBy": null},
        {"name": "MEMBERS", "used": used[1], "limit": "100", "liftedBy": lifted},
        {"name": "DATABASE_SIZE_GB", "used": used[2], "limit": "8", "liftedBy": lifted},
        {"name": "BANDWIDTH_GB", "used": used[3], "limit": "250", "liftedBy": lifted},
    ]);
    assert_eq!(seen, expected);

    // On Free: the cheapest plan that allows more, and more than is used.
    service.run("UPDATE platform.subscriptions SET plan_id = 'tier_free'").await;
    service.run(&format!("UPDATE platform.projects SET status = 'removed' WHERE organization_id = {ACME}")).await;
    service.run("DELETE FROM platform.usage_metrics").await;
    let lifting = |plan: &str| json!({ "planId": plan });
    let lean = of_acme(&member, field).await;
    let expected = json!([
        {"name": "PROJECTS", "used": "0", "limit": "2", "liftedBy": lifting("tier_pro")},
        // 25 members: Pro allows as many and no more.
        {"name": "MEMBERS", "used": "25", "limit": "5", "liftedBy": lifting("tier_team")},
        {"name": "DATABASE_SIZE_GB", "used": "0", "limit": "0.5", "liftedBy": lifting("tier_pro")},
        {"name": "BANDWIDTH_GB", "used": "0", "limit": "2", "liftedBy": lifting("tier_pro")},
    ]);
    assert_eq!(lean, expected);
    // What is used of other organizations is not counted here, and not seen.
    let foreign = app.outsider().await.ask("{ organization(slug: \"acme\") { entitlements { used } } }").await;
    assert_eq!(foreign.data(), &json!({"organization": null}));
}
