//! The readable part of billing: what it answers to whom, compared with SQL as the service role.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    actors::Actor,
    app::{App, config},
    db::TestDatabase,
    wire::Wire,
};

/// What a query of one row and one JSON column answers to the service role. `{time(x)}` in it stands for `x` as the API
/// writes times.
async fn sql(app: &App, query: &str) -> Value {
    let mut text = query.to_owned();
    while let Some(start) = text.find("{time(") {
        let end = start + text[start..].find(")}").unwrap();
        let time = format!(
            "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"')",
            text[start + 6..end].to_owned()
        );
        text.replace_range(start..end + 2, &time);
    }
    app.service().await.one(&text, []).await
}

/// A field of acme.
async fn of_acme(actor: &Actor<'_>, field: &str) -> Value {
    actor.ask(&format!("{{ organization(slug: \"acme\") {{ it: {field} }} }}")).await.at("/organization/it").clone()
}

const ACME: &str = "(SELECT id FROM platform.organizations WHERE slug = 'acme')";

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

#[tokio::test]
async fn invoices_are_filtered_sorted_and_paged() {
    let app = App::start().await;
    let billing = app.billing().await;
    let fields = "number status currency subtotal tax creditApplied total amountDue amountPaid periodStart periodEnd
        dueAt issuedAt paidAt";
    let expected = |condition: &str, order: &str| {
        let query = format!(
            "SELECT coalesce(jsonb_agg(jsonb_build_object('number', number, 'status', upper(status),
                    'currency', currency, 'subtotal', subtotal::text, 'tax', tax::text,
                    'creditApplied', credit_applied::text, 'total', total::text, 'amountDue', amount_due::text,
                    'amountPaid', amount_paid::text, 'periodStart', {{time(period_start)}},
                    'periodEnd', {{time(period_end)}}, 'dueAt', {{time(due_at)}}, 'issuedAt', {{time(issued_at)}},
                    'paidAt', {{time(paid_at)}}) ORDER BY {order}), '[]')
               FROM platform.invoices WHERE organization_id = {ACME} AND {condition}"
        );
        let app = &app;
        async move { sql(app, &query).await }
    };
    let nodes = async |arguments: &str| {
        let list = of_acme(&billing, &format!("invoices(first: 100{arguments}) {{ nodes {{ {fields} }} }}")).await;
        list["nodes"].clone()
    };
    let month = |back: u32| format!("date_trunc('month', now(), 'UTC') - interval '{back} months'");
    let time = async |back: u32| sql(&app, &format!("SELECT to_jsonb({{time(({}))}})", month(back))).await;
    let (from, to) = (time(6).await, time(2).await);
    for (arguments, condition, order, least) in [
        (String::new(), "true".to_owned(), "period_start DESC, id DESC", 13),
        (", filter: {status: [VOID]}".to_owned(), "status = 'void'".to_owned(), "period_start DESC, id DESC", 1),
        (
            ", filter: {status: [OPEN, VOID]}".to_owned(),
            "status IN ('open', 'void')".to_owned(),
            "period_start DESC, id DESC",
            2,
        ),
        (", filter: {status: []}".to_owned(), "false".to_owned(), "period_start DESC", 0),
        (
            format!(", filter: {{periodFrom: {from}, periodTo: {to}}}"),
            format!("period_start >= {} AND period_start < {}", month(6), month(2)),
            "period_start DESC, id DESC",
            4,
        ),
        (
            format!(", filter: {{status: [PAID], periodFrom: {from}}}, orderBy: {{field: PERIOD_START}}"),
            format!("period_start >= {} AND status = 'paid'", month(6)),
            "period_start, id",
            4,
        ),
        (", orderBy: {field: TOTAL}".to_owned(), "true".to_owned(), "total, id", 13),
        (", orderBy: {field: TOTAL, direction: DESC}".to_owned(), "true".to_owned(), "total DESC, id DESC", 13),
    ] {
        let expected = expected(&condition, order).await;
        assert!(expected.as_array().unwrap().len() >= least, "{arguments}: {expected:#}");
        assert_eq!(nodes(&arguments).await, expected, "{arguments}");
    }

    // Every page, in both orders and both directions, is a part of the whole.
    for order in ["{field: TOTAL}", "{field: TOTAL, direction: DESC}", "{field: PERIOD_START, direction: DESC}"] {
        let whole = nodes(&format!(", orderBy: {order}")).await;
        let (mut paged, mut after) = (Vec::new(), String::new());
        loop {
            let page = format!(
                "invoices(first: 4, orderBy: {order}{after}) {{ totalCount nodes {{ {fields} }}
                   pageInfo {{ hasNextPage endCursor }} }}"
            );
            let page = of_acme(&billing, &page).await;
            assert_eq!(page["totalCount"], json!(whole.as_array().unwrap().len()));
            paged.extend(page["nodes"].as_array().unwrap().clone());
            if page["pageInfo"]["hasNextPage"] == json!(false) {
                break;
            }
            after = format!(", after: {}", page["pageInfo"]["endCursor"]);
        }
        assert_eq!(json!(paged), whole, "{order}");
    }
    // A cursor of one order is refused in the other.
    let page = of_acme(&billing, "invoices(first: 1) { pageInfo { endCursor } }").await;
    let query = format!(
        "{{ organization(slug: \"acme\") {{ invoices(orderBy: {{field: TOTAL}}, after: {}) {{ totalCount }} }} }}",
        page["pageInfo"]["endCursor"]
    );
    assert_eq!(billing.ask(&query).await.codes(), ["INVALID_INPUT"]);
}

#[tokio::test]
async fn the_lines_of_an_invoice_are_typed_and_add_up() {
    let app = App::start().await;
    let field = "invoices(first: 1, filter: {status: [OPEN]}) { nodes { number subscription { planName }
        lines { description quantity unitAmount amount periodStart periodEnd project { name } } } }";
    let invoice = of_acme(&app.owner().await, field).await["nodes"][0].clone();
    let expected = sql(
        &app,
        &format!(
            "SELECT jsonb_agg(jsonb_build_object('description', l ->> 'description', 'quantity', l ->> 'quantity',
                    'unitAmount', l ->> 'unit_amount', 'amount', l ->> 'amount',
                    'periodStart', {{time((l ->> 'period_start')::timestamptz)}},
                    'periodEnd', {{time((l ->> 'period_end')::timestamptz)}},
                    'project', (SELECT jsonb_build_object('name', p.name) FROM platform.projects p
                                 WHERE p.id = (l ->> 'project_id')::uuid)) ORDER BY n)
               FROM platform.invoices i, jsonb_array_elements(i.lines) WITH ORDINALITY AS line (l, n)
              WHERE i.number = {}",
            format_args!("'{}'", invoice["number"].as_str().unwrap())
        ),
    )
    .await;
    assert_eq!(invoice["lines"], expected);
    assert_eq!(invoice["subscription"]["planName"], "Team");
    let lines = expected.as_array().unwrap();
    assert!(lines.iter().any(|line| line["project"].is_object()) && lines.iter().any(|line| line["project"].is_null()));

    // Lines that nobody can read spoil their own field alone.
    app.service().await.run("UPDATE platform.invoices SET lines = '[{\"amount\": \"1\"}]' WHERE status = 'open'").await;
    let query = format!("{{ organization(slug: \"acme\") {{ {field} }} }}");
    let answer = app.owner().await.ask(&query).await;
    assert_eq!(answer.codes(), ["INTERNAL"]);
    let node = &answer.body["data"]["organization"]["invoices"]["nodes"][0];
    assert_eq!((&node["number"], &node["lines"]), (&invoice["number"], &Value::Null));
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
    // From a plan that is no longer offered nothing can be said; its name stays.
    service.run("UPDATE platform.billing_plans SET active = false WHERE id = 'tier_enterprise'").await;
    assert_eq!(changes().await, ["tier_free null", "tier_pro null", "tier_team null"]);
    let subscription = of_acme(&app.member().await, "subscription { planName plan { planId } }").await;
    assert_eq!(subscription, json!({"planName": "Team", "plan": null}));
    assert_eq!(of_acme(&app.member().await, "entitlements { name }").await, Value::Null);
    service.run(&format!("DELETE FROM platform.subscriptions WHERE organization_id = {ACME}")).await;
    assert_eq!(changes().await, ["tier_free null", "tier_pro null", "tier_team null"]);
    assert_eq!(of_acme(&app.member().await, "subscription { planName }").await, Value::Null);
}

#[tokio::test]
async fn the_credit_balance_is_what_is_left_and_not_expired_by_currency_and_expiry() {
    let app = App::start().await;
    let field = "creditBalance { currency remaining expirations { expiresAt amount } }";
    let expected = |currency: &str| {
        let query = format!(
            "SELECT jsonb_build_object('currency', '{currency}', 'remaining', sum(amount)::text, 'expirations',
                    jsonb_agg(jsonb_build_object('expiresAt', {{time(expires_at)}}, 'amount', amount::text)
                              ORDER BY expires_at NULLS LAST))
               FROM (SELECT expires_at, sum(remaining) AS amount FROM platform.credits
                      WHERE organization_id = {ACME} AND currency = '{currency}' AND remaining > 0
                        AND coalesce(expires_at > now(), true) GROUP BY 1) by_expiry"
        );
        let app = &app;
        async move { sql(app, &query).await }
    };
    let balance = of_acme(&app.billing().await, field).await;
    assert_eq!(balance, json!([expected("USD").await]));
    assert_eq!((&balance[0]["remaining"], balance[0]["expirations"].as_array().unwrap().len()), (&json!("255.00"), 2));

    app.service()
        .await
        .run(&format!(
            "INSERT INTO platform.credits (organization_id, amount, remaining, currency, expires_at)
             SELECT {ACME}, 10, 10, c, NULL FROM unnest(ARRAY['EUR', 'EUR', 'USD', 'CHF']) c;
             UPDATE platform.credits SET remaining = 0 WHERE currency = 'CHF'"
        ))
        .await;
    let balance = of_acme(&app.owner().await, field).await;
    assert_eq!(balance, json!([expected("EUR").await, expected("USD").await]));
    assert_eq!(balance[0]["expirations"], json!([{"expiresAt": null, "amount": "20.00"}]));

    app.service().await.run("UPDATE platform.credits SET remaining = 0").await;
    assert_eq!(of_acme(&app.owner().await, field).await, json!([]));
}

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
        ("subscription { plan { name } status }", 4),
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
