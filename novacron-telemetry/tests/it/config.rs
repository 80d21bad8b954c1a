//! What a `NovaFile` may say, and what is said about one that says something else.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use novacron_telemetry::ErrorKind;
use novacron_telemetry::config::Config;
use novacron_telemetry::registry::Profile;

fn scratch(name: &str, text: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn refused(text: &str) -> String {
    let error = text.parse::<Config>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    error.to_string()
}

#[test]
fn the_documented_excerpt_is_read() {
    let config: Config = r#"
# NovaFile (excerpt)
[metrics]
exporter = true
listen = "0.0.0.0:9640"
collect_libvirt_stats = true
collect_container_stats = false
"#
    .parse()
    .unwrap();
    assert!(config.metrics.exporter && config.metrics.collect_libvirt_stats);
    assert!(!config.metrics.collect_container_stats);
    assert_eq!(config.metrics.listen, SocketAddr::from(([0; 4], 9640)));
    assert_eq!("".parse::<Config>().unwrap(), Config::default());
    assert_eq!(Config::default().metrics.listen.port(), 9640);
}

#[test]
fn tables_of_others_are_let_be() {
    let text = "[docs]\nportal = 7\n[[vm]]\nname = \"a\"\n[metrics]\nexporter = false\n";
    assert!(!text.parse::<Config>().unwrap().metrics.exporter);
    let bom = format!("\u{feff}{text}");
    assert!(!bom.parse::<Config>().unwrap().metrics.exporter);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, what, line) in [
        ("[metrics]\nlistn = \":9640\"", "unknown field `listn`", 2),
        ("[metrics]\nexporter = \"yes\"", "expected a boolean", 2),
        (
            "[metrics]\nexporter = true\nexporter = true",
            "duplicate key",
            3,
        ),
        ("[metrics]\nexporter =", "", 2),
        ("[metrics", "", 1),
        ("metrics = 5", "", 1),
        ("\n\n[metrics]\nlisten = 9640", "listen", 4),
    ] {
        let said = refused(text);
        assert!(said.contains(what), "{text:?}: {said}");
        assert!(said.contains(&format!("line {line}")), "{text:?}: {said}");
        assert!(said.starts_with("NovaFile: "), "{said}");
    }
}

#[test]
fn a_host_alone_is_given_the_documented_port() {
    for (text, expected) in [
        ("127.0.0.1", "127.0.0.1:9640"),
        ("0.0.0.0", "0.0.0.0:9640"),
        ("[::]", "[::]:9640"),
        ("[fe80::1]", "[fe80::1]:9640"),
    ] {
        let config: Config = format!("[metrics]\nlisten = {text:?}").parse().unwrap();
        assert_eq!(config.metrics.listen.to_string(), expected);
        assert!(config.metrics.listens);
    }
    assert!(!Config::default().metrics.listens);
}

#[test]
fn everything_about_the_port_is_read_and_its_paths_begin_where_the_file_is() {
    let text = r#"
[metrics]
profiles = ["nova-rc5", "mle"]
[metrics.tls]
cert = "tls/cert.pem"
key = "/keys/key.pem"
client_ca = "clients.pem"
allowed_names = ["prometheus.example.net", "spiffe://nova/scraper"]
[metrics.auth]
token_file = "token"
grace = "90s"
protect_health = true
[metrics.limits]
connections = 32
scrapes = 4
head = "250ms"
idle = "2m"
max_series = 1000
per_vm = false
[collectors.cpu]
whatever = "is for others"
"#;
    let (folder, path) = scratch("NovaFile", text);
    let metrics = Config::load(&path).unwrap().metrics;
    assert_eq!(metrics.profiles, [Profile::NovaRc5, Profile::Mle]);
    let tls = metrics.tls.unwrap();
    assert_eq!(tls.cert, folder.path().join("tls/cert.pem"));
    assert_eq!(tls.key, Path::new("/keys/key.pem"));
    assert_eq!(tls.client_ca, Some(folder.path().join("clients.pem")));
    assert_eq!(tls.allowed_names.len(), 2);
    let auth = metrics.auth.unwrap();
    assert_eq!(auth.token_file, Some(folder.path().join("token")));
    assert_eq!(auth.grace, Some(Duration::from_secs(90)));
    assert!(auth.protect_health && auth.token_env.is_none());
    let limits = metrics.limits;
    assert_eq!((limits.connections, limits.scrapes), (Some(32), Some(4)));
    assert_eq!(limits.head, Some(Duration::from_millis(250)));
    assert_eq!(limits.idle, Some(Duration::from_secs(120)));
    assert_eq!((limits.max_series, limits.per_vm), (Some(1000), false));
    assert!(limits.age.is_none() && Config::default().metrics.limits.per_vm);
}

#[test]
fn a_slip_in_a_key_is_named_with_what_was_meant() {
    for (text, what) in [
        ("[metrics]\nlisten_on = 1", "did you mean `listen`?"),
        ("[metrics]\nprofile = []", "did you mean `profiles`?"),
        ("[metrics.tls]\ncerts = \"x\"", "did you mean `cert`?"),
        (
            "[metrics.tls]\nclient-ca = \"x\"",
            "did you mean `client_ca`?",
        ),
        (
            "[metrics.auth]\ntokenfile = \"x\"",
            "did you mean `token_file`?",
        ),
        (
            "[metrics.limits]\nmax-series = 5",
            "did you mean `max_series`?",
        ),
        ("[metrics.limits]\ncolour = 5", "unknown field `colour`"),
        ("[metrics.tls]\ncert = \"x\"", "missing field `key`"),
        ("[metrics]\nprofiles = [\"nova\"]", "there are nova-rc5, "),
        (
            "[metrics.auth]\ngrace = \"5 minutes\"",
            "is not a duration such as",
        ),
        ("[metrics.limits]\nhead = 10", "string"),
        ("[metrics.limits]\nscrapes = -1", "line 2"),
    ] {
        let said = refused(text);
        assert!(said.contains(what), "{text}: {said}");
    }
}

#[test]
fn an_address_is_one_or_it_is_refused() {
    for good in ["127.0.0.1:0", "[::]:9640", "[::1]:65535"] {
        let text = format!("[metrics]\nlisten = {good:?}");
        let config: Config = text.parse().unwrap();
        assert_eq!(config.metrics.listen.to_string(), good);
    }
    for bad in [
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:9640 ",
        "localhost:9640",
        "::1:9640",
        "9640",
        ":9640",
        "unix:/run/nova.sock",
        "",
    ] {
        let said = refused(&format!("[metrics]\nlisten = {bad:?}"));
        assert!(
            said.contains("line 2") && said.contains("listen"),
            "{bad:?}: {said}"
        );
    }
}

#[test]
fn nothing_that_a_file_may_be_is_a_surprise() {
    let (folder, good) = scratch("NovaFile", "[metrics]\nexporter = false");
    assert!(!Config::load(&good).unwrap().metrics.exporter);
    let pipe = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let missing = folder.path().join("nowhere");
    for (path, what) in [
        (missing.clone(), "No such file"),
        (folder.path().to_owned(), "not a plain file"),
        (pipe, "not a plain file"),
        (PathBuf::from("/dev/zero"), "not a plain file"),
        (
            write("large", &vec![b'#'; (1 << 20) + 1]),
            "larger than 1 MiB",
        ),
        (
            write("binary", b"[metrics]\n\xff\xfe"),
            "line 2 is not UTF-8",
        ),
        (write("nul", b"[metrics]\nexporter\0 = true"), "line 2"),
        (
            write("deep", format!("a = {}", "[".repeat(10_000)).as_bytes()),
            "line 1",
        ),
    ] {
        let error = Config::load(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let said = error.to_string();
        assert!(said.contains(what), "{path:?}: {said}");
        assert!(said.contains(&path.display().to_string()), "{said}");
    }
    assert_eq!(
        Config::load_if_present(&missing).unwrap(),
        Config::default()
    );
    assert!(Config::load_if_present(folder.path()).is_err());
    assert!(Config::load_if_present(Path::new("/dev/zero")).is_err());
}

#[cfg(feature = "logs")]
#[test]
fn a_log_is_set_up_by_its_table() {
    use novacron_telemetry::logs::LogFormat;

    let (folder, path) = scratch(
        "NovaFile",
        "[logs]\nformat = \"grok-api\"\nfile = \"a.log\"",
    );
    let config = Config::load(path).unwrap();
    assert_eq!(config.logs.format, Some(LogFormat::GrokApi));
    let file = folder.path().join("a.log");
    assert_eq!(config.logs.file.as_deref(), Some(&*file));
    let logs = config.logs("api-server").unwrap().build().unwrap();
    drop(logs);
    assert!(file.exists(), "a relative path begins where the file is");
    let said = refused("[logs]\nformat = \"xml\"");
    assert!(
        said.contains("line 2") && said.contains("grok-workflow"),
        "{said}"
    );
    refused("[logs]\nlevels = \"info\"");
}

#[cfg(feature = "otlp")]
#[test]
fn traces_are_set_up_by_their_table() {
    let none: Config = "[traces.sample]\ndefault = 1".parse().unwrap();
    assert!(none.traces().unwrap().is_none(), "nobody named a collector");
    let good = "[traces]\nendpoint = \"http://127.0.0.1:4318\"\n[traces.sample]\ndatabase = 0";
    let config: Config = good.parse().unwrap();
    assert_eq!(config.traces.sample.database, Some(0.0));
    assert!(config.traces().unwrap().is_some());
    for bad in ["-1", "1.01", "nan", "inf", "1e308", "\"5\""] {
        let said = refused(&format!("[traces.sample]\ndefault = {bad}"));
        assert!(said.contains("line 2"), "{bad}: {said}");
    }
    let odd: Config = "[traces]\nendpoint = \"http://c:4318\"\nprotocol = \"thrift\""
        .parse()
        .unwrap();
    let said = odd.traces().unwrap_err().to_string();
    assert!(said.contains("thrift"), "{said}");
}

#[cfg(feature = "http")]
#[test]
fn a_file_that_is_read_again_changes_all_or_nothing() {
    use novacron_telemetry::Telemetry;

    let (_folder, path) = scratch("NovaFile", "[metrics]\nexporter = false");
    let telemetry = Telemetry::builder("a", "1").build().unwrap();
    let scrape = || {
        let request = http::Request::get("/metrics").body(()).unwrap();
        telemetry
            .metrics_service()
            .answer(&request)
            .status()
            .as_u16()
    };
    let reloads = |result| {
        let snapshot = telemetry.registry().snapshot();
        snapshot.sum("novacron_config_reloads_total", &[("result", result)])
    };
    assert_eq!(scrape(), 200);
    telemetry.reload(&path).unwrap();
    assert_eq!(scrape(), 404);
    for wrong in ["[metrics]\nexporter = true\nlistn = 1", "[metrics", "\0"] {
        fs::write(&path, wrong).unwrap();
        telemetry.reload(&path).unwrap_err();
        assert_eq!(scrape(), 404, "nothing of {wrong:?} holds");
    }
    fs::remove_file(&path).unwrap();
    telemetry.reload(&path).unwrap_err();
    assert_eq!((reloads("success"), reloads("failure")), (1.0, 4.0));
    fs::write(&path, "[metrics]").unwrap();
    telemetry.reload(&path).unwrap();
    assert_eq!(scrape(), 200);
    let last = "novacron_config_last_reload_success_timestamp_seconds";
    let snapshot = telemetry.registry().snapshot();
    assert!(snapshot.value(last, &[]).unwrap() > 1.7e9);
}

#[cfg(feature = "logs")]
#[test]
fn a_log_level_is_read_again_or_kept() {
    use novacron_telemetry::Telemetry;
    use novacron_telemetry::logs::Logs;

    let (folder, path) = scratch("NovaFile", "[logs]\nlevel = \"debug\"");
    let logs = Logs::builder("a")
        .file(folder.path().join("log"))
        .build()
        .unwrap();
    let telemetry = Telemetry::builder("a", "1").logs(&logs).build().unwrap();
    telemetry.reload(&path).unwrap();
    assert_eq!(&*logs.filter(), "debug");
    fs::write(
        &path,
        "[metrics]\nexporter = false\n[logs]\nlevel = \"loud\"",
    )
    .unwrap();
    let said = telemetry.reload(&path).unwrap_err().to_string();
    assert!(said.contains("loud"), "{said}");
    assert_eq!(&*logs.filter(), "debug");
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,200}", table in "(\\[metrics\\]\n)?") {
        let _ = format!("{table}{text}").parse::<Config>();
    }
}
