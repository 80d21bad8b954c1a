//! What is answered to which `Accept` and `Accept-Encoding`.

use http::Request;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use novacron_telemetry::Registry;
use novacron_telemetry::expose::MetricsService;

use crate::support::Acme;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

fn service() -> MetricsService {
    let registry = Registry::new();
    // Large enough to be worth compressing.
    registry.register::<Acme>().unwrap();
    assert!(registry.render().len() > 1024);
    MetricsService::new(registry)
}

#[test]
fn the_format_is_the_one_that_is_wanted_most() {
    let service = service();
    let many = vec!["text/html"; 5000].join(",") + ",application/openmetrics-text";
    let long = format!("{},application/openmetrics-text", "x".repeat(100_000));
    for (accept, expected) in [
        (&[][..], TEXT),
        (&[""], TEXT),
        (&["*/*"], TEXT),
        (&["text/plain"], TEXT),
        (&["text/html"], TEXT),
        (&["application/json"], TEXT),
        (&["application/openmetrics-text"], OPEN),
        (&["Application/OpenMetrics-Text; Version=1.0.0"], OPEN),
        (
            &["application/openmetrics-text; version=\"1.0.0\"; charset=utf-8"],
            OPEN,
        ),
        (&["application/openmetrics-text; version=2.0.0"], TEXT),
        (&["application/openmetrics-text; version=0.0.1"], TEXT),
        (&["application/openmetrics-text;q=0"], TEXT),
        (&["application/openmetrics-text;q=0, */*"], TEXT),
        (
            &["application/openmetrics-text;q=0.5, text/plain;q=0.4"],
            OPEN,
        ),
        (
            &["application/openmetrics-text;q=0.4, text/plain;q=0.5"],
            TEXT,
        ),
        (&["application/openmetrics-text;q=0.4, text/*;q=0.5"], TEXT),
        (
            &["application/openmetrics-text;q=0.5, */*;q=0.9, text/plain;q=0.1"],
            OPEN,
        ),
        (&["text/plain", "application/openmetrics-text"], OPEN),
        (
            &["text/plain;q=0.3", "application/openmetrics-text;q=0.9"],
            OPEN,
        ),
        (&["application/*"], OPEN),
        // What Prometheus sends.
        (
            &[
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
               text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            ],
            OPEN,
        ),
        (&["text/plain;version=0.0.4;q=0.5,*/*;q=0.1"], TEXT),
        // Nonsense counts for nothing.
        (&["application/openmetrics-text;q=2"], TEXT),
        (&["application/openmetrics-text;q=-1"], TEXT),
        (&["application/openmetrics-text;q=0.0001"], TEXT),
        (&["application/openmetrics-text;q=NaN"], TEXT),
        (&["application/openmetrics-text;q=+.5"], TEXT),
        (&[",,;;q=1,=,;"], TEXT),
        (&[",, application/openmetrics-text ;q=1 , ;"], OPEN),
        // Too long to be a scraper's: what stands at the end is not looked for.
        (&[many.as_str()], TEXT),
        (&[long.as_str()], TEXT),
    ] {
        let mut request = Request::get("/metrics");
        for value in accept {
            request = request.header(ACCEPT, *value);
        }
        let answer = service.answer(&request.body(()).unwrap());
        assert_eq!(answer.headers()[CONTENT_TYPE], expected, "{accept:?}");
        assert_eq!(answer.headers()[VARY], "Accept, Accept-Encoding");
    }
}

#[test]
fn a_header_that_is_no_text_is_no_wish() {
    let value = http::HeaderValue::from_bytes(b"application/openmetrics-text\xff").unwrap();
    let request = Request::get("/").header(ACCEPT, value).body(()).unwrap();
    assert_eq!(service().answer(&request).headers()[CONTENT_TYPE], TEXT);
}

#[test]
fn the_coding_is_gzip_only_for_those_who_take_it() {
    let service = service();
    for (accept, gzip) in [
        (&[][..], false),
        (&["gzip"], true),
        (&["GZIP"], true),
        (&["x-gzip"], true),
        (&["gzip;q=0"], false),
        (&["gzip;q=0.0"], false),
        (&["gzip;q=0, *"], false),
        (&["*"], true),
        (&["*;q=0"], false),
        (&["br, deflate"], false),
        (&["identity"], false),
        (&["identity, gzip;q=0.5"], false),
        (&["identity;q=0.5, gzip"], true),
        (&["deflate", "gzip"], true),
        (&["gzipped"], false),
        (&["gzip;q=oops"], false),
    ] {
        let mut request = Request::get("/metrics");
        for value in accept {
            request = request.header(ACCEPT_ENCODING, *value);
        }
        let answer = service.answer(&request.body(()).unwrap());
        let expected = gzip && cfg!(feature = "gzip");
        assert_eq!(
            answer.headers().get(CONTENT_ENCODING).is_some(),
            expected,
            "{accept:?}"
        );
    }
}
