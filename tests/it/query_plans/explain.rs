//! How PostgreSQL would run a statement of the server, and what is bad about it.

use std::collections::HashMap;

use sea_orm::{DbBackend, FromQueryResult, Statement};
use serde_json::Value;

use crate::support::{
    db::{Sql, TestDatabase},
    wire::Message,
};

/// Tables with more rows than this are not read as a whole, and no more than so many rows are sorted for a page.
const BIG: i32 = 1_000;

/// What bounds the rows of a list, all of which are sorted where no index has its order.
#[derive(Debug)]
pub enum Bound {
    /// Those of one parent, which this column names.
    Parent(&'static str),
    /// One for each membership of a person.
    Memberships,
    /// What the caller may see, over all parents. No index has the order of several parents together, so this is
    /// sorted, and not judged here.
    Caller,
}

/// A session in the state in which the server's are when they run a request's statements, with what it knows of the
/// tables.
pub struct Planner {
    sql: Sql,
    /// Tables and partitions with many rows.
    big: HashMap<String, f32>,
    /// Their indexes: the table, and the column or expression that it is sorted by first.
    indexes: HashMap<String, (String, String)>,
    /// Most rows of one parent, by table and the column that names the parent.
    most: HashMap<(String, String), i64>,
    types: HashMap<u32, String>,
}

#[derive(FromQueryResult)]
struct Relation {
    name: String,
    rows: f32,
}

#[derive(FromQueryResult)]
struct Index {
    name: String,
    relation: String,
    first: String,
}

#[derive(FromQueryResult)]
struct Parent {
    name: String,
    parent: String,
    rows: i64,
}

#[derive(FromQueryResult)]
struct Type {
    number: i64,
    name: String,
}

impl Planner {
    /// `settings` and `begin` are what the server itself says when it opens a connection and a request.
    pub async fn open(database: &TestDatabase, settings: &str, begin: &str) -> Self {
        let service = database.service().await;
        let big: Vec<Relation> = service
            .rows(&format!(
                "SELECT relname::text AS name, reltuples AS rows FROM pg_class
                  WHERE relnamespace = 'platform'::regnamespace AND relkind IN ('r', 'p') AND reltuples > {BIG}"
            ))
            .await;
        let indexes: Vec<Index> = service
            .rows(&format!(
                "SELECT x.relname::text AS name, c.relname::text AS relation,
                        trim(BOTH '\"' FROM pg_get_indexdef(i.indexrelid, 1, true)) AS first
                   FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
                  WHERE c.relnamespace = 'platform'::regnamespace AND c.reltuples > {BIG}"
            ))
            .await;
        let parents: Vec<String> = service
            .column(
                "SELECT format('SELECT %L AS name, %L AS parent, coalesce(max(n), 0) AS rows
                                  FROM (SELECT count(*) AS n FROM platform.%I GROUP BY %I) g',
                               c.relname, a.attname, coalesce(r.relname, c.relname), a.attname)
                   FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                   LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class r ON r.oid = i.inhparent
                  WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind IN ('r', 'p') AND c.reltuples > $1
                    AND a.attname IN ('organization_id', 'project_id', 'database_id', 'user_id')",
                [f64::from(BIG).into()],
            )
            .await;
        let most: Vec<Parent> = service.rows(&parents.join(" UNION ALL ")).await;
        let types: Vec<Type> = service
            .rows("SELECT oid::bigint AS number, format_type(oid, NULL) AS name FROM pg_type WHERE oid < 10000")
            .await;
        service.0.close().await.unwrap();

        let sql = database.superuser().await;
        sql.run(settings).await;
        sql.run(begin).await;
        // The parameters are null here, which would prune every partition away.
        sql.run("SET enable_partition_pruning = off").await;
        Self {
            sql,
            big: big.into_iter().map(|relation| (relation.name, relation.rows)).collect(),
            indexes: indexes.into_iter().map(|index| (index.name, (index.relation, index.first))).collect(),
            most: most.into_iter().map(|parent| ((parent.name, parent.parent), parent.rows)).collect(),
            types: types.into_iter().map(|kind| (u32::try_from(kind.number).unwrap(), kind.name)).collect(),
        }
    }

    /// Whether a table or partition has many rows.
    pub fn is_big(&self, relation: &str) -> bool {
        self.big.contains_key(relation)
    }

    /// The plan that serves every value of the parameters, which is the one that the server's connections ask for.
    pub async fn plan(&self, statement: &Message) -> Value {
        let named = |number: &u32| self.types.get(number).map_or("unknown", String::as_str);
        let types: Vec<&str> = statement.types.iter().map(named).collect();
        let (types, nulls) = match types.len() {
            0 => (String::new(), String::new()),
            count => (format!("({})", types.join(", ")), format!("({})", vec!["NULL"; count].join(", "))),
        };
        self.sql.run(&format!("PREPARE asked {types} AS {}", statement.sql)).await;
        let explain =
            Statement::from_string(DbBackend::Postgres, format!("EXPLAIN (FORMAT JSON) EXECUTE asked {nulls}"));
        let row = sea_orm::ConnectionTrait::query_one_raw(&self.sql.0, explain).await.unwrap().unwrap();
        self.sql.run("DEALLOCATE asked").await;
        row.try_get_by_index::<Value>(0).unwrap()[0]["Plan"].clone()
    }

    /// What is bad about a plan; in that of a list, whose sorted rows are bounded by what this says, also what is sorted.
    pub fn complaints(&self, plan: &Value, bound: Option<&Bound>) -> Vec<String> {
        let mut complaints = Vec::new();
        each(plan, &mut |node| {
            let relation = node["Relation Name"].as_str().unwrap_or_default();
            if node["Node Type"] == "Seq Scan"
                && let Some(rows) = self.big.get(relation)
            {
                complaints.push(format!("reads all {rows} rows of {relation}"));
            }
            // A condition on the later columns alone is checked on every entry.
            if let Some((table, first)) = node["Index Name"].as_str().and_then(|index| self.indexes.get(index))
                && !node["Index Cond"].as_str().is_some_and(|condition| condition.contains(first.as_str()))
            {
                complaints.push(format!("walks all of {table} along {}", node["Index Name"]));
            }
            if let Some(bound) = bound
                && node["Node Type"] == "Sort"
            {
                complaints.extend(self.too_much_to_sort(node, bound));
            }
        });
        complaints.sort();
        complaints.dedup();
        complaints
    }

    /// Whether a plan goes to the rows of a big table by their id, rather than through all that the caller may see.
    pub fn finds_by_key(&self, plan: &Value) -> bool {
        let (mut big, mut by_key) = (false, false);
        each(plan, &mut |node| {
            big |= node["Relation Name"].as_str().is_some_and(|relation| self.is_big(relation));
            by_key |= node["Index Cond"].as_str().is_some_and(|condition| condition.contains("(id = ANY"));
        });
        by_key || !big
    }

    /// How many rows of the table that is sorted one parent has, where those are many.
    fn too_much_to_sort(&self, sort: &Value, bound: &Bound) -> Option<String> {
        let key = sort["Sort Key"][0].as_str()?;
        let alias = key.split('.').next()?;
        let table = alias.trim_end_matches(|end: char| end.is_ascii_digit()).trim_end_matches('_');
        let mut sorted = None;
        each(sort, &mut |below| {
            let relation = below["Relation Name"].as_str().unwrap_or_default();
            // What a partitioned table is called here is the name of none of its partitions.
            if (below["Alias"] == alias || relation.starts_with(table)) && self.is_big(relation) {
                sorted = Some(relation.to_owned());
            }
        });
        let relation = sorted?;
        let most = match bound {
            Bound::Parent(column) => self.most.get(&(relation.clone(), (*column).to_owned())),
            Bound::Memberships => self.most.get(&("organization_members".to_owned(), "user_id".to_owned())),
            Bound::Caller => return None,
        };
        match most {
            Some(most) if *most <= i64::from(BIG) => None,
            Some(most) => Some(format!("sorts up to {most} rows of {relation} by {}", sort["Sort Key"])),
            None => Some(format!("sorts who knows how many rows of {relation} by {}", sort["Sort Key"])),
        }
    }
}

/// Walks a plan.
pub fn each<'a>(node: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(node);
    for child in node["Plans"].as_array().into_iter().flatten() {
        each(child, visit);
    }
}
