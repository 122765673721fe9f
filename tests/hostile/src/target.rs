//! The server that all this is done to.

use std::{fs, net::SocketAddr};

/// A running server.
#[derive(Debug)]
pub struct Target {
    /// Where it serves.
    pub address: SocketAddr,
    pid: u32,
}

impl Target {
    /// The one that the environment names; on this machine alone.
    pub fn of_environment() -> Self {
        let url = std::env::var("OGELBASE_URL").expect("run this with `make hostile`");
        let address: SocketAddr = url.trim_start_matches("http://").parse().expect("an address");
        assert!(address.ip().is_loopback(), "{address} is not of this machine");
        let pid = std::env::var("OGELBASE_PID").expect("run this with `make hostile`").parse().expect("a number");
        Self { address, pid }
    }

    pub fn url(&self) -> String {
        format!("http://{}/graphql", self.address)
    }

    /// Memory that is in use, in KiB; 0 when the process has gone.
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    pub fn lives(&self) -> bool {
        self.resident_kib() > 0
    }
}
