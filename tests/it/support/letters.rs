//! The mail that somebody would get: read from the outbox, opened with the tests' vault.

use ogelbase::{mail, vault::Vault};
use sea_orm::FromQueryResult;
use serde_json::Value;
use uuid::Uuid;

use super::app::{App, config};

#[derive(Debug, FromQueryResult)]
struct Sealed {
    id: Uuid,
    recipient: String,
    letter_sealed: String,
}

impl App {
    /// The letters to an address, oldest first.
    pub async fn letters_to(&self, email: &str) -> Vec<Value> {
        let vault = Vault::from_key_ring(&config("").vault_keys.unwrap()).unwrap();
        let outbox = "SELECT id, recipient, letter_sealed FROM platform_private.outbox ORDER BY created_at, id";
        let sealed: Vec<Sealed> = self.service().await.rows(outbox).await;
        let mine = sealed.iter().filter(|letter| letter.recipient.eq_ignore_ascii_case(email));
        mine.map(|letter| {
            let opened = vault.open(mail::place(letter.id), &letter.letter_sealed).unwrap();
            serde_json::from_str(&opened).unwrap()
        })
        .collect()
    }
}
