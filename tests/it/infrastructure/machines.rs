//! Machine, disk and add-ons.

use serde_json::{Value, json};

use super::{SHOP, project, stored};
use crate::support::app::App;

#[tokio::test]
async fn machine_disk_and_addons_are_those_of_the_tables() {
    let app = App::start().await;
    let (owner, service) = (app.owner().await, app.service().await);
    let seen = project(
        &owner,
        SHOP,
        "compute { instanceSize cpuCores memoryGb }
         disk { type sizeGb ioBudget throughputMbps autoscaleEnabled autoscaleGrowthPercent autoscaleMinIncrementGb
                autoscaleMaxSizeGb }
         addons { addonId variant name quantity pricePerUnit interval status deactivatedAt project { ref } }
         availableAddons { selected item { addonId variant price } }",
    )
    .await;
    let machine = "SELECT json_build_object('instanceSize', upper(instance_size), 'cpuCores', cpu_cores::text,
                          'memoryGb', memory_gb::text)::text
                     FROM platform.compute_config c JOIN platform.projects p ON p.id = c.project_id";
    assert_eq!(seen["compute"], stored(&service, &format!("{machine} WHERE p.ref = '{SHOP}'")).await);
    let disk = "SELECT json_build_object('type', upper(type), 'sizeGb', size_gb, 'ioBudget', io_budget,
                       'throughputMbps', throughput_mbps, 'autoscaleEnabled', autoscale_enabled,
                       'autoscaleGrowthPercent', autoscale_growth_percent,
                       'autoscaleMinIncrementGb', autoscale_min_increment_gb,
                       'autoscaleMaxSizeGb', autoscale_max_size_gb)::text
                  FROM platform.disk_config d JOIN platform.projects p ON p.id = d.project_id";
    assert_eq!(seen["disk"], stored(&service, &format!("{disk} WHERE p.ref = '{SHOP}'")).await);
    let addons = "SELECT json_agg(json_build_object('addonId', a.addon_id, 'variant', a.addon_variant, 'name', c.name,
                         'quantity', a.quantity, 'pricePerUnit', a.price_per_unit::text,
                         'interval', upper(c.interval), 'status', upper(a.status), 'deactivatedAt', a.deactivated_at,
                         'project', json_build_object('ref', p.ref))
                         ORDER BY a.activated_at, a.id)::text
                    FROM platform.project_addons a JOIN platform.projects p ON p.id = a.project_id
                    JOIN platform.addon_catalog c ON c.addon_id = a.addon_id AND c.variant = a.addon_variant";
    let active = stored(&service, &format!("{addons} WHERE p.ref = '{SHOP}' AND a.status = 'active'")).await;
    assert!(active.as_array().unwrap().len() >= 4, "{active:#}");
    assert_eq!(seen["addons"], active);
    let available = format!(
        "SELECT json_agg(json_build_object('selected', a.id IS NOT NULL, 'item', json_build_object(
                    'addonId', c.addon_id, 'variant', c.variant,
                    'price', c.price::text))
                    ORDER BY c.sort_order, c.addon_id, c.variant)::text
           FROM platform.addon_catalog c
           LEFT JOIN (platform.project_addons a JOIN platform.projects p ON p.id = a.project_id AND p.ref = '{SHOP}')
             ON a.addon_id = c.addon_id AND a.addon_variant = c.variant AND a.status = 'active'
          WHERE c.active"
    );
    assert_eq!(seen["availableAddons"], stored(&service, &available).await);

    // What is no longer offered keeps its name and is not offered; what has ended is shown on request.
    service
        .run(&format!(
            "UPDATE platform.addon_catalog SET active = false WHERE addon_id = 'pitr';
             UPDATE platform.project_addons SET status = 'cancelled', deactivated_at = now()
              WHERE addon_id = 'ipv4' AND project_id = (SELECT id FROM platform.projects WHERE ref = '{SHOP}')"
        ))
        .await;
    let kinds = "active: addons { addonId name } ended: addons(status: [CANCELLED]) { addonId deactivatedAt }
                 none: addons(status: []) { addonId } availableAddons { selected item { addonId } }";
    let seen = project(&owner, SHOP, kinds).await;
    let named = |list: &Value, name: &str| list.as_array().unwrap().iter().any(|addon| addon["addonId"] == name);
    assert!(named(&seen["active"], "pitr") && !named(&seen["active"], "ipv4"));
    assert!(named(&seen["ended"], "ipv4") && seen["ended"][0]["deactivatedAt"].is_string());
    assert_eq!(seen["none"], json!([]));
    let offered: Vec<&Value> = seen["availableAddons"].as_array().unwrap().iter().collect();
    assert!(offered.iter().all(|offer| offer["item"]["addonId"] != "pitr"));
    assert!(offered.iter().any(|offer| offer["item"]["addonId"] == "ipv4" && offer["selected"] == json!(false)));
}

#[tokio::test]
async fn a_list_that_is_counted_has_the_same_machines_and_disks() {
    let app = App::start().await;
    let owner = app.owner().await;
    let list = async |count: &str| {
        let nodes = "nodes { ref compute { instanceSize } disk { sizeGb } }";
        let query = format!("{{ organization(slug: \"acme\") {{ projects {{ {count} {nodes} }} }} }}");
        owner.ask(&query).await.at("/organization/projects/nodes").clone()
    };
    let joined = list("").await;
    assert_eq!(list("totalCount").await, joined);
    for project in joined.as_array().unwrap() {
        assert!(!project["compute"].is_null() && !project["disk"].is_null(), "{project}");
    }
}
