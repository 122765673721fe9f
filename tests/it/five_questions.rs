//! The five questions that the system before this one was asked, each answered from what is stored: an organization's
//! usage with its members, a project's add-ons, its series, the plans, and the profile of who asks.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{app::App, db::Sql};

const PROJECT: &str = "acmeshopqkzvtrwmplsd";

/// What a statement of one row and one column of JSON says to the service role, whom no policy binds.
async fn stored(service: &Sql, sql: &str) -> Value {
    service.one(sql, []).await
}

fn rows(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[tokio::test]
async fn what_did_an_organization_use_and_how_many_people_are_in_it() {
    const ASKED: &str = "query ($from: DateTime!, $to: DateTime!) { organization(slug: \"acme\") {
        name memberCount usage(from: $from, to: $to) { metric unit amount cost } } }";
    let app = App::start().await;
    let (owner, service) = (app.owner().await, app.service().await);
    // Of the latest month that has any.
    let from: DateTime<Utc> = service
        .one(
            "SELECT date_trunc('month', max(period_start), 'UTC') FROM platform.usage_metrics u
               JOIN platform.organizations o ON o.id = u.organization_id WHERE o.slug = 'acme'",
            [],
        )
        .await;
    let to = from + TimeDelta::days(31);
    let answer = owner.ask_with(ASKED, json!({"from": from, "to": to})).await;
    // A size is the largest that each project had; everything else adds up.
    let sql = format!(
        "SELECT jsonb_build_object('name', o.name,
                'memberCount', (SELECT count(*) FROM platform.organization_members m WHERE m.organization_id = o.id),
                'usage', (SELECT jsonb_agg(jsonb_build_object('metric', metric_type, 'unit', unit,
                            'amount', sum, 'cost', cost) ORDER BY metric_type COLLATE \"C\", unit COLLATE \"C\")
                            FROM (SELECT metric_type, unit, sum(amount) AS sum, sum(cost) AS cost
                                    FROM (SELECT metric_type, unit, sum(cost) AS cost,
                                                 CASE WHEN metric_type IN ('DATABASE_SIZE', 'STORAGE_SIZE',
                                                        'MONTHLY_ACTIVE_USERS', 'REALTIME_PEAK_CONNECTIONS')
                                                      THEN max(metric_value) ELSE sum(metric_value) END AS amount
                                            FROM platform.usage_metrics u
                                           WHERE u.organization_id = o.id
                                             AND period_start >= '{from}' AND period_start < '{to}'
                                           GROUP BY metric_type, unit, project_id) each_project
                                   GROUP BY metric_type, unit) metrics))
           FROM platform.organizations o WHERE o.slug = 'acme'"
    );
    let expected = stored(&service, &sql).await;
    assert!(rows(&expected["usage"]) > 3 && expected["memberCount"].as_i64() > Some(5), "{expected:#}");
    assert_eq!(numbers(answer.at("/organization")), numbers(&expected));
}

#[tokio::test]
async fn what_was_added_to_a_project() {
    let app = App::start().await;
    let (owner, service) = (app.owner().await, app.service().await);
    // What has ended is not among them.
    let ended = "UPDATE platform.project_addons a SET status = 'cancelled' FROM platform.projects p
                  WHERE p.id = a.project_id AND p.ref = $1 AND a.addon_id = 'log_drain'";
    service.run_with(ended, [PROJECT.into()]).await;
    let asked = format!(
        "{{ project(ref: \"{PROJECT}\") {{ addons {{ addonId variant name quantity pricePerUnit interval status }} }} }}"
    );
    let sql = format!(
        "SELECT jsonb_agg(jsonb_build_object('addonId', a.addon_id, 'variant', a.addon_variant, 'name', c.name,
                'quantity', a.quantity, 'pricePerUnit', a.price_per_unit::text, 'interval', upper(c.interval),
                'status', upper(a.status)) ORDER BY a.activated_at, a.id)
           FROM platform.project_addons a
           JOIN platform.projects p ON p.id = a.project_id
           JOIN platform.addon_catalog c ON c.addon_id = a.addon_id AND c.variant = a.addon_variant
          WHERE p.ref = '{PROJECT}' AND a.status = 'active'"
    );
    let expected = stored(&service, &sql).await;
    assert!(rows(&expected) > 1, "{expected:#}");
    assert_eq!(owner.ask(&asked).await.at("/project/addons"), &expected);
}

#[tokio::test]
async fn how_was_a_project_doing() {
    const ASKED: &str = "query ($ref: String!, $from: DateTime!, $to: DateTime!) { project(ref: $ref) {
        infraMonitoring(attributes: [AVG_CPU_USAGE, MAX_CPU_USAGE, RAM_USAGE, NETWORK_TRANSMIT_BYTES], from: $from, to: $to,
            interval: ONE_HOUR) { timestamps series { attribute values } } } }";
    let app = App::start().await;
    let (owner, service) = (app.owner().await, app.service().await);
    let to: DateTime<Utc> = service
        .one(
            "SELECT date_trunc('hour', max(m.timestamp), 'UTC') FROM platform.project_metrics m
               JOIN platform.projects p ON p.id = m.project_id WHERE p.ref = $1",
            [PROJECT.into()],
        )
        .await;
    let from = to - TimeDelta::hours(6);
    let answer = owner.ask_with(ASKED, json!({"ref": PROJECT, "from": from, "to": to})).await;
    let sql = format!(
        "SELECT jsonb_build_object(
                'timestamps', jsonb_agg(to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"') ORDER BY hour),
                'series', jsonb_build_array(
                    jsonb_build_object('attribute', 'AVG_CPU_USAGE', 'values', jsonb_agg(average ORDER BY hour)),
                    jsonb_build_object('attribute', 'MAX_CPU_USAGE', 'values', jsonb_agg(highest ORDER BY hour)),
                    jsonb_build_object('attribute', 'RAM_USAGE', 'values', jsonb_agg(memory ORDER BY hour)),
                    jsonb_build_object('attribute', 'NETWORK_TRANSMIT_BYTES', 'values', jsonb_agg(sent ORDER BY hour))))
           FROM generate_series('{from}'::timestamptz, '{to}'::timestamptz - interval '1 hour', interval '1 hour') hour
          CROSS JOIN LATERAL (
                 SELECT avg(m.cpu_usage)::float8 AS average, max(m.cpu_usage)::float8 AS highest,
                        avg(m.memory_usage)::float8 AS memory, sum(m.network_out_bytes)::float8 AS sent
                   FROM platform.project_metrics m JOIN platform.projects p ON p.id = m.project_id
                  WHERE p.ref = '{PROJECT}' AND m.timestamp >= hour AND m.timestamp < hour + interval '1 hour') measured"
    );
    let expected = stored(&service, &sql).await;
    assert_eq!(rows(&expected["timestamps"]), 6, "{expected:#}");
    assert!(expected["series"][0]["values"][5].is_f64(), "{expected:#}");
    assert_eq!(numbers(answer.at("/project/infraMonitoring")), numbers(&expected));
}

#[tokio::test]
async fn which_plans_are_there() {
    let app = App::start().await;
    let service = app.service().await;
    let asked = "{ billingPlans { planId name description price currency interval features maxProjects maxMembers } }";
    let sql = "SELECT jsonb_agg(jsonb_build_object('planId', id, 'name', name, 'description', description,
                      'price', price::text, 'currency', currency, 'interval', upper(\"interval\"), 'features', features,
                      'maxProjects', max_projects, 'maxMembers', max_members) ORDER BY sort_order, id)
                 FROM platform.billing_plans WHERE active";
    let expected = stored(&service, sql).await;
    assert_eq!(rows(&expected), 4);
    for actor in [app.anonymous(), app.member().await] {
        assert_eq!(actor.ask(asked).await.at("/billingPlans"), &expected);
    }
}

#[tokio::test]
async fn who_am_i() {
    const ASKED: &str = "{ viewer { email username firstName lastName phone mfaEnabled
        memberships(first: 100) { nodes { role organization { name slug } } } } }";
    let app = App::start().await;
    let service = app.service().await;
    for (actor, organizations) in [(app.owner().await, 1), (app.both().await, 2)] {
        let sql = format!(
            "SELECT jsonb_build_object('email', u.email, 'username', u.username, 'firstName', u.first_name,
                    'lastName', u.last_name, 'phone', u.phone, 'mfaEnabled', u.mfa_enabled,
                    'memberships', jsonb_build_object('nodes', (
                        SELECT jsonb_agg(jsonb_build_object('role', upper(m.role),
                                   'organization', jsonb_build_object('name', o.name, 'slug', o.slug))
                                   ORDER BY m.joined_at, m.id)
                          FROM platform.organization_members m JOIN platform.organizations o ON o.id = m.organization_id
                         WHERE m.user_id = u.id)))
               FROM platform.users u WHERE u.email = '{}'",
            actor.email
        );
        let expected = stored(&service, &sql).await;
        assert_eq!(rows(&expected["memberships"]["nodes"]), organizations, "{expected:#}");
        assert_eq!(actor.ask(ASKED).await.at("/viewer"), &expected);
    }
}

/// The same with every number, and every text that is one, as a number of nine digits: SQL and the API write the same
/// amount differently (`12.500000`, `12.5`), and means differ in the last bit.
fn numbers(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), numbers(field))).collect(),
        Value::Array(items) => items.iter().map(numbers).collect(),
        _ => match value.as_f64().or_else(|| value.as_str()?.parse().ok()) {
            Some(number) => json!(format!("{number:.8e}")),
            None => value.clone(),
        },
    }
}
