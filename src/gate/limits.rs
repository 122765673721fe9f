//! How large a document may be. Counted on its text as it stands, each fragment once, however often it is spread.

use std::collections::HashMap;

use apollo_compiler::{
    Name,
    ast::{Definition, DirectiveList, Document, Selection},
};
use async_graphql::{Pos, ServerError};

use super::{
    refusal::{Refusal, too_much},
    scan::Places,
};

/// Bytes of the text at most.
pub const BYTES: usize = 100_000;
/// Tokens at most; white space, commas and comments are none.
pub const TOKENS: usize = 15_000;
/// Open braces, brackets and parentheses at most, at any place.
pub const NESTING: usize = 64;
/// Operations at most.
const OPERATIONS: u64 = 50;
/// Fragments at most.
const FRAGMENTS: u64 = 200;
/// Variables of an operation at most: they are kept in the bits of a number.
pub const VARIABLES: u64 = 128;
/// Directives at one place at most.
const DIRECTIVES: u64 = 5;
/// Fields in each other at most, fragments spread.
const DEPTH: u64 = 20;
/// Selections in each other at most, where fragments count too.
const SPREADING: u64 = 64;
/// Fields at the root of an operation at most, fragments spread.
const ROOT_FIELDS: u64 = 100;
/// Aliases of an operation at most, fragments spread.
const ALIASES: u64 = 500;
/// Fields of the document at most, fragments spread.
const SELECTIONS: u64 = 10_000;

/// How large a selection is with all its fragments spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Fields.
    pub fields: u64,
    /// Fields in each other.
    pub depth: u64,
    /// Fields and fragments in each other.
    pub nesting: u64,
    /// Fields that have an alias.
    pub aliases: u64,
    /// Fields at its top.
    pub roots: u64,
}

/// Holds a document to the limits.
///
/// # Errors
/// Says the first limit that it passes, with the number that it has and the one it may have.
pub fn check(document: &Document, places: &Places) -> Result<(), Refusal> {
    let place = |offset: Option<usize>| offset.map(|offset| places.of(offset));
    let counted = |what, limit, has: u64, allowed: u64, offset| {
        if has <= allowed {
            return Ok(());
        }
        let message = format!("{what} {}, and {} is the limit", grouped(has), grouped(allowed));
        Err(vec![too_much(limit, allowed, message, place(offset))])
    };
    let mut operations = 0;
    let mut fragments = Fragments::default();
    let mut fragment_count = 0;
    for definition in &document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                operations += 1;
                directives(&operation.directives, places)?;
                for variable in &operation.variables {
                    directives(&variable.directives, places)?;
                }
                let has = operation.variables.len() as u64;
                let at = operation.location().map(|span| span.offset());
                counted("the number of the operation's variables is", "variables", has, VARIABLES, at)?;
                each_directives(&operation.selection_set, places)?;
            }
            Definition::FragmentDefinition(fragment) => {
                fragment_count += 1;
                directives(&fragment.directives, places)?;
                each_directives(&fragment.selection_set, places)?;
                fragments.definitions.entry(&fragment.name).or_insert(&fragment.selection_set);
            }
            _ => {}
        }
    }
    counted("the number of the document's operations is", "operations", operations, OPERATIONS, None)?;
    counted("the number of the document's fragments is", "fragments", fragment_count, FRAGMENTS, None)?;
    fragments.measure_all();
    let deepest = fragments.sizes.values().map(|size| size.nesting).max().unwrap_or(0);
    counted("fragments and fields are nested to a depth of", "nesting", deepest, SPREADING, None)?;
    let mut fields: u64 = 0;
    for definition in &document.definitions {
        let Definition::OperationDefinition(operation) = definition else { continue };
        let at = operation.location().map(|span| span.offset());
        let size = fragments.measure(&operation.selection_set);
        fields = fields.saturating_add(size.fields);
        counted("fields are nested to a depth of", "depth", size.depth, DEPTH, at)?;
        counted("fragments and fields are nested to a depth of", "nesting", size.nesting, SPREADING, at)?;
        counted("the number of fields at the root is", "rootFields", size.roots, ROOT_FIELDS, at)?;
        counted("the number of aliases is", "aliases", size.aliases, ALIASES, at)?;
        counted("the number of fields, with all fragments spread, is", "fields", fields, SELECTIONS, at)?;
    }
    Ok(())
}

/// The size of the document's only operation.
#[cfg(test)]
pub fn size(document: &Document) -> Size {
    let mut fragments = Fragments::default();
    let mut operation = None;
    for definition in &document.definitions {
        match definition {
            Definition::OperationDefinition(found) => operation = Some(found),
            Definition::FragmentDefinition(found) => {
                fragments.definitions.insert(&found.name, &found.selection_set);
            }
            _ => {}
        }
    }
    fragments.measure_all();
    operation.map(|operation| fragments.measure(&operation.selection_set)).unwrap_or_default()
}

/// A number as people write it.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn directives(list: &DirectiveList, places: &Places) -> Result<(), Refusal> {
    let has = list.0.len() as u64;
    if has <= DIRECTIVES {
        return Ok(());
    }
    let place: Option<Pos> = list.0.first().and_then(|first| first.location()).map(|span| places.of(span.offset()));
    let message = format!("there are {has} directives at this place, and {DIRECTIVES} is the limit");
    let error: ServerError = too_much("directives", DIRECTIVES, message, place);
    Err(vec![error])
}

/// Goes as deep as the text is nested, which the scan has bounded.
fn each_directives(selections: &[Selection], places: &Places) -> Result<(), Refusal> {
    for selection in selections {
        let (list, below): (_, &[Selection]) = match selection {
            Selection::Field(field) => (&field.directives, &field.selection_set),
            Selection::FragmentSpread(spread) => (&spread.directives, &[]),
            Selection::InlineFragment(fragment) => (&fragment.directives, &fragment.selection_set),
        };
        directives(list, places)?;
        each_directives(below, places)?;
    }
    Ok(())
}

/// The fragments of a document and, once they were measured, their sizes. One that spreads itself counts for nothing
/// where it does: validation refuses it.
#[derive(Default)]
struct Fragments<'d> {
    definitions: HashMap<&'d Name, &'d Vec<Selection>>,
    sizes: HashMap<&'d Name, Size>,
}

impl<'d> Fragments<'d> {
    /// Measures each fragment after those that it spreads, without calling itself: their chain may be long.
    fn measure_all(&mut self) {
        let names: Vec<&'d Name> = self.definitions.keys().copied().collect();
        let mut begun = std::collections::HashSet::new();
        for name in names {
            let mut waiting = vec![(name, false)];
            while let Some((name, spread)) = waiting.pop() {
                let Some(selections) = self.definitions.get(name).copied() else { continue };
                if spread {
                    let size = self.measure(selections);
                    self.sizes.insert(name, size);
                } else if begun.insert(name) {
                    waiting.push((name, true));
                    spreads(selections, &mut |below| waiting.push((below, false)));
                }
            }
        }
    }

    /// Goes as deep as the text is nested.
    fn measure(&self, selections: &[Selection]) -> Size {
        let mut size = Size::default();
        for selection in selections {
            let (own, below) = match selection {
                Selection::Field(field) => {
                    let below = self.measure(&field.selection_set);
                    let own = Size {
                        fields: 1,
                        depth: below.depth + 1,
                        nesting: below.nesting + 1,
                        aliases: u64::from(field.alias.is_some()),
                        roots: 1,
                    };
                    (own, Size { roots: 0, ..below })
                }
                Selection::FragmentSpread(spread) => {
                    let below = self.sizes.get(&spread.fragment_name).copied().unwrap_or_default();
                    (Size { nesting: below.nesting + 1, ..Size::default() }, below)
                }
                Selection::InlineFragment(fragment) => {
                    let below = self.measure(&fragment.selection_set);
                    (Size { nesting: below.nesting + 1, ..Size::default() }, below)
                }
            };
            size.fields = size.fields.saturating_add(own.fields).saturating_add(below.fields);
            size.depth = size.depth.max(own.depth).max(below.depth);
            size.nesting = size.nesting.max(own.nesting);
            size.aliases = size.aliases.saturating_add(own.aliases).saturating_add(below.aliases);
            size.roots = size.roots.saturating_add(own.roots).saturating_add(below.roots);
        }
        size
    }
}

fn spreads<'d>(selections: &'d [Selection], found: &mut impl FnMut(&'d Name)) {
    for selection in selections {
        match selection {
            Selection::Field(field) => spreads(&field.selection_set, found),
            Selection::FragmentSpread(spread) => found(&spread.fragment_name),
            Selection::InlineFragment(fragment) => spreads(&fragment.selection_set, found),
        }
    }
}
