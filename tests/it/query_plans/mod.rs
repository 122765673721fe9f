//! What PostgreSQL does for the lists, on a database with volume: it reads from indexes.
//!
//! The statements are those that the server sends when it is asked through HTTP, heard on the wire; each is explained in
//! a session that has the same role, settings and context, as the plan for any values of its parameters.

mod explain;
mod lists;

use std::collections::{BTreeMap, HashSet};

use ogelbase::graphql::id::Kind;
use serde_json::{Value, json};
use uuid::Uuid;

use self::{
    explain::{Planner, each},
    lists::Schema,
};
use crate::support::{
    actors::Actor,
    app::{App, config},
    db::TestDatabase,
    queries,
    wire::{Message, Wire},
};

/// A server on the volume whose statements are heard, and the means to explain them.
struct Heard {
    app: App,
    wire: Wire,
    planner: Planner,
}

impl Heard {
    async fn start() -> Self {
        let database = TestDatabase::with_volume().await;
        let wire = Wire::to(&database.url).await;
        let mut config = config(&wire.url);
        config.database_connections = 1;
        let app = App::with(database, config).await;
        let settings = |message: &Message| message.sql.contains("plan_cache_mode");
        app.owner().await.ask("{ viewer { id } }").await.data();
        let heard = wire.heard();
        let settings = heard.iter().find(|message| settings(message)).expect("the server sets its connections up");
        let begin = heard.iter().rfind(|message| message.sql.contains("BEGIN; EXECUTE")).expect("a request's context");
        let planner = Planner::open(&app, &settings.sql, &begin.sql).await;
        Self { app, wire, planner }
    }

    /// The statements of a document that was answered, but perhaps for what only the person concerned reads.
    async fn statements(&self, actor: &Actor<'_>, document: &str, variables: Value) -> Vec<Message> {
        self.wire.forget();
        let answer = actor.ask_with(document, variables).await;
        assert!(answer.codes().iter().all(|code| *code == "FORBIDDEN"), "{document}: {:#}", answer.body);
        assert!(answer.body["data"].is_object(), "{document}: {:#}", answer.body);
        self.wire.statements()
    }
}

/// Complaints by statement, each statement once.
#[derive(Default)]
struct Verdict {
    seen: HashSet<String>,
    bad: BTreeMap<String, Vec<String>>,
}

impl Verdict {
    async fn judge(&mut self, planner: &Planner, statements: Vec<Message>, list: Option<&lists::List>, what: &str) {
        for statement in statements {
            if !self.seen.insert(statement.sql.clone()) {
                continue;
            }
            let plan = planner.plan(&statement).await;
            let complaints = planner.complaints(&plan, list.map(lists::List::bound).as_ref());
            if !complaints.is_empty() {
                let entry = self.bad.entry(format!("{what}: {}", complaints.join("; "))).or_default();
                entry.push(format!("{}\n{}", statement.sql, outline(&plan, 0)));
            }
        }
    }

    #[track_caller]
    fn is_good(&self) {
        let text: String = self
            .bad
            .iter()
            .map(|(what, statements)| format!("\n{what} ({} statements)\n{}\n", statements.len(), statements[0]))
            .collect();
        assert!(self.bad.is_empty(), "{} complaints:\n{text}", self.bad.len());
    }
}

/// A plan in a few words a node.
fn outline(node: &Value, depth: usize) -> String {
    let word = |name: &str| node[name].as_str().map(|word| format!(" {word}")).unwrap_or_default();
    let line = format!(
        "{}{}{}{}{} rows={}\n",
        "  ".repeat(depth + 1),
        node["Node Type"].as_str().unwrap_or_default(),
        word("Relation Name"),
        word("Index Name"),
        word("Index Cond"),
        node["Plan Rows"]
    );
    let children = node["Plans"].as_array().into_iter().flatten();
    line + &children.map(|child| outline(child, depth + 1)).collect::<String>()
}

#[tokio::test]
async fn no_list_reads_a_big_table_or_sorts_more_than_a_few_rows() {
    let heard = Heard::start().await;
    let owner = heard.app.owner().await;
    let schema = Schema::of(&heard.app, &owner).await;
    let lists = schema.lists();
    assert!(lists.len() >= 20, "{lists:#?}");
    let mut verdict = Verdict::default();
    for list in &lists {
        for document in list.documents(&owner).await {
            let statements = heard.statements(&owner, &document, json!(null)).await;
            verdict.judge(&heard.planner, statements, Some(list), &list.name()).await;
        }
    }
    assert!(verdict.seen.len() > 300, "{} statements", verdict.seen.len());
    verdict.is_good();
}

#[tokio::test]
async fn nothing_else_that_can_be_asked_reads_a_big_table() {
    let heard = Heard::start().await;
    let owner = heard.app.owner().await;
    let schema = Schema::of(&heard.app, &owner).await;
    let mut verdict = Verdict::default();
    for document in schema.others() {
        let statements = heard.statements(&owner, &document, json!(null)).await;
        verdict.judge(&heard.planner, statements, None, &document).await;
    }
    for kind in Kind::ALL {
        // A key that the server made says when; others do not.
        for key in [Uuid::now_v7(), Uuid::from_u128(u128::MAX)] {
            let document = "query ($id: ID!) { node(id: $id) { id } }";
            let id = kind.id(key);
            let statements = heard.statements(&owner, document, json!({ "id": *id })).await;
            // What an organization has many of is found by its id, not among all that its people may see; a record of
            // the trail whose id says when also by that.
            if matches!(kind, Kind::AuditLog | Kind::DatabaseConnectionLog) && key.get_version_num() != 7 {
                for statement in &statements {
                    let plan = heard.planner.plan(statement).await;
                    assert!(heard.planner.finds_by_key(&plan), "{kind:?}: {}\n{}", statement.sql, outline(&plan, 0));
                }
            }
            verdict.judge(&heard.planner, statements, None, &format!("node of {kind:?}")).await;
        }
    }
    for (_, document) in queries::canonical() {
        let variables = json!({ "slug": "acme", "ref": lists::PROJECT, "from": lists::FROM, "to": lists::TO });
        let statements = heard.statements(&owner, &document, variables).await;
        verdict.judge(&heard.planner, statements, None, document.lines().next().unwrap_or_default()).await;
    }
    verdict.is_good();
}

#[tokio::test]
async fn the_series_of_a_project_are_read_from_the_covering_index_alone() {
    let heard = Heard::start().await;
    let owner = heard.app.owner().await;
    let document = include_str!("../../../examples/queries/infra-monitoring.graphql");
    let variables = json!({ "ref": lists::PROJECT, "from": lists::FROM, "to": lists::TO });
    let statements = heard.statements(&owner, document, variables).await;
    let series = statements.iter().find(|statement| statement.sql.contains("project_metrics")).expect("the series");
    let plan = heard.planner.plan(series).await;
    let mut partitions = 0;
    each(&plan, &mut |node| {
        if node["Relation Name"].as_str().is_some_and(|name| heard.planner.is_big(name)) {
            assert_eq!(node["Node Type"], "Index Only Scan", "{}", outline(&plan, 0));
            partitions += 1;
        }
    });
    assert!(partitions > 0, "{}", outline(&plan, 0));
}
