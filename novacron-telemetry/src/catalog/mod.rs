//! The catalog: every family that NovaCron's services show, declared once.
//!
//! One file per domain and writer. A family is a field of its group's struct and the comment above
//! the field is its HELP text; each field also has a constant that describes it, so alerts, tests
//! and documents say `ApiMetrics::REQUESTS_TOTAL` and a rename breaks the build, not a dashboard.
//!
//! ```
//! use novacron_telemetry::catalog::{
//!     ApiMetrics, Catalog, Endpoint, Method, RequestLabels, Status,
//! };
//! use novacron_telemetry::registry::{Groups, Registry};
//!
//! let registry = Registry::new();
//! let catalog = Catalog::register(&registry, Groups::CORE)?;
//! catalog.api.requests_total.inc(&RequestLabels {
//!     method: Method::Get,
//!     endpoint: Endpoint::from("/api/v1/vms"),
//!     status: Status::OK,
//! });
//! assert!(registry.render().contains(ApiMetrics::REQUESTS_TOTAL.name));
//!
//! // A group that is off is silent, and its handles stay callable.
//! catalog.gpu.info.clear();
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```
//!
//! Groups, shared label values and the labels of API requests stand here; the labels of every other
//! domain stand in its module.

#![allow(
    missing_docs,
    reason = "fields of label sets and variants of label values are named after what they print; \
              the comment on the struct or enum says what it means"
)]

pub mod alerts;
pub mod aliases;
pub mod api;
pub mod business;
pub mod container;
pub mod database;
pub mod dwcp;
pub mod exporter;
pub mod gpu;
pub mod grpc;
pub mod guest;
pub mod hardware;
pub mod health;
pub mod labels;
pub mod libvirt;
pub mod migration;
pub mod ml;
pub mod network;
pub mod process;
pub mod provider;
pub mod provisioner;
pub mod reconcile;
pub mod scheduler;
mod status;
pub mod storage;
pub mod support;
pub mod system;
pub mod vm;

pub use self::alerts::AlertMetrics;
pub use self::api::{
    ApiError, ApiMetrics, EndpointLabels, EndpointLabelsRef, MethodLabels, RequestErrorLabels,
    RequestErrorLabelsRef, RequestLabels, RequestLabelsRef, RouteLabels, RouteLabelsRef,
};
pub use self::business::BusinessMetrics;
pub use self::container::ContainerMetrics;
pub use self::database::DatabaseMetrics;
pub use self::dwcp::DwcpMetrics;
pub use self::exporter::ExporterMetrics;
pub use self::gpu::GpuMetrics;
pub use self::grpc::GrpcMetrics;
pub use self::guest::GuestMetrics;
pub use self::hardware::HardwareMetrics;
pub use self::health::HealthMetrics;
pub use self::labels::*;
pub use self::libvirt::LibvirtMetrics;
pub use self::migration::MigrationMetrics;
pub use self::ml::MlMetrics;
pub use self::network::NetworkMetrics;
pub use self::process::ProcessMetrics;
pub use self::provider::ProviderMetrics;
pub use self::provisioner::ProvisionerMetrics;
pub use self::reconcile::ReconcileMetrics;
pub use self::scheduler::SchedulerMetrics;
pub use self::storage::StorageMetrics;
pub use self::support::SupportMetrics;
pub use self::system::SystemMetrics;
pub use self::vm::VmMetrics;

use crate::error::Result;
use crate::metric::{Descriptor, check};
use crate::registry::{Groups, MetricGroup, Registry, WeakRegistry};

/// One group of the catalog, before anything runs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Group {
    /// The name it goes by in configuration and documents.
    pub name: &'static str,
    /// What switches it on.
    pub switch: Groups,
    /// Its families, in the order of the fields.
    pub families: &'static [Descriptor],
}

/// One line per group: the field, its struct, its switch.
macro_rules! catalog {
    ($($(#[$doc:meta])* $field:ident: $metrics:ident = $switch:ident,)*) => {
        /// Handles of every group. A group that is off is silent, and just as callable.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct Catalog {
            $($(#[$doc])* pub $field: $metrics,)*
            /// Where the handles are registered; nowhere, for the silent catalog.
            registry: Option<WeakRegistry>,
        }

        impl Catalog {
            /// Every group, in the order of the documents.
            pub const GROUPS: &'static [Group] = &[$(Group {
                name: stringify!($field),
                switch: Groups::$switch,
                families: $metrics::DESCRIPTORS,
            }),*];

            /// Registers the groups that are on; the others become silent.
            ///
            /// # Errors
            ///
            /// If the registry holds a family of the same name that is not the same.
            pub fn register(registry: &Registry, groups: Groups) -> Result<Self> {
                Ok(Self {
                    $($field: if groups.contains(Groups::$switch) {
                        registry.register::<$metrics>()?
                    } else {
                        $metrics::noop()
                    },)*
                    registry: Some(registry.downgrade()),
                })
            }

            /// The silent catalog: every handle is callable, nothing is shown.
            #[must_use]
            pub fn noop() -> Self {
                Self { $($field: $metrics::noop(),)* registry: None }
            }
        }

        const _: () = if let Some(name) = check::duplicate(&[$($metrics::DESCRIPTORS),*]) {
            panic!("{}", name)
        };
    };
}

catalog! {
    /// Requests to the API.
    api: ApiMetrics = API,
    /// Calls served over gRPC.
    grpc: GrpcMetrics = GRPC,
    /// Migrations over DWCP.
    migration: MigrationMetrics = MIGRATION,
    /// DWCP's streams, links, modes and components.
    dwcp: DwcpMetrics = DWCP,
    /// Work done in databases.
    database: DatabaseMetrics = DATABASE,
    /// What is done to VMs.
    vm: VmMetrics = VM,
    /// What VMs do.
    guest: GuestMetrics = GUEST,
    /// The host machine.
    system: SystemMetrics = SYSTEM,
    /// Users, tenants, quotas and objectives.
    business: BusinessMetrics = BUSINESS,
    /// Availability and checks.
    health: HealthMetrics = HEALTH,
    /// Containers on the host.
    container: ContainerMetrics = CONTAINER,
    /// Virtual switches and their ports.
    network: NetworkMetrics = NETWORK,
    /// Storage pools and volumes.
    storage: StorageMetrics = STORAGE,
    /// Support bundles and the documentation portal.
    support: SupportMetrics = SUPPORT,
    /// Provisioning of volumes.
    provisioner: ProvisionerMetrics = PROVISIONER,
    /// Placement, background jobs and backups.
    scheduler: SchedulerMetrics = SCHEDULER,
    /// Reconcile loops and their queues.
    reconcile: ReconcileMetrics = RECONCILE,
    /// Calls to providers and to other services.
    provider: ProviderMetrics = PROVIDER,
    /// Libvirt and its domains.
    libvirt: LibvirtMetrics = LIBVIRT,
    /// Models, training, inference.
    ml: MlMetrics = ML,
    /// GPUs of the host.
    gpu: GpuMetrics = GPU,
    /// Sensors, disks and memory of the host.
    hardware: HardwareMetrics = HARDWARE,
    /// Alert notifications.
    alerts: AlertMetrics = ALERTS,
    /// The library about itself.
    exporter: ExporterMetrics = EXPORTER,
    /// Build, process and runtime.
    process: ProcessMetrics = PROCESS,
}

impl Catalog {
    /// The registry that the handles are of, while somebody holds it.
    #[must_use]
    pub fn registry(&self) -> Option<Registry> {
        self.registry.as_ref().and_then(WeakRegistry::upgrade)
    }

    /// Every family of every group.
    pub fn descriptors() -> impl Iterator<Item = &'static Descriptor> {
        Self::GROUPS.iter().flat_map(|group| group.families)
    }

    /// The family of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Descriptor> {
        Self::descriptors().find(|family| family.name == name)
    }
}
