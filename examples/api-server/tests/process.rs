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
