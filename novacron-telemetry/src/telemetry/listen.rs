//! A port of its own.

use std::time::Duration;

use super::Telemetry;
use crate::catalog::ExporterMetrics;
use crate::catalog::exporter::{Refusal, RefusalLabels};
use crate::error::Result;
use crate::expose::{Listener, ListenerMetrics, ListenerOptions};

impl Telemetry {
    /// Answers scrapes, and with the feature `health` probes, on a port of its own, from a thread of
    /// its own: for programs that have no HTTP server, or keep these off the one they have.
    ///
    /// It is closed by [`shutdown`](Self::shutdown), or earlier through the handle. Where telemetry
    /// is not [exposed](super::TelemetryBuilder::exposed), the port answers 404 to scrapes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use novacron_telemetry::Telemetry;
    /// use novacron_telemetry::expose::{BearerAuth, ListenerOptions, Token};
    ///
    /// let telemetry = Telemetry::builder("migrator", "1.0.0").build()?;
    /// let auth = BearerAuth::new(Token::generate()?);
    /// let options = ListenerOptions::new(([127, 0, 0, 1], 0)).auth(auth.clone());
    /// let listener = telemetry.listen(options)?;
    /// println!("http://{}/metrics", listener.local_addr());
    ///
    /// auth.rotate(Token::generate()?);
    /// telemetry.shutdown_blocking(Duration::from_secs(1))?;
    /// # Ok::<(), novacron_telemetry::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Listener::bind`].
    pub fn listen(&self, options: ListenerOptions) -> Result<Listener> {
        #[cfg(feature = "health")]
        let options = match options.has_health() {
            true => options,
            false => options.health(self.0.health.service()),
        };
        if let Some(auth) = options.guard() {
            self.watch_auth(auth);
        }
        let own = &self.0.recorder.catalog().exporter;
        let listener = Listener::bind(options, self.metrics_service(), counts(own))?;
        self.0.listeners.lock().push(listener.clone());
        Ok(listener)
    }

    /// Closes every port of its own; returns how many answers were cut.
    pub(super) fn close_listeners(&self, deadline: Duration) -> usize {
        let listeners = std::mem::take(&mut *self.0.listeners.lock());
        let begun = std::time::Instant::now();
        listeners
            .iter()
            .map(|listener| {
                let rest = deadline.saturating_sub(begun.elapsed());
                listener.shutdown_blocking(rest).cut
            })
            .sum()
    }

    /// Has every port of its own read its files again.
    #[cfg(feature = "config")]
    pub(super) fn reload_listeners(&self) -> Result<()> {
        let listeners = self.0.listeners.lock().clone();
        // All of them, also when one of them has something to say.
        let mut worst = Ok(());
        for listener in listeners {
            worst = worst.and(listener.reload());
        }
        worst
    }
}

/// What a listener counts about itself.
fn counts(own: &ExporterMetrics) -> ListenerMetrics {
    let refused = |reason| {
        let labels = RefusalLabels { reason };
        own.exporter_connections_refused_total.with(&labels)
    };
    ListenerMetrics {
        active: own.exporter_connections_active,
        limit: refused(Refusal::Limit),
        timeout: refused(Refusal::Timeout),
        tls: refused(Refusal::Tls),
        certificate_expiry: own.exporter_certificate_expiry_timestamp_seconds.clone(),
    }
}
