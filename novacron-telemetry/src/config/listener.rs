//! From the tables below `[metrics]` to a listener.

use std::net::SocketAddr;

use super::{AuthConfig, Config, LimitsConfig};
use crate::error::{Error, ErrorKind, Result};
use crate::expose::{BearerAuth, ListenerLimits, ListenerOptions};

impl Config {
    /// The port of its own that the file asks for: none unless `metrics.listen` names one, and none
    /// if `metrics.exporter` is off.
    ///
    /// ```
    /// use novacron_telemetry::Telemetry;
    /// use novacron_telemetry::config::Config;
    ///
    /// let config: Config = "[metrics]\nlisten = \"127.0.0.1:0\"".parse()?;
    /// let telemetry = Telemetry::builder("migrator", "1.0.0").config(&config).build()?;
    /// let listener = config.listener()?.map(|options| telemetry.listen(options)).transpose()?;
    /// assert!(listener.is_some());
    ///
    /// let config: Config = "[metrics]\nexporter = true".parse()?;
    /// assert!(config.listener()?.is_none(), "nobody asked for a port");
    /// # telemetry.shutdown_blocking(std::time::Duration::from_secs(1))?;
    /// # Ok::<(), novacron_telemetry::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`listener_at`](Self::listener_at).
    pub fn listener(&self) -> Result<Option<ListenerOptions>> {
        let asked = self.metrics.exporter && self.metrics.listens;
        asked
            .then(|| self.listener_at(self.metrics.listen))
            .transpose()
    }

    /// A port at this address with the certificates, the token and the limits of the file, whatever
    /// it says about the port itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if there is a table `[metrics.auth]` and no token to be had: a
    /// port that somebody meant to close does not stand open. Also if there is a table
    /// `[metrics.tls]` and the feature `tls` is not built in.
    pub fn listener_at(&self, address: SocketAddr) -> Result<ListenerOptions> {
        let mut options = ListenerOptions::new(address).limits(self.metrics.limits.listener());
        if let Some(auth) = &self.metrics.auth {
            options = options
                .auth(auth.bearer()?)
                .protect_health(auth.protect_health);
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.metrics.tls {
            use crate::expose::TlsFiles;

            let mut files = TlsFiles::new(&tls.cert, &tls.key);
            if let Some(client_ca) = &tls.client_ca {
                files = files.client_ca(client_ca);
            }
            let names = tls.allowed_names.iter();
            options = options.tls(names.fold(files, TlsFiles::allow));
        }
        #[cfg(not(feature = "tls"))]
        if self.metrics.tls.is_some() {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "`metrics.tls`: this program was built without TLS",
            ));
        }
        Ok(options)
    }
}

impl AuthConfig {
    /// The token that the table leads to.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if it leads to none.
    pub fn bearer(&self) -> Result<BearerAuth> {
        let auth = match (&self.token_file, &self.token_env) {
            (Some(file), None) => BearerAuth::from_file(file),
            (None, Some(variable)) => BearerAuth::from_env(variable),
            (None, None) => Err(wrong(
                "it says nowhere where the token is; set `token_file`",
            )),
            (Some(_), Some(_)) => Err(wrong("set either `token_file` or `token_env`")),
        }?;
        Ok(match self.grace {
            Some(grace) => auth.grace(grace),
            None => auth,
        })
    }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, format!("`metrics.auth`: {what}"))
}

impl LimitsConfig {
    /// What of it is about the listener.
    fn listener(&self) -> ListenerLimits {
        let usual = ListenerLimits::default();
        let mut limits = usual.clone();
        limits.connections = self.connections.unwrap_or(usual.connections);
        // One source may not have more than there is, also if the file says only the one.
        limits.connections_per_source = self
            .connections_per_source
            .unwrap_or_else(|| usual.connections_per_source.min(limits.connections));
        limits.header_bytes = self.header_bytes.unwrap_or(usual.header_bytes);
        limits.headers = self.headers.unwrap_or(usual.headers);
        limits.head = self.head.unwrap_or(usual.head);
        limits.idle = self.idle.unwrap_or(usual.idle);
        limits.stalled = self.stalled.unwrap_or(usual.stalled);
        limits.answer = self.answer.unwrap_or(usual.answer);
        limits.age = self.age.unwrap_or(usual.age);
        limits
    }
}
