//! Certificates, good and bad, and handshakes that never end.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use novacron_telemetry::expose::{ListenerLimits, TlsFiles};
use novacron_telemetry::{ErrorKind, Telemetry};
use rcgen::{CertificateParams, SanType, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::certs::{Authority, Folder, ask, client};
use super::support::{PATIENCE, anywhere, connect, get, sample, say, status, telemetry, until};

fn listen(files: TlsFiles) -> (Telemetry, novacron_telemetry::expose::Listener) {
    super::support::listen(anywhere().tls(files))
}

#[test]
fn scrapes_and_probes_are_answered_over_tls_and_plain_ones_are_not() {
    let authority = Authority::new();
    let folder = Folder::with(&authority.named("localhost"));
    let (telemetry, listener) = listen(folder.files());
    let at = listener.local_addr();
    let config = client(&authority, None);
    assert!(
        ask(at, &config, "/metrics")
            .unwrap()
            .contains("novacron_build_info{")
    );
    assert_eq!(status(&ask(at, &config, "/health").unwrap()), 200);
    let plain = say(at, b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(
        !plain.contains("novacron_") && !plain.contains("HTTP/"),
        "{plain}"
    );
    let refused = "novacron_exporter_connections_refused_total{reason=\"tls\"}";
    until("it is counted", || sample(&telemetry, refused) == Some(1.0));
    let stranger = client(&Authority::new(), None);
    assert!(
        ask(at, &stranger, "/metrics").is_err(),
        "the client looks, too"
    );
}

#[test]
fn only_clients_with_a_good_certificate_are_let_in() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let folder = Folder::with(&authority.named("localhost"));
    let ca = folder.write("clients.pem", &clients.pem);
    let (_telemetry, any) = listen(folder.files().client_ca(&ca));
    let files = folder.files().client_ca(&ca);
    let files = files
        .allow("Prometheus.example.net")
        .allow("spiffe://nova/scraper");
    let (telemetry, named) = listen(files);

    let mut workload = CertificateParams::default();
    let uri = "spiffe://nova/scraper".try_into().unwrap();
    workload.subject_alt_names = vec![SanType::URI(uri)];
    let good = clients.named("prometheus.example.net");
    for (who, identity, any_lets_in, named_lets_in) in [
        ("nobody", None, false, false),
        ("the right one", Some(good.clone()), true, true),
        ("a workload", Some(clients.sign(&workload)), true, true),
        (
            "another name",
            Some(clients.named("grafana.example.net")),
            true,
            false,
        ),
        (
            "a longer name",
            Some(clients.named("x.prometheus.example.net")),
            true,
            false,
        ),
        (
            "no name",
            Some(clients.sign(&CertificateParams::default())),
            true,
            false,
        ),
        (
            "expired",
            Some(clients.expired("prometheus.example.net")),
            false,
            false,
        ),
        (
            "another authority",
            Some(Authority::new().named("prometheus.example.net")),
            false,
            false,
        ),
        (
            "the server's authority",
            Some(authority.named("prometheus.example.net")),
            false,
            false,
        ),
    ] {
        let config = client(&authority, identity.as_ref());
        for (listener, expected) in [(&any, any_lets_in), (&named, named_lets_in)] {
            for path in ["/metrics", "/health"] {
                let answer = ask(listener.local_addr(), &config, path);
                let let_in = answer.as_ref().is_ok_and(|answer| status(answer) == 200);
                assert_eq!(let_in, expected, "{who}: {answer:?}");
                assert!(
                    let_in || !format!("{answer:?}").contains("novacron_"),
                    "{who}"
                );
            }
        }
    }
    // Whoever was let in is asked again: its old session opens nothing.
    let config = client(&authority, Some(&good));
    assert!(ask(named.local_addr(), &config, "/metrics").is_ok());
    folder.write("clients.pem", &Authority::new().pem);
    named.reload().unwrap();
    assert!(ask(named.local_addr(), &config, "/metrics").is_err());
    let refused = sample(
        &telemetry,
        "novacron_exporter_connections_refused_total{reason=\"tls\"}",
    );
    assert!(refused >= Some(14.0), "{refused:?}");

    let error = telemetry
        .listen(anywhere().tls(folder.files().allow("x")))
        .unwrap_err();
    assert!(error.to_string().contains("`client_ca`"), "{error}");
}

/// A file and what is said about it. `None` leaves it away.
struct Bad<'a> {
    file: &'a str,
    content: Option<Vec<u8>>,
    said: &'a str,
}

#[test]
fn each_bad_file_is_named_with_its_cure_and_a_reload_keeps_the_last_good_ones() {
    let authority = Authority::new();
    let good = authority.named("localhost");
    let der = CertificateDer::from_pem_slice(good.cert.as_bytes()).unwrap();
    let key_der = PrivateKeyDer::from_pem_slice(good.key.as_bytes()).unwrap();
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old_style = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n";
    let wrong_order = format!("{}{}", authority.pem, good.cert);
    let half = &good.cert[..good.cert.len() / 2];
    let not_one = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let bad = |file, content, said| Bad {
        file,
        content,
        said,
    };
    let table = [
        bad("cert.pem", None, "put it there"),
        bad("key.pem", None, "put it there"),
        bad("clients.pem", None, "put it there"),
        bad(
            "cert.pem",
            text(""),
            "it is empty; put the certificate there",
        ),
        bad("key.pem", text("\n"), "it is empty; put the key there"),
        bad("clients.pem", text(""), "it is empty"),
        bad(
            "cert.pem",
            Some(der.to_vec()),
            "it is DER; convert it to PEM with `openssl x509",
        ),
        bad(
            "key.pem",
            Some(key_der.secret_der().to_vec()),
            "it is DER; convert it to PEM with `openssl pkey",
        ),
        bad("cert.pem", text(&good.key), "are the two files swapped?"),
        bad("key.pem", text(&good.cert), "are the two files swapped?"),
        bad("key.pem", text(encrypted), "it is encrypted"),
        bad("key.pem", text(old_style), "it is encrypted"),
        bad(
            "key.pem",
            text(&authority.named("localhost").key),
            "does not belong to the certificate in",
        ),
        bad(
            "cert.pem",
            text(&wrong_order),
            "certificate at place 2; put that one first",
        ),
        bad("cert.pem", text(half), "it is not whole PEM"),
        bad(
            "cert.pem",
            text(not_one),
            "what stands at place 1 is no certificate",
        ),
        bad(
            "cert.pem",
            text("hello"),
            "it should begin with `-----BEGIN`",
        ),
        bad(
            "key.pem",
            text("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"),
            "of a kind that is not known here",
        ),
        bad("cert.pem", Some(vec![b'-'; 2 << 20]), "it is larger than"),
    ];
    let clients = Authority::new();
    let config = client(&authority, Some(&clients.named("x")));
    let folder = Folder::with(&good);
    folder.write("clients.pem", &clients.pem);
    let files = || folder.files().client_ca(folder.path("clients.pem"));
    let (_telemetry, listener) = listen(files());
    for Bad {
        file,
        content,
        said,
    } in table
    {
        let path = folder.path(file);
        match content {
            Some(content) => fs::write(&path, content).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let at_start = telemetry().listen(anywhere().tls(files())).unwrap_err();
        let again = listener.reload().unwrap_err();
        for error in [at_start, again] {
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            let line = error.to_string();
            assert!(line.contains(said), "{file}: {line}");
            assert!(line.contains(folder.0.path().to_str().unwrap()), "{line}");
            assert!(!line.contains('\n'), "{line}");
            let secret = good.key.lines().nth(1).unwrap();
            assert!(
                !line.contains(secret) && !format!("{error:?}").contains(secret),
                "{line}"
            );
        }
        assert_eq!(
            status(&ask(listener.local_addr(), &config, "/health").unwrap()),
            200,
            "{file}"
        );
        folder.put(&good);
        folder.write("clients.pem", &clients.pem);
        listener.reload().unwrap();
    }
}

#[test]
fn an_expired_certificate_is_shown_and_does_not_replace_a_good_one() {
    let authority = Authority::new();
    let expired = authority.expired("localhost");
    let folder = Folder::with(&expired);
    let (telemetry, _listener) = listen(folder.files());
    let expiry = |telemetry: &Telemetry| {
        sample(
            telemetry,
            "novacron_exporter_certificate_expiry_timestamp_seconds",
        )
    };
    assert_eq!(expiry(&telemetry), Some(1_577_836_800.0), "2020-01-01");

    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_after = date_time_ymd(2055, 6, 1);
    folder.put(&authority.sign(&params));
    let (telemetry, listener) = listen(folder.files());
    assert_eq!(
        expiry(&telemetry),
        Some(2_695_420_800.0),
        "2055-06-01, in the longer spelling"
    );
    folder.put(&expired);
    let error = listener.reload().unwrap_err().to_string();
    assert!(
        error.contains("has expired; put a new one there"),
        "{error}"
    );
    assert_eq!(expiry(&telemetry), Some(2_695_420_800.0));
    assert!(ask(listener.local_addr(), &client(&authority, None), "/livez").is_ok());

    // Nobody says that there is a new one.
    params.not_after = date_time_ymd(2056, 6, 1);
    folder.put(&authority.sign(&params));
    until("the files are looked at", || {
        expiry(&telemetry) == Some(2_727_043_200.0)
    });
}

#[test]
fn swapped_a_thousand_times_under_handshakes_none_fails() {
    let authority = Authority::new();
    let pairs = [authority.named("localhost"), authority.named("localhost")];
    let folder = Folder::with(&pairs[0]);
    let (_telemetry, listener) = listen(folder.files());
    let at = listener.local_addr();
    let done = AtomicBool::new(false);
    let begun = Instant::now();
    let (handshakes, between) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let config = client(&authority, None);
            let mut handshakes = 0;
            while !done.load(Ordering::Relaxed) {
                let answer = ask(at, &config, "/livez");
                assert!(
                    answer.as_ref().is_ok_and(|answer| status(answer) == 200),
                    "{answer:?}"
                );
                handshakes += 1;
            }
            handshakes
        });
        let mut between = 0;
        for n in 0..1000 {
            let pair = &pairs[(n + 1) % 2];
            // Two writes, and somebody reads in between.
            folder.write("cert.pem", &pair.cert);
            between += usize::from(listener.reload().is_err());
            folder.write("key.pem", &pair.key);
            listener.reload().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        (asking.join().unwrap(), between)
    });
    println!(
        "1000 swaps in {:?}, {between} of them read halfway and refused; {handshakes} handshakes, 0 failed",
        begun.elapsed()
    );
    assert_eq!(between, 1000);
    assert!(handshakes > 20, "{handshakes}");
}

#[test]
fn handshakes_that_do_not_end_are_ended() {
    let authority = Authority::new();
    let folder = Folder::with(&authority.named("localhost"));
    let mut limits = ListenerLimits::default();
    limits.head = Duration::from_millis(400);
    let (telemetry, listener) =
        super::support::listen(anywhere().tls(folder.files()).limits(limits));
    let at = listener.local_addr();
    let begun = Instant::now();
    let mut silent = connect(at);
    let mut hello = connect(at);
    hello.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    for stream in [&mut silent, &mut hello] {
        let _ = stream.read(&mut [0; 64]);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let refused = "novacron_exporter_connections_refused_total{reason=\"timeout\"}";
    until("both are counted", || {
        sample(&telemetry, refused) == Some(2.0)
    });
    assert!(ask(at, &client(&authority, None), "/metrics").is_ok());
}

/// Runs a program that may be missing; where tests are strict, it must not be.
#[allow(clippy::print_stdout, reason = "what is left out is said aloud")]
fn judge(program: &str, arguments: &[&str]) -> Option<std::process::Output> {
    match std::process::Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
    {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(
                std::env::var("NOVACRON_TEST").as_deref() != Ok("strict"),
                "{program}: {error}"
            );
            println!("left out: {program} is not here");
            None
        }
    }
}

#[test]
fn programs_of_others_agree() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let folder = Folder::with(&authority.named("localhost"));
    let ca = folder.write("clients.pem", &clients.pem);
    let root = folder.write("root.pem", &authority.pem);
    let me = clients.named("curl");
    let (cert, key) = (
        folder.write("me.pem", &me.cert),
        folder.write("me.key", &me.key),
    );
    let (_telemetry, listener) = listen(folder.files().client_ca(&ca));
    let at = listener.local_addr();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let url = format!("https://localhost:{}/metrics", at.port());
    let resolve = format!("localhost:{}:127.0.0.1", at.port());
    let common = [
        "--silent",
        "--show-error",
        "--max-time",
        "10",
        "--resolve",
        &resolve,
        "--cacert",
        &text(&root),
        &url,
    ];
    let mut with = common.to_vec();
    let (cert, key) = (text(&cert), text(&key));
    with.extend(["--cert", &cert, "--key", &key]);
    if let Some(output) = judge("curl", &with) {
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("novacron_build_info{"));
    }
    if let Some(output) = judge("curl", &common) {
        assert!(!output.status.success(), "without a certificate");
        assert!(output.stdout.is_empty());
    }
    let address = at.to_string();
    for (version, works) in [
        ("-tls1", false),
        ("-tls1_1", false),
        ("-tls1_2", true),
        ("-tls1_3", true),
    ] {
        let arguments = [
            "s_client",
            "-connect",
            &address,
            version,
            "-cert",
            &cert,
            "-key",
            &key,
            "-CAfile",
            &text(&root),
            "-verify_return_error",
            "-servername",
            "localhost",
            "-cipher",
            "ALL:@SECLEVEL=0",
        ];
        if let Some(output) = judge("openssl", &arguments) {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let agreed =
                said.contains("Verify return code: 0 (ok)") && !said.contains("Cipher is (NONE)");
            assert_eq!(agreed, works, "{version}: {said}");
        }
    }
}

#[test]
fn over_a_socket_that_says_nothing_a_plain_scrape_elsewhere_is_answered() {
    let authority = Authority::new();
    let folder = Folder::with(&authority.named("localhost"));
    let telemetry = telemetry();
    let secure = telemetry.listen(anywhere().tls(folder.files())).unwrap();
    let plain = telemetry.listen(anywhere()).unwrap();
    let _held: Vec<TcpStream> = (0..50).map(|_| connect(secure.local_addr())).collect();
    assert_eq!(
        status(&get(plain.local_addr(), "/metrics", "")),
        200,
        "one service, two ports"
    );
    assert!(ask(secure.local_addr(), &client(&authority, None), "/metrics").is_ok());
    telemetry.shutdown_blocking(PATIENCE).unwrap();
}
