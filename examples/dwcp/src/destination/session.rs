//! One migration as its destination sees it.

use std::{
    io::{self, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use novacron_telemetry::{
    catalog::{
        Direction, MigrationError,
        dwcp::{DwcpComponent, DwcpMode, DwcpOperation},
        migration::TransferLabels,
    },
    record::{self, update_dwcp_component_health},
};
use tokio::{task::spawn_blocking, time::sleep};
use tonic::Status;

use super::operation;
use crate::{
    encode::Decoder,
    guest::Guest,
    memory::{Memory, PAGE},
    report::{DestinationReport, Log},
    source::payload,
    wire::{Batch, Checksums, Offer, Proposal, Start, Verdict},
};

/// Memory that fills, and then a guest that runs in it.
#[derive(Debug)]
pub(super) struct Session {
    begun: Instant,
    memory: Arc<Memory>,
    streams: Vec<Mutex<Stream>>,
    story: Mutex<Story>,
    log: Log,
}

/// What is known of a stream across its reconnections.
#[derive(Debug)]
struct Stream {
    applied: u64,
    decoder: Decoder,
}

#[derive(Debug)]
struct Story {
    report: DestinationReport,
    guest: Option<Guest>,
    open_streams: u32,
    /// Since when no stream has been open.
    idle_since: Instant,
    ended: bool,
}

/// How a migration ended that did not succeed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending<'a> {
    Cancelled,
    Failed(&'a str),
}

impl Session {
    pub(super) fn begin(offer: &Offer, node: &str, log: Log) -> Result<Self, Status> {
        let pages = usize::try_from(offer.pages).map_err(io::Error::other)?;
        let memory = Memory::empty(pages);
        let stream = |_| {
            Ok(Mutex::new(Stream {
                applied: 0,
                decoder: Decoder::new()?,
            }))
        };
        let now = Instant::now();
        let report = DestinationReport {
            side: "destination",
            migration: offer.migration,
            source: offer.source.clone(),
            destination: node.to_owned(),
            memory_bytes: memory.bytes(),
            ..DestinationReport::default()
        };
        Ok(Self {
            begun: now,
            memory: Arc::new(memory),
            streams: (0..offer.streams).map(stream).collect::<io::Result<_>>()?,
            story: Mutex::new(Story {
                report,
                guest: None,
                open_streams: 0,
                idle_since: now,
                ended: false,
            }),
            log,
        })
    }

    pub(super) fn memory_bytes(&self) -> u64 {
        self.memory.bytes()
    }

    /// A stream was opened, or opened again.
    pub(super) fn stream_opened(&self, stream: usize) -> Result<(), Status> {
        let mut story = self.live()?;
        if stream >= self.streams.len() {
            return Err(Status::invalid_argument(
                "there is no stream of this number",
            ));
        }
        story.open_streams += 1;
        story.report.streams_opened += 1;
        Ok(())
    }

    pub(super) fn stream_closed(&self) {
        let mut story = self.story();
        story.open_streams -= 1;
        story.idle_since = Instant::now();
    }

    /// Whether the migration has come to an end, good or bad.
    pub(super) fn is_over(&self) -> bool {
        self.story().ended
    }

    /// Puts pages in their places, once, however often they come. Takes a while: not for async
    /// threads.
    pub(super) fn apply(&self, stream: usize, batch: &Batch) -> Result<(), Status> {
        let begun = Instant::now();
        let bytes = payload(batch);
        let mode = DwcpMode::parse(&batch.mode)
            .ok_or_else(|| Status::invalid_argument("there is no such network mode"))?;
        // Locked until the whole batch is applied: the stream may have been connected again
        // meanwhile and send the same.
        let mut stream = self.streams[stream]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let again = batch.sequence <= stream.applied;
        {
            let mut story = self.live()?;
            let received = &mut story.report.received_bytes;
            *received.entry(mode.as_str()).or_default() += bytes;
            if again {
                story.report.received_again_bytes += bytes;
            }
            let labels = TransferLabels {
                mode: Some(mode),
                direction: Direction::Received,
            };
            let recorder = record::current();
            recorder
                .catalog()
                .migration
                .transferred_bytes_total
                .inc_by(&labels, bytes);
        }
        if again {
            return Ok(());
        }
        let pages = batch.pages.iter();
        let applied = pages
            .map(|page| stream.decoder.apply(&self.memory, page))
            .collect::<io::Result<Vec<()>>>();
        let error = applied.as_ref().err().map(|_| MigrationError::Failed);
        operation(
            DwcpComponent::Hde,
            DwcpOperation::Decompression,
            begun,
            error,
        );
        update_dwcp_component_health("hde", if error.is_none() { "healthy" } else { "down" });
        applied.map_err(|error| Status::data_loss(error.to_string()))?;
        stream.applied = batch.sequence;
        self.story().report.applied_pages += batch.pages.len() as u64;
        Ok(())
    }

    /// Why the guest cannot be ours yet; `None` if it can.
    pub(super) fn consider(&self, proposal: &Proposal) -> Option<String> {
        // Every page that ever arrived is dirty here: nobody takes the marks.
        let held = self.memory.dirty_bytes() / PAGE as u64;
        (held != proposal.pages).then(|| format!("{held} of {} pages are here", proposal.pages))
    }

    /// Starts the guest, once; returns its steps so far.
    pub(super) async fn activate(&self, start: &Start) -> Result<u64, Status> {
        {
            let mut story = self.live()?;
            if story.guest.is_none() {
                self.memory.keep_sums();
                let memory = Arc::clone(&self.memory);
                story.guest = Some(Guest::start(memory, start.dirty_rate, start.seed));
                story.report.guest_started = true;
            }
        }
        loop {
            let steps = self.steps()?;
            if steps > 0 {
                return Ok(steps);
            }
            sleep(Duration::from_micros(500)).await;
        }
    }

    pub(super) fn steps(&self) -> Result<u64, Status> {
        let story = self.story();
        let guest = story.guest.as_ref().map(Guest::steps);
        guest.ok_or_else(|| Status::failed_precondition("the guest does not run here"))
    }

    /// Compares pages as they were when the guest was started.
    pub(super) async fn compare(&self, table: Checksums) -> Result<Verdict, Status> {
        self.steps()?;
        let memory = Arc::clone(&self.memory);
        let compared = spawn_blocking(move || {
            let first = usize::try_from(table.first_page).unwrap_or(usize::MAX);
            let mut verdict = Verdict::default();
            for (sum, page) in table.sums.iter().zip(first..) {
                verdict.compared += 1;
                verdict.different += u64::from(memory.kept_sum(page) != Some(*sum));
            }
            verdict
        });
        compared
            .await
            .map_err(|_| Status::internal("pages cannot be summed up"))
    }

    /// All that was compared: a good end if nothing differs.
    pub(super) fn verified(&self, verdict: Verdict) {
        {
            let mut story = self.story();
            story.report.verified_pages = Some(verdict.compared);
            story.report.different_pages = Some(verdict.different);
        }
        if verdict.different == 0 && verdict.compared * PAGE as u64 == self.memory.bytes() {
            self.close("success", None);
        }
    }

    /// A bad end. A guest that was started here runs no more.
    pub(super) fn end(&self, ending: Ending<'_>) {
        match ending {
            Ending::Cancelled => self.close("cancelled", None),
            Ending::Failed(why) => self.close("failed", Some(why)),
        }
        let guest = self.story().guest.take();
        drop(guest);
    }

    /// Waits for the end of the session, or until no stream has been open for too long; true if it
    /// was left to itself.
    pub(super) async fn abandoned(&self) -> bool {
        loop {
            {
                let story = self.story();
                if story.ended {
                    return false;
                }
                if story.open_streams == 0 && story.idle_since.elapsed() > PATIENCE {
                    return true;
                }
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Writes the report, once.
    fn close(&self, outcome: &'static str, error: Option<&str>) {
        let report = {
            let mut story = self.story();
            if story.ended {
                return;
            }
            story.ended = true;
            story.report.outcome = outcome;
            story.report.error = error.map(str::to_owned);
            story.report.seconds = self.begun.elapsed().as_secs_f64();
            story.report.clone()
        };
        if let Err(error) = self.log.write(&report) {
            let _ = writeln!(io::stderr(), "dwcp: the report cannot be written: {error}");
        }
    }

    fn live(&self) -> Result<MutexGuard<'_, Story>, Status> {
        let story = self.story();
        if story.ended {
            return Err(Status::failed_precondition("the migration is over"));
        }
        Ok(story)
    }

    fn story(&self) -> MutexGuard<'_, Story> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a source may be without a stream: longer than it tries to connect again.
const PATIENCE: Duration = Duration::from_secs(5);
