//! `docs/api.md` says what is so: every query in it runs and answers as shown, and its table of errors is complete.

use std::{collections::BTreeSet, fs, path::Path};

use chrono::{DateTime, SecondsFormat, Utc};
use ogelbase::clock::Clock;
use serde_json::{Value, json};

use crate::support::{app::App, queries};

/// A query of the document with what belongs to it.
struct Recipe {
    title: String,
    /// Whose address stands in the line `` As `...`: `` before it; `None` for `As nobody:`.
    account: Option<String>,
    query: String,
    /// The block `json variables` after it.
    variables: Value,
    /// The block `json answer` after that.
    answer: Value,
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// All of them, in their order. Panics where one lacks its account or its answer.
fn recipes(document: &str) -> Vec<Recipe> {
    let (mut recipes, mut title, mut account) = (Vec::<Recipe>::new(), String::new(), None);
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix('#') {
            title = heading.trim_start_matches('#').trim().to_owned();
            account = None;
        } else if line == "As nobody:" {
            account = Some(None);
        } else if let Some(email) = line.strip_prefix("As `").and_then(|rest| rest.strip_suffix("`:")) {
            account = Some(Some(email.to_owned()));
        } else if let Some(kind) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let text = text.join("\n");
            let parsed = || serde_json::from_str(&text).unwrap_or_else(|error| panic!("{title}: {error} in {text}"));
            match kind {
                "graphql" => recipes.push(Recipe {
                    account: account.take().unwrap_or_else(|| panic!("{title}: say as whom, before the query")),
                    title: title.clone(),
                    query: format!("{text}\n"),
                    variables: Value::Null,
                    answer: Value::Null,
                }),
                "json variables" => recipes.last_mut().unwrap().variables = parsed(),
                "json answer" => recipes.last_mut().unwrap().answer = parsed(),
                other => panic!("{title}: a block of {other}, which nothing here runs"),
            }
        }
    }
    for recipe in &recipes {
        assert!(recipe.answer.is_object(), "{}: no answer is shown", recipe.title);
    }
    recipes
}

/// The demo data end when it was seeded, so the range `from`, `to` of the document is moved: it ends now.
fn moved_to_now(mut variables: Value) -> Value {
    let time = |value: &Value| value.as_str().map(|text| text.parse::<DateTime<Utc>>().unwrap());
    if let (Some(from), Some(to)) = (time(&variables["from"]), time(&variables["to"])) {
        let now = Clock::system().now();
        let text = |time: DateTime<Utc>| json!(time.to_rfc3339_opts(SecondsFormat::Secs, true));
        variables["from"] = text(now - (to - from));
        variables["to"] = text(now);
    }
    variables
}

/// Whether `shown` is `real` shortened: fields and entries may be missing. Words are compared; of numbers, and of texts
/// with a digit in them (times, amounts, ids), only the kind, because they depend on the day.
fn shortens(shown: &Value, real: &Value) -> Result<(), String> {
    let differs = || Err(format!("{shown} is shown, the answer has {real}"));
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => shown.iter().try_for_each(|(name, shown)| {
            let real = real.get(name).ok_or_else(|| format!("{name} is shown, the answer does not have it"))?;
            shortens(shown, real).map_err(|why| format!("{name}: {why}"))
        }),
        (Value::Array(shown), Value::Array(real)) => shown.iter().try_for_each(|shown| {
            let tried: Vec<_> = real.iter().map(|real| shortens(shown, real)).collect();
            let fits = tried.iter().any(Result::is_ok);
            if fits { Ok(()) } else { Err(format!("no entry of the answer fits {shown}: {:#?}", tried.first())) }
        }),
        (Value::String(shown), Value::String(real)) => {
            let depends = |text: &str| text.contains(|letter: char| letter.is_ascii_digit());
            if shown == real || depends(shown) && depends(real) { Ok(()) } else { differs() }
        }
        (Value::Number(_), Value::Number(_)) => Ok(()),
        _ if shown == real => Ok(()),
        _ => differs(),
    }
}

#[tokio::test]
async fn every_query_of_the_document_runs_and_answers_as_shown() {
    let recipes = recipes(&read("docs/api.md"));
    assert!(recipes.len() > 10, "only {} queries were found", recipes.len());
    let app = App::start().await;
    for Recipe { title, account, query, variables, answer } in recipes {
        let actor = match account {
            Some(email) => app.sign_in(&email).await,
            None => app.anonymous(),
        };
        let real = actor.ask_with(&query, moved_to_now(variables)).await;
        assert!(real.codes().is_empty(), "{title}: {:#}", real.body);
        for (field, value) in real.body["data"].as_object().unwrap() {
            assert!(!value.is_null(), "{title}: {field} is null");
        }
        shortens(&answer, &real.body).unwrap_or_else(|why| panic!("{title}: {why}"));
    }
}

#[test]
fn every_canonical_query_is_in_the_document_word_for_word() {
    let document = recipes(&read("docs/api.md"));
    for (path, query) in queries::canonical() {
        let found = document.iter().any(|recipe| recipe.query == query);
        assert!(found, "docs/api.md lacks {}, or has it otherwise", path.display());
    }
}

#[test]
fn the_table_of_error_codes_is_the_one_of_the_server() {
    let source = read("src/error.rs");
    let code = source.split_once("fn code(").unwrap().1.split_once("\n    }\n").unwrap().0;
    let real: BTreeSet<&str> =
        code.lines().filter_map(|line| line.split_once("=> \"")?.1.split_once('"')).map(|(code, _)| code).collect();
    assert!(real.contains("INTERNAL") && real.len() >= 7, "{real:?}");

    let document = read("docs/api.md");
    let table = document.split_once("| code | means |").unwrap().1.split_once("\n\n").unwrap().0;
    let rows = table.lines().skip(2).map(|row| row.split('|').nth(1).unwrap().trim());
    assert_eq!(rows.collect::<BTreeSet<_>>(), real);
}

#[test]
fn a_shown_answer_that_is_not_so_is_noticed() {
    let real = json!({"a": [{"name": "Shop", "size": 3, "at": "2026-11-20"}, {"name": "API", "size": null}]});
    for fits in [json!({}), json!({"a": [{"name": "API"}]}), json!({"a": [{"size": 7, "at": "2001-01-01"}]})] {
        assert_eq!(shortens(&fits, &real), Ok(()));
    }
    for wrong in [
        json!({"b": 1}),
        json!({"a": {}}),
        json!({"a": [{"name": "Warehouse"}]}),
        json!({"a": [{"name": "API", "size": 1}]}),
        json!({"a": [{"name": "Shop", "at": "today"}]}),
    ] {
        assert!(shortens(&wrong, &real).is_err(), "{wrong}");
    }
}
