//! Documents that were parsed before.

use async_graphql::{
    Request,
    parser::types::{ExecutableDocument, OperationType},
};
use moka::sync::Cache;

/// Bytes that the texts may have together, each with [`OVERHEAD`]. A parsed field takes about 200 bytes and its text
/// two at least, so that this is 100 MB at the very worst and some 10 for documents that people write.
const MOST_BYTES: u64 = 1024 * 1024;
/// What an entry takes beside its text.
const OVERHEAD: usize = 512;
/// Longer documents are not kept: no page asks so much.
const LONGEST: usize = 16 * 1024;

/// The parsed form of queries by their text: clients ask the same few again and again, and parsing one takes the engine
/// a sixth of a request (docs/performance.md). Mutations are not kept: one may have a password in its text.
#[derive(Debug, Clone)]
pub struct Documents(Cache<String, ExecutableDocument>);

impl Default for Documents {
    fn default() -> Self {
        let weight = |text: &String, _: &ExecutableDocument| u32::try_from(text.len() + OVERHEAD).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(weight).max_capacity(MOST_BYTES).build())
    }
}

impl Documents {
    /// Parses the request's document, if it was not parsed before. One that is wrong stays as it is and is refused by
    /// the engine.
    pub fn parse(&self, request: &mut Request) {
        if request.query.len() > LONGEST {
            return;
        }
        if let Some(parsed) = self.0.get(&request.query) {
            request.set_parsed_query(parsed);
        } else if let Ok(parsed) = request.parsed_query()
            && parsed.operations.iter().all(|(_, operation)| operation.node.ty == OperationType::Query)
        {
            let parsed = parsed.clone();
            self.0.insert(request.query.clone(), parsed);
        }
    }
}
