//! What the tests of several collectors need.
#![allow(dead_code, reason = "each test needs a part of it")]

pub(crate) mod containers;
pub(crate) mod daemon;

use std::path::{Path, PathBuf};

/// A file or folder of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// Copies a folder, its links as links.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&from, &to);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&from).unwrap(), &to).unwrap();
        } else {
            std::fs::copy(&from, &to).unwrap();
        }
    }
}

/// Compares with a committed exposition; `BLESS=1` writes it. promtool has to have nothing to say,
/// where it is installed.
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

fn promtool(exposition: &str) {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin/promtool");
    let program = if tools.exists() {
        tools
    } else {
        "promtool".into()
    };
    let child = Command::new(program)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        assert!(
            std::env::var_os("NOVACRON_TEST").is_none_or(|test| test != "strict"),
            "promtool is not installed"
        );
        return;
    };
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(exposition.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}
