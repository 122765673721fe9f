//! Null propagation by the specification (October 2021, 6.4.4): an error on a nullable field makes that field null and
//! leaves the rest; async-graphql 8.0.0-rc.5 on its own nulls all of `data`.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{
    ServerError, ServerResult, Value,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo},
};

use super::refusal;

/// The errors of nullable fields of one request; added to those of its answer when it is finished.
#[derive(Debug, Clone, Default)]
pub struct FieldErrors(Arc<Mutex<Vec<ServerError>>>);

impl FieldErrors {
    /// All that were recorded so far; they are forgotten here.
    #[must_use]
    pub fn take(&self) -> Vec<ServerError> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes the extension.
#[derive(Debug)]
pub struct NullPropagation;

impl ExtensionFactory for NullPropagation {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for NullPropagation {
    async fn resolve(
        &self,
        context: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        // A mutation that failed is never swallowed, whatever its type says: then nothing of the document happens.
        if info.parent_type == "Mutation" {
            return refusal::watch(context, info, next).await;
        }
        let nullable = !info.return_type.ends_with('!');
        match next.run(context, info).await {
            Err(error) if nullable => match context.data_opt::<FieldErrors>() {
                Some(errors) => {
                    errors.0.lock().unwrap_or_else(PoisonError::into_inner).push(error);
                    Ok(Some(Value::Null))
                }
                None => Err(error),
            },
            answer => answer,
        }
    }
}
