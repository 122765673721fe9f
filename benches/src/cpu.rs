//! Processor time of processes, from /proc (proc(5)).

use std::{fs, time::Duration};

/// Ticks of /proc in a second, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// One process, or PostgreSQL's many.
#[derive(Debug)]
pub enum Processes {
    /// One.
    One(u32),
    /// A postmaster and all that it started.
    Postgres(u32),
}

impl Processes {
    pub fn own() -> Self {
        Self::One(std::process::id())
    }

    /// User and system time so far, of those that have ended since as well.
    pub fn used(&self) -> Duration {
        let ticks: u64 = match self {
            Self::One(pid) => stat(*pid).map_or(0, |stat| stat.own),
            Self::Postgres(postmaster) => {
                let ended = stat(*postmaster).map_or(0, |stat| stat.own + stat.ended_children);
                ended + processes().filter(|stat| stat.parent == *postmaster).map(|stat| stat.own).sum::<u64>()
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "ticks of minutes")]
        Duration::from_secs_f64(ticks as f64 / TICKS)
    }
}

struct Stat {
    parent: u32,
    own: u64,
    ended_children: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold spaces and parentheses; what follows the last one may not.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: ticks(11) + ticks(12),
        ended_children: ticks(13) + ticks(14),
    })
}

fn processes() -> impl Iterator<Item = Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(stat)
}

/// The process that started this one.
pub fn parent_of(pid: u32) -> Option<u32> {
    stat(pid).map(|stat| stat.parent)
}
