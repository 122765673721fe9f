//! One's own account, from the sign-up to the end.

mod back_off;
mod confirmation;
mod deletion;
mod first_organization;
mod no_oracle;
mod password;
mod profile;
mod renewal;
mod reset;
mod sign_up;
mod sql;

use serde_json::{Value, json};

use crate::support::{
    actors::{Actor, Answer, SIGN_IN},
    app::{App, config},
    db::TestDatabase,
};

/// A password that the rules take.
const PASSWORD: &str = "three wet hedgehogs";
/// Another one.
const OTHER: &str = "seven dry hedgehogs";

const SIGN_UP: &str = "mutation ($input: SignUpInput!) { signUp(input: $input) { mailSent clientMutationId } }";
const CONFIRM: &str = "mutation ($input: ConfirmEmailInput!) { confirmEmail(input: $input) { confirmed } }";
const RESEND: &str = "mutation ($input: ResendConfirmationInput!) { resendConfirmation(input: $input) { mailSent } }";
const CHANGE: &str = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { user { email } } }";
const REQUEST_RESET: &str =
    "mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { mailSent } }";
const RESET: &str = "mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { passwordSet } }";
const DELETE: &str = "mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { deleted } }";

/// A server whose passwords are quickly hashed, on the demo data.
async fn app() -> App {
    let database = TestDatabase::seeded().await;
    let mut config = config(&database.url);
    (config.argon2_memory_kib, config.argon2_passes) = (8, 1);
    App::with(database, config).await
}

async fn ask(actor: &Actor<'_>, mutation: &str, input: Value) -> Answer {
    actor.ask_with(mutation, json!({ "input": input })).await
}

async fn sign_up(app: &App, email: &str) -> Answer {
    ask(&app.anonymous(), SIGN_UP, json!({"email": email, "password": PASSWORD})).await
}

async fn sign_in(app: &App, email: &str, password: &str) -> Answer {
    ask(&app.anonymous(), SIGN_IN, json!({"email": email, "password": password})).await
}

/// What is wrong, when it is one argument.
#[track_caller]
fn wrong_argument(answer: &Answer) -> &str {
    assert_eq!(answer.codes(), ["INVALID_INPUT"], "{:#}", answer.body);
    assert!(answer.body["data"].is_null());
    answer.body["errors"][0]["extensions"]["argument"].as_str().unwrap()
}

/// The row of a living account.
async fn row(app: &App, email: &str) -> Value {
    let sql = "SELECT to_jsonb(u) FROM platform.users u WHERE email = $1 AND deleted_at IS NULL";
    app.service().await.one(sql, [email.into()]).await
}

/// The records of an event, the oldest first.
async fn trail(app: &App, event: &str) -> Vec<Value> {
    let sql = "SELECT to_jsonb(a) FROM platform.audit_logs a WHERE event_type = $1
                  AND created_at > now() - interval '1 hour' ORDER BY created_at, id";
    app.service().await.column(sql, [event.into()]).await
}
