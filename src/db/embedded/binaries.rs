//! Which PostgreSQL programs to use: those of PG_BIN_DIR, the system's, or ones fetched once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::error::EmbeddedError;
use super::launch::{AtParentsDeath, Launcher};
use super::{npm, tool};

/// The oldest major version whose SQL the migrations are written in.
const MINIMUM: u32 = 15;

/// Where packages put one folder per major version, and what follows the version.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "bin"), // pgsql-17, as the project's own packages for Red Hat have it
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
];

/// A folder with a `postgres` and an `initdb` that work.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    pub(super) major: u32,
    pub(super) version: String,
}

impl Binaries {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// A search through the places in their order; each is looked at only when those before it would not do.
pub(super) struct Search<'a> {
    /// Runs what it finds as the database's user, who may not reach everything we do.
    pub(super) launcher: &'a Launcher,
    /// The version that made the database, if there is one already: nothing else can read it.
    pub(super) made_by: Option<u32>,
    /// The database's directory, for messages.
    pub(super) cluster: &'a Path,
    /// Whether the server was told to stop meanwhile.
    pub(super) unwanted: &'a dyn Fn() -> bool,
}

impl Search<'_> {
    pub(super) fn find(&self, pg_bin_dir: Option<&Path>) -> Result<Binaries, EmbeddedError> {
        let mut tried = Vec::new();
        if let Some(dir) = pg_bin_dir {
            match self.probe(dir) {
                Ok(found) => return Ok(found),
                Err(reason) => {
                    tracing::warn!(dir = %dir.display(), reason, "PG_BIN_DIR does not serve, looking elsewhere");
                    tried.push(format!("PG_BIN_DIR {}: {reason}", dir.display()));
                }
            }
        }
        let mut seen = Vec::new();
        let sources: [fn() -> Vec<PathBuf>; 3] = [versioned, on_path, of_pg_config];
        for dir in sources.into_iter().flat_map(|source| source()) {
            if seen.contains(&dir) {
                continue;
            }
            match self.probe(&dir) {
                Ok(found) => return Ok(found),
                Err(reason) => {
                    tracing::info!(dir = %dir.display(), reason, "skipping a PostgreSQL");
                    tried.push(format!("{}: {reason}", dir.display()));
                }
            }
            seen.push(dir);
        }
        if tried.is_empty() {
            tried.push("nothing among the system's programs".to_owned());
        }
        match self.fetched() {
            Ok(found) => return Ok(found),
            Err(reason) => tried.push(reason),
        }
        let tried = tried.join("; ");
        Err(match self.made_by {
            Some(made_by) => EmbeddedError::OtherMajor { cluster: self.cluster.to_path_buf(), made_by, tried },
            None => EmbeddedError::NoBinaries { minimum: MINIMUM, tried },
        })
    }

    fn fetched(&self) -> Result<Binaries, String> {
        if self.made_by.is_some_and(|major| major != npm::MAJOR) {
            return Err(format!("npm: has version {}", npm::MAJOR));
        }
        let cache = npm::cache_dir()?;
        let dir = npm::cached_or_fetched(&cache, "npm", self.unwanted).map_err(|reason| format!("npm: {reason}"))?;
        self.probe(&dir).map_err(|reason| format!("{}: {reason}", dir.display()))
    }

    /// Whether the folder serves: by running it, which also tells of missing libraries and closed directories.
    fn probe(&self, dir: &Path) -> Result<Binaries, String> {
        let (postgres, initdb) = (dir.join("postgres"), dir.join("initdb"));
        if let Some(missing) = [&postgres, &initdb].into_iter().find(|program| !program.is_file()) {
            return Err(format!("there is no {}", missing.display()));
        }
        let mut command = self.launcher.command(&postgres, AtParentsDeath::Kill);
        let outcome = tool::run(command.arg("--version"), None, Duration::from_secs(10), self.unwanted);
        let outcome = outcome.map_err(|error| format!("it does not run: {error}"))?;
        let Some((major, version)) = parse_version(&outcome.text).filter(|_| outcome.status.success()) else {
            return Err(format!("it does not run: {}", outcome.last_words()));
        };
        match self.made_by {
            _ if major < MINIMUM => Err(format!("version {version} is too old")),
            Some(made_by) if major != made_by => {
                Err(format!("version {version}, but the database was made by {made_by}"))
            }
            _ => Ok(Binaries { dir: dir.to_path_buf(), major, version }),
        }
    }
}

/// From "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
fn parse_version(text: &str) -> Option<(u32, String)> {
    let version = text.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
    let digits = version.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(version.len());
    Some((version[..digits].parse().ok()?, version.to_owned()))
}

/// The system's folders by version, newest first.
fn versioned() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (above, below) in VERSIONED {
        let Ok(entries) = fs::read_dir(above) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            let version = name.strip_prefix("pgsql-").or_else(|| name.strip_prefix("postgresql@")).unwrap_or(name);
            if let Ok(major) = version.parse::<u32>() {
                found.push((major, entry.path().join(below)));
            }
        }
    }
    // Stable: among equals the order of the places stays.
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, dir)| dir).filter(|dir| dir.join("postgres").is_file()).collect()
}

/// Links followed: some systems link `postgres` into a folder where its companions are not.
fn on_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&path).filter_map(|dir| fs::canonicalize(dir.join("postgres")).ok());
    programs.filter_map(|program| program.parent().map(Path::to_path_buf)).collect()
}

fn of_pg_config() -> Vec<PathBuf> {
    let Ok(outcome) = tool::run(Command::new("pg_config").arg("--bindir"), None, Duration::from_secs(10), &|| false)
    else {
        return Vec::new();
    };
    let dir = PathBuf::from(outcome.text.trim());
    // Client libraries bring pg_config without a server.
    if outcome.status.success() && dir.join("postgres").is_file() { vec![dir] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some((15, "15.18".into())));
        assert_eq!(parse_version("postgres (PostgreSQL) 19beta1"), Some((19, "19beta1".into())));
        assert_eq!(parse_version("postgres: error while loading shared libraries"), None);
    }
}
