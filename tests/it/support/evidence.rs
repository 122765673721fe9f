//! What the search for secrets goes through once the suite is over (`examples/with_postgres`): the secrets that tests
//! used, the logs of their servers, the errors that people were answered. The audit trails are in the databases.
//!
//! Secrets are known by the names that they go under in inputs and answers; what goes under none is told by
//! [`secret`].

use std::{
    collections::BTreeSet,
    fs::File,
    io::Write,
    path::PathBuf,
    sync::{Mutex, Once, PoisonError},
};

use serde_json::Value;
use tracing_subscriber::{EnvFilter, fmt};

/// Shorter ones would be found everywhere.
const SHORTEST: usize = 8;

/// Of longer ones the beginning is searched for.
const LONGEST: usize = 256;

/// Names of values that are secret, in lower case; `token` is found in `accessToken` too.
const NAMES: [&str; 9] = [
    "password",
    "token",
    "secret",
    "ticket",
    "recoverycode",
    "connectionstring",
    "anonkey",
    "servicerolekey",
    "apikey",
];

/// The directory, where the run has one.
fn directory() -> Option<PathBuf> {
    std::env::var_os("OGELBASE_TEST_EVIDENCE").map(PathBuf::from)
}

fn append(kind: &str, text: &str) {
    let Some(directory) = directory() else { return };
    let path = directory.join(format!("{kind}.{}", std::process::id()));
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{text}\n").as_bytes()).unwrap();
}

/// Tells that this text is a secret that a test uses.
pub fn secret(text: &str) {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let text: String = text.chars().take(LONGEST).collect();
    if text.len() >= SHORTEST && !text.contains('\n') && told.insert(text.clone()) {
        append("secrets", &text);
    }
}

/// Tells of every text in it that goes under the name of a secret, or is a key by its looks.
pub fn secrets_in(value: &Value) {
    walk(value, false);
}

fn is_key(text: &str) -> bool {
    text.starts_with("ogb_") && text.len() > 12
}

fn is_address(text: &str) -> bool {
    text.contains('@') && !text.contains(char::is_whitespace) || text.starts_with("ogb_") && !is_key(text)
}

fn walk(value: &Value, named: bool) {
    match value {
        // A key's prefix is shown to everybody who may see the key, and an address that was tried as a password is none.
        Value::String(text) if (named && !is_address(text)) || is_key(text) => secret(text),
        Value::Array(items) => items.iter().for_each(|item| walk(item, named)),
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.to_lowercase();
                walk(member, NAMES.iter().any(|known| name.contains(known)));
            }
        }
        _ => {}
    }
}

/// Keeps the errors of an answer.
pub fn errors_of(answer: &Value) {
    if let Some(errors) = answer.get("errors") {
        append("errors", &errors.to_string());
    }
}

/// Keeps the log of a server that was a process of its own.
pub fn log_of_a_process(text: &str) {
    append("log-of-a-process", text);
}

/// Plants a secret that the search must find in everything that it goes through.
pub fn canary(text: &str) {
    secret(text);
    append("canaries", text);
}

/// From now on what the servers of this process log is kept, and more of it than an operator would have.
pub fn keep_the_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Some(directory) = directory() else { return };
        let path = directory.join(format!("log.{}", std::process::id()));
        let file = File::options().create(true).append(true).open(path).unwrap();
        let filter = EnvFilter::new("debug,hyper_util=info,ogelbase=trace");
        // A test that has a subscriber of its own keeps it.
        let _ = fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).try_init();
    });
}
