//! The setting, in the environment and in the file.

use std::fs;

use serde_json::Value;

use super::{SECRET_OF_THE_SETTING as SECRET, claims};
use crate::support::{
    db::TestDatabase,
    process::{CHEAP, Home},
};

const NOWHERE: (&str, &str) = ("DATABASE_URL", "postgres://somebody:sesame@127.0.0.1:1/nowhere");

#[tokio::test]
async fn a_wrong_issuer_stops_the_start_and_its_secret_is_not_shown() {
    let home = Home::new();
    let of = |rest: &str| format!(r#"[{{name="one", issuer="https://one.example", audience="us", {rest}}}]"#);
    for (value, said) in [
        ("nonsense".to_owned(), "OGELBASE_EXTERNAL_ISSUERS"),
        (of(r#"algorithm="none""#), "must be one of HS256, RS256, ES256, EdDSA"),
        (of(r#"algorithm="HS256", secret="sesame""#), "entry 1: HS256 needs a secret of at least 32 characters"),
        (of(r#"algorithm="RS256""#), "entry 1: this algorithm needs a jwks_url"),
        (
            of(r#"algorithm="RS256", jwks_url="https://sesame@one.example/""#),
            "entry 1: jwks_url must be an https:// URL",
        ),
        (of(r#"algorithm="RS256", jwks_url="https://one.example/", sesam="sesame""#), "there is no such setting"),
        (r#"[{name="one"}]"#.to_owned(), "OGELBASE_EXTERNAL_ISSUERS"),
    ] {
        let outcome = home.run(&["serve"], &[NOWHERE, ("OGELBASE_EXTERNAL_ISSUERS", &value)]).await;
        let shown = outcome.refusal();
        assert!(shown.starts_with("ogelbase: configuration: ") && shown.contains(said), "{value}: {shown}");
        assert!(!shown.contains("sesame"), "{shown}");
    }
}

#[tokio::test]
async fn the_setting_is_read_from_the_environment_and_from_the_file() {
    let database = TestDatabase::migrated().await;
    let home = Home::new();
    let issuer = "http://localhost:9999/auth/v1";
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let settings = [CHEAP[0], CHEAP[1], ("DATABASE_URL", database.url.as_str())];
    let inline = format!(
        r#"[{{name="gotrue", issuer="{issuer}", audience="authenticated", algorithm="HS256", secret="{SECRET}", allow_creation=true}}]"#
    );
    for in_file in [false, true] {
        let server = if in_file {
            let text = format!(
                "[[external_issuers]]\nname = \"gotrue\"\nissuer = \"{issuer}\"\naudience = \"authenticated\"\n\
                 algorithm = \"HS256\"\nsecret = \"{SECRET}\"\nallow_creation = true\n"
            );
            fs::write(home.0.join("ogelbase.toml"), text).unwrap();
            home.serve(&settings).await
        } else {
            home.serve(&[&settings[..], &[("OGELBASE_EXTERNAL_ISSUERS", &inline)]].concat()).await
        };
        let email = format!("ada{}@example.com", u8::from(in_file));
        let token = jsonwebtoken::encode(&header, &claims(issuer, &email, &email), &key).unwrap();
        let (status, answer) = server.ask(Some(&token), "{ viewer { email } }", Value::Null).await;
        assert_eq!((status, answer["data"]["viewer"]["email"].as_str()), (200, Some(&*email)), "{answer:#}");
        server.stop().await;
    }
    assert!(!home.log().contains(SECRET));
}
