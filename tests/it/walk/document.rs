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

/// Arguments that the fields insist on. `$id` is the object that is asked about, `$role` the role that it has;
/// `$organization`, `$slug`, `$member` and `$ref` are those of its organization, of a member there without a project, and
/// of one of the projects there. `$unique` is another word each time.
const ARGUMENTS: &[(&str, &str)] = &[
    ("Query.featureFlag", "key: \"branching\""),
    ("Query.invitation", "token: \"globexMemberDemoInvitation00000000000000000\""),
    ("Query.node", "id: \"$id\""),
    ("Query.nodes", "ids: [\"$organization\"]"),
    ("Query.organization", "slug: \"$slug\""),
    ("Query.project", "ref: \"$ref\""),
    ("SubscriptionRoot.projectChanged", "ref: \"$ref\""),
    ("SubscriptionRoot.auditLogAdded", "organization: \"$slug\""),
    ("Organization.usage", "from: \"$lastMonth\", to: \"$now\""),
    ("Organization.usageDaily", "from: \"$lastMonth\", to: \"$now\""),
    ("Project.usage", "from: \"$lastMonth\", to: \"$now\""),
    ("Project.infraMonitoring", "attributes: [AVG_CPU_USAGE, QUERY_COUNT], from: \"$yesterday\", to: \"$now\""),
    (
        "Mutation.signIn",
        "input: {email: \"member@acme.test\", password: \"ogelbase-demo\", clientMutationId: \"walk\"}",
    ),
    (
        "Mutation.signUp",
        "input: {email: \"walk@example.test\", password: \"up hill and down dale\", clientMutationId: \"walk\"}",
    ),
    ("Mutation.resendConfirmation", "input: {email: \"member@acme.test\", clientMutationId: \"walk\"}"),
    ("Mutation.requestPasswordReset", "input: {email: \"member@acme.test\", clientMutationId: \"walk\"}"),
    ("Mutation.confirmEmail", "input: {token: \"of nobody\"}"),
    ("Mutation.resetPassword", "input: {token: \"of nobody\", newPassword: \"up hill and down dale\"}"),
    ("Mutation.changePassword", "input: {currentPassword: \"ogelbase-demo\", newPassword: \"short\"}"),
    ("Mutation.updateProfile", "input: {clientMutationId: \"walk\"}"),
    ("Mutation.deleteAccount", "input: {password: \"\"}"),
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
    ("Mutation.createOrganization", "input: {name: \"Walk\", slug: \"$unique\", clientMutationId: \"walk\"}"),
    (
        "Mutation.deleteOrganization",
        "input: {organization: \"$organization\", slug: \"$slug\", clientMutationId: \"walk\"}",
    ),
    ("Mutation.setActiveOrganization", "input: {clientMutationId: \"walk\"}"),
    (
        "Mutation.inviteMembers",
        "input: {organization: \"$organization\", invitations: [{email: \"$unique@walk.test\", role: MEMBER}],
                 clientMutationId: \"walk\"}",
    ),
    ("Mutation.resendInvitation", "input: {invitation: \"$id\", clientMutationId: \"walk\"}"),
    ("Mutation.revokeInvitation", "input: {invitation: \"$id\", clientMutationId: \"walk\"}"),
    (
        "Mutation.acceptInvitation",
        "input: {token: \"globexMemberDemoInvitation00000000000000000\", clientMutationId: \"walk\"}",
    ),
    (
        "Mutation.declineInvitation",
        "input: {token: \"globexMemberDemoInvitation00000000000000000\", clientMutationId: \"walk\"}",
    ),
    ("Mutation.updateMemberRole", "input: {member: \"$id\", role: $role, clientMutationId: \"walk\"}"),
    ("Mutation.removeMember", "input: {member: \"$id\", clientMutationId: \"walk\"}"),
    ("Mutation.leaveOrganization", "input: {organization: \"$organization\", clientMutationId: \"walk\"}"),
    (
        "Mutation.transferOwnership",
        "input: {organization: \"$organization\", member: \"$member\", clientMutationId: \"walk\"}",
    ),
    (
        "Mutation.addProjectMember",
        "input: {project: \"$id\", member: \"$member\", role: READ_ONLY, clientMutationId: \"walk\"}",
    ),
    ("Mutation.updateProjectMember", "input: {projectMember: \"$id\", role: $role, clientMutationId: \"walk\"}"),
    ("Mutation.removeProjectMember", "input: {projectMember: \"$id\", clientMutationId: \"walk\"}"),
];

/// What stands behind a mutation, so that it is undone and nobody gets into the way of who asks next: in a document in
/// which one fails none has happened. When this alone failed, the mutation before it came out well.
const UNDO: &str = "undo: updateOrganization(input: {organization: \"\"}) { __typename }";

/// Mutations that are not undone: they are about the session that they come with.
const KEPT: &[&str] = &["signIn", "signOut"];

/// Nodes of a page: enough to find one whose nullable fields are set.
const PAGE: &str = "first: 3";

/// Writes the documents.
#[derive(Debug)]
pub struct Writer<'a> {
    pub access: &'a Access,
    pub schema: &'a Schema,
    names: HashMap<Uuid, Names>,
    times: [(&'static str, String); 3],
}

/// A document, and where its answer has the object.
#[derive(Debug)]
pub struct Document {
    pub text: String,
    /// Whether it is a mutation that leaves nothing behind.
    pub undone: bool,
    base: Vec<String>,
}

#[derive(Debug, sea_orm::FromQueryResult)]
struct Names {
    id: Uuid,
    slug: String,
    reference: String,
    member: Option<Uuid>,
}

impl<'a> Writer<'a> {
    pub async fn new(access: &'a Access, schema: &'a Schema, service: &Sql) -> Self {
        let named = "SELECT o.id, o.slug, min(p.ref) AS reference,
                            (SELECT m.id FROM platform.organization_members m
                              WHERE m.organization_id = o.id AND m.role <> 'owner' AND NOT EXISTS (
                                    SELECT FROM platform.project_members s WHERE s.user_id = m.user_id)
                              ORDER BY m.id LIMIT 1) AS member
                       FROM platform.organizations o
                       JOIN platform.projects p ON p.organization_id = o.id GROUP BY o.id";
        let names = service.rows::<Names>(named).await.into_iter().map(|names| (names.id, names)).collect();
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
        Document { undone: text.contains(UNDO), text, base }
    }

    fn wrapped(&self, line: &Type, inner: String, place: &Place, base: &mut Vec<String>) -> String {
        match line.source {
            Source::Query => format!("query {{ {inner} }}"),
            Source::Subscription => format!("subscription {{ {inner} }}"),
            Source::Mutation if KEPT.iter().any(|name| inner.starts_with(name)) => format!("mutation {{ {inner} }}"),
            Source::Mutation => format!("mutation {{ {inner} {UNDO} }}"),
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
        if let Some(names) = place.organization.and_then(|id| self.names.get(&id)) {
            let member = names.member.unwrap_or_default().simple();
            filled = filled.replace("$slug", &names.slug).replace("$ref", &names.reference);
            filled = filled.replace("$member", &format!("mem_{member}"));
        }
        if let Some(role) = &place.role {
            filled = filled.replace("$role", &role.to_uppercase());
        }
        if let Some(organization) = place.organization {
            filled = filled.replace("$organization", &format!("org_{}", organization.simple()));
        }
        filled.replace("$unique", &Uuid::now_v7().simple().to_string()).replace("$id", &place.global_id())
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
        let errors = answer.body["errors"].as_array().into_iter().flatten();
        if errors.into_iter().any(|error| error["path"] == serde_json::json!(["undo"])) {
            return Outcome::Value;
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
