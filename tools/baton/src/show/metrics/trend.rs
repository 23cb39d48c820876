//! A figure over time as a page: each step, and where it lies between the natural limits.

use api::metrics::v1::{Bucket, GetTrendResponse, Metric, Query, TrendPoint, Xmr};

use super::{
    basis, figure,
    metric::{self, Unit},
    page::{Item, Page, Part},
    rows::Row,
    terminal::{line, sparkline},
};
use crate::{show::Tone, words::Word as _};

/// How many characters the line has that the values lie on.
const LINE_CHARS: usize = 40;

/// The page of a trend.
pub(crate) fn page(query: &Query, metric: Metric, bucket: Bucket, answer: &GetTrendResponse) -> Page {
    let mut page = Page {
        title: title(query, metric, bucket),
        subtitle: basis::days(query, answer.basis.as_ref()),
        basis: basis::sureness(answer.basis.as_ref()),
        ..Page::default()
    };
    let unit = Unit::of(metric);
    let range = range(answer);
    let rows = answer.points.iter().map(|point| row(point, unit, answer.band.as_ref(), range));
    let header = ["From", "Value", "Of", "", ""];
    let values: Vec<_> = answer.points.iter().map(|point| point.value).collect();
    if values.is_empty() {
        page.push("", vec![Part::Note("there is no step on these days".to_owned())]);
    }
    page.push(
        "",
        vec![
            Part::Drawing(sparkline(&values)),
            Part::table(&header, rows),
            Part::Note(answer.band.as_ref().map(|band| band_in_words(band, unit, answer)).unwrap_or_default()),
        ],
    );
    page
}

/// What it is called: `First-pass yield, by week: route sales-to-qa`.
pub(crate) fn title(query: &Query, metric: Metric, bucket: Bucket) -> String {
    let place = basis::place(query.scope.as_ref());
    format!("{}, by {}: {place}", metric::name(metric), bucket.word().to_lowercase())
}

/// A row for each step, with its band.
pub(crate) fn rows(metric: Metric, answer: &GetTrendResponse) -> Vec<Row> {
    let band = answer.band.as_ref();
    let row = |point: &TrendPoint| {
        let window = point.window.clone().unwrap_or_default();
        Row {
            denominator: Some(point.count),
            value: point.value,
            low: band.map(|band| band.low),
            high: band.map(|band| band.high),
            unit: Unit::of(metric).word(),
            few: Some(point.few),
            from: window.from,
            until: window.until,
            note: if point.signal { "signal" } else { "" }.to_owned(),
            ..Row::new(&metric.word().to_lowercase())
        }
    };
    answer.points.iter().map(row).collect()
}

/// The least and the greatest of what is drawn.
fn range(answer: &GetTrendResponse) -> (f64, f64) {
    let limits = answer.band.iter().flat_map(|band| [band.low, band.high]);
    let values = answer.points.iter().filter_map(|point| point.value).chain(limits);
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), value| (least.min(value), greatest.max(value)))
}

fn row(point: &TrendPoint, unit: Unit, band: Option<&Xmr>, (least, greatest): (f64, f64)) -> Vec<Item> {
    let place = |value: f64| if greatest > least { (value - least) / (greatest - least) } else { 0.5 };
    let mut marks = vec![];
    if let Some(band) = band {
        marks.extend([(place(band.mean), '┊'), (place(band.low), '│'), (place(band.high), '│')]);
    }
    let dot = match point {
        TrendPoint { signal: true, .. } => '◆',
        TrendPoint { few: true, .. } => '○',
        _ => '●',
    };
    marks.extend(point.value.map(|value| (place(value), dot)));
    let tone = if point.signal { Tone::Bad } else { Tone::Plain };
    vec![
        Item::text(point.window.as_ref().map(|window| window.from.as_str()).unwrap_or_default()),
        Item::Text(tone, point.value.map(|value| unit.show(value)).unwrap_or_default()),
        figure::of(point.count, point.few),
        Item::Drawing(line(LINE_CHARS, &marks)),
        Item::Text(tone, if point.signal { "signal" } else { "" }.to_owned()),
    ]
}

fn band_in_words(band: &Xmr, unit: Unit, answer: &GetTrendResponse) -> String {
    let signals = answer.points.iter().filter(|point| point.signal).count();
    let signals = match signals {
        0 => "none lies outside: all of it may be chance".to_owned(),
        1 => "1 lies outside (◆): something was different then".to_owned(),
        more => format!("{more} lie outside (◆): something was different then"),
    };
    let [low, mean, high] = [band.low, band.mean, band.high].map(|value| unit.show(value));
    format!("┊ mean {mean}; │ natural limits {low} to {high} (XmR); ○ few: below 20\n {signals}")
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
    fn a_trend_marks_the_band_and_what_lies_outside() {
        let page = page(&sample::query(), Metric::FirstPassYield, Bucket::Week, &sample::trend());
        assert_snapshot!(page.to_text(&Screen::of_test()));
        let rows = rows(Metric::FirstPassYield, &sample::trend());
        assert_snapshot!(String::from_utf8(csv(&rows)).unwrap());
    }

    #[test]
    fn a_trend_of_nothing_has_no_line() {
        let page = page(&Query::default(), Metric::CycleP85, Bucket::Month, &GetTrendResponse::default());
        assert_snapshot!(page.to_text(&Screen::of_test()));
    }
}
