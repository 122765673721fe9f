//! What PostgreSQL writes to its standard error, brought into our log, with the last lines kept for an error message.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::process::ChildStderr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::tool;

const KEPT: usize = 20;

/// Reads until the last process of this database closed its end. If we die, PostgreSQL's writes fail and it goes on.
#[derive(Debug)]
pub(super) struct Journal {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: JoinHandle<()>,
}

impl Journal {
    /// `quiet`: while the server stops, every session's end is an error to PostgreSQL and none to us.
    pub(super) fn follow(pipe: ChildStderr, quiet: impl Fn() -> bool + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT)));
        let kept = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut bytes = Vec::new();
            let mut grave = false;
            while matches!(pipe.read_until(b'\n', &mut bytes), Ok(1..)) {
                let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
                bytes.clear();
                grave = is_grave(&line, grave);
                if grave && !quiet() {
                    tracing::warn!(target: "postgres", "{line}");
                } else {
                    tracing::debug!(target: "postgres", "{line}");
                }
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
        Self { lines, reader }
    }

    /// The last lines of a database that ended.
    pub(super) fn last_words(&self) -> String {
        tool::wait_until(Duration::from_millis(300), || self.reader.is_finished());
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        tool::last_words(lines.iter().cloned())
    }
}

/// WARNING and worse. The further lines of a message (DETAIL, STATEMENT and so on) are not: they hold people's data.
fn is_grave(line: &str, before: bool) -> bool {
    match line.split_once(":  ") {
        Some(("WARNING" | "ERROR" | "FATAL" | "PANIC", _)) => true,
        // A message of several lines goes on with a tab.
        None if line.starts_with('\t') => before,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_grave;

    #[test]
    fn only_the_message_itself_is_grave() {
        assert!(is_grave("ERROR:  duplicate key value violates unique constraint \"users_email_key\"", false));
        assert!(is_grave("\tsecond line", true));
        assert!(!is_grave("DETAIL:  Key (email)=(a@b.example) already exists.", true));
        assert!(!is_grave("LOG:  database system is ready to accept connections", false));
    }
}
