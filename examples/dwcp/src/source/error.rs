//! Why a migration ends without a guest at the destination.

use std::{io, time::Duration};

use bytesize::ByteSize;
use novacron_telemetry::{catalog::MigrationError, record::Outcome};
use tonic::{Code, Status, transport};

/// What went wrong, or that somebody did not want it any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrateError {
    #[error("cancelled")]
    Cancelled,
    #[error("cannot reach {to}: {why}")]
    Unreachable { to: String, why: transport::Error },
    #[error("the destination has no place for it: {0}")]
    Refused(String),
    #[error("stream {stream} broke and could not be connected again: {why}")]
    StreamLost { stream: u32, why: String },
    #[error("stream {stream} stalled: nothing was acknowledged for {waited:?}")]
    Stalled { stream: u32, waited: Duration },
    #[error(
        "after {rounds} rounds {} are still to be copied, which takes {:.1} s at the rate so far",
        ByteSize::b(*.dirty).display().iec(),
        .pause.as_secs_f64()
    )]
    Diverged {
        rounds: u32,
        dirty: u64,
        pause: Duration,
    },
    #[error("the destination did not answer the proposal within {0:?}")]
    NoVote(Duration),
    #[error("the destination objects: {0}")]
    Objection(String),
    #[error("{different} of {compared} pages arrived damaged")]
    Damaged { compared: u64, different: u64 },
    #[error("the destination does not answer: {0}")]
    Lost(String),
    #[error("the destination says: {0}")]
    Answer(String),
    #[error("a page cannot be encoded: {0}")]
    Encoder(#[from] io::Error),
}

impl MigrateError {
    /// The class that telemetry counts it under; a migration that was cancelled has no error.
    pub(crate) fn class(&self) -> Option<MigrationError> {
        Some(match self {
            Self::Cancelled => return None,
            Self::Unreachable { .. } | Self::StreamLost { .. } | Self::Lost(_) => {
                MigrationError::StreamFailed
            }
            Self::Refused(_) => MigrationError::ResourceLimit,
            Self::Stalled { .. } => MigrationError::Stalled,
            Self::Diverged { .. } => MigrationError::Convergence,
            Self::NoVote(_) => MigrationError::ConsensusTimeout,
            Self::Objection(_) | Self::Damaged { .. } | Self::Answer(_) | Self::Encoder(_) => {
                MigrationError::Failed
            }
        })
    }

    /// How the migration ended that this ended.
    pub(crate) fn outcome(&self) -> Outcome {
        self.class().map_or(Outcome::Cancelled, Outcome::from)
    }
}

/// Whether a call may have failed because of the connection, so that asking again makes sense.
pub(super) fn is_broken_connection(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled
    )
}
