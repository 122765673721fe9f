//! The schema as the gate knows it, and validation by the specification.

use std::collections::HashMap;

use apollo_compiler::{
    ExecutableDocument, Name, Node, Schema,
    ast::{self, Document, Type},
    diagnostic::ToCliReport,
    parser::Parser,
    schema::ExtendedType,
    validation::{DiagnosticList, Valid},
};
use async_graphql::Pos;

use super::{
    limits::{NESTING, TOKENS},
    refusal::{Refusal, wrong},
    scan::{Places, Scan},
    subscription, suggestion,
};

/// Errors of a document that are told at most.
const MOST_ERRORS: usize = 20;
/// What the specification of 2025 has and the validator's own introspection types have not.
const MISSING: &str = "extend type __Type { isOneOf: Boolean }";

/// The schema cannot be read: what the engine prints is not GraphQL. It leaves a quote in a reason of deprecation and
/// `"""` in a description as they are, so that neither may have one.
#[derive(Debug, thiserror::Error)]
#[error("the schema that the engine prints is not valid: {0}")]
pub struct SchemaError(String);

/// The schema, with what validation and coercion ask it.
#[derive(Debug)]
pub struct Rules {
    schema: Valid<Schema>,
    /// The object types that a value of each composite type can have.
    possible: HashMap<Name, Vec<Name>>,
}

impl Rules {
    /// Those of this schema.
    ///
    /// # Errors
    /// When it is not valid.
    pub fn new(sdl: &str) -> Result<Self, SchemaError> {
        let schema = Schema::builder()
            .adopt_orphan_extensions()
            .parse(sdl, "schema.graphql")
            .parse(MISSING, "introspection.graphql")
            .build()
            .map_err(|error| SchemaError(error.to_string()))?
            .validate()
            .map_err(|error| SchemaError(error.to_string()))?;
        let mut possible: HashMap<Name, Vec<Name>> = HashMap::new();
        for (name, kind) in &schema.types {
            match kind {
                ExtendedType::Object(object) => {
                    possible.entry(name.clone()).or_default().push(name.clone());
                    for interface in &object.implements_interfaces {
                        possible.entry(interface.name.clone()).or_default().push(name.clone());
                    }
                }
                ExtendedType::Union(union) => {
                    possible.insert(name.clone(), union.members.iter().map(|member| member.name.clone()).collect());
                }
                _ => {}
            }
        }
        Ok(Self { schema, possible })
    }

    /// The type with this name.
    pub fn kind(&self, name: &str) -> Option<&ExtendedType> {
        self.schema.types.get(name)
    }

    /// The object types that a value of this type can have.
    pub fn possible(&self, name: &str) -> &[Name] {
        self.possible.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether each value of the type `inner` is one of the type `outer`.
    pub fn covers(&self, outer: &str, inner: &str) -> bool {
        outer == inner || self.possible(inner).iter().all(|name| self.possible(outer).contains(name))
    }

    /// Parses a text that was scanned.
    ///
    /// # Errors
    /// The first place at which it is not GraphQL.
    pub fn parse(&self, scan: &Scan) -> Result<Document, Refusal> {
        // White space stands between any two tokens at most.
        let mut parser = Parser::new().recursion_limit(NESTING + 1).token_limit(2 * TOKENS + 2);
        parser.parse_ast(scan.text.as_str(), "document").map_err(|failed| {
            let first = failed.errors.iter().next().and_then(|error| error.error.location());
            let place = first.map_or(Pos { line: 1, column: 1 }, |span| scan.places.of(span.offset()));
            vec![wrong("the document is not GraphQL: there is a syntax error at this place", place)]
        })
    }

    /// Validates a document by all rules of the specification that the validator knows.
    ///
    /// # Errors
    /// What is wrong, at most [`MOST_ERRORS`].
    pub fn validate(
        &self,
        document: &Document,
        places: &Places,
        suggests: bool,
    ) -> Result<Valid<ExecutableDocument>, Refusal> {
        // First what is not there at all: the rest would be misleading.
        let document = document
            .to_executable(&self.schema)
            .map_err(|failed| self.refusal(&failed.errors, |_| false, places, suggests))?;
        document.validate(&self.schema).or_else(|failed| {
            // The validator counts fields, the specification what the answer has (5.2.4.1): the same field twice, by two
            // fragments perhaps, is one.
            let document = failed.partial;
            let one_field =
                document.operations.iter().all(|operation| subscription::has_one_field(&document, operation));
            let overlook = |message: &str| one_field && message.ends_with(subscription::ONE_FIELD);
            let refusal = self.refusal(&failed.errors, overlook, places, suggests);
            if refusal.is_empty() { Ok(Valid::assume_valid(document)) } else { Err(refusal) }
        })
    }

    fn refusal(
        &self,
        errors: &DiagnosticList,
        overlook: impl Fn(&str) -> bool,
        places: &Places,
        suggests: bool,
    ) -> Refusal {
        let mut refusal: Refusal = Vec::new();
        for diagnostic in errors.iter() {
            let place = diagnostic.error.location().map(|span| places.of(span.offset()));
            let mut message = diagnostic.error.to_string();
            if overlook(&message) {
                continue;
            }
            if suggests && let Some(suggestion) = suggestion::of(&self.schema, &message) {
                message.push_str(&suggestion);
            }
            let error = wrong(plain(message), place.unwrap_or(Pos { line: 1, column: 1 }));
            if !refusal.iter().any(|known| known.message == error.message && known.locations == error.locations) {
                refusal.push(error);
            }
            if refusal.len() == MOST_ERRORS {
                break;
            }
        }
        refusal
    }

    /// Whether a type has a field.
    #[cfg(test)]
    pub fn has_field(&self, kind: &str, field: &str) -> bool {
        self.schema.type_field(kind, field).is_ok()
    }

    /// The fields that an input object of this type has.
    pub fn input_fields(&self, name: &str) -> Option<&Node<apollo_compiler::schema::InputObjectType>> {
        match self.kind(name)? {
            ExtendedType::InputObject(object) => Some(object),
            _ => None,
        }
    }
}

/// Whether exactly one field of this input object must be given.
pub fn is_one_of(object: &apollo_compiler::schema::InputObjectType) -> bool {
    object.directives.iter().any(|directive| directive.name == "oneOf")
}

/// The type of a list's items, and none of what is not a list.
pub fn item(kind: &Type) -> Option<&Type> {
    match kind {
        Type::List(item) | Type::NonNullList(item) => Some(item),
        Type::Named(_) | Type::NonNullNamed(_) => None,
    }
}

/// The values of an enumeration; none of any other type.
pub fn enum_values<'r>(rules: &'r Rules, name: &str) -> Option<&'r apollo_compiler::schema::EnumType> {
    match rules.kind(name)? {
        ExtendedType::Enum(kind) => Some(kind),
        _ => None,
    }
}

/// The definition that the validator gives for a directive of the document.
pub fn directive_argument<'r>(
    rules: &'r Rules,
    directive: &str,
    argument: &str,
) -> Option<&'r Node<ast::InputValueDefinition>> {
    rules.schema.directive_definitions.get(directive)?.argument_by_name(argument)
}

/// The validator's words, where others say more.
fn plain(message: String) -> String {
    message.replace(" in this document", "")
}
