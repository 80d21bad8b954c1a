//! Sockets, and what is said over them.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use novacron_telemetry::Telemetry;
use novacron_telemetry::expose::{Listener, ListenerOptions};
use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::metric::{Counter, Family};
use novacron_telemetry::registry::{MetricGroup, Registry};

/// Nothing here takes so long unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn anywhere() -> ListenerOptions {
    ListenerOptions::new(([127, 0, 0, 1], 0))
}

pub(crate) fn telemetry() -> Telemetry {
    Telemetry::builder("listener-test", "1.2.3")
        .build()
        .unwrap()
}

/// A telemetry of its own, and its port.
pub(crate) fn listen(options: ListenerOptions) -> (Telemetry, Listener) {
    let telemetry = telemetry();
    let listener = telemetry.listen(options).unwrap();
    (telemetry, listener)
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends these bytes and reads until the other side closes.
pub(crate) fn say(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = connect(address);
    // It may close before it has read all of it.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The answer to a GET with these further header lines.
pub(crate) fn get(address: SocketAddr, path: &str, headers: &str) -> String {
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n{headers}\r\n");
    say(address, request.as_bytes())
}

pub(crate) fn status(answer: &str) -> u16 {
    let line = answer.lines().next().unwrap_or_default();
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("HTTP/1.1"), "{answer:?}");
    words.next().unwrap().parse().unwrap()
}

pub(crate) fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}

/// One honest scrape, on a connection of its own: how long it took, or what went wrong.
pub(crate) fn scrape(
    address: SocketAddr,
    headers: &str,
    deadline: Duration,
) -> Result<Duration, String> {
    let begun = Instant::now();
    let told =
        |what: &str, error: io::Error| format!("{what} after {:?}: {error}", begun.elapsed());
    let mut stream =
        TcpStream::connect_timeout(&address, deadline).map_err(|error| told("connect", error))?;
    let left = || {
        let left = deadline.saturating_sub(begun.elapsed());
        if left.is_zero() {
            Err("too late".to_owned())
        } else {
            Ok(left)
        }
    };
    let request =
        format!("GET /metrics HTTP/1.1\r\nhost: here\r\nconnection: close\r\n{headers}\r\n");
    stream.set_write_timeout(Some(left()?)).unwrap();
    stream
        .write_all(request.as_bytes())
        .map_err(|error| told("send", error))?;
    let mut answer = Vec::new();
    let mut piece = [0; 64 * 1024];
    loop {
        stream.set_read_timeout(Some(left()?)).unwrap();
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&piece[..length]),
            Err(error) => return Err(told("receive", error)),
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    if !answer.starts_with("HTTP/1.1 200 OK\r\n") {
        let head: String = answer.chars().take(200).collect();
        return Err(format!("answered {head:?}"));
    }
    let whole = answer.ends_with("\r\n0\r\n\r\n") || {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        length.is_some_and(|length| length.parse() == Ok(body.len()))
    };
    if !whole {
        return Err(format!("cut short after {} bytes", answer.len()));
    }
    Ok(begun.elapsed())
}

/// The value of a sample, as a scrape shows it.
pub(crate) fn sample(telemetry: &Telemetry, series: &str) -> Option<f64> {
    telemetry.render().lines().find_map(|line| {
        let value = line.strip_prefix(series)?.strip_prefix(' ')?;
        value.parse().ok()
    })
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < PATIENCE, "still not so: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A registry whose exposition no socket swallows whole.
pub(crate) fn large() -> Registry {
    let registry = Registry::new();
    fill(&registry, 100_000, 60);
    registry
}

/// So many further series, each with a name of so many letters.
pub(crate) fn fill(registry: &Registry, series: usize, letters: usize) {
    let large = registry.register::<Large>().unwrap();
    for n in 0..series {
        let name = &format!("{n:0>letters$}");
        large.things_total.inc(&LabelsRef { name });
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 100_000)]
struct Name(Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct Labels {
    name: Name,
}

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "large")]
struct Large {
    /// Things.
    #[metric(unit = "things")]
    things_total: Family<Labels, Counter>,
}
