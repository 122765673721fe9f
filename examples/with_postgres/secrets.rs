//! The search for secrets after a run of tests: whether any that the tests used is in a log, an error or an audit trail.
//!
//! Tests write into the directory of `OGELBASE_TEST_EVIDENCE` (tests/it/support/evidence.rs): `secrets.PID` and
//! `canaries.PID` hold one text a line, every other file is searched. The audit trails, and what jobs and probes noted
//! of errors, are read out of the tests' databases.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs, io,
    path::PathBuf,
    time::Instant,
};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use ogelbase::db::operator;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Where a canary must be found.
const KINDS: [&str; 4] = ["log", "log-of-a-process", "errors", "trail"];

/// What is read out of each database. Of the audit trail, which the templates fill with a lot, only what is of this run.
const TRAIL: &str = "SELECT coalesce((SELECT string_agg(a::text, E'\n') FROM platform.audit_logs a
                                      WHERE created_at > now() - make_interval(secs => $1)), '')
                        || coalesce((SELECT string_agg(message, E'\n') FROM platform.database_connection_logs), '')
                        || coalesce((SELECT string_agg(health_check_error, E'\n') FROM platform.databases), '')
                        || coalesce((SELECT string_agg(last_error, E'\n') FROM platform_private.outbox), '')
                        || coalesce((SELECT string_agg(last_error, E'\n') FROM platform_private.jobs), '') AS trail";

/// Characters around a find that are shown.
const AROUND: usize = 60;

/// The directory that the tests write into.
#[derive(Debug)]
pub struct Evidence {
    pub directory: PathBuf,
    begun: Instant,
}

/// What was found, by secret and place.
#[derive(Default)]
struct Found {
    leaks: BTreeMap<(String, String), String>,
    canaries: BTreeSet<String>,
    bytes: usize,
}

impl Evidence {
    /// An empty directory for this run.
    pub fn begin(target: &std::path::Path) -> io::Result<Self> {
        let directory = target.join(format!("test-evidence-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        Ok(Self { directory: fs::canonicalize(directory)?, begun: Instant::now() })
    }

    /// Searches; whether all is well. Without a canary a search proves nothing, which fails `whole` suites.
    pub async fn search(&self, url: &str, whole: bool) -> Result<bool, Box<dyn Error>> {
        let started = Instant::now();
        let secrets: Vec<String> = self.lines("secrets")?.into_iter().collect();
        let canaries = self.lines("canaries")?;
        if secrets.is_empty() {
            return Ok(!whole);
        }
        // The kind that is made in linear time, whatever the secrets look like.
        let finder = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&secrets)?;
        let searched = Searched { finder, secrets: &secrets, canaries: &canaries };
        let mut found = Found::default();
        for (kind, path) in self.files()? {
            if kind != "secrets" && kind != "canaries" {
                searched.text(&kind, &kind, &fs::read(path)?, &mut found);
            }
        }
        let databases = databases(url).await?;
        for name in &databases {
            let trail = trail(url, name, self.begun.elapsed().as_secs_f64()).await?;
            searched.text("trail", &format!("the trail of {name}"), trail.as_bytes(), &mut found);
        }
        let missed: Vec<&str> = KINDS.into_iter().filter(|kind| !found.canaries.contains(*kind)).collect();
        for ((secret, place), excerpt) in &found.leaks {
            eprintln!("secrets: one that begins with {:?} is in {place}: {excerpt}", head(secret));
        }
        eprintln!(
            "secrets: {} that the tests used, {} places with one, in {} kB of logs, errors and trails of {} databases ({:.1} s)",
            secrets.len(),
            found.leaks.len(),
            found.bytes / 1_000,
            databases.len(),
            started.elapsed().as_secs_f64()
        );
        if canaries.is_empty() && !whole {
            eprintln!("secrets: this run planted no canary, so the search proves nothing (test evidence::)");
            return Ok(found.leaks.is_empty());
        }
        if !missed.is_empty() {
            eprintln!("secrets: the search is blind: it did not find the canary in {}", missed.join(", "));
        }
        Ok(found.leaks.is_empty() && missed.is_empty())
    }

    /// Removes what was gathered.
    pub fn forget(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.directory)
    }

    /// The files with their kinds, which stand before the process's id.
    fn files(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            let kind = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
            files.push((kind, path));
        }
        Ok(files)
    }

    fn lines(&self, wanted: &str) -> io::Result<BTreeSet<String>> {
        let mut lines = BTreeSet::new();
        for (_, path) in self.files()?.into_iter().filter(|(kind, _)| kind == wanted) {
            lines.extend(fs::read_to_string(path)?.lines().filter(|line| !line.is_empty()).map(str::to_owned));
        }
        Ok(lines)
    }
}

struct Searched<'a> {
    finder: AhoCorasick,
    secrets: &'a [String],
    canaries: &'a BTreeSet<String>,
}

impl Searched<'_> {
    fn text(&self, kind: &str, place: &str, text: &[u8], found: &mut Found) {
        found.bytes += text.len();
        for hit in self.finder.find_iter(text) {
            let secret = &self.secrets[hit.pattern().as_usize()];
            if self.canaries.contains(secret) {
                found.canaries.insert(kind.to_owned());
                continue;
            }
            found.leaks.entry((secret.clone(), place.to_owned())).or_insert_with(|| {
                let before = String::from_utf8_lossy(&text[hit.start().saturating_sub(AROUND)..hit.start()]);
                let after = String::from_utf8_lossy(&text[hit.end()..text.len().min(hit.end() + AROUND)]);
                format!("{before}[...]{after}").replace('\n', " ")
            });
        }
    }
}

/// Enough to find it in the tests.
fn head(secret: &str) -> String {
    secret.chars().take(6).collect()
}

/// The tests' own databases, not the templates that they are copied from.
async fn databases(url: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let connection = operator::connect_as_login(url).await?;
    let sql = r"SELECT datname::text AS name FROM pg_database WHERE datname ~ '^ogelbase_test_[0-9a-f]{32}$' AND datallowconn AND datconnlimit <> -2 ORDER BY 1";
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    connection.close().await?;
    Ok(rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?)
}

/// What the last `seconds` left. Nothing of a database that is without our tables, as those of the migrations' tests are.
async fn trail(url: &str, name: &str, seconds: f64) -> Result<String, Box<dyn Error>> {
    let mut own = url::Url::parse(url)?;
    own.set_path(name);
    let connection = operator::connect_as_login(own.as_str()).await?;
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, TRAIL, [seconds.into()]);
    let row = connection.query_one_raw(statement).await;
    connection.close().await?;
    Ok(match row {
        Ok(Some(row)) => row.try_get("", "trail")?,
        Ok(None) | Err(_) => String::new(),
    })
}
