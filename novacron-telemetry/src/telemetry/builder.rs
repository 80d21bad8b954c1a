//! From settings to a running [`Telemetry`].

use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{Inner, Telemetry, own, process};
use crate::catalog::{BusinessMetrics, Catalog, aliases};
use crate::collect::Sampler;
use crate::error::{Error, ErrorKind, Result};
use crate::record::{Recorder, Settings, UserLabels, install};
use crate::registry::{Groups, Profile, Registry, RegistryBuilder};

/// Settings of a [`Telemetry`] that is about to be.
#[derive(Debug)]
#[must_use = "nothing happens before `install` or `build`"]
pub struct TelemetryBuilder {
    identity: Identity,
    groups: Groups,
    settings: Settings,
    registry: RegistryBuilder,
    opted_in: BTreeSet<String>,
    profiles: Vec<Profile>,
    exposed: bool,
    scrapes: Option<usize>,
    allocated: Option<fn() -> u64>,
    #[cfg(feature = "logs")]
    logs: Option<crate::logs::Logs>,
    #[cfg(feature = "otlp")]
    traces: Option<crate::traces::Traces>,
}

/// Who the process is.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) version: String,
    pub(super) git_sha: String,
    pub(super) component: String,
}

impl TelemetryBuilder {
    pub(super) fn new(name: String, version: String) -> Self {
        Self {
            identity: Identity {
                version,
                git_sha: String::new(),
                component: name,
            },
            groups: Groups::CORE,
            settings: Settings::default(),
            registry: Registry::builder(),
            opted_in: BTreeSet::new(),
            profiles: Vec::new(),
            exposed: true,
            scrapes: None,
            allocated: None,
            #[cfg(feature = "logs")]
            logs: None,
            #[cfg(feature = "otlp")]
            traces: None,
        }
    }

    /// Which part of the system this process is: the `component` of `novacron_build_info`. Default:
    /// the program's name.
    pub fn component(mut self, component: impl Into<String>) -> Self {
        self.identity.component = component.into();
        self
    }

    /// The commit the program was built from, for `novacron_build_info`.
    pub fn git_sha(mut self, sha: impl Into<String>) -> Self {
        self.identity.git_sha = sha.into();
        self
    }

    /// Which groups of the catalog are on. Default: [`Groups::CORE`]. The others stay callable and
    /// silent.
    pub fn groups(mut self, groups: Groups) -> Self {
        self.groups = groups;
        self
    }

    /// Switches a family on that is off unless asked for.
    pub fn opt_in(mut self, family: impl Into<String>) -> Self {
        self.opted_in.insert(family.into());
        self
    }

    /// A label that every series carries.
    pub fn const_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.registry = self.registry.const_label(name, value);
        self
    }

    /// The most series that one family with open labels may have. Default: 1 000 000.
    pub fn max_series(mut self, series: u32) -> Self {
        self.registry = self.registry.max_series(series);
        self
    }

    /// From when on a request is slow. Default: 500 ms.
    pub fn slow_request(mut self, threshold: Duration) -> Self {
        self.settings.slow_request = threshold;
        self
    }

    /// From when on a database statement is slow. Default: 50 ms.
    pub fn slow_query(mut self, threshold: Duration) -> Self {
        self.settings.slow_query = threshold;
        self
    }

    /// Shows how much each of the busiest users calls, under a keyed hash of their id:
    /// `novacron_api_usage_by_user_total`, which is off unless asked for.
    pub fn usage_by_user(mut self, users: UserLabels) -> Self {
        self.settings.users = users;
        self.opt_in(BusinessMetrics::API_USAGE_BY_USER_TOTAL.name)
    }

    /// Shows the same samples once more under the names of another system, and switches on the
    /// groups they come from.
    pub fn aliases(mut self, profile: Profile) -> Self {
        self.profiles.push(profile);
        self
    }

    /// Whether `/metrics` answers; 404 if not. Default: yes.
    pub fn exposed(mut self, exposed: bool) -> Self {
        self.exposed = exposed;
        self
    }

    /// What a `NovaFile` says. What the code says after this call overrules it.
    #[cfg(feature = "config")]
    pub fn config(mut self, config: &crate::config::Config) -> Self {
        let metrics = &config.metrics;
        self.exposed = metrics.exporter;
        self.profiles.extend(&metrics.profiles);
        if let Some(series) = metrics.limits.max_series {
            self.registry = self.registry.max_series(series);
        }
        self.scrapes = metrics.limits.scrapes.or(self.scrapes);
        self
    }

    /// How many scrapes are answered at once; the next one is told to come back. Default: 16.
    pub fn scrapes(mut self, most: usize) -> Self {
        self.scrapes = Some(most);
        self
    }

    /// Asks the host's allocator how many bytes are live, at each scrape, for
    /// `novacron_runtime_allocated_bytes`.
    pub fn allocated_bytes(mut self, ask: fn() -> u64) -> Self {
        self.allocated = Some(ask);
        self
    }

    /// Counts the lines of this log in the library's own metrics, and flushes it at shutdown.
    #[cfg(feature = "logs")]
    pub fn logs(mut self, logs: &crate::logs::Logs) -> Self {
        self.logs = Some(logs.clone());
        self
    }

    /// Records traces and sends them to a collector. `None`, as [`Traces::from_env`] says where the
    /// environment names no collector, leaves them off.
    ///
    /// [`Traces::from_env`]: crate::traces::Traces::from_env
    #[cfg(feature = "otlp")]
    pub fn traces(mut self, traces: impl Into<Option<crate::traces::Traces>>) -> Self {
        self.traces = traces.into();
        self
    }

    /// Builds it, and makes it the one that free verbs and attributes write to.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`ErrorKind::AlreadyInstalled`] if there is one already: that
    /// one stays as it is.
    #[track_caller]
    pub fn install(self) -> Result<Telemetry> {
        let caller = Location::caller();
        let mut built = self.assemble()?;
        install(
            built.recorder.clone(),
            format!("{}:{}", caller.file(), caller.line()),
        )?;
        // Only now: one that was refused has nothing to give back, and nothing to warn of.
        built.installed = true;
        Ok(Telemetry(Arc::new(built)))
    }

    /// Builds it for its handle alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if a family that was opted in does not exist or a setting of the
    /// traces cannot be used, [`ErrorKind::Exporter`] if their thread cannot be started,
    /// [`ErrorKind::InvalidMetric`] if a constant label has a name that it cannot have.
    pub fn build(self) -> Result<Telemetry> {
        Ok(Telemetry(Arc::new(self.assemble()?)))
    }

    fn assemble(self) -> Result<Inner> {
        let Self {
            identity,
            groups,
            settings,
            mut registry,
            opted_in,
            profiles,
            exposed,
            scrapes,
            allocated,
            #[cfg(feature = "logs")]
            logs,
            #[cfg(feature = "otlp")]
            traces,
        } = self;
        for family in opted_in {
            if !Catalog::descriptors().any(|known| known.opt_in && known.name == family) {
                return Err(Error::new(
                    ErrorKind::InvalidConfig,
                    format!(
                        "`opt_in`: no family `{}` waits to be switched on",
                        family.escape_debug()
                    ),
                ));
            }
            registry = registry.opt_in(family);
        }
        let registry = registry.try_build()?;
        let groups = profiles
            .iter()
            .fold(groups, |groups, profile| groups | profile.groups());
        let catalog = Catalog::register(&registry, groups)?;
        for profile in profiles {
            aliases::show(&registry, profile)?;
        }
        own::refresh(&registry, &catalog);
        let sampler = Sampler::new(catalog.exporter.clone());
        own::identify(&catalog, &identity);
        process::refresh(&registry, &catalog.process, allocated);
        #[cfg(feature = "logs")]
        if let Some(logs) = &logs {
            logs.count_into(&registry, &catalog.exporter);
        }
        #[cfg(not(feature = "http"))]
        let _ = (exposed, scrapes);
        #[cfg(feature = "http")]
        let metrics = own::metrics_service(&registry, &catalog, exposed, scrapes);
        #[cfg(feature = "otlp")]
        let exporter = traces
            .map(|traces| super::traces::start(&traces, &identity, &registry, &catalog))
            .transpose()?;
        #[cfg(feature = "otlp")]
        let recorder = match &exporter {
            Some(exporter) => Recorder::traced(catalog, settings, exporter.tracer().clone()),
            None => Recorder::new(catalog, settings),
        };
        #[cfg(not(feature = "otlp"))]
        let recorder = Recorder::new(catalog, settings);
        #[cfg(feature = "health")]
        let health = own::health(&registry, &identity, recorder.clone());
        Ok(Inner {
            #[cfg(feature = "http")]
            metrics,
            #[cfg(feature = "health")]
            health,
            #[cfg(feature = "otlp")]
            exporter,
            recorder,
            registry,
            component: identity.component.into(),
            installed: false,
            shut_down: AtomicBool::new(false),
            sampler,
            #[cfg(feature = "logs")]
            logs,
            #[cfg(feature = "listener")]
            listeners: crate::sync::Mutex::default(),
        })
    }
}
