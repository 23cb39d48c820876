//! Surveys, for people.

use api::metrics::v1::{
    AnswerSurveyResponse, GetSurveyResultsResponse, ListInvitationsResponse, QuestionSet, SurveyInvitation,
    SurveyResult,
};
use comfy_table::Cell;

use super::{figure::percent, quality::lower};
use crate::{
    show::{Screen, Tone, more},
    words::{self, Word as _},
};

/// Who is asked, about what, and until when.
pub(crate) fn list(answer: &ListInvitationsResponse, screen: &Screen) -> String {
    let rows = answer.invitations.iter().map(|it| {
        [
            Cell::new(&it.id),
            Cell::new(&it.person),
            Cell::new(it.side().word().to_lowercase()),
            Cell::new(format!("{} to {}", it.from_team, it.to_team)),
            Cell::new(lower(it.occasion().word())),
            state(it, screen),
        ]
    });
    let open = answer.invitations.iter().find(|it| it.answered_at.is_none());
    let how = open.map(|it| format!("\n\n{}", how(it, screen))).unwrap_or_default();
    screen.table(&["INVITATION", "Person", "Speaks for", "Handed over", "Occasion", "Answer"], rows)
        + &how
        + more(&answer.next_page_token)
}

fn state(invitation: &SurveyInvitation, screen: &Screen) -> Cell {
    let until = words::instant(invitation.open_until.as_ref());
    match &invitation.answered_at {
        Some(at) => screen.cell(Tone::Good, format!("given {}", words::time(Some(at)))),
        None if until.is_some_and(|until| until <= screen.now()) => screen.cell(Tone::Quiet, "none; it is over"),
        None => screen.cell(Tone::Waiting, format!("until {}", words::time(invitation.open_until.as_ref()))),
    }
}

/// What is asked, and the command that answers.
fn how(invitation: &SurveyInvitation, screen: &Screen) -> String {
    let asked = invitation.questions.clone().unwrap_or_default();
    let command = format!("`baton survey answer {} --score 1..5 --worked TEXT --missing TEXT`", invitation.id);
    format!(
        "{}\n{}",
        questions(&asked, screen).trim_end(),
        screen.paint(Tone::Quiet, &format!("  answer with {command}"))
    )
}

/// What is asked.
pub(crate) fn questions(questions: &QuestionSet, screen: &Screen) -> String {
    let heading = screen.heading(&format!("Questions, version {}", questions.version));
    let facts = [
        ("--score", format!("{} (1 bad, 5 good)", questions.score)),
        ("--worked", questions.worked.clone()),
        ("--missing", questions.missing.clone()),
    ];
    format!("{heading}\n{}", screen.facts(&facts))
}

/// That an answer is kept.
pub(crate) fn answered(answer: &AnswerSurveyResponse, screen: &Screen) -> String {
    let kept = format!("Answered {} UTC", words::time(answer.answered_at.as_ref()));
    format!("{}: nobody sees it but in results of a whole quarter, with at least 5 answers", screen.heading(&kept))
}

/// What a quarter's answers say about something.
pub(crate) fn results(about: &str, quarter: &str, answer: &GetSurveyResultsResponse, screen: &Screen) -> String {
    let rows = answer.results.iter().map(|it| row(it, screen));
    let header = ["Side", "Mean of 1 to 5", "4 or 5", "Answers", "Response"];
    let gap = answer.perception_gap.map(|gap| format!("{gap:+.1}: what upstream gives, less what downstream gives"));
    let capped = match answer.capped {
        0 => String::new(),
        capped => format!("{} not asked, since they had been within 7 days", words::count(capped, "person")),
    };
    let is_hidden = answer.results.iter().any(|it| it.suppressed);
    let hidden = if is_hidden { "fewer than 5 answers, or it would tell what is hidden elsewhere" } else { "" };
    format!(
        "{}\n\n{}\n\n{}",
        screen.heading(&format!("Surveys of {about}, {quarter}")),
        screen.table(&header, rows),
        screen.facts(&[
            ("perception gap", gap.unwrap_or_default()),
            ("not shown", hidden.to_owned()),
            ("capped", capped)
        ])
    )
}

fn row(result: &SurveyResult, screen: &Screen) -> Vec<Cell> {
    let side = Cell::new(result.side().word().to_lowercase());
    if result.suppressed {
        let why = screen.cell(Tone::Quiet, "not shown");
        return vec![side, why];
    }
    vec![
        side,
        Cell::new(result.mean.map(stars).unwrap_or_default()),
        Cell::new(result.top_two_share.map(percent).unwrap_or_default()),
        Cell::new(format!("{} of {}", result.answers, result.invitations)),
        Cell::new(result.response_rate.map(percent).unwrap_or_default()),
    ]
}

/// `4.2 ████░`.
fn stars(mean: f64) -> String {
    let star = |place: u32| if mean >= f64::from(place) - 0.5 { '█' } else { '░' };
    format!("{mean:.1} {}", (1..=5).map(star).collect::<String>())
}

#[cfg(test)]
mod tests {
    use api::{metrics::v1::SurveyOccasion, r#type::v1::Side};
    use insta::assert_snapshot;

    use super::*;
    use crate::words::parse_time;

    fn invitation(id: &str, open_until: &str, answered: &str) -> SurveyInvitation {
        SurveyInvitation {
            id: format!("01994f7e-0000-7000-8000-0000000000{id}"),
            from_team: "sales".to_owned(),
            to_team: "implementation".to_owned(),
            side: Side::Downstream.into(),
            person: "ivan".to_owned(),
            occasion: SurveyOccasion::FollowUp.into(),
            questions: Some(QuestionSet {
                version: 2,
                score: "How well did the handover go?".to_owned(),
                worked: "What worked?".to_owned(),
                missing: "What was missing, or frustrating?".to_owned(),
            }),
            open_until: parse_time(open_until).ok(),
            answered_at: parse_time(answered).ok(),
            ..SurveyInvitation::default()
        }
    }

    #[test]
    fn a_list_says_how_to_answer() {
        let answer = ListInvitationsResponse {
            invitations: vec![
                invitation("01", "2026-12-07", ""),
                invitation("02", "2026-11-01", ""),
                invitation("03", "2026-12-07", "2026-11-22T10:00"),
            ],
            next_page_token: "more".to_owned(),
        };
        assert_snapshot!(list(&answer, &Screen::of_test().wide()));
        assert_snapshot!(list(&ListInvitationsResponse::default(), &Screen::of_test()), @"none");
    }

    #[test]
    fn what_is_too_little_is_not_shown() {
        let shown = SurveyResult {
            side: Side::Upstream.into(),
            answers: 12,
            invitations: 20,
            response_rate: Some(0.6),
            mean: Some(4.25),
            top_two_share: Some(0.75),
            suppressed: false,
        };
        let hidden = SurveyResult { side: Side::Downstream.into(), suppressed: true, ..SurveyResult::default() };
        let answer = GetSurveyResultsResponse { results: vec![shown, hidden], perception_gap: Some(-0.4), capped: 3 };
        assert_snapshot!(results("route sales-to-qa", "2026-Q3", &answer, &Screen::of_test()));
    }
}
