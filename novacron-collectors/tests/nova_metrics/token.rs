//! The token: asked for, rotated while it runs, never shown.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use super::support::{Exporter, PROGRAM, command};

fn rotate(folder: &std::path::Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_token_is_rotated_while_it_runs_and_the_old_one_is_accepted_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let said = rotate(folder.path(), &["rotate-token", "--token-file", "token"]);
    let first = std::fs::read_to_string(&path).unwrap().trim().to_owned();
    assert_eq!(first.len(), 64);
    assert!(!said.contains(&first), "{said}");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let arguments = ["--token-file", "token", "--token-grace", "2s"];
    let exporter = Exporter::start_in(folder, &arguments);
    assert_eq!(exporter.get("/metrics").status, 401);
    assert_eq!(exporter.get_as("/metrics", "guess").status, 401);
    let text = exporter.get_as("/metrics", &first).body;
    assert!(
        text.contains("novacron_exporter_token_last_rotation_timestamp_seconds 1"),
        "{text}"
    );
    assert!(text.contains("novacron_exporter_auth_failures_total{reason=\"missing\"} 1"));

    rotate(
        exporter.folder.path(),
        &["rotate-token", "--token-file", "token"],
    );
    let second = std::fs::read_to_string(exporter.path("token"))
        .unwrap()
        .trim()
        .to_owned();
    assert_ne!(first, second);
    // Whoever has it may use it at once, and whoever has not heard of it still gets in.
    assert_eq!(exporter.get_as("/metrics", &second).status, 200);
    assert_eq!(exporter.get_as("/metrics", &first).status, 200);
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(exporter.get_as("/metrics", &first).status, 401);
    assert_eq!(exporter.get_as("/metrics", &second).status, 200);

    // An edit that went wrong locks nobody out.
    exporter.write("token", "");
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(exporter.get_as("/metrics", &second).status, 200);

    let log = exporter.log();
    assert!(!log.contains(&first) && !log.contains(&second), "{log}");
}

#[test]
fn the_file_says_where_the_token_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = "[metrics.auth]\ntoken_file = \"secrets/token\"\ngrace = \"1m\"\n";
    std::fs::create_dir_all(folder.path().join("etc/secrets")).unwrap();
    std::fs::write(folder.path().join("etc/NovaFile"), file).unwrap();
    rotate(folder.path(), &["rotate-token", "--config", "etc/NovaFile"]);
    let token = std::fs::read_to_string(folder.path().join("etc/secrets/token")).unwrap();
    let exporter = Exporter::start_in(folder, &["--config", "etc/NovaFile"]);
    assert_eq!(exporter.get("/metrics").status, 401);
    assert_eq!(exporter.get_as("/metrics", token.trim()).status, 200);
    // Probes say how it is, and no more.
    assert_eq!(exporter.get("/readyz").status, 200);
}

#[test]
fn a_token_may_go_to_a_secret_manager_instead() {
    let folder = tempfile::tempdir().unwrap();
    let first = rotate(folder.path(), &["rotate-token", "--stdout"]);
    let second = rotate(folder.path(), &["rotate-token", "--stdout"]);
    assert_eq!(first.trim_end().len(), 64);
    assert_ne!(first, second);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn it_says_where_a_token_could_be_put() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code, words) in [
        (&["rotate-token"][..], 2, "--token-file FILE"),
        (
            &["rotate-token", "--token-file", "no/such/folder"],
            1,
            "is the path right",
        ),
        (
            &["rotate-token", "--token-file", "/proc/token"],
            1,
            "cannot write /proc/token",
        ),
    ] {
        let output = command(folder.path(), arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn the_documented_command_is_the_same_program() {
    let folder = tempfile::tempdir().unwrap();
    let nova = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_nova"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let output = nova(&["metrics", "rotate-token", "--token-file", "token"]);
    assert!(output.status.success(), "{output:?}");
    assert!(folder.path().join("token").exists());

    let version = Command::new(PROGRAM).arg("--version").output().unwrap();
    assert_eq!(nova(&["metrics", "--version"]).stdout, version.stdout);

    for arguments in [&[][..], &["backup"], &["metrics", "backup"]] {
        assert_eq!(nova(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
