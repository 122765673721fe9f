//! Connections: sizes, cursors, orders, filters, totals.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{actors::Actor, app::App};

/// An organization of acme's owner with `count` more members, `names` of whom are asked for by text.
async fn crowd(app: &App, count: i32) {
    let sql = format!(
        "WITH people AS (
             INSERT INTO platform.users (email, first_name, last_name)
             SELECT 'crowd-' || lpad(n::text, 3, '0') || '@acme.test', 'Crowd', CASE WHEN n % 10 = 0 THEN '100%_Sure' ELSE 'Person' END
               FROM generate_series(1, {count}) n RETURNING id, email)
         INSERT INTO platform.organization_members (organization_id, user_id, role, joined_at)
         SELECT o.id, p.id, 'member', now() - interval '1 hour'
           FROM people p, platform.organizations o WHERE o.slug = 'acme'"
    );
    app.service().await.run(&sql).await;
}

async fn page(actor: &Actor<'_>, field: &str, arguments: &str) -> Value {
    let query = format!(
        "{{ organization(slug: \"acme\") {{ it: {field}({arguments}) {{
             totalCount edges {{ cursor }} nodes {{ id }}
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
    );
    actor.ask(&query).await.at("/organization/it").clone()
}

fn ids(page: &Value) -> Vec<String> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_forwards_and_backwards_give_every_node_once_and_in_the_same_order() {
    let app = App::start().await;
    // All joined at the same moment: only the key can settle their order.
    crowd(&app, 45).await;
    let owner = app.owner().await;
    let all = page(&owner, "members", "first: 100").await;
    let everyone = ids(&all);
    assert_eq!(all["totalCount"], json!(everyone.len()));
    assert!(everyone.len() > 50 && all["pageInfo"]["hasNextPage"] == json!(false));

    let mut forwards = Vec::new();
    let mut after = String::new();
    loop {
        let page = page(&owner, "members", &format!("first: 7{after}")).await;
        assert_eq!(page["totalCount"], json!(everyone.len()), "the total is of the whole list on every page");
        assert_eq!(page["pageInfo"]["hasPreviousPage"], json!(!after.is_empty()));
        assert_eq!(page["pageInfo"]["startCursor"], page["edges"][0]["cursor"]);
        forwards.extend(ids(&page));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        after = format!(", after: {}", page["pageInfo"]["endCursor"]);
    }
    assert_eq!(forwards, everyone);

    let mut backwards = Vec::new();
    let mut before = String::new();
    loop {
        let page = page(&owner, "members", &format!("last: 8{before}")).await;
        backwards.splice(0..0, ids(&page));
        if page["pageInfo"]["hasPreviousPage"] == json!(false) {
            break;
        }
        before = format!(", before: {}", page["pageInfo"]["startCursor"]);
    }
    assert_eq!(backwards, everyone);

    // Between two cursors.
    let cursor = |index: usize| all["edges"][index]["cursor"].clone();
    let between = page(&owner, "members", &format!("first: 100, after: {}, before: {}", cursor(3), cursor(9))).await;
    assert_eq!(ids(&between), everyone[4..9]);
}

#[tokio::test]
async fn a_cursor_stays_good_when_rows_come_and_go() {
    let app = App::start().await;
    crowd(&app, 30).await;
    let owner = app.owner().await;
    let first = page(&owner, "members", "first: 10, orderBy: {field: JOINED_AT, direction: DESC}").await;
    let all = ids(&page(&owner, "members", "first: 100, orderBy: {field: JOINED_AT, direction: DESC}").await);
    let service = app.service().await;
    // The very row of the cursor leaves, and somebody new comes before it.
    let last = Uuid::try_parse(&ids(&first)[9][4..]).unwrap();
    service.run(&format!("DELETE FROM platform.organization_members WHERE id = '{last}'")).await;
    service
        .run(
            "INSERT INTO platform.organization_members (organization_id, user_id, role, joined_at)
             SELECT o.id, u.id, 'member', now() FROM platform.organizations o, platform.users u
              WHERE o.slug = 'acme' AND u.email = 'outsider@globex.test'",
        )
        .await;
    let arguments =
        format!("first: 10, after: {}, orderBy: {{field: JOINED_AT, direction: DESC}}", first["pageInfo"]["endCursor"]);
    assert_eq!(ids(&page(&owner, "members", &arguments).await), all[10..20]);
}

#[tokio::test]
async fn the_total_of_an_empty_page_and_of_an_empty_list_is_right() {
    let app = App::start().await;
    let owner = app.owner().await;
    let all = page(&owner, "members", "first: 100").await;
    let past = page(&owner, "members", &format!("first: 5, after: {}", all["pageInfo"]["endCursor"])).await;
    assert_eq!((past["nodes"].clone(), past["totalCount"].clone()), (json!([]), all["totalCount"].clone()));
    assert_eq!(past["pageInfo"]["endCursor"], Value::Null);
    let none = page(&owner, "members", "filter: {text: \"nobody is called that\"}").await;
    assert_eq!((none["nodes"].clone(), none["totalCount"].clone()), (json!([]), json!(0)));
}

#[tokio::test]
async fn filters_and_orders_do_what_they_say() {
    let app = App::start().await;
    crowd(&app, 30).await;
    let owner = app.owner().await;
    let count = async |arguments: &str| page(&owner, "members", arguments).await["totalCount"].as_i64().unwrap();
    assert_eq!(count("filter: {text: \"CROWD-01\"}").await, 10);
    // % and _ are searched for as they stand.
    assert_eq!(count("filter: {text: \"100%_\"}").await, 3);
    assert_eq!(count("filter: {text: \"0%S\"}").await, 0);
    assert_eq!(count("filter: {role: []}").await, 0);
    let service = app.service().await;
    let leaders: i64 = service
        .one(
            "SELECT count(*) FROM platform.organization_members m JOIN platform.organizations o ON o.id = m.organization_id
              WHERE o.slug = 'acme' AND m.role IN ('owner', 'admin')",
            [],
        )
        .await;
    assert_eq!(count("filter: {role: [OWNER, ADMIN]}").await, leaders);
    assert_eq!(count("filter: {role: [OWNER], text: \"owner@\"}").await, 1);

    for (order, sql) in [
        ("field: NAME", "p.name ASC, p.id ASC"),
        ("field: NAME, direction: DESC", "p.name DESC, p.id DESC"),
        ("field: CREATED_AT", "p.created_at ASC, p.id ASC"),
        ("field: STATUS, direction: DESC", "p.status DESC, p.id DESC"),
    ] {
        let expected: Vec<Uuid> = service
            .column(
                &format!(
                    "SELECT p.id FROM platform.projects p JOIN platform.organizations o ON o.id = p.organization_id
                      WHERE o.slug = 'acme' ORDER BY {sql}"
                ),
                [],
            )
            .await;
        let expected: Vec<String> = expected.iter().map(|id| format!("prj_{}", id.simple())).collect();
        assert!(expected.len() > 3);
        assert_eq!(
            ids(&page(&owner, "projects", &format!("first: 100, orderBy: {{{order}}}")).await),
            expected,
            "{order}"
        );
    }
    let paused =
        owner.ask("{ projects(first: 100, filter: {status: [PAUSED]}) { nodes { status } totalCount } }").await;
    let stored: i64 = service
        .one(
            "SELECT count(*) FROM platform.projects p JOIN platform.organizations o ON o.id = p.organization_id
              WHERE o.slug = 'acme' AND p.status = 'paused'",
            [],
        )
        .await;
    assert!(stored > 0);
    assert_eq!(paused.at("/projects/totalCount"), &json!(stored));
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let app = App::start().await;
    let owner = app.owner().await;
    let by_name = page(&owner, "projects", "orderBy: {field: NAME}").await["pageInfo"]["endCursor"].clone();
    for (arguments, argument) in [
        ("first: 0".to_owned(), "first"),
        ("first: 101".to_owned(), "first"),
        ("last: -1".to_owned(), "last"),
        ("first: 1, last: 1".to_owned(), "last"),
        ("after: \"nonsense\"".to_owned(), "after"),
        ("before: \"\"".to_owned(), "before"),
        (format!("after: {by_name}"), "after"),
        (format!("filter: {{text: \"{}\"}}", "x".repeat(121)), "filter.text"),
    ] {
        let query = format!("{{ organization(slug: \"acme\") {{ slug projects({arguments}) {{ totalCount }} }} }}");
        let answer = owner.ask(&query).await;
        assert_eq!(answer.codes(), ["INVALID_INPUT"], "{arguments}: {:#}", answer.body);
        assert_eq!(answer.body["errors"][0]["extensions"]["argument"], json!(argument));
        // The rest of the answer is there.
        assert_eq!(answer.body["data"]["organization"], json!({"slug": "acme", "projects": null}));
    }
    // What no text may have is refused before anything runs.
    let query = r#"{ organization(slug: "acme") { slug projects(filter: {text: "a\u0000b"}) { totalCount } } }"#;
    let answer = owner.ask(query).await;
    assert_eq!(answer.codes(), ["INVALID_INPUT"]);
    assert_eq!(answer.body["errors"][0]["extensions"]["argument"], "filter.text");
    assert_eq!(answer.body.get("data"), None);
}
