//! `make hostile`: clients that mean harm, on the release server under a memory cap of 1 GiB. While each does what it
//! does, a well-behaved client beside them is measured. Everything is bounded in number and time, and stays on this
//! machine's loopback addresses.
//!
//! It wants `OGELBASE_URL` and `OGELBASE_PID`, as `tests/with-server.sh` sets them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test, which says what it found"
)]

mod attacks;
mod documents;
mod neighbour;
mod subscribers;
mod target;

use std::time::Duration;

use neighbour::Neighbour;
use target::Target;

/// The well-behaved client's slowest one in a hundred answers.
const P99: Duration = Duration::from_millis(100);
/// Resident memory at the end, in hundredths of that at the start.
const MEMORY: u64 = 120;
/// For the server to let go of what it no longer needs.
const REST: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() {
    let target = Target::of_environment();
    let neighbour = Neighbour::sign_in(&target).await;
    neighbour.ask_for(Duration::from_secs(3)).await;
    let before = target.resident_kib();
    println!("resident at the start: {before} kB");
    let mut failed = Vec::new();
    for (name, attack) in attacks::ALL {
        let (result, answers) = tokio::join!(attack(&target), neighbour.ask_for(attacks::DURATION));
        let p99 = answers.p99();
        println!(
            "{name:<28} {result:<44} beside: {:>5} answers, p99 {:>6.1} ms, resident {:>7} kB",
            answers.count(),
            p99.as_secs_f64() * 1e3,
            target.resident_kib(),
        );
        if p99 > P99 {
            failed.push(format!("{name}: the neighbour's p99 is {p99:?}"));
        }
        if !target.lives() {
            failed.push(format!("{name}: the server died"));
            break;
        }
    }
    let (result, answers) = tokio::join!(subscribers::many(&target), neighbour.ask_for(attacks::DURATION));
    let p99 = answers.p99();
    println!("thousands of subscriptions: {result}; beside: {} answers, p99 {p99:?}", answers.count());
    if p99 > P99 || !target.lives() {
        failed.push(format!("thousands of subscriptions: the neighbour's p99 is {p99:?}"));
    }
    for (name, text) in documents::all() {
        let took = attacks::send(&target, &text).await;
        println!(
            "{name:<28} {:>9} bytes  {}",
            text.len(),
            took.as_ref().map_or_else(String::clone, |took| format!("{:.1} ms", took.as_secs_f64() * 1e3))
        );
        match took {
            Ok(took) if took < Duration::from_secs(1) => {}
            Ok(took) => failed.push(format!("{name}: answered after {took:?}")),
            Err(error) => failed.push(format!("{name}: {error}")),
        }
    }
    tokio::time::sleep(REST).await;
    let after = target.resident_kib();
    println!("resident at the end: {after} kB");
    if after * 100 > before * MEMORY {
        failed.push(format!("{after} kB are resident, {before} were at the start"));
    }
    assert!(failed.is_empty(), "{failed:#?}");
    println!("hostile: all passed");
}
