//! The same counts without any memory: each fragment is walked wherever it is spread, each field is looked at for each
//! type that a value can have, each number is put in at once.

use apollo_compiler::ast::{Definition, Directive, Document, Field, FragmentDefinition, Selection, Value};

use super::super::{limits::Size, rules::Rules};

pub struct Plain<'p> {
    pub rules: &'p Rules,
    pub document: &'p Document,
    pub few: Option<u64>,
}

impl Plain<'_> {
    fn fragment(&self, name: &str) -> &FragmentDefinition {
        let found = self.document.definitions.iter().find_map(|definition| match definition {
            Definition::FragmentDefinition(fragment) if fragment.name == name => Some(&**fragment),
            _ => None,
        });
        found.unwrap()
    }

    pub fn operation(&self) -> &[Selection] {
        let found = self.document.definitions.iter().find_map(|definition| match definition {
            Definition::OperationDefinition(operation) => Some(operation.selection_set.as_slice()),
            _ => None,
        });
        found.unwrap()
    }

    pub fn size(&self, selections: &[Selection]) -> Size {
        let mut size = Size::default();
        for selection in selections {
            let (below, field) = match selection {
                Selection::Field(field) => (self.size(&field.selection_set), Some(field)),
                Selection::FragmentSpread(spread) => {
                    (self.size(&self.fragment(&spread.fragment_name).selection_set), None)
                }
                Selection::InlineFragment(fragment) => (self.size(&fragment.selection_set), None),
            };
            let own = u64::from(field.is_some());
            size.fields += below.fields + own;
            size.depth = size.depth.max(below.depth + own);
            size.nesting = size.nesting.max(below.nesting + 1);
            size.aliases += below.aliases + u64::from(field.is_some_and(|field| field.alias.is_some()));
            size.roots += if field.is_some() { 1 } else { below.roots };
        }
        size
    }

    /// What these selections cost of a value of the type.
    pub fn cost(&self, parent: &str, sets: &[&[Selection]]) -> u64 {
        let of_object = |object: &str| {
            let mut groups: Vec<(String, Vec<&Field>)> = Vec::new();
            for set in sets {
                self.collect(object, set, &mut groups);
            }
            groups.iter().map(|(_, fields)| self.field(object, fields)).sum()
        };
        self.rules.possible(parent).iter().map(|object| of_object(object)).max().unwrap_or(0)
    }

    fn collect<'s>(&'s self, object: &str, set: &'s [Selection], groups: &mut Vec<(String, Vec<&'s Field>)>) {
        for selection in set {
            match selection {
                Selection::Field(field) if includes(&field.directives.0) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name).to_string();
                    match groups.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, fields)) => fields.push(field),
                        None => groups.push((key, vec![field])),
                    }
                }
                Selection::InlineFragment(fragment) if includes(&fragment.directives.0) => {
                    let condition = fragment.type_condition.as_ref();
                    if condition.is_none_or(|on| self.rules.possible(on).iter().any(|name| name == object)) {
                        self.collect(object, &fragment.selection_set, groups);
                    }
                }
                Selection::FragmentSpread(spread) if includes(&spread.directives.0) => {
                    let fragment = self.fragment(&spread.fragment_name);
                    if self.rules.possible(&fragment.type_condition).iter().any(|name| name == object) {
                        self.collect(object, &fragment.selection_set, groups);
                    }
                }
                _ => {}
            }
        }
    }

    fn field(&self, object: &str, fields: &[&Field]) -> u64 {
        let first = fields[0];
        if first.name == "__typename" {
            return 1;
        }
        let kinds = match self.rules.kind(object) {
            Some(apollo_compiler::schema::ExtendedType::Object(kind)) => &kind.fields,
            _ => panic!("{object} is no object"),
        };
        let kind = kinds[first.name.as_str()].ty.inner_named_type().to_string();
        let sets: Vec<&[Selection]> = fields.iter().map(|field| field.selection_set.as_slice()).collect();
        let below = self.cost(&kind, &sets);
        1 + match (object, first.name.as_str()) {
            ("Project", "infraMonitoring") => below + 300,
            ("Project", "addons") => below * 10,
            ("Project", "availableAddons") => below * 20,
            // `$ids` has its default.
            ("Query", "nodes") => below,
            _ if kind.ends_with("Connection") => below * self.page(first),
            _ => below,
        }
    }

    fn page(&self, field: &Field) -> u64 {
        let argument = field.arguments.iter().find(|argument| argument.name == "first" || argument.name == "last");
        match argument.map(|argument| &*argument.value) {
            Some(Value::Int(int)) => int.as_str().parse().unwrap(),
            Some(Value::Variable(name)) if name == "few" => self.few.unwrap_or(20),
            Some(Value::Variable(name)) if name == "many" => 50,
            _ => 20,
        }
    }
}

/// `$yes` is true and `$no` is false.
fn includes(directives: &[apollo_compiler::Node<Directive>]) -> bool {
    directives.iter().all(|directive| {
        let condition = match &*directive.arguments[0].value {
            Value::Boolean(condition) => *condition,
            Value::Variable(name) => name == "yes",
            other => panic!("{other:?} is no condition"),
        };
        condition == (directive.name == "include")
    })
}
