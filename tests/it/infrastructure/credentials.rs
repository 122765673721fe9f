//! A project's keys: who may have them, and the record of it.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{API, SHOP, project, stored};
use crate::support::{app::App, db::Sql};

fn claims(key: &str, secret: &str) -> Value {
    let validation = Validation::new(Algorithm::HS256);
    jsonwebtoken::decode(key, &DecodingKey::from_secret(secret.as_bytes()), &validation).unwrap().claims
}

async fn reveals(service: &Sql) -> Value {
    let sql = "SELECT coalesce(json_agg(json_build_object('who', actor_label, 'ref', p.ref, 'organization', o.slug,
                      'resource', l.resource_type, 'of', l.resource_id = c.id, 'action', l.action,
                      'severity', l.severity, 'keys', l.metadata->'keys', 'from', host(l.ip_address),
                      'request', l.request_id IS NOT NULL) ORDER BY l.created_at, l.id), '[]')::text
                 FROM platform.audit_logs l
                 LEFT JOIN platform.projects p ON p.id = l.project_id
                 LEFT JOIN platform.organizations o ON o.id = l.organization_id
                 LEFT JOIN platform.credentials c ON c.project_id = p.id
                WHERE l.event_type = 'credentials.revealed'";
    stored(service, sql).await
}

#[tokio::test]
async fn a_projects_keys_are_jwts_signed_with_its_secret_and_reading_them_is_on_record() {
    let app = App::start().await;
    let (developer, service) = (app.developer().await, app.service().await);
    let age = project(&developer, SHOP, "credentials { createdAt updatedAt }").await;
    assert!(age["credentials"]["createdAt"].is_string());
    assert_eq!(reveals(&service).await, json!([]), "their age is no secret");

    let seen = project(&developer, SHOP, "credentials { anonKey serviceRoleKey jwtSecret }").await;
    let text = |name: &str| seen["credentials"][name].as_str().unwrap();
    for (key, role) in [("anonKey", "anon"), ("serviceRoleKey", "service_role")] {
        let claims = claims(text(key), text("jwtSecret"));
        assert_eq!((&claims["ref"], &claims["role"]), (&json!(SHOP), &json!(role)));
    }
    // The record is there as soon as the answer is.
    let record = json!({
        "who": "developer@acme.test", "ref": SHOP, "organization": "acme", "resource": "credentials", "of": true,
        "action": "reveal", "severity": "warning", "keys": ["anon_key", "service_role_key", "jwt_secret"],
        "from": "127.0.0.1", "request": true,
    });
    assert_eq!(reveals(&service).await, json!([record]));

    // Of many projects at once each has a record; a secret of one does not open another's key.
    let owner = app.owner().await;
    let query = "{ projects(first: 100) { nodes { ref credentials { anonKey } } } }";
    let all = owner.ask(query).await.at("/projects/nodes").as_array().unwrap().clone();
    for node in &all {
        let key = node["credentials"]["anonKey"].as_str().unwrap();
        let validation = Validation::new(Algorithm::HS256);
        let secret = DecodingKey::from_secret(text("jwtSecret").as_bytes());
        assert_eq!(jsonwebtoken::decode::<Value>(key, &secret, &validation).is_ok(), node["ref"] == SHOP);
    }
    let records = reveals(&service).await.as_array().unwrap().clone();
    assert_eq!(records.len(), 1 + all.len());
    assert!(records[1..].iter().all(|record| record["keys"] == json!(["anon_key"])));
}

#[tokio::test]
async fn who_may_not_read_a_projects_keys_gets_none_and_leaves_no_record() {
    let app = App::start().await;
    let (reader, service) = (app.both().await, app.service().await);
    let query = format!("{{ project(ref: \"{API}\") {{ credentials {{ createdAt anonKey jwtSecret }} }} }}");
    let refused = reader.ask(&query).await;
    assert_eq!(refused.codes(), ["FORBIDDEN", "FORBIDDEN"]);
    let credentials = &refused.body["data"]["project"]["credentials"];
    assert!(credentials["createdAt"].is_string() && credentials["anonKey"].is_null());

    // The database's own answer, whatever a guard would say.
    let sealed = "SELECT count(*) FROM platform_private.sealed_credentials($1, '{anon_key}', NULL, NULL, NULL)";
    for (email, reference, rows) in [
        ("both@acme.test", API, 0),
        ("member@acme.test", API, 0),
        ("outsider@globex.test", API, 0),
        ("developer@acme.test", "acmepayrollhgtrwnbvc", 0),
        ("owner@acme.test", "globexreactorjmikolp", 0),
        ("developer@acme.test", API, 1),
        ("admin@acme.test", API, 1),
    ] {
        let asked: Uuid = service.one("SELECT id FROM platform.projects WHERE ref = $1", [reference.into()]).await;
        let as_user = app.as_user(Some(app.user_id(email).await), None).await;
        assert_eq!(as_user.one::<i64>(sealed, [asked.into()]).await, rows, "{email} {reference}");
    }
    let asked: Uuid = service.one("SELECT id FROM platform.projects WHERE ref = $1", [API.into()]).await;
    assert_eq!(app.as_user(None, None).await.one::<i64>(sealed, [asked.into()]).await, 0);
    assert_eq!(reveals(&service).await.as_array().unwrap().len(), 2);
}
