//! Runs a command with a PostgreSQL for the tests: `with_postgres [--whole-suite] COMMAND [ARGUMENT ...]`.
//!
//! With `DATABASE_URL` that PostgreSQL is used: each test makes a database of its own there and all of them are dropped
//! at the end; the role must be a superuser. Without, a private one is started below `target/` and thrown away. The
//! command finds it as `OGELBASE_TEST_DATABASE_URL`.
//!
//! Afterwards what the tests left is searched for the secrets that they used: [`secrets`].

mod secrets;

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use ogelbase::db::{
    embedded::{self, EmbeddedPostgres, Settings},
    operator,
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use secrets::Evidence;

const SESSIONS: u16 = 300;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.next_if(|first| *first == *embedded::SUBCOMMAND).is_some() {
        return embedded::exec_child(arguments);
    }
    if arguments.next_if(|first| first == "--create").is_some() {
        return create(arguments.next().and_then(|name| name.into_string().ok()));
    }
    let whole = arguments.next_if(|first| first == "--whole-suite").is_some();
    let Some(program) = arguments.next() else {
        eprintln!("with_postgres: give the command to run");
        return ExitCode::FAILURE;
    };
    let mut command = Command::new(program);
    command.args(arguments);
    match run(command, whole) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("with_postgres: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes an empty database on the PostgreSQL of the `with_postgres` that this runs under.
fn create(name: Option<String>) -> ExitCode {
    let (Some(name), Ok(url)) = (name, std::env::var("OGELBASE_TEST_DATABASE_URL")) else {
        eprintln!("with_postgres --create NAME: runs only under with_postgres");
        return ExitCode::FAILURE;
    };
    match create_now(&url, &name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("with_postgres --create: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn create_now(url: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let connection = operator::connect_as_login(url).await?;
    connection.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE template0")).await?;
    Ok(connection.close().await?)
}

#[tokio::main]
async fn run(mut command: Command, whole: bool) -> Result<ExitCode, Box<dyn Error>> {
    let given = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
    let data_dir = data_dir();
    let private = if given.is_some() { None } else { Some(start_private(data_dir.clone()).await?) };
    let url = given.or_else(|| private.as_ref().map(EmbeddedPostgres::url)).unwrap_or_default();
    drop_leftovers(&url).await?;
    let evidence = Evidence::begin(&target())?;
    // The tests decide for themselves which database a server uses.
    command.env("OGELBASE_TEST_DATABASE_URL", &url).env_remove("DATABASE_URL");
    command.env("OGELBASE_TEST_EVIDENCE", &evidence.directory);
    let status = tokio::task::spawn_blocking(move || command.status()).await??;
    let clean = evidence.search(&url, whole).await?;
    if clean {
        evidence.forget()?;
    } else {
        eprintln!("with_postgres: what was searched is kept in {}", evidence.directory.display());
    }
    match private {
        Some(private) => {
            private.stop().await?;
            remove(&data_dir)?;
        }
        None => drop_leftovers(&url).await?,
    }
    if status.success() && !clean {
        return Ok(ExitCode::FAILURE);
    }
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

fn data_dir() -> PathBuf {
    target().join(format!("test-postgres-{}", std::process::id()))
}

/// Where postgres cannot reach the directory, the cluster is elsewhere and a link leads there.
fn remove(data_dir: &Path) -> std::io::Result<()> {
    if let Ok(elsewhere) = std::fs::read_link(data_dir.join("postgres")) {
        std::fs::remove_dir_all(elsewhere)?;
    }
    std::fs::remove_dir_all(data_dir)
}

async fn start_private(data_dir: PathBuf) -> Result<EmbeddedPostgres, Box<dyn Error>> {
    let settings = Settings {
        data_dir,
        pg_bin_dir: std::env::var_os("PG_BIN_DIR").map(PathBuf::from),
        launcher: embedded::own_executable()?,
        max_connections: SESSIONS,
    };
    let private = EmbeddedPostgres::start(settings).await?;
    let connection = operator::connect_as_login(&private.url()).await?;
    // What is thrown away need not survive a power cut.
    for setting in ["fsync = off", "synchronous_commit = off", "full_page_writes = off"] {
        connection.execute_unprepared(&format!("ALTER SYSTEM SET {setting}")).await?;
    }
    connection.execute_unprepared("SELECT pg_reload_conf()").await?;
    connection.close().await?;
    Ok(private)
}

/// Drops the databases of the tests, also those of a run that was killed.
async fn drop_leftovers(url: &str) -> Result<(), Box<dyn Error>> {
    let connection = operator::connect_as_login(url).await?;
    let sql = r"SELECT quote_ident(datname) AS name FROM pg_database WHERE datname LIKE 'ogelbase\_test\_%'";
    for row in connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await? {
        let name: String = row.try_get("", "name")?;
        connection.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    }
    connection.close().await?;
    Ok(())
}
