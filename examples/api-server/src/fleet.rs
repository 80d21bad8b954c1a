//! Operations on VMs, and the job that looks after them.
//!
//! Handlers ask for an operation; every one of them goes through `operate`, and every change of a
//! state through `step`. So there is one place that counts operations and one that tells listeners.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use tokio::{
    sync::Notify,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};

use crate::{
    database::DatabaseError,
    error::ApiError,
    events::Events,
    metrics::{FleetMetrics, StateLabels},
    store::Store,
    vm::{Action, Census, NewVm, State, Vm},
};

/// All VMs of this server.
#[derive(Debug)]
pub struct Fleet {
    store: Arc<Store>,
    events: Arc<Events>,
    metrics: FleetMetrics,
    /// Wakes housekeeping when the census is out of date.
    changed: Notify,
    seen: Mutex<Health>,
    /// How long a VM may stay in a passing state before its client is taken to have left.
    abandoned: Duration,
}

/// What housekeeping saw last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing yet.
    Unknown,
    /// The database answered.
    Healthy(Census),
    /// It did not: why.
    Unhealthy(String),
}

/// What can be asked of the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Operation {
    Create,
    Start,
    Stop,
    Restart,
    Delete,
}

impl Fleet {
    /// The VMs in `store`, whose changes are told to `events`; one that has been in a passing state
    /// for longer than `abandoned` is settled by housekeeping.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        events: Arc<Events>,
        metrics: FleetMetrics,
        abandoned: Duration,
    ) -> Self {
        let (changed, seen) = (Notify::new(), Mutex::new(Health::Unknown));
        Self {
            store,
            events,
            metrics,
            changed,
            seen,
            abandoned,
        }
    }

    /// Creates a VM, stopped.
    ///
    /// # Errors
    /// 422 for a value out of its range, 409 for a taken name, 500 or 503 when the database fails.
    pub async fn create(&self, new: &NewVm) -> Result<Vm, ApiError> {
        new.check()?;
        self.operate(Operation::Create, async {
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
        self.operate(Operation::Delete, async {
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

    /// What housekeeping saw last.
    pub fn health(&self) -> Health {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Counts the VMs and settles abandoned ones: once per `period`, and soon after every change.
    /// Never returns.
    pub async fn housekeep(&self, period: Duration) {
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                // A burst of changes is counted once, when it is over.
                () = self.changed.notified() => sleep(SETTLE).await,
            }
            self.look().await;
        }
    }

    /// Tidies up once, and remembers how that went.
    pub async fn look(&self) {
        // With a deadline, because a database that does not answer is exactly what this has to
        // notice.
        let seen = match timeout(DEADLINE, self.tidy()).await {
            Ok(Ok(census)) => Health::Healthy(census),
            Ok(Err(error)) => Health::Unhealthy(error.to_string()),
            Err(_) => Health::Unhealthy("no answer in time".into()),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    async fn tidy(&self) -> Result<Census, DatabaseError> {
        for vm in self.store.abandoned(self.abandoned).await? {
            if let Some(to) = vm.state.settled()
                && self.step(vm.id, vm.state, to).await?.is_some()
            {
                self.metrics.settled_total.inc();
            }
        }
        let census = self.store.census().await?;
        for (&state, share) in State::ALL.iter().zip(&census) {
            let labels = StateLabels { state };
            self.metrics.vcpus.with(&labels).set(share.vcpus as f64);
            self.metrics
                .memory_bytes
                .with(&labels)
                .set((share.memory_mib << 20) as f64);
        }
        Ok(census)
    }

    /// Runs an operation from its first statement to its last.
    async fn operate<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let result = work.await;
        if let Err(error) = &result {
            tracing::debug!(?operation, %error, "operation failed");
        }
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
        if let Some(state) = to {
            self.metrics.state_changes_total.inc(&StateLabels { state });
        }
        self.changed.notify_one();
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

impl From<Action> for Operation {
    fn from(action: Action) -> Self {
        match action {
            Action::Start => Self::Start,
            Action::Stop => Self::Stop,
            Action::Restart => Self::Restart,
        }
    }
}

/// How long a burst of changes may last before it is counted.
const SETTLE: Duration = Duration::from_millis(100);

/// How long the database may take to answer housekeeping.
const DEADLINE: Duration = Duration::from_secs(3);
