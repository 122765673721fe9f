//! A project's changes.

use async_graphql::{Context, Enum, ID, Object, Subscription};
use futures_util::{Stream, stream};
use uuid::Uuid;

use super::{Moment, Occasion, astray};
use crate::{
    db::changes::{Change, Topic},
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::{requires, signed_in},
        id::Kind,
        project::{Project, ProjectById, ProjectQueries},
    },
};

/// What became of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ProjectChange {
    /// This is how it stands: the first event, and another one whenever a change may have been missed.
    Current,
    /// It was changed; several changes in quick succession are one event.
    Changed,
    /// It is not there for you any more: deleted, or you may not see it now. The subscription ends.
    Gone,
}

/// An event of a project.
#[derive(Debug)]
pub struct ProjectChanged {
    id: Uuid,
    change: ProjectChange,
    project: Option<Project>,
}

/// An event of a project.
#[Object(guard = "signed_in()")]
impl ProjectChanged {
    /// What became of it.
    async fn change(&self) -> ProjectChange {
        self.change
    }

    /// The project's opaque global id, also when it is gone.
    async fn project_id(&self) -> ID {
        Kind::Project.id(self.id)
    }

    /// The project as it is now; null when it is gone.
    async fn project(&self) -> Option<&Project> {
        self.project.as_ref()
    }
}

/// Subscriptions to projects.
#[derive(Debug, Default)]
pub struct ProjectSubscriptions;

#[Subscription(guard = "signed_in()")]
impl ProjectSubscriptions {
    /// The changes of the project with this ref: its name, its status, where it runs and whose it is. Each event has the
    /// project as it is when the event is read, so that the last one shows the last state. NOT_FOUND when there is none
    /// in an organization of yours.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn project_changed(
        &self,
        context: &Context<'_>,
        #[graphql(name = "ref", desc = "Its public handle.")] reference: String,
    ) -> Result<impl Stream<Item = ProjectChanged> + use<>> {
        let occasion = Occasion::of(context)?;
        let event = match occasion.moment {
            Moment::Asked => {
                let found = ProjectQueries::find(context, &reference).await?;
                let id = found.ok_or(Error::NotFound("the project was".into()))?.key();
                occasion.is_about(Topic::Project(id));
                None
            }
            Moment::Told(Topic::Project(id), change) => {
                let project = context.load(ProjectById(id)).await?;
                let change = match (&project, change) {
                    (None, _) => ProjectChange::Gone,
                    (Some(_), Change::Anything) => ProjectChange::Current,
                    (Some(_), _) => ProjectChange::Changed,
                };
                if project.is_none() {
                    occasion.ends();
                }
                Some(ProjectChanged { id, change, project })
            }
            Moment::Told(..) => return Err(astray()),
        };
        Ok(stream::iter(event))
    }
}
