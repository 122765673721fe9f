//! The real binary, as a process of its own, and the private PostgreSQL that it may have started.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use ogelbase::{auth::password::Passwords, db::operator};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use uuid::Uuid;

use super::{actors::SIGN_IN, db::Sql, evidence};

/// Cheap passwords: [`make_account`] stores such hashes.
pub const CHEAP: [(&str, &str); 2] = [("OGELBASE_ARGON2_MEMORY_KIB", "8"), ("OGELBASE_ARGON2_PASSES", "1")];

/// A directory of the test's own, removed at its end. A server that runs in it keeps its files in `data`.
#[derive(Debug)]
pub struct Home(pub PathBuf);

impl Home {
    pub fn new() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("ogelbase-it-bin-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let path = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// The binary with these arguments in this directory, and with no setting from outside.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_ogelbase"), arguments)
    }

    /// Any program, as [`Home::command`].
    pub fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.0).kill_on_drop(true).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_str().unwrap_or_default();
            let theirs = text.starts_with("OGELBASE_") || text == "DATABASE_URL" || text.starts_with("PG");
            if theirs && text != "PG_BIN_DIR" {
                command.env_remove(&name);
            }
        }
        command.env("OGELBASE_DATA_DIR", self.data()).env("OGELBASE_LISTEN", "127.0.0.1:0");
        command
    }

    /// Runs the binary to its end.
    pub async fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Outcome {
        Outcome::of(self.command(arguments).envs(settings.iter().copied())).await
    }

    /// Starts a server and waits until it serves. What it logs is appended to [`Home::log`].
    pub async fn serve(&self, settings: &[(&str, &str)]) -> Serving {
        let mut command = self.command(&["serve"]);
        command.envs(settings.iter().copied());
        self.spawn(command).await.unwrap_or_else(|| panic!("the server did not start:\n{}", self.log()))
    }

    /// As [`Home::serve`]; nothing when the process ended before it served.
    pub async fn spawn(&self, mut command: Command) -> Option<Serving> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.0.join("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(url) = line.strip_prefix("GraphQL   ") {
                let url = url.strip_suffix("/graphql").unwrap().to_owned();
                return Some(Serving { child, url, http: reqwest::Client::new() });
            }
        }
        None
    }

    /// What the servers of this directory wrote to their standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(self.0.join("log")).unwrap_or_default()
    }

    /// The private PostgreSQL's pid and address, once it is ready.
    pub fn postgres(&self) -> Option<(u32, String)> {
        let text = fs::read_to_string(self.data().join("postgres/postmaster.pid")).ok()?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let pid = lines.first()?.parse().ok()?;
        let socket_dir = lines.get(4)?;
        (lines.get(7) == Some(&"ready")).then_some(())?;
        let url = format!("postgres:///ogelbase?host={socket_dir}&port=5432&user=ogelbase_login&sslmode=disable");
        Some((pid, url))
    }

    /// The private PostgreSQL as `ogelbase_service`.
    pub async fn service(&self) -> Sql {
        let (_, url) = self.postgres().expect("a private PostgreSQL");
        Sql(operator::connect_as_service(&url).await.unwrap())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        evidence::log_of_a_process(&self.log());
        // Where postgres cannot reach the directory, the cluster is elsewhere and a link leads there.
        if let Ok(elsewhere) = fs::read_link(self.data().join("postgres")) {
            let _ = elsewhere.parent().map(fs::remove_dir_all);
        }
        // A database that was killed rather than stopped may still be writing.
        for _ in 0..100 {
            match fs::remove_dir_all(&self.0) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                _ => break,
            }
        }
    }
}

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Outcome {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    pub async fn of(command: &mut Command) -> Self {
        let limit = Duration::from_secs(120);
        let output = tokio::time::timeout(limit, command.output()).await.expect("an end in time").unwrap();
        let Output { status, stdout, stderr } = output;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(stdout), text(stderr));
        evidence::log_of_a_process(&stderr);
        Self { success: status.success(), stdout, stderr }
    }

    /// What it printed, when it went well.
    #[track_caller]
    pub fn printed(&self) -> &str {
        assert!(self.success, "{}", self.stderr);
        &self.stdout
    }

    /// What it said of why it failed.
    #[track_caller]
    pub fn refusal(&self) -> &str {
        assert!(!self.success, "it should have failed, and printed {}", self.stdout);
        &self.stderr
    }
}

/// A server process. Killed when dropped.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    pub http: reqwest::Client,
}

impl Serving {
    /// Asks GraphQL; the status, and the answer where it is one.
    pub async fn ask(&self, token: Option<&str>, query: &str, variables: Value) -> (u16, Value) {
        ask(&self.http, &self.url, token, query, variables).await.expect("an answer")
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Tokens {
        let (_, answer) = self.ask(None, SIGN_IN, json!({"input": {"email": email, "password": password}})).await;
        Tokens::from(&answer).unwrap_or_else(|| panic!("no sign-in: {answer:#}"))
    }

    /// The status of a GET.
    pub async fn status(&self, path: &str) -> u16 {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap().status().as_u16()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(pid(self.child.id().expect("a living server")), signal).unwrap();
    }

    /// Kills it and collects it; what it started is not waited for.
    pub async fn kill_9(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for its end.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        tokio::time::timeout(within, self.child.wait()).await.expect("an end in time").unwrap()
    }

    /// Stops it in good order.
    pub async fn stop(mut self) {
        self.signal(Signal::TERM);
        let status = self.ended(Duration::from_secs(30)).await;
        assert!(status.success(), "{status}");
    }
}

/// What a sign-in gave.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Tokens {
    pub fn from(answer: &Value) -> Option<Self> {
        let token = |name: &str| answer["data"]["signIn"][name].as_str().map(str::to_owned);
        Some(Self { access: token("accessToken")?, refresh: token("refreshToken")? })
    }
}

/// Asks GraphQL of a server that may be gone.
pub async fn ask(
    http: &reqwest::Client,
    url: &str,
    token: Option<&str>,
    query: &str,
    variables: Value,
) -> reqwest::Result<(u16, Value)> {
    evidence::secrets_in(&variables);
    let body = json!({ "query": query, "variables": variables });
    let mut request = http.post(format!("{url}/graphql")).json(&body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body: Value = response.json().await?;
    evidence::secrets_in(&body["data"]);
    evidence::errors_of(&body);
    Ok((status, body))
}

/// A user who signs in with this password, quickly under [`CHEAP`]; `sql` works as the service role.
pub async fn make_account(sql: &Sql, email: &str, password: &str) -> Uuid {
    let hash = Passwords::new(8, 1, 1).unwrap().hash(password.to_owned()).await.unwrap();
    let insert = "INSERT INTO platform.users (email, password_hash, email_confirmed_at) VALUES ($1, $2, now())
                  RETURNING id";
    sql.one(insert, [email.into(), hash.into()]).await
}

pub fn pid(number: u32) -> Pid {
    i32::try_from(number).ok().and_then(Pid::from_raw).expect("a pid")
}

/// Whether the process is there and more than a zombie.
pub fn lives(number: u32) -> bool {
    test_kill_process(pid(number)).is_ok()
        && fs::read(Path::new("/proc").join(number.to_string()).join("cmdline")).is_ok_and(|line| !line.is_empty())
}

/// Waits for `condition` and says how long that took.
pub async fn until(what: &str, within: Duration, mut condition: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < within, "in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    begun.elapsed()
}
