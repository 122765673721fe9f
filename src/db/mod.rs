//! The database: the pool, the request's transaction, the roles, the migrations and the private PostgreSQL.

pub mod accounts;
pub mod bootstrap;
pub mod changes;
mod connections;
pub mod embedded;
pub mod external;
pub(crate) mod function;
pub mod invitations;
pub mod key;
pub mod list;
pub mod memberships;
pub mod migrate;
mod notices;
pub mod operator;
mod person;
pub mod pool;
pub mod renewal;
pub mod rls;
pub mod roles;
pub mod second_factor;
mod shadow;
pub mod sign_in_failures;
pub mod source;
mod statement;
pub mod transaction;

pub use bootstrap::Opening;
pub use pool::{Database, Opened};
pub use source::Postgres;
pub use transaction::{Cuts, RequestTransaction};
