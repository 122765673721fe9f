//! What the tests share: a database of their own, a server on it, people who ask.

pub mod actors;
pub mod app;
pub mod db;
pub mod dump;
pub mod estates;
pub mod evidence;
pub mod letters;
pub mod process;
pub mod queries;
pub mod smtp;
pub mod socket;
pub mod tenants;
pub mod wire;
