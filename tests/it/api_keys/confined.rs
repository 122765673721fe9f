//! A key that is confined to some projects, with and without row-level security.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{acme, holder, id, make_with, organization, rights::visible};
use crate::support::app::App;

/// Tables of what belongs to a project.
const IN_PROJECTS: [(&str, &str); 8] = [
    ("prj", "projects"),
    ("pmb", "project_members"),
    ("crd", "credentials"),
    ("cmp", "compute_config"),
    ("dsk", "disk_config"),
    ("pad", "project_addons"),
    ("dbs", "databases"),
    ("dbl", "database_connection_logs"),
];

const SCOPES: [&str; 9] = [
    "organization:read",
    "members:read",
    "flags:read",
    "projects:list",
    "projects:read",
    "databases:read",
    "metrics:read",
    "infrastructure:read",
    "credentials:read",
];

#[tokio::test]
async fn a_confined_key_sees_its_projects_and_of_the_rest_that_the_organization_is_there() {
    let app = App::start().await;
    let service = app.service().await;
    let acme_key = organization(&app, "acme").await;
    let projects: Vec<Uuid> = service
        .column("SELECT DISTINCT project_id FROM platform.databases WHERE organization_id = $1", [acme_key.into()])
        .await;
    assert!(projects.len() > 1);
    let mine = projects[0];
    let input = json!({"organization": acme(&app).await, "name": "Confined", "scopes": SCOPES, "projectIds": [id("prj", mine)]});
    let (_, key) = make_with(&app.owner().await, input).await;
    let key = holder(&app, &key);
    for permissive in [false, true] {
        if permissive {
            app.let_every_row_through().await;
        }
        for (prefix, table) in IN_PROJECTS {
            let column = if table == "projects" { "id" } else { "project_id" };
            let read = async |sign: &str| -> BTreeSet<String> {
                let sql = format!("SELECT id FROM platform.{table} WHERE {column} {sign} $1 LIMIT 40");
                let ids: Vec<Uuid> = service.column(&sql, [mine.into()]).await;
                ids.iter().map(|key| id(prefix, *key)).collect()
            };
            let (own, others) = (read("=").await, read("<>").await);
            assert!(!others.is_empty(), "{table}");
            let seen = visible(&key, &own.union(&others).cloned().collect()).await;
            assert_eq!(seen, own, "{table}, permissive: {permissive}");
        }
        let lists = key
            .ask(
                "{ projects(first: 100) { totalCount nodes { id } }
                   organization(slug: \"acme\") { members { totalCount } projects(first: 100) { totalCount nodes { id
                     databases { totalCount } metrics { totalCount } credentials { anonKey } } } } }",
            )
            .await;
        let only = json!([{"id": id("prj", mine)}]);
        assert_eq!(lists.at("/projects/nodes"), &only);
        assert_eq!(lists.at("/projects/totalCount"), 1);
        let nested = lists.at("/organization/projects");
        assert_eq!((&nested["totalCount"], &nested["nodes"][0]["id"]), (&json!(1), &json!(id("prj", mine))));
        assert!(nested["nodes"][0]["databases"]["totalCount"].as_i64().unwrap() > 0);
        assert!(nested["nodes"][0]["credentials"]["anonKey"].is_string());
        assert!(lists.at("/organization/members/totalCount").as_i64().unwrap() > 3);
    }
}

#[tokio::test]
async fn a_key_with_access_but_no_list_finds_what_its_maker_reaches() {
    let app = App::start().await;
    let input = json!({"organization": acme(&app).await, "name": "Reader", "scopes": ["projects:read"]});
    let (_, key) = make_with(&app.developer().await, input).await;
    let user = app.user_id("developer@acme.test").await;
    let reached: Vec<Uuid> = app
        .service()
        .await
        .column(
            "SELECT project_id FROM platform.project_members WHERE user_id = $1 AND organization_id = $2 ORDER BY 1",
            [user.into(), organization(&app, "acme").await.into()],
        )
        .await;
    let reached: BTreeSet<String> = reached.into_iter().map(|key| id("prj", key)).collect();
    let key = holder(&app, &key);
    for permissive in [false, true] {
        if permissive {
            app.let_every_row_through().await;
        }
        let answer = key.ask("{ projects(first: 100) { nodes { id slug organization { id } } } }").await;
        let nodes = answer.at("/projects/nodes").as_array().unwrap();
        let seen: BTreeSet<String> = nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(seen, reached);
        assert!(nodes.iter().all(|node| node["slug"].is_string() && node["organization"] == Value::Null));
    }
}
