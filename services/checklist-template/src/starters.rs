//! The templates that Baton ships for the handoffs that most companies have.

use criteria::TemplateDocument;

const STARTERS: [&str; 4] = [
    include_str!("../starters/customer-success-to-support.yaml"),
    include_str!("../starters/development-to-qa.yaml"),
    include_str!("../starters/marketing-to-sales.yaml"),
    include_str!("../starters/sales-to-implementation.yaml"),
];

/// Each starter as it is written, and read.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, TemplateDocument)> {
    STARTERS
        .into_iter()
        .map(|yaml| (yaml, TemplateDocument::from_yaml(yaml).expect("a test reads every shipped starter")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_starter_can_be_published() {
        for (_, document) in super::all() {
            assert_eq!(document.content.findings(), vec![], "{}", document.id);
        }
    }
}
