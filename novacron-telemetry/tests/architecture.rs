//! Which room may know which: `docs/architecture.md`, read from the sources.
//!
//! A room is a top-level module. What counts as knowing is a path that begins with `crate::`,
//! wherever it stands, but not in comments. Unit tests (`tests.rs`) may look at a room from above.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up. A room may know those on lower lines; rooms on one line do not see
/// each other.
const LADDER: &[&[&str]] = &[
    &["error", "sync", "redact"],
    &["label"],
    &["cell"],
    &["metric"],
    &["registry"],
    &["catalog", "encode"],
    &["context"],
    &["record"],
    &["traces"],
    &["logs", "health", "facade", "collect"],
    &["layer", "sqlx"],
    &["expose", "describe"],
    &["config"],
    &["telemetry"],
    &["testing"],
];

/// Lists of re-exports: they may know everything, and no room may know them.
const LISTS: &[&str] = &["lib", "prelude", "private"];

/// Arrows that would point down the ladder and must not exist all the same.
const NEVER: &[(&str, &str, &str)] = &[
    ("expose", "record", "serving is not recording"),
    ("expose", "layer", "serving is not recording"),
    ("expose", "catalog", "the exposer knows no metric by name"),
    (
        "expose",
        "metric::family",
        "what the exposer counts about itself is handed to it",
    ),
    (
        "encode",
        "registry::Registry",
        "an encoder sees what the visitor shows, not what it walks through",
    ),
    (
        "encode",
        "metric",
        "an encoder sees names, labels and numbers, never an instrument",
    ),
    (
        "encode",
        "label",
        "what encoders need of labels, `registry::visit` shows them",
    ),
    (
        "encode",
        "cell",
        "an encoder sees names, labels and numbers, never where they live",
    ),
    ("layer", "logs", "neighbours meet only in `telemetry`"),
    ("layer", "health", "neighbours meet only in `telemetry`"),
    ("layer", "facade", "neighbours meet only in `telemetry`"),
    ("layer", "catalog::Catalog", "a layer carries its recorder"),
];

#[test]
fn every_room_has_a_place_on_the_ladder() {
    for room in rooms() {
        assert!(
            level(&room).is_some() || LISTS.contains(&room.as_str()),
            "room `{room}` is not on the ladder"
        );
    }
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (file, room, path) in arrows() {
        let Some(to) = level(first(&path)) else {
            wrong.push(format!(
                "{}: `crate::{path}` leads to no room",
                file.display()
            ));
            continue;
        };
        if !LISTS.contains(&room.as_str()) && room != first(&path) && level(&room) <= Some(to) {
            wrong.push(format!(
                "{}: `{room}` must not know `crate::{path}`",
                file.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_arrows_that_never_exist_do_not() {
    let mut wrong = Vec::new();
    for (file, room, path) in arrows() {
        for (from, to, why) in NEVER {
            let hit = path
                .strip_prefix(to)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
            if room == *from && hit {
                wrong.push(format!("{}: `crate::{path}`: {why}", file.display()));
            }
        }
        if room == "encode" && first(&path) == "registry" && !path.starts_with("registry::visit") {
            wrong.push(format!(
                "{}: `crate::{path}`: encoders see `registry::visit` alone",
                file.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_library_does_not_depend_on_collectors_nor_the_macros_on_the_library() {
    for (manifest, banned) in [
        ("Cargo.toml", "novacron-collectors"),
        (
            "../novacron-telemetry-macros/Cargo.toml",
            "novacron-telemetry",
        ),
    ] {
        let text = fs::read_to_string(root().join(manifest)).unwrap();
        let dependencies = section(&text, "[dependencies]");
        assert!(!dependencies.is_empty(), "{manifest} has dependencies");
        for line in dependencies {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            assert_ne!(name, banned, "{manifest}");
        }
    }
}

/// The reader is a reader, too: what it finds in a text that shows each of its cases.
#[test]
fn paths_are_found_wherever_they_stand() {
    let text = "
        //! [`Nothing`](crate::nothing::X)
        use crate::label::{LabelSet, LabelValue};
        use crate::{cell::{Cells, View}, metric::Kind as K,
            sync::Mutex};
        fn f() -> crate::error::Result<()> { crate::record::now() } // crate::nothing
        let text = \"crate::nothing\"; /* crate::nothing */
    ";
    let found: Vec<String> = paths(text);
    let expected = [
        "label::LabelSet",
        "label::LabelValue",
        "cell::Cells",
        "cell::View",
        "metric::Kind",
        "sync::Mutex",
        "error::Result",
        "record::now",
    ];
    assert_eq!(found, expected);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn level(room: &str) -> Option<usize> {
    LADDER.iter().position(|rooms| rooms.contains(&room))
}

fn first(path: &str) -> &str {
    path.split("::").next().unwrap_or_default()
}

/// The top-level modules there are.
fn rooms() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("src")).unwrap();
    entries
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// Every arrow there is: file, the room it is in, and the path it names. Names that `lib.rs`
/// re-exports count as the room they come from.
fn arrows() -> Vec<(PathBuf, String, String)> {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let reexports = reexports();
    let mut arrows = Vec::new();
    for file in files {
        let inside = file.strip_prefix(root().join("src")).unwrap();
        let room = Path::new(inside.components().next().unwrap().as_os_str());
        let room = room.file_stem().unwrap().to_string_lossy().into_owned();
        for path in paths(&fs::read_to_string(&file).unwrap()) {
            let path = match reexports.get(first(&path)) {
                Some(room) => format!("{room}::{path}"),
                None => path,
            };
            arrows.push((inside.to_owned(), room.clone(), path));
        }
    }
    arrows
}

/// `Registry` → `registry`: the names that the root re-exports.
fn reexports() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let code = without_comments_and_texts(&text);
    let mut names = BTreeMap::new();
    for statement in code.split("pub use ").skip(1) {
        let statement = statement.split(';').next().unwrap_or_default();
        let tokens = tokens(statement);
        for path in expand(&mut tokens.iter().map(String::as_str).peekable()) {
            let last = path.rsplit("::").next().unwrap_or_default().to_owned();
            names.insert(last, first(&path).to_owned());
        }
    }
    names
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            files.push(path);
        }
    }
}

/// The lines of one section of a manifest.
fn section<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    manifest
        .lines()
        .skip_while(|line| *line != name)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty())
        .collect()
}

/// What follows each `crate::`, one path per name.
fn paths(text: &str) -> Vec<String> {
    let code = without_comments_and_texts(text);
    let tokens = tokens(&code);
    let mut paths = Vec::new();
    let mut at = 0;
    while at + 1 < tokens.len() {
        let before = at.checked_sub(1).map(|before| tokens[before].as_str());
        // `pub(crate)` has no `::` behind it; `$crate` is somebody else's root.
        if tokens[at] == "crate" && tokens[at + 1] == "::" && before != Some("$") {
            let mut rest = tokens[at + 2..].iter().map(String::as_str).peekable();
            paths.extend(expand(&mut rest));
        }
        at += 1;
    }
    paths
}

/// `a::{b, c::d}` → `a::b`, `a::c::d`.
fn expand<'a>(tokens: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Vec<String> {
    let Some(token) = tokens.next() else {
        return Vec::new();
    };
    if token == "{" {
        let mut all = Vec::new();
        while let Some(token) = tokens.peek() {
            match *token {
                "}" => {
                    tokens.next();
                    break;
                }
                "," => {
                    tokens.next();
                }
                "as" => {
                    tokens.next();
                    tokens.next();
                }
                _ => all.extend(expand(tokens)),
            }
        }
        return all;
    }
    if tokens.peek() == Some(&"::") {
        tokens.next();
        let rest = expand(tokens);
        return rest
            .into_iter()
            .map(|rest| format!("{token}::{rest}"))
            .collect();
    }
    vec![token.to_owned()]
}

/// Words, `::`, and single other characters.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in code.chars() {
        let word = c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(last) if word && in_word => last.push(c),
            Some(last) if c == ':' && last == ":" => last.push(c),
            _ if c.is_whitespace() => {}
            _ => tokens.push(c.to_string()),
        }
        in_word = word;
    }
    tokens
}

/// The code alone. Raw strings with quotes inside end early, which only ever shows more.
fn without_comments_and_texts(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("'\"'") {
            3
        } else if c == '"' {
            closing_quote(rest)
        } else {
            0
        };
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

/// Where the text ends that `rest` begins with.
fn closing_quote(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}
