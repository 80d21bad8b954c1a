//! Whatever is begun, polled, dropped, panics or times out, in whatever nesting: at every moment
//! what was begun is what ended, by its outcome, plus what is in flight.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;

use novacron_telemetry::catalog::dwcp::DwcpMode;
use novacron_telemetry::catalog::provisioner::JobReason;
use novacron_telemetry::catalog::{Method, Status};
use novacron_telemetry::record::{
    ApiSite, Failure, MigrationSite, Outcome, ProvisioningJob, Recorder, current, work_future,
    work_sync,
};
use novacron_telemetry::registry::Groups;
use proptest::prelude::*;

use crate::books::{Books, poll, quiet_panic, wait};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Api,
    Migration,
}

/// How a call ends if it is let run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Success,
    Failure,
    TimedOut,
    Panic,
    /// It is not: it was dropped.
    Dropped,
}

/// A call: what it does, and how it ends.
#[derive(Clone, Debug)]
struct Plan {
    kind: Kind,
    steps: Vec<Step>,
    end: End,
}

#[derive(Clone, Debug)]
enum Step {
    /// Is pending once.
    Wait,
    /// Another call is awaited.
    Inner(Plan),
    /// Two calls run side by side, until both are done.
    Both(Plan, Plan),
    /// A function is called.
    Sync(Kind, End),
    /// A guard is begun that lives until the call ends, unless it is finished now.
    Job(Option<bool>),
}

/// What the test does from outside.
#[derive(Clone, Debug)]
enum Op {
    Begin(Plan),
    Poll(prop::sample::Index),
    Drop(prop::sample::Index),
}

/// What was begun and what ended, kept apart from what is tested.
#[derive(Default)]
struct Model {
    begun: RefCell<BTreeMap<Kind, u64>>,
    ended: RefCell<BTreeMap<(Kind, End), u64>>,
}

/// One call in the model, and the calls around it.
struct Tally {
    model: Rc<Model>,
    kind: Kind,
    /// Whether this call is counted: one inside another of its kind is not.
    counted: bool,
    end: Cell<End>,
    outer: Option<Rc<Tally>>,
}

impl Tally {
    fn begin(model: &Rc<Model>, kind: Kind, outer: Option<Rc<Tally>>) -> Rc<Self> {
        let counted = !outer.iter().any(|outer| outer.is_in(kind));
        if counted {
            *model.begun.borrow_mut().entry(kind).or_default() += 1;
        }
        Rc::new(Self {
            model: Rc::clone(model),
            kind,
            counted,
            end: Cell::new(End::Dropped),
            outer,
        })
    }

    fn is_in(&self, kind: Kind) -> bool {
        self.kind == kind || self.outer.iter().any(|outer| outer.is_in(kind))
    }

    /// A panic goes through this call and all around it.
    fn panics(&self) {
        self.end.set(End::Panic);
        if let Some(outer) = &self.outer {
            outer.panics();
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        if self.counted {
            let key = (self.kind, self.end.get());
            *self.model.ended.borrow_mut().entry(key).or_default() += 1;
        }
    }
}

fn outcome(end: &End) -> Outcome {
    match end {
        End::Success => Outcome::Success,
        End::Failure => Failure::from_status(Status::new(404)).into(),
        End::TimedOut => Outcome::TimedOut,
        End::Panic | End::Dropped => unreachable!("it did not return"),
    }
}

fn handler(recorder: Recorder) -> ApiSite {
    ApiSite::new(recorder, "/work").method(Method::Post)
}

fn pair(recorder: Recorder) -> MigrationSite {
    MigrationSite::new(recorder, "node-1", "node-2").mode(DwcpMode::Hybrid)
}

type Running = Pin<Box<dyn Future<Output = ()>>>;

/// A call as a future. Only the outermost is told who records; those inside find it.
fn call(plan: Plan, model: Rc<Model>, outer: Option<Rc<Tally>>, told: Option<Recorder>) -> Running {
    Box::pin(async move {
        let recorder = told.unwrap_or_else(current);
        let tally = Tally::begin(&model, plan.kind, outer);
        let body = body(plan.steps, plan.end, Rc::clone(&tally));
        let end = match plan.kind {
            Kind::Api => work_future(handler(recorder), outcome, (), body).await,
            Kind::Migration => work_future(pair(recorder), outcome, (), body).await,
        };
        tally.end.set(end);
    })
}

async fn body(steps: Vec<Step>, end: End, tally: Rc<Tally>) -> End {
    let mut jobs = Vec::new();
    let inner = |plan| call(plan, Rc::clone(&tally.model), Some(Rc::clone(&tally)), None);
    for step in steps {
        match step {
            Step::Wait => wait().await,
            Step::Inner(plan) => inner(plan).await,
            Step::Both(one, other) => both(inner(one), inner(other)).await,
            Step::Sync(kind, end) => sync(kind, end, &tally),
            Step::Job(decided) => match (ProvisioningJob::begin(), decided) {
                (job, None) => jobs.push(job),
                (job, Some(true)) => job.complete(),
                (job, Some(false)) => job.fail(JobReason::Other),
            },
        }
    }
    if end == End::Panic {
        tally.panics();
        quiet_panic();
    }
    end
}

fn sync(kind: Kind, end: End, outer: &Rc<Tally>) {
    let tally = Tally::begin(&outer.model, kind, Some(Rc::clone(outer)));
    let body = || {
        if end == End::Panic {
            tally.panics();
            quiet_panic();
        }
        end
    };
    let end = match kind {
        Kind::Api => work_sync(handler(current()), outcome, (), body),
        Kind::Migration => work_sync(pair(current()), outcome, (), body),
    };
    tally.end.set(end);
}

async fn both(one: Running, other: Running) {
    let mut running = [Some(one), Some(other)];
    std::future::poll_fn(|cx| {
        for slot in &mut running {
            if slot
                .as_mut()
                .is_some_and(|future| future.as_mut().poll(cx).is_ready())
            {
                *slot = None;
            }
        }
        match running.iter().all(Option::is_none) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}

/// What the books show is what the model says.
fn check(books: &Books, model: &Model) {
    let snapshot = books.snapshot();
    let sum = |family: &str, labels: &[(&str, &str)]| snapshot.sum(family, labels) as u64;
    let begun = |kind| model.begun.borrow().get(&kind).copied().unwrap_or(0);
    let ended = |kind, end| model.ended.borrow().get(&(kind, end)).copied().unwrap_or(0);

    let mut all = 0;
    let by_status = [
        ("200", End::Success),
        ("404", End::Failure),
        ("504", End::TimedOut),
        ("500", End::Panic),
        ("499", End::Dropped),
    ];
    for (status, end) in by_status {
        let requests = sum("novacron_api_requests_total", &[("status", status)]);
        assert_eq!(requests, ended(Kind::Api, end), "requests with {status}");
        all += requests;
    }
    assert_eq!(
        sum("novacron_api_requests_total", &[]),
        all,
        "no other status"
    );
    let in_flight = sum("novacron_api_requests_in_flight", &[]);
    assert_eq!(
        all + in_flight,
        begun(Kind::Api),
        "requests: ended + in flight = begun"
    );
    // Who never answered took no time to answer.
    let answered = all - ended(Kind::Api, End::Dropped) - ended(Kind::Api, End::Panic);
    assert_eq!(sum("novacron_api_request_duration_seconds", &[]), answered);
    assert_eq!(sum("novacron_api_response_complete_seconds", &[]), answered);
    assert_eq!(
        sum("novacron_api_panics_total", &[]),
        ended(Kind::Api, End::Panic)
    );
    assert_eq!(
        sum("novacron_api_timeouts_total", &[]),
        ended(Kind::Api, End::TimedOut)
    );
    assert_eq!(
        sum("novacron_api_client_disconnects_total", &[]),
        ended(Kind::Api, End::Dropped)
    );
    assert_eq!(
        sum("novacron_api_errors_total", &[]),
        all - ended(Kind::Api, End::Success)
    );

    let failed = [End::Failure, End::TimedOut, End::Panic];
    let by_status = [
        ("success", ended(Kind::Migration, End::Success)),
        (
            "failed",
            failed.iter().map(|end| ended(Kind::Migration, *end)).sum(),
        ),
        ("cancelled", ended(Kind::Migration, End::Dropped)),
    ];
    for (status, count) in by_status {
        let migrations = sum("novacron_dwcp_migrations_total", &[("status", status)]);
        assert_eq!(migrations, count, "migrations with {status}");
    }
    let all = sum("novacron_dwcp_migrations_total", &[]);
    let in_flight = sum("novacron_dwcp_migrations_in_flight", &[]);
    assert_eq!(
        all + in_flight,
        begun(Kind::Migration),
        "migrations: ended + in flight = begun"
    );

    let jobs = |status| sum("novacron_provisioner_jobs_total", &[("status", status)]);
    let ended = jobs("completed") + jobs("failed") + jobs("cancelled");
    let active = sum("novacron_provisioner_active_jobs", &[]);
    assert_eq!(
        jobs("started"),
        ended + active,
        "jobs: started = ended + active"
    );
    assert_eq!(sum("novacron_provisioner_job_duration_seconds", &[]), ended);
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![2 => Just(Kind::Api), 1 => Just(Kind::Migration)]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        4 => Just(End::Success),
        2 => Just(End::Failure),
        1 => Just(End::TimedOut),
        2 => Just(End::Panic),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let leaf = (kind(), prop::collection::vec(plain_step(), 0..3), end())
        .prop_map(|(kind, steps, end)| Plan { kind, steps, end });
    leaf.prop_recursive(3, 16, 3, |inner| {
        let step = prop_oneof![
            3 => plain_step(),
            2 => inner.clone().prop_map(Step::Inner),
            1 => (inner.clone(), inner).prop_map(|(one, other)| Step::Both(one, other)),
        ];
        (kind(), prop::collection::vec(step, 0..4), end()).prop_map(|(kind, steps, end)| Plan {
            kind,
            steps,
            end,
        })
    })
}

fn plain_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Wait),
        1 => (kind(), end()).prop_map(|(kind, end)| Step::Sync(kind, end)),
        1 => prop::option::of(any::<bool>()).prop_map(Step::Job),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => plan().prop_map(Op::Begin),
        5 => any::<prop::sample::Index>().prop_map(Op::Poll),
        1 => any::<prop::sample::Index>().prop_map(Op::Drop),
    ]
}

/// Polls a call; one that is done, or has panicked, is gone.
fn poll_one(running: &mut Vec<Running>, at: usize) {
    let polled = catch_unwind(AssertUnwindSafe(|| poll(running[at].as_mut()).is_ready()));
    if polled.unwrap_or(true) {
        drop(running.swap_remove(at));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_was_begun_has_ended_or_is_in_flight(ops in prop::collection::vec(op(), 1..24)) {
        let books = Books::of(Groups::API | Groups::MIGRATION | Groups::PROVISIONER);
        let model = Rc::new(Model::default());
        let mut running: Vec<Running> = Vec::new();
        for op in ops {
            match op {
                Op::Begin(plan) => {
                    let recorder = books.recorder.clone();
                    running.push(call(plan, Rc::clone(&model), None, Some(recorder)));
                }
                Op::Poll(at) if !running.is_empty() => {
                    let at = at.index(running.len());
                    poll_one(&mut running, at);
                }
                Op::Drop(at) if !running.is_empty() => {
                    let at = at.index(running.len());
                    drop(running.swap_remove(at));
                }
                Op::Poll(_) | Op::Drop(_) => {}
            }
            check(&books, &model);
        }
        // Every call has one end, whatever is done with it: some run on, the rest is dropped.
        while running.len() > 1 {
            poll_one(&mut running, 0);
            check(&books, &model);
        }
        running.clear();
        check(&books, &model);
        let in_flight = books.sum("api_requests_in_flight", &[]);
        prop_assert_eq!(in_flight, 0.0);
    }
}
