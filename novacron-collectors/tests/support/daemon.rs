//! A daemon behind a Unix socket, that answers what it is told to.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// Ends with its last test.
pub(crate) struct Daemon {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

/// What is sent for a path: a whole answer with its head, or `None` to say nothing and hang.
pub(crate) type Answer = Option<Vec<u8>>;

impl Daemon {
    /// Listens at `path`.
    pub(crate) fn start(path: &Path, answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let listener = UnixListener::bind(path).unwrap();
        let (stop, requests) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&requests));
        let thread = std::thread::spawn(move || {
            let mut hung = Vec::new();
            for socket in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let mut socket = socket.unwrap();
                let Some(path) = path_of(&mut socket) else {
                    continue;
                };
                counted.fetch_add(1, Ordering::Relaxed);
                match answer(&path) {
                    // Who reads no further is allowed to.
                    Some(bytes) => drop(socket.write_all(&bytes)),
                    None => hung.push(socket),
                }
            }
        });
        Self {
            path: path.to_owned(),
            stop,
            requests,
            thread: Some(thread),
        }
    }

    /// How many requests came so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It waits for one more connection.
        let _ = UnixStream::connect(&self.path);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

fn path_of(socket: &mut UnixStream) -> Option<String> {
    let mut head = Vec::new();
    let mut room = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match socket.read(&mut room) {
            Ok(0) | Err(_) => return None,
            Ok(got) => head.extend_from_slice(&room[..got]),
        }
    }
    let head = String::from_utf8(head).ok()?;
    head.strip_prefix("GET ")?
        .split(' ')
        .next()
        .map(str::to_owned)
}

/// An answer with this body, in chunks, as the runtimes send it.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\n\r\n"
        .to_vec();
    for chunk in body.as_bytes().chunks(4096) {
        answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        answer.extend_from_slice(chunk);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    answer
}

/// What podman says when it is asked who it is.
pub(crate) fn podman() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\nLibpod-Api-Version: 4.3.1\r\nContent-Length: 2\r\n\r\nOK".to_vec()
}

/// What Docker says when it is asked who it is.
pub(crate) fn docker() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\nApi-Version: 1.47\r\nContent-Length: 2\r\n\r\nOK".to_vec()
}

/// An answer of a status, with a body that says why.
pub(crate) fn status(status: u16) -> Vec<u8> {
    let body = "{\"message\":\"no\"}";
    format!(
        "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
