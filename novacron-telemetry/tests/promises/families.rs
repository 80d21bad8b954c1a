//! All families of `families.txt`, with their types, labels, values and bounds.

use std::collections::BTreeMap;

use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::label::{Domain, LabelDescriptor};
use novacron_telemetry::metric::Descriptor;
use novacron_telemetry::registry::Groups;

const PROMISED: &str = include_str!("families.txt");

/// A line `family NAME TYPE LABEL:SET … / BOUNDS`, taken apart.
struct Promise<'a> {
    name: &'a str,
    kind: &'a str,
    labels: Vec<(&'a str, bool, Vec<&'a str>)>,
    bounds: Vec<f64>,
}

fn promises() -> Vec<Promise<'static>> {
    let mut sets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut bounds: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut promises = Vec::new();
    for line in PROMISED
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["set", name, ref values @ ..] => {
                sets.insert(name, values.to_vec());
            }
            ["bounds", name, ref values @ ..] => {
                let values = values.iter().map(|value| value.parse().expect("a number"));
                bounds.insert(name, values.collect());
            }
            ["family", name, kind, ref rest @ ..] => {
                let end = rest
                    .iter()
                    .position(|word| *word == "/")
                    .unwrap_or(rest.len());
                let labels = rest[..end].iter().map(|word| {
                    let (label, set) = word.split_once(':').expect("label:set");
                    let bare = label.trim_end_matches('?');
                    (bare, bare != label, sets[set].clone())
                });
                promises.push(Promise {
                    name,
                    kind,
                    labels: labels.collect(),
                    bounds: rest
                        .get(end + 1)
                        .map_or_else(Vec::new, |name| bounds[name].clone()),
                });
            }
            _ => panic!("not understood: {line}"),
        }
    }
    promises
}

#[test]
fn every_promised_family_is_declared_as_promised() {
    let promises = promises();
    assert_eq!(promises.len(), 345);
    for promise in &promises {
        let family = Catalog::find(promise.name)
            .unwrap_or_else(|| panic!("{} is not declared", promise.name));
        assert_eq!(family.kind.as_str(), promise.kind, "{}", promise.name);
        assert_eq!(family.buckets, promise.bounds, "{}", promise.name);
        let labels: Vec<_> = family
            .labels
            .iter()
            .map(|l| (l.name, l.optional, set(l)))
            .collect();
        let promised: Vec<_> = promise
            .labels
            .iter()
            .map(|(name, optional, values)| (*name, *optional, values.join(" ")))
            .collect();
        assert_eq!(labels, promised, "{}", promise.name);
    }
}

/// The values of a label, as `families.txt` spells them.
fn set(label: &LabelDescriptor) -> String {
    match label.domain {
        Domain::Open { cap } => format!("open {cap}"),
        Domain::Closed(["false", "true"]) => "true false".to_owned(),
        Domain::Closed(texts) if texts.len() == 500 => format!("{} … {}", texts[0], texts[499]),
        Domain::Closed(texts) => texts.join(" "),
    }
}

/// Families that no document asks for by name, one a line, in the order of the catalog.
const BEYOND: &str = include_str!("beyond.txt");

#[test]
fn what_is_declared_beyond_the_promise_is_known() {
    let promised: Vec<&str> = promises().iter().map(|promise| promise.name).collect();
    let more: Vec<&str> = Catalog::descriptors()
        .map(|family| family.name)
        .filter(|name| !promised.contains(name))
        .collect();
    if std::env::var_os("BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/promises/beyond.txt");
        std::fs::write(path, more.join("\n") + "\n").unwrap();
        return;
    }
    let known: Vec<&str> = BEYOND.lines().collect();
    assert_eq!(more, known, "BLESS=1 takes these into beyond.txt");
}

#[test]
fn each_domain_has_as_many_families_as_promised() {
    for (prefix, least) in [
        ("novacron_api_", 20),
        ("novacron_dwcp_", 15),
        ("novacron_database_", 10),
        ("novacron_vm", 12),
        ("novacron_system_", 10),
    ] {
        let families = core()
            .filter(|family| family.name.starts_with(prefix))
            .count();
        assert!(
            families >= least,
            "{prefix}…: {families} families, {least} promised"
        );
    }
    for (group, least) in [("business", 8), ("health", 5)] {
        let families = Catalog::GROUPS
            .iter()
            .find(|known| known.name == group)
            .map_or(0, |known| known.families.len());
        assert!(
            families >= least,
            "{group}: {families} families, {least} promised"
        );
    }
    assert!(core().count() >= 100, "{} core families", core().count());
}

fn core() -> impl Iterator<Item = &'static Descriptor> {
    Catalog::GROUPS
        .iter()
        .filter(|group| Groups::CORE.contains(group.switch))
        .flat_map(|group| group.families)
        .filter(|family| !family.opt_in)
}
