//! Who is calling and what they may do.

pub mod api_key;
pub mod jwt;
pub mod key;
pub mod password;
pub mod permission;
pub mod principal;
pub mod service_token;
pub mod session;
pub mod token;

pub use permission::Permission;
pub use principal::Principal;
