//! A migration, step by step.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use novacron_telemetry::{
    catalog::{
        MigrationError,
        dwcp::{DwcpComponent, DwcpMode, DwcpOperation},
        migration::MigrationPhase,
    },
    record::{self, Migration, record_dwcp_consensus, update_dwcp_component_health},
};
use tokio::{
    task::{block_in_place, spawn_blocking},
    time::{sleep, timeout},
};
use tonic::Code;

use super::{
    Journal, Machine, Meter, MigrateError, Plan,
    lane::{Lane, Queue},
    road::{Control, Road},
};
use crate::{
    encode::Sent,
    memory::PAGE,
    report::RoundReport,
    wire::{Checksums, Farewell, Offer, Proposal, Question, Start},
};

/// A migration under way.
#[derive(Debug)]
pub(super) struct Steps<'a> {
    plan: &'a Plan,
    machine: &'a Machine,
    road: &'a Road,
    journal: &'a Journal,
    meter: &'a Meter,
    control: Option<Control>,
    lanes: Vec<Lane>,
    sent: Arc<Sent>,
    rounds: u32,
    /// The destination was asked to start the guest. Whoever does not know whether it did must not
    /// start it here: it would run twice.
    handing_over: bool,
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        machine: &'a Machine,
        road: &'a Road,
        journal: &'a Journal,
        meter: &'a Meter,
    ) -> Self {
        Self {
            plan,
            machine,
            road,
            journal,
            meter,
            control: None,
            lanes: Vec::new(),
            sent: Arc::new(Sent::nothing(machine.memory.len())),
            rounds: 0,
            handing_over: false,
        }
    }

    /// All of it.
    pub(super) async fn all(&mut self) -> Result<(), MigrateError> {
        Migration::current().max_downtime(self.plan.max_downtime);
        let control = Control::open(self.road).await?;
        self.control = Some(control.clone());
        self.open(&control).await?;
        self.journal.enter(MigrationPhase::PreCopy);
        self.pre_copy().await?;
        self.journal.enter(MigrationPhase::Downtime);
        let downtime = self.switch_over(&control).await?;
        self.journal.downtime(downtime);
        self.journal.enter(MigrationPhase::Activation);
        self.watch(&control).await?;
        self.journal.enter(MigrationPhase::Verification);
        self.verify(&control).await?;
        self.journal.guest("destination");
        Ok(())
    }

    async fn open(&mut self, control: &Control) -> Result<(), MigrateError> {
        let offer = Offer {
            migration: self.road.migration,
            source: self.plan.node.clone(),
            pages: self.machine.memory.len() as u64,
            mode: self.plan.mode.as_str().to_owned(),
            streams: self.plan.streams,
        };
        let answer = control
            .call_once(CONNECTING, async |mut client| client.open(offer).await)
            .await
            .ok_or_else(|| MigrateError::Lost(format!("nothing for {CONNECTING:?}")))?;
        let placement = answer.map_err(|status| match status.code() {
            Code::ResourceExhausted | Code::AlreadyExists => {
                MigrateError::Refused(status.message().to_owned())
            }
            _ => MigrateError::Lost(status.message().to_owned()),
        })?;
        if placement.node != self.plan.to_node {
            let is = placement.node;
            return Err(MigrateError::Refused(format!(
                "at {} is {is}, not {}",
                self.plan.to, self.plan.to_node
            )));
        }
        let lanes = (0..self.plan.streams)
            .map(|number| Lane::open(number, self.road, self.plan.mode, Arc::clone(&self.sent)));
        self.lanes = try_join_all(lanes).await?;
        update_dwcp_component_health("amst", "healthy");
        Ok(())
    }

    /// Rounds while the guest runs, until what is left can be copied while it stands still.
    async fn pre_copy(&mut self) -> Result<(), MigrateError> {
        let memory = &self.machine.memory;
        memory.take_dirty();
        let mut pages = (0..memory.len()).collect();
        loop {
            let round = self.sync(pages).await?;
            let rate = round.copied_bytes as f64 / round.seconds.max(f64::MIN_POSITIVE);
            let pause = Duration::try_from_secs_f64(round.dirty_bytes as f64 / rate)
                .unwrap_or(Duration::MAX);
            if pause <= self.plan.max_downtime {
                return Ok(());
            }
            if self.rounds >= self.plan.max_rounds {
                if self.plan.force {
                    return Ok(());
                }
                return Err(MigrateError::Diverged {
                    rounds: self.rounds,
                    dirty: round.dirty_bytes,
                    pause,
                });
            }
            // No nearer to the end after a whole round: now the encoder has to work harder.
            if self.journal.mode() == DwcpMode::Hybrid && round.dirty_bytes >= round.copied_bytes {
                self.switch_mode(DwcpMode::Internet)?;
            }
            pages = memory.take_dirty();
        }
    }

    fn switch_mode(&mut self, mode: DwcpMode) -> Result<(), MigrateError> {
        let begun = Instant::now();
        for lane in &mut self.lanes {
            lane.switch(mode, Arc::clone(&self.sent))?;
        }
        self.journal.switch_mode(mode);
        operation(DwcpComponent::Amst, DwcpOperation::ModeSwitch, begun, None);
        Ok(())
    }

    /// One round: these pages to the destination, over all streams.
    async fn sync(&mut self, pages: Vec<usize>) -> Result<RoundReport, MigrateError> {
        let begun = Instant::now();
        let before = self.journal.encoded_so_far().total();
        let queue = Arc::new(Queue::new(pages));
        self.meter.round(&queue);
        let (road, journal) = (self.road, self.journal);
        let lanes = self.lanes.iter_mut();
        let lanes = lanes.map(|lane| lane.copy(&queue, road, journal));
        let copied = try_join_all(lanes).await;
        let operation = match (&copied, self.rounds) {
            (Err(_), _) => DwcpOperation::SyncFailed,
            (Ok(_), 0) => DwcpOperation::FullSync,
            (Ok(_), _) => DwcpOperation::IncrementalSync,
        };
        let error = copied.as_ref().err().and_then(MigrateError::class);
        self::operation(DwcpComponent::Ass, operation, begun, error);
        let health = if copied.is_ok() { "healthy" } else { "down" };
        for component in ["amst", "hde", "ass"] {
            update_dwcp_component_health(component, health);
        }
        copied?;
        self.rounds += 1;
        let total = self.journal.encoded_so_far().total();
        let round = RoundReport {
            seconds: begun.elapsed().as_secs_f64(),
            copied_bytes: total.original - before.original,
            encoded_bytes: total.encoded - before.encoded,
            dirty_bytes: self.machine.memory.dirty_bytes(),
        };
        self.journal.round(round);
        Ok(round)
    }

    /// From the moment the guest stands still here to the moment it runs there.
    async fn switch_over(&mut self, control: &Control) -> Result<Duration, MigrateError> {
        let begun = Instant::now();
        // It may have to wait for the guest's step to end; and it must not be called off halfway, or
        // the guest could be resumed before it is paused.
        block_in_place(|| self.machine.guest.pause());
        let pages = self.machine.memory.take_dirty();
        self.sync(pages).await?;
        self.agree(control).await?;
        self.handing_over = true;
        let start = Start {
            migration: self.road.migration,
            seed: self.plan.seed ^ u64::from(self.rounds),
            dirty_rate: self.plan.dirty_rate,
        };
        control
            .call(self.journal, async |mut client| {
                client.activate(start).await
            })
            .await?;
        Ok(begun.elapsed())
    }

    /// Both sides agree whose the guest is from now on: a proposal and a vote.
    async fn agree(&self, control: &Control) -> Result<(), MigrateError> {
        let proposal = Proposal {
            migration: self.road.migration,
            rounds: self.rounds,
            pages: self.machine.memory.len() as u64,
        };
        let begun = Instant::now();
        let vote = control.call(self.journal, async |mut client| {
            client.prepare(proposal).await
        });
        let (result, seen) = match timeout(VOTING, vote).await {
            Err(_) => (Err(MigrateError::NoVote(VOTING)), "timeout"),
            Ok(Err(error)) => (Err(error), "timeout"),
            Ok(Ok(vote)) if vote.agreed => (Ok(()), "reached"),
            Ok(Ok(vote)) => (Err(MigrateError::Objection(vote.objection)), "reached"),
        };
        record_dwcp_consensus(seen);
        // A vote of one is neither Raft nor PBFT.
        let error = result.as_ref().err().and_then(MigrateError::class);
        operation(DwcpComponent::Acp, DwcpOperation::Other, begun, error);
        update_dwcp_component_health("acp", if error.is_none() { "healthy" } else { "down" });
        result
    }

    /// Sees the guest make progress on the destination.
    async fn watch(&self, control: &Control) -> Result<(), MigrateError> {
        let question = Question {
            migration: self.road.migration,
        };
        let mut first = None;
        loop {
            let running = control
                .call(self.journal, async |mut client| {
                    client.watch(question).await
                })
                .await?;
            if running.steps > *first.get_or_insert(running.steps) {
                return Ok(());
            }
            sleep(LOOKING).await;
        }
    }

    /// Every page's checksum, of memory that nobody has changed since the guest was paused.
    async fn verify(&self, control: &Control) -> Result<(), MigrateError> {
        let memory = Arc::clone(&self.machine.memory);
        let migration = self.road.migration;
        let table = spawn_blocking(move || {
            let sums: Vec<_> = (0..memory.len())
                .map_while(|page| memory.kept_sum(page))
                .collect();
            let parts = sums.chunks(TABLE).zip(0..);
            let parts = parts.map(|(sums, part)| Checksums {
                migration,
                first_page: part * TABLE as u64,
                sums: sums.to_vec(),
            });
            parts.collect::<Vec<_>>()
        });
        let table = table
            .await
            .map_err(|_| MigrateError::Answer("memory cannot be summed up".to_owned()))?;
        let verdict = control
            .call(self.journal, async |mut client| {
                client.verify(tokio_stream::iter(table.clone())).await
            })
            .await?;
        let whole = verdict.compared * PAGE as u64 == self.machine.memory.bytes();
        if !whole || verdict.different > 0 {
            return Err(MigrateError::Damaged {
                compared: verdict.compared,
                different: verdict.different,
            });
        }
        self.journal.verified(verdict.compared);
        Ok(())
    }

    /// The guest runs on here, unless it may be running there.
    pub(super) async fn undo(&mut self, error: &MigrateError) {
        // Streams first: what they still carry is of no use.
        self.lanes.clear();
        let farewell = Farewell {
            migration: self.road.migration,
            cancelled: matches!(error, MigrateError::Cancelled),
            reason: error.to_string(),
        };
        let forgotten = match &self.control {
            Some(control) => {
                let answer = control
                    .call_once(LEAVING, async |mut client| client.abort(farewell).await)
                    .await;
                matches!(answer, Some(Ok(_)))
            }
            None => false,
        };
        if self.handing_over && !forgotten {
            self.journal.guest("nowhere");
        } else {
            self.machine.guest.resume();
        }
    }
}

fn operation(
    component: DwcpComponent,
    operation: DwcpOperation,
    begun: Instant,
    error: Option<MigrationError>,
) {
    record::current().dwcp_operation(component, operation, error, begun.elapsed());
}

const CONNECTING: Duration = Duration::from_secs(5);
const VOTING: Duration = Duration::from_secs(5);
const LEAVING: Duration = Duration::from_secs(2);
const LOOKING: Duration = Duration::from_millis(2);

/// Checksums in one message.
const TABLE: usize = 4096;
