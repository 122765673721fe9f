//! Documents over our schema, made from a row of bytes: the same bytes, the same document.

use std::collections::BTreeSet;

use apollo_compiler::{ast::FieldDefinition, schema::ExtendedType};

use super::super::rules::Rules;

/// The types that fragments are made on.
const ON: [&str; 8] =
    ["Query", "User", "Organization", "Project", "Node", "ProjectConnection", "OrganizationMember", "Invoice"];
/// Values of page arguments, and the variables that stand for them.
const PAGES: [&str; 6] = ["first: 1", "first: 7", "last: 100", "first: $few", "last: $many", "first: $none"];

/// The variables of a generated operation, of which it declares those that it uses.
const VARIABLES: &str = "$few: Int, $many: Int = 50, $none: Int, $ids: [ID!]! = [\"a\"], $yes: Boolean!, $no: Boolean!";

pub struct Generator<'g> {
    rules: &'g Rules,
    bytes: std::slice::Iter<'g, u8>,
    /// Fields that may still be written.
    budget: usize,
    /// Fragments that were spread and are to be written: their number is their place in [`ON`] and a count.
    spread: BTreeSet<usize>,
    used: BTreeSet<&'static str>,
}

impl<'g> Generator<'g> {
    pub fn new(rules: &'g Rules, bytes: &'g [u8]) -> Self {
        Self { rules, bytes: bytes.iter(), budget: 120, spread: BTreeSet::new(), used: BTreeSet::new() }
    }

    fn choose(&mut self, below: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % below.max(1)
    }

    /// An operation and the fragments that it needs.
    pub fn document(mut self) -> String {
        let operation = self.selections("Query", 0, 0);
        let mut fragments = String::new();
        let mut written = 0;
        while let Some(number) = self.spread.iter().copied().find(|number| *number >= written) {
            written = number + 1;
            let on = ON[number % ON.len()];
            self.budget += 6;
            // A fragment spreads later ones alone, so that none spreads itself.
            let selections = self.selections(on, 3, written);
            fragments.push_str(&format!(" fragment F{number} on {on} {selections}"));
        }
        let declared: Vec<&str> =
            VARIABLES.split(", ").filter(|variable| self.used.contains(variable.split(':').next().unwrap())).collect();
        let variables = if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
        format!("query Q{variables} {operation}{fragments}")
    }

    fn selections(&mut self, parent: &str, depth: usize, fragments_from: usize) -> String {
        let mut text = "{ __typename".to_owned();
        for _ in 0..=self.choose(4) {
            if self.budget == 0 || depth > 9 {
                break;
            }
            self.budget -= 1;
            text.push(' ');
            let selection = match self.choose(8) {
                0 => self.inline(parent, depth, fragments_from),
                1 | 2 => self.spread(parent, fragments_from),
                _ => self.field(parent, depth, fragments_from),
            };
            text.push_str(&selection);
        }
        text.push_str(" }");
        text
    }

    fn condition(&mut self) -> &'static str {
        match self.choose(10) {
            0 => {
                self.used.insert("$yes");
                " @include(if: $yes)"
            }
            1 => {
                self.used.insert("$no");
                " @include(if: $no)"
            }
            2 => {
                self.used.insert("$no");
                " @skip(if: $no)"
            }
            3 => " @skip(if: true)",
            _ => "",
        }
    }

    fn inline(&mut self, parent: &str, depth: usize, fragments_from: usize) -> String {
        let possible = self.rules.possible(parent).to_vec();
        let condition = self.condition();
        let on = match self.choose(3) {
            0 => String::new(),
            _ => possible.get(self.choose(possible.len())).map(|name| format!("on {name}")).unwrap_or_default(),
        };
        let kind = on.strip_prefix("on ").unwrap_or(parent).to_owned();
        let below = self.selections(&kind, depth + 1, fragments_from);
        format!("... {on}{condition} {below}")
    }

    fn spread(&mut self, parent: &str, fragments_from: usize) -> String {
        let number = fragments_from + self.choose(ON.len() * 2);
        let on = ON[number % ON.len()];
        let rules = self.rules;
        let meets = rules.possible(on).iter().any(|name| rules.possible(parent).contains(name));
        if number >= ON.len() * 4 || !meets {
            return "__typename".to_owned();
        }
        self.spread.insert(number);
        let condition = self.condition();
        format!("...F{number}{condition}")
    }

    fn field(&mut self, parent: &str, depth: usize, fragments_from: usize) -> String {
        let fields: Vec<FieldDefinition> = match self.rules.kind(parent) {
            Some(ExtendedType::Object(object)) => object.fields.values().map(|field| (***field).clone()).collect(),
            Some(ExtendedType::Interface(kind)) => kind.fields.values().map(|field| (***field).clone()).collect(),
            _ => Vec::new(),
        };
        let Some(field) = fields.get(self.choose(fields.len())) else { return "__typename".to_owned() };
        let (arguments, variant) = self.arguments(field);
        let kind = field.ty.inner_named_type().to_string();
        let condition = self.condition();
        let below = match self.rules.kind(&kind) {
            Some(ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_)) => {
                self.selections(&kind, depth + 1, fragments_from)
            }
            _ => String::new(),
        };
        // One key for the same field with the same arguments, so that fields of one key merge and never conflict.
        format!("{parent}_{}_{variant}: {}{arguments}{condition} {below}", field.name, field.name)
    }

    fn arguments(&mut self, field: &FieldDefinition) -> (String, usize) {
        let has = |name: &str| field.argument_by_name(name).is_some();
        let needed: Vec<String> = field
            .arguments
            .iter()
            .filter(|argument| argument.ty.is_non_null() && argument.default_value.is_none())
            .map(|argument| {
                let value = match argument.ty.inner_named_type().as_str() {
                    "DateTime" => "\"2026-11-20T08:30:00Z\"",
                    "InfraAttribute" => "[RAM_USAGE]",
                    _ if argument.name == "ids" => "$ids",
                    _ => "\"x\"",
                };
                format!("{}: {value}", argument.name)
            })
            .collect();
        if needed.iter().any(|argument| argument.ends_with("$ids")) {
            self.used.insert("$ids");
        }
        let (page, variant) = match has("first").then(|| self.choose(PAGES.len() + 1)) {
            Some(variant) if variant < PAGES.len() => (Some(PAGES[variant]), variant),
            _ => (None, PAGES.len()),
        };
        for variable in ["$few", "$many", "$none"] {
            if page.is_some_and(|page| page.ends_with(variable)) {
                self.used.insert(variable);
            }
        }
        let all: Vec<String> = needed.into_iter().chain(page.map(str::to_owned)).collect();
        (if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }, variant)
    }
}
