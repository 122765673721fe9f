//! Whom an address stands for, where callers are counted by theirs.

use std::net::{IpAddr, Ipv6Addr};

/// The address itself; over IPv6 its network, because whoever has one address there has at least 2^64 of them.
#[must_use]
pub fn of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}
