//! `schema.graphql` is what the server prints and what live introspection says, and all of it is described.

use serde_json::Value;

use crate::support::{app::App, db::TestDatabase};

#[test]
fn the_committed_schema_is_the_one_that_the_program_prints() {
    let printed = std::process::Command::new(env!("CARGO_BIN_EXE_ogelbase")).arg("schema").output().unwrap();
    assert!(printed.status.success());
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql")).unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(committed == printed, "schema.graphql is out of date: run `make schema` and commit it");
}

const INTROSPECTION: &str = "{ __schema {
    directives { name description args { name description } }
    types { name kind description specifiedByURL
        fields(includeDeprecated: true) { name description type { ...T } args { name description type { ...T } } }
        inputFields { name description type { ...T } }
        enumValues(includeDeprecated: true) { name description } } } }
  fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

async fn introspected() -> Vec<Value> {
    let app = App::on(TestDatabase::migrated().await).await;
    let answer = app.anonymous().ask(INTROSPECTION).await;
    let mut types = answer.at("/__schema/types").as_array().unwrap().clone();
    let directives = answer.at("/__schema/directives").as_array().unwrap().iter();
    types.extend(directives.filter(|directive| directive["name"] == "requires").cloned());
    types
}

fn is_ours(item: &Value) -> bool {
    let name = item["name"].as_str().unwrap();
    !name.starts_with("__") && !["String", "Int", "Float", "Boolean", "ID"].contains(&name)
}

fn items<'a>(item: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    item[key].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

#[tokio::test]
async fn every_element_is_described_and_every_custom_scalar_names_its_specification() {
    let mut silent = Vec::new();
    let mut described = 0;
    for kind in introspected().await.iter().filter(|kind| is_ours(kind)) {
        let name = kind["name"].as_str().unwrap();
        let mut elements = vec![(name.to_owned(), kind)];
        for key in ["fields", "inputFields", "enumValues", "args"] {
            for field in items(kind, key) {
                let path = format!("{name}.{}", field["name"].as_str().unwrap());
                elements.extend(items(field, "args").map(|arg| (format!("{path}({})", arg["name"]), arg)));
                elements.push((path, field));
            }
        }
        for (path, element) in elements {
            match element["description"].as_str() {
                Some(text) if !text.trim().is_empty() => described += 1,
                _ => silent.push(path),
            }
        }
        if kind["kind"] == "SCALAR" && kind["specifiedByURL"].is_null() {
            silent.push(format!("@specifiedBy of scalar {name}"));
        }
    }
    assert!(silent.is_empty(), "without a description: {silent:#?}");
    assert!(described > 150, "only {described} elements were looked at");
}

/// `type` as the SDL writes it.
fn type_text(kind: &Value) -> String {
    match kind["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", type_text(&kind["ofType"])),
        "LIST" => format!("[{}]", type_text(&kind["ofType"])),
        _ => kind["name"].as_str().unwrap().to_owned(),
    }
}

#[tokio::test]
async fn live_introspection_says_what_the_committed_schema_says() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql")).unwrap();
    let parsed = async_graphql::parser::parse_schema(&committed).unwrap();
    let mut written: Vec<String> = Vec::new();
    for definition in parsed.definitions {
        use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let name = &definition.node.name.node;
        let fields = match &definition.node.kind {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            TypeKind::Enum(values) => {
                written.extend(values.values.iter().map(|value| format!("{name}.{}", value.node.value.node)));
                continue;
            }
            TypeKind::InputObject(input) => {
                let fields = input.fields.iter().map(|field| (&field.node.name.node, &field.node.ty.node));
                written.extend(fields.map(|(field, kind)| format!("{name}.{field}: {kind}")));
                continue;
            }
            _ => {
                written.push(name.to_string());
                continue;
            }
        };
        for field in fields {
            let path = format!("{name}.{}", field.node.name.node);
            for argument in &field.node.arguments {
                written.push(format!("{path}({}: {})", argument.node.name.node, argument.node.ty.node));
            }
            written.push(format!("{path}: {}", field.node.ty.node));
        }
    }
    let mut live: Vec<String> = Vec::new();
    for kind in introspected().await.iter().filter(|kind| is_ours(kind)) {
        let name = kind["name"].as_str().unwrap();
        if kind["kind"] == "SCALAR" {
            live.push(name.to_owned());
        }
        live.extend(items(kind, "enumValues").map(|value| format!("{name}.{}", value["name"].as_str().unwrap())));
        for field in items(kind, "inputFields").chain(items(kind, "fields")) {
            let path = format!("{name}.{}", field["name"].as_str().unwrap());
            for argument in items(field, "args") {
                let argument = (argument["name"].as_str().unwrap(), type_text(&argument["type"]));
                live.push(format!("{path}({}: {})", argument.0, argument.1));
            }
            live.push(format!("{path}: {}", type_text(&field["type"])));
        }
    }
    written.sort();
    live.sort();
    assert_eq!(written, live);
}
