//! Getting to know a document.

use std::{collections::HashSet, sync::Arc};

use apollo_compiler::{
    ExecutableDocument, Name,
    ast::{DirectiveList, Value as Literal},
    executable::{Operation, Selection, SelectionSet},
};
use async_graphql::Name as EngineName;

use super::{
    Gate, blocks,
    coercion::{self, Variable},
    documents::{Known, KnownOperation},
    limits,
    refusal::{Refusal, wrong},
    scan::{Places, scan},
    values,
};

impl Gate {
    /// Takes a text through all that does not depend on the request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn learn(&self, text: &str, suggests: bool) -> Result<Arc<Known>, Refusal> {
        let scan = scan(text).map_err(|error| vec![error])?;
        let parsed = self.rules.parse(&scan)?;
        limits::check(&parsed, &scan.places)?;
        let document = self.rules.validate(&parsed, &scan.places, suggests)?;
        if scan.blocks {
            self.rules.validate(&blocks::marked(&parsed, &scan.text), &scan.places, suggests)?;
        }
        values::check(&self.rules, &document, &scan.places)?;
        if !self.introspection {
            refuse_introspection(&document, &scan.places)?;
        }
        let conditions = conditions(&document);
        let operations =
            document.operations.iter().map(|operation| self.operation(operation, &conditions, &scan.places)).collect();
        let known = Arc::new(Known::new(document, scan.places, operations));
        self.documents.keep(text, &known, scan.strings);
        Ok(known)
    }

    fn operation(&self, operation: &Operation, conditions: &HashSet<Name>, places: &Places) -> KnownOperation {
        let variables = operation.variables.iter().map(|variable| {
            let place = places.of(variable.location().map_or(0, |span| span.offset()));
            // It was validated and has no variables.
            let default = variable.default_value.as_ref().and_then(|default| values::constant(default)?.ok());
            Variable {
                name: EngineName::new(&variable.name),
                kind: (*variable.ty).clone(),
                default: default.and_then(|default| coercion::coerce_default(&self.rules, &variable.ty, default)),
                place,
            }
        });
        let by_conditions =
            operation.variables.iter().enumerate().filter(|(_, variable)| conditions.contains(&variable.name));
        KnownOperation {
            name: operation.name.as_ref().map(|name| name.to_string()),
            conditions: by_conditions.map(|(index, _)| index).collect(),
            variables: variables.collect(),
        }
    }
}

/// Calls `look` with every selection of a document: each fragment is looked at once.
fn each<'d>(document: &'d ExecutableDocument, look: &mut impl FnMut(&'d Selection)) {
    fn below<'d>(set: &'d SelectionSet, look: &mut impl FnMut(&'d Selection)) {
        for selection in &set.selections {
            look(selection);
            match selection {
                Selection::Field(field) => below(&field.selection_set, look),
                Selection::InlineFragment(fragment) => below(&fragment.selection_set, look),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    document.operations.iter().for_each(|operation| below(&operation.selection_set, look));
    document.fragments.values().for_each(|fragment| below(&fragment.selection_set, look));
}

fn refuse_introspection(document: &ExecutableDocument, places: &Places) -> Result<(), Refusal> {
    let mut refusal = Ok(());
    each(document, &mut |selection| {
        if let Selection::Field(field) = selection
            && matches!(field.name.as_str(), "__schema" | "__type")
            && refusal.is_ok()
        {
            let place = places.of(field.location().map_or(0, |span| span.offset()));
            refusal = Err(vec![wrong("introspection is switched off on this server", place)]);
        }
    });
    refusal
}

/// The variables that `@skip` and `@include` go by.
fn conditions(document: &ExecutableDocument) -> HashSet<Name> {
    fn of(directives: &DirectiveList, found: &mut HashSet<Name>) {
        for directive in directives.iter().filter(|directive| matches!(directive.name.as_str(), "skip" | "include")) {
            if let Some(Literal::Variable(name)) = directive.specified_argument_by_name("if").map(|value| &**value) {
                found.insert(name.clone());
            }
        }
    }
    let mut found = HashSet::new();
    each(document, &mut |selection| of(selection.directives(), &mut found));
    found
}
