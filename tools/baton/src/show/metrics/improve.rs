//! Suggestions, reviews that are due, and what was decided, for people.

use api::metrics::v1::{
    GetImprovementResponse, Improvement, ListImprovementsResponse, ListReviewsDueResponse, ListSuggestionsResponse,
    ReviewDue, Suggestion, SuggestionKind, SuggestionState,
};
use comfy_table::Cell;

use super::{
    basis, compare,
    figure::{Counted, Good, SHARE_HEADER, interval, percent, share, span},
    page::{Page, Part},
    quality::lower,
};
use crate::{
    show::{Screen, Tone, more},
    words::{self, Word as _},
};

/// Each with its evidence, and the command that closes it.
pub(crate) fn suggestions(answer: &ListSuggestionsResponse, screen: &Screen) -> String {
    if answer.suggestions.is_empty() {
        return screen.paint(Tone::Good, "the figures suggest no change");
    }
    let all: Vec<_> = answer.suggestions.iter().map(|it| suggestion(it, screen)).collect();
    all.join("\n") + more(&answer.next_page_token)
}

fn suggestion(it: &Suggestion, screen: &Screen) -> String {
    let subject = if it.subject.is_empty() { String::new() } else { format!(": {}", it.subject) };
    let heading = screen.heading(&format!("{}, {}{subject}", it.route_id, lower(it.kind().word())));
    let state = match it.state() {
        SuggestionState::Open | SuggestionState::Unspecified => {
            format!("`baton improve record {} --suggestion {} ...`", it.route_id, it.id)
        }
        SuggestionState::Closed => format!("closed by improvement {}", it.improvement_id),
        SuggestionState::Gone => "holds no more".to_owned(),
    };
    let looked = format!("{}; figures of {}", words::time(it.raised_at.as_ref()), words::time(it.looked_at.as_ref()));
    let facts = screen.facts(&[
        ("found", it.finding.clone()),
        ("proposal", screen.paint(Tone::Good, &it.proposal)),
        ("evidence", evidence(it)),
        ("promise", promise(it)),
        ("raised", looked),
        ("decide", state),
    ]);
    format!("{heading}\n{facts}")
}

/// `35.0 %, 21.8 to 50.9 % (14 of 40)`.
fn evidence(it: &Suggestion) -> String {
    let Some((evidence, value)) = it.evidence.and_then(|it| Some((it, it.value?))) else { return String::new() };
    let few = if evidence.few { "; few: below 20" } else { "" };
    let bounds = interval(evidence.low, evidence.high);
    format!("{}, {bounds} ({} of {}{few})", percent(value), evidence.numerator, evidence.denominator)
}

fn promise(it: &Suggestion) -> String {
    let Some(promise) = it.promise.as_ref().filter(|_| is_of_target(it.kind())) else { return String::new() };
    let target = span(promise.target_seconds, Counted::Working);
    let delivered = match promise.delivered.and_then(|it| it.p85) {
        Some(p85) if p85.reached => format!("85 % within {}", span(p85.seconds, Counted::Working)),
        Some(p85) => format!("85 % not reached (> {})", span(p85.seconds, Counted::Working)),
        None => "nothing delivered yet".to_owned(),
    };
    format!("{target}; delivered: {delivered}")
}

fn is_of_target(kind: SuggestionKind) -> bool {
    matches!(kind, SuggestionKind::TargetMissed | SuggestionKind::TargetLoose)
}

/// What is to be looked at, with the figures to discuss.
pub(crate) fn due(answer: &ListReviewsDueResponse, screen: &Screen) -> String {
    if answer.reviews.is_empty() {
        return screen.paint(Tone::Good, "no review is due");
    }
    let all: Vec<_> = answer.reviews.iter().map(|it| review(it, screen)).collect();
    let hidden = match answer.total - i32::try_from(all.len()).unwrap_or(i32::MAX) {
        ..=0 => String::new(),
        hidden => format!("\n\n... and {} more: raise --limit", words::count(hidden.into(), "review")),
    };
    all.join("\n").trim_end().to_owned() + &hidden
}

fn review(it: &ReviewDue, screen: &Screen) -> String {
    let what = match it.improvement_id.as_str() {
        "" => "the route's own turn".to_owned(),
        id => format!("the effect of `baton improve show {id}`"),
    };
    let since = format!("since {} ({})", words::time(it.due_at.as_ref()), words::age(it.due_at.as_ref(), screen.now()));
    let report = it.report.clone().unwrap_or_default();
    let quality = report.quality.unwrap_or_default();
    let rows = [
        share("First-pass yield", quality.first_pass_yield.as_ref(), Good::High),
        share("Complete and accurate (%C&A)", quality.complete_and_accurate.as_ref(), Good::High),
        share("Rejections of decisions", quality.rejection_rate.as_ref(), Good::Low),
        share("Rework: handoffs returned", report.rework.and_then(|it| it.rate).as_ref(), Good::Low),
        share("Promises kept", report.attainment.and_then(|it| it.share).as_ref(), Good::High),
    ];
    let mut page = Page { title: it.route_id.clone(), subtitle: format!("{what}, {since}"), ..Page::default() };
    page.push("", vec![Part::table(&SHARE_HEADER, rows)]);
    page.basis = vec![
        ("all figures", format!("`baton report --route {}`", it.route_id)),
        (
            "suggestions",
            match it.suggestions {
                0 => "none".to_owned(),
                some => format!("{some}: `baton improve suggestions --route {}`", it.route_id),
            },
        ),
        ("decide", format!("`baton improve record {} ...`", it.route_id)),
    ];
    page.to_text(screen)
}

/// What was decided, a line each.
pub(crate) fn list(answer: &ListImprovementsResponse, screen: &Screen) -> String {
    let rows = answer.improvements.iter().map(|it| {
        [
            Cell::new(&it.id),
            Cell::new(&it.route_id),
            Cell::new(it.outcome().word().to_lowercase()),
            Cell::new(basis::version(it.version.as_ref())),
            Cell::new(words::time(it.recorded_at.as_ref())),
            Cell::new(review_of(it)),
        ]
    });
    screen.table(&["IMPROVEMENT", "ROUTE", "Outcome", "In force with", "Recorded", "Look again"], rows)
        + more(&answer.next_page_token)
}

fn review_of(it: &Improvement) -> String {
    match it {
        Improvement { reviewed: true, .. } => "done".to_owned(),
        Improvement { review_due_at: Some(_), .. } => format!("due since {}", it.review_on),
        _ => it.review_on.clone(),
    }
}

/// What was decided, as it was recorded.
pub(crate) fn card(it: &Improvement, screen: &Screen) -> String {
    let heading = screen.heading(&format!("{}: {}", it.route_id, it.outcome().word().to_lowercase()));
    let facts = screen.facts(&[
        ("id", it.id.clone()),
        ("in force with", basis::version(it.version.as_ref())),
        ("text", it.text.clone()),
        ("suggestion", it.suggestion_id.clone()),
        ("decided by", it.decided_by.join(", ")),
        ("recorded", format!("{} by {}", words::time(it.recorded_at.as_ref()), it.recorded_by)),
        ("look again", review_of(it)),
    ]);
    format!("{heading}\n{facts}")
}

/// What was decided, and whether it helped.
pub(crate) fn show(answer: &GetImprovementResponse, screen: &Screen) -> String {
    let improvement = answer.improvement.clone().unwrap_or_default();
    let card = card(&improvement, screen);
    if answer.effect.is_empty() {
        return card;
    }
    let verdict = screen.paint(compare::tone(answer.verdict()), compare::verdict(answer.verdict()));
    let mut page =
        Page { title: format!("Since {}: {verdict}", basis::version(improvement.version.as_ref())), ..Page::default() };
    page.push("", compare::parts(&answer.effect));
    format!("{card}\n{}", page.to_text(screen))
}

#[cfg(test)]
mod tests {
    use api::metrics::v1::{ImprovementOutcome, Report, TermsVersion, Verdict, Version, version::Kind};
    use insta::assert_snapshot;

    use super::*;
    use crate::{show::metrics::sample, words::parse_time};

    fn of_test(kind: SuggestionKind, subject: &str, state: SuggestionState) -> Suggestion {
        Suggestion {
            id: "01994f7e-0000-7000-8000-0000000000a1".to_owned(),
            route_id: "sales-to-qa".to_owned(),
            kind: kind.into(),
            subject: subject.to_owned(),
            finding: "14 of 40 rejections cite it, and it is only a warning".to_owned(),
            proposal: "let it block".to_owned(),
            evidence: Some(sample::proportion(14, 40)),
            promise: sample::report().promises.first().cloned(),
            raised_at: parse_time("2026-11-01").ok(),
            looked_at: parse_time("2026-11-23").ok(),
            state: state.into(),
            improvement_id: if state == SuggestionState::Closed { "7".to_owned() } else { String::new() },
        }
    }

    fn improvement() -> Improvement {
        Improvement {
            id: "01994f7e-0000-7000-8000-0000000000b1".to_owned(),
            route_id: "sales-to-qa".to_owned(),
            outcome: ImprovementOutcome::Changed.into(),
            suggestion_id: "01994f7e-0000-7000-8000-0000000000a1".to_owned(),
            text: "signed_contract blocks now".to_owned(),
            version: Some(Version {
                kind: Some(Kind::Terms(TermsVersion { route_id: "sales-to-qa".to_owned(), version: 3 })),
            }),
            decided_by: vec!["anna".to_owned(), "ivan".to_owned()],
            review_on: "2026-12-24".to_owned(),
            recorded_by: "anna".to_owned(),
            recorded_at: parse_time("2026-11-02T10:00").ok(),
            review_due_at: None,
            reviewed: false,
        }
    }

    #[test]
    fn a_suggestion_says_on_what_it_rests_and_how_to_decide() {
        let answer = ListSuggestionsResponse {
            suggestions: vec![
                of_test(SuggestionKind::RaiseSeverity, "signed_contract", SuggestionState::Open),
                of_test(SuggestionKind::TargetMissed, "ACCEPTANCE", SuggestionState::Closed),
            ],
            next_page_token: String::new(),
        };
        assert_snapshot!(suggestions(&answer, &Screen::of_test()));
    }

    #[test]
    fn a_review_comes_with_the_figures_to_discuss() {
        let review = |route: &str, improvement: &str, report| ReviewDue {
            route_id: route.to_owned(),
            due_at: parse_time("2026-11-20").ok(),
            improvement_id: improvement.to_owned(),
            report: Some(report),
            suggestions: 2,
        };
        let answer = ListReviewsDueResponse {
            reviews: vec![review("sales-to-qa", "", sample::report()), review("qa-to-ops", "b1", Report::default())],
            total: 5,
        };
        assert_snapshot!(due(&answer, &Screen::of_test()));
    }

    #[test]
    fn an_improvement_says_whether_it_helped() {
        let answer = GetImprovementResponse {
            improvement: Some(improvement()),
            effect: sample::comparisons(),
            verdict: Verdict::Hurt.into(),
        };
        assert_snapshot!(show(&answer, &Screen::of_test().wide()));
        let all = ListImprovementsResponse { improvements: vec![improvement()], next_page_token: String::new() };
        assert_snapshot!(list(&all, &Screen::of_test().wide()));
    }
}
