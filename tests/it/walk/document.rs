//! The document that asks one object for fields, and what its answer says of each.

use std::collections::HashMap;

use chrono::{SecondsFormat, TimeDelta};
use ogelbase::clock::Clock;
use serde_json::Value;
use uuid::Uuid;

use super::{
    access::{Access, Source, Type},
    expectation::Outcome,
    objects::Place,
    schema::Schema,
};
use crate::support::{actors::Answer, db::Sql};

/// Arguments that the fields insist on. `$id` is the object that is asked about; `$organization`, `$slug` and `$ref` are
/// those of its organization and of one of the projects there. A mutation gets an input that changes nothing, so that
/// nobody gets into the way of who asks next.
const ARGUMENTS: &[(&str, &str)] = &[
    ("Query.featureFlag", "key: \"branching\""),
    ("Query.node", "id: \"$id\""),
    ("Query.nodes", "ids: [\"$organization\"]"),
    ("Query.organization", "slug: \"$slug\""),
    ("Query.project", "ref: \"$ref\""),
    ("Organization.usage", "from: \"$lastMonth\", to: \"$now\""),
    ("Organization.usageDaily", "from: \"$lastMonth\", to: \"$now\""),
    ("Project.usage", "from: \"$lastMonth\", to: \"$now\""),
    ("Project.infraMonitoring", "attributes: [AVG_CPU_USAGE, QUERY_COUNT], from: \"$yesterday\", to: \"$now\""),
    (
        "Mutation.signIn",
        "input: {email: \"member@acme.test\", password: \"ogelbase-demo\", clientMutationId: \"walk\"}",
    ),
    ("Mutation.signOut", "input: {clientMutationId: \"walk\"}"),
    (
        "Mutation.createApiKey",
        "input: {organization: \"$organization\", name: \"Walk\", scopes: [\"organization:read\"], \
         clientMutationId: \"walk\"}",
    ),
    ("Mutation.revokeApiKey", "input: {apiKey: \"$id\", clientMutationId: \"walk\"}"),
    ("Mutation.rotateApiKey", "input: {apiKey: \"$id\", overlapSeconds: 604800, clientMutationId: \"walk\"}"),
    ("Mutation.updateApiKey", "input: {apiKey: \"$id\", clientMutationId: \"walk\"}"),
    ("Mutation.updateOrganization", "input: {organization: \"$organization\", clientMutationId: \"walk\"}"),
];

/// Takes back what a mutation could not help changing, as the service role, so that the next one finds what this one did.
pub const MEND: &str = "DELETE FROM platform.api_keys WHERE created_at > now() - interval '1 hour';
    UPDATE platform.api_keys SET revoked_at = NULL WHERE revoked_at > now() - interval '1 hour'";

/// Nodes of a page: enough to find one whose nullable fields are set.
const PAGE: &str = "first: 3";

/// Writes the documents.
#[derive(Debug)]
pub struct Writer<'a> {
    pub access: &'a Access,
    pub schema: &'a Schema,
    names: HashMap<Uuid, (String, String)>,
    times: [(&'static str, String); 3],
}

/// A document, and where its answer has the object.
#[derive(Debug)]
pub struct Document {
    pub text: String,
    base: Vec<String>,
}

#[derive(Debug, sea_orm::FromQueryResult)]
struct Names {
    id: Uuid,
    slug: String,
    reference: String,
}

impl<'a> Writer<'a> {
    pub async fn new(access: &'a Access, schema: &'a Schema, service: &Sql) -> Self {
        let named = "SELECT o.id, o.slug, min(p.ref) AS reference FROM platform.organizations o
                       JOIN platform.projects p ON p.organization_id = o.id GROUP BY o.id";
        let names = service.rows::<Names>(named).await;
        let names = names.into_iter().map(|names| (names.id, (names.slug, names.reference))).collect();
        let now = Clock::system().now();
        let ago = |days| (now - TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true);
        Self { access, schema, names, times: [("$now", ago(0)), ("$yesterday", ago(1)), ("$lastMonth", ago(31))] }
    }

    /// Asks an object of the type for these fields.
    pub fn ask<'f>(&self, line: &Type, fields: impl IntoIterator<Item = &'f str>, place: &Place) -> Document {
        let fields = fields.into_iter().map(|field| {
            let selection = self.schema.selection(&self.schema.field(&line.name, field).kind);
            format!("{}{selection} ", self.call(&line.name, field, place))
        });
        let mut base = Vec::new();
        let text = self.wrapped(line, fields.collect(), place, &mut base);
        Document { text, base }
    }

    fn wrapped(&self, line: &Type, inner: String, place: &Place, base: &mut Vec<String>) -> String {
        match line.source {
            Source::Query => format!("query {{ {inner} }}"),
            Source::Mutation => format!("mutation {{ {inner} }}"),
            Source::Node { .. } => {
                base.push("node".to_owned());
                format!("query {{ node(id: \"{}\") {{ ... on {} {{ {inner} }} }} }}", place.global_id(), line.name)
            }
            Source::Through(parent, steps) => {
                let mut kind = parent;
                let mut way = Vec::new();
                for step in steps.split('.') {
                    way.push(self.call(kind, step, place));
                    kind = &self.schema.field(kind, step).kind;
                }
                assert_eq!(kind, line.name, "{parent} has no {} at {steps}", line.name);
                let inner = way.iter().rev().fold(inner, |inner, step| format!("{step} {{ {inner} }}"));
                let text = self.wrapped(self.access.of(parent), inner, place, base);
                base.extend(steps.split('.').map(str::to_owned));
                text
            }
        }
    }

    /// A field with its arguments.
    fn call(&self, kind: &str, field: &str, place: &Place) -> String {
        let path = format!("{kind}.{field}");
        let served = self.schema.field(kind, field);
        if let Some((_, arguments)) = ARGUMENTS.iter().find(|(name, _)| *name == path) {
            return format!("{field}({})", self.filled(arguments, place));
        }
        assert!(served.required.is_empty(), "{path} insists on {:?}: add it to ARGUMENTS", served.required);
        if served.paged { format!("{field}({PAGE})") } else { field.to_owned() }
    }

    fn filled(&self, arguments: &str, place: &Place) -> String {
        let mut filled = arguments.to_owned();
        for (name, time) in &self.times {
            filled = filled.replace(name, time);
        }
        if let Some((slug, reference)) = place.organization.and_then(|id| self.names.get(&id)) {
            filled = filled.replace("$slug", slug).replace("$ref", reference);
        }
        if let Some(organization) = place.organization {
            filled = filled.replace("$organization", &format!("org_{}", organization.simple()));
        }
        filled.replace("$id", &place.global_id())
    }
}

impl Document {
    /// What came out of one field. Where lists are on the way it is a value if any of their objects has one.
    pub fn outcome(&self, answer: &Answer, field: &str) -> Outcome {
        let path: Vec<&str> = self.base.iter().map(String::as_str).chain([field]).collect();
        for error in answer.body["errors"].as_array().into_iter().flatten() {
            let place: Vec<&str> = error["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if path.starts_with(&place) {
                let word = |name: &str| error["extensions"][name].as_str().map(str::to_owned);
                return Outcome::Refused(word("code").unwrap_or_default(), word("permission"));
            }
        }
        let mut found = vec![&answer.body["data"]];
        for step in &path {
            let objects = found.into_iter().flat_map(flat).filter(|value| !value.is_null());
            let values: Vec<&Value> = objects.map(|object| &object[*step]).collect();
            if values.is_empty() {
                return Outcome::Nothing;
            }
            if values.iter().all(|value| value.is_null() || **value == serde_json::json!([null])) {
                return Outcome::Null;
            }
            found = values;
        }
        Outcome::Value
    }
}

fn flat(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        other => vec![other],
    }
}
