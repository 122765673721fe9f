//! Feature flags, as they stand for all and as they come out for an organization.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, Object, dataloader::Loader};
use chrono::{DateTime, Utc};
use entity::feature_flags::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, Statement,
};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::{requires, signed_in},
    id::Kind,
    loader::{Loaders, row_key},
    order::OrderDirection,
    page::{Connection, OrderField, PageArguments, SortKind, Sorted},
};
use crate::{
    db::list::{List, Position, SortValue},
    error::{Error, Result},
    feature_flags::{self, Evaluation, Flag},
};

/// A switch of the platform: off, on, or on for a share of the organizations.
#[derive(Debug, Clone)]
pub struct FeatureFlag(Model);

impl From<Model> for FeatureFlag {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

/// A switch of the platform: off, on, or on for a share of the organizations. How it comes out for an organization is
/// in `Organization.featureFlags`.
#[Object(guard = "signed_in()")]
impl FeatureFlag {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::FeatureFlag.id(self.0.id)
    }

    /// Name used in code: 1 to 100 of `a-z0-9_.-`, unique.
    async fn key(&self) -> &str {
        &self.0.flag_key
    }

    /// Display name.
    async fn name(&self) -> &str {
        &self.0.flag_name
    }

    /// What it switches, for people; null where nobody said.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Whether it is on at all; when not, it is off for all organizations but those that were set apart.
    async fn enabled(&self) -> bool {
        self.0.enabled
    }

    /// Percentage of organizations that it is on for, 0 to 100. Raising it never switches an organization off.
    async fn rollout_percentage(&self) -> i32 {
        self.0.rollout_percentage
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// Why a flag is on or off for an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "feature_flags::Reason")]
pub enum FeatureFlagReason {
    /// It was set for this organization, which wins over everything else.
    Override,
    /// It is off for everybody.
    Disabled,
    /// The organization stands inside or outside of the rollout percentage.
    Rollout,
}

/// A flag as it comes out for one organization.
#[derive(Debug, Clone)]
pub struct OrganizationFeatureFlag {
    flag: Model,
    evaluation: Evaluation,
}

/// A flag as it comes out for one organization.
#[Object(guard = "signed_in()")]
impl OrganizationFeatureFlag {
    /// The flag.
    async fn flag(&self) -> FeatureFlag {
        FeatureFlag(self.flag.clone())
    }

    /// Name used in code, that of the flag.
    async fn key(&self) -> &str {
        &self.flag.flag_key
    }

    /// Whether it is on for the organization.
    async fn enabled(&self) -> bool {
        self.evaluation.enabled
    }

    /// What decided that.
    async fn reason(&self) -> FeatureFlagReason {
        self.evaluation.reason.into()
    }

    /// Percentage of organizations that the flag is on for, 0 to 100; it decides only where the reason is ROLLOUT.
    async fn rollout_percentage(&self) -> i32 {
        self.flag.rollout_percentage
    }
}

/// The one order of flags: their keys.
#[derive(Debug, Clone, Copy)]
pub struct FeatureFlagOrderField;

impl OrderField for FeatureFlagOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Asc);

    fn name(self) -> &'static str {
        "key"
    }

    fn kind(self) -> SortKind {
        SortKind::Text
    }
}

impl Sorted<FeatureFlagOrderField> for FeatureFlag {
    fn position(&self, _: FeatureFlagOrderField) -> Position {
        Position { value: SortValue::Text(self.0.flag_key.clone()), id: self.0.id }
    }
}

/// Queries for feature flags.
#[derive(Debug, Default)]
pub struct FeatureFlagQueries;

#[Object(guard = "signed_in()")]
impl FeatureFlagQueries {
    /// The flag with this key; null when there is none.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn feature_flag(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its name in code.")] key: String,
    ) -> Result<Option<FeatureFlag>> {
        // PostgreSQL's text holds no null byte, and no key has one.
        if key.contains('\0') {
            return Ok(None);
        }
        let found = Entity::find().filter(Column::FlagKey.eq(key)).one(context.db().await?).await?;
        Ok(found.map(FeatureFlag))
    }

    /// All feature flags of the platform. Order: by key.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn feature_flags(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<FeatureFlag>>> {
        let list = List { select: Entity::find(), key: Column::FlagKey, id: Column::Id };
        let page = PageArguments { first, after, last, before };
        page.whole::<_, _, Model, _>(context, FeatureFlagOrderField::DEFAULT, list, Condition::all()).await
    }
}

/// All flags as they come out for an organization, by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlagsOf(pub Uuid);

const FLAGS_OF_EACH: &str = "SELECT asked.id AS organization_id, own.enabled AS own_setting, f.*
      FROM unnest($1::uuid[]) AS asked (id)
     CROSS JOIN platform.feature_flags f
      LEFT JOIN platform.organization_feature_flags own ON own.flag_id = f.id AND own.organization_id = asked.id
     ORDER BY f.flag_key";

impl Loader<FlagsOf> for Loaders {
    type Value = Vec<OrganizationFeatureFlag>;
    type Error = Error;

    async fn load(&self, keys: &[FlagsOf]) -> Result<HashMap<FlagsOf, Vec<OrganizationFeatureFlag>>> {
        let mut found: HashMap<_, Vec<_>> = keys.iter().map(|key| (*key, Vec::new())).collect();
        let organizations: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, FLAGS_OF_EACH, [organizations.into()]);
        for row in self.db().await?.query_all_raw(statement).await? {
            let organization_id: Uuid = row.try_get("", "organization_id")?;
            let own_setting: Option<bool> = row.try_get("", "own_setting")?;
            let flag = Model::from_query_result(&row, "")?;
            let stored =
                Flag { key: &flag.flag_key, enabled: flag.enabled, rollout_percentage: flag.rollout_percentage };
            let evaluation = feature_flags::evaluate(stored, organization_id, own_setting);
            let flags = found.entry(FlagsOf(organization_id)).or_default();
            flags.push(OrganizationFeatureFlag { flag, evaluation });
        }
        Ok(found)
    }
}

row_key! {
    /// One flag by its key.
    FeatureFlagById loads FeatureFlag from Entity::find(), by Column::Id => id
}
