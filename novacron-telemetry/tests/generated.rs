//! The committed documents are what the catalog says. `BLESS=1` rewrites them.

#![cfg(feature = "describe")]

use std::path::{Path, PathBuf};

use novacron_telemetry::describe;

#[test]
fn the_list_of_metrics_is_what_the_catalog_says() {
    compare("docs/metrics.md", &describe::markdown());
}

#[test]
fn the_list_for_tools_is_what_the_catalog_says() {
    compare("docs/metrics.json", &describe::json());
}

#[test]
fn the_list_of_exceptions_is_what_the_catalog_says() {
    compare("docs/naming-exceptions.md", &describe::naming_exceptions());
}

fn compare(file: &str, generated: &str) {
    let path = workspace().join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, generated).unwrap_or_else(|e| panic!("{file} is not writable: {e}"));
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = committed
        .lines()
        .zip(generated.lines())
        .enumerate()
        .find(|(_, (committed, generated))| committed != generated);
    if let Some((at, (committed, generated))) = differs {
        panic!(
            "{file}:{} is stale; `BLESS=1 cargo test --all-features --test generated` rewrites it\n  \
             committed: {committed}\n  generated: {generated}",
            at + 1
        );
    }
    assert_eq!(
        committed.lines().count(),
        generated.lines().count(),
        "{file} is stale; `BLESS=1 cargo test --all-features --test generated` rewrites it"
    );
    assert_eq!(committed, generated, "{file} differs in its line ends");
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
