//! What it says when it cannot run: one line, a hint, an exit code, and no trace.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::support::{Exporter, refused};

/// What was said is a complaint and at most one hint, and nothing else.
fn complaint(said: &str) -> (&str, &str) {
    for word in [
        "panicked",
        "backtrace",
        "RUST_BACKTRACE",
        "thread '",
        "src/",
    ] {
        assert!(!said.contains(word), "{said}");
    }
    let (what, hint) = said.split_once("hint: ").unwrap_or((said, ""));
    assert!(what.starts_with("nova-metrics: "), "{said}");
    (what.trim_end(), hint.trim_end())
}

/// Refuses to run in an empty folder with this `NovaFile` and these arguments.
fn refuses(file: Option<&str>, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    if let Some(file) = file {
        std::fs::write(folder.path().join("NovaFile"), file).unwrap();
    }
    refused(folder.path(), arguments)
}

#[test]
fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = refuses(None, &["--listen", &address]);
    let (what, hint) = complaint(&said);
    assert_eq!(code, 1, "{said}");
    assert!(
        what.contains(&address) && what.contains("another program has this port"),
        "{said}"
    );
    assert!(hint.contains("ss -ltnp"), "{said}");
}

#[test]
fn an_address_of_no_interface() {
    let (code, said) = refuses(None, &["--listen", "192.0.2.1:0"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        complaint(&said).0.contains("no interface of this machine"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_there() {
    let (code, said) = refuses(None, &["--config", "nothing/NovaFile"]);
    let (what, hint) = complaint(&said);
    assert_eq!(code, 1, "{said}");
    assert!(what.contains("cannot read nothing/NovaFile"), "{said}");
    assert!(hint.contains("is the path right"), "{said}");
}

#[test]
fn a_file_that_nobody_would_read_as_one() {
    for path in [".", "/dev/zero"] {
        let (code, said) = refuses(None, &["--config", path]);
        assert_eq!(code, 2, "{said}");
        assert!(complaint(&said).0.contains("not a plain file"), "{said}");
    }
}

#[test]
fn what_is_wrong_in_the_file_is_named_with_its_line_and_what_was_meant() {
    for (file, line, words) in [
        ("[metrics]\nexportr = true", 2, "did you mean `exporter`?"),
        ("[metrics]\nlisten = \"everywhere\"", 2, "everywhere"),
        ("[metrics.tlss]\ncert = \"x\"", 1, "did you mean `tls`?"),
        (
            "[metrics.limits]\nper_vms = false",
            2,
            "did you mean `per_vm`?",
        ),
        ("[metrics.limits]\nidle = \"5\"", 2, "10s"),
        ("[metrics.auth]\ngrace = \"1m\"", 0, "token_file"),
        ("[metrics.tls]\ncert = \"x\"", 1, "key"),
        ("[metrics]\nexporter = \"yes\"", 2, "expected a boolean"),
        ("[collectors.cpuu]", 1, "did you mean `cpu`?"),
        (
            "[collectors.cpu]\nintervall = \"5s\"",
            2,
            "did you mean `interval`?",
        ),
        (
            "[collectors.cpu]\ninterval = \"5 s\"",
            2,
            "is not a duration",
        ),
        (
            "[collectors.cpu]\ninterval = \"1ms\"",
            2,
            "at least \"100ms\"",
        ),
        ("[collectors.libvirt]\nsocket = 5", 2, "expected"),
        ("[logs]\nlevel = \"loud\"", 0, "loud"),
        ("[logs]\nformat = \"xml\"", 2, "xml"),
        ("[metrics\n", 1, "unclosed table"),
    ] {
        let (code, said) = refuses(Some(file), &[]);
        complaint(&said);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(words), "{file:?}: {said}");
        if line > 0 {
            assert!(said.contains(&format!("line {line},")), "{file:?}: {said}");
            assert!(said.contains("NovaFile"), "{file:?}: {said}");
        }
    }
}

#[test]
fn a_token_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = refused(folder.path(), &["--token-file", "no-token"]);
    assert_eq!(code, 2, "{said}");
    assert!(complaint(&said).0.contains("no-token"), "{said}");

    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    let (code, said) = refused(folder.path(), &["--token-file", "empty"]);
    assert_eq!(code, 2, "{said}");
    assert!(complaint(&said).0.contains("it is empty"), "{said}");
}

#[test]
fn certificates_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("cert"), "no certificate\n").unwrap();
    std::fs::write(path("key"), "no key\n").unwrap();
    for cert in ["cert", "nothing"] {
        let arguments = [
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
            cert,
            "--tls-key",
            "key",
        ];
        let (code, said) = refused(folder.path(), &arguments);
        assert_eq!(code, 2, "{said}");
        assert!(complaint(&said).0.contains(cert), "{said}");
    }
    let (code, said) = refused(folder.path(), &["--client-ca", "cert"]);
    assert_eq!(code, 2, "{said}");
    assert!(complaint(&said).1.contains("--tls-cert"), "{said}");
    let (code, said) = refused(folder.path(), &["--tls-cert", "cert"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("--tls-key"), "{said}");
}

#[test]
fn arguments_that_make_no_sense() {
    for (arguments, words) in [
        (
            &["--listen", "everywhere"][..],
            "it is an IP address such as",
        ),
        (&["--profile", "nova"], "known are nova-rc5"),
        (&["--collectors", "cpu,gpus"], "known are cpu"),
        (&["--lissten", "::"], "--listen"),
        (&["rotate"], "rotate-token"),
    ] {
        let (code, said) = refuses(None, arguments);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_log_that_cannot_be_opened() {
    let (code, said) = refuses(Some("[logs]\nfile = \"/proc/nothing/log\""), &[]);
    assert_eq!(code, 2, "{said}");
    assert!(complaint(&said).0.contains("/proc/nothing/log"), "{said}");
}

#[test]
fn check_says_whether_it_would_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    // The exporter that is to be replaced still has the port.
    let (code, said) = refuses(None, &["--check", "--listen", &address]);
    assert_eq!((code, said.as_str()), (0, ""));
    let (code, said) = refuses(Some("[metrics]\nexportr = 1"), &["--check"]);
    assert_eq!(code, 2, "{said}");
    let (code, said) = refuses(None, &["--check", "--token-file", "nothing"]);
    assert_eq!(code, 2, "{said}");
}

#[test]
fn a_table_that_is_nearly_ours_is_mentioned_and_no_reason_not_to_run() {
    let mut exporter = Exporter::with_file("[metric]\nlisten = \"x\"\n[api]\nport = 1\n", &[]);
    let line = exporter.logged("did you mean");
    assert!(
        line.contains("`[metric]`") && line.contains("`[metrics]`"),
        "{line}"
    );
    assert!(!exporter.log().contains("`[api]`"));
}

#[test]
fn a_file_that_may_not_be_read() {
    if rustix::process::geteuid().is_root() && !nobody_is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("NovaFile");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o000)).unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = super::privileges::as_nobody(folder.path(), &[]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let (what, hint) = complaint(&said);
    assert!(
        what.contains("cannot read NovaFile: Permission denied"),
        "{said}"
    );
    assert!(hint.contains("as a user who may"), "{said}");
}

/// Root may read everything: only another user can be refused.
fn nobody_is_here() -> bool {
    Path::new("/proc/self/status").exists()
}
