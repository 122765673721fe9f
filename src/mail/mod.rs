//! Mail: letters are put into the outbox in the transaction of what they tell of, and sent by a job.

mod letter;
mod mailer;
mod message;
pub mod outbox;
mod wording;

pub use letter::Letter;
pub use mailer::{Failure, Mailer};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use uuid::Uuid;

use crate::{
    db::RequestTransaction,
    error::{Error, Result},
    vault::{Place, Vault},
};

/// Where a letter is sealed.
#[must_use]
pub const fn place(id: Uuid) -> Place {
    Place { table: "outbox", column: "letter_sealed", row: id }
}

/// Puts a letter into the outbox; it goes out once the transaction is committed.
///
/// # Errors
/// As the statement's.
pub async fn enqueue(transaction: &RequestTransaction, vault: &Vault, recipient: &str, letter: &Letter) -> Result<()> {
    let id = crate::id::new();
    let content = serde_json::to_string(letter).map_err(Error::internal)?;
    let sealed = vault.seal(place(id), &content).map_err(Error::internal)?;
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT platform_private.enqueue_mail($1, $2, $3)",
        [id.into(), recipient.into(), sealed.into()],
    );
    transaction.execute_raw(statement).await?;
    Ok(())
}
