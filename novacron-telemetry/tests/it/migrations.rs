//! Migrations under way: what holds of them on any schedule, and what is told of each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::thread;
use std::time::Duration;

use novacron_telemetry::catalog::MigrationError;
use novacron_telemetry::catalog::dwcp::{Algorithm, DwcpMode};
use novacron_telemetry::catalog::migration::MigrationPhase;
use novacron_telemetry::catalog::vm::MigrationType;
use novacron_telemetry::instrument_migration;
use novacron_telemetry::record::{
    Failure, Migration, MigrationHandle, MigrationRun, Outcome, Round,
};
use novacron_telemetry::registry::{Groups, Sample, Series};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::books::{Books, poll, quiet_panic, wait};

/// What may happen to one of several migrations.
#[derive(Clone, Copy, Debug)]
enum Event {
    Begin(Option<DwcpMode>),
    Enter(MigrationPhase),
    Round(Round),
    Sent(u64),
    Received(u64),
    Downtime(f64),
    SwitchMode(DwcpMode),
    Finish,
    Fail(MigrationError),
    TimeOut,
    Drop,
}

fn event() -> impl Strategy<Value = Event> {
    let mode = prop::sample::select(DwcpMode::ALL);
    let phase = prop::sample::select(MigrationPhase::ALL);
    let error = prop::sample::select(MigrationError::ALL);
    prop_oneof![
        4 => prop::option::of(mode.clone()).prop_map(Event::Begin),
        8 => phase.prop_map(Event::Enter),
        4 => (0..1_u64 << 32, 0..1_u64 << 32)
            .prop_map(|(copied, dirtied)| Event::Round(Round { copied, dirtied })),
        2 => (0..1_u64 << 32).prop_map(Event::Sent),
        1 => (0..1_u64 << 32).prop_map(Event::Received),
        1 => (0.0..2.0).prop_map(Event::Downtime),
        1 => mode.prop_map(Event::SwitchMode),
        1 => Just(Event::Finish),
        1 => error.prop_map(Event::Fail),
        1 => Just(Event::TimeOut),
        1 => Just(Event::Drop),
    ]
}

/// What the sums have to come to.
#[derive(Debug, Default)]
struct Model {
    started: u64,
    success: u64,
    failed: u64,
    cancelled: u64,
    sent: u64,
    received: u64,
    rounds: u64,
    /// Migrations that ended without having named a phase.
    unnamed: u64,
    /// Pauses that were told of migrations without a stop-and-copy they could be compared with.
    told: f64,
}

#[derive(Debug)]
struct Running {
    run: MigrationRun,
    named: bool,
    stopped: bool,
    told: f64,
}

impl Model {
    fn happen(&mut self, event: Event, place: usize, running: &mut Vec<Running>) {
        if let Event::Begin(mode) = event {
            self.started += 1;
            running.push(Running {
                run: Migration::new("node-1", "node-2").mode(mode).begin(),
                named: false,
                stopped: false,
                told: 0.0,
            });
            return;
        }
        if running.is_empty() {
            return;
        }
        let place = place % running.len();
        let Running {
            run,
            named,
            stopped,
            told,
        } = &mut running[place];
        match event {
            Event::Enter(phase) => {
                run.enter(phase);
                *named = true;
                *stopped |= phase == MigrationPhase::Downtime;
            }
            Event::Round(round) => {
                run.round(round);
                self.rounds += 1;
            }
            Event::Sent(bytes) => {
                run.sent(bytes);
                self.sent += bytes;
            }
            Event::Received(bytes) => {
                run.received(bytes);
                self.received += bytes;
            }
            Event::Downtime(seconds) => {
                run.downtime(seconds);
                *told = seconds;
            }
            Event::SwitchMode(mode) => run.switch_mode(mode),
            ending => self.end(ending, running.swap_remove(place)),
        }
    }

    fn end(&mut self, ending: Event, running: Running) {
        self.unnamed += u64::from(!running.named);
        if !running.stopped {
            self.told += running.told;
        }
        let run = running.run;
        match ending {
            Event::Finish => {
                run.finish(Outcome::Success);
                self.success += 1;
            }
            Event::Fail(error) => {
                run.fail(error);
                self.failed += 1;
            }
            Event::TimeOut => {
                run.finish(Outcome::TimedOut);
                self.failed += 1;
            }
            _ => {
                drop(run);
                self.cancelled += 1;
            }
        }
    }

    fn check(&self, books: &Books, running: usize) {
        let shown = books.snapshot();
        let sum = |family: &str, labels: &[(&str, &str)]| {
            shown.sum(&format!("novacron_dwcp_{family}"), labels)
        };
        let ended = (self.success + self.failed + self.cancelled) as f64;
        assert_eq!(sum("migrations_started_total", &[]), self.started as f64);
        assert_eq!(self.started as f64, ended + running as f64);
        assert_eq!(sum("migrations_in_flight", &[]), running as f64);
        for family in ["migrations_total", "migrations_ended_total"] {
            for (status, count) in [
                ("success", self.success),
                ("failed", self.failed),
                ("cancelled", self.cancelled),
            ] {
                assert_eq!(sum(family, &[("status", status)]), count as f64, "{family}");
            }
        }
        assert_eq!(sum("migration_failures_total", &[]), self.failed as f64);
        assert_eq!(sum("migration_errors_total", &[]), self.failed as f64);
        for (direction, bytes) in [("sent", self.sent), ("received", self.received)] {
            let moved = sum("transferred_bytes_total", &[("direction", direction)]);
            assert_eq!(moved, bytes as f64, "{direction}");
        }
        let rounds = sum("migration_round_duration_seconds", &[]);
        assert_eq!(rounds, self.rounds as f64);

        let phases = "migration_phase_duration_seconds";
        let stopped = seconds(books, phases, "downtime");
        let pauses = seconds(books, "migration_downtime_seconds", "");
        assert!(
            pauses <= stopped + self.told + 1e-9,
            "pauses of {pauses} s do not fit into {stopped} s"
        );
        if running == 0 && self.unnamed == 0 {
            let whole = seconds(books, "migration_duration_seconds", "");
            let phases = seconds(books, phases, "");
            assert!(
                (phases - whole).abs() <= 1e-9,
                "phases of {phases} s are not the {whole} s"
            );
        }
    }
}

/// The seconds that a family observed, in this phase or in all.
fn seconds(books: &Books, family: &str, phase: &str) -> f64 {
    let snapshot = books.snapshot();
    let observed = |series: &Series| match &series.sample {
        Sample::Histogram { sum, .. } => *sum,
        other => panic!("{family} is no histogram: {other:?}"),
    };
    snapshot
        .series(&format!("novacron_dwcp_{family}"))
        .iter()
        .filter(|series| phase.is_empty() || series.has("phase", phase))
        .map(observed)
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn sums_hold_on_any_schedule(events in vec((event(), 0..8_usize), 0..60)) {
        let books = Books::of(Groups::MIGRATION | Groups::DWCP | Groups::EXPORTER);
        books.recorder.in_scope(|| {
            let (mut model, mut running) = (Model::default(), Vec::new());
            for (event, place) in events {
                model.happen(event, place, &mut running);
                model.check(&books, running.len());
            }
            while let Some(last) = running.pop() {
                model.end(Event::Drop, last);
            }
            model.check(&books, 0);
        });
    }
}

fn run(books: &Books) -> MigrationRun {
    books.recorder.in_scope(|| {
        Migration::new("node-1", "node-2")
            .mode(DwcpMode::Hybrid)
            .begin()
    })
}

#[test]
fn a_migration_says_in_which_phase_it_ended() {
    let phases = MigrationPhase::ALL.iter().copied().map(Some).chain([None]);
    for phase in phases {
        let books = Books::new();
        let [cancelled, failed, panicked] = [(); 3].map(|()| {
            let run = run(&books);
            phase.iter().for_each(|phase| run.enter(*phase));
            run
        });
        drop(cancelled);
        failed.fail(MigrationError::PacketLoss);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _run = panicked;
            quiet_panic();
        }));
        unwound.unwrap_err();
        let snapshot = books.snapshot();
        let count = |family: &str, label: (&str, &str)| {
            let in_phase = |series: &&Series| match phase {
                Some(phase) => series.has("phase", phase.as_str()),
                None => !series.labels.iter().any(|(name, _)| name == "phase"),
            };
            let series = snapshot.series(&format!("novacron_dwcp_{family}"));
            let counted = series.iter().filter(in_phase);
            counted
                .filter(|series| series.has(label.0, label.1))
                .map(|series| series.sample.value())
                .sum::<f64>()
        };
        let ended = |status| count("migrations_ended_total", ("status", status));
        assert_eq!(
            (ended("failed"), ended("cancelled")),
            (2.0, 1.0),
            "{phase:?}"
        );
        for why in ["packet_loss", "failed"] {
            let failures = count("migration_failures_total", ("error_type", why));
            assert_eq!(failures, 1.0, "{why} in {phase:?}");
        }
    }
}

#[test]
fn a_pause_is_never_longer_than_its_stop_and_copy() {
    let books = Books::new();
    let told = run(&books);
    told.enter(MigrationPhase::Downtime);
    thread::sleep(Duration::from_millis(2));
    told.enter(MigrationPhase::Activation);
    told.downtime(3_600.0);
    told.finish(Outcome::Success);
    let stopped = seconds(&books, "migration_phase_duration_seconds", "downtime");
    assert!(stopped >= 0.002);
    assert_eq!(seconds(&books, "migration_downtime_seconds", ""), stopped);
    let corrected = [("site", "record")];
    assert_eq!(
        books.sum("telemetry_internal_errors_total", &corrected),
        1.0
    );

    let shorter = run(&books);
    shorter.enter(MigrationPhase::Downtime);
    thread::sleep(Duration::from_millis(2));
    shorter.downtime(0.001);
    shorter.finish(Outcome::Success);
    let pauses = seconds(&books, "migration_downtime_seconds", "");
    assert!((pauses - stopped - 0.001).abs() < 1e-9);
}

#[test]
fn bytes_told_in_one_sum_are_not_counted_twice() {
    let books = Books::new();
    let sent = || books.sum("dwcp_transferred_bytes_total", &[("direction", "sent")]);
    let one = run(&books);
    one.sent(600);
    assert_eq!(sent(), 600.0, "bytes show while they move");
    one.bytes(1_000);
    one.finish(Outcome::Success);
    assert_eq!(sent(), 1_000.0);
    let other = run(&books);
    other.sent(500);
    other.bytes(100);
    other.finish(Outcome::Success);
    assert_eq!(sent(), 1_500.0, "what was seen to move has moved");
}

#[test]
fn a_forecast_shows_while_it_is_known_and_no_longer() {
    let books = Books::new();
    let between = [("source", "node-1"), ("destination", "node-2")];
    let shown = |family: &str| {
        let name = format!("novacron_dwcp_migration_{family}");
        books.snapshot().value(&name, &between)
    };
    let all = || {
        [
            "copy_bytes_per_second",
            "dirty_bytes_per_second",
            "converging",
            "remaining_seconds",
        ]
        .map(shown)
    };
    let round = |run: &MigrationHandle, copied, dirtied| {
        thread::sleep(Duration::from_millis(2));
        run.round(Round { copied, dirtied });
    };
    let first = run(&books);
    first.enter(MigrationPhase::PreCopy);
    assert_eq!(all(), [None; 4], "nothing is known before the first round");
    round(&first, 1 << 30, 1 << 29);
    let [copy, dirty, converging, remaining] = all();
    assert!((copy.unwrap() / dirty.unwrap() - 2.0).abs() < 1e-9);
    assert_eq!((converging, remaining.is_some()), (Some(1.0), true));

    // One that does not converge: nothing will be done before it, and that is never.
    let second = run(&books);
    second.enter(MigrationPhase::PreCopy);
    round(&second, 1 << 20, 1 << 40);
    assert!(shown("copy_bytes_per_second") > copy, "rates add up");
    assert_eq!(shown("converging"), Some(0.0));
    assert_eq!(shown("remaining_seconds"), None);
    assert_eq!(second.forecast().unwrap().converges(), Some(false));

    second.fail(MigrationError::Convergence);
    assert_eq!(all(), [copy, dirty, converging, remaining]);
    first.finish(Outcome::Success);
    assert_eq!(all(), [None; 4], "a migration that is over has no future");
    assert_eq!(books.sum("dwcp_migration_rounds", &[]), 2.0);
}

#[test]
fn a_switch_of_the_mode_moves_the_migration_there() {
    let books = Books::new();
    let in_flight = |mode| books.sum("dwcp_migrations_in_flight", &[("mode", mode)]);
    let run = run(&books);
    run.switch_mode(DwcpMode::Internet);
    run.switch_mode(DwcpMode::Internet);
    assert_eq!((in_flight("hybrid"), in_flight("internet")), (0.0, 1.0));
    let switch = [("from_mode", "hybrid"), ("to_mode", "internet")];
    assert_eq!(books.sum("dwcp_mode_switches_total", &switch), 1.0);
    run.sent(7);
    run.finish(Outcome::Success);
    let sent = [("mode", "internet"), ("direction", "sent")];
    assert_eq!(books.sum("dwcp_transferred_bytes_total", &sent), 7.0);
}

#[test]
fn a_migration_of_a_kind_is_one_of_the_vm_s_too() {
    let books = Books::new();
    books.recorder.in_scope(|| {
        let migration = Migration::new("a", "b").kind(MigrationType::Live);
        migration.clone().begin().fail(MigrationError::Stalled);
        migration.finish(Outcome::Success, 2.0);
    });
    for status in ["success", "failed"] {
        let labels = [("migration_type", "live"), ("status", status)];
        assert_eq!(books.sum("vm_migrations_total", &labels), 1.0);
    }
    let why = [("reason", "stalled")];
    assert_eq!(books.sum("vm_migration_failures_total", &why), 1.0);
}

#[test]
fn handles_go_along_to_other_threads_and_fall_silent_at_the_end() {
    let books = Books::new();
    let run = run(&books);
    let streams: Vec<_> = (0..4)
        .map(|_| {
            let handle = run.handle();
            thread::spawn(move || {
                for _ in 0..1_000 {
                    handle.sent(3);
                    handle.encoded(Algorithm::Zstd, 4, 3);
                }
                handle
            })
        })
        .collect();
    let handles: Vec<_> = streams.into_iter().map(|s| s.join().unwrap()).collect();
    run.finish(Outcome::Success);
    for handle in &handles {
        assert!(!handle.is_running());
        handle.sent(1_000_000);
        handle.enter(MigrationPhase::Activation);
        handle.round(Round {
            copied: 1,
            dirtied: 1,
        });
        assert_eq!(handle.forecast(), None);
    }
    // The place of the first is not used again while somebody holds a handle to it.
    let next = self::run(&books);
    handles[0].sent(1_000_000);
    next.sent(1);
    drop(next);
    assert_eq!(books.sum("dwcp_transferred_bytes_total", &[]), 12_001.0);
    assert_eq!(books.sum("dwcp_uncompressed_bytes_total", &[]), 16_000.0);
}

#[instrument_migration(source = "node-1", destination = to, error = |error| *error)]
async fn migrate(to: &str, how: Result<(), MigrationError>) -> Result<(), MigrationError> {
    Migration::current().enter(MigrationPhase::Initializing);
    wait().await;
    Migration::current().enter(MigrationPhase::PreCopy);
    how
}

#[test]
fn a_marked_function_finds_its_migration() {
    let books = Books::new();
    assert!(!Migration::current().is_running(), "there is none here");
    for how in [Ok(()), Err(MigrationError::Convergence)] {
        books.recorder.in_scope(|| {
            let mut migration = pin!(migrate("node-2", how));
            while poll(migration.as_mut()).is_pending() {}
        });
    }
    let phases = "migration_phase_duration_seconds";
    assert_eq!(books.sum(&format!("dwcp_{phases}"), &[]), 4.0);
    let why = [("phase", "pre_copy"), ("error_type", "convergence")];
    assert_eq!(books.sum("dwcp_migration_failures_total", &why), 1.0);
    let whole = seconds(&books, "migration_duration_seconds", "");
    assert!((seconds(&books, phases, "") - whole).abs() < 1e-9);
}

#[test]
fn a_run_inside_its_own_migration_is_that_migration() {
    #[instrument_migration(source = "node-1", destination = "node-2")]
    fn outer(inner: &str) -> Result<(), Failure> {
        let run = Migration::new("node-1", inner).bytes(5).begin();
        run.enter(MigrationPhase::PreCopy);
        drop(run);
        Ok(())
    }
    for (inner, success, cancelled) in [("node-2", 1.0, 0.0), ("node-3", 1.0, 1.0)] {
        let books = Books::new();
        books.recorder.in_scope(|| outer(inner)).unwrap();
        let ended = |status| books.sum("dwcp_migrations_total", &[("status", status)]);
        assert_eq!((ended("success"), ended("cancelled")), (success, cancelled));
        assert_eq!(
            books.sum("dwcp_migrations_started_total", &[]),
            success + cancelled
        );
        assert_eq!(books.sum("dwcp_transferred_bytes_total", &[]), 5.0);
        assert_eq!(books.sum("dwcp_migrations_in_flight", &[]), 0.0);
    }
}
