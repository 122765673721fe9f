//! How a PostgreSQL program is started: through our own executable, under a hidden sub-command.
//!
//! Between fork and exec the child has to give up root and to ask for a signal at its parent's death. The standard library's hook for that
//! is `unsafe`; a process of our own that does both and then becomes PostgreSQL (`exec`, same pid) needs none.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use super::account::Account;

/// The hidden sub-command: `ogelbase __postgres ..` must do nothing but call [`exec_child`].
pub const SUBCOMMAND: &str = "__postgres";

/// What becomes of the child when its parent dies without a word.
#[derive(Clone, Copy, Debug)]
pub(super) enum AtParentsDeath {
    /// The server process: SIGQUIT, PostgreSQL's "immediate" shutdown. It ends within moments whatever its sessions, the disk or a
    /// checkpoint do, and takes its children and socket along; the next start replays the log, as after a power cut, and loses nothing
    /// acknowledged. SIGINT ("fast") would write a checkpoint first and keep the next start waiting, for good if the disk is full.
    Quit,
    /// initdb and the like: what they were making is thrown away anyway.
    Kill,
}

impl AtParentsDeath {
    fn name(self) -> &'static str {
        match self {
            Self::Quit => "quit",
            Self::Kill => "kill",
        }
    }
}

/// Starts PostgreSQL's programs as the right user, bound to the calling thread's life.
#[derive(Clone, Debug)]
pub(super) struct Launcher {
    executable: PathBuf,
    account: Option<Account>,
}

impl Launcher {
    pub(super) fn new(executable: PathBuf, account: Option<Account>) -> Self {
        Self { executable, account }
    }

    /// The command for `program`. The thread that spawns it must outlive it: on Linux the signal comes when that *thread* ends.
    pub(super) fn command(&self, program: &Path, death: AtParentsDeath) -> Command {
        let mut command = Command::new(&self.executable);
        command.arg(SUBCOMMAND).arg(std::process::id().to_string()).arg(death.name());
        match &self.account {
            Some(account) => command.arg(format!("{}:{}", account.uid, account.gid)),
            None => command.arg("-"),
        };
        command.arg(program);
        // Our environment holds secrets and PG* variables; the database needs neither. TZ spares initdb a search through all zones.
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC");
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // Older initdb gives up when it cannot read the directory it stands in, and that may be below /root.
        command.current_dir("/");
        // A group of its own: Ctrl-C in a terminal is for the server, which then stops the database in good order.
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// Becomes the PostgreSQL program named in the arguments (those after [`SUBCOMMAND`]). Returns only when that fails.
pub fn exec_child(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Err(error) = try_exec(args.into_iter());
    // The parent reads our standard error as it reads PostgreSQL's.
    eprintln!("FATAL:  cannot start PostgreSQL: {error}");
    ExitCode::from(127)
}

fn try_exec(mut args: impl Iterator<Item = OsString>) -> io::Result<std::convert::Infallible> {
    let parent: u32 = parse(args.next().as_deref())?;
    let death = args.next();
    let account = args.next();
    let program = args.next().ok_or_else(usage)?;

    let mut command = Command::new(program);
    command.args(args);
    if let Some(account) = account.filter(|account| account != "-") {
        let (uid, gid) = account.to_str().and_then(|text| text.split_once(':')).ok_or_else(usage)?;
        become_user(&mut command, parse(Some(OsStr::new(uid)))?, parse(Some(OsStr::new(gid)))?)?;
    }
    die_with_parent(death.as_deref(), parent)?;
    Err(command.exec())
}

#[cfg(target_os = "linux")]
fn become_user(_: &mut Command, uid: u32, gid: u32) -> io::Result<()> {
    use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
    let gid = Gid::from_raw(gid);
    // Root's other groups must not come along, and the account's own are not needed.
    setgroups(&[gid])?;
    setgid(gid)?;
    setuid(Uid::from_raw(uid))?;
    Ok(())
}

/// Elsewhere the standard library changes the user at `exec`; only Linux needs it done earlier, for the death signal.
#[cfg(not(target_os = "linux"))]
fn become_user(command: &mut Command, uid: u32, gid: u32) -> io::Result<()> {
    command.gid(gid).uid(uid);
    Ok(())
}

/// Must come after the change of user, which the kernel answers by forgetting the signal.
#[cfg(target_os = "linux")]
fn die_with_parent(death: Option<&OsStr>, parent: u32) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    let signal = if death == Some(OsStr::new(AtParentsDeath::Quit.name())) { Signal::QUIT } else { Signal::KILL };
    set_parent_process_death_signal(Some(signal))?;
    // It may have died before we asked.
    match getppid() {
        Some(pid) if u32::try_from(pid.as_raw_nonzero().get()) == Ok(parent) => Ok(()),
        _ => Err(io::Error::other("the server that wanted it is gone")),
    }
}

/// No such signal here: the next start finds what is left over and ends it.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: Option<&OsStr>, _: u32) -> io::Result<()> {
    Ok(())
}

fn parse<T: std::str::FromStr>(text: Option<&OsStr>) -> io::Result<T> {
    text.and_then(OsStr::to_str).and_then(|text| text.parse().ok()).ok_or_else(usage)
}

fn usage() -> io::Error {
    io::Error::other("this sub-command is for the server's own use")
}
