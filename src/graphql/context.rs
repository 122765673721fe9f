//! What a resolver has at hand: the request, its transaction, the caller, the loaders.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use async_graphql::{
    Context,
    dataloader::{DataLoader, Loader},
};
use entity::users;
use tokio::sync::OnceCell;

use super::{loader::Loaders, refusal::Refusals};
use crate::{
    auth::{
        Principal,
        session::{Client, Sessions},
    },
    budget::Account,
    db::{
        Database, Opened, Opening, RequestTransaction,
        bootstrap::{self, Caller, Resolved},
        key,
    },
    error::{Error, Result},
    vault::Vault,
};

/// One request: who calls, and the one transaction that all of it happens in.
#[derive(Debug)]
pub struct Request {
    database: Database,
    /// Filled at the first SQL; for a request with a credential that is the credential's check.
    transaction: OnceCell<RequestTransaction>,
    principal: RwLock<Arc<Principal>>,
    person: Option<users::Safe>,
    /// Signing in and out.
    pub sessions: Arc<Sessions>,
    /// Opens what is sealed.
    pub vault: Arc<Vault>,
    /// Where the request comes from.
    pub client: Client,
    /// What the request costs, and who pays.
    pub account: Arc<Account>,
    on_record: AtomicBool,
    /// Mutations that were refused, for the audit trail.
    pub refusals: Refusals,
}

impl Request {
    /// Starts a request; `asks_person` when it is a query that will ask who the caller is. With a credential the
    /// transaction is opened and the credential checked now, in one round trip; without, nothing is asked of the database
    /// before a resolver needs it. Then its cost is charged.
    ///
    /// # Errors
    /// As [`Database::begin`]'s; [`Error::BudgetSpent`] when the caller's budget does not suffice.
    pub async fn open(
        database: Database,
        sessions: Arc<Sessions>,
        vault: Arc<Vault>,
        opening: &Opening,
        asks_person: bool,
        client: Client,
        account: Arc<Account>,
    ) -> Result<Self> {
        let mut request = Self {
            database,
            transaction: OnceCell::new(),
            principal: RwLock::default(),
            person: None,
            sessions,
            vault,
            client,
            account,
            on_record: AtomicBool::new(false),
            refusals: Refusals::default(),
        };
        if *opening != Opening::Anonymous {
            let opened = request.database.open(opening, asks_person).await;
            let Opened { transaction, caller, person } =
                opened.inspect_err(|error| request.account.turned_away(error))?;
            request.person = person;
            // Nobody else knows of this request yet, so the cell is empty.
            drop(request.transaction.set(transaction));
            if let Some(Caller::Key(key)) = &caller
                && key.use_is_due
            {
                request.database.note_key_use(key.id);
            }
            if let Some(caller) = caller {
                request.become_caller(caller.try_into()?);
            }
        }
        request.account.accepted(opening, &request.viewer())?;
        Ok(request)
    }

    /// The database, for what happens outside this request's transaction.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The transaction, begun at the first call.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a database.
    pub async fn db(&self) -> Result<&RequestTransaction> {
        // Boxed: beginning takes 15 kB of state, which the future of every statement would hold for it.
        let begin = || Box::pin(async { Ok(self.database.begin(&Opening::Anonymous).await?.0) });
        self.transaction.get_or_try_init(begin).await
    }

    /// The transaction, if one was begun.
    pub fn opened(&self) -> Option<&RequestTransaction> {
        self.transaction.get()
    }

    /// Gives the transaction up, for a mutation that fails and has something to write that must stand nevertheless: its
    /// connection is free before another is asked for.
    pub async fn give_up(&self) {
        if let Some(transaction) = self.opened() {
            transaction.roll_back_in_background().await;
        }
    }

    /// From here on the request is answered after its COMMIT only, also if it is a query: it put something on record
    /// without which the answer must not leave.
    pub fn keep_record(&self) {
        self.on_record.store(true, Ordering::Relaxed);
    }

    /// Whether [`Request::keep_record`] was called.
    pub fn keeps_record(&self) -> bool {
        self.on_record.load(Ordering::Relaxed)
    }

    /// The caller.
    pub fn viewer(&self) -> Arc<Principal> {
        Arc::clone(&self.principal.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The caller's own row as it was when the request began, where it was read then: of a request that changes nothing.
    pub fn person(&self) -> Option<&users::Safe> {
        self.person.as_ref()
    }

    /// From here on the request is this user's: a sign-in shows the user it signed in.
    ///
    /// # Errors
    /// [`Error::Internal`] when the database holds a role that this server does not know; [`Error::InvalidInput`] for a
    /// request of an API key or the service, whose transaction is not a person's.
    pub fn become_user(&self, resolved: Resolved) -> Result<()> {
        if matches!(*self.viewer(), Principal::Key(_) | Principal::Service { .. }) {
            return Err(Error::invalid(
                "Authorization",
                "must not be an API key or a service token where a person signs in",
            ));
        }
        self.become_caller(Principal::try_from(resolved)?);
        Ok(())
    }

    fn become_caller(&self, principal: Principal) {
        *self.principal.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(principal);
    }

    /// Looks the caller's roles up again, or those of the API key's maker: a mutation that changed them goes on as who
    /// they have become. A key whose maker is out is nobody's.
    ///
    /// # Errors
    /// [`crate::error::Error::Unauthenticated`] when nobody is signed in.
    pub async fn renew_viewer(&self) -> Result<()> {
        if let Some(key) = self.viewer().key() {
            let renewed = match key::current_roles(self.db().await?).await? {
                Some(roles) => Principal::Key(key.clone().with(roles)?),
                None => Principal::Anonymous,
            };
            self.become_caller(renewed);
            return Ok(());
        }
        let session_id = self.viewer().member()?.session_id;
        self.become_user(bootstrap::current_memberships(self.db().await?, session_id).await?)
    }
}

/// Short words for what every resolver needs.
pub trait ContextExt<'a> {
    /// The request.
    fn request(&self) -> &'a Request;

    /// The caller.
    fn viewer(&self) -> Arc<Principal> {
        self.request().viewer()
    }

    /// The request's transaction.
    fn db(&self) -> impl Future<Output = Result<&'a RequestTransaction>> + Send;

    /// Loads one value together with those that its siblings ask for.
    fn load<K>(&self, key: K) -> impl Future<Output = Result<Option<<Loaders as Loader<K>>::Value>>> + Send
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Loaders: Loader<K, Error = Error>;

    /// Loads the values of all these keys that have one.
    fn load_all<K>(
        &self,
        keys: HashSet<K>,
    ) -> impl Future<Output = Result<HashMap<K, <Loaders as Loader<K>>::Value>>> + Send
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Loaders: Loader<K, Error = Error>;
}

impl<'a> ContextExt<'a> for Context<'a> {
    fn request(&self) -> &'a Request {
        self.data_unchecked::<Arc<Request>>()
    }

    async fn db(&self) -> Result<&'a RequestTransaction> {
        self.request().db().await
    }

    fn load<K>(&self, key: K) -> impl Future<Output = Result<Option<<Loaders as Loader<K>>::Value>>> + Send
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Loaders: Loader<K, Error = Error>,
    {
        // Boxed: the engine makes one future for each field that is asked, large enough for any field of its type.
        Box::pin(self.data_unchecked::<DataLoader<Loaders>>().load_one(key))
    }

    fn load_all<K>(
        &self,
        keys: HashSet<K>,
    ) -> impl Future<Output = Result<HashMap<K, <Loaders as Loader<K>>::Value>>> + Send
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Loaders: Loader<K, Error = Error>,
    {
        Box::pin(self.data_unchecked::<DataLoader<Loaders>>().load_many(keys))
    }
}
