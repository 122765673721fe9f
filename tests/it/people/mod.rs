//! Organizations and the people in them: founding, inviting, joining, roles, leaving, and the rules that no role escapes.

mod accepting;
mod active;
mod founding;
mod inviting;
mod programs;
mod projects;
mod races;
mod roles;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    actors::{Actor, Answer},
    app::App,
    db::Sql,
};

/// Asks for a mutation with one input; `fields` is what is wanted of its payload.
async fn mutate(actor: &Actor<'_>, mutation: &str, fields: &str, input: Value) -> Answer {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let document = format!("mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} }} }}");
    actor.ask_with(&document, json!({ "input": input })).await
}

/// The code and the message of the first error, and that nothing came with it.
#[track_caller]
fn refusal(answer: &Answer) -> (&str, &str) {
    assert!(answer.body["data"].is_null(), "it was done: {:#}", answer.body);
    let error = &answer.body["errors"][0];
    (error["extensions"]["code"].as_str().unwrap_or_default(), error["message"].as_str().unwrap_or_default())
}

fn global_id(prefix: &str, key: Uuid) -> String {
    format!("{prefix}_{}", key.simple())
}

impl App {
    async fn organization_key(&self, slug: &str) -> Uuid {
        self.service().await.one("SELECT id FROM platform.organizations WHERE slug = $1", [slug.into()]).await
    }

    async fn organization(&self, slug: &str) -> String {
        global_id("org", self.organization_key(slug).await)
    }

    /// The global id of a person's membership.
    async fn membership(&self, slug: &str, email: &str) -> String {
        let key = self
            .service()
            .await
            .one(
                "SELECT m.id FROM platform.organization_members m JOIN platform.users u ON u.id = m.user_id
                   JOIN platform.organizations o ON o.id = m.organization_id WHERE o.slug = $1 AND u.email = $2",
                [slug.into(), email.into()],
            )
            .await;
        global_id("mem", key)
    }

    /// What a person is in an organization.
    async fn role(&self, slug: &str, email: &str) -> Option<String> {
        let roles: Vec<String> = self
            .service()
            .await
            .column(
                "SELECT m.role FROM platform.organization_members m JOIN platform.users u ON u.id = m.user_id
                   JOIN platform.organizations o ON o.id = m.organization_id WHERE o.slug = $1 AND u.email = $2",
                [slug.into(), email.into()],
            )
            .await;
        roles.into_iter().next()
    }

    /// The records of one kind of event, oldest first.
    async fn records(&self, event: &str) -> Vec<Value> {
        let sql = "SELECT to_jsonb(a) FROM platform.audit_logs a
                    WHERE event_type = $1 AND created_at > now() - interval '5 minutes' ORDER BY created_at, id";
        self.service().await.column(sql, [event.into()]).await
    }

    /// A new account with a confirmed address, signed in.
    async fn newcomer(&self, email: &str) -> Actor<'_> {
        let service = self.service().await;
        let user = service.make_person(email).await;
        service.run_with("UPDATE platform.users SET email_confirmed_at = now() WHERE id = $1", [user.into()]).await;
        self.holder_of(&service.make_sessions(user, 1).await[0])
    }
}

/// The statement must be refused, or touch no row.
async fn must_not(sql: &Sql, statement: &str) {
    let touched = sql.0.execute_unprepared(statement).await.map_or(0, |done| done.rows_affected());
    assert_eq!(touched, 0, "{statement}");
}
