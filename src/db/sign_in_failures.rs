//! Failed sign-ins, counted where all replicas see them (migration m015). What is written here stands whatever becomes
//! of the request, so it goes over connections of its own.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use sea_orm::Statement;

use super::{
    Database, RequestTransaction,
    function::{call, only},
};
use crate::error::{Error, Result};

/// When sign-ins are slowed down after failures. Zero free ones: never.
#[derive(Debug, Clone, Copy)]
pub struct BackOff {
    /// Failures that an account has free; each one beyond them doubles the wait.
    pub free_of_account: u32,
    /// Failures, and letters asked for, that a client's address has free.
    pub free_of_address: u32,
    /// Seconds of the longest wait.
    pub longest_seconds: u32,
}

/// Whose sign-in it is: an address of mail, which may have no account, and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The address that was typed.
    pub email: &'a str,
    /// Address of the client.
    pub client: Option<IpAddr>,
}

fn int(value: u32) -> sea_orm::Value {
    i32::try_from(value).unwrap_or(i32::MAX).into()
}

/// Asks for the seconds to wait; what is written while asking is committed in any case.
async fn wait(transaction: RequestTransaction, statement: Statement) -> Result<()> {
    let row = transaction.query_one_as_service(statement).await?;
    let seconds: i32 = only(row)?.try_get_by_index(0)?;
    transaction.commit().await?;
    match u64::try_from(seconds) {
        Ok(0) => Ok(()),
        Ok(retry_after) => Err(Error::RateLimited { retry_after }),
        Err(error) => Err(Error::internal(error)),
    }
}

impl Database {
    /// Counts that a password is going to be checked. [`Database::end_sign_in`] or [`failed`] must follow.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when it is not to be checked yet, whether or not the address has an account.
    pub async fn begin_sign_in(&self, attempt: Attempt<'_>, back_off: &BackOff) -> Result<()> {
        let statement = call(
            "SELECT platform_private.begin_sign_in($1, $2, $3, $4)",
            [
                attempt.email.into(),
                attempt.client.map(IpNetwork::from).into(),
                int(back_off.free_of_account),
                int(back_off.free_of_address),
            ],
        );
        wait(self.aside().await?, statement).await
    }

    /// Notes that the password was right, which clears the account's count.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a database.
    pub async fn end_sign_in(&self, attempt: Attempt<'_>, back_off: &BackOff) -> Result<()> {
        let transaction = self.aside().await?;
        end(&transaction, attempt, true, back_off).await?;
        transaction.commit().await
    }

    /// Counts a letter that is going to be written because somebody asked for it.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when this client is to wait first, whether or not there would be a letter.
    pub async fn ask_for_letter(&self, client: Option<IpAddr>, back_off: &BackOff) -> Result<()> {
        let statement = call(
            "SELECT platform_private.ask_for_letter($1, $2, $3)",
            [client.map(IpNetwork::from).into(), int(back_off.free_of_address), int(back_off.longest_seconds)],
        );
        wait(self.aside().await?, statement).await
    }
}

/// Counts that the password was wrong, in a transaction of [`Database::aside`].
///
/// # Errors
/// As the statement's.
pub async fn failed(transaction: &RequestTransaction, attempt: Attempt<'_>, back_off: &BackOff) -> Result<()> {
    end(transaction, attempt, false, back_off).await
}

async fn end(
    transaction: &RequestTransaction,
    attempt: Attempt<'_>,
    succeeded: bool,
    back_off: &BackOff,
) -> Result<()> {
    let statement = call(
        "SELECT platform_private.end_sign_in($1, $2, $3, $4, $5, $6)",
        [
            attempt.email.into(),
            attempt.client.map(IpNetwork::from).into(),
            succeeded.into(),
            int(back_off.free_of_account),
            int(back_off.free_of_address),
            int(back_off.longest_seconds),
        ],
    );
    transaction.query_one_as_service(statement).await?;
    Ok(())
}
