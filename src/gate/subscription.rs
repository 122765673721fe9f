//! One field is all that a subscription asks for.

use std::collections::HashSet;

use apollo_compiler::{
    ExecutableDocument, Name,
    executable::{Operation, Selection, SelectionSet},
};

/// How the validator ends its words when it has counted more than one field.
pub const ONE_FIELD: &str = "can only have one root field";

/// Whether an operation has one field in its answer, or is no subscription.
pub fn has_one_field<'d>(document: &'d ExecutableDocument, operation: &'d Operation) -> bool {
    if !operation.is_subscription() {
        return true;
    }
    let mut names = HashSet::new();
    let mut seen = HashSet::new();
    collect(document, &operation.selection_set, &mut names, &mut seen);
    names.len() == 1
}

/// The names that the fields of a selection have in the answer; each fragment is looked at once.
fn collect<'d>(
    document: &'d ExecutableDocument,
    set: &'d SelectionSet,
    names: &mut HashSet<&'d Name>,
    seen: &mut HashSet<&'d Name>,
) {
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => {
                names.insert(field.response_key());
            }
            Selection::InlineFragment(fragment) => collect(document, &fragment.selection_set, names, seen),
            Selection::FragmentSpread(spread) => {
                if seen.insert(&spread.fragment_name)
                    && let Some(fragment) = document.fragments.get(&spread.fragment_name)
                {
                    collect(document, &fragment.selection_set, names, seen);
                }
            }
        }
    }
}
