//! The recorder for the `metrics` crate.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use metrics::{Key, KeyName, Metadata, Recorder, SharedString};

use super::cell::{Cell, CounterCell, GaugeCell, HistogramCell};
use super::house::House;
use super::lookup::Lookup;
use super::name;
use super::series::Description;
use crate::error::{Error, ErrorKind, Result};
use crate::metric::{Unit, check};
use crate::registry::Registry;
use crate::sync::OnceLock;

/// Counts what is counted with the `metrics` crate. See the [module docs](super).
///
/// Cheap to clone; clones are the same recorder. A registry has one at most: the families of a
/// second one have the same names, and are refused.
#[derive(Clone)]
pub struct Facade(Arc<Inner>);

struct Inner {
    house: House,
    counters: Lookup<CounterCell>,
    gauges: Lookup<GaugeCell>,
    histograms: Lookup<HistogramCell>,
}

/// Bounds of histograms that were given none: seconds from 1 ms to 5 min, and decades above for
/// sizes and counts.
pub const DEFAULT_BUCKETS: &[f64] = &[
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
    1_000.0,
    10_000.0,
    100_000.0,
    1_000_000.0,
];

/// The longest description, in bytes.
const LONGEST_HELP: usize = 1024;

/// Who made a facade the recorder of this process.
static HOLDER: OnceLock<String> = OnceLock::new();

impl Facade {
    /// A recorder with default limits, for [`metrics::with_local_recorder`] and for layers.
    ///
    /// A local recorder sees what its own thread counts, and only that: for tests with several
    /// threads install one or hand it to each.
    #[must_use]
    pub fn recorder(registry: &Registry) -> Self {
        Self::builder(registry).assemble()
    }

    /// Makes one with default limits the recorder of this process.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyInstalled`] if the process has a recorder; that one stays.
    #[track_caller]
    pub fn install(registry: &Registry) -> Result<()> {
        Self::builder(registry).install()
    }

    /// One with limits and buckets.
    pub fn builder(registry: &Registry) -> FacadeBuilder {
        FacadeBuilder {
            registry: registry.clone(),
            max_families: 1_000,
            max_series: 1_000,
            max_series_total: 100_000,
            default_buckets: DEFAULT_BUCKETS.to_vec(),
            buckets: BTreeMap::new(),
        }
    }

    fn describe<C: Cell>(
        &self,
        lookup: &Lookup<C>,
        name: &KeyName,
        unit: Option<metrics::Unit>,
        help: &SharedString,
    ) {
        let raw = name.as_str();
        if raw.len() > name::LONGEST {
            return;
        }
        let description = Description {
            help: name::cut(help, LONGEST_HELP).into(),
            unit: unit.map_or(Unit::None, unit_of),
        };
        // Kept before the look-up, so that a family which is made meanwhile finds it.
        self.0
            .house
            .keep_description(C::KIND, raw, description.clone());
        if let Some(family) = lookup.family(raw) {
            family.shape.describe(description);
        }
    }
}

impl Recorder for Facade {
    fn describe_counter(&self, key: KeyName, unit: Option<metrics::Unit>, help: SharedString) {
        self.describe(&self.0.counters, &key, unit, &help);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<metrics::Unit>, help: SharedString) {
        self.describe(&self.0.gauges, &key, unit, &help);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<metrics::Unit>, help: SharedString) {
        self.describe(&self.0.histograms, &key, unit, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        self.0.counters.handle(&self.0.house, key)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        self.0.gauges.handle(&self.0.house, key)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        self.0.histograms.handle(&self.0.house, key)
    }
}

impl fmt::Debug for Facade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facade").finish_non_exhaustive()
    }
}

/// Our word for a unit. Names never change with it.
fn unit_of(unit: metrics::Unit) -> Unit {
    match unit {
        metrics::Unit::Seconds => Unit::Seconds,
        metrics::Unit::Bytes => Unit::Bytes,
        metrics::Unit::Percent => Unit::Percent,
        other => Unit::Of(other.as_str()),
    }
}

/// Settings of a [`Facade`] that is about to be.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `install` or `build`"]
pub struct FacadeBuilder {
    registry: Registry,
    max_families: usize,
    max_series: usize,
    max_series_total: usize,
    default_buckets: Vec<f64>,
    buckets: BTreeMap<String, Vec<f64>>,
}

impl FacadeBuilder {
    /// The most families. Default: 1 000. Names past it are refused and counted.
    pub fn max_families(mut self, families: usize) -> Self {
        self.max_families = families;
        self
    }

    /// The most series of one family. Default: 1 000, and up to 66 more that stand for the rest.
    pub fn max_series(mut self, series: usize) -> Self {
        self.max_series = series;
        self
    }

    /// The most series of all families together. Default: 100 000. Past it every family is full.
    pub fn max_series_total(mut self, series: usize) -> Self {
        self.max_series_total = series;
        self
    }

    /// Upper bounds of the buckets of the histogram that is recorded under this name, in its unit.
    pub fn buckets(mut self, name: impl Into<String>, bounds: &[f64]) -> Self {
        self.buckets.insert(name.into(), bounds.to_vec());
        self
    }

    /// Upper bounds for histograms without bounds of their own. Default: [`DEFAULT_BUCKETS`].
    pub fn default_buckets(mut self, bounds: &[f64]) -> Self {
        self.default_buckets = bounds.to_vec();
        self
    }

    /// The recorder, for its owner alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if bounds are not finite and ascending, or more than 60.
    pub fn build(self) -> Result<Facade> {
        self.check()?;
        Ok(self.assemble())
    }

    /// The recorder of this process, from now on.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`ErrorKind::AlreadyInstalled`] if the process has a recorder;
    /// that one stays.
    #[track_caller]
    pub fn install(self) -> Result<()> {
        let caller = Location::caller();
        let facade = self.build()?;
        if metrics::set_global_recorder(facade).is_err() {
            let holder = match HOLDER.get() {
                Some(place) => format!("a facade at {place}"),
                None => "another recorder of the `metrics` crate".to_owned(),
            };
            return Err(Error::new(ErrorKind::AlreadyInstalled, holder));
        }
        HOLDER.get_or_init(|| format!("{}:{}", caller.file(), caller.line()));
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let default = ("default_buckets", &self.default_buckets);
        let named = self
            .buckets
            .iter()
            .map(|(name, list)| (name.as_str(), list));
        for (name, list) in std::iter::once(default).chain(named) {
            if list.is_empty() || !check::bounds(list) {
                return Err(Error::new(
                    ErrorKind::InvalidConfig,
                    format!(
                        "buckets of `{}` are not 1 to 60 finite, ascending bounds",
                        name.escape_debug()
                    ),
                ));
            }
        }
        Ok(())
    }

    fn assemble(self) -> Facade {
        let limits = [self.max_families, self.max_series, self.max_series_total];
        Facade(Arc::new(Inner {
            house: House::new(self.registry, limits, self.default_buckets, self.buckets),
            counters: Lookup::default(),
            gauges: Lookup::default(),
            histograms: Lookup::default(),
        }))
    }
}
