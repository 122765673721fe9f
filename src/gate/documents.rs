//! Documents that were admitted before: a known one is neither parsed nor validated again.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use apollo_compiler::{ExecutableDocument, ast::OperationType, executable::Operation, validation::Valid};
use async_graphql::{Name, Value, Variables};
use moka::sync::Cache;

use super::{coercion::Variable, plan::Plan, scan::Places};

/// Bytes that the known documents may take together, about.
const DOCUMENTS_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes that their plans may take together, about.
const PLANS_BYTES: u64 = 32 * 1024 * 1024;
/// Longer documents are not kept: no page asks so much.
const LONGEST: usize = 16 * 1024;
/// What a document takes for each byte of its text when it is parsed, about.
const BYTES_A_BYTE: usize = 40;

/// A document that is valid and within the limits.
#[derive(Debug)]
pub struct Known {
    /// Its number, by which its plans are found.
    number: u64,
    /// The document with its types.
    pub document: Valid<ExecutableDocument>,
    /// Where its tokens are.
    pub places: Places,
    /// Its operations.
    pub operations: Vec<KnownOperation>,
}

/// An operation of a known document.
#[derive(Debug)]
pub struct KnownOperation {
    /// Its name; none for the only one.
    pub name: Option<String>,
    /// Its variables.
    pub variables: Vec<Variable>,
    /// Which of them a condition goes by, by their index.
    pub conditions: Vec<usize>,
}

impl Known {
    /// With a number of its own.
    pub fn new(document: Valid<ExecutableDocument>, places: Places, operations: Vec<KnownOperation>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), document, places, operations }
    }

    /// The operation at this index of `operations`.
    pub fn operation(&self, index: usize) -> Option<&Operation> {
        self.document.operations.iter().nth(index).map(|operation| &**operation)
    }

    /// Whether one of its operations changes something.
    fn mutates(&self) -> bool {
        self.document.operations.iter().any(|operation| operation.operation_type == OperationType::Mutation)
    }
}

/// What requests have in common that share a plan: the operation, which variables were given, and which of those that
/// conditions go by are true. The variables are counted by bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    document: u64,
    operation: usize,
    given: u128,
    holds: u128,
}

impl Shape {
    /// Of a request for one operation of a document.
    pub fn of(known: &Known, index: usize, operation: &KnownOperation, variables: &Variables) -> Self {
        let bit = |index: usize| 1_u128 << (index % 128);
        let value = |name: &Name| variables.get(name);
        let given = operation.variables.iter().enumerate().filter(|(_, variable)| value(&variable.name).is_some());
        let holds = operation.conditions.iter().filter(|condition| {
            let variable = operation.variables.get(**condition);
            variable.is_some_and(|variable| matches!(value(&variable.name), Some(Value::Boolean(true))))
        });
        Self {
            document: known.number,
            operation: index,
            given: given.fold(0, |bits, (index, _)| bits | bit(index)),
            holds: holds.fold(0, |bits, index| bits | bit(*index)),
        }
    }
}

/// The documents that are known, and their plans.
#[derive(Debug, Clone)]
pub struct Documents {
    known: Cache<Arc<str>, Arc<Known>>,
    plans: Cache<Shape, Arc<Plan>>,
}

impl Default for Documents {
    fn default() -> Self {
        fn weight(bytes: usize) -> u32 {
            u32::try_from(bytes).unwrap_or(u32::MAX)
        }
        Self {
            known: Cache::builder()
                .weigher(|text: &Arc<str>, known: &Arc<Known>| {
                    weight(1024 + text.len() * BYTES_A_BYTE + known.places.bytes())
                })
                .max_capacity(DOCUMENTS_BYTES)
                .build(),
            plans: Cache::builder()
                .weigher(|_, plan: &Arc<Plan>| weight(plan.bytes()))
                .max_capacity(PLANS_BYTES)
                .build(),
        }
    }
}

impl Documents {
    /// The document with this text, if it is known.
    pub fn known(&self, text: &str) -> Option<Arc<Known>> {
        self.known.get(text)
    }

    /// Keeps a document. One that changes something and has a string in its text is not kept: that may be a password.
    /// Most clients give those as variables.
    pub fn keep(&self, text: &str, known: &Arc<Known>, strings: bool) {
        if text.len() <= LONGEST && !(strings && known.mutates()) {
            self.known.insert(text.into(), Arc::clone(known));
        }
    }

    /// The plan of this shape, if it was made before.
    pub fn plan(&self, shape: Shape) -> Option<Arc<Plan>> {
        self.plans.get(&shape)
    }

    /// Keeps a plan. That of a document that is not kept is kept by nobody.
    pub fn keep_plan(&self, text: &str, shape: Shape, plan: &Arc<Plan>) {
        if self.known.contains_key(text) {
            self.plans.insert(shape, Arc::clone(plan));
        }
    }
}
