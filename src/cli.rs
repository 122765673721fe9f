//! The command line.

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    admin_token::{self, TokenCommand},
    clock::Clock,
    config::{Config, Flags},
    db::{Postgres, embedded, migrate},
    graphql::schema,
    seed,
    server::{Server, ServerError},
    telemetry,
};

#[derive(Debug, Parser)]
#[command(name = "ogelbase", version, about = "The control plane of a self-hosted, Supabase-like platform")]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Change the database's schema
    #[command(subcommand)]
    Migrate(Migrate),
    /// Print the API's schema in the schema definition language
    Schema,
    /// What the operator does beside the API
    #[command(subcommand)]
    Admin(TokenCommand),
    /// Fill the database with demo data; running it again changes nothing
    Seed {
        /// How much more for load: 100 is about 2,000 organizations and a million metric rows (0 to 1,000)
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000))]
        scale: u32,
    },
}

#[derive(Debug, Subcommand)]
enum Migrate {
    /// Apply what is missing
    Up,
    /// Take back the last steps
    Down {
        /// How many; without it all of them, and nothing of ours is left
        #[arg(long)]
        steps: Option<u32>,
    },
    /// List all migrations and whether they were applied
    Status,
    /// Drop everything and apply all; all data is lost
    Fresh,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let mut raw = std::env::args_os().skip(1);
    // The launcher of the private database: before any thread is started and without any setting.
    if raw.next().is_some_and(|first| first == embedded::SUBCOMMAND) {
        return embedded::exec_child(raw);
    }
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("ogelbase: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<(), ServerError> {
    if matches!(arguments.command, Command::Schema) {
        print(schema::sdl().trim_end());
        return Ok(());
    }
    let config = Config::load(&arguments.flags)?;
    telemetry::start(&config)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Http)?
        .block_on(run(arguments.command, config))
}

async fn run(command: Command, config: Config) -> Result<(), ServerError> {
    if matches!(command, Command::Serve) {
        return serve(config).await;
    }
    let postgres = Postgres::open(&config).await?;
    let done = with_database(command, &config, &postgres).await;
    postgres.close().await?;
    done
}

async fn serve(config: Config) -> Result<(), ServerError> {
    let graphiql = config.serves_graphiql();
    let development = config.development();
    let mut told = std::pin::pin!(told_to_stop()?);
    // The start may have to wait, for a database that recovers or for another replica's migration.
    let server = tokio::select! {
        server = Server::start(config, Clock::system()) => server?,
        () = &mut told => return Ok(()),
    };
    let address = server.address();
    print(&format!("GraphQL   http://{address}/graphql"));
    if graphiql {
        print(&format!("GraphiQL  http://{address}/graphiql"));
    }
    if development {
        print(&format!("Sign in   owner@acme.test / {} (after `ogelbase seed`)", seed::accounts::PASSWORD));
    }
    server.run(told).await
}

async fn with_database(command: Command, config: &Config, postgres: &Postgres) -> Result<(), ServerError> {
    let url = postgres.url();
    match command {
        Command::Serve | Command::Schema => {}
        Command::Migrate(Migrate::Up) => migrate::up(url).await?,
        Command::Migrate(Migrate::Down { steps }) => migrate::down(url, steps).await?,
        Command::Migrate(Migrate::Fresh) => migrate::fresh(url).await?,
        Command::Migrate(Migrate::Status) => {
            for (name, applied) in migrate::status(url).await? {
                print(&format!("{}  {name}", if applied { "applied" } else { "missing" }));
            }
        }
        Command::Admin(token) => print(&admin_token::run(token, config, url, &Clock::system()).await?),
        Command::Seed { scale } => seed::run(config, url, scale).await?,
    }
    Ok(())
}

/// Returns at SIGTERM or SIGINT. Both are caught from now on, so that none is lost during the start.
fn told_to_stop() -> Result<impl Future<Output = ()>, ServerError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServerError::Http)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServerError::Http)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn print(line: &str) {
    say(&mut std::io::stdout(), line);
}

/// A reader that has gone away (`ogelbase schema | head`) is no reason to panic.
fn say(out: &mut impl Write, line: &str) {
    let _ = writeln!(out, "{line}");
}
