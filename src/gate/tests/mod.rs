//! The gate on documents that nobody wrote: counts against plain ones, and no text that harms it.

mod generator;
mod plain;

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use async_graphql::{Variables, parser::types::Selection};
use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::json;

use super::{Document, Gate, cost::weighted, limits, scan::scan};
use crate::config::Config;
use generator::Generator;
use plain::Plain;

fn gate() -> &'static Gate {
    static GATE: OnceLock<Gate> = OnceLock::new();
    GATE.get_or_init(|| Gate::new(&Config::default()).unwrap())
}

fn variables(few: Option<u64>) -> Variables {
    Variables::from_json(json!({ "few": few, "yes": true, "no": false, "unknown": [1] }))
}

fn asked(query: &str, few: Option<u64>) -> Document {
    Document { query: query.to_owned(), operation_name: None, variables: variables(few) }
}

/// The same documents each time, so that a failure is nobody's bad luck.
fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_261_127),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(settings(2048))]

    #[test]
    fn size_and_cost_are_those_of_a_plain_count(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        few in prop::option::of(1_u64..=100),
    ) {
        let gate = gate();
        let text = Generator::new(&gate.rules, &bytes).document();
        let scan = scan(&text).unwrap();
        let parsed = gate.rules.parse(&scan).unwrap();
        let plain = Plain { rules: &gate.rules, document: &parsed, few };
        let size = plain.size(plain.operation());
        prop_assert_eq!(limits::size(&parsed), size, "{}", &text);
        let valid = gate.rules.validate(&parsed, &scan.places, true);
        prop_assert!(valid.is_ok(), "{:?} in {}", valid.err(), &text);
        let cost = plain.cost("Query", &[plain.operation()]);
        match gate.admit(asked(&text, few), true) {
            Ok(prepared) => {
                prop_assert_eq!(prepared.cost, cost, "{}", &text);
                prop_assert!(prepared.cost <= super::MOST_COST);
                for (_, operation) in prepared.document.operations.iter() {
                    each_key_once(&operation.node.selection_set.node.items);
                }
                // Known by now, and no other.
                prop_assert_eq!(gate.admit(asked(&text, few), true).unwrap().cost, cost);
            }
            Err(errors) => {
                let refused = size.depth > 20 || size.fields > 10_000 || size.roots > 100 || size.aliases > 500
                    || size.nesting > 64 || cost > super::MOST_COST;
                prop_assert!(refused, "{:?} in {}", errors, &text);
            }
        }
    }

    #[test]
    fn no_document_harms_the_gate(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..SCRAPS.len()), 1..12),
    ) {
        let mut text = Generator::new(&gate().rules, &bytes).document();
        for (index, scrap) in cuts {
            let mut at = index.index(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match SCRAPS[scrap] {
                // Cuts a piece out.
                "" => text.replace_range(at..text.len().min(at + 9), ""),
                scrap => text.insert_str(at, scrap),
            }
        }
        quickly(&text);
    }

    #[test]
    fn no_text_harms_the_gate(text in "\\PC{0,300}", scraps in prop::collection::vec(0_usize..SCRAPS.len(), 0..200)) {
        quickly(&text);
        quickly(&scraps.into_iter().map(|scrap| SCRAPS[scrap]).collect::<Vec<_>>().join(" "));
    }
}

/// What documents are made of, and what spoils them.
const SCRAPS: [&str; 40] = [
    "",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "!",
    "$",
    "@",
    "=",
    "|",
    "&",
    "...",
    "#",
    "\"",
    "\"\"\"",
    "\\",
    "\\u{",
    "é",
    "\u{0}",
    "\u{feff}",
    "1e999",
    "-0",
    "99999999999999999999",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "on",
    "null",
    "true",
    "id",
    "viewer",
    "$few",
    "@skip(if: $no)",
    "...F1",
    "{ ...F1 }",
    "type T { a: B }",
];

/// Whatever comes of it.
#[track_caller]
fn quickly(text: &str) {
    let started = Instant::now();
    let _ = gate().admit(asked(text, Some(3)), true);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?} for {text}", started.elapsed());
}

fn each_key_once(items: &[async_graphql::Positioned<Selection>]) {
    let mut keys = std::collections::HashSet::new();
    for item in items {
        match &item.node {
            Selection::Field(field) => {
                let key = field.node.response_key().node.as_str().to_owned();
                assert!(keys.insert(key.clone()), "{key} is there twice");
                each_key_once(&field.node.selection_set.node.items);
            }
            Selection::InlineFragment(fragment) => each_key_once(&fragment.node.selection_set.node.items),
            Selection::FragmentSpread(_) => panic!("a plan has no fragments"),
        }
    }
}

#[test]
fn every_field_with_a_weight_is_in_the_schema() {
    for (kind, field) in weighted() {
        assert!(field.starts_with("__") || gate().rules.has_field(kind, field), "{kind}.{field}");
    }
}

#[test]
fn fields_of_a_list_of_variables_cost_by_its_length() {
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }";
    for (count, cost) in [(0, 1), (1, 3), (40, 81), (1_000, 201)] {
        let ids = vec!["x"; count];
        let variables = Variables::from_json(json!({ "ids": ids }));
        let document = Document { query: query.to_owned(), operation_name: None, variables };
        assert_eq!(gate().admit(document, false).unwrap().cost, cost, "{count} ids");
    }
}

#[test]
fn a_plan_is_shared_by_requests_that_agree_in_their_conditions() {
    let query = "query ($yes: Boolean!, $few: Int) { viewer { id email @include(if: $yes) } projects(first: $few) { totalCount } }";
    let admit = |variables: serde_json::Value| {
        let variables = Variables::from_json(variables);
        gate().admit(Document { query: query.to_owned(), operation_name: None, variables }, false).unwrap().document
    };
    let one = admit(json!({"yes": true, "few": 1}));
    assert!(std::sync::Arc::ptr_eq(&one, &admit(json!({"yes": true, "few": 9}))));
    for other in [json!({"yes": false, "few": 1}), json!({"yes": true})] {
        assert!(!std::sync::Arc::ptr_eq(&one, &admit(other)));
    }
}

#[test]
fn a_mutation_with_a_string_in_its_text_is_not_kept() {
    let with = |query: &str| {
        let _ = gate()
            .admit(Document { query: query.to_owned(), operation_name: None, variables: Variables::default() }, false);
        gate().documents.known(query).is_some()
    };
    assert!(!with("mutation { signIn(input: {email: \"a@b.c\", password: \"secret\"}) { accessToken } }"));
    assert!(with("mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }"));
    assert!(with("{ organization(slug: \"acme\") { id } }"));
}
