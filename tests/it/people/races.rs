//! Several at once: whoever comes first, the end is a lawful one.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{global_id, mutate};
use crate::support::{actors::Actor, app::App, db::Sql};

async fn owners(service: &Sql, organization: Uuid) -> i64 {
    let sql = "SELECT count(*) FROM platform.organization_members WHERE organization_id = $1 AND role = 'owner'";
    service.one(sql, [organization.into()]).await
}

#[tokio::test]
async fn of_two_owners_who_go_at_once_one_stays() {
    let app = App::start().await;
    let service = app.service().await;
    let (one, other) = (service.make_person("one@race.test").await, service.make_person("other@race.test").await);
    let actors = [
        app.holder_of(&service.make_sessions(one, 1).await[0]),
        app.holder_of(&service.make_sessions(other, 1).await[0]),
    ];
    for round in 0..12 {
        let organization = service.make_organization(one, &format!("race-{round}"), 1, 0).await;
        let sql = "INSERT INTO platform.organization_members (organization_id, user_id, role) VALUES ($1, $2, 'owner')";
        service.run_with(sql, [organization.into(), other.into()]).await;
        let members: Vec<Uuid> = service
            .column(
                "SELECT id FROM platform.organization_members WHERE organization_id = $1 ORDER BY user_id = $2 DESC",
                [organization.into(), one.into()],
            )
            .await;
        // They leave, step down, remove each other, or one hands over while the other leaves.
        let own = |nth: usize| json!({"member": global_id("mem", members[nth]), "role": "ADMIN"});
        let leave = json!({"organization": global_id("org", organization)});
        let removed = |nth: usize| json!({"member": global_id("mem", members[1 - nth])});
        let go = async |nth: usize, actor: &Actor<'_>| match round % 4 {
            0 => mutate(actor, "leaveOrganization", "leftOrganization", leave.clone()).await,
            1 => mutate(actor, "updateMemberRole", "member { role }", own(nth)).await,
            2 => mutate(actor, "removeMember", "removedMember", removed(nth)).await,
            _ if nth == 0 => mutate(actor, "leaveOrganization", "leftOrganization", leave.clone()).await,
            _ => mutate(actor, "updateMemberRole", "member { role }", own(nth)).await,
        };
        let answers = join_all(actors.iter().enumerate().map(|(nth, actor)| go(nth, actor))).await;
        assert_eq!(owners(&service, organization).await, 1, "round {round}");
        let refused: Vec<_> = answers.iter().flat_map(|answer| answer.codes()).collect();
        let lawful = matches!(refused[..], ["CONFLICT" | "NOT_FOUND" | "FORBIDDEN"]);
        assert!(lawful, "round {round}: {refused:?}");
    }
}

#[tokio::test]
async fn of_fifty_owners_who_go_at_once_one_stays() {
    let app = App::start().await;
    let service = app.service().await;
    let founder = service.make_person("founder@race.test").await;
    let organization = service.make_organization(founder, "fifty-owners", 1, 0).await;
    let mut people = vec![founder];
    for nth in 1..50 {
        let person = service.make_person(&format!("owner-{nth}@race.test")).await;
        let sql = "INSERT INTO platform.organization_members (organization_id, user_id, role) VALUES ($1, $2, 'owner')";
        service.run_with(sql, [organization.into(), person.into()]).await;
        people.push(person);
    }
    let mut actors = Vec::new();
    for person in &people {
        let member: Uuid = service
            .one(
                "SELECT id FROM platform.organization_members WHERE organization_id = $1 AND user_id = $2",
                [organization.into(), (*person).into()],
            )
            .await;
        actors.push((app.holder_of(&service.make_sessions(*person, 1).await[0]), global_id("mem", member)));
    }
    // They leave, step down, or remove themselves.
    let go = async |nth: usize, (actor, member): &(Actor<'_>, String)| match nth % 3 {
        0 => {
            let input = json!({"organization": global_id("org", organization)});
            mutate(actor, "leaveOrganization", "leftOrganization", input).await
        }
        1 => mutate(actor, "updateMemberRole", "member { role }", json!({"member": member, "role": "MEMBER"})).await,
        _ => mutate(actor, "removeMember", "removedMember", json!({ "member": member })).await,
    };
    let answers = join_all(actors.iter().enumerate().map(|(nth, actor)| go(nth, actor))).await;
    assert_eq!(owners(&service, organization).await, 1);
    let refused: Vec<_> = answers.iter().flat_map(|answer| answer.codes()).collect();
    assert_eq!(refused, ["CONFLICT"], "the last of them, and nobody else");
}

#[tokio::test]
async fn an_invitation_that_is_accepted_twice_at_once_makes_one_member() {
    let app = App::start().await;
    let person = app.newcomer("invited@people.test").await;
    let outsider = app.outsider().await;
    let globex = app.organization("globex").await;
    for round in 0..3 {
        let invite =
            json!({"organization": globex, "invitations": [{"email": "invited@people.test", "role": "MEMBER"}]});
        let answer = mutate(&outsider, "inviteMembers", "results { token }", invite).await;
        let token = answer.at("/inviteMembers/results/0/token").clone();
        // One in ten says no while the others say yes.
        let say = async |nth: usize| {
            let (mutation, fields) =
                if nth % 10 == 4 { ("declineInvitation", "declined") } else { ("acceptInvitation", "member { role }") };
            mutate(&person, mutation, fields, json!({ "token": token })).await
        };
        let answers = join_all((0..50).map(say)).await;
        let done = answers.iter().filter(|answer| answer.codes().is_empty()).count();
        let refused: Vec<_> = answers.iter().flat_map(|answer| answer.codes()).collect();
        assert_eq!((done, refused), (1, vec!["CONFLICT"; 49]), "round {round}");
        let declined = answers.iter().skip(4).step_by(10).any(|answer| answer.codes().is_empty());
        let role = app.role("globex", "invited@people.test").await;
        assert_eq!(role.is_none(), declined, "round {round}");
        if !declined {
            mutate(&person, "leaveOrganization", "leftOrganization", json!({ "organization": globex })).await.data();
        }
    }
}

/// Fifty people, each invited with a token that the test knows.
async fn fifty<'a>(
    app: &'a App,
    service: &Sql,
    organization: Uuid,
    inviter: Uuid,
    round: i32,
) -> Vec<(Actor<'a>, String)> {
    let mut people = Vec::new();
    for nth in 0..50 {
        let email = format!("p{nth}-{round}@race.test");
        let user = service.make_person(&email).await;
        service.run_with("UPDATE platform.users SET email_confirmed_at = now() WHERE id = $1", [user.into()]).await;
        let token = format!("token-{nth}-{round}");
        service
            .run_with(
                "INSERT INTO platform.organization_invitations
                        (organization_id, invited_email, invited_by, role, token_hash, expires_at)
                 VALUES ($1, $2, $3, 'member', encode(sha256(convert_to($4, 'UTF8')), 'hex'), now() + interval '1 day')",
                [organization.into(), email.into(), inviter.into(), token.as_str().into()],
            )
            .await;
        people.push((app.holder_of(&service.make_sessions(user, 1).await[0]), token));
    }
    people
}

#[tokio::test]
async fn fifty_who_accept_at_once_never_exceed_the_plan() {
    let app = App::start().await;
    let service = app.service().await;
    let owner = service.make_person("owner@race.test").await;
    for round in 0..3 {
        // One member already, five at most.
        let organization = service.make_organization(owner, &format!("limit-{round}"), 1, 0).await;
        service
            .run_with(
                "INSERT INTO platform.subscriptions (organization_id, plan_id, plan_name, billing_cycle_anchor,
                        current_period_start, current_period_end)
                 VALUES ($1, 'tier_free', 'Free', now(), now(), now() + interval '1 month')",
                [organization.into()],
            )
            .await;
        let people = fifty(&app, &service, organization, owner, round).await;
        let accept = async |(actor, token): &(Actor<'_>, String)| {
            mutate(actor, "acceptInvitation", "member { role }", json!({ "token": token })).await
        };
        let answers = join_all(people.iter().map(accept)).await;
        let members = "SELECT count(*) FROM platform.organization_members WHERE organization_id = $1";
        assert_eq!(service.one::<i64>(members, [organization.into()]).await, 5, "round {round}");
        let refused: Vec<_> = answers.iter().filter(|answer| !answer.codes().is_empty()).collect();
        assert_eq!(refused.len(), 46);
        for answer in refused {
            assert_eq!(answer.codes(), ["LIMIT_EXCEEDED"], "{:#}", answer.body);
            let told = &answer.body["errors"][0]["extensions"];
            let expected = json!(["members", 5, "the plan Pro allows 25"]);
            assert_eq!(
                Value::from(vec![told["limit"].clone(), told["allowed"].clone(), told["liftedBy"].clone()]),
                expected
            );
        }
        let open =
            "SELECT count(*) FROM platform.organization_invitations WHERE organization_id = $1 AND accepted_at IS NULL";
        assert_eq!(service.one::<i64>(open, [organization.into()]).await, 46, "who was refused may come back");
    }
}

#[tokio::test]
async fn accepting_inviting_and_deleting_at_once_end_without_a_fault() {
    let app = App::start().await;
    let service = app.service().await;
    let owner = service.make_person("owner@race.test").await;
    let boss = app.holder_of(&service.make_sessions(owner, 1).await[0]);
    for round in 0..4 {
        let organization = service.make_organization(owner, &format!("gone-{round}"), 1, 1).await;
        let people = fifty(&app, &service, organization, owner, round).await;
        let id = global_id("org", organization);
        let delete = async || {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            let input = json!({"organization": id, "slug": format!("gone-{round}")});
            mutate(&boss, "deleteOrganization", "deletedOrganization", input).await
        };
        let accept = async |(actor, token): &(Actor<'_>, String)| {
            mutate(actor, "acceptInvitation", "member { role }", json!({ "token": token })).await
        };
        let (deleted, answers) = futures_util::join!(delete(), join_all(people.iter().take(10).map(accept)));
        deleted.data();
        for answer in answers {
            assert!(matches!(answer.codes()[..], [] | ["NOT_FOUND"]), "{:#}", answer.body);
        }
        let left: i64 =
            service.one("SELECT count(*) FROM platform.organizations WHERE id = $1", [organization.into()]).await;
        assert_eq!(left, 0);
    }
}
