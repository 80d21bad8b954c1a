//! A scrape in text format 0.0.4, and whether every line of it was declared.

use std::collections::{BTreeMap, BTreeSet};

use api_server::metrics::FleetMetrics;
use novacron_telemetry::{
    catalog::Catalog,
    label::Domain,
    metric::{Descriptor, Kind},
    registry::{Groups, MetricGroup as _},
};

/// One family as it was scraped.
#[derive(Debug, Default)]
pub(crate) struct Family {
    help: String,
    kind: String,
    pub(crate) samples: Vec<Sample>,
}

/// One line with a number.
#[derive(Debug)]
pub(crate) struct Sample {
    /// The family's name, with `_bucket`, `_sum` or `_count` for a histogram.
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

/// Every family that our server shows, on purpose: its groups of the catalog, and its own.
pub(crate) fn declared() -> BTreeMap<&'static str, &'static Descriptor> {
    let on = Groups::CORE | Groups::SCHEDULER | Groups::ALERTS;
    Catalog::GROUPS
        .iter()
        .filter(|group| on.contains(group.switch))
        .flat_map(|group| group.families)
        .chain(FleetMetrics::DESCRIPTORS)
        .filter(|family| !family.opt_in)
        .map(|family| (family.name, family))
        .collect()
}

/// Reads a whole scrape.
pub(crate) fn parse(text: &str) -> BTreeMap<String, Family> {
    let mut families = BTreeMap::<String, Family>::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# HELP ") {
            let (name, help) = comment.split_once(' ').expect("a name and a text");
            current = name.to_owned();
            let family = families.entry(current.clone()).or_default();
            assert!(family.help.is_empty(), "{name} comes twice");
            family.help = help.to_owned();
        } else if let Some(comment) = line.strip_prefix("# TYPE ") {
            let (name, kind) = comment.split_once(' ').expect("a name and a type");
            assert_eq!(name, current, "the type of something else");
            families.entry(current.clone()).or_default().kind = kind.to_owned();
        } else {
            let sample = sample(line).unwrap_or_else(|| panic!("cannot read `{line}`"));
            assert!(sample.name.starts_with(&current), "{line} below {current}");
            families
                .entry(current.clone())
                .or_default()
                .samples
                .push(sample);
        }
    }
    families
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, quoted) = rest.split_once("=\"")?;
            let (value, after) = unquote(quoted)?;
            labels.push((label.to_owned(), value));
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: rest.strip_prefix(' ')?.parse().ok()?,
    })
}

/// The text up to the closing quote, and what follows that.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next()? {
            (at, '"') => return Some((value, &text[at + 1..])),
            (_, '\\') => value.push(match characters.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            (_, plain) => value.push(plain),
        }
    }
}

/// Both ways: everything scraped is declared, and looks as declared; everything declared is
/// scraped.
pub(crate) fn check(families: &BTreeMap<String, Family>) {
    let declared = declared();
    let scraped: BTreeSet<_> = families.keys().map(String::as_str).collect();
    let expected: BTreeSet<_> = declared.keys().copied().collect();
    assert_eq!(scraped, expected);

    let mut series = BTreeSet::new();
    for (name, family) in families {
        let descriptor = declared[name.as_str()];
        assert_eq!(family.kind, descriptor.kind.as_str(), "the type of {name}");
        assert_eq!(family.help, descriptor.help, "the help of {name}");
        for sample in &family.samples {
            check_labels(descriptor, sample);
            assert!(
                series.insert((&sample.name, &sample.labels)),
                "a series twice: {sample:?}"
            );
            if descriptor.kind != Kind::Gauge {
                assert!(sample.value >= 0.0, "{sample:?}");
            }
        }
        if descriptor.kind == Kind::Histogram {
            check_buckets(descriptor, family);
        }
    }
}

fn check_labels(descriptor: &Descriptor, sample: &Sample) {
    let name = descriptor.name;
    let suffix = sample.name.strip_prefix(name);
    let own = match (descriptor.kind, suffix) {
        (Kind::Histogram, Some("_bucket")) => {
            let (le, own) = sample.labels.split_last().expect("le");
            assert_eq!(le.0, "le", "{sample:?}");
            own
        }
        (Kind::Histogram, Some("_sum" | "_count")) | (Kind::Counter | Kind::Gauge, Some("")) => {
            &sample.labels[..]
        }
        _ => panic!("{sample:?} is no sample of {name}"),
    };
    let mut own = own.iter().peekable();
    for label in descriptor.labels {
        let Some((_, value)) = own.next_if(|(shown, _)| shown == label.name) else {
            // An empty text means that the label is left out; a closed one has no such text.
            let may = label.optional || matches!(label.domain, Domain::Open { .. });
            assert!(may, "{sample:?} lacks `{}`", label.name);
            continue;
        };
        if let Domain::Closed(values) = label.domain {
            assert!(
                values.contains(&value.as_str()),
                "{sample:?}: `{}` is none of {values:?}",
                label.name
            );
        }
    }
    assert_eq!(own.next(), None, "{sample:?} has a label too many");
}

/// Every series has every bound, in order, never fewer than the one before, and `+Inf` counts all.
fn check_buckets(descriptor: &Descriptor, family: &Family) {
    let mut lines = family.samples.iter();
    while !lines.as_slice().is_empty() {
        let mut below = 0.0;
        for bound in descriptor.buckets.iter().copied().chain([f64::INFINITY]) {
            let bucket = lines.next().expect("a bucket");
            let le = &bucket.labels.last().expect("le").1;
            assert_eq!(le.parse(), Ok(bound), "{bucket:?}");
            assert!(bucket.value >= below, "{bucket:?} after {below}");
            below = bucket.value;
        }
        let (sum, count) = (lines.next().expect("a sum"), lines.next().expect("a count"));
        assert_eq!(sum.name, format!("{}_sum", descriptor.name));
        assert_eq!(count.name, format!("{}_count", descriptor.name));
        assert_eq!(count.value, below, "{count:?}");
    }
}
