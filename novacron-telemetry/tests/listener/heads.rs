//! What is answered to which head.

use std::io::{Read, Write};

use novacron_telemetry::Telemetry;
use proptest::prelude::*;

use super::support::{PATIENCE, anywhere, connect, get, listen, say, scrape, status};

#[test]
fn each_path_leads_to_what_it_says_and_no_other_spelling_does() {
    let (_telemetry, listener) = listen(anywhere());
    let at = listener.local_addr();
    for (path, expected) in [
        ("/metrics", 200),
        ("/metrics?name[]=novacron_build_info", 200),
        ("/livez", 200),
        ("/health", 200),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/", 200),
        ("//metrics", 404),
        ("/metrics/", 404),
        ("/metricsfoo", 404),
        ("/Metrics", 404),
        ("/%6detrics", 404),
        ("/metrics%2f", 404),
        ("/%2e/metrics", 404),
        ("/./metrics", 404),
        ("/x/../metrics", 404),
        ("/metrics/../metrics", 404),
        ("/metrics;x", 404),
        ("/x/health", 404),
        ("//livez", 404),
        ("/favicon.ico", 404),
        ("//", 404),
    ] {
        let answer = get(at, path, "");
        assert_eq!(status(&answer), expected, "{path}: {answer}");
        assert!(
            answer.contains("\r\nx-content-type-options: nosniff\r\n"),
            "{path}: {answer}"
        );
        assert_eq!(
            answer.contains("novacron_build_info{"),
            path.starts_with("/metrics") && expected == 200,
            "{path}"
        );
    }
    let index = get(at, "/", "");
    for link in ["metrics", "health", "livez", "readyz"] {
        assert!(index.contains(&format!("<a href=\"{link}\">")), "{index}");
    }
}

#[test]
fn below_a_prefix_nothing_else_is_served() {
    let (_telemetry, listener) = listen(anywhere().prefix("/node-7/x").unwrap().index(false));
    let at = listener.local_addr();
    for (path, expected) in [
        ("/node-7/x/metrics", 200),
        ("/node-7/x/livez", 200),
        ("/metrics", 404),
        ("/livez", 404),
        ("/node-7/x/", 404),
        ("/node-7/xmetrics", 404),
        ("/", 404),
    ] {
        assert_eq!(status(&get(at, path, "")), expected, "{path}");
    }
    for bad in ["x", "/x/", "/", "//x", "/x y", "/x/..", "/%41"] {
        assert!(anywhere().prefix(bad).is_err(), "{bad}");
    }
}

#[test]
fn only_get_and_head_are_answered() {
    let (_telemetry, listener) = listen(anywhere());
    let at = listener.local_addr();
    for path in ["/metrics", "/livez", "/"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "FOO"] {
            let answer = say(
                at,
                format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                    .as_bytes(),
            );
            assert_eq!(status(&answer), 405, "{method} {path}: {answer}");
            assert!(answer.contains("\r\nallow: GET, HEAD\r\n"), "{answer}");
        }
        let head = say(
            at,
            format!("HEAD {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes(),
        );
        assert_eq!(status(&head), 200);
        assert!(head.ends_with("\r\n\r\n"), "{head}");
        // An exposition that is sent in chunks does not know its length.
        assert!(
            head.contains("content-length: ") || path == "/metrics",
            "{head}"
        );
    }
}

#[test]
fn what_two_servers_could_read_differently_is_refused_and_ends_the_connection() {
    let (_telemetry, listener) = listen(anywhere());
    let at = listener.local_addr();
    // Behind each of them, a request that must never be answered.
    let smuggled = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
    for (what, head) in [
        (
            "both lengths",
            "GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "chunked",
            "GET /metrics HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "two encodings",
            "GET /metrics HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n",
        ),
        (
            "two lengths",
            "GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\ncontent-length: 40\r\n\r\n",
        ),
        (
            "a sign",
            "GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: +1\r\n\r\n",
        ),
        (
            "a huge length",
            "GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n",
        ),
        (
            "a folded line",
            "GET /metrics HTTP/1.1\r\nhost: x\r\nx-y: a\r\n b\r\n\r\n",
        ),
        ("bare newlines", "GET /metrics HTTP/1.1\nhost: x\n\n"),
        (
            "one bare newline",
            "GET /metrics HTTP/1.1\r\nhost: x\nx-y: a\r\n\r\n",
        ),
        (
            "a zero byte",
            "GET /metrics HTTP/1.1\r\nhost: x\r\nx-y: a\0b\r\n\r\n",
        ),
        (
            "a space before the colon",
            "GET /metrics HTTP/1.1\r\nhost : x\r\n\r\n",
        ),
        (
            "another host",
            "GET http://other/metrics HTTP/1.1\r\nhost: x\r\n\r\n",
        ),
        ("no host", "GET /metrics HTTP/1.1\r\n\r\n"),
        (
            "two hosts",
            "GET /metrics HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n",
        ),
        ("a tunnel", "CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("no protocol", "GET /metrics\r\n\r\n"),
        ("noise", "\x16\x03\x01\x02\0\x01\0\x01"),
    ] {
        let answer = say(at, format!("{head}{smuggled}").as_bytes());
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            usize::from(!answer.is_empty()),
            "{what}: {answer}"
        );
        assert!(!answer.contains("novacron_"), "{what}: {answer}");
        if !answer.is_empty() {
            assert!(
                matches!(status(&answer), 400 | 405 | 413 | 505),
                "{what}: {answer}"
            );
        }
    }
    assert!(scrape(at, "", PATIENCE).is_ok(), "and it goes on");
}

#[test]
fn bodies_are_not_read_and_large_ones_not_waited_for() {
    let (_telemetry, listener) = listen(anywhere());
    let at = listener.local_addr();
    let with = |length: u64| {
        say(
            at,
            format!("GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\nGET")
                .as_bytes(),
        )
    };
    let small = with(3);
    assert_eq!(status(&small), 200);
    assert!(small.contains("\r\nconnection: close\r\n"), "{small}");
    for large in [8193, 1 << 30, u64::MAX] {
        assert!(matches!(status(&with(large)), 413 | 431), "{large}");
    }
    let expecting =
        "GET /metrics HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n";
    let answer = say(at, expecting.as_bytes());
    assert!(
        answer.starts_with("HTTP/1.1 200 "),
        "nothing is asked for: {answer}"
    );
}

#[test]
fn a_head_has_an_end() {
    let (_telemetry, listener) = listen(anywhere());
    let at = listener.local_addr();
    let many = "x: y\r\n".repeat(100);
    let long = format!("x: {}\r\n", "y".repeat(20_000));
    let huge = format!("x: {}\r\n", "y".repeat(1 << 20));
    for (what, headers, path) in [
        ("many", &*many, "/metrics"),
        ("long", &*long, "/metrics"),
        ("huge", &*huge, "/metrics"),
        ("a long path", "", &*format!("/{}", "x".repeat(20_000))),
    ] {
        let answer = get(at, path, headers);
        // Whoever goes on sending is cut off, and may never see why.
        if !answer.is_empty() {
            assert!(matches!(status(&answer), 414 | 431), "{what}: {answer}");
        }
    }
    let fits = format!("x: {}\r\n", "y".repeat(8000));
    assert_eq!(status(&get(at, "/metrics", &fits)), 200);
}

#[test]
fn a_connection_is_used_again_and_requests_may_be_sent_ahead() {
    let (_telemetry, listener) = listen(anywhere());
    let mut stream = connect(listener.local_addr());
    let request = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    let last = "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream
        .write_all(format!("{request}{request}{last}").as_bytes())
        .unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
}

#[test]
fn what_is_not_exposed_is_not_found() {
    let telemetry = Telemetry::builder("hidden", "1.0.0")
        .exposed(false)
        .build()
        .unwrap();
    let listener = telemetry.listen(anywhere()).unwrap();
    assert_eq!(status(&get(listener.local_addr(), "/metrics", "")), 404);
    assert_eq!(status(&get(listener.local_addr(), "/livez", "")), 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is sent, it is answered as a request or refused, and the next scrape works.
    #[test]
    fn any_bytes_are_survived(bytes in head(), at in 0..200_usize, byte: u8) {
        use std::sync::OnceLock;
        static SERVED: OnceLock<(Telemetry, novacron_telemetry::expose::Listener)> = OnceLock::new();
        let (_, listener) = SERVED.get_or_init(|| listen(anywhere()));
        let mut bytes = bytes.into_bytes();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let mut stream = connect(listener.local_addr());
        let _ = stream.write_all(&bytes);
        stream.shutdown(std::net::Shutdown::Write).ok();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        prop_assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{answer:?}");
        prop_assert!(scrape(listener.local_addr(), "", PATIENCE).is_ok());
    }
}

/// Something that is nearly a request.
fn head() -> impl Strategy<Value = String> {
    let method = prop_oneof![
        Just("GET"),
        Just("HEAD"),
        Just("G ET"),
        Just("POST"),
        Just("")
    ];
    let path = prop_oneof![
        Just("/metrics"),
        Just("*"),
        Just("/livez?\u{fc}"),
        Just("http://x/metrics"),
        Just("")
    ];
    let version = prop_oneof![
        Just("HTTP/1.1"),
        Just("HTTP/1.0"),
        Just("HTTP/2.0"),
        Just("HTTP/9")
    ];
    let header = prop_oneof![
        Just("host: x"),
        Just("host:"),
        Just("content-length: 3"),
        Just("transfer-encoding: chunked"),
        Just("authorization: Bearer x"),
        Just("connection: upgrade"),
        Just("expect: 100-continue"),
        Just(" folded"),
        Just("a:\u{1}"),
        Just(":"),
        Just("te: trailers"),
    ];
    let end = prop_oneof![Just("\r\n"), Just("\n"), Just("\r"), Just("")];
    (
        method,
        path,
        version,
        proptest::collection::vec((header, end.clone()), 0..6),
        end,
    )
        .prop_map(|(method, path, version, headers, end)| {
            let headers: String = headers
                .iter()
                .map(|(header, end)| format!("{header}{end}"))
                .collect();
            format!("{method} {path} {version}\r\n{headers}\r\n{end}")
        })
}
