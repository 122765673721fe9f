//! A person's sessions: renewed, listed and ended.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::user_sessions::{Column, Entity, Safe};
use sea_orm::{
    ColumnTrait, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect, Select,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::{only_self, public, requires, signed_in},
    id::{self, Kind},
    loader::{PageKey, row_key},
    order::OrderDirection,
    page::{OrderField, SortKind, Sorted},
    user::{User, oneself},
};
use crate::{
    audit::{self, Changes, Record},
    auth::{Principal, renewal::Refreshed, session::SignedIn, token},
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
        renewal,
    },
    error::{Error, Result},
};

/// A sign-in of yours on some device, until it ends.
#[derive(Debug, Clone)]
pub struct Session(Safe);

impl From<Safe> for Session {
    fn from(row: Safe) -> Self {
        Self(row)
    }
}

impl Session {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.user_id() == Some(self.0.user_id)
    }
}

/// A sign-in of yours on some device, until it ends. Nobody else sees it.
#[Object(guard = "only_self(self.0.user_id)")]
impl Session {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::Session.id(self.0.id)
    }

    /// Whether it is the one that this request came with.
    async fn current(&self, context: &Context<'_>) -> bool {
        context.viewer().member().is_ok_and(|member| member.session_id == Some(self.0.id))
    }

    /// The device: the client as it named itself when it signed in or last renewed the session; null where it did not.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// The place: IPv4 or IPv6 address that it was opened or last renewed from; null where that was not known.
    async fn ip(&self) -> Option<String> {
        self.0.ip_address.map(|network| network.ip().to_string())
    }

    /// When it was opened.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last used, to the minute.
    async fn last_seen_at(&self) -> DateTime<Utc> {
        self.0.last_activity_at
    }

    /// When it ends by itself; renewing it does not move that.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }

    /// When it was ended before its time; null for a session that was not.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }
}

/// The one order of sessions: when they were opened.
#[derive(Debug, Clone, Copy)]
pub struct SessionOrderField;

impl OrderField for SessionOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Desc);

    fn name(self) -> &'static str {
        "created"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<SessionOrderField> for Session {
    fn position(&self, _: SessionOrderField) -> Position {
        Position { value: SortValue::Time(self.0.created_at), id: self.0.id }
    }
}

/// A page of a person's live sessions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionsOf {
    /// The person.
    pub user_id: Uuid,
    /// Which part.
    pub window: Window,
}

impl PageKey for SessionsOf {
    type Row = Safe;

    fn parent(&self) -> Uuid {
        self.user_id
    }

    fn of_parent(&self, user_id: Uuid) -> Self {
        Self { user_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Safe>>> {
        let live = Column::RevokedAt.is_null().and(Column::ExpiresAt.into_expr().gt(Expr::current_timestamp()));
        let list = List { select: rows().filter(live), key: Column::CreatedAt, id: Column::Id };
        list.of_each(db, Column::UserId, parents, &self.window).await
    }
}

fn rows() -> Select<Entity> {
    Safe::select_cols(Entity::find().select_only())
}

row_key! {
    /// One session by its key.
    SessionById loads Session from rows(), by Column::Id => id
}

/// Which session is renewed: that of the token.
#[derive(Debug, InputObject)]
pub struct RefreshSessionInput {
    /// The latest refresh token of the session. It is good once.
    #[graphql(secret)]
    pub refresh_token: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The session's new tokens. They are shown here and never again.
#[derive(Debug, SimpleObject)]
pub struct RefreshSessionPayload {
    /// Send it as `Authorization: Bearer ...`; the one before has ended.
    pub access_token: String,
    /// For the next `refreshSession`, once. Keep it as secret as a password.
    pub refresh_token: String,
    /// When the access token ends: 15 minutes from now unless configured otherwise.
    pub expires_at: DateTime<Utc>,
    /// Whose session it is.
    pub user: User,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Which session ends.
#[derive(Debug, InputObject)]
pub struct RevokeSessionInput {
    /// Global id of one of your sessions.
    pub session: ID,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The session that was ended.
#[derive(Debug, SimpleObject)]
pub struct RevokeSessionPayload {
    /// The session, ended.
    pub session: Session,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Which of your sessions end.
#[derive(Debug, InputObject)]
pub struct SignOutEverywhereInput {
    /// Whether the session that this request came with goes on.
    #[graphql(default)]
    pub keep_current: bool,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The end of your sessions.
#[derive(Debug, SimpleObject)]
pub struct SignOutEverywherePayload {
    /// How many sessions ended.
    pub ended: i32,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// The user whom a sign-in or a renewal made the request's.
///
/// # Errors
/// [`Error::Internal`] when they do not see themselves.
pub async fn become_user(context: &Context<'_>, signed_in: SignedIn) -> Result<(SignedIn, User)> {
    context.request().become_user(signed_in.resolved.clone())?;
    let user = oneself(context, signed_in.resolved.user_id).await?;
    Ok((signed_in, user))
}

/// Mutations of a person's sessions.
#[derive(Debug, Default)]
pub struct UserSessionMutations;

#[Object(guard = "signed_in()")]
impl UserSessionMutations {
    /// New tokens for a session. Its earlier access tokens end at once, and its refresh token is spent: when that comes
    /// back, somebody has a copy, so the session ends for everybody. The session's own end does not move.
    #[graphql(directive = requires::apply("public".into()), guard = "public()")]
    async fn refresh_session(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which session is renewed.")] input: RefreshSessionInput,
    ) -> Result<RefreshSessionPayload> {
        let request = context.request();
        let refreshed = request.sessions.refresh(context.db().await?, &input.refresh_token, &request.client).await?;
        let Refreshed::Renewed(signed_in) = refreshed else {
            // What happens now stands although this answer is an error, and so takes a transaction of its own.
            request.give_up().await;
            request.database().end_reused_session(token::digest(&input.refresh_token), &request.client).await?;
            return Err(Error::Unauthenticated("the refresh token was used before: sign in again".into()));
        };
        let (signed_in, user) = become_user(context, *signed_in).await?;
        Ok(RefreshSessionPayload {
            access_token: signed_in.access_token,
            refresh_token: signed_in.refresh_token,
            expires_at: signed_in.access_expires_at,
            user,
            client_mutation_id: input.client_mutation_id,
        })
    }

    /// Ends one of your sessions. One that has ended stays as it is.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn revoke_session(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which session ends.")] input: RevokeSessionInput,
    ) -> Result<RevokeSessionPayload> {
        let key = id::key_of(Kind::Session, &input.session, "input.session")?;
        let user_id = context.viewer().member()?.user_id;
        let db = context.db().await?;
        renewal::revoke_session(db, key).await?;
        let own = rows().filter(Column::Id.eq(key)).filter(Column::UserId.eq(user_id));
        let session: Option<Safe> = own.into_model().one(db).await?;
        let session = session.ok_or(Error::NotFound("the session was".into()))?;
        let record = Record::new("user.session_revoked", "delete", "session").to(key);
        audit::record(db, &context.request().client, record).await?;
        Ok(RevokeSessionPayload { session: session.into(), client_mutation_id: input.client_mutation_id })
    }

    /// Ends all of your sessions, on all devices; this one too, unless you keep it.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn sign_out_everywhere(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which of your sessions end.")] input: SignOutEverywhereInput,
    ) -> Result<SignOutEverywherePayload> {
        let viewer = context.viewer();
        let member = viewer.member()?;
        let db = context.db().await?;
        let ended = renewal::revoke_sessions(db, member.session_id.filter(|_| input.keep_current)).await?;
        let record = Record::new("user.signed_out_everywhere", "delete", "user")
            .to(member.user_id)
            .changes(Changes::default().of("sessions", None::<i32>, ended));
        audit::record(db, &context.request().client, record).await?;
        Ok(SignOutEverywherePayload { ended, client_mutation_id: input.client_mutation_id })
    }
}
