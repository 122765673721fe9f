//! Documents that were parsed before.

use async_graphql::{Request, parser::types::ExecutableDocument};
use moka::sync::Cache;

/// Bytes of document text that are kept at most, together; parsed they take some thirty times as much.
const MOST_BYTES: u64 = 1024 * 1024;

/// The parsed form of documents by their text: clients ask the same few again and again, and parsing one takes the
/// engine longer than reading its rows (docs/performance.md).
#[derive(Debug, Clone)]
pub struct Documents(Cache<String, ExecutableDocument>);

impl Default for Documents {
    fn default() -> Self {
        let weight = |text: &String, _: &ExecutableDocument| u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(weight).max_capacity(MOST_BYTES).build())
    }
}

impl Documents {
    /// Parses the request's document, if it was not parsed before. One that is wrong stays as it is and is refused by
    /// the engine.
    pub fn parse(&self, request: &mut Request) {
        if let Some(parsed) = self.0.get(&request.query) {
            request.set_parsed_query(parsed);
        } else if let Ok(parsed) = request.parsed_query() {
            let parsed = parsed.clone();
            self.0.insert(request.query.clone(), parsed);
        }
    }
}
