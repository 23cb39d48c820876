//! The starter templates that the service ships.

use std::{collections::BTreeSet, fs, path::Path};

use criteria::{Circumstances, Criteria, Severity, Submission, TemplateDocument};

fn starters() -> Vec<(String, TemplateDocument)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services/checklist-template/starters");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &Path| TemplateDocument::from_yaml(&fs::read_to_string(path).unwrap());
    paths
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let document = read(path).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, document)
        })
        .collect()
}

#[test]
fn every_starter_can_be_published() {
    let starters = starters();
    assert_eq!(starters.len(), 4);
    for (name, document) in starters {
        assert_eq!(document.id.as_str(), name);
        assert_eq!(document.content.findings(), [], "{name}");
        Criteria::compile(&document.content).unwrap();
        assert_eq!(TemplateDocument::from_yaml(&document.to_yaml()), Ok(document));
    }
}

#[test]
fn an_empty_sales_handoff_lacks_contract_requirements_contact_and_timeline() {
    let (_, document) = starters().into_iter().find(|(name, _)| name == "sales-to-implementation").unwrap();
    let criteria = Criteria::compile(&document.content).unwrap();
    let evaluation = criteria.evaluate(&Submission::default(), &Circumstances::default(), &BTreeSet::new());
    let blocking: Vec<_> = evaluation.blocking_unmet().map(|result| result.key.as_str()).collect();
    assert_eq!(
        blocking,
        [
            "signed_contract",
            "technical_requirements",
            "customer_contact",
            "timeline",
            "customer_told",
            "scope_fits_product",
        ]
    );
    assert!(evaluation.unmet().any(|result| result.severity == Severity::Warning));
    assert!(!evaluation.is_ready());
}
