//! One WebSocket from its opening to its end.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    extract::ws::{Message, WebSocket},
    http::HeaderMap,
};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde_json::{Map, Value};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};
use tungstenite::Error as SocketError;

use super::{
    closing::Closing,
    message::{self, Incoming},
    operations::Operations,
    sockets::Place,
};
use crate::{
    auth::session::{Client, Credential},
    error::{Error, Result},
    http::{App, credential, graphql, operation},
};

/// Messages that wait to be sent. When there is no room, what has more to say waits, and what changes meanwhile
/// becomes one.
const QUEUE: usize = 8;
/// How long the peer has to answer a close.
const FAREWELL: Duration = Duration::from_secs(2);

/// Who connected, and what the upgrade's headers said.
#[derive(Debug)]
pub(super) struct Peer {
    pub ip: IpAddr,
    user_agent: Option<String>,
    authorization: Option<String>,
    organization: Option<String>,
}

impl Peer {
    pub fn of(ip: IpAddr, headers: &HeaderMap) -> Self {
        // What is not text is no token and nobody's slug.
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().to_owned());
        Self {
            ip,
            user_agent: graphql::user_agent(headers),
            authorization: text("authorization"),
            organization: text("x-organization"),
        }
    }

    fn client(&self) -> Client {
        Client { ip: Some(self.ip), user_agent: self.user_agent.clone(), request_id: String::new() }
    }
}

/// Why it is over.
enum End {
    /// The server closes it.
    Closing(Closing),
    /// The peer has closed it, or is gone.
    Gone,
}

impl From<Closing> for End {
    fn from(closing: Closing) -> Self {
        Self::Closing(closing)
    }
}

type Step = std::result::Result<(), End>;

/// Serves one WebSocket; `spoken`: the client speaks the sub-protocol.
pub(super) async fn serve(socket: WebSocket, app: Arc<App>, peer: Peer, place: Place, spoken: bool) {
    let (sink, mut frames) = socket.split();
    let ping = Duration::from_secs(app.config.websocket_ping_seconds);
    let (outgoing, queue) = mpsc::channel(QUEUE);
    // Who takes nothing for so long is cut: nothing is kept for it beyond the queue.
    let writer = tokio::spawn(write(sink, queue, ping * 2));
    let end = match spoken {
        true => Connection::new(app, peer, outgoing.clone(), ping).run(&mut frames).await,
        false => Closing::SUBPROTOCOL.into(),
    };
    if let End::Closing(closing) = end {
        tracing::debug!(code = closing.code, reason = %closing.reason, "closes a WebSocket");
        let _ = outgoing.send(closing.into_frame()).await;
    }
    drop(outgoing);
    let _ = writer.await;
    // A connection with unread bytes would be reset, and the peer would not see why it was closed.
    let _ = timeout(FAREWELL, read_to_the_end(&mut frames)).await;
    drop(place);
}

async fn read_to_the_end(frames: &mut SplitStream<WebSocket>) {
    while let Some(frame) = frames.next().await {
        if frame.is_err() {
            // What follows is no frame: the peer is given the time to read what was said.
            std::future::pending::<()>().await;
        }
    }
}

async fn write(mut sink: SplitSink<WebSocket, Message>, mut queue: mpsc::Receiver<Message>, patience: Duration) {
    while let Some(message) = queue.recv().await {
        let last = matches!(message, Message::Close(_));
        let sent = timeout(patience, sink.send(message)).await;
        if last || !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

struct Connection {
    app: Arc<App>,
    peer: Peer,
    outgoing: mpsc::Sender<Message>,
    operations: Operations,
    /// Told by operations whose credential was refused.
    refused: mpsc::Receiver<Closing>,
    /// `connection_init` has come.
    initialised: bool,
    credential: Option<Arc<Credential>>,
    init_until: Instant,
    check_at: Option<Instant>,
    ping: Duration,
    ping_at: Instant,
    heard_at: Instant,
}

impl Connection {
    fn new(app: Arc<App>, peer: Peer, outgoing: mpsc::Sender<Message>, ping: Duration) -> Self {
        let (refuse, refused) = mpsc::channel(1);
        let now = Instant::now();
        Self {
            operations: Operations::new(Arc::clone(&app), peer.client(), outgoing.clone(), refuse),
            init_until: now + Duration::from_secs(app.config.websocket_init_seconds),
            app,
            peer,
            outgoing,
            refused,
            initialised: false,
            credential: None,
            check_at: None,
            ping,
            ping_at: now + ping,
            heard_at: now,
        }
    }

    async fn run(mut self, frames: &mut SplitStream<WebSocket>) -> End {
        let mut stopping = self.app.sockets.stopping();
        loop {
            let wake_at = self.wakes_at();
            let step = tokio::select! {
                biased;
                () = until(&mut stopping) => Err(Closing::GOING_AWAY.into()),
                () = self.outgoing.closed() => Err(End::Gone),
                Some(closing) = self.refused.recv() => Err(closing.into()),
                Some(ended) = self.operations.ended() => ended.map_err(End::from),
                () = sleep_until(wake_at) => self.look_at_the_time().await,
                frame = frames.next() => self.receive(frame).await,
            };
            if let Err(end) = step {
                self.operations.stop().await;
                return end;
            }
        }
    }

    fn wakes_at(&self) -> Instant {
        let init_until = (!self.initialised).then_some(self.init_until);
        init_until.into_iter().chain(self.check_at).fold(self.ping_at, Instant::min)
    }

    async fn look_at_the_time(&mut self) -> Step {
        let now = Instant::now();
        if !self.initialised && now >= self.init_until {
            return Err(Closing::INIT_TIMEOUT.into());
        }
        if now >= self.ping_at {
            if now >= self.heard_at + self.ping * 2 {
                return Err(End::Gone);
            }
            // Where there is no room the peer is behind already, and is cut for that.
            let _ = self.outgoing.try_send(Message::Ping(Default::default()));
            self.ping_at = now + self.ping;
        }
        self.check_the_credential(now).await
    }

    /// A token that has ended is no longer good; one whose end only the database knows is looked up now and then.
    async fn check_the_credential(&mut self, now: Instant) -> Step {
        let Some(credential) = self.credential.clone() else { return Ok(()) };
        let present = self.app.sessions.clock.now();
        if credential.has_ended(present) {
            return Err(Closing::EXPIRED.into());
        }
        if self.check_at.is_none_or(|at| now >= at) {
            if credential.ends_at.is_none() {
                self.recognise(&credential).await?;
            }
            self.check_at = Some(now + credential.good_for(present, self.app.config.access_token_seconds));
        }
        Ok(())
    }

    async fn receive(&mut self, frame: Option<std::result::Result<Message, axum::Error>>) -> Step {
        let message = match frame {
            None => return Err(End::Gone),
            Some(Err(error)) => return Err(broken(error)),
            Some(Ok(message)) => message,
        };
        self.heard_at = Instant::now();
        match message {
            Message::Text(text) => self.obey(message::read(&text)?).await,
            Message::Binary(_) => Err(Closing::bad_message("messages are text frames").into()),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(End::Gone),
        }
    }

    async fn obey(&mut self, incoming: Incoming) -> Step {
        match incoming {
            Incoming::ConnectionInit(_) if self.initialised => Err(Closing::TOO_MANY_INITS.into()),
            Incoming::ConnectionInit(payload) => self.initialise(&payload).await,
            Incoming::Ping(payload) => self.say(message::pong(payload)).await,
            Incoming::Pong => Ok(()),
            Incoming::Subscribe { id, document } => {
                let credential = self.credential.clone().ok_or(Closing::UNAUTHORIZED)?;
                if credential.has_ended(self.app.sessions.clock.now()) {
                    return Err(Closing::EXPIRED.into());
                }
                self.operations.start(id, document, credential).await.map_err(End::from)
            }
            Incoming::Complete { id } => {
                self.operations.complete(&id);
                Ok(())
            }
        }
    }

    async fn initialise(&mut self, payload: &Map<String, Value>) -> Step {
        self.initialised = true;
        let credential = self.credential_of(payload).await.map_err(|error| Closing::refused(&error))?;
        self.recognise(&credential).await?;
        let good_for = credential.good_for(self.app.sessions.clock.now(), self.app.config.access_token_seconds);
        self.check_at = Some(Instant::now() + good_for);
        self.credential = Some(Arc::new(credential));
        self.say(message::connection_ack()).await
    }

    /// What the payload proves, or what it leaves out and the upgrade's headers have.
    async fn credential_of(&self, payload: &Map<String, Value>) -> Result<Credential> {
        let authorization = header_in(payload, "Authorization")?.or(self.peer.authorization.as_deref());
        let organization = header_in(payload, "X-Organization")?.or(self.peer.organization.as_deref());
        let bearer = authorization.map(|value| credential::bearer(Some(value))).transpose()?;
        Box::pin(self.app.sessions.credential(bearer, organization, &self.client())).await
    }

    /// Whether the database knows who that is.
    async fn recognise(&self, credential: &Credential) -> Step {
        let account = Arc::new(self.app.budgets.account(Some(self.peer.ip)));
        match operation::open(&self.app, &credential.opening, false, &self.client(), &account).await {
            Ok(request) => request.give_up().await,
            Err(error) => return Err(Closing::refused(&error).into()),
        }
        Ok(())
    }

    fn client(&self) -> Client {
        Client { request_id: crate::id::new().to_string(), ..self.peer.client() }
    }

    async fn say(&self, message: Message) -> Step {
        self.outgoing.send(message).await.map_err(|_| End::Gone)
    }
}

async fn until(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// A member of the payload, written as a header's name is: upper or lower case.
fn header_in<'p>(payload: &'p Map<String, Value>, name: &'static str) -> Result<Option<&'p str>> {
    let mut found = payload.iter().filter(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_null());
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some((_, Value::String(value))), None) => Ok(Some(value)),
        _ => Err(Error::invalid(name, "must be one string")),
    }
}

fn broken(error: axum::Error) -> End {
    match error.into_inner().downcast_ref() {
        Some(SocketError::Capacity(_)) => Closing::TOO_LONG.into(),
        Some(SocketError::Utf8(_)) => Closing { code: 1007, reason: "text must be UTF-8".into() }.into(),
        Some(SocketError::Protocol(_)) => Closing { code: 1002, reason: "this is not WebSocket".into() }.into(),
        _ => End::Gone,
    }
}
