//! What a document costs: the one place that knows the weight of each field.

use apollo_compiler::{
    Node,
    ast::{Argument, Value as Literal},
    executable::Field,
};
use async_graphql::{Name, Value, Variables};

use crate::graphql::{
    node::MAX_IDS,
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};

/// What a document may cost.
pub const MOST: u64 = 100_000;
/// Hashing a password: a document may have two.
const PASSWORD: u64 = MOST / 2 - 100;
/// Trying a code of a second factor: a document may have one, and no password beside it. Each counts its guess in a
/// transaction of its own, which must not wait for another of the same request.
const CODE: u64 = MOST / 2 + 101;
/// Items of a list without pages, roughly, where it is long enough to count.
const FEW: u64 = 10;
/// A series of 1,500 numbers is as much work as so many fields.
const SERIES: u64 = 150;

/// How a field counts beyond the one that each field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// So much, once.
    Fixed(u64),
    /// What is below it, so many times.
    Times(u64),
    /// What is below it, once for each item of this argument and at most so often.
    TimesItems(&'static str, u64),
    /// So much for each item of this argument and once more.
    Items(&'static str, u64),
}

/// The fields that are no connection and cost more than themselves and what is below them.
const WEIGHTS: &[(&str, &str, Weight)] = &[
    ("Mutation", "signIn", Weight::Fixed(PASSWORD)),
    ("Mutation", "signUp", Weight::Fixed(PASSWORD)),
    ("Mutation", "resetPassword", Weight::Fixed(PASSWORD)),
    ("Mutation", "changePassword", Weight::Fixed(PASSWORD)),
    ("Mutation", "deleteAccount", Weight::Fixed(PASSWORD)),
    ("Mutation", "completeSignIn", Weight::Fixed(CODE)),
    ("Mutation", "enrolSecondFactor", Weight::Fixed(CODE)),
    ("Mutation", "confirmSecondFactor", Weight::Fixed(CODE)),
    ("Mutation", "disableSecondFactor", Weight::Fixed(CODE)),
    ("Mutation", "regenerateRecoveryCodes", Weight::Fixed(CODE)),
    ("Query", "nodes", Weight::TimesItems("ids", MAX_IDS as u64)),
    ("Query", "__schema", Weight::Fixed(20_000)),
    ("Project", "addons", Weight::Times(FEW)),
    ("Project", "availableAddons", Weight::Times(2 * FEW)),
    ("Project", "infraMonitoring", Weight::Items("attributes", SERIES)),
];

/// A number that the variables may decide.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Count {
    Known(u64),
    /// Nodes of a page, by its arguments.
    Page {
        first: Given,
        last: Given,
    },
    /// Items of a list in a variable, at most so many.
    Items(Name, u64),
}

/// An argument of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    Not,
    Number(i64),
    Variable(Name),
}

/// The cost of a selection, computed as far as the document alone tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cost {
    known: u64,
    open: Vec<Open>,
}

/// What the variables decide.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    Times(Count, Cost),
    Weighs(Count, u64),
    /// A value has one type: the dearest of what is asked of each.
    Dearest(Vec<Cost>),
}

impl Cost {
    /// With these variables, which were coerced.
    pub fn with(&self, variables: &Variables) -> u64 {
        let open = self.open.iter().map(|open| match open {
            Open::Times(count, below) => count.with(variables).saturating_mul(below.with(variables)),
            Open::Weighs(count, weight) => (count.with(variables).saturating_add(1)).saturating_mul(*weight),
            Open::Dearest(costs) => costs.iter().map(|cost| cost.with(variables)).max().unwrap_or(0),
        });
        open.fold(self.known, u64::saturating_add)
    }

    /// Adds another beside this.
    pub fn add(&mut self, other: Self) {
        self.known = self.known.saturating_add(other.known);
        self.open.extend(other.open);
    }

    /// The dearest of several.
    pub fn dearest(costs: Vec<Self>) -> Self {
        if costs.iter().all(|cost| cost.open.is_empty()) {
            return Self { known: costs.iter().map(|cost| cost.known).max().unwrap_or(0), open: Vec::new() };
        }
        Self { known: 0, open: vec![Open::Dearest(costs)] }
    }

    /// What a field of the type `parent` costs with what is below it.
    pub fn of(parent: &str, field: &Field, below: Self) -> Self {
        let weight = WEIGHTS.iter().find(|(kind, name, _)| *kind == parent && *name == field.name.as_str());
        let mut cost = match weight.map(|(_, _, weight)| *weight) {
            Some(Weight::Fixed(weight)) => Self { known: below.known.saturating_add(weight), ..below },
            Some(Weight::Times(times)) => below.times(Count::Known(times)),
            Some(Weight::TimesItems(argument, most)) => below.times(items(field, argument, most)),
            Some(Weight::Items(argument, weight)) => {
                let mut cost = below;
                match items(field, argument, u64::MAX) {
                    Count::Known(items) => cost.known = cost.known.saturating_add((items + 1).saturating_mul(weight)),
                    count => cost.open.push(Open::Weighs(count, weight)),
                }
                cost
            }
            None if is_connection(field) => below.times(page(field)),
            None => below,
        };
        cost.known = cost.known.saturating_add(1);
        cost
    }

    fn times(self, count: Count) -> Self {
        match count {
            Count::Known(times) if self.open.is_empty() => {
                Self { known: self.known.saturating_mul(times), open: self.open }
            }
            count => Self { known: 0, open: vec![Open::Times(count, self)] },
        }
    }
}

impl Count {
    fn with(&self, variables: &Variables) -> u64 {
        match self {
            Self::Known(count) => *count,
            Self::Page { first, last } => size(first.with(variables).or_else(|| last.with(variables))),
            Self::Items(name, most) => match variables.get(name) {
                Some(Value::List(items)) => (items.len() as u64).min(*most),
                Some(Value::Null) | None => 0,
                Some(_) => 1,
            },
        }
    }
}

impl Given {
    fn with(&self, variables: &Variables) -> Option<i64> {
        match self {
            Self::Not => None,
            Self::Number(number) => Some(*number),
            Self::Variable(name) => match variables.get(name) {
                Some(Value::Number(number)) => number.as_i64(),
                _ => None,
            },
        }
    }
}

/// How many nodes a page has at most; what is below a connection costs that many times.
fn size(wanted: Option<i64>) -> u64 {
    wanted.map_or(u64::from(DEFAULT_LIMIT), |wanted| wanted.clamp(1, i64::from(MAX_LIMIT)).unsigned_abs())
}

/// A connection is known by its type's name and by the arguments that say how large its page is.
fn is_connection(field: &Field) -> bool {
    field.definition.ty.inner_named_type().ends_with("Connection")
        && field.definition.argument_by_name("first").is_some()
        && field.definition.argument_by_name("last").is_some()
}

fn argument<'f>(field: &'f Field, name: &str) -> Option<&'f Literal> {
    let given: Option<&Node<Argument>> = field.arguments.iter().find(|argument| argument.name == name);
    given.map(|argument| &*argument.value)
}

fn page(field: &Field) -> Count {
    let given = |name| match argument(field, name) {
        Some(Literal::Int(int)) => int.as_str().parse().map_or(Given::Not, Given::Number),
        Some(Literal::Variable(name)) => Given::Variable(Name::new(name)),
        _ => Given::Not,
    };
    match (given("first"), given("last")) {
        (first @ Given::Variable(_), last) | (first @ Given::Not, last @ Given::Variable(_)) => {
            Count::Page { first, last }
        }
        (Given::Number(wanted), _) | (Given::Not, Given::Number(wanted)) => Count::Known(size(Some(wanted))),
        (Given::Not, Given::Not) => Count::Known(size(None)),
    }
}

fn items(field: &Field, name: &str, most: u64) -> Count {
    match argument(field, name) {
        Some(Literal::List(items)) => Count::Known((items.len() as u64).min(most)),
        Some(Literal::Variable(name)) => Count::Items(Name::new(name), most),
        Some(Literal::Null) | None => Count::Known(0),
        Some(_) => Count::Known(1),
    }
}

/// The fields that have a weight of their own, as type and field.
#[cfg(test)]
pub fn weighted() -> impl Iterator<Item = (&'static str, &'static str)> {
    WEIGHTS.iter().map(|(kind, field, _)| (*kind, *field))
}
