//! Whose word counts for where a request comes from: the address that back-off, sessions and the audit trail go by.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};
use ipnetwork::IpNetwork;

use crate::config::ProxyHeader;

/// The reverse proxies in front of this server.
#[derive(Debug, Clone)]
pub(super) struct Proxies {
    trusted: Vec<IpNetwork>,
    header: ProxyHeader,
}

impl Proxies {
    /// Those with an address in these networks, which write this header.
    pub(super) fn new(trusted: Vec<IpNetwork>, header: ProxyHeader) -> Self {
        Self { trusted, header }
    }

    /// Whether this is one of them.
    pub(super) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// Who makes the request that comes from `peer`: each proxy adds whom it heard, so of the list the last who is no
    /// proxy of ours, and nobody's word counts before theirs.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let (name, read) = match self.header {
            ProxyHeader::XForwardedFor => (HeaderName::from_static("x-forwarded-for"), address as fn(&str) -> _),
            ProxyHeader::Forwarded => (header::FORWARDED, address_of_element as fn(&str) -> _),
        };
        // A comma always parts two: no address has one, and who writes one into a quoted text deceives nobody but
        // themselves.
        let lines = headers.get_all(name);
        let hops = lines.iter().flat_map(|line| line.to_str().unwrap_or_default().split(','));
        let mut hops: Vec<&str> = hops.collect();
        while self.trust(client)
            && let Some(hop) = hops.pop().and_then(read)
        {
            client = hop;
        }
        client
    }
}

/// The address of an element of `Forwarded`, such as `for=203.0.113.7;proto=https`.
fn address_of_element(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(node.trim().trim_matches('"'))
}

/// An address with or without a port, as both headers have them.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}
