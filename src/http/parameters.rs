//! What a client asks, as the members of a JSON object or of a query string have it.

use async_graphql::{Number, Value, Variables};
use serde::Deserialize;

use crate::{
    error::{Error, Result},
    gate::{Asked, Sha256Hex},
};

/// The members of a JSON object that asks, of any type; others are left alone, as the specification has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Members {
    query: Option<Value>,
    document_id: Option<Value>,
    operation_name: Option<Value>,
    variables: Option<Value>,
    extensions: Option<Value>,
}

/// Reads a posted body.
///
/// # Errors
/// [`Error::InvalidInput`], which names what is wrong.
pub(super) fn of_body(body: &[u8]) -> Result<Asked> {
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
pub(super) fn of_query_string(text: &str) -> Result<Asked> {
    let mut members = Members::default();
    for (name, text) in url::form_urlencoded::parse(text.as_bytes()) {
        let (place, name, is_json) = match name.as_ref() {
            "query" => (&mut members.query, "query", false),
            "documentId" => (&mut members.document_id, "documentId", false),
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

impl Members {
    /// What they are called.
    pub(super) const NAMES: [&str; 5] = ["query", "documentId", "operationName", "variables", "extensions"];

    /// Checks the types.
    ///
    /// # Errors
    /// [`Error::InvalidInput`], which names the one that is wrong.
    pub(super) fn checked(self) -> Result<Asked> {
        let asked = Asked {
            query: text(self.query, "query")?,
            document_id: text(self.document_id, "documentId")?,
            persisted: persisted(object(self.extensions, "extensions")?)?,
            operation_name: text(self.operation_name, "operationName")?.filter(|name| !name.is_empty()),
            variables: object(self.variables, "variables")?.map(Variables::from_value).unwrap_or_default(),
        };
        match asked {
            Asked { query: Some(_), document_id: Some(_), .. } => {
                Err(Error::invalid("documentId", "must not come with `query`: a document is sent or named"))
            }
            Asked { query: None, document_id: None, persisted: None, .. } => {
                Err(Error::invalid("query", "is missing: it is the text of a document"))
            }
            asked => Ok(asked),
        }
    }
}

/// The digest of `extensions.persistedQuery`.
fn persisted(extensions: Option<Value>) -> Result<Option<Sha256Hex>> {
    let Some(Value::Object(mut extensions)) = extensions else { return Ok(None) };
    let named = object(extensions.swap_remove("persistedQuery"), "extensions.persistedQuery")?;
    let Some(Value::Object(named)) = named else { return Ok(None) };
    if named.get("version") != Some(&Value::Number(Number::from(1))) {
        return Err(Error::invalid("extensions.persistedQuery.version", "must be 1"));
    }
    match named.get("sha256Hash") {
        Some(Value::String(digest)) => Sha256Hex::parse(digest),
        _ => None,
    }
    .map(Some)
    .ok_or(Error::invalid("extensions.persistedQuery.sha256Hash", "must be a SHA-256 in 64 hexadecimal digits"))
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
