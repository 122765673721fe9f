//! Lists of scalars that are written at once.
//!
//! The engine resolves each item of a `Vec` as a field of its own (a future, a path, its extensions), which for a chart
//! of 288 points in five series is most of the request (docs/performance.md).

use std::borrow::Cow;

use async_graphql::{
    ContextSelectionSet, Number, OutputType, Positioned, ScalarType, ServerResult, Value, parser::types::Field,
    registry::Registry,
};
use chrono::{DateTime, Utc};

/// A list that is shown as `Vec<T>` would be.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalars<T>(pub Vec<T>);

/// What such a list holds.
pub trait Item {
    /// How it stands in the answer.
    fn value(&self) -> Value;
}

impl Item for Option<f64> {
    fn value(&self) -> Value {
        self.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
    }
}

impl Item for DateTime<Utc> {
    fn value(&self) -> Value {
        self.to_value()
    }
}

impl<T: Item + Send + Sync> OutputType for Scalars<T>
where
    Vec<T>: OutputType,
{
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::List(self.0.iter().map(Item::value).collect()))
    }
}
