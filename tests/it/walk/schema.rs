//! The object types of the schema, read from its SDL.

use std::collections::BTreeMap;

use async_graphql::{
    Value,
    parser::{
        parse_schema,
        types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};

/// A field as the SDL has it.
#[derive(Debug)]
pub struct Field {
    /// The name of its type, without lists and exclamation marks.
    pub kind: String,
    /// Whether it is a list with pages.
    pub paged: bool,
    /// Arguments that must be given.
    pub required: Vec<String>,
    /// What `@requires` says.
    pub requires: Option<String>,
}

/// The object types by name, with their fields by name.
#[derive(Debug)]
pub struct Schema(pub BTreeMap<String, BTreeMap<String, Field>>);

impl Schema {
    /// What the server serves.
    pub fn served() -> Self {
        let parsed = parse_schema(ogelbase::graphql::schema::sdl()).unwrap();
        let mut types = BTreeMap::new();
        for definition in parsed.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let TypeKind::Object(object) = definition.node.kind else { continue };
            let fields = object.fields.iter().map(|field| (field.node.name.node.to_string(), Field::from(&field.node)));
            types.insert(definition.node.name.node.to_string(), fields.collect());
        }
        Self(types)
    }

    pub fn field(&self, kind: &str, field: &str) -> &Field {
        let fields = self.0.get(kind).unwrap_or_else(|| panic!("the schema has no type {kind}"));
        fields.get(field).unwrap_or_else(|| panic!("the schema has no field {kind}.{field}"))
    }

    /// What a field of this type must select.
    pub fn selection(&self, kind: &str) -> &'static str {
        match kind {
            "Node" => "{ __typename }",
            _ if self.0.get(kind).is_some_and(|fields| fields.contains_key("nodes")) => "{ nodes { __typename } }",
            _ if self.0.contains_key(kind) => "{ __typename }",
            _ => "",
        }
    }
}

impl From<&FieldDefinition> for Field {
    fn from(field: &FieldDefinition) -> Self {
        let arguments = field.arguments.iter().map(|argument| &argument.node);
        let required =
            arguments.clone().filter(|argument| !argument.ty.node.nullable && argument.default_value.is_none());
        let requires = field.directives.iter().find(|directive| directive.node.name.node == "requires");
        let permission = |value: &Value| match value {
            Value::String(name) => name.clone(),
            other => panic!("@requires(permission: {other})"),
        };
        Self {
            kind: named(&field.ty.node).to_owned(),
            paged: arguments.clone().any(|argument| argument.name.node == "first"),
            required: required.map(|argument| argument.name.node.to_string()).collect(),
            requires: requires.map(|directive| permission(&directive.node.arguments[0].1.node)),
        }
    }
}

fn named(kind: &Type) -> &str {
    match &kind.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}
