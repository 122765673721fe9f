//! The schema: the roots, merged from the files of the types.

use async_graphql::{MergedObject, SDLExportOptions, SchemaBuilder, ValidationMode};
use chrono::{DateTime, Utc};

use super::{
    account::AccountMutations,
    addon::AddonQueries,
    api_key::ApiKeyMutations,
    billing_plan::BillingPlanQueries,
    feature_flag::FeatureFlagQueries,
    invitation::{InvitationMutations, InvitationQueries},
    live::SubscriptionRoot,
    membership::MembershipMutations,
    node::NodeQueries,
    nulls::NullPropagation,
    organization::{OrganizationMutations, OrganizationQueries},
    project::ProjectQueries,
    rate_limit::RateLimitQueries,
    second_factor::SecondFactorMutations,
    server_info::ServerInfoQueries,
    session::SessionMutations,
    user::UserQueries,
    user_session::UserSessionMutations,
};
use crate::config::Environment;

const DATE_TIME: &str = "A point in time: RFC 3339 in UTC, to the microsecond, as `2026-11-20T08:30:00.123456+00:00`.";
/// Nesting of selections at most: more than the gate lets through, which counts better.
const MAX_RECURSION: usize = 64;

/// Everything that can be read.
#[derive(Debug, MergedObject)]
pub struct Query(
    UserQueries,
    OrganizationQueries,
    ProjectQueries,
    NodeQueries,
    ServerInfoQueries,
    BillingPlanQueries,
    AddonQueries,
    FeatureFlagQueries,
    InvitationQueries,
    RateLimitQueries,
);

/// Everything that can be changed. A document with several mutations is one transaction: when one fails, none has
/// happened and `data` is null.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    SessionMutations,
    AccountMutations,
    UserSessionMutations,
    SecondFactorMutations,
    OrganizationMutations,
    InvitationMutations,
    MembershipMutations,
    ApiKeyMutations,
);

/// The schema of this API.
pub type Schema = async_graphql::Schema<Query, Mutation, SubscriptionRoot>;

/// The schema, which makes nulls as the specification has it.
#[must_use]
pub fn build(environment: Environment, introspection: bool) -> Schema {
    builder(environment, introspection).extension(NullPropagation).finish()
}

/// The schema, in which any error makes all of `data` null.
pub(super) fn builder(
    environment: Environment,
    introspection: bool,
) -> SchemaBuilder<Query, Mutation, SubscriptionRoot> {
    let query = Query(
        UserQueries,
        OrganizationQueries,
        ProjectQueries,
        NodeQueries,
        ServerInfoQueries { environment },
        BillingPlanQueries,
        AddonQueries,
        FeatureFlagQueries,
        InvitationQueries,
        RateLimitQueries,
    );
    let mut builder = Schema::build(query, Mutation::default(), SubscriptionRoot::default())
        .override_output_type_description::<DateTime<Utc>>(DATE_TIME)
        // The gate has validated what comes here.
        .validation_mode(ValidationMode::Fast)
        .limit_recursive_depth(MAX_RECURSION);
    if !introspection {
        builder = builder.disable_introspection().disable_suggestions();
    }
    builder
}

/// The schema in the schema definition language, as `schema.graphql` holds it.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    let sdl = build(Environment::Development, true).sdl_with_options(options);
    format!("{}\n", sdl.trim_end())
}
