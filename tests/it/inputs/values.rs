//! Values that nobody means well with, by the type that they are given for.

use serde_json::{Value, json};

/// A value, and whether it must be refused where it stands. Where it need not, it may not do harm either.
pub type Nasty = (Value, bool);

/// What is given for an input of this name and scalar type. None of an enum or input type.
pub fn nasty(name: &str, scalar: &str) -> Vec<Nasty> {
    match (name, scalar) {
        ("after" | "before", "String") => [texts(), cursors()].concat(),
        (_, "String") => texts(),
        (_, "ID") => ids(),
        ("first" | "last", "Int") => [integers(), refused([json!(-1), json!(0), json!(101), json!(i32::MAX)])].concat(),
        (_, "Int") => [integers(), taken([json!(-1), json!(0), json!(i32::MIN), json!(i32::MAX)])].concat(),
        (_, "DateTime") => times(),
        (_, "UUID") => refused(["", "x", "\0", "00000000-0000-0000-0000-00000000000g"].map(Value::from)),
        (_, "Boolean") => refused([json!("true"), json!(1), json!([])]),
        (_, "Decimal") => decimals(),
        (_, "BigInt") => refused(["", "\0", "NaN", "1.5", "9223372036854775808", &"9".repeat(40)].map(Value::from)),
        (_, "Float") => [refused([json!("1"), json!("NaN")]), taken([json!(-1), json!(1e308)])].concat(),
        (_, "JSON") => refused([json!("\0"), json!({"a": ["\0"]}), json!({"\0": 1})]),
        // An enum's.
        _ => refused([json!("NOT_ONE"), json!("\0"), json!(1), json!({})]),
    }
}

fn refused(values: impl IntoIterator<Item = Value>) -> Vec<Nasty> {
    values.into_iter().map(|value| (value, true)).collect()
}

fn taken(values: impl IntoIterator<Item = Value>) -> Vec<Nasty> {
    values.into_iter().map(|value| (value, false)).collect()
}

fn texts() -> Vec<Nasty> {
    let wrong = ["\0", "a\0b", "\u{1}", "a\u{8}b", "\u{9f}"].map(Value::from);
    let odd = ["", " ", "%_\\", "'; DROP TABLE users; --", "NaN", "\u{202e}\u{ffff}\u{10ffff}", "$1", "a\nb"];
    [
        refused(wrong),
        refused([json!("x".repeat(20_000)), json!(1), json!([[]]), json!({})]),
        taken(odd.map(Value::from)),
    ]
    .concat()
}

fn ids() -> Vec<Nasty> {
    let wrong = [
        "",
        "nonsense",
        "\0",
        "org_",
        "org_\0",
        "org_0",
        "ORG_00000000000000000000000000000000",
        "org_0000000000000000000000000000000G",
        "org_00000000-0000-0000-0000-000000000000",
        "xyz_00000000000000000000000000000000",
        "ses_00000000000000000000000000000000_",
    ];
    let long = json!(format!("org_{}", "0".repeat(20_000)));
    [refused(wrong.map(Value::from)), refused([long, json!(-1), json!(0), json!(1.5), json!(true)])].concat()
}

fn cursors() -> Vec<Nasty> {
    let made = [
        "eDp5Ono",                                                                                  // x:y:z
        "bmFtZToxOmE",                                                                              // name:1:a
        "Y3JlYXRlZF9hdDowMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDo5OTk5OTktMDEtMDFUMDA6MDA6MDBa", // created_at:0..:999999-01-01T00:00:00Z
        "____",
        "=",
    ];
    refused(["nonsense", "\0"].into_iter().chain(made).map(Value::from))
}

fn integers() -> Vec<Nasty> {
    let wrong = [json!(2_147_483_648_i64), json!(-2_147_483_649_i64), json!(1.5), json!(1e300), json!(u64::MAX)];
    [refused(wrong), refused([json!("1"), json!("NaN"), json!(true)])].concat()
}

fn times() -> Vec<Nasty> {
    let wrong = [
        "",
        "\0",
        "NaN",
        "now",
        "infinity",
        "2026-11-20",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "999999-01-01T00:00:00Z",
        "+262000-01-01T00:00:00Z",
        "+10000-01-01T00:00:00Z",
        "-4714-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
    ];
    let lawful = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-06-30T23:59:60Z"];
    [refused(wrong.map(Value::from)), refused([json!(0), json!(1e300)]), taken(lawful.map(Value::from))].concat()
}

fn decimals() -> Vec<Nasty> {
    let wrong = ["", "\0", "NaN", "Infinity", "1e5", "0x1", &"9".repeat(39), "0.000000000000000000000000000001"];
    [refused(wrong.map(Value::from)), refused([json!(1), json!(1.5)]), taken(["-1", "0"].map(Value::from))].concat()
}
