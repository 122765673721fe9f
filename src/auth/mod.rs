//! Who is calling and what they may do.

pub mod activity;
pub mod api_key;
mod appointing;
pub mod external_issuer;
pub mod jwks;
pub mod jwt;
pub mod key;
pub mod password;
pub mod password_rules;
pub mod permission;
pub mod principal;
pub mod renewal;
pub mod second_factor;
pub mod service_token;
pub mod session;
pub mod token;

pub use permission::Permission;
pub use principal::Principal;
