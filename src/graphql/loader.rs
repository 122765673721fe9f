//! The request's dataloader. The keys and their batches stand in the files of their types.
//!
//! async-graphql hands each batch to a spawner after a delay. On tokio's threads a batch can start while siblings are
//! still adding their keys, so a page would cost now two, now five statements. Here batches run inside the request's
//! own task, and only when the request itself can get no further: then every sibling has spoken.

use std::{
    collections::HashMap,
    hash::Hash,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
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
    db::{RequestTransaction, list::Slice},
    error::{Error, Result},
};

/// Keys of one batch at most; PostgreSQL takes them as one array.
const MAX_BATCH: usize = 10_000;

/// Loads everything that is loaded by key, under the request's own rights.
#[derive(Debug)]
pub struct Loaders(Arc<Request>);

impl Loaders {
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
    type Value = Slice<K::Row>;
    type Error = Error;

    async fn load(&self, keys: &[K]) -> Result<HashMap<K, Slice<K::Row>>> {
        let mut alike: HashMap<K, Vec<Uuid>> = HashMap::new();
        for key in keys {
            alike.entry(key.of_parent(Uuid::nil())).or_default().push(key.parent());
        }
        let mut slices = HashMap::with_capacity(keys.len());
        for (key, parents) in alike {
            let found = PageKey::load(&key, self.db().await?, &parents).await?;
            slices.extend(found.into_iter().map(|(parent, slice)| (key.of_parent(parent), slice)));
        }
        Ok(slices)
    }
}

/// The rows of `select` with these ids.
///
/// # Errors
/// As the statement's.
pub async fn rows_by_id<E: EntityTrait, M: FromQueryResult>(
    db: &RequestTransaction,
    select: Select<E>,
    id: E::Column,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<M>> {
    Ok(select.filter(id.eq_any(ids)).into_model().all(db).await?)
}

/// Declares the key that loads a node by its row's id: `row_key!(UserById loads User from rows(), Column::Id)`.
macro_rules! row_key {
    ($(#[$doc:meta])* $key:ident loads $node:ident from $select:expr, $id:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $key(pub uuid::Uuid);

        impl async_graphql::dataloader::Loader<$key> for $crate::graphql::loader::Loaders {
            type Value = $node;
            type Error = $crate::error::Error;

            async fn load(&self, keys: &[$key]) -> Result<std::collections::HashMap<$key, $node>> {
                let ids = keys.iter().map(|key| key.0);
                let rows = $crate::graphql::loader::rows_by_id(self.db().await?, $select, $id, ids).await?;
                Ok(rows.into_iter().map(|row| $node(row)).map(|node| ($key(node.0.id), node)).collect())
            }
        }
    };
}
pub(crate) use row_key;

/// Batches waiting to be run.
#[derive(Debug, Clone, Default)]
pub struct Batches(Arc<Mutex<Vec<FutureObj<'static, ()>>>>);

impl Batches {
    fn take(&self) -> Vec<FutureObj<'static, ()>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A loader whose batches run when [`Batches::drive`] is awaited.
    pub fn loader(&self, request: Arc<Request>) -> DataLoader<Loaders> {
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
            let waiting = self.take();
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
        Ok(())
    }
}

struct AtOnce;

impl Timer for AtOnce {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
}
