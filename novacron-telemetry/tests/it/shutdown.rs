//! The end, on every runtime a host may have, and with checks that will not end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use http::Request;
use novacron_telemetry::ErrorKind;
use novacron_telemetry::health::Check;
use novacron_telemetry::telemetry::{Flushed, Telemetry};
use tokio::runtime::{Builder, Runtime};

const DEADLINE: Duration = Duration::from_secs(5);
/// What a thread may be late for on a machine that is busy with other tests.
const GRACE: Duration = Duration::from_secs(20);

/// Telemetry with a check that goes on well.
fn telemetry() -> Telemetry {
    let telemetry = Telemetry::builder("api-server", "1.2.3").build().unwrap();
    let check = Check::new("self", || async { true }).every(Duration::from_millis(1));
    telemetry.health().register(check).unwrap();
    telemetry
}

#[track_caller]
fn ended_well(flushed: Flushed, begun: Instant) {
    assert!(begun.elapsed() < DEADLINE + GRACE);
    assert!(!flushed.health_stuck);
    assert!(flushed.families > 100);
}

fn ready(telemetry: &Telemetry) -> u16 {
    let request = Request::get("/readyz").body(()).unwrap();
    let service = telemetry.health().service();
    service.answer(&request).status().as_u16()
}

#[test]
fn it_ends_on_every_runtime() {
    type Make = fn() -> Runtime;
    let runtimes: [(&str, Make); 3] = [
        ("current thread", || {
            Builder::new_current_thread().build().unwrap()
        }),
        ("one worker", || {
            let mut one = Builder::new_multi_thread();
            one.worker_threads(1).build().unwrap()
        }),
        ("many workers", || {
            Builder::new_multi_thread().enable_all().build().unwrap()
        }),
    ];
    for (name, make) in runtimes {
        let telemetry = telemetry();
        let runtime = make();
        let begun = Instant::now();
        // Neither timers nor I/O are on in the first two.
        let flushed = runtime.block_on(telemetry.shutdown(DEADLINE)).unwrap();
        ended_well(flushed, begun);
        assert_eq!(ready(&telemetry), 503, "{name}");
    }
}

#[test]
fn it_ends_where_every_worker_is_busy() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let (telemetry, release) = (telemetry(), Arc::new(AtomicBool::new(false)));
    let busy = Arc::clone(&release);
    runtime.spawn(async move {
        while !busy.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(1));
        }
    });
    let begun = Instant::now();
    ended_well(
        runtime.block_on(telemetry.shutdown(DEADLINE)).unwrap(),
        begun,
    );
    release.store(true, Ordering::Release);
}

#[test]
fn it_ends_without_a_runtime_and_after_one() {
    let begun = Instant::now();
    ended_well(telemetry().shutdown_blocking(DEADLINE).unwrap(), begun);

    let runtime = Builder::new_multi_thread().build().unwrap();
    let telemetry = runtime.block_on(async { telemetry() });
    drop(runtime);
    let begun = Instant::now();
    ended_well(telemetry.shutdown_blocking(DEADLINE).unwrap(), begun);
}

#[test]
fn it_does_not_hold_up_the_runtime_that_waits_for_it() {
    let telemetry = telemetry();
    let release = Arc::new(AtomicBool::new(false));
    let stuck = stuck_until(&telemetry, &release);
    let runtime = Builder::new_current_thread().build().unwrap();
    let flushed = runtime.block_on(async {
        let free = tokio::spawn(async move {
            // Were the only thread of this runtime held up, nobody would get here before the end.
            release.store(true, Ordering::Release);
        });
        let flushed = telemetry.shutdown(GRACE).await.unwrap();
        free.await.unwrap();
        flushed
    });
    assert!(!flushed.health_stuck, "it ended as soon as it was let go");
    drop(stuck);
}

/// A check that blocks the thread of the checks, until it is let go.
fn stuck_until(telemetry: &Telemetry, release: &Arc<AtomicBool>) -> Arc<AtomicBool> {
    let (inside, release) = (Arc::new(AtomicBool::new(false)), Arc::clone(release));
    let entered = Arc::clone(&inside);
    let check = Check::new("rude", move || {
        let (entered, release) = (Arc::clone(&entered), Arc::clone(&release));
        async move {
            entered.store(true, Ordering::Release);
            while !release.load(Ordering::Acquire) {
                thread::sleep(Duration::from_millis(1));
            }
            true
        }
    });
    telemetry.health().register(check).unwrap();
    let begun = Instant::now();
    while !inside.load(Ordering::Acquire) {
        assert!(begun.elapsed() < GRACE, "the check never ran");
        thread::sleep(Duration::from_millis(1));
    }
    inside
}

#[test]
fn a_check_that_will_not_end_takes_the_deadline_and_no_more() {
    let (telemetry, release) = (telemetry(), Arc::new(AtomicBool::new(false)));
    stuck_until(&telemetry, &release);
    let deadline = Duration::from_millis(50);
    let begun = Instant::now();
    match telemetry.shutdown_blocking(deadline) {
        Ok(flushed) => assert!(flushed.health_stuck),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ShutdownTimedOut),
    }
    assert!(begun.elapsed() >= deadline);
    assert!(begun.elapsed() < deadline + GRACE);
    release.store(true, Ordering::Release);
}

#[test]
fn it_ends_twice_and_from_two_threads_at_once() {
    let telemetry = telemetry();
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| telemetry.shutdown_blocking(DEADLINE).unwrap());
        }
    });
    let begun = Instant::now();
    ended_well(telemetry.shutdown_blocking(DEADLINE).unwrap(), begun);
}

#[test]
fn it_ends_in_a_destructor_and_while_unwinding() {
    struct Host(Telemetry);

    impl Drop for Host {
        fn drop(&mut self) {
            let begun = Instant::now();
            ended_well(self.0.shutdown_blocking(DEADLINE).unwrap(), begun);
        }
    }

    drop(Host(telemetry()));
    let unwinding = thread::spawn(|| {
        let _host = Host(telemetry());
        crate::books::quiet_panic()
    });
    unwinding.join().unwrap_err();
}
