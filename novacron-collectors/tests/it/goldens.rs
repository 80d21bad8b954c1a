//! Every family of the catalog whose writer is a collector is written by that collector.
//!
//! What collectors show of their fixtures is committed in `tests/golden`, in files that are called
//! like the collector: `network.prom`, `network-qemu.prom`. Other tests hold them to be exactly what
//! is shown. So it is enough to look for each family there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::metric::{Kind, Writer};

/// The expositions of each collector, all of them as one text.
fn goldens() -> BTreeMap<String, String> {
    let mut texts = BTreeMap::<String, String>::new();
    for (name, text) in files("tests/golden", "prom") {
        let collector = name.trim_end_matches(".prom").split('-').next().unwrap();
        *texts.entry(collector.to_owned()).or_default() += &text;
    }
    texts
}

/// The files below a folder of this crate that have this ending: names and texts.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// The families that are left open: each collector's that no exposition of it shows.
fn unwritten() -> BTreeSet<String> {
    let goldens = goldens();
    let mut unwritten = BTreeSet::new();
    for family in Catalog::descriptors() {
        let Writer::Collector(collector) = family.writer else {
            continue;
        };
        let sample = match family.kind {
            Kind::Histogram => format!("{}_bucket", family.name),
            _ => family.name.to_owned(),
        };
        let written = goldens.get(collector).is_some_and(|text| {
            text.lines().any(|line| {
                let rest = line.strip_prefix(&sample);
                rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
            })
        });
        if !written {
            unwritten.insert(format!("{collector}: {}", family.name));
        }
    }
    unwritten
}

#[test]
fn every_family_of_a_collector_is_written_by_it() {
    let unwritten = unwritten();
    assert!(unwritten.is_empty(), "{unwritten:#?}");
}

#[test]
fn every_exposition_is_held_by_a_test() {
    let tests: String = files("tests", "rs")
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    for (golden, _) in files("tests/golden", "prom") {
        let stem = golden.trim_end_matches(".prom");
        assert!(
            tests.contains(&format!("\"{golden}\"")) || tests.contains(&format!("\"{stem}\"")),
            "{golden}: no test compares with it"
        );
    }
}
