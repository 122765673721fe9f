//! What was written to people: the letters in the outbox, opened with the key ring of the tests.

use ogelbase::{
    mail::{self, Letter},
    vault::Vault,
};
use sea_orm::{DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use super::{
    app::{App, config},
    db::Sql,
};

#[derive(Debug, FromQueryResult)]
struct Sealed {
    id: Uuid,
    letter_sealed: String,
}

impl Sql {
    /// All letters to an address, the oldest first; for the service role.
    pub async fn letters_to(&self, email: &str) -> Vec<Letter> {
        let sql = "SELECT id, letter_sealed FROM platform_private.outbox WHERE lower(recipient) = lower($1) ORDER BY created_at, id";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [email.into()]);
        let rows = Sealed::find_by_statement(statement).all(&self.0).await.unwrap();
        let vault = Vault::from_key_ring(&config("").vault_keys.unwrap()).unwrap();
        let open = |row: &Sealed| vault.open(mail::place(row.id), &row.letter_sealed).unwrap();
        rows.iter().map(|row| serde_json::from_str(&open(row)).unwrap()).collect()
    }
}

impl App {
    /// All letters to an address, the oldest first.
    pub async fn letters_to(&self, email: &str) -> Vec<Letter> {
        self.service().await.letters_to(email).await
    }
}

/// The token in a letter.
#[track_caller]
pub fn token(letter: &Letter) -> &str {
    match letter {
        Letter::ConfirmEmail { token, .. } | Letter::ResetPassword { token, .. } | Letter::Invitation { token, .. } => {
            token
        }
        other => panic!("no token in {other:?}"),
    }
}
