//! Running what passed the gate, for HTTP and WebSocket alike, and what belongs after it.

use std::sync::Arc;

use async_graphql::Response as Answer;

use super::{App, denied};
use crate::{
    auth::session::Client,
    budget::Account,
    db::Opening,
    error::Result,
    graphql::{
        context::Request,
        engine::{Event, Prepared},
        live::Moment,
    },
};

/// Answers a query or a mutation, in a request of its own.
pub(super) async fn run(
    app: &App,
    prepared: &Prepared,
    opening: &Opening,
    client: &Client,
    account: &Arc<Account>,
) -> Result<Answer> {
    let asks_person = prepared.asks_person();
    let (answer, request) = app.engine.answer(prepared, || open(app, opening, asks_person, client, account)).await?;
    note_activity(&request);
    denied::record(opening, &request).await;
    Ok(answer)
}

/// Runs a subscription's document on one occasion, in a request of its own.
pub(super) async fn react(
    app: &App,
    prepared: &Prepared,
    moment: Moment,
    opening: &Opening,
    client: &Client,
    account: &Arc<Account>,
) -> Result<Event> {
    let (event, request) = app.engine.react(prepared, moment, || open(app, opening, false, client, account)).await?;
    note_activity(&request);
    Ok(event)
}

/// Starts a request, as [`Request::open`] has it.
pub(super) async fn open(
    app: &App,
    opening: &Opening,
    asks_person: bool,
    client: &Client,
    account: &Arc<Account>,
) -> Result<Request> {
    let (sessions, vault) = (Arc::clone(&app.sessions), Arc::clone(&app.vault));
    Request::open(app.database.clone(), sessions, vault, opening, asks_person, client.clone(), Arc::clone(account))
        .await
}

/// Writes down, once a minute, that the caller's session is in use: beside the request and after its end, so that nothing
/// waits for it and it holds no lock while a request runs.
fn note_activity(request: &Request) {
    let viewer = request.viewer();
    // Who came with the token of an outside issuer has no session here.
    let Ok(Some(session_id)) = viewer.member().map(|member| member.session_id) else { return };
    if !request.sessions.activity.is_due(session_id) {
        return;
    }
    let database = request.database().clone();
    tokio::spawn(async move {
        if let Err(error) = database.touch_session(session_id).await {
            tracing::debug!(%error, "a session's activity was not noted");
        }
    });
}
