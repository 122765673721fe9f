//! Feature flags: overrides, rollout, and the same answer in Rust and in SQL.

use ogelbase::feature_flags;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{app::App, db::TestDatabase};

#[tokio::test]
async fn flags_come_out_as_the_database_says_and_say_why() {
    let app = App::start().await;
    let both = app.both().await;
    let flags =
        "featureFlags { key enabled reason rolloutPercentage flag { id name description enabled rolloutPercentage } }";
    let answer = both.ask(&format!("{{ organizations {{ nodes {{ slug {flags} }} }} }}")).await;
    let organizations = answer.at("/organizations/nodes").as_array().unwrap().clone();
    assert_eq!(organizations.len(), 2);
    for organization in &organizations {
        let active: Vec<String> = app
            .service()
            .await
            .column(
                "SELECT a.flag_key FROM platform.organizations o, platform.get_active_feature_flags(o.id) a
                  WHERE o.slug = $1 ORDER BY 1",
                [organization["slug"].as_str().unwrap().into()],
            )
            .await;
        let flags = organization["featureFlags"].as_array().unwrap();
        assert_eq!(flags.len(), 6);
        let on: Vec<_> = flags.iter().filter(|flag| flag["enabled"] == json!(true)).collect();
        assert_eq!(on.iter().map(|flag| flag["key"].as_str().unwrap()).collect::<Vec<_>>(), active);
    }
    let acme = organizations.iter().find(|organization| organization["slug"] == "acme").unwrap();
    let of =
        |key: &str| acme["featureFlags"].as_array().unwrap().iter().find(|flag| flag["key"] == key).unwrap().clone();
    for (key, enabled, reason, percentage) in [
        ("ai-assistant", false, "OVERRIDE", 50),
        ("branching", true, "OVERRIDE", 25),
        ("read-replicas", true, "OVERRIDE", 0),
        ("legacy-invoices", false, "DISABLED", 100),
        ("new-dashboard", true, "ROLLOUT", 100),
    ] {
        let flag = of(key);
        assert_eq!((&flag["enabled"], &flag["reason"]), (&json!(enabled), &json!(reason)), "{key}");
        assert_eq!(flag["rolloutPercentage"], json!(percentage));
    }

    let roots = "{ featureFlags(first: 2) { totalCount nodes { key } } featureFlag(key: \"branching\") { id name rolloutPercentage }
        none: featureFlag(key: \"nothing\") { id } }";
    let roots = both.ask(roots).await;
    assert_eq!(
        roots.at("/featureFlags"),
        &json!({"totalCount": 6, "nodes": [{"key": "ai-assistant"}, {"key": "branching"}]})
    );
    assert_eq!(roots.at("/featureFlag/name"), "Branching");
    assert_eq!(roots.at("/none"), &Value::Null);
    assert_eq!(app.anonymous().ask("{ featureFlags { totalCount } }").await.codes(), ["UNAUTHENTICATED"]);
}

#[tokio::test]
async fn the_rollout_in_rust_is_the_databases_for_ten_thousand_organizations() {
    let database = TestDatabase::migrated().await;
    let service = database.service().await;
    for flag in ["branching", "a", "log-explorer-v2"] {
        let ids = "SELECT md5(n::text)::uuid FROM generate_series(1, 10000) n ORDER BY n";
        let ids: Vec<Uuid> = service.column(ids, []).await;
        let sql =
            "SELECT platform.feature_flag_bucket($1, md5(n::text)::uuid) FROM generate_series(1, 10000) n ORDER BY n";
        let by_sql: Vec<i32> = service.column(sql, [flag.into()]).await;
        let in_rust: Vec<_> = ids.iter().map(|id| i32::try_from(feature_flags::bucket(flag, *id)).unwrap()).collect();
        assert_eq!(by_sql.len(), 10_000);
        assert_eq!(in_rust, by_sql);
    }
}
