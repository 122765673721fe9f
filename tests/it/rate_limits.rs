//! What callers may cost in a minute: who pays, what is refused, what is told.

use chrono::{Duration, Utc};
use ogelbase::{clock::Clock, config::Config, server::Server};
use serde_json::{Value, json};

use crate::support::{
    actors::{Actor, Answer},
    app::{App, config},
    db::TestDatabase,
};

/// What the smallest request costs.
const LEAST: u64 = 100;
const SMALL: &str = "{ serverInfo { version } }";
/// Costs some 20,000, also of nobody.
const LARGE: &str = "{ __schema { queryType { name } } }";

/// A server that allows users and keys ten small requests in a minute, and an address three sign-ins and something.
async fn start(clock: &Clock) -> App {
    let database = TestDatabase::seeded().await;
    let config = Config {
        user_cost_per_minute: 1_000,
        key_cost_per_minute: 1_000,
        anonymous_cost_per_minute: 200_000,
        ..config(&database.url)
    };
    let server = Server::start(config, clock.clone()).await.unwrap();
    App { server, database, http: reqwest::Client::new() }
}

fn clock() -> Clock {
    Clock::fixed(Clock::system().now())
}

fn number(answer: &Answer, header: &str) -> Option<u64> {
    answer.headers.get(header).map(|value| value.to_str().unwrap().parse().unwrap())
}

fn remaining(answer: &Answer) -> u64 {
    number(answer, "ratelimit-remaining").unwrap()
}

#[track_caller]
fn assert_spent(answer: &Answer) {
    assert_eq!(answer.status, 429, "{:#}", answer.body);
    assert_eq!(answer.codes(), ["RATE_LIMITED"]);
    assert_eq!(answer.body.get("data"), None, "nothing ran");
    let wait = answer.body["errors"][0]["extensions"]["retryAfter"].as_u64().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(number(answer, "retry-after"), Some(wait));
    assert_eq!(number(answer, "ratelimit-reset"), Some(wait));
}

/// Asks until nothing is left, and gives back how often that went well.
async fn exhaust(actor: &Actor<'_>, query: &str) -> u64 {
    for asked in 0..300 {
        let answer = actor.ask(query).await;
        if answer.status == 429 {
            assert_spent(&answer);
            return asked;
        }
        answer.data();
    }
    panic!("there was no limit")
}

#[tokio::test]
async fn a_user_has_one_budget_for_all_sessions_and_gets_it_back_after_a_minute() {
    let clock = clock();
    let app = start(&clock).await;
    let (first, second) = (app.owner().await, app.owner().await);
    let answer = first.ask(SMALL).await;
    assert_eq!(
        (number(&answer, "ratelimit-limit"), remaining(&answer), number(&answer, "ratelimit-reset")),
        (Some(1_000), 900, Some(60))
    );
    clock.advance(Duration::seconds(20));
    let answer = second.ask(SMALL).await;
    assert_eq!((remaining(&answer), number(&answer, "ratelimit-reset")), (800, Some(40)));

    assert_eq!(exhaust(&first, SMALL).await, 8);
    let answer = second.ask(SMALL).await;
    assert_spent(&answer);
    assert_eq!(answer.body["errors"][0]["message"], "your budget for this minute is spent: try again in 40 s");
    // Others have their own.
    app.member().await.ask(SMALL).await.data();

    clock.advance(Duration::seconds(39));
    assert_spent(&first.ask(SMALL).await);
    clock.advance(Duration::seconds(1));
    assert_eq!(remaining(&first.ask(SMALL).await), 900);
}

#[tokio::test]
async fn who_is_not_signed_in_shares_the_budget_of_the_address() {
    let app = start(&clock()).await;
    let owner = app.owner().await;
    let asked = exhaust(&app.anonymous(), LARGE).await;
    exhaust(&app.anonymous(), SMALL).await;
    assert!((5..9).contains(&asked), "{asked} with the sign-in before");
    // A person whose credential was accepted before is not held up by strangers at the same address; one who comes for
    // the first time would be, as a stranger could invent as many credentials as they like.
    assert_spent(&owner.ask(SMALL).await);
}

#[tokio::test]
async fn strangers_at_the_same_address_do_not_hold_up_who_is_known() {
    let app = start(&clock()).await;
    let owner = app.owner().await;
    assert_eq!(remaining(&owner.ask(SMALL).await), 900);
    exhaust(&app.anonymous(), LARGE).await;
    assert_eq!(remaining(&owner.ask(SMALL).await), 800);
}

#[tokio::test]
async fn what_is_refused_costs_too() {
    let app = start(&clock()).await;
    let (owner, anonymous) = (app.owner().await, app.anonymous());
    owner.ask(SMALL).await.data();
    // A document that is none, of somebody who is known.
    assert_eq!(owner.ask("{").await.codes(), ["INVALID_INPUT"]);
    assert_eq!(remaining(&owner.ask(SMALL).await), 700);
    // The same of nobody, and credentials that nobody has.
    let before = remaining(&anonymous.ask(SMALL).await);
    assert_eq!(anonymous.ask("{").await.codes(), ["INVALID_INPUT"]);
    let mut liar = app.anonymous();
    liar.access_token = Some("nonsense".to_owned());
    assert_eq!(liar.ask(SMALL).await.status, 401);
    assert_eq!(remaining(&anonymous.ask(SMALL).await), before - 3 * LEAST);
    // In the end they are refused unread.
    exhaust(&anonymous, LARGE).await;
    exhaust(&anonymous, SMALL).await;
    for _ in 0..15 {
        anonymous.ask("{").await;
    }
    assert_spent(&anonymous.ask("{").await);
    owner.ask(SMALL).await.data();
}

#[tokio::test]
async fn a_key_has_its_own_number_of_requests_beside_the_budget() {
    let app = start(&clock()).await;
    let owner = app.owner().await;
    let organization = owner.ask("{ organization(slug: \"acme\") { id } }").await.at("/organization/id").clone();
    let mut keys = Vec::new();
    for requests in [Value::Null, json!(3)] {
        let input = json!({"organization": organization, "name": "Made", "scopes": ["organization:read"],
                           "requestsPerMinute": requests});
        let create = "mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }";
        let answer = owner.ask_with(create, json!({ "input": input })).await;
        let mut holder = app.anonymous();
        holder.access_token = answer.at("/createApiKey/key").as_str().map(str::to_owned);
        keys.push(holder);
    }
    // The default: the budget alone. The other key has not spent any of it.
    assert_eq!(exhaust(&keys[0], SMALL).await, 10);
    let answer = keys[1].ask(SMALL).await;
    assert_eq!((number(&answer, "ratelimit-limit"), remaining(&answer)), (Some(1_000), 900));
    assert_eq!(exhaust(&keys[1], SMALL).await, 2);
    let answer = keys[1].ask(SMALL).await;
    assert_eq!((number(&answer, "ratelimit-limit"), remaining(&answer)), (Some(3), 0));
    // Nor has its maker paid for them.
    owner.ask(SMALL).await.data();
}

#[tokio::test]
async fn the_cost_is_told_to_who_asks_for_it() {
    let clock = clock();
    let app = start(&clock).await;
    let owner = app.owner().await;
    let field = "{ rateLimit { cost limit remaining resetAt } }";
    let until = (clock.now() + Duration::seconds(60)).timestamp();
    let answer = owner.ask(field).await;
    assert_eq!(answer.body.get("extensions"), None, "nobody asked for it");
    let told = answer.at("/rateLimit");
    assert_eq!((&told["cost"], &told["limit"], &told["remaining"]), (&json!(100), &json!(1_000), &json!(900)));
    let reset = told["resetAt"].as_str().unwrap().parse::<chrono::DateTime<Utc>>().unwrap();
    assert_eq!(reset.timestamp(), until);

    let body = json!({ "query": SMALL });
    let answer: Value = owner.request(&body).header("X-Cost", "1").send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["extensions"], json!({"cost": {"requested": 100, "limit": 1_000, "remaining": 800}}));
}

#[tokio::test]
async fn nothing_is_limited_or_told_where_the_limit_is_0() {
    let database = TestDatabase::seeded().await;
    let unlimited = Config { anonymous_cost_per_minute: 0, ..config(&database.url) };
    let app = App::with(database, unlimited).await;
    let answer = app.anonymous().ask("{ rateLimit { cost limit remaining resetAt } }").await;
    assert_eq!(answer.at("/rateLimit"), &json!({"cost": 100, "limit": null, "remaining": null, "resetAt": null}));
    assert_eq!(number(&answer, "ratelimit-limit"), None);
}

#[tokio::test]
async fn what_costs_more_than_a_minute_allows_takes_all_of_an_untouched_one() {
    let clock = clock();
    let app = start(&clock).await;
    let owner = app.owner().await;
    let dear = "{ rateLimit { cost remaining } organizations(first: 100) { nodes { id name slug members(first: 100) {
                  nodes { id role joinedAt } } } } }";
    owner.ask(SMALL).await.data();
    assert_spent(&owner.ask(dear).await);
    assert_eq!(remaining(&owner.ask(SMALL).await), 800);
    clock.advance(Duration::seconds(60));
    let answer = owner.ask(dear).await;
    assert!(answer.at("/rateLimit/cost").as_u64().unwrap() > 1_000, "{:#}", answer.at("/rateLimit"));
    assert_eq!(answer.at("/rateLimit/remaining"), &json!(0));
    assert_spent(&owner.ask(SMALL).await);
}
