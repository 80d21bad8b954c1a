//! What the tests of several collectors need.

#![allow(dead_code, reason = "each feature has tests that need a part of it")]
#![allow(clippy::print_stdout, reason = "what is left out is said aloud")]

#[path = "../support/golden.rs"]
mod golden;
#[allow(
    unused_imports,
    reason = "each feature has tests that need a part of it"
)]
pub(crate) use golden::golden;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use novacron_collectors::Root;
use novacron_telemetry::Registry;
use novacron_telemetry::collect::{CollectError, Collector, Run};
use novacron_telemetry::registry::Handles;
use tempfile::TempDir;

/// A file or folder of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The tree of a QEMU guest, as its kernel had it.
pub(crate) fn qemu() -> Root {
    Root::new(fixture("qemu"))
}

/// The tree of a host of metal, to be changed at will.
pub(crate) fn metal() -> Tree {
    tree("metal.tree")
}

/// The tree of a host on which nothing that is shown is zero, to be changed at will.
pub(crate) fn busy() -> Tree {
    tree("busy.tree")
}

/// A folder of the fixtures, to be changed at will.
#[cfg(any(feature = "containers", feature = "gpu"))]
pub(crate) fn copied(name: &str) -> Tree {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let (kind, from, to) = (
                entry.file_type().unwrap(),
                entry.path(),
                to.join(entry.file_name()),
            );
            if kind.is_dir() {
                copy(&from, &to);
            } else if kind.is_symlink() {
                std::os::unix::fs::symlink(std::fs::read_link(from).unwrap(), to).unwrap();
            } else {
                std::fs::copy(from, to).unwrap();
            }
        }
    }
    let tree = Tree::new();
    copy(&fixture(name), &tree.path(""));
    tree
}

/// One container of a host with control groups of version 2.
#[cfg(feature = "containers")]
pub(crate) fn unified() -> Tree {
    let tree = copied("containers/v2");
    for other in [
        "system.slice",
        "kubepods.slice",
        "machine.slice/libpod-9591953f03cae0470ddb993d2688166edef4902086aa3b3627c5c4a8d9def561.scope",
    ] {
        tree.remove(&format!("sys/fs/cgroup/{other}"));
    }
    tree
}

/// One container of a host with control groups of both versions.
#[cfg(feature = "containers")]
pub(crate) fn hybrid() -> Tree {
    copied("containers/hybrid")
}

/// GPUs on a bus.
#[cfg(feature = "gpu")]
pub(crate) fn gpus() -> Tree {
    copied("gpu")
}

/// The tree that a file of the fixtures describes.
pub(crate) fn tree(name: &str) -> Tree {
    let text = std::fs::read_to_string(fixture(name)).unwrap();
    let tree = Tree::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(path) = line.strip_suffix(" <<") {
            let content: Vec<&str> = lines.by_ref().take_while(|line| *line != ">>").collect();
            tree.write(path, &(content.join("\n") + "\n"));
        } else if let Some((path, target)) = line.split_once(" -> ") {
            let path = tree.folder_of(path);
            std::os::unix::fs::symlink(target, path).unwrap();
        } else if let Some((path, content)) = line.split_once(" =") {
            tree.write(path, &(content.trim_start().to_owned() + "\n"));
        } else {
            assert!(line.ends_with('/'), "{line}");
            std::fs::create_dir_all(tree.path(line)).unwrap();
        }
    }
    tree
}

/// A tree that is gone with its last test.
#[derive(Debug)]
pub(crate) struct Tree(TempDir);

impl Tree {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn root(&self) -> Root {
        Root::new(self.0.path())
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// Writes a file, and makes its folder.
    pub(crate) fn write(&self, path: &str, content: &str) {
        std::fs::write(self.folder_of(path), content).unwrap();
    }

    /// Puts something there that cannot be read as a file: a pipe that nobody writes to.
    pub(crate) fn pipe(&self, path: &str) {
        let path = self.folder_of(path);
        let _ = std::fs::remove_file(&path);
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    }

    /// Takes a file, folder or link away.
    pub(crate) fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.symlink_metadata().unwrap().is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }

    fn folder_of(&self, path: &str) -> PathBuf {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }
}

/// A collector and what it shows.
pub(crate) struct Shown<C: Collector> {
    pub(crate) collector: C,
    pub(crate) registry: Registry,
    metrics: C::Metrics,
    /// What the last run left out.
    pub(crate) skipped: Vec<String>,
}

impl<C: Collector> Shown<C> {
    pub(crate) fn new(collector: C) -> Self {
        let registry = Registry::new();
        let metrics = C::Metrics::of(&registry).unwrap();
        Self {
            collector,
            registry,
            metrics,
            skipped: Vec::new(),
        }
    }

    /// One run, published as the sampler does it; the exposition without comments and without what
    /// the library says of itself.
    pub(crate) fn run(&mut self) -> Result<String, CollectError> {
        self.run_within(Duration::from_secs(60))
    }

    pub(crate) fn run_within(&mut self, deadline: Duration) -> Result<String, CollectError> {
        let mut run = Run::within(deadline);
        let reading = self.collector.read(&mut run);
        self.skipped = run.skipped_targets().to_vec();
        C::publish(&reading?, &self.metrics);
        Ok(series(&self.registry.render()))
    }

    /// What is shown when the last good reading grew too old.
    pub(crate) fn forget(&self) -> String {
        C::publish(&C::Reading::default(), &self.metrics);
        series(&self.registry.render())
    }

    /// The whole exposition of this collector's families.
    pub(crate) fn exposition(&self) -> String {
        own(&self.registry.render())
    }
}

/// The lines of families that have a series, without those of the library itself.
pub(crate) fn own(exposition: &str) -> String {
    let mut kept = String::new();
    let mut head = String::new();
    for line in exposition.lines() {
        if line.starts_with('#') {
            if line.starts_with("# HELP") {
                head.clear();
            }
            head += line;
            head.push('\n');
        } else if !line.starts_with("novacron_telemetry_") {
            kept += &std::mem::take(&mut head);
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

fn series(exposition: &str) -> String {
    let lines = exposition.lines();
    lines
        .filter(|line| !line.starts_with('#') && !line.starts_with("novacron_telemetry_"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Whether the exposition has this line.
#[track_caller]
pub(crate) fn has(exposition: &str, line: &str) {
    assert!(
        exposition.lines().any(|have| have == line),
        "no line `{line}` in:\n{exposition}"
    );
}
