//! Operations on VMs, and the job that looks after them.
//!
//! Handlers ask for an operation; every one of them goes through `operate`, and every change of a
//! state through `step`. So there is one place that counts operations and one that tells listeners.

use std::{future::Future, sync::Arc, time::Duration};

use novacron_telemetry::{
    catalog::vm::{VmEvent, VmOperation},
    record::{BackgroundJob, Outcome, Recorder, VmWork},
};
use tokio::{
    sync::Notify,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};

use crate::{
    database::DatabaseError,
    error::ApiError,
    events::Events,
    health::Health,
    metrics::{FleetMetrics, StateLabels},
    store::Store,
    vm::{Action, NewVm, State, Vm},
};

/// All VMs of this server.
#[derive(Debug)]
pub struct Fleet {
    store: Arc<Store>,
    events: Arc<Events>,
    recorder: Recorder,
    metrics: FleetMetrics,
    /// Wakes housekeeping when the census is out of date.
    changed: Notify,
    /// How long a VM may stay in a passing state before its client is taken to have left.
    abandoned: Duration,
}

impl Fleet {
    /// The VMs in `store`, whose changes are told to `events`; one that has been in a passing state
    /// for longer than `abandoned` is settled by housekeeping.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        events: Arc<Events>,
        recorder: Recorder,
        metrics: FleetMetrics,
        abandoned: Duration,
    ) -> Self {
        let changed = Notify::new();
        Self {
            store,
            events,
            recorder,
            metrics,
            changed,
            abandoned,
        }
    }

    /// Creates a VM, stopped.
    ///
    /// # Errors
    /// 409 for a taken name, 500 or 503 when the database fails.
    pub async fn create(&self, new: &NewVm) -> Result<Vm, ApiError> {
        self.operate(VmOperation::Create, async {
            let vm = self.store.insert(new).await?;
            let vm = vm.ok_or_else(|| {
                ApiError::conflict(format!("a VM named `{}` exists already", new.name))
            })?;
            self.tell(&vm, None, Some(vm.state));
            Ok(vm)
        })
        .await
    }

    /// Deletes a stopped VM.
    ///
    /// # Errors
    /// 404 for an unknown VM, 409 for one that is not stopped, 500 or 503 when the database fails.
    pub async fn delete(&self, id: i64) -> Result<(), ApiError> {
        self.operate(VmOperation::Delete, async {
            let Some(vm) = self.store.delete(id).await? else {
                return Err(self.refusal(id, "delete", State::Stopped).await?);
            };
            self.tell(&vm, Some(vm.state), None);
            Ok(())
        })
        .await
    }

    /// Leads a VM through every state of an action and returns it in the last one.
    ///
    /// # Errors
    /// 404 for an unknown VM, 409 for one in another state than the action needs, 500 or 503 when
    /// the database fails.
    pub async fn act(&self, id: i64, action: Action) -> Result<Vm, ApiError> {
        self.operate(action.into(), async {
            let (from, states) = action.path();
            let Some(mut vm) = self.step(id, from, states[0]).await? else {
                return Err(self.refusal(id, action.as_str(), from).await?);
            };
            for &to in &states[1..] {
                let next = self.step(id, vm.state, to).await?;
                vm = next.ok_or_else(|| {
                    ApiError::conflict(format!("VM {id} was changed by someone else meanwhile"))
                })?;
            }
            Ok(vm)
        })
        .await
    }

    /// Counts the VMs and settles abandoned ones: once per `period`, and soon after every change.
    /// Never returns.
    pub async fn housekeep(&self, period: Duration, health: &Health) {
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                // A burst of changes is counted once, when it is over.
                () = self.changed.notified() => sleep(SETTLE).await,
            }
            self.look(health).await;
        }
    }

    /// Tidies up once, and says how the database took it.
    pub async fn look(&self, health: &Health) {
        let job = BackgroundJob::begin_with(self.recorder.clone(), "housekeeping");
        // With a deadline, because a database that does not answer is exactly what this has to
        // notice.
        let answer = match timeout(DEADLINE, self.tidy()).await {
            Ok(tidied) => tidied.map_err(|error| error.to_string()),
            Err(_) => Err("no answer in time".into()),
        };
        job.finish(answer.is_ok());
        health.database_is(answer);
    }

    async fn tidy(&self) -> Result<(), DatabaseError> {
        for vm in self.store.abandoned(self.abandoned).await? {
            if let Some(to) = vm.state.settled()
                && self.step(vm.id, vm.state, to).await?.is_some()
            {
                self.metrics.settled_total.inc();
            }
        }
        let census = self.store.census().await?;
        for (&state, share) in State::ALL.iter().zip(&census) {
            self.recorder.vm_count(state.into(), share.vms.into());
            let state = StateLabels { state };
            self.metrics.vcpus.set(&state, share.vcpus as f64);
            self.metrics
                .memory_bytes
                .set(&state, (share.memory_mib << 20) as f64);
        }
        Ok(())
    }

    /// Runs an operation from its first statement to its last. One whose client leaves in the middle
    /// is dropped in the middle, and counted as broken.
    async fn operate<T>(
        &self,
        operation: VmOperation,
        work: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let begun = VmWork::begin_with(self.recorder.clone(), operation);
        let result = work.await;
        begun.finish(match &result {
            Ok(_) => Outcome::Success,
            Err(error) => error.failure().into(),
        });
        result
    }

    /// One change of one state; `None` if the VM was not in the first.
    async fn step(&self, id: i64, from: State, to: State) -> Result<Option<Vm>, DatabaseError> {
        let vm = self.store.shift(id, from, to).await?;
        if let Some(vm) = &vm {
            self.tell(vm, Some(from), Some(to));
        }
        Ok(vm)
    }

    fn tell(&self, vm: &Vm, from: Option<State>, to: Option<State>) {
        self.events.publish(vm, from, to);
        self.changed.notify_one();
        if let Some(state) = to {
            self.metrics.state_changes_total.inc(&StateLabels { state });
        }
        if let (Some(from), Some(to)) = (from, to) {
            self.recorder.vm_transition(from.into(), to.into());
        }
        self.recorder.vm_event(match (from, to) {
            (None, _) => VmEvent::Created,
            (_, None) => VmEvent::Deleted,
            (_, Some(State::Running)) => VmEvent::Started,
            (_, Some(State::Stopped)) => VmEvent::Stopped,
            // On its way: not an event of its own.
            (_, Some(State::Starting | State::Stopping)) => return,
        });
    }

    /// Why a VM could not be changed: it is not there, or not in the state it would have to be in.
    async fn refusal(&self, id: i64, verb: &str, needed: State) -> Result<ApiError, DatabaseError> {
        Ok(match self.store.find(id).await? {
            None => ApiError::not_found(format!("there is no VM {id}")),
            Some(vm) => ApiError::conflict(format!(
                "VM {id} is {}; to {verb} it, it must be {}",
                vm.state.as_str(),
                needed.as_str()
            )),
        })
    }
}

/// How long a burst of changes may last before it is counted.
const SETTLE: Duration = Duration::from_millis(100);

/// How long the database may take to answer housekeeping.
const DEADLINE: Duration = Duration::from_secs(3);
