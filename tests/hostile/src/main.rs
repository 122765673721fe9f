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
use target::{Attacker, Target};

/// The well-behaved client's slowest one in a hundred answers.
const P99: Duration = Duration::from_millis(100);
/// The longest that anybody waits for an answer, hostile or not.
const LONGEST: Duration = Duration::from_secs(1);
/// Resident memory at the end, in hundredths of that at the start.
const MEMORY: u64 = 120;
/// For the server to let go of what it no longer needs: signing in alone takes 19 MiB for a moment.
const REST: Duration = Duration::from_secs(10);
/// How often it is looked whether it has.
const RESTS: usize = 6;

#[tokio::main]
async fn main() {
    let target = Target::of_environment();
    let neighbour = Neighbour::sign_in(&target).await;
    neighbour.ask_for(REST).await;
    let before = target.resident_kib();
    println!("resident at the start: {before} kB");
    let mut failed = Vec::new();
    let mut attacks = 0;
    let only = std::env::var("HOSTILE_ONLY").unwrap_or_default();
    for (number, (name, attack)) in (1..).zip(attacks::ALL).filter(|(_, (name, _))| name.contains(&only)) {
        attacks += 1;
        let beside = neighbour.clone().ask_beside(attacks::DURATION);
        let (result, attacked) = attack(&Attacker::new(&target, number)).await;
        let answers = beside.join().expect("the neighbour's thread");
        let [p50, p99] = [50, 99].map(|percent| answers.percentile(percent));
        println!(
            "{name:<28} {result:<52} beside: {:>4} answers, p50 {:>6.1} ms, p99 {:>6.1} ms, resident {:>7} kB",
            answers.count(),
            p50.as_secs_f64() * 1e3,
            p99.as_secs_f64() * 1e3,
            target.resident_kib(),
        );
        if p99 > P99 {
            failed.push(format!("{name}: the neighbour's p99 is {p99:?}"));
        }
        // One long wait is one answer of hundreds, so that no percentile would show it.
        let longest = answers.percentile(100);
        if longest > LONGEST {
            failed.push(format!("{name}: the neighbour waited {longest:?}, or in vain"));
        }
        if !attacked {
            failed.push(format!("{name}: {result} is no attack, so this proves nothing"));
        }
        if !target.lives() {
            failed.push(format!("{name}: the server died"));
            break;
        }
    }
    assert!(attacks > 0, "no attack's name contains {only}");
    for (number, (name, text)) in (100..).zip(documents::all()) {
        match attacks::send(&Attacker::new(&target, number), &text).await {
            Ok((status, took)) => {
                println!("{name:<34} {:>9} bytes  {status} {:>6.1} ms", text.len(), took.as_secs_f64() * 1e3);
                if took > LONGEST {
                    failed.push(format!("{name}: answered after {took:?}"));
                }
            }
            Err(error) => failed.push(format!("{name}: {error}")),
        }
    }
    let mut after = target.resident_kib();
    for _ in 0..RESTS {
        // It goes on being used.
        neighbour.ask_for(REST).await;
        after = target.resident_kib();
        println!("resident at the end: {after} kB");
        if after * 100 <= before * MEMORY {
            break;
        }
    }
    if !target.lives() {
        failed.push("the server died of a document".to_owned());
    }
    if after * 100 > before * MEMORY {
        failed.push(format!("{after} kB are resident, {before} were at the start"));
    }
    assert!(failed.is_empty(), "{failed:#?}");
    println!("hostile: all passed");
}
