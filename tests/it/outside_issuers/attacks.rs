//! What is no token of the issuer's, for us and of now is refused, before anybody is looked up or made.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ogelbase::config::external_issuer::{ExternalIssuer, TokenAlgorithm};
use serde_json::{Value, json};

use super::{
    Issuer, SECRET_OF_THE_SETTING as SECRET, SigningKey, VIEWER, ask, assert_refused, claims, message, serve, trusted,
};
use crate::support::app::App;

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token whose header says whatever it likes, with this signature.
fn forged(header: &Value, claims: &Value, signature: &str) -> String {
    format!("{}.{}.{signature}", part(header), part(claims))
}

fn hs256(header: &Header, claims: &Value, secret: &[u8]) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

async fn outsiders(app: &App) -> i64 {
    let sql = "SELECT count(*) FROM platform.users WHERE external_subject = 'mallory'";
    app.service().await.one(sql, []).await
}

#[tokio::test]
async fn no_algorithm_but_the_configured_one_ever_meets_a_key() {
    let rsa = SigningKey::rsa("r1", 2_048);
    let weak = SigningKey::rsa("weak", 1_024);
    let ec = SigningKey::ec("e1");
    let encrypting = {
        let mut key = rsa.clone();
        (key.id, key.public["kid"], key.public["use"]) = ("enc".to_owned(), json!("enc"), json!("enc"));
        key
    };
    let (app, clock, issuer) = trusted(&rsa).await;
    // A symmetric key among the public ones is still no key of theirs.
    let mut shared = serde_json::to_value(&rsa.public).unwrap();
    (shared["kid"], shared["kty"], shared["k"]) =
        (json!("oct"), json!("oct"), json!(BASE64_URL_SAFE_NO_PAD.encode(SECRET)));
    let shared = SigningKey { id: "oct".to_owned(), public: shared, ..rsa.clone() };
    issuer.publishes(&[&rsa, &weak, &ec, &encrypting, &shared]);
    let lawful = issuer.claims("ada", "ada@example.com");
    assert_eq!(ask(&app, &rsa.sign(&lawful), VIEWER).await.at("/viewer/email"), "ada@example.com");

    let evil = issuer.claims("mallory", "mallory@example.com");
    let with = |algorithm, kid: &str| Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    let public = &rsa.public;
    let modulus = BASE64_URL_SAFE_NO_PAD.decode(public["n"].as_str().unwrap()).unwrap();
    let attacker = SigningKey::rsa("r1", 2_048);
    let mut embedded = with(Algorithm::RS256, "r1");
    embedded.jwk = Some(serde_json::from_value(attacker.public.clone()).unwrap());
    let elsewhere = Issuer::with(&[&attacker]).await;
    let mut linked = with(Algorithm::RS256, "elsewhere");
    linked.jku = Some(elsewhere.jwks_url());
    linked.x5u = Some(elsewhere.jwks_url());
    let mut critical = with(Algorithm::RS256, "r1");
    critical.crit = Some(vec!["exp".to_owned()]);
    let encode = |header: &Header, key: &SigningKey| jsonwebtoken::encode(header, &evil, &key.private).unwrap();
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let other_claims = rsa.sign(&lawful);
    let attempts = [
        ("none", forged(&json!({"alg": "none", "typ": "JWT"}), &evil, "")),
        ("None", forged(&json!({"alg": "None", "kid": "r1"}), &evil, "")),
        ("no algorithm", forged(&json!({"kid": "r1"}), &evil, &signature(&other_claims))),
        ("a null signature", forged(&json!({"alg": "RS256", "kid": "r1"}), &evil, "")),
        ("another token's signature", forged(&json!({"alg": "RS256", "kid": "r1"}), &evil, &signature(&other_claims))),
        ("the modulus as a secret", hs256(&with(Algorithm::HS256, "r1"), &evil, &modulus)),
        ("the key's JSON as a secret", hs256(&with(Algorithm::HS256, "r1"), &evil, public.to_string().as_bytes())),
        ("n as a secret", hs256(&with(Algorithm::HS256, "r1"), &evil, public["n"].as_str().unwrap().as_bytes())),
        ("a symmetric key of the set", hs256(&with(Algorithm::HS256, "oct"), &evil, SECRET.as_bytes())),
        ("an EC key of the set", encode(&with(Algorithm::ES256, "e1"), &ec)),
        ("PSS instead", encode(&with(Algorithm::PS256, "r1"), &rsa)),
        ("a longer digest", encode(&with(Algorithm::RS512, "r1"), &rsa)),
        ("a weak key of the set", encode(&with(Algorithm::RS256, "weak"), &weak)),
        ("a key for encryption", encode(&with(Algorithm::RS256, "enc"), &encrypting)),
        ("an attacker's key by the same name", encode(&with(Algorithm::RS256, "r1"), &attacker)),
        ("a key in the header", encode(&embedded, &attacker)),
        ("a link in the header", encode(&linked, &attacker)),
        ("no name, and another key than the only one", encode(&Header::new(Algorithm::RS256), &attacker)),
        ("critical extensions", encode(&critical, &rsa)),
    ];
    for (what, token) in attempts {
        // So that an unknown key may be fetched again.
        clock.advance(chrono::Duration::seconds(10));
        assert_refused(&ask(&app, &token, VIEWER).await, what);
    }
    assert_eq!((outsiders(&app).await, elsewhere.asked()), (0, 0));
    // And the key itself does.
    assert_eq!(ask(&app, &encode(&with(Algorithm::RS256, "r1"), &rsa), VIEWER).await.status, 200);
}

#[tokio::test]
async fn a_token_must_be_the_issuers_for_us_and_of_now() {
    let key = SigningKey::ec("k1");
    let (app, clock, issuer) = trusted(&key).await;
    let evil = issuer.claims("mallory", "mallory@example.com");
    let now = clock.now().timestamp();
    for (claim, value) in [
        ("iss", json!("https://elsewhere.example")),
        ("iss", json!(format!("{}/", issuer.url))),
        ("iss", json!([issuer.url, "ogelbase"])),
        ("iss", json!("ogelbase")),
        ("iss", json!(null)),
        ("aud", json!("somebody-else")),
        ("aud", json!(["somebody-else", "Authenticated"])),
        ("aud", json!([])),
        ("aud", json!(null)),
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!(0)),
        ("exp", json!("tomorrow")),
        ("exp", json!(null)),
        ("nbf", json!(now + 60)),
        ("nbf", json!("now")),
        ("iat", json!(now + 60)),
    ] {
        let mut claims = evil.clone();
        claims[claim] = value.clone();
        assert_refused(&ask(&app, &key.sign(&claims), VIEWER).await, &format!("{claim}: {value}"));
        claims.as_object_mut().unwrap().remove(claim);
        if !["nbf", "iat"].contains(&claim) {
            assert_refused(&ask(&app, &key.sign(&claims), VIEWER).await, &format!("no {claim}"));
        }
    }
    assert_eq!(outsiders(&app).await, 0);
    // Several audiences, an issuer whose clock is a little ahead, and no `iat` are all lawful.
    let mut lawful = evil;
    (lawful["aud"], lawful["nbf"], lawful["exp"]) =
        (json!(["x", "authenticated"]), json!(now + 20), json!(now as f64 + 60.5));
    lawful.as_object_mut().unwrap().remove("iat");
    let token = key.sign(&lawful);
    assert_eq!(ask(&app, &token, VIEWER).await.status, 200);
    clock.advance(chrono::Duration::seconds(61));
    let late = ask(&app, &token, VIEWER).await;
    assert_refused(&late, "late");
    assert_eq!(message(&late), "the token of outside has expired");
}

#[tokio::test]
async fn a_gotrue_with_a_shared_secret_and_one_with_keys_do_not_speak_for_each_other() {
    let key = SigningKey::ec("k1");
    let keyed = Issuer::with(&[&key]).await;
    let gotrue = "http://localhost:9999/auth/v1";
    let shared = ExternalIssuer {
        name: "gotrue".to_owned(),
        issuer: gotrue.to_owned(),
        algorithm: TokenAlgorithm::HS256,
        secret: Some(SECRET.to_owned()),
        jwks_url: None,
        confirms_addresses: true,
        ..keyed.setting(TokenAlgorithm::HS256)
    };
    let (app, _) = serve(vec![shared, keyed.setting(TokenAlgorithm::ES256)]).await;
    let header = Header::new(Algorithm::HS256);
    let lawful = claims(gotrue, "5f2d6c1e-0d3b-4c3e-9d0f-0c8a6f6f0001", "ada@example.com");
    assert_eq!(
        ask(&app, &hs256(&header, &lawful, SECRET.as_bytes()), VIEWER).await.at("/viewer/email"),
        "ada@example.com"
    );

    let evil = |issuer: &str| claims(issuer, "mallory", "mallory@example.com");
    // The project's own keys are signed with the same secret; they are nobody's.
    let anon = json!({"iss": "supabase", "ref": "x", "role": "service_role", "exp": lawful["exp"]});
    let anon_of_gotrue = json!({"iss": gotrue, "aud": "authenticated", "role": "service_role", "exp": lawful["exp"]});
    let own = json!({"iss": "ogelbase", "aud": "ogelbase-api", "sub": app.user_id("owner@acme.test").await, "sid": "x",
                     "iat": 0, "exp": lawful["exp"]});
    for (what, token) in [
        ("another secret", hs256(&header, &evil(gotrue), b"another-secret-another-secret-another")),
        ("an empty secret", hs256(&header, &evil(gotrue), b"")),
        ("the other issuer's key", key.sign(&evil(gotrue))),
        ("the secret for the other issuer", hs256(&header, &evil(&keyed.url), SECRET.as_bytes())),
        ("a longer digest", hs256(&Header::new(Algorithm::HS512), &evil(gotrue), SECRET.as_bytes())),
        ("none", forged(&json!({"alg": "none"}), &evil(gotrue), "")),
        ("a project's key", hs256(&header, &anon, SECRET.as_bytes())),
        ("a project's key as the issuer's", hs256(&header, &anon_of_gotrue, SECRET.as_bytes())),
        ("one of ours by their secret", hs256(&header, &own, SECRET.as_bytes())),
        ("one of ours by their key", key.sign(&own)),
    ] {
        assert_refused(&ask(&app, &token, VIEWER).await, what);
    }
    assert_eq!(outsiders(&app).await, 0);
    assert_eq!(app.owner().await.ask(VIEWER).await.status, 200, "our own tokens are what they were");
}
