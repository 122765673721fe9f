//! The canonical queries, and the SQL beside each.

use serde_json::{Value, json};

use crate::{
    case::{Case, Rows, Statement},
    compare::{object, objects},
    world::{EMAIL, PASSWORD, World},
};

pub const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken user { email } } }";
const UPDATE: &str = "mutation ($input: UpdateOrganizationInput!) {
    updateOrganization(input: $input) { organization { id name slug updatedAt } } }";

pub fn all(world: &World) -> Vec<Case> {
    vec![
        floor(),
        viewer(world),
        dashboard(),
        infra_monitoring(world),
        projects(),
        update_organization(world),
        sign_in(),
    ]
}

/// What no request of somebody signed in can cost less than: HTTP, the token, the session, BEGIN and COMMIT, for no data.
fn floor() -> Case {
    Case {
        name: "floor",
        document: "{ __typename }",
        variables: vec![json!({})],
        anonymous: false,
        most_connections: 64,
        answer_length: 0,
        statements: Vec::new(),
        shape: Some(|_| json!({ "__typename": "Query" })),
    }
}

fn viewer(world: &World) -> Case {
    let me = world.user.to_string();
    Case {
        name: "viewer",
        document: include_str!("../../examples/queries/viewer.graphql"),
        variables: vec![json!({})],
        anonymous: false,
        most_connections: 64,
        answer_length: 0,
        statements: vec![
            Statement::new(
                r#"SELECT id AS "id:usr", email, first_name AS "firstName", last_name AS "lastName"
                     FROM platform.users WHERE id = $1::text::uuid"#,
                [&me],
            ),
            Statement::new(
                r#"SELECT m.role AS "role:enum", m.joined_at AS "joinedAt", o.id AS "organization.id:org",
                          o.name AS "organization.name", o.slug AS "organization.slug"
                     FROM platform.organization_members m
                     JOIN platform.organizations o ON o.id = m.organization_id
                    WHERE m.user_id = $1::text::uuid ORDER BY m.joined_at, m.id LIMIT 101"#,
                [&me],
            ),
        ],
        shape: Some(|rows: Rows| {
            let mut viewer = object(&rows[0][0]);
            viewer["memberships"] = json!({ "nodes": objects(&rows[1]) });
            json!({ "viewer": viewer })
        }),
    }
}

const DASHBOARD: [&str; 6] = [
    r#"SELECT id AS "id:org", name, slug FROM platform.organizations WHERE slug = $1::text"#,
    r#"SELECT m.id AS "id:mem", m.role AS "role:enum", m.joined_at AS "joinedAt", u.id AS "user.id:usr",
              u.email AS "user.email", u.first_name AS "user.firstName", u.last_name AS "user.lastName"
         FROM platform.organization_members m JOIN platform.users u ON u.id = m.user_id
        WHERE m.organization_id = (SELECT id FROM platform.organizations WHERE slug = $1::text)
        ORDER BY m.joined_at, m.id LIMIT 20"#,
    r#"SELECT p.id AS "id:prj", p.name, p.ref, p.region, p.status AS "status:enum", p.created_at AS "createdAt",
              c.instance_size AS "compute.instanceSize:enum", c.cpu_cores AS "compute.cpuCores",
              c.memory_gb AS "compute.memoryGb", d.size_gb AS "disk.sizeGb", d.type AS "disk.type:enum"
         FROM (SELECT id, name, ref, region, status, created_at FROM platform.projects
                WHERE organization_id = (SELECT id FROM platform.organizations WHERE slug = $1::text)
                ORDER BY created_at DESC, id DESC LIMIT 10) p
         LEFT JOIN platform.compute_config c ON c.project_id = p.id
         LEFT JOIN platform.disk_config d ON d.project_id = p.id
        ORDER BY p.created_at DESC, p.id DESC"#,
    r#"SELECT a.project_id AS "of:prj", a.addon_id AS "addonId", a.addon_variant AS variant, t.name,
              a.price_per_unit AS "pricePerUnit", a.quantity
         FROM platform.project_addons a
         JOIN platform.addon_catalog t ON t.addon_id = a.addon_id AND t.variant = a.addon_variant
        WHERE a.status = 'active' AND a.project_id IN (
              SELECT id FROM platform.projects
               WHERE organization_id = (SELECT id FROM platform.organizations WHERE slug = $1::text)
               ORDER BY created_at DESC, id DESC LIMIT 10)
        ORDER BY a.activated_at, a.id"#,
    r#"SELECT s.status AS "status:enum", s.current_period_end AS "currentPeriodEnd", b.id AS "plan.planId",
              b.name AS "plan.name", b.price AS "plan.price", b.currency AS "plan.currency",
              b.interval AS "plan.interval:enum"
         FROM platform.subscriptions s JOIN platform.billing_plans b ON b.id = s.plan_id
        WHERE s.organization_id = (SELECT id FROM platform.organizations WHERE slug = $1::text)"#,
    r#"SELECT number, status AS "status:enum", total, currency, period_start AS "periodStart", period_end AS "periodEnd"
         FROM platform.invoices
        WHERE organization_id = (SELECT id FROM platform.organizations WHERE slug = $1::text)
        ORDER BY period_start DESC, id DESC LIMIT 5"#,
];

fn dashboard() -> Case {
    Case {
        name: "dashboard",
        document: include_str!("../../examples/queries/dashboard.graphql"),
        variables: vec![json!({ "slug": "org-000001" })],
        anonymous: false,
        most_connections: 64,
        answer_length: 0,
        statements: DASHBOARD.map(|sql| Statement::new(sql, ["org-000001"])).to_vec(),
        shape: Some(|rows: Rows| {
            let mut organization = object(&rows[0][0]);
            organization["members"] = json!({ "nodes": objects(&rows[1]) });
            let mut projects = objects(&rows[2]);
            for project in &mut projects {
                let mut addons = objects(&rows[3]);
                addons.retain(|addon| addon["of"] == project["id"]);
                addons.iter_mut().for_each(|addon| drop(addon.as_object_mut().unwrap().remove("of")));
                project["addons"] = addons.into();
            }
            organization["projects"] = json!({ "nodes": projects });
            organization["subscription"] = object(&rows[4][0]);
            organization["invoices"] = json!({ "nodes": objects(&rows[5]) });
            json!({ "organization": organization })
        }),
    }
}

fn infra_monitoring(world: &World) -> Case {
    Case {
        name: "infra series",
        document: include_str!("../../examples/queries/infra-monitoring.graphql"),
        variables: vec![json!({ "ref": world.project, "from": world.from, "to": world.to })],
        anonymous: false,
        most_connections: 64,
        answer_length: 0,
        statements: vec![Statement::new(
            r#"SELECT date_bin('300 seconds', m."timestamp", 'epoch') AS at, avg(m.cpu_usage)::float8 AS a,
                      max(m.cpu_usage)::float8 AS b, avg(m.memory_usage)::float8 AS c,
                      sum(m.network_in_bytes)::float8 AS d, avg(m.active_connections)::float8 AS e
                 FROM platform.project_metrics m
                WHERE m.project_id = (SELECT id FROM platform.projects WHERE ref = $1::text)
                  AND m."timestamp" >= $2::text::timestamptz AND m."timestamp" < $3::text::timestamptz
                GROUP BY 1 ORDER BY 1"#,
            [&world.project, &world.from, &world.to],
        )],
        shape: Some(|rows: Rows| {
            let rows = &rows[0];
            assert_eq!(rows.len(), 288, "a day in buckets of five minutes, none of them empty");
            let timestamps: Vec<&Value> = rows.iter().map(|row| &row["at"]).collect();
            let series: Vec<Value> = ATTRIBUTES.iter().map(|attribute| series(rows, *attribute)).collect();
            json!({ "project": { "infraMonitoring": { "timestamps": timestamps, "series": series } } })
        }),
    }
}

/// Column, name, unit, and whether its values add up.
const ATTRIBUTES: [(&str, &str, &str, bool); 5] = [
    ("a", "AVG_CPU_USAGE", "PERCENT", false),
    ("b", "MAX_CPU_USAGE", "PERCENT", false),
    ("c", "RAM_USAGE", "PERCENT", false),
    ("d", "NETWORK_RECEIVE_BYTES", "BYTES", true),
    ("e", "PG_STAT_DATABASE_NUM_BACKENDS", "COUNT", false),
];

#[expect(clippy::cast_precision_loss, reason = "288 points")]
fn series(rows: &[Value], (column, attribute, unit, adds_up): (&str, &str, &str, bool)) -> Value {
    let values: Vec<f64> = rows.iter().map(|row| row[column].as_f64().unwrap()).collect();
    let total: f64 = values.iter().sum();
    json!({
        "attribute": attribute, "unit": unit, "total": adds_up.then_some(total),
        "average": total / values.len() as f64,
        "maximum": values.iter().copied().fold(f64::MIN, f64::max),
        "values": values
    })
}

fn projects() -> Case {
    Case {
        name: "list of 100",
        document: LIST,
        variables: vec![json!({})],
        anonymous: false,
        most_connections: 64,
        answer_length: 0,
        statements: vec![
            Statement::new(
                r#"SELECT p.id AS "id:prj", p.name, p.ref, p.region, p.status AS "status:enum",
                          o.id AS "organization.id:org", o.name AS "organization.name", o.slug AS "organization.slug"
                     FROM (SELECT id, name, ref, region, status, organization_id, created_at FROM platform.projects
                            WHERE organization_id = ANY ((SELECT platform.current_org_ids())::uuid[])
                            ORDER BY created_at DESC, id DESC LIMIT 101) p
                     JOIN platform.organizations o ON o.id = p.organization_id
                    ORDER BY p.created_at DESC, p.id DESC"#,
                [],
            ),
            Statement::new(
                "SELECT count(*) AS total FROM platform.projects
                  WHERE organization_id = ANY ((SELECT platform.current_org_ids())::uuid[])",
                [],
            ),
        ],
        shape: Some(|rows: Rows| {
            let mut nodes = objects(&rows[0]);
            let more = nodes.len() > 100;
            nodes.truncate(100);
            json!({ "projects": {
                "totalCount": rows[1][0]["total"], "nodes": nodes, "pageInfo": { "hasNextPage": more }
            } })
        }),
    }
}

const LIST: &str = include_str!("../../examples/queries/projects.graphql");

fn update_organization(world: &World) -> Case {
    let names = |turn: usize| format!("Organization {} THREAD", 1 + turn / world.organizations.len());
    let turns: Vec<(String, String)> =
        (0..400).map(|turn| (world.organizations[turn % world.organizations.len()].clone(), names(turn))).collect();
    let id = |key: &str| format!("org_{}", key.replace('-', ""));
    Case {
        name: "updateOrganization",
        document: UPDATE,
        variables: turns.iter().map(|(key, name)| json!({"input": {"organization": id(key), "name": name}})).collect(),
        anonymous: false,
        most_connections: 16,
        answer_length: 0,
        statements: vec![Statement {
            sql: "WITH before AS (SELECT id, name FROM platform.organizations WHERE id = $1::text::uuid FOR UPDATE),
                       after AS (UPDATE platform.organizations o SET name = $2::text FROM before WHERE o.id = before.id
                                 RETURNING o.id, o.name, o.slug, o.updated_at)
                  SELECT after.*, platform_private.record_audit(
                             after.id, NULL, 'organization.updated', 'organization', after.id, 'update',
                             jsonb_build_object('before', jsonb_build_object('name', before.name),
                                                'after', jsonb_build_object('name', after.name)),
                             'info', '127.0.0.1', 'bench', 'bench')
                    FROM before, after"
                .to_owned(),
            parameters: turns.into_iter().map(|(key, name)| vec![key, name]).collect(),
        }],
        shape: None,
    }
}

/// Beside the password's check, which is made dear on purpose, the SQL is next to nothing.
fn sign_in() -> Case {
    Case {
        name: "signIn",
        document: SIGN_IN,
        variables: vec![json!({"input": {"email": EMAIL, "password": PASSWORD}})],
        anonymous: true,
        most_connections: 16,
        answer_length: 0,
        // The lookup is the service role's alone.
        statements: vec![
            Statement::new("SET LOCAL ROLE ogelbase_service", []),
            Statement::new(
                "SELECT s.* FROM platform_private.sign_in_lookup($1::text) l
              CROSS JOIN LATERAL platform_private.open_session(
                  gen_random_uuid(), l.user_id, l.password_hash,
                  encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex'),
                  encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex'),
                  now() + interval '1 hour', '127.0.0.1', 'bench', 'bench') s",
                [EMAIL],
            ),
        ],
        shape: None,
    }
}
