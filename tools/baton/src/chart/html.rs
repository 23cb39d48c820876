//! A page of HTML that holds a chart and all figures, and needs nothing else: no script, no font, no other file.

use std::fmt::Write as _;

use crate::show::{
    Tone,
    metrics::page::{Item, Page, Part, Section, Table},
};

/// The heading is for those who hear the page: the chart shows it to all others.
const STYLE: &str = "\
:root{color-scheme:light}\
body{font:15px/1.45 system-ui,sans-serif;color:#282828;background:#fff;max-width:1000px;margin:2rem auto;padding:0 1rem}\
h1{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0;color:#5f5f5f}\
figure{margin:1.5rem 0}svg{max-width:100%;height:auto}\
table{border-collapse:collapse;margin:.5rem 0 1rem}\
th{text-align:left;font-weight:600;border-bottom:1px solid #969696}th,td{padding:.25rem .9rem .25rem 0;vertical-align:top}\
tr+tr td{border-top:1px solid #ececec}td{font-variant-numeric:tabular-nums}td:not(:first-child),th{white-space:nowrap}\
.bar{min-width:9rem}.bar span{display:block;height:.8rem;margin-top:.3rem;background:#0072b2;min-width:1px}\
.drawing{font-family:ui-monospace,monospace;white-space:pre}\
.quiet{color:#767676}.good{color:#00694d}.waiting{color:#8a5a00}.bad{color:#b03c00}\
.bar .quiet{background:#969696}.bar .good{background:#009e73}.bar .waiting{background:#e69f00}.bar .bad{background:#d55e00}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;border-top:1px solid #969696;padding-top:1rem;color:#5f5f5f}\
dd{margin:0}@media print{body{margin:0;max-width:none;font-size:9px}h2{break-after:avoid}tr{break-inside:avoid}}";

/// The page, with its chart above the figures.
pub(crate) fn page(page: &Page, svg: &str) -> String {
    let title = escape(&page.title);
    let sections: String = page.sections.iter().map(section).collect();
    let mut basis = String::new();
    for (name, text) in page.basis.iter().filter(|(_, text)| !text.is_empty()) {
        let _ = writeln!(basis, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(text));
    }
    let basis = if basis.is_empty() { basis } else { format!("<dl>\n{basis}</dl>\n") };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>{title}</h1>\n<figure role=\"img\" aria-label=\"{title}; {}\">\n{svg}</figure>\n{sections}{basis}</body>\n</html>\n",
        escape(&page.subtitle)
    )
}

fn section(section: &Section) -> String {
    let heading = match section.heading.as_str() {
        "" => String::new(),
        heading => format!("<h2>{}</h2>\n", escape(heading)),
    };
    heading + &section.parts.iter().map(part).collect::<String>()
}

fn part(part: &Part) -> String {
    match part {
        Part::Table(table) => rows(table),
        Part::Drawing(_) => String::new(),
        Part::Note(note) => format!("<p>{}</p>\n", escape(note).replace('\n', "<br>")),
    }
}

fn rows(table: &Table) -> String {
    let mut html = "<table>\n".to_owned();
    if table.header.iter().any(|name| !name.is_empty()) {
        let header: Vec<_> = table.header.iter().map(|name| escape(name)).collect();
        let _ = writeln!(html, "<tr><th scope=\"col\">{}</th></tr>", header.join("</th><th scope=\"col\">"));
    }
    for row in &table.rows {
        let _ = writeln!(html, "<tr>{}</tr>", row.iter().map(cell).collect::<String>());
    }
    html + "</table>\n"
}

fn cell(item: &Item) -> String {
    match item {
        Item::Text(Tone::Plain, text) => format!("<td>{}</td>", escape(text)),
        Item::Text(tone, text) => format!("<td class=\"{}\">{}</td>", class(*tone), escape(text)),
        Item::Bar(tone, Some(share)) if *share > 0.0 => {
            let percent = share.clamp(0.0, 1.0) * 100.0;
            format!("<td class=\"bar\"><span class=\"{}\" style=\"width:{percent:.1}%\"></span></td>", class(*tone))
        }
        Item::Bar(..) => "<td class=\"bar\"></td>".to_owned(),
        Item::Drawing(drawing) => format!("<td class=\"drawing\">{}</td>", escape(drawing)),
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Quiet => "quiet",
        Tone::Good => "good",
        Tone::Waiting => "waiting",
        Tone::Bad => "bad",
    }
}

/// Text that stands for itself, within an element and within an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            '\n' => escaped.push('\n'),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use api::metrics::v1::ParetoDimension;
    use insta::assert_snapshot;

    use super::*;
    use crate::show::metrics::{pareto, sample};

    #[test]
    fn a_page_holds_its_chart_and_its_figures() {
        let page_of = pareto::page(&sample::query(), ParetoDimension::RejectionCriterion, &sample::pareto());
        let html = page(&page_of, "<svg></svg>\n");
        assert!(!html.contains("<budget>"));
        assert_snapshot!(html);
    }

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(escape("<a href='x' title=\"y\">&\u{0}"), "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp; ");
    }
}
