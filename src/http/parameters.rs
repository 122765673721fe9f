//! What a client asks, as the members of a JSON object or of a query string have it.

use async_graphql::{Value, Variables};
use serde::Deserialize;

use crate::error::{Error, Result};

/// The parameters of a request of GraphQL, each of its type.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// The text of the document.
    pub query: Option<String>,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// The variables of that operation.
    pub variables: Variables,
}

/// The members of a JSON object that asks, of any type; others are left alone, as the specification has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Members {
    query: Option<Value>,
    operation_name: Option<Value>,
    variables: Option<Value>,
    extensions: Option<Value>,
}

impl Parameters {
    /// Reads a posted body.
    ///
    /// # Errors
    /// [`Error::InvalidInput`], which names what is wrong.
    pub(super) fn of_body(body: &[u8]) -> Result<Self> {
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'[') {
            return Err(Error::invalid("body", "must be one JSON object: several requests at once are not answered"));
        }
        serde_json::from_slice::<Members>(body).map_err(|_| Error::invalid("body", "must be a JSON object"))?.checked()
    }

    /// Reads a query string, in which `variables` and `extensions` are JSON. What is empty is as good as not there.
    ///
    /// # Errors
    /// [`Error::InvalidInput`], which names what is wrong.
    pub(super) fn of_query_string(text: &str) -> Result<Self> {
        let mut members = Members::default();
        for (name, text) in url::form_urlencoded::parse(text.as_bytes()) {
            let (place, name, is_json) = match name.as_ref() {
                "query" => (&mut members.query, "query", false),
                "operationName" => (&mut members.operation_name, "operationName", false),
                "variables" => (&mut members.variables, "variables", true),
                "extensions" => (&mut members.extensions, "extensions", true),
                _ => continue,
            };
            if text.is_empty() {
                continue;
            }
            let value = if is_json {
                serde_json::from_str(&text).map_err(|_| Error::invalid(name, "must be JSON in the query string"))?
            } else {
                Value::String(text.into_owned())
            };
            if place.replace(value).is_some() {
                return Err(Error::invalid(name, "must not be given twice"));
            }
        }
        members.checked()
    }
}

impl Members {
    /// Checks the types.
    ///
    /// # Errors
    /// [`Error::InvalidInput`], which names the one that is wrong.
    pub(super) fn checked(self) -> Result<Parameters> {
        let query = text(self.query, "query")?;
        let operation_name = text(self.operation_name, "operationName")?;
        let variables = object(self.variables, "variables")?.map(Variables::from_value).unwrap_or_default();
        object(self.extensions, "extensions")?;
        if query.is_none() {
            return Err(Error::invalid("query", "is missing: it is the text of a document"));
        }
        Ok(Parameters { query, operation_name: operation_name.filter(|name| !name.is_empty()), variables })
    }
}

/// Null is as good as not there.
fn text(given: Option<Value>, name: &'static str) -> Result<Option<String>> {
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::invalid(name, "must be a string")),
    }
}

fn object(given: Option<Value>, name: &'static str) -> Result<Option<Value>> {
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(object @ Value::Object(_)) => Ok(Some(object)),
        Some(_) => Err(Error::invalid(name, "must be an object")),
    }
}
