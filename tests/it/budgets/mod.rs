//! What a document costs in statements: counted on the wire before PostgreSQL, the same for one row and for thousands.
//!
//! BEGIN, which brings the caller's context with it, counts as one; COMMIT does not. The numbers are exact, so that a
//! statement more shows, and so does one less.

mod pages;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    actors::Actor,
    app::{App, config},
    db::{Sql, TestDatabase},
    tenants::Session,
    wire::Wire,
};

/// Requests at once, and connections that they find.
const AT_ONCE: usize = 8;
/// How often each document is asked alone.
const TIMES: usize = 20;
/// How often it is asked by many at once.
const CROWDS: usize = 5;

/// A server whose statements are counted, with somebody signed in.
struct Counted {
    app: App,
    wire: Wire,
    service: Sql,
    user: uuid::Uuid,
    session: Session,
}

/// What asking a document led to.
struct Asked {
    data: Value,
    statements: Vec<String>,
}

impl Asked {
    #[track_caller]
    fn took(self, statements: usize) -> Value {
        assert_eq!(self.statements.len(), statements, "{:#?}", self.statements);
        self.data
    }
}

impl Counted {
    async fn start() -> Self {
        let database = TestDatabase::migrated().await;
        let wire = Wire::to(&database.url).await;
        let mut config = config(&wire.url);
        config.database_connections = u32::try_from(AT_ONCE).unwrap();
        let app = App::with(database, config).await;
        let service = app.service().await;
        let user = service.make_person("somebody@people.test").await;
        let session = service.make_sessions(user, 1).await.remove(0);
        Self { app, wire, service, user, session }
    }

    async fn make_organization(&self, slug: &str, members: i32, projects: i32) -> uuid::Uuid {
        self.service.make_organization(self.user, slug, members, projects).await
    }

    async fn ask(&self, query: &str, variables: Value) -> Asked {
        self.ask_as(&self.app.holder_of(&self.session), query, variables).await
    }

    /// Asks again and again, one after the other and side by side: always the same answer, and always the same number
    /// of statements.
    async fn ask_as(&self, actor: &Actor<'_>, query: &str, variables: Value) -> Asked {
        let side_by_side = || join_all((0..AT_ONCE).map(|_| actor.ask_with(query, variables.clone())));
        // Until each connection has met the document: preparing it takes PostgreSQL more than running it.
        for _ in 0..3 {
            side_by_side().await;
        }
        self.wire.forget();
        let data = actor.ask_with(query, variables.clone()).await.data().clone();
        let statements = self.wire.transactions().remove(0);
        for _ in 1..TIMES {
            assert_eq!(actor.ask_with(query, variables.clone()).await.data(), &data);
        }
        for _ in 0..CROWDS {
            for answer in side_by_side().await {
                assert_eq!(answer.data(), &data);
            }
        }
        let transactions = self.wire.transactions();
        assert_eq!(transactions.len(), TIMES + CROWDS * AT_ONCE, "each request is one transaction");
        for other in transactions {
            assert_eq!(other.len(), statements.len(), "now {other:#?}, before {statements:#?}");
        }
        Asked { data, statements }
    }
}

#[tokio::test]
async fn the_viewer_with_memberships_takes_two_statements() {
    const VIEWER: &str = "{ viewer { email memberships(first: 100) { nodes { role joinedAt } } } }";
    const NAMED: &str =
        "{ viewer { email memberships(first: 100) { nodes { role joinedAt organization { name slug } } } } }";
    let counted = Counted::start().await;
    counted.make_organization("first", 1, 0).await;
    for memberships in [1, 60] {
        for number in 1..memberships {
            counted.make_organization(&format!("further-{number}"), 1, 0).await;
        }
        let data = counted.ask(VIEWER, json!(null)).await.took(2);
        assert_eq!(data["viewer"]["memberships"]["nodes"].as_array().unwrap().len(), memberships);
        // Their organizations come with them.
        let data = counted.ask(NAMED, json!(null)).await.took(2);
        assert_eq!(data["viewer"]["memberships"]["nodes"][0]["organization"]["slug"], "first");
    }
    // The header rides on BEGIN like the credential.
    let narrowed = counted.app.holder_of(&counted.session).in_organization("further-7");
    counted.ask_as(&narrowed, VIEWER, json!(null)).await.took(2);
}

#[tokio::test]
async fn an_organization_with_its_members_and_projects_takes_four_statements_for_1_member_and_for_1000() {
    const ORGANIZATION: &str = "query ($slug: String!) { organization(slug: $slug) {
        name members(first: 20) { nodes { role user { email } } } projects(first: 10) { nodes { name ref status } } } }";
    let counted = Counted::start().await;
    counted.make_organization("small", 1, 1).await;
    counted.make_organization("large", 1_000, 200).await;
    for (slug, members, projects) in [("small", 1, 1), ("large", 20, 10)] {
        // BEGIN, the organization, the members with their users, the projects; the budget is six.
        let data = counted.ask(ORGANIZATION, json!({ "slug": slug })).await.took(4);
        let organization = &data["organization"];
        let nodes = |list: &str| organization[list]["nodes"].as_array().unwrap().clone();
        assert_eq!((nodes("members").len(), nodes("projects").len()), (members, projects));
        assert!(nodes("members").iter().all(|member| member["user"]["email"].is_string()));
    }
}

#[tokio::test]
async fn counting_a_list_takes_no_statement_of_its_own() {
    const PLAIN: &str =
        "{ organizations { nodes { slug members(first: 2) { nodes { id } } projects(first: 2) { nodes { id } } } } }";
    const WITH_TOTALS: &str = "{ organizations { totalCount nodes { slug members(first: 2) { totalCount nodes { id } }
        projects(first: 2) { totalCount nodes { id } } } } }";
    const TOTALS_ALONE: &str =
        "{ organizations { totalCount nodes { members { totalCount } projects { totalCount } } } }";
    let counted = Counted::start().await;
    counted.make_organization("acme", 30, 25).await;
    counted.make_organization("globex", 1, 0).await;
    counted.ask(PLAIN, json!(null)).await.took(4);
    let data = counted.ask(WITH_TOTALS, json!(null)).await.took(4);
    assert_eq!(data["organizations"]["totalCount"], 2);
    let totals = |list: &str| {
        let nodes = data["organizations"]["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node[list]["totalCount"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((totals("members"), totals("projects")), (vec![30, 1], vec![25, 0]));
    counted.ask(TOTALS_ALONE, json!(null)).await.took(4);
}

#[tokio::test]
async fn many_organizations_take_as_many_statements_as_one() {
    const SHALLOW: &str = "{ organizations(first: 50) { nodes { slug
        members(first: 3) { nodes { user { email } } } projects(first: 3) { nodes { ref } } } } }";
    const DEEP: &str = "{ organizations(first: 10) { nodes { slug
        members(first: 3) { nodes { user { email } organization { slug } } }
        projects(first: 3) { nodes { ref organization { slug }
            members(first: 3) { nodes { role user { email } project { ref organization { slug } } } } } } } } }";
    let counted = Counted::start().await;
    counted.make_organization("organization-0", 5, 4).await;
    for organizations in [1, 50] {
        for number in 1..organizations {
            counted.make_organization(&format!("organization-{number}"), 5, 4).await;
        }
        let data = counted.ask(SHALLOW, json!(null)).await.took(4);
        let nodes = data["organizations"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), organizations);
        for node in nodes {
            assert_eq!(node["members"]["nodes"].as_array().unwrap().len(), 3, "{node}");
            assert_eq!(node["projects"]["nodes"].as_array().unwrap().len(), 3, "{node}");
        }
        // BEGIN, and eight pages in four levels; the organizations more than once, once for each level that asks.
        counted.ask(DEEP, json!(null)).await.took(9);
    }
}

#[tokio::test]
async fn twenty_ids_of_five_types_take_one_statement_for_each_type() {
    const NODES: &str = "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }";
    let counted = Counted::start().await;
    let mut organizations = Vec::new();
    for number in 0..4 {
        organizations.push(counted.make_organization(&format!("organization-{number}"), 4, 1).await);
    }
    // One of each type, four times over.
    let ids: Vec<String> = counted
        .service
        .column(
            "SELECT kind || '_' || replace(id::text, '-', '') FROM (
                 SELECT kind, id, row_number() OVER (PARTITION BY kind ORDER BY id) AS n FROM (
                     SELECT 'org' AS kind, id, id AS organization_id FROM platform.organizations
                     UNION ALL SELECT 'mem', id, organization_id FROM platform.organization_members
                     UNION ALL SELECT 'usr', user_id, organization_id FROM platform.organization_members
                      WHERE role = 'member'
                     UNION ALL SELECT 'prj', id, organization_id FROM platform.projects
                     UNION ALL SELECT 'pmb', id, organization_id FROM platform.project_members) everything
                  WHERE organization_id = ANY ($1)) numbered
              WHERE n <= 4 ORDER BY n, kind",
            [organizations.into()],
        )
        .await;
    assert_eq!(ids.len(), 20);
    let data = counted.ask(NODES, json!({ "ids": ids })).await.took(6);
    let found: Vec<&str> = data["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
    assert_eq!(found, ids);
}

#[tokio::test]
async fn aliases_share_a_statement_when_only_their_parents_differ() {
    const DIFFERENT: &str = "{ organizations { nodes { slug
        two: members(first: 2) { nodes { user { email } } }
        last: members(last: 1) { nodes { user { email } } }
        owners: members(filter: {role: [OWNER]}) { nodes { user { email } } }
        newest: projects(first: 1) { nodes { ref } }
        byName: projects(first: 1, orderBy: {field: NAME}) { nodes { ref } } } } }";
    const ALIKE: &str = "{ organizations { nodes { slug
        a: members(first: 2) { nodes { user { email } } } b: members(first: 2) { nodes { user { email } } }
        c: projects(first: 1) { nodes { ref } } d: projects(first: 1) { nodes { ref } } } } }";
    const SEPARATE: &str = r#"{
        a: organization(slug: "acme") { members(first: 2) { nodes { user { email } } } }
        g: organization(slug: "globex") { members(first: 2) { nodes { user { email } } } } }"#;
    let counted = Counted::start().await;
    for slug in ["acme", "globex"] {
        counted.make_organization(slug, 5, 3).await;
    }
    // BEGIN, the organizations, three pages of members with their users, two of projects.
    let data = counted.ask(DIFFERENT, json!(null)).await.took(7);
    let acme = &data["organizations"]["nodes"][0];
    let length = |alias: &str| acme[alias]["nodes"].as_array().unwrap().len();
    assert_eq!(["two", "last", "owners", "newest", "byName"].map(length), [2, 1, 1, 1, 1], "{acme}");
    assert_eq!(acme["owners"]["nodes"][0]["user"]["email"], "somebody@people.test");

    let data = counted.ask(ALIKE, json!(null)).await.took(4);
    let acme = &data["organizations"]["nodes"][0];
    assert_eq!((&acme["a"], &acme["c"]), (&acme["b"], &acme["d"]));

    // Each lookup by slug is a statement of its own; what hangs on them is loaded together, when both are there.
    counted.ask(SEPARATE, json!(null)).await.took(4);
}
