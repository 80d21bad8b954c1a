//! How a port is taken, shared with nobody, and given back.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use novacron_telemetry::ErrorKind;
use novacron_telemetry::expose::{
    Listener, ListenerLimits, ListenerMetrics, ListenerOptions, MetricsService,
};
use novacron_telemetry::registry::Registry;

use super::support::{
    PATIENCE, anywhere, connect, get, large, listen, sample, scrape, status, telemetry, until,
};

#[test]
fn a_port_that_cannot_be_had_is_named_with_a_hint() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = telemetry()
        .listen(ListenerOptions::new(address))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bind);
    let said = error.to_string();
    assert!(
        said.contains(&address.to_string()) && said.contains("another program has this port"),
        "{said}"
    );
    assert!(std::error::Error::source(&error).is_some());

    let error = telemetry()
        .listen(ListenerOptions::new(([192, 0, 2, 1], 0)))
        .unwrap_err();
    assert!(
        error.to_string().contains("no interface of this machine"),
        "{error}"
    );
}

#[test]
fn limits_that_serve_nobody_are_refused() {
    let bad: [fn(&mut ListenerLimits); 5] = [
        |limits| limits.connections = 0,
        |limits| limits.connections_per_source = 0,
        |limits| limits.header_bytes = 100,
        |limits| limits.head = Duration::ZERO,
        |limits| limits.idle = Duration::MAX,
    ];
    for spoil in bad {
        let mut limits = ListenerLimits::default();
        spoil(&mut limits);
        let error = telemetry().listen(anywhere().limits(limits)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
    }
}

#[test]
fn restarted_a_hundred_times_under_scrapes_it_gets_its_port_each_time() {
    let first = telemetry();
    let address = first.listen(anywhere()).unwrap().local_addr();
    first.shutdown_blocking(PATIENCE).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let answered = std::thread::scope(|scope| {
        let scraping = scope.spawn(|| {
            let mut answered = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                answered += usize::from(scrape(address, "", PATIENCE).is_ok());
            }
            answered
        });
        for round in 0..100 {
            let telemetry = telemetry();
            let listener = telemetry.listen(ListenerOptions::new(address));
            listener.unwrap_or_else(|error| panic!("round {round}: {error}"));
            scrape(address, "", PATIENCE).unwrap();
            telemetry.shutdown_blocking(PATIENCE).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        scraping.join().unwrap()
    });
    println!(
        "100 restarts on one port, none refused; {answered} further scrapes answered meanwhile"
    );
}

fn serve(registry: &Registry, options: ListenerOptions) -> Listener {
    Listener::bind(
        options,
        MetricsService::new(registry.clone()),
        ListenerMetrics::noop(),
    )
    .unwrap()
}

/// A scrape that has begun, and of which nothing was read but this.
fn begin(listener: &Listener) -> TcpStream {
    let mut stream = connect(listener.local_addr());
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    stream
}

#[test]
fn a_scrape_under_way_ends_before_the_port_is_closed_or_is_cut() {
    let registry = large();
    let listener = serve(&registry, anywhere());
    let mut reading = begin(&listener);
    let closing = {
        let listener = listener.clone();
        std::thread::spawn(move || listener.shutdown_blocking(PATIENCE))
    };
    until("the port is given back", || {
        TcpListener::bind(listener.local_addr()).is_ok()
    });
    let mut rest = Vec::new();
    reading.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"\r\n0\r\n\r\n"), "{} bytes", rest.len());
    assert_eq!(closing.join().unwrap().cut, 0);

    let listener = serve(&registry, anywhere());
    let stalled = begin(&listener);
    let begun = Instant::now();
    assert_eq!(
        listener.shutdown_blocking(Duration::from_millis(300)).cut,
        1
    );
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    drop(stalled);
    let begun = Instant::now();
    assert_eq!(
        listener.shutdown_blocking(PATIENCE).cut,
        1,
        "a second call finds it done"
    );
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn half_a_head_and_a_kept_connection_hold_nothing_up() {
    let (telemetry, listener) = listen(anywhere());
    let mut half = connect(listener.local_addr());
    half.write_all(b"GET /metrics HT").unwrap();
    let mut kept = connect(listener.local_addr());
    kept.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut head = [0; 15];
    kept.read_exact(&mut head).unwrap();
    let begun = Instant::now();
    telemetry.shutdown(PATIENCE).await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    assert!(TcpListener::bind(listener.local_addr()).is_ok());
    let mut rest = Vec::new();
    // Closed one way or another.
    let _ = kept.read_to_end(&mut rest);
    let _ = half.read_to_end(&mut rest);
}

#[test]
fn dropped_it_gives_its_port_back() {
    let listener = serve(&Registry::new(), anywhere());
    let address = listener.local_addr();
    assert_eq!(status(&get(address, "/metrics", "")), 200);
    drop(listener);
    until("the port is free", || TcpListener::bind(address).is_ok());
}

fn impatient() -> ListenerLimits {
    let mut limits = ListenerLimits::default();
    limits.head = Duration::from_millis(400);
    limits.idle = Duration::from_millis(400);
    limits.stalled = Duration::from_millis(400);
    limits
}

/// How long it takes until the other side closes, while this is sent byte by byte.
fn closed_after(stream: &mut TcpStream, trickle: &[u8]) -> Duration {
    let begun = Instant::now();
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let mut trickle = trickle.iter();
    loop {
        assert!(begun.elapsed() < PATIENCE, "it is never closed");
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(0) => return begun.elapsed(),
            Ok(_) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) =>
            {
                if let Some(byte) = trickle.next()
                    && stream.write_all(&[*byte]).is_err()
                {
                    return begun.elapsed();
                }
            }
            Err(_) => return begun.elapsed(),
        }
    }
}

#[test]
fn patience_has_an_end_for_silence_for_slow_heads_and_for_kept_connections() {
    let (telemetry, listener) = listen(anywhere().limits(impatient()));
    let slack = Duration::from_secs(5);
    let within = |took: Duration| took >= Duration::from_millis(350) && took < slack;
    let mut silent = connect(listener.local_addr());
    let took = closed_after(&mut silent, b"");
    assert!(within(took), "silent: {took:?}");
    let mut slow = connect(listener.local_addr());
    let took = closed_after(&mut slow, &[b'x'; 1000]);
    assert!(within(took), "byte by byte: {took:?}");
    let timeouts = || {
        sample(
            &telemetry,
            "novacron_exporter_connections_refused_total{reason=\"timeout\"}",
        )
    };
    until("both are counted", || timeouts() == Some(2.0));
    let mut kept = connect(listener.local_addr());
    kept.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let took = closed_after(&mut kept, b"");
    assert!(within(took), "kept: {took:?}");
    assert_eq!(timeouts(), Some(2.0), "it did nothing wrong");
    until("none is left", || {
        sample(&telemetry, "novacron_exporter_connections_active") == Some(0.0)
    });
}

#[test]
fn a_reader_that_does_not_read_is_cut() {
    let listener = serve(&large(), anywhere().limits(impatient()));
    let mut stalled = begin(&listener);
    std::thread::sleep(Duration::from_millis(1200));
    let mut rest = Vec::new();
    let read = stalled.read_to_end(&mut rest);
    assert!(
        read.is_err() || !rest.ends_with(b"\r\n0\r\n\r\n"),
        "it was all sent: {} bytes",
        rest.len()
    );
}

#[test]
fn an_old_connection_is_closed_after_an_answer() {
    let mut limits = ListenerLimits::default();
    limits.age = Duration::from_millis(200);
    let (_telemetry, listener) = listen(anywhere().limits(limits));
    let mut stream = connect(listener.local_addr());
    let mut answers = String::new();
    let mut piece = [0; 4096];
    until("it is closed by agreement", || {
        let sent = stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
        let Ok(length @ 1..) = sent.and_then(|()| stream.read(&mut piece)) else {
            return true;
        };
        answers.push_str(&String::from_utf8_lossy(&piece[..length]));
        answers.contains("connection: close")
    });
    assert!(answers.starts_with("HTTP/1.1 200 OK"), "{answers}");
}

/// Serves with few descriptors, in a process of its own; what it prints is where.
const FEW: &str = "NOVACRON_TEST_FEW_DESCRIPTORS";

#[test]
fn without_descriptors_it_waits_and_makes_room_instead_of_spinning() {
    use std::io::BufRead;
    use std::process::{Command, Stdio};

    let name = "life::without_descriptors_it_waits_and_makes_room_instead_of_spinning";
    if std::env::var_os(FEW).is_some() {
        let (_telemetry, listener) = listen(anywhere());
        println!("\nlistens on {}", listener.local_addr());
        // Until the other process is done.
        let _ = std::io::stdin().read(&mut [0]);
        return;
    }
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -n 40 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(FEW, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Kept to the end: what else it prints has to go somewhere.
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| Some(line.strip_prefix("listens on ")?.parse().unwrap()))
        .unwrap();
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let held: Vec<TcpStream> = (0..120).map(|_| connect(address)).collect();
    let before = ticks();
    std::thread::sleep(Duration::from_secs(1));
    let spent = ticks() - before;
    let took = scrape(address, "", PATIENCE).unwrap();
    println!(
        "120 connections with 40 descriptors: {spent} ticks of 10 ms in 1 s, a scrape in {took:?}"
    );
    assert!(spent < 50, "{spent}");
    drop(held);
    assert!(scrape(address, "", PATIENCE).is_ok());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
