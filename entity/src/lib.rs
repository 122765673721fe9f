//! The tables of schema `platform`, one file each: model, relations, enumerations and a few named queries.
//!
//! Columns, types and nullability follow the migrations; [`columns`] lists them for the test that compares the two.
//! A table with columns that the application role may not read has, beside its whole `Model`, a partial model `Safe`;
//! [`HIDDEN`] lists those columns.
//!
//! An `ActiveModelEx` (a model with its relations) begins a transaction of its own to save itself. Requests write with
//! `ActiveModel` or `Entity` instead.

#![allow(clippy::disallowed_methods, reason = "the code that sea-orm derives for `ActiveModelEx` calls `begin`")]

mod catalog;

pub use catalog::{Column, HIDDEN, columns};

// The core: tenants and their projects.
pub mod credentials;
pub mod organizations;
pub mod projects;

// Billing.
pub mod addon_catalog;
pub mod billing_plans;
pub mod credits;
pub mod customer_profiles;
pub mod invoices;
pub mod payment_methods;
pub mod project_addons;
pub mod subscription_addons;
pub mod subscriptions;
pub mod tax_ids;
pub mod usage_metrics;

// What a project runs on, and how it fares.
pub mod compute_config;
pub mod disk_config;
pub mod project_metrics;

// People, programs and what they may do.
pub mod api_keys;
pub mod organization_invitations;
pub mod organization_members;
pub mod project_members;
pub mod user_sessions;
pub mod users;

// Switches and the trail.
pub mod audit_logs;
pub mod feature_flags;
pub mod organization_feature_flags;

// Databases registered with a project.
pub mod database_connection_logs;
pub mod database_metrics;
pub mod databases;
