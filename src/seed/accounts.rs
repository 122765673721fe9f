//! The demo accounts of a development installation.

use serde::Serialize;

/// The password of all demo accounts.
pub const PASSWORD: &str = "ogelbase-demo";

/// One demo account.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// Address to sign in with.
    pub email: &'static str,
    /// Who that is.
    pub label: &'static str,
    /// Its password.
    pub password: &'static str,
}

/// The demo accounts to begin with: one for each role. `sql/demo/people.sql` has their colleagues, who sign in with the
/// same password.
#[must_use]
pub fn demo() -> Vec<Account> {
    [
        ("owner@acme.test", "owner of acme"),
        ("admin@acme.test", "admin of acme"),
        ("developer@acme.test", "developer of acme, in some projects"),
        ("billing@acme.test", "billing administrator of acme"),
        ("member@acme.test", "member of acme, in no project"),
        ("outsider@globex.test", "owner of globex"),
        ("both@acme.test", "member of acme and developer of globex"),
        ("paula@acme.test", "member of acme, owner of the project Shop"),
        ("peter@acme.test", "member of acme, admin of the project Shop"),
        ("petra@acme.test", "member of acme, developer of the project Shop"),
        ("pia@acme.test", "member of acme, reads the project Shop"),
    ]
    .into_iter()
    .map(|(email, label)| Account { email, label, password: PASSWORD })
    .collect()
}
