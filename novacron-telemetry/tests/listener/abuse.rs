//! Whatever else is connected, an honest scrape is answered: one every 100 ms, each on a connection
//! of its own and from the same address as everybody else, while the port is abused in one way
//! after the other. Prints what it saw.

#[allow(dead_code, reason = "the other tests of the port use the rest")]
mod certs;
#[allow(dead_code, reason = "the other tests of the port use the rest")]
mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use novacron_telemetry::expose::{BearerAuth, Token};

use certs::{Authority, Folder, ask, client};
use support::{anywhere, bearer, fill, sample, scrape, telemetry};

const TOKEN: &str = "an-honest-scraper-has-this";
/// How long each abuse goes on.
const ROUND: Duration = Duration::from_secs(4);
/// What Prometheus allows for a scrape.
const DEADLINE: Duration = Duration::from_secs(10);
/// Of a process that holds both sides of every connection.
const ROOM: usize = 64 << 20;

/// A field of `/proc/self/status`, in bytes.
fn status_bytes(field: &str) -> usize {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .unwrap();
    let kib: usize = line
        .trim_matches(|c: char| !c.is_ascii_digit())
        .parse()
        .unwrap();
    kib * 1024
}

fn resident() -> usize {
    status_bytes("VmRSS:")
}

/// How many descriptors this process may still open.
fn descriptors() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let soft = line
        .split_ascii_whitespace()
        .nth(3)
        .unwrap()
        .parse()
        .unwrap_or(usize::MAX);
    let open = fs::read_dir("/proc/self/fd").unwrap().count();
    soft.saturating_sub(open)
}

/// What the honest scraper saw.
struct Seen {
    took: Vec<Duration>,
    failed: Vec<String>,
    most_resident: usize,
}

/// Scrapes every 100 ms until told otherwise, whatever became of the scrapes before.
fn honest(stop: &AtomicBool, ask: impl Fn() -> Result<Duration, String> + Sync) -> Seen {
    let seen = Mutex::new(Seen {
        took: Vec::new(),
        failed: Vec::new(),
        most_resident: 0,
    });
    thread::scope(|scope| {
        let mut next = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            scope.spawn(|| {
                let asked = ask();
                let mut seen = seen.lock().unwrap();
                match asked {
                    Ok(took) => seen.took.push(took),
                    Err(why) => seen.failed.push(why),
                }
                seen.most_resident = seen.most_resident.max(resident());
            });
            next += Duration::from_millis(100);
            sleep(next.saturating_duration_since(Instant::now()));
        }
    });
    seen.into_inner().unwrap()
}

/// Abuses for a while, with the honest scraper beside it.
#[allow(clippy::print_stdout, reason = "the figures are what it is for")]
fn round(
    name: &str,
    scraper: impl Fn() -> Result<Duration, String> + Sync,
    abuse: impl Fn(&AtomicBool) -> String + Sync,
) {
    let before = resident();
    let stop = AtomicBool::new(false);
    let (said, mut seen) = thread::scope(|scope| {
        let abusing = scope.spawn(|| abuse(&stop));
        // Once it has begun, and until it is over.
        sleep(Duration::from_millis(200));
        let scraping = scope.spawn(|| honest(&stop, &scraper));
        sleep(ROUND);
        stop.store(true, Ordering::Relaxed);
        (abusing.join().unwrap(), scraping.join().unwrap())
    });
    seen.took.sort_unstable();
    let grown = seen.most_resident.saturating_sub(before);
    let at = |part: usize| {
        seen.took
            .get(seen.took.len() * part / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{name}: {said}; {} of {} honest scrapes answered, median {:.1?}, 95 % {:.1?}, longest {:.1?}; memory +{:.1} MiB",
        seen.took.len(),
        seen.took.len() + seen.failed.len(),
        at(50),
        at(95),
        seen.took.last().copied().unwrap_or_default(),
        grown as f64 / f64::from(1 << 20),
    );
    assert!(seen.failed.is_empty(), "{name}: {:?}", seen.failed);
    assert!(
        seen.took.len() >= 20,
        "{name}: the scraper was hardly there: {:?}",
        seen.took
    );
    assert!(grown < ROOM, "{name}: {grown} bytes more");
}

fn connect(at: SocketAddr) -> Option<TcpStream> {
    TcpStream::connect_timeout(&at, Duration::from_secs(1)).ok()
}

/// Sends without waiting; whether the connection is still there.
fn push(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.set_nonblocking(true).unwrap();
    match stream.write(bytes) {
        Ok(sent) => sent > 0 || bytes.is_empty(),
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    }
}

/// Keeps so many connections, each of which began with `first` and goes on with `then`.
fn keep(at: SocketAddr, stop: &AtomicBool, many: usize, first: &[u8], then: &[u8]) -> String {
    let mut held: Vec<Option<TcpStream>> = (0..many).map(|_| None).collect();
    let mut opened = 0_usize;
    while !stop.load(Ordering::Relaxed) {
        for slot in &mut held {
            let alive = slot
                .as_mut()
                .is_some_and(|stream| then.is_empty() || push(stream, then));
            if !alive {
                *slot = connect(at);
                if let Some(stream) = slot {
                    opened += 1;
                    push(stream, first);
                }
            }
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
        sleep(Duration::from_millis(100));
    }
    format!("{many} at once, {opened} opened")
}

/// Sends these again and again, each on a connection of its own, from several threads.
fn hammer(at: SocketAddr, stop: &AtomicBool, threads: usize, shapes: &[Vec<u8>]) -> String {
    let sent = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let n = sent.fetch_add(1, Ordering::Relaxed);
                    let Some(mut stream) = connect(at) else {
                        continue;
                    };
                    let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
                    let _ = stream.set_write_timeout(Some(Duration::from_millis(500)));
                    let _ = stream.write_all(&shapes[n % shapes.len()]);
                    let _ = stream.read(&mut [0; 512]);
                }
            });
        }
    });
    format!("{} sent by {threads} threads", sent.into_inner())
}

#[test]
fn whatever_else_is_connected_an_honest_scrape_is_answered() {
    let authority = Authority::new();
    let folder = Folder::with(&authority.named("localhost"));
    let telemetry = telemetry();
    // More than the sockets of a reader that does not read take in: about 1.3 MiB.
    fill(telemetry.registry(), 6000, 200);
    let auth = BearerAuth::new(Token::new(TOKEN).unwrap());
    let listener = telemetry.listen(anywhere().auth(auth.clone())).unwrap();
    let secure = telemetry
        .listen(anywhere().tls(folder.files()).auth(auth))
        .unwrap();
    let (at, tls) = (listener.local_addr(), secure.local_addr());
    let header = bearer(TOKEN);
    let plain = || scrape(at, &header, DEADLINE);
    // What a first scrape takes is not the abuse's.
    for _ in 0..5 {
        plain().unwrap();
    }
    let before = resident();
    let files = || fs::read_dir("/proc/self/fd").unwrap().count();
    let files_before = files();

    round("nobody else", plain, |stop| {
        while !stop.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(50));
        }
        "at rest".to_owned()
    });
    round("slowloris", plain, |stop| {
        keep(at, stop, 300, b"GET /metrics HTTP/1.1\r\nx: ", b"y")
    });
    round("half-open connections", plain, |stop| {
        let many = descriptors().saturating_sub(500).min(10_000);
        keep(at, stop, many, b"GET /metr", b"")
    });
    round("readers that do not read", plain, |stop| {
        let request = format!("GET /metrics HTTP/1.1\r\nhost: x\r\n{header}\r\n");
        // A second request is sent ahead, over and over: it finds out who was cut.
        keep(at, stop, 200, request.as_bytes(), b"G")
    });
    round("heads of 1 MiB", plain, |stop| {
        let mut head = b"GET /metrics HTTP/1.1\r\nhost: x\r\n".to_vec();
        while head.len() < 1 << 20 {
            head.extend_from_slice(b"x-header: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n");
        }
        hammer(at, stop, 4, &[head])
    });
    round("smuggling, methods, paths", plain, |stop| {
        let shapes = [
            "GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
            "GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "GET /metrics HTTP/1.1\nhost: x\n\n",
            "DELETE /metrics HTTP/1.1\r\nhost: x\r\n\r\n",
            "POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\n",
            "GET //metrics HTTP/1.1\r\nhost: x\r\n\r\n",
            "GET /%2e%2e/metrics HTTP/1.1\r\nhost: x\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "\x16\x03\x01\x02\0\x01",
        ];
        hammer(at, stop, 4, &shapes.map(|shape| shape.as_bytes().to_vec()))
    });
    round("guessed tokens at 1 kHz", plain, |stop| {
        let guesses = AtomicUsize::new(0);
        let begun = Instant::now();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let n = guesses.fetch_add(1, Ordering::Relaxed);
                        // Each at its time, and nobody waits to be told that it was wrong.
                        let due = begun + Duration::from_millis(n as u64);
                        sleep(due.saturating_duration_since(Instant::now()));
                        if let Some(mut stream) = connect(at) {
                            let guess = bearer(&format!("guess-{n}"));
                            push(
                                &mut stream,
                                format!("GET /metrics HTTP/1.1\r\nhost: x\r\n{guess}\r\n")
                                    .as_bytes(),
                            );
                        }
                    }
                });
            }
        });
        format!("{} guesses", guesses.into_inner())
    });
    let config = client(&authority, None);
    let encrypted = || {
        let begun = Instant::now();
        let answer = ask(tls, &config, "/livez")?;
        match answer.starts_with("HTTP/1.1 200 ") && begun.elapsed() < DEADLINE {
            true => Ok(begun.elapsed()),
            false => Err(format!("{:?}: {answer}", begun.elapsed())),
        }
    };
    round("half handshakes", encrypted, |stop| {
        keep(tls, stop, 1000, b"\x16\x03\x01\x02\0\x01\0", b"")
    });

    println!(
        "memory before {:.1} MiB, at its highest {:.1} MiB",
        before as f64 / f64::from(1 << 20),
        status_bytes("VmHWM:") as f64 / f64::from(1 << 20)
    );
    for reason in ["limit", "timeout", "tls"] {
        let series = format!("novacron_exporter_connections_refused_total{{reason=\"{reason}\"}}");
        println!(
            "refused, {reason}: {}",
            sample(&telemetry, &series).unwrap()
        );
    }
    let active = || sample(&telemetry, "novacron_exporter_connections_active").unwrap();
    support::until("all connections are gone", || active() == 0.0);
    support::until("all descriptors are given back", || files() <= files_before);
}
