//! The tests: one binary, a file for each subject. They speak HTTP to a real server over a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test that cannot go on says so by panicking, and its name is its documentation"
)]

mod support;

mod activity;
mod billing;
mod binary;
mod budgets;
mod catalog;
mod clients;
mod cookbook;
mod crash;
mod cuts;
mod embedded;
mod entities;
mod evidence;
mod fields;
mod five_questions;
mod infrastructure;
mod isolation;
mod jobs;
mod lists;
mod mail;
mod migrations;
mod organizations;
mod query_plans;
mod row_level_security;
mod schema;
mod server;
mod sessions;
mod trail;
mod walk;
