//! The gate: what a document must pass before the engine sees it, for HTTP and WebSocket alike.
//!
//! A text is scanned, parsed, held to the limits, validated, and made into a plan; all of that is remembered. What is
//! left for a known document is to coerce the variables and to sum its cost up. Nothing here calls itself more often
//! than brackets may be nested.

mod admission;
mod blocks;
mod coercion;
mod cost;
mod documents;
mod limits;
mod plan;
mod refusal;
mod registry;
mod rules;
mod scan;
mod subscription;
mod suggestion;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;

use async_graphql::{Pos, ServerError, Variables};

use crate::{
    config::Config,
    graphql::{engine::Prepared, schema},
};
use documents::{Documents, Known, KnownOperation, Shape};
use limits::grouped;
use plan::{Plan, Planner};
use refusal::{too_much, wrong};
use rules::Rules;

pub use cost::MOST as MOST_COST;
pub use registry::{Asked, Registry, RegistryError, Sha256Hex};
pub use rules::SchemaError;

/// What a client asks.
#[derive(Debug)]
pub struct Document {
    /// The text.
    pub query: String,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// Their variables.
    pub variables: Variables,
}

/// Lets documents through that the engine may run.
#[derive(Debug, Clone)]
pub struct Gate {
    rules: Arc<Rules>,
    documents: Documents,
    introspection: bool,
    suggests: bool,
}

impl Gate {
    /// With these settings.
    ///
    /// # Errors
    /// When the schema is not valid.
    pub fn new(config: &Config) -> Result<Self, SchemaError> {
        Ok(Self {
            rules: Arc::new(Rules::new(&schema::sdl())?),
            documents: Documents::default(),
            introspection: config.answers_introspection(),
            suggests: config.development() || config.answers_introspection(),
        })
    }

    /// Says whether a text would be let through, whatever its variables.
    ///
    /// # Errors
    /// What is wrong with it, with the places.
    pub fn vet(&self, text: &str) -> Result<(), Vec<ServerError>> {
        self.learn(text, true).map(|_| ())
    }

    /// Prepares a document to be run. `signed_in` callers are told which names they may have meant, as everybody is in
    /// development and where introspection is on.
    ///
    /// # Errors
    /// What is wrong with it, with the places.
    pub fn admit(&self, asked: Document, signed_in: bool) -> Result<Prepared, Vec<ServerError>> {
        let known = match self.documents.known(&asked.query) {
            Some(known) => known,
            None => self.learn(&asked.query, self.suggests || signed_in)?,
        };
        let (index, operation) = choose(&known, asked.operation_name.as_deref())?;
        let variables = coercion::coerce(&self.rules, &operation.variables, asked.variables)?;
        let shape = Shape::of(&known, index, operation, &variables);
        let plan = match self.documents.plan(shape) {
            Some(plan) => plan,
            None => self.plan(&asked.query, &known, index, &variables, shape)?,
        };
        let cost = plan.cost.with(&variables);
        if cost > MOST_COST {
            let (cost, most) = (grouped(cost), grouped(MOST_COST));
            let message =
                format!("this operation costs {cost}, and {most} is the limit: ask for fewer or smaller pages");
            return Err(vec![too_much("cost", MOST_COST, message, None)]);
        }
        let operation_name = operation.name.clone();
        let operation = plan.operation;
        Ok(Prepared { document: Arc::clone(&plan.document), operation_name, operation, variables, cost })
    }

    fn plan(
        &self,
        text: &str,
        known: &Known,
        index: usize,
        variables: &Variables,
        shape: Shape,
    ) -> Result<Arc<Plan>, Vec<ServerError>> {
        let Some(operation) = known.operation(index) else {
            return Err(vec![wrong("the document has no such operation", Pos { line: 1, column: 1 })]);
        };
        let planner = Planner::new(&self.rules, &known.document, &known.places, variables);
        let plan = Arc::new(planner.plan(operation)?);
        self.documents.keep_plan(text, shape, &plan);
        Ok(plan)
    }
}

/// `GetOperation` of the specification.
fn choose<'k>(known: &'k Known, name: Option<&str>) -> Result<(usize, &'k KnownOperation), Vec<ServerError>> {
    // An empty name is none: consoles send it.
    let name = name.filter(|name| !name.is_empty());
    let place = Pos { line: 1, column: 1 };
    let mut operations = known.operations.iter().enumerate();
    match name {
        Some(name) => operations
            .find(|(_, operation)| operation.name.as_deref() == Some(name))
            .ok_or_else(|| vec![wrong("`operationName` names an operation that the document does not have", place)]),
        None if known.operations.len() > 1 => {
            Err(vec![wrong("the document has several operations: `operationName` must say which one runs", place)])
        }
        None => operations.next().ok_or_else(|| vec![wrong("the document has no operation", place)]),
    }
}
