//! Collectors that fail, as components of the service's health.
//!
//! A collector without anything to read is no concern of a probe. One that fails makes the service
//! degraded, and never more than that: whoever restarts the exporter because of it would lose the
//! others' numbers, too.

use std::collections::{BTreeMap, BTreeSet};

use novacron_telemetry::Telemetry;
use novacron_telemetry::catalog::ExporterMetrics;
use novacron_telemetry::health::{Component, Verdict};
use novacron_telemetry::registry::visit::{Flow, Head, Labels, Value, Visitor};

/// The components there are so far: each collector that has failed.
#[derive(Debug, Default)]
pub(crate) struct Components(BTreeMap<String, (bool, Component)>);

impl Components {
    /// Tells the service's health how collectors are now.
    pub(crate) fn look(&mut self, telemetry: &Telemetry) {
        let failing = failing(telemetry);
        for collector in &failing {
            if !self.0.contains_key(collector)
                && let Ok(component) = telemetry.health().component(collector.clone())
            {
                self.0.insert(collector.clone(), (false, component));
            }
        }
        for (collector, (fails, component)) in &mut self.0 {
            let fails_now = failing.contains(collector);
            if fails_now != *fails {
                *fails = fails_now;
                component.set(match fails_now {
                    true => Verdict::degraded("the collector fails"),
                    false => Verdict::Healthy,
                });
            }
        }
    }
}

/// The collectors whose last run failed: what `novacron_collector_success` says, and it alone.
fn failing(telemetry: &Telemetry) -> BTreeSet<String> {
    let family = ExporterMetrics::COLLECTOR_SUCCESS.name.to_owned();
    let mut walk = telemetry.registry().walk().only(&BTreeSet::from([family]));
    let mut failing = Failing::default();
    while walk.step(&mut failing) {}
    failing.0
}

#[derive(Default)]
struct Failing(BTreeSet<String>);

impl Visitor for Failing {
    fn family(&mut self, _: &Head<'_>, _: bool) {}

    fn series(&mut self, labels: Labels<'_>, value: Value<'_>) -> Flow {
        let name = labels.fragments.iter().find_map(|fragment| {
            let value = fragment.strip_prefix("collector=\"")?;
            value.strip_suffix('"')
        });
        if let (Some(name), Value::Gauge(0.0)) = (name, value) {
            self.0.insert(name.to_owned());
        }
        Flow::Continue
    }
}
