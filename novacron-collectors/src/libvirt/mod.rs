//! Domains of libvirt and what is done to them: the collectors `libvirt` and `libvirt_jobs`.
//!
//! The daemon is asked over its read-only socket, in its own protocol; no C library is linked, and
//! none could be: libvirt's own waits for a stopped daemon for ever. Here every call has a deadline.
//!
//! ```no_run
//! use novacron_collectors::Root;
//! use novacron_collectors::libvirt::{JobsCollector, LibvirtCollector, LibvirtSettings};
//! use novacron_telemetry::Telemetry;
//!
//! let telemetry = Telemetry::builder("agent", "1.0.0").build()?;
//! let settings = LibvirtSettings::default();
//! telemetry.collect(LibvirtCollector::new(Root::new("/"), settings.clone()))?;
//! telemetry.collect(JobsCollector::new(Root::new("/"), settings))?;
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```
//!
//! # What is read
//!
//! | source | family | conversion |
//! |---|---|---|
//! | `state.state`, `state.reason` | `novacron_vm_status`, `novacron_libvirt_domains_total` | libvirt's state and its reason in NovaCron's words; `running` is always there, as 0 or 1 |
//! | `cpu.time`, `cpu.user`, `cpu.system` | `novacron_vm_cpu_seconds_total`, `…_user_…`, `…_system_…` | ns |
//! | the same, between two runs | `novacron_vm_cpu_usage_ratio` | divided by time and `vcpu.current`; at most 1 |
//! | `vcpu.*.time`, `.wait`, `.delay` | `novacron_vm_vcpu_seconds_total`, `novacron_vm_cpu_wait_seconds_total`, `novacron_vm_cpu_steal_seconds_total` | ns, all virtual CPUs together |
//! | `balloon.maximum`, `.current`, `.rss` | `novacron_vm_memory_bytes`, `…_balloon_bytes`, `…_resident_bytes` | KiB |
//! | `balloon.*` as the guest reports it | `novacron_vm_memory_{available,unused,usable,disk_caches,used,…}_…` | KiB; absent while `balloon.last-update` is 0. Used is available less usable |
//! | `block.*.rd`, `.wr`, `.fl` | `novacron_vm_disk_*_total` | times in ns; `device` is the target, not the source |
//! | `block.*.capacity`, `.physical` | `novacron_vm_disk_capacity_bytes`, `…_physical_bytes`, `novacron_vm_disk_used_bytes` | `block.*.allocation` is not shown: of a guest that runs it is only how far it has written |
//! | `net.*` | `novacron_vm_network_*_total` | as the guest sees it |
//! | the definition's agent channel | `novacron_vm_guest_agent_up` | whether something in the guest has it open; looked at every 30 s |
//! | autostart | `novacron_vm_desired_state` | `running` if on; if off, who started it is not known here, and there is no series |
//! | the QEMU process with the domain's UUID | `novacron_vm_boot_time_seconds` | when it began; absent for a guest that was restored or migrated, and after that process's restart only, not the guest's own |
//! | sums over domains that are not shut off | `novacron_vm_allocated_*` | absent while a part of the sum is not known |
//! | job statistics | `novacron_libvirt_job_*` | ms, pages × page size; nothing that was not measured yet |
//! | the daemon's event of a job that completed, else its record, else where the domain is | `novacron_libvirt_jobs_ended_total`, `…_job_duration_seconds`, `…_job_downtime_seconds` | of a job whose end nobody told the status is `unknown` |
//!
//! # Privileges
//!
//! Those of the read-only socket, which everybody has on most hosts. The socket that may write is
//! never used unless it is named. Whether the agent *answers* cannot be asked there, only whether it
//! is connected; nor can a measurement of dirty memory be started.
//!
//! # When something does not answer
//!
//! | what | then |
//! |---|---|
//! | no socket | absent: no failure |
//! | the daemon | after [`call_timeout`](LibvirtSettings::call_timeout) `novacron_libvirt_up` is 0 and the run has failed; what it said last stays for 30 s |
//! | one guest | the call for its group of at most 16 is given up once; from then on its monitor is seen occupied without waiting for it, and it is left out until it is free. Its state, its network and what needs no monitor stay fresh, the rest is gone after 30 s |
//! | a group in which nobody can be blamed | halved from run to run until one is left, which is left alone for longer and longer |
//!
//! Nothing is asked again at once: the daemon still works on a call that was given up, and has few
//! workers.

pub mod client;
mod collector;
pub mod domain;
pub mod frame;
mod guest;
pub mod job;
mod jobs;
mod link;
mod plan;
mod process;
pub mod protocol;
mod publish;
mod publish_jobs;
mod remote_error;
mod settings;
mod words;
pub mod xdr;
pub mod xml;

pub use collector::{LibvirtCollector, LibvirtReading};
pub use guest::Guest;
pub use jobs::{EndedJob, JobsCollector, JobsReading, RunningJob};
pub use settings::LibvirtSettings;
