//! What a page of projects is asked together with: machines and disks, which come in its own statement, and
//! organizations, which come for the whole page at once.

use std::collections::HashSet;

use async_graphql::{Context, Lookahead};
use entity::{
    compute_config, disk_config,
    projects::{Entity, Safe},
};
use sea_orm::{
    DbErr, FromQueryResult, IdenStatic, Iterable, QueryResult, QuerySelect, Select, TryGetError, sqlx::Row as _,
};

use super::Project;
use crate::{
    error::Result,
    graphql::{
        context::ContextExt,
        organization::{Organization, OrganizationById},
        page::Connection,
    },
};

const COMPUTE_PREFIX: &str = "compute_";
const DISK_PREFIX: &str = "disk_";
/// A column that is null in no machine and no disk.
const BOTH_HAVE: &str = "project_id";

/// What was read together with a project. Of each: none where it was not read, and what it holds, which may be nothing.
#[derive(Debug, Clone, Default)]
pub struct Along {
    /// Whose it is.
    pub organization: Option<Option<Organization>>,
    /// Its machine.
    pub compute: Option<Option<compute_config::Model>>,
    /// Its disk.
    pub disk: Option<Option<disk_config::Model>>,
}

fn asked<'a>(context: &'a Context<'_>, field: &str) -> bool {
    let page: Lookahead<'a> = context.look_ahead();
    page.field("nodes").field(field).exists() || page.field("edges").field("node").field(field).exists()
}

/// Whether a page of projects is asked together with machines or disks.
#[must_use]
pub fn asks_machines(context: &Context<'_>) -> bool {
    asked(context, "compute") || asked(context, "disk")
}

/// Loads the organizations of a page, if they are asked for: one call of the loader instead of one for each project.
///
/// # Errors
/// As the loader's.
pub async fn load_organizations(context: &Context<'_>, page: &mut Connection<Project>) -> Result<()> {
    if !asked(context, "organization") {
        return Ok(());
    }
    let ids: HashSet<OrganizationById> = page.nodes_mut().map(|project| project.organization_key()).collect();
    let organizations = context.load_all(ids).await?;
    for project in page.nodes_mut() {
        project.1.organization = Some(organizations.get(&project.organization_key()).cloned());
    }
    Ok(())
}

/// The projects of `select` with the columns of both.
#[must_use]
pub fn join(select: Select<Entity>) -> Select<Entity> {
    let select = select.left_join(compute_config::Entity).left_join(disk_config::Entity);
    let select = compute_config::Column::iter()
        .fold(select, |select, column| select.column_as(column, format!("{COMPUTE_PREFIX}{}", column.as_str())));
    disk_config::Column::iter()
        .fold(select, |select, column| select.column_as(column, format!("{DISK_PREFIX}{}", column.as_str())))
}

/// A row of a page.
#[derive(Debug, Clone)]
pub struct Row(Safe, Along);

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, prefix: &str) -> std::result::Result<Self, DbErr> {
        Ok(Self::from_query_result_nullable(row, prefix)?)
    }

    fn from_query_result_nullable(row: &QueryResult, prefix: &str) -> std::result::Result<Self, TryGetError> {
        let project = Safe::from_query_result_nullable(row, prefix)?;
        let compute = read(row, &format!("{prefix}{COMPUTE_PREFIX}"));
        let disk = read(row, &format!("{prefix}{DISK_PREFIX}"));
        Ok(Self(project, Along { compute, disk, organization: None }))
    }
}

fn read<M: FromQueryResult>(row: &QueryResult, prefix: &str) -> Option<Option<M>> {
    // Nothing was joined: SeaORM would take a column that the statement does not have for a null.
    row.try_as_pg_row()?.try_column(format!("{prefix}{BOTH_HAVE}").as_str()).ok()?;
    match M::from_query_result_nullable(row, prefix) {
        Ok(model) => Some(Some(model)),
        Err(TryGetError::Null(_)) => Some(None),
        // The loader will say what is wrong with it.
        Err(TryGetError::DbErr(_)) => None,
    }
}

impl From<Row> for Project {
    fn from(Row(row, along): Row) -> Self {
        Self(row, along)
    }
}
