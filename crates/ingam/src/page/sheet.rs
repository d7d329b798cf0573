//! Every screen as a file under `target/sheet`, for whoever wants to see the whole page at once and for the browser that
//! reads it aloud (`tests/browser/states.test.mjs`).

use super::story::drawn;
use super::texts::ALL;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A screen's name as a file has it: `v4-Issuer { code: Lost }` is `v4-issuer-code-lost`.
fn file_name(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[test]
fn every_screen_is_a_file_to_look_at() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/sheet");
    // What an earlier program drew is not this one's.
    let _ = fs::remove_dir_all(&dir);
    for t in ALL {
        for (view, simple) in [("normal", false), ("simple", true)] {
            let folder = dir.join(t.language.code).join(view);
            fs::create_dir_all(&folder).unwrap();
            let mut names = BTreeSet::new();
            for (name, screen) in drawn(t, simple) {
                let file = file_name(&name);
                assert!(names.insert(file.clone()), "{name} has another's file");
                fs::write(folder.join(file).with_extension("html"), screen.html().unwrap()).unwrap();
            }
            assert!(names.len() > 100, "{} screens", names.len());
        }
    }
}
