//! From the validated document to the one that the engine runs: one operation, no fragments but by object type, no
//! conditions, each response key once.
//!
//! The engine resolves every field that it meets, also those that have one response key (`{ signIn { a } signIn { b } }`
//! would sign in twice), and takes an argument whose variable is not given for null. So both are settled here, for the
//! conditions and the absent variables of a request; requests that agree in these share a plan.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use apollo_compiler::{
    ExecutableDocument, Name, Node,
    ast::{DirectiveList, OperationType as Kind, Type, Value as Literal},
    executable::{Field, Operation, Selection, SelectionSet},
    schema::ExtendedType,
};
use async_graphql::{
    Name as EngineName, Pos, Positioned, Value, Variables,
    indexmap::IndexMap,
    parser::types::{self as engine, DocumentOperations, OperationType},
};

use async_graphql_value::Value as EngineValue;

use super::{
    cost::Cost,
    limits::grouped,
    refusal::{Refusal, too_much, wrong, wrong_value},
    rules::Rules,
    scan::Places,
    values::number,
};

/// Fields of a plan at most: more than those of a document, because a field of an interface is asked of each of its
/// types.
const FIELDS: usize = 20_000;
/// Lists of types, fields and arguments in each other that introspection answers: each multiplies the answer.
const INTROSPECTION_LISTS: u64 = 3;
/// Bytes that a field takes with its names, about.
const FIELD_BYTES: usize = 400;

/// An operation, ready for the engine.
#[derive(Debug)]
pub struct Plan {
    /// What the engine runs.
    pub document: Arc<engine::ExecutableDocument>,
    /// What the operation is.
    pub operation: OperationType,
    /// What it costs.
    pub cost: Cost,
    /// Its fields.
    pub fields: usize,
}

impl Plan {
    /// Bytes that it takes, about.
    pub fn bytes(&self) -> usize {
        1024 + self.fields * FIELD_BYTES
    }
}

/// Makes plans of one document.
#[derive(Debug)]
pub struct Planner<'d> {
    rules: &'d Rules,
    document: &'d ExecutableDocument,
    places: &'d Places,
    variables: &'d Variables,
    fields: usize,
}

/// Fields that share a response key, in the order in which the keys appear.
type Groups<'d> = IndexMap<&'d str, Vec<&'d Node<Field>>>;

impl<'d> Planner<'d> {
    /// Of this document with these variables, which were coerced.
    pub fn new(
        rules: &'d Rules,
        document: &'d ExecutableDocument,
        places: &'d Places,
        variables: &'d Variables,
    ) -> Self {
        Self { rules, document, places, variables, fields: 0 }
    }

    /// The plan of one operation.
    ///
    /// # Errors
    /// When a condition is null, and when the plan would be larger than one may be.
    pub fn plan(mut self, operation: &'d Operation) -> Result<Plan, Refusal> {
        let root = operation.object_type();
        let (selections, cost) = self.select(root, &[&operation.selection_set], 0)?;
        let place = operation.selection_set.selections.first().map_or(Pos::default(), |first| self.place_of(first));
        let variable_definitions = operation
            .variables
            .iter()
            .map(|variable| {
                let place = self.places.of(variable.location().map_or(0, |span| span.offset()));
                let definition = engine::VariableDefinition {
                    name: Positioned::new(EngineName::new(&variable.name), place),
                    var_type: Positioned::new(kind(&variable.ty), place),
                    directives: Vec::new(),
                    default_value: None,
                };
                Positioned::new(definition, place)
            })
            .collect();
        let ty = match operation.operation_type {
            Kind::Query => OperationType::Query,
            Kind::Mutation => OperationType::Mutation,
            Kind::Subscription => OperationType::Subscription,
        };
        let definition = engine::OperationDefinition {
            ty,
            variable_definitions,
            directives: Vec::new(),
            selection_set: Positioned::new(engine::SelectionSet { items: selections }, place),
        };
        let document = engine::ExecutableDocument {
            operations: DocumentOperations::Single(Positioned::new(definition, place)),
            fragments: HashMap::new(),
        };
        Ok(Plan { document: Arc::new(document), operation: ty, cost, fields: self.fields })
    }

    fn place_of(&self, selection: &Selection) -> Pos {
        let span = match selection {
            Selection::Field(field) => field.location(),
            Selection::FragmentSpread(spread) => spread.location(),
            Selection::InlineFragment(fragment) => fragment.location(),
        };
        self.places.of(span.map_or(0, |span| span.offset()))
    }

    /// What these sets ask of a value of the type `parent`. Goes as deep as fields are nested.
    fn select(
        &mut self,
        parent: &str,
        sets: &[&'d SelectionSet],
        lists: u64,
    ) -> Result<(Vec<Positioned<engine::Selection>>, Cost), Refusal> {
        let possible: Vec<Name> = self.rules.possible(parent).to_vec();
        let object = matches!(self.rules.kind(parent), Some(ExtendedType::Object(_)));
        if object || !sets.iter().any(|set| self.narrows(parent, set)) {
            let one = possible.first().map_or(parent, Name::as_str);
            let groups = self.groups(if object { parent } else { one }, sets)?;
            return self.fields(parent, &groups, lists);
        }
        let mut selections = Vec::new();
        let mut costs = Vec::new();
        for name in &possible {
            let groups = self.groups(name, sets)?;
            if groups.is_empty() {
                continue;
            }
            let (items, cost) = self.fields(name, &groups, lists)?;
            let place = items.first().map_or(Pos::default(), |first| first.pos);
            let fragment = engine::InlineFragment {
                type_condition: Some(Positioned::new(engine::TypeCondition { on: positioned(name, place) }, place)),
                directives: Vec::new(),
                selection_set: Positioned::new(engine::SelectionSet { items }, place),
            };
            selections
                .push(Positioned::new(engine::Selection::InlineFragment(Positioned::new(fragment, place)), place));
            costs.push(cost);
        }
        Ok((selections, Cost::dearest(costs)))
    }

    /// Whether one of its fragments is for some of the type's values only.
    fn narrows(&self, parent: &str, set: &SelectionSet) -> bool {
        set.selections.iter().any(|selection| {
            let (condition, below) = match selection {
                Selection::Field(_) => return false,
                Selection::InlineFragment(fragment) => (fragment.type_condition.as_ref(), &fragment.selection_set),
                Selection::FragmentSpread(spread) => match self.document.fragments.get(&spread.fragment_name) {
                    Some(fragment) => (Some(fragment.type_condition()), &fragment.selection_set),
                    None => return false,
                },
            };
            condition.is_some_and(|condition| !self.rules.covers(condition, parent)) || self.narrows(parent, below)
        })
    }

    fn groups(&self, object: &str, sets: &[&'d SelectionSet]) -> Result<Groups<'d>, Refusal> {
        let mut groups = Groups::default();
        let mut seen = HashSet::new();
        for set in sets {
            self.collect(object, set, &mut groups, &mut seen)?;
        }
        Ok(groups)
    }

    /// `CollectFields` of the specification.
    fn collect(
        &self,
        object: &str,
        set: &'d SelectionSet,
        groups: &mut Groups<'d>,
        seen: &mut HashSet<&'d Name>,
    ) -> Result<(), Refusal> {
        for selection in &set.selections {
            if !self.includes(selection.directives())? {
                continue;
            }
            match selection {
                Selection::Field(field) => groups.entry(field.response_key().as_str()).or_default().push(field),
                Selection::InlineFragment(fragment) => {
                    if fragment.type_condition.as_ref().is_none_or(|condition| self.rules.covers(condition, object)) {
                        self.collect(object, &fragment.selection_set, groups, seen)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment.filter(|_| seen.insert(&spread.fragment_name))
                        && self.rules.covers(fragment.type_condition(), object)
                    {
                        self.collect(object, &fragment.selection_set, groups, seen)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What `@skip` and `@include` say.
    fn includes(&self, directives: &DirectiveList) -> Result<bool, Refusal> {
        for directive in directives.iter() {
            let wanted = match directive.name.as_str() {
                "include" => true,
                "skip" => false,
                _ => continue,
            };
            let condition = match directive.specified_argument_by_name("if").map(|value| &**value) {
                Some(Literal::Boolean(condition)) => *condition,
                Some(Literal::Variable(name)) => match self.variables.get(name.as_str()) {
                    Some(Value::Boolean(condition)) => *condition,
                    _ => {
                        let place = self.places.of(name.location().map_or(0, |span| span.offset()));
                        let message = format!("must be true or false: `@{}` goes by it", directive.name);
                        return Err(vec![wrong_value(format!("variables.{name}"), message, place)]);
                    }
                },
                _ => return Err(vec![wrong("a condition is true or false", Pos::default())]),
            };
            if condition != wanted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn fields(
        &mut self,
        parent: &str,
        groups: &Groups<'d>,
        lists: u64,
    ) -> Result<(Vec<Positioned<engine::Selection>>, Cost), Refusal> {
        let mut items = Vec::with_capacity(groups.len());
        let mut cost = Cost::default();
        for group in groups.values() {
            let Some(first) = group.first() else { continue };
            let place = self.places.of(first.location().map_or(0, |span| span.offset()));
            let (field, costs) = self.field(parent, first, group, lists, place)?;
            cost.add(costs);
            items.push(Positioned::new(engine::Selection::Field(Positioned::new(field, place)), place));
        }
        Ok((items, cost))
    }

    fn field(
        &mut self,
        parent: &str,
        first: &'d Field,
        group: &[&'d Node<Field>],
        lists: u64,
        place: Pos,
    ) -> Result<(engine::Field, Cost), Refusal> {
        self.fields += 1;
        if self.fields > FIELDS {
            let most = FIELDS as u64;
            let message = format!("the document asks for more than {} fields", grouped(most));
            return Err(vec![too_much("fields", most, message, Some(place))]);
        }
        let multiplies = matches!(first.name.as_str(), "fields" | "inputFields" | "interfaces" | "possibleTypes");
        let lists = lists + u64::from(multiplies && parent == "__Type");
        if lists >= INTROSPECTION_LISTS {
            let message = "introspection lists types within types too often here".to_owned();
            return Err(vec![too_much("introspectionDepth", INTROSPECTION_LISTS - 1, message, Some(place))]);
        }
        if let Some(other) = group.iter().find(|other| !have_lists_alike(first, other)) {
            let message = format!("`{}` stands for fields with different arguments", first.response_key());
            let other = other.location().map_or(place, |span| self.places.of(span.offset()));
            return Err(vec![wrong(message, other)]);
        }
        let sets: Vec<&'d SelectionSet> =
            group.iter().map(|field| &field.selection_set).filter(|set| !set.selections.is_empty()).collect();
        let (below, cost) = match sets.is_empty() {
            true => (Vec::new(), Cost::default()),
            false => self.select(first.definition.ty.inner_named_type(), &sets, lists)?,
        };
        let arguments = first
            .arguments
            .iter()
            .filter(|argument| match &*argument.value {
                Literal::Variable(name) => self.variables.contains_key(name.as_str()),
                _ => true,
            })
            .map(|argument| {
                let place = self.places.of(argument.value.location().map_or(0, |span| span.offset()));
                (positioned(&argument.name, place), Positioned::new(value(&argument.value), place))
            })
            .collect();
        let field = engine::Field {
            alias: first.alias.as_ref().map(|alias| positioned(alias, place)),
            name: positioned(&first.name, place),
            arguments,
            directives: Vec::new(),
            selection_set: Positioned::new(engine::SelectionSet { items: below }, place),
        };
        Ok((field, Cost::of(parent, first, cost)))
    }
}

/// Whether the lists in the arguments of two fields are equally long. All else has been compared by the validator, which looks
/// at no more of two lists than the shorter one has.
fn have_lists_alike(one: &Field, other: &Field) -> bool {
    one.arguments.iter().all(|argument| {
        let same = other.arguments.iter().find(|same| same.name == argument.name);
        same.is_none_or(|same| are_lists_alike(&argument.value, &same.value))
    })
}

fn are_lists_alike(one: &Literal, other: &Literal) -> bool {
    match (one, other) {
        (Literal::List(one), Literal::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| are_lists_alike(one, other))
        }
        (Literal::Object(one), Literal::Object(other)) => one.iter().all(|(name, value)| {
            let same = other.iter().find(|(same, _)| same == name);
            same.is_none_or(|(_, same)| are_lists_alike(value, same))
        }),
        _ => true,
    }
}

fn positioned(name: &Name, place: Pos) -> Positioned<EngineName> {
    Positioned::new(EngineName::new(name), place)
}

fn kind(of: &Type) -> engine::Type {
    let base = match of {
        Type::Named(name) | Type::NonNullNamed(name) => engine::BaseType::Named(EngineName::new(name)),
        Type::List(item) | Type::NonNullList(item) => engine::BaseType::List(Box::new(kind(item))),
    };
    engine::Type { base, nullable: !of.is_non_null() }
}

fn value(literal: &Literal) -> EngineValue {
    match literal {
        Literal::Null => EngineValue::Null,
        Literal::Variable(name) => EngineValue::Variable(EngineName::new(name)),
        Literal::Enum(name) => EngineValue::Enum(EngineName::new(name)),
        Literal::String(text) => EngineValue::String(text.clone()),
        Literal::Boolean(value) => EngineValue::Boolean(*value),
        // Digits beyond 64 bits were admitted for an ID, which is a text.
        Literal::Int(int) if int.as_str().parse::<i64>().is_err() => EngineValue::String(int.as_str().to_owned()),
        Literal::Int(_) | Literal::Float(_) => number(literal).map_or(EngineValue::Null, EngineValue::Number),
        Literal::List(items) => EngineValue::List(items.iter().map(|item| value(item)).collect()),
        Literal::Object(fields) => {
            EngineValue::Object(fields.iter().map(|(name, inner)| (EngineName::new(name), value(inner))).collect())
        }
    }
}
