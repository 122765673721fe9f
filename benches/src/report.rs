//! The table that is printed.

use std::time::Duration;

use crate::{gate::GateTimes, load::Load};

/// What rounds of SQL took.
#[derive(Debug, Clone, Default)]
pub struct Sql {
    pub rounds: u64,
    pub seconds: f64,
    pub client: Duration,
    pub database: Duration,
}

/// One case under so many connections.
#[derive(Debug, Clone)]
pub struct Row {
    pub case: &'static str,
    pub connections: u32,
    pub loads: Vec<Load>,
    pub server: Duration,
    pub database: Duration,
    pub trusted: Sql,
    pub checked: Sql,
}

impl Row {
    pub fn new(case: &'static str, connections: u32) -> Self {
        Self {
            case,
            connections,
            loads: Vec::new(),
            server: Duration::ZERO,
            database: Duration::ZERO,
            trusted: Sql::default(),
            checked: Sql::default(),
        }
    }

    fn requests(&self) -> u64 {
        self.loads.iter().map(|load| load.requests).sum()
    }

    /// The turn in the middle.
    fn median(&self, of: impl Fn(&Load) -> f64) -> f64 {
        let mut values: Vec<f64> = self.loads.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

#[derive(Debug)]
pub struct Report {
    turns: u64,
    scale: u64,
    rows: Vec<Row>,
    pub gate: Vec<GateTimes>,
}

/// Milliseconds of processor time for one of `count`.
#[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
fn each(used: Duration, count: u64) -> f64 {
    used.as_secs_f64() * 1_000.0 / count.max(1) as f64
}

impl Sql {
    fn cost(&self) -> f64 {
        each(self.client, self.rounds) + each(self.database, self.rounds)
    }
}

impl Report {
    pub fn new(turns: u64, scale: u64) -> Self {
        Self { turns, scale, rows: Vec::new(), gate: Vec::new() }
    }

    pub fn add(&mut self, row: Row) {
        eprintln!("{} at {}: {:.0}/s", row.case, row.connections, row.median(|load| load.per_second));
        self.rows.push(row);
    }

    /// Times in milliseconds; the last two columns are what the server and its PostgreSQL spend on a request, over
    /// what the SQL and its client spend on the same data.
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
    pub fn print(&self) {
        println!(
            "\nscale {}, {} turns of a second each; times in ms, cpu per request; SQL: one pipelined round trip",
            self.scale, self.turns
        );
        println!(
            "| case | conns | req/s | p50 | p99 | server cpu | database cpu | SQL/s | SQL client cpu | SQL database cpu \
             | + session: database cpu | ratio | ratio + session |"
        );
        println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        for row in &self.rows {
            let server = each(row.server, row.requests());
            let database = each(row.database, row.requests());
            println!(
                "| {} | {} | {:.0} | {:.2} | {:.2} | {server:.3} | {database:.3} | {:.0} | {:.3} | {:.3} | {:.3} | {:.2} | {:.2} |",
                row.case,
                row.connections,
                row.median(|load| load.per_second),
                row.median(|load| load.p50_ms),
                row.median(|load| load.p99_ms),
                row.trusted.rounds as f64 / row.trusted.seconds,
                each(row.trusted.client, row.trusted.rounds),
                each(row.trusted.database, row.trusted.rounds),
                each(row.checked.database, row.checked.rounds),
                (server + database) / row.trusted.cost(),
                (server + database) / row.checked.cost(),
            );
        }
        self.print_gate();
    }

    /// Times in microseconds; the share is that of a known document in the server's processor time for a request.
    fn print_gate(&self) {
        println!("\n| gate: case | the first time | known | share of server cpu |");
        println!("|---|--:|--:|--:|");
        for times in &self.gate {
            let server = self.rows.iter().filter(|row| row.case == times.case).max_by_key(|row| row.connections);
            let share =
                server.map_or(f64::NAN, |row| times.warm.as_secs_f64() * 100_000.0 / each(row.server, row.requests()));
            let [cold, warm] = [times.cold, times.warm].map(|time| time.as_secs_f64() * 1_000_000.0);
            println!("| {} | {cold:.0} | {warm:.2} | {share:.1} % |", times.case);
        }
    }
}
