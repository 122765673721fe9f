//! The setting `external_issuers`: whose tokens are accepted besides our own.

use std::net::IpAddr;

use axum::http::Uri;
use serde::{Deserialize, Serialize};

/// An outside issuer: a GoTrue or any OpenID provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalIssuer {
    /// What it is called here, in messages and logs.
    pub name: String,
    /// The claim `iss` of its tokens, character by character.
    pub issuer: String,
    /// What the claim `aud` of its tokens must name, as `authenticated` for GoTrue.
    pub audience: String,
    /// The one algorithm of its signatures. A token that says another is refused.
    pub algorithm: TokenAlgorithm,
    /// The shared secret of HS256, at least 32 characters.
    #[serde(default)]
    pub secret: Option<String>,
    /// Where its public keys are (a JSON Web Key Set), for the other algorithms.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// Whether an account is made for somebody whom the issuer vouches for and who has none. Default false.
    #[serde(default)]
    pub allow_creation: bool,
    /// The claim with the address that a new account gets. Default `email`.
    #[serde(default = "email")]
    pub email_claim: String,
    /// Whether it gives tokens only to people whose address it has confirmed, as a GoTrue without autoconfirm. Default
    /// false: an account is made only where the claim `email_verified` is true.
    #[serde(default)]
    pub confirms_addresses: bool,
    /// Which of its tokens tell of a second factor. Default none of them.
    #[serde(default)]
    pub second_factor: Option<SecondFactorClaim>,
}

/// How an outside issuer's token tells that its person proved themself with a second factor: by a claim that is one of
/// these values, or a list that has one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorClaim {
    /// The claim: `aal` of a GoTrue, `amr` or `acr` of an OpenID provider.
    pub claim: String,
    /// The values that count, as `aal2` of a GoTrue.
    pub values: Vec<String>,
}

/// How an outside issuer signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenAlgorithm {
    /// HMAC with SHA-256 and a shared secret.
    HS256,
    /// RSA (PKCS #1 v1.5) with SHA-256.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

fn email() -> String {
    "email".to_owned()
}

/// What is wrong with the list, in a sentence that holds no secret; nothing when all is well.
pub(super) fn problem_of(issuers: &[ExternalIssuer], own_issuer: &str, development: bool) -> Option<String> {
    for (position, issuer) in issuers.iter().enumerate() {
        let earlier = issuers.get(..position).unwrap_or_default();
        let problem = if issuer.issuer == own_issuer {
            Some("issuer is this server's own")
        } else if earlier.iter().any(|other| other.name == issuer.name) {
            Some("name stands twice")
        } else if earlier.iter().any(|other| other.issuer == issuer.issuer) {
            Some("issuer stands twice")
        } else {
            issuer.problem(development)
        };
        if let Some(problem) = problem {
            return Some(format!("entry {}: {problem}", position + 1));
        }
    }
    None
}

impl ExternalIssuer {
    fn problem(&self, development: bool) -> Option<&'static str> {
        let blank = |text: &str| text.trim() != text || text.is_empty() || text.contains(char::is_control);
        if blank(&self.name) || self.name.len() > 60 {
            return Some("name must be 1 to 60 characters");
        }
        if blank(&self.issuer) || self.issuer.len() > 500 {
            return Some("issuer must be 1 to 500 characters");
        }
        if blank(&self.audience) {
            return Some("audience must not be empty");
        }
        if blank(&self.email_claim) {
            return Some("email_claim must not be empty");
        }
        if let Some(SecondFactorClaim { claim, values }) = &self.second_factor
            && (blank(claim) || values.is_empty() || values.iter().any(|value| blank(value)))
        {
            return Some("second_factor must have a claim and at least one value, none of them empty");
        }
        match (self.algorithm, &self.secret, &self.jwks_url) {
            (TokenAlgorithm::HS256, Some(secret), None) if secret.len() >= 32 => None,
            (TokenAlgorithm::HS256, _, None) => Some("HS256 needs a secret of at least 32 characters"),
            (TokenAlgorithm::HS256, _, Some(_)) => Some("HS256 has a secret and no jwks_url"),
            (_, None, Some(url)) if fetchable(url, development) => None,
            (_, None, Some(_)) => {
                Some("jwks_url must be an https:// URL (http:// in development, and on this machine)")
            }
            (_, None, None) => Some("this algorithm needs a jwks_url"),
            (_, Some(_), _) => Some("this algorithm has public keys and no secret"),
        }
    }
}

/// Whoever can change the keys on their way can sign in as anybody.
fn fetchable(url: &str, development: bool) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let Some(authority) = url.authority().filter(|authority| !authority.as_str().contains('@')) else { return false };
    let host = authority.host().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme_str() {
        Some("https") => true,
        Some("http") => development || here,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(algorithm: TokenAlgorithm, secret: Option<&str>, jwks_url: Option<&str>) -> ExternalIssuer {
        ExternalIssuer {
            name: "one".to_owned(),
            issuer: "https://one.example".to_owned(),
            audience: "us".to_owned(),
            algorithm,
            secret: secret.map(str::to_owned),
            jwks_url: jwks_url.map(str::to_owned),
            allow_creation: false,
            email_claim: email(),
            confirms_addresses: false,
            second_factor: None,
        }
    }

    #[test]
    fn an_issuer_has_a_secret_or_an_address_of_keys_that_nobody_can_change_on_the_way() {
        const LONG: &str = "0123456789012345678901234567890123456789";
        let with = |algorithm, secret, url, development| {
            problem_of(&[of(algorithm, secret, url)], "ogelbase", development).is_none()
        };
        use TokenAlgorithm::{ES256, HS256, RS256};
        assert!(with(HS256, Some(LONG), None, false));
        assert!(!with(HS256, Some("short"), None, true));
        assert!(!with(HS256, Some(LONG), Some("https://one.example/jwks"), true));
        assert!(!with(RS256, Some(LONG), Some("https://one.example/jwks"), true));
        assert!(!with(RS256, None, None, true));
        assert!(with(ES256, None, Some("https://one.example/jwks"), false));
        assert!(with(ES256, None, Some("http://one.example/jwks"), true));
        for (url, lawful) in [
            ("http://one.example/jwks", false),
            ("http://127.0.0.1:9999/jwks", true),
            ("http://[::1]:9999/jwks", true),
            ("http://localhost/jwks", true),
            ("http://localhost.evil.example/jwks", false),
            ("http://localhost@evil.example/jwks", false),
            ("ftp://one.example/jwks", false),
            ("/jwks", false),
        ] {
            assert_eq!(with(RS256, None, Some(url), false), lawful, "{url}");
        }
    }

    #[test]
    fn a_second_factor_is_told_by_a_claim_and_its_values() {
        let with = |claim: &str, values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            let second_factor = Some(SecondFactorClaim { claim: claim.to_owned(), values });
            let issuer = of(TokenAlgorithm::RS256, None, Some("https://one.example/jwks"));
            problem_of(&[ExternalIssuer { second_factor, ..issuer }], "ogelbase", false)
        };
        assert_eq!(with("aal", &["aal2"]), None);
        for (claim, values) in [("", &["aal2"][..]), (" aal", &["aal2"]), ("aal", &[]), ("aal", &["aal2", ""])] {
            assert!(with(claim, values).is_some_and(|problem| problem.contains("second_factor")), "{claim} {values:?}");
        }
    }

    #[test]
    fn no_two_issuers_are_alike_and_none_is_ours() {
        let one = of(TokenAlgorithm::RS256, None, Some("https://one.example/jwks"));
        let other = ExternalIssuer { name: "two".to_owned(), ..one.clone() };
        let third = ExternalIssuer { issuer: "https://two.example".to_owned(), ..one.clone() };
        let own = ExternalIssuer { issuer: "ogelbase".to_owned(), ..one.clone() };
        assert_eq!(problem_of(&[one.clone(), other], "ogelbase", true).unwrap(), "entry 2: issuer stands twice");
        assert_eq!(problem_of(&[one, third], "ogelbase", true).unwrap(), "entry 2: name stands twice");
        assert_eq!(problem_of(&[own], "ogelbase", true).unwrap(), "entry 1: issuer is this server's own");
    }
}
