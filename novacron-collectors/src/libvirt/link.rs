//! A connection that is made when it is needed, and made anew when it broke.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use novacron_telemetry::collect::CollectError;

use super::client::{ClientError, Connection};
use super::settings::LibvirtSettings;
use crate::Root;

#[derive(Debug)]
pub(crate) struct Link {
    sockets: Vec<PathBuf>,
    uri: String,
    connection: Option<Connection>,
}

impl Link {
    pub(crate) fn new(root: &Root, settings: &LibvirtSettings) -> Self {
        Self {
            sockets: settings.sockets(root),
            uri: settings.uri.clone(),
            connection: None,
        }
    }

    /// The connection; whether it is a new one.
    pub(crate) fn open(
        &mut self,
        deadline: Instant,
    ) -> Result<(&mut Connection, bool), ClientError> {
        let usable = self.connection.take().filter(|open| !open.is_broken());
        let fresh = usable.is_none();
        let connection = match usable {
            Some(connection) => connection,
            None => self.connect(deadline)?,
        };
        Ok((self.connection.insert(connection), fresh))
    }

    /// One call on it.
    pub(crate) fn ask<T>(
        &mut self,
        deadline: Instant,
        call: impl FnOnce(&mut Connection) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        call(self.open(deadline)?.0)
    }

    /// The first socket that is there; one that is not says less than one that does not answer.
    fn connect(&self, deadline: Instant) -> Result<Connection, ClientError> {
        let mut missing = None;
        for socket in &self.sockets {
            match Connection::open(socket, &self.uri, deadline) {
                Err(ClientError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                    missing = Some(ClientError::Io(error));
                }
                opened => return opened,
            }
        }
        Err(missing.unwrap_or_else(|| ClientError::Io(io::ErrorKind::NotFound.into())))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
    }
}

/// What a collector says when this kept it from reading anything.
pub(crate) fn failure(error: &ClientError) -> CollectError {
    let why = error.to_string();
    match error {
        ClientError::Io(error) => match error.kind() {
            io::ErrorKind::NotFound => CollectError::absent(why),
            io::ErrorKind::PermissionDenied => CollectError::denied(why),
            _ => CollectError::failed(why),
        },
        ClientError::TimedOut => CollectError::timed_out(why),
        ClientError::AuthenticationRequired => CollectError::denied(why),
        ClientError::Remote(error) if error.is_denial() => CollectError::denied(why),
        ClientError::Remote(_) | ClientError::Malformed(_) => CollectError::failed(why),
    }
    .of("libvirt")
}
