//! The lists of the schema, as introspection shows them, and all the ways in which each can be asked for.

use serde_json::{Value, json};

use super::explain::Bound;
use crate::support::{actors::Actor, app::App};

/// A field that answers with a page of a list.
#[derive(Debug)]
pub struct List {
    /// The type that has it.
    pub parent: String,
    pub field: String,
    /// The arguments of each way to filter it; the first is none.
    filters: Vec<String>,
    /// The arguments of each way to order it; none where there is no choice.
    orders: Vec<String>,
    /// The fields of its nodes that are plain values.
    columns: String,
}

/// The types of the schema.
pub struct Schema {
    types: Vec<Value>,
    /// A user and a project, for filters that take their ids.
    user: String,
    project: String,
}

/// A project of the demo that has something of everything, and a time.
pub const PROJECT: &str = "acmeshopqkzvtrwmplsd";
pub const FROM: &str = "2026-01-01T00:00:00Z";
pub const TO: &str = "2026-01-05T00:00:00Z";

const INTROSPECTION: &str = "{
    __schema { types { kind name
        fields { name type { ...T } args { name type { ...T } } }
        inputFields { name type { ...T } }
        enumValues { name }
    } }
}
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// How somebody reaches one thing of a type that has lists: what stands before a list's field and after it.
const REACHED: [(&str, &str, &str); 6] = [
    ("Query", "{", "}"),
    ("User", "{ viewer {", "} }"),
    ("Organization", "{ organization(slug: \"acme\") {", "} }"),
    ("Subscription", "{ organization(slug: \"acme\") { subscription {", "} } }"),
    ("Project", "{ project(ref: \"acmeshopqkzvtrwmplsd\") {", "} }"),
    ("Database", "{ project(ref: \"acmeshopqkzvtrwmplsd\") { databases(first: 1) { nodes {", "} } } }"),
];

impl List {
    /// What to say of it when a plan is bad.
    pub fn name(&self) -> String {
        format!("{}.{}", self.parent, self.field)
    }

    /// What bounds its rows.
    pub fn bound(&self) -> Bound {
        match (&*self.parent, &*self.field) {
            ("Organization" | "Subscription", _) => Bound::Parent("organization_id"),
            ("Project", _) => Bound::Parent("project_id"),
            ("Database", _) => Bound::Parent("database_id"),
            ("User", _) => Bound::Parent("user_id"),
            ("Query", "organizations") => Bound::Memberships,
            ("Query", "projects") => Bound::Caller,
            // A table that is not big needs none.
            _ => Bound::Parent("none"),
        }
    }

    /// Every way to ask for it, as documents: each filter in each order, from both ends, at the start without and
    /// further on with the total.
    pub async fn documents(&self, owner: &Actor<'_>) -> Vec<String> {
        let (before, after) = self.reached();
        let columns = &self.columns;
        let mut documents = Vec::new();
        for order in &self.orders {
            let whole = self.field(&["first: 1", order], "pageInfo { endCursor }");
            let answer = owner.ask(&format!("{before} list: {whole} {after}")).await;
            let Some(cursor) = find(answer.data(), "endCursor").and_then(Value::as_str) else {
                panic!("the demo data has nothing in {} to make a cursor of: {:#}", self.name(), answer.body);
            };
            for filter in &self.filters {
                let start = self.field(&["first: 5", filter, order], &format!("nodes {{ {columns} }}"));
                let end = self.field(&["last: 5", filter, order], &format!("nodes {{ {columns} }}"));
                documents.push(format!("{before} start: {start} end: {end} {after}"));
                let counted = format!("totalCount nodes {{ {columns} }}");
                let cursor = |name: &str| format!("{name}: \"{cursor}\"");
                let next = self.field(&["first: 5", &cursor("after"), filter, order], &counted);
                let previous = self.field(&["last: 5", &cursor("before"), filter, order], &counted);
                documents.push(format!("{before} next: {next} previous: {previous} {after}"));
            }
        }
        documents
    }

    fn field(&self, arguments: &[&str], selection: &str) -> String {
        let arguments: Vec<&str> = arguments.iter().copied().filter(|argument| !argument.is_empty()).collect();
        format!("{}({}) {{ {selection} }}", self.field, arguments.join(", "))
    }

    fn reached(&self) -> (&str, &str) {
        let found = REACHED.iter().find(|(parent, ..)| *parent == self.parent);
        let (_, before, after) = found.unwrap_or_else(|| panic!("say in REACHED how to get to {}", self.name()));
        (before, after)
    }
}

impl Schema {
    pub async fn of(app: &App, owner: &Actor<'_>) -> Self {
        let answer = app.anonymous().ask(INTROSPECTION).await;
        let types = answer.body["data"]["__schema"]["types"].as_array().cloned();
        let ids = owner.ask("{ viewer { id } project(ref: \"acmeshopqkzvtrwmplsd\") { id } }").await;
        let id = |pointer: &str| ids.at(pointer).as_str().unwrap().to_owned();
        Self { types: types.unwrap(), user: id("/viewer/id"), project: id("/project/id") }
    }

    /// Every field of every type that answers with a connection.
    pub fn lists(&self) -> Vec<List> {
        let mut lists = Vec::new();
        for owner in &self.types {
            for field in elements(&owner["fields"]) {
                let connection = self.named(name_of(&field["type"]));
                if is_connection(connection) {
                    lists.push(self.list(text(&owner["name"]), field, connection));
                }
            }
        }
        // Parents first: the statements that lead to a list are lists themselves.
        lists.sort_by_key(|list| REACHED.iter().position(|(parent, ..)| *parent == list.parent));
        lists
    }

    /// Every other field of the types that have lists, each as a document.
    pub fn others(&self) -> Vec<String> {
        let mut documents = Vec::new();
        for (parent, before, after) in REACHED {
            for field in elements(&self.named(parent)["fields"]) {
                let kind = self.named(name_of(&field["type"]));
                // Lists have their own documents; global ids are asked for by the tests.
                if is_connection(kind) || elements(&field["args"]).any(|argument| name_of(&argument["type"]) == "ID") {
                    continue;
                }
                let arguments: Vec<String> = elements(&field["args"]).map(|argument| self.argument(argument)).collect();
                let arguments =
                    if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
                let columns = self.columns(kind);
                let selection = if columns.is_empty() { String::new() } else { format!("{{ {columns} }}") };
                documents.push(format!("{before} {}{arguments} {selection} {after}", text(&field["name"])));
            }
        }
        documents
    }

    fn list(&self, parent: &str, field: &Value, connection: &Value) -> List {
        let (mut filters, mut orders) = (vec![String::new()], vec![String::new()]);
        let (mut alone, mut together) = (Vec::new(), Vec::new());
        for argument in elements(&field["args"]) {
            let (name, kind) = (text(&argument["name"]), name_of(&argument["type"]));
            match name {
                "first" | "last" | "after" | "before" => {}
                "orderBy" => orders = self.orders(kind),
                _ => {
                    let input = self.named(kind);
                    if input["kind"] == "INPUT_OBJECT" {
                        let fields: Vec<String> =
                            elements(&input["inputFields"]).map(|field| self.argument(field)).collect();
                        alone.extend(fields.iter().map(|field| format!("{name}: {{{field}}}")));
                        together.push(format!("{name}: {{{}}}", fields.join(", ")));
                    } else {
                        alone.push(self.argument(argument));
                        together.push(self.argument(argument));
                    }
                }
            }
        }
        filters.extend(alone);
        filters.extend((!together.is_empty()).then(|| together.join(", ")));
        let node = elements(&connection["fields"]).find(|field| field["name"] == "nodes");
        let node = self.named(name_of(&node.unwrap()["type"]));
        let field = text(&field["name"]).to_owned();
        List { parent: parent.to_owned(), field, filters, orders, columns: self.columns(node) }
    }

    /// The fields of a type that are plain values.
    fn columns(&self, kind: &Value) -> String {
        let plain = |field: &&Value| {
            ["SCALAR", "ENUM"].iter().any(|kind| self.named(name_of(&field["type"]))["kind"] == *kind)
                && elements(&field["args"]).next().is_none()
        };
        let mut columns = elements(&kind["fields"]).filter(plain).map(|field| text(&field["name"])).collect::<Vec<_>>();
        if columns.is_empty() && kind["fields"].is_array() {
            columns.push("__typename");
        }
        columns.join(" ")
    }

    fn orders(&self, kind: &str) -> Vec<String> {
        let by = elements(&self.named(kind)["inputFields"]).find(|field| field["name"] == "field").unwrap();
        let fields = elements(&self.named(name_of(&by["type"]))["enumValues"]).map(|value| text(&value["name"]));
        let order =
            |field| ["ASC", "DESC"].map(|direction| format!("orderBy: {{field: {field}, direction: {direction}}}"));
        fields.flat_map(order).collect()
    }

    /// An argument or an input's field with a value that can be searched for.
    fn argument(&self, field: &Value) -> String {
        let (name, kind) = (text(&field["name"]), name_of(&field["type"]));
        let many = field["type"]["kind"] == "LIST" || field["type"]["ofType"]["kind"] == "LIST";
        let value = match (kind, name) {
            // What is left out is chosen by the server.
            ("InfraInterval", _) => "null".to_owned(),
            ("String", "ref") => format!("\"{PROJECT}\""),
            ("String", _) => "\"acme\"".to_owned(),
            ("DateTime", "from" | "periodFrom") => format!("\"{FROM}\""),
            ("DateTime", "to" | "periodTo") => format!("\"{TO}\""),
            ("Boolean", _) => "true".to_owned(),
            ("UUID", _) => "\"00000000-0000-8000-8000-000000000000\"".to_owned(),
            ("ID", "actor") => format!("\"{}\"", self.user),
            ("ID", "project") => format!("\"{}\"", self.project),
            _ => elements(&self.named(kind)["enumValues"])
                .next()
                .map(|value| text(&value["name"]).to_owned())
                .unwrap_or_else(|| panic!("say in `argument` what {name}: {kind} can be")),
        };
        if many { format!("{name}: [{value}]") } else { format!("{name}: {value}") }
    }

    fn named(&self, name: &str) -> &Value {
        self.types.iter().find(|kind| kind["name"] == name).unwrap_or(&Value::Null)
    }
}

fn is_connection(kind: &Value) -> bool {
    elements(&kind["fields"]).any(|field| field["name"] == "pageInfo")
}

fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The name of a type below its lists and non-nulls.
fn name_of(mut kind: &Value) -> &str {
    while kind["ofType"].is_object() {
        kind = &kind["ofType"];
    }
    text(&kind["name"])
}

/// What stands under this name, however deep.
pub fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => fields
            .get(name)
            .or_else(|| fields.values().find_map(|field| find(field, name)))
            .filter(|found| **found != json!(null)),
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}
