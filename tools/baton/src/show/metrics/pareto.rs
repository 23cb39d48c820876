//! What something is mostly due to, as a page.

use api::metrics::v1::{GetParetoResponse, ParetoDimension, ParetoLine, Query};

use super::{
    basis,
    figure::percent,
    page::{Item, Page, Part},
    rows::Row,
};
use crate::{show::Tone, words::Word as _};

/// The page of a Pareto.
pub(crate) fn page(query: &Query, dimension: ParetoDimension, answer: &GetParetoResponse) -> Page {
    let mut page = Page {
        title: title(query, dimension),
        subtitle: basis::days(query, answer.basis.as_ref()),
        basis: basis::sureness(answer.basis.as_ref()),
        ..Page::default()
    };
    let header = [what(dimension), "Number", "Share", "", "Together"];
    let rest = match answer.rest {
        0 => String::new(),
        rest => format!("; {rest} in lines left out: raise --limit"),
    };
    let note = match answer.total {
        0 => "none".to_owned(),
        total => format!("{total} in all{rest}"),
    };
    page.push("", vec![Part::table(&header, answer.lines.iter().map(row)), Part::Note(note)]);
    page
}

fn row(line: &ParetoLine) -> Vec<Item> {
    // Those that make up the first 80 % are where to begin.
    let tone = if line.cumulative - line.share < 0.8 { Tone::Waiting } else { Tone::Quiet };
    vec![
        Item::text(&line.name),
        Item::text(line.count),
        Item::text(percent(line.share)),
        Item::Bar(tone, Some(line.share)),
        Item::text(percent(line.cumulative)),
    ]
}

/// What it is called: `Rejections by criterion: route sales-to-qa`.
pub(crate) fn title(query: &Query, dimension: ParetoDimension) -> String {
    format!("{}: {}", name(dimension), basis::place(query.scope.as_ref()))
}

fn name(dimension: ParetoDimension) -> &'static str {
    match dimension {
        ParetoDimension::Unspecified => "",
        ParetoDimension::RejectionCriterion => "Rejections by criterion",
        ParetoDimension::RejectionReason => "Rejections by reason",
        ParetoDimension::ReturnCriterion => "Returns by criterion",
        ParetoDimension::ReturnReason => "Returns by reason",
        ParetoDimension::QuestionAbout => "Question rounds by subject",
        ParetoDimension::BreachKind => "Breached clocks by kind",
        ParetoDimension::BouncesByRoute => "Rejections and returns by route",
        ParetoDimension::AttemptsByRoute => "Attempts by route",
    }
}

/// What its lines are.
fn what(dimension: ParetoDimension) -> &'static str {
    match dimension {
        ParetoDimension::Unspecified => "",
        ParetoDimension::RejectionCriterion | ParetoDimension::ReturnCriterion => "Criterion",
        ParetoDimension::RejectionReason | ParetoDimension::ReturnReason => "Reason",
        ParetoDimension::QuestionAbout => "About",
        ParetoDimension::BreachKind => "Clock",
        ParetoDimension::BouncesByRoute | ParetoDimension::AttemptsByRoute => "ROUTE",
    }
}

/// What is counted, as it stands in a sentence.
pub(crate) fn counted(dimension: ParetoDimension) -> &'static str {
    match dimension {
        ParetoDimension::Unspecified => "all",
        ParetoDimension::RejectionCriterion | ParetoDimension::RejectionReason => "citations in rejections",
        ParetoDimension::ReturnCriterion | ParetoDimension::ReturnReason => "citations in returns",
        ParetoDimension::QuestionAbout => "question rounds",
        ParetoDimension::BreachKind => "breached clocks",
        ParetoDimension::BouncesByRoute => "rejections and returns",
        ParetoDimension::AttemptsByRoute => "attempts",
    }
}

/// A row for each line, and one for what was left out.
pub(crate) fn rows(dimension: ParetoDimension, answer: &GetParetoResponse) -> Vec<Row> {
    let window = answer.basis.as_ref().and_then(|basis| basis.window.clone()).unwrap_or_default();
    let metric = dimension.word().to_lowercase();
    let row = |metric: String, name: &str, count: i64, value: Option<f64>| Row {
        numerator: Some(count),
        denominator: Some(answer.total),
        value,
        unit: "share",
        from: window.from.clone(),
        until: window.until.clone(),
        ..Row::new(&metric).about(name)
    };
    let mut so_far = 0;
    let lines = answer.lines.iter().flat_map(|it| {
        so_far += it.count;
        [
            row(metric.clone(), &it.name, it.count, Some(it.share)),
            row(format!("{metric}.cumulative"), &it.name, so_far, Some(it.cumulative)),
        ]
    });
    let rest = (answer.rest > 0).then(|| row(format!("{metric}.rest"), "", answer.rest, None));
    lines.chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::show::{
        Screen,
        metrics::{rows::csv, sample},
    };

    #[test]
    fn a_pareto_shows_shares_and_what_they_are_together() {
        let dimension = ParetoDimension::RejectionCriterion;
        assert_snapshot!(page(&sample::query(), dimension, &sample::pareto()).to_text(&Screen::of_test()));
        let rows = rows(dimension, &sample::pareto());
        assert_snapshot!(String::from_utf8(csv(&rows)).unwrap());
    }

    #[test]
    fn every_dimension_has_a_name() {
        for dimension in (1..=8).map(|it| ParetoDimension::try_from(it).expect("the contract has 8")) {
            assert!(!name(dimension).is_empty() && !what(dimension).is_empty(), "{dimension:?}");
        }
        assert!(ParetoDimension::try_from(9).is_err(), "a new dimension wants a name");
    }
}
