//! libvirt's states in the words of the catalog.

use novacron_telemetry::catalog::VmState;
use novacron_telemetry::catalog::libvirt::DomainState;

use super::domain::State;

/// The state as libvirt calls it.
pub(crate) fn domain_state(state: State) -> DomainState {
    match state {
        State::Nostate => DomainState::Nostate,
        State::Running => DomainState::Running,
        State::Blocked => DomainState::Blocked,
        State::Paused => DomainState::Paused,
        State::Shutdown => DomainState::Shutdown,
        State::Shutoff => DomainState::Shutoff,
        State::Crashed => DomainState::Crashed,
        State::Pmsuspended => DomainState::Pmsuspended,
    }
}

/// libvirt's state in NovaCron's words; the reason tells apart what libvirt has one word for.
pub(crate) fn vm_state(state: State, reason: Option<u64>) -> VmState {
    const PAUSED_MIGRATION: u64 = 2;
    const PAUSED_IO_ERROR: u64 = 5;
    const PAUSED_SHUTTING_DOWN: u64 = 8;
    const PAUSED_CRASHED: u64 = 10;
    const PAUSED_STARTING_UP: u64 = 11;
    const PAUSED_POSTCOPY: u64 = 12;
    const PAUSED_POSTCOPY_FAILED: u64 = 13;
    const SHUTOFF_CRASHED: u64 = 3;
    const SHUTOFF_FAILED: u64 = 6;
    match (state, reason) {
        // Blocked is what a hypervisor calls a guest that waits for something to do.
        (State::Running | State::Blocked, _) => VmState::Running,
        (State::Paused, Some(PAUSED_MIGRATION | PAUSED_POSTCOPY)) => VmState::Migrating,
        (State::Paused, Some(PAUSED_IO_ERROR | PAUSED_CRASHED | PAUSED_POSTCOPY_FAILED)) => {
            VmState::Error
        }
        (State::Paused, Some(PAUSED_SHUTTING_DOWN)) | (State::Shutdown, _) => VmState::Stopping,
        (State::Paused, Some(PAUSED_STARTING_UP)) => VmState::Starting,
        (State::Paused, _) => VmState::Paused,
        (State::Shutoff, Some(SHUTOFF_CRASHED | SHUTOFF_FAILED)) | (State::Crashed, _) => {
            VmState::Error
        }
        (State::Shutoff, _) => VmState::Stopped,
        (State::Pmsuspended, _) => VmState::Suspended,
        (State::Nostate, _) => VmState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_tells_apart_what_libvirt_has_one_word_for() {
        for (state, reason, expected) in [
            (State::Running, Some(1), VmState::Running),
            (State::Paused, Some(1), VmState::Paused),
            (State::Paused, None, VmState::Paused),
            (State::Paused, Some(2), VmState::Migrating),
            (State::Paused, Some(5), VmState::Error),
            (State::Paused, Some(8), VmState::Stopping),
            (State::Paused, Some(11), VmState::Starting),
            (State::Shutoff, Some(2), VmState::Stopped),
            (State::Shutoff, Some(3), VmState::Error),
            (State::Crashed, None, VmState::Error),
            (State::Pmsuspended, Some(0), VmState::Suspended),
            (State::Nostate, Some(99), VmState::Unknown),
        ] {
            assert_eq!(vm_state(state, reason), expected, "{state:?} {reason:?}");
        }
    }
}
