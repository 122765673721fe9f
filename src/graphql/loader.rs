//! The request's dataloader. The keys and their batches stand in the files of their types.
//!
//! async-graphql hands each batch to a spawner after a delay. On tokio's threads a batch can start while siblings are
//! still adding their keys, so a page would cost now two, now five statements. Here batches run inside the request's
//! own task, and only when the request itself can get no further and no statement of it is under way: then every
//! sibling has spoken. One connection runs one statement at a time, so this waiting costs nothing.

use std::{
    collections::HashMap,
    hash::Hash,
    pin::{Pin, pin},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use async_graphql::{
    dataloader::{DataLoader, Loader},
    runtime::Timer,
};
use futures_util::{
    future::{BoxFuture, FutureExt, poll_fn, ready},
    stream::{FuturesUnordered, StreamExt},
    task::{FutureObj, Spawn, SpawnError},
};

use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, Select};
use uuid::Uuid;

use super::context::Request;
use crate::{
    auth::Principal,
    db::{RequestTransaction, list::Slice},
    error::{Error, Result},
};

/// Keys of one batch at most; PostgreSQL takes them as one array.
const MAX_BATCH: usize = 10_000;

/// Loads everything that is loaded by key, under the request's own rights.
#[derive(Debug)]
pub struct Loaders(Arc<Request>);

impl Loaders {
    /// The request.
    pub fn request(&self) -> &Request {
        &self.0
    }

    /// The caller.
    #[must_use]
    pub fn viewer(&self) -> Arc<Principal> {
        self.0.viewer()
    }

    /// The request's transaction.
    ///
    /// # Errors
    /// [`crate::error::Error::Unavailable`] without a database.
    pub async fn db(&self) -> Result<&RequestTransaction> {
        self.0.db().await
    }
}

/// The key of a page of some parent's list.
pub trait PageKey: Clone + Eq + Hash + Send + Sync + 'static {
    /// A row of the list.
    type Row: Clone + Send + Sync + 'static;

    /// Whose list.
    fn parent(&self) -> Uuid;

    /// The same page of another parent's list.
    #[must_use]
    fn of_parent(&self, parent: Uuid) -> Self;

    /// This page for each of `parents`, in one statement.
    ///
    /// # Errors
    /// As the statement's.
    fn load(
        &self,
        db: &RequestTransaction,
        parents: &[Uuid],
    ) -> impl Future<Output = Result<HashMap<Uuid, Slice<Self::Row>>>> + Send;
}

/// Keys that differ in nothing but their parent share a statement.
impl<K: PageKey> Loader<K> for Loaders {
    /// Shared: the loader clones what it hands out.
    type Value = Arc<Slice<K::Row>>;
    type Error = Error;

    async fn load(&self, keys: &[K]) -> Result<HashMap<K, Arc<Slice<K::Row>>>> {
        let mut alike: HashMap<K, Vec<Uuid>> = HashMap::new();
        for key in keys {
            alike.entry(key.of_parent(Uuid::nil())).or_default().push(key.parent());
        }
        let mut slices = HashMap::with_capacity(keys.len());
        for (key, parents) in alike {
            let found = PageKey::load(&key, self.db().await?, &parents).await?;
            slices.extend(found.into_iter().map(|(parent, slice)| (key.of_parent(parent), Arc::new(slice))));
        }
        Ok(slices)
    }
}

/// The rows of `select` with one of these values in `column`.
///
/// # Errors
/// As the statement's.
pub async fn rows_by<E: EntityTrait, M: FromQueryResult>(
    db: &RequestTransaction,
    select: Select<E>,
    column: E::Column,
    values: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<M>> {
    Ok(select.filter(column.eq_any(values)).into_model().all(db).await?)
}

/// Declares the key that loads a node by a unique column of its row: the row's id, or its one parent's. A node that is no
/// bare row says of what (`loads User of Safe from ...`).
macro_rules! row_key {
    (@all $loaders:ident, $nodes:expr) => {
        $nodes
    };
    (@visible $loaders:ident, $nodes:expr) => {{
        let viewer = $loaders.viewer();
        $nodes.filter(move |node| node.visible_to(&viewer))
    }};
    ($(#[$doc:meta])* $key:ident loads $node:ident from $select:expr, by $column:expr => $field:ident) => {
        $crate::graphql::loader::row_key! {
            @make all $(#[$doc])* $key, $node, |row| $node(row), $select, $column, $field
        }
    };
    // Only those that the guards let the caller see: what row-level security says by itself.
    ($(#[$doc:meta])* $key:ident loads $node:ident from $select:expr, by $column:expr => $field:ident, if visible) => {
        $crate::graphql::loader::row_key! {
            @make visible $(#[$doc])* $key, $node, |row| $node(row), $select, $column, $field
        }
    };
    ($(#[$doc:meta])* $key:ident loads $node:ident of $row:ident from $select:expr,
     by $column:expr => $field:ident, if visible) => {
        $crate::graphql::loader::row_key! {
            @make visible $(#[$doc])* $key, $node, |row: $row| $node::from(row), $select, $column, $field
        }
    };
    (@make $which:ident $(#[$doc:meta])* $key:ident, $node:ident, $from:expr, $select:expr, $column:expr,
     $field:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $key(pub uuid::Uuid);

        impl async_graphql::dataloader::Loader<$key> for $crate::graphql::loader::Loaders {
            type Value = $node;
            type Error = $crate::error::Error;

            async fn load(&self, keys: &[$key]) -> $crate::error::Result<std::collections::HashMap<$key, $node>> {
                let ids = keys.iter().map(|key| key.0);
                let rows = $crate::graphql::loader::rows_by(self.db().await?, $select, $column, ids).await?;
                let nodes = $crate::graphql::loader::row_key!(@$which self, rows.into_iter().map($from));
                Ok(nodes.map(|node| ($key(node.0.$field), node)).collect())
            }
        }
    };
}
pub(crate) use row_key;

/// Batches waiting to be run.
#[derive(Debug, Clone, Default)]
pub struct Batches {
    waiting: Arc<Mutex<Vec<FutureObj<'static, ()>>>>,
    request: Arc<OnceLock<Arc<Request>>>,
}

impl Batches {
    fn take(&self) -> Vec<FutureObj<'static, ()>> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the request's connection is at work, for a resolver that asks by itself.
    fn is_busy(&self) -> bool {
        self.request.get().and_then(|request| request.opened()).is_some_and(RequestTransaction::is_busy)
    }

    /// A loader whose batches run when [`Batches::drive`] is awaited.
    pub fn loader(&self, request: Arc<Request>) -> DataLoader<Loaders> {
        self.request.get_or_init(|| Arc::clone(&request));
        DataLoader::new(Loaders(request), self.clone(), AtOnce).delay(Duration::ZERO).max_batch_size(MAX_BATCH)
    }

    /// Runs the request; whenever it waits, the batches that it collected.
    pub async fn drive<F: Future>(self, request: F) -> F::Output {
        let mut request = pin!(request);
        let mut running = FuturesUnordered::new();
        poll_fn(move |context| self.advance(request.as_mut(), &mut running, context)).await
    }

    fn advance<F: Future>(
        &self,
        mut request: Pin<&mut F>,
        running: &mut FuturesUnordered<FutureObj<'static, ()>>,
        context: &mut Context<'_>,
    ) -> Poll<F::Output> {
        loop {
            if let Poll::Ready(output) = request.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            let waiting = if running.is_empty() && !self.is_busy() { self.take() } else { Vec::new() };
            let mut progress = !waiting.is_empty();
            running.extend(waiting);
            while let Poll::Ready(Some(())) = running.poll_next_unpin(context) {
                progress = true;
            }
            if !progress {
                return Poll::Pending;
            }
        }
    }
}

impl Spawn for Batches {
    fn spawn_obj(&self, batch: FutureObj<'static, ()>) -> std::result::Result<(), SpawnError> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
        Ok(())
    }
}

struct AtOnce;

impl Timer for AtOnce {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
}
