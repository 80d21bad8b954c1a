//! What happens during a migration, told to telemetry and kept for the report.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use novacron_telemetry::{
    catalog::{
        MigrationError,
        dwcp::{DwcpMode, ModeLabels},
        migration::MigrationPhase,
    },
    record::{self, Migration, Round, record_dwcp_sync},
};

use super::{MigrateError, Plan};
use crate::{
    encode::Works,
    progress::Progress,
    report::{EncodedReport, RoundReport, SourceReport},
};

/// The story of one migration. It is told where the function that is marked as the migration runs:
/// that is how telemetry knows which one is meant.
#[derive(Debug)]
pub(crate) struct Journal {
    story: Mutex<Story>,
    progress: Progress,
}

#[derive(Debug)]
struct Story {
    mode: DwcpMode,
    begun: Instant,
    phase: MigrationPhase,
    phase_begun: Instant,
    encoded: Works,
    report: SourceReport,
}

impl Journal {
    /// An empty one.
    pub(crate) fn new(plan: &Plan, migration: u64, progress: Progress) -> Self {
        let now = Instant::now();
        show_mode(plan.mode);
        let report = SourceReport {
            side: "source",
            migration,
            source: plan.node.clone(),
            destination: plan.to_node.clone(),
            mode: plan.mode.as_str(),
            memory_bytes: plan.memory,
            streams: plan.streams,
            guest: "source",
            ..SourceReport::default()
        };
        Self {
            story: Mutex::new(Story {
                mode: plan.mode,
                begun: now,
                phase: MigrationPhase::Initializing,
                phase_begun: now,
                encoded: Works::default(),
                report,
            }),
            progress,
        }
    }

    /// The migration begins, with its first phase.
    pub(crate) fn begin(&self) {
        let mut story = self.story();
        story.begun = Instant::now();
        story.phase_begun = story.begun;
        Migration::current().enter(story.phase);
        self.progress.phase(story.phase.as_str());
    }

    /// One phase ends, the next begins.
    pub(crate) fn enter(&self, phase: MigrationPhase) {
        Migration::current().enter(phase);
        self.story().enter(phase);
        self.progress.phase(phase.as_str());
    }

    /// The phase it is in.
    pub(crate) fn phase(&self) -> MigrationPhase {
        self.story().phase
    }

    /// The network mode it works in now.
    pub(crate) fn mode(&self) -> DwcpMode {
        self.story().mode
    }

    /// It works in another network mode from now on.
    pub(crate) fn switch_mode(&self, mode: DwcpMode) {
        let mut story = self.story();
        story.mode = mode;
        story.report.mode_switches += 1;
        Migration::current().switch_mode(mode);
        show_mode(mode);
        self.progress
            .note(&format!("switching to mode {}", mode.as_str()));
    }

    /// Payload bytes are on their way.
    pub(crate) fn sent(&self, bytes: u64, again: bool) {
        Migration::current().sent(bytes);
        let mut story = self.story();
        let mode = story.mode.as_str();
        *story.report.sent_bytes.entry(mode).or_default() += bytes;
        if again {
            story.report.sent_again_bytes += bytes;
        }
    }

    /// Payload bytes that have been on their way so far.
    pub(crate) fn sent_bytes(&self) -> u64 {
        self.story().report.sent_bytes.values().sum()
    }

    /// Pages were encoded.
    pub(crate) fn encoded(&self, works: &Works) {
        let migration = Migration::current();
        for (algorithm, work) in works.iter() {
            migration.encoded(algorithm, work.original, work.encoded);
        }
        self.story().encoded.merge(works);
    }

    /// All that was encoded so far.
    pub(crate) fn encoded_so_far(&self) -> Works {
        self.story().encoded
    }

    /// A round of copying is over: one of pre-copy, or the one while the guest stands still.
    pub(crate) fn round(&self, round: RoundReport) {
        let mut story = self.story();
        let saved = round.copied_bytes.saturating_sub(round.encoded_bytes);
        record_dwcp_sync(&story.report.destination, saved, round.seconds);
        if story.phase == MigrationPhase::PreCopy {
            Migration::current().round(Round {
                copied: round.copied_bytes,
                dirtied: round.dirty_bytes,
            });
            story.report.rounds.push(round);
        } else {
            story.report.last_round = Some(round);
        }
    }

    /// A step failed and is tried again.
    pub(crate) fn retried(&self, reason: MigrationError) {
        Migration::current().retried(reason);
        let mut story = self.story();
        *story.report.retries.entry(reason.as_str()).or_default() += 1;
        self.progress.note("trying again");
    }

    /// So long the guest stood still.
    pub(crate) fn downtime(&self, downtime: Duration) {
        self.story().report.downtime_seconds = Some(downtime.as_secs_f64());
    }

    /// The destination has compared so many pages.
    pub(crate) fn verified(&self, pages: u64) {
        self.story().report.verified_pages = Some(pages);
    }

    /// Where the guest is now.
    pub(crate) fn guest(&self, place: &'static str) {
        self.story().report.guest = place;
    }

    /// The end of the story. Whatever phase it was in, that is where it ended.
    pub(crate) fn end(self, error: Option<&MigrateError>) -> SourceReport {
        self.progress.end();
        let mut story = self
            .story
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let seconds = story.begun.elapsed().as_secs_f64();
        let last = story.phase;
        story.close();
        let mut report = story.report;
        report.seconds = seconds;
        report.phase = last.as_str();
        report.outcome = match error {
            None => "success",
            Some(MigrateError::Cancelled) => "cancelled",
            Some(_) => "failed",
        };
        report.error_type = error
            .and_then(MigrateError::class)
            .map(MigrationError::as_str);
        report.error = error.map(ToString::to_string);
        report.encoded = by_algorithm(&story.encoded);
        report
    }

    fn story(&self) -> MutexGuard<'_, Story> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Story {
    fn enter(&mut self, phase: MigrationPhase) {
        self.close();
        self.phase = phase;
        self.phase_begun = Instant::now();
    }

    fn close(&mut self) {
        let took = self.phase_begun.elapsed();
        let phases = &mut self.report.phases;
        *phases.entry(self.phase.as_str()).or_default() += took.as_secs_f64();
    }
}

/// The one network mode that is active. The migration counts its switches itself.
fn show_mode(active: DwcpMode) {
    let recorder = record::current();
    for mode in DwcpMode::ALL {
        let gauge = recorder
            .catalog()
            .dwcp
            .mode
            .with(&ModeLabels { mode: *mode });
        gauge.set(f64::from(*mode == active));
    }
}

fn by_algorithm(works: &Works) -> BTreeMap<&'static str, EncodedReport> {
    let reports = works.iter().map(|(algorithm, work)| {
        let report = EncodedReport {
            pages: work.pages,
            original_bytes: work.original,
            encoded_bytes: work.encoded,
        };
        (algorithm.as_str(), report)
    });
    reports.collect()
}
