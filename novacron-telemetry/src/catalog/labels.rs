//! Values that labels of several domains share.

use std::sync::Arc;

use crate::label::LabelValue;

pub use super::status::Status;

/// An HTTP method; whatever is none of the nine is `OTHER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Trace,
    Connect,
    #[label(other)]
    Other,
}

/// A matched route template such as `/api/v1/vms/{id}`, or `UNMATCHED`; never a raw path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 200)]
pub struct Endpoint(Arc<str>);

/// Why credentials were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum AuthReason {
    Missing,
    Invalid,
    Expired,
    Forbidden,
}

/// Which way data went, as seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Direction {
    Sent,
    Received,
}

/// Method of a service descriptor, such as `CreateVM`; never what the peer says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct RpcMethod(Arc<str>);

/// gRPC status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GrpcCode {
    Ok,
    Cancelled,
    #[label(other)]
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

/// How a migration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
pub enum MigrationStatus {
    Success,
    #[label(other)]
    Failed,
    Cancelled,
}

/// What went wrong in a migration or on its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum MigrationError {
    SlowTransfer,
    HighLatency,
    PacketLoss,
    Convergence,
    ResourceLimit,
    Stalled,
    Failed,
    ConsensusTimeout,
    StreamFailed,
    #[label(other)]
    Other,
}

/// Whether something succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum CallResult {
    Success,
    #[label(other)]
    Failure,
}

/// How bad an alert or anomaly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
pub enum Severity {
    Critical,
    High,
    Warning,
    Medium,
    Low,
    #[label(other)]
    Info,
}

/// Whether a call worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
pub enum CallStatus {
    Success,
    #[label(other)]
    Error,
}

/// Name of a pool, from configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 32)]
pub struct Pool(Arc<str>);

/// State of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
pub enum VmState {
    Running,
    Stopped,
    Migrating,
    Starting,
    Stopping,
    Paused,
    Suspended,
    Terminated,
    Error,
    #[label(other)]
    Unknown,
}

/// How an operation ended: `failure` was refused or did not succeed, `error` broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
pub enum OperationStatus {
    Success,
    Failure,
    #[label(other)]
    Error,
}

/// Kind of hypervisor that a provider drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
pub enum ProviderType {
    Vsphere,
    Libvirt,
    Proxmox,
    Qemu,
    Firecracker,
    Mock,
}

/// Name of a provider instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Provider(Arc<str>);

/// Why something failed; a reason that is none of these is `Internal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(rename_all = "PascalCase")]
pub enum ErrorReason {
    ConnectionFailed,
    AuthenticationError,
    Timeout,
    NotFound,
    InvalidSpec,
    QuotaExceeded,
    Conflict,
    Unsupported,
    #[label(other)]
    Internal,
}

/// Name of a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 16)]
pub struct Host(Arc<str>);

/// Name of a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 128)]
pub struct Device(Arc<str>);

/// Name of a network interface: of a thousand guests with two each, and the host's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 2048)]
pub struct Interface(Arc<str>);

/// Which way packets went through an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Flow {
    Receive,
    Transmit,
}

/// What VMs use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Resource {
    Cpu,
    Memory,
    Disk,
    Network,
}

/// Whether data was read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Access {
    Read,
    Write,
}

/// Name of a service, as the host registers it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Service(Arc<str>);

/// Name of a component, as its health check is registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct CheckedComponent(Arc<str>);

/// Name of an outside dependency, such as `minio`, `lvm`, `libvirt` or `storage`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Dependency(Arc<str>);

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum JobEnd {
    Completed,
    #[label(other)]
    Failed,
    Cancelled,
}

/// Index or UUID of a GPU.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct GpuId(Arc<str>);

/// Whether a memory error was corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum EccKind {
    Corrected,
    Uncorrected,
}

/// Release of a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 4)]
pub struct Version(Arc<str>);

/// Short id of the commit a program was built from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 4)]
pub struct GitSha(Arc<str>);

/// Compiler that built a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 4)]
pub struct RustVersion(Arc<str>);
