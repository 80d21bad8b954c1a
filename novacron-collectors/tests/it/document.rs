//! `docs/collectors.md` has a section for each collector, and in it what the program knows better:
//! when it runs, its keys, its families. `BLESS=1` rewrites that part.

use std::fmt::Write as _;
use std::path::Path;

use novacron_collectors::settings::{NAMES, Settings};
use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::metric::Writer;

/// What is generated for a collector.
fn generated(name: &str) -> String {
    let schedules = Settings::default().schedules();
    let (_, schedule) = schedules.iter().find(|(known, _)| *known == name).unwrap();
    let keys = Settings::keys(name).unwrap();
    // The first three are everybody's.
    let own: Vec<_> = keys[3..].iter().map(|key| format!("`{key}`")).collect();
    let own = match own.is_empty() {
        true => "none of its own".to_owned(),
        false => own.join(", "),
    };
    let mut text = format!(
        "Every {:?}, for at most {:?}. Keys: {own}.\n",
        schedule.interval(),
        schedule.longest(),
    );
    let mut families: Vec<_> = Catalog::descriptors()
        .filter(|family| matches!(family.writer, Writer::Collector(writer) if writer == name))
        .collect();
    families.sort_by_key(|family| family.name);
    // The verbs' families that a collector writes as well are the verbs'.
    if !families.is_empty() {
        text += "\n| family | what it is |\n|---|---|\n";
    }
    for family in families {
        let labels: Vec<_> = family.labels.iter().map(|label| label.name).collect();
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", labels.join(",")),
        };
        let help = family.help.replace('|', "\\|");
        writeln!(text, "| `{}{labels}` | {help} |", family.name).unwrap();
    }
    text
}

#[test]
fn each_collector_has_its_section() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/collectors.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let mut renewed = document.clone();
    for name in NAMES {
        assert!(
            document.contains(&format!("\n### `{name}`\n")),
            "no section `{name}`"
        );
        let mark = format!("<!-- {name} -->\n");
        let end = format!("<!-- /{name} -->\n");
        let (before, after) = renewed
            .split_once(&mark)
            .unwrap_or_else(|| panic!("no {mark}"));
        let after = after.split_once(&end).map_or(after, |(_, after)| after);
        renewed = format!("{before}{mark}\n{}\n{end}{after}", generated(name));
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &renewed).unwrap();
    } else {
        assert!(document == renewed, "BLESS=1 rewrites {}", path.display());
    }
}
