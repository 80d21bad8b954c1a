use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use super::*;

/// What came, in pieces of this size.
struct Bytes<'a> {
    left: &'a [u8],
    step: usize,
}

impl Source for Bytes<'_> {
    fn some(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let now = self.step.min(self.left.len()).min(into.len());
        into[..now].copy_from_slice(&self.left[..now]);
        self.left = &self.left[now..];
        Ok(now)
    }
}

fn read(bytes: &[u8], step: usize) -> Result<Answer, Error> {
    read_answer(&mut Reader::new(Bytes { left: bytes, step }), 1000)
}

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
    Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\nA;x=y\r\n2,3,4,5,6]\r\n0\r\n\r\n";

#[test]
fn the_three_framings_are_read_however_the_bytes_come() {
    let stated = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more";
    let closed = b"HTTP/1.0 200 OK\r\n\r\nhello";
    for step in [1, 2, 3, 7, 4096] {
        assert_eq!(read(CHUNKED, step).unwrap().body, b"[1,2,3,4,5,6]");
        assert_eq!(read(stated, step).unwrap().body, b"hello");
        assert_eq!(read(closed, step).unwrap().body, b"hello");
    }
    let answer = read(CHUNKED, 9).unwrap();
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn what_can_be_read_in_two_ways_is_not_read() {
    for head in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5",
        "Content-Length: 5, 5",
        "Transfer-Encoding: gzip, chunked",
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        let error = read(bytes.as_bytes(), 4096).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{head}: {error}");
    }
}

#[test]
fn what_is_too_large_is_not_kept() {
    let stated = "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n".to_owned();
    let more_than_any_number = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n";
    let closed = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1001));
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n".to_owned();
    let chunks = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        format!("64\r\n{}\r\n", "x".repeat(100)).repeat(11)
    );
    let head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n", "x".repeat(HEAD));
    let headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(HEADERS + 1));
    for bytes in [
        &stated,
        more_than_any_number,
        &closed,
        &chunk,
        &chunks,
        &head,
        &headers,
    ] {
        let error = read(bytes.as_bytes(), 4096).unwrap_err();
        let start = &bytes[..bytes.len().min(60)];
        assert!(matches!(error, Error::TooLarge), "{start}: {error}");
    }
}

#[test]
fn every_prefix_of_an_answer_is_an_error() {
    // Without the last line of an empty trailer it is whole.
    for end in 0..CHUNKED.len() - 2 {
        assert!(read(&CHUNKED[..end], 4096).is_err(), "{end}");
    }
    assert!(read(CHUNKED, 4096).is_ok());
}

#[test]
fn no_change_of_a_byte_makes_it_panic_or_answer_more_than_the_cap() {
    for at in 0..CHUNKED.len() {
        for byte in 0..=255 {
            let mut bytes = CHUNKED.to_vec();
            bytes[at] = byte;
            if let Ok(answer) = read(&bytes, 4096) {
                assert!(answer.body.len() <= 1000);
            }
        }
    }
}

#[test]
fn a_path_cannot_end_the_request_line() {
    let client = Client::new(Peer::Unix("/nowhere".into()), 10);
    for path in ["/a b", "/a\r\nX: y", "a", "/a\u{7f}"] {
        let error = client.get(path, "*/*", Duration::from_secs(1)).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{path:?}: {error}");
    }
}

#[test]
fn a_peer_that_trickles_is_left_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\nX: ").unwrap();
        // Each byte alone comes well within any time limit of a single read.
        while socket.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let peer = Peer::Tcp {
        host: "127.0.0.1".into(),
        port,
    };
    let start = Instant::now();
    let error = Client::new(peer, 1000)
        .get("/", "*/*", Duration::from_millis(300))
        .unwrap_err();
    assert!(matches!(error, Error::Late), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2));
    server.join().unwrap();
}

#[test]
fn a_daemon_that_accepts_nothing_does_not_keep_us() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hung.sock");
    // It listens, and nobody ever accepts: first connections find room in the queue and wait for an
    // answer, later ones do not get that far.
    let _listener = UnixListener::bind(&path).unwrap();
    let client = Client::new(Peer::Unix(path.clone()), 1000);
    let mut queue = Vec::new();
    let start = Instant::now();
    let error = client
        .get("/", "*/*", Duration::from_millis(200))
        .unwrap_err();
    assert!(matches!(error, Error::Late), "{error}");
    // Fill the queue, however long it is, without waiting for room in it.
    while queue.len() < 10_000 {
        match connect_unix(&path, Duration::from_millis(50)) {
            Ok(socket) => queue.push(socket),
            Err(_) => break,
        }
    }
    let error = client
        .get("/", "*/*", Duration::from_millis(200))
        .unwrap_err();
    assert!(
        matches!(error, Error::Late),
        "{} waiting: {error}",
        queue.len()
    );
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_socket_that_is_not_there_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::new(Peer::Unix(folder.path().join("none.sock")), 1000);
    match client.get("/", "*/*", Duration::from_secs(1)) {
        Err(Error::Io(error)) => assert_eq!(error.kind(), io::ErrorKind::NotFound),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_that_is_not_200_is_its_status() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let got = socket.read(&mut request).unwrap();
        let answer = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops";
        socket.write_all(answer).unwrap();
        String::from_utf8_lossy(&request[..got]).into_owned()
    });
    let peer = Peer::Tcp {
        host: "127.0.0.1".into(),
        port,
    };
    let error = Client::new(peer, 1000)
        .get("/metrics?x=1", "text/plain", Duration::from_secs(5))
        .unwrap_err();
    assert!(matches!(error, Error::Status(500)), "{error}");
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /metrics?x=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
    assert!(request.contains("Accept: text/plain\r\n") && request.ends_with("\r\n\r\n"));
}
