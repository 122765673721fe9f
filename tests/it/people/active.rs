//! The organization that a person works in by preference.

use serde_json::{Value, json};

use super::{mutate, refusal};
use crate::support::app::App;

const ACTIVE: &str = "{ viewer { activeOrganization { role organization { slug } } } }";

#[tokio::test]
async fn one_chooses_among_ones_own_organizations_and_the_header_wins_for_one_request() {
    let app = App::start().await;
    let both = app.both().await;
    let active = async |actor: &crate::support::actors::Actor<'_>| {
        actor.ask(ACTIVE).await.at("/viewer/activeOrganization").clone()
    };
    let acme = json!({"role": "MEMBER", "organization": {"slug": "acme"}});
    let globex = json!({"role": "DEVELOPER", "organization": {"slug": "globex"}});
    assert_eq!(active(&both).await, acme);
    let fields = "user { activeOrganization { role organization { slug } } } clientMutationId";
    let input = json!({"organization": app.organization("globex").await, "clientMutationId": "1"});
    let answer = mutate(&both, "setActiveOrganization", fields, input).await;
    assert_eq!(answer.at("/setActiveOrganization/user/activeOrganization"), &globex);
    assert_eq!(active(&app.both().await).await, globex, "in another session too");
    let [record] = &app.records("user.updated").await[..] else { panic!("one record") };
    assert_eq!(record["metadata"]["after"]["activeOrganization"], json!(app.organization("globex").await));
    assert!(record["organization_id"].is_null());

    // A preference narrows nothing; the header does, and hides what lies outside.
    let all = both.ask("{ organizations { totalCount } }").await;
    assert_eq!(all.at("/organizations/totalCount"), 2);
    assert_eq!(active(&both.in_organization("acme")).await, Value::Null);
    assert_eq!(active(&both.in_organization("globex")).await, globex);
    let outside = json!({"organization": app.organization("acme").await});
    let refused = mutate(&both.in_organization("globex"), "setActiveOrganization", "user { id }", outside).await;
    assert_eq!(refusal(&refused).0, "NOT_FOUND");

    // Not one's own, or of no organization.
    let lancio = json!({"organization": app.organization("lancio").await});
    assert_eq!(refusal(&mutate(&both, "setActiveOrganization", "user { id }", lancio).await).0, "NOT_FOUND");
    let user = json!({"organization": format!("usr_{}", app.user_id("both@acme.test").await.simple())});
    assert_eq!(refusal(&mutate(&both, "setActiveOrganization", "user { id }", user).await).0, "INVALID_INPUT");
    let sql = app.as_user(Some(app.user_id("both@acme.test").await), None).await;
    let lancio = app.organization_key("lancio").await;
    let setter = format!("SELECT platform.set_user_active_org(platform.get_current_user_id(), '{lancio}')");
    assert!(sql.try_run(&setter).await.is_err());

    // Leaving takes it away; so does choosing none.
    let leave = json!({"organization": app.organization("globex").await});
    mutate(&both, "leaveOrganization", "leftOrganization", leave).await.data();
    assert_eq!(active(&both).await, Value::Null);
    let acme = json!({"organization": app.organization("acme").await});
    mutate(&both, "setActiveOrganization", "user { id }", acme).await.data();
    mutate(&both, "setActiveOrganization", "user { id }", json!({"organization": null})).await.data();
    assert_eq!(active(&both).await, Value::Null);
    // Of others it is not to be seen.
    let others = app.owner().await;
    let id = format!("usr_{}", app.user_id("both@acme.test").await.simple());
    let query = format!("{{ node(id: \"{id}\") {{ ... on User {{ activeOrganization {{ role }} }} }} }}");
    assert_eq!(others.ask(&query).await.codes(), ["FORBIDDEN"]);
}
