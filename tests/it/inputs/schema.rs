//! The arguments and input fields of the schema, read from its SDL.

use std::collections::BTreeMap;

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
};

/// An argument or the field of an input type.
#[derive(Debug, Clone)]
pub struct Input {
    pub name: String,
    /// As the SDL writes its type.
    pub written: String,
    /// The name of its type without lists and exclamation marks.
    pub kind: String,
    pub list: bool,
    pub required: bool,
}

/// What a value can be asked for at.
#[derive(Debug)]
pub struct Schema {
    /// The fields with arguments, by type and name.
    pub fields: Vec<(String, String, Vec<Input>)>,
    pub inputs: BTreeMap<String, Vec<Input>>,
    /// The first value of each.
    pub enums: BTreeMap<String, String>,
    /// Types whose fields must be selected.
    objects: Vec<String>,
}

impl Schema {
    pub fn served() -> Self {
        let parsed = parse_schema(ogelbase::graphql::schema::sdl()).unwrap();
        let mut schema =
            Self { fields: Vec::new(), inputs: BTreeMap::new(), enums: BTreeMap::new(), objects: Vec::new() };
        for definition in parsed.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Object(object) => {
                    for field in object.fields {
                        let arguments: Vec<Input> = field.node.arguments.iter().map(|it| (&it.node).into()).collect();
                        if !arguments.is_empty() {
                            let selection = format!("{} {}", field.node.name.node, named(&field.node.ty.node));
                            schema.fields.push((name.clone(), selection, arguments));
                        }
                    }
                    schema.objects.push(name);
                }
                TypeKind::Interface(_) | TypeKind::Union(_) => schema.objects.push(name),
                TypeKind::InputObject(object) => {
                    schema.inputs.insert(name, object.fields.iter().map(|field| (&field.node).into()).collect());
                }
                TypeKind::Enum(values) => {
                    schema.enums.insert(name, values.values[0].node.value.node.to_string());
                }
                TypeKind::Scalar => {}
            }
        }
        for (_, field, _) in &mut schema.fields {
            let (name, kind) = field.split_once(' ').unwrap();
            let selected = schema.objects.iter().any(|object| object == kind);
            *field = if selected { format!("{name} {{ __typename }}") } else { name.to_owned() };
        }
        schema
    }
}

impl From<&InputValueDefinition> for Input {
    fn from(input: &InputValueDefinition) -> Self {
        let kind = &input.ty.node;
        Self {
            name: input.name.node.to_string(),
            written: kind.to_string(),
            kind: named(kind).to_owned(),
            list: matches!(kind.base, BaseType::List(_)),
            required: !kind.nullable && input.default_value.is_none(),
        }
    }
}

fn named(kind: &Type) -> &str {
    match &kind.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}
