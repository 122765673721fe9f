//! The second factor: enrolled, confirmed, asked for at sign-in, switched off.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    context::{ContextExt, Request},
    guard::{public, requires, signed_in},
    session::SignInPayload,
    user::{User, oneself},
    user_session::become_user,
};
use crate::{
    audit::{self, Record, Severity},
    auth::{
        password,
        second_factor::{self as factor, Given, Matched},
        session::CheckedPassword,
        token,
    },
    db::second_factor::{self as stored, OwnFactor},
    error::{Error, Result},
    mail::{self, Letter},
};

/// The second step of a sign-in: give a code to `completeSignIn`.
#[derive(Debug, SimpleObject)]
pub struct SecondFactorChallenge {
    /// Says that the password was given. It is good once, and for five guesses at most.
    pub ticket: String,
    /// When it ends: five minutes after the sign-in.
    pub expires_at: DateTime<Utc>,
}

/// Answers a sign-in with the way to its second step.
///
/// # Errors
/// [`Error::Unauthenticated`] when the account changed meanwhile.
pub async fn ask(
    context: &Context<'_>,
    checked: CheckedPassword,
    client_mutation_id: Option<String>,
) -> Result<SignInPayload> {
    let request = context.request();
    let ticket = request.sessions.ticket(context.db().await?, checked, &request.client).await?;
    let challenge = SecondFactorChallenge { ticket: ticket.token, expires_at: ticket.expires_at };
    Ok(SignInPayload {
        access_token: None,
        refresh_token: None,
        expires_at: None,
        user: None,
        second_factor: Some(challenge),
        client_mutation_id,
    })
}

/// The second step of a sign-in. Give either `code` or `recoveryCode`.
#[derive(Debug, InputObject)]
pub struct CompleteSignInInput {
    /// From `signIn`.
    #[graphql(secret)]
    pub ticket: String,
    /// Six digits that the authenticator shows. Each is good once.
    #[graphql(secret)]
    pub code: Option<String>,
    /// A recovery code, upper or lower case. Each is good once.
    #[graphql(secret)]
    pub recovery_code: Option<String>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// A session and the tokens that prove it. They are shown here and never again.
#[derive(Debug, SimpleObject)]
pub struct CompleteSignInPayload {
    /// Send it as `Authorization: Bearer ...`.
    pub access_token: String,
    /// For `refreshSession`, once. Keep it as secret as a password.
    pub refresh_token: String,
    /// When the access token ends: 15 minutes from now unless configured otherwise.
    pub expires_at: DateTime<Utc>,
    /// Who signed in.
    pub user: User,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Asks for a new second factor.
#[derive(Debug, InputObject)]
pub struct EnrolSecondFactorInput {
    /// Your password, once more.
    #[graphql(secret)]
    pub password: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// A new secret for an authenticator, shown here and never again. It counts from `confirmSecondFactor` on.
#[derive(Debug, SimpleObject)]
pub struct EnrolSecondFactorPayload {
    /// The secret in base32, to be typed. Codes are of six digits, change every 30 seconds, and are made with SHA-1.
    pub secret: String,
    /// The same as a URI that authenticators open: `otpauth://totp/...`.
    pub uri: String,
    /// The same as a QR code: a data URL of an SVG picture.
    pub qr_code: String,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Shows that the authenticator has the secret.
#[derive(Debug, InputObject)]
pub struct ConfirmSecondFactorInput {
    /// Six digits that the authenticator shows.
    #[graphql(secret)]
    pub code: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The second factor is on.
#[derive(Debug, SimpleObject)]
pub struct ConfirmSecondFactorPayload {
    /// You.
    pub user: User,
    /// Ten codes, each good once in the place of an authenticator's. They are shown here and never again.
    pub recovery_codes: Vec<String>,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Your password and your second factor, once more. Give either `code` or `recoveryCode`.
#[derive(Debug, InputObject)]
pub struct DisableSecondFactorInput {
    /// Your password.
    #[graphql(secret)]
    pub password: String,
    /// Six digits that the authenticator shows. Each is good once.
    #[graphql(secret)]
    pub code: Option<String>,
    /// A recovery code, upper or lower case. Each is good once.
    #[graphql(secret)]
    pub recovery_code: Option<String>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The second factor is off.
#[derive(Debug, SimpleObject)]
pub struct DisableSecondFactorPayload {
    /// You.
    pub user: User,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Your password and your second factor, once more. Give either `code` or `recoveryCode`.
#[derive(Debug, InputObject)]
pub struct RegenerateRecoveryCodesInput {
    /// Your password.
    #[graphql(secret)]
    pub password: String,
    /// Six digits that the authenticator shows. Each is good once.
    #[graphql(secret)]
    pub code: Option<String>,
    /// A recovery code, upper or lower case. Each is good once.
    #[graphql(secret)]
    pub recovery_code: Option<String>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// New recovery codes.
#[derive(Debug, SimpleObject)]
pub struct RegenerateRecoveryCodesPayload {
    /// Ten codes in the place of all former ones. They are shown here and never again.
    pub recovery_codes: Vec<String>,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// The caller's account, whose password was given once more.
struct Proved {
    user_id: Uuid,
    own: OwnFactor,
    hash: String,
}

/// Checks the caller's password. Guesses are counted with those at the second factor: a session that was stolen is no
/// way to try passwords.
async fn prove(context: &Context<'_>, password: String) -> Result<Proved> {
    let request = context.request();
    let user_id = request.viewer().member()?.user_id;
    let own = stored::own(context.db().await?).await?;
    let Some(hash) = own.password_hash.clone() else {
        return Err(Error::Conflict("this account has no password here: its second factor is its issuer's".into()));
    };
    request.database().try_second_factor(user_id).await?;
    let short = password.len() <= password::MAX_BYTES;
    if short && request.sessions.passwords.verify(password, Some(hash.clone())).await? {
        return Ok(Proved { user_id, own, hash });
    }
    Err(failed(request, user_id, Error::invalid("input.password", "is not your password")).await)
}

/// Puts a failure on record, whatever becomes of the request, which fails with `error`.
async fn failed(request: &Request, user_id: Uuid, error: Error) -> Error {
    request.give_up().await;
    request.database().record_second_factor_failure(user_id, &request.client).await.err().unwrap_or(error)
}

/// The secret that is sealed for the user.
fn open(request: &Request, user_id: Uuid, sealed: &str) -> Result<zeroize::Zeroizing<String>> {
    request.vault.open(factor::place(user_id), sealed).map_err(Error::internal)
}

impl Proved {
    /// What the database is to take for the factor that was given.
    async fn matched(&self, request: &Request, given: Given<'_>) -> Result<Matched> {
        let sealed = self.own.secret_sealed.as_deref().filter(|_| self.own.enabled == Some(true));
        let sealed = sealed.ok_or(Error::Conflict("no second factor is on".into()))?;
        let secret = open(request, self.user_id, sealed)?;
        match given.matched(&secret, request.sessions.clock.now())? {
            Some(matched) => Ok(matched),
            None => Err(failed(request, self.user_id, wrong(given)).await),
        }
    }
}

fn wrong(given: Given<'_>) -> Error {
    let path = match given {
        Given::Code(_) => "input.code",
        Given::Recovery(_) => "input.recoveryCode",
    };
    Error::invalid(path, "is wrong or was used")
}

/// Puts a change of the caller's factor on record, and tells them by mail.
async fn announce(context: &Context<'_>, own: &OwnFactor, record: Record, enabled: bool) -> Result<()> {
    let request = context.request();
    let db = context.db().await?;
    audit::record(db, &request.client, record).await?;
    let letter = Letter::SecondFactorChanged { enabled, at: request.sessions.clock.now() };
    mail::enqueue(db, &request.vault, own.email.as_deref().unwrap_or_default(), &letter).await
}

/// Mutations of the second factor.
#[derive(Debug, Default)]
pub struct SecondFactorMutations;

#[Object(guard = "signed_in()")]
impl SecondFactorMutations {
    /// The second step of a sign-in. A wrong code, one that was used, and a ticket that has ended get UNAUTHENTICATED;
    /// after twenty wrong ones within an hour an account gets RATE_LIMITED.
    #[graphql(
        directive = requires::apply("public".into()),
        guard = "public()",
    )]
    async fn complete_sign_in(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Ticket and code.")] input: CompleteSignInInput,
    ) -> Result<CompleteSignInPayload> {
        let request = context.request();
        let given = Given::one_of(input.code.as_deref(), input.recovery_code.as_deref())?;
        let challenge = request.database().try_second_factor_ticket(token::digest(&input.ticket)).await?;
        let secret = open(request, challenge.user_id, &challenge.secret_sealed)?;
        let refused = || Error::Unauthenticated("the code is wrong or was used".into());
        let Some(matched) = given.matched(&secret, request.sessions.clock.now())? else {
            return Err(failed(request, challenge.user_id, refused()).await);
        };
        let completed = request.sessions.complete(context.db().await?, &input.ticket, matched, &request.client).await;
        let signed_in = match completed {
            Err(Error::Unauthenticated(_)) => return Err(failed(request, challenge.user_id, refused()).await),
            other => other?,
        };
        let (signed_in, user) = become_user(context, signed_in).await?;
        Ok(CompleteSignInPayload {
            access_token: signed_in.access_token,
            refresh_token: signed_in.refresh_token,
            expires_at: signed_in.access_expires_at,
            user,
            client_mutation_id: input.client_mutation_id,
        })
    }

    /// Makes a secret for an authenticator, in the place of one that was not confirmed. While a second factor is on it is
    /// refused with CONFLICT.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn enrol_second_factor(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Your password.")] input: EnrolSecondFactorInput,
    ) -> Result<EnrolSecondFactorPayload> {
        let request = context.request();
        let proved = prove(context, input.password).await?;
        let enrolment = factor::enrol(proved.own.email.as_deref().unwrap_or_default())?;
        let place = factor::place(proved.user_id);
        let sealed = request.vault.seal(place, &enrolment.secret).map_err(Error::internal)?;
        let db = context.db().await?;
        if !stored::enrol(db, &proved.hash, &sealed).await? {
            return Err(Error::Conflict("a second factor is on: switch it off first".into()));
        }
        let record = Record::new("user.second_factor_enrolled", "create", "user").to(proved.user_id);
        audit::record(db, &request.client, record).await?;
        Ok(EnrolSecondFactorPayload {
            secret: enrolment.secret.to_string(),
            uri: enrolment.uri,
            qr_code: enrolment.qr_code,
            client_mutation_id: input.client_mutation_id,
        })
    }

    /// Switches the enrolled second factor on. Your other sessions, opened without it, end; a mail tells you.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn confirm_second_factor(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "A code.")] input: ConfirmSecondFactorInput,
    ) -> Result<ConfirmSecondFactorPayload> {
        let request = context.request();
        let (user_id, session_id) = {
            let viewer = request.viewer();
            let member = viewer.member()?;
            (member.user_id, member.own_session()?)
        };
        let db = context.db().await?;
        let own = stored::own(db).await?;
        let waiting = own.secret_sealed.as_deref().filter(|_| own.enabled == Some(false));
        let none = || Error::Conflict("no second factor waits to be confirmed: enrol one first".into());
        let sealed = waiting.ok_or_else(none)?;
        request.database().try_second_factor(user_id).await?;
        let secret = open(request, user_id, sealed)?;
        let step = factor::matching_step(&secret, &input.code, request.sessions.clock.now())?;
        let step = step.ok_or_else(|| Error::invalid("input.code", "is wrong: see that the clocks agree"))?;
        let (recovery_codes, digests) = factor::recovery_codes();
        if !stored::confirm(db, sealed, step, &digests, session_id).await? {
            return Err(none());
        }
        let record = Record::new("user.second_factor_enabled", "update", "user").to(user_id);
        announce(context, &own, record, true).await?;
        let user = oneself(context, user_id).await?;
        Ok(ConfirmSecondFactorPayload { user, recovery_codes, client_mutation_id: input.client_mutation_id })
    }

    /// Switches your second factor off; a mail tells you. In organizations that ask for one your role then grants nothing.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn disable_second_factor(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Password and code.")] input: DisableSecondFactorInput,
    ) -> Result<DisableSecondFactorPayload> {
        let request = context.request();
        let given = Given::one_of(input.code.as_deref(), input.recovery_code.as_deref())?;
        let proved = prove(context, input.password).await?;
        let matched = proved.matched(request, given).await?;
        if !stored::disable(context.db().await?, &proved.hash, matched).await? {
            return Err(failed(request, proved.user_id, wrong(given)).await);
        }
        let record = Record::new("user.second_factor_disabled", "update", "user").to(proved.user_id);
        announce(context, &proved.own, record.severity(Severity::Warning), false).await?;
        let user = oneself(context, proved.user_id).await?;
        Ok(DisableSecondFactorPayload { user, client_mutation_id: input.client_mutation_id })
    }

    /// New recovery codes in the place of all former ones.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn regenerate_recovery_codes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Password and code.")] input: RegenerateRecoveryCodesInput,
    ) -> Result<RegenerateRecoveryCodesPayload> {
        let request = context.request();
        let given = Given::one_of(input.code.as_deref(), input.recovery_code.as_deref())?;
        let proved = prove(context, input.password).await?;
        let matched = proved.matched(request, given).await?;
        let (recovery_codes, digests) = factor::recovery_codes();
        let db = context.db().await?;
        if !stored::replace_recovery_codes(db, &proved.hash, matched, &digests).await? {
            return Err(failed(request, proved.user_id, wrong(given)).await);
        }
        let record = Record::new("user.recovery_codes_replaced", "update", "user").to(proved.user_id);
        audit::record(db, &request.client, record).await?;
        Ok(RegenerateRecoveryCodesPayload { recovery_codes, client_mutation_id: input.client_mutation_id })
    }
}
