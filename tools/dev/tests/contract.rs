//! A change that breaks the released contract is found, and cannot be released.

use std::path::Path;
use std::process::Command;

use dev::contract::{broken, release};

/// What can be changed about this checkout's protos without changing them.
fn copy() -> tempfile::TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().expect("a folder");
    let copied =
        Command::new("cp").arg("-R").args([root.join("proto"), root.join("buf.yaml")]).arg(folder.path()).status();
    assert!(copied.expect("cp runs").success());
    folder
}

fn edit(root: &Path, from: &str, to: &str) {
    let file = root.join("proto/baton/handoff/v1/team.proto");
    let text = std::fs::read_to_string(&file).expect("it is there");
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replacen(from, to, 1)).expect("it is written");
}

#[test]
fn what_was_released_cannot_be_removed_and_what_is_added_can_be_released() {
    // Lint and format are skipped too where buf cannot be had; then `cargo dev check` says so.
    let Ok(buf) = dev::binaries::buf().map(|found| found.path) else { return };
    let folder = copy();
    let root = folder.path();
    assert_eq!(broken(&buf, root).unwrap(), "");

    let released = || std::fs::read(root.join("proto/released.binpb")).unwrap();
    let before = released();
    edit(root, "string display_name = 2;", "reserved 2;");
    let found = broken(&buf, root).unwrap();
    assert!(found.contains("team.proto") && found.contains("display_name"), "{found}");
    let refused = release(&buf, root).unwrap_err().to_string();
    assert!(refused.contains("display_name"), "{refused}");
    assert_eq!(released(), before);

    edit(root, "reserved 2;", "string display_name = 2;\n  // Added.\n  string added = 999;");
    assert_eq!(broken(&buf, root).unwrap(), "");
    release(&buf, root).unwrap();
    assert_ne!(released(), before);
    edit(root, "string added = 999;", "");
    assert!(broken(&buf, root).unwrap().contains("added"));
}
