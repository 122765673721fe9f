//! How many may be here at once, in all and from one address.

use std::{
    collections::{HashMap, hash_map},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::network;

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

    /// How many are here.
    pub(super) fn inside(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).all
    }

    /// Lets somebody in until what this returns is dropped, unless it is full. Who is nobody in particular, because they
    /// stand for many, counts in all only.
    pub(super) fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Entry> {
        let address = address.map(network::of);
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
