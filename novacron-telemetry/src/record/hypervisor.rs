//! Sessions with hypervisors, and calls that a provider makes to them.

use super::current::with_current;
use super::{Recorder, current};
use crate::catalog::provider::{DatacenterLabelsRef, HostLabelsRef, VsphereCallLabelsRef};

/// A session with vSphere, and the calls that are made in it.
///
/// ```
/// use novacron_telemetry::record::VsphereSession;
///
/// let session = VsphereSession::open("dc-1");
/// session.called("CloneVM_Task");
/// ```
#[derive(Clone, Debug)]
pub struct VsphereSession {
    recorder: Recorder,
    datacenter: Box<str>,
}

impl VsphereSession {
    /// A session with this datacenter was opened.
    pub fn open(datacenter: impl Into<String>) -> Self {
        Self::open_with(current::current(), datacenter)
    }

    /// A session was opened that is recorded by `recorder`.
    pub fn open_with(recorder: Recorder, datacenter: impl Into<String>) -> Self {
        let datacenter: Box<str> = datacenter.into().into();
        recorder.vsphere_session(&datacenter);
        Self {
            recorder,
            datacenter,
        }
    }

    /// A method of its API was called.
    #[inline]
    pub fn called(&self, method: &str) {
        self.recorder.vsphere_call(method, &self.datacenter);
    }
}

impl Recorder {
    /// A session with vSphere was opened.
    pub fn vsphere_session(&self, datacenter: &str) {
        let sessions = &self.catalog().provider.vsphere_sessions_total;
        sessions.inc(&DatacenterLabelsRef { datacenter });
    }

    /// The vSphere API was called.
    #[inline]
    pub fn vsphere_call(&self, method: &str, datacenter: &str) {
        let calls = &self.catalog().provider.vsphere_api_calls_total;
        calls.inc(&VsphereCallLabelsRef { method, datacenter });
    }
}

/// A session with vSphere was opened.
///
/// ```
/// novacron_telemetry::record::record_vsphere_session("dc-1");
/// ```
pub fn record_vsphere_session(datacenter: &str) {
    with_current(|recorder| recorder.vsphere_session(datacenter));
}

/// The vSphere API was called.
///
/// ```
/// novacron_telemetry::record::record_vsphere_call("CloneVM_Task", "dc-1");
/// ```
pub fn record_vsphere_call(method: &str, datacenter: &str) {
    with_current(|recorder| recorder.vsphere_call(method, datacenter));
}

/// A connection to libvirt on this host was opened. Calls over it are
/// [`ProviderCall`](super::ProviderCall)s of `libvirt`.
///
/// ```
/// novacron_telemetry::record::record_libvirt_connection("host-1");
/// ```
pub fn record_libvirt_connection(host: &str) {
    with_current(|recorder| {
        let connections = &recorder.catalog().provider.libvirt_connections_total;
        connections.inc(&HostLabelsRef { host });
    });
}
