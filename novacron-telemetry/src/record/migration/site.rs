//! What `#[instrument_migration]` calls.

use super::Migration;
use super::run::MigrationWork;
use crate::catalog::dwcp::DwcpMode;
use crate::catalog::vm::MigrationType;
use crate::record::current::{self, Frame};
use crate::record::guard::{Ending, Framed, Work};
use crate::record::returned::Stated;
use crate::record::run::Told;
use crate::record::{Begin, Outcome, Recorder};

/// Where an `#[instrument_migration]` stands: between which nodes, and how.
#[derive(Debug)]
pub struct MigrationSite(Migration);

impl MigrationSite {
    /// A function that migrates from one node to another.
    pub fn new(recorder: Recorder, source: impl AsRef<str>, destination: impl AsRef<str>) -> Self {
        Self(Migration::new_with(recorder, source, destination))
    }

    /// The network mode it runs in.
    #[must_use]
    pub fn mode(self, mode: impl Stated<DwcpMode>) -> Self {
        Self(self.0.mode(mode.stated()))
    }

    /// The kind of VM migration it is.
    #[must_use]
    pub fn kind(self, kind: impl Stated<MigrationType>) -> Self {
        Self(self.0.kind(kind.stated()))
    }
}

/// What a finished migration says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Bytes that were moved.
    pub bytes: Option<u64>,
    /// How long the guest stood still, in seconds.
    pub downtime: Option<f64>,
}

impl Begin for MigrationSite {
    type Verdict = Outcome;
    type Measured = Measured;
    type Work = Marked;

    fn begin(self) -> Marked {
        let mut frame = Frame::inherit(self.0.recorder.clone(), |_| {});
        let traced = self.0.recorder.tracer().is_on();
        let work = MigrationWork::begin(self.0);
        // What is done inside finds it, and stands in its trace.
        frame.migration = Some(work.handle().clone());
        if traced {
            frame.trace = work.handle().trace();
        }
        Marked { frame, work }
    }
}

/// A migration that a marked function is.
#[derive(Debug)]
pub struct Marked {
    frame: Frame,
    work: MigrationWork,
}

impl Work for Marked {
    type Verdict = Told<Outcome, Measured>;

    fn end(self, ending: Ending<Self::Verdict>) {
        let Self { frame, work } = self;
        let ending = match ending {
            Ending::Panicked => Ending::Panicked,
            Ending::Outcome(Told { verdict, measured }) => {
                // It says what it moved before it says how it ended.
                work.handle().tell(measured.bytes, measured.downtime);
                Ending::Outcome(verdict)
            }
        };
        let failure = frame.failure;
        // It holds a handle, and what nobody holds can be used again.
        drop(frame);
        work.end(ending);
        // It stood between the owner of a request and whoever knew why that failed.
        if let Some(failure) = failure {
            current::hand_out(failure);
        }
    }
}

impl Framed for Marked {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }
}
