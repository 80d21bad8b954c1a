//! What strangers hand to the verbs: numbers that are none, texts that are too long, empty, or out
//! to break the exposition, words that no catalog knows. Nothing panics, no sum is spoilt, no label
//! floods, and what was refused is counted.

use std::time::Duration;

use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::label::{Domain, MAX_VALUE_BYTES};
use novacron_telemetry::record::*;
use novacron_telemetry::registry::{Groups, Sample, Snapshot};
use novacron_telemetry::telemetry::Telemetry;

use crate::support;

/// Every verb that takes a text or a number, with the same text and number in every place; where a
/// word of the catalog decides whether the rest is looked at, also with a good word there.
const VERBS: &[fn(&str, f64)] = &[
    |t, n| record_api_request(t, t, 200, n),
    |t, _| record_api_error(t, t, t),
    |t, _| update_endpoint_up(t, true),
    |t, _| record_auth_failure(t),
    |t, _| record_validation_failure(t),
    |_, n| record_queue_wait(n),
    |t, n| record_database_query(t, t, t, n),
    |t, _| update_database_connections(t, 1, 2, 3),
    |t, n| record_database_wait(t, n, true),
    |t, _| record_database_connection_error(t),
    |t, n| record_database_transaction(t, n),
    |_, n| record_database_transaction("commit", n),
    |t, n| update_database_replication_lag(t, n),
    |t, _| record_database_cache(t, true),
    |t, _| update_database_up(t, false),
    |t, n| record_vm_operation(t, t, n),
    |t, n| record_vm_operation("create", t, n),
    |t, _| update_vm_count(t, u64::MAX),
    |t, n| record_vm_migration(t, t, t, n),
    |t, n| record_vm_migration("live", t, t, n),
    |t, _| record_vm_transition(t, t),
    |t, _| record_vm_event(t),
    |t, _| record_vm_reconfigure(t, t),
    |t, _| record_image_prepare(t, t),
    |t, _| record_vm_snapshot("create", t, t),
    |t, _| record_vm_clone(true, t, t),
    |t, n| record_dwcp_migration(t, t, t, n),
    |t, n| update_dwcp_bandwidth(t, n),
    |t, n| update_dwcp_packet_loss(t, n),
    |t, _| record_dwcp_compression(t, u64::MAX, 0),
    |t, _| update_dwcp_mode(t),
    |t, n| record_dwcp_mode_latency(t, n),
    |_, n| record_dwcp_mode_latency("hybrid", n),
    |t, _| record_dwcp_congestion(t),
    |t, n| record_dwcp_operation("hde", t, t, n),
    |t, _| update_dwcp_component_health("hde", t),
    |_, n| update_dwcp_delta_hits(n),
    |_, n| update_dwcp_prediction_accuracy("hybrid", n),
    |t, n| record_dwcp_sync(t, 1, n),
    |t, _| record_dwcp_consensus(t),
    |t, _| record_dwcp_anomaly(t, t),
    |t, _| update_service_availability(t, true),
    |t, _| update_dependency(t, true),
    |t, _| record_service_start(t),
    |t, _| record_failure_detection(t),
    |t, _| record_api_usage(t, t),
    |t, _| record_login(t),
    |t, _| record_vm_provisioned(t),
    |t, n| record_billable_time(t, n),
    |t, n| update_quota_usage(t, "cpu", n),
    |t, n| update_capacity_used(t, n),
    |t, n| update_slo(t, n, n),
    |t, _| record_support_ticket(t),
    |_, n| update_migrations_per_hour(n),
    |t, _| record_alert(t, t, "firing"),
    |t, n| record_alert_resolution(t, n),
    |t, _| update_active_alerts(t, t, 1),
    |t, n| record_provisioner_request(t, t, u16::MAX, n),
    |t, _| record_image_download(t, u64::MAX),
    |t, _| record_image_error(t, t),
    |t, _| record_job_store("get", t),
    |t, _| update_provisioner_dependency(t, true),
    |t, n| record_placement(t, n),
    |t, _| record_allocation_failure(t),
    |t, n| record_backup(t, t, n),
    |t, n| record_ip_discovery(t, n),
    |t, _| record_error(t, t, t),
    |t, _| update_provider_up("mock", t, true),
    |t, _| update_circuit_breaker("mock", t, t),
    |t, _| record_circuit_breaker_failure("mock", t),
    |t, _| record_vsphere_session(t),
    |t, _| record_vsphere_call(t, t),
    |t, n| record_external_call(t, t, n),
    |t, n| update_storage_pool(t, 1, 1, Some(n)),
    |t, n| record_storage_operation(t, "create", t, n),
    |t, _| record_storage_transfer(t, "read", u64::MAX),
    |t, _| record_glossary_hit(t),
    |t, _| record_docs_search(t),
    |_, n| update_docs_search_failure_ratio(n),
    |t, n| update_model_loss(model(t), "training", n),
    |t, n| record_training(model(t), t, t, n),
    |t, n| record_inference(model(t), t, n),
    |t, n| update_model_resources(model(t), 1, n),
    |t, n| update_model_gpu(model(t), t, n),
    |t, n| update_model_status(model(t), "serving", n),
    |t, _| update_model_versions(t, 1),
    |t, _| update_model_deployments(t, t, 1),
    |t, n| update_data_drift(t, t, t, n),
    |t, n| update_feature_importance(t, t, t, n),
    |t, n| update_data_quality(t, n),
    |t, _| update_pipeline_health(t, "training", true),
    |t, n| record_workflow_stage(t, t, t, t, n),
    |t, n| update_workflow_success(t, t, n),
    |t, _| record_data_pipeline_failure(t),
    |t, n| record_ml_scrape(t, n),
    |t, _| drop(WebSocketSession::open(t)),
    |t, _| BackgroundJob::begin(t).finish(true),
    |t, _| SupportBundle::begin(t, t).written(u64::MAX),
    |t, n| {
        let run = Migration::new(t, t).downtime(n).begin();
        run.bytes(u64::MAX);
        drop(run);
    },
];

/// What a histogram or a fractional counter refuses.
const NO_NUMBERS: [f64; 5] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    -1.0,
    -f64::MIN_POSITIVE,
];

fn model(text: &str) -> ModelRef<'_> {
    ModelRef::new(text, text, "production")
}

fn telemetry() -> Telemetry {
    let builder = Telemetry::builder("hostile", "0").groups(Groups::ALL);
    Catalog::descriptors()
        .filter(|family| family.opt_in)
        .fold(builder, |builder, family| builder.opt_in(family.name))
        .build()
        .unwrap()
}

/// Every histogram's sum and every counter is a number that Prometheus can add to.
fn assert_sound(snapshot: &Snapshot) {
    for (family, _) in snapshot.families() {
        for series in snapshot.series(family) {
            match &series.sample {
                Sample::Histogram { sum, .. } => {
                    assert!(
                        sum.is_finite() && *sum >= 0.0,
                        "{family} {:?}: {sum}",
                        series.labels
                    );
                }
                Sample::FloatCounter(total) => {
                    assert!(total.is_finite() && *total >= 0.0, "{family}: {total}");
                }
                // A gauge says what it was told; a whole count cannot be anything else; a summary
                // is somebody else's.
                Sample::Gauge(_) | Sample::Counter(_) | Sample::Summary { .. } => {}
            }
        }
    }
}

/// Every label value is of the catalog, or short and printable, and no label has more values than
/// its cap.
fn assert_bounded(snapshot: &Snapshot) {
    for family in Catalog::descriptors() {
        let series = snapshot.series(family.name);
        for label in family.labels {
            let mut values: Vec<_> = series
                .iter()
                .flat_map(|series| &series.labels)
                .filter(|(name, _)| name == label.name)
                .map(|(_, value)| value.as_str())
                .collect();
            values.sort_unstable();
            values.dedup();
            match label.domain {
                Domain::Closed(known) => {
                    let strange = values.iter().find(|value| !known.contains(value));
                    assert_eq!(strange, None, "{} {}", family.name, label.name);
                }
                Domain::Open { cap } => {
                    assert!(
                        values.len() <= cap as usize + 1,
                        "{} {}",
                        family.name,
                        label.name
                    );
                    for value in values {
                        let printable = |c: char| matches!(c, '\t' | '\n') || !c.is_control();
                        assert!(value.chars().all(printable), "{} {value:?}", family.name);
                        assert!(
                            value.len() <= MAX_VALUE_BYTES,
                            "{} {}",
                            family.name,
                            value.len()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_no_number_is_refused_and_counted() {
    let telemetry = telemetry();
    telemetry.scope(|| {
        for number in NO_NUMBERS {
            for verb in VERBS {
                verb("vms", number);
            }
        }
    });
    let snapshot = telemetry.registry().snapshot();
    assert_sound(&snapshot);
    let rejected = "novacron_telemetry_rejected_observations_total";
    for metric in [
        "novacron_api_request_duration_seconds",
        "novacron_api_queue_wait_seconds",
        "novacron_database_query_duration_seconds",
        "novacron_database_connection_wait_seconds",
        "novacron_database_transaction_duration_seconds",
        "novacron_vm_operation_duration_seconds",
        "novacron_vm_migration_duration_seconds",
        "novacron_dwcp_migration_duration_seconds",
        "novacron_dwcp_mode_latency_seconds",
        "novacron_dwcp_component_latency_seconds",
        "novacron_billable_vm_seconds_total",
        "novacron_external_call_duration_seconds",
        "novacron_storage_operation_duration_seconds",
        "novacron_ml_inference_duration_seconds",
        "novacron_ml_workflow_stage_duration_seconds",
    ] {
        for (reason, count) in [("nan", 1.0), ("infinite", 2.0), ("negative", 2.0)] {
            let labels = [("metric", metric), ("reason", reason)];
            assert_eq!(snapshot.sum(rejected, &labels), count, "{metric} {reason}");
        }
        // The one migration that was let go of was timed by the clock.
        let timed = if metric.contains("dwcp_migration") {
            5.0
        } else {
            0.0
        };
        assert_eq!(
            snapshot.sum(metric, &[]),
            timed,
            "{metric} took none of them"
        );
    }
    // The events themselves happened, and are counted.
    assert_eq!(snapshot.sum("novacron_api_requests_total", &[]), 5.0);
    assert_eq!(snapshot.sum("novacron_database_queries_total", &[]), 5.0);
}

#[test]
fn texts_that_are_long_empty_or_malicious_become_labels_that_are_not() {
    let telemetry = telemetry();
    let megabyte = "ü\u{7}".repeat(1 << 18) + &"x".repeat(1 << 18);
    assert_eq!(megabyte.len(), 1 << 20);
    let texts = support::HOSTILE
        .iter()
        .copied()
        .chain(["", &megabyte, "__other__"]);
    telemetry.scope(|| {
        for text in texts {
            for verb in VERBS {
                verb(text, 0.1);
            }
        }
    });
    let snapshot = telemetry.registry().snapshot();
    assert_sound(&snapshot);
    assert_bounded(&snapshot);
    // Whoever reads the exposition line by line reads as many samples as there are.
    let text = telemetry.render();
    assert!(
        support::samples(&text).len() > 1000,
        "and it reads as the format says"
    );
}

#[test]
fn words_that_the_catalog_does_not_know_are_left_out_and_counted() {
    let unknown = "novacron_telemetry_internal_errors_total";
    let strict: &[(&str, fn())] = &[
        ("novacron_vm_operations_total", || {
            record_vm_operation("explode", "success", 1.0);
        }),
        ("novacron_vm_events_total", || record_vm_event("exploded")),
        ("novacron_vm_migrations_total", || {
            record_vm_migration("warp", "success", "", 1.0);
        }),
        ("novacron_api_auth_failures_total", || {
            record_auth_failure("because");
        }),
        ("novacron_database_transactions_total", || {
            record_database_transaction("maybe", 1.0);
        }),
        ("novacron_dwcp_mode", || update_dwcp_mode("subspace")),
        ("novacron_dwcp_component_operations_total", || {
            record_dwcp_operation("flux", "compression", "", 1.0);
        }),
        ("novacron_dwcp_consensus_rounds_total", || {
            record_dwcp_consensus("perhaps");
        }),
        ("novacron_alerts_received_total", || {
            record_alert("critical", "db", "smouldering");
        }),
        ("novacron_quota_usage_ratio", || {
            update_quota_usage("t", "luck", 0.5);
        }),
        ("novacron_storage_operations_total", || {
            record_storage_operation("ssd", "polish", "success", 1.0);
        }),
        ("novacron_ml_model_status", || {
            update_model_status(model("m"), "dreaming", Duration::ZERO);
        }),
    ];
    for (family, call) in strict {
        let telemetry = telemetry();
        telemetry.scope(call);
        let snapshot = telemetry.registry().snapshot();
        assert_eq!(snapshot.sum(family, &[]), 0.0, "{family}");
        assert_eq!(
            snapshot.sum(unknown, &[("site", "record")]),
            1.0,
            "{family}"
        );
    }
    // A label that may be left out is; the event is counted.
    let telemetry = telemetry();
    telemetry.scope(|| record_vm_reconfigure("abacus", "success"));
    let snapshot = telemetry.registry().snapshot();
    let labels = [("outcome", "success")];
    assert_eq!(
        snapshot.value("novacron_vm_reconfigure_total", &labels),
        Some(1.0)
    );
    assert_eq!(snapshot.sum(unknown, &[("site", "record")]), 1.0);
}

#[test]
fn a_flood_of_texts_ends_at_the_cap_and_loses_no_event() {
    const TEXTS: u64 = 2000;
    let telemetry = telemetry();
    telemetry.scope(|| {
        for number in 0..TEXTS {
            let text = format!("table-{number}");
            record_database_query("SELECT", &text, "success", 0.001);
            record_api_request(&text, &text, 200, 0.001);
            drop(WebSocketSession::open(&text));
        }
    });
    let snapshot = telemetry.registry().snapshot();
    assert_bounded(&snapshot);
    let events = |family: &str, labels: &[(&str, &str)]| snapshot.sum(family, labels) as u64;
    assert_eq!(events("novacron_database_queries_total", &[]), TEXTS);
    assert_eq!(
        events("novacron_api_requests_total", &[("method", "OTHER")]),
        TEXTS
    );
    // Only the label that is full says `__other__`, and each event that went there is counted once.
    let folded = [
        ("table", "__other__"),
        ("operation", "SELECT"),
        ("status", "success"),
    ];
    assert_eq!(
        events("novacron_database_queries_total", &folded),
        TEXTS - 100
    );
    let overflow = "novacron_telemetry_series_overflow_total";
    let of_queries = [("metric", "novacron_database_queries_total")];
    assert_eq!(
        events(overflow, &of_queries),
        TEXTS - 100,
        "touching others is no observation"
    );
}

#[test]
fn verbs_without_a_recorder_do_nothing() {
    for text in ["", "vms"] {
        for number in NO_NUMBERS {
            for verb in VERBS {
                verb(text, number);
            }
        }
    }
}
