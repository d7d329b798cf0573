//! The house's rules, held by `cargo metadata` and by the files themselves.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec().expect("cargo metadata runs")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace is there")
}

fn own(metadata: &Metadata) -> Vec<&Package> {
    metadata.workspace_packages()
}

/// Everything that a package pulls in at run time.
fn closure(metadata: &Metadata, name: &str) -> BTreeSet<String> {
    let graph = metadata.resolve.as_ref().expect("a resolved graph");
    let names: BTreeMap<_, _> = metadata.packages.iter().map(|p| (&p.id, p.name.to_string())).collect();
    let start = &metadata.packages.iter().find(|p| p.name.as_str() == name).expect("our package").id;
    let (mut seen, mut todo) = (BTreeSet::new(), vec![start]);
    while let Some(id) = todo.pop() {
        let node = graph.nodes.iter().find(|n| n.id == *id).expect("a node for each package");
        for dep in &node.deps {
            let built = dep.dep_kinds.iter().any(|k| k.kind != DependencyKind::Development);
            if built && seen.insert(names[&dep.pkg].clone()) {
                todo.push(&dep.pkg);
            }
        }
    }
    seen
}

#[test]
fn arrows_point_only_where_the_architecture_allows() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("ingam-cases", &[][..]),
        ("ingam-ledger", &[][..]),
        ("ingam-vision", &[][..]),
        ("ingam-connectors", &["ingam-cases"][..]),
        ("ingam-sandbox", &[][..]),
        ("ingam", &["ingam-cases", "ingam-ledger", "ingam-vision", "ingam-connectors", "ingam-sandbox"][..]),
    ]);
    for package in own(&metadata) {
        let may = allowed
            .get(package.name.as_str())
            .unwrap_or_else(|| panic!("a room without a place: {}", package.name));
        for dep in &package.dependencies {
            if dep.name.starts_with("ingam") && dep.kind != DependencyKind::Development {
                assert!(may.contains(&dep.name.as_str()), "{} must not depend on {}", package.name, dep.name);
            }
        }
    }
    assert_eq!(own(&metadata).len(), allowed.len());
}

#[test]
fn the_sandbox_can_be_left_out() {
    let metadata = metadata();
    let ingam = own(&metadata).into_iter().find(|p| p.name.as_str() == "ingam").expect("the program");
    let sandbox = ingam.dependencies.iter().find(|d| d.name == "ingam-sandbox").expect("an edge");
    assert!(sandbox.optional, "live builds leave the sandbox out");
}

#[test]
fn only_the_rooms_that_speak_http_know_http() {
    let metadata = metadata();
    for quiet in ["ingam-cases", "ingam-ledger", "ingam-vision"] {
        for http in ["axum", "hyper", "reqwest", "http"] {
            assert!(!closure(&metadata, quiet).contains(http), "{quiet} knows {http}");
        }
    }
    assert!(!closure(&metadata, "ingam-connectors").contains("axum"));
}

#[test]
fn the_domain_is_pure() {
    let closure = closure(&metadata(), "ingam-cases");
    for impure in ["tokio", "rusqlite", "rand", "getrandom", "reqwest"] {
        assert!(!closure.contains(impure), "cases knows {impure}");
    }
}

#[test]
fn licences_are_clean_and_openssl_is_not_linked() {
    let rules: toml::Table = std::fs::read_to_string(root().join("deny.toml"))
        .expect("the rules are there")
        .parse()
        .expect("the rules are TOML");
    let texts = |list: &toml::Value, key: Option<&str>| -> Vec<String> {
        list.as_array()
            .expect("a list")
            .iter()
            .map(|one| key.map_or(one, |key| &one[key]).as_str().expect("a text").to_owned())
            .collect()
    };
    let fine_ones = texts(&rules["licenses"]["allow"], None);
    let banned = texts(&rules["bans"]["deny"], Some("name"));
    let metadata = metadata();
    let mut bad = Vec::new();
    for package in &metadata.packages {
        assert!(!banned.contains(&package.name.to_string()), "{} is banned", package.name);
        let Some(licence) = &package.license else {
            bad.push(format!("{}: none stated", package.name));
            continue;
        };
        let text = licence.replace('/', " OR ").replace(['(', ')'], " ");
        // Every AND part must have one fine OR alternative.
        let fine = text
            .split(" AND ")
            .all(|part| part.split(" OR ").any(|one| fine_ones.iter().any(|f| f == one.trim())));
        if !fine {
            bad.push(format!("{}: {licence}", package.name));
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn every_file_says_what_it_is_and_can_be_read_in_one_sitting() {
    let mut todo = vec![root().join("crates")];
    let mut files = 0;
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files += 1;
                let text = std::fs::read_to_string(&path).expect("a file");
                let start = text.trim_start();
                assert!(start.starts_with("//!"), "{} does not say what it is", path.display());
                let lines = text.lines().count();
                assert!(lines <= 700, "{} has {lines} lines", path.display());
            }
        }
    }
    assert!(files > 30);
}

#[test]
fn nothing_is_left_open_or_skipped() {
    let mut todo = vec![root().join("crates")];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("structure.rs") {
                let text = std::fs::read_to_string(&path).expect("a file");
                for word in ["todo!(", "unimplemented!(", "#[ignore"] {
                    assert!(!text.contains(word), "{} holds {word}", path.display());
                }
            }
        }
    }
}
