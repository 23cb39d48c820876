//! What figures suggest, what is to be looked at, what was decided, and whether it helped.

use api::{handoff::v1 as pb, metrics::v1 as metrics};
use metrics::{
    ImprovementOutcome, ListReviewsDueRequest, ListSuggestionsRequest, RecordImprovementRequest, Suggestion,
    SuggestionKind, SuggestionState, Verdict, Version, version::Kind,
};
use testkit::{eventually, request_id};

use crate::{
    person::Person,
    requests::{create, criterion, incomplete, on},
    world::{DAY, HOUR, ROUTE, World},
};

/// A template with a rule that only warns.
const INTAKE: &str = "
id: intake
display_name: Intake
items:
- {key: risks, text: Risks are written down, category: INFORMATION, side: UPSTREAM, severity: WARNING}
";

/// The same, and the rule stops a submit.
fn blocking() -> String {
    INTAKE.replace("WARNING", "BLOCKING")
}

/// What is suggested, once there is so much of it.
async fn suggested(world: &World, at_least: usize) -> Vec<Suggestion> {
    world.heard().await;
    eventually("so much is suggested", async || {
        world.metrics.running.context().stir();
        let found = world.otto.suggestions(ListSuggestionsRequest::default()).await.unwrap().suggestions;
        (found.len() >= at_least).then_some(found)
    })
    .await
}

fn kinds(suggestions: &[Suggestion]) -> Vec<SuggestionKind> {
    let mut kinds: Vec<_> = suggestions.iter().map(Suggestion::kind).collect();
    kinds.sort_unstable();
    kinds
}

/// How often something of that name was said.
async fn said(world: &World, name: &str) -> usize {
    world.said().await.iter().filter(|(fact, _)| fact.name() == name).count()
}

/// A handoff that was rejected for these reasons.
async fn rejected(world: &World, reasons: Vec<pb::Reason>) -> pb::Handoff {
    let handoff = world.anna.submitted("Acme").await;
    world.ivan.reject(pb::RejectHandoffRequest { reasons, ..on(&handoff) }).await.unwrap()
}

fn record(route_id: &str) -> RecordImprovementRequest {
    RecordImprovementRequest {
        request_id: request_id(),
        route_id: route_id.into(),
        outcome: ImprovementOutcome::Kept.into(),
        text: "we look again".into(),
        decided_by: vec!["anna".into(), "ivan".into()],
        ..Default::default()
    }
}

fn terms(version: i32) -> Option<Version> {
    Some(Version { kind: Some(Kind::Terms(metrics::TermsVersion { route_id: ROUTE.into(), version })) })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_figures_suggest_is_said_once_with_its_evidence_and_closed_by_a_decision() {
    let world = World::with_template(INTAKE).await;
    for n in 0..10 {
        let mut reasons = vec![criterion("risks")];
        if n < 4 {
            reasons.push(incomplete(if n % 2 == 0 { "The floor plan." } else { "the  FLOOR plan" }));
        }
        let handoff = rejected(&world, reasons).await;
        let ask = pb::AskQuestionRequest { about: "risks".into(), blocking: false, ..on(&handoff) };
        world.ivan.ask(ask).await.unwrap();
    }
    let found = suggested(&world, 4).await;
    assert_eq!(
        kinds(&found),
        [
            SuggestionKind::RaiseSeverity,
            SuggestionKind::AddCriterion,
            SuggestionKind::NameOwner,
            SuggestionKind::ClarifyField
        ]
    );
    let missing = found.iter().find(|it| it.kind() == SuggestionKind::AddCriterion).unwrap();
    let evidence = missing.evidence.unwrap();
    assert_eq!((missing.subject.as_str(), evidence.numerator, evidence.denominator), ("the floor plan", 4, 10));
    assert!(evidence.low.unwrap() > 0.1 && evidence.high.unwrap() < 0.8 && evidence.few);
    assert_eq!(said(&world, "suggestion_raised").await, 4);

    let raise = found.iter().find(|it| it.kind() == SuggestionKind::RaiseSeverity).unwrap();
    let closes = RecordImprovementRequest { suggestion_id: raise.id.clone(), ..record(ROUTE) };
    let recorded = world.ivan.record_improvement(closes.clone()).await.unwrap().improvement.unwrap();
    let again = world.ivan.record_improvement(closes.clone()).await.unwrap().improvement.unwrap();
    assert_eq!(recorded, again, "the same request");
    let twice = RecordImprovementRequest { request_id: request_id(), ..closes.clone() };
    assert_eq!(world.ivan.record_improvement(twice).await.unwrap_err().reason, "SUGGESTION_CLOSED");
    let nothing = RecordImprovementRequest { suggestion_id: request_id(), request_id: request_id(), ..closes };
    assert_eq!(world.ivan.record_improvement(nothing).await.unwrap_err().reason, "SUGGESTION_NOT_FOUND");

    let update = pb::UpdateRouteRequest {
        request_id: request_id(),
        route_id: ROUTE.into(),
        owner: "anna".into(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["owner".into()] }),
        ..Default::default()
    };
    world.anna.routes.clone().update_route(update).await.unwrap();
    world.heard().await;
    eventually("what holds no more is gone", async || {
        world.metrics.running.context().stir();
        let open = world.otto.suggestions(ListSuggestionsRequest::default()).await.unwrap().suggestions;
        (kinds(&open) == [SuggestionKind::AddCriterion, SuggestionKind::ClarifyField]).then_some(())
    })
    .await;
    let all = ListSuggestionsRequest { all: true, ..Default::default() };
    let all = world.otto.suggestions(all).await.unwrap().suggestions;
    let closed = all.iter().find(|it| it.id == raise.id).unwrap();
    assert_eq!(closed.improvement_id, recorded.id);
    assert_eq!(said(&world, "suggestion_raised").await, 4, "nothing is said twice");
}

/// What is suggested on the route, once that holds of it.
async fn once(world: &World, what: &str, holds: impl Fn(&[Suggestion]) -> bool) -> Vec<Suggestion> {
    world.heard().await;
    eventually(what, async || {
        world.metrics.running.context().stir();
        let open = world.otto.suggestions(ListSuggestionsRequest::default()).await.unwrap().suggestions;
        holds(&open).then_some(open)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_that_most_miss_or_that_never_bind_are_said_once_by_two_replicas_and_go_with_the_route() {
    let world = World::new().await;
    let _other = world.replica().await;
    let mut handoffs = vec![];
    for _ in 0..36 {
        handoffs.push(world.anna.submitted("Acme").await);
    }
    world.pass(2 * DAY).await;
    for handoff in &handoffs {
        let accepted = world.ivan.accept(on(handoff)).await.unwrap();
        world.ivan.begin(on(&accepted)).await.unwrap();
    }
    world.pass(5 * DAY).await;
    let of = |open: &[Suggestion], kind, subject: &str| {
        open.iter().find(|it| it.kind() == kind && it.subject == subject).cloned()
    };
    let open = once(&world, "targets are suggested", |open| {
        let missed = ["ACCEPTANCE", "COMPLETION"].map(|kind| of(open, SuggestionKind::TargetMissed, kind));
        missed.iter().all(Option::is_some) && of(open, SuggestionKind::TargetLoose, "BEGIN").is_some()
    })
    .await;
    let missed = of(&open, SuggestionKind::TargetMissed, "ACCEPTANCE").unwrap();
    let evidence = missed.evidence.unwrap();
    assert_eq!((evidence.numerator, evidence.denominator), (0, 36));
    let promise = missed.promise.unwrap();
    assert_eq!((promise.target_seconds, promise.with_target), (8 * HOUR, 36));
    assert_eq!(missed.finding, "ACCEPTANCE is kept in 0 of 36 cases: 8 h are promised");
    assert_eq!(missed.proposal, "promise 16 h, within which 85 % are done, or change the work");
    let loose = of(&open, SuggestionKind::TargetLoose, "BEGIN").unwrap();
    assert_eq!(loose.finding, "BEGIN never binds: 95 % are done within 0 s, and 8 h are promised");
    let nothing = of(&open, SuggestionKind::TargetMissed, "COMPLETION").unwrap();
    assert_eq!(nothing.proposal, "change the work, or promise more: 85 % are not done within 1 d");
    assert_eq!(said(&world, "suggestion_raised").await, open.len());

    let retire = pb::RetireRouteRequest { request_id: request_id(), route_id: ROUTE.into() };
    world.ada.routes.clone().retire_route(retire).await.unwrap();
    once(&world, "nothing is suggested on a retired route", <[_]>::is_empty).await;
    assert_eq!(said(&world, "suggestion_raised").await, open.len(), "what goes, goes silently");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_holds_after_the_review_of_its_decision_is_raised_again() {
    let world = World::new().await;
    let _other = world.replica().await;
    for _ in 0..5 {
        world.anna.submitted("Acme").await;
    }
    let first = suggested(&world, 1).await.remove(0);
    assert_eq!((first.kind(), said(&world, "suggestion_raised").await), (SuggestionKind::NameOwner, 1));
    let kept =
        RecordImprovementRequest { suggestion_id: first.id.clone(), review_on: "2026-03-12".into(), ..record(ROUTE) };
    world.anna.record_improvement(kept).await.unwrap();
    world.anna.submitted("Acme").await;
    world.pass(9 * DAY + 15 * HOUR).await;
    let due = async || world.otto.reviews_due(ListReviewsDueRequest::default()).await.unwrap();
    let due = eventually("its day has come", async || Some(due().await).filter(|due| due.total > 0)).await;
    assert_eq!((due.reviews.len(), due.reviews[0].suggestions), (1, 0));
    let all = ListSuggestionsRequest { all: true, ..Default::default() };
    let decided = eventually("its figures are looked at again", async || {
        world.metrics.running.context().stir();
        let decided = world.otto.suggestions(all.clone()).await.unwrap().suggestions.remove(0);
        (decided.looked_at == world.after(0)).then_some(decided)
    })
    .await;
    assert_eq!(decided.state(), SuggestionState::Closed, "what was decided stays decided until its review is held");
    assert_eq!((said(&world, "suggestion_raised").await, said(&world, "improvement_review_due").await), (1, 1));

    world.ivan.record_improvement(record(ROUTE)).await.unwrap();
    let again = once(&world, "it is raised again", |open| !open.is_empty()).await.remove(0);
    assert_eq!((&again.id, again.improvement_id.as_str()), (&first.id, ""));
    assert_eq!(again.evidence.unwrap().denominator, 6);
    assert_eq!(again.raised_at, world.after(0));
    assert_eq!(said(&world, "suggestion_raised").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_and_an_improvement_are_to_be_looked_at_once_and_a_decision_closes_it() {
    let world = World::new().await;
    world.heard().await;
    let due = async || world.otto.reviews_due(ListReviewsDueRequest::default()).await.unwrap().reviews;
    assert_eq!(due().await.len(), 0);
    world.pass(91 * DAY).await;
    let reviews = eventually("the route is due", async || Some(due().await).filter(|due| !due.is_empty())).await;
    assert_eq!((reviews.len(), reviews[0].route_id.as_str()), (1, ROUTE));
    assert!(reviews[0].report.is_some());
    assert_eq!(said(&world, "route_review_due").await, 1);

    let changed = RecordImprovementRequest {
        outcome: ImprovementOutcome::Changed.into(),
        version: terms(1),
        review_on: "2026-06-20".into(),
        ..record(ROUTE)
    };
    let recorded = world.anna.record_improvement(changed).await.unwrap().improvement.unwrap();
    assert_eq!(due().await.len(), 0);
    world.pass(20 * DAY).await;
    let reviews = eventually("the improvement is due", async || Some(due().await).filter(|due| !due.is_empty())).await;
    assert_eq!(reviews[0].improvement_id, recorded.id);
    assert_eq!((said(&world, "route_review_due").await, said(&world, "improvement_review_due").await), (1, 1));
    world.ada.record_improvement(record(ROUTE)).await.unwrap();
    assert_eq!(due().await.len(), 0);
    let listed = world.otto.list_improvements(metrics::ListImprovementsRequest::default()).await.unwrap();
    let states: Vec<_> = listed.improvements.iter().map(|it| (it.outcome(), it.reviewed)).collect();
    assert_eq!(states, [(ImprovementOutcome::Kept, false), (ImprovementOutcome::Changed, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_of_either_side_records_and_everything_that_is_wrong_is_said_at_once() {
    let world = World::new().await;
    world.heard().await;
    let reason = async |by: &Person, request| by.record_improvement(request).await.map(drop).map_err(|it| it.reason);
    for nobody in [&world.sam, &world.ines, &world.otto, &world.crm] {
        assert_eq!(reason(nobody, record(ROUTE)).await.unwrap_err(), "LEAD_ONLY");
    }
    for somebody in [&world.anna, &world.ivan, &world.ada] {
        reason(somebody, record(ROUTE)).await.unwrap();
    }
    assert_eq!(reason(&world.ada, record("nowhere")).await.unwrap_err(), "ROUTE_NOT_FOUND");
    let wrong = RecordImprovementRequest {
        outcome: ImprovementOutcome::Changed.into(),
        review_on: "soon".into(),
        ..Default::default()
    };
    let refusal = world.anna.record_improvement(wrong).await.unwrap_err();
    assert_eq!(refusal.fields, ["request_id", "route_id", "text", "version", "decided_by", "review_on"]);
    let kept = RecordImprovementRequest { version: terms(1), decided_by: vec![String::new()], ..record(ROUTE) };
    assert_eq!(world.anna.record_improvement(kept).await.unwrap_err().fields, ["version", "decided_by[0]"]);
    let past = RecordImprovementRequest { review_on: "2026-03-02".into(), ..record(ROUTE) };
    assert_eq!(world.anna.record_improvement(past).await.unwrap_err().fields, ["review_on"]);
    let elsewhere = metrics::TermsVersion { route_id: "elsewhere".into(), version: 1 };
    let elsewhere = RecordImprovementRequest {
        outcome: ImprovementOutcome::Changed.into(),
        version: Some(Version { kind: Some(Kind::Terms(elsewhere)) }),
        ..record(ROUTE)
    };
    assert_eq!(world.anna.record_improvement(elsewhere).await.unwrap_err().fields, ["version.terms.route_id"]);
    let unknown = metrics::GetImprovementRequest { improvement_id: request_id() };
    assert_eq!(world.otto.get_improvement(unknown).await.unwrap_err().reason, "IMPROVEMENT_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_improvement_says_later_whether_it_helped_under_exactly_its_version() {
    let world = World::with_template(INTAKE).await;
    for _ in 0..20 {
        rejected(&world, vec![criterion("risks")]).await;
    }
    world.publish(&blocking()).await;
    world.pass(HOUR).await;
    let template = |version| {
        let template = metrics::TemplateVersion { template_id: "intake".into(), version };
        Some(Version { kind: Some(Kind::Template(template)) })
    };
    let changed =
        RecordImprovementRequest { outcome: ImprovementOutcome::Changed.into(), version: template(2), ..record(ROUTE) };
    let recorded = world.anna.record_improvement(changed).await.unwrap().improvement.unwrap();
    let effect = async || {
        let request = metrics::GetImprovementRequest { improvement_id: recorded.id.clone() };
        world.otto.get_improvement(request).await.unwrap()
    };
    let told = effect().await;
    assert_eq!(told.verdict(), Verdict::NotEnoughData);
    for _ in 0..20 {
        let draft = world.anna.create(create("Acme")).await.unwrap();
        let tick = pb::TickItemRequest {
            request_id: request_id(),
            handoff_id: draft.id.clone(),
            item: "risks".into(),
            tick: Some(api::r#type::v1::Tick { state: api::r#type::v1::TickState::Done.into(), ..Default::default() }),
            ..Default::default()
        };
        world.anna.handoffs.clone().tick_item(tick).await.unwrap();
        let handoff = world.anna.submit(on(&draft)).await.unwrap();
        world.ivan.accept(on(&handoff)).await.unwrap();
    }
    world.heard().await;
    let told = effect().await;
    assert_eq!(told.verdict(), Verdict::Helped);
    let yields = told.effect.iter().find(|it| it.metric() == metrics::Metric::FirstPassYield).unwrap();
    let share = |it: Option<metrics::Proportion>| it.map(|it| (it.numerator, it.denominator));
    assert_eq!((share(yields.before), share(yields.after)), (Some((0, 20)), Some((20, 20))));
    assert!(yields.low.unwrap() > 0.5 && yields.verdict() == Verdict::Helped);
}
