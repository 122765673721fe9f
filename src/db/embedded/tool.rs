//! Running a program to its end, with what it said, bounded in time and ended when the server no longer wants it.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// How a program ended and what it wrote.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: ExitStatus,
    /// Standard output and standard error as they came.
    pub(super) text: String,
}

impl Outcome {
    /// The last lines as one, for a message.
    pub(super) fn last_words(&self) -> String {
        let words = last_words(self.text.lines().map(str::to_owned).collect::<Vec<_>>());
        if words.is_empty() { describe(self.status) } else { words }
    }
}

/// Runs `command` (in a process group of its own) until it ends, `limit` passes or `unwanted` says so.
pub(super) fn run(
    command: &mut Command,
    input: Option<&str>,
    limit: Duration,
    unwanted: &dyn Fn() -> bool,
) -> io::Result<Outcome> {
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let text = Arc::new(Mutex::new(Vec::new()));
    let out = child.stdout.take().map(|pipe| collect(pipe, Arc::clone(&text)));
    let err = child.stderr.take().map(|pipe| collect(pipe, Arc::clone(&text)));
    if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
        // A program that ended without reading tells why by its status.
        let _ = pipe.write_all(input.as_bytes());
    }

    let begun = Instant::now();
    let mut late = false;
    while !has_ended(&child)? {
        if !late && (begun.elapsed() > limit || unwanted()) {
            late = true;
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let status = child.wait()?;
    // A grandchild may hold the pipes open; what it would still say is not worth waiting for.
    let all_read = || out.iter().chain(&err).all(std::thread::JoinHandle::is_finished);
    wait_until(Duration::from_millis(500), all_read);
    if late {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "it took too long"));
    }
    let text = String::from_utf8_lossy(&text.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
    Ok(Outcome { status, text })
}

/// Whether the child ended; it stays a zombie, so that its pid remains its own until `wait`.
pub(super) fn has_ended(child: &Child) -> io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    Ok(rustix::io::retry_on_intr(|| waitid(WaitId::Pid(Pid::from_child(child)), options))?.is_some())
}

/// Blocks until the child ended; it stays a zombie.
pub(super) fn await_end(child: &Child) -> io::Result<()> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    rustix::io::retry_on_intr(|| waitid(WaitId::Pid(Pid::from_child(child)), options))?;
    Ok(())
}

/// Waits for a condition, but not for ever.
pub(super) fn wait_until(limit: Duration, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() && begun.elapsed() < limit {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The last few lines as one.
pub(super) fn last_words(lines: impl IntoIterator<Item = String>) -> String {
    let lines: Vec<_> = lines.into_iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(8)..].join("; ")
}

/// "exit code 1" or "signal 9".
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no exit code".to_owned(),
    }
}

fn collect(mut pipe: impl Read + Send + 'static, text: Arc<Mutex<Vec<u8>>>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = pipe.read(&mut buffer) {
            text.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..read]);
        }
    })
}
