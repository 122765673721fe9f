//! What a field answers to whom: values, FORBIDDEN on what is visible but not allowed, and null propagation.

use serde_json::json;

use crate::support::app::App;

#[tokio::test]
async fn who_may_not_read_a_field_of_a_visible_object_gets_forbidden_and_the_rest_of_the_answer() {
    let app = App::start().await;
    let member = app.member().await;
    let answer = member.ask("{ organization(slug: \"acme\") { slug billingEmail } }").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["data"], json!({"organization": {"slug": "acme", "billingEmail": null}}));
    let error = &answer.body["errors"][0];
    assert_eq!(error["extensions"], json!({"code": "FORBIDDEN", "permission": "billing:read"}));
    assert_eq!(error["path"], json!(["organization", "billingEmail"]));

    let billing = app.billing().await;
    let answer = billing.ask("{ organization(slug: \"acme\") { billingEmail } }").await;
    assert!(answer.at("/organization/billingEmail").is_string());
}

#[tokio::test]
async fn a_member_without_access_to_a_project_sees_its_name_ref_region_and_status_alone() {
    let app = App::start().await;
    let (owner, member) = (app.owner().await, app.member().await);
    let fields = "id name ref region status organization { slug } viewerPermissions";
    let projects = format!("{{ organization(slug: \"acme\") {{ projects(first: 100) {{ nodes {{ {fields} }} }} }} }}");
    let seen = member.ask(&projects).await;
    let all = owner.ask(&projects).await;
    let names = |answer: &crate::support::actors::Answer| {
        let nodes = answer.at("/organization/projects/nodes").as_array().unwrap().clone();
        nodes.iter().map(|node| node["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&seen), names(&all));
    for node in seen.at("/organization/projects/nodes").as_array().unwrap() {
        assert_eq!(node["viewerPermissions"], json!([]));
    }
    for closed in ["slug", "databaseHost", "databasePort", "createdAt", "supabaseUrl", "members { totalCount }"] {
        let query =
            format!("{{ organization(slug: \"acme\") {{ projects(first: 1) {{ nodes {{ name {closed} }} }} }} }}");
        let refused = member.ask(&query).await;
        assert_eq!(refused.codes(), ["FORBIDDEN"], "{closed}");
        assert!(refused.body["data"]["organization"]["projects"]["nodes"][0]["name"].is_string());
        assert!(owner.ask(&query).await.codes().is_empty(), "{closed}");
    }
}

#[tokio::test]
async fn viewer_permissions_are_those_of_the_access_table() {
    let app = App::start().await;
    let query = "{ organization(slug: \"acme\") { viewerPermissions } }";
    let common = ["flags:read", "members:read", "organization:read", "projects:list", "usage:read"];
    let member = app.member().await.ask(query).await;
    assert_eq!(member.at("/organization/viewerPermissions"), &json!(common));
    let billing = app.billing().await.ask(query).await;
    let mut with_billing = vec!["billing:read", "billing:write"];
    with_billing.extend(common);
    assert_eq!(billing.at("/organization/viewerPermissions"), &json!(with_billing));
    let developer = app.developer().await.ask(query).await;
    let mut creates = common.to_vec();
    creates.push("projects:create");
    creates.sort_unstable();
    assert_eq!(developer.at("/organization/viewerPermissions"), &json!(creates));
    let admin = app.admin().await.ask(query).await;
    let admin = admin.at("/organization/viewerPermissions").as_array().unwrap().clone();
    assert!(admin.contains(&json!("members:write")) && !admin.contains(&json!("organization:delete")));

    let owner = app.owner().await.ask(query).await;
    let owner = owner.at("/organization/viewerPermissions").as_array().unwrap().clone();
    assert_eq!(owner.len(), ogelbase::auth::Permission::ALL.len());
}

#[tokio::test]
async fn what_is_private_to_a_person_is_shown_to_that_person_alone() {
    let app = App::start().await;
    let query =
        "{ organization(slug: \"acme\") { members(first: 1, filter: {role: [OWNER], text: \"owner@acme.test\"}) {
        nodes { user { email phone lastSignInAt } } } } }";
    let own = app.owner().await.ask(query).await;
    assert!(own.at("/organization/members/nodes/0/user/lastSignInAt").is_string());
    let other = app.member().await.ask(query).await;
    assert_eq!(other.codes(), ["FORBIDDEN", "FORBIDDEN"]);
    assert_eq!(
        other.body["data"]["organization"]["members"]["nodes"][0]["user"],
        json!({"email": "owner@acme.test", "phone": null, "lastSignInAt": null})
    );
}

#[tokio::test]
async fn ids_that_were_never_given_out_are_refused_by_name() {
    let app = App::start().await;
    let owner = app.owner().await;
    let id = owner.ask("{ viewer { id } }").await.at("/viewer/id").as_str().unwrap().to_owned();
    for wrong in [
        "",
        "x",
        "usr_",
        "usr_1",
        &id[4..],
        &id.to_uppercase(),
        &format!("{id} "),
        "abc_00000000000000000000000000000000",
    ] {
        let answer = owner.ask_with("query ($id: ID!) { node(id: $id) { id } }", json!({"id": wrong})).await;
        assert_eq!(answer.codes(), ["INVALID_INPUT"], "{wrong}");
        assert_eq!(answer.body["errors"][0]["extensions"]["argument"], "id");
        assert_eq!(answer.body["data"], json!({"node": null}));
    }
    let ids = json!({"ids": [id, "x"]});
    let answer = owner.ask_with("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids).await;
    assert_eq!(answer.body["errors"][0]["extensions"]["argument"], "ids.1");
    let many = json!({"ids": vec![id.clone(); 101]});
    assert_eq!(
        owner.ask_with("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", many).await.codes(),
        ["INVALID_INPUT"]
    );
    let both = json!({"ids": [id.clone(), id.clone()]});
    let answer = owner.ask_with("query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", both).await;
    let node = json!({"id": id, "__typename": "User"});
    assert_eq!(answer.at("/nodes"), &json!([node, node]));
}

#[tokio::test]
async fn a_failed_mutation_undoes_the_whole_document_and_data_is_null() {
    let app = App::start().await;
    let owner = app.owner().await;
    let document = "mutation { out: signOut(input: {}) { signedOut }
        signIn(input: {email: \"owner@acme.test\", password: \"wrong\"}) { accessToken } }";
    let answer = owner.ask(document).await;
    assert_eq!(answer.body["data"], json!(null));
    assert_eq!(answer.codes(), ["UNAUTHENTICATED"]);
    // The sign-out did not happen either.
    assert_eq!(owner.ask("{ viewer { email } }").await.at("/viewer/email"), "owner@acme.test");
}

#[tokio::test]
async fn documents_that_are_wrong_are_refused_with_a_code() {
    let app = App::start().await;
    let owner = app.owner().await;
    for document in
        ["{", "{ nothing }", "query ($a: Int!) { viewer { id } }", "{ projects(first: \"x\") { totalCount } }"]
    {
        let answer = owner.ask(document).await;
        assert!(answer.codes().iter().all(|code| *code == "INVALID_INPUT") && !answer.codes().is_empty(), "{document}");
        let message = answer.body["errors"][0]["message"].as_str().unwrap();
        assert!(!message.contains('\n') && !message.contains("-->"), "{message}");
    }
}

#[tokio::test]
async fn a_small_document_with_an_enormous_answer_is_refused_before_it_runs() {
    let app = App::start().await;
    let member = app.member().await;
    let mut document = "slug".to_owned();
    for _ in 0..6 {
        document = format!("members(first: 100) {{ nodes {{ organization {{ {document} }} }} }}");
    }
    let answer = member.ask(&format!("{{ organization(slug: \"acme\") {{ {document} }} }}")).await;
    assert_eq!((answer.codes(), &answer.body["data"]), (vec!["LIMIT_EXCEEDED"], &json!(null)));
    assert_eq!(answer.body["errors"][0]["extensions"]["limit"], "cost");
    let many = (0..60).map(|n| format!("p{n}: projects(first: 100) {{ nodes {{ id name ref status }} }} "));
    let answer = member.ask(&format!("{{ {} }}", many.collect::<String>())).await;
    assert!(answer.codes().is_empty(), "a large page is served: {:?}", answer.codes());
    let sign_ins =
        (0..4).map(|n| format!("s{n}: signIn(input: {{email: \"a@b.c\", password: \"x\"}}) {{ accessToken }} "));
    let answer = app.anonymous().ask(&format!("mutation {{ {} }}", sign_ins.collect::<String>())).await;
    assert_eq!(answer.codes(), ["LIMIT_EXCEEDED"], "Argon2 is not to be had by the dozen");
}
