//! What is measured: a document, and the SQL that a person would write for it.

use serde_json::{Value, json};
use tokio_postgres::types::{FromSql, ToSql, Type};

/// The rows of each statement, as objects.
pub type Rows = Vec<Vec<Value>>;

/// A canonical query.
pub struct Case {
    pub name: &'static str,
    pub document: &'static str,
    /// One request after the other takes the next of these.
    pub variables: Vec<Value>,
    pub anonymous: bool,
    pub most_connections: u32,
    /// Bytes of the right answer.
    pub answer_length: usize,
    /// Sent in one round trip, between BEGIN with the context and COMMIT.
    pub statements: Vec<Statement>,
    /// Makes the answer of the rows; none: it is not compared (it writes).
    pub shape: Option<fn(Rows) -> Value>,
}

/// A statement with its parameters, which are texts that it casts; one round after the other takes the next.
#[derive(Debug, Clone)]
pub struct Statement {
    pub sql: String,
    pub parameters: Vec<Vec<String>>,
}

impl Statement {
    pub fn new<const N: usize>(sql: &str, parameters: [&str; N]) -> Self {
        Self { sql: sql.to_owned(), parameters: vec![parameters.map(str::to_owned).to_vec()] }
    }
}

impl Case {
    /// The body of a request.
    pub fn body(&self, turn: usize) -> String {
        let variables = &self.variables[turn % self.variables.len()];
        json!({ "query": self.document, "variables": variables }).to_string()
    }
}

/// A column as PostgreSQL sent it: the cheapest reading there is.
#[derive(Debug)]
pub struct Raw(pub usize);

impl FromSql<'_> for Raw {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.len()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Parameters as the driver takes them.
pub fn borrowed(parameters: &[String]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|parameter| parameter as &(dyn ToSql + Sync)).collect()
}
