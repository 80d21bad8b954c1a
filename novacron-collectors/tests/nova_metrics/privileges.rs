//! As little as it may have: nobody's rights, an empty root, nothing to write to.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::support::{Exporter, PROGRAM, command, samples};

/// The user without rights.
const NOBODY: u32 = 65534;

/// The program as that user where we may choose, and as ourselves where we are no more than that.
/// It is copied to where others may run it.
pub(crate) fn as_nobody(folder: &Path, arguments: &[&str]) -> Command {
    let program = folder.join("nova-metrics");
    std::fs::copy(PROGRAM, &program).unwrap();
    let open = || PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, open()).unwrap();
    std::fs::set_permissions(folder, open()).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear();
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[test]
fn without_rights_or_anything_to_read_it_answers_and_complains_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = tempfile::tempdir().unwrap();
    std::fs::set_permissions(root.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let root = root.path().to_str().unwrap();
    let mut command = as_nobody(folder.path(), &["--listen", "127.0.0.1:0", "--root", root]);
    command.stdin(std::process::Stdio::null());
    let exporter = Exporter::run(folder, command);
    let state = "novacron_collector_state";
    let text = exporter.scrape_until("settled", |text| {
        let states = samples(text, state);
        !states.is_empty() && states.iter().all(|line| !line.contains("\"starting\""))
    });
    for line in samples(&text, state) {
        let fine = line.contains("\"absent\"") || line.contains("\"denied\"");
        assert!(fine, "{line}\n{}", exporter.log());
    }
    assert!(
        samples(&text, "novacron_collector_success").is_empty(),
        "absence is no failure"
    );
    let health = exporter.get("/readyz");
    assert_eq!(health.status, 200, "{health:?}");
    let log = exporter.log();
    assert!(
        !log.contains("\"level\":\"warn\"") && !log.contains("\"level\":\"error\""),
        "{log}"
    );
}

#[test]
fn it_needs_nothing_to_write_to() {
    // A mount namespace of its own, in which everything is read-only.
    const READ_ONLY: &str = "mount --make-rprivate / && mount -o remount,bind,ro / && exec \"$@\"";
    let probe = || {
        Command::new("unshare")
            .args([
                "--mount",
                "sh",
                "-c",
                READ_ONLY,
                "sh",
                "sh",
                "-c",
                "! touch /tmp/x",
            ])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !rustix::process::geteuid().is_root() || !probe() {
        eprintln!("left out: mounts cannot be made read-only here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut read_only = Command::new("unshare");
    read_only
        .args([
            "--mount",
            "sh",
            "-c",
            READ_ONLY,
            "sh",
            PROGRAM,
            "--listen",
            "127.0.0.1:0",
        ])
        .current_dir(folder.path());
    let exporter = Exporter::run(folder, read_only);
    exporter.scrape_until("a host", |text| {
        !samples(text, "novacron_system_cpu_seconds_total").is_empty()
    });
}

#[test]
fn it_hands_nothing_out_of_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), &["--listen", "127.0.0.1:0"]);
    command.env("NOVA_DATABASE_PASSWORD", "correct-horse-battery");
    let exporter = Exporter::run(folder, command);
    for path in ["/metrics", "/health", "/"] {
        let answer = exporter.get(path);
        assert!(!answer.body.contains("correct-horse-battery"), "{path}");
    }
    assert!(!exporter.log().contains("correct-horse-battery"));
}
