//! The layer: what is known about a server before its first call.

use std::fmt;
use std::time::Duration;

use tower_layer::Layer;

use super::path;
use super::service::GrpcService;
use crate::error::{Error, ErrorKind, Result};
use crate::record::{Recorder, RpcKind};

/// Counts the calls that a gRPC server answers. See the [module](super) for what is counted when.
#[derive(Clone, Debug)]
pub struct GrpcLayer {
    shared: Shared,
}

/// What every call needs.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) recorder: Recorder,
    pub(super) timeout: Option<Duration>,
}

impl GrpcLayer {
    /// A layer that writes through `recorder`.
    #[must_use]
    pub fn new(recorder: Recorder) -> Self {
        Self {
            shared: Shared {
                recorder,
                timeout: None,
            },
        }
    }

    /// Declares unary methods, as the paths of their calls: `/package.Service/Method`.
    ///
    /// Their series exist from now on, at 0, and their calls are named from the first one on,
    /// however it ends. A call of theirs is never taken for a stream.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) if a path does not name a method.
    pub fn unary<'a>(self, paths: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        self.declare(paths, RpcKind::Unary)
    }

    /// Declares methods that stream, in one direction or in both; else as
    /// [`unary`](Self::unary). Each call of theirs is a stream, however few messages it carries.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) if a path does not name a method.
    pub fn streaming<'a>(self, paths: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        self.declare(paths, RpcKind::Streaming)
    }

    /// Says how long a call may take where the limit is outside of this layer, as that of tonic's
    /// `Server::timeout` is: what such a limit ends looks like a client that left, and is
    /// `DEADLINE_EXCEEDED` if it is at least that old. The client's own `grpc-timeout` needs no
    /// such word.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.shared.timeout = Some(timeout);
        self
    }

    fn declare<'a>(self, paths: impl IntoIterator<Item = &'a str>, kind: RpcKind) -> Result<Self> {
        for path in paths {
            let (service, method) = path::parse(path).ok_or_else(|| {
                let message = format!("`{path}` is no `/package.Service/Method`");
                Error::new(ErrorKind::InvalidConfig, message)
            })?;
            self.shared
                .recorder
                .declare_rpc_method(service, method, kind);
        }
        Ok(self)
    }
}

impl<S> Layer<S> for GrpcLayer {
    type Service = GrpcService<S>;

    fn layer(&self, inner: S) -> GrpcService<S> {
        GrpcService::new(inner, self.shared.clone())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
