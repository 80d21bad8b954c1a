//! AMST streams of DWCP.

use super::{Recorder, current};
use crate::catalog::dwcp::{StreamErrorLabels, StreamLabels, Transport, TransportLabels};
use crate::catalog::{CallResult, MigrationError};
use crate::metric::{InFlight, Seconds};

/// An AMST stream, open until this is dropped.
///
/// ```
/// use novacron_telemetry::catalog::MigrationError;
/// use novacron_telemetry::catalog::dwcp::Transport;
/// use novacron_telemetry::record::DwcpStream;
///
/// DwcpStream::refused(Transport::Rdma, MigrationError::StreamFailed);
/// let stream = DwcpStream::open(Transport::Tcp);
/// stream.latency(0.003);
/// stream.error(MigrationError::PacketLoss);
/// stream.reconnected();
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the stream is closed"]
pub struct DwcpStream {
    recorder: Recorder,
    transport: Transport,
    _active: InFlight,
}

impl DwcpStream {
    /// A stream was opened.
    pub fn open(transport: Transport) -> Self {
        Self::open_with(current::current(), transport)
    }

    /// A stream was opened that is recorded by `recorder`.
    pub fn open_with(recorder: Recorder, transport: Transport) -> Self {
        let dwcp = &recorder.catalog().dwcp;
        dwcp.streams_total.inc(&StreamLabels {
            transport,
            result: CallResult::Success,
        });
        Self {
            _active: dwcp.streams_active.guard(&TransportLabels { transport }),
            transport,
            recorder,
        }
    }

    /// A stream could not be opened.
    pub fn refused(transport: Transport, error: MigrationError) {
        current::with_current(|recorder| recorder.stream_refused(transport, error));
    }

    /// A message went there and back in this time.
    #[inline]
    pub fn latency(&self, latency: impl Into<Seconds>) {
        let transport = TransportLabels {
            transport: self.transport,
        };
        self.recorder
            .catalog()
            .dwcp
            .stream_latency_seconds
            .observe(&transport, latency);
    }

    /// The stream met an error.
    pub fn error(&self, error: MigrationError) {
        self.recorder.stream_error(self.transport, error);
    }

    /// The stream was connected again.
    pub fn reconnected(&self) {
        let transport = TransportLabels {
            transport: self.transport,
        };
        self.recorder
            .catalog()
            .dwcp
            .stream_reconnects_total
            .inc(&transport);
    }
}

impl Recorder {
    /// A stream could not be opened.
    pub fn stream_refused(&self, transport: Transport, error: MigrationError) {
        self.catalog().dwcp.streams_total.inc(&StreamLabels {
            transport,
            result: CallResult::Failure,
        });
        self.stream_error(transport, error);
    }

    fn stream_error(&self, transport: Transport, error_type: MigrationError) {
        self.catalog()
            .dwcp
            .stream_errors_total
            .inc(&StreamErrorLabels {
                transport,
                error_type,
            });
    }
}
