//! Hands on what the report says about the build: the compiler, the profile, and the versions of
//! what is compared, from the lock file.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const COMPARED: [&str; 14] = [
    "novacron-telemetry",
    "metrics",
    "metrics-exporter-prometheus",
    "prometheus",
    "prometheus-client",
    "opentelemetry",
    "opentelemetry_sdk",
    "opentelemetry-prometheus",
    "axum",
    "axum-prometheus",
    "tower-otel",
    "tracing",
    "tokio",
    "quanta",
];

fn main() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| String::from("rustc"));
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_default();
    println!("cargo::rustc-env=BENCHES_RUSTC={}", version.trim());

    let optimised = env::var("OPT_LEVEL").unwrap_or_default();
    println!(
        "cargo::rustc-env=BENCHES_PROFILE=opt-level {optimised}; `cargo bench` adds fat LTO and one codegen unit"
    );

    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    let lock = fs::read_to_string(lock).unwrap_or_default();
    println!("cargo::rustc-env=BENCHES_VERSIONS={}", versions(&lock));
}

/// The versions of what is compared, as one line.
fn versions(lock: &str) -> String {
    let mut out = String::new();
    for name in COMPARED {
        let head = format!("name = \"{name}\"\nversion = \"");
        for (at, _) in lock.match_indices(&head) {
            let rest = &lock[at + head.len()..];
            let version = rest.split('"').next().unwrap_or_default();
            if !out.is_empty() {
                out.push_str(", ");
            }
            let _ = write!(out, "{name} {version}");
        }
    }
    out
}
