//! TLS for the listener: files in, connections out.
//!
//! Certificate, key and the authorities of clients are read together, checked against each other,
//! and put in use together: a handshake sees the old ones or the new ones. A bad edit leaves the old
//! ones in use. TLS 1.2 and 1.3, by rustls with ring.

mod certificate;
mod clients;
mod files;

pub use files::TlsFiles;

use std::fmt;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{Accept, TlsAcceptor};

use self::files::Loaded;
use super::file::Stamp;
use crate::error::{Error, ErrorKind, Result};
use crate::metric::Gauge;
use crate::sync::Mutex;

/// TLS with what is in these files. Cheap to clone.
#[derive(Clone)]
pub(super) struct Tls(Arc<Inner>);

struct Inner {
    files: TlsFiles,
    expiry: Gauge,
    config: Mutex<Arc<ServerConfig>>,
    watch: Mutex<Watch>,
}

/// In which state the files were seen.
#[derive(Default)]
struct Watch {
    /// When they were loaded, or could not be.
    settled: Vec<Option<Stamp>>,
    /// The last time that somebody looked.
    seen: Vec<Option<Stamp>>,
}

impl Tls {
    /// Reads files that have to be good.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] that names the file and the cure.
    pub(super) fn load(files: TlsFiles, expiry: Gauge) -> Result<Self> {
        let settled = files.stamps();
        let loaded = files.load()?;
        if let Some(when) = loaded.is_expired() {
            tracing::warn!(
                path = %files.cert().display(),
                "the certificate of the metrics listener is not valid now: it {when}"
            );
        }
        expiry.set(loaded.expires());
        Ok(Self(Arc::new(Inner {
            config: Mutex::new(loaded.into_config()),
            watch: Mutex::new(Watch {
                seen: settled.clone(),
                settled,
            }),
            files,
            expiry,
        })))
    }

    /// A handshake, with what is in use now.
    pub(super) fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Accept<S> {
        let config = Arc::clone(&self.0.config.lock());
        TlsAcceptor::from(config).accept(stream)
    }

    /// Reads the files again, now.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and if the certificate is not valid now. What is in use stays.
    pub(super) fn reload(&self) -> Result<()> {
        let stamps = self.0.files.stamps();
        let reloaded = self.swap();
        self.0.watch.lock().settled = stamps;
        reloaded
    }

    /// Reads the files again if they changed, and have stayed as they are since the last call.
    pub(super) fn follow(&self) {
        let stamps = self.0.files.stamps();
        let mut watch = self.0.watch.lock();
        if watch.settled == stamps {
            return;
        }
        if watch.seen != stamps {
            // Two files are not written at once.
            watch.seen = stamps;
            return;
        }
        // Whatever comes of it, it is tried once for each state.
        watch.settled = stamps;
        drop(watch);
        match self.swap() {
            Ok(()) => tracing::info!(
                path = %self.0.files.cert().display(),
                "the certificate of the metrics listener was read again"
            ),
            Err(error) => {
                tracing::warn!(%error, "certificates were not read again; the old ones hold");
            }
        }
    }

    fn swap(&self) -> Result<()> {
        let loaded: Loaded = self.0.files.load()?;
        if let Some(when) = loaded.is_expired() {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "certificate {}: it {when}; put a new one there",
                    self.0.files.cert().display()
                ),
            ));
        }
        self.0.expiry.set(loaded.expires());
        *self.0.config.lock() = loaded.into_config();
        Ok(())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.0.files)
            .finish_non_exhaustive()
    }
}
