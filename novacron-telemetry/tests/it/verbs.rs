//! What single verbs promise beyond a count.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Waker};

use novacron_telemetry::catalog::ProviderType;
use novacron_telemetry::catalog::provisioner::JobReason;
use novacron_telemetry::record::{
    Backup, BreakerState, CircuitBreaker, ProvisioningJob, VsphereSession, record_dwcp_compression,
    record_dwcp_consensus, record_image_cache, record_service_start, update_dwcp_component_health,
    update_dwcp_mode, update_service_availability, update_storage_pool,
};

use crate::books::Books;

#[test]
fn a_change_of_mode_is_a_switch_and_a_repetition_is_none() {
    let books = Books::new();
    let mode = |mode| books.sum("dwcp_mode", &[("mode", mode)]);
    books.recorder.in_scope(|| update_dwcp_mode("internet"));
    assert_eq!(
        books.sum("dwcp_mode_switches_total", &[]),
        0.0,
        "the first mode is no switch"
    );
    books.recorder.in_scope(|| {
        update_dwcp_mode("internet");
        update_dwcp_mode("hybrid");
    });
    let switch = [("from_mode", "internet"), ("to_mode", "hybrid")];
    assert_eq!(books.sum("dwcp_mode_switches_total", &switch), 1.0);
    assert_eq!(books.sum("dwcp_mode_switches_total", &[]), 1.0);
    assert_eq!(
        (mode("internet"), mode("hybrid"), mode("datacenter")),
        (0.0, 1.0, 0.0)
    );
}

#[test]
fn a_service_that_goes_down_and_comes_back_changed_twice() {
    let books = Books::new();
    books.recorder.in_scope(|| {
        for up in [true, true, false, false, true] {
            update_service_availability("api", up);
        }
    });
    let service = [("service", "api")];
    assert_eq!(books.sum("service_availability", &service), 1.0);
    assert_eq!(
        books.sum("service_availability_changes_total", &service),
        2.0
    );
}

#[test]
fn the_second_start_of_a_service_is_a_restart() {
    let books = Books::new();
    books
        .recorder
        .in_scope(|| record_service_start("scheduler"));
    let shown = books.snapshot();
    let restarts = shown.value(
        "novacron_service_restarts_total",
        &[("service", "scheduler")],
    );
    assert_eq!(
        restarts,
        Some(0.0),
        "shown, so that the first restart is an increase"
    );
    books
        .recorder
        .in_scope(|| record_service_start("scheduler"));
    assert_eq!(books.sum("service_restarts_total", &[]), 1.0);
    assert!(
        books.sum("service_start_time_seconds", &[]) > 1.6e9,
        "Unix time in seconds"
    );
}

#[test]
fn nothing_compressed_to_nothing_has_no_ratio() {
    let books = Books::new();
    books
        .recorder
        .in_scope(|| record_dwcp_compression("zstd", 0, 0));
    assert!(
        books
            .snapshot()
            .series("novacron_dwcp_compression_ratio")
            .is_empty()
    );
    books
        .recorder
        .in_scope(|| record_dwcp_compression("zstd", 4096, 1024));
    assert_eq!(
        books.sum("dwcp_compression_ratio", &[("algorithm", "zstd")]),
        4.0
    );
    assert_eq!(books.sum("dwcp_uncompressed_bytes_total", &[]), 4096.0);
    assert_eq!(books.sum("dwcp_compressed_bytes_total", &[]), 1024.0);
}

#[test]
fn a_round_that_timed_out_is_a_round_that_is_over() {
    let books = Books::new();
    books.recorder.in_scope(|| {
        for what in ["reached", "reached", "timeout", "byzantine"] {
            record_dwcp_consensus(what);
        }
    });
    assert_eq!(books.sum("dwcp_consensus_rounds_total", &[]), 3.0);
    assert_eq!(books.sum("dwcp_consensus_timeouts_total", &[]), 1.0);
    assert_eq!(books.sum("dwcp_byzantine_events_total", &[]), 1.0);
}

#[test]
fn the_hit_ratio_is_hits_by_look_ups() {
    let books = Books::new();
    books.recorder.in_scope(|| {
        for hit in [true, false, true, true] {
            record_image_cache(hit);
        }
    });
    assert_eq!(books.sum("provisioner_cache_hit_ratio", &[]), 0.75);
    assert_eq!(books.sum("provisioner_cache_hits_total", &[]), 3.0);
    assert_eq!(books.sum("provisioner_cache_misses_total", &[]), 1.0);
}

#[test]
fn what_nobody_knows_is_absent() {
    let books = Books::new();
    books.recorder.in_scope(|| {
        update_storage_pool("hdd", 100, 40, None);
        update_dwcp_component_health("acp", "degraded");
    });
    let shown = books.snapshot();
    let pool = [("pool", "hdd")];
    assert_eq!(
        shown.value("novacron_storage_pool_used_bytes", &pool),
        Some(40.0)
    );
    assert_eq!(
        shown.value("novacron_storage_deduplication_ratio", &pool),
        None
    );
    let health = shown.series("novacron_dwcp_component_health");
    assert_eq!(health.len(), 1, "five components said nothing");
    assert_eq!(health[0].sample.value(), 1.0);
}

#[test]
fn a_breaker_shows_its_state_while_somebody_holds_it() {
    let books = Books::new();
    let provider = [("provider_type", "vsphere"), ("provider", "vc-1")];
    let state = || {
        books
            .snapshot()
            .value("novacron_circuit_breaker_state", &provider)
    };
    let breaker = CircuitBreaker::new_with(&books.recorder, ProviderType::Vsphere, "vc-1");
    assert_eq!(state(), Some(0.0));
    breaker.failed();
    breaker.is(BreakerState::Open);
    assert_eq!(state(), Some(2.0));
    breaker.is(BreakerState::HalfOpen);
    assert_eq!(state(), Some(1.0));
    drop(breaker);
    assert_eq!(state(), None, "nobody knows it any more");
    assert_eq!(
        books.sum("circuit_breaker_failures_total", &provider),
        1.0,
        "what happened stays"
    );
}

#[test]
fn a_backup_that_is_whole_is_the_last_good_one() {
    let books = Books::new();
    let begin = || Backup::begin_with(books.recorder.clone(), "database");
    let ended = |status| {
        let labels = [("target", "database"), ("status", status)];
        books.sum("backup_runs_total", &labels)
    };
    let last = || books.sum("backup_last_success_timestamp_seconds", &[]);
    begin().failed();
    drop(begin());
    assert_eq!(last(), 0.0, "there is no good one yet");
    begin().completed();
    assert!(last() > 1.6e9, "Unix time in seconds");
    assert_eq!(["completed", "failed", "cancelled"].map(ended), [1.0; 3]);
    assert_eq!(books.sum("backup_duration_seconds", &[]), 3.0);
}

#[test]
fn calls_to_vsphere_belong_to_the_datacenter_of_their_session() {
    let books = Books::new();
    let session = VsphereSession::open_with(books.recorder.clone(), "dc-1");
    session.called("CloneVM_Task");
    session.clone().called("CloneVM_Task");
    let call = [("method", "CloneVM_Task"), ("datacenter", "dc-1")];
    assert_eq!(books.sum("vsphere_api_calls_total", &call), 2.0);
    assert_eq!(
        books.sum("vsphere_sessions_total", &[("datacenter", "dc-1")]),
        1.0,
        "a clone is the same session"
    );
}

#[test]
fn a_job_ends_once_also_when_it_panics_or_its_future_is_dropped() {
    let books = Books::new();
    let begin = || ProvisioningJob::begin_with(books.recorder.clone());
    let jobs = |status| books.sum("provisioner_jobs_total", &[("status", status)]);
    let active = || books.sum("provisioner_active_jobs", &[]);

    let panics = catch_unwind(AssertUnwindSafe(|| {
        let _job = begin();
        assert_eq!(active(), 1.0);
        panic!("on purpose");
    }));
    assert!(panics.is_err());
    assert_eq!((jobs("cancelled"), active()), (1.0, 0.0));

    let mut waits = Box::pin(async {
        let job = begin();
        std::future::pending::<()>().await;
        job.complete();
    });
    let mut context = Context::from_waker(Waker::noop());
    assert!(waits.as_mut().poll(&mut context).is_pending());
    assert_eq!(active(), 1.0);
    drop(waits);
    assert_eq!((jobs("cancelled"), active()), (2.0, 0.0));

    begin().complete();
    begin().fail(JobReason::NoSpace);
    let ended = ["completed", "failed", "cancelled"].map(jobs);
    assert_eq!(ended, [1.0, 1.0, 2.0]);
    assert_eq!(jobs("started"), ended.iter().sum::<f64>());
    assert_eq!(books.sum("provisioner_job_duration_seconds", &[]), 4.0);
    let reason = [("reason", "no_space")];
    assert_eq!(books.sum("provisioner_job_failures_total", &reason), 1.0);
}
