//! 022: API keys and the service manage people as far as they hold what they give; who has no second factor may leave.

use sea_orm_migration::prelude::*;

use crate::{
    m016_sessions_and_second_factor::BELONGS,
    policy::{MEMBER, SELF, in_organization, in_project},
};

const UP: &[&str] = &[
    include_str!("sql/m022/appointing.sql"),
    include_str!("sql/m022/invitations.sql"),
    include_str!("sql/m022/rotate.sql"),
];

/// Who may write a membership, an invitation and a role in a project; `role` bounds which roles, besides the owner's.
fn policies(role: impl Fn(&str) -> String, mine: &str) -> String {
    let leader = in_organization("members:write");
    let no_owner = format!("(role <> 'owner' OR {})", in_organization("ownership:transfer"));
    let members = format!("({leader} AND {no_owner}{})", role("organization"));
    let no_project_owner = format!("(role <> 'owner' OR {})", in_project("projects:transfer"));
    let project = format!("({} AND {no_project_owner}{})", in_project("project_members:write"), role("project"));
    let own = format!("(user_id = {SELF} AND {MEMBER})");
    format!(
        "ALTER POLICY organization_members_update ON platform.organization_members
             USING ({members}) WITH CHECK ({members});
         ALTER POLICY organization_members_delete ON platform.organization_members USING ({members} OR {mine});
         ALTER POLICY organization_invitations_delete ON platform.organization_invitations USING ({members});
         ALTER POLICY project_members_insert ON platform.project_members WITH CHECK ({project});
         ALTER POLICY project_members_update ON platform.project_members USING ({project}) WITH CHECK ({project});
         ALTER POLICY project_members_delete ON platform.project_members USING ({project} OR {own});"
    )
}

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let appointable =
            |kind: &str| format!(" AND role = ANY ((SELECT platform.current_appointable_roles('{kind}'))::text[])");
        // Leaving takes nothing but that one belongs there.
        let mine = format!("(user_id = {SELF} AND {BELONGS})");
        crate::run(manager, UP).await?;
        crate::run(manager, &[&policies(appointable, &mine)]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mine = format!("(user_id = {SELF} AND {MEMBER})");
        let again = |sql: &str| sql.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION");
        crate::run(
            manager,
            &[
                &policies(|_| String::new(), &mine),
                &again(include_str!("sql/m017/invitations.sql")),
                &again(include_str!("sql/m017/memberships.sql")),
                include_str!("sql/m022/rotate_before.sql"),
                include_str!("sql/m022/down.sql"),
            ],
        )
        .await
    }
}
