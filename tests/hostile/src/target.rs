//! The server that all this is done to.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use tokio::net::{TcpSocket, TcpStream};

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

/// Somebody who means harm, from an address of their own: what is counted by address is to count for them alone.
#[derive(Debug)]
pub struct Attacker<'t> {
    /// Whom they mean it to.
    pub target: &'t Target,
    address: Ipv4Addr,
}

impl<'t> Attacker<'t> {
    /// One for each number.
    pub fn new(target: &'t Target, number: u8) -> Self {
        Self { target, address: Ipv4Addr::new(127, 0, 1, number) }
    }

    pub fn address(&self) -> IpAddr {
        IpAddr::V4(self.address)
    }

    pub async fn connect(&self) -> Option<TcpStream> {
        let socket = TcpSocket::new_v4().ok()?;
        socket.bind((self.address(), 0).into()).ok()?;
        // It goes without a good-bye, and leaves no port behind that this machine keeps for a minute.
        socket.set_zero_linger().ok()?;
        socket.connect(self.target.address).await.ok()
    }
}
