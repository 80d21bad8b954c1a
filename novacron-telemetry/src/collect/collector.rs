//! What a collector is.

use super::{CollectError, Run, Schedule};
use crate::registry::Handles;

/// Something that reads a part of the world outside the process.
///
/// See the [module](super) for an example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a collector",
    note = "implement `Collector`: `read` finds out, `publish` shows what was found"
)]
pub trait Collector: Send + 'static {
    /// What it writes: a group of metrics, or several as a tuple. They are registered when the
    /// collector is added, whether or not their groups are on otherwise.
    type Metrics: Handles;

    /// What one reading found, free of metrics. The default value is *nothing is known*: publishing
    /// it takes every series of this collector away.
    type Reading: Default + Send + 'static;

    /// The `collector` label, and the table of its settings: lower case, with underscores.
    const NAME: &'static str;

    /// How often it runs, and for how long it may.
    const SCHEDULE: Schedule;

    /// Finds out. It runs on a thread of its own, never twice at once, and may block; what it
    /// returns after its deadline is thrown away. What has several targets asks
    /// [`Run::expired`] between them, and names those it had to leave out with [`Run::skip`].
    ///
    /// # Errors
    ///
    /// [`CollectError::absent`] if there is nothing to read on this machine,
    /// [`CollectError::denied`] if this process may not, [`CollectError::failed`] if it is there and
    /// does not work.
    fn read(&mut self, run: &mut Run) -> Result<Self::Reading, CollectError>;

    /// Shows a reading. It is called once for each reading that came in time, in their order, and
    /// once with the default when the last good one grew too old. It must be quick: one thread
    /// publishes for all collectors.
    fn publish(reading: &Self::Reading, metrics: &Self::Metrics);
}
