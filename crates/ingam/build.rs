//! Turns the text catalogues (`texts/*.toml`) into the struct `Texts` of each room and lists the files under `assets/`:
//! `ko.toml` is of the person's page, `console.ko.toml` of the console.
//!
//! Korean is the language that the others are measured by: a catalogue with a missing key, a key too many, or other
//! places to fill fails the build and names the key. Refuses to know what a text means.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};
use toml::{Table, Value};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=texts");
    println!("cargo:rerun-if-changed=assets");
    println!("cargo:rerun-if-changed=templates");
    for (room, file) in [(PAGE, "texts.rs"), ("console", "console_texts.rs")] {
        let texts = texts(&root.join("texts"), room).unwrap_or_else(|problem| panic!("texts: {problem}"));
        fs::write(out.join(file), texts).expect("OUT_DIR can be written");
    }
    fs::write(out.join("assets.rs"), assets(&root.join("assets"))).expect("OUT_DIR can be written");
}

/// One piece of a text.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Plain(String),
    Place { name: String, particles: Option<(String, String)> },
}

fn pieces(key: &str, text: &str) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        if start > 0 {
            found.push(Piece::Plain(rest[..start].into()));
        }
        let end =
            rest[start..].find('}').ok_or(format!("`{key}` opens a place and does not close it"))? + start;
        let inside = &rest[start + 1..end];
        let (name, particles) = match inside.split_once('|') {
            None => (inside, None),
            Some((name, pair)) => {
                let (with, without) =
                    pair.split_once(',').ok_or(format!("`{key}`: `{pair}` needs two particles"))?;
                (name, Some((with.into(), without.into())))
            }
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            return Err(format!("`{key}`: `{name}` is no name of a place"));
        }
        found.push(Piece::Place { name: name.into(), particles });
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        found.push(Piece::Plain(rest.into()));
    }
    Ok(found)
}

fn places(pieces: &[Piece]) -> BTreeSet<String> {
    pieces
        .iter()
        .filter_map(|p| match p {
            Piece::Place { name, .. } => Some(name.clone()),
            Piece::Plain(_) => None,
        })
        .collect()
}

/// The pattern as a Rust expression, places numbered by their names' order.
fn pattern(pieces: &[Piece]) -> String {
    let names: Vec<String> = places(pieces).into_iter().collect();
    let mut code = String::from("&[");
    for piece in pieces {
        match piece {
            Piece::Plain(text) => write!(code, "Piece::Plain({text:?}),"),
            Piece::Place { name, particles } => {
                let at = names.iter().position(|n| n == name).expect("collected from the same pieces");
                match particles {
                    None => write!(code, "Piece::Place({at}),"),
                    Some((with, without)) => write!(code, "Piece::PlaceJosa({at}, {with:?}, {without:?}),"),
                }
            }
        }
        .expect("writing to a string");
    }
    code.push(']');
    code
}

fn words(name: &str) -> String {
    name.split('_').map(|w| w[..1].to_uppercase() + &w[1..]).collect()
}

fn text<'a>(table: &'a Table, section: &str, key: &str) -> Result<&'a str, String> {
    let value = table.get(key).ok_or(format!("`{section}.{key}` is missing"))?;
    let text = value.as_str().ok_or(format!("`{section}.{key}` must be a text"))?;
    if text.trim().is_empty() { Err(format!("`{section}.{key}` is empty")) } else { Ok(text) }
}

/// The room whose catalogues have no word before the language, and the only one that records what it showed.
const PAGE: &str = "";
/// Sections whose texts are consented to or answered: kept apart, since their exact words are recorded.
const RECORDED: [&str; 2] = ["consent", "safety"];
const CONSENT: [&str; 6] = ["title", "what", "why", "to_whom", "how_long", "full"];
const SAFETY: [&str; 4] = ["title", "help", "no", "yes"];

fn texts(folder: &Path, room: &str) -> Result<String, String> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(|e| format!("{}: {e}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let mut catalogues = Vec::new();
    for file in files {
        let name = file.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let (of, name) = name.split_once('.').unwrap_or((PAGE, name));
        if of != room {
            continue;
        }
        let name = name.to_owned();
        let content = fs::read_to_string(&file).map_err(|e| format!("{name}: {e}"))?;
        let table: Table = content.parse().map_err(|e| format!("{name}: {e}"))?;
        catalogues.push((name, table));
    }
    let base = catalogues
        .iter()
        .find(|(name, _)| name == "ko")
        .map(|(_, table)| table.clone())
        .ok_or(format!("ko.toml of the room `{room}` is missing"))?;
    let recorded = room == PAGE;

    let mut code = String::from("// Made by build.rs from texts/*.toml.\n");
    declare(&base, recorded, &mut code)?;
    let mut all = String::new();
    for (name, table) in &catalogues {
        let value = catalogue(&base, table, recorded).map_err(|problem| format!("{name}.toml: {problem}"))?;
        let constant = name.to_uppercase();
        let _ = writeln!(code, "/// The catalogue `{name}.toml`.\npub static {constant}: Texts = {value};");
        let _ = write!(all, "&{constant}, ");
    }
    let _ = writeln!(code, "/// Every language.\npub static ALL: &[&Texts] = &[{all}];");
    Ok(code)
}

fn sections(base: &Table) -> Result<Vec<(&String, &Table)>, String> {
    base.iter()
        .filter(|(name, _)| !RECORDED.contains(&name.as_str()))
        .map(|(name, value)| Ok((name, value.as_table().ok_or(format!("`{name}` must be a table"))?)))
        .collect()
}

fn declare(base: &Table, recorded: bool, code: &mut String) -> Result<(), String> {
    let mut fields = String::new();
    for (section, _) in sections(base)? {
        let kind = words(section);
        let _ = writeln!(fields, "    /// Texts of `{section}`.\n    pub {section}: texts_of::{kind},");
    }
    if recorded {
        fields.push_str(
            "    /// What persons consent to.\n    pub consent_texts: &'static [Consent],\n    \
             /// The safety question.\n    pub safety: Safety,\n",
        );
    }
    let _ =
        write!(code, "/// Every text of one language.\n#[derive(Debug)]\npub struct Texts {{\n{fields}}}\n");
    code.push_str("/// One struct for each section of the catalogue.\npub mod texts_of {\n    use super::{Piece, fill};\n    use std::fmt::Display;\n");
    for (section, table) in sections(base)? {
        let kind = words(section);
        let (mut fields, mut methods) = (String::new(), String::new());
        for (key, _) in table {
            let shown = text(table, section, key)?;
            let parts = pieces(&format!("{section}.{key}"), shown)?;
            let names = places(&parts);
            let doc = shown.lines().next().unwrap_or_default();
            if names.is_empty() {
                let _ = writeln!(fields, "        #[doc = {doc:?}]\n        pub {key}: &'static str,");
                continue;
            }
            let _ = writeln!(fields, "        pub(super) {key}: &'static [Piece],");
            let args: Vec<String> = names.iter().map(|n| format!("{n}: impl Display")).collect();
            let given: Vec<String> = names.iter().map(|n| format!("&{n}")).collect();
            let _ = writeln!(
                methods,
                "        #[doc = {doc:?}]\n        pub fn {key}(&self, {}) -> String {{ fill(self.{key}, &[{}]) }}",
                args.join(", "),
                given.join(", ")
            );
        }
        let _ = write!(
            code,
            "    /// Texts of `{section}`.\n    #[derive(Debug)]\n    pub struct {kind} {{\n{fields}    }}\n"
        );
        if !methods.is_empty() {
            let _ = write!(code, "    impl {kind} {{\n{methods}    }}\n");
        }
    }
    code.push_str("}\n");
    Ok(())
}

fn catalogue(base: &Table, table: &Table, recorded: bool) -> Result<String, String> {
    let mut code = String::from("Texts {\n");
    for (section, wanted) in sections(base)? {
        let given = table
            .get(section)
            .and_then(Value::as_table)
            .ok_or(format!("the section `{section}` is missing"))?;
        same_keys(section, wanted, given)?;
        let _ = writeln!(code, "    {section}: texts_of::{} {{", words(section));
        for (key, _) in wanted {
            let name = format!("{section}.{key}");
            let parts = pieces(&name, text(given, section, key)?)?;
            let wanted = places(&pieces(&name, text(wanted, section, key)?)?);
            if places(&parts) != wanted {
                return Err(format!("`{name}` must fill the places {wanted:?}"));
            }
            let value =
                if wanted.is_empty() { format!("{:?}", text(given, section, key)?) } else { pattern(&parts) };
            let _ = writeln!(code, "        {key}: {value},");
        }
        code.push_str("    },\n");
    }
    for section in table.keys() {
        if !base.contains_key(section) {
            return Err(format!("the section `{section}` is one too many"));
        }
    }
    if !recorded {
        code.push('}');
        return Ok(code);
    }
    let recorded = |section: &str| -> Result<(Table, Table), String> {
        let get = |t: &Table| t.get(section).and_then(Value::as_table).cloned();
        let wanted = get(base).ok_or(format!("ko.toml lacks `{section}`"))?;
        let given = get(table).ok_or(format!("the section `{section}` is missing"))?;
        same_keys(section, &wanted, &given)?;
        Ok((wanted, given))
    };
    let one = |section: &str, key: &str, given: &Table, keys: &[&str]| -> Result<String, String> {
        let name = format!("{section}.{key}");
        let entry = given.get(key).and_then(Value::as_table).ok_or(format!("`{name}` must be a table"))?;
        let version = entry.get("version").and_then(Value::as_integer).filter(|v| *v > 0);
        let version = version.ok_or(format!("`{name}` needs a version from 1"))?;
        let mut code = format!("id: {name:?}, version: {version}, ");
        for key in keys {
            let parts = pieces(&format!("{name}.{key}"), text(entry, &name, key)?)?;
            if places(&parts).iter().any(|p| p != "institution") {
                return Err(format!("`{name}.{key}` can only fill in `institution`"));
            }
            let _ = write!(code, "{key}: {}, ", pattern(&parts));
        }
        if keys.contains(&"full") {
            for key in ["purpose", "period", "lawful_basis"] {
                let _ = write!(code, "{key}: {:?}, ", text(entry, &name, key)?);
            }
            for key in ["items", "receivers"] {
                let words: Vec<&str> = text(entry, &name, key)?.split(' ').collect();
                let _ = write!(code, "{key}: &{words:?}, ");
            }
        }
        Ok(code)
    };
    let (wanted, given) = recorded("consent")?;
    code.push_str("    consent_texts: &[\n");
    for (key, _) in &wanted {
        let _ = writeln!(code, "        Consent {{ {} }},", one("consent", key, &given, &CONSENT)?);
    }
    let (_, given) = recorded("safety")?;
    let _ =
        writeln!(code, "    ],\n    safety: Safety {{ {} }},", one("safety", "told_to", &given, &SAFETY)?);
    code.push('}');
    Ok(code)
}

fn same_keys(section: &str, wanted: &Table, given: &Table) -> Result<(), String> {
    for key in wanted.keys() {
        if !given.contains_key(key) {
            return Err(format!("`{section}.{key}` is missing"));
        }
    }
    for key in given.keys() {
        if !wanted.contains_key(key) {
            return Err(format!("`{section}.{key}` is one too many"));
        }
    }
    Ok(())
}

/// The files that the program serves, compiled in: `(path under assets/, bytes)`.
fn assets(folder: &Path) -> String {
    let mut files = Vec::new();
    collect(folder, folder, &mut files);
    files.sort();
    let mut code = String::from("// Made by build.rs from assets/.\n");
    code.push_str("/// Every file under `assets/`: its path there, and its bytes.\n");
    code.push_str("pub static FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        let _ = writeln!(code, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
    }
    code.push_str("];\n");
    code
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| entry.ok().map(|e| e.path())) {
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            collect(root, &path, found);
        } else if let Ok(name) = path.strip_prefix(root) {
            found.push((name.to_string_lossy().replace('\\', "/"), path.clone()));
        }
    }
}
