//! The pages that clients show, by the documents of `examples/queries`: each has a budget, and takes the same number of
//! statements for the few rows of a new organization and for the many of an old one.

use ogelbase::clock::Clock;
use serde_json::{Value, json};

use super::Counted;
use crate::support::actors::Actor;

/// Members, projects, and rows of everything else that an organization or a project has many of.
const FEW: (i32, i32, i32) = (1, 1, 1);
const MANY: (i32, i32, i32) = (200, 120, 30);

/// A document, and how many statements it may take.
struct Page {
    document: &'static str,
    budget: usize,
    /// What it takes today, BEGIN with the caller's context included.
    takes: usize,
}

const DASHBOARD: Page =
    Page { document: include_str!("../../../examples/queries/dashboard.graphql"), budget: 12, takes: 7 };
const BILLING: Page =
    Page { document: include_str!("../../../examples/queries/billing.graphql"), budget: 10, takes: 10 };
const PROJECT: Page =
    Page { document: include_str!("../../../examples/queries/project.graphql"), budget: 12, takes: 11 };
const PROJECTS: Page =
    Page { document: include_str!("../../../examples/queries/projects.graphql"), budget: 4, takes: 3 };
const VIEWER: Page = Page { document: include_str!("../../../examples/queries/viewer.graphql"), budget: 3, takes: 2 };
const USAGE: Page = Page { document: include_str!("../../../examples/queries/usage.graphql"), budget: 8, takes: 8 };
const MONITORING: Page =
    Page { document: include_str!("../../../examples/queries/infra-monitoring.graphql"), budget: 3, takes: 3 };
const PLANS: Page = Page { document: include_str!("../../../examples/queries/plans.graphql"), budget: 3, takes: 3 };

impl Counted {
    /// Two furnished organizations, `small` with few rows and `large` with many.
    async fn furnished() -> Self {
        let counted = Self::start().await;
        for (slug, (members, projects, rows)) in [("small", FEW), ("large", MANY)] {
            let organization = counted.make_organization(slug, members, projects).await;
            counted.service.furnish(organization, rows).await;
        }
        counted
    }

    async fn page(&self, page: &Page, variables: Value) -> Value {
        self.page_as(&self.app.holder_of(&self.session), page, variables).await
    }

    async fn page_as(&self, actor: &Actor<'_>, page: &Page, variables: Value) -> Value {
        let asked = self.ask_as(actor, page.document, variables).await;
        assert!(asked.statements.len() <= page.budget, "{:#?}", asked.statements);
        asked.took(page.takes)
    }
}

/// How many elements the list at this pointer has.
#[track_caller]
fn length(data: &Value, pointer: &str) -> usize {
    let list = data.pointer(pointer).and_then(Value::as_array);
    list.unwrap_or_else(|| panic!("no list at {pointer}: {data:#}")).len()
}

/// A day that ends now, as variables of a document.
fn last_day() -> (String, String) {
    let now = Clock::system().now();
    ((now - chrono::TimeDelta::days(1)).to_rfc3339(), now.to_rfc3339())
}

#[tokio::test]
async fn the_dashboard() {
    let counted = Counted::furnished().await;
    for (slug, [members, projects, invoices]) in [("small", [1, 1, 1]), ("large", [20, 10, 5])] {
        let data = counted.page(&DASHBOARD, json!({ "slug": slug })).await;
        let organization = &data["organization"];
        assert_eq!(length(organization, "/members/nodes"), members);
        assert_eq!(length(organization, "/projects/nodes"), projects);
        assert_eq!(length(organization, "/invoices/nodes"), invoices);
        for project in organization["projects"]["nodes"].as_array().unwrap() {
            assert_eq!(length(project, "/addons"), 2, "those that are active");
            assert!(project["compute"].is_object() && project["disk"].is_object(), "{project}");
        }
        assert_eq!(organization["subscription"]["plan"]["planId"], "tier_pro");
    }
}

#[tokio::test]
async fn the_billing_page() {
    let counted = Counted::furnished().await;
    for (slug, [addons, methods, tax_ids, credits, invoices]) in
        [("small", [2, 1, 1, 1, 1]), ("large", [50, 10, 10, 30, 12])]
    {
        let data = counted.page(&BILLING, json!({ "slug": slug })).await;
        let organization = &data["organization"];
        assert_eq!(length(organization, "/subscription/addons/nodes"), addons);
        assert!(organization["subscription"]["addons"]["nodes"][0]["project"]["ref"].is_string(), "{organization}");
        assert_eq!(length(organization, "/paymentMethods/nodes"), methods);
        assert_eq!(length(organization, "/taxIds/nodes"), tax_ids);
        assert_eq!(length(organization, "/creditBalance/0/expirations"), credits);
        assert_eq!(length(organization, "/invoices/nodes"), invoices);
        assert_eq!(organization["customerProfile"]["city"], "Bolzano");
    }
}

#[tokio::test]
async fn the_page_of_a_project() {
    let counted = Counted::furnished().await;
    for (project, [members, databases, logs]) in [("small-1", [1, 1, 1]), ("large-7", [3, 10, 5])] {
        let data = counted.page(&PROJECT, json!({ "ref": project })).await;
        let project = &data["project"];
        assert_eq!(length(project, "/members/nodes"), members);
        assert_eq!(length(project, "/addons"), 2, "those that are active");
        assert_eq!(length(project, "/databases/nodes"), databases);
        assert_eq!(length(project, "/databases/nodes/0/connectionLogs/nodes"), logs);
        for field in ["organization", "compute", "disk", "credentials"] {
            assert!(project[field].is_object(), "{field}: {project}");
        }
    }
}

#[tokio::test]
async fn the_list_of_projects() {
    let counted = Counted::furnished().await;
    let data = counted.page(&PROJECTS, json!(null)).await;
    assert_eq!((length(&data, "/projects/nodes"), &data["projects"]["totalCount"]), (100, &json!(121)));
    let data = counted.page(&PROJECTS, json!({ "after": data["projects"]["pageInfo"]["endCursor"] })).await;
    assert_eq!((length(&data, "/projects/nodes"), &data["projects"]["totalCount"]), (21, &json!(121)));
    assert!(data["projects"]["nodes"][0]["organization"]["slug"].is_string(), "{data}");

    // Of one organization, with one project.
    let narrowed = counted.app.holder_of(&counted.session).in_organization("small");
    let data = counted.page_as(&narrowed, &PROJECTS, json!(null)).await;
    assert_eq!((length(&data, "/projects/nodes"), &data["projects"]["totalCount"]), (1, &json!(1)));
}

#[tokio::test]
async fn the_viewer() {
    let counted = Counted::start().await;
    for organizations in [1, 120] {
        for number in 0..organizations {
            if organizations == 1 || number > 0 {
                counted.make_organization(&format!("organization-{number}"), 1, 0).await;
            }
        }
        let data = counted.page(&VIEWER, json!(null)).await;
        assert_eq!(length(&data, "/viewer/memberships/nodes"), organizations.min(100));
    }
}

#[tokio::test]
async fn the_usage() {
    let counted = Counted::furnished().await;
    let (from, to) = last_day();
    for (slug, members, allocations) in [("small", 1, 1), ("large", 200, 120)] {
        let data = counted.page(&USAGE, json!({ "slug": slug, "from": from, "to": to })).await;
        let organization = &data["organization"];
        assert_eq!(organization["memberCount"], members);
        assert_eq!(length(organization, "/usage"), 2);
        assert_eq!(length(organization, "/usage/0/allocations"), allocations);
        assert!(organization["usage"][0]["allocations"][0]["project"]["ref"].is_string(), "{organization}");
        assert_eq!(length(organization, "/entitlements"), 4);
    }
}

#[tokio::test]
async fn the_charts_of_a_project() {
    let counted = Counted::furnished().await;
    let (from, to) = last_day();
    for (project, samples) in [("small-1", 1), ("large-7", 30)] {
        let data = counted.page(&MONITORING, json!({ "ref": project, "from": from, "to": to })).await;
        assert_eq!(length(&data, "/project/infraMonitoring/series"), 5);
        assert_eq!(data["project"]["infraMonitoring"]["series"][3]["total"], json!(1000.0 * f64::from(samples)));
    }
}

#[tokio::test]
async fn the_plans() {
    let counted = Counted::start().await;
    let nobody = counted.app.anonymous();
    let data = counted.page_as(&nobody, &PLANS, json!(null)).await;
    assert_eq!((length(&data, "/billingPlans"), length(&data, "/addonCatalog")), (4, 17));
    let more = "INSERT INTO platform.billing_plans (id, name, \"interval\") \
                SELECT 'tier_' || n, 'Plan ' || n, 'month' FROM generate_series(1, 50) n";
    counted.service.run(more).await;
    let data = counted.page_as(&nobody, &PLANS, json!(null)).await;
    assert_eq!(length(&data, "/billingPlans"), 54);
}
