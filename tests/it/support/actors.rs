//! People who ask: `app.owner().await.ask("{ viewer { email } }").await`.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{app::App, evidence};

/// The demo accounts, with which of them see anything at all of acme.
pub const ACCOUNTS: [&str; 7] = [
    "owner@acme.test",
    "admin@acme.test",
    "developer@acme.test",
    "billing@acme.test",
    "member@acme.test",
    "outsider@globex.test",
    "both@acme.test",
];

/// Somebody who makes requests.
#[derive(Debug, Clone)]
pub struct Actor<'a> {
    app: &'a App,
    pub email: String,
    pub access_token: Option<String>,
    pub refresh_token: Option<String>,
    organization: Option<String>,
}

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// `data`, when there was no error.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert!(self.body.get("errors").is_none(), "errors: {:#}", self.body);
        &self.body["data"]
    }

    /// What stands at a JSON pointer below `data`, when there was no error.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> &Value {
        self.data().pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}: {:#}", self.body))
    }

    /// The codes of all errors, in their order.
    pub fn codes(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("no code")).collect()
    }
}

impl App {
    /// Nobody.
    pub fn anonymous(&self) -> Actor<'_> {
        Actor { app: self, email: String::new(), access_token: None, refresh_token: None, organization: None }
    }

    /// Signs a demo account in.
    pub async fn sign_in(&self, email: &str) -> Actor<'_> {
        self.sign_in_with(email, "ogelbase-demo").await
    }

    /// Signs in.
    pub async fn sign_in_with(&self, email: &str, password: &str) -> Actor<'_> {
        let answer = self.anonymous().ask_with(SIGN_IN, json!({"input": {"email": email, "password": password}})).await;
        let token = |name: &str| answer.at(&format!("/signIn/{name}")).as_str().map(str::to_owned);
        Actor {
            app: self,
            email: email.to_owned(),
            access_token: token("accessToken"),
            refresh_token: token("refreshToken"),
            organization: None,
        }
    }

    pub async fn owner(&self) -> Actor<'_> {
        self.sign_in("owner@acme.test").await
    }

    pub async fn admin(&self) -> Actor<'_> {
        self.sign_in("admin@acme.test").await
    }

    pub async fn developer(&self) -> Actor<'_> {
        self.sign_in("developer@acme.test").await
    }

    pub async fn billing(&self) -> Actor<'_> {
        self.sign_in("billing@acme.test").await
    }

    pub async fn member(&self) -> Actor<'_> {
        self.sign_in("member@acme.test").await
    }

    pub async fn outsider(&self) -> Actor<'_> {
        self.sign_in("outsider@globex.test").await
    }

    pub async fn both(&self) -> Actor<'_> {
        self.sign_in("both@acme.test").await
    }

    /// The key of a user, read as the service role.
    pub async fn user_id(&self, email: &str) -> Uuid {
        self.service().await.one("SELECT id FROM platform.users WHERE email = $1", [email.into()]).await
    }
}

pub const SIGN_IN: &str = "mutation ($input: SignInInput!) {
    signIn(input: $input) { accessToken refreshToken expiresAt user { email } }
}";

impl Actor<'_> {
    /// The same person under `X-Organization`.
    pub fn in_organization(&self, slug: &str) -> Self {
        Self { organization: Some(slug.to_owned()), ..self.clone() }
    }

    /// The organization that they narrow their requests to.
    pub fn slug(&self) -> Option<&str> {
        self.organization.as_deref()
    }

    /// Asks.
    pub async fn ask(&self, query: &str) -> Answer {
        self.ask_with(query, Value::Null).await
    }

    /// Asks with variables.
    pub async fn ask_with(&self, query: &str, variables: Value) -> Answer {
        evidence::secrets_in(&variables);
        let response = self.request(&json!({ "query": query, "variables": variables })).send().await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body: Value = response.json().await.unwrap();
        evidence::secrets_in(&body["data"]);
        evidence::errors_of(&body);
        Answer { status, headers, body }
    }

    /// The request, not yet sent.
    pub fn request(&self, body: &Value) -> reqwest::RequestBuilder {
        let mut request = self.app.http.post(self.app.url("/graphql")).json(body);
        if let Some(token) = &self.access_token {
            request = request.bearer_auth(token);
        }
        if let Some(slug) = &self.organization {
            request = request.header("X-Organization", slug);
        }
        request
    }
}
