//! The attributes of the other kinds of work: each end of each kind in exactly the families that
//! name it, and what all of them have in common.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use novacron_telemetry::catalog::provisioner::JobReason;
use novacron_telemetry::catalog::reconcile::{ReconcileOutcome, ResourceKind};
use novacron_telemetry::catalog::vm::VmOperation;
use novacron_telemetry::catalog::{ErrorReason, GrpcCode, ProviderType, Status};
use novacron_telemetry::record::{Failure, Outcome, Recorder};
use novacron_telemetry::{
    instrument_api, instrument_external_call, instrument_job, instrument_provider_call,
    instrument_query, instrument_reconcile, instrument_task, instrument_vm,
};

use crate::books::{Books, poll, quiet_panic, wait};

/// How the body of a marked function is to go.
#[derive(Clone, Copy, Debug)]
enum Plan {
    Works,
    Fails,
    TimesOut,
    Panics,
    Hangs,
}

#[derive(Debug)]
enum Broken {
    Refused,
    Late,
}

impl Broken {
    fn failure(&self) -> Failure {
        Failure::from_status(Status::new(match self {
            Broken::Refused => 503,
            Broken::Late => 504,
        }))
    }
}

/// What every body here does.
async fn go(plan: Plan) -> Result<u32, Broken> {
    wait().await;
    match plan {
        Plan::Works => Ok(7),
        Plan::Fails => Err(Broken::Refused),
        Plan::TimesOut => Err(Broken::Late),
        Plan::Panics => quiet_panic(),
        Plan::Hangs => std::future::pending().await,
    }
}

/// Runs a future as its plan says; one that hangs is dropped after it began.
fn run<F: Future>(books: &Books, plan: Plan, future: F) {
    let mut future = Box::pin(books.recorder.scope(future));
    let polled = catch_unwind(AssertUnwindSafe(|| {
        assert!(poll(future.as_mut()).is_pending(), "it waits once");
        poll(future.as_mut()).is_pending()
    }));
    match plan {
        Plan::Panics => assert!(polled.is_err(), "the panic goes on"),
        Plan::Hangs => assert!(polled.unwrap()),
        Plan::Works | Plan::Fails | Plan::TimesOut => assert!(!polled.unwrap()),
    }
}

/// One event with these labels, and no other of its family.
#[track_caller]
fn only(books: &Books, family: &str, labels: &[(&str, &str)]) {
    assert_eq!(books.sum(family, labels), 1.0, "{family} {labels:?}");
    assert_eq!(books.sum(family, &[]), 1.0, "{family}");
}

#[instrument_query(
    operation = "SELECT",
    table = "vms",
    rows_returned = |found| *found,
    error = Broken::failure,
)]
async fn query(plan: Plan) -> Result<u32, Broken> {
    go(plan).await
}

#[test]
fn a_statement_works_or_is_an_error_however_it_ends() {
    for (plan, status, rows) in [
        (Plan::Works, "success", 7.0),
        (Plan::Fails, "error", 0.0),
        (Plan::TimesOut, "error", 0.0),
        (Plan::Panics, "error", 0.0),
        (Plan::Hangs, "error", 0.0),
    ] {
        let books = Books::new();
        run(&books, plan, query(plan));
        let statement = [("operation", "SELECT"), ("table", "vms")];
        let labels = [statement[0], statement[1], ("status", status)];
        only(&books, "database_queries_total", &labels);
        only(&books, "database_query_duration_seconds", &statement);
        assert_eq!(books.sum("database_rows_returned_total", &[]), rows);
        assert_eq!(books.sum("database_rows_affected_total", &[]), 0.0);
    }
}

#[instrument_vm(
    operation = "create",
    provider_type = "libvirt",
    provider = String::from("host-1"),
    error = Broken::failure,
)]
async fn create(plan: Plan) -> Result<u32, Broken> {
    go(plan).await
}

#[test]
fn an_operation_succeeds_fails_or_breaks_for_a_reason() {
    for (plan, status, reason) in [
        (Plan::Works, "success", None),
        (Plan::Fails, "failure", Some("ConnectionFailed")),
        (Plan::TimesOut, "error", Some("Timeout")),
        (Plan::Panics, "error", Some("Internal")),
        (Plan::Hangs, "error", Some("Internal")),
    ] {
        let books = Books::new();
        run(&books, plan, create(plan));
        let labels = [
            ("operation", "create"),
            ("status", status),
            ("provider_type", "libvirt"),
            ("provider", "host-1"),
        ];
        only(&books, "vm_operations_total", &labels);
        only(
            &books,
            "vm_operation_duration_seconds",
            &[labels[0], labels[2]],
        );
        match reason {
            None => assert_eq!(books.sum("vm_creation_failures_total", &[]), 0.0),
            Some(reason) => only(&books, "vm_creation_failures_total", &[("reason", reason)]),
        }
    }
}

#[instrument_job(error = |error| match error {
    Broken::Refused => JobReason::NoSpace,
    Broken::Late => JobReason::Timeout,
})]
async fn provision(plan: Plan) -> Result<u32, Broken> {
    go(plan).await
}

#[test]
fn a_job_is_started_and_ends_completed_failed_or_cancelled() {
    for (plan, status, reason) in [
        (Plan::Works, "completed", None),
        (Plan::Fails, "failed", Some("no_space")),
        (Plan::TimesOut, "failed", Some("timeout")),
        (Plan::Panics, "failed", Some("other")),
        (Plan::Hangs, "cancelled", None),
    ] {
        let books = Books::new();
        run(&books, plan, provision(plan));
        let jobs = |status| books.sum("provisioner_jobs_total", &[("status", status)]);
        assert_eq!((jobs("started"), jobs(status)), (1.0, 1.0), "{plan:?}");
        assert_eq!(books.sum("provisioner_jobs_total", &[]), 2.0);
        only(
            &books,
            "provisioner_job_duration_seconds",
            &[("status", status)],
        );
        assert_eq!(books.sum("provisioner_active_jobs", &[]), 0.0);
        match reason {
            None => assert_eq!(books.sum("provisioner_job_failures_total", &[]), 0.0),
            Some(reason) => {
                only(
                    &books,
                    "provisioner_job_failures_total",
                    &[("reason", reason)],
                );
            }
        }
    }
}

#[test]
fn a_job_is_active_while_it_runs() {
    let books = Books::new();
    let mut job = pin!(books.recorder.scope(provision(Plan::Works)));
    assert_eq!(books.sum("provisioner_active_jobs", &[]), 0.0);
    assert!(poll(job.as_mut()).is_pending());
    assert_eq!(books.sum("provisioner_active_jobs", &[]), 1.0);
    assert!(poll(job.as_mut()).is_ready());
    assert_eq!(books.sum("provisioner_active_jobs", &[]), 0.0);
}

#[instrument_task(error = Broken::failure)]
async fn prune_snapshots(plan: Plan) -> Result<u32, Broken> {
    go(plan).await
}

#[test]
fn a_run_of_a_background_job_has_the_name_of_its_function() {
    for (plan, status) in [
        (Plan::Works, "completed"),
        (Plan::Fails, "failed"),
        (Plan::TimesOut, "failed"),
        (Plan::Panics, "failed"),
        (Plan::Hangs, "cancelled"),
    ] {
        let books = Books::new();
        run(&books, plan, prune_snapshots(plan));
        let name = ("job_name", "prune_snapshots");
        only(
            &books,
            "background_job_runs_total",
            &[name, ("status", status)],
        );
        only(&books, "background_job_duration_seconds", &[name]);
        let last = books.sum("background_job_last_success_timestamp_seconds", &[]);
        assert_eq!(last > 0.0, status == "completed", "{plan:?}: {last}");
    }
}

#[instrument_reconcile(kind = "VMSnapshot")]
async fn reconcile(plan: Plan) -> Result<u32, Broken> {
    go(plan).await
}

#[test]
fn a_loop_that_does_not_return_or_returns_an_error_is_an_error() {
    for (plan, outcome) in [
        (Plan::Works, "success"),
        (Plan::Fails, "error"),
        (Plan::TimesOut, "error"),
        (Plan::Panics, "error"),
        (Plan::Hangs, "error"),
    ] {
        let books = Books::new();
        run(&books, plan, reconcile(plan));
        let kind = ("kind", "VMSnapshot");
        only(
            &books,
            "manager_reconcile_total",
            &[kind, ("outcome", outcome)],
        );
        only(&books, "manager_reconcile_duration_seconds", &[kind]);
    }
}

#[test]
fn a_loop_says_that_it_is_to_run_again_or_was_refused() {
    #[instrument_reconcile(kind = kind, outcome = |again| match again {
        true => ReconcileOutcome::Requeue,
        false => ReconcileOutcome::Success,
    })]
    fn by_value(kind: ResourceKind, again: bool) -> bool {
        again
    }

    #[instrument_reconcile(kind = "Provider", error = |_| ReconcileOutcome::Failure)]
    fn by_error() -> Result<(), Broken> {
        Err(Broken::Refused)
    }

    let books = Books::new();
    books.recorder.in_scope(|| {
        by_value(ResourceKind::VmSet, true);
        by_value(ResourceKind::VmSet, false);
        by_error().unwrap_err();
    });
    for (kind, outcome) in [
        ("VMSet", "requeue"),
        ("VMSet", "success"),
        ("Provider", "failure"),
    ] {
        let labels = [("kind", kind), ("outcome", outcome)];
        assert_eq!(books.sum("manager_reconcile_total", &labels), 1.0);
    }
    assert_eq!(books.sum("manager_reconcile_total", &[]), 3.0);
}

#[instrument_provider_call(
    provider_type = "vsphere",
    method = "CreateVM",
    error = Broken::failure,
)]
async fn call_provider(plan: Plan) -> Result<u32, Broken> {
    go(plan).await
}

#[test]
fn a_call_to_a_provider_has_the_code_that_its_end_means() {
    for (plan, code) in [
        (Plan::Works, "OK"),
        (Plan::Fails, "UNAVAILABLE"),
        (Plan::TimesOut, "DEADLINE_EXCEEDED"),
        (Plan::Panics, "INTERNAL"),
        (Plan::Hangs, "CANCELLED"),
    ] {
        let books = Books::new();
        run(&books, plan, call_provider(plan));
        let method = [("provider_type", "vsphere"), ("method", "CreateVM")];
        let labels = [method[0], method[1], ("code", code)];
        only(&books, "provider_rpc_requests_total", &labels);
        only(&books, "provider_rpc_latency_seconds", &method);
    }
}

#[instrument_external_call(service = "billing", error = Broken::failure)]
async fn bill(plan: Plan) -> Result<u32, Broken> {
    go(plan).await
}

#[test]
fn a_call_to_an_outside_service_works_or_is_an_error() {
    for (plan, status) in [
        (Plan::Works, "success"),
        (Plan::Fails, "error"),
        (Plan::TimesOut, "error"),
        (Plan::Panics, "error"),
        (Plan::Hangs, "error"),
    ] {
        let books = Books::new();
        run(&books, plan, bill(plan));
        let service = ("service", "billing");
        only(
            &books,
            "external_calls_total",
            &[service, ("status", status)],
        );
        only(&books, "external_call_duration_seconds", &[service]);
    }
}

#[test]
fn a_call_that_never_ran_is_none() {
    let books = Books::new();
    let plan = Plan::Works;
    let calls = (
        (query(plan), create(plan), provision(plan)),
        (prune_snapshots(plan), reconcile(plan)),
        (call_provider(plan), bill(plan)),
    );
    drop(books.recorder.scope(async move { drop(calls) }));
    for family in [
        "database_queries_total",
        "vm_operations_total",
        "provisioner_jobs_total",
        "background_job_runs_total",
        "manager_reconcile_total",
        "provider_rpc_requests_total",
        "external_calls_total",
    ] {
        assert_eq!(books.sum(family, &[]), 0.0, "{family}");
    }
}

#[test]
fn a_function_that_is_not_async_is_counted_the_same() {
    #[instrument_query(operation = "UPDATE", table = table, rows_affected = |rows| *rows)]
    fn update(table: &str, rows: u64) -> Result<u64, String> {
        match rows {
            0 => Err(format!("{table} is empty")),
            rows => Ok(rows),
        }
    }

    #[instrument_task(name = "reaper")]
    fn reap(panics: bool) {
        if panics {
            quiet_panic();
        }
    }

    let books = Books::new();
    books.recorder.in_scope(|| {
        update("vms", 3).unwrap();
        update("vms", 0).unwrap_err();
        reap(false);
        catch_unwind(|| reap(true)).unwrap_err();
    });
    let status = |status| books.sum("database_queries_total", &[("status", status)]);
    assert_eq!((status("success"), status("error")), (1.0, 1.0));
    assert_eq!(
        books.sum("database_rows_affected_total", &[("table", "vms")]),
        3.0
    );
    let run = |status| books.sum("background_job_runs_total", &[("status", status)]);
    assert_eq!((run("completed"), run("failed")), (1.0, 1.0));
}

/// A driver of one provider, which is told who records.
struct Driver {
    telemetry: Recorder,
    name: String,
    kind: ProviderType,
}

impl Driver {
    #[instrument_vm(
        operation = if on { VmOperation::Start } else { VmOperation::Stop },
        provider_type = self.kind,
        provider = &self.name,
        error = |_| ErrorReason::Unsupported,
        telemetry = self.telemetry,
    )]
    async fn power<'a, T>(&mut self, vm: &'a T, on: bool) -> Result<&'a T, Broken>
    where
        T: AsRef<str> + ?Sized,
    {
        wait().await;
        if vm.as_ref().is_empty() {
            return Err(Broken::Refused);
        }
        Ok(vm)
    }

    #[instrument_provider_call(
        provider_type = self.kind,
        method = &method,
        outcome = |code| *code,
        telemetry = self.telemetry,
    )]
    async fn call(&self, method: String, code: GrpcCode) -> GrpcCode {
        // The attribute borrowed it before the body took it.
        drop(method);
        wait().await;
        code
    }
}

#[test]
fn methods_generics_and_borrows_work_whoever_is_current() {
    let (books, others) = (Books::new(), Books::new());
    let mut driver = Driver {
        telemetry: books.recorder.clone(),
        name: "host-1".to_owned(),
        kind: ProviderType::Qemu,
    };
    run(&others, Plan::Works, driver.power("vm-1", true));
    run(&others, Plan::Works, driver.power("", false));
    let code = GrpcCode::ResourceExhausted;
    run(&others, Plan::Works, driver.call("Clone".to_owned(), code));

    for (operation, status) in [("start", "success"), ("stop", "failure")] {
        let labels = [
            ("operation", operation),
            ("status", status),
            ("provider", "host-1"),
        ];
        assert_eq!(
            books.sum("vm_operations_total", &labels),
            1.0,
            "{operation}"
        );
    }
    let labels = [("method", "Clone"), ("code", "RESOURCE_EXHAUSTED")];
    only(&books, "provider_rpc_requests_total", &labels);
    assert_eq!(others.sum("vm_operations_total", &[]), 0.0);
}

#[async_trait::async_trait]
trait Provisioner {
    async fn provision(&self, plan: Plan) -> Result<u32, Broken>;
}

#[async_trait::async_trait]
impl Provisioner for Driver {
    #[instrument_job(telemetry = self.telemetry)]
    async fn provision(&self, plan: Plan) -> Result<u32, Broken> {
        go(plan).await
    }
}

#[test]
fn a_method_of_an_async_trait_is_counted_once_and_when_it_ends() {
    let books = Books::new();
    let driver = Driver {
        telemetry: books.recorder.clone(),
        name: "host-1".to_owned(),
        kind: ProviderType::Mock,
    };
    run(&books, Plan::Fails, driver.provision(Plan::Fails));
    only(
        &books,
        "provisioner_job_failures_total",
        &[("reason", "other")],
    );
}

#[instrument_api(endpoint = "/api/v1/vms", method = "POST", error = Broken::failure)]
async fn post_vm(plan: Plan) -> Result<u32, Broken> {
    create(plan).await
}

#[test]
fn work_inside_a_request_is_both() {
    let books = Books::new();
    run(&books, Plan::Fails, post_vm(Plan::Fails));
    only(&books, "vm_operations_total", &[("status", "failure")]);
    only(&books, "api_requests_total", &[("status", "503")]);

    let books = Books::new();
    run(&books, Plan::Panics, post_vm(Plan::Panics));
    only(&books, "vm_operations_total", &[("status", "error")]);
    only(&books, "api_requests_total", &[("status", "500")]);
    assert_eq!(books.sum("api_panics_total", &[]), 1.0);
}

#[test]
fn a_reader_that_panics_is_a_failure_and_the_value_is_still_returned() {
    #[instrument_query(operation = "SELECT", table = "vms", rows_returned = |_| -> u64 { quiet_panic() })]
    fn count() -> Result<u32, Broken> {
        Ok(7)
    }
    let books = Books::new();
    assert_eq!(books.recorder.in_scope(count).unwrap(), 7);
    only(&books, "database_queries_total", &[("status", "error")]);
    let errors = [("site", "classifier")];
    assert_eq!(books.sum("telemetry_internal_errors_total", &errors), 1.0);
}

#[test]
fn a_name_of_any_length_is_the_label_that_a_guard_would_have_written() {
    use novacron_telemetry::record::BackgroundJob;

    #[instrument_task(name = name)]
    fn task(name: &str) {}

    for name in ["a".repeat(62), "b".repeat(63), "ü".repeat(80)] {
        let books = Books::new();
        books.recorder.in_scope(|| {
            task(&name);
            BackgroundJob::begin(&name).finish(Outcome::Success);
        });
        let labels = [("job_name", &*name), ("status", "completed")];
        assert_eq!(books.sum("background_job_runs_total", &labels), 2.0);
    }
}
