//! A client that does nothing wrong, and waits for its answers beside those that do.

use std::{
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use reqwest::header;
use serde_json::{Value, json};

use crate::target::Target;

const PAUSE: Duration = Duration::from_millis(10);
const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }";
const VIEWER: &str = "{ viewer { email memberships { nodes { organization { slug } } } } }";

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Neighbour {
    http: reqwest::Client,
    url: String,
    token: String,
}

/// How long answers took.
#[derive(Debug)]
pub struct Answers(Vec<Duration>);

impl Neighbour {
    pub async fn sign_in(target: &Target) -> Self {
        let http = client();
        let token = token_of(&http, target, "owner@acme.test").await;
        Self { http, url: target.url(), token }
    }

    /// Asks in a thread of its own: what the attackers do there is not to delay what is measured here.
    pub fn ask_beside(self, time: Duration) -> JoinHandle<Answers> {
        thread::spawn(move || {
            // A connection belongs to the runtime in which it was made.
            let one = Self { http: client(), ..self };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(one.ask_for(time))
        })
    }

    /// Asks again and again.
    pub async fn ask_for(&self, time: Duration) -> Answers {
        let (begun, mut answers) = (Instant::now(), Vec::new());
        while begun.elapsed() < time {
            let asked = Instant::now();
            let request = self.http.post(&self.url).header(header::CONTENT_TYPE, "application/json");
            let body = json!({ "query": VIEWER }).to_string();
            // One that fails is as bad as one that never comes.
            let took = match request.bearer_auth(&self.token).body(body).send().await {
                Ok(response) if response.status() == 200 => asked.elapsed(),
                _ => Duration::MAX,
            };
            answers.push(took);
            tokio::time::sleep(PAUSE).await;
        }
        answers.sort_unstable();
        Answers(answers)
    }
}

/// Who waits longer has waited for nothing.
const PATIENCE: Duration = Duration::from_secs(10);

fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(PATIENCE).build().expect("a client")
}

/// An access token of a demo account.
pub async fn token_of(http: &reqwest::Client, target: &Target, email: &str) -> String {
    let body = json!({"query": SIGN_IN, "variables": {"input": {"email": email, "password": "ogelbase-demo"}}});
    let answer: Value = http.post(target.url()).json(&body).send().await.unwrap().json().await.unwrap();
    answer["data"]["signIn"]["accessToken"].as_str().expect("a token").to_owned()
}

impl Answers {
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Of a hundred answers so many came within this.
    pub fn percentile(&self, percent: usize) -> Duration {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        // A failure stands for an hour, so that it can be printed.
        self.0.get(place).copied().unwrap_or(Duration::MAX).min(Duration::from_secs(3_600))
    }
}
