//! Add-ons of projects.

use std::collections::{BTreeSet, HashMap};

use async_graphql::{Context, Enum, ID, Object, dataloader::Loader};
use chrono::{DateTime, Utc};
use entity::{addon_catalog, project_addons as addons};
use sea_orm::{ActiveEnum, ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::{
    addon::{AddonCatalogItem, AddonInterval},
    context::ContextExt,
    guard::signed_in,
    id::Kind,
    loader::Loaders,
    project::{Project, ProjectById},
    scalar::Decimal,
};
use crate::{
    auth::{Permission as P, Principal},
    error::{Error, Result},
};

/// Whether an add-on is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "addons::AddonStatus")]
pub enum AddonStatus {
    /// In force and billed.
    Active,
    /// Switched off.
    Inactive,
    /// Ordered, not ready yet.
    Pending,
    /// Ended.
    Cancelled,
}

/// An add-on with what the catalog calls it, which it keeps when it is no longer offered.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Row {
    id: Uuid,
    project_id: Uuid,
    organization_id: Uuid,
    addon_id: String,
    addon_variant: String,
    quantity: i32,
    price_per_unit: rust_decimal::Decimal,
    status: addons::AddonStatus,
    activated_at: DateTime<Utc>,
    deactivated_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    name: String,
    interval: addon_catalog::AddonInterval,
}

/// An add-on that was selected for a project, at the price agreed then.
#[derive(Debug, Clone)]
pub struct ProjectAddon(Row);

impl ProjectAddon {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_project(P::InfrastructureRead, self.0.organization_id, self.0.project_id)
    }
}

/// An add-on that was selected for a project, at the price agreed then.
#[Object(guard = "signed_in()")]
impl ProjectAddon {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::ProjectAddon.id(self.0.id)
    }

    /// Which add-on, as `compute_instance` or `pitr`; a project has each at most once.
    async fn addon_id(&self) -> &str {
        &self.0.addon_id
    }

    /// Which size or kind of it, as `ci_micro`.
    async fn variant(&self) -> &str {
        &self.0.addon_variant
    }

    /// Display name of the variant, 1 to 120 characters.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How many, above 0.
    async fn quantity(&self) -> i32 {
        self.0.quantity
    }

    /// Price of one for each interval, as agreed when it was selected, in the currency of the organization's plan.
    async fn price_per_unit(&self) -> Decimal {
        Decimal(self.0.price_per_unit)
    }

    /// What the price is for.
    async fn interval(&self) -> AddonInterval {
        self.0.interval.into()
    }

    /// Whether it is in force.
    async fn status(&self) -> AddonStatus {
        self.0.status.into()
    }

    /// Since when it is billed.
    async fn activated_at(&self) -> DateTime<Utc> {
        self.0.activated_at
    }

    /// When billing stopped; null while it goes on.
    async fn deactivated_at(&self) -> Option<DateTime<Utc>> {
        self.0.deactivated_at
    }

    /// When it was selected.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// The project; null only if your access ended at this very moment.
    async fn project(&self, context: &Context<'_>) -> Result<Option<Project>> {
        context.load(ProjectById(self.0.project_id)).await
    }
}

/// An add-on on offer, as it stands for one project.
#[derive(Debug, Clone)]
pub struct AvailableAddon {
    item: AddonCatalogItem,
    selected: bool,
}

/// An add-on on offer, as it stands for one project.
#[Object(guard = "signed_in()")]
impl AvailableAddon {
    /// The add-on in one variant, with its price of today.
    async fn item(&self) -> &AddonCatalogItem {
        &self.item
    }

    /// Whether the project has this variant in force; `Project.addons` has the price agreed for it.
    async fn selected(&self) -> bool {
        self.selected
    }
}

/// What the catalog offers to a project, in the catalog's order.
///
/// # Errors
/// As the statements'.
pub async fn available(context: &Context<'_>, project_id: Uuid) -> Result<Vec<AvailableAddon>> {
    let active = AddonsOf { project_id, statuses: vec![addons::AddonStatus::Active] };
    let (catalog, selected) = futures_util::try_join!(context.load(Catalog), context.load(active))?;
    let selected = selected.unwrap_or_default();
    let selected: BTreeSet<(&str, &str)> =
        selected.iter().map(|addon| (addon.0.addon_id.as_str(), addon.0.addon_variant.as_str())).collect();
    let offer = |row: addon_catalog::Model| AvailableAddon {
        selected: selected.contains(&(row.addon_id.as_str(), row.variant.as_str())),
        item: row.into(),
    };
    Ok(catalog.unwrap_or_default().into_iter().map(offer).collect())
}

/// What the catalog still offers is read from it; `addon_terms`, a function that is called for each row, knows the rest.
const ROWS: &str = "SELECT a.id, a.project_id, a.organization_id, a.addon_id, a.addon_variant, a.quantity,
                           a.price_per_unit, a.status, a.activated_at, a.deactivated_at, a.created_at, a.updated_at,
                           coalesce(c.name, (SELECT t.name FROM platform.addon_terms(a.addon_id, a.addon_variant) t))
                               AS name,
                           coalesce(c.interval,
                                    (SELECT t.interval FROM platform.addon_terms(a.addon_id, a.addon_variant) t))
                               AS interval
                      FROM platform.project_addons a
                      LEFT JOIN platform.addon_catalog c ON c.addon_id = a.addon_id AND c.variant = a.addon_variant";

async fn rows(db: &impl ConnectionTrait, condition: &str, values: Vec<Value>) -> Result<Vec<ProjectAddon>> {
    let sql = format!("{ROWS} WHERE {condition} ORDER BY a.activated_at, a.id");
    let rows = db.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    rows.iter().map(|row| Ok(ProjectAddon(Row::from_query_result(row, "")?))).collect()
}

/// A project's add-ons in these states, who was activated first at the top.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AddonsOf {
    /// The project.
    pub project_id: Uuid,
    /// In one of these states.
    pub statuses: Vec<addons::AddonStatus>,
}

impl Loader<AddonsOf> for Loaders {
    type Value = Vec<ProjectAddon>;
    type Error = Error;

    async fn load(&self, keys: &[AddonsOf]) -> Result<HashMap<AddonsOf, Vec<ProjectAddon>>> {
        let mut alike: HashMap<&[addons::AddonStatus], Vec<Uuid>> = HashMap::new();
        for key in keys {
            alike.entry(&key.statuses).or_default().push(key.project_id);
        }
        let mut found: HashMap<AddonsOf, Vec<ProjectAddon>> =
            keys.iter().map(|key| (key.clone(), Vec::new())).collect();
        for (statuses, projects) in alike {
            let names: Vec<String> = statuses.iter().map(ActiveEnum::to_value).collect();
            let condition = "a.project_id = ANY ($1) AND a.status = ANY ($2)";
            for addon in rows(self.db().await?, condition, vec![projects.into(), names.into()]).await? {
                let key = AddonsOf { project_id: addon.0.project_id, statuses: statuses.to_vec() };
                found.entry(key).or_default().push(addon);
            }
        }
        Ok(found)
    }
}

/// One add-on of a project by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProjectAddonById(pub Uuid);

impl Loader<ProjectAddonById> for Loaders {
    type Value = ProjectAddon;
    type Error = Error;

    async fn load(&self, keys: &[ProjectAddonById]) -> Result<HashMap<ProjectAddonById, ProjectAddon>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = rows(self.db().await?, "a.id = ANY ($1)", vec![ids.into()]).await?;
        Ok(found.into_iter().map(|addon| (ProjectAddonById(addon.0.id), addon)).collect())
    }
}

/// The whole catalog of what is on offer, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Catalog;

impl Loader<Catalog> for Loaders {
    type Value = Vec<addon_catalog::Model>;
    type Error = Error;

    async fn load(&self, _: &[Catalog]) -> Result<HashMap<Catalog, Vec<addon_catalog::Model>>> {
        use addon_catalog::{Column, Entity};
        use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
        let offered = Entity::find()
            .filter(Column::Active.eq(true))
            .order_by_asc(Column::SortOrder)
            .order_by_asc(Column::AddonId)
            .order_by_asc(Column::Variant);
        Ok(HashMap::from([(Catalog, offered.all(self.db().await?).await?)]))
    }
}
