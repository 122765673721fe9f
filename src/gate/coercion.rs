//! Values of variables, coerced by the specification: each error says where in them it is.

use apollo_compiler::{ast::Type, schema::ExtendedType};
use async_graphql::{Name, Number, Pos, ServerError, Value, Variables};

use super::{
    refusal::{Refusal, wrong_value},
    rules::{Rules, enum_values, is_one_of, item},
};
use crate::graphql::scalar;

/// Errors that are told at most.
const MOST_ERRORS: usize = 20;

/// A variable that an operation declares.
#[derive(Debug)]
pub struct Variable {
    /// Its name, without the `$`.
    pub name: Name,
    /// Its type.
    pub kind: Type,
    /// What it is when it is not given.
    pub default: Option<Value>,
    /// Where it is declared.
    pub place: Pos,
}

/// Coerces what was given for an operation's variables; what it does not declare is left out.
///
/// # Errors
/// Each value that is wrong, with its path.
pub fn coerce(rules: &Rules, declared: &[Variable], mut given: Variables) -> Result<Variables, Refusal> {
    let mut coerced = Variables::default();
    let mut errors = Vec::new();
    for variable in declared {
        let path = Path { parent: None, segment: Segment::Field(variable.name.as_str()) };
        let mut coercion = Coercion { rules, place: variable.place, errors: &mut errors };
        match given.remove(&variable.name) {
            Some(value) => {
                if let Some(value) = coercion.value(&variable.kind, value, &path) {
                    coerced.insert(variable.name.clone(), value);
                }
            }
            None => match &variable.default {
                Some(value) => {
                    coerced.insert(variable.name.clone(), value.clone());
                }
                None if variable.kind.is_non_null() => coercion.missing(&variable.kind, &path),
                None => {}
            },
        }
    }
    if errors.is_empty() {
        return Ok(coerced);
    }
    errors.truncate(MOST_ERRORS);
    Err(errors)
}

/// A variable's default value, which was validated.
pub fn coerce_default(rules: &Rules, kind: &Type, default: Value) -> Option<Value> {
    let mut errors = Vec::new();
    let path = Path { parent: None, segment: Segment::Item(0) };
    Coercion { rules, place: Pos::default(), errors: &mut errors }.value(kind, default, &path)
}

/// What a value is, in words.
pub fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Number(_) => "a number",
        Value::String(_) | Value::Binary(_) => "a string",
        Value::Boolean(_) => "a boolean",
        Value::Enum(_) => "an enum value",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
    }
}

enum Segment<'p> {
    Field(&'p str),
    Item(usize),
}

struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    segment: Segment<'p>,
}

impl Path<'_> {
    fn written(&self) -> String {
        let mut text = self.parent.map_or_else(|| "variables".to_owned(), Path::written);
        match self.segment {
            Segment::Field(name) => {
                text.push('.');
                text.push_str(name);
            }
            Segment::Item(index) => text.push_str(&format!(".{index}")),
        }
        text
    }
}

struct Coercion<'c> {
    rules: &'c Rules,
    place: Pos,
    errors: &'c mut Vec<ServerError>,
}

impl Coercion<'_> {
    fn refuse(&mut self, path: &Path<'_>, message: String) {
        if self.errors.len() <= MOST_ERRORS {
            self.errors.push(wrong_value(path.written(), message, self.place));
        }
    }

    fn missing(&mut self, kind: &Type, path: &Path<'_>) {
        self.refuse(path, format!("is missing: a value of the type `{kind}` is needed"));
    }

    /// Goes as deep as the value is nested, which its reader has bounded, and no deeper than its type.
    fn value(&mut self, kind: &Type, value: Value, path: &Path<'_>) -> Option<Value> {
        if matches!(value, Value::Null) {
            if kind.is_non_null() {
                self.refuse(path, format!("must not be null: its type is `{kind}`"));
                return None;
            }
            return Some(Value::Null);
        }
        let Some(inner) = item(kind) else {
            return self.named(kind.inner_named_type().as_str(), value, path);
        };
        // What is not a list becomes one of a single item.
        let Value::List(items) = value else {
            return self.value(inner, value, path).map(|value| Value::List(vec![value]));
        };
        let mut coerced = Vec::with_capacity(items.len());
        for (index, value) in items.into_iter().enumerate() {
            let path = Path { parent: Some(path), segment: Segment::Item(index) };
            coerced.extend(self.value(inner, value, &path));
        }
        Some(Value::List(coerced))
    }

    fn named(&mut self, name: &str, value: Value, path: &Path<'_>) -> Option<Value> {
        match self.rules.kind(name)? {
            ExtendedType::Scalar(_) => match scalar_value(name, value) {
                Ok(value) => Some(value),
                Err(message) => {
                    self.refuse(path, message);
                    None
                }
            },
            ExtendedType::Enum(_) => self.enum_value(name, value, path),
            ExtendedType::InputObject(_) => self.object(name, value, path),
            // Validation lets no variable have such a type.
            _ => None,
        }
    }

    fn enum_value(&mut self, name: &str, value: Value, path: &Path<'_>) -> Option<Value> {
        let text = match &value {
            Value::String(text) => text.as_str(),
            Value::Enum(name) => name.as_str(),
            other => {
                self.refuse(path, format!("must be a value of `{name}` as a string, not {}", describe(other)));
                return None;
            }
        };
        if !enum_values(self.rules, name).is_some_and(|kind| kind.values.contains_key(text)) {
            self.refuse(path, format!("is not a value of `{name}`"));
            return None;
        }
        Some(Value::Enum(Name::new(text)))
    }

    fn object(&mut self, name: &str, value: Value, path: &Path<'_>) -> Option<Value> {
        let Value::Object(mut given) = value else {
            let found = describe(&value);
            self.refuse(path, format!("must be an object of the type `{name}`, not {found}"));
            return None;
        };
        let rules = self.rules;
        let kind = rules.input_fields(name)?;
        let before = self.errors.len();
        for unknown in given.keys().filter(|field| !kind.fields.contains_key(field.as_str())) {
            let path = Path { parent: Some(path), segment: Segment::Field(unknown) };
            self.refuse(&path, format!("is not a field of `{name}`"));
        }
        if is_one_of(kind) && (given.len() != 1 || given.values().any(|value| matches!(value, Value::Null))) {
            self.refuse(path, format!("must have exactly one field of `{name}`, and that not null"));
        }
        let mut coerced = async_graphql::indexmap::IndexMap::with_capacity(given.len());
        for (field, definition) in &kind.fields {
            let path = Path { parent: Some(path), segment: Segment::Field(field) };
            match given.swap_remove(field.as_str()) {
                Some(value) => {
                    if let Some(value) = self.value(&definition.ty, value, &path) {
                        coerced.insert(Name::new(field), value);
                    }
                }
                None if definition.ty.is_non_null() && definition.default_value.is_none() => {
                    self.missing(&definition.ty, &path);
                }
                // The engine knows the default.
                None => {}
            }
        }
        (self.errors.len() == before).then_some(Value::Object(coerced))
    }
}

/// A scalar of this name, from JSON or from a literal.
///
/// # Errors
/// Says what it must be. The value is not repeated: it may be a secret.
pub fn scalar_value(name: &str, value: Value) -> Result<Value, String> {
    let expected = match (name, &value) {
        ("Int", Value::Number(number)) => match whole(number).map(i32::try_from) {
            Some(Ok(number)) => return Ok(Value::from(number)),
            _ => "must be a whole number from -2147483648 to 2147483647",
        },
        ("Int", _) => "must be a whole number",
        ("Float", Value::Number(number)) if number.as_f64().is_some_and(f64::is_finite) => return Ok(value),
        ("Float", _) => "must be a number",
        ("Boolean", Value::Boolean(_)) => return Ok(value),
        ("String" | "ID", Value::String(text)) => match scalar::check_text(name, text) {
            Ok(()) => return Ok(value),
            Err(expected) => expected,
        },
        ("String", _) => "must be a string",
        ("Boolean", _) => "must be true or false",
        ("ID", Value::Number(number)) if number.is_i64() || number.is_u64() => {
            return Ok(Value::String(number.to_string()));
        }
        ("ID", _) => "must be a string",
        _ => match scalar::check(name, &value) {
            Ok(()) => return Ok(value),
            Err(expected) => expected,
        },
    };
    Err(expected.to_owned())
}

/// The number, where it has no fraction: JSON does not tell 1 from 1.0.
fn whole(number: &Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let number = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT)?;
        format!("{number:.0}").parse().ok()
    })
}
