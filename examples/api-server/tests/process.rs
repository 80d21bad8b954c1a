//! The program itself: its flags, what it prints, and how it stops.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// The program on a free port; killed if a test fails.
struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl Program {
    fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_api-server"))
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let address = loop {
            let mut line = String::new();
            assert_ne!(
                stdout.read_line(&mut line).expect("readable"),
                0,
                "it ended without an address"
            );
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.split_once('/').expect("a path").0.to_owned();
            }
        };
        Self {
            child,
            stdout,
            address,
        }
    }

    /// Sends a request and returns the connection, at the first byte of the answer.
    fn ask(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a timeout");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").expect("written");
        stream
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(status.expect("kill runs").success());
    }

    /// Reads what it prints until this is in it, and returns what stands behind it.
    fn printed(&mut self, what: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.stdout.read_line(&mut line).expect("readable"),
                0,
                "it never said {what}"
            );
            if let Some((_, rest)) = line.split_once(what) {
                return rest.to_owned();
            }
        }
    }

    /// Waits for its end; returns its status, and what it still printed.
    fn end(mut self) -> (Option<i32>, String) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("waitable") {
                break status.code();
            }
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "it does not stop"
            );
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        (status, rest)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_api-server"))
        .args(flags)
        .output()
        .expect("the program runs")
}

#[test]
fn either_signal_stops_it_cleanly_with_a_listener_connected() {
    for signal in ["-INT", "-TERM"] {
        let program = Program::start(&[]);
        let mut events = program.ask("/api/v1/events");
        let mut head = [0; 15];
        events.read_exact(&mut head).expect("an answer");
        assert_eq!(&head, b"HTTP/1.1 200 OK");
        program.signal(signal);
        let (status, rest) = program.end();
        assert_eq!(status, Some(0), "after {signal}");
        assert!(rest.ends_with("stopped\n"), "{rest}");
    }
}

#[test]
fn it_stops_cleanly_under_its_own_traffic() {
    let program = Program::start(&["--demo"]);
    std::thread::sleep(Duration::from_millis(500));
    program.signal("-INT");
    assert_eq!(program.end().0, Some(0));
}

#[test]
fn what_cannot_start_says_why() {
    let program = Program::start(&[]);
    let output = run(&["--listen", &program.address]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains(&program.address) && said.contains("in use"),
        "{said}"
    );

    let output = run(&[
        "--listen",
        "127.0.0.1:0",
        "--database",
        "/nowhere/at/all.sqlite",
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("cannot open the database"), "{said}");

    assert_eq!(run(&["--listen", "nonsense"]).status.code(), Some(2));
    assert_eq!(run(&["--colour"]).status.code(), Some(2));
}

/// Whether curl was satisfied, and what it fetched with the status behind it; `None` where there is
/// no curl and that is no failure.
#[allow(clippy::print_stdout, reason = "what is left out is said aloud")]
fn curl(arguments: &[&str]) -> Option<(bool, String)> {
    let common = [
        "--silent",
        "--show-error",
        "--max-time",
        "10",
        "--write-out",
        "\n%{http_code}",
    ];
    match Command::new("curl").args(common).args(arguments).output() {
        Ok(output) => Some((
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )),
        Err(error) => {
            let strict = std::env::var("NOVACRON_TEST").is_ok_and(|how| how == "strict");
            assert!(!strict, "curl: {error}");
            println!("left out: curl is not here");
            None
        }
    }
}

/// An authority's certificate, and one with its key that it signed for this name.
fn certificates(name: &str) -> [String; 3] {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    let key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let common = format!("the authority of {name}");
    authority
        .distinguished_name
        .push(DnType::CommonName, common);
    let root = authority.self_signed(&key).expect("a certificate").pem();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([name.to_owned()]).expect("a name");
    let cert = params.signed_by(&key, &issuer).expect("a certificate");
    [root, cert.pem(), key.serialize_pem()]
}

#[test]
fn over_mutual_tls_it_answers_scrapes_and_probes_to_those_who_have_certificate_and_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("text").to_owned()
    };
    let [root, cert, key] = certificates("localhost");
    let [clients, my_cert, my_key] = certificates("prometheus");
    let (root, cert, key) = (
        write("root", &root),
        write("cert", &cert),
        write("key", &key),
    );
    let clients = write("clients", &clients);
    let (my_cert, my_key) = (write("my-cert", &my_cert), write("my-key", &my_key));
    let token = write("token", "token-of-the-tests\n");
    let mut program = Program::start(&[
        "--metrics-listen",
        "127.0.0.1:0",
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "--client-ca",
        &clients,
        "--token-file",
        &token,
    ]);
    let port = program.printed("https://127.0.0.1:");
    let port = port.split_once('/').expect("a path").0.to_owned();
    let resolve = format!("localhost:{port}:127.0.0.1");
    let (metrics, health) = (
        format!("https://localhost:{port}/metrics"),
        format!("https://localhost:{port}/health"),
    );
    let me = [
        "--resolve",
        &resolve,
        "--cacert",
        &root,
        "--cert",
        &my_cert,
        "--key",
        &my_key,
    ];
    let with = |more: &[&str]| curl(&[&me[..], more].concat());
    let authorization = "authorization: Bearer token-of-the-tests";
    if let Some((good, answer)) = with(&["--header", authorization, &metrics]) {
        assert!(good && answer.contains("novacron_build_info{"), "{answer}");
    }
    if let Some((good, answer)) = with(&[&metrics]) {
        assert!(
            good && answer.ends_with("\n401"),
            "without the token: {answer}"
        );
    }
    if let Some((good, answer)) = with(&[&health]) {
        assert!(
            good && answer.ends_with("{ \"status\": \"healthy\" }\n\n200"),
            "{answer}"
        );
    }
    if let Some((good, answer)) = curl(&["--resolve", &resolve, "--cacert", &root, &health]) {
        assert!(
            !good && !answer.contains("healthy"),
            "without a certificate: {answer}"
        );
    }
    // The API's own port has the token in front of its scrapes, too.
    let main = format!("http://{}/metrics", program.address);
    if let Some((_, answer)) = curl(&[&main]) {
        assert!(answer.ends_with("401"), "{answer}");
    }
    if let Some((_, answer)) = curl(&["--header", authorization, &main]) {
        assert!(answer.ends_with("200"), "{answer}");
    }
    // Rotated while it runs: SIGHUP is not even needed by who uses the new one.
    std::fs::write(&token, "another-token-of-the-tests\n").expect("written");
    program.signal("-HUP");
    let another = "authorization: Bearer another-token-of-the-tests";
    if let Some((good, answer)) = with(&["--header", another, &metrics]) {
        assert!(good && answer.ends_with("200"), "{answer}");
    }
    program.signal("-TERM");
    assert_eq!(program.end().0, Some(0));
}

#[test]
fn a_port_that_cannot_be_served_safely_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("token");
    let said = |flags: &[&str]| {
        let output = run(&[&["--listen", "127.0.0.1:0"], flags].concat());
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, text) = said(&["--token-file", missing.to_str().expect("text")]);
    assert_eq!(code, Some(1));
    assert!(text.contains("write the token there"), "{text}");
    let (code, text) = said(&[
        "--tls-cert",
        "/nowhere/cert.pem",
        "--tls-key",
        "/nowhere/key.pem",
    ]);
    assert_eq!(code, Some(1));
    assert!(text.contains("certificate /nowhere/cert.pem"), "{text}");
    assert_eq!(
        said(&["--tls-cert", "x"]).0,
        Some(2),
        "a certificate needs its key"
    );
}
