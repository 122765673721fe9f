//! Tokens of outside issuers: who comes in with them, what is refused, and how their keys are fetched. The issuers are
//! real HTTP servers on loopback; their keys are made here.

mod attacks;
mod keys;
mod people;
mod second_factor;
mod settings;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use ogelbase::{
    clock::Clock,
    config::external_issuer::{ExternalIssuer, TokenAlgorithm},
    server::Server,
};
use rsa::{RsaPrivateKey, pkcs1::EncodeRsaPrivateKey};
use serde_json::{Value, json};

use crate::support::{
    actors::Answer,
    app::{App, config},
    db::TestDatabase,
};

pub const SECRET_OF_THE_SETTING: &str = "the-shared-secret-of-a-gotrue-server";
pub const AUDIENCE: &str = "authenticated";
pub const VIEWER: &str = "{ viewer { email } }";

/// A private key with the public one as an issuer publishes it.
#[derive(Clone)]
pub struct SigningKey {
    pub id: String,
    pub algorithm: Algorithm,
    pub private: EncodingKey,
    pub public: Value,
}

impl SigningKey {
    fn new(id: &str, algorithm: Algorithm, private: EncodingKey) -> Self {
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&private, algorithm).unwrap()).unwrap();
        public["kid"] = json!(id);
        public["use"] = json!("sig");
        Self { id: id.to_owned(), algorithm, private, public }
    }

    /// ES256. The frame is that of PKCS #8 around 32 bytes of chance.
    pub fn ec(id: &str) -> Self {
        let mut der = vec![
            0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
            0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
        ];
        der.extend(chance());
        Self::new(id, Algorithm::ES256, EncodingKey::from_ec_der(&der))
    }

    /// EdDSA (Ed25519), as above.
    pub fn ed(id: &str) -> Self {
        let mut der =
            vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        der.extend(chance());
        Self::new(id, Algorithm::EdDSA, EncodingKey::from_ed_der(&der))
    }

    /// RS256.
    pub fn rsa(id: &str, bits: usize) -> Self {
        let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).unwrap();
        let der = key.to_pkcs1_der().unwrap();
        Self::new(id, Algorithm::RS256, EncodingKey::from_rsa_der(der.as_bytes()))
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.private).unwrap()
    }
}

fn chance() -> [u8; 32] {
    ogelbase::auth::token::digest(&ogelbase::auth::token::new())
}

/// What an issuer's server answers.
#[derive(Clone)]
pub enum Says {
    Keys(Vec<Value>),
    Raw(String),
    Status(u16),
    RedirectTo(String),
    NothingFor(Duration),
}

/// An issuer's server.
#[derive(Clone)]
pub struct Issuer {
    pub url: String,
    says: Arc<Mutex<Says>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    pub async fn with(keys: &[&SigningKey]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(Says::Keys(Vec::new())));
        let issuer = Self { url, says, asked: Arc::default() };
        issuer.publishes(keys);
        let router = Router::new().route("/jwks", get(answer)).with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    pub fn publishes(&self, keys: &[&SigningKey]) {
        self.says(Says::Keys(keys.iter().map(|key| key.public.clone()).collect()));
    }

    pub fn says(&self, says: Says) {
        *self.says.lock().unwrap_or_else(PoisonError::into_inner) = says;
    }

    /// How often its keys were asked for.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn jwks_url(&self) -> String {
        format!("{}/jwks", self.url)
    }

    /// As the server is configured with it.
    pub fn setting(&self, algorithm: TokenAlgorithm) -> ExternalIssuer {
        ExternalIssuer {
            name: "outside".to_owned(),
            issuer: self.url.clone(),
            audience: AUDIENCE.to_owned(),
            algorithm,
            secret: None,
            jwks_url: Some(self.jwks_url()),
            allow_creation: true,
            email_claim: "email".to_owned(),
            confirms_addresses: false,
            second_factor: None,
        }
    }

    /// Lawful claims of this person.
    pub fn claims(&self, subject: &str, email: &str) -> Value {
        claims(&self.url, subject, email)
    }
}

pub fn claims(issuer: &str, subject: &str, email: &str) -> Value {
    let now = now().timestamp();
    json!({
        "iss": issuer, "aud": AUDIENCE, "sub": subject, "email": email, "email_verified": true,
        "role": "authenticated", "iat": now, "exp": now + 3 * 3_600,
    })
}

async fn answer(State(issuer): State<Issuer>) -> Response {
    issuer.asked.fetch_add(1, Ordering::SeqCst);
    let says = issuer.says.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match says {
        Says::Keys(keys) => axum::Json(json!({ "keys": keys })).into_response(),
        Says::Raw(text) => text.into_response(),
        Says::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Says::RedirectTo(url) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
        Says::NothingFor(time) => {
            tokio::time::sleep(time).await;
            StatusCode::OK.into_response()
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the tokens are of now")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The server on the demo data, with these issuers and a clock that the test moves.
pub async fn serve(issuers: Vec<ExternalIssuer>) -> (App, Clock) {
    let database = TestDatabase::seeded().await;
    let clock = Clock::fixed(now());
    let config = ogelbase::config::Config { external_issuers: issuers, ..config(&database.url) };
    let server = Server::start(config, clock.clone()).await.unwrap();
    (App { server, database, http: reqwest::Client::new() }, clock)
}

/// One issuer with one key, and a server that trusts it.
pub async fn trusted(key: &SigningKey) -> (App, Clock, Issuer) {
    let issuer = Issuer::with(&[key]).await;
    let algorithm = match key.algorithm {
        Algorithm::RS256 => TokenAlgorithm::RS256,
        Algorithm::EdDSA => TokenAlgorithm::EdDSA,
        _ => TokenAlgorithm::ES256,
    };
    let (app, clock) = serve(vec![issuer.setting(algorithm)]).await;
    (app, clock, issuer)
}

pub async fn ask(app: &App, token: &str, query: &str) -> Answer {
    let mut actor = app.anonymous();
    actor.access_token = Some(token.to_owned());
    actor.ask(query).await
}

#[track_caller]
pub fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.codes()), (401, vec!["UNAUTHENTICATED"]), "{what}: {:#}", answer.body);
    assert!(answer.body.get("data").is_none(), "{what}");
}

pub fn message(answer: &Answer) -> &str {
    answer.body["errors"][0]["message"].as_str().unwrap()
}
