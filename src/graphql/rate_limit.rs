//! What a request costs, and what is left of the caller's budget.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{
    context::ContextExt,
    guard::{public, requires},
};

/// What this request costs, and what is left of the caller's budget for the minute.
#[derive(Debug, Clone, SimpleObject)]
pub struct RateLimit {
    /// What this request costs: about one for each field of its answer, those of a list times the page's size; at least
    /// 100.
    pub cost: i32,
    /// What all requests of the caller may cost in a minute; null: there is no limit. For an API key whose own number of
    /// requests is used up, that number.
    pub limit: Option<i32>,
    /// What is left of `limit` after this request; null: there is no limit.
    pub remaining: Option<i32>,
    /// When all of `limit` is there again: at most a minute from now; null: there is no limit.
    pub reset_at: Option<DateTime<Utc>>,
}

/// Queries about the caller's budget.
#[derive(Debug)]
pub struct RateLimitQueries;

#[Object(guard = "public()")]
impl RateLimitQueries {
    /// What this request costs and what is left of the caller's budget; open to everybody. Who is not signed in shares
    /// the budget of their address.
    #[graphql(directive = requires::apply("public".into()))]
    async fn rate_limit(&self, context: &Context<'_>) -> RateLimit {
        let account = &context.request().account;
        let standing = account.standing();
        RateLimit {
            cost: int(account.cost()),
            limit: standing.map(|standing| int(standing.limit)),
            remaining: standing.map(|standing| int(standing.remaining)),
            reset_at: standing.map(|standing| standing.reset_at),
        }
    }
}

fn int(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
