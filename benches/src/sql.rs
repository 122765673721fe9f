//! The yardstick: hand-written SQL, prepared, in one pipelined round trip, under the role and the settings that the
//! server works with.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::{join_all, try_join_all};
use serde_json::Value;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::case::{Raw, Rows, Statement, borrowed};

/// The server's own.
const SETTINGS: &str = include_str!("../../src/db/session.sql");

/// How the transaction gets its user.
#[derive(Debug, Clone)]
pub enum Opening {
    /// The user is taken as given: what no server can do, and the least that the data can cost.
    Trusted(Uuid),
    /// By the digest of a session's token, as each of the server's requests has to.
    Checked(String),
}

impl Opening {
    fn statement(&self) -> Statement {
        match self {
            Self::Trusted(user) => {
                Statement::new("SELECT set_config('app.current_user_id', $1::text, true)", [user.to_string().as_str()])
            }
            Self::Checked(digest) => {
                Statement::new("SELECT * FROM platform_private.open_request($1::text, NULL)", [digest.as_str()])
            }
        }
    }
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The statements' rows as objects, for comparing.
pub async fn rows(url: &str, user: Uuid, statements: &[Statement]) -> Rows {
    let client = connect(url).await;
    client.batch_execute(SETTINGS).await.unwrap();
    client.batch_execute(&format!("SET app.current_user_id = '{user}'")).await.unwrap();
    let mut all = Vec::new();
    for statement in statements {
        let sql = format!("SELECT to_jsonb(it)::text FROM ({}) it", statement.sql);
        let rows = client.query(&sql, &borrowed(&statement.parameters[0])).await;
        let rows = rows.unwrap_or_else(|error| panic!("{}: {error:?}", statement.sql));
        all.push(rows.iter().map(|row| serde_json::from_str::<Value>(row.get(0)).unwrap()).collect());
    }
    all
}

/// Connections that run the statements again and again.
#[derive(Debug)]
pub struct Yardstick {
    connections: Vec<Arc<Prepared>>,
}

#[derive(Debug)]
struct Prepared {
    client: Client,
    begin: tokio_postgres::Statement,
    commit: tokio_postgres::Statement,
    statements: Vec<(tokio_postgres::Statement, Statement)>,
}

impl Yardstick {
    pub async fn connect(url: &str, opening: Opening, statements: &[Statement], connections: u32) -> Self {
        let one = || async {
            let client = connect(url).await;
            client.batch_execute(SETTINGS).await.unwrap();
            let begin = client.prepare("BEGIN").await.unwrap();
            let commit = client.prepare("COMMIT").await.unwrap();
            let mut prepared = Vec::new();
            for statement in [opening.statement()].into_iter().chain(statements.iter().cloned()) {
                prepared.push((client.prepare(&statement.sql).await.unwrap(), statement));
            }
            Arc::new(Prepared { client, begin, commit, statements: prepared })
        };
        Self { connections: join_all((0..connections).map(|_| one())).await }
    }

    /// Rounds that were finished in this time.
    pub async fn run(&self, duration: Duration) -> u64 {
        let until = Instant::now() + duration;
        let workers = self.connections.iter().enumerate().map(|(number, connection)| {
            let connection = Arc::clone(connection);
            tokio::spawn(async move {
                let mut rounds = 0;
                while Instant::now() < until {
                    // Seven has no common divisor with the lists of parameters, so that workers do not meet on one row.
                    connection.round(number * 7 + rounds).await;
                    rounds += 1;
                }
                rounds as u64
            })
        });
        join_all(workers).await.into_iter().map(Result::unwrap).sum()
    }
}

impl Prepared {
    /// All in one round trip: the driver sends what is polled together without waiting in between.
    async fn round(&self, turn: usize) {
        let statements = self.statements.iter().map(|(prepared, statement)| async move {
            let parameters = &statement.parameters[turn % statement.parameters.len()];
            self.client.query(prepared, &borrowed(parameters)).await
        });
        let begin = self.client.execute(&self.begin, &[]);
        let commit = self.client.execute(&self.commit, &[]);
        let (_, results, _) = tokio::try_join!(biased; begin, try_join_all(statements), commit).unwrap();
        for row in results.iter().flatten() {
            for column in 0..row.len() {
                let read: Option<Raw> = row.get(column);
                std::hint::black_box(read.map(|raw| raw.0));
            }
        }
    }
}
