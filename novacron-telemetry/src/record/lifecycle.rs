//! What happens in the life of a VM: migrations, state changes, snapshots, clones.

use super::Recorder;
use super::current::with_current;
use crate::catalog::vm::{
    CloneLabels, EventLabels, MigrationType, MigrationTypeLabels, ProviderOutcomeLabels,
    SnapshotAction, SnapshotLabels, TransitionLabels, VmEvent, VmMigrationErrorLabels,
    VmMigrationLabels,
};
use crate::catalog::{MigrationError, MigrationStatus, OperationStatus, ProviderType, VmState};
use crate::metric::Seconds;

/// A VM was migrated over whatever transport: `live`, `cold` or `storage`; `success`, `failed` or
/// `cancelled`; the time it took. A failure says why, or `""`: then it just `failed`.
///
/// ```
/// novacron_telemetry::record::record_vm_migration("live", "success", "", 42.0);
/// novacron_telemetry::record::record_vm_migration("live", "failed", "packet_loss", 17.0);
/// ```
pub fn record_vm_migration(
    migration_type: &str,
    status: &str,
    reason: &str,
    duration: impl Into<Seconds>,
) {
    let duration = duration.into().get();
    let status = MigrationStatus::from(status);
    let reason = match reason {
        "" => MigrationError::Failed,
        reason => MigrationError::from(reason),
    };
    with_current(|recorder| {
        if let Some(migration_type) = recorder.known(MigrationType::parse(migration_type)) {
            recorder.vm_migration(migration_type, status, reason, duration);
        }
    });
}

/// A VM went from one state to another.
///
/// ```
/// novacron_telemetry::record::record_vm_transition("starting", "running");
/// ```
pub fn record_vm_transition(from: &str, to: &str) {
    with_current(|recorder| recorder.vm_transition(VmState::from(from), VmState::from(to)));
}

/// Something happened to a VM: `created`, `crashed`, `rebooted` and so on.
///
/// ```
/// novacron_telemetry::record::record_vm_event("crashed");
/// ```
pub fn record_vm_event(event: &str) {
    with_current(|recorder| {
        if let Some(event) = recorder.known(VmEvent::parse(event)) {
            recorder.vm_event(event);
        }
    });
}

/// A VM was reconfigured by this kind of provider (`""` if by none): `success`, `failure` or
/// `error`.
///
/// ```
/// novacron_telemetry::record::record_vm_reconfigure("libvirt", "success");
/// ```
pub fn record_vm_reconfigure(provider_type: &str, outcome: &str) {
    with_current(|recorder| {
        let labels = provider_outcome(recorder, provider_type, outcome);
        recorder.catalog().vm.reconfigure_total.inc(&labels);
    });
}

/// An image was prepared by this kind of provider (`""` if by none).
///
/// ```
/// novacron_telemetry::record::record_image_prepare("libvirt", "failure");
/// ```
pub fn record_image_prepare(provider_type: &str, outcome: &str) {
    with_current(|recorder| {
        let labels = provider_outcome(recorder, provider_type, outcome);
        recorder.catalog().vm.image_prepare_total.inc(&labels);
    });
}

/// A snapshot was made, deleted or reverted to (`create`, `delete`, `revert`) by this kind of
/// provider (`""` if by none).
///
/// ```
/// novacron_telemetry::record::record_vm_snapshot("create", "libvirt", "success");
/// ```
pub fn record_vm_snapshot(action: &str, provider_type: &str, outcome: &str) {
    with_current(|recorder| {
        let Some(action) = recorder.known(SnapshotAction::parse(action)) else {
            return;
        };
        recorder.catalog().vm.snapshot_total.inc(&SnapshotLabels {
            action,
            provider_type: recorder.known_if_any(provider_type, ProviderType::parse),
            outcome: OperationStatus::from(outcome),
        });
    });
}

/// A VM was cloned by this kind of provider (`""` if by none); a linked clone shares its parent's
/// disk.
///
/// ```
/// novacron_telemetry::record::record_vm_clone(true, "libvirt", "success");
/// ```
pub fn record_vm_clone(linked: bool, provider_type: &str, outcome: &str) {
    with_current(|recorder| {
        recorder.catalog().vm.clone_total.inc(&CloneLabels {
            linked,
            provider_type: recorder.known_if_any(provider_type, ProviderType::parse),
            outcome: OperationStatus::from(outcome),
        });
    });
}

fn provider_outcome(
    recorder: &Recorder,
    provider_type: &str,
    outcome: &str,
) -> ProviderOutcomeLabels {
    ProviderOutcomeLabels {
        provider_type: recorder.known_if_any(provider_type, ProviderType::parse),
        outcome: OperationStatus::from(outcome),
    }
}

impl Recorder {
    /// A VM was migrated over whatever transport; `reason` counts if it failed.
    pub fn vm_migration(
        &self,
        migration_type: MigrationType,
        status: MigrationStatus,
        reason: MigrationError,
        duration: impl Into<Seconds>,
    ) {
        let vm = &self.catalog().vm;
        vm.migrations_total.inc(&VmMigrationLabels {
            migration_type,
            status,
        });
        vm.migration_duration_seconds
            .observe(&MigrationTypeLabels { migration_type }, duration);
        if status == MigrationStatus::Failed {
            vm.migration_failures_total
                .inc(&VmMigrationErrorLabels { reason });
        }
    }

    /// A VM went from one state to another.
    pub fn vm_transition(&self, from_state: VmState, to_state: VmState) {
        self.catalog()
            .vm
            .state_transitions_total
            .inc(&TransitionLabels {
                from_state,
                to_state,
            });
    }

    /// Something happened to a VM.
    pub fn vm_event(&self, event: VmEvent) {
        self.catalog().vm.events_total.inc(&EventLabels { event });
    }
}
