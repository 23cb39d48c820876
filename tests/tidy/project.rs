//! The files of the project, each read once.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use crate::source::Source;

/// A text file.
#[derive(Debug)]
pub(crate) struct Document {
    /// Its path from the root of the project, with `/`.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

impl Document {
    /// Whether its name ends in that extension.
    pub(crate) fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|it| it == extension)
    }
}

/// Folders that hold nothing of the project's own.
const NOT_OURS: [&str; 5] = [".git", ".venv", "__pycache__", "node_modules", "target"];

static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let mut documents = vec![];
    collect(&root(), &mut documents);
    documents.sort_by(|a, b| a.path.cmp(&b.path));
    documents
});

static SOURCES: LazyLock<Vec<Source>> =
    LazyLock::new(|| documents_named(".rs").map(|it| Source::new(&it.path, &it.text)).collect());

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the package is a folder of the workspace").to_owned()
}

/// Every text file.
pub(crate) fn documents() -> &'static [Document] {
    &DOCUMENTS
}

/// The text files whose name ends so.
pub(crate) fn documents_named(end: &str) -> impl Iterator<Item = &'static Document> {
    DOCUMENTS.iter().filter(move |document| document.path.ends_with(end))
}

/// One text file.
pub(crate) fn document(path: &str) -> &'static Document {
    DOCUMENTS.iter().find(|document| document.path == path).unwrap_or_else(|| panic!("{path} is not there"))
}

/// Every Rust file.
pub(crate) fn sources() -> &'static [Source] {
    &SOURCES
}

/// The folders of `services/`.
pub(crate) fn services() -> Vec<&'static str> {
    let mut services: Vec<_> = documents_named("Cargo.toml")
        .filter_map(|manifest| manifest.path.strip_prefix("services/")?.strip_suffix("/Cargo.toml"))
        .collect();
    services.sort_unstable();
    assert!(!services.is_empty(), "a rule about services that finds none holds nothing");
    services
}

fn collect(folder: &Path, documents: &mut Vec<Document>) {
    for entry in fs::read_dir(folder).expect("a folder of the project can be read") {
        let path = entry.expect("a folder of the project can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !NOT_OURS.contains(&&*name) {
                collect(&path, documents);
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            let relative = path.strip_prefix(root()).expect("what is below the root begins with it");
            documents.push(Document { path: relative.to_string_lossy().replace('\\', "/"), text });
        }
    }
}
