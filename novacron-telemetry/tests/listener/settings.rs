//! A port as a `NovaFile` asks for it, and what a reload brings.

use std::fs;

use novacron_telemetry::config::Config;
use novacron_telemetry::{ErrorKind, Telemetry};

use super::support::{bearer, get, sample, status};

fn load(folder: &tempfile::TempDir, text: &str) -> Config {
    let path = folder.path().join("NovaFile");
    fs::write(&path, text).unwrap();
    Config::load(&path).unwrap()
}

#[test]
fn a_host_listens_only_where_its_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Config::default().listener().unwrap().is_none());
    assert!(
        load(&folder, "[metrics]\nexporter = true")
            .listener()
            .unwrap()
            .is_none()
    );
    let off = load(
        &folder,
        "[metrics]\nexporter = false\nlisten = \"127.0.0.1:0\"",
    );
    assert!(
        off.listener().unwrap().is_none(),
        "nothing is left listening"
    );
    // An exporter that has nothing else to do listens, and has nothing to show.
    let telemetry = Telemetry::builder("x", "1").config(&off).build().unwrap();
    let listener = telemetry
        .listen(off.listener_at(off.metrics.listen).unwrap())
        .unwrap();
    assert_eq!(status(&get(listener.local_addr(), "/metrics", "")), 404);
}

#[test]
fn a_port_that_is_to_be_closed_does_not_stand_open() {
    let folder = tempfile::tempdir().unwrap();
    let listen = "[metrics]\nlisten = \"127.0.0.1:0\"\n[metrics.auth]\n";
    for (auth, said) in [
        ("", "set `token_file`"),
        ("token_file = \"token\"", "write the token there"),
        ("token_file = \"token\"\ntoken_env = \"X\"", "either"),
        (
            "token_env = \"NOVACRON_NO_SUCH_TOKEN\"",
            "NOVACRON_NO_SUCH_TOKEN",
        ),
    ] {
        let error = load(&folder, &format!("{listen}{auth}"))
            .listener()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(said), "{auth}: {error}");
    }
    let limits = "[metrics]\nlisten = \"127.0.0.1:0\"\n[metrics.limits]\nheader_bytes = 5";
    let options = load(&folder, limits).listener().unwrap().unwrap();
    let telemetry = Telemetry::builder("x", "1").build().unwrap();
    let error = telemetry.listen(options).unwrap_err();
    assert!(error.to_string().contains("header_bytes"), "{error}");
}

#[test]
fn a_reload_brings_the_new_token_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "the-first-token\n").unwrap();
    let text = "[metrics]\nlisten = \"127.0.0.1:0\"\n[metrics.auth]\ntoken_file = \"token\"\n\
                grace = \"0s\"\n[metrics.limits]\nscrapes = 3\n";
    let config = load(&folder, text);
    let telemetry = Telemetry::builder("x", "1")
        .config(&config)
        .build()
        .unwrap();
    let listener = telemetry
        .listen(config.listener().unwrap().unwrap())
        .unwrap();
    let at = listener.local_addr();
    let answered = |token: &str| status(&get(at, "/metrics", &bearer(token)));
    assert_eq!(answered("the-first-token"), 200);

    let file = folder.path().join("NovaFile");
    fs::write(&token, "the-second-token\n").unwrap();
    telemetry.reload(&file).unwrap();
    assert_eq!(answered("the-second-token"), 200);
    assert_eq!(answered("the-first-token"), 401, "without a grace period");

    fs::write(&token, "").unwrap();
    let error = telemetry.reload(&file).unwrap_err();
    assert!(error.to_string().contains("it is empty"), "{error}");
    assert_eq!(answered("the-second-token"), 200);
    let failed = sample(
        &telemetry,
        "novacron_config_reloads_total{result=\"failure\"}",
    );
    assert!(failed >= Some(1.0), "{failed:?}");
}
