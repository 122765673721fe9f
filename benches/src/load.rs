//! The load, made by wrk.

use std::{fmt::Write, process::Command, time::Duration};

use crate::{
    case::Case,
    server::{self, Server},
    world::World,
};

/// What wrk saw.
#[derive(Debug, Clone)]
pub struct Load {
    pub requests: u64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// Sends the case's requests over so many connections.
pub fn run(case: &Case, connections: u32, duration: Duration, world: &World) -> Load {
    let script = server::data().join("requests.lua");
    std::fs::write(&script, lua(case, world.token_of(case))).unwrap();
    let output = Command::new("wrk")
        .args(["--threads", if connections == 1 { "1" } else { "2" }, "--latency", "--timeout", "30s"])
        .args(["--connections", &connections.to_string(), "--duration", &format!("{}s", duration.as_secs().max(1))])
        .args(["--script", &script.to_string_lossy(), &Server::url()])
        .output()
        .expect("wrk, the load generator: install the package 'wrk'");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!["Non-2xx", "Socket errors", "Refused"].iter().any(|word| said.contains(word)), "{said}");
    let value = |name: &str| {
        let line = said.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{said}"));
        line.trim_start().trim_start_matches(name).trim().to_owned()
    };
    let requests = said.lines().find(|line| line.contains("requests in")).unwrap();
    let answered: u64 = value("Bytes:").parse().unwrap();
    let count: u64 = requests.split_whitespace().next().unwrap().parse().unwrap();
    // An answer with errors has the status 200 too, but not the length.
    assert!(answered / count >= case.answer_length as u64, "answers shorter than {} bytes: {said}", case.answer_length);
    Load {
        requests: count,
        per_second: value("Requests/sec:").parse().unwrap(),
        p50_ms: milliseconds(&value("50%")),
        p99_ms: milliseconds(&value("99%")),
    }
}

/// Ends the run at the first answer with an error.
const LOOK_AT_ANSWERS: &str = r#"function response(status, headers, body)
    if body:find('"errors"', 1, true) then print("Refused: " .. body) wrk.thread:stop() end
end
"#;

/// wrk's script: each request takes the next body.
fn lua(case: &Case, token: Option<&str>) -> String {
    let mut script = String::from("bodies = {\n");
    for turn in 0..case.variables.len() {
        let _ = writeln!(script, "[==[{}]==],", case.body(turn));
    }
    let authorization =
        token.map(|token| format!("wrk.headers[\"Authorization\"] = \"Bearer {token}\"")).unwrap_or_default();
    // What is written is answered shortly, so an error would not show in the length; reading each answer takes wrk time.
    let response = if case.shape.is_none() { LOOK_AT_ANSWERS } else { "" };
    let _ = write!(
        script,
        r#"}}
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
{authorization}
local threads = 0
function setup(thread) threads = threads + 1 thread:set("number", threads) end
function init(args)
    requests = {{}}
    -- What a thread writes differs from what the other wrote, or the server would find nothing to change.
    for i, body in ipairs(bodies) do requests[i] = wrk.format(nil, nil, nil, (body:gsub("THREAD", number))) end
    turn = 7 * number
end
{response}function done(summary) io.write("Bytes: " .. summary.bytes .. "\n") end
function request() turn = turn + 1 return requests[turn % #requests + 1] end
"#
    );
    script
}

fn milliseconds(text: &str) -> f64 {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let value: f64 = digits.parse().unwrap();
    match &text[digits.len()..] {
        "us" => value / 1_000.0,
        "ms" => value,
        "s" => value * 1_000.0,
        other => panic!("a time in {other}"),
    }
}
