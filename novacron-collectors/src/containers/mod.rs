//! Containers: what each uses, may use, and is called.
//!
//! Numbers come from the kernel's control groups, never from a runtime: those are there in a
//! hundredth of the time, agree with the limits that the kernel enforces, and stay when a daemon
//! hangs. The runtimes' sockets only name what was found, and tell what the kernel does not know:
//! restarts, images, health, and containers that do not run.
//!
//! | source | family (`novacron_container_…`) | conversion |
//! |---|---|---|
//! | `cpu.stat` `usage_usec`; v1 `cpuacct.usage` | `cpu_seconds_total` | µs, ns → s |
//! | `cpu.max`; v1 `cpu.cfs_quota_us`, `cpu.cfs_period_us` | `cpu_limit_cores` | quota ÷ period, none → `+Inf` |
//! | `cpu.stat` | `cpu_periods_total`, `cpu_throttled_periods_total`, `cpu_throttled_seconds_total` | µs, ns → s |
//! | `memory.current`; v1 `memory.usage_in_bytes` | `memory_usage_bytes` | |
//! | the same and `memory.stat` | `memory_working_set_bytes` | usage − inactive file pages, at least 0 |
//! | `memory.max`; v1 `memory.limit_in_bytes` | `memory_limit_bytes` | none → `+Inf` |
//! | `memory.swap.current`; v1 `memory.stat` `total_swap` | `memory_swap_bytes` | |
//! | `memory.events`; v1 `memory.failcnt` (as `max`), `memory.oom_control` | `memory_events_total`, `oom_kills_total` | |
//! | `pids.current`, `pids.max` | `tasks`, `tasks_limit` | none → `+Inf` |
//! | `io.stat`; v1 `blkio.throttle.io_service…_recursive` | `io_bytes_total`, `io_operations_total` | sum of devices that lie on no other |
//! | `{cpu,memory,io,irq}.pressure` | `pressure_stall_seconds_total` | µs → s |
//! | `/proc/<pid>/net/dev` | `network_{bytes,packets,errors,drops}_total` | sum of interfaces without `lo` |
//! | runtime: list | `novacron_containers`, `up`, `info` | `up` is 1 while it runs; paused is 0 |
//! | runtime: one container | `restart_total`, `healthy`, `start_time_seconds`, `filesystem_usage_bytes` | RFC 3339 → Unix |
//! | `/proc/<pid>/stat`, where no runtime answers | `start_time_seconds` | ticks since the host's start |
//!
//! **Version 1, version 2, hybrid.** Where each controller is mounted is read from
//! `/proc/self/mountinfo` (of process 1, if the root is not `/`) and `/proc/cgroups`, each by itself:
//! a host may keep memory in version 1 and pressure in version 2.
//!
//! **Names.** A container is found by its group's name (`docker-<id>.scope`, `libpod-<id>`,
//! `cri-containerd-<id>.scope`, `crio-<id>.scope`, `lxc.payload.<name>`, `docker/<id>`, …) and named
//! by its runtime. Without a socket the name is the first 12 digits of its id. Two containers of one
//! runtime and name (two daemons) are told apart by their ids: `web` and `web~1cdf60949032`.
//!
//! **Sockets.** `/run/docker.sock` and `/run/podman/podman.sock`, unless
//! [other ones](ContainersSettings::sockets) are named. Being able to read one is as good as being
//! root; leave the list empty to do without. One that is not there is nothing amiss. One that hangs,
//! answers nonsense or without end costs its share of the deadline once, is then left alone for ever
//! longer (up to five minutes), and takes no number away that the kernel has. Lists are fetched
//! every 15 s, and when a group came or went; a container is looked at by itself when it is new or
//! changed, and once a minute.
//!
//! **Writable layers** are measured by the runtime, which goes through all files of a container: one
//! container a tick, each every ten minutes, volumes left out.
//!
//! **Network.** Containers on the host's network have no counters of their own and show none; those
//! that share a network (a pod) show it once.
//!
//! **Privileges.** Control groups are readable by everybody; `/proc/<pid>/net/dev` too, but whether
//! a network is the host's can be told by root alone, or by the runtime. Sockets need root or their
//! group. What may not be read is left out, and the run is *partial*.
//!
//! ```no_run
//! use novacron_collectors::Root;
//! use novacron_collectors::containers::{ContainersCollector, ContainersSettings};
//! use novacron_telemetry::Telemetry;
//!
//! let telemetry = Telemetry::builder("agent", "1.0.0").build()?;
//! let settings = ContainersSettings {
//!     sockets: vec!["/run/user/1000/podman/podman.sock".into()],
//!     ..ContainersSettings::default()
//! };
//! telemetry.collect(ContainersCollector::new(Root::default(), settings))?;
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

mod book;
mod collector;
mod discover;
mod mounts;
mod names;
mod net;
mod process;
mod publish;
mod runtime;
mod settings;
mod sockets;
mod stat;
mod time;
mod usage;

pub use collector::{ContainersCollector, ContainersReading};
pub use settings::ContainersSettings;
