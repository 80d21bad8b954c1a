//! Every file that a collector reads, cut at every byte and changed at random: nobody panics, and
//! nothing is shown that no file says.
//!
//! The files are those of a tree of the fixtures. A case names the tree, the collector, the units
//! that its conversions multiply by, and the families whose values are counted or computed and so
//! stand in no file. Which files are read is found out: those without which something else is shown.
//!
//! * **Cut:** after a part of a file, every series that is shown is one that the whole file shows. A
//!   number that was cut in half must be absent, not smaller.
//! * **Changed:** every value that is shown and was not shown before is a number in the changed
//!   file, times a unit, or a value that the family had anyway (a label changed). So a zero is shown
//!   only where the file says zero: none is made up.
//!
//! `NOVACRON_MUTATIONS` is how many changes there are of all cases together; 4 000 if it is not set,
//! which an unoptimised program does in passing.
//! To add a collector, add a line to [`cases`] below.

#![allow(clippy::print_stdout, reason = "how much was tried is said aloud")]

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use novacron_collectors::Root;
use novacron_telemetry::collect::Collector;

use crate::support::{Shown, Tree};

/// What a case knows about its collector.
struct Case<C> {
    tree: Tree,
    /// Makes the collector anew for each reading, so that one does not explain the next.
    make: fn(&Root) -> C,
    /// What a token may be multiplied by on its way.
    units: &'static [f64],
    /// Families that are counted or computed: their values stand in no file.
    computed: &'static [&'static str],
}

/// One line per collector: name, its feature, tree, how it is made, units, computed families.
macro_rules! cases {
    ($($name:ident, $feature:literal, $tree:path, $make:expr, $units:expr, $computed:expr;)*) => {
        const CASES: u32 = [$(stringify!($name)),*].len() as u32;

        $(
            #[cfg(feature = $feature)]
            mod $name {
                use super::*;

                fn case() -> Case<impl Collector> {
                    Case { tree: $tree(), make: $make, units: &$units, computed: &$computed }
                }

                #[test]
                fn shows_nothing_but_the_whole_of_what_is_left_when_a_file_is_cut() {
                    println!("{}", cut(case()));
                }

                #[test]
                fn shows_nothing_but_what_is_said_when_a_file_is_changed() {
                    println!("{}", changed(case()));
                }
            }
        )*
    };
}

cases! {
    cpu, "host", crate::support::busy, crate::host::cpu,
        [1.0, 0.01, 1e-6, 1e3],
        ["cpu_cores", "cpu_usage_percent", "system_processes", "open_file_descriptors"];
    memory, "host", crate::support::busy, crate::host::memory,
        [1.0, 1024.0, 65_536.0],
        ["memory_usage_bytes", "swap_used_bytes", "numa_cpus", "ksm_running", "transparent_hugepage_mode"];
    disk, "host", crate::support::busy, crate::host::disk,
        [1.0, 512.0, 1e-3],
        ["raid_disks", "raid_state", "raid_sync_action", "raid_sync_progress_ratio"];
    filesystem, "host", crate::support::busy, crate::host::filesystem,
        [],
        ["filesystem_info", "filesystem_source_info", "filesystem_read_only"];
    network, "host", metal_without_zeros, crate::network::shown_by_default,
        [1.0, 125_000.0],
        ["interface_up", "switch_up", "overlay_connections"];
    rdma, "host", metal_without_zeros, crate::rdma::ports,
        [1.0, 4.0, 125e6],
        ["rdma_port_up"];
    platform, "host", metal_without_zeros, crate::platform::offers,
        [1.0],
        ["kvm_nested", "cpu_vulnerable"];
    sensors, "hardware", metal_without_zeros, crate::hardware::sensors,
        [1.0, 1e-3, 1e-6],
        ["power_supply_up", "nic_up"];
    power, "hardware", metal_without_zeros, crate::hardware::power,
        [1e-6],
        [];
    edac, "hardware", metal_without_zeros, crate::hardware::edac,
        [1.0],
        ["memory_errors_total"];
    containers_unified, "containers", crate::support::unified, containers,
        [1.0, 1e-6],
        ["working_set_bytes", "limit_bytes", "limit_cores", "tasks_limit", "start_time_seconds",
         "io_bytes_total", "io_operations_total", "network_bytes_total", "network_packets_total",
         "network_errors_total", "network_drops_total"];
    // Without its tree of version 1, the time on processors is what the unified one says.
    containers_hybrid, "containers", crate::support::hybrid, containers,
        [1.0, 1e-6, 1e-9],
        ["working_set_bytes", "limit_bytes", "limit_cores", "tasks_limit", "start_time_seconds",
         "io_bytes_total", "io_operations_total", "network_bytes_total", "network_packets_total",
         "network_errors_total", "network_drops_total", "cpu_seconds_total"];
    gpu, "gpu", crate::support::gpus, |root| {
            let library = Some("/nowhere/libnvidia-ml.so.1".into());
            let settings = novacron_collectors::gpu::GpuSettings { library };
            novacron_collectors::gpu::GpuCollector::new(root.clone(), settings)
        },
        [],
        ["passthrough"];
}

/// The tree of a host of metal on which hardly a counter is zero, so that a zero that is shown was
/// made up.
#[cfg(any(feature = "host", feature = "hardware"))]
fn metal_without_zeros() -> Tree {
    const COUNTERS: [&str; 5] = [
        "proc/1/net/",
        "counters/",
        "edac/",
        "fan2_input",
        "ce_count",
    ];
    let tree = crate::support::metal();
    // One file says whether another one is to be believed: that is a test of its own.
    tree.remove("sys/class/hwmon/hwmon2/fan3_fault");
    tree.remove("sys/class/hwmon/hwmon2/fan3_input");
    let mut next = 700_001;
    for path in files(&tree) {
        if COUNTERS.iter().any(|part| path.contains(part)) {
            let text = std::fs::read_to_string(tree.path(&path)).unwrap();
            let lines = text.lines().map(|line| {
                let words = line.split(' ').map(|word| match word {
                    "0" => {
                        next += 1;
                        next.to_string()
                    }
                    word => word.to_owned(),
                });
                words.collect::<Vec<_>>().join(" ") + "\n"
            });
            tree.write(&path, &lines.collect::<String>());
        }
    }
    tree
}

/// Containers without any runtime that names them.
#[cfg(feature = "containers")]
fn containers(root: &Root) -> novacron_collectors::containers::ContainersCollector {
    use novacron_collectors::containers::{ContainersCollector, ContainersSettings};

    let settings = ContainersSettings {
        sockets: Vec::new(),
        ..ContainersSettings::default()
    };
    ContainersCollector::new(root.clone(), settings)
}

/// A collector that reads a tree of which one file is not as it was.
struct Watch<C: Collector> {
    case: Case<C>,
    root: Root,
    shown: Shown<C>,
    /// What the tree shows as it is.
    base: HashSet<String>,
    /// The values of each family in it.
    values: HashMap<String, Vec<f64>>,
    /// The files that are read, with what they hold.
    files: Vec<(String, Vec<u8>)>,
}

impl<C: Collector> Watch<C> {
    fn new(case: Case<C>) -> Self {
        let root = case.tree.root();
        let shown = Shown::new((case.make)(&root));
        let mut watch = Self {
            case,
            root,
            shown,
            base: HashSet::new(),
            values: HashMap::new(),
            files: Vec::new(),
        };
        watch.base = watch.series();
        assert!(!watch.base.is_empty(), "{} shows nothing", C::NAME);
        for line in &watch.base {
            let (family, value) = parts(line);
            let values = watch.values.entry(family.to_owned()).or_default();
            values.push(value);
        }
        for path in files(&watch.case.tree) {
            let file = watch.case.tree.path(&path);
            let bytes = std::fs::read(&file).unwrap();
            std::fs::remove_file(&file).unwrap();
            let read = watch.series() != watch.base;
            std::fs::write(&file, &bytes).unwrap();
            if read {
                watch.files.push((path, bytes));
            }
        }
        assert!(!watch.files.is_empty(), "{} reads nothing", C::NAME);
        watch
    }

    /// Reads the tree as it is now.
    fn series(&mut self) -> HashSet<String> {
        self.shown.collector = (self.case.make)(&self.root);
        let series = match self.shown.run() {
            Ok(series) => series,
            Err(_) => self.shown.forget(),
        };
        series.lines().map(str::to_owned).collect()
    }

    /// Reads the tree with this file changed; returns what is shown that was not.
    fn news(&mut self, path: &str, bytes: &[u8]) -> Vec<String> {
        std::fs::write(self.case.tree.path(path), bytes).unwrap();
        let begun = Instant::now();
        let series = catch_unwind(AssertUnwindSafe(|| self.series()));
        let took = begun.elapsed();
        let series = series.unwrap_or_else(|_| panic!("{path}: panicked at {}", excerpt(bytes)));
        assert!(
            took < Duration::from_secs(10),
            "{path}: {took:?} for {}",
            excerpt(bytes)
        );
        series.difference(&self.base).cloned().collect()
    }

    fn is_computed(&self, family: &str) -> bool {
        self.case
            .computed
            .iter()
            .any(|known| family.ends_with(known))
    }

    fn restore(&self, path: &str, bytes: &[u8]) {
        std::fs::write(self.case.tree.path(path), bytes).unwrap();
    }
}

fn cut<C: Collector>(case: Case<C>) -> String {
    let mut watch = Watch::new(case);
    let mut cuts = 0;
    for (path, whole) in watch.files.clone() {
        for end in 0..whole.len() {
            for line in watch.news(&path, &whole[..end]) {
                assert!(
                    watch.is_computed(parts(&line).0),
                    "{path}, cut at {end} after {}: {line}",
                    excerpt(&whole[end.saturating_sub(40)..end]),
                );
            }
            cuts += 1;
        }
        watch.restore(&path, &whole);
    }
    format!("{}: {} files, {cuts} cuts", C::NAME, watch.files.len())
}

fn changed<C: Collector>(case: Case<C>) -> String {
    let total = std::env::var("NOVACRON_MUTATIONS").map_or(4_000, |text| text.parse().unwrap());
    let mut watch = Watch::new(case);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ C::NAME.len() as u64);
    let files = watch.files.clone();
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let (mut changes, mut news) = (0_u32, 0_u32);
    while changes < total / CASES + 1 {
        // By files and by bytes in turn: small files are many, and large ones have more to break.
        let (path, whole) = match dice.one_in(2) {
            true => &files[dice.below(files.len())],
            false => {
                let mut at = dice.below(bytes);
                let mut files = files.iter();
                loop {
                    let file = files.next().unwrap();
                    match at.checked_sub(file.1.len()) {
                        Some(rest) => at = rest,
                        None => break file,
                    }
                }
            }
        };
        let mut broken = whole.clone();
        for _ in 0..=dice.below(3) {
            dice.change(&mut broken);
        }
        let tokens = match path.ends_with("softnet_stat") {
            true => hexadecimal(&broken),
            false => numbers(&broken),
        };
        for line in watch.news(path, &broken) {
            let (family, value) = parts(&line);
            let had = watch.values.get(family);
            let explained = watch.is_computed(family)
                || had.is_some_and(|values| values.contains(&value))
                || watch
                    .case
                    .units
                    .iter()
                    .any(|unit| tokens.iter().any(|token| same(token * unit, value)));
            assert!(explained, "{path}: `{line}` from {}", excerpt(&broken));
            assert!(
                value.is_finite() || watch.is_computed(family),
                "{path}: `{line}` from {}",
                excerpt(&broken)
            );
            news += 1;
        }
        watch.restore(path, whole);
        changes += 1;
    }
    // An oracle that is never asked proves nothing.
    assert!(
        news > changes / 100 || watch.case.units.is_empty(),
        "{news}"
    );
    format!(
        "{}: {changes} changes of {} files; {news} values were new, and each of them was said",
        C::NAME,
        files.len()
    )
}

/// The family of a line of an exposition, and its value.
fn parts(line: &str) -> (&str, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let family = series.split('{').next().unwrap();
    (family, value.parse().unwrap())
}

pub(crate) fn same(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// The numbers that a text says: tokens that are nothing else.
pub(crate) fn numbers(bytes: &[u8]) -> Vec<f64> {
    let separates = |byte: &u8| byte.is_ascii_whitespace() || b":=/,()[]{}\"".contains(byte);
    let tokens = bytes.split(separates).filter_map(|token| {
        let plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        let text = std::str::from_utf8(token).ok()?;
        (!token.is_empty() && token.iter().all(plain)).then(|| text.parse().ok())?
    });
    tokens.collect()
}

/// The same of a file of hexadecimal numbers.
fn hexadecimal(bytes: &[u8]) -> Vec<f64> {
    let text = String::from_utf8_lossy(bytes);
    let tokens = text.split_ascii_whitespace();
    let numbers = tokens.filter_map(|token| u64::from_str_radix(token, 16).ok());
    numbers.map(|number| number as f64).collect()
}

fn excerpt(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(2000)];
    format!("\"{}\"", shown.escape_ascii())
}

/// The files of a tree, without links, by path.
pub(crate) fn files(tree: &Tree) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let (kind, path) = (entry.file_type().unwrap(), entry.path());
            if kind.is_dir() {
                walk(root, &path, found);
            } else if kind.is_file() {
                let path = path.strip_prefix(root).unwrap();
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    let root = tree.path("");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort_unstable();
    found
}

/// Chance that is the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.roll() >> 11) as usize % end.max(1)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Where lines begin, and the end.
    fn lines(bytes: &[u8]) -> Vec<usize> {
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        std::iter::once(0)
            .chain(ends.map(|(at, _)| at + 1))
            .collect()
    }

    /// Breaks a text in one of the ways that texts break in, or in one that nobody thought of.
    pub(crate) fn change(&mut self, bytes: &mut Vec<u8>) {
        const BYTES: &[u8] = b"0123456789 \t\n\r-.+:=/,()[]{}x\"aZ\0\xff\\";
        const TOKENS: &[&str] = &[
            "0",
            "-0",
            "-1",
            "1",
            "00",
            "0.0",
            "inf",
            "NaN",
            "1e3",
            "0x10",
            "",
            " ",
            "none",
            "+7",
            "18446744073709551615",
            "18446744073709551616",
            "9223372036854775808",
            "4294967295",
            "99999999999999999999999999999999",
            "1.5",
            ".5",
            "5.",
            "\u{661}",
            "\n",
            "kB",
            "max",
        ];
        let (from, to) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        match self.below(11) {
            0 if from < bytes.len() => bytes[from] ^= 1 << self.below(8),
            1 => bytes.insert(from, BYTES[self.below(BYTES.len())]),
            2 if from < bytes.len() => {
                bytes.remove(from);
            }
            3 => bytes.truncate(to),
            4 => {
                bytes.drain(from..to.min(from + 12));
            }
            5 => {
                let again = bytes[from..to.min(from + 200)].to_vec();
                bytes.splice(to..to, again);
            }
            // A token is another one: the one that a parser has to get right.
            6 | 7 => {
                let is_end = |byte: &u8| byte.is_ascii_whitespace() || b":=,".contains(byte);
                let begin = bytes[..from]
                    .iter()
                    .rposition(is_end)
                    .map_or(0, |at| at + 1);
                let end = bytes[from..]
                    .iter()
                    .position(is_end)
                    .map_or(bytes.len(), |at| from + at);
                let token = TOKENS[self.below(TOKENS.len())].bytes();
                bytes.splice(begin..end, token);
            }
            8 => {
                let lines = Self::lines(bytes);
                let at = self.below(lines.len());
                let (begin, end) = (lines[at], lines.get(at + 1).copied().unwrap_or(bytes.len()));
                let line: Vec<u8> = bytes.drain(begin..end).collect();
                // Gone, or elsewhere.
                if self.one_in(2) {
                    let lines = Self::lines(bytes);
                    let to = lines[self.below(lines.len())];
                    bytes.splice(to..to, line);
                }
            }
            9 => {
                let line = [b"x".as_slice(), b"7 ", b"\n", b"9"][self.below(4)];
                let many = line.repeat(self.below(20_000));
                bytes.splice(from..from, many);
            }
            _ => bytes.retain(|byte| *byte != b'\n' || from % 2 == 0),
        }
    }
}

#[test]
fn the_oracle_knows_what_a_number_is() {
    assert_eq!(
        numbers(b"a 12 -3\t0.5 12x x12 total=7\n1/95 [8]"),
        [12.0, -3.0, 0.5, 7.0, 1.0, 95.0, 8.0]
    );
    assert!(same(0.1 + 0.2, 0.3) && !same(0.0, 1e-300) && !same(5.0, 5.1));
    assert_eq!(parts("a_b{c=\"d e\"} 1.5"), ("a_b", 1.5));
}
