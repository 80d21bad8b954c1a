//! SIGTERM, SIGINT and SIGHUP, sent to a process of its own: a second run of this binary.

#![cfg(unix)]
#![expect(
    clippy::print_stdout,
    reason = "the second run tells the first how far it is"
)]

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::Context;
use std::time::Duration;

use novacron_telemetry::Telemetry;
use novacron_telemetry::telemetry::{ended, on_hangup};

const TOLD: &str = "NOVACRON_TEST_PROCESS";
const NAME: &str = "a_service_that_is_asked_to_end_shuts_its_telemetry_down";

/// Waits to be asked to end, and says what asked.
async fn service() {
    let telemetry = Telemetry::builder("test", "1.2.3").install().unwrap();
    tokio::spawn(on_hangup(|| println!("\nhung up")));
    tokio::task::yield_now().await;
    let mut asked = pin!(ended());
    let mut first = true;
    let signal = std::future::poll_fn(|cx: &mut Context<'_>| {
        let polled = asked.as_mut().poll(cx);
        if std::mem::take(&mut first) {
            println!("\nlistening");
        }
        polled
    });
    let signal = signal.await.unwrap();
    telemetry.shutdown(Duration::from_secs(5)).await.unwrap();
    println!("\nended by {signal:?}");
}

#[test]
fn a_service_that_is_asked_to_end_shuts_its_telemetry_down() {
    if std::env::var_os(TOLD).is_some() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        return runtime.enable_all().build().unwrap().block_on(service());
    }
    for (signal, name) in [("-TERM", "Terminate"), ("-INT", "Interrupt")] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(TOLD, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        assert!(lines.any(|line| line == "listening"));
        let send = |signal: &str| {
            let id = child.id().to_string();
            let sent = Command::new("kill").args([signal, &id]).status();
            assert!(sent.unwrap().success());
        };
        for _ in 0..2 {
            send("-HUP");
            assert!(lines.any(|line| line == "hung up"), "it goes on");
        }
        send(signal);
        let said: Vec<_> = lines.collect();
        assert!(child.wait().unwrap().success(), "{said:?}");
        let expected = format!("ended by {name}");
        assert!(said.contains(&expected), "{said:?}");
    }
}
