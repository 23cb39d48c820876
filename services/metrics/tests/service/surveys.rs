//! Both sides are asked how it went: persons, rarely, once; and nobody sees what one of them said.

use api::{handoff::v1 as pb, metrics::v1 as metrics, r#type::v1::Side};
use metrics::{
    AnswerSurveyRequest, ListInvitationsRequest, SurveyAnswer, SurveyInvitation, answer_survey_request::Invitation,
    get_survey_results_request::About, metrics_event::Kind,
};
use testkit::request_id;

use crate::{
    person::Person,
    requests::on,
    world::{DAY, HOUR, ROUTE, World},
};

/// A handoff that was completed.
async fn completed(world: &World, by: (&Person, &Person)) -> pb::Handoff {
    let handoff = by.0.submitted("Acme").await;
    let handoff = by.1.accept(on(&handoff)).await.unwrap();
    let handoff = by.1.begin(on(&handoff)).await.unwrap();
    let handoff = by.1.complete(on(&handoff)).await.unwrap();
    world.heard().await;
    handoff
}

/// Who was asked so far, and why, the first first.
async fn asked(world: &World) -> Vec<String> {
    let request = ListInvitationsRequest { all: true, ..Default::default() };
    let mut invitations = world.ada.list_invitations(request).await.unwrap().invitations;
    invitations.sort_by_key(|it| (it.invited_at.map(|at| at.seconds), it.side, it.person.clone()));
    let line = |it: &SurveyInvitation| format!("{} {:?}", it.person, it.occasion());
    invitations.iter().map(line).collect()
}

async fn invitation(person: &Person) -> SurveyInvitation {
    let found = person.list_invitations(ListInvitationsRequest::default()).await.unwrap();
    found.invitations.into_iter().next().expect("the person was asked")
}

/// Whose invitations somebody is shown that wait for an answer.
async fn listed(by: &Person) -> Vec<String> {
    let found = by.list_invitations(ListInvitationsRequest::default()).await.unwrap();
    assert!(found.invitations.iter().all(|it| !it.link_token.is_empty()));
    let mut persons: Vec<_> = found.invitations.into_iter().map(|it| it.person).collect();
    persons.sort();
    persons
}

fn answer(invitation: Invitation, score: i32) -> AnswerSurveyRequest {
    let answer = SurveyAnswer { score, worked: "the contract was there".into(), missing: String::new() };
    AnswerSurveyRequest { request_id: request_id(), invitation: Some(invitation), answer: Some(answer) }
}

#[tokio::test(flavor = "multi_thread")]
async fn persons_of_both_sides_are_asked_at_the_end_and_once_more_two_weeks_later() {
    let world = World::new().await;
    completed(&world, (&world.anna, &world.ivan)).await;
    assert_eq!(asked(&world).await, ["anna Completed", "ivan Completed"]);
    let said = world.said().await.into_iter().filter_map(|(fact, event)| match event.kind {
        Some(Kind::SurveyInvited(it)) => Some((fact.header("ce-subject").to_owned(), it.invitation.unwrap())),
        _ => None,
    });
    let said: Vec<_> = said.into_iter().collect();
    assert_eq!(said.len(), 2);
    assert!(said.iter().all(|(subject, it)| *subject == format!("survey/{}", it.id) && !it.link_token.is_empty()));

    world.pass(DAY).await;
    let again = world.sam.submitted("Bolt").await;
    world.sam.cancel(on(&again)).await.unwrap();
    let draft = world.sam.draft("never submitted").await;
    world.sam.cancel(on(&draft)).await.unwrap();
    completed(&world, (&world.anna, &world.ines)).await;
    assert_eq!(
        asked(&world).await,
        ["anna Completed", "ivan Completed", "sam Cancelled", "ines Completed"],
        "anna was asked a day ago"
    );
    world.pass(13 * DAY + HOUR).await;
    testkit::eventually("both sides are asked again", async || (asked(&world).await.len() == 6).then_some(())).await;
    assert_eq!(asked(&world).await[4..], ["anna FollowUp", "ivan FollowUp"]);
    world.pass(DAY).await;
    testkit::eventually("those of the next day, too", async || (asked(&world).await.len() == 8).then_some(())).await;
    assert_eq!(asked(&world).await[6..], ["sam FollowUp", "ines FollowUp"]);

    world.pass(30 * DAY).await;
    let capped = async |about: About| {
        let request = metrics::GetSurveyResultsRequest { about: Some(about), quarter: "2026-Q1".into() };
        world.otto.survey_results(request).await.unwrap().capped
    };
    assert_eq!(capped(About::RouteId(ROUTE.into())).await, 2, "anna, a day after each time that she was asked");
    assert_eq!(capped(About::TeamId("sales".into())).await, 2);
    assert_eq!(capped(About::TeamId("implementation".into())).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_reopened_is_asked_about_again_after_its_last_end_alone() {
    let world = World::new().await;
    let open = completed(&world, (&world.sam, &world.ines)).await;
    let done = completed(&world, (&world.anna, &world.ivan)).await;
    world.pass(DAY).await;
    world.sam.reopen(on(&open)).await.unwrap();
    world.anna.reopen(on(&done)).await.unwrap();
    world.pass(9 * DAY).await;
    world.ivan.complete(on(&done)).await.unwrap();
    world.pass(4 * DAY + HOUR).await;
    nothing_is_due(&world).await;
    let ended =
        ["anna Completed", "sam Completed", "ines Completed", "ivan Completed", "anna Completed", "ivan Completed"];
    assert_eq!(asked(&world).await, ended, "one is open again, the other one ended four days ago");
    world.pass(10 * DAY).await;
    nothing_is_due(&world).await;
    assert_eq!(asked(&world).await[6..], ["anna FollowUp", "ivan FollowUp"]);
}

/// Waits until no follow-up is due any more.
async fn nothing_is_due(world: &World) {
    let mut store = world.metrics.setting.database.connect().await;
    testkit::eventually("nothing is due", async || {
        let due = sqlx::query_scalar("SELECT count(*) FROM metrics.survey_follow_up WHERE due_at <= $1");
        let due: i64 = due.bind(world.now()).fetch_one(&mut store).await.unwrap();
        (due == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_services_nor_history_nor_a_rebuild_ask_anybody() {
    let world = World::new().await;
    completed(&world, (&world.crm, &world.ivan)).await;
    assert_eq!(asked(&world).await, ["ivan Completed"]);
    let record = pb::HistoricHandoff {
        origin: Some(pb::Origin { system: "old".into(), key: "1".into() }),
        from_team: "sales".into(),
        to_team: "implementation".into(),
        title: "long ago".into(),
        events: [
            pb::HistoricEventKind::Submitted,
            pb::HistoricEventKind::Accepted,
            pb::HistoricEventKind::Began,
            pb::HistoricEventKind::Completed,
        ]
        .map(|kind| pb::HistoricEvent {
            kind: kind.into(),
            at: world.after(-DAY),
            actor: "fred".into(),
            ..Default::default()
        })
        .into(),
        ..Default::default()
    };
    let records = vec![pb::ImportHandoffsRequest { record: Some(record) }];
    world.importer.handoffs.clone().import_handoffs(tokio_stream::iter(records)).await.unwrap();
    world.heard().await;
    let (is_done, printed) = crate::rebuilding::program(&world, &["rebuild"]).await;
    assert!(is_done, "{printed}");
    assert_eq!(asked(&world).await, ["ivan Completed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_given_once_by_the_person_or_by_the_link() {
    let world = World::new().await;
    completed(&world, (&world.anna, &world.ivan)).await;
    let (annas, ivans) = (invitation(&world.anna).await, invitation(&world.ivan).await);
    assert_eq!(annas.questions.unwrap().version, 1);
    let by_id = |it: &SurveyInvitation| Invitation::InvitationId(it.id.clone());
    let reason = async |by: &Person, request| by.answer_survey(request).await.map(drop).map_err(|it| it.reason);

    let others = reason(&world.ivan, answer(Invitation::InvitationId(annas.id.clone()), 1)).await;
    assert_eq!(others.unwrap_err(), "INVITATION_NOT_FOUND");
    for nobody in [&world.ada, &world.crm] {
        let others = reason(nobody, answer(Invitation::InvitationId(annas.id.clone()), 1)).await;
        assert_eq!(others.unwrap_err(), "INVITATION_NOT_FOUND", "by id the person alone may");
    }
    assert_eq!(listed(&world.ada).await, ["anna", "ivan"]);
    assert_eq!(listed(&world.ivan).await, ["ivan"]);
    assert_eq!(listed(&world.sam).await, [""; 0]);
    let given = answer(Invitation::InvitationId(annas.id.clone()), 4);
    let first = world.anna.answer_survey(given.clone()).await.unwrap();
    assert_eq!(world.anna.answer_survey(given.clone()).await.unwrap(), first, "the same request");
    let again = AnswerSurveyRequest { request_id: request_id(), ..given };
    assert_eq!(world.anna.answer_survey(again).await.unwrap(), first, "the same answer");
    let other = reason(&world.anna, answer(Invitation::InvitationId(annas.id.clone()), 2)).await;
    assert_eq!(other.unwrap_err(), "ALREADY_ANSWERED");
    assert_eq!(listed(&world.ada).await, ["ivan"], "who has answered waits no more");

    let link = || Invitation::LinkToken(ivans.link_token.clone());
    for other in [&world.sam, &world.ada] {
        assert_eq!(reason(other, answer(link(), 1)).await.unwrap_err(), "NOT_YOURS");
    }
    let mut forged = ivans.link_token.clone().into_bytes();
    forged[3] = if forged[3] == b'A' { b'B' } else { b'A' };
    let forged = Invitation::LinkToken(String::from_utf8(forged).unwrap());
    assert_eq!(reason(&world.crm, answer(forged, 1)).await.unwrap_err(), "LINK_INVALID");
    world.crm.answer_survey(answer(link(), 5)).await.unwrap();
    let relayed = reason(&world.ivan, answer(by_id(&ivans), 1)).await;
    assert_eq!(relayed.unwrap_err(), "ALREADY_ANSWERED", "a service has relayed it");

    let nothing = AnswerSurveyRequest {
        answer: Some(SurveyAnswer { score: 6, worked: "x".repeat(20_000), ..Default::default() }),
        ..Default::default()
    };
    let refusal = world.anna.answer_survey(nothing).await.unwrap_err();
    assert_eq!(refusal.fields, ["request_id", "invitation_id", "answer.score", "answer.worked"]);
    let answered: Vec<_> =
        world.said().await.into_iter().filter(|(fact, _)| fact.name() == "survey_answered").collect();
    assert_eq!(answered.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_in_time_and_leaves_for_administrators_alone() {
    let world = World::new().await;
    completed(&world, (&world.anna, &world.ivan)).await;
    let (annas, ivans) = (invitation(&world.anna).await, invitation(&world.ivan).await);
    world.anna.answer_survey(answer(Invitation::InvitationId(annas.id), 3)).await.unwrap();
    world.pass(91 * DAY).await;
    let late = world.ivan.answer_survey(answer(Invitation::InvitationId(ivans.id), 3)).await.unwrap_err();
    assert_eq!(late.reason, "SURVEY_OVER");
    let export_of = async |by: &Person, request: metrics::ExportAnswersRequest| {
        let mut stream = by.surveys.clone().export_answers(request).await?.into_inner();
        let mut answers = vec![];
        while let Some(told) = stream.message().await? {
            let invitation = told.invitation.unwrap();
            assert_eq!(invitation.link_token, "");
            answers.push((invitation.person, told.answer.unwrap().score));
        }
        Ok::<_, tonic::Status>(answers)
    };
    let export = async |by: &Person| export_of(by, metrics::ExportAnswersRequest::default()).await;
    assert_eq!(export(&world.ada).await.unwrap(), [("anna".to_owned(), 3)]);
    assert_eq!(export(&world.anna).await.unwrap_err().code(), tonic::Code::PermissionDenied);
    let between = |from, until| metrics::ExportAnswersRequest { from: world.after(from), until: world.after(until) };
    assert_eq!(export_of(&world.ada, between(-91 * DAY, 0)).await.unwrap().len(), 1, "from its very instant on");
    assert_eq!(export_of(&world.ada, between(-90 * DAY, 0)).await.unwrap().len(), 0);
    assert_eq!(export_of(&world.ada, between(-92 * DAY, -91 * DAY)).await.unwrap().len(), 0);
    let refused = export_of(&world.ada, between(0, 0)).await.unwrap_err();
    assert_eq!(testkit::refusal(&refused).fields, ["until"]);
    let ask = |score: &str| metrics::SetQuestionsRequest {
        request_id: request_id(),
        score: score.into(),
        worked: "What worked?".into(),
        missing: "What was missing?".into(),
    };
    assert_eq!(world.anna.set_questions(ask("Well?")).await.unwrap_err().reason, "ADMIN_ONLY");
    for _ in 0..2 {
        let set = world.ada.set_questions(ask("Well?")).await.unwrap();
        assert_eq!(set.questions.unwrap().version, 2, "the same questions are the same version");
    }
    let refusal = world.ada.set_questions(metrics::SetQuestionsRequest::default()).await.unwrap_err();
    assert_eq!(refusal.fields, ["request_id", "score", "worked", "missing"]);
    assert_eq!(world.ada.set_questions(ask(&"\u{e9}".repeat(200))).await.unwrap().questions.unwrap().version, 3);
    assert_eq!(world.ada.set_questions(ask(&"\u{e9}".repeat(201))).await.unwrap_err().reason, "TOO_LARGE");
    let all = ListInvitationsRequest { all: true, ..Default::default() };
    for old in world.ada.list_invitations(all).await.unwrap().invitations {
        let is_first = old.invited_at == annas.invited_at;
        assert!(!is_first || old.questions.unwrap().version == 1, "what was asked stays what it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_of_whole_quarters_and_of_five_answers_and_no_sum_tells_fewer() {
    let world = World::new().await;
    world.create_route("other", "sales", "implementation").await;
    world.heard().await;
    let mut store = world.metrics.setting.database.connect().await;
    // So many answers of a side on each route; as if so many had been asked over the quarter.
    for (route, side, answers) in [(ROUTE, "UPSTREAM", 6), (ROUTE, "DOWNSTREAM", 5), ("other", "UPSTREAM", 2)] {
        for score in 0..answers {
            sqlx::query(
                "INSERT INTO metrics.survey (id, handoff_id, route_id, from_team, to_team, side, person, occasion,
                     questions_version, invited_at, open_until, answered_at, score, worked, missing, revision, head_hash, head_at)
                 VALUES (gen_random_uuid(), gen_random_uuid(), $1, 'sales', 'implementation', $4, $2, 'COMPLETED', 1,
                     '2026-02-03', '2026-06-01', '2026-02-04', $3, '', '', 2, decode(repeat('00', 32), 'hex'), '2026-02-04')",
            )
            .bind(route)
            .bind(format!("person {score}"))
            .bind(score % 5 + 1)
            .bind(side)
            .execute(&mut store)
            .await
            .unwrap();
        }
    }
    let results = async |about: About, quarter: &str| {
        let request = metrics::GetSurveyResultsRequest { about: Some(about), quarter: quarter.into() };
        world.otto.survey_results(request).await
    };
    let route = || About::RouteId(ROUTE.into());
    let running = results(route(), "2026-Q1").await.unwrap_err();
    assert_eq!(running.fields, ["quarter"], "it has not ended");
    world.pass(40 * DAY).await;
    let told = results(route(), "2026-Q1").await.unwrap();
    let upstream = &told.results[0];
    assert_eq!(
        (upstream.side(), upstream.answers, upstream.invitations, upstream.suppressed),
        (Side::Upstream, 6, 6, false)
    );
    assert!((upstream.mean.unwrap() - 16.0 / 6.0).abs() < 1e-9 && upstream.top_two_share == Some(2.0 / 6.0));
    assert_eq!((told.results[1].mean, upstream.response_rate), (Some(3.0), Some(1.0)));
    assert!((told.perception_gap.unwrap() - (16.0 / 6.0 - 3.0)).abs() < 1e-9);
    let few = results(About::RouteId("other".into()), "2026-Q1").await.unwrap();
    let cell = &few.results[0];
    assert_eq!((cell.answers, cell.invitations, cell.suppressed), (0, 0, true));
    assert_eq!((cell.mean, cell.top_two_share, cell.response_rate, few.perception_gap), (None, None, None, None));
    let team = results(About::TeamId("sales".into()), "2026-Q1").await.unwrap();
    assert!(team.results[0].suppressed, "8 less 6 would tell of the two");
    let team = results(About::TeamId("implementation".into()), "2026-Q1").await.unwrap();
    assert_eq!((team.results[1].answers, team.results[1].suppressed, team.perception_gap), (5, false, None));
    let before = results(route(), "2025-Q4").await.unwrap();
    assert!(before.results.iter().all(|it| it.suppressed), "what was answered later is not of that quarter");
    for (about, quarter, reason) in [
        (About::RouteId("nowhere".into()), "2026-Q1", "ROUTE_NOT_FOUND"),
        (About::TeamId("nobody".into()), "2026-Q1", "TEAM_NOT_FOUND"),
        (route(), "2026", "INVALID_REQUEST"),
        (route(), "2026-Q2", "INVALID_REQUEST"),
        (route(), "2027-Q1", "INVALID_REQUEST"),
    ] {
        assert_eq!(results(about, quarter).await.unwrap_err().reason, reason);
    }
}
