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

/// A letter that only the server reads, and its key in the outbox.
#[derive(Debug)]
pub struct Sealed {
    /// Its key.
    pub id: Uuid,
    /// Sealed by the vault for [`place`].
    pub content: String,
}

/// Seals a letter for the outbox.
///
/// # Errors
/// [`Error::Internal`] only if the cipher itself fails.
pub fn seal(vault: &Vault, letter: &Letter) -> Result<Sealed> {
    let id = crate::id::new();
    let content = serde_json::to_string(letter).map_err(Error::internal)?;
    Ok(Sealed { id, content: vault.seal(place(id), &content).map_err(Error::internal)? })
}

/// Puts a letter into the outbox; it goes out once the transaction is committed.
///
/// # Errors
/// As the statement's.
pub async fn enqueue(transaction: &RequestTransaction, vault: &Vault, recipient: &str, letter: &Letter) -> Result<()> {
    let Sealed { id, content } = seal(vault, letter)?;
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT platform_private.enqueue_mail($1, $2, $3)",
        [id.into(), recipient.into(), content.into()],
    );
    transaction.execute_raw(statement).await?;
    Ok(())
}
