//! Whether two answers are the same, value by value.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// What the server computes and PostgreSQL does not know.
const COMPUTED: [&str; 2] = ["viewerPermissions", "endCursor"];

/// Panics with the path of the first difference.
pub fn assert_same(case: &str, answered: &Value, by_sql: &Value) {
    if let Err(difference) = same(answered, by_sql, case) {
        panic!("the server's answer is not the SQL's, so neither is timed: {difference}");
    }
}

fn same(left: &Value, right: &Value, path: &str) -> Result<(), String> {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            keys.into_iter().filter(|key| !COMPUTED.contains(&key.as_str())).try_for_each(|key| {
                let value = |object: &Map<String, Value>| object.get(key).cloned().unwrap_or("(nothing)".into());
                same(&value(left), &value(right), &format!("{path}.{key}"))
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .try_for_each(|(index, (left, right))| same(left, right, &format!("{path}[{index}]"))),
        (Value::Array(left), Value::Array(right)) => Err(format!("{path} has {} and {}", left.len(), right.len())),
        _ if equal(&leaf(left), &leaf(right)) => Ok(()),
        _ => Err(format!("{path} is {left} and {right}")),
    }
}

/// Sums of floats differ in their last digit with the order of their parts.
fn equal(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => (left - right).abs() <= left.abs() * 1e-12,
        _ => left == right,
    }
}

/// Amounts and times by their value, whichever way they are written.
fn leaf(value: &Value) -> Value {
    let Value::String(text) = value else {
        return value.as_f64().map_or_else(|| value.clone(), Value::from);
    };
    if let Ok(number) = text.parse::<f64>() {
        return number.into();
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => time.with_timezone(&Utc).timestamp_micros().into(),
        Err(_) => value.clone(),
    }
}

/// The object that a row stands for. A column's name is a path, `user.email`; behind a colon stands what the API makes
/// of the value: `status:enum`, or the prefix of a global id, `id:usr`.
pub fn object(row: &Value) -> Value {
    let mut object = Value::Object(Map::new());
    for (name, value) in row.as_object().expect("a row") {
        let (path, kind) = name.split_once(':').unwrap_or((name, ""));
        let value = match (kind, value.as_str()) {
            ("", _) | (_, None) => value.clone(),
            ("enum", Some(text)) => text.to_uppercase().into(),
            (prefix, Some(key)) => format!("{prefix}_{}", key.replace('-', "")).into(),
        };
        let pointer = path.split('.').fold(&mut object, |place, part| &mut place[part]);
        *pointer = value;
    }
    object
}

/// The objects of all rows.
pub fn objects(rows: &[Value]) -> Vec<Value> {
    rows.iter().map(object).collect()
}
