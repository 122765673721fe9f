//! What is said of wrong values: where they are, what they must be, and never what they are.

use serde_json::json;

use super::only_error;
use crate::support::app::App;

#[tokio::test]
async fn a_wrong_value_is_named_by_its_path() {
    let app = App::start().await;
    let owner = app.owner().await;
    let invite = "mutation (\n  $input: InviteMembersInput!\n) { inviteMembers(input: $input) { clientMutationId } }";
    let input = json!({"input": {"organization": "x", "invitations": [
        {"email": "a@b.test", "role": "MEMBER"}, {"email": 7, "role": "MEMBER"}]}});
    let answer = owner.ask_with(invite, input).await;
    let (said, extensions, place) = only_error(&answer);
    assert_eq!(said, "variables.input.invitations.1.email: must be a string");
    assert_eq!(extensions, &json!({"code": "INVALID_INPUT", "argument": "variables.input.invitations.1.email"}));
    assert_eq!(place, Some((2, 3)));
}

#[tokio::test]
async fn each_kind_of_mistake_has_its_sentence() {
    let app = App::start().await;
    let owner = app.owner().await;
    let cases = [
        (
            "$v: String!",
            "organization(slug: $v) { id }",
            json!({}),
            "variables.v: is missing: a value of the type `String!` is needed",
        ),
        (
            "$v: String!",
            "organization(slug: $v) { id }",
            json!({"v": null}),
            "variables.v: must not be null: its type is `String!`",
        ),
        (
            "$v: Int",
            "projects(first: $v) { totalCount }",
            json!({"v": 2_147_483_648_i64}),
            "variables.v: must be a whole number from -2147483648 to 2147483647",
        ),
        (
            "$v: ProjectFilter",
            "projects(filter: $v) { totalCount }",
            json!({"v": {"name": "a"}}),
            "variables.v.name: is not a field of `ProjectFilter`",
        ),
        (
            "$v: ProjectFilter",
            "projects(filter: $v) { totalCount }",
            json!({"v": {"status": ["BROKEN"]}}),
            "variables.v.status.0: is not a value of `ProjectStatus`",
        ),
        (
            "$v: ProjectFilter",
            "projects(filter: $v) { totalCount }",
            json!({"v": [1]}),
            "variables.v: must be an object of the type `ProjectFilter`, not a list",
        ),
        (
            "$v: ProjectOrder",
            "projects(orderBy: $v) { totalCount }",
            json!({"v": {}}),
            "variables.v.field: is missing: a value of the type `ProjectOrderField!` is needed",
        ),
        (
            "$v: DateTime",
            "organization(slug: \"acme\") { invoices(filter: {periodFrom: $v}) { totalCount } }",
            json!({"v": "tomorrow"}),
            "variables.v: must be a point in time of the years 1 to 9999 in a string, as \"2026-11-20T08:30:00Z\"",
        ),
    ];
    for (declared, selection, variables, message) in cases {
        let answer = owner.ask_with(&format!("query ({declared}) {{ {selection} }}"), variables).await;
        assert_eq!(only_error(&answer).0, message);
    }
}

#[tokio::test]
async fn a_password_is_not_repeated_in_an_error() {
    let app = App::start().await;
    let sign_in = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }";
    let input = json!({"input": {"email": "owner@acme.test", "password": ["a-password-that-nobody-repeats"]}});
    let answer = app.anonymous().ask_with(sign_in, input).await;
    assert_eq!(only_error(&answer).0, "variables.input.password: must be a string");
    let literal = "mutation { signIn(input: {email: \"a@b.test\", password: [\"a-password-that-nobody-repeats\"]}) { accessToken } }";
    let answer = app.anonymous().ask(literal).await;
    assert!(!answer.body.to_string().contains("nobody-repeats"), "{:#}", answer.body);
    assert_eq!(answer.codes(), ["INVALID_INPUT"]);
}

#[tokio::test]
async fn an_argument_whose_variable_is_not_given_has_its_default() {
    let app = App::start().await;
    let owner = app.owner().await;
    let names = "nodes { name addons(status: $status) { status } }";
    let query = format!("query ($status: [AddonStatus!]) {{ projects(first: 5) {{ {names} }} }}");
    // The place takes no null, so a nullable variable may stand there only because the argument has a default.
    let by_variable = owner.ask(&query).await;
    let by_default = owner.ask(&query.replace("($status: [AddonStatus!])", "").replace("(status: $status)", "")).await;
    assert_eq!(by_variable.data(), by_default.data());
}

#[tokio::test]
async fn names_that_are_close_are_suggested_in_development() {
    let app = App::start().await;
    let answer = app.anonymous().ask("{ viewer { emial } }").await;
    let (said, _, place) = only_error(&answer);
    assert_eq!(said, "type `User` does not have a field `emial`: did you mean `email`?");
    assert_eq!(place, Some((1, 12)));
}
