//! JSON lines: the schema, and who wins when names clash.

use std::fmt;

use novacron_telemetry::context::TraceIds;
use serde_json::json;

use crate::support::{Judge, Panics, Random, log, memory, object, objects_of, quiet, random_event};

#[test]
fn a_line_is_what_the_documents_say() {
    let (logs, memory) = memory(|builder| builder.component("provisioner"));
    log(&logs, || {
        let job = tracing::info_span!("job", job_id = "7b1c", correlation_id = "c-42");
        let _entered = job.enter();
        tracing::info!(
            user_id = "u-1",
            endpoint = "/api/v1/vms/{id}",
            method = "GET",
            status = 200,
            duration_ms = 45,
            image_url = "https://images/a.qcow2",
            "VM read"
        );
    });
    let mut line = object(&memory.text());
    let stamp = line.remove("timestamp").unwrap();
    assert_eq!(stamp.as_str().unwrap().len(), 24);
    let expected = json!({
        "level": "info", "service": "api-server", "component": "provisioner",
        "log_kind": "application", "message": "VM read", "user_id": "u-1",
        "endpoint": "/api/v1/vms/{id}", "method": "GET", "status": 200, "duration_ms": 45,
        "image_url": "https://images/a.qcow2", "job_id": "7b1c", "correlation_id": "c-42",
    });
    assert_eq!(json!(line), expected);
}

#[test]
fn random_events_make_lines_of_the_schema() {
    random_lines(20_000);
}

/// The same for a million, in the step that runs optimised.
#[test]
fn a_million_random_events_make_lines_of_the_schema() {
    random_lines(if cfg!(debug_assertions) {
        2_000
    } else {
        1_000_000
    });
}

fn random_lines(events: usize) {
    let judge = Judge::new();
    let (logs, memory) = memory(|builder| builder);
    let mut random = Random::new(events as u64);
    let mut left = events;
    quiet();
    while left > 0 {
        let some = left.min(10_000);
        left -= some;
        log(&logs, || (0..some).for_each(|_| random_event(&mut random)));
        let text = memory.take();
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            let object = judge.check(line);
            assert_ne!(object["level"], "FAKE");
            assert!(!line.contains("FAKE\",\"ser"), "{line}");
        }
        assert_eq!(text.lines().count(), some, "one record is one line");
    }
    let counts = logs.counts();
    assert_eq!(counts.emitted, counts.written);
}

#[test]
fn the_library_s_own_keys_win_and_a_clash_is_suffixed() {
    let lines = objects_of(|| {
        tracing::info!(
            timestamp = 0,
            level = "FAKE",
            trace_id = "x",
            status = "ok",
            duration_ms = f64::NAN,
            user_id = 7,
            log_kind = "mine",
            status_field = "other",
            "m"
        );
    });
    let line = &lines[0];
    assert_eq!(line["level"], "info");
    assert_eq!(line["level_field"], "FAKE");
    assert_eq!(line["timestamp_field"], 0);
    assert_eq!(line["trace_id_field"], "x");
    assert!(!line.contains_key("trace_id"));
    assert_eq!(line["status_field"], "ok", "the first of two stays");
    assert!(line["duration_ms_field"].is_null());
    assert_eq!(line["user_id"], "7", "ids are texts");
    assert_eq!(line["log_kind"], "application");
    assert_eq!(line["log_kind_field"], "mine");
}

#[test]
fn the_innermost_span_says_it_best_and_the_event_better_still() {
    let lines = objects_of(|| {
        let outer = tracing::info_span!(
            "a",
            job_id = "outer",
            region = "fra",
            late = tracing::field::Empty
        );
        let _outer = outer.enter();
        let inner = tracing::info_span!("b", job_id = "inner");
        let _inner = inner.enter();
        tracing::info!("before");
        outer.record("late", 3);
        tracing::info!(region = "ber", "after");
    });
    assert_eq!(lines[0]["job_id"], "inner");
    assert_eq!(lines[0]["region"], "fra");
    assert!(
        !lines[0].contains_key("late"),
        "what is missing is left out"
    );
    assert_eq!(lines[1]["late"], 3);
    assert_eq!(lines[1]["region"], "ber");
}

#[test]
fn a_line_names_the_trace_of_the_work_at_hand() {
    use bytes::Bytes;
    use http_body_util::Empty;
    use tower::{Layer, Service};

    let telemetry = novacron_telemetry::Telemetry::builder("api-server", "1")
        .build()
        .unwrap();
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let ids = TraceIds::parse(header).unwrap();
    let lines = objects_of(|| {
        tracing::info!("outside");
        let mut service = telemetry.http_layer().layer(tower::service_fn(|_| async {
            tracing::info!("inside");
            Ok::<_, std::convert::Infallible>(http::Response::new(Empty::<Bytes>::new()))
        }));
        let request = http::Request::get("/").header("traceparent", header);
        let call = service.call(request.body(Empty::<Bytes>::new()).unwrap());
        drop(futures_util::FutureExt::now_or_never(call));
    });
    assert!(!lines[0].contains_key("trace_id") && !lines[0].contains_key("span_id"));
    assert_eq!(lines[1]["trace_id"], format!("{:032x}", ids.trace_id));
    assert_eq!(lines[1]["span_id"].as_str().unwrap().len(), 16);
}

#[test]
fn a_panic_in_a_value_costs_that_value_alone() {
    let lines = objects_of(|| {
        tracing::info!(before = 1, bad = ?Panics, worse = %Panics, after = 2, "still");
        tracing::info!("{}", Panics);
    });
    let line = &lines[0];
    assert_eq!((&line["before"], &line["after"]), (&json!(1), &json!(2)));
    assert_eq!(
        (&line["bad"], &line["worse"]),
        (&json!("[panicked]"), &json!("[panicked]"))
    );
    assert_eq!(line["message"], "still");
    assert_eq!(lines[1]["message"], "[panicked]");
}

#[test]
fn long_values_are_cut_and_many_fields_bounded() {
    struct Endless;
    impl fmt::Debug for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("endless €")?;
            }
        }
    }
    let lines = objects_of(|| {
        tracing::info!(long = "x".repeat(1 << 20), endless = ?Endless, after = 1);
        // More than a line may have, from spans inside each other.
        let mut entered = Vec::new();
        for at in 0..20 {
            let text = format!("{at}{}", "y".repeat(20_000));
            let span = match at % 4 {
                0 => tracing::info_span!("s", a0 = %text, b0 = %text),
                1 => tracing::info_span!("s", a1 = %text, b1 = %text),
                2 => tracing::info_span!("s", a2 = %text, b2 = %text),
                _ => tracing::info_span!("s", a3 = %text, b3 = %text),
            };
            entered.push(span.entered());
        }
        tracing::info!("many");
        while entered.pop().is_some() {}
    });
    let long = lines[0]["long"].as_str().unwrap();
    assert!(long.len() < 40_000 && long.ends_with("x…[truncated]"));
    let endless = lines[0]["endless"].as_str().unwrap();
    assert!(endless.len() < 40_000 && endless.ends_with("…[truncated]"));
    assert_eq!(lines[0]["after"], 1);
    let total: usize = lines[1].values().map(|value| value.to_string().len()).sum();
    assert!(total < 200_000, "{total}");
    assert!(lines[1]["fields_left_out"].as_u64().unwrap() > 0);
}

#[test]
fn an_error_s_causes_are_followed_but_not_round_in_a_circle() {
    #[derive(Debug)]
    struct Circle;
    impl fmt::Display for Circle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("round")
        }
    }
    impl std::error::Error for Circle {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&Circle)
        }
    }
    let lines = objects_of(|| {
        let error: &(dyn std::error::Error + 'static) = &Circle;
        tracing::error!(error);
    });
    let text = lines[0]["error"].as_str().unwrap();
    assert!(
        text.starts_with("round: round: ") && text.ends_with(": …"),
        "{text}"
    );
    assert!(text.len() < 200);
    assert_eq!(lines[0]["log_kind"], "error");
}

#[test]
fn the_pipeline_s_index_follows_from_the_line() {
    let lines = objects_of(|| {
        tracing::info!("a");
        tracing::warn!(model_name = "churn", "b");
        tracing::error!(model_name = "churn", "c");
        tracing::info!(target: "novacron::access", "d");
        tracing::info!(log_kind = "ml", "e");
    });
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| line["log_kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["application", "ml", "error", "access", "ml"]);
}
