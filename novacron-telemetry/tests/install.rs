//! The one place per process that free verbs and attributes write to.
//!
//! Each test runs in a process of its own, a second run of this binary that is told which test it
//! is.

use std::process::Command;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use novacron_telemetry::ErrorKind;
use novacron_telemetry::prelude::{instrument_api, record_api_request, record_dwcp_migration};
use novacron_telemetry::record::{current, installed};
use novacron_telemetry::telemetry::{Flushed, Telemetry, TelemetryBuilder};

/// Ends telemetry, in time.
fn ended(telemetry: &Telemetry) -> Flushed {
    telemetry.shutdown_blocking(Duration::from_secs(5)).unwrap()
}

const TOLD: &str = "NOVACRON_TEST_PROCESS";

/// Runs `test` in a process where nothing is installed yet; `name` is the test's own.
#[track_caller]
fn in_a_process(name: &str, test: impl FnOnce()) {
    if std::env::var_os(TOLD).is_some_and(|told| *told == *name) {
        return test();
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child
        .args(["--exact", name, "--nocapture"])
        .env(TOLD, name)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("1 passed"),
        "`{name}` is not the name of the test: {said}"
    );
}

fn builder() -> TelemetryBuilder {
    Telemetry::builder("test", "1.2.3")
}

fn migrations(telemetry: &Telemetry) -> f64 {
    telemetry
        .registry()
        .snapshot()
        .sum("novacron_dwcp_migrations_total", &[])
}

#[instrument_api(endpoint = "/marked", method = "GET")]
fn marked() {}

fn requests(telemetry: &Telemetry) -> f64 {
    telemetry
        .registry()
        .snapshot()
        .sum("novacron_api_requests_total", &[])
}

fn record_everything() {
    record_dwcp_migration("a", "b", "success", 1.0);
    record_api_request("GET", "/told", 200, 0.1);
    marked();
}

#[test]
fn the_second_installation_is_refused_and_names_the_first() {
    in_a_process(
        "the_second_installation_is_refused_and_names_the_first",
        || {
            let first = builder().install().unwrap();
            let line = line!() - 1;
            let refused = builder().install().unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::AlreadyInstalled);
            assert_eq!(refused.subject(), format!("{}:{line}", file!()));
            assert!(
                refused.to_string().contains(&format!("{}:{line}", file!())),
                "{refused}"
            );
            record_everything();
            assert_eq!(
                (migrations(&first), requests(&first)),
                (1.0, 2.0),
                "the first one stays"
            );
        },
    );
}

#[test]
fn of_threads_that_install_at_once_one_succeeds() {
    in_a_process("of_threads_that_install_at_once_one_succeeds", || {
        const THREADS: usize = 8;
        let start = Barrier::new(THREADS);
        let tried: Vec<_> = thread::scope(|scope| {
            let all: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        builder().install()
                    })
                })
                .collect();
            all.into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = tried.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, THREADS - 1));
        for refused in lost {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::AlreadyInstalled);
        }
        let winner = won.into_iter().next().unwrap().unwrap();
        record_everything();
        assert_eq!(migrations(&winner), 1.0);
    });
}

#[test]
fn verbs_are_silent_before_the_installation_and_after_shutdown() {
    in_a_process(
        "verbs_are_silent_before_the_installation_and_after_shutdown",
        || {
            record_everything();
            assert!(installed().is_none());
            let telemetry = builder().install().unwrap();
            assert_eq!((migrations(&telemetry), requests(&telemetry)), (0.0, 0.0));
            // On any thread, whether it was there before or not.
            thread::scope(|scope| scope.spawn(record_everything).join().unwrap());
            record_everything();
            let counted = (migrations(&telemetry), requests(&telemetry));
            assert_eq!(counted, (2.0, 4.0));
            ended(&telemetry);
            record_everything();
            assert_eq!((migrations(&telemetry), requests(&telemetry)), counted);
            assert!(installed().is_none());
            // Who holds the handle still counts, and the page still answers.
            telemetry.scope(record_everything);
            assert_eq!(migrations(&telemetry), 3.0);
            assert!(
                telemetry
                    .render()
                    .contains("novacron_dwcp_migrations_total{")
            );
        },
    );
}

#[test]
fn a_request_under_way_ends_where_it_began() {
    in_a_process("a_request_under_way_ends_where_it_began", || {
        #[instrument_api(endpoint = "/awaited", method = "GET")]
        async fn awaited() {
            let mut waited = false;
            std::future::poll_fn(|_| {
                if std::mem::replace(&mut waited, true) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
        let telemetry = builder().install().unwrap();
        let mut begun = std::pin::pin!(awaited());
        let mut context = Context::from_waker(Waker::noop());
        assert!(begun.as_mut().poll(&mut context).is_pending());
        assert_eq!(ended(&telemetry).requests_in_flight, 1);
        assert!(begun.as_mut().poll(&mut context).is_ready());
        assert_eq!(requests(&telemetry), 1.0);
        assert_eq!(ended(&telemetry).requests_in_flight, 0);
    });
}

#[test]
fn the_place_is_free_again_after_shutdown_or_when_the_last_handle_is_gone() {
    in_a_process(
        "the_place_is_free_again_after_shutdown_or_when_the_last_handle_is_gone",
        || {
            let first = builder().install().unwrap();
            ended(&first);
            let second = builder().install().unwrap();
            record_everything();
            assert_eq!((migrations(&first), migrations(&second)), (0.0, 1.0));
            // The first one's end is not the second one's.
            ended(&first);
            drop(first);
            record_everything();
            assert_eq!(migrations(&second), 2.0);
            let clone = second.clone();
            drop(second);
            assert!(installed().is_some(), "a clone holds the place");
            drop(clone);
            assert!(installed().is_none());
            let third = builder().install().unwrap();
            record_everything();
            assert_eq!(migrations(&third), 1.0);
        },
    );
}

#[test]
fn a_thread_that_lives_on_follows_the_installation() {
    in_a_process("a_thread_that_lives_on_follows_the_installation", || {
        let (say, heard) = std::sync::mpsc::channel::<std::sync::mpsc::Sender<()>>();
        let thread = thread::spawn(move || {
            for done in heard {
                record_everything();
                done.send(()).unwrap();
            }
        });
        let record = || {
            let (done, is_done) = std::sync::mpsc::channel();
            say.send(done).unwrap();
            is_done.recv().unwrap();
        };
        record();
        let first = builder().install().unwrap();
        record();
        ended(&first);
        record();
        let second = builder().install().unwrap();
        record();
        record();
        ended(&second);
        record();
        assert_eq!((migrations(&first), migrations(&second)), (1.0, 2.0));
        drop(say);
        thread.join().unwrap();
    });
}

#[test]
fn what_is_built_and_not_installed_is_reached_through_its_handle_alone() {
    in_a_process(
        "what_is_built_and_not_installed_is_reached_through_its_handle_alone",
        || {
            let built = builder().build().unwrap();
            record_everything();
            assert_eq!(migrations(&built), 0.0);
            let installed = builder().install().unwrap();
            built.scope(record_everything);
            record_everything();
            record_everything();
            assert_eq!((migrations(&built), migrations(&installed)), (1.0, 2.0));
            ended(&built);
            record_everything();
            assert_eq!(
                migrations(&installed),
                3.0,
                "the end of another one is not its end"
            );
            assert_eq!(current().coverage(), installed.coverage());
        },
    );
}

#[test]
fn an_installation_that_cannot_be_built_leaves_the_place_free() {
    in_a_process(
        "an_installation_that_cannot_be_built_leaves_the_place_free",
        || {
            let refused = builder()
                .opt_in("novacron_no_such_family")
                .install()
                .unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidConfig);
            assert!(installed().is_none());
            builder().install().unwrap();
        },
    );
}
