//! Requests that got a response: what the end of its body means.

use bytes::Bytes;
use http::Response;
use http_body_util::{Empty, Full};

use super::Step::{Data, Fail, Panic, Trailers, Wait};
use super::{Rig, Scripted, Seen, Until, answer, answer_with, get, known, request, streamed};

/// What one `GET` leaves behind that is answered with this body.
fn seen(status: u16, body: Scripted, until: Until) -> Seen {
    Rig::new().send(answer(status, body), get(), until)
}

fn events(body: Scripted, until: Until) -> Seen {
    let head = Response::builder().header("content-type", "Text/Event-Stream; charset=utf-8");
    Rig::new().send(answer_with(head, body), get(), until)
}

#[test]
fn a_body_that_was_read_to_its_end_keeps_its_status() {
    for body in [
        streamed([Data(3), Data(3)]),
        known([Data(3), Data(3)]),
        streamed([Data(3), Trailers]),
        streamed([]),
        known([]),
    ] {
        let what = format!("{body:?}");
        assert_eq!(seen(200, body, Until::End), Seen::answered("200"), "{what}");
    }
    let full = answer(201, Full::new(Bytes::from_static(b"made")));
    assert_eq!(
        Rig::new().send(full, get(), Until::End),
        Seen::answered("201")
    );
}

#[test]
fn an_error_page_has_the_class_of_its_status() {
    for (status, class) in [
        (404, "not_found"),
        (429, "rate_limited"),
        (500, "internal"),
        (503, "unavailable"),
    ] {
        let expected = Seen::answered(&status.to_string()).error(class);
        assert_eq!(seen(status, known([Data(3)]), Until::End), expected);
    }
}

#[test]
fn a_response_that_has_no_body_is_complete_with_its_head() {
    // Each of these bodies would have something to say, but no client will hear it.
    let loud = || streamed([Data(9)]);
    assert_eq!(seen(204, loud(), Until::Head), Seen::answered("204"));
    assert_eq!(seen(304, loud(), Until::Head), Seen::answered("304"));
    let head = Rig::new().send(
        answer(200, loud()),
        request("HEAD", "/api/v1/vms/7"),
        Until::Head,
    );
    assert_eq!(head, Seen::answered("200"));
    assert_eq!(seen(200, known([]), Until::Head), Seen::answered("200"));
    let empty = answer(200, Empty::<Bytes>::new());
    assert_eq!(
        Rig::new().send(empty, get(), Until::Head),
        Seen::answered("200")
    );
    let announced = answer_with(
        Response::builder().header("content-length", "0"),
        streamed([]),
    );
    assert_eq!(
        Rig::new().send(announced, get(), Until::Head),
        Seen::answered("200")
    );
}

#[test]
fn a_server_need_not_ask_for_the_end_of_a_body_whose_length_is_known() {
    // As hyper does: it counts along, and drops the body after the last byte.
    assert_eq!(
        seen(200, known([Data(3), Data(3)]), Until::Frames(2)),
        Seen::answered("200")
    );
    assert_eq!(
        seen(200, streamed([Data(3), Trailers]), Until::Frames(2)),
        Seen::answered("200")
    );
    let full = answer(200, Full::new(Bytes::from_static(b"all of it")));
    assert_eq!(
        Rig::new().send(full, get(), Until::Frames(1)),
        Seen::answered("200")
    );
    // A file is a stream that cannot tell its end; its header can.
    let file = || {
        answer_with(
            Response::builder().header("content-length", "6"),
            streamed([Data(3), Data(3)]),
        )
    };
    assert_eq!(
        Rig::new().send(file(), get(), Until::Frames(2)),
        Seen::answered("200")
    );
    assert_eq!(
        Rig::new().send(file(), get(), Until::Frames(1)),
        Seen::left()
    );
}

#[test]
fn a_body_that_is_dropped_before_its_last_byte_is_a_client_that_left() {
    assert_eq!(
        seen(200, known([Data(3), Data(3)]), Until::Head),
        Seen::left()
    );
    assert_eq!(
        seen(200, known([Data(3), Data(3)]), Until::Frames(1)),
        Seen::left()
    );
    assert_eq!(
        seen(200, known([Data(3), Wait, Data(3)]), Until::End),
        Seen::left()
    );
    // Two frames came, but nobody said that they were the last.
    assert_eq!(
        seen(200, streamed([Data(3), Data(3)]), Until::Frames(2)),
        Seen::left()
    );
    assert_eq!(seen(404, known([Data(3)]), Until::Head), Seen::left());
}

#[test]
fn a_server_error_stays_one_though_the_client_did_not_wait() {
    let left = |status: &str, class| Seen {
        left: 1,
        ..Seen::answered(status).error(class)
    };
    assert_eq!(
        seen(503, known([Data(3)]), Until::Head),
        left("503", "unavailable")
    );
    assert_eq!(
        seen(500, streamed([Data(3), Wait]), Until::End),
        left("500", "internal")
    );
    let timed_out = Seen {
        timeouts: 1,
        ..left("504", "timeout")
    };
    assert_eq!(seen(504, known([Data(3)]), Until::Head), timed_out);
}

#[test]
fn a_body_that_fails_is_an_internal_error() {
    assert_eq!(
        seen(200, streamed([Data(3), Fail]), Until::End),
        Seen::answered("500").error("internal")
    );
    assert_eq!(
        seen(200, known([Fail]), Until::End),
        Seen::answered("500").error("internal")
    );
    assert_eq!(
        seen(503, known([Fail]), Until::End),
        Seen::answered("503").error("unavailable")
    );
}

#[test]
fn a_body_that_panics_is_counted_as_a_panic() {
    assert_eq!(
        seen(200, streamed([Data(3), Panic]), Until::End),
        Seen::panicked()
    );
    let kept = Seen {
        status: "503".into(),
        ..Seen::panicked()
    };
    assert_eq!(seen(503, streamed([Panic]), Until::End), kept);
}

#[test]
fn a_timeout_that_was_answered_is_counted_as_one() {
    for status in [408, 504] {
        let expected = Seen {
            timeouts: 1,
            ..Seen::answered(&status.to_string()).error("timeout")
        };
        assert_eq!(seen(status, known([Data(3)]), Until::End), expected);
    }
}

#[test]
fn an_event_stream_is_no_latency_and_its_client_may_leave() {
    let normal = Seen::answered("200").untimed();
    let stream = || streamed([Data(3), Data(3), Wait]);
    assert_eq!(events(stream(), Until::Head), normal);
    assert_eq!(events(stream(), Until::Frames(1)), normal);
    assert_eq!(events(stream(), Until::End), normal);
    assert_eq!(
        events(streamed([Data(3)]), Until::End),
        normal,
        "the server may end it too"
    );
}

#[test]
fn an_event_stream_that_breaks_keeps_its_status_and_is_an_error() {
    let broken = Seen::answered("200").untimed().error("internal");
    assert_eq!(events(streamed([Data(3), Fail]), Until::End), broken);
    assert_eq!(
        events(streamed([Data(3), Panic]), Until::End),
        Seen::panicked().untimed()
    );
}

#[test]
fn an_event_stream_without_a_body_is_a_plain_response() {
    let head = Response::builder().header("content-type", "text/event-stream");
    let seen = Rig::new().send(
        answer_with(head, streamed([Wait])),
        request("HEAD", "/api/v1/vms/7"),
        Until::Head,
    );
    assert_eq!(seen, Seen::answered("200"));
}

#[test]
fn an_upgraded_connection_is_no_latency() {
    assert_eq!(
        seen(101, streamed([Wait]), Until::Head),
        Seen::answered("101").untimed()
    );
    let tunnel = |status| {
        Rig::new().send(
            answer(status, streamed([Wait])),
            request("CONNECT", "/api/v1/vms/7"),
            Until::Head,
        )
    };
    assert_eq!(tunnel(200), Seen::answered("200").untimed());
    assert_eq!(
        tunnel(403),
        Seen::left(),
        "a refused tunnel is a response like any other"
    );
}
