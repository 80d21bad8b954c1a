//! `docs/metrics.md`: for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{aliases_of, idle, keeping, worst_case_series, writer_kind, writer_name};
use crate::catalog::{Catalog, Group, aliases};
use crate::label::{Domain, LabelDescriptor};
use crate::metric::{Descriptor, Writer};
use crate::registry::{Groups, Profile, Snapshot};

/// The page that lists every metric.
#[must_use]
pub fn markdown() -> String {
    let idle = idle();
    let mut page = String::from(HEAD);
    summary(&mut page);
    for group in Catalog::GROUPS {
        section(&mut page, group, &idle);
    }
    profiles(&mut page);
    page
}

const HEAD: &str = "\
<!-- Generated from the catalog; `BLESS=1 cargo test --all-features --test generated` rewrites it. -->

# Metrics

Every family that the catalog declares, by group. A group is switched on or off as a whole; those
marked *core* are on unless the host says otherwise. A family *only when asked for* stays off until
the host names it.

- **Kept** says what a restart or a vanished object does to the number. *counted*: counted by this
  process, 0 again after a restart. *held*: set or moved by this process, gone after a restart.
  *window*: the greatest value of the current window of 60 s and the last. *read*: read elsewhere
  and shown as it was read; it survives a restart of this process, begins anew when its source does,
  as the counters of a rebooted VM do, and goes when its object goes.
- **Idle** is how many series are there before anything happened. Closed label sets of up to 64
  members start at 0; open labels start at 0 when their value is declared or first seen; gauges are
  absent until they are known.
- **At most** is how many lines a scrape can hold for the family if every open label is at its cap.
  Past a cap, that label alone says `__other__` and its neighbours stay exact.
- **Writer** is the verb, layer or collector that records it.

Names that break a naming rule, and why, are listed in [naming-exceptions.md](naming-exceptions.md);
the rules themselves are in [naming.md](naming.md). The same catalog for tools:
[metrics.json](metrics.json).
";

fn summary(page: &mut String) {
    page.push_str("\n| group | families | core | at most | written by |\n|---|--:|---|--:|---|\n");
    let (mut families, mut lines) = (0, 0);
    for group in Catalog::GROUPS {
        let most = worst_case(group);
        families += group.families.len();
        lines += most;
        line(
            page,
            format_args!(
                "| [`{name}`](#{name}) | {} | {} | {} | {} |",
                group.families.len(),
                if Groups::CORE.contains(group.switch) {
                    "core"
                } else {
                    ""
                },
                grouped(most),
                kinds_of_writers(group),
                name = group.name,
            ),
        );
    }
    line(
        page,
        format_args!("| all | {families} | | {} | |", grouped(lines)),
    );
}

fn section(page: &mut String, group: &Group, idle: &Snapshot) {
    line(page, format_args!("\n## {}\n", group.name));
    page.push_str("| metric | type | unit | labels | idle | kept | writer | at most |\n");
    page.push_str("|---|---|---|---|--:|---|---|--:|\n");
    for family in group.families {
        line(
            page,
            format_args!(
                "| `{}`<br>{}{} | {} | {} | {} | {} | {} | {} | {} |",
                family.name,
                family.help,
                remarks(family),
                family.kind.as_str(),
                family.unit.as_str(),
                labels(family),
                grouped(idle.series(family.name).len() as u64),
                keeping(family.keeping),
                writer(family.writer),
                grouped(worst_case_series(family)),
            ),
        );
    }
    label_values(page, group);
    bounds(page, group);
}

/// The values of each label; one that has several sets within the group says where.
fn label_values(page: &mut String, group: &Group) {
    let mut sets: Vec<(&LabelDescriptor, Vec<&str>)> = Vec::new();
    for family in group.families {
        for label in family.labels {
            match sets.iter_mut().find(|(known, _)| *known == label) {
                Some((_, families)) => families.push(family.name),
                None => sets.push((label, vec![family.name])),
            }
        }
    }
    if sets.is_empty() {
        return;
    }
    sets.sort_by_key(|(label, _)| label.name);
    page.push_str("\n| label | values | of |\n|---|---|---|\n");
    for (label, families) in &sets {
        let alone = sets
            .iter()
            .filter(|(other, _)| other.name == label.name)
            .count()
            == 1;
        let of = if alone {
            String::new()
        } else {
            code_list(families)
        };
        line(
            page,
            format_args!("| `{}` | {} | {of} |", label.name, values(label)),
        );
    }
}

fn bounds(page: &mut String, group: &Group) {
    let mut lists: Vec<(&[f64], Vec<&str>)> = Vec::new();
    for family in group
        .families
        .iter()
        .filter(|family| !family.buckets.is_empty())
    {
        match lists.iter_mut().find(|(known, _)| *known == family.buckets) {
            Some((_, families)) => families.push(family.name),
            None => lists.push((family.buckets, vec![family.name])),
        }
    }
    if lists.is_empty() {
        return;
    }
    page.push_str("\n| bounds | of |\n|---|---|\n");
    for (bounds, families) in lists {
        let bounds: Vec<String> = bounds.iter().map(f64::to_string).collect();
        line(
            page,
            format_args!("| {} | {} |", bounds.join(", "), code_list(&families)),
        );
    }
}

fn profiles(page: &mut String) {
    page.push_str(
        "\n## Other names\n\n\
         The same samples under the names that other systems' dashboards ask for. A profile is off\n\
         unless the host switches it on, and switches on the groups it needs.\n",
    );
    for profile in Profile::ALL {
        let groups: Vec<&str> = profile.groups().names().collect();
        line(
            page,
            format_args!(
                "\n### {}\n\nNeeds {}.\n",
                profile.name(),
                code_list(&groups)
            ),
        );
        page.push_str("| alias | family | labels |\n|---|---|---|\n");
        for alias in aliases::of(*profile) {
            let labels: Vec<&str> = alias.labels().collect();
            line(
                page,
                format_args!(
                    "| `{}` | `{}` | {} |",
                    alias.name,
                    alias.family.name,
                    code_list(&labels)
                ),
            );
        }
    }
}

fn remarks(family: &Descriptor) -> String {
    let mut text = String::new();
    if family.opt_in {
        text.push_str("<br>Only when asked for.");
    }
    let other: Vec<&str> = aliases_of(family).map(|alias| alias.name).collect();
    if !other.is_empty() {
        let _ = write!(text, "<br>Also {}.", code_list(&other));
    }
    text
}

fn labels(family: &Descriptor) -> String {
    let names: Vec<String> = family
        .labels
        .iter()
        .map(|label| format!("`{}`{}", label.name, if label.optional { "?" } else { "" }))
        .collect();
    names.join(", ")
}

fn values(label: &LabelDescriptor) -> String {
    let texts = match label.domain {
        Domain::Open { cap } => format!("open, at most {}", grouped(u64::from(cap))),
        Domain::Closed([first, .., last]) if label.cardinality() > Some(MANY) => {
            format!("`{first}` … `{last}`")
        }
        Domain::Closed(texts) => code_list(texts),
    };
    if label.optional {
        format!("{texts}, or none")
    } else {
        texts
    }
}

/// A longer list of values is told by its ends.
const MANY: usize = 64;

fn writer(writer: Writer) -> String {
    match writer_name(writer) {
        Some(name) => format!("{} `{name}`", writer_kind(writer)),
        None => writer_kind(writer).to_owned(),
    }
}

fn kinds_of_writers(group: &Group) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for family in group.families {
        *kinds.entry(writer_kind(family.writer)).or_default() += 1;
    }
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, families)| format!("{kind} {families}"))
        .collect();
    kinds.join(", ")
}

fn worst_case(group: &Group) -> u64 {
    group.families.iter().map(worst_case_series).sum()
}

fn code_list(texts: &[&str]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
    texts.join(", ")
}

/// Digits in groups of three: 1 005 000.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(page, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_005_000), "1 005 000");
    }

    #[test]
    fn the_same_catalog_makes_the_same_page() {
        assert_eq!(markdown(), markdown());
    }
}
