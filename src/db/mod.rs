//! The database: the pool, the request's transaction, the roles, the migrations and the private PostgreSQL.

pub mod bootstrap;
pub mod embedded;
pub mod key;
pub mod list;
pub mod migrate;
pub mod operator;
pub mod pool;
pub mod roles;
pub mod source;
mod statement;
pub mod transaction;

pub use bootstrap::Opening;
pub use pool::Database;
pub use source::Postgres;
pub use transaction::{Cuts, RequestTransaction};
