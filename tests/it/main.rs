//! The tests: one binary, a file for each subject. They speak HTTP to a real server over a real PostgreSQL.

mod support;

mod catalog;
mod entities;
mod schema;
mod sessions;
