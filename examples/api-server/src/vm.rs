//! What a VM is here: its fields, its states, and which action leads from which state to which.

use novacron_telemetry::{
    catalog::{VmState, vm::VmOperation},
    label::LabelValue,
};
use serde::{Deserialize, Serialize};
use sqlx::{Row, sqlite::SqliteRow};

use crate::error::ApiError;

/// One row of the table `vms`, as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vm {
    /// Number given by the database; never used twice.
    pub id: i64,
    /// Unique name, chosen by the client.
    pub name: String,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// What the VM is doing.
    pub state: State,
    /// When it was created: RFC 3339, UTC, milliseconds.
    pub created_at: String,
    /// When its state last changed: RFC 3339, UTC, milliseconds.
    pub updated_at: String,
}

/// What a VM is doing.
///
/// `Starting` and `Stopping` are passed through by every action. A client that leaves in the middle
/// of one leaves the VM there, and housekeeping settles it later ([`State::settled`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, LabelValue)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// On its way to running.
    Starting,
    /// Running.
    Running,
    /// On its way to stopped.
    Stopping,
    /// Not running; the state a new VM begins in, and the only one it can be deleted in.
    Stopped,
}

/// What the VMs in one state amount to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many there are.
    pub vms: u32,
    /// Their processors.
    pub vcpus: u64,
    /// Their memory.
    pub memory_mib: u64,
}

/// The share of each state, in the order of [`State::ALL`].
pub type Census = [Share; State::ALL.len()];

/// Something a client may ask of an existing VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Stopped → starting → running.
    Start,
    /// Running → stopping → stopped.
    Stop,
    /// Running → stopping → starting → running.
    Restart,
}

/// The body of `POST /api/v1/vms`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewVm {
    /// 1–63 characters: letters, digits, `-`, `_`, `.`; the first one a letter or digit.
    pub name: String,
    /// Virtual processors, 1–64.
    #[serde(default = "default_vcpus")]
    pub vcpus: u32,
    /// Memory in MiB, 64–1 048 576 (1 TiB).
    #[serde(default = "default_memory")]
    pub memory_mib: u32,
}

impl State {
    /// Where a VM ends up whose action was abandoned in this state; `None` where it may stay.
    #[must_use]
    pub const fn settled(self) -> Option<Self> {
        match self {
            Self::Starting => Some(Self::Running),
            Self::Stopping => Some(Self::Stopped),
            Self::Running | Self::Stopped => None,
        }
    }
}

impl Action {
    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }

    /// The state a VM must be in, and the ones it is led through, in order.
    #[must_use]
    pub const fn path(self) -> (State, &'static [State]) {
        match self {
            Self::Start => (State::Stopped, &[State::Starting, State::Running]),
            Self::Stop => (State::Running, &[State::Stopping, State::Stopped]),
            Self::Restart => (
                State::Running,
                &[State::Stopping, State::Starting, State::Running],
            ),
        }
    }
}

impl NewVm {
    /// Checks what the type alone cannot: lengths and ranges.
    ///
    /// # Errors
    /// 422, naming the first field that is out of range.
    pub fn check(&self) -> Result<(), ApiError> {
        let Self {
            name,
            vcpus,
            memory_mib,
        } = self;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric())
            || name.len() > NAME_MAX
            || !name.chars().all(plain)
        {
            return Err(ApiError::unprocessable(
                "`name` must have 1 to 63 letters, digits, `-`, `_` or `.`, a letter or digit first",
            ));
        }
        if !(1..=VCPUS_MAX).contains(vcpus) {
            return Err(ApiError::unprocessable(format!(
                "`vcpus` must be from 1 to {VCPUS_MAX}, not {vcpus}"
            )));
        }
        if !(MEMORY_MIN..=MEMORY_MAX).contains(memory_mib) {
            return Err(ApiError::unprocessable(format!(
                "`memory_mib` must be from {MEMORY_MIN} to {MEMORY_MAX}, not {memory_mib}"
            )));
        }
        Ok(())
    }
}

/// Our states are some of the catalog's.
impl From<State> for VmState {
    fn from(state: State) -> Self {
        match state {
            State::Starting => Self::Starting,
            State::Running => Self::Running,
            State::Stopping => Self::Stopping,
            State::Stopped => Self::Stopped,
        }
    }
}

impl From<Action> for VmOperation {
    fn from(action: Action) -> Self {
        match action {
            Action::Start => Self::Start,
            Action::Stop => Self::Stop,
            Action::Restart => Self::Restart,
        }
    }
}

/// Reads a row that has every column of the table.
impl TryFrom<&SqliteRow> for Vm {
    type Error = sqlx::Error;

    fn try_from(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            vcpus: row.try_get("vcpus")?,
            memory_mib: row.try_get("memory_mib")?,
            state: state(row)?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

/// Reads the column `state`.
///
/// # Errors
/// When it holds none of [`State::ALL`], which the table's own constraint does not let in.
pub(crate) fn state(row: &SqliteRow) -> sqlx::Result<State> {
    let text: &str = row.try_get("state")?;
    State::parse(text).ok_or_else(|| sqlx::Error::ColumnDecode {
        index: "state".into(),
        source: format!("`{text}` is not a state").into(),
    })
}

const fn default_vcpus() -> u32 {
    2
}

const fn default_memory() -> u32 {
    2048
}

const NAME_MAX: usize = 63;
const VCPUS_MAX: u32 = 64;
const MEMORY_MIN: u32 = 64;
const MEMORY_MAX: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_ends_in_a_state_that_lasts() {
        for action in [Action::Start, Action::Stop, Action::Restart] {
            let (from, steps) = action.path();
            assert_eq!(
                from.settled(),
                None,
                "{} begins in a passing state",
                action.as_str()
            );
            assert_eq!(
                steps.last().and_then(|state| state.settled()),
                None,
                "{} ends in one",
                action.as_str()
            );
        }
    }

    #[test]
    fn names_and_sizes_are_checked_field_by_field() {
        let fine = NewVm {
            name: "web-1.fra_2".into(),
            vcpus: 64,
            memory_mib: 64,
        };
        fine.check().expect("at the edges of every range");
        for (vm, field) in [
            (
                NewVm {
                    name: String::new(),
                    ..fine.clone()
                },
                "name",
            ),
            (
                NewVm {
                    name: "-web".into(),
                    ..fine.clone()
                },
                "name",
            ),
            (
                NewVm {
                    name: "web 1".into(),
                    ..fine.clone()
                },
                "name",
            ),
            (
                NewVm {
                    name: "x".repeat(64),
                    ..fine.clone()
                },
                "name",
            ),
            (
                NewVm {
                    vcpus: 0,
                    ..fine.clone()
                },
                "vcpus",
            ),
            (
                NewVm {
                    vcpus: 65,
                    ..fine.clone()
                },
                "vcpus",
            ),
            (
                NewVm {
                    memory_mib: 63,
                    ..fine.clone()
                },
                "memory_mib",
            ),
            (
                NewVm {
                    memory_mib: MEMORY_MAX + 1,
                    ..fine.clone()
                },
                "memory_mib",
            ),
        ] {
            let error = vm.check().expect_err("out of range");
            assert!(
                error.to_string().contains(&format!("`{field}`")),
                "{vm:?}: {error}"
            );
        }
    }
}
