//! "Did you mean": for who may see the schema's names.

use apollo_compiler::{Schema, schema::ExtendedType};

/// The end of an error's message that names what is there; none where nothing is close.
pub fn of(schema: &Schema, message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (first, second) = (quoted.next()?, quoted.next());
    let (wanted, names): (&str, Vec<&str>) = match (message, second) {
        (message, _) if message.starts_with("cannot find type ") || message.starts_with("type condition ") => {
            (first, schema.types.keys().map(|name| name.as_str()).collect())
        }
        (message, Some(field)) if message.starts_with("type ") => (field, fields(schema, first)),
        (message, Some(place)) if message.starts_with("the argument ") => (first, arguments(schema, place)),
        (message, Some(kind)) if message.starts_with("value ") || message.starts_with("field ") => {
            (first, members(schema, kind))
        }
        _ => return None,
    };
    let most = 1 + wanted.len() / 4;
    let near = names
        .into_iter()
        // A name of 100,000 letters is compared with none: with every type that took half a second.
        .filter(|name| name.len().abs_diff(wanted.len()) <= most)
        .map(|name| (distance(wanted, name), name))
        .filter(|(distance, _)| *distance <= most)
        .min()?;
    Some(format!(": did you mean `{}`?", near.1))
}

fn fields<'s>(schema: &'s Schema, kind: &str) -> Vec<&'s str> {
    match schema.types.get(kind) {
        Some(ExtendedType::Object(object)) => object.fields.keys().map(|name| name.as_str()).collect(),
        Some(ExtendedType::Interface(interface)) => interface.fields.keys().map(|name| name.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn arguments<'s>(schema: &'s Schema, place: &str) -> Vec<&'s str> {
    let Some((kind, field)) = place.split_once('.') else { return Vec::new() };
    let field = schema.type_field(kind, field).map(|field| &field.arguments);
    field.into_iter().flatten().map(|argument| argument.name.as_str()).collect()
}

fn members<'s>(schema: &'s Schema, kind: &str) -> Vec<&'s str> {
    match schema.types.get(kind) {
        Some(ExtendedType::Enum(kind)) => kind.values.keys().map(|name| name.as_str()).collect(),
        Some(ExtendedType::InputObject(object)) => object.fields.keys().map(|name| name.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn distance(left: &str, right: &str) -> usize {
    strsim::osa_distance(&left.to_ascii_lowercase(), &right.to_ascii_lowercase())
}
