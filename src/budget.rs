//! What callers may cost in a minute. Each server counts for itself, in memory.
//!
//! A minute begins with the first request in it. Who asks pays: a user, an API key (which may have a number of requests of
//! its own besides), a service token, and the client's address where nobody proved who they are. What is refused before it
//! is known who asks (a credential, or a document of somebody whose credential was not seen yet) is the address's too.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time,
};

use chrono::{DateTime, Duration, Utc};
use moka::{policy::EvictionPolicy, sync::Cache};
use uuid::Uuid;

use crate::{
    auth::Principal,
    clock::Clock,
    config::Config,
    db::Opening,
    error::{Error, Result},
    network,
};

/// What any request costs at least, refused ones included: reading it, and the round trip that checks a credential. A field
/// of an answer is about a microsecond of server and database together, and this is a tenth of a millisecond.
pub const LEAST_COST: u64 = 100;
/// Callers that are remembered at once, some 200 bytes each; beyond them who asked longest ago is forgotten.
const MOST_CALLERS: u64 = 100_000;
/// How long somebody who asks nothing is remembered.
const IDLE: time::Duration = time::Duration::from_secs(120);
/// The minute, in seconds.
const MINUTE: i64 = 60;

/// Who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Payer {
    /// A client's address; of IPv6 the network of 64 bits that one client has to itself.
    Address(IpAddr),
    /// A person.
    User(Uuid),
    /// An API key, with its own limit of requests.
    Key { id: Uuid, requests: Option<u64> },
    /// A token of the service.
    Service(Uuid),
}

/// A credential as it came, so that its owner is known before the database is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Credential {
    Session([u8; 32]),
    External(String, String),
    Key([u8; 32]),
}

/// One payer's minute.
#[derive(Debug, Clone, Copy)]
struct Window {
    since: DateTime<Utc>,
    cost: u64,
    requests: u64,
}

/// How much of a budget is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What may be spent in a minute.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// When the minute ends and all of it is there again.
    pub reset_at: DateTime<Utc>,
}

/// The budgets of all callers of this server.
#[derive(Debug)]
pub struct Budgets {
    clock: Clock,
    user: u64,
    key: u64,
    anonymous: u64,
    service: u64,
    windows: Cache<Payer, Arc<Mutex<Window>>>,
    owners: Cache<Credential, Payer>,
}

impl Budgets {
    /// With these settings.
    #[must_use]
    pub fn new(config: &Config, clock: Clock) -> Self {
        Self {
            clock,
            user: config.user_cost_per_minute.into(),
            key: config.key_cost_per_minute.into(),
            anonymous: config.anonymous_cost_per_minute.into(),
            service: config.service_cost_per_minute.into(),
            windows: remembered(),
            owners: remembered(),
        }
    }

    /// The account of one request, or of one operation or event of a socket, from this address.
    #[must_use]
    pub fn account(self: &Arc<Self>, address: Option<IpAddr>) -> Account {
        let address = Payer::Address(network::of(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))));
        let state = State { payer: address, cost: LEAST_COST, paid: false };
        Account { budgets: Arc::clone(self), address, state: Mutex::new(state) }
    }

    /// What the payer may cost in a minute, and ask.
    fn limits(&self, payer: Payer) -> (Option<u64>, Option<u64>) {
        let (cost, requests) = match payer {
            Payer::Address(_) => (self.anonymous, None),
            Payer::User(_) => (self.user, None),
            Payer::Key { requests, .. } => (self.key, requests),
            Payer::Service(_) => (self.service, None),
        };
        (Some(cost).filter(|limit| *limit > 0), requests)
    }

    /// Asks or changes the payer's minute; a new one has begun where the old one is over, or the clock was set back.
    fn in_window<T>(&self, payer: Payer, work: impl FnOnce(&mut Window) -> T) -> T {
        let now = self.clock.now();
        let fresh = Window { since: now, cost: 0, requests: 0 };
        let window = self.windows.get_with(payer, || Arc::new(Mutex::new(fresh)));
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if !(0..MINUTE).contains(&(now - window.since).num_seconds()) {
            *window = fresh;
        }
        work(&mut window)
    }

    /// Whether `cost` can be paid. What costs more than a whole minute's budget takes all of an untouched one, or it could
    /// never run.
    fn affords(&self, payer: Payer, window: &Window, cost: u64) -> Result<()> {
        let (most_cost, most_requests) = self.limits(payer);
        let cost_is_spent = most_cost.is_some_and(|most| window.cost > 0 && window.cost.saturating_add(cost) > most);
        if cost_is_spent || most_requests.is_some_and(|most| window.requests >= most) {
            let passed = self.clock.now() - window.since;
            return Err(Error::BudgetSpent { retry_after: (MINUTE - passed.num_seconds()).max(1).unsigned_abs() });
        }
        Ok(())
    }

    fn standing(&self, payer: Payer) -> Option<Standing> {
        let (most_cost, most_requests) = self.limits(payer);
        if most_cost.is_none() && most_requests.is_none() {
            return None;
        }
        let window = self.in_window(payer, |window| *window);
        let left = |limit: u64, spent: u64| Standing {
            limit,
            remaining: limit.saturating_sub(spent),
            reset_at: window.since + Duration::seconds(MINUTE),
        };
        let of_requests = most_requests.map(|most| left(most, window.requests));
        // What stands in the way is told: the cost, unless an API key's own number of requests is used up.
        of_requests
            .filter(|requests| requests.remaining == 0 || most_cost.is_none())
            .or(most_cost.map(|most| left(most, window.cost)))
    }
}

/// The account of one request: who pays for it, and how much. It is paid once, however often the request is run.
#[derive(Debug)]
pub struct Account {
    budgets: Arc<Budgets>,
    address: Payer,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    payer: Payer,
    cost: u64,
    paid: bool,
}

impl Account {
    /// The request came with this credential, which nobody has checked yet. Whoever it was accepted from lately pays.
    ///
    /// # Errors
    /// [`Error::BudgetSpent`] when nothing is left: then nothing of the request needs to be looked at.
    pub fn opens(&self, opening: &Opening) -> Result<()> {
        let mut state = self.state();
        if let Some(payer) = self.remembered(opening) {
            state.payer = payer;
        }
        self.budgets.in_window(state.payer, |window| self.budgets.affords(state.payer, window, LEAST_COST))
    }

    /// The document passed the gate, and costs this.
    ///
    /// # Errors
    /// [`Error::BudgetSpent`] when less is left: then the database needs not be asked.
    pub fn asks(&self, cost: u64) -> Result<()> {
        let mut state = self.state();
        state.cost = cost.max(LEAST_COST);
        self.budgets.in_window(state.payer, |window| self.budgets.affords(state.payer, window, state.cost))
    }

    /// The request is refused before it is known who asks, or what: it costs the least.
    pub fn refused(&self) {
        let state = self.state();
        self.budgets.in_window(state.payer, |window| {
            window.cost = window.cost.saturating_add(LEAST_COST);
            window.requests = window.requests.saturating_add(1);
        });
    }

    /// The same for a request that failed with this error, unless the fault is ours.
    pub fn turned_away(&self, error: &Error) {
        if !matches!(error.code(), "UNAVAILABLE" | "INTERNAL" | "RATE_LIMITED") {
            self.refused();
        }
    }

    /// The credential is accepted, and its owner pays.
    ///
    /// # Errors
    /// [`Error::BudgetSpent`] when less is left than the request costs.
    pub fn accepted(&self, opening: &Opening, principal: &Principal) -> Result<()> {
        let mut state = self.state();
        state.payer = match (principal, opening) {
            (Principal::User(member), _) => Payer::User(member.user_id),
            (Principal::Key(key), _) => {
                Payer::Key { id: key.id, requests: key.requests_per_minute.and_then(|most| most.try_into().ok()) }
            }
            (_, Opening::Service { token_id }) => Payer::Service(*token_id),
            _ => self.address,
        };
        if let Some(credential) = credential(opening) {
            self.budgets.owners.insert(credential, state.payer);
        }
        if state.paid {
            return Ok(());
        }
        self.budgets.in_window(state.payer, |window| {
            self.budgets.affords(state.payer, window, state.cost)?;
            window.cost = window.cost.saturating_add(state.cost);
            window.requests = window.requests.saturating_add(1);
            Ok::<_, Error>(())
        })?;
        state.paid = true;
        Ok(())
    }

    /// What the request costs.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.state().cost
    }

    /// What is left to who pays; none: they have no limit.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        let payer = self.state().payer;
        self.budgets.standing(payer)
    }

    /// Seconds until the minute of this standing is over, at least 1.
    #[must_use]
    pub fn seconds_to(&self, standing: &Standing) -> i64 {
        let left = standing.reset_at - self.budgets.clock.now();
        (left.num_milliseconds().saturating_add(999) / 1_000).max(1)
    }

    fn remembered(&self, opening: &Opening) -> Option<Payer> {
        match opening {
            // Its signature was checked.
            Opening::Service { token_id } => Some(Payer::Service(*token_id)),
            opening => self.budgets.owners.get(&credential(opening)?),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remembered<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>() -> Cache<K, V> {
    let bounded = Cache::builder().eviction_policy(EvictionPolicy::lru()).max_capacity(MOST_CALLERS);
    bounded.time_to_idle(IDLE).build()
}

fn credential(opening: &Opening) -> Option<Credential> {
    match opening {
        Opening::Anonymous | Opening::Service { .. } => None,
        Opening::Session { token_hash, .. } => Some(Credential::Session(*token_hash)),
        Opening::External(external) => Some(Credential::External(external.issuer.clone(), external.subject.clone())),
        Opening::ApiKey { key_hash, .. } => Some(Credential::Key(*key_hash)),
    }
}
