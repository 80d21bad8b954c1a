//! `docs/metrics.json`: for tools.

use serde::Serialize;

use super::{aliases_of, idle, keeping, worst_case_series, writer_kind, writer_name};
use crate::catalog::{Catalog, Group};
use crate::label::{Domain, LabelDescriptor};
use crate::metric::{Descriptor, Writer};
use crate::registry::{Alias, Groups, Snapshot};

/// The catalog as one JSON document, a family per line.
#[must_use]
pub fn json() -> String {
    let idle = idle();
    let groups: Vec<String> = Catalog::GROUPS
        .iter()
        .map(|group| {
            let families: Vec<String> = group
                .families
                .iter()
                .map(|family| format!("        {}", text(&Family::of(family, &idle))))
                .collect();
            format!(
                "    {{\n      \"name\": {},\n      \"core\": {},\n      \"families\": [\n{}\n      ]\n    }}",
                text(&group.name),
                is_core(group),
                families.join(",\n"),
            )
        })
        .collect();
    format!("{{\n  \"groups\": [\n{}\n  ]\n}}\n", groups.join(",\n"))
}

fn is_core(group: &Group) -> bool {
    Groups::CORE.contains(group.switch)
}

/// Texts, numbers and lists of them always become JSON.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[derive(Serialize)]
struct Family<'a> {
    name: &'a str,
    r#type: &'a str,
    unit: &'a str,
    help: &'a str,
    labels: Vec<Label<'a>>,
    #[serde(skip_serializing_if = "<[f64]>::is_empty")]
    bounds: &'a [f64],
    kept: &'a str,
    idle_series: usize,
    worst_case_series: u64,
    writer: WrittenBy<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    opt_in: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<OtherName<'a>>,
}

#[derive(Serialize)]
struct Label<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<&'a [&'a str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<u32>,
    #[serde(skip_serializing_if = "is_false")]
    optional: bool,
}

#[derive(Serialize)]
struct WrittenBy<'a> {
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct OtherName<'a> {
    name: &'a str,
    profile: &'a str,
    labels: Vec<&'a str>,
}

impl<'a> Family<'a> {
    fn of(family: &'a Descriptor, idle: &Snapshot) -> Self {
        Self {
            name: family.name,
            r#type: family.kind.as_str(),
            unit: family.unit.as_str(),
            help: family.help,
            labels: family.labels.iter().map(Label::of).collect(),
            bounds: family.buckets,
            kept: keeping(family.keeping),
            idle_series: idle.series(family.name).len(),
            worst_case_series: worst_case_series(family),
            writer: WrittenBy::of(family.writer),
            exception: family.literal,
            opt_in: family.opt_in,
            aliases: aliases_of(family).map(OtherName::of).collect(),
        }
    }
}

impl<'a> Label<'a> {
    fn of(label: &'a LabelDescriptor) -> Self {
        let (values, cap) = match label.domain {
            Domain::Closed(texts) => (Some(texts), None),
            Domain::Open { cap } => (None, Some(cap)),
        };
        Self {
            name: label.name,
            values,
            cap,
            optional: label.optional,
        }
    }
}

impl WrittenBy<'_> {
    fn of(writer: Writer) -> Self {
        Self {
            kind: writer_kind(writer),
            name: writer_name(writer),
        }
    }
}

impl OtherName<'_> {
    fn of(alias: &'static Alias) -> Self {
        Self {
            name: alias.name,
            profile: alias.profile.name(),
            labels: alias.labels().collect(),
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_json_and_holds_every_family() {
        let document: serde_json::Value = serde_json::from_str(&json()).expect("valid JSON");
        let families = document["groups"]
            .as_array()
            .expect("groups")
            .iter()
            .flat_map(|group| group["families"].as_array().expect("families"));
        let names: Vec<&str> = families
            .filter_map(|family| family["name"].as_str())
            .collect();
        let declared: Vec<&str> = Catalog::descriptors().map(|family| family.name).collect();
        assert_eq!(names, declared);
    }
}
