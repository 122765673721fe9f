//! Scalars of our own, each with the specification of its text.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, Datelike, Utc};
use uuid::Uuid;

/// Characters of a text at most, wherever it stands; most inputs take fewer.
const LONGEST_TEXT: usize = 10_000;
/// Characters of an id at most: ours have 36.
const LONGEST_ID: usize = 200;

/// Whether a text may stand in a request. PostgreSQL's texts hold no null byte, and no other control character is typed
/// but line ends and tabs.
///
/// # Errors
/// Says what it must be.
pub fn check_text(name: &str, text: &str) -> Result<(), &'static str> {
    let is_typed = |character: char| !character.is_control() || matches!(character, '\t' | '\n' | '\r');
    let (longest, too_long) = match name {
        "ID" => (LONGEST_ID, "must have at most 200 characters"),
        _ => (LONGEST_TEXT, "must have at most 10,000 characters"),
    };
    if !text.chars().all(is_typed) {
        Err("must not contain a control character")
    } else if text.len() > longest && text.chars().count() > longest {
        Err(too_long)
    } else {
        Ok(())
    }
}

/// The same for the null bytes of JSON, which `jsonb` does not hold either.
fn holds_null_byte(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::List(items) => items.iter().any(holds_null_byte),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_null_byte(value)),
        _ => false,
    }
}

/// Whether it is a point in time that RFC 3339 can write in UTC, years 1 to 9999: what else chrono reads may be beyond
/// PostgreSQL's calendar.
fn is_time(value: &Value) -> bool {
    DateTime::<Utc>::parse(value.clone()).is_ok_and(|time| (1..=9999).contains(&time.year()))
}

/// Whether a value is one of the custom scalar with this name, so that a document is refused before it runs.
///
/// # Errors
/// Says what it must be. Of a scalar that is not known here each value is taken: the resolver's argument says the rest.
pub fn check(name: &str, value: &Value) -> Result<(), &'static str> {
    fn is<T: ScalarType>(value: &Value) -> bool {
        T::parse(value.clone()).is_ok()
    }
    let (lawful, expected) = match name {
        "DateTime" => {
            (is_time(value), "must be a point in time of the years 1 to 9999 in a string, as \"2026-11-20T08:30:00Z\"")
        }
        "Decimal" => (is::<Decimal>(value), "must be a decimal number in a string, as \"12.50\""),
        "BigInt" => (is::<BigInt>(value), "must be a whole number of 64 bits in a string, as \"12\""),
        "UUID" => (is::<Uuid>(value), "must be a UUID in a string, as \"0195f2c4-7a3b-7c11-8d3e-1f2a3b4c5d6e\""),
        "JSON" => (!holds_null_byte(value), "must not contain a null byte"),
        _ => return Ok(()),
    };
    if lawful { Ok(()) } else { Err(expected) }
}

/// A decimal number as a string, so that no client rounds it: `"12.50"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decimal(pub rust_decimal::Decimal);

impl Decimal {
    /// An amount of money, always with two decimals: the driver reads a stored `0.00` as `0`.
    #[must_use]
    pub fn money(mut amount: rust_decimal::Decimal) -> Self {
        amount.rescale(2);
        Self(amount)
    }
}

/// A decimal number as a string, so that no client rounds it: `"12.50"`.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259#section-6")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => rust_decimal::Decimal::from_str_exact(text)
                .map(Self)
                .map_err(|_| InputValueError::custom("is not a decimal number in a string, as \"12.50\"")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A whole number of 64 bits as a string, because JSON's readers lose digits beyond 2^53: `"9007199254740993"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BigInt(pub i64);

/// A whole number of 64 bits as a string, because JSON's readers lose digits beyond 2^53: `"9007199254740993"`.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc7493#section-2.2")]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => text
                .parse()
                .map(Self)
                .map_err(|_| InputValueError::custom("is not a whole number of 64 bits in a string")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// Any JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub serde_json::Value);

/// Any JSON value.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}
