//! Scalars of our own, each with the specification of its text.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Whether a value is one of the custom scalar with this name, so that a document is refused before it runs.
///
/// # Errors
/// Says what it must be. Of a scalar that is not known here each value is taken: the resolver's argument says the rest.
pub fn check(name: &str, value: &Value) -> Result<(), &'static str> {
    fn is<T: ScalarType>(value: &Value) -> bool {
        T::parse(value.clone()).is_ok()
    }
    let (lawful, expected) = match name {
        "DateTime" => (is::<DateTime<Utc>>(value), "must be a point in time in a string, as \"2026-11-20T08:30:00Z\""),
        "Decimal" => (is::<Decimal>(value), "must be a decimal number in a string, as \"12.50\""),
        "BigInt" => (is::<BigInt>(value), "must be a whole number of 64 bits in a string, as \"12\""),
        "UUID" => (is::<Uuid>(value), "must be a UUID in a string, as \"0195f2c4-7a3b-7c11-8d3e-1f2a3b4c5d6e\""),
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
