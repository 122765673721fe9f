//! A password as proof: for signing in, and for what the signed-in must prove once more.

use super::context::Request;
use crate::{
    audit::{self, Record, Severity},
    auth::session::CheckedPassword,
    db::{
        bootstrap::{self, Account},
        sign_in_failures::{self, Attempt},
    },
    error::{Error, Result},
};

/// The account of an address. A request that has its transaction already asks there, where what it has written shows.
async fn account(request: &Request, email: &str) -> Result<Option<Account>> {
    match request.opened() {
        Some(transaction) => bootstrap::sign_in_lookup(transaction, email).await,
        None => request.database().sign_in_lookup(email).await,
    }
}

/// Checks the password of an account. Before that the attempt is counted, and afterwards what came of it; a failure is
/// recorded as `failure`. Both stand whatever becomes of the request. Where the address has no account, all of that is
/// the same.
///
/// # Errors
/// [`Error::RateLimited`] after too many failures; [`Error::Unauthenticated`] when the password is wrong.
pub async fn password(
    request: &Request,
    email: &str,
    password: String,
    failure: &'static str,
) -> Result<CheckedPassword> {
    let sessions = &request.sessions;
    // PostgreSQL's text holds no null byte, so no account has one.
    let email = if email.contains('\0') { "" } else { email };
    let attempt = Attempt { email, client: request.client.ip };
    request.database().begin_sign_in(attempt, &sessions.back_off).await?;
    let account = account(request, email).await?;
    let record = Record::new(failure, "sign_in", "user").severity(Severity::Warning);
    let record = match &account {
        Some(account) => record.to(account.user_id),
        None => record,
    };
    // Argon2 takes its time; without an older credential no connection is held meanwhile.
    let checked = sessions.check_password(account, email, password).await;
    match &checked {
        Ok(_) => request.database().end_sign_in(attempt, &sessions.back_off).await?,
        Err(Error::Unauthenticated(_)) => {
            let aside = request.database().aside().await?;
            sign_in_failures::failed(&aside, attempt, &sessions.back_off).await?;
            audit::record(&aside, &request.client, record).await?;
            aside.commit().await?;
        }
        Err(_) => {}
    }
    checked
}
