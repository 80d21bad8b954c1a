//! Which module may know which, read from the sources.
//!
//! A collector knows the ground that all stand on, and no other collector. What reads and parses
//! knows no group of metrics: only the file that implements `Collector`, and one that publishes, do.

use std::fs;
use std::path::{Path, PathBuf};

/// What every collector may stand on.
const GROUND: &[&str] = &[
    "circuit", "duration", "http", "pattern", "root", "text", "Root",
];

/// The collectors, one module or folder each; those of one folder may share what is in it.
const COLLECTORS: &[&str] = &[
    "containers",
    "gpu",
    "hardware",
    "host",
    "libvirt",
    "ml",
    "network",
    "platform",
    "rdma",
];

/// Files that know groups of metrics although they read, and why.
const EXCEPT: &[(&str, &str)] = &[
    (
        "ml/facts.rs",
        "a service of models speaks of the catalog's own families",
    ),
    (
        "ml/totals.rs",
        "what a total grew by is found out when it is shown",
    ),
];

/// What knows all collectors, because it starts them.
const ABOVE: &[&str] = &["settings", "bin"];

#[test]
fn every_module_has_its_place() {
    for (file, _) in sources() {
        let module = module_of(&file);
        let known = [GROUND, COLLECTORS, ABOVE, &["lib"]].concat();
        assert!(known.contains(&module.as_str()), "`{module}` has no place");
    }
}

#[test]
fn a_collector_knows_the_ground_and_no_other_collector() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let module = module_of(&file);
        if module == "lib" || ABOVE.contains(&module.as_str()) {
            continue;
        }
        for path in paths(&code, "crate::") {
            let ground = GROUND.contains(&path.as_str());
            let own = path == module && COLLECTORS.contains(&path.as_str());
            if !ground && !own {
                wrong.push(format!("{}: `crate::{path}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_reads_knows_no_metrics() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let publishes = name.starts_with("publish") || code.contains("Collector for ");
        let excepted = EXCEPT.iter().any(|(except, _)| file.ends_with(except));
        let above = excepted || ABOVE.contains(&module_of(&file).as_str());
        let metrics = paths(&code, "novacron_telemetry::catalog::");
        let groups = metrics.iter().filter(|path| path.ends_with("Metrics"));
        for group in groups.filter(|_| !publishes && !above) {
            wrong.push(format!("{}: `{group}`", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The readers above find what they look for.
#[test]
fn paths_are_found_alone_and_in_lists() {
    let code =
        "use crate::{Root, text::{self, lines}}; crate::http::Client; use crate::circuit as c;";
    assert_eq!(paths(code, "crate::"), ["Root", "text", "http", "circuit"]);
    let code = "use novacron_telemetry::catalog::{GpuMetrics, gpu::GpuLabels};";
    assert_eq!(
        paths(code, "novacron_telemetry::catalog::"),
        ["GpuMetrics", "gpu"]
    );
}

/// The first word of each path behind `prefix`, also of those in a list.
fn paths(code: &str, prefix: &str) -> Vec<String> {
    let word = |text: &str| {
        let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut begins = true;
        for (at, letter) in list.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                letter if begins && letter.is_alphanumeric() => {
                    found.push(word(&list[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    found
}

/// The module at the top that a file belongs to.
fn module_of(file: &Path) -> String {
    let relative = file.strip_prefix(root()).unwrap_or(file);
    let first = relative.components().next();
    let first = first.map(|part| part.as_os_str().to_string_lossy().into_owned());
    let first = first.unwrap_or_default();
    first.strip_suffix(".rs").unwrap_or(&first).to_owned()
}

/// Every source file, without comments and without its unit tests.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && path.file_stem().is_some_and(|name| name != "tests")
            {
                let text = fs::read_to_string(&path).unwrap();
                let code = text
                    .split("#[cfg(test)]\nmod tests")
                    .next()
                    .unwrap_or_default();
                let code = code
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                files.push((path, code.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    assert!(files.len() > 40, "the sources are where they were");
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
