//! Roles in single projects: giving, changing and taking them.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::project_members::{ActiveModel, Column, Entity};
use sea_orm::{ActiveEnum, ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use crate::{
    audit::{self, Changes, Record},
    auth::Permission as P,
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::{needs, requires},
        id::Kind,
        named,
        project_member::{ProjectMember, ProjectRole},
    },
};

/// Who is added to which project.
#[derive(Debug, InputObject)]
pub struct AddProjectMemberInput {
    /// Global id of the project.
    pub project: ID,
    /// Global id of the membership in the project's organization.
    pub member: ID,
    /// What the person may do in the project.
    pub role: ProjectRole,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The new role in the project.
#[derive(Debug, SimpleObject)]
pub struct AddProjectMemberPayload {
    /// The person's role in the project.
    pub project_member: ProjectMember,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Who gets which role in a project.
#[derive(Debug, InputObject)]
pub struct UpdateProjectMemberInput {
    /// Global id of the role in the project.
    pub project_member: ID,
    /// The role from now on.
    pub role: ProjectRole,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The role in the project as it is now.
#[derive(Debug, SimpleObject)]
pub struct UpdateProjectMemberPayload {
    /// The person's role in the project.
    pub project_member: ProjectMember,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Who is removed from a project.
#[derive(Debug, InputObject)]
pub struct RemoveProjectMemberInput {
    /// Global id of the role in the project.
    pub project_member: ID,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The end of a role in a project.
#[derive(Debug, SimpleObject)]
pub struct RemoveProjectMemberPayload {
    /// Global id that the role in the project had.
    pub removed_project_member: ID,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Mutations of project members.
#[derive(Debug, Default)]
pub struct ProjectMemberMutations;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl ProjectMemberMutations {
    /// Gives a member of the organization a role in one of its projects. You cannot give a role that grants what you do
    /// not hold there yourself: a project's admin makes no project owner. Refused with CONFLICT for who has a role there.
    #[graphql(
        directive = requires::apply(P::ProjectMembersWrite.into()),
        guard = "needs(P::ProjectMembersWrite).on(Kind::Project, \"input.project\", &input.project)"
    )]
    async fn add_project_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who, where and as what.")] input: AddProjectMemberInput,
    ) -> Result<AddProjectMemberPayload> {
        let (db, viewer) = (context.db().await?, context.viewer());
        let project = named::project(context, "input.project", &input.project).await?;
        let member = named::member(context, "input.member", &input.member).await?;
        if member.organization_id != project.organization_id {
            return Err(Error::NotFound("the member was".into()));
        }
        let role: entity::project_members::ProjectRole = input.role.into();
        viewer.may_appoint_in_project(role, project.organization_id, project.id)?;
        let row = ActiveModel {
            id: Set(crate::id::new()),
            project_id: Set(project.id),
            organization_id: Set(project.organization_id),
            user_id: Set(member.user_id),
            role: Set(role),
            added_by: Set(viewer.author_id()),
            ..Default::default()
        };
        let added = row.insert(db).await?;
        let changes = Changes::default().of("email", None::<String>, super::address(db, member.user_id).await?).of(
            "role",
            None::<String>,
            role.to_value(),
        );
        let record = Record::new("project_member.added", "create", "project_member")
            .to(added.id)
            .in_project(added.organization_id, added.project_id);
        audit::record(db, &context.request().client, record.changes(changes)).await?;
        super::renew_if_self(context.request(), added.user_id).await?;
        Ok(AddProjectMemberPayload { project_member: added.into(), client_mutation_id: input.client_mutation_id })
    }

    /// Gives a project's member another role there. You cannot give a role, or take one away, that grants what you do not
    /// hold there yourself.
    #[graphql(
        directive = requires::apply(P::ProjectMembersWrite.into()),
        guard = "needs(P::ProjectMembersWrite).on(Kind::ProjectMember, \"input.projectMember\", &input.project_member)"
    )]
    async fn update_project_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who, and which role.")] input: UpdateProjectMemberInput,
    ) -> Result<UpdateProjectMemberPayload> {
        let (db, viewer) = (context.db().await?, context.viewer());
        let before = named::project_member(context, "input.projectMember", &input.project_member).await?;
        let role: entity::project_members::ProjectRole = input.role.into();
        viewer.may_appoint_in_project(before.role, before.organization_id, before.project_id)?;
        viewer.may_appoint_in_project(role, before.organization_id, before.project_id)?;
        // Only as it was looked at: the policies hold the rule against who changes it meanwhile.
        let write = Entity::update_many().col_expr(Column::Role, Expr::value(role.to_value()));
        let after = write.filter(Column::Id.eq(before.id)).exec_with_returning(db).await?;
        let after = after.into_iter().next();
        let after = after.ok_or(Error::Forbidden { permission: P::ProjectMembersWrite.name() })?;
        let record = Record::new("project_member.role_changed", "update", "project_member")
            .to(after.id)
            .in_project(after.organization_id, after.project_id)
            .changes(Changes::default().of("role", before.role.to_value(), after.role.to_value()));
        audit::record(db, &context.request().client, record).await?;
        super::renew_if_self(context.request(), after.user_id).await?;
        Ok(UpdateProjectMemberPayload { project_member: after.into(), client_mutation_id: input.client_mutation_id })
    }

    /// Takes a person's role in a project. You cannot take one that grants what you do not hold there yourself: a
    /// project's admin removes no project owner.
    #[graphql(
        directive = requires::apply(P::ProjectMembersWrite.into()),
        guard = "needs(P::ProjectMembersWrite).on(Kind::ProjectMember, \"input.projectMember\", &input.project_member)"
    )]
    async fn remove_project_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who.")] input: RemoveProjectMemberInput,
    ) -> Result<RemoveProjectMemberPayload> {
        let (db, viewer) = (context.db().await?, context.viewer());
        let member = named::project_member(context, "input.projectMember", &input.project_member).await?;
        viewer.may_appoint_in_project(member.role, member.organization_id, member.project_id)?;
        let removed = Entity::delete_by_id(member.id).exec(db).await?;
        if removed.rows_affected == 0 {
            return Err(Error::Forbidden { permission: P::ProjectMembersWrite.name() });
        }
        let changes = Changes::default().of("email", super::address(db, member.user_id).await?, None::<String>).of(
            "role",
            member.role.to_value(),
            None::<String>,
        );
        let record = Record::new("project_member.removed", "delete", "project_member")
            .to(member.id)
            .in_project(member.organization_id, member.project_id);
        audit::record(db, &context.request().client, record.changes(changes)).await?;
        super::renew_if_self(context.request(), member.user_id).await?;
        Ok(RemoveProjectMemberPayload {
            removed_project_member: input.project_member,
            client_mutation_id: input.client_mutation_id,
        })
    }
}
