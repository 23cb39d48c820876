//! Teams: made by an administrator, kept by their leads.

use api::handoff::v1 as pb;
use testkit::request_id;
use tonic::Code;

use crate::{requests::mask, words::why, world::World};

fn renamed(revision: i64, name: &str) -> pb::UpdateTeamRequest {
    pb::UpdateTeamRequest {
        request_id: request_id(),
        team_id: "sales".into(),
        expected_revision: revision,
        update_mask: mask(&["display_name"]),
        display_name: name.into(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_alone_makes_a_team_and_only_once() {
    let world = World::empty().await;
    let refused = world.anna.create_team("sales").await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "ADMIN_ONLY"));
    let team = world.ada.create_team("sales").await.unwrap();
    assert_eq!((team.id.as_str(), team.display_name.as_str(), team.revision), ("sales", "sales", 1));
    let refused = world.ada.create_team("sales").await.unwrap_err();
    assert_eq!(why(&refused), (Code::AlreadyExists, "TEAM_EXISTS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_changes_the_team_as_they_have_seen_it() {
    let world = World::new().await;
    for who in [&world.sam, &world.ivan] {
        let refused = who.update_team(renamed(0, "Ours")).await.unwrap_err();
        assert_eq!(why(&refused), (Code::PermissionDenied, "LEAD_ONLY"));
    }
    let lead = pb::Member { principal: "anna".into(), role: pb::MemberRole::Lead.into() };
    let update = pb::UpdateTeamRequest {
        update_mask: mask(&["display_name", "members", "escalation_contact"]),
        members: vec![lead.clone()],
        escalation_contact: "+46 31 000".into(),
        ..renamed(1, "Sales")
    };
    let team = world.anna.update_team(update).await.unwrap();
    assert_eq!((team.display_name.as_str(), team.members, team.revision), ("Sales", vec![lead], 2));
    assert_eq!(team.escalation_contact, "+46 31 000");

    let refused = world.anna.update_team(renamed(1, "Sales EU")).await.unwrap_err();
    assert_eq!(why(&refused), (Code::Aborted, "REVISION_MISMATCH"));
    assert_eq!(refused.metadata["revision"], "2");
    let again = world.anna.update_team(renamed(2, "Sales")).await.unwrap();
    assert_eq!(again.revision, 2, "a change that changes nothing is no fact");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_teams_and_an_unknown_one_is_not_found() {
    let world = World::new().await;
    let mut directory = world.otto.directory.clone();
    let get = |id: &str| pb::GetTeamRequest { team_id: id.into() };
    let team = directory.get_team(get("implementation")).await.unwrap().into_inner().team.unwrap();
    assert_eq!(team.id, "implementation");
    let refused = testkit::refusal(&directory.get_team(get("nobody")).await.unwrap_err());
    assert_eq!(why(&refused), (Code::NotFound, "NOT_FOUND"));

    let mut list = pb::ListTeamsRequest { page_size: 1, ..Default::default() };
    let first = directory.list_teams(list.clone()).await.unwrap().into_inner();
    list.page_token = first.next_page_token;
    let second = directory.list_teams(list).await.unwrap().into_inner();
    assert_eq!((first.teams[0].id.as_str(), second.teams[0].id.as_str()), ("implementation", "sales"));
    assert_eq!(second.next_page_token, "");
}
