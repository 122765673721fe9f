//! Running a document in its request's transaction.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::{
    Request as Asked, Response as Answer, ServerError, Variables,
    parser::types::{ExecutableDocument, Field, OperationType, Selection},
};
use futures_util::{FutureExt, StreamExt};

use super::{
    context::Request,
    live::{Moment, Occasion},
    loader::Batches,
    nulls::FieldErrors,
    schema::{self, Schema},
};
use crate::{
    config::Config,
    db::{RequestTransaction, changes::Topic},
    error::{Error, Result},
};

/// A document that passed the gate ([`crate::gate`]), ready to run as often as it has to.
#[derive(Debug)]
pub struct Prepared {
    /// The document: the operation that runs and no other, each response key once.
    pub document: Arc<ExecutableDocument>,
    /// The operation's name, for the log; none where it has none.
    pub operation_name: Option<String>,
    /// What it is.
    pub operation: OperationType,
    /// Its variables, coerced.
    pub variables: Variables,
    /// What it costs, at most [`crate::gate::MOST_COST`].
    pub cost: u64,
}

impl Prepared {
    /// Whether it is a query that asks who the caller is, at its root: fragments have been resolved there.
    #[must_use]
    pub fn asks_person(&self) -> bool {
        self.operation == OperationType::Query
            && self.document.operations.iter().any(|(_, operation)| {
                let selected = &operation.node.selection_set.node.items;
                let is_viewer = |field: &Field| field.name.node == "viewer";
                selected
                    .iter()
                    .any(|selected| matches!(&selected.node, Selection::Field(field) if is_viewer(&field.node)))
            })
    }

    fn asked(&self) -> Asked {
        let mut asked = Asked::new("").variables(self.variables.clone());
        asked.set_parsed_query(ExecutableDocument::clone(&self.document));
        asked
    }
}

/// The engine, twice. Making nulls by the specification takes an extension, which the engine asks at each field and each
/// item of a list: a third of its work (docs/performance.md). A query is tried without it first, and where all went well
/// nothing has to become null. Otherwise the try is rolled back, records included, and the query runs with care.
#[derive(Clone)]
pub struct Engine {
    swift: Schema,
    careful: Schema,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// With these settings.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let introspection = config.answers_introspection();
        Self {
            swift: schema::builder(config.environment, introspection).finish(),
            careful: schema::build(config.environment, introspection),
        }
    }

    /// Answers what passed the gate; `open` starts a request for it, which comes back ended.
    ///
    /// # Errors
    /// As `open`'s: then nothing has run.
    pub async fn answer<Opening>(
        &self,
        prepared: &Prepared,
        open: impl Fn() -> Opening,
    ) -> Result<(Answer, Arc<Request>)>
    where
        Opening: Future<Output = Result<Request>> + Send,
    {
        let mut request = Arc::new(open().await?);
        let writes = prepared.operation == OperationType::Mutation;
        if !writes {
            let answer = run(&self.swift, &request, prepared.asked()).await;
            if answer.errors.is_empty() {
                return Ok((end(&request, answer, writes).await, request));
            }
            if let Some(transaction) = request.opened() {
                transaction.roll_back_in_background().await;
                request = Arc::new(open().await?);
            }
        }
        let answer = run(&self.careful, &request, prepared.asked()).await;
        Ok((end(&request, answer, writes).await, request))
    }

    /// Runs a subscription's document on one occasion, as a query is answered.
    ///
    /// # Errors
    /// As `open`'s: then nothing has run.
    pub async fn react<Opening>(
        &self,
        prepared: &Prepared,
        moment: Moment,
        open: impl Fn() -> Opening,
    ) -> Result<(Event, Arc<Request>)>
    where
        Opening: Future<Output = Result<Request>> + Send,
    {
        let mut request = Arc::new(open().await?);
        let mut event = react(&self.swift, &request, prepared, moment).await;
        if event.answer.as_ref().is_some_and(|answer| !answer.errors.is_empty()) {
            if let Some(transaction) = request.opened() {
                transaction.roll_back_in_background().await;
                request = Arc::new(open().await?);
            }
            event = react(&self.careful, &request, prepared, moment).await;
        }
        // Without an answer there is nothing to commit, and the transaction is rolled back when it is dropped.
        if let Some(answer) = event.answer {
            event.answer = Some(end(&request, answer, false).await);
        }
        Ok((event, request))
    }
}

/// What came of a subscription's document on one occasion.
#[derive(Debug)]
pub struct Event {
    /// What the subscriber is answered; none: nothing.
    pub answer: Option<Answer>,
    /// What the subscription is about, where it was asked for.
    pub topic: Option<Topic>,
    /// It was the last one.
    pub over: bool,
}

async fn run(schema: &Schema, request: &Arc<Request>, asked: Asked) -> Answer {
    let answering = |asked| async move { Some(schema.execute(asked).await) };
    drive(request, asked, answering).await.unwrap_or_default()
}

async fn react(schema: &Schema, request: &Arc<Request>, prepared: &Prepared, moment: Moment) -> Event {
    let occasion = Arc::new(Occasion::new(moment));
    let asked = prepared.asked().data(Arc::clone(&occasion));
    let answering = |asked| async move { schema.execute_stream(asked).next().await };
    let answer = drive(request, asked, answering).await;
    Event { answer, topic: occasion.topic(), over: occasion.is_over() }
}

/// Runs what the engine is asked, and the loader's batches beside it.
async fn drive<Running>(
    request: &Arc<Request>,
    asked: Asked,
    answering: impl FnOnce(Asked) -> Running,
) -> Option<Answer>
where
    Running: Future<Output = Option<Answer>>,
{
    let batches = Batches::default();
    let errors = FieldErrors::default();
    let loader = batches.loader(Arc::clone(request));
    let asked = asked.data(Arc::clone(request)).data(loader).data(errors.clone());
    match batches.drive(AssertUnwindSafe(answering(asked)).catch_unwind()).await {
        Ok(answer) => answer.map(|mut answer| {
            answer.errors.extend(errors.take());
            answer
        }),
        Err(_) => Some(failed(Error::internal("a resolver panicked"))),
    }
}

/// Ends the transaction: a mutation, and a query that put something on record, is answered after COMMIT was; a mutation
/// that failed in part has not happened at all.
async fn end(request: &Request, answer: Answer, writes: bool) -> Answer {
    let Some(transaction) = request.opened() else {
        return answer;
    };
    if !writes && !request.keeps_record() {
        transaction.end_reading().await;
        return answer;
    }
    match end_writing(transaction, &answer).await {
        Ok(()) => answer,
        Err(error) => failed(error),
    }
}

async fn end_writing(transaction: &RequestTransaction, answer: &Answer) -> Result<()> {
    // Mutations are non-null fields, so data is null if and only if one of them failed.
    if matches!(answer.data, async_graphql::Value::Null) {
        transaction.roll_back_in_background().await;
        return Ok(());
    }
    transaction.commit().await
}

fn failed(error: Error) -> Answer {
    Answer::from_errors(vec![server_error(error)])
}

/// The error as the engine's own have it, without a place.
#[must_use]
pub fn server_error(error: Error) -> ServerError {
    async_graphql::Error::from(error).into_server_error(Default::default())
}
