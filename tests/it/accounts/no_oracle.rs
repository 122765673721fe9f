//! Whether an address has an account shows in no answer, and not in how long it takes: distributions of many requests
//! are compared, not single ones.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PASSWORD, REQUEST_RESET, RESEND, SIGN_UP, ask};
use crate::support::{
    actors::{Answer, SIGN_IN},
    app::{App, config},
    db::TestDatabase,
};

/// Requests of each kind in a round.
const SAMPLES: usize = 60;
/// Rounds of which one must come out even: the machine has other work.
const ROUNDS: usize = 4;
/// How far the medians may be apart. Without the hash for an unknown address it would be a factor of three at least.
const EVEN: std::ops::RangeInclusive<f64> = 0.85..=1.18;

/// A server whose hashes take some milliseconds: not so long that they hide everything else.
async fn app() -> App {
    let database = TestDatabase::migrated().await;
    let mut config = config(&database.url);
    (config.argon2_memory_kib, config.argon2_passes) = (2_048, 1);
    config.sign_in_free_failures = 1_000;
    App::with(database, config).await
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// Who is asked about: addresses with an account and addresses without, each of them once.
struct Addresses<'a> {
    app: &'a App,
    hash: String,
    /// Whether the accounts have a confirmed address.
    confirmed: bool,
}

impl<'a> Addresses<'a> {
    async fn of(app: &'a App, confirmed: bool) -> Self {
        let service = app.service().await;
        ask(&app.anonymous(), SIGN_UP, json!({"email": "first@people.test", "password": PASSWORD})).await.data();
        let hash = service.one("SELECT password_hash FROM platform.users WHERE email = 'first@people.test'", []).await;
        Self { app, hash, confirmed }
    }

    /// Makes the accounts of a round.
    async fn make(&self, round: usize) {
        let sql = "INSERT INTO platform.users (email, password_hash, email_confirmed_at)
                   SELECT format('known-%s-%s@people.test', $1, n), $2, CASE WHEN $3 THEN now() END
                     FROM generate_series(0, $4::int - 1) n";
        let samples = i32::try_from(SAMPLES).unwrap();
        let values = [round.to_string().into(), self.hash.clone().into(), self.confirmed.into(), samples.into()];
        self.app.service().await.run_with(sql, values).await;
    }

    /// Asks about both kinds in turn, and compares the answers and the medians of the times.
    async fn compare(&self, mutation: &str, input: impl Fn(&str) -> Value) {
        let asked = async |email: &str| ask(&self.app.anonymous(), mutation, input(email)).await;
        self.compare_how(mutation, asked, |answer| answer.body.clone()).await;
    }

    /// The same of what `asked` does; `shown` is what of an answer must be alike.
    async fn compare_how(&self, mutation: &str, asked: impl AsyncFn(&str) -> Answer, shown: impl Fn(&Answer) -> Value) {
        let timed = async |email: &str| -> (Answer, Duration) {
            let started = Instant::now();
            let answer = asked(email).await;
            (answer, started.elapsed())
        };
        for _ in 0..3 {
            timed("warm@people.test").await;
        }
        let mut ratios = Vec::new();
        for round in 0..ROUNDS {
            self.make(round).await;
            let (mut with, mut without) = (Vec::new(), Vec::new());
            for n in 0..SAMPLES {
                let known = timed(&format!("known-{round}-{n}@people.test")).await;
                let unknown = timed(&format!("knewn-{round}-{n}@people.test")).await;
                assert_eq!((known.0.status, shown(&known.0)), (unknown.0.status, shown(&unknown.0)));
                let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
                assert_eq!(names(&known.0), names(&unknown.0));
                with.push(known.1);
                without.push(unknown.1);
            }
            let (with, without) = (median(with), median(without));
            let ratio = with / without;
            if EVEN.contains(&ratio) {
                return;
            }
            ratios.push(ratio);
        }
        panic!("known addresses take {ratios:.2?} times as long as unknown ones: {mutation}");
    }
}

#[tokio::test]
async fn a_sign_in_takes_the_same_time() {
    let app = app().await;
    let addresses = Addresses::of(&app, true).await;
    addresses.compare(SIGN_IN, |email| json!({"email": email, "password": "a wrong one"})).await;
}

#[tokio::test]
async fn a_sign_up_takes_the_same_time() {
    let app = app().await;
    let addresses = Addresses::of(&app, true).await;
    addresses.compare(SIGN_UP, |email| json!({"email": email, "password": PASSWORD})).await;
}

#[tokio::test]
async fn a_forgotten_password_takes_the_same_time() {
    let app = app().await;
    let addresses = Addresses::of(&app, true).await;
    addresses.compare(REQUEST_RESET, |email| json!({"email": email})).await;
}

#[tokio::test]
async fn another_confirmation_takes_the_same_time() {
    let app = app().await;
    let addresses = Addresses::of(&app, false).await;
    addresses.compare(RESEND, |email| json!({"email": email})).await;
}

/// Who invites learns of nobody outside of the organization: not by what is answered or written, nor by the time it takes.
#[tokio::test]
async fn an_invitation_takes_the_same_time() {
    let app = app().await;
    let addresses = Addresses::of(&app, true).await;
    let service = app.service().await;
    let owner = service.make_person("owner@people.test").await;
    let organization = service.make_organization(owner, "inviting", 1, 0).await;
    let boss = app.holder_of(&service.make_sessions(owner, 1).await[0]);
    let invite = "mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) {
        results { outcome token invitation { id email role status acceptedBy { id } } } } }";
    let organization_id = format!("org_{}", organization.simple());
    let asked = async |email: &str| {
        let invitations = json!([{"email": email, "role": "MEMBER"}]);
        ask(&boss, invite, json!({"organization": organization_id, "invitations": invitations})).await
    };
    let shown = |answer: &Answer| {
        let mut result = answer.at("/inviteMembers/results/0").clone();
        assert!(result["token"].is_string(), "{:#}", answer.body);
        result["token"] = Value::Null;
        for own in ["id", "email"] {
            result["invitation"][own] = Value::Null;
        }
        result
    };
    addresses.compare_how("inviteMembers", asked, shown).await;
    // Each address got its letter and its record, whoever has it.
    for table in ["platform_private.outbox", "platform.organization_invitations"] {
        let column = if table.ends_with("outbox") { "recipient" } else { "invited_email" };
        let counted = async |kind: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {table} WHERE {column} LIKE $1");
            service.one(&sql, [format!("{kind}-%@people.test").into()]).await
        };
        let (known, unknown) = (counted("known").await, counted("knewn").await);
        assert_eq!(known, unknown, "{table}");
        assert!(known >= i64::try_from(SAMPLES).unwrap(), "{table}: {known}");
    }
}
