//! Expositions that are committed.

#![allow(clippy::print_stdout, reason = "what is left out is said aloud")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Compares with a committed exposition; `BLESS=1` writes it. promtool has to have nothing to say.
#[track_caller]
pub(crate) fn golden(name: &str, exposition: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, exposition).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(exposition, expected, "BLESS=1 rewrites {}", path.display());
    promtool(exposition);
}

/// Said aloud where promtool is missing; a failure where nothing may be.
fn promtool(exposition: &str) {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin/promtool");
    let program = match tools.exists() {
        true => tools,
        false => "promtool".into(),
    };
    let child = Command::new(program)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        let strict = std::env::var_os("NOVACRON_TEST").is_some_and(|test| test == "strict");
        assert!(!strict, "promtool is not installed");
        println!("left out: promtool is not installed");
        return;
    };
    let mut stdin = child.stdin.take().unwrap();
    // A promised name that promtool objects to: a gauge that ends in `_total`.
    let promised = "novacron_libvirt_domains_total";
    for line in exposition.lines().filter(|line| !line.contains(promised)) {
        writeln!(stdin, "{line}").unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}
