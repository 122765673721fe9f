//! The thread that starts the database, waits for its end and starts it again. It lives as long as the database should: on Linux the death
//! signal comes when the thread that spawned a process ends, not when the program does.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::{oneshot, watch};

use super::binaries::{Binaries, Search};
use super::error::EmbeddedError;
use super::journal::Journal;
use super::launch::{AtParentsDeath, Launcher};
use super::place::Place;
use super::{Settings, Status, cluster, processes, tool};

/// More often within a minute, and starting it again is not the cure.
const RESTARTS_A_MINUTE: usize = 5;

/// What the handle and the thread share.
#[derive(Debug, Default)]
pub(super) struct Control {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    postmaster: Option<Pid>,
}

impl Control {
    /// Asks for the end: no restart any more, and a fast shutdown of what runs.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        if !state.stopping {
            state.stopping = true;
            send(state.postmaster, Signal::INT);
        }
    }

    /// The postmaster stays a zombie until it is forgotten here, so the signal reaches it and nobody else.
    pub(super) fn signal(&self, signal: Signal) {
        send(self.state().postmaster, signal);
    }

    fn is_stopping(&self) -> bool {
        self.state().stopping
    }

    fn spawn(&self, command: &mut Command, path: &Path) -> Result<Child, EmbeddedError> {
        let mut state = self.state();
        if state.stopping {
            return Err(EmbeddedError::CalledOff);
        }
        let child = command.spawn().map_err(EmbeddedError::io("run", path))?;
        state.postmaster = Some(Pid::from_child(&child));
        Ok(child)
    }

    /// Collects an ended child. How it ended is for a message only.
    fn reap(&self, child: &mut Child) -> String {
        let mut state = self.state();
        state.postmaster = None;
        child.wait().map_or_else(|error| error.to_string(), tool::describe)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send(pid: Option<Pid>, signal: Signal) {
    if let Some(pid) = pid {
        // It may have ended by itself.
        let _ = kill_process(pid, signal);
    }
}

/// The thread's whole life. Tells `started` the socket's directory once the database is ready, or why it is not.
pub(super) fn run(
    settings: &Settings,
    control: &Arc<Control>,
    status: &watch::Sender<Status>,
    started: oneshot::Sender<Result<PathBuf, EmbeddedError>>,
) {
    let mut keeper = match Keeper::prepare(settings, control) {
        Ok(keeper) => keeper,
        Err(error) => return drop(started.send(Err(error))),
    };
    let mut running = match keeper.launch() {
        Ok(running) => running,
        Err(error) => {
            // The locks go before the answer: who tries again at once must not find himself in the way.
            drop(keeper);
            return drop(started.send(Err(error)));
        }
    };
    status.send_replace(Status::Running { pid: running.child.id() });
    let _ = started.send(Ok(keeper.socket_dir.clone()));

    let end = loop {
        let reason = running.wait(control);
        if control.is_stopping() {
            break Status::Stopped;
        }
        tracing::error!(reason, "the database ended unexpectedly");
        status.send_replace(Status::Restarting);
        running = match keeper.restart(reason) {
            Ok(running) => running,
            Err(_) if control.is_stopping() => break Status::Stopped,
            Err(error) => {
                tracing::error!(%error, "the database stays down");
                break Status::Failed(Arc::new(error));
            }
        };
        tracing::warn!(pid = running.child.id(), "the database runs again");
        status.send_replace(Status::Running { pid: running.child.id() });
    };
    if let Err(error) = processes::clear(&keeper.place.cluster, &keeper.place.mark()) {
        tracing::warn!(%error, "after the end of the database");
    }
    drop(keeper);
    status.send_replace(end);
}

struct Keeper<'a> {
    settings: &'a Settings,
    control: &'a Arc<Control>,
    place: Place,
    launcher: Launcher,
    binaries: Binaries,
    socket_dir: PathBuf,
    restarts: VecDeque<Instant>,
}

struct Running {
    child: Child,
    journal: Option<Journal>,
}

impl<'a> Keeper<'a> {
    fn prepare(settings: &'a Settings, control: &'a Arc<Control>) -> Result<Self, EmbeddedError> {
        let unwanted = || control.is_stopping();
        let place = Place::take(&settings.data_dir)?;
        processes::clear(&place.cluster, &place.mark())?;
        place.sweep();
        let launcher = Launcher::new(settings.launcher.clone(), place.account.clone());
        let made_by = cluster::made_by(&place.cluster)?;
        let search = Search { launcher: &launcher, made_by, cluster: &place.cluster, unwanted: &unwanted };
        let binaries = search.find(settings.pg_bin_dir.as_deref())?;
        if made_by.is_none() {
            cluster::init(&place, &launcher, &binaries, &unwanted)?;
        }
        let socket_dir = place.socket_dir()?;
        tracing::info!(version = binaries.version, programs = %binaries.dir.display(), cluster = %place.cluster.display(),
            "starting the private PostgreSQL");
        Ok(Self { settings, control, place, launcher, binaries, socket_dir, restarts: VecDeque::new() })
    }

    /// Starts the database and waits until it takes connections, however long it has to recover first.
    fn launch(&self) -> Result<Running, EmbeddedError> {
        let program = self.binaries.program("postgres");
        let mut command = self.launcher.command(&program, AtParentsDeath::Quit);
        command.stdout(Stdio::null()).arg("-D").arg(&self.place.cluster);
        for setting in self.settings() {
            command.args(["-c", &setting]);
        }
        let mut child = self.control.spawn(&mut command, &self.settings.launcher)?;
        let control = Arc::clone(self.control);
        let journal = child.stderr.take().map(|pipe| Journal::follow(pipe, move || control.is_stopping()));
        let mut running = Running { child, journal };

        let mut reported = Instant::now();
        while !cluster::is_ready(&self.place.cluster, running.child.id()) {
            if tool::has_ended(&running.child).unwrap_or(true) {
                let log = running.wait(self.control);
                return Err(EmbeddedError::StartFailed { cluster: self.place.cluster.clone(), log });
            }
            if reported.elapsed() > Duration::from_secs(10) {
                reported = Instant::now();
                tracing::info!("the database is still recovering");
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        Ok(running)
    }

    /// Starts it again after an unexpected end, unless that happened too often lately.
    fn restart(&mut self, mut reason: String) -> Result<Running, EmbeddedError> {
        loop {
            self.restarts.retain(|time| time.elapsed() < Duration::from_secs(60));
            let recent = self.restarts.len();
            if recent >= RESTARTS_A_MINUTE {
                return Err(EmbeddedError::KeptDying { times: recent + 1, reason });
            }
            // At once the first time, then with growing patience.
            let pause = Duration::from_millis(500) * u32::try_from(recent).unwrap_or(u32::MAX);
            tool::wait_until(pause, || self.control.is_stopping());
            self.restarts.push_back(Instant::now());
            // Without our locks another server may be on these files.
            self.place.check_still_ours()?;
            let again = processes::clear(&self.place.cluster, &self.place.mark()).and_then(|()| self.launch());
            match again {
                Ok(running) => return Ok(running),
                Err(error) if self.control.is_stopping() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "the database could not be started again");
                    reason = error.to_string();
                }
            }
        }
    }

    /// On the command line, where they come before anything in the cluster's own files, and change with our version. fsync stays on.
    fn settings(&self) -> Vec<String> {
        // The value is a list of names, each in double quotes if need be.
        let socket_dir = self.socket_dir.display().to_string().replace('"', "\"\"");
        vec![
            format!("cluster_name={}", self.place.mark()),
            "listen_addresses=".to_owned(),
            "port=5432".to_owned(),
            format!("unix_socket_directories=\"{socket_dir}\""),
            "unix_socket_permissions=0700".to_owned(),
            format!("max_connections={}", self.settings.max_connections),
            "shared_buffers=256MB".to_owned(),
            "jit=off".to_owned(),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
            "fsync=on".to_owned(),
            "full_page_writes=on".to_owned(),
            // A request that was given up should not go on working.
            "client_connection_check_interval=1s".to_owned(),
            "log_destination=stderr".to_owned(),
            "logging_collector=off".to_owned(),
            // Our log has its own times.
            "log_line_prefix=".to_owned(),
        ]
    }
}

impl Running {
    /// Waits for its end; the answer says how it ended.
    fn wait(&mut self, control: &Control) -> String {
        if let Err(error) = tool::await_end(&self.child) {
            tracing::warn!(%error, "cannot wait for the database");
        }
        let end = control.reap(&mut self.child);
        let words = self.journal.as_ref().map(Journal::last_words).unwrap_or_default();
        if words.is_empty() { end } else { format!("{end}, after saying: {words}") }
    }
}
