//! What the gate takes for a document, alone on one core: the first time (scan, parse, limits, validation, plan) and when
//! it is known (look-up, variables, cost).

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use async_graphql::Variables;
use ogelbase::{
    config::Config,
    gate::{Document, Gate},
};

use crate::case::Case;

/// The two figures of one document, each time the mean of many.
#[derive(Debug)]
pub struct GateTimes {
    pub case: &'static str,
    pub cold: Duration,
    pub warm: Duration,
}

const COLD: u32 = 500;
const WARM: u32 = 50_000;

/// Measures the documents of these cases.
pub fn measure(cases: &[Case]) -> Vec<GateTimes> {
    let gate = Gate::new(&Config::default()).unwrap();
    cases.iter().map(|case| of(&gate, case)).collect()
}

fn of(gate: &Gate, case: &Case) -> GateTimes {
    let variables = Variables::from_json(case.variables[0].clone());
    let admit = |query: String| {
        let asked = Document { query, operation_name: None, variables: variables.clone() };
        black_box(gate.admit(asked, true).unwrap());
    };
    let mean = |runs: u32, text: &dyn Fn(u32) -> String| {
        let started = Instant::now();
        (0..runs).for_each(|run| admit(text(run)));
        started.elapsed() / runs
    };
    // A comment makes a text that nobody has sent.
    let cold = mean(COLD, &|run| format!("{} # {run}", case.document));
    admit(case.document.to_owned());
    let warm = mean(WARM, &|_| case.document.to_owned());
    GateTimes { case: case.name, cold, warm }
}
