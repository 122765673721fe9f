//! How many may be here at once, in all and from one address.

use std::{
    collections::{HashMap, hash_map},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// Counts who is here.
#[derive(Debug)]
pub(super) struct Doors {
    most: usize,
    most_of_one: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

impl Doors {
    /// So many in all, so many from one address.
    pub(super) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, counts: Mutex::default() })
    }

    /// Lets somebody in until what this returns is dropped, unless it is full. Who is nobody in particular, because they
    /// stand for many, counts in all only.
    pub(super) fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Entry> {
        let address = address.map(neighbourhood);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= self.most {
            return None;
        }
        if let Some(address) = address {
            let of = counts.of.entry(address).or_default();
            // An entry that is not used is there at its most, so that none is left behind.
            if *of >= self.most_of_one {
                return None;
            }
            *of += 1;
        }
        counts.all += 1;
        Some(Entry { doors: Arc::clone(self), address })
    }
}

/// Whom an address stands for: over IPv6 whoever has one has at least 2^64 of them.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// Somebody who is here.
#[derive(Debug)]
pub(super) struct Entry {
    doors: Arc<Doors>,
    address: Option<IpAddr>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut counts = self.doors.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(address) = self.address
            && let hash_map::Entry::Occupied(mut of) = counts.of.entry(address)
        {
            *of.get_mut() -= 1;
            if *of.get() == 0 {
                of.remove();
            }
        }
    }
}
