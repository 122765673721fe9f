//! kill -9 of the server or of its database at any moment: the next start works without help, and nothing that was
//! acknowledged is lost.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::MetadataExt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use ogelbase::{auth::token, db::bootstrap::hex};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{
    actors::SIGN_IN,
    process::{CHEAP, Home, Serving, Tokens, ask, lives, make_account, pid, until},
};

const PASSWORD: &str = "a password that everybody here knows";
const CLIENTS: usize = 4;
/// They sign in more often in a minute than an address may.
const SETTINGS: [(&str, &str); 3] = [CHEAP[0], CHEAP[1], ("OGELBASE_ANONYMOUS_COST_PER_MINUTE", "0")];

/// What the clients were told, over all rounds.
#[derive(Debug, Default)]
struct Heard {
    /// Sign-ins that were acknowledged.
    sessions: Vec<Tokens>,
    /// Codes of answers that were errors.
    refusals: BTreeSet<String>,
}

/// Signs in again and again until it is dropped.
async fn sign_in_for_ever(url: String, email: String, heard: Arc<Mutex<Heard>>) {
    let http = reqwest::Client::new();
    let input = json!({"input": {"email": email, "password": PASSWORD}});
    loop {
        // Without an answer nothing was promised.
        let Ok((_, answer)) = ask(&http, &url, None, SIGN_IN, input.clone()).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let mut heard = heard.lock().unwrap();
        match Tokens::from(&answer) {
            Some(tokens) => heard.sessions.push(tokens),
            None => drop(heard.refusals.insert(answer["errors"][0]["extensions"]["code"].to_string())),
        }
    }
}

fn email(client: usize) -> String {
    format!("client{client}@crash.example")
}

fn clients(server: &Serving, heard: &Arc<Mutex<Heard>>) -> JoinSet<()> {
    (0..CLIENTS).map(|client| sign_in_for_ever(server.url.clone(), email(client), Arc::clone(heard))).collect()
}

/// All that was acknowledged is there, in whole; and the tokens work, as far as a few of them can tell.
async fn check(home: &Home, server: &Serving, heard: &Mutex<Heard>, random: &mut StdRng) {
    let sessions = heard.lock().unwrap().sessions.clone();
    let digests: Vec<String> = sessions.iter().map(|session| hex(&token::digest(&session.refresh))).collect();
    let service = home.service().await;
    let lost: i64 = service
        .one(
            "SELECT count(*) FROM unnest($1::text[]) digest
              WHERE NOT EXISTS (SELECT FROM platform.user_sessions WHERE refresh_token_hash = digest)",
            [digests.into()],
        )
        .await;
    assert_eq!(lost, 0, "of {} acknowledged sign-ins", sessions.len());
    let halves: i64 = service
        .one(
            "SELECT count(*) FROM (SELECT id FROM platform.user_sessions) s
               FULL JOIN (SELECT resource_id FROM platform.audit_logs WHERE event_type = 'user.signed_in') a
                 ON a.resource_id = s.id
              WHERE s.id IS NULL OR a.resource_id IS NULL",
            [],
        )
        .await;
    assert_eq!(halves, 0, "sessions without their audit record, or the other way round");
    let newest = sessions.iter().rev().take(CLIENTS);
    for session in newest.chain(sessions.sample(random, 10)) {
        let (status, answer) = server.ask(Some(&session.access), "{ viewer { email } }", Value::Null).await;
        assert_eq!(status, 200, "{answer:#}");
        assert!(answer["data"]["viewer"]["email"].as_str().unwrap().ends_with("@crash.example"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_of_server_and_database_during_sign_ins() {
    let home = Home::new();
    let mut random = StdRng::seed_from_u64(0x6f67_656c);
    let heard = Arc::new(Mutex::new(Heard::default()));
    let mut server = home.serve(&SETTINGS).await;
    for client in 0..CLIENTS {
        make_account(&home.service().await, &email(client), PASSWORD).await;
    }
    for round in 0..7 {
        let before = heard.lock().unwrap().sessions.len();
        let mut running = clients(&server, &heard);
        tokio::time::sleep(Duration::from_millis(random.random_range(100..800))).await;
        let (postmaster, _) = home.postgres().expect("a private PostgreSQL");
        if round % 2 == 0 {
            // The last time both at once, so that the next start meets a database that nobody ended.
            if round == 6 {
                kill_process(pid(postmaster), Signal::KILL).unwrap();
            }
            server.kill_9().await;
            let took = until("the database dies with its server", Duration::from_secs(5), async || !lives(postmaster));
            assert!(took.await < Duration::from_secs(3));
            running.shutdown().await;
            let begun = Instant::now();
            server = home.serve(&SETTINGS).await;
            assert!(begun.elapsed() < Duration::from_secs(15), "the next start took {:?}", begun.elapsed());
        } else {
            kill_process(pid(postmaster), Signal::KILL).unwrap();
            // The clients go on; nobody else does anything.
            let served = async || {
                let input = json!({"input": {"email": email(0), "password": PASSWORD}});
                let (_, answer) = server.ask(None, SIGN_IN, input).await;
                home.postgres().is_some_and(|(now, _)| now != postmaster) && Tokens::from(&answer).is_some()
            };
            until("the server serves again", Duration::from_secs(15), served).await;
            running.shutdown().await;
        }
        let after = heard.lock().unwrap().sessions.len();
        assert!(after > before, "round {round} was more than nothing");
        check(&home, &server, &heard, &mut random).await;
    }
    server.stop().await;
    let refusals = heard.lock().unwrap().refusals.clone();
    assert!(refusals.iter().all(|code| code == "\"UNAVAILABLE\""), "{refusals:?}\n{}", home.log());
}

#[tokio::test]
async fn a_server_killed_at_any_moment_of_its_first_start_starts_the_next_time() {
    let home = Home::new();
    let mut random = StdRng::seed_from_u64(0x6261_7365);
    // That the making of the database may be killed as well is shown in `embedded`.
    home.run(&["migrate", "status"], &[]).await.printed();
    for _ in 0..10 {
        let moment = Duration::from_millis(random.random_range(10..1_500));
        let starting = home.spawn(home.command(&["serve"]));
        if let Ok(Some(started)) = tokio::time::timeout(moment, starting).await {
            started.kill_9().await;
        }
    }
    let server = home.serve(&[]).await;
    assert_eq!(server.status("/readyz").await, 200);
    let steps: i64 = home.service().await.one("SELECT count(*) FROM platform_private.schema_migrations", []).await;
    assert!(steps >= 9, "{steps} steps");
    for name in ["jwt.secret", "vault.keys"] {
        let file = fs::metadata(home.data().join(name)).unwrap();
        assert!(file.len() >= 32 && file.mode() & 0o777 == 0o600, "{name}: {file:?}");
    }
    server.stop().await;
}

/// In a container the server has the same pid each time.
#[tokio::test]
async fn a_server_killed_while_it_wrote_its_secrets_starts_the_next_time_under_the_same_pid() {
    let home = Home::new();
    fs::create_dir(home.data()).unwrap();
    let script = format!("touch data/jwt.$$.new data/vault.$$.new; exec {} serve", env!("CARGO_BIN_EXE_ogelbase"));
    let server = home.spawn(home.program("sh", &["-c", &script])).await;
    server.unwrap_or_else(|| panic!("{}", home.log())).stop().await;
}
