//! Reading what others count: hosts, hypervisors, devices.
//!
//! A [`Collector`] reads something outside the process, and publishes what it found. The two are
//! separate steps: `read` blocks, for as long as a kernel or a hypervisor likes, on a thread of its
//! own; `publish` is quick, and only what was read in time is published. Scrapes see what was
//! published last and never wait.
//!
//! | what happens | what is shown |
//! |---|---|
//! | it worked | the new values; `novacron_collector_success` 1 |
//! | it failed, or was too slow | the last good values, until they are too old, then none; success 0 |
//! | it hangs | the same, and `novacron_collector_stuck_seconds`; it is not started a second time |
//! | it failed, and knows what to show instead ([`Run::fail`]) | that; success 0 |
//! | it panicked | as if it had failed; after five times in a row it is switched off |
//! | there is nothing to read: no such hardware, no such daemon | no values and no success: absence is no failure |
//!
//! ```
//! use std::time::Duration;
//! use novacron_telemetry::Telemetry;
//! use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};
//! use novacron_telemetry::metric::Gauge;
//! use novacron_telemetry::registry::MetricGroup;
//!
//! /// The entropy pool of the host.
//! #[derive(Clone, Debug, MetricGroup)]
//! #[metrics(prefix = "acme_host", writer = Collector("entropy"))]
//! struct EntropyMetrics {
//!     /// Entropy that the kernel has gathered.
//!     #[metric(unit = "bits")]
//!     entropy_available: Gauge,
//! }
//!
//! struct Entropy;
//!
//! impl Collector for Entropy {
//!     type Metrics = EntropyMetrics;
//!     type Reading = Option<u32>;
//!     const NAME: &'static str = "entropy";
//!     const SCHEDULE: Schedule = Schedule::every(Duration::from_secs(15));
//!
//!     fn read(&mut self, _: &mut Run) -> Result<Option<u32>, CollectError> {
//!         let text = std::fs::read_to_string("/proc/sys/kernel/random/entropy_avail")?;
//!         Ok(text.trim().parse().ok())
//!     }
//!
//!     fn publish(bits: &Option<u32>, metrics: &EntropyMetrics) {
//!         metrics.entropy_available.set_or_clear(bits.map(f64::from));
//!     }
//! }
//!
//! let telemetry = Telemetry::builder("agent", "1.0.0").build()?;
//! telemetry.collect(Entropy)?;
//! # telemetry.shutdown_blocking(Duration::from_secs(5))?;
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

mod collector;
mod error;
mod run;
mod sampler;
mod schedule;
mod show;
mod task;
mod worker;

pub use collector::Collector;
pub use error::{CollectError, CollectErrorKind};
pub use run::Run;
pub(crate) use sampler::Sampler;
pub use schedule::Schedule;
