//! A server that nobody has asked anything.

use std::{
    collections::BTreeSet,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::{
    exposition::{check, declared, parse},
    programs::{Server, judge, python},
};

#[tokio::test]
async fn an_idle_server_shows_what_was_declared_and_nothing_else() {
    let server = Server::start().await;
    let scrape = server.web.get("/metrics", TEXT).await;
    assert_eq!(scrape.status, 200);
    assert_eq!(scrape.headers["content-type"], TEXT);
    let shown = |prefix: &str| {
        let begins = format!("# TYPE {prefix}");
        let lines = scrape.text().lines();
        lines.filter(|line| line.starts_with(&begins)).count()
    };
    for (prefix, least) in [
        ("novacron_", 100),
        ("novacron_api_", 20),
        ("novacron_dwcp_", 15),
        ("fleet_", 6),
    ] {
        assert!(shown(prefix) >= least, "{} {prefix}", shown(prefix));
    }
    check(&parse(scrape.text()));
}

#[tokio::test]
async fn promtool_complains_of_inherited_names_and_nothing_else() {
    let Some(promtool) = judge("promtool", "the lint of metric names") else {
        return;
    };
    let server = Server::start().await;
    let scrape = server.web.get("/metrics", TEXT).await;
    let families = parse(scrape.text());
    // It judges what has a sample: not a gauge that nobody has set yet, nor a group that is off.
    let expected: BTreeSet<String> = INHERITED
        .iter()
        .filter(|&&name| {
            let family = families.get(name);
            family.is_some_and(|family| !family.samples.is_empty())
        })
        .map(|name| format!("{name} non-counter metrics should not have \"_total\" suffix"))
        .collect();
    assert!(!expected.is_empty(), "no VM count: nothing to complain of");

    let output = feed(
        Command::new(promtool).args(["check", "metrics"]),
        scrape.text(),
    );
    let said = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
    let said: BTreeSet<String> = said.lines().map(str::to_owned).collect();
    assert_eq!(said, expected);
    // 3: read, and not liked. 1 would be: not read.
    assert_eq!(output.status.code(), Some(3));
}

#[tokio::test]
async fn the_reference_parser_reads_the_open_form_as_it_is_meant() {
    let Some(python) = python("the OpenMetrics reference parser") else {
        return;
    };
    let server = Server::start().await;
    let scrape = server.web.get("/metrics", OPEN).await;
    assert_eq!(scrape.headers["content-type"], OPEN);
    let read = read_by_reference(&python, scrape.text());
    // The open form names the family without what counters end in, and the unit on a line of its
    // own.
    let meant: BTreeSet<String> = declared()
        .into_values()
        .map(|family| {
            let (name, kind) = (family.name, family.kind.as_str());
            let name = match kind {
                "counter" => name.strip_suffix("_total").unwrap_or(name),
                _ => name,
            };
            format!("{name} {kind}")
        })
        .collect();
    assert_eq!(read, meant);
}

/// Names and types of the families that `prometheus_client` finds; it must accept every line.
fn read_by_reference(python: &Path, text: &str) -> BTreeSet<String> {
    let output = feed(Command::new(python).args(["-c", REFERENCE]), text);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8(output.stdout).expect("text");
    said.lines().map(str::to_owned).collect()
}

/// Runs a judge that reads `text` and says what it thinks.
fn feed(command: &mut Command, text: &str) -> Output {
    let mut judge = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // Both judges read to the end before they say anything, so this cannot block for ever; one
    // that ends early is judged by what it said.
    let _ = judge
        .stdin
        .take()
        .expect("piped")
        .write_all(text.as_bytes());
    judge.wait_with_output().expect("an opinion")
}

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The documents call these gauges so; promtool has nothing else to say.
const INHERITED: [&str; 3] = [
    "novacron_vms_total",
    "novacron_active_users_total",
    "novacron_libvirt_domains_total",
];

const REFERENCE: &str = r#"
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
text = sys.stdin.buffer.read().decode("utf-8")
for family in text_string_to_metric_families(text):
    print(family.name, family.type)
"#;
