//! Every runtime, every state of the collector: shutdown returns in time and says what was lost.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use novacron_telemetry::Telemetry;
use novacron_telemetry::traces::{SpansFlushed, Traces};
use tokio::net::TcpSocket;
use tokio::runtime::Builder;

use crate::receiver::{Receiver, Reply, one_span, telemetry};

const SPANS: u64 = 10;
const DEADLINE: Duration = Duration::from_millis(700);
/// What a busy machine may add before a thread runs again.
const GRACE: Duration = Duration::from_millis(300);

const RUNTIMES: [&str; 5] = [
    "current_thread",
    "one_worker",
    "many_workers",
    "none",
    "dropped",
];
const COLLECTORS: [&str; 4] = ["up", "down", "stopped", "black_hole"];

#[test]
fn shutdown_returns_in_time_and_its_counts_add_up() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let up = Receiver::start();
    // Accepts, and never says a word: what a process that was sent SIGSTOP looks like from outside.
    let stopped = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let down = {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        gone.local_addr().unwrap()
    };
    // Its backlog is full, so nobody is even greeted.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let hole = socket.listen(0).unwrap();
    let hole_address = hole.local_addr().unwrap();
    let fillers: Vec<_> = (0..8)
        .map(|_| std::net::TcpStream::connect_timeout(&hole_address, Duration::from_millis(50)))
        .collect();
    assert!(
        fillers.iter().any(Result::is_err),
        "the black hole swallows"
    );

    let mut children = Vec::new();
    for runtime in RUNTIMES {
        for collector in COLLECTORS {
            let url = match collector {
                "up" => up.url(),
                "down" => format!("http://{down}"),
                "stopped" => format!("http://{}", stopped.local_addr().unwrap()),
                _ => format!("http://{hole_address}"),
            };
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "shutdown::child", "--nocapture"])
                .env("NOVACRON_CHILD", format!("{runtime} {collector} {url}"))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            children.push((format!("{runtime} {collector}"), child));
            // Two at a time: more would measure each other.
            if children.len() == 2 {
                children
                    .drain(..)
                    .for_each(|(name, child)| judge(&name, child));
            }
        }
    }
    assert_eq!(up.spans().len() as u64, SPANS * RUNTIMES.len() as u64);
}

fn judge(name: &str, mut child: std::process::Child) {
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("{name} hangs");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let mut said = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(status.success(), "{name}: {said}");
    assert!(said.contains("shut down in"), "{name} did not run: {said}");
}

/// What a child of the matrix does; on its own it has nothing to do.
#[test]
fn child() {
    let Ok(case) = std::env::var("NOVACRON_CHILD") else {
        return;
    };
    let [runtime, collector, url] = case.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{case}")
    };
    // Nothing is sent before the shutdown.
    let telemetry = telemetry(Traces::otlp(url).batch(512, Duration::from_secs(60)));
    for _ in 0..SPANS {
        one_span(&telemetry);
    }
    let begun = Instant::now();
    let flushed = shut_down(&telemetry, runtime);
    let took = begun.elapsed();
    println!("shut down in {took:?}: {flushed:?}");
    assert!(took <= DEADLINE + GRACE, "{took:?}");
    let expected = if collector == "up" { SPANS } else { 0 };
    assert_eq!(flushed.exported, expected);
    assert_eq!((flushed.lost, flushed.waiting), (SPANS - expected, 0));
    // Again, from two threads at once.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| telemetry.shutdown_blocking(DEADLINE).unwrap());
        }
    });
    assert!(
        begun.elapsed() <= DEADLINE * 2 + GRACE,
        "the second is no longer than the first"
    );
}

fn shut_down(telemetry: &Telemetry, runtime: &str) -> SpansFlushed {
    let (mut current, mut threads) = (Builder::new_current_thread(), Builder::new_multi_thread());
    let runtime = match runtime {
        "current_thread" => current.build(),
        "one_worker" => threads.worker_threads(1).build(),
        "many_workers" => threads.worker_threads(4).build(),
        "none" => return telemetry.shutdown_blocking(DEADLINE).unwrap().spans,
        _ => {
            drop(threads.build().unwrap());
            return telemetry.shutdown_blocking(DEADLINE).unwrap().spans;
        }
    };
    runtime
        .unwrap()
        .block_on(telemetry.shutdown(DEADLINE))
        .unwrap()
        .spans
}

#[test]
fn a_flush_that_runs_out_of_time_loses_nothing() {
    let receiver = Receiver::start();
    receiver.then([Reply::Silence(Duration::from_millis(400))]);
    let telemetry = telemetry(receiver.traces().timeout(Duration::from_millis(200)));
    one_span(&telemetry);
    let flushed = telemetry.flush_traces(Duration::from_millis(50));
    assert_eq!((flushed.exported, flushed.lost, flushed.waiting), (0, 0, 1));
}
