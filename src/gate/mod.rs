//! The gate: what a document must pass before the engine sees it, for HTTP and WebSocket alike.

mod documents;

use async_graphql::{Request, ServerError, Variables, parser::types::OperationType};

use crate::graphql::engine::Prepared;
use documents::Documents;

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
#[derive(Debug, Clone, Default)]
pub struct Gate {
    documents: Documents,
}

impl Gate {
    /// Prepares a document to be run.
    ///
    /// # Errors
    /// What is wrong with it, with the places.
    pub fn admit(&self, asked: Document) -> Result<Prepared, Vec<ServerError>> {
        let mut request = Request::new(asked.query);
        self.documents.parse(&mut request);
        let document = request.parsed_query().map_err(|error| vec![error])?.clone();
        let chosen = document.operations.iter().find(|(name, _)| {
            asked.operation_name.is_none() || name.map(|name| name.as_str()) == asked.operation_name.as_deref()
        });
        let operation = chosen.map_or(OperationType::Query, |(_, operation)| operation.node.ty);
        Ok(Prepared { document, operation_name: asked.operation_name, operation, variables: asked.variables })
    }
}
