//! A typed client in Rust, `graphql_client`: queries are checked against `schema.graphql` as the test is compiled, and
//! what the server answers fits the types made from it.

use chrono::Utc;
use graphql_client::{GraphQLQuery, Response};
use ogelbase::clock::Clock;
use rust_decimal::Decimal;
use sea_orm::FromQueryResult;
use serde::{Serialize, de::DeserializeOwned};

use crate::support::app::App;

/// The scalar of the schema as a type.
type DateTime = chrono::DateTime<Utc>;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema.graphql",
    query_path = "tests/it/clients/sign-in.graphql",
    normalization = "rust",
    response_derives = "Debug",
    variables_derives = "Debug"
)]
struct SignIn;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema.graphql",
    query_path = "examples/queries/dashboard.graphql",
    normalization = "rust",
    response_derives = "Debug, PartialEq",
    variables_derives = "Debug"
)]
struct Dashboard;

use dashboard::{DiskType, InstanceSize, InvoiceStatus, OrganizationRole, PlanInterval, ProjectStatus};

/// Asks as a program outside of these tests would.
async fn ask<Q>(app: &App, token: Option<&str>, variables: Q::Variables) -> Response<Q::ResponseData>
where
    Q: GraphQLQuery<Variables: Serialize, ResponseData: DeserializeOwned>,
{
    let mut request = app.http.post(app.url("/graphql")).json(&Q::build_query(variables));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap().json().await.unwrap()
}

async fn sign_in(app: &App, email: &str, password: &str) -> Response<sign_in::ResponseData> {
    let input =
        sign_in::SignInInput { email: email.to_owned(), password: password.to_owned(), client_mutation_id: None };
    ask::<SignIn>(app, None, sign_in::Variables { input }).await
}

async fn dashboard_of(app: &App, email: &str) -> Response<dashboard::ResponseData> {
    let signed_in = sign_in(app, email, "ogelbase-demo").await.data.unwrap().sign_in;
    assert_eq!(signed_in.user.unwrap().email, email);
    assert!(signed_in.expires_at.unwrap() > Clock::system().now());
    let variables = dashboard::Variables { slug: "acme".to_owned() };
    ask::<Dashboard>(app, signed_in.access_token.as_deref(), variables).await
}

fn codes<T>(response: &Response<T>) -> Vec<&str> {
    let errors = response.errors.as_deref().unwrap_or_default();
    errors.iter().map(|error| error.extensions.as_ref().unwrap()["code"].as_str().unwrap()).collect()
}

/// A value of an enum as the schema writes it.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[derive(Debug, PartialEq, FromQueryResult)]
struct Member {
    email: String,
    role: String,
    joined_at: DateTime,
}

#[derive(Debug, PartialEq, FromQueryResult)]
struct Project {
    reference: String,
    name: String,
    status: String,
    memory_gb: Option<Decimal>,
    size_gb: Option<i32>,
    addons: i64,
}

#[derive(Debug, PartialEq, FromQueryResult)]
struct Invoice {
    number: String,
    status: String,
    total: Decimal,
    period_start: DateTime,
}

const MEMBERS: &str = "SELECT u.email, upper(m.role) AS role, m.joined_at FROM platform.organization_members m
      JOIN platform.users u ON u.id = m.user_id JOIN platform.organizations o ON o.id = m.organization_id
     WHERE o.slug = 'acme' ORDER BY m.joined_at, m.id LIMIT 20";
const PROJECTS: &str = "SELECT p.ref AS reference, p.name, upper(p.status) AS status, c.memory_gb, d.size_gb,
           (SELECT count(*) FROM platform.project_addons a WHERE a.project_id = p.id AND a.status = 'active') AS addons
      FROM platform.projects p JOIN platform.organizations o ON o.id = p.organization_id
      LEFT JOIN platform.compute_config c ON c.project_id = p.id
      LEFT JOIN platform.disk_config d ON d.project_id = p.id
     WHERE o.slug = 'acme' ORDER BY p.created_at DESC, p.id DESC LIMIT 10";
const INVOICES: &str = "SELECT i.number, upper(i.status) AS status, i.total, i.period_start FROM platform.invoices i
      JOIN platform.organizations o ON o.id = i.organization_id
     WHERE o.slug = 'acme' ORDER BY i.period_start DESC, i.id DESC LIMIT 5";

#[tokio::test]
async fn a_typed_dashboard_holds_what_the_database_holds() {
    let app = App::start().await;
    let answer = dashboard_of(&app, "owner@acme.test").await;
    assert_eq!(codes(&answer), Vec::<&str>::new());
    let organization = answer.data.unwrap().organization.unwrap();
    assert!(organization.viewer_permissions.iter().any(|permission| permission == "billing:read"));
    let service = app.service().await;

    let members = organization.members.unwrap().nodes;
    let owner = &members[0];
    assert_eq!(owner.role, OrganizationRole::Owner);
    assert_eq!(owner.user.as_ref().unwrap().first_name.as_deref(), Some("Olivia"));
    let members: Vec<Member> = members
        .into_iter()
        .map(|it| Member { email: it.user.unwrap().email, role: word(&it.role), joined_at: it.joined_at })
        .collect();
    assert_eq!(members, service.rows::<Member>(MEMBERS).await);

    let projects = organization.projects.unwrap().nodes;
    let shop = projects.iter().find(|project| project.name == "Shop").unwrap();
    assert_eq!(shop.status, ProjectStatus::ActiveHealthy);
    assert_eq!(shop.compute.as_ref().unwrap().instance_size, InstanceSize::Large);
    assert_eq!(shop.disk.as_ref().unwrap().type_, DiskType::Gp3);
    let recovery = shop.addons.as_ref().unwrap().iter().find(|addon| addon.addon_id == "pitr").unwrap();
    assert_eq!((recovery.quantity, recovery.price_per_unit), (1, Decimal::new(100, 0)));
    let projects: Vec<Project> = projects
        .into_iter()
        .map(|it| Project {
            reference: it.ref_,
            name: it.name,
            status: word(&it.status),
            memory_gb: it.compute.map(|compute| compute.memory_gb),
            size_gb: it.disk.map(|disk| disk.size_gb.try_into().unwrap()),
            addons: it.addons.unwrap().len().try_into().unwrap(),
        })
        .collect();
    assert_eq!(projects, service.rows::<Project>(PROJECTS).await);

    let plan = organization.subscription.unwrap().plan.unwrap();
    let price: Decimal =
        service.one("SELECT price FROM platform.billing_plans WHERE id = $1", [plan.plan_id.as_str().into()]).await;
    assert_eq!((plan.name.as_str(), plan.price, plan.interval), ("Team", Some(price), PlanInterval::Month));

    let invoices = organization.invoices.unwrap().nodes;
    assert_eq!(invoices[0].status, InvoiceStatus::Open);
    let invoices: Vec<Invoice> = invoices
        .into_iter()
        .map(|it| Invoice {
            number: it.number,
            status: word(&it.status),
            total: it.total,
            period_start: it.period_start,
        })
        .collect();
    assert_eq!(invoices, service.rows::<Invoice>(INVOICES).await);
}

#[tokio::test]
async fn a_typed_client_reads_what_was_refused_and_why() {
    let app = App::start().await;
    let refused = sign_in(&app, "owner@acme.test", "wrong").await;
    assert!(refused.data.is_none());
    assert_eq!(codes(&refused), ["UNAUTHENTICATED"]);

    // A refused field is `None`, and its neighbours are there.
    let partial = dashboard_of(&app, "member@acme.test").await;
    assert!(codes(&partial).iter().all(|code| *code == "FORBIDDEN"));
    let path = |error: &graphql_client::Error| error.path.as_ref().unwrap().iter().map(ToString::to_string).collect();
    let paths: Vec<Vec<String>> = partial.errors.as_ref().unwrap().iter().map(path).collect();
    assert!(paths.contains(&vec!["organization".to_owned(), "invoices".to_owned()]), "{paths:?}");
    let organization = partial.data.unwrap().organization.unwrap();
    assert!(organization.invoices.is_none() && organization.members.is_some());
}
