//! Clients that go away: requests of two tenants are dropped at random moments, thousands of them, while others are
//! waited for. Whatever moment it is, nobody sees another's context, and no connection stays in a transaction.
//!
//! `OGELBASE_TEST_SEED=7 make nextest ARGS='cuts --no-capture'` repeats the chances of a run and shows its report.

use std::{
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use ogelbase::db::Opening;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

use crate::support::{
    app::{App, config},
    db::{Sql, TestDatabase},
    tenants::Session,
    wire::{Delay, Wire},
};

const CONNECTIONS: usize = 4;
/// After each round everybody leaves, and the connections are looked at.
const ROUNDS: u64 = 6;
const CUTS_OF_A_ROUND: usize = 500;
/// Clients of each tenant that leave, and clients that wait for their answers.
const LEAVING: usize = 3;
const WAITING: usize = 1;
/// So that each part of a transaction takes long enough to be cut.
const DELAYS: [Delay; 4] = [("BEGIN", 4), ("COMMIT", 6), ("ROLLBACK", 2), ("SELECT", 2)];
const SIGN_OUT: &str = "mutation { signOut(input: {}) { signedOut } }";

/// What is asked, and whether `X-Organization` narrows it to the first of the tenant's two organizations.
const QUESTIONS: [(&str, bool); 4] = [
    ("{ viewer { email memberships { nodes { role organization { slug } } } } projects { nodes { ref } } }", false),
    ("{ organizations { nodes { slug members { nodes { user { email } } } projects { nodes { ref } } } } }", false),
    ("{ viewer { email } organizations { totalCount nodes { slug } } projects { nodes { ref } } }", true),
    ("{ organizations { nodes { slug billingEmail } } projects { totalCount nodes { organization { slug } } } }", true),
];

struct Tenant {
    name: &'static str,
    /// Whose data must never be here.
    other: &'static str,
    narrowed_to: String,
    session: Session,
    /// Sessions to sign out of.
    spare: Mutex<Vec<Session>>,
    /// The right answers to the questions.
    answers: Vec<Value>,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    dropped: AtomicUsize,
    answered: AtomicUsize,
    /// Microseconds that an answer takes at present.
    typical: AtomicU64,
    signed_out: Mutex<Vec<Uuid>>,
    /// Answers with anything of the other tenant, and any context of nobody's.
    foreign: Mutex<Vec<String>>,
    /// Other answers than the right one.
    wrong: Mutex<Vec<String>>,
    /// Transactions that nobody ended.
    left_open: Mutex<Vec<String>>,
}

struct Scene {
    app: App,
    wire: Wire,
    service: Sql,
    tenants: [Tenant; 2],
    seen: Seen,
}

impl Tenant {
    async fn make(service: &Sql, name: &'static str, other: &'static str) -> Self {
        let owner = service.make_person(&format!("{name}@people.test")).await;
        for number in 1..=2 {
            service.make_organization(owner, &format!("{name}-{number}"), 3, 2).await;
        }
        Self {
            name,
            other,
            narrowed_to: format!("{name}-1"),
            session: service.make_sessions(owner, 1).await.remove(0),
            spare: Mutex::new(service.make_sessions(owner, 2_000).await),
            answers: Vec::new(),
        }
    }

    fn narrowing(&self, question: usize) -> Option<&str> {
        QUESTIONS[question].1.then_some(self.narrowed_to.as_str())
    }
}

impl Scene {
    async fn set() -> Self {
        let database = TestDatabase::migrated().await;
        let wire = Wire::to(&database.url).await;
        let mut config = config(&wire.url);
        config.database_connections = u32::try_from(CONNECTIONS).unwrap();
        let app = App::with(database, config).await;
        let service = app.service().await;
        let tenants = [Tenant::make(&service, "north", "south").await, Tenant::make(&service, "south", "north").await];
        let mut scene = Self { app, wire, service, tenants, seen: Seen::default() };
        for tenant in 0..scene.tenants.len() {
            for question in 0..QUESTIONS.len() {
                let answer = scene.ask(&scene.tenants[tenant], question).await.1;
                assert!(answer.get("errors").is_none(), "{answer}");
                assert!(!answer.to_string().contains(scene.tenants[tenant].other), "{answer}");
                scene.tenants[tenant].answers.push(answer);
            }
        }
        scene.seen.typical.store(20_000, Relaxed);
        // What is narrowed to one of two organizations must be told from what is not.
        let slugs = |question: usize| scene.tenants[0].answers[question].to_string().matches("north-2").count();
        assert_eq!([slugs(0) > 0, slugs(1) > 0, slugs(2) > 0, slugs(3) > 0], [true, true, false, false]);
        scene
    }

    /// Asks, and waits for the answer.
    async fn ask(&self, tenant: &Tenant, question: usize) -> (u16, Value) {
        let mut actor = self.app.holder_of(&tenant.session);
        if let Some(slug) = tenant.narrowing(question) {
            actor = actor.in_organization(slug);
        }
        let answer = actor.ask(QUESTIONS[question].0).await;
        (answer.status, answer.body)
    }

    /// Notes what is wrong with an answer.
    fn judge(&self, tenant: &Tenant, question: usize, (status, answer): &(u16, Value)) {
        self.seen.answered.fetch_add(1, Relaxed);
        if *status == 200 && *answer == tenant.answers[question] {
            return;
        }
        let foreign = answer.to_string().contains(tenant.other);
        let list = if foreign { &self.seen.foreign } else { &self.seen.wrong };
        let (asked, narrowed) = QUESTIONS[question];
        let narrowed = if narrowed { " in one organization" } else { "" };
        list.lock().unwrap().push(format!("{}{narrowed}, {asked}: {status} {answer}", tenant.name));
    }

    /// Somebody who asks, and goes away if the answer takes longer than their patience, which is any part of what it
    /// takes others.
    async fn leave_again_and_again(&self, tenant: &Tenant, mut chance: StdRng, enough: usize) {
        while self.seen.dropped.load(Relaxed) < enough {
            let typical = self.seen.typical.load(Relaxed);
            let patience = Duration::from_micros(chance.random_range(0..typical + typical / 4 + 1_000));
            let question = chance.random_range(0..QUESTIONS.len() + 2);
            let spare = if question < QUESTIONS.len() { None } else { tenant.spare.lock().unwrap().pop() };
            let question = question % QUESTIONS.len();
            let address = self.app.server.address();
            let answer = match &spare {
                Some(session) => ask_with_patience(address, session, None, SIGN_OUT, patience).await,
                None => {
                    let (asked, slug) = (QUESTIONS[question].0, tenant.narrowing(question));
                    ask_with_patience(address, &tenant.session, slug, asked, patience).await
                }
            };
            match (answer, spare) {
                (None, _) => drop(self.seen.dropped.fetch_add(1, Relaxed)),
                (Some(answer), None) => self.judge(tenant, question, &answer),
                (Some((_, answer)), Some(session)) if answer == json!({"data": {"signOut": {"signedOut": true}}}) => {
                    self.seen.signed_out.lock().unwrap().push(session.id);
                }
                (Some(answer), Some(_)) => self.seen.wrong.lock().unwrap().push(format!("signing out: {answer:?}")),
            }
        }
    }

    /// Somebody who waits for each answer.
    async fn stay(&self, tenant: &Tenant, mut chance: StdRng, over: &AtomicBool) {
        while !over.load(Relaxed) {
            let question = chance.random_range(0..QUESTIONS.len());
            let started = Instant::now();
            self.judge(tenant, question, &self.ask(tenant, question).await);
            let took = u64::try_from(started.elapsed().as_micros()).unwrap();
            self.seen.typical.store(self.seen.typical.load(Relaxed) / 8 * 7 + took / 8, Relaxed);
        }
    }

    /// Somebody who is nobody: a transaction from the same pool, without a context of its own.
    async fn stay_as_nobody(&self, over: &AtomicBool) {
        const CONTEXT: &str = "SELECT concat_ws(', ',
            'user ' || nullif(current_setting('app.current_user_id', true), ''),
            'organization ' || nullif(current_setting('app.current_org_id', true), ''),
            'sees ' || (SELECT string_agg(slug, ' ') FROM platform.organizations)) AS context";
        while !over.load(Relaxed) {
            let (transaction, _) = self.app.server.database().begin(&Opening::Anonymous).await.unwrap();
            let row = transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, CONTEXT)).await.unwrap();
            let context: String = row.unwrap().try_get("", "context").unwrap();
            transaction.end_reading().await;
            self.seen.answered.fetch_add(1, Relaxed);
            if !context.is_empty() {
                self.seen.foreign.lock().unwrap().push(format!("nobody: {context}"));
            }
        }
    }

    async fn play(&self, round: u64, seed: u64) {
        let chances = |person: usize| StdRng::seed_from_u64(seed ^ (round << 32) ^ ((person as u64) << 48));
        let enough = CUTS_OF_A_ROUND * usize::try_from(round + 1).unwrap();
        let over = AtomicBool::new(false);
        let tenant = |person: usize| &self.tenants[person % 2];
        let leaving = async {
            let people = 0..2 * LEAVING;
            join_all(people.map(|person| self.leave_again_and_again(tenant(person), chances(person), enough))).await;
            over.store(true, Relaxed);
        };
        let people = 2 * LEAVING..2 * (LEAVING + WAITING);
        let waiting = join_all(people.map(|person| self.stay(tenant(person), chances(person), &over)));
        tokio::join!(leaving, waiting, self.stay_as_nobody(&over));
        self.wire.forget();
    }

    /// Notes which connections have not come to rest some seconds after everybody has gone.
    async fn look_at_connections(&self, superuser: &Sql) {
        let mut restless: Vec<String> = Vec::new();
        for _ in 0..60 {
            restless = superuser
                .column(
                    "SELECT format('%s since %s: %s', state, now() - state_change, query) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'",
                    [],
                )
                .await;
            if restless.is_empty() && self.wire.open_transactions() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        restless.push(format!("{} as the wire has it", self.wire.open_transactions()));
        self.seen.left_open.lock().unwrap().extend(restless);
    }

    /// As many requests as there are connections, each of which must get one: all of them wait for the same lock.
    async fn use_all_connections_at_once(&self, superuser: &Sql) {
        self.service.run("BEGIN; LOCK TABLE platform.projects IN ACCESS EXCLUSIVE MODE").await;
        let asking = join_all((0..CONNECTIONS).map(|person| self.ask(&self.tenants[person % 2], 0)));
        let releasing = async {
            let waiting = superuser.until_locked_out(CONNECTIONS).await;
            self.service.run("COMMIT").await;
            waiting
        };
        let (answers, waiting) = tokio::join!(asking, releasing);
        assert_eq!(waiting, CONNECTIONS, "connections that can be used at once");
        for (person, answer) in answers.iter().enumerate() {
            self.judge(&self.tenants[person % 2], 0, answer);
        }
    }

    /// A sign-out has happened wholly or not at all, and where it was confirmed it has happened.
    async fn count_sign_outs(&self) -> (usize, i64) {
        let confirmed = self.seen.signed_out.lock().unwrap().clone();
        let ended: i64 = self
            .service
            .one(
                "SELECT count(*) FROM platform.user_sessions WHERE id = ANY ($1) AND revoked_at IS NOT NULL",
                [confirmed.clone().into()],
            )
            .await;
        assert_eq!(usize::try_from(ended).unwrap(), confirmed.len(), "confirmed sign-outs that have happened");
        let torn: i64 = self
            .service
            .one(
                "SELECT count(*) FROM platform.user_sessions s
                   LEFT JOIN (SELECT resource_id, count(*) AS records FROM platform.audit_logs
                               WHERE event_type = 'user.signed_out' GROUP BY resource_id) a ON a.resource_id = s.id
                  WHERE (s.revoked_at IS NOT NULL)::int <> coalesce(a.records, 0)",
                [],
            )
            .await;
        assert_eq!(torn, 0, "sign-outs without their audit record, or the other way round");
        let all: i64 =
            self.service.one("SELECT count(*) FROM platform.user_sessions WHERE revoked_at IS NOT NULL", []).await;
        (confirmed.len(), all - ended)
    }

    fn report(&self, took: Duration) {
        let Seen { dropped, answered, typical, foreign, wrong, left_open, .. } = &self.seen;
        let (foreign, wrong, left_open) = (foreign.lock().unwrap(), wrong.lock().unwrap(), left_open.lock().unwrap());
        let begun_inside = self.wire.begun_inside_another();
        let cuts = self.app.server.database().cuts();
        eprintln!(
            "cuts: {} requests dropped in {:.1} s: {} in BEGIN, {} in a statement, {} between statements, {} in COMMIT, \
             {} before or after their transaction",
            dropped.load(Relaxed),
            took.as_secs_f32(),
            cuts.begin,
            cuts.statement,
            cuts.idle,
            cuts.commit,
            dropped.load(Relaxed) as u64 - cuts.begin - cuts.statement - cuts.idle - cuts.commit
        );
        eprintln!(
            "cuts: {} answers read ({} ms each), {} foreign, {} otherwise wrong; BEGIN inside an open transaction \
             {begun_inside} times; connections left in a transaction: {}",
            answered.load(Relaxed),
            typical.load(Relaxed) / 1_000,
            foreign.len(),
            wrong.len(),
            left_open.len()
        );
        for (kind, examples) in [("foreign", &foreign), ("wrong", &wrong), ("left open", &left_open)] {
            examples.iter().take(3).for_each(|example| eprintln!("cuts: {kind}: {example}"));
        }
    }
}

/// Asks over a connection of its own; none when the patience ends first and the connection with it.
async fn ask_with_patience(
    address: SocketAddr,
    session: &Session,
    organization: Option<&str>,
    query: &str,
    patience: Duration,
) -> Option<(u16, Value)> {
    let body = json!({ "query": query }).to_string();
    let organization = organization.map(|slug| format!("X-Organization: {slug}\r\n")).unwrap_or_default();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {}\r\n{organization}Content-Length: {}\r\n\r\n{body}",
        session.access_token,
        body.len()
    );
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(patience, connection.read_to_string(&mut answer)).await.ok()?.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Some((head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_that_are_cut_off_leave_no_context_and_no_open_transaction_behind() {
    let seed =
        std::env::var("OGELBASE_TEST_SEED").map_or_else(|_| rand::random::<u32>().into(), |it| it.parse().unwrap());
    eprintln!("cuts: seed {seed}");
    let scene = Scene::set().await;
    let superuser = scene.app.superuser().await;
    let started = Instant::now();
    scene.wire.delay(&DELAYS, seed);
    for round in 0..ROUNDS {
        scene.play(round, seed).await;
        scene.look_at_connections(&superuser).await;
    }
    let took = started.elapsed();
    scene.wire.delay(&[], seed);
    scene.use_all_connections_at_once(&superuser).await;

    scene.report(took);
    let (confirmed, unconfirmed) = scene.count_sign_outs().await;
    eprintln!("cuts: {confirmed} sign-outs confirmed, {unconfirmed} more had happened when their client left");

    let seen = |list: &Mutex<Vec<String>>| list.lock().unwrap().len();
    let Seen { dropped, foreign, wrong, left_open, .. } = &scene.seen;
    assert_eq!((seen(foreign), seen(wrong)), (0, 0), "answers with another's context");
    assert_eq!((scene.wire.begun_inside_another(), seen(left_open)), (0, 0), "connections left inside a transaction");
    let cuts = scene.app.server.database().cuts();
    assert!(dropped.load(Relaxed) >= 3_000);
    assert!(cuts.begin > 0 && cuts.statement > 0 && cuts.commit > 0, "{cuts:?}");
    assert!(confirmed > 0 && unconfirmed > 0, "sign-outs: {confirmed} confirmed, {unconfirmed} not");
}
