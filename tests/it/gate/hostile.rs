//! Documents that are meant to harm are answered soon, and the server lives.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::app::App;

#[tokio::test]
async fn hostile_documents_are_refused_soon() {
    let app = App::start().await;
    let owner = app.owner().await;
    let deep = |open: &str, close: &str, count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
    let doubling = |count: usize, alias: bool| {
        let spread = |n: usize| match alias {
            true => format!("a: viewer {{ ...F{n} }} b: viewer {{ ...F{n} }}"),
            false => format!("...F{n} ...F{n}"),
        };
        let on = if alias { "Query" } else { "User" };
        let fragments: String = (1..count)
            .map(|n| match alias {
                true => format!("fragment F{n} on User {{ memberships {{ nodes {{ a: user {{ ...F{} }} b: user {{ ...F{} }} }} }} }} ", n + 1, n + 1),
                false => format!("fragment F{n} on {on} {{ {} }} ", spread(n + 1)),
            })
            .collect();
        let root = if alias { spread(1) } else { format!("viewer {{ {} }}", spread(1)) };
        format!("{{ {root} }} {fragments} fragment F{count} on User {{ id }}")
    };
    let overlapping = |count: usize| {
        let fragments: String = (1..count)
            .map(|n| {
                let next = n + 1;
                format!(
                    "fragment F{n} on User {{ memberships {{ nodes {{ user {{ ...F{next} ...G{next} }} }} }} }}
                    fragment G{n} on User {{ memberships {{ nodes {{ user {{ ...G{next} ...F{next} }} }} }} }} "
                )
            })
            .collect();
        format!(
            "{{ viewer {{ ...F1 ...G1 }} }} {fragments} fragment F{count} on User {{ a: id }} fragment G{count} on User {{ a: email }}"
        )
    };
    let documents = [
        ("lists in a literal", format!("{{ nodes(ids: {}) {{ id }} }}", deep("[", "]", 7_000))),
        ("objects in a literal", format!("{{ projects(filter: {}) {{ totalCount }} }}", deep("{text: ", "}", 5_000))),
        ("selections", deep("{ viewer ", "}", 5_000)),
        ("lists in a type", format!("query ($a: {}Int{}) {{ viewer {{ id }} }}", "[".repeat(7_000), "]".repeat(7_000))),
        ("doubling fragments", doubling(28, false)),
        ("doubling fragments with aliases", doubling(28, true)),
        ("overlapping fields", overlapping(6)),
        ("overlapping fields, deeper", overlapping(40)),
        ("a field ten thousand times", format!("{{ viewer {{ {} }} }}", "id ".repeat(9_999))),
        (
            "a fragment five thousand times",
            format!("{{ viewer {{ {} }} }} fragment F on User {{ id }}", "...F ".repeat(5_000)),
        ),
        ("a directive ten thousand times", format!("{{ viewer {{ id {} }} }}", "@skip(if: false) ".repeat(2_000))),
        ("an argument five thousand times", format!("{{ projects({}) {{ totalCount }} }}", "first: 1 ".repeat(4_000))),
        (
            "a number of ninety thousand digits",
            format!("{{ projects(first: {}) {{ totalCount }} }}", "9".repeat(90_000)),
        ),
        ("a name of ninety thousand letters", format!("{{ {} }}", "a".repeat(90_000))),
        ("commas", format!("{{ viewer {{ id }} }}{}", ",".repeat(95_000))),
        ("comments", format!("{}{{ viewer {{ id }} }}", "#\n".repeat(45_000))),
        (
            "a circle of fragments",
            format!(
                "{{ viewer {{ ...F0 }} }} {}",
                (0..150).map(|n| format!("fragment F{n} on User {{ ...F{} }} ", (n + 1) % 150)).collect::<String>()
            ),
        ),
    ];
    for (what, document) in documents {
        let started = Instant::now();
        let response = owner.request(&json!({"query": document})).send().await.unwrap();
        let took = started.elapsed();
        let answer: serde_json::Value = response.json().await.unwrap();
        assert!(took < Duration::from_secs(2), "{what}: {took:?}");
        let harmless =
            ["commas", "comments", "a field ten thousand times", "a fragment five thousand times"].contains(&what);
        assert_eq!(answer.get("errors").is_none(), harmless, "{what}: {answer:#}");
    }
    assert_eq!(owner.ask("{ viewer { email } }").await.at("/viewer/email"), "owner@acme.test");
}

#[tokio::test]
async fn values_nested_without_end_are_refused_soon() {
    let app = App::start().await;
    let owner = app.owner().await;
    for (open, close, count) in [("[", "]", 100), ("[", "]", 20_000), ("{\"a\":", "}", 20_000)] {
        let value = format!("{}1{}", open.repeat(count), close.repeat(count));
        let body = format!(
            "{{\"query\": \"query ($a: ID!) {{ node(id: $a) {{ id }} }}\", \"variables\": {{\"a\": {value}}}}}"
        );
        let started = Instant::now();
        let request = owner.request(&json!({})).body(body);
        let answer: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(2));
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{answer:#}");
    }
}
