//! `make bench`: the canonical queries through HTTP, beside the hand-written SQL that gives the same data under the
//! same role and policies, in one run. First the answers are compared value by value, then both are timed, and the
//! processor time of the server, of PostgreSQL and of the SQL's own client is read from /proc.
//!
//! Runs under `with_postgres`, on a database of its own with the seed of scale 100. See docs/performance.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark that cannot go on says so by panicking, and prints what it measured"
)]

mod case;
mod compare;
mod cpu;
mod gate;
mod load;
mod page;
mod report;
mod server;
mod sql;
mod world;

use std::time::Duration;

use case::Case;
use cpu::Processes;
use report::{Report, Row};
use server::Server;
use sql::{Opening, Yardstick};
use world::World;

/// Requests under way at once.
const CONNECTIONS: [u32; 3] = [1, 16, 64];
/// Connections to PostgreSQL, for the server as for the SQL: the server's default.
const DATABASE_CONNECTIONS: u32 = 20;
/// How long each of those that are compared runs before the next.
const TURN: Duration = Duration::from_secs(1);

fn main() {
    tokio::runtime::Runtime::new().unwrap().block_on(run());
}

async fn run() {
    let turns = number("BENCH_SECONDS", 5);
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    let scale = number("BENCH_SCALE", 100);
    let database = World::create(scale).await;
    let server = Server::start(&database.url, DATABASE_CONNECTIONS);
    let world = World::prepare(database, &server).await;
    let mut report = Report::new(turns, scale);
    let cases: Vec<Case> = page::all(&world).into_iter().filter(|case| case.name.contains(&only)).collect();
    report.gate = gate::measure(&cases);
    for mut case in cases {
        compare(&mut case, &world, &server).await;
        for connections in CONNECTIONS.into_iter().filter(|connections| *connections <= case.most_connections) {
            report.add(measure(&case, connections, turns, &world, &server).await);
        }
    }
    server.stop();
    report.print();
}

/// The same data, or nothing is timed.
async fn compare(case: &mut Case, world: &World, server: &Server) {
    let answer = server.ask(&case.body(0), world.token_of(case)).await;
    case.answer_length = answer.to_string().len();
    let Some(shape) = case.shape else { return };
    let by_sql = shape(sql::rows(&world.url, world.user, &case.statements).await);
    compare::assert_same(case.name, &answer["data"], &by_sql);
}

/// The server and both yardsticks take turns of a second, so that a machine that is slow for a while is so for all.
async fn measure(case: &Case, connections: u32, turns: u64, world: &World, server: &Server) -> Row {
    let database = Processes::Postgres(world.postmaster);
    let meters = [Processes::One(server.pid()), database];
    let openings = [Opening::Trusted(world.user), Opening::Checked(world.session_digest.clone())];
    let [trusted, checked] = openings.map(|opening| {
        Yardstick::connect(&world.url, opening, &case.statements, connections.min(DATABASE_CONNECTIONS))
    });
    let (trusted, checked) = tokio::join!(trusted, checked);
    // Until every connection has prepared its statements.
    load::run(case, connections, TURN, world);
    trusted.run(TURN / 2).await;
    checked.run(TURN / 2).await;
    let mut row = Row::new(case.name, connections);
    for _ in 0..turns {
        let before = meters.each_ref().map(Processes::used);
        row.loads.push(load::run(case, connections, TURN, world));
        let [of_server, of_database] = spent(&meters, before);
        row.server += of_server;
        row.database += of_database;
        by_sql(&trusted, &mut row.trusted, world).await;
        by_sql(&checked, &mut row.checked, world).await;
    }
    row
}

/// A turn of the case by hand-written SQL.
async fn by_sql(yardstick: &Yardstick, sum: &mut report::Sql, world: &World) {
    let meters = [Processes::own(), Processes::Postgres(world.postmaster)];
    let before = meters.each_ref().map(Processes::used);
    sum.rounds += yardstick.run(TURN).await;
    let [client, database] = spent(&meters, before);
    sum.client += client;
    sum.database += database;
    sum.seconds += TURN.as_secs_f64();
}

fn spent<const N: usize>(meters: &[Processes; N], before: [Duration; N]) -> [Duration; N] {
    std::array::from_fn(|index| meters[index].used() - before[index])
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().expect(name))
}
