//! All figures of a scope as a page.

use api::metrics::v1::{GetReportResponse, Query, Report, Volume};

use super::{
    basis,
    page::{Item, Page, Part},
    quality, time,
};

/// The page of a report.
pub(crate) fn page(query: &Query, answer: &GetReportResponse) -> Page {
    let report = answer.report.clone().unwrap_or_default();
    let mut page = Page {
        title: format!("Report: {}", basis::place(query.scope.as_ref())),
        subtitle: basis::days(query, report.basis.as_ref()),
        basis: basis::sureness(report.basis.as_ref()),
        ..Page::default()
    };
    fill(&mut page, &report);
    page
}

/// Adds the sections of a report.
fn fill(page: &mut Page, report: &Report) {
    page.push("Volume", vec![volume(&report.volume.unwrap_or_default())]);
    page.push("Quality", quality::quality(report));
    page.push("Promises", quality::promises(report));
    page.push("Waiting between the teams", time::limbo(report));
    page.push("Where the time went", time::ledger(report));
    page.push("What is open, and how old it is", time::ageing(report));
    page.push("To and fro", quality::bounce(report));
    page.push("Questions", quality::questions(report));
    page.push("Criteria", vec![quality::criteria(&report.criteria)]);
}

fn volume(volume: &Volume) -> Part {
    let header =
        ["Created", "Submitted", "Recalled", "Accepted", "Rejected", "Returned", "Completed", "Cancelled", "Open now"];
    let counts = [
        volume.created,
        volume.submitted,
        volume.recalled,
        volume.accepted,
        volume.rejected,
        volume.returned,
        volume.completed,
        volume.cancelled,
        volume.open,
    ];
    Part::table(&header, [counts.map(Item::count).to_vec()])
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::show::{Screen, metrics::sample};

    #[test]
    fn a_report_shows_every_figure_and_how_sure_it_is() {
        let answer = GetReportResponse { report: Some(sample::report()) };
        assert_snapshot!(page(&sample::query(), &answer).to_text(&Screen::of_test().wide()));
    }

    #[test]
    fn a_report_of_nothing_is_short() {
        let answer = GetReportResponse::default();
        assert_snapshot!(page(&Query::default(), &answer).to_text(&Screen::of_test()));
    }
}
