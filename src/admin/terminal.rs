//! A password from the operator: never an argument, which every process of the machine could read.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::{AdminError, check};
use crate::{auth::password, error::Error};

/// Asks twice on a terminal, without showing what is typed; reads one line where standard input is none.
///
/// # Errors
/// [`AdminError::Password`] when it cannot be read, is not fit for one, or the two differ.
pub(super) async fn ask_for_password(email: &str) -> Result<Zeroizing<String>, AdminError> {
    let email = email.to_owned();
    tokio::task::spawn_blocking(move || ask(&email)).await.map_err(Error::internal)?
}

fn ask(email: &str) -> Result<Zeroizing<String>, AdminError> {
    let unread = |error: io::Error| AdminError::Password(format!("cannot be read: {error}"));
    if !io::stdin().is_terminal() {
        let password = read_line().map_err(unread)?;
        check(&password, email)?;
        return Ok(password);
    }
    let silence = Silence::begin().map_err(unread)?;
    let password = prompted("New password: ").map_err(unread)?;
    check(&password, email)?;
    let again = prompted("The same again: ").map_err(unread)?;
    drop(silence);
    if password == again { Ok(password) } else { Err(AdminError::Password("was not typed the same twice".to_owned())) }
}

fn prompted(prompt: &str) -> io::Result<Zeroizing<String>> {
    let mut out = io::stderr();
    write!(out, "{prompt}")?;
    out.flush()?;
    let line = read_line();
    // The line end that was typed was not shown either.
    writeln!(out)?;
    line
}

/// One line without its end. Longer ones than a password may be are cut, and then refused.
fn read_line() -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    let most = u64::try_from(password::MAX_BYTES + 3).unwrap_or(u64::MAX);
    io::stdin().lock().take(most).read_line(&mut line)?;
    let without_end = line.strip_suffix('\n').map_or(line.len(), str::len);
    line.truncate(without_end);
    let without_return = line.strip_suffix('\r').map_or(line.len(), str::len);
    line.truncate(without_return);
    Ok(line)
}

/// The terminal does not show what is typed as long as this lives.
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
