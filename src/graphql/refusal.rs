//! Mutations that were refused because the caller lacks a permission. What was refused is rolled back, so it is kept here
//! until the request is over, and goes on record then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::{
    ServerResult, Value,
    extensions::{ExtensionContext, NextResolve, ResolveInfo},
};
use uuid::Uuid;

use super::context::Request;
use crate::error::Error;

/// A mutation that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its name in the schema.
    pub mutation: String,
    /// The permission that is missing.
    pub permission: &'static str,
    /// The organization that it is about, when a guard knows.
    pub organization_id: Option<Uuid>,
    /// The project that it is about, when a guard knows.
    pub project_id: Option<Uuid>,
}

/// The refusals of one request.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    /// What the mutation's guard was asked about.
    place: Option<(Uuid, Option<Uuid>)>,
    refusals: Vec<Refusal>,
}

impl Refusals {
    /// Notes the organization, and perhaps the project, that the mutation is about. Guards do; where only the body of a
    /// mutation knows, it may.
    pub fn asked_about(&self, organization_id: Uuid, project_id: Option<Uuid>) {
        self.noted().place = Some((organization_id, project_id));
    }

    /// All of them; they are forgotten here.
    #[must_use]
    pub fn take(&self) -> Vec<Refusal> {
        std::mem::take(&mut self.noted().refusals)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a mutation and notes if it was refused. A mutation that failed is never swallowed, whatever its type says: then
/// nothing of the document happens.
pub(super) async fn watch(
    context: &ExtensionContext<'_>,
    info: ResolveInfo<'_>,
    next: NextResolve<'_>,
) -> ServerResult<Option<Value>> {
    let Some(request) = context.data_opt::<Arc<Request>>() else {
        return next.run(context, info).await;
    };
    // What an earlier mutation was about this one need not be.
    request.refusals.noted().place = None;
    let mutation = info.name.to_owned();
    let answer = next.run(context, info).await;
    let source = answer.as_ref().err().and_then(|error| error.source.as_ref());
    if let Some(Error::Forbidden { permission }) = source.and_then(|source| source.downcast_ref::<Error>()) {
        let mut noted = request.refusals.noted();
        let (organization_id, project_id) = noted.place.take().unzip();
        let project_id = project_id.flatten();
        noted.refusals.push(Refusal { mutation, permission, organization_id, project_id });
    }
    answer
}
