//! Who reads billing and who does not, field by field and by id.

use serde_json::json;
use uuid::Uuid;

use super::{ACME, of_acme, sql};
use crate::support::{actors::Actor, app::App};

#[tokio::test]
async fn who_reads_billing_sees_what_is_stored() {
    let app = App::start().await;
    let expected = [
        (
            "subscription { plan { planId } planName status currentPeriodStart currentPeriodEnd cancelAtPeriodEnd
               canceledAt trialEnd usageBillingEnabled spendCapEnabled spendCapAmount organization { slug } }",
            sql(
                &app,
                &format!(
                    "SELECT jsonb_build_object('plan', jsonb_build_object('planId', plan_id), 'planName', plan_name,
                            'status', upper(status), 'currentPeriodStart', {{time(current_period_start)}},
                            'currentPeriodEnd', {{time(current_period_end)}},
                            'cancelAtPeriodEnd', cancel_at_period_end, 'canceledAt', {{time(canceled_at)}},
                            'trialEnd', {{time(trial_end)}},
                            'usageBillingEnabled', usage_billing_enabled, 'spendCapEnabled', spend_cap_enabled,
                            'spendCapAmount', spend_cap_amount::text,
                            'organization', jsonb_build_object('slug', 'acme'))
                       FROM platform.subscriptions WHERE organization_id = {ACME}"
                ),
            )
            .await,
        ),
        (
            "paymentMethods { totalCount nodes { type cardBrand cardLast4 cardExpMonth cardExpYear isDefault } }",
            sql(
                &app,
                &format!(
                    "SELECT jsonb_build_object('totalCount', count(*), 'nodes', jsonb_agg(jsonb_build_object(
                            'type', upper(type), 'cardBrand', card_brand, 'cardLast4', card_last4,
                            'cardExpMonth', card_exp_month, 'cardExpYear', card_exp_year, 'isDefault', is_default)
                            ORDER BY created_at DESC, id DESC))
                       FROM platform.payment_methods WHERE organization_id = {ACME}"
                ),
            )
            .await,
        ),
        (
            "taxIds { totalCount nodes { type value country status } }",
            sql(
                &app,
                &format!(
                    "SELECT jsonb_build_object('totalCount', count(*), 'nodes', jsonb_agg(jsonb_build_object(
                            'type', type, 'value', value, 'country', country, 'status', upper(status))
                            ORDER BY created_at DESC, id DESC))
                       FROM platform.tax_ids WHERE organization_id = {ACME}"
                ),
            )
            .await,
        ),
        (
            "customerProfile { companyName contactName addressLine1 addressLine2 city state postalCode country phone }",
            sql(
                &app,
                &format!(
                    "SELECT jsonb_build_object('companyName', company_name, 'contactName', contact_name,
                            'addressLine1', address_line1, 'addressLine2', address_line2, 'city', city,
                            'state', state, 'postalCode', postal_code, 'country', country, 'phone', phone)
                       FROM platform.customer_profiles WHERE organization_id = {ACME}"
                ),
            )
            .await,
        ),
        (
            "credits { totalCount nodes { amount remaining currency description expiresAt } }",
            sql(
                &app,
                &format!(
                    "SELECT jsonb_build_object('totalCount', count(*), 'nodes', jsonb_agg(jsonb_build_object(
                            'amount', amount::text, 'remaining', remaining::text, 'currency', currency,
                            'description', description, 'expiresAt', {{time(expires_at)}})
                            ORDER BY created_at DESC, id DESC))
                       FROM platform.credits WHERE organization_id = {ACME}"
                ),
            )
            .await,
        ),
        (
            "subscription { addons(first: 100) { totalCount nodes { addonId variant name quantity price interval
               monthlyAmount activatedAt project { name } } } }",
            sql(
                &app,
                &format!(
                    "SELECT jsonb_build_object('addons', jsonb_build_object('totalCount', count(*),
                            'nodes', jsonb_agg(jsonb_build_object('addonId', a.addon_id, 'variant', a.addon_variant,
                            'name', c.name, 'quantity', a.quantity, 'price', a.price_per_unit::text,
                            'interval', upper(c.\"interval\"),
                            'monthlyAmount', (a.price_per_unit * a.quantity)::numeric(12,2)::text,
                            'activatedAt', {{time(a.activated_at)}}, 'project', jsonb_build_object('name', p.name))
                            ORDER BY a.activated_at, a.id)))
                       FROM platform.project_addons a JOIN platform.projects p ON p.id = a.project_id
                       JOIN platform.addon_catalog c ON (c.addon_id, c.variant) = (a.addon_id, a.addon_variant)
                      WHERE a.organization_id = {ACME} AND a.status = 'active'"
                ),
            )
            .await,
        ),
    ];
    for actor in [app.owner().await, app.billing().await] {
        for (field, expected) in &expected {
            assert!(expected["totalCount"] != json!(0) && expected["addons"]["totalCount"] != json!(0));
            assert_eq!(&of_acme(&actor, field).await, expected, "{}: {field}", actor.email);
        }
    }
}

#[tokio::test]
async fn who_may_not_read_billing_gets_forbidden_for_it_and_the_rest_of_the_answer() {
    let app = App::start().await;
    const CLOSED: [&str; 7] = [
        "billingPlans { change }",
        "invoices { totalCount }",
        "paymentMethods { totalCount }",
        "taxIds { totalCount }",
        "customerProfile { id }",
        "credits { totalCount }",
        "creditBalance { currency }",
    ];
    const CLOSED_IN_SUBSCRIPTION: [&str; 12] = [
        "billingCycleAnchor",
        "currentPeriodStart",
        "currentPeriodEnd",
        "cancelAtPeriodEnd",
        "canceledAt",
        "trialEnd",
        "usageBillingEnabled",
        "spendCapEnabled",
        "spendCapAmount",
        "createdAt",
        "updatedAt",
        "addons { totalCount }",
    ];
    for actor in [app.member().await, app.developer().await] {
        for field in CLOSED {
            let answer = actor.ask(&format!("{{ organization(slug: \"acme\") {{ slug it: {field} }} }}")).await;
            assert_eq!(answer.codes(), ["FORBIDDEN"], "{field}");
            assert_eq!(answer.body["errors"][0]["extensions"]["permission"], "billing:read");
            assert_eq!(answer.body["data"], json!({"organization": {"slug": "acme", "it": null}}), "{field}");
        }
        for field in CLOSED_IN_SUBSCRIPTION {
            let query = format!(
                "{{ organization(slug: \"acme\") {{ subscription {{ planName status plan {{ planId }} it: {field} }} }} }}"
            );
            let answer = actor.ask(&query).await;
            assert_eq!(answer.codes(), ["FORBIDDEN"], "{field}");
            let seen = json!({"planName": "Team", "status": "ACTIVE", "plan": {"planId": "tier_team"}, "it": null});
            assert_eq!(answer.body["data"]["organization"]["subscription"], seen, "{field}");
        }
    }
    let anonymous = app.anonymous().ask("{ organization(slug: \"acme\") { invoices { totalCount } } }").await;
    assert_eq!(anonymous.codes(), ["UNAUTHENTICATED"]);
}

/// The kinds of nodes that only `billing:read` shows, with their table.
const HIDDEN: [(&str, &str); 5] = [
    ("inv", "invoices"),
    ("pay", "payment_methods"),
    ("tax", "tax_ids"),
    ("cus", "customer_profiles"),
    ("cdt", "credits"),
];

#[tokio::test]
async fn by_id_everything_of_billing_is_null_for_who_may_not_see_it() {
    let app = App::start().await;
    let service = app.service().await;
    let (owner, billing, both) = (app.owner().await, app.billing().await, app.both().await);
    let (member, developer, outsider) = (app.member().await, app.developer().await, app.outsider().await);
    let of_acme = async |prefix: &str, table: &str| {
        let sql = format!("SELECT id FROM platform.{table} WHERE organization_id = {ACME} LIMIT 1");
        format!("{prefix}_{}", service.one::<Uuid>(&sql, []).await.simple())
    };
    let node = "query ($id: ID!) { node(id: $id) { id } }";
    for (prefix, table) in HIDDEN {
        let id = of_acme(prefix, table).await;
        for actor in [&owner, &billing] {
            assert_eq!(actor.ask_with(node, json!({ "id": id })).await.at("/node/id"), &json!(id), "{table}");
        }
        for actor in [&member, &developer, &outsider, &both] {
            let answer = actor.ask_with(node, json!({ "id": id })).await;
            assert_eq!(answer.data(), &json!({"node": null}), "{table} for {}", actor.email);
        }
        let narrowed = owner.in_organization("globex").ask_with(node, json!({ "id": id })).await;
        assert_eq!(narrowed.codes(), app_codes(&owner, node, &id).await, "{table}");
    }
    let subscription = of_acme("sub", "subscriptions").await;
    for actor in [&owner, &member, &both] {
        let answer = actor.ask_with(node, json!({ "id": subscription })).await;
        assert_eq!(answer.at("/node/id"), &json!(subscription));
    }
    let answer = outsider.ask_with(node, json!({ "id": subscription })).await;
    assert_eq!(answer.data(), &json!({"node": null}));
}

/// What an organization that one is not in leads to.
async fn app_codes(actor: &Actor<'_>, node: &str, id: &str) -> Vec<String> {
    let answer = actor.in_organization("nothing-there").ask_with(node, json!({ "id": id })).await;
    answer.codes().into_iter().map(str::to_owned).collect()
}
