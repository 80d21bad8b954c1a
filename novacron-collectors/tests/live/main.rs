//! `nova-metrics` beside the real thing: libvirtd with QEMU guests, podman, node_exporter and
//! Prometheus, each the judge of what we show about it.
//!
//! `scripts/test live` runs these: `scripts/lab/with` brings the servers up and names in the
//! environment what could be had. Run by themselves they say that they are left out, and pass.
//!
//! How a value that moves is judged: the judge is read, then we are, then the judge again. We read
//! in the background, so between the first two a whole round of our collector is waited for. A
//! counter must lie between the two, a gauge must be the same where the two are; whatever was
//! compared is counted, so that a comparison of nothing fails.
//!
//! Kernels that these have met: cgroup v1 with an empty v2 mount beside it ("hybrid": v2's only
//! controller is hugetlb there, its `cpu.stat` and pressure files are real all the same), where
//! libvirt places QEMU at `<controller>/machine/qemu-<id>-<name>.libvirt-qemu` and podman's
//! `cgroupfs` manager a container at `<controller>/libpod_parent/libpod-<id>`. There
//! `blkio.throttle.io_service_bytes_recursive` stays 0 whatever is written, `blkio` not being what
//! throttles. And no vmx or svm, so that guests run under TCG, where `vcpu.N.wait` stays 0.

#![allow(
    clippy::print_stdout,
    reason = "what was measured, and what was left out, belongs on the terminal of whoever runs this"
)]

mod at_rest;
mod containers;
mod exporter;
mod judge;
mod lab;
mod libvirt;
mod ml_names;
mod node_exporter;
mod nova_rc5;
mod prometheus;
mod scrape;
