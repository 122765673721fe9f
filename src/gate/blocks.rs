//! Block strings among arguments.
//!
//! Fields that share a response key must have the same arguments, and a block string is not the same as another string,
//! whatever both hold. The validator sees only what they hold. So it is shown block strings with a mark.

use apollo_compiler::{
    Node,
    ast::{Argument, Definition, Document, Selection, Value},
};

/// What no string of a document begins with: an escape stands for it there, and a control character is none.
const MARK: &str = "\u{1}";

/// The document with its block strings marked, for the validator alone.
pub fn marked(document: &Document, text: &str) -> Document {
    let mut marked = document.clone();
    for definition in &mut marked.definitions {
        match definition {
            Definition::OperationDefinition(operation) => selections(&mut operation.make_mut().selection_set, text),
            Definition::FragmentDefinition(fragment) => selections(&mut fragment.make_mut().selection_set, text),
            _ => {}
        }
    }
    marked
}

fn selections(all: &mut [Selection], text: &str) {
    for selection in all {
        match selection {
            Selection::Field(field) => {
                let field = field.make_mut();
                for argument in &mut field.arguments {
                    let argument: &mut Argument = argument.make_mut();
                    value(&mut argument.value, text);
                }
                selections(&mut field.selection_set, text);
            }
            Selection::InlineFragment(fragment) => selections(&mut fragment.make_mut().selection_set, text),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn value(node: &mut Node<Value>, text: &str) {
    let block = node.location().and_then(|span| text.get(span.offset()..)).is_some_and(|at| at.starts_with("\"\"\""));
    match node.make_mut() {
        Value::String(string) if block => string.insert_str(0, MARK),
        Value::List(items) => items.iter_mut().for_each(|item| value(item, text)),
        Value::Object(fields) => fields.iter_mut().for_each(|(_, inner)| value(inner, text)),
        _ => {}
    }
}
