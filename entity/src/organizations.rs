//! `platform.organizations`: the tenants.

use sea_orm::entity::prelude::*;

/// A tenant: the unit that owns projects, pays and grants roles.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "organizations")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Display name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Name in URLs: 3 to 40 of `a-z`, `0-9` and `-`; unique.
    #[sea_orm(column_type = "Text")]
    pub slug: String,
    /// Where invoices go; none: to the owners.
    #[sea_orm(column_type = "Text")]
    pub billing_email: Option<String>,
    /// Whether members need a second factor to work in it.
    pub mfa_required: bool,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// Its plan and billing period.
    #[sea_orm(has_one)]
    pub subscription: HasOne<super::subscriptions::Entity>,
    /// Name and address on its invoices.
    #[sea_orm(has_one)]
    pub customer_profile: HasOne<super::customer_profiles::Entity>,
    /// Its memberships, with the role of each.
    #[sea_orm(has_many)]
    pub members: HasMany<super::organization_members::Entity>,
    /// The people behind its memberships.
    #[sea_orm(has_many, via = "organization_members")]
    pub users: HasMany<super::users::Entity>,
    /// Invitations it sent.
    #[sea_orm(has_many)]
    pub invitations: HasMany<super::organization_invitations::Entity>,
    /// Its projects.
    #[sea_orm(has_many)]
    pub projects: HasMany<super::projects::Entity>,
    /// Keys that act inside it.
    #[sea_orm(has_many)]
    pub api_keys: HasMany<super::api_keys::Entity>,
    /// Its invoices.
    #[sea_orm(has_many)]
    pub invoices: HasMany<super::invoices::Entity>,
    /// Ways it can pay.
    #[sea_orm(has_many)]
    pub payment_methods: HasMany<super::payment_methods::Entity>,
    /// Its tax numbers.
    #[sea_orm(has_many)]
    pub tax_ids: HasMany<super::tax_ids::Entity>,
    /// Prepaid or granted amounts.
    #[sea_orm(has_many)]
    pub credits: HasMany<super::credits::Entity>,
    /// Usage that was metered for it.
    #[sea_orm(has_many)]
    pub usage_metrics: HasMany<super::usage_metrics::Entity>,
    /// Its overrides of global flags.
    #[sea_orm(has_many)]
    pub feature_flags: HasMany<super::organization_feature_flags::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The organization with this slug.
    pub fn by_slug(slug: &str) -> Select<Self> {
        Self::find().filter(Column::Slug.eq(slug))
    }
}
