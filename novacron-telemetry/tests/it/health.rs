//! Checks, what probes are told, and what is shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use http::{Method, Request, StatusCode};
use http_body::Body;
use novacron_telemetry::ErrorKind;
use novacron_telemetry::health::{Check, Health, HealthStatus, Verdict};

use crate::books::{Books, poll};

const SOON: Duration = Duration::from_millis(5);
const PROBES: [&str; 4] = ["/health", "/healthz", "/livez", "/readyz"];

fn health(books: &Books) -> Health {
    Health::new("api-server", "1.2.3", books.recorder.clone())
}

/// Waits for what another thread brings about.
fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn probe(health: &Health, method: Method, path: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(())
        .unwrap();
    let mut answer = health.service().answer(&request);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let mut body = String::new();
    while let std::task::Poll::Ready(Some(frame)) =
        poll(std::pin::pin!(std::future::poll_fn(|cx| {
            std::pin::Pin::new(answer.body_mut()).poll_frame(cx)
        })))
    {
        body.push_str(std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap());
    }
    (answer.status(), body)
}

/// The codes of `/health`, `/healthz`, `/livez` and `/readyz`.
fn codes(health: &Health) -> [u16; 4] {
    PROBES.map(|path| probe(health, Method::GET, path).0.as_u16())
}

fn known(health: &Health) -> bool {
    let components = health.report().components;
    components
        .iter()
        .all(|component| component.status.is_some())
}

#[test]
fn a_service_without_checks_is_well_and_says_nothing_of_it() {
    let books = Books::new();
    let health = health(&books);
    assert_eq!(codes(&health), [200; 4]);
    health.show();
    let snapshot = books.snapshot();
    assert_eq!(snapshot.value("novacron_ready", &[]), None);
}

#[test]
fn what_checks_find_is_what_probes_are_told_and_what_is_shown() {
    /// The check; how the service is then; the codes of the probes; healthy, ready, available.
    type Case = (fn() -> Check, HealthStatus, [u16; 4], [f64; 3]);
    let cases: [Case; 5] = [
        (
            || Check::blocking("database", || Verdict::Healthy),
            HealthStatus::Healthy,
            [200; 4],
            [1.0, 1.0, 1.0],
        ),
        (
            || Check::new("database", || async { Verdict::degraded("slow") }),
            HealthStatus::Degraded,
            [200; 4],
            [0.0, 1.0, 1.0],
        ),
        (
            || Check::new("database", || async { Err::<(), _>("refused") }),
            HealthStatus::Unhealthy,
            [503, 503, 200, 503],
            [0.0, 0.0, 0.0],
        ),
        (
            || Check::blocking("database", || false).optional(),
            HealthStatus::Degraded,
            [200; 4],
            [0.0, 1.0, 1.0],
        ),
        (
            || Check::blocking("database", || -> bool { crate::books::quiet_panic() }),
            HealthStatus::Unhealthy,
            [503, 503, 200, 503],
            [0.0, 0.0, 0.0],
        ),
    ];
    for (check, status, expected, [healthy, ready, available]) in cases {
        let books = Books::new();
        let health = health(&books);
        health.register(check()).unwrap();
        eventually("the check never ran", || known(&health));
        assert_eq!(health.report().status, status);
        assert_eq!(codes(&health), expected, "{status}");
        let body = probe(&health, Method::GET, "/health").1;
        let line = format!("\"status\": \"{status}\"");
        assert!(body.contains(&line), "{body}");
        assert!(!body.contains("refused"), "why is not for everybody");
        assert_eq!(books.sum("health_status", &[]), healthy);
        assert_eq!(books.sum("ready", &[]), ready);
        let service = [("service", "api-server")];
        assert_eq!(books.sum("service_availability", &service), available);
        let component = [("component", "database")];
        assert_eq!(
            books.sum("health_check_status", &component),
            f64::from(status == HealthStatus::Healthy)
        );
    }
}

#[test]
fn the_reason_stays_inside() {
    let books = Books::new();
    let health = health(&books);
    let secret = "postgres://root:hunter2@db refused";
    health
        .register(Check::blocking("database", move || Err::<(), _>(secret)))
        .unwrap();
    eventually("the check never ran", || known(&health));
    let report = health.report();
    assert_eq!(report.components[0].message.as_deref(), Some(secret));
    for path in PROBES {
        assert!(!probe(&health, Method::GET, path).1.contains("hunter2"));
    }
}

#[test]
fn before_the_first_result_a_service_is_alive_and_not_ready() {
    let books = Books::new();
    let health = health(&books);
    let go = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&go);
    health
        .register(Check::blocking("libvirt", move || {
            while !gate.load(Ordering::Acquire) {
                thread::sleep(Duration::from_millis(1));
            }
            true
        }))
        .unwrap();
    assert_eq!(codes(&health), [200, 200, 200, 503]);
    assert_eq!(books.sum("ready", &[]), 0.0);
    let body = probe(&health, Method::GET, "/readyz").1;
    assert!(body.contains("\"status\": \"pending\""), "{body}");
    go.store(true, Ordering::Release);
    eventually("the check never came back", || codes(&health) == [200; 4]);
    assert_eq!(books.sum("ready", &[]), 1.0);
}

#[test]
fn a_service_that_drains_is_alive_and_not_ready() {
    let books = Books::new();
    let health = health(&books);
    health.drain();
    assert_eq!(codes(&health), [200, 200, 200, 503]);
    assert_eq!(books.sum("ready", &[]), 0.0);
    assert_eq!(books.sum("service_availability", &[]), 1.0);
}

#[test]
fn a_check_that_hangs_times_out_and_never_runs_twice_at_once() {
    let books = Books::new();
    let health = health(&books);
    let inside = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (counted, highest) = (Arc::clone(&inside), Arc::clone(&most));
    health
        .register(
            Check::blocking("disk", move || {
                let now = counted.fetch_add(1, Ordering::SeqCst) + 1;
                highest.fetch_max(now, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(40));
                counted.fetch_sub(1, Ordering::SeqCst);
                true
            })
            .every(SOON)
            .deadline(SOON),
        )
        .unwrap();
    health
        .register(
            Check::new("network", || async {
                std::future::pending::<()>().await;
                true
            })
            .every(SOON)
            .deadline(SOON),
        )
        .unwrap();
    // Beside two that hang, one that does not goes on.
    health
        .register(Check::new("self", || async { true }).every(SOON))
        .unwrap();
    let timeouts = |component| {
        let labels = [("component", component), ("result", "timeout")];
        books.sum("health_checks_total", &labels)
    };
    eventually("no time-outs", || {
        timeouts("disk") >= 3.0 && timeouts("network") >= 3.0
    });
    assert_eq!(most.load(Ordering::SeqCst), 1);
    let well = [("component", "self"), ("result", "healthy")];
    assert!(books.sum("health_checks_total", &well) >= 3.0);
    assert_eq!(health.report().status, HealthStatus::Unhealthy);
    assert!(health.stop(Duration::from_secs(5)));
}

#[test]
fn liveness_asks_nobody() {
    let books = Books::new();
    let health = health(&books);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    health
        .register(
            Check::blocking("database", move || {
                counted.fetch_add(1, Ordering::SeqCst) > 0
            })
            .every(Duration::from_secs(3_600)),
        )
        .unwrap();
    eventually("the check never ran", || known(&health));
    for _ in 0..1_000 {
        codes(&health);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "probes run no checks");
}

/// An `async` check that blocks stops the thread of all checks. They do not go on as if nothing was.
#[test]
fn results_that_grow_old_are_no_results() {
    let books = Books::new();
    let health = health(&books);
    let block = Arc::new(AtomicBool::new(false));
    let blocks = Arc::clone(&block);
    health
        .register(
            Check::new("rude", move || {
                let blocks = Arc::clone(&blocks);
                async move {
                    while blocks.load(Ordering::Acquire) {
                        thread::sleep(Duration::from_millis(1));
                    }
                    true
                }
            })
            .every(SOON)
            .deadline(SOON),
        )
        .unwrap();
    health
        .register(
            Check::new("polite", || async { true })
                .every(SOON)
                .deadline(SOON),
        )
        .unwrap();
    eventually("not ready", || codes(&health) == [200; 4]);
    block.store(true, Ordering::Release);
    eventually("the old result still counts", || {
        codes(&health) == [503, 503, 200, 503]
    });
    health.show();
    let polite = [("component", "polite")];
    assert_eq!(books.sum("health_check_status", &polite), 0.0);
    block.store(false, Ordering::Release);
    eventually("it did not recover", || {
        codes(&health) == [200; 4] && books.sum("health_check_status", &polite) == 1.0
    });
    let flips = books.sum("service_availability_changes_total", &[]);
    assert!(flips >= 2.0, "down and up again: {flips}");
}

#[test]
fn what_is_no_probe_is_refused() {
    let books = Books::new();
    let health = health(&books);
    for path in ["/", "/healthy", "/health/x", "/metrics"] {
        assert_eq!(probe(&health, Method::GET, path).0, StatusCode::NOT_FOUND);
    }
    for path in PROBES {
        let refused = probe(&health, Method::POST, path).0;
        assert_eq!(refused, StatusCode::METHOD_NOT_ALLOWED);
        let (status, body) = probe(&health, Method::HEAD, path);
        assert_eq!((status, body.as_str()), (StatusCode::OK, ""));
        let nested = format!("/internal{path}");
        assert_eq!(probe(&health, Method::GET, &nested).0, StatusCode::OK);
    }
}

#[test]
fn a_check_that_cannot_be_is_refused_by_its_name() {
    let books = Books::new();
    let health = health(&books);
    health.register(Check::blocking("disk", || true)).unwrap();
    for (check, why) in [
        (
            Check::blocking("disk", || true),
            "`disk` is registered already",
        ),
        (Check::blocking("", || true), "it needs a name"),
        (
            Check::blocking("a", || true).every(Duration::ZERO),
            "`a`: `every`",
        ),
        (
            Check::blocking("b", || true).deadline(Duration::ZERO),
            "`b`: `deadline`",
        ),
    ] {
        let error = health.register(check).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(health.report().components.len(), 1);
}

#[test]
fn checks_end_with_the_last_handle() {
    let books = Books::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let health = health(&books);
    let counted = Arc::clone(&asked);
    health
        .register(
            Check::new("self", move || {
                counted.fetch_add(1, Ordering::SeqCst);
                async { true }
            })
            .every(Duration::from_millis(1)),
        )
        .unwrap();
    eventually("it never ran twice", || asked.load(Ordering::SeqCst) > 2);
    drop(health);
    eventually("the check was not let go", || {
        Arc::strong_count(&asked) == 1
    });
}
