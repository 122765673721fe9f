//! What nobody means well with, given to every argument and every field of every input: refused at that place, by name,
//! and never a fault of the server.

mod schema;
mod values;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    actors::{Actor, Answer},
    app::{App, config},
    db::TestDatabase,
};
use ogelbase::config::Config;
use schema::{Input, Schema};
use values::nasty;

/// How to come to an object of each type that has fields with arguments: what stands before and after them.
const PLACES: &[(&str, &str, &str)] = &[
    ("Query", "query", ""),
    ("Mutation", "mutation", ""),
    // Over HTTP it goes no further than the gate, which looks at the values first.
    ("SubscriptionRoot", "subscription", ""),
    ("User", "query", "viewer"),
    ("Organization", "query", "organization(slug: \"acme\")"),
    ("Project", "query", "project(ref: \"%ref\")"),
    ("Subscription", "query", "organization(slug: \"acme\") subscription"),
    ("Database", "query", "project(ref: \"%ref\") databases(first: 1) nodes"),
];

/// Stands behind a mutation: a document in which one fails has done nothing.
const UNDO: &str = "undo: updateOrganization(input: {organization: \"\"}) { __typename }";
/// Requests at once.
const AT_ONCE: usize = 12;
/// Larger than the largest text that is tried.
const BODY: usize = 4_000_000;
/// Characters of a text that nobody types.
const HUGE: usize = 1_000_000;

/// Words that only a message of the database, of Rust or of a parser has.
const INNER_WORDS: [&str; 14] = [
    "platform.",
    "platform_private",
    "SELECT ",
    "sqlx",
    "SQLSTATE",
    "pg_catalog",
    "duplicate key",
    "violates",
    "byte sequence",
    "out of range for type",
    "panicked",
    "serde",
    "occurred while parsing",
    ".rs:",
];

/// One value at one place of one field.
struct Attempt {
    what: String,
    /// The names on the way to it, the argument's first.
    path: Vec<String>,
    query: String,
    variables: Value,
    refused: bool,
}

struct World {
    schema: Schema,
    /// Values that do no harm, by the name of the input that they are for.
    plain: BTreeMap<&'static str, Value>,
    reference: String,
}

impl World {
    async fn of(app: &App) -> Self {
        let service = app.service().await;
        let id = async |prefix: &str, sql: &str| {
            let key: uuid::Uuid = service.one(sql, []).await;
            json!(format!("{prefix}_{}", key.simple()))
        };
        let acme = "(SELECT id FROM platform.organizations WHERE slug = 'acme')";
        let of_acme = |table: &str| format!("SELECT id FROM platform.{table} WHERE organization_id = {acme} LIMIT 1");
        let with_database = format!(
            "FROM platform.projects p WHERE organization_id = {acme}
               AND EXISTS (SELECT FROM platform.databases d WHERE d.project_id = p.id) ORDER BY p.id LIMIT 1"
        );
        let reference = service.one::<String>(&format!("SELECT ref {with_database}"), []).await;
        let organization = id("org", &format!("SELECT {acme}")).await;
        let project = id("prj", &format!("SELECT id {with_database}")).await;
        let plain = BTreeMap::from([
            ("apiKey", id("key", &of_acme("api_keys")).await),
            ("attributes", json!(["AVG_CPU_USAGE"])),
            ("code", json!("123456")),
            ("currentPassword", json!("ogelbase-demo")),
            ("email", json!("plain@example.test")),
            ("from", json!("2026-11-01T00:00:00Z")),
            ("id", organization.clone()),
            ("ids", json!([organization])),
            ("invitation", id("ivt", &of_acme("organization_invitations")).await),
            ("key", json!("branching")),
            ("member", id("mem", &of_acme("organization_members")).await),
            ("name", json!("Plain")),
            ("newPassword", json!("up hill and down dale")),
            ("organization", organization),
            ("password", json!("ogelbase-demo")),
            ("project", project),
            ("projectMember", id("pmb", &of_acme("project_members")).await),
            ("ref", json!(reference)),
            ("refreshToken", json!("plain")),
            ("scopes", json!(["organization:read"])),
            ("session", json!("ses_00000000000000000000000000000000")),
            ("slug", json!("plain-slug")),
            ("ticket", json!("plain")),
            ("to", json!("2026-11-02T00:00:00Z")),
            ("token", json!("plain")),
        ]);
        Self { schema: Schema::served(), plain, reference }
    }

    /// A value that does no harm.
    fn plain(&self, input: &Input) -> Value {
        if let Some(value) = self.plain.get(input.name.as_str()) {
            return value.clone();
        }
        let one = if let Some(first) = self.schema.enums.get(&input.kind) {
            json!(first)
        } else if let Some(fields) = self.schema.inputs.get(&input.kind) {
            self.object(fields)
        } else {
            panic!("{}: {} needs a value in `plain`", input.name, input.written)
        };
        if input.list { json!([one]) } else { one }
    }

    /// All that must be given.
    fn object(&self, fields: &[Input]) -> Value {
        fields.iter().filter(|field| field.required).map(|field| (field.name.clone(), self.plain(field))).collect()
    }

    /// Each nasty value for the input, or for a field somewhere in it: the path to it, the input's value with it, and
    /// whether it must be refused.
    fn wrong(&self, input: &Input) -> Vec<(Vec<String>, Value, bool)> {
        let inner: Vec<_> = match self.schema.inputs.get(&input.kind) {
            None => {
                let values = nasty(&input.name, &input.kind);
                values.into_iter().map(|(value, refused)| (Vec::new(), value, refused)).collect()
            }
            Some(fields) => {
                let each = fields.iter().flat_map(|field| {
                    self.wrong(field).into_iter().map(|(path, value, refused)| {
                        let mut object = self.object(fields);
                        object[&field.name] = value;
                        (path, object, refused)
                    })
                });
                each.collect()
            }
        };
        let here = |(mut path, value, refused): (Vec<String>, Value, bool)| {
            path.insert(0, input.name.clone());
            (path, if input.list { json!([value]) } else { value }, refused)
        };
        inner.into_iter().map(here).collect()
    }

    fn attempts(&self) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        for (kind, field, arguments) in &self.schema.fields {
            let place = PLACES.iter().find(|(name, ..)| name == kind);
            let (_, verb, way) = place.unwrap_or_else(|| panic!("{kind}: how does one come there? Add it to PLACES"));
            let name = field.split(' ').next().unwrap_or_default();
            for tried in arguments {
                let given: Vec<&Input> =
                    arguments.iter().filter(|argument| argument.required || argument.name == tried.name).collect();
                let declared: Vec<_> = given.iter().map(|it| format!("${}: {}", it.name, it.written)).collect();
                let passed: Vec<_> = given.iter().map(|it| format!("{0}: ${0}", it.name)).collect();
                let selection = field.strip_prefix(name).unwrap_or_default();
                let mut text = format!("{name}({}){selection}", passed.join(", "));
                if *kind == "Mutation" {
                    text = format!("{text} {UNDO}");
                }
                for step in steps(way).into_iter().rev() {
                    text = format!("{step} {{ {text} }}");
                }
                let query = format!("{verb} ({}) {{ {text} }}", declared.join(", ")).replace("%ref", &self.reference);
                for (path, value, refused) in self.wrong(tried) {
                    let variables: serde_json::Map<_, _> =
                        given.iter().map(|it| (it.name.clone(), self.value(it, tried, &value))).collect();
                    let shown: String = value.to_string().chars().take(60).collect();
                    attempts.push(Attempt {
                        what: format!("{kind}.{name}({}): {shown}", path.join(".")),
                        path,
                        query: query.clone(),
                        variables: Value::Object(variables),
                        refused,
                    });
                }
            }
        }
        attempts
    }

    fn value(&self, input: &Input, tried: &Input, value: &Value) -> Value {
        if input.name == tried.name { value.clone() } else { self.plain(input) }
    }
}

/// The fields on a way, each with its arguments.
fn steps(way: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let mut rest = way;
    while !rest.is_empty() {
        let end = match (rest.find(' '), rest.find('(')) {
            (Some(space), Some(bracket)) if bracket < space => rest.find(')').map_or(rest.len(), |end| end + 1),
            (None, Some(_)) => rest.len(),
            (space, _) => space.unwrap_or(rest.len()),
        };
        steps.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    steps
}

/// What is wrong with the answer; nothing, when it is as it should be.
fn fault(attempt: &Attempt, answer: &Answer) -> Option<String> {
    let mut errors: Vec<&Value> = answer.body["errors"].as_array().into_iter().flatten().collect();
    errors.retain(|error| error["path"] != json!(["undo"]));
    if answer.status >= 500 {
        return Some(format!("HTTP {}", answer.status));
    }
    for error in &errors {
        let message = error["message"].as_str().unwrap_or_default();
        if let Some(word) = INNER_WORDS.iter().find(|word| message.contains(*word)) {
            return Some(format!("speaks of {word}"));
        }
        if matches!(error["extensions"]["code"].as_str(), None | Some("INTERNAL")) {
            return Some("has no code, or is INTERNAL".to_owned());
        }
    }
    let names = |error: &&Value| {
        let argument = error["extensions"]["argument"].as_str().unwrap_or_default();
        error["extensions"]["code"] == "INVALID_INPUT"
            && attempt.path.iter().all(|name| argument.contains(name.as_str()))
    };
    (attempt.refused && !errors.iter().any(names)).then(|| "does not name the place".to_owned())
}

async fn start() -> App {
    let database = TestDatabase::seeded().await;
    let config = Config { body_limit_bytes: BODY, sign_in_free_failures: 0, ..config(&database.url) };
    App::with(database, config).await
}

/// Asks without keeping what is called a secret here: it is none.
async fn ask(actor: &Actor<'_>, attempt: &Attempt) -> Answer {
    let body = json!({ "query": attempt.query, "variables": attempt.variables });
    let response = actor.request(&body).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.json().await.unwrap_or_else(|error| panic!("{}: HTTP {status}: {error}", attempt.what));
    Answer { status, headers, body }
}

async fn faults(actor: &Actor<'_>, attempts: &[Attempt]) -> Vec<String> {
    let mut faults = Vec::new();
    for several in attempts.chunks(AT_ONCE) {
        let answers = join_all(several.iter().map(|it| ask(actor, it))).await;
        for (attempt, answer) in several.iter().zip(answers) {
            if let Some(fault) = fault(attempt, &answer) {
                let errors: String = answer.body["errors"].to_string().chars().take(600).collect();
                faults.push(format!("{}: {fault}: {errors}", attempt.what));
            }
        }
    }
    faults
}

#[tokio::test]
async fn nothing_that_is_given_anywhere_is_a_fault_of_the_server() {
    let app = start().await;
    let world = World::of(&app).await;
    let attempts = world.attempts();
    assert!(attempts.len() > 1_500, "{} attempts", attempts.len());
    let faults = faults(&app.owner().await, &attempts).await;
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), attempts.len(), faults.join("\n"));
}

#[tokio::test]
async fn a_literal_is_refused_as_a_variable_is() {
    let app = start().await;
    let owner = app.owner().await;
    for (arguments, path) in [
        ("filter: {text: \"a\\u0000b\"}", "filter.text"),
        ("filter: {text: \"\\u0007\"}", "filter.text"),
        ("after: \"\\u0000\"", "after"),
        ("after: \"nonsense\"", "after"),
        ("first: 101", "first"),
        ("first: -1", "first"),
    ] {
        let query = format!("{{ organization(slug: \"acme\") {{ projects({arguments}) {{ __typename }} }} }}");
        assert_refused(&owner.ask(&query).await, path);
    }
    let far =
        "{ organization(slug: \"acme\") { auditLogs(filter: {from: \"-4714-01-01T00:00:00Z\"}) { __typename } } }";
    assert_refused(&owner.ask(far).await, "filter.from");
    assert_refused(&owner.ask("{ node(id: \"org_\\u0000\") { id } }").await, "id");
    assert_refused(&owner.ask(&format!("{{ node(id: \"{}\") {{ id }} }}", "0".repeat(HUGE / 100))).await, "id");
}

#[track_caller]
fn assert_refused(answer: &Answer, path: &str) {
    assert_eq!(answer.codes(), ["INVALID_INPUT"], "{:#}", answer.body);
    assert_eq!(answer.body["errors"][0]["extensions"]["argument"], path, "{:#}", answer.body);
}

#[tokio::test]
async fn half_a_character_and_a_very_long_text_are_no_fault_of_the_server() {
    let app = start().await;
    let owner = app.owner().await;
    let ask = async |body: String| {
        let request = app.http.post(app.url("/graphql")).header("Content-Type", "application/json").body(body);
        let token = owner.access_token.as_deref().unwrap_or_default();
        let response = request.bearer_auth(token).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    for body in [
        r#"{"query": "query ($s: String!) { organization(slug: $s) { id } }", "variables": {"s": "\ud800"}}"#
            .to_owned(),
        r#"{"query": "{ organization(slug: \"\\ud800\") { id } }"}"#.to_owned(),
        r#"{"query": "{ organization(slug: \"\\uDC00\\uD800\") { id } }"}"#.to_owned(),
        json!({"query": "query ($s: String!) { organization(slug: $s) { id } }", "variables": {"s": "x".repeat(HUGE)}})
            .to_string(),
    ] {
        let (status, answer) = ask(body).await;
        assert!([200, 400].contains(&status), "{status}: {answer:#}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{answer:#}");
    }
}

#[tokio::test]
async fn what_belongs_to_others_is_not_found() {
    let app = start().await;
    let service = app.service().await;
    let globex: uuid::Uuid = service.one("SELECT id FROM platform.organizations WHERE slug = 'globex'", []).await;
    let owner = app.owner().await;
    let id = format!("org_{}", globex.simple());
    assert_eq!(owner.ask(&format!("{{ node(id: \"{id}\") {{ id }} }}")).await.at("/node"), &Value::Null);
    let rename = format!(
        "mutation {{ updateOrganization(input: {{organization: \"{id}\", name: \"Mine\"}}) {{ clientMutationId }} }}"
    );
    assert_eq!(owner.ask(&rename).await.codes(), ["NOT_FOUND"]);
    // An id of another kind is told from one that is nobody's.
    let other = format!(
        "mutation {{ updateOrganization(input: {{organization: \"usr_{}\"}}) {{ clientMutationId }} }}",
        globex.simple()
    );
    assert_refused(&owner.ask(&other).await, "input.organization");
}
