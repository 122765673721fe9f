//! The tests: one binary, a file for each subject. They speak HTTP to a real server over a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test that cannot go on says so by panicking, and its name is its documentation"
)]

mod support;

mod accounts;
mod activity;
mod api_keys;
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
mod gate;
mod http;
mod infrastructure;
mod inputs;
mod isolation;
mod jobs;
mod lists;
mod live;
mod mail;
mod mail_tls;
mod migrations;
mod operator;
mod organizations;
mod outside_issuers;
mod people;
mod query_plans;
mod rate_limits;
mod refusals;
mod rls_matrix;
mod rls_modes;
mod row_level_security;
mod schema;
mod second_factor;
mod server;
mod service;
mod sessions;
mod trail;
mod turns;
mod user_sessions;
mod viewer;
mod walk;
