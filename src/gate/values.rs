//! Literals and the places of variables: the rules of the specification on values, in full. The validator leaves some
//! out (fields given twice, `@oneOf`, null in a list of non-null items, custom scalars, variables inside of lists and
//! objects), so a document that passed it is looked at again.

use std::collections::{HashMap, HashSet};

use apollo_compiler::{
    ExecutableDocument, Name, Node,
    ast::{Argument, DirectiveList, Type, Value as Literal, VariableDefinition},
    executable::{Operation, Selection, SelectionSet},
    schema::ExtendedType,
};
use async_graphql::{Name as EngineName, Number, ServerError, Value, indexmap::IndexMap};

use super::{
    coercion::scalar_value,
    refusal::{Refusal, wrong, wrong_value},
    rules::{Rules, directive_argument, enum_values, is_one_of, item},
    scan::Places,
};

/// Errors that are told at most.
const MOST_ERRORS: usize = 20;

/// Checks all values of a document.
///
/// # Errors
/// Those that are wrong.
pub fn check(rules: &Rules, document: &ExecutableDocument, places: &Places) -> Result<(), Refusal> {
    let mut errors: Refusal = Vec::new();
    for operation in document.operations.iter() {
        let variables = operation.variables.iter().map(|variable| (&variable.name, variable)).collect();
        let (seen, path) = (HashSet::new(), Vec::new());
        let mut values = Values { rules, document, places, variables, seen, path, errors: &mut errors };
        values.operation(operation);
    }
    errors.dedup_by(|left, right| left.message == right.message && left.locations == right.locations);
    errors.truncate(MOST_ERRORS);
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

struct Values<'d> {
    rules: &'d Rules,
    document: &'d ExecutableDocument,
    places: &'d Places,
    variables: HashMap<&'d Name, &'d Node<VariableDefinition>>,
    seen: HashSet<&'d Name>,
    /// The argument that is looked at, and the fields of inputs below it.
    path: Vec<Name>,
    errors: &'d mut Vec<ServerError>,
}

impl<'d> Values<'d> {
    fn operation(&mut self, operation: &'d Operation) {
        for variable in &operation.variables {
            self.directives(&variable.directives);
            if let Some(default) = &variable.default_value {
                self.value(default, &variable.ty, false);
            }
        }
        self.directives(&operation.directives);
        self.selections(&operation.selection_set);
    }

    fn selections(&mut self, set: &'d SelectionSet) {
        for selection in &set.selections {
            self.directives(selection.directives());
            match selection {
                Selection::Field(field) => {
                    for argument in &field.arguments {
                        if let Some(definition) = field.definition.argument_by_name(&argument.name) {
                            self.path.push(argument.name.clone());
                            self.value(&argument.value, &definition.ty, definition.default_value.is_some());
                            self.path.clear();
                        }
                    }
                    self.selections(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.selection_set),
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment.filter(|_| self.seen.insert(&spread.fragment_name)) {
                        self.directives(&fragment.directives);
                        self.selections(&fragment.selection_set);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &'d DirectiveList) {
        for directive in directives.iter() {
            for argument in &directive.arguments {
                let argument: &'d Node<Argument> = argument;
                if let Some(definition) = directive_argument(self.rules, &directive.name, &argument.name) {
                    self.value(&argument.value, &definition.ty, definition.default_value.is_some());
                }
            }
        }
    }

    fn refuse(&mut self, value: &Node<Literal>, message: String) {
        let place = self.places.of(value.location().map_or(0, |span| span.offset()));
        self.errors.push(wrong(message, place));
    }

    fn refuse_scalar(&mut self, value: &Node<Literal>, name: &str, message: String) {
        if self.path.is_empty() {
            return self.refuse(value, format!("a value of the type `{name}` {message}"));
        }
        let place = self.places.of(value.location().map_or(0, |span| span.offset()));
        let path: Vec<&str> = self.path.iter().map(Name::as_str).collect();
        self.errors.push(wrong_value(path.join("."), message, place));
    }

    fn value(&mut self, value: &Node<Literal>, kind: &Type, has_default: bool) {
        match &**value {
            Literal::Variable(name) => self.usage(value, name, kind, has_default),
            Literal::Null if kind.is_non_null() => {
                self.refuse(value, format!("null is not a value of the type `{kind}`"));
            }
            Literal::Null => {}
            literal => match (item(kind), literal) {
                (Some(item), Literal::List(items)) => items.iter().for_each(|value| self.value(value, item, false)),
                // What is not a list becomes one of a single item.
                (Some(item), _) => self.value(value, item, false),
                (None, _) => self.named(value, kind.inner_named_type().as_str()),
            },
        }
    }

    fn named(&mut self, value: &Node<Literal>, name: &str) {
        let lawful = match self.rules.kind(name) {
            Some(ExtendedType::Scalar(_)) => match constant(value) {
                // There is a variable in it: of JSON.
                None => true,
                Some(Err(())) => {
                    self.refuse(value, "this number is out of range".to_owned());
                    return;
                }
                Some(Ok(constant)) => {
                    // An ID that looks like a number of any length is one.
                    let long_id = name == "ID" && matches!(&**value, Literal::Int(_));
                    if let Err(message) = scalar_value(name, constant)
                        && !long_id
                    {
                        self.refuse_scalar(value, name, message);
                    }
                    return;
                }
            },
            Some(ExtendedType::Enum(_)) => match &**value {
                Literal::Enum(given) => {
                    enum_values(self.rules, name).is_some_and(|kind| kind.values.contains_key(given))
                }
                _ => false,
            },
            Some(ExtendedType::InputObject(_)) => match &**value {
                Literal::Object(fields) => {
                    self.object(value, fields, name);
                    true
                }
                _ => false,
            },
            _ => true,
        };
        if !lawful {
            self.refuse(value, format!("this is not a value of the type `{name}`"));
        }
    }

    fn object(&mut self, value: &Node<Literal>, fields: &[(Name, Node<Literal>)], name: &str) {
        let rules = self.rules;
        let Some(kind) = rules.input_fields(name) else { return };
        let mut given = HashSet::new();
        for (field, inner) in fields {
            let Some(definition) = kind.fields.get(field) else {
                self.refuse(inner, format!("field `{field}` does not exist on `{name}`"));
                continue;
            };
            if !given.insert(field) {
                self.refuse(inner, format!("the field `{field}` of `{name}` is given twice"));
            }
            self.path.push(field.clone());
            self.value(inner, &definition.ty, definition.default_value.is_some());
            self.path.pop();
        }
        for (field, definition) in &kind.fields {
            if definition.ty.is_non_null() && definition.default_value.is_none() && !given.contains(field) {
                self.refuse(value, format!("the required field `{name}.{field}` is not provided"));
            }
        }
        if is_one_of(kind) {
            let one = match fields {
                [(_, only)] => match &**only {
                    Literal::Null => false,
                    Literal::Variable(variable) => {
                        self.variables.get(variable).is_none_or(|variable| variable.ty.is_non_null())
                    }
                    _ => true,
                },
                _ => false,
            };
            if !one {
                self.refuse(value, format!("exactly one field of `{name}` must be given, and that not null"));
            }
        }
    }

    /// Whether a variable may stand where a value of this type is wanted.
    fn usage(&mut self, value: &Node<Literal>, name: &Name, kind: &Type, has_default: bool) {
        let Some(variable) = self.variables.get(name).copied() else { return };
        let given = &*variable.ty;
        let allowed = if kind.is_non_null() && !given.is_non_null() {
            let replaced = variable.default_value.as_ref().is_some_and(|default| !default.is_null());
            (replaced || has_default) && fits(given, &kind.clone().nullable())
        } else {
            fits(given, kind)
        };
        if !allowed {
            let message = format!("variable `${name}` of type `{given}` cannot be used where `{kind}` is expected");
            self.refuse(value, message);
        }
    }
}

/// `AreTypesCompatible` of the specification: no value becomes a list on its way.
fn fits(given: &Type, wanted: &Type) -> bool {
    if wanted.is_non_null() && !given.is_non_null() {
        return false;
    }
    match (item(given), item(wanted)) {
        (Some(given), Some(wanted)) => fits(given, wanted),
        (None, None) => given.inner_named_type() == wanted.inner_named_type(),
        _ => false,
    }
}

/// A literal as a constant. None when there is a variable in it, an error when a number of it cannot be written in JSON.
pub fn constant(value: &Literal) -> Option<Result<Value, ()>> {
    Some(Ok(match value {
        Literal::Variable(_) => return None,
        Literal::Null => Value::Null,
        Literal::Enum(name) => Value::Enum(EngineName::new(name)),
        Literal::String(text) => Value::String(text.clone()),
        Literal::Boolean(value) => Value::Boolean(*value),
        Literal::Int(_) | Literal::Float(_) => match number(value) {
            Some(number) => Value::Number(number),
            None => return Some(Err(())),
        },
        Literal::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                match constant(item)? {
                    Ok(item) => list.push(item),
                    Err(()) => return Some(Err(())),
                }
            }
            Value::List(list)
        }
        Literal::Object(fields) => {
            let mut object = IndexMap::with_capacity(fields.len());
            for (name, value) in fields {
                match constant(value)? {
                    Ok(value) => object.insert(EngineName::new(name), value),
                    Err(()) => return Some(Err(())),
                };
            }
            Value::Object(object)
        }
    }))
}

/// The number of a literal; none where it is too large for a float.
pub fn number(value: &Literal) -> Option<Number> {
    match value {
        Literal::Int(int) => {
            let text = int.as_str();
            let small = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
            small.ok().or_else(|| Number::from_f64(int.try_to_f64().ok()?))
        }
        Literal::Float(float) => Number::from_f64(float.try_to_f64().ok()?),
        _ => None,
    }
}
