//! The handle that verbs write through.

use std::sync::Arc;
use std::time::Duration;

use super::coverage::Declared;
use super::migration::Migrations;
use super::provisioner::Lookups;
use super::route::Routes;
#[cfg(feature = "grpc")]
use super::rpc_method::RpcMethods;
use super::users::{UserLabels, Users};
use crate::catalog::Catalog;
use crate::catalog::exporter::{Signal, SignalLabels, Site, SiteLabels};
use crate::context::Tracer;

/// What verbs, layers and attributes write to: the catalog's handles and a few thresholds.
///
/// Cheap to clone. One that is silent ([`Recorder::noop`]) is callable and shows nothing.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    catalog: Catalog,
    settings: Settings,
    tracer: Tracer,
    routes: Routes,
    #[cfg(feature = "grpc")]
    rpc_methods: RpcMethods,
    declared: Declared,
    migrations: Migrations,
    image_lookups: Lookups,
    users: Users,
}

/// Thresholds that verbs compare with, and how users are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// From when on a request is slow. Default: 500 ms.
    pub slow_request: Duration,
    /// From when on a database statement is slow. Default: 50 ms.
    pub slow_query: Duration,
    /// How users are shown, where a host asks for that.
    pub users: UserLabels,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            slow_request: Duration::from_millis(500),
            slow_query: Duration::from_millis(50),
            users: UserLabels::default(),
        }
    }
}

impl Recorder {
    /// A recorder that writes to these handles.
    #[must_use]
    pub fn new(catalog: Catalog, settings: Settings) -> Self {
        Self::traced(catalog, settings, Tracer::off())
    }

    /// A recorder that writes to these handles, and records traces.
    #[must_use]
    pub fn traced(catalog: Catalog, settings: Settings, tracer: Tracer) -> Self {
        Self(Arc::new(Inner {
            catalog,
            settings,
            tracer,
            routes: Routes::new(),
            #[cfg(feature = "grpc")]
            rpc_methods: RpcMethods::new(),
            declared: Declared::default(),
            migrations: Migrations::default(),
            image_lookups: Lookups::default(),
            users: Users::new(settings.users),
        }))
    }

    /// The silent recorder: every verb is callable, nothing is shown.
    #[must_use]
    pub fn noop() -> Self {
        static SILENT: std::sync::LazyLock<Recorder> =
            std::sync::LazyLock::new(|| Recorder::new(Catalog::noop(), Settings::default()));
        SILENT.clone()
    }

    /// The handles of the whole catalog, for what has no verb of its own.
    #[must_use]
    #[inline]
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// The thresholds, and how users are shown.
    #[must_use]
    #[inline]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What records traces; off unless the recorder was made with one.
    #[must_use]
    #[inline]
    pub fn tracer(&self) -> &Tracer {
        &self.0.tracer
    }

    pub(super) fn api_routes(&self) -> &Routes {
        &self.0.routes
    }

    #[cfg(feature = "grpc")]
    pub(super) fn rpc_methods(&self) -> &RpcMethods {
        &self.0.rpc_methods
    }

    pub(super) fn declared(&self) -> &Declared {
        &self.0.declared
    }

    pub(super) fn migrations(&self) -> &Migrations {
        &self.0.migrations
    }

    pub(super) fn image_lookups(&self) -> &Lookups {
        &self.0.image_lookups
    }

    pub(super) fn users(&self) -> &Users {
        &self.0.users
    }

    /// Whether this is a clone of that one.
    pub(crate) fn is(&self, other: &Recorder) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A word that was read, if the catalog knows it; else that is counted, and what was to be
    /// recorded is left out: a closed label has no place for it.
    pub(super) fn known<T>(&self, word: Option<T>) -> Option<T> {
        if word.is_none() {
            self.internal_error(Site::Record);
        }
        word
    }

    /// The same for a label that may be left out: an empty word leaves it out.
    pub(super) fn known_if_any<T>(&self, word: &str, parse: fn(&str) -> Option<T>) -> Option<T> {
        if word.is_empty() {
            return None;
        }
        self.known(parse(word))
    }

    /// Counts a failure of code that telemetry called: a classifier, a name given by a closure.
    #[cold]
    pub(crate) fn internal_error(&self, site: Site) {
        let own = &self.catalog().exporter;
        own.telemetry_internal_errors_total
            .inc(&SiteLabels { site });
        own.telemetry_errors_total.inc(&SignalLabels {
            signal: Signal::Metrics,
        });
    }
}

/// What has a recorder: a [`Recorder`], a `Telemetry`, references and shared pointers to them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no recorder",
    note = "`telemetry = …` takes a `Telemetry`, a `TestTelemetry` or a `Recorder`, by value or by reference"
)]
pub trait AsRecorder {
    /// The recorder.
    fn as_recorder(&self) -> &Recorder;
}

impl AsRecorder for Recorder {
    fn as_recorder(&self) -> &Recorder {
        self
    }
}

impl<T: AsRecorder + ?Sized> AsRecorder for &T {
    fn as_recorder(&self) -> &Recorder {
        (**self).as_recorder()
    }
}

impl<T: AsRecorder + ?Sized> AsRecorder for Arc<T> {
    fn as_recorder(&self) -> &Recorder {
        (**self).as_recorder()
    }
}
