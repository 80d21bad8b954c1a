//! Collectors that are away, hang, refuse or lie, and what becomes of spans and of the host.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use novacron_telemetry::ErrorKind;
use novacron_telemetry::traces::Traces;

use crate::receiver::{Receiver, Reply, builder, lost, one_span, sum, telemetry};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn what_may_be_tried_again_is_and_nothing_else() {
    for (status, headers, arrives) in [
        (429, "retry-after: 1\r\n", true),
        (502, "", true),
        (503, "", true),
        (504, "", true),
        (400, "", false),
        (401, "", false),
        (500, "", false),
        (301, "location: http://127.0.0.1:1/\r\n", false),
    ] {
        let receiver = Receiver::start();
        receiver.then([Reply::status(status, headers)]);
        let telemetry = telemetry(receiver.traces());
        one_span(&telemetry);
        let flushed = telemetry.flush_traces(PATIENCE);
        assert_eq!(
            (flushed.exported, flushed.lost),
            (u64::from(arrives), u64::from(!arrives)),
            "{status}"
        );
        let requests = receiver.requests();
        assert_eq!(requests.len(), 1 + usize::from(arrives), "{status}");
        if let [first, second] = requests[..] {
            assert!(
                second - first >= Duration::from_millis(990),
                "no loop is tighter than a second"
            );
        }
        assert_eq!(
            lost(&telemetry, "export_error"),
            f64::from(u8::from(!arrives)),
            "{status}"
        );
    }
}

#[test]
fn a_batch_that_is_too_large_for_the_collector_is_counted_as_that() {
    let receiver = Receiver::start();
    receiver.then([Reply::status(413, "")]);
    let telemetry = telemetry(receiver.traces());
    one_span(&telemetry);
    assert_eq!(telemetry.flush_traces(PATIENCE).lost, 1);
    assert_eq!(lost(&telemetry, "too_large"), 1.0);
}

#[test]
fn answers_that_make_no_sense_hurt_nobody() {
    let partial: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\x0a\x02\x08\x01";
    let garbage: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n\xff\xff\xff\xff\xff\xff";
    let gzip: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00";
    for (reply, exported) in [
        (Reply::Raw(partial.into()), 0),
        (Reply::Raw(garbage.into()), 1),
        (Reply::Raw(gzip.into()), 1),
        (
            Reply::Endless("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n"),
            1,
        ),
        (Reply::Endless("HTTP/1.1 200 OK\r\n\r\n"), 1),
    ] {
        let receiver = Receiver::start();
        receiver.then([reply]);
        let telemetry = telemetry(receiver.traces());
        one_span(&telemetry);
        let flushed = telemetry.flush_traces(PATIENCE);
        assert_eq!((flushed.exported, flushed.lost), (exported, 1 - exported));
        one_span(&telemetry);
        assert_eq!(
            telemetry.flush_traces(PATIENCE).exported,
            1,
            "and the next one arrives"
        );
    }
}

#[test]
fn a_collector_that_comes_later_gets_what_waited() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let traces = Traces::otlp(format!("http://{address}")).batch(64, Duration::from_millis(20));
    let telemetry = telemetry(traces);
    one_span(&telemetry);
    assert_eq!(
        telemetry.flush_traces(Duration::from_millis(300)).waiting,
        1
    );
    let receiver = Receiver::start_on(TcpListener::bind(address).unwrap());
    let flushed = telemetry.flush_traces(PATIENCE);
    assert_eq!((flushed.exported, receiver.spans().len()), (1, 1));
    assert!(
        sum(
            &telemetry,
            "novacron_telemetry_errors_total",
            &[("signal", "traces")]
        ) >= 1.0
    );
}

#[test]
fn a_hung_collector_costs_spans_and_not_the_host() {
    const SPANS: u32 = 200_000;
    let receiver = Receiver::start();
    receiver.then((0..1000).map(|_| Reply::Silence(Duration::from_secs(60))));
    let telemetry = telemetry(
        receiver
            .traces()
            .timeout(Duration::from_millis(300))
            .queue(1000),
    );
    let begun = Instant::now();
    for _ in 0..SPANS {
        one_span(&telemetry);
    }
    let each = begun.elapsed() / SPANS;
    assert!(each < Duration::from_micros(100), "{each:?} per span");
    assert!(telemetry.render().lines().any(|line| {
        line.strip_prefix("novacron_traces_queue_length ")
            .is_some_and(|length| length.parse::<f64>().unwrap() <= 1000.0)
    }));
    let begun = Instant::now();
    let flushed = telemetry
        .shutdown_blocking(Duration::from_secs(1))
        .unwrap()
        .spans;
    assert!(begun.elapsed() < Duration::from_millis(1100));
    assert_eq!((flushed.exported, flushed.waiting), (0, 0));
    let reasons = ["queue_full", "export_error", "shutdown"].map(|why| lost(&telemetry, why));
    assert_eq!(reasons.iter().sum::<f64>(), f64::from(SPANS), "{reasons:?}");
    assert!(
        reasons[0] > 0.0 && reasons[1] > 0.0,
        "the queue went on rotating: {reasons:?}"
    );
    one_span(&telemetry);
    assert_eq!(
        lost(&telemetry, "shutdown"),
        reasons[2] + 1.0,
        "nothing is taken any more"
    );
}

#[test]
fn a_setting_that_cannot_be_used_is_refused_by_name() {
    for (traces, what) in [
        (Traces::otlp("https://collector"), "traces endpoint"),
        (Traces::otlp("http://c").header("bad name", "x"), "bad name"),
        (
            Traces::otlp("http://c").sample(novacron_telemetry::context::Class::Default, 2.0),
            "Default",
        ),
    ] {
        let error = builder().traces(traces).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(what), "{error}");
    }
}
