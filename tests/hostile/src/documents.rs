//! Documents that take a server's memory, time or stack.

use std::fmt::Write as _;

use serde_json::json;

/// Bodies of requests, each with what it is.
pub fn all() -> Vec<(&'static str, String)> {
    let documents = documents();
    // A longer one is not looked at.
    assert_eq!(documents.iter().filter(|(_, text)| text.len() > 100_000).count(), 1, "but one is within the limit");
    let documents = documents.into_iter().map(|(name, text)| (name, json!({ "query": text }).to_string()));
    documents.chain(variables()).collect()
}

/// Values of variables, as text: some are no JSON that a library would write.
fn variables() -> Vec<(&'static str, String)> {
    let asked = |kind: &str, value: String| {
        let query = match kind {
            "id" => "query ($value: ID!) { node(id: $value) { id } }",
            "input" => "mutation ($value: SignInInput!) { signIn(input: $value) { accessToken } }",
            _ => "query ($value: Int) { billingPlans(first: $value) { totalCount } }",
        };
        format!(r#"{{"query":"{query}","variables":{{"value":{value}}}}}"#)
    };
    let fields: Vec<_> = (0..20_000).map(|number| format!(r#""a{number}":1"#)).collect();
    vec![
        ("variable: deep list", asked("id", format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)))),
        ("variable: deep list of 100", asked("input", format!("{}1{}", "[".repeat(100), "]".repeat(100)))),
        ("variable: deep object", asked("input", format!("{}1{}", r#"{"a":"#.repeat(30_000), "}".repeat(30_000)))),
        ("variable: deep object of 100", asked("input", format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100)))),
        ("variable: never closed", asked("id", "[".repeat(200_000))),
        ("variable: a wide list", asked("id", format!("[{}1]", "1,".repeat(100_000)))),
        ("variable: a wide object", asked("input", format!("{{{}}}", fields.join(",")))),
        ("variable: a long number", asked("int", "9".repeat(200_000))),
        ("variable: a huge number", asked("int", "1e999999999".to_owned())),
        ("variable: a long string", asked("id", format!("\"{}\"", "x".repeat(200_000)))),
        ("variable: escapes", asked("id", format!("\"{}\"", r"\u0000".repeat(30_000)))),
        ("a body too large", " ".repeat(10_000_000)),
        ("a string too large", asked("id", format!("\"{}\"", "x".repeat(10_000_000)))),
    ]
}

fn documents() -> Vec<(&'static str, String)> {
    vec![
        ("deep list", format!("{{ node(id: {}1{}) {{ id }} }}", "[".repeat(7_000), "]".repeat(7_000))),
        ("deep object", format!("{{ node(id: {}1{}) {{ id }} }}", "{a:".repeat(7_000), "}".repeat(7_000))),
        ("deep selection", format!("{}id{}", "{ a ".repeat(7_000), "}".repeat(7_000))),
        ("deep type", format!("query ($a: {}Int{}) {{ __typename }}", "[".repeat(7_000), "]".repeat(7_000))),
        ("deep list, never closed", format!("{{ node(id: {}", "[".repeat(60_000))),
        ("doubling fragments", doubling(28, false)),
        ("doubling fragments, aliased", doubling(28, true)),
        ("fragments in a circle", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned()),
        ("overlapping fields", overlapping(200)),
        (
            "aliases",
            format!("{{ {} }}", (0..5_000).map(|number| format!("a{number}: __typename ")).collect::<String>()),
        ),
        ("one field many times", format!("{{ {} }}", "__typename ".repeat(9_000))),
        ("directives", format!("{{ __typename {} }}", "@skip(if: false) ".repeat(5_800))),
        ("unknown directives", format!("{{ __typename {} }}", "@a ".repeat(33_000))),
        ("operations", (0..3_500).map(|number| format!("query A{number} {{ __typename }} ")).collect()),
        (
            "variables",
            format!(
                "query ({}) {{ __typename }}",
                (0..7_000).map(|number| format!("$a{number}: Int ")).collect::<String>()
            ),
        ),
        ("introspection of introspection", introspection(12)),
        ("a long number", format!("{{ node(id: {}) {{ id }} }}", "9".repeat(99_000))),
        ("a long string", format!("{{ node(id: \"{}\") {{ id }} }}", "x".repeat(99_000))),
        ("a long name", format!("{{ {} }}", "x".repeat(99_000))),
        ("a long name of a type", format!("query ($a: {}) {{ __typename }}", "x".repeat(99_000))),
        ("white space", format!("{{ {} __typename }}", " ,\n".repeat(33_000))),
        ("comments", format!("{} {{ __typename }}", "#\n".repeat(49_000))),
        ("braces", "{".repeat(100_000)),
        ("a text too long", format!("{{ {} }}", "x".repeat(200_000))),
    ]
}

/// Each fragment spreads the next one twice.
fn doubling(fragments: usize, aliased: bool) -> String {
    let mut text = "{ viewer { ...F0 } }".to_owned();
    for number in 0..fragments {
        let next = number + 1;
        let twice = if aliased {
            format!(
                "a: memberships {{ nodes {{ user {{ ...F{next} }} }} }} b: memberships {{ nodes {{ user {{ ...F{next} }} }} }}"
            )
        } else {
            format!("...F{next} ...F{next}")
        };
        let _ = write!(text, " fragment F{number} on User {{ {twice} }}");
    }
    let _ = write!(text, " fragment F{fragments} on User {{ id }}");
    text
}

/// Fields that may be merged, through fragments that all have to be compared with one another.
fn overlapping(fragments: usize) -> String {
    let spreads: String = (0..fragments).map(|number| format!("...F{number} ")).collect();
    let mut text = format!("{{ viewer {{ {spreads} }} }}");
    for number in 0..fragments {
        let _ = write!(
            text,
            " fragment F{number} on User {{ memberships {{ nodes {{ organization {{ slug name id }} }} }} }}"
        );
    }
    text
}

fn introspection(depth: usize) -> String {
    format!("{{ __schema {{ types {}name{} }} }}", "{ fields { type ".repeat(depth), " } }".repeat(depth))
}
