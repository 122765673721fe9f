//! 016: sessions that are renewed, listed and ended, and the second factor: enrolled, asked for at sign-in, and required by
//! an organization of its members.

use sea_orm_migration::prelude::*;

use crate::policy::{MEMBER, SELF, filter, of_row};

/// The three sets as 013 left them.
const SETS_BEFORE: &str = include_str!("sql/m013/up.sql");
pub(crate) const SETS: &str = include_str!("sql/m016/sets.sql");
/// The caller is a member of the row's organization, whatever the role grants there.
pub(crate) const BELONGS: &str = "organization_id = ANY ((SELECT platform.current_membership_ids())::uuid[])";

/// Who may read an organization, and who a membership.
fn policies(organizations: &str, memberships: &str) -> String {
    format!(
        "ALTER POLICY organizations_select ON platform.organizations USING ({});
         ALTER POLICY organization_members_select ON platform.organization_members USING ({});",
        filter(&of_row(organizations, "organization_id")),
        filter(memberships)
    )
}

/// Who may read a membership: who may read them all, and each person their own, whatever the role there grants.
pub(crate) fn memberships(all: &str) -> String {
    format!("({all} OR (user_id = {SELF} AND {BELONGS}))")
}

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = [
            include_str!("sql/m016/sessions.sql"),
            include_str!("sql/m016/second_factor.sql"),
            include_str!("sql/m016/required.sql"),
            SETS,
            &policies(BELONGS, &memberships(MEMBER)),
        ];
        crate::run(manager, &sql).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[&policies(MEMBER, MEMBER), SETS_BEFORE, include_str!("sql/m016/down.sql")]).await
    }
}
