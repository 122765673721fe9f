//! A new key for the vault while a server serves.

use std::collections::BTreeMap;

use ogelbase::{
    rotation::{self, SEALED_COLUMNS},
    vault::{Place, Vault},
};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{
    db::{Sql, TestDatabase},
    process::{CHEAP, Home, Outcome, until},
};

/// That of the tests' seed.
const OLD: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "k2:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

fn ring() -> String {
    format!("{NEW},{OLD}")
}

/// A seeded database, with a letter in the outbox: a value in each sealed column.
async fn sealed_everywhere() -> (TestDatabase, Sql) {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    let id = Uuid::from_u128(7);
    let place = Place { table: "outbox", column: "letter_sealed", row: id };
    let letter = Vault::from_key_ring(OLD).unwrap().seal(place, "a letter").unwrap();
    let insert = "INSERT INTO platform_private.outbox (id, recipient, letter_sealed) VALUES ($1, 'a@b.example', $2)";
    service.run_with(insert, [id.into(), letter.into()]).await;
    (database, service)
}

/// All sealed values as they are stored, by column and row.
async fn stored(service: &Sql) -> BTreeMap<(String, Uuid), String> {
    let mut all = BTreeMap::new();
    for column in SEALED_COLUMNS {
        let path = column.to_string();
        let (table, name) = path.rsplit_once('.').unwrap();
        let rows = format!("SELECT id::text || ' ' || {name} FROM {table} WHERE {name} IS NOT NULL");
        for row in service.column::<String>(&rows, []).await {
            let (id, value) = row.split_once(' ').unwrap();
            all.insert((path.clone(), id.parse().unwrap()), value.to_owned());
        }
    }
    all
}

/// The same, opened.
fn opened(ring: &str, stored: &BTreeMap<(String, Uuid), String>) -> BTreeMap<(String, Uuid), String> {
    let vault = Vault::from_key_ring(ring).unwrap();
    let open = |((path, row), sealed): (&(String, Uuid), &String)| {
        let mut names = path.split('.').skip(1).map(|name| &*Box::leak(name.to_owned().into_boxed_str()));
        let place = Place { table: names.next().unwrap(), column: names.next().unwrap(), row: *row };
        (
            (path.clone(), *row),
            vault.open(place, sealed).unwrap_or_else(|error| panic!("{path} {row}: {error}")).to_string(),
        )
    };
    stored.iter().map(open).collect()
}

async fn rotate(home: &Home, database: &TestDatabase, ring: &str, plan: bool) -> Outcome {
    let arguments: &[&str] = if plan { &["secrets", "rotate", "--plan"] } else { &["secrets", "rotate"] };
    home.run(arguments, &[("DATABASE_URL", database.url.as_str()), ("OGELBASE_VAULT_KEYS", ring)]).await
}

#[tokio::test]
async fn the_list_of_sealed_columns_is_the_catalogs() {
    let database = TestDatabase::migrated().await;
    let sql = "SELECT c.relnamespace::regnamespace || '.' || c.relname || '.' || a.attname
                 FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE c.relnamespace IN ('platform'::regnamespace, 'platform_private'::regnamespace)
                  AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname LIKE '%\\_sealed'
                  AND NOT a.attisdropped
                ORDER BY 1";
    let catalog: Vec<String> = database.superuser().await.column(sql, []).await;
    let listed: Vec<String> = SEALED_COLUMNS.iter().map(ToString::to_string).collect();
    assert_eq!(listed, catalog);
}

#[tokio::test]
async fn everything_is_sealed_again_while_the_server_serves_and_then_nothing_more() {
    let (database, service) = sealed_everywhere().await;
    let home = Home::new();
    let ring = ring();
    let settings = [CHEAP[0], CHEAP[1], ("DATABASE_URL", database.url.as_str())];
    let server = home.serve(&[&settings[..], &[("OGELBASE_VAULT_KEYS", &ring)]].concat()).await;
    let before = stored(&service).await;
    for column in SEALED_COLUMNS {
        assert!(before.keys().any(|(path, _)| *path == column.to_string()), "no value in {column}");
    }
    let changed = "SELECT string_agg(id || ' ' || updated_at, ',' ORDER BY id) FROM (
                     SELECT id, updated_at FROM platform.credentials UNION ALL
                     SELECT id, updated_at FROM platform.users UNION ALL
                     SELECT id, updated_at FROM platform.databases) rows";
    let plan = rotate(&home, &database, &ring, true).await;
    let waiting = format!("{} values are not sealed with k2, the first key of the ring", before.len());
    assert_eq!(plan.printed().lines().last().unwrap(), waiting);
    assert_eq!(plan.stdout.lines().count(), SEALED_COLUMNS.len() + 1);
    for line in plan.stdout.lines().take(SEALED_COLUMNS.len()) {
        assert!(line.contains("  test  ") && line.ends_with("  to be sealed again"), "{line}");
    }
    assert_eq!(stored(&service).await, before, "a plan changes nothing");

    // Somebody reads secrets all the while, and always gets the same ones.
    let owner = server.sign_in("owner@acme.test", "ogelbase-demo").await;
    let times: String = service.one(changed, []).await;
    let query = "{ projects(first: 50) { nodes { ref credentials { anonKey jwtSecret } } } }";
    let ask = async || server.ask(Some(&owner.access), query, Value::Null).await.1;
    let seen = ask().await;
    assert!(seen["data"]["projects"]["nodes"][0]["credentials"]["jwtSecret"].is_string(), "{seen:#}");
    let mut rotated = std::pin::pin!(rotate(&home, &database, &ring, false));
    let mut meanwhile = 0;
    let rotated = loop {
        tokio::select! {
            rotated = &mut rotated => break rotated,
            again = ask() => {
                assert_eq!(again, seen);
                meanwhile += 1;
            }
        }
    };
    assert!(meanwhile > 0);
    assert_eq!(rotated.printed(), format!("{} values were sealed again with k2\n", before.len()));
    assert_eq!(ask().await, seen);
    let after = stored(&service).await;
    assert_eq!(opened(NEW, &after), opened(OLD, &before), "the new key alone opens what the old one did");
    assert_eq!(service.one::<String>(changed, []).await, times, "no row counts as changed");
    let record = "SELECT actor_label || ' ' || severity || ' ' || metadata FROM platform.audit_logs
                   WHERE event_type = 'vault.rotated'";
    let records: Vec<String> = service.column(record, []).await;
    assert_eq!(records, [r#"operator warning {"after": {"key": "k2"}, "before": {"key": null}}"#]);

    let again = rotate(&home, &database, &ring, false).await;
    assert_eq!(again.printed(), "0 values were sealed again with k2\n");
    assert_eq!(stored(&service).await, after);
    assert_eq!(service.column::<String>(record, []).await.len(), 1);
    server.stop().await;
    let server = home.serve(&[&settings[..], &[("OGELBASE_VAULT_KEYS", NEW)]].concat()).await;
    let owner = server.sign_in("owner@acme.test", "ogelbase-demo").await;
    assert_eq!(server.ask(Some(&owner.access), query, Value::Null).await.1, seen, "the old key is not needed any more");
    server.stop().await;
}

#[tokio::test]
async fn a_value_that_does_not_open_is_reported_and_left_as_it_is() {
    let (database, service) = sealed_everywhere().await;
    let home = Home::new();
    let before = stored(&service).await;
    let count = before.len();
    // One of a lost key, and one that was copied from another row.
    let lost = "UPDATE platform_private.outbox SET letter_sealed = replace(letter_sealed, 'ogv1.test.', 'ogv1.lost.')
                RETURNING id";
    let lost: Uuid = service.one(lost, []).await;
    let copied = "UPDATE platform.credentials SET jwt_secret_sealed = anon_key_sealed
                   WHERE id = (SELECT min(id::text)::uuid FROM platform.credentials) RETURNING id";
    let copied: Uuid = service.one(copied, []).await;
    let broken = stored(&service).await;
    let places = [
        ("platform.credentials.jwt_secret_sealed".to_owned(), copied),
        ("platform_private.outbox.letter_sealed".to_owned(), lost),
    ];

    let plan = rotate(&home, &database, &ring(), true).await;
    assert!(plan.printed().contains("platform_private.outbox.letter_sealed  lost  1  not in the key ring"));
    for _ in 0..2 {
        let outcome = rotate(&home, &database, &ring(), false).await;
        let said = outcome.refusal().to_owned();
        assert!(said.contains("2 sealed values do not open and were left as they are:"), "{said}");
        for (column, row) in &places {
            assert!(said.contains(&format!("{column} {row}: ")), "{said}");
        }
        assert!(said.contains("sealed with the key `lost`, which the key ring does not have"), "{said}");
        assert!(!said.contains("ogv1."), "{said}");
        let after = stored(&service).await;
        for place in &places {
            assert_eq!(after[place], broken[place]);
        }
        assert_eq!(after.values().filter(|value| value.starts_with("ogv1.k2.")).count(), count - 2);
    }
    let records = "SELECT count(*) FROM platform.audit_logs WHERE event_type = 'vault.rotated'";
    assert_eq!(service.one::<i64>(records, []).await, 1, "the second run changed nothing");

    // Without a key ring none is made.
    let outcome = home.run(&["secrets", "rotate"], &[("DATABASE_URL", database.url.as_str())]).await;
    assert!(outcome.refusal().contains("there is no key ring: set OGELBASE_VAULT_KEYS"), "{}", outcome.stderr);
    assert!(!home.data().exists());
}

#[tokio::test]
async fn what_a_request_changes_meanwhile_is_not_lost() {
    let (database, service) = sealed_everywhere().await;
    let home = Home::new();
    let superuser = database.superuser().await;
    let row: Uuid = service.one("SELECT max(id::text)::uuid FROM platform.credentials", []).await;
    let place = Place { table: "credentials", column: "jwt_secret_sealed", row };
    let blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                      AND wait_event_type = 'Lock' AND query LIKE 'UPDATE platform.credentials%'";
    let (old, new) = (&OLD["test:".len()..], &NEW["k2:".len()..]);
    let (third, fourth) = (format!("k3:{old},{NEW},{OLD}"), format!("k4:{new},k3:{old}"));
    // By a server that was not told of the new key yet, by one that was, and then the row is gone.
    for (sealing, rings) in [(OLD, &ring()), (&third, &third), ("", &fourth)] {
        let other = database.service().await;
        other.run("BEGIN").await;
        let changed = match sealing {
            // The row is gone.
            "" => {
                other.run_with("DELETE FROM platform.credentials WHERE id = $1", [row.into()]).await;
                None
            }
            ring => {
                let secret = format!("changed meanwhile under {ring}");
                let sealed = Vault::from_key_ring(ring).unwrap().seal(place, &secret).unwrap();
                let update = "UPDATE platform.credentials SET jwt_secret_sealed = $1 WHERE id = $2";
                other.run_with(update, [sealed.into(), row.into()]).await;
                Some(secret)
            }
        };
        let commit = async {
            until("the rotation waits", std::time::Duration::from_secs(30), async || {
                superuser.one::<i64>(blocked, []).await == 1
            })
            .await;
            other.run("COMMIT").await;
        };
        let (rotated, ()) = tokio::join!(rotate(&home, &database, rings, false), commit);
        rotated.printed();
        let counts = rotation::plan(&service.0).await.unwrap();
        let first = rings.split(':').next().unwrap();
        assert!(counts.iter().all(|count| count.key == first), "{counts:?}");
        let now = "SELECT count(*) FROM platform.credentials WHERE id = $1";
        assert_eq!(service.one::<i64>(now, [row.into()]).await, i64::from(changed.is_some()));
        if let Some(secret) = changed {
            let sealed = "SELECT jwt_secret_sealed FROM platform.credentials WHERE id = $1";
            let sealed: String = service.one(sealed, [row.into()]).await;
            assert_eq!(*Vault::from_key_ring(rings).unwrap().open(place, &sealed).unwrap(), secret);
        }
    }
}
