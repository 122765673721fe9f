//! The operations of one WebSocket.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_graphql::{
    Response as Answer, ServerError, Value,
    parser::types::{OperationType, Selection},
};
use axum::extract::ws::Message;
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tracing::Instrument;

use super::{closing::Closing, message};
use crate::{
    auth::session::{Client, Credential},
    budget::Account,
    db::Opening,
    error::Error,
    gate::Asked,
    graphql::{
        engine::{Event, Prepared, server_error},
        live::Moment,
        present::present,
    },
    http::{App, graphql::never_ran, operation},
};

/// How long to wait before an event is read again that could not be.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Those that run, by their ids. A number tells apart two that had the same id one after the other.
type Running = Arc<Mutex<HashMap<String, (u64, AbortHandle)>>>;

pub(super) struct Operations {
    app: Arc<App>,
    client: Client,
    outgoing: mpsc::Sender<Message>,
    refuse: mpsc::Sender<Closing>,
    running: Running,
    tasks: JoinSet<()>,
    next: u64,
}

impl Operations {
    pub fn new(app: Arc<App>, client: Client, outgoing: mpsc::Sender<Message>, refuse: mpsc::Sender<Closing>) -> Self {
        Self { app, client, outgoing, refuse, running: Running::default(), tasks: JoinSet::new(), next: 0 }
    }

    /// Starts one. One too many is refused by itself, a second one with the same id with the whole connection.
    pub async fn start(&mut self, id: String, document: Asked, credential: Arc<Credential>) -> Result<(), Closing> {
        let most = self.app.config.websocket_operations;
        let running = {
            let running = held(&self.running);
            if running.contains_key(&id) {
                return Err(Closing::duplicate(&id));
            }
            running.len()
        };
        self.next += 1;
        let operation = Operation {
            app: Arc::clone(&self.app),
            client: self.client.clone(),
            outgoing: self.outgoing.clone(),
            refuse: self.refuse.clone(),
            running: Arc::clone(&self.running),
            credential,
            id: id.clone(),
            number: self.next,
        };
        if running >= most {
            let error = Error::LimitExceeded {
                limit: "operations of a WebSocket",
                allowed: i64::try_from(most).unwrap_or(i64::MAX),
                lifted_by: "complete one first, or open another WebSocket".into(),
            };
            operation.say(operation.error(vec![server_error(error)])).await;
            return Ok(());
        }
        let number = self.next;
        let mut running = held(&self.running);
        let handle = self.tasks.spawn(operation.run(document).instrument(tracing::info_span!("websocket")));
        running.insert(id, (number, handle));
        Ok(())
    }

    /// The client wants no more of it. It may have ended already.
    pub fn complete(&self, id: &str) {
        if let Some((_, handle)) = held(&self.running).remove(id) {
            handle.abort();
        }
    }

    /// The next that ended, if any runs.
    pub async fn ended(&mut self) -> Option<Result<(), Closing>> {
        let ended = self.tasks.join_next().await?;
        Some(match ended {
            Err(error) if error.is_panic() => {
                tracing::error!("an operation of a WebSocket panicked");
                Err(Closing::INTERNAL)
            }
            _ => Ok(()),
        })
    }

    /// Ends all.
    pub async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}

fn held(running: &Running) -> MutexGuard<'_, HashMap<String, (u64, AbortHandle)>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Operation {
    app: Arc<App>,
    client: Client,
    outgoing: mpsc::Sender<Message>,
    refuse: mpsc::Sender<Closing>,
    running: Running,
    credential: Arc<Credential>,
    id: String,
    number: u64,
}

impl Operation {
    async fn run(mut self, document: Asked) {
        self.identify();
        let account = self.account();
        if let Err(spent) = account.opens(&self.credential.opening) {
            return self.refused(spent).await;
        }
        match self.app.documents.admit(document, self.is_signed_in()) {
            Err(errors) => {
                account.refused();
                self.fail(errors).await;
            }
            Ok(prepared) if prepared.operation == OperationType::Subscription => self.subscribe(&prepared).await,
            Ok(prepared) => self.answer(&prepared, &account).await,
        }
    }

    /// Who is told which names they may have meant.
    fn is_signed_in(&self) -> bool {
        !matches!(self.credential.opening, Opening::Anonymous | Opening::ApiKey { .. })
    }

    /// Each request of the operation is paid for.
    fn account(&self) -> Arc<Account> {
        Arc::new(self.app.budgets.account(self.client.ip))
    }

    /// Each request of the operation has an id of its own.
    fn identify(&mut self) {
        self.client.request_id = crate::id::new().to_string();
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.app.config.request_timeout_seconds)
    }

    async fn answer(self, prepared: &Prepared, account: &Arc<Account>) {
        if let Err(spent) = account.asks(prepared.cost) {
            return self.refused(spent).await;
        }
        let running = operation::run(&self.app, prepared, &self.credential.opening, &self.client, account);
        match timeout(self.patience(), running).await {
            Ok(Ok(answer)) if never_ran(&answer) => self.fail(answer.errors).await,
            Ok(Ok(answer)) => {
                self.next(answer).await;
                self.finish(message::complete(&self.id)).await;
            }
            Ok(Err(error)) => self.refused(error).await,
            Err(_) => self.refused(Error::TookTooLong).await,
        }
    }

    async fn subscribe(mut self, prepared: &Prepared) {
        if !has_one_root_field(prepared) {
            let error = Error::invalid("query", "a subscription selects one field, and that directly");
            return self.fail(vec![server_error(error)]).await;
        }
        let topic = match self.react(prepared, Moment::Asked).await {
            Ok(Event { answer: Some(answer), .. }) => return self.fail(answer.errors).await,
            Ok(Event { topic: Some(topic), .. }) => topic,
            Ok(_) => return self.refused(Error::internal("a subscription is about nothing")).await,
            Err(error) => return self.refused(error).await,
        };
        let subscriber = self.app.database.changes().subscribe(topic);
        loop {
            let change = subscriber.next().await;
            self.identify();
            if self.credential.has_ended(self.app.sessions.clock.now()) {
                let _ = self.refuse.send(Closing::EXPIRED).await;
                return;
            }
            let event = match self.react(prepared, Moment::Told(topic, change)).await {
                Ok(event) => event,
                Err(error) => {
                    let Some(wait) = waiting_helps(&error) else { return self.refused(error).await };
                    tracing::debug!(%error, "an event cannot be read now");
                    tokio::time::sleep(wait).await;
                    subscriber.look_again();
                    continue;
                }
            };
            match event.answer {
                Some(answer) if answer.data == Value::Null => return self.fail(answer.errors).await,
                Some(answer) => self.next(answer).await,
                None => {}
            }
            if event.over {
                return self.finish(message::complete(&self.id)).await;
            }
        }
    }

    /// One run of a subscription's document.
    async fn react(&self, prepared: &Prepared, moment: Moment) -> Result<Event, Error> {
        let reading = async {
            let _turn = self.app.sockets.read().await;
            let account = self.account();
            account.asks(prepared.cost)?;
            operation::react(&self.app, prepared, moment, &self.credential.opening, &self.client, &account).await
        };
        timeout(self.patience(), reading).await.unwrap_or(Err(Error::TookTooLong))
    }

    async fn next(&self, mut answer: Answer) {
        present(&mut answer, &self.client.request_id);
        self.say(message::next(&self.id, &answer)).await;
    }

    /// The request was not opened: nothing has run. A credential that is refused is refused for all that runs by it.
    async fn refused(self, error: Error) {
        match error {
            Error::Unauthenticated(_) | Error::NotFound(_) => {
                let _ = self.refuse.send(Closing::refused(&error)).await;
            }
            error => {
                let errors = vec![server_error(error)];
                self.fail(errors).await;
            }
        }
    }

    async fn fail(self, errors: Vec<ServerError>) {
        let message = self.error(errors);
        self.finish(message).await;
    }

    fn error(&self, errors: Vec<ServerError>) -> Message {
        let mut answer = Answer::from_errors(errors);
        present(&mut answer, &self.client.request_id);
        message::error(&self.id, &answer.errors)
    }

    /// Says the last word. The id is free before the client can hear it.
    async fn finish(&self, last: Message) {
        let mine = {
            let mut running = held(&self.running);
            let mine = running.get(&self.id).is_some_and(|(number, _)| *number == self.number);
            if mine {
                running.remove(&self.id);
            }
            mine
        };
        if mine {
            self.say(last).await;
        }
    }

    async fn say(&self, message: Message) {
        // When nobody takes it any more, the connection ends, and with it this.
        let _ = self.outgoing.send(message).await;
    }
}

/// The engine takes the root's fields as they stand. Of a document that passed the gate one operation is left.
fn has_one_root_field(prepared: &Prepared) -> bool {
    let mut operations = prepared.document.operations.iter();
    let selected = operations.next().map(|(_, operation)| operation.node.selection_set.node.items.as_slice());
    matches!(selected, Some([only]) if matches!(only.node, Selection::Field(_)))
}

/// How long to wait before an event is read that could not be, where that helps.
fn waiting_helps(error: &Error) -> Option<Duration> {
    match error {
        Error::BudgetSpent { retry_after } => Some(Duration::from_secs(*retry_after)),
        Error::Unavailable(_) | Error::TookTooLong | Error::Collided => Some(TRY_AGAIN),
        _ => None,
    }
}
