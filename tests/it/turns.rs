//! Of a database on the same machine few connections are at work at once, but who takes long holds up nobody.

use std::thread::available_parallelism;

use futures_util::future::join_all;
use ogelbase::config::Config;
use serde_json::json;

use crate::support::{
    app::{App, config},
    db::TestDatabase,
};

#[tokio::test]
async fn requests_that_need_no_lock_overtake_those_that_wait_for_one() {
    let waiting = 2 * available_parallelism().unwrap().get().max(2) + 3;
    let database = TestDatabase::seeded().await;
    let connections = u32::try_from(waiting + 2).unwrap();
    let config = Config { database_connections: connections, ..config(&database.url) };
    let app = App::with(database, config).await;
    let (owner, service, superuser) = (app.owner().await, app.service().await, app.superuser().await);
    service.run("BEGIN; LOCK TABLE platform.projects IN ACCESS EXCLUSIVE MODE").await;
    let blocked = join_all((0..waiting).map(|_| owner.ask("{ projects(first: 1) { totalCount } }")));
    let free = async {
        let stuck = superuser.until_locked_out(waiting).await;
        let free = join_all((0..100).map(|_| owner.ask("{ viewer { email } }"))).await;
        service.run("COMMIT").await;
        (stuck, free)
    };
    let (blocked, (stuck, free)) = tokio::join!(blocked, free);
    assert_eq!(stuck, waiting, "requests that wait for the lock at once");
    for answer in free {
        assert_eq!(answer.body["data"], json!({ "viewer": { "email": "owner@acme.test" } }));
    }
    for answer in blocked {
        assert!(answer.body.get("errors").is_none(), "{}", answer.body);
    }
}
