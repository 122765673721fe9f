//! Organizations that ask for a second factor, and people who sign in elsewhere: the token tells of it, or there is none.

use ogelbase::config::external_issuer::{ExternalIssuer, SecondFactorClaim, TokenAlgorithm};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AUDIENCE, Issuer, SECRET_OF_THE_SETTING, SigningKey, ask, claims, serve};
use crate::support::app::App;

const SEEN: &str = "{ organization(slug: \"acme\") { mfaRequired viewerPermissions members { totalCount } } }";

fn told_by(claim: &str, values: &[&str]) -> Option<SecondFactorClaim> {
    Some(SecondFactorClaim {
        claim: claim.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    })
}

/// Links an account with an identity, as the operator does, and has acme ask for a second factor.
async fn prepare(app: &App, issuer: &str, email: &str) {
    app.service()
        .await
        .run_with(
            "UPDATE platform.users SET external_issuer = $1, external_subject = 'ada' WHERE email = $2",
            [issuer.into(), email.into()],
        )
        .await;
    app.service().await.run("UPDATE platform.organizations SET mfa_required = true WHERE slug = 'acme'").await;
}

/// Gives an account a second factor of ours, borrowed from the demo account that has one.
async fn enrol(app: &App, email: &str) {
    app.service()
        .await
        .run_with(
            "UPDATE platform.users o SET mfa_enabled = true, mfa_secret_sealed = m.mfa_secret_sealed
               FROM platform.users m WHERE m.mfa_enabled AND o.email = $1",
            [email.into()],
        )
        .await;
}

/// Whether the role grants anything in acme, asked by the guards and, when they say so, by the policies too.
async fn has_role(app: &App, token: &str) -> bool {
    let answer = ask(app, token, SEEN).await;
    let organization = &answer.body["data"]["organization"];
    assert_eq!(organization["mfaRequired"], true, "{:#}", answer.body);
    let granted = organization["viewerPermissions"].as_array().unwrap().len();
    assert_eq!(
        granted > 0,
        organization["members"]["totalCount"].as_i64().unwrap_or_default() > 1,
        "{:#}",
        answer.body
    );
    granted > 0
}

#[tokio::test]
async fn a_gotrue_tells_of_it_by_aal_and_an_openid_provider_by_amr() {
    let key = SigningKey::ec("k1");
    let provider = Issuer::with(&[&key]).await;
    let gotrue = SigningKey {
        id: "shared".to_owned(),
        algorithm: jsonwebtoken::Algorithm::HS256,
        private: jsonwebtoken::EncodingKey::from_secret(SECRET_OF_THE_SETTING.as_bytes()),
        public: Value::Null,
    };
    let url = "https://gotrue.example/auth/v1";
    let settings = vec![
        ExternalIssuer { second_factor: told_by("amr", &["otp", "hwk"]), ..provider.setting(TokenAlgorithm::ES256) },
        ExternalIssuer {
            name: "gotrue".to_owned(),
            issuer: url.to_owned(),
            audience: AUDIENCE.to_owned(),
            algorithm: TokenAlgorithm::HS256,
            secret: Some(SECRET_OF_THE_SETTING.to_owned()),
            jwks_url: None,
            second_factor: told_by("aal", &["aal2"]),
            ..provider.setting(TokenAlgorithm::ES256)
        },
    ];
    let (app, _) = serve(settings).await;
    let with = |issuer: &str, name: &str, value: Value| {
        let mut claims = claims(issuer, "ada", "whoever@example.com");
        claims[name] = value;
        // What people write themselves counts for nothing.
        claims["user_metadata"] = json!({"aal": "aal2", "amr": ["otp"]});
        claims
    };
    prepare(&app, url, "admin@acme.test").await;
    for (value, told) in [
        (json!("aal2"), true),
        (json!("aal1"), false),
        (json!("AAL2"), false),
        (json!(null), false),
        (json!(2), false),
        (json!({"aal2": true}), false),
    ] {
        assert_eq!(has_role(&app, &gotrue.sign(&with(url, "aal", value.clone()))).await, told, "{value}");
    }
    prepare(&app, &provider.url, "admin@acme.test").await;
    for (value, told) in [
        (json!(["pwd", "otp"]), true),
        (json!("hwk"), true),
        (json!([{"method": "password"}, {"method": "otp", "timestamp": 1}]), true),
        (json!(["pwd"]), false),
        (json!([["otp"]]), false),
        (json!(["otp "]), false),
        (json!([]), false),
    ] {
        assert_eq!(has_role(&app, &key.sign(&with(&provider.url, "amr", value.clone()))).await, told, "{value}");
    }
    // The other issuer's claim is not this one's.
    assert!(!has_role(&app, &key.sign(&with(&provider.url, "aal", json!("aal2")))).await);
}

#[tokio::test]
async fn ours_does_not_stand_for_theirs_nor_theirs_for_ours() {
    let key = SigningKey::ec("k1");
    let issuer = Issuer::with(&[&key]).await;
    let setting = ExternalIssuer { second_factor: told_by("aal", &["aal2"]), ..issuer.setting(TokenAlgorithm::ES256) };
    let (app, _) = serve(vec![setting]).await;
    prepare(&app, &issuer.url, "admin@acme.test").await;
    let token = |told: &str| {
        let mut claims = issuer.claims("ada", "whoever@example.com");
        claims["aal"] = json!(told);
        key.sign(&claims)
    };
    let (one, two) = (token("aal1"), token("aal2"));
    // An account with a factor of ours, and a token that went through none.
    enrol(&app, "admin@acme.test").await;
    assert!(!has_role(&app, &one).await && has_role(&app, &two).await);
    // Both walls.
    let admin = app.user_id("admin@acme.test").await;
    for (sign, sees) in [('+', true), ('-', false)] {
        let sql = app.as_user(Some(admin), None).await;
        sql.run(&format!("SET app.second_factor = '{admin}{sign}'")).await;
        let projects: i64 = sql.one("SELECT count(*) FROM platform.projects", []).await;
        assert_eq!(projects > 0, sees, "{sign}");
    }
    // What is said of one person is said of nobody else.
    let member = app.user_id("member@acme.test").await;
    let sql = app.as_user(Some(member), None).await;
    sql.run(&format!("SET app.second_factor = '{admin}+'")).await;
    assert_eq!(sql.one::<i64>("SELECT count(*) FROM platform.projects", []).await, 0);
    // Nor of who signs in later in the same request.
    let document = "mutation { signIn(input: {email: \"member@acme.test\", password: \"ogelbase-demo\"}) {
        user { memberships { nodes { organization { slug viewerPermissions } } } } } }";
    let answer = ask(&app, &two, document).await;
    let nodes = answer.at("/signIn/user/memberships/nodes").as_array().unwrap();
    let acme = nodes.iter().find(|node| node["organization"]["slug"] == "acme").unwrap();
    assert_eq!(acme["organization"]["viewerPermissions"], json!([]));

    app.let_every_row_through().await;
    let permissions = "{ organization(slug: \"acme\") { viewerPermissions } projects { totalCount } }";
    let guarded = ask(&app, &one, permissions).await;
    assert_eq!(guarded.at("/organization/viewerPermissions"), &json!([]));
    assert_eq!(guarded.at("/projects/totalCount"), 0);
}

#[tokio::test]
async fn without_the_setting_no_token_tells_of_a_second_factor() {
    let key = SigningKey::ec("k1");
    let (app, _, issuer) = super::trusted(&key).await;
    prepare(&app, &issuer.url, "admin@acme.test").await;
    enrol(&app, "admin@acme.test").await;
    let mut claims = issuer.claims("ada", "whoever@example.com");
    claims["aal"] = json!("aal2");
    claims["amr"] = json!(["mfa", "otp"]);
    assert!(!has_role(&app, &key.sign(&claims)).await);
}

/// Who has a role by a token that tells of a factor works like anybody: asks others for one, and lets people in.
#[tokio::test]
async fn who_proved_it_elsewhere_asks_it_of_others_and_invites() {
    let key = SigningKey::ec("k1");
    let issuer = Issuer::with(&[&key]).await;
    let setting = ExternalIssuer { second_factor: told_by("aal", &["aal2"]), ..issuer.setting(TokenAlgorithm::ES256) };
    let (app, _) = serve(vec![setting]).await;
    prepare(&app, &issuer.url, "owner@acme.test").await;
    app.service().await.run("UPDATE platform.organizations SET mfa_required = false WHERE slug = 'acme'").await;
    let actor = |told: &str| {
        let mut claims = issuer.claims("ada", "whoever@example.com");
        claims["aal"] = json!(told);
        let mut actor = app.anonymous();
        actor.access_token = Some(key.sign(&claims));
        actor
    };
    let acme: Uuid = app.service().await.one("SELECT id FROM platform.organizations WHERE slug = 'acme'", []).await;
    let acme = format!("org_{}", acme.simple());
    let asks = format!(
        "mutation {{ updateOrganization(input: {{organization: \"{acme}\", mfaRequired: true}}) {{ organization {{ mfaRequired }} }} }}"
    );
    assert_eq!(actor("aal1").ask(&asks).await.codes(), ["CONFLICT"]);
    assert_eq!(actor("aal2").ask(&asks).await.at("/updateOrganization/organization/mfaRequired"), true);
    let invites = format!(
        "mutation {{ inviteMembers(input: {{organization: \"{acme}\", invitations: [{{email: \"hanna@globex.test\", role: MEMBER}}]}})
            {{ results {{ token }} }} }}"
    );
    assert_eq!(actor("aal1").ask(&invites).await.codes(), ["FORBIDDEN"]);
    let invited = actor("aal2").ask(&invites).await;
    let accepts = "mutation ($token: String!) { acceptInvitation(input: {token: $token}) { clientMutationId } }";
    let token = invited.at("/inviteMembers/results/0/token");
    app.service()
        .await
        .run("UPDATE platform.users SET email_confirmed_at = now() WHERE email = 'hanna@globex.test'")
        .await;
    let hanna = app.sign_in("hanna@globex.test").await;
    hanna.ask_with(accepts, json!({ "token": token })).await.data();
    let joined = "SELECT count(*) FROM platform.organization_members m JOIN platform.users u ON u.id = m.user_id
                    JOIN platform.organizations o ON o.id = m.organization_id
                   WHERE u.email = 'hanna@globex.test' AND o.slug = 'acme'";
    assert_eq!(app.service().await.one::<i64>(joined, []).await, 1);
}
