//! Plans and the catalog of add-ons: what is on offer, and what choosing it would be.

use serde_json::{Value, json};

use super::{ACME, of_acme, sql};
use crate::support::app::App;

#[tokio::test]
async fn plans_and_the_catalog_of_addons_are_public_and_sorted_and_hide_what_is_retired() {
    let app = App::start().await;
    let service = app.service().await;
    service.run("UPDATE platform.addon_catalog SET active = false WHERE variant = 'pitr_14'").await;
    service
        .run(
            "INSERT INTO platform.billing_plans (id, name, \"interval\", active, sort_order)
             VALUES ('tier_old', 'Old', 'month', false, 5)",
        )
        .await;
    let query = "{ billingPlans { planId name price currency interval features maxProjects maxMembers databaseSizeGb
        bandwidthGb auditRetentionDays sortOrder }
      addonCatalog { addonId variant name price interval compute { cpuCores cpuShared memoryGb } retentionDays } }";
    let plans = sql(
        &app,
        "SELECT jsonb_agg(jsonb_build_object('planId', id, 'name', name, 'price', price::text, 'currency', currency,
                'interval', upper(\"interval\"), 'features', features, 'maxProjects', max_projects,
                'maxMembers', max_members, 'databaseSizeGb', limits ->> 'database_size_gb',
                'bandwidthGb', limits ->> 'bandwidth_gb', 'auditRetentionDays', limits -> 'audit_retention_days',
                'sortOrder', sort_order) ORDER BY sort_order) FROM platform.billing_plans WHERE active",
    )
    .await;
    let addons = sql(
        &app,
        "SELECT jsonb_agg(jsonb_build_object('addonId', addon_id, 'variant', variant, 'name', name,
                'price', price::text, 'interval', upper(\"interval\"),
                'compute', CASE WHEN addon_id = 'compute_instance' THEN jsonb_build_object(
                    'cpuCores', metadata ->> 'cpu_cores', 'cpuShared', metadata ? 'cpu_shared',
                    'memoryGb', metadata ->> 'memory_gb') END,
                'retentionDays', metadata -> 'retention_days') ORDER BY sort_order)
           FROM platform.addon_catalog WHERE active",
    )
    .await;
    assert_eq!(plans.as_array().unwrap().len(), 4);
    assert_eq!(addons.as_array().unwrap().len(), 16);
    for actor in [app.anonymous(), app.owner().await, app.outsider().await] {
        let answer = actor.ask(query).await;
        assert_eq!(answer.at("/billingPlans"), &plans);
        assert_eq!(answer.at("/addonCatalog"), &addons);
    }
}

#[tokio::test]
async fn plans_say_what_choosing_them_would_be() {
    let app = App::start().await;
    let service = app.service().await;
    let field = "billingPlans { isCurrent change plan { planId } }";
    let changes = async || {
        let options = of_acme(&app.billing().await, field).await;
        let changes: Vec<String> = options
            .as_array()
            .unwrap()
            .iter()
            .map(|option| {
                assert_eq!(option["isCurrent"], json!(option["change"] == json!("CURRENT")));
                let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
                format!("{} {}", text(&option["plan"]["planId"]), text(&option["change"]))
            })
            .collect();
        changes
    };
    assert_eq!(
        changes().await,
        ["tier_free DOWNGRADE", "tier_pro DOWNGRADE", "tier_team CURRENT", "tier_enterprise UPGRADE"]
    );
    // A year's price is compared with twelve months', and at the same price the place in lists decides.
    service
        .run(
            "INSERT INTO platform.billing_plans (id, name, price, \"interval\", sort_order) VALUES
             ('team_yearly', 'Team, by the year', 6000, 'year', 31), ('team_twin', 'Team twin', 599, 'month', 32)",
        )
        .await;
    assert_eq!(changes().await[3..], ["team_yearly DOWNGRADE", "team_twin UPGRADE", "tier_enterprise UPGRADE"]);
    // The price that is agreed one by one is the highest.
    let move_to = |plan: &str| {
        format!(
            "UPDATE platform.subscriptions SET plan_id = '{plan}' WHERE organization_id = {ACME};
             DELETE FROM platform.billing_plans WHERE id LIKE 'team%'"
        )
    };
    service.run(&move_to("tier_enterprise")).await;
    assert_eq!(
        changes().await,
        ["tier_free DOWNGRADE", "tier_pro DOWNGRADE", "tier_team DOWNGRADE", "tier_enterprise CURRENT"]
    );
    // A plan that is no longer offered is compared with, and not offered.
    service.run("UPDATE platform.billing_plans SET active = false WHERE id = 'tier_enterprise'").await;
    assert_eq!(changes().await, ["tier_free DOWNGRADE", "tier_pro DOWNGRADE", "tier_team DOWNGRADE"]);
    service.run(&format!("DELETE FROM platform.subscriptions WHERE organization_id = {ACME}")).await;
    assert_eq!(changes().await, ["tier_free null", "tier_pro null", "tier_team null"]);
    assert_eq!(of_acme(&app.member().await, "subscription { planName }").await, Value::Null);
}

#[tokio::test]
async fn a_retired_plan_goes_on_for_who_is_subscribed_to_it_and_is_offered_to_nobody() {
    let app = App::start().await;
    let service = app.service().await;
    let asked =
        "entitlements { name limit liftedBy { planId } } subscription { plan { planId name price maxMembers } }";
    let member = app.member().await;
    let seen = async || member.ask(&format!("{{ organization(slug: \"acme\") {{ {asked} }} }}")).await.data().clone();
    let before = seen().await;
    assert_eq!(before["organization"]["subscription"]["plan"]["planId"], "tier_team");
    assert_eq!(before["organization"]["entitlements"][1]["limit"], "100");
    service.run("UPDATE platform.billing_plans SET active = false WHERE id = 'tier_team'").await;
    assert_eq!(seen().await, before);
    let usage = "usage(from: \"2026-01-01T00:00:00Z\", to: \"2026-12-31T00:00:00Z\") { metric included }";
    let usage = of_acme(&member, usage).await;
    let egress = usage.as_array().unwrap().iter().find(|usage| usage["metric"] == "EGRESS").unwrap();
    assert_eq!(egress["included"], "250");

    // Who is elsewhere, signed in or not, does not see it, and who is there is not offered it either.
    let offered = ["tier_free", "tier_pro", "tier_enterprise"];
    for actor in [app.anonymous(), app.outsider().await, app.member().await] {
        let answer = actor.ask("{ billingPlans { planId } }").await;
        let plans = answer.at("/billingPlans").as_array().unwrap().clone();
        assert_eq!(plans.iter().map(|plan| plan["planId"].as_str().unwrap()).collect::<Vec<_>>(), offered);
    }
    let elsewhere = app.database.as_user(Some(app.user_id("outsider@globex.test").await), None).await;
    let hidden: i64 = elsewhere.one("SELECT count(*) FROM platform.billing_plans WHERE NOT active", []).await;
    assert_eq!(hidden, 0);
}
