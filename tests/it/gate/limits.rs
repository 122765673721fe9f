//! How large a document may be.

use serde_json::{Value, json};

use super::only_error;
use crate::support::app::App;

fn exceeded(limit: &str, allowed: u64) -> Value {
    json!({"code": "LIMIT_EXCEEDED", "limit": limit, "allowed": allowed})
}

/// What `write` makes of the number `most` runs, and with one more it is refused in these words.
#[track_caller]
fn numbers(start: usize, write: impl Fn(usize) -> String) -> (String, String) {
    (write(start), write(start + 1))
}

#[tokio::test]
async fn each_limit_says_what_there_is_and_what_there_may_be() {
    let app = App::start().await;
    let owner = app.owner().await;
    let repeat = |count: usize, text: &str| text.repeat(count);
    let roots = |count: usize| (0..count).map(|n| format!("r{n}: __typename ")).collect::<String>();
    let aliases = |count: usize| format!("{{ viewer {{ {} }} }}", roots(count));
    let deep = |count: usize| {
        let inner = "memberships(first: 1) { nodes { user { ";
        let levels = (count - 2) / 3;
        let rest = (count - 2) % 3;
        let open: String =
            repeat(levels, inner) + ["", "memberships(first: 1) { ", "memberships(first: 1) { nodes { "][rest];
        let leaf = ["id", "totalCount", "role"][rest];
        format!("{{ viewer {{ {open}{leaf}{} }} }}", repeat(levels * 3 + rest, " }"))
    };
    let fragments = |count: usize| {
        let spreads: String = (0..count).map(|n| format!("...F{n} ")).collect();
        let all: String = (0..count).map(|n| format!("fragment F{n} on User {{ id }} ")).collect();
        format!("{{ viewer {{ {spreads} }} }} {all}")
    };
    let nested =
        |count: usize| format!("{{ viewer {}{{ id }}{} }}", repeat(count - 2, "{ ... "), repeat(count - 2, " }"));
    let chain = |count: usize| {
        let all: String = (1..count).map(|n| format!("fragment F{n} on User {{ ...F{} }} ", n + 1)).collect();
        format!("{{ viewer {{ ...F1 }} }} {all} fragment F{count} on User {{ id }}")
    };
    let cases = [
        (
            numbers(100, |n| format!("{{ {} }}", roots(n))),
            "rootFields",
            100,
            "the number of fields at the root is 101, and 100 is the limit",
        ),
        (numbers(500, aliases), "aliases", 500, "the number of aliases is 501, and 500 is the limit"),
        (numbers(20, deep), "depth", 20, "fields are nested to a depth of 21, and 20 is the limit"),
        (
            numbers(200, fragments),
            "fragments",
            200,
            "the number of the document's fragments is 201, and 200 is the limit",
        ),
        (
            numbers(5, |n| format!("{{ viewer {{ id {} }} }}", repeat(n, "@skip(if: false) "))),
            "directives",
            5,
            "there are 6 directives at this place, and 5 is the limit",
        ),
        (numbers(64, nested), "documentNesting", 64, "braces, brackets and parentheses are nested deeper than 64 here"),
        (numbers(62, chain), "nesting", 64, "fragments and fields are nested to a depth of 65, and 64 is the limit"),
        (
            numbers(100_000 - 17, |n| format!("{{ viewer {{ id }} }}{}", repeat(n, " "))),
            "documentBytes",
            100_000,
            "the document has 100,001 bytes, and 100,000 is the limit",
        ),
        (
            numbers(14_994, |n| format!("{{ viewer {{ {} }} }}", repeat(n + 1, "id "))),
            "documentTokens",
            15_000,
            "the document has more than 15,000 tokens: names, values and punctuation",
        ),
    ];
    for ((fits, exceeds), limit, allowed, message) in cases {
        let answer = owner.ask(&exceeds).await;
        let (said, extensions, _) = only_error(&answer);
        assert_eq!((said, extensions), (message, &exceeded(limit, allowed)), "{limit}");
        let answer = owner.ask(&fits).await;
        // It fits this limit, if not the rules of the language or another limit.
        let refused = answer.body["errors"][0]["extensions"]["limit"].as_str();
        assert_ne!(refused, Some(limit), "{:#}", answer.body);
        if !matches!(limit, "directives" | "documentTokens") {
            assert!(answer.codes().is_empty(), "{limit}: {:#}", answer.body);
        }
    }
}

#[tokio::test]
async fn operations_and_variables_are_counted() {
    let app = App::start().await;
    let owner = app.owner().await;
    let operations =
        |count: usize| (0..count).map(|n| format!("query Q{n} {{ viewer {{ id }} }} ")).collect::<String>();
    let answer = owner.ask(&operations(51)).await;
    let (said, extensions, _) = only_error(&answer);
    assert_eq!(said, "the number of the document's operations is 51, and 50 is the limit");
    assert_eq!(extensions, &exceeded("operations", 50));

    let variables = |count: usize| {
        let declared: String = (0..count).map(|n| format!("$v{n}: ID! = \"usr_{n:032x}\" ")).collect();
        let used: String = (0..count).map(|n| format!("$v{n} ")).collect();
        format!("query ({declared}) {{ nodes(ids: [{used}]) {{ id }} }}")
    };
    let answer = owner.ask(&variables(129)).await;
    let (said, extensions, place) = only_error(&answer);
    assert_eq!(said, "the number of the operation's variables is 129, and 128 is the limit");
    assert_eq!((extensions, place), (&exceeded("variables", 128), Some((1, 1))));
}

#[tokio::test]
async fn a_request_that_costs_too_much_is_told_its_cost_and_the_limit() {
    let app = App::start().await;
    let owner = app.owner().await;
    let query = "query ($projects: Int, $members: Int = 100) {
        a: projects(first: $projects) { nodes { members(first: $members) { nodes { role user { email } createdAt } } } }
        b: projects(first: $projects) { nodes { members(first: $members) { nodes { role user { email } createdAt } } } } }";
    let answer = owner.ask_with(query, json!({"projects": 100})).await;
    let (said, extensions, _) = only_error(&answer);
    assert_eq!(said, "this operation costs 100,402, and 100,000 is the limit: ask for fewer or smaller pages");
    assert_eq!(extensions, &exceeded("cost", 100_000));
    for fits in [json!({"projects": 3}), json!({"projects": 100, "members": 20}), json!({"members": 1})] {
        assert!(owner.ask_with(query, fits).await.codes().is_empty());
    }
}

#[tokio::test]
async fn introspection_does_not_list_types_within_types_without_end() {
    let app = App::start().await;
    let answer =
        app.anonymous().ask("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }").await;
    let (said, extensions, place) = only_error(&answer);
    assert_eq!(said, "introspection lists types within types too often here");
    assert_eq!((extensions, place), (&exceeded("introspectionDepth", 2), Some((1, 54))));
    let answer = app.anonymous().ask("{ __schema { types { fields { type { fields { name } } } } } }").await;
    assert!(answer.codes().is_empty());
}
