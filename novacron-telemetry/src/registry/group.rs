//! Groups of metrics: what a struct of handles is to a registry.

use std::fmt;
use std::ops::BitOr;

use crate::error::Result;
use crate::metric::{Descriptor, Instrument};

use super::{Registry, Scope};

/// A struct of handles. Derive it: each field is one family, its doc comment is the HELP text.
///
/// ```
/// use novacron_telemetry::label::{LabelSet, LabelValue};
/// use novacron_telemetry::metric::{Counter, Family};
/// use novacron_telemetry::registry::{MetricGroup, Registry};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
/// enum Plan {
///     Free,
///     Pro,
/// }
///
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
/// struct PlanLabels {
///     plan: Plan,
/// }
///
/// #[derive(Clone, Debug, MetricGroup)]
/// #[metrics(prefix = "acme_billing")]
/// struct BillingMetrics {
///     /// Invoices sent, by plan.
///     invoices_total: Family<PlanLabels, Counter>,
/// }
///
/// let registry = Registry::new();
/// let billing = registry.register::<BillingMetrics>()?;
/// billing.invoices_total.inc(&PlanLabels { plan: Plan::Pro });
/// assert!(registry.render().contains("acme_billing_invoices_total{plan=\"pro\"} 1\n"));
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a group of metrics",
    note = "derive `MetricGroup` on a struct whose fields are instruments"
)]
pub trait MetricGroup: Clone + Send + Sync + Sized + 'static {
    /// Every family of the group, in the order of the fields.
    const DESCRIPTORS: &'static [Descriptor];

    /// Registers every family.
    ///
    /// # Errors
    ///
    /// If a family of the same name exists with another type, other labels or other buckets.
    fn register(scope: &mut Scope<'_>) -> Result<Self>;

    /// The silent twin: every handle is callable, nothing is shown.
    fn noop() -> Self;
}

/// Handles that come from a registry: those of one group, or of several as a tuple.
pub trait Handles: Clone + Send + Sync + 'static {
    /// The families that they are of.
    fn descriptors() -> Vec<&'static Descriptor>;

    /// Registers every family of every group.
    ///
    /// # Errors
    ///
    /// As [`Registry::register`].
    fn of(registry: &Registry) -> Result<Self>;
}

impl<G: MetricGroup> Handles for G {
    fn descriptors() -> Vec<&'static Descriptor> {
        G::DESCRIPTORS.iter().collect()
    }

    fn of(registry: &Registry) -> Result<Self> {
        registry.register()
    }
}

macro_rules! tuples {
    ($($($group:ident)+;)*) => {
        $(impl<$($group: MetricGroup),+> Handles for ($($group),+) {
            fn descriptors() -> Vec<&'static Descriptor> {
                [$($group::DESCRIPTORS),+].into_iter().flatten().collect()
            }

            fn of(registry: &Registry) -> Result<Self> {
                Ok(($(registry.register::<$group>()?),+))
            }
        })*
    };
}

tuples! {
    A B;
    A B C;
    A B C D;
}

/// Which groups of the catalog are on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Groups(u32);

macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $key:literal;)*) => {
        impl Groups {
            $($(#[$doc])* pub const $name: Groups = Groups(1 << $bit);)*

            /// Every single group with the name it goes by in configuration and documents.
            pub const NAMED: &'static [(&'static str, Groups)] = &[$(($key, Groups::$name)),*];
        }
    };
}

groups! {
    /// API requests.
    API = 0, "api";
    /// gRPC calls served.
    GRPC = 1, "grpc";
    /// Migrations over DWCP.
    MIGRATION = 24, "migration";
    /// DWCP's streams, links, modes and components.
    DWCP = 2, "dwcp";
    /// Database work.
    DATABASE = 3, "database";
    /// What is done to VMs.
    VM = 4, "vm";
    /// What VMs do: one set of series per VM.
    GUEST = 5, "guest";
    /// The host machine.
    SYSTEM = 6, "system";
    /// Users, tenants, objectives.
    BUSINESS = 7, "business";
    /// Availability and checks.
    HEALTH = 8, "health";
    /// Containers.
    CONTAINER = 9, "container";
    /// Bridges, interfaces, overlays.
    NETWORK = 10, "network";
    /// Pools and volumes.
    STORAGE = 11, "storage";
    /// Support bundles and the documentation portal.
    SUPPORT = 12, "support";
    /// Provisioning jobs.
    PROVISIONER = 13, "provisioner";
    /// Placement, background jobs, backups.
    SCHEDULER = 14, "scheduler";
    /// Reconcile loops and their queues.
    RECONCILE = 15, "reconcile";
    /// Calls to providers and other services.
    PROVIDER = 16, "provider";
    /// libvirt connections and domains.
    LIBVIRT = 17, "libvirt";
    /// Models, training, inference.
    ML = 18, "ml";
    /// GPUs.
    GPU = 19, "gpu";
    /// Sensors and disks' health.
    HARDWARE = 20, "hardware";
    /// Alerts received by webhook.
    ALERTS = 21, "alerts";
    /// This library about itself.
    EXPORTER = 22, "exporter";
    /// Build, process and runtime.
    PROCESS = 23, "process";
}

impl Groups {
    /// No group.
    pub const NONE: Groups = Groups(0);
    /// Every group.
    pub const ALL: Groups = Groups((1 << 25) - 1);
    /// What every NovaCron service has, and what is on by default.
    pub const CORE: Groups = Groups(
        Self::API.0
            | Self::MIGRATION.0
            | Self::DWCP.0
            | Self::DATABASE.0
            | Self::VM.0
            | Self::SYSTEM.0
            | Self::BUSINESS.0
            | Self::HEALTH.0
            | Self::EXPORTER.0
            | Self::PROCESS.0,
    );
    /// Background work: provisioning, scheduling, reconciling.
    pub const JOBS: Groups = Groups(Self::PROVISIONER.0 | Self::SCHEDULER.0 | Self::RECONCILE.0);

    /// Whether every group of `other` is on.
    #[must_use]
    pub const fn contains(self, other: Groups) -> bool {
        self.0 & other.0 == other.0
    }

    /// These groups without those.
    #[must_use]
    pub const fn without(self, other: Groups) -> Groups {
        Groups(self.0 & !other.0)
    }

    /// The group of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Groups> {
        Self::NAMED
            .iter()
            .find_map(|(key, group)| (*key == name).then_some(*group))
    }

    /// The names of the groups that are on.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED
            .iter()
            .filter(move |(_, group)| self.contains(*group))
            .map(|(name, _)| *name)
    }
}

impl BitOr for Groups {
    type Output = Groups;

    fn bitor(self, other: Groups) -> Groups {
        Groups(self.0 | other.0)
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Groups(")?;
        for (at, name) in self.names().enumerate() {
            write!(f, "{}{name}", if at == 0 { "" } else { " | " })?;
        }
        f.write_str(")")
    }
}

/// Registers one family; what the derive calls for each field.
#[doc(hidden)]
pub fn register<M: Instrument>(
    scope: &mut Scope<'_>,
    descriptor: &'static Descriptor,
) -> Result<M> {
    scope.instrument(descriptor)
}

/// Finds the families of a type at compile time: those of a group, or none.
///
/// The derive asserts its rules with this. A group whose field is no instrument is told so once;
/// naming the trait again would repeat it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<G>(std::marker::PhantomData<G>);

impl<G: MetricGroup> Probe<G> {
    pub const DESCRIPTORS: &'static [Descriptor] = G::DESCRIPTORS;
}

/// What [`Probe`] says where its own constant does not exist, because the type is no group.
#[doc(hidden)]
pub trait Unknown {
    const DESCRIPTORS: &'static [Descriptor] = &[];
}

impl<G> Unknown for Probe<G> {}
