//! `ogelbase admin` and `ogelbase secrets`: the real binary on the database of a server that serves.

mod access;
mod accounts;
mod rotation;
mod terminal;

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    actors::{Answer, SIGN_IN},
    app::App,
    process::{CHEAP, Home, Outcome},
};

/// The operator of an installation.
pub struct Operator<'a> {
    home: Home,
    url: &'a str,
}

impl<'a> Operator<'a> {
    pub fn of(app: &'a App) -> Self {
        Self { home: Home::new(), url: &app.database.url }
    }

    /// `ogelbase admin ...`
    pub async fn admin(&self, arguments: &[&str]) -> Outcome {
        self.home.run(&[&["admin"], arguments].concat(), &self.settings()).await
    }

    /// `ogelbase admin set-password ...`, with this at its standard input.
    pub async fn set_password(&self, email: &str, input: &str) -> Outcome {
        let path = self.home.0.join("input");
        fs::write(&path, input).unwrap();
        let mut command = self.home.command(&["admin", "set-password", email]);
        command.envs(self.settings()).stdin(fs::File::open(path).unwrap());
        Outcome::of(&mut command).await
    }

    fn settings(&self) -> [(&'a str, &'a str); 3] {
        [CHEAP[0], CHEAP[1], ("DATABASE_URL", self.url)]
    }
}

pub async fn sign_in(app: &App, email: &str, password: &str) -> Answer {
    app.anonymous().ask_with(SIGN_IN, json!({"input": {"email": email, "password": password}})).await
}

/// The operator's records of one kind, the latest last.
pub async fn records(app: &App, event: &str) -> Vec<Value> {
    let sql = "SELECT json_build_object('who', actor_label, 'user', user_id, 'resource', resource_id, 'action', action,
                      'organization', organization_id, 'severity', severity, 'metadata', metadata)::text
                 FROM platform.audit_logs WHERE event_type = $1 AND actor_label = 'operator' ORDER BY created_at, id";
    let texts: Vec<String> = app.service().await.column(sql, [event.into()]).await;
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}
